"""What an output consists of at one moment, before any format writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aggregator.core.model import CategoryPath, Origin, OutputId, StoredEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One entry as an output carries it: with its attribution, and the other sources that had it (protocols I8)."""

    stored: StoredEntry
    origin: Origin
    """Never None: the entry's own source, else the feed it came from (protocols, field `source`)."""
    paths: tuple[CategoryPath, ...] = ()
    """Assigned category paths, the source's or the post's own (protocols K1)."""
    via: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """An output's head and its stories, newest first. The same Edition gives the same bytes in every format (W3)."""

    output: OutputId
    """Slug: segments joined by "/", CJK kept."""
    id: str
    """A `tag:` URI, minted once."""
    title: str
    description: str
    updated: datetime
    """Newest of: a story's update, its addition, a change of configuration. No clock (protocols W3)."""
    language: str | None = None
    site_url: str
    """Public address of the site, no final slash."""
    formats: tuple[str, ...] = ("rss", "atom", "json", "html")
    """The formats this output is published in, for `alternate` links."""
    hubs: tuple[str, ...] = ()
    stories: tuple[Story, ...] = ()


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
    """Strong, quoted, of the identity bytes (protocols W4)."""
    modified: datetime
    """When these bytes first existed, whole seconds."""
