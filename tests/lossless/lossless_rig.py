"""The whole program without sockets: sources are files, readers ask the application, days pass when a test says so."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from aggregator.engine.daemon import App
from aggregator.server.asgi import Application, create_app
from aggregator.server.catalogue import Catalogue

NOON = datetime(2026, 5, 16, 12, 0, tzinfo=UTC)
SITE = "https://feeds.example.org"
ATOM = "{http://www.w3.org/2005/Atom}"
CONFIG = """
[site]
title = "读到的一切"
url = "{site}"

[[source]]
id = "a"
path = "a.xml"

[[source]]
id = "b"
path = "b.xml"

[[feed]]
id = "all"

[[feed]]
id = "few"
limit = 7
"""
AT = "{http://purl.org/atompub/tombstones/1.0}"


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Post:
    name: str
    title: str
    updated: datetime
    link: str


class Blog:
    """A source: it remembers all its posts, and shows the latest few in its feed, as feeds do."""

    def __init__(self, folder: Path, name: str, clock: Clock, *, shown: int = 400) -> None:
        self.name = name
        self.posts: dict[str, Post] = {}
        self.deleted: dict[str, datetime] = {}
        self.is_complete = False
        self._path = folder / f"{name}.xml"
        self._clock = clock
        self._shown = shown

    def add(self, count: int = 1, *, link: str | None = None) -> list[str]:
        made = []
        for _ in range(count):
            name = f"tag:{self.name}.example,2026:{len(self.posts) + len(self.deleted)}"
            where = link or f"https://{self.name}.example/{name.rpartition(':')[2]}"
            self.posts[name] = Post(name, f"第 {len(self.posts)} 篇", self._clock.now, where)
            made.append(name)
        return made

    def revise(self, name: str) -> None:
        post = self.posts.pop(name)
        post.title += " 改"
        post.updated = self._clock.now
        self.posts[name] = post

    def delete(self, name: str) -> None:
        del self.posts[name]
        self.deleted[name] = self._clock.now

    def write(self) -> None:
        shown = list(self.posts.values())[-self._shown :]
        parts = [_entry(post) for post in reversed(shown)]
        parts += [f'<at:deleted-entry ref="{n}" when="{w.isoformat()}"/>' for n, w in self.deleted.items()]
        head = "<fh:complete/>" if self.is_complete else ""
        self._path.write_text(
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0" '
            'xmlns:fh="http://purl.org/syndication/history/1.0">'
            f"<id>tag:{self.name}.example,2026:feed</id><title>源 {self.name}</title>"
            f"<updated>{self._clock.now.isoformat()}</updated>{head}{''.join(parts)}</feed>",
            "utf-8",
        )


def _entry(post: Post) -> str:
    noise = hashlib.sha512(post.name.encode()).hexdigest()  # articles do not compress to nothing
    return (
        f'<entry><id>{post.name}</id><title>{post.title}</title><link href="{post.link}"/>'
        f"<updated>{post.updated.isoformat()}</updated><published>{NOON.isoformat()}</published>"
        f'<content type="html">&lt;p&gt;{post.title} 正文 {noise}&lt;/p&gt;</content></entry>'
    )


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Site:
    """What readers talk to."""

    def __init__(self, app: App, catalogue: Catalogue, clock: Clock, blogs: Iterable[Blog]) -> None:
        self.app = app
        self.catalogue = catalogue
        self.clock = clock
        self.blogs = {blog.name: blog for blog in blogs}
        self._asgi: Application = create_app(catalogue, site=lambda: app.site, status=lambda: app.status)

    async def round(self) -> None:
        """Sources are read and outputs made until nothing is left to do."""
        for blog in self.blogs.values():
            blog.write()
        await self.app.poll(force=True)
        while any(made.more for made in await self.app.publish()):
            pass

    async def get(self, path: str, **headers: str) -> Answer:
        """One request; underscores in header names stand for hyphens."""
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            await asyncio.sleep(3600)

        fields = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
        scope = {
            "type": "http",
            "method": "GET",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "https",
            "http_version": "1.1",
            "headers": fields,
            "server": ("feeds.example.org", 443),
            "client": ("192.0.2.1", 1),
        }
        await self._asgi(scope, receive, send)
        got = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], got, b"".join(message.get("body", b"") for message in sent[1:]))


Opened = Callable[..., AbstractAsyncContextManager[Site]]
"""Opens the program, with another feeds.toml if that is given."""


@dataclass
class Document:
    """A feed as a reader understands it."""

    entries: dict[str, tuple[datetime, str]]
    deleted: dict[str, datetime]
    links: dict[str, str]
    is_archive: bool


def read(body: bytes) -> Document:
    root = etree.fromstring(body)
    links = {link.get("rel"): link.get("href") for link in root.iter(f"{ATOM}link") if _is_of_head(link)}
    is_archive = next(root.iter("{http://purl.org/syndication/history/1.0}archive"), None) is not None
    if root.tag == "rss":
        items = {
            item.findtext("guid"): (datetime.fromisoformat(item.findtext(f"{ATOM}updated")), item.findtext("title"))
            for item in root.iter("item")
        }
        assert parsedate_to_datetime(root.findtext("channel/lastBuildDate"))
        return Document(items, {}, links, is_archive)
    entries = {
        entry.findtext(f"{ATOM}id"): (
            datetime.fromisoformat(entry.findtext(f"{ATOM}updated")),
            entry.findtext(f"{ATOM}title"),
        )
        for entry in root.iter(f"{ATOM}entry")
    }
    deleted = {one.get("ref"): datetime.fromisoformat(one.get("when")) for one in root.iter(f"{AT}deleted-entry")}
    return Document(entries, deleted, links, is_archive)


def _is_of_head(link: Any) -> bool:
    return link.getparent().tag in ("channel", f"{ATOM}feed")


@dataclass
class Reader:
    """Comes when it likes, asks conditionally, and walks back through the archive to what it knows (RFC 5005)."""

    site: Site
    path: str
    wants_deltas: bool = False
    packed: str = ""
    seen: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    told: dict[str, datetime] = field(default_factory=dict)
    """Deletions it was told of."""
    known: set[str] = field(default_factory=set)
    statuses: list[int] = field(default_factory=list)
    _etag: str = ""

    async def come(self) -> None:
        headers = {"if_none_match": self._etag} if self._etag else {}
        headers |= {"a_im": "feed"} if self.wants_deltas else {}
        answer = await self.site.get(self.path, **headers)
        self.statuses.append(answer.status)
        if answer.status == 304:
            return
        assert answer.status in (200, 226), answer
        self._etag = answer.headers["etag"]
        documents = [read(answer.body)]
        while (link := documents[-1].links.get("prev-archive")) and link not in self.known:
            self.known.add(link)
            older = await self.site.get(urlsplit(link).path)
            assert older.status == 200, link
            documents.append(read(older.body))
            assert documents[-1].is_archive
            assert urlsplit(documents[-1].links["self"]).path == urlsplit(link).path
            assert documents[-1].links["current"] == SITE + self.path
        for document in reversed(documents):
            self._take(document)

    def _take(self, document: Document) -> None:
        """Of two versions the one updated later counts, of equal ones the later read."""
        for name, version in document.entries.items():
            if name not in self.seen or version[0] >= self.seen[name][0].replace(microsecond=0):
                self.seen[name] = version
        for name, when in document.deleted.items():
            if name in self.seen and self.seen[name][0] <= when:
                del self.seen[name]
                self.told[name] = when

    @property
    def titles(self) -> dict[str, str]:
        return {name: title for name, (_, title) in self.seen.items()}
