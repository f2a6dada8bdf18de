"""Shelf: what is kept between two runs. Blind to every other shelf; decides nothing.

`Storage` is the seam. All methods are plain blocking calls made from one thread at a time; each is one transaction.
Expected trouble (a full disk, a locked or newer database) is raised as `StorageError`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aggregator.core.model import (
    CategoryPath,
    Diagnostic,
    Entry,
    Feed,
    OutputId,
    SourceId,
    SourceNumber,
    StoredEntry,
)
from aggregator.core.policy import PollState


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to record one visit. Lost when `until` passes and somebody else claims the source."""

    number: SourceNumber
    token: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What diff needs to know of a stored entry."""

    seq: int
    key: str
    """Its present key; `known()` also lists it under every key it had before."""
    title: str
    fingerprint: str
    public_id: str
    first_seen: datetime
    published: datetime | None
    updated: datetime
    link_key: str | None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry to be added. `paths` are its own assigned category paths; `link_key` its normalised link (I6)."""

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

    `key` replaces the stored key: it differs where the source changed its guid (I4) or was downgraded (I3). The old
    key is kept as an alias.
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
    """Of these, how many were stored already; 0 of many means that some were probably missed (protocols S3)."""
    new: int = 0
    revised: int = 0
    bytes: int = 0
    seconds: float = 0.0
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Everything one visit changes, recorded in one transaction (protocols P2).

    `feed` None leaves the stored feed as it is. `rekeyed` gives stored entries (seq) a new key without a revision; the
    old key is kept as an alias. `hold` asks for no request to a domain before an instant (a 429's Retry-After).
    """

    lease: Lease
    state: PollState
    attempt: Attempt
    feed: Feed | None = None
    new: tuple[Draft, ...] = ()
    revised: tuple[Revision, ...] = ()
    rekeyed: tuple[tuple[int, str], ...] = ()
    hold: tuple[str, datetime] | None = None
    dirty: tuple[OutputId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A source that may be visited now."""

    number: SourceNumber
    source: SourceId
    address: str
    next_poll: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A source as `status` and `select` see it. `entries` counts those stored and not deleted."""

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
    """What is frozen or remembered of an output."""

    output: OutputId
    public_id: str
    definition: str
    """Hash of everything configured that shapes its bytes."""
    configured_at: datetime
    """When `definition` last changed."""
    dirty: bool
    stamp: int
    """Raised by every mark; clearing names the stamp seen, so that a mark made meanwhile survives."""
    size: int = 0
    newest: datetime | None = None
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionRecord:
    """A published file without its bytes, which are on disk (protocols W4)."""

    path: str
    output: OutputId
    format: str
    media_type: str
    etag: str
    modified: datetime
    size: int


class Storage(Protocol):
    """One store. Lists are in a fixed order: sources by number, entries by seq, the rest by name."""

    def close(self) -> None:
        """Release the database; no other call may follow."""

    # -- settings minted once ------------------------------------------------------------------------------------
    def mint(self, name: str, value: str) -> str:
        """The value kept under `name`, which is `value` if there was none before."""

    # -- sources -------------------------------------------------------------------------------------------------
    def enlist(self, sources: Sequence[tuple[SourceId, str]], *, now: datetime) -> dict[SourceId, SourceNumber]:
        """Make exactly these (id, address) the active sources and return their numbers.

        A new one is due at `now`. One whose id is unknown but whose address belongs to a source that is no longer
        named takes over its number, entries and state: it was renamed. One whose address changed keeps number and
        entries, loses validators and body hash, and is due at `now`. Others keep everything, but become due at once if
        they had been out of the file. Sources not named stay stored and are neither due nor listed.
        """

    def due(self, *, now: datetime) -> list[Due]:
        """Active sources whose next poll has come and that nobody holds a live lease on, the longest overdue first."""

    def claim(self, numbers: Collection[SourceNumber], *, now: datetime, until: datetime, token: str) -> list[Lease]:
        """Leases on those of `numbers` that are active and not held at `now`."""

    def release(self, leases: Collection[Lease]) -> None:
        """Give back leases whose visits did not take place; a lost one is passed over."""

    def poll_state(self, number: SourceNumber) -> PollState:
        """The state of one source."""

    def sources(self) -> list[SourceRecord]:
        """All active sources."""

    def attempts(self, number: SourceNumber, *, count: int) -> list[Attempt]:
        """The latest `count` attempts, newest first. Storage keeps at least 50 for each source."""

    def known(self, number: SourceNumber) -> dict[str, Known]:
        """All stored entries of a source by key and by every alias, deleted ones included; no entry JSON is read."""

    def holds(self, *, now: datetime) -> dict[str, datetime]:
        """Domains that asked to be left alone, with the instant until which, those past left out."""

    def record(self, visit: Visit) -> bool:
        """Write a visit and end its lease, all or nothing. False, and nothing is written, if the lease was lost.

        `seq` follows the order of `new`, so its last is the youngest. Outputs in `dirty` are marked.
        """

    # -- entries -------------------------------------------------------------------------------------------------
    def entries(
        self,
        sources: Collection[SourceNumber],
        *,
        pathless: bool = False,
        before: int | None = None,
    ) -> Iterator[StoredEntry]:
        """Entries of these sources with seq below `before`, newest addition first, read as they are consumed.

        `pathless` leaves out those that have category paths of their own.
        """

    def entries_in(
        self, node: CategoryPath, sources: Collection[SourceNumber], *, before: int | None = None
    ) -> Iterator[StoredEntry]:
        """The same, of those entries of these sources that have a path of their own at or below `node`."""

    def by_seq(self, seqs: Collection[int]) -> dict[int, StoredEntry]:
        """These entries; unknown or deleted ones are left out."""

    def namesakes(
        self, public_ids: Collection[str], link_keys: Collection[str], sources: Collection[SourceNumber]
    ) -> list[StoredEntry]:
        """Entries of these sources that have one of these public ids or normalised links (I8), by seq."""

    def find(self, text: str, *, count: int = 20) -> list[StoredEntry]:
        """Entries whose link, native id, public id or key equals `text`, else whose title contains it; newest first."""

    def nodes(self, sources: Collection[SourceNumber]) -> list[CategoryPath]:
        """Every category path that entries of these sources have of their own, without the implied parents."""

    # -- outputs -------------------------------------------------------------------------------------------------
    def slug(self, kind: str, name: str, *, wanted: str) -> str:
        """The slug of `name`: the one given before, else `wanted`, with -2, -3 ... where that is taken (K7).

        Uniqueness is within `kind` and after case folding.
        """

    def put_output(self, output: OutputId, *, public_id: str, definition: str, now: datetime) -> OutputRecord:
        """Enter an output or take note of a changed definition (then `configured_at` = now and it is dirty).

        `public_id` is used only at first sight. A retired one comes back dirty.
        """

    def retire_outputs(self, keep: Collection[OutputId]) -> list[RenditionRecord]:
        """Retire all outputs not in `keep`; returns, and forgets, the renditions they had."""

    def outputs(self) -> list[OutputRecord]:
        """All that are not retired."""

    def mark_dirty(self, outputs: Collection[OutputId]) -> None:
        """Ask for these to be made again."""

    def put_renditions(
        self,
        output: OutputId,
        renditions: Sequence[RenditionRecord],
        *,
        stamp: int,
        size: int,
        newest: datetime | None,
    ) -> list[RenditionRecord]:
        """Replace what is known of an output's files; clears its mark if the stamp still is `stamp`.

        A rendition whose etag is the stored one keeps its stored `modified`. Returns what is now stored.
        """

    def renditions(self) -> list[RenditionRecord]:
        """All of outputs that are not retired."""

    # -- upkeep --------------------------------------------------------------------------------------------------
    def changes(self) -> int:
        """A number that differs whenever another connection has changed the database (SQLite: data_version)."""

    def trim(self, *, attempts: int) -> None:
        """Forget all but the latest `attempts` of each source and let the database tidy itself."""
