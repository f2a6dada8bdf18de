"""What the store takes and returns: plain frozen records."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.core.model import CategoryPath, Diagnostic, Entry, Feed, OutputId, SourceId, SourceNumber, StoredEntry
from aggregator.core.source_state import PollState


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to record one visit. Lost when another run claims the source after `until`."""

    number: SourceNumber
    token: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """What a visit needs to know of a stored entry, without its contents."""

    seq: int
    key: str
    """Its present key; `VisitStore.known` also lists it under every key it had before."""
    title: str
    fingerprint: str
    public_id: str
    first_seen: datetime
    published: datetime | None
    updated: datetime
    link_key: str | None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to be added. `paths` are its own assigned category paths; `link_key` its normalised link (rule I6)."""

    key: str
    public_id: str
    link_key: str | None
    paths: tuple[CategoryPath, ...]
    first_seen: datetime
    published: datetime | None
    updated: datetime
    sort_date: datetime
    fingerprint: str
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """New content for a stored entry. `seq`, `public_id`, `first_seen` and `sort_date` stay as they are.

    `key` replaces the stored key: it differs where the source changed its guid (rule I4) or was downgraded (rule I3).
    The old key is kept as an alias.
    """

    seq: int
    key: str
    link_key: str | None
    paths: tuple[CategoryPath, ...]
    changed_at: datetime
    published: datetime | None
    updated: datetime
    fingerprint: str
    entry: Entry


class RemovalOrigin(enum.StrEnum):
    """Who said that an entry exists no more (rule W12)."""

    OPERATOR = "operator"
    SOURCE = "source"
    """A tombstone in the source's own feed."""
    VANISHED = "vanished"
    """The source says that its document is complete, and the entry is not in it (rule W10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """That an entry is deleted. It comes back as rule I10 says; one that vanished comes back when it is seen again."""

    seq: int
    at: datetime
    origin: RemovalOrigin
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedEntry:
    """A deleted entry of which outputs still have a tombstone."""

    stored: StoredEntry
    removal: Removal


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedContents:
    """What a visit has to load of some stored entries, by `seq`, in addition to `KnownEntry`."""

    entries: frozenset[int] = frozenset()
    """To be loaded in full."""
    deleted: bool = False
    """Deleted ones of `entries` are wanted, too."""
    removals: frozenset[int] = frozenset()
    """Deleted entries whose removal is to be loaded."""

    def __bool__(self) -> bool:
        return bool(self.entries or self.removals)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedContents:
    """The answer to `WantedContents`, by `seq`."""

    entries: Mapping[int, StoredEntry] = field(default_factory=dict)
    """Without those that are not stored, and without deleted ones unless they were wanted."""
    removals: Mapping[int, Removal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One line of a source's log."""

    at: datetime
    outcome: str
    """updated, unchanged, failed or gone."""
    reason: str | None = None
    message: str | None = None
    entries: int = 0
    """In the document."""
    known: int = 0
    """Of these, how many were stored already; with 0 of many, some were probably missed (rule S3)."""
    new: int = 0
    revised: int = 0
    bytes: int = 0
    seconds: float = 0.0
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """Everything one visit changes, recorded in one transaction (rule P2).

    `feed` None leaves the stored feed as it is. `rekeyed` gives stored entries (seq) a new key without a revision; the
    old key is kept as an alias. `hold` is a domain and the instant before which it gets no
    request (a 429's Retry-After).
    """

    lease: Lease
    state: PollState
    attempt: Attempt
    feed: Feed | None = None
    new: tuple[NewEntry, ...] = ()
    revised: tuple[Revision, ...] = ()
    rekeyed: tuple[tuple[int, str], ...] = ()
    hold: tuple[str, datetime] | None = None
    dirty: tuple[OutputId, ...] = ()
    removed: tuple[Removal, ...] = ()
    """Entries of the source that it says are deleted."""
    entry_cache: bytes | None = None
    """The entry cache to be stored. Empty: what is stored is deleted; None: it stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A source that may be visited now."""

    number: SourceNumber
    source: SourceId
    address: str
    next_poll: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A source as a whole. `entries` counts those stored and not deleted."""

    state: PollState
    address: str
    feed: Feed | None
    entries: int
    newest: datetime | None
    """`first_seen` of the entry added last."""
    attempt: Attempt | None
    """The latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRecord:
    """What is stored of an output."""

    output: OutputId
    public_id: str
    definition: str
    """Hash of everything configured that shapes its bytes."""
    configured_at: datetime
    """When `definition` last changed."""
    dirty: bool
    stamp: int
    """Raised by every mark. Clearing names the stamp seen, so that a mark made meanwhile stays."""
    size: int = 0
    newest: datetime | None = None
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionRecord:
    """A published file without its bytes, which are on disk (rule W4)."""

    path: str
    output: OutputId
    format: str
    media_type: str
    etag: str
    modified: datetime
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """How far the archive of an output goes (rule W9)."""

    output: OutputId
    generation: str
    """Part of the addresses of its documents."""
    definition: str
    """Of the selection that it was begun for."""
    archived_to: int = 0
    """Every story with a change number up to this one is in a document."""
    checked_to: int = 0
    """Changes of entries with a change number up to this one were looked up in the documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One finished document of a chain, numbered from 1."""

    output: OutputId
    number: int
    first: int
    last: int
    """Change numbers of its first and last story."""
    members: tuple[tuple[int, ...], ...]
    """Of each of its stories, in order of addition, the `seq` of the entries it was made from, its own first."""
    repeated: int = 0
    """How many of them an earlier document has as well: they were revised since."""
    stale: bool = False
    """Its files have to be written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """A published archive document without its bytes, which are on disk."""

    path: str
    output: OutputId
    generation: str
    number: int
    format: str
    media_type: str
    etag: str
    modified: datetime
    size: int
    final: bool
    """It has its link to the next one, and stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """What a published file was from `since` until `until`; None: it is so now (rule W11)."""

    path: str
    etag: str
    stamp: int
    """Versions of one path are numbered in their order."""
    change_seq: int
    """Everything up to this change number had been taken into account."""
    since: datetime
    until: datetime | None = None
    parts: tuple[tuple[int, int], ...] = ()
    """Of the present version: (length in bytes, stamp of the version in which it first was as it is) of each piece of
    the body, head first and tail last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLag:
    """How many seconds of an output's changes its slowest returning reader had missed, and when that was seen."""

    output: OutputId
    seconds: int
    seen: datetime
