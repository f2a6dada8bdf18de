"""A small site in memory, what the tests of this folder ask of it, and how they ask."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx

from aggregator.core.edition import Rendition
from aggregator.core.model import OutputId, SourceId
from aggregator.core.site_status import OutputInfo, PublishedFormat, SiteInfo, SourceInfo, StatusReport
from aggregator.core.source_state import Health
from aggregator.outlets.encodings import encode
from aggregator.server.asgi import create_app
from aggregator.server.catalogue import Catalogue

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MODIFIED = datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC)
TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json",
    "html": "text/html; charset=utf-8",
    "opml": "text/x-opml; charset=utf-8",
}


def rendition(path: str, *, body: bytes | None = None, format: str | None = None) -> Rendition:
    """A rendition whose body names its path."""
    kind = format or path.rpartition(".")[2]
    text = body if body is not None else f"<{kind}>{path} 中文</{kind}>\n".encode() * 40
    return Rendition(
        output=OutputId("all"),
        format=kind,
        path=path,
        media_type=TYPES[kind],
        body=text,
        etag=f'"{hashlib.sha256(text).hexdigest()[:16]}"',
        modified=MODIFIED,
    )


def put(catalogue: Catalogue, *paths: str) -> None:
    for path in paths:
        made = rendition(path)
        catalogue.put(made, encode(made.body))


def output(
    name: str, *, title: str = "", formats: tuple[str, ...] = ("html", "rss", "atom", "json"), **more: object
) -> OutputInfo:
    infos = tuple(PublishedFormat(format=kind, path=f"c/{name}.{kind}", size=1234) for kind in formats)
    return replace(
        OutputInfo(
            output=OutputId(name), title=title or name, formats=infos, entries=3, newest=NOW - timedelta(hours=2)
        ),
        **more,  # type: ignore[arg-type]
    )


def source(name: str, **more: object) -> SourceInfo:
    return replace(
        SourceInfo(id=SourceId(name), title="", address=f"https://{name}.example/feed", health=Health.HEALTHY),
        **more,  # type: ignore[arg-type]
    )


class Site:
    """What the engine would tell: tests change it between two requests."""

    def __init__(self) -> None:
        self.info = SiteInfo(
            title="我的订阅", url="https://feeds.example.org", language="zh-Hans", timezone=ZoneInfo("Asia/Shanghai")
        )
        self.report = StatusReport(now=NOW, ok=True)
        self.catalogue = Catalogue()
        self.app = create_app(self.catalogue, site=lambda: self.info, status=lambda: self.report)


def ask(site: Site, path: str, *, method: str = "GET", raw: bytes | None = None, **headers: str) -> httpx.Response:
    """One request. Header names are written with underscores; httpx's own defaults are left out."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(site.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            client.headers.clear()
            url = httpx.URL("http://test").copy_with(raw_path=raw) if raw is not None else path
            request = client.build_request(method, url, headers=fields)
            for name in ("accept-encoding", "accept", "user-agent"):
                if name not in fields and name in request.headers:
                    del request.headers[name]
            return await client.send(request)

    return asyncio.run(run())
