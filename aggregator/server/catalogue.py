"""What is published now, in memory, with all its responses prepared: a request costs one look-up.

Writers may be on any thread and hold a lock among themselves. Readers hold none: a path leads to one immutable
`PublishedPath`, replaced by one assignment, so that a request sees the old response or the new one, whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import quote

from aggregator.core.edition import KnownVersions, Rendition
from aggregator.core.formats_table import DOCUMENTS, HTML, page_first
from aggregator.core.records import ArchiveFile
from aggregator.core.site_status import OutputInfo
from aggregator.outlets.encodings import SUFFIXES
from aggregator.server.conditional import IDENTITY, acceptable_encodings, preferred_format
from aggregator.server.deltas import Deltas

Headers = tuple[tuple[bytes, bytes], ...]

LEAST_AGE, GREATEST_AGE = 300, 3600
"""Bounds of max-age in seconds (rule W4)."""
IMMUTABLE = 31_536_000
PAGE_POLICY = (
    b"default-src 'none'; style-src 'self' 'unsafe-inline'; img-src * data:; media-src *; frame-src https:; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
"""Pages have no script, and none from a source may run."""
_NEGOTIATED = "c/"


@dataclass(frozen=True, slots=True)
class Variant:
    """A resource in one encoding. The headers are complete, those of the 304 included.

    `ok_head` and `not_modified_head` are the same, with the status line, as HTTP/1.1 writes them.
    """

    etag: bytes
    ok: Headers
    not_modified: Headers
    body: bytes
    ok_head: bytes
    not_modified_head: bytes


@dataclass(frozen=True, slots=True)
class Resource:
    """One body with its encodings. `modified` is in Unix seconds; None sends no Last-Modified."""

    variants: Mapping[str, Variant]
    modified: int | None

    def variant(self, accept_encoding: bytes | None) -> Variant:
        """The representation for an Accept-Encoding."""
        # the list ends with identity, which is always there
        return next(self.variants[name] for name in acceptable_encodings(accept_encoding) if name in self.variants)


@dataclass(frozen=True, slots=True)
class PublishedPath:
    """What a request path leads to: one resource, except that navigations and Accept may choose another."""

    resource: Resource
    page: Resource | None = None
    """What a browser shows instead when a person opens the address (rule W7)."""
    formats: Mapping[str, Resource] | None = None
    """What Accept chooses from at an address without suffix (rule W6)."""
    deltas: Deltas | None = None
    """For readers that have an earlier version (rule W11)."""

    def choose(self, headers: Mapping[bytes, bytes]) -> Resource:
        """The resource for a request. Field names are in small letters."""
        if self.page is not None and headers.get(b"sec-fetch-dest") == b"document":
            return self.page
        if self.formats is not None:
            return self.formats[preferred_format(headers.get(b"accept"), tuple(self.formats))]
        return self.resource


@dataclass(frozen=True, slots=True)
class _PublishedFile:
    rendition: Rendition
    encoded: Mapping[str, bytes]
    control: bytes
    deltas: Deltas | None = None


@dataclass(frozen=True, slots=True)
class ArchiveResource:
    """A document of an archive: it is read from disk when it is requested, so that archives take no memory."""

    file: ArchiveFile
    read: Callable[[str], bytes | None]

    def resource(self) -> Resource | None:
        """The document; None if its file is gone. Blocks on the disk; raises PublishError."""
        body = self.read(self.file.path)
        if body is None:
            return None
        packed = self.read(self.file.path + SUFFIXES["gzip"])
        age = IMMUTABLE if self.file.final else LEAST_AGE
        return make_resource(
            body,
            {} if packed is None else {"gzip": packed},
            media_type=self.file.media_type,
            etag=self.file.etag,
            control=b"public, max-age=%d%s" % (age, b", immutable" if self.file.final else b""),
            modified=(int(self.file.modified.timestamp()), format_datetime(self.file.modified, usegmt=True)),
        )


class Catalogue:
    """All renditions by request path, and what the index lists."""

    def __init__(self) -> None:
        self.paths: dict[str, PublishedPath] = {}
        """Request path, unescaped and with its leading slash -> what is there. To be read only."""
        self.archives: dict[str, ArchiveResource] = {}
        """The same for documents of archives. To be read only."""
        self.outputs: tuple[OutputInfo, ...] = ()
        self._published: dict[str, _PublishedFile] = {}
        self._stems: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def put(
        self,
        rendition: Rendition,
        encoded: Mapping[str, bytes],
        *,
        max_age: int = LEAST_AGE,
        immutable: bool = False,
        versions: KnownVersions | None = None,
    ) -> None:
        """Serve a rendition from now on, instead of what was at its path.

        `encoded` is what `outlets.encodings.encode` made of its body; `max_age` is in seconds, half the expected
        interval, and is brought between 5 minutes and 1 hour. `immutable` is for bytes that never change. With
        `versions`, readers of earlier versions get deltas (rule W11) and are noted for `take_late_readers`.
        """
        age = IMMUTABLE if immutable else min(max(max_age, LEAST_AGE), GREATEST_AGE)
        control = b"public, max-age=%d" % age + (b", immutable" if immutable else b"")
        with self._lock:
            deltas = None if versions is None else self._deltas(rendition, versions)
            self._published[rendition.path] = _PublishedFile(rendition, dict(encoded), control, deltas)
            stem = _stem(rendition)
            if stem is not None:
                self._stems.setdefault(stem, {})[rendition.format] = rendition.path
            self._update_paths(stem, rendition.path)

    def remove(self, path: str) -> None:
        """Stop serving `path`; does nothing for an unknown one."""
        self.archives.pop("/" + path, None)
        with self._lock:
            gone = self._published.pop(path, None)
            if gone is None:
                return
            self.paths.pop("/" + path, None)
            stem = _stem(gone.rendition)
            if stem is not None:
                del self._stems[stem][gone.rendition.format]
                self._update_paths(stem, None)

    def put_archive(self, file: ArchiveFile, read: Callable[[str], bytes | None]) -> None:
        """Serve a document of an archive, which `read` gets from disk by its path."""
        self.archives["/" + file.path] = ArchiveResource(file, read)

    def take_late_readers(self) -> dict[str, set[str]]:
        """Path -> earlier ETags that readers came back with since the last call."""
        with self._lock:
            seen = {path: p.deltas.late for path, p in self._published.items() if p.deltas and p.deltas.late}
            for path in seen:
                deltas = self._published[path].deltas
                assert deltas is not None
                deltas.late = set()
            return seen

    def _deltas(self, rendition: Rendition, versions: KnownVersions) -> Deltas:
        made = Deltas(rendition, versions)
        before = self._published.get(rendition.path)
        if before is not None and before.deltas is not None:
            made.late = before.deltas.late
        return made

    def replace_index(self, outputs: Iterable[OutputInfo]) -> None:
        """List exactly these on the index, in this order."""
        self.outputs = tuple(outputs)

    def _update_paths(self, stem: str | None, path: str | None) -> None:
        """Prepare again all that shares a stem: a change of one format changes the headers of the others."""
        if stem is None:
            assert path is not None
            published = self._published[path]
            self.paths["/" + path] = PublishedPath(_canonical(published), deltas=published.deltas)
            return
        paths = self._stems[stem]
        if not paths:
            del self._stems[stem]
            self.paths.pop("/" + stem, None)
            return
        group = {info.name: self._published[paths[info.name]] for info in page_first(paths)}
        page = _negotiated(group[HTML.name], b"Accept-Encoding, Sec-Fetch-Dest") if HTML.name in group else None
        for name, published in group.items():
            shown = page if DOCUMENTS[name].is_shown_as_page else None
            place = PublishedPath(_canonical(published, shown is not None), page=shown, deltas=published.deltas)
            self.paths["/" + published.rendition.path] = place
        formats = {name: _negotiated(published, b"Accept-Encoding, Accept") for name, published in group.items()}
        self.paths["/" + stem] = PublishedPath(next(iter(formats.values())), formats=formats)


def _stem(rendition: Rendition) -> str | None:
    """The address without suffix at which a rendition is one choice of several; None if it has none."""
    info = DOCUMENTS.get(rendition.format)
    if info is None or not rendition.path.startswith(_NEGOTIATED) or not rendition.path.endswith(info.suffix):
        return None
    return rendition.path.removesuffix(info.suffix)


def _canonical(published: _PublishedFile, has_page: bool = False) -> Resource:
    return _resource_of(published, b"Accept-Encoding, Sec-Fetch-Dest" if has_page else b"Accept-Encoding", None)


def _negotiated(published: _PublishedFile, vary: bytes) -> Resource:
    """A rendition as the response at another address, with its own in Content-Location.

    The location is relative, so that it also holds below a path that a proxy adds.
    """
    location = quote(published.rendition.path.rpartition("/")[2], safe="")
    return _resource_of(published, vary, location.encode())


def _resource_of(published: _PublishedFile, vary: bytes, location: bytes | None) -> Resource:
    rendition = published.rendition
    return make_resource(
        rendition.body,
        published.encoded,
        media_type=rendition.media_type,
        etag=rendition.etag,
        control=published.control,
        vary=vary,
        modified=(int(rendition.modified.timestamp()), format_datetime(rendition.modified, usegmt=True)),
        location=location,
    )


def make_resource(
    body: bytes,
    encoded: Mapping[str, bytes],
    *,
    media_type: str,
    etag: str,
    control: bytes,
    vary: bytes = b"Accept-Encoding",
    modified: tuple[int, str] | None = None,
    location: bytes | None = None,
    copy: bool = True,
) -> Resource:
    """All responses for one body (rules W4, W5 and W18). `etag` is strong and quoted; each encoding gets its own.

    `modified` is the instant in Unix seconds and as HTTP writes it. `copy`: a page of other people's texts, which
    search engines should leave to its authors.
    """
    page = (_NOINDEX, *_PAGE_HEADERS) if copy else _PAGE_HEADERS
    variants = {}
    for name, packed in {IDENTITY: body, **encoded}.items():
        tag = etag.encode("latin-1") if name == IDENTITY else f'{etag[:-1]}-{name}"'.encode("latin-1")
        shared: list[tuple[bytes, bytes]] = [(b"etag", tag), (b"cache-control", control), (b"vary", vary)]
        if modified is not None:
            shared.append((b"last-modified", modified[1].encode()))
        if location is not None:
            shared.append((b"content-location", location))
        shared.append((b"access-control-allow-origin", b"*"))
        own = [
            (b"content-type", media_type.encode("latin-1")),
            (b"content-length", b"%d" % len(packed)),
            (b"x-content-type-options", b"nosniff"),
            *(page if media_type.startswith("text/html") else ()),
            *([(b"content-encoding", name.encode())] if name != IDENTITY else []),
        ]
        variants[name] = Variant(
            etag=tag,
            ok=(*own, *shared),
            not_modified=tuple(shared),
            body=packed,
            ok_head=_head(b"200 OK", (*own, *shared)),
            not_modified_head=_head(b"304 Not Modified", shared),
        )
    return Resource(variants, modified[0] if modified else None)


def _head(status: bytes, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"HTTP/1.1 %s\r\n" % status + b"".join(b"%s: %s\r\n" % field for field in fields)


_NOINDEX = (b"x-robots-tag", b"noindex")
_PAGE_HEADERS = ((b"content-security-policy", PAGE_POLICY), (b"referrer-policy", b"no-referrer"))
"""Pictures load without a referrer: many sites refuse them to pages of other sites."""
