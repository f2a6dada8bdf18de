"""What a fetch returns, before it is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.core.model import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request conditional: header values byte-exact, quotes and `W/` included (rule P1).

    `url` is the address that answered with them; they are sent to no other.
    """

    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The body of one response, or files, with what is needed to read it."""

    url: str
    """The address that answered, after redirects; a `file:` URI for a path."""
    body: bytes
    fetched_at: datetime
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names; repeated headers joined by ", "."""
    validators: Validators = Validators()
    permanent_url: str | None = None
    """Where the address moved for good: set only if every redirect of the chain was 301 or 308."""
    parts: tuple[Document, ...] = ()
    """The files a glob found, each a document; `body` is then empty."""
    body_hash: str = ""
    """sha256 of the decoded bytes, hex (rule P4)."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What went wrong without losing the document, such as one unreadable file of a glob."""

    @property
    def content_type(self) -> str | None:
        """The Content-Type header as sent; None if there was none."""
        return self.headers.get("content-type")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The source has nothing new: a 304, a body whose hash is the known one, or files that are as they were."""

    url: str
    fetched_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    validators: Validators = Validators()
    """To be stored. After a 304, the stored ones with those replaced that the answer carried (rule P3)."""
    status: int = 304
    """200 or 226: the whole came, with bytes already known (rule P4); this counts as a full visit (rule P5)."""
    permanent_url: str | None = None
    """As in `Document`."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """As in `Document`."""
