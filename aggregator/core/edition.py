"""What an output consists of at one moment, before any format writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from aggregator.core.formats_table import DEFAULT_FORMATS
from aggregator.core.model import CategoryPath, Origin, OutputId, StoredEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One entry as an output carries it: with its attribution, and the other sources that had it (rule I8)."""

    stored: StoredEntry
    origin: Origin
    """Never None: the entry's own source, else the feed it came from (rule M14, `source`)."""
    paths: tuple[CategoryPath, ...] = ()
    """Assigned category paths, the source's or the post's own (rule K1)."""
    via: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A story that was deleted, and when. Outputs show only its id and its source (rule W12)."""

    story: Story
    when: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """An output's head and its stories, newest first. One Edition gives the same bytes in every format (rule W3)."""

    output: OutputId
    """Slug: segments joined by "/", CJK kept."""
    id: str
    """A `tag:` URI, minted once."""
    title: str
    description: str
    updated: datetime
    """Newest of: a story's update, its addition, a change of configuration. No clock (rule W3)."""
    language: str | None = None
    site_url: str
    """Public address of the site, no final slash."""
    formats: tuple[str, ...] = DEFAULT_FORMATS
    """The formats this output is published in, for `alternate` links."""
    hubs: tuple[str, ...] = ()
    timezone: tzinfo = UTC
    """Pages show instants in it; feeds say UTC."""
    entry_pages: bool = False
    """Each of its stories has a page of its own."""
    stories: tuple[Story, ...] = ()
    deleted: tuple[Tombstone, ...] = ()
    """The latest first."""
    complete: bool = False
    """It contains all of the output (fh:complete), such as a ranking. It has no archive (rule W10)."""
    archive: str | None = None
    """Its path without suffix if it is a document of the archive; None: it is what readers subscribe to."""
    previous: str | None = None
    """The path without suffix of the next older document of the archive (rule W9)."""
    following: str | None = None
    """The path without suffix of the next newer document of the archive, if this is one and that is finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVersions:
    """The earlier versions of a rendition, from which a reader that has one is sent what is new (rule W11)."""

    stamps: Mapping[str, int]
    """ETag, quoted, of each version -> its number; the present one's is the highest."""
    parts: tuple[tuple[int, int], ...] = ()
    """Length in bytes of each piece of the body, head first and tail last, with the number of the version in which
    it first was as it is. Empty where the format has no deltas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """The bytes of an output in one format, as they are served."""

    output: OutputId
    format: str
    path: str
    """Below the public root, no leading slash, unescaped: `c/新媒体.atom`."""
    media_type: str
    """With charset, ready for Content-Type."""
    body: bytes
    etag: str
    """Strong, quoted, of the identity bytes (rule W4)."""
    modified: datetime
    """When these bytes first existed, whole seconds."""


def etag_of(body: bytes) -> str:
    """The strong ETag of these bytes, quoted (rule W4)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
