"""The whole route on this machine: a folder with feeds.toml and store, a web server that says what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from aggregator.app import DATABASE, open_app
from aggregator.core.model import SourceId
from aggregator.core.records import SourceRecord
from aggregator.engine.daemon import App
from aggregator.engine.publish.publication import LiveCatalogue
from aggregator.engine.publish.publisher import PublishedOutput
from aggregator.engine.visit import VisitReport
from aggregator.server.pages import render_index
from aggregator.storage import Storage
from aggregator.storage.opening import open_storage

NOON = datetime(2026, 5, 16, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Asked(BaseHTTPRequestHandler):
    """One request. Scripts answer it by `say`."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        origin = self.server.origin
        origin.requests.append(Request(self.path, {k.lower(): v for k, v in self.headers.items()}))
        answer = origin.answers.get(self.path.partition("?")[0]) or origin.otherwise
        with contextlib.suppress(ConnectionError):
            answer(self)

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A well-formed answer; underscores in header names stand for hyphens."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def setup(self) -> None:
        super().setup()
        self.server.origin.open.append(self.connection)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    origin: Origin

    def handle_error(self, *_: Any) -> None:
        """Clients that go away are what many tests are about."""


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]

    @property
    def is_conditional(self) -> bool:
        return "if-none-match" in self.headers or "if-modified-since" in self.headers


Answer = Callable[[Asked], None]


class Origin:
    """The web server. `answers` maps paths to scripts; `requests` are those received so far."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[Request] = []
        self.open: list[socket.socket] = []
        self.otherwise: Answer = lambda asked: asked.say(404)
        self._server = _Server(("127.0.0.1", 0), Asked)
        self._server.origin = self
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def feed(self, path: str, body: bytes | str, **headers: str) -> None:
        """Answer with this document and a good ETag, and with 304 to those who have it."""
        content = body.encode() if isinstance(body, str) else body
        self.answers[path] = conditional(content, **headers)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path.partition("?")[0] == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()


def conditional(content: bytes, **headers: str) -> Answer:
    """An answer as good servers give it."""
    import hashlib

    etag = f'"{hashlib.sha256(content).hexdigest()[:12]}"'

    def answer(asked: Asked) -> None:
        if asked.headers.get("If-None-Match") == etag:
            asked.say(304, ETag=etag)
        else:
            asked.say(200, content, **{"ETag": etag, "Content_Type": "application/rss+xml"} | headers)

    return answer


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def item(number: int, *, day: int = 1, **changes: str | None) -> str:
    """One RSS item; None leaves an element out."""
    moment = datetime(2026, 5, day, 8, number % 60, tzinfo=UTC)
    fields: dict[str, str | None] = {
        "title": f"第 {number} 条",
        "link": f"https://news.example/{number}",
        "guid": f"https://news.example/{number}",
        "pubDate": format_datetime(moment, usegmt=True),
        "description": f"<p>正文 {number} 的内容。</p>",
    }
    given = fields | changes
    return "<item>" + "".join(f"<{n}>{escape(v)}</{n}>" for n, v in given.items() if v is not None) + "</item>"


def rss(*items: str, title: str = "新闻", link: str = "https://news.example/") -> str:
    head = f"<title>{escape(title)}</title><link>{link}</link><description>x</description>"
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'


def items(*numbers: int, **changes: str | None) -> str:
    return rss(*(item(number, **changes) for number in numbers))


def post(title: str, *categories: str, text: str = "正文。", date: str | None = "2026-05-16T08:00:00Z") -> str:
    """A post with front matter."""
    lines = ["---", f"title: '{title}'", "categories:", *(f"  - {name}" for name in categories)]
    lines += [f'date: "{date}"'] if date else []
    return "\n".join([*lines, "---", "", f"<p>{text}</p>", ""])


@dataclass
class Pass:
    """What one run of `poll` did."""

    reports: dict[str, VisitReport] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    published: list[PublishedOutput] = field(default_factory=list)

    @property
    def outcomes(self) -> dict[str, str]:
        """Outcome by source; of failures the reason."""
        return {
            name: str(report.error.reason) if report.error else type(report.outcome).__name__.lower()
            for name, report in self.reports.items()
        }

    @property
    def new(self) -> dict[str, int]:
        return {name: getattr(report.outcome, "new", 0) for name, report in self.reports.items()}


class Bench:
    """A folder with a feeds.toml and a store, visited as `aggregator poll` would, each time by a new run."""

    def __init__(self, folder: Path, origin: Origin, clock: Clock | None = None) -> None:
        self.folder = folder
        self.origin = origin
        self.clock = clock or Clock()
        self.toml = folder / "feeds.toml"
        self.home = folder / "store"
        self.public = self.home / "public"
        self.storage: Callable[[Path], Storage] = open_storage

    def config(self, *tables: str, allow: Iterable[str] = ()) -> None:
        """Write feeds.toml: these tables below a site and leave to visit the bench's own server."""
        own = [f"127.0.0.1:{self.origin.port}", *allow]
        head = f'[site]\nurl = "https://feeds.example"\n[network]\nallow = {json.dumps(own)}\n'
        self.toml.write_text("\n".join([head, *tables]), "utf-8")

    def source(self, name: str, path: str | None = None, **keys: Any) -> str:
        """A [[source]] at this server, or at `url`."""
        given = {"id": name, "url": self.origin.url(path or f"/{name}"), "interval": "30m"} | keys
        # what is JSON here is TOML as well
        return "\n".join(["[[source]]", *(f"{key} = {json.dumps(value)}" for key, value in given.items()), ""])

    @contextlib.asynccontextmanager
    async def app(self, catalogue: LiveCatalogue | None = None) -> AsyncIterator[App]:
        async with open_app(
            self.toml,
            self.home,
            catalogue=catalogue,
            index=render_index,
            clock=self.clock,
            jitter=lambda: 0.5,
            workers=0,
            storage=self.storage,
        ) as app:
            yield app

    def poll(self, *, force: bool = False, only: Iterable[str] = (), accept: bool = False) -> Pass:
        """One run, from opening to closing."""

        async def run() -> Pass:
            async with self.app() as app:
                await app.restore()
                reports, waiting = await app.poll(force=force, only=[SourceId(name) for name in only], accept=accept)
                published = await app.publish()
                return Pass({r.source: r for r in reports}, [str(name) for name in waiting], published)

        return asyncio.run(run())

    def remove(self, title: str) -> None:
        """What `aggregator remove` does to the entries with this title."""

        async def run() -> None:
            async with self.app() as app:
                await app.remove(await app.find(title))
                await app.publish()

        asyncio.run(run())

    def poll_later(self, **time: float) -> Pass:
        """One run after this time has passed."""
        self.clock.pass_(**time)
        return self.poll()

    @contextlib.contextmanager
    def store(self) -> Iterator[Storage]:
        opened = open_storage(self.home / DATABASE)
        try:
            yield opened
        finally:
            opened.close()

    def source_record(self, name: str) -> SourceRecord:
        with self.store() as store:
            return next(record for record in store.sources() if record.state.source == name)

    def files(self) -> dict[str, bytes]:
        """All published files but compressed copies."""
        return {
            str(path.relative_to(self.public)): path.read_bytes()
            for path in sorted(self.public.rglob("*"))
            if path.is_file() and path.suffix not in (".gz", ".br", ".zst")
        }

    def times(self) -> dict[str, int]:
        return {str(p.relative_to(self.public)): p.stat().st_mtime_ns for p in self.public.rglob("*") if p.is_file()}

    def outputs(self) -> list[str]:
        """Names of the outputs that have an Atom file."""
        return sorted(str(p.relative_to(self.public / "c"))[:-5] for p in (self.public / "c").rglob("*.atom"))

    def read(self, output: str = "all") -> list[Mapping[str, Any]]:
        """The items of an output's JSON feed."""
        found: list[Mapping[str, Any]] = json.loads((self.public / "c" / f"{output}.json").read_bytes())["items"]
        return found

    def titles(self, output: str = "all") -> list[str]:
        return [one["title"] for one in self.read(output)]

    def ids(self, output: str = "all") -> list[str]:
        return [one["id"] for one in self.read(output)]
