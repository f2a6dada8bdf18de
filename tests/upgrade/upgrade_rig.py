"""Stores of an earlier version, opened by the present one. All that this folder needs of the program is named here."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tarfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from aggregator.app import DATABASE, open_app
from aggregator.engine.daemon import App
from aggregator.server.pages import render_index

HERE = Path(__file__).parent
DOCUMENTS = HERE / "documents"
STORES = HERE / "stores"
MADE = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)
"""When the last visit and publication of the stores was."""
MOVED = {"http://old.example/feed.xml": "https://new.example/feed.xml"}
"""Permanent redirects."""
REFUSED = {"gone.example": 410, "limited.example": 429}
"""Hosts that answer nothing but this status."""
PACKED = (".gz", ".br", ".zst")


class Web:
    """The servers of all sources. `https://host/path` is the file `documents/host/path`, unless `says` has another."""

    def __init__(self) -> None:
        self.says: dict[str, bytes] = {}
        self.requests: list[httpx.Request] = []
        self.pad = b""
        """Comes after every document: other bytes that say the same."""
        self.transport = httpx.MockTransport(self._answer)

    def read(self, url: str) -> bytes | None:
        """The document at an address; None if there is none."""
        place = DOCUMENTS / url.partition("://")[2]
        return self.says.get(url) or (place.read_bytes() if place.is_file() else None)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        url = str(request.url)
        if url in MOVED:
            return httpx.Response(301, headers={"Location": MOVED[url]})
        if request.url.host in REFUSED:
            return httpx.Response(REFUSED[request.url.host], headers={"Retry-After": "31536000"})
        body = self.read(url)
        if body is None:
            return httpx.Response(404)
        etag = f'"{hashlib.sha256(body + self.pad).hexdigest()[:12]}"'
        if request.headers.get("If-None-Match") == etag:
            return httpx.Response(304, headers={"ETag": etag})
        return httpx.Response(200, headers={"ETag": etag}, content=body + self.pad)


@dataclass
class Pass:
    """What a poll and the publication after it did."""

    outcomes: dict[str, str]
    """Source -> `updated`, `unchanged`, or why it failed."""
    new: dict[str, int]
    """Only where there is one."""
    revised: dict[str, int]
    waiting: list[str]
    changed: int
    """Files that were written."""


@dataclass
class Upgrade:
    """A folder with feeds.toml and a store."""

    folder: Path
    now: datetime = MADE
    web: Web = field(default_factory=Web)

    @asynccontextmanager
    async def app(self) -> AsyncIterator[App]:
        """The program over the store, restored as at any start."""
        async with self.opened() as app:
            await app.restore()
            yield app

    def opened(self) -> AbstractAsyncContextManager[App]:
        """The program over the store, nothing done yet."""
        return open_app(
            self.folder / "feeds.toml",
            self.folder / "store",
            index=render_index,
            clock=lambda: self.now,
            jitter=lambda: 0.5,
            workers=0,
            transport=self.web.transport,
        )

    async def poll(self) -> Pass:
        """One run that visits everything."""
        async with self.app() as app:
            reports, waiting = await app.poll(force=True)
            changed = 0
            while published := await app.publish():
                assert [made.error for made in published if made.error] == []
                changed += sum(made.changed for made in published)
                if not any(made.more for made in published):
                    break
        return Pass(
            outcomes={r.source: str(r.error.reason) if r.error else type(r.outcome).__name__.lower() for r in reports},
            new={r.source: n for r in reports if (n := getattr(r.outcome, "new", 0))},
            revised={r.source: n for r in reports if (n := getattr(r.outcome, "revised", 0))},
            waiting=[str(name) for name in waiting],
            changed=changed,
        )

    async def publish(self) -> int:
        """One run that visits nothing; returns how many files were written."""
        async with self.app() as app:
            return sum(made.changed for made in await app.publish())

    # -- what is there ---------------------------------------------------------------------------------------------
    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask or change the store behind the program's back."""
        with closing(sqlite3.connect(self.folder / "store" / DATABASE)) as connection, connection:
            return connection.execute(statement).fetchall()

    def rows(self, *tables: str) -> dict[str, list[dict[str, Any]]]:
        """Every row of these tables, as it is stored."""
        with closing(sqlite3.connect(self.folder / "store" / DATABASE)) as connection:
            connection.row_factory = sqlite3.Row
            return {t: sorted(map(dict, connection.execute(f"SELECT * FROM {t}")), key=repr) for t in tables}

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Bytes and modification time of all that was published and posted."""
        roots = [self.folder / "store" / "public", self.folder / "store" / "posts", self.folder / "blog"]
        paths = [path for root in roots for path in root.rglob("*") if path.is_file()]
        return {str(p.relative_to(self.folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(paths)}


def unpack(name: str, folder: Path) -> Upgrade:
    """A store of 2106d7b with its feeds.toml and files, ready to be opened."""
    shutil.copytree(STORES / name, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.tar.xz"))
    with tarfile.open(STORES / name / "store.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return Upgrade(folder)
