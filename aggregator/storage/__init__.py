"""What is stored between two runs. Imports no source, format or outlet.

There is one protocol for each caller; `Storage` is all of them. Every method is one transaction and a
plain blocking call. A store takes one call at a time, from any thread. A full disk, a locked, damaged or newer database
is raised as `StorageError`.

Lists are in a fixed order: sources by number, entries by seq, the rest by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from aggregator.core.model import CategoryPath, OutputId, SourceId, SourceNumber, StoredEntry
from aggregator.core.records import (
    Archive,
    ArchiveFile,
    Attempt,
    Chain,
    Due,
    FileVersion,
    KnownEntry,
    Lease,
    LoadedContents,
    OutputRecord,
    ReaderLag,
    Removal,
    RemovedEntry,
    RenditionRecord,
    SourceRecord,
    VisitRecord,
    WantedContents,
)
from aggregator.core.source_state import PollState


class SourceStore(Protocol):
    """Which sources there are, when each is due, and how it has been doing.

    Called by `engine.runtime` (mint, set_sources), `engine.poll` (due, claim, release, holds) and by all that
    report on sources: `engine.status`, `engine.metrics`, publishing, `aggregator status`.
    """

    def mint(self, name: str, value: str) -> str:
        """The setting `name`: the `value` of the first call with that name, which is stored."""

    def set_sources(self, sources: Sequence[tuple[SourceId, str]], *, now: datetime) -> dict[SourceId, SourceNumber]:
        """Make exactly these (id, address) the active sources and return their numbers.

        A new one is due at `now`. One whose id is unknown but whose address belongs to a source that is no longer
        named takes over its number, entries and state: it was renamed. One whose address changed keeps number and
        entries, loses validators and body hash, and is due at `now`. Others keep everything, but become due at once if
        they had been out of the file. Sources not named stay stored and are neither due nor listed.
        """

    def due(self, *, now: datetime) -> list[Due]:
        """Active sources with `next_poll` at or before `now` and without a valid lease, the longest overdue first.

        Where the clock has been set back since the latest visit, sources that were visited while it was ahead are due
        at once, and leases and holds that would last for more than a day are ended.
        """

    def claim(
        self,
        numbers: Collection[SourceNumber],
        *,
        now: datetime,
        until: datetime,
        token: str,
        only_due: bool = False,
    ) -> list[Lease]:
        """Leases with `token` until `until`, on those of `numbers` that are active and have no valid lease at `now`.

        With `only_due`, on those that are due at `now`: another run may have visited one since `due` was asked.
        """

    def release(self, leases: Collection[Lease]) -> None:
        """Give back leases whose visits did not take place. A lease that another run has now is left alone."""

    def holds(self, *, now: datetime) -> dict[str, datetime]:
        """Domains to which no request is made, each with the instant at which that ends; later than `now`."""

    def sources(self) -> list[SourceRecord]:
        """All active sources."""

    def attempts(self, number: SourceNumber, *, count: int) -> list[Attempt]:
        """The latest `count` attempts, newest first. Storage keeps at least 50 for each source."""

    def arrivals(self, *, now: datetime, days: int) -> dict[SourceNumber, tuple[int, ...]]:
        """How many entries of a source were first seen in each of the last `days` times 24 hours, oldest day first.

        Entries that were deleted since count, too. Sources with none are left out.
        """


class VisitStore(Protocol):
    """What one visit has to know of its source, and the one transaction that records it (rule P2).

    Called by `engine.visit` and `engine.parse_stage`.
    """

    def poll_state(self, number: SourceNumber) -> PollState:
        """The state of one source, active or not. LookupError if there never was one of this number."""

    def known(self, number: SourceNumber) -> dict[str, KnownEntry]:
        """All stored entries of a source by key and by every alias, deleted ones included; no entry JSON is read."""

    def load_contents(self, wanted: WantedContents) -> LoadedContents:
        """What is stored of these entries, as one transaction sees it."""

    def entry_cache(self, number: SourceNumber) -> bytes | None:
        """The entry cache that the last visit with a document stored (see `core.ingest.entry_cache`), or None."""

    def record(self, visit: VisitRecord) -> bool:
        """Write a visit and end its lease, all or nothing. False, and nothing is written, if the lease was lost.

        New entries get numbers (`seq`) in the order of `new`. A revision of a deleted entry restores it (rule I10).
        Outputs in `dirty` are marked.
        """


class EntryStore(Protocol):
    """Entries of many sources, in the order of changes.

    Called by `engine.publish`, and by the operator's commands that look an entry up or delete it.
    """

    def entries(
        self,
        sources: Collection[SourceNumber],
        *,
        pathless: bool = False,
        before: int | None = None,
        after: int | None = None,
    ) -> Iterator[StoredEntry]:
        """Entries of these sources with a change number below `before`, the newest first, read as they are consumed.

        With `after`, those with a change number above it, the oldest first. `pathless` leaves out those that have
        category paths of their own.
        """

    def by_seq(self, seqs: Collection[int], *, deleted: bool = False) -> dict[int, StoredEntry]:
        """These entries; unknown ones are left out and, unless asked for, deleted ones."""

    def removals(self, seqs: Collection[int]) -> dict[int, Removal]:
        """Those of these entries that are deleted."""

    def entries_in(
        self,
        node: CategoryPath,
        sources: Collection[SourceNumber],
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> Iterator[StoredEntry]:
        """The same, of those entries of these sources that have a path of their own at or below `node`."""

    def last_change_seq(self) -> int:
        """The highest change number that was ever given; 0 in an empty store."""

    def changed(self, after: int) -> list[int]:
        """`seq` of every entry that was revised, deleted or moved and got a change number above `after`, ascending."""

    def move(self, seqs: Sequence[int]) -> None:
        """Give these entries new change numbers, in this order; nothing else of them changes."""

    def find(self, text: str, *, count: int = 20) -> list[StoredEntry]:
        """Entries whose link, native id, public id or key equals `text`, else whose title contains it; newest first."""

    def duplicates(
        self, public_ids: Collection[str], link_keys: Collection[str], sources: Collection[SourceNumber]
    ) -> list[StoredEntry]:
        """Entries of these sources that have one of these public ids or normalised links (rule I8), by seq."""

    def nodes(self, sources: Collection[SourceNumber]) -> list[CategoryPath]:
        """Every category path that entries of these sources have themselves, sorted, without the implied parents."""

    def public_ids(self, sources: Collection[SourceNumber]) -> list[tuple[str, int]]:
        """(public id, seq) of every entry of these sources that is not deleted."""

    def remove(self, removals: Sequence[Removal], outputs: Collection[OutputId]) -> list[int]:
        """Delete entries and mark outputs; returns the `seq` of those that were not deleted already."""

    def pending_tombstones(self, sources: Collection[SourceNumber]) -> list[RemovedEntry]:
        """Deleted entries of these sources that outputs still have tombstones of (rule W12), by seq."""

    def expire_tombstones(self, *, before: datetime) -> list[SourceNumber]:
        """End the tombstones of entries deleted before `before`; returns the sources that had some."""


class OutputStore(Protocol):
    """Outputs: their frozen slugs and ids, which are dirty (have to be made again), and the files they have.

    Called by `engine.publish`; `engine.status` reads.
    """

    def slug(self, kind: str, name: str, *, wanted: str) -> str:
        """The slug of `name`: the one given before, else `wanted`, with -2, -3 ... where that is taken (rule K7).

        Uniqueness is within `kind` and after case folding.
        """

    def put_output(self, output: OutputId, *, public_id: str, definition: str, now: datetime) -> OutputRecord:
        """Enter an output, or store its changed definition; returns what is stored now.

        A new, retired or changed output becomes dirty. `configured_at` becomes `now` if it is new or if the part of the
        definition before "/" has changed. `public_id` counts only for a new one.
        """

    def definitions(self) -> dict[OutputId, str]:
        """The definition of every output, retired ones too."""

    def redefine_output(self, output: OutputId, definition: str) -> None:
        """Store another hash of the same definition; nothing else changes."""

    def retire_outputs(self, keep: Collection[OutputId]) -> list[RenditionRecord]:
        """Retire all outputs not in `keep`; returns, and forgets, the renditions they had."""

    def outputs(self) -> list[OutputRecord]:
        """All that are not retired."""

    def mark_dirty(self, outputs: Collection[OutputId]) -> None:
        """Mark these as dirty: they have to be made again. Unknown ones are passed over."""

    def put_renditions(
        self,
        output: OutputId,
        renditions: Sequence[RenditionRecord],
        *,
        stamp: int,
        size: int,
        newest: datetime | None,
    ) -> list[RenditionRecord]:
        """Replace what is known of an output's files. It is clean then, unless it was marked since it had `stamp`.

        `size` is the number of its entries, `newest` when the newest was published. A rendition whose etag is the
        stored one keeps its stored `modified`. Returns what is stored now: nothing of an unknown or retired output.
        """

    def renditions(self) -> list[RenditionRecord]:
        """The files of all outputs that are not retired, by path."""


class ArchiveStore(Protocol):
    """The archives of outputs: their chains, documents and files (rule W9).

    Called by `engine.publish.archives`.
    """

    def chain(self, output: OutputId) -> Chain | None:
        """The archive of an output, if one was begun."""

    def begin_chain(self, chain: Chain) -> None:
        """Begin an archive, instead of the one there was; that one's files stay listed."""

    def redefine_chain(self, output: OutputId, definition: str) -> None:
        """Store another definition for the archive; documents and files stay."""

    def end_chain(self, output: OutputId) -> None:
        """The output has no archive any more; its files stay listed."""

    def advance_chain(self, output: OutputId, *, archived_to: int | None = None, checked_to: int | None = None) -> None:
        """Store how far the archive goes (see `Chain`); None leaves a number as it is."""

    def put_archive(self, archive: Archive, files: Sequence[ArchiveFile]) -> None:
        """Store a document with its files, instead of the one with its number if there is one.

        The chain's `archived_to` is at least that of its last story. Nothing happens if the output has no chain.
        """

    def newest_archive(self, output: OutputId) -> Archive | None:
        """The document with the highest number; None if there is none."""

    def stale_archives(self, output: OutputId) -> list[Archive]:
        """Documents that have to be written again, by number."""

    def archives_with(self, output: OutputId, seqs: Collection[int]) -> list[Archive]:
        """Documents with a story that one of these entries is part of, by number."""

    def mark_stale(self, output: OutputId, numbers: Collection[int]) -> None:
        """These documents have to be written again."""

    def archive_sizes(self, output: OutputId) -> tuple[int, int]:
        """How many stories the documents of its chain hold, and how many of these an earlier document has as well."""

    def archive_files(self) -> list[ArchiveFile]:
        """The files of all archives, also of those that have ended, by path."""

    def forget_archive_files(self, paths: Collection[str]) -> None:
        """Delete the records of these files, which have been removed."""


class ReaderStore(Protocol):
    """Versions of published files, and how far behind their readers are (rule W11).

    Called by `engine.publish.versions`.
    """

    def put_file_version(self, version: FileVersion, *, forget: datetime) -> None:
        """Store the present version of a file, which ends the one before; delete those that ended before `forget`."""

    def file_version(self, path: str) -> FileVersion | None:
        """The present version of a file; None if it was never published."""

    def file_versions(self, path: str | None = None) -> list[FileVersion]:
        """All stored versions, or those of one path, by path and stamp."""

    def put_reader_lags(self, lags: Sequence[ReaderLag]) -> None:
        """Replace what is known of these outputs' readers."""

    def reader_lags(self) -> dict[OutputId, ReaderLag]:
        """What is known of the readers of each output."""


class Storage(SourceStore, VisitStore, EntryStore, OutputStore, ArchiveStore, ReaderStore, Protocol):
    """A whole store: opened, trimmed and closed by `app` and the commands. Other code takes the protocols it calls."""

    def close(self) -> None:
        """Release the database; RuntimeError for any later call."""

    def changes(self) -> int:
        """A number that differs whenever another connection has changed the database."""

    def trim(self, *, attempts: int) -> None:
        """Delete all but the latest `attempts` of each source, and let the database renew its statistics."""
