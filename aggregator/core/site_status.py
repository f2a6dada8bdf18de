"""What the index and the status page show of outputs and sources, without their contents.

The engine fills these in; the server writes pages from them. Nothing here is secret-free by itself: an `address` may
carry a key in its query, which the page hides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from aggregator.core.errors import Reason
from aggregator.core.model import CategoryPath, OutputId, SourceId
from aggregator.core.source_state import Health


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteInfo:
    """The `[site]` table, as pages need it."""

    title: str
    url: str
    """Public address of the outputs, no final slash; its path is where a proxy mounts us."""
    language: str
    """BCP 47. Pages are in it if there are phrases in it, else in English."""
    timezone: tzinfo
    """Instants on pages are shown in it."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFormat:
    """One format of an output. `path` is below the public root and unescaped, `size` in bytes before compression."""

    format: str
    path: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputInfo:
    """An output as the index lists it."""

    output: OutputId
    title: str
    description: str = ""
    """As somebody wrote it; "" if nobody did."""
    language: str | None = None
    formats: tuple[PublishedFormat, ...] = ()
    entries: int = 0
    newest: datetime | None = None
    """When its newest entry was published; None if it has none."""
    path: CategoryPath = ()
    """Where the index files it; () is above the tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """A source as the status page shows it."""

    id: SourceId
    title: str
    """Its own title; "" as long as nothing was read."""
    address: str
    """Without user name and password; a path for files."""
    health: Health
    last_poll: datetime | None = None
    next_poll: datetime | None = None
    """None: none is planned."""
    error: str | None = None
    """In words, English ones; None if the last visit went well."""
    reason: Reason | None = None
    """What kind of error it is."""
    maybe_missed: bool = False
    """Nothing in its last document was known before: entries may have come and gone between two visits (rule S3)."""
    entries: int = 0
    """Stored and not deleted."""
    last_new: datetime | None = None
    daily: tuple[int, ...] = ()
    """New entries a day, oldest day first; () draws nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """How the program is doing at one moment."""

    now: datetime
    """The moment; "3 min ago" counts from it."""
    ok: bool
    """False if the program itself, not a source, needs a person: polling has stopped, the store is not writable."""
    sources: tuple[SourceInfo, ...] = ()
    due: int = 0
    """Sources whose next poll has come."""
    problems: tuple[str, ...] = ()
    """What a person should fix, in words: a refused edit of feeds.toml, a full disk."""
    counters: Mapping[str, float] = field(default_factory=dict)
    """Totals since the start for `/metrics`: names of small letters and underscores, without prefix and `_total`."""
    store_bytes: int = 0
    """Size of the database on disk; 0 where it is not known."""
