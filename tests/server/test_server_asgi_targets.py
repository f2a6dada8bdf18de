"""Request targets in the forms of RFC 9112, section 3.2, whichever parser uvicorn uses."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio
import pytest

from aggregator.core.edition import Rendition
from aggregator.core.model import OutputId
from aggregator.core.site_status import SiteInfo, StatusReport
from aggregator.server.asgi import create_app
from aggregator.server.catalogue import Catalogue

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SITE = SiteInfo(title="x", url="http://feeds.example", language="en", timezone=UTC)


def status_of(path: str) -> int:
    """The answer's status to a GET whose path the parser hands on as it stands."""
    catalogue = Catalogue()
    catalogue.put(
        Rendition(
            output=OutputId("all"),
            format="atom",
            path="c/all.atom",
            media_type="application/atom+xml; charset=utf-8",
            body=b"<feed/>",
            etag='"1"',
            modified=NOW,
        ),
        {},
    )
    app = create_app(catalogue, site=lambda: SITE, status=lambda: StatusReport(now=NOW, ok=True))
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "root_path": "",
        "http_version": "1.1",
        "scheme": "http",
    }
    statuses: list[int] = []

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(str(message["status"])))

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        await app(scope, receive, send)  # type: ignore[arg-type]

    anyio.run(ask)
    return statuses[0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/c/all.atom", 200, id="origin form"),
        pytest.param("http://feeds.example/c/all.atom", 200, id="absolute form"),
        pytest.param("http://elsewhere.example/c/all.atom", 200, id="absolute form of another name"),
        pytest.param("https://feeds.example", 200, id="absolute form without a path: the index"),
        pytest.param("http://feeds.example/c/../c/all.atom", 404, id="dot segments"),
        pytest.param("ftp://feeds.example/c/all.atom", 404, id="another scheme"),
    ],
)
def test_a_target_is_found_in_every_form(path: str, status: int) -> None:
    """RFC 9112, 3.2.2: a server must accept the absolute form"""
    assert status == status_of(path)
