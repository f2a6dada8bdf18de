"""One visit to one source: fetch, parse, normalise, diff, record. One exit, one write, every path recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from aggregator.core.document import Document, NotModified
from aggregator.core.errors import FetchError, Reason, SourceError
from aggregator.core.ingest import changeset, deletions
from aggregator.core.ingest.changes import Change, Changes
from aggregator.core.ingest.entry_cache import DocumentReading, Unmodified, dump
from aggregator.core.ingest.identity import KeyAssignment
from aggregator.core.ingest.takeover import feed_identity
from aggregator.core.model import CategoryPath, Diagnostic, Entry, Feed, OutputId
from aggregator.core.normalise import NormalisedFeed
from aggregator.core.outcome import Failed, Gone, Outcome, Unchanged, Updated
from aggregator.core.records import Attempt, KnownEntry, Lease, NewEntry, Removal, Revision, VisitRecord
from aggregator.core.schedule.policy import next_poll
from aggregator.core.source_state import FeedIdentity, IdentityMode, PollState
from aggregator.core.urls import urls
from aggregator.core.urls.hosts import registrable
from aggregator.engine import fetch_request
from aggregator.engine.parse_stage import DocumentParser
from aggregator.engine.runtime import ActiveSource, Runtime
from aggregator.engine.threads import Batch, DatabaseThread, GcPause, WorkerPool, run_in_thread_if_large
from aggregator.storage import Storage

log = structlog.get_logger()

Dirty = Callable[[ActiveSource, list[CategoryPath] | None], tuple[OutputId, ...]]
"""Which outputs a change of this source, in these own category paths (None: in all it has), may show in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitResult:
    """What a visit brought, before it is recorded."""

    outcome: Outcome
    feed: Feed | None = None
    new: tuple[NewEntry, ...] = ()
    revised: tuple[Revision, ...] = ()
    removed: tuple[Removal, ...] = ()
    rekeyed: tuple[tuple[int, str], ...] = ()
    state: PollState | None = None
    """The source's state as far as its entries tell it; None: there was no document to tell."""
    paths: tuple[CategoryPath, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    cache: bytes | None = None
    """What is to stay of the document; None leaves what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitReport:
    """What is told of a visit: to the log, the progress bar and `poll --json`."""

    source: str
    outcome: Outcome
    seconds: float
    diagnostics: tuple[Diagnostic, ...] = ()
    recorded: bool = True
    """False if the lease was lost meanwhile: another run has visited the source since."""

    @property
    def error(self) -> SourceError | None:
        """Why the visit brought nothing, if it did not."""
        return self.outcome.error if isinstance(self.outcome, Failed | Gone) else None


class Refresher:
    """Visits sources. `clock` tells the wall-clock time and `jitter` a number in [0, 1)."""

    def __init__(
        self,
        storage: Storage,
        store: DatabaseThread,
        worker_pool: WorkerPool,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._storage = storage
        self._in_db = store
        self._pause = GcPause()
        self._documents = DocumentParser(storage, store, worker_pool)
        self._clock = clock
        self._jitter = jitter

    async def refresh_source(
        self, runtime: Runtime, source: ActiveSource, lease: Lease, dirty: Dirty, *, accept: bool = False
    ) -> VisitReport:
        """Visit a source and record how it went. Raises nothing but StorageError and cancellation.

        With `accept` its feed may be somebody else's from now on; else that is an error.
        """
        async with self._pause.batch() as batch:
            return await self._refresh(runtime, source, lease, dirty, batch, accept)

    async def _refresh(
        self, runtime: Runtime, source: ActiveSource, lease: Lease, dirty: Dirty, batch: Batch, accept: bool
    ) -> VisitReport:
        state = await self._in_db(self._storage.poll_state, source.number)
        state = replace(state, owner=FeedIdentity()) if accept else state
        started = self._clock()
        try:
            found = await self._visit(runtime, source, state, started, batch)
        except SourceError as error:
            gone = error.reason is Reason.GONE
            found = VisitResult(outcome=Gone(error=error) if gone else Failed(error=error))
        except Exception as bug:
            log.exception("refresh failed by a bug", source=source.id)
            found = VisitResult(outcome=Failed(error=_internal(source, bug)))
        now = self._clock()
        visit = self._describe(source, state, lease, found, started, now, dirty)
        recorded = await self._in_db(self._storage.record, visit)
        report = VisitReport(
            source=source.id,
            outcome=found.outcome,
            seconds=(now - started).total_seconds(),
            diagnostics=found.diagnostics,
            recorded=recorded,
        )
        _tell(report)
        return report

    async def _visit(
        self, runtime: Runtime, source: ActiveSource, state: PollState, now: datetime, batch: Batch
    ) -> VisitResult:
        answer = await source.fetcher.fetch(fetch_request.request(source.config, state, now=now))
        if isinstance(answer, NotModified):
            return VisitResult(outcome=_unchanged(answer), diagnostics=answer.diagnostics)
        document = fetch_request.marked(answer, source.config)
        batch.keep(document.parts)
        taken = await self._documents.again(source, state, document)
        if isinstance(taken, Unmodified):
            return VisitResult(outcome=taken.outcome(document, state), diagnostics=taken.notes)
        found = await self._settle(runtime, source, state, document, taken, now, batch) if taken is not None else None
        if found is None:
            found = await self._settle(
                runtime, source, state, document, await self._documents.whole(source, document), now, batch
            )
        if found is None:
            raise AssertionError("a whole reading has no stand-ins")
        return found

    async def _settle(
        self,
        runtime: Runtime,
        source: ActiveSource,
        state: PollState,
        document: Document,
        taken: DocumentReading,
        now: datetime,
        batch: Batch,
    ) -> VisitResult | None:
        """What has to be recorded; None if an entry is needed in full that was not read."""
        reading = taken.reading
        changeset.refuse_own(reading.feed, subject=source.address, site_url=runtime.config.site.url)
        count = len(reading.entries)
        keys = await run_in_thread_if_large(count, _keyed, taken, state, urls.host_of(source.address))
        stored = await self._in_db(self._storage.known, source.number)
        rekeyed: dict[int, str] = {}
        if keys.mode is not state.identity:
            stored, rekeyed = await self._rekey(source, stored, keys)
        batch.keep(reading.entries, taken.stand_ins, taken.stand_ins.values(), keys.entries, stored.values())
        found = await run_in_thread_if_large(count, _sorted, taken, keys, stored, state)
        if found is None:
            return None
        changeset.refuse_takeover(found, reading.feed, state, subject=source.address)
        for change in found.changes.renamed:
            rekeyed[stored[change.old_key].seq] = change.keyed.key
        new = await run_in_thread_if_large(count, _drafts, runtime, source, found.changes, stored, now)
        before = await self._before(found.changes.revised, stored)
        removed, gone = await self._removed(reading, keys, found.changes, stored, now)
        revived = await self._revived(keys, stored, now)
        outcome = await run_in_thread_if_large(count, changeset.updated, document, reading, found, now=now)
        revised = await run_in_thread_if_large(len(before), _revisions, found.changes.revised, stored, before, now)
        paths = await run_in_thread_if_large(count, changeset.changed_paths, found, (*before.values(), *gone))
        return VisitResult(
            outcome=outcome,
            feed=reading.feed,
            new=new,
            revised=(*revised, *revived),
            removed=removed,
            rekeyed=tuple(rekeyed.items()),
            state=found.state,
            paths=tuple(dict.fromkeys((*paths, *(path for one in revived for path in one.paths)))),
            diagnostics=(*document.diagnostics, *found.diagnostics),
            cache=await run_in_thread_if_large(count, _left, taken, found, outcome),
        )

    async def _removed(
        self, reading: NormalisedFeed, keys: KeyAssignment, found: Changes, stored: dict[str, KnownEntry], now: datetime
    ) -> tuple[tuple[Removal, ...], list[Entry]]:
        """What the document deletes, and what that was."""
        removed = await run_in_thread_if_large(
            len(keys.entries), deletions.removals, reading, keys.entries, found, stored, now=now
        )
        if not removed:
            return (), []
        gone = await self._in_db(self._storage.by_seq, [removal.seq for removal in removed])
        return removed, [one.entry for one in gone.values()]

    async def _revived(self, keys: KeyAssignment, stored: dict[str, KnownEntry], now: datetime) -> list[Revision]:
        """The deleted entries that the document brings back."""
        here = await run_in_thread_if_large(len(keys.entries), deletions.deleted_here, keys.entries, stored)
        if not here:
            return []
        removals = await self._in_db(self._storage.removals, list(here))
        return deletions.revivals(here, removals, stored, now=now)

    async def _rekey(
        self, source: ActiveSource, stored: dict[str, KnownEntry], keys: KeyAssignment
    ) -> tuple[dict[str, KnownEntry], dict[int, str]]:
        """The store under the stricter keys that this document made necessary (rule I3)."""
        entries = await self._in_db(lambda: list(self._storage.entries([source.number])))
        again = changeset.rekey(entries, stored, keys.mode)
        return again, {known.seq: key for key, known in again.items() if key != known.key}

    async def _before(self, changes: tuple[Change, ...], stored: dict[str, KnownEntry]) -> dict[int, Entry]:
        """What the entries to be revised are, by their seq; deleted ones are left out."""
        if not changes:
            return {}
        found = await self._in_db(self._storage.by_seq, [stored[change.old_key].seq for change in changes])
        return {seq: one.entry for seq, one in found.items()}

    def _describe(
        self,
        source: ActiveSource,
        state: PollState,
        lease: Lease,
        found: VisitResult,
        started: datetime,
        now: datetime,
        dirty: Dirty,
    ) -> VisitRecord:
        after = next_poll(
            found.state or state, found.outcome, now=now, settings=source.poll_settings, jitter=self._jitter()
        )
        said = changeset.attribution(found.feed) if found.feed else state.attribution
        is_read = isinstance(found.outcome, Updated) or bool(found.diagnostics)
        owner = feed_identity(found.feed) if found.feed else state.owner
        after = replace(after, attribution=said, owner=owner, notes=found.diagnostics if is_read else state.notes)
        return VisitRecord(
            lease=lease,
            state=after,
            attempt=_attempt(found, started, now),
            feed=found.feed,
            new=found.new,
            revised=found.revised,
            removed=found.removed,
            entry_cache=found.cache,
            rekeyed=found.rekeyed,
            hold=_hold(source, found.outcome, now),
            dirty=_dirty(dirty, source, found, is_reworded=said != state.attribution),
        )


def _keyed(taken: DocumentReading, state: PollState, host: str | None) -> KeyAssignment:
    return changeset.keying(taken.reading, state, feed_host=host, text_key_of=taken.text_key_of())


def _sorted(
    taken: DocumentReading, keys: KeyAssignment, stored: dict[str, KnownEntry], state: PollState
) -> changeset.ChangeSet | None:
    """The document's entries by what has to be done with them; None if one is needed in full that was not read."""
    found = changeset.sort_out(taken.reading, keys, stored, state, taken.print_of())
    return None if taken.is_short_of(found.changes, keys, stored) else found


def _drafts(
    runtime: Runtime, source: ActiveSource, found: Changes, stored: dict[str, KnownEntry], now: datetime
) -> tuple[NewEntry, ...]:
    taken = {known.public_id for known in stored.values()}
    return changeset.drafts(
        found.new, source=source.id, authority=runtime.authority, year=runtime.year, taken=taken, now=now
    )


def _revisions(
    changes: tuple[Change, ...], stored: dict[str, KnownEntry], before: dict[int, Entry], now: datetime
) -> tuple[Revision, ...]:
    known = ((change, stored[change.old_key]) for change in changes)
    return tuple(
        changeset.revision(change, one, before[one.seq], now=now) for change, one in known if one.seq in before
    )


def _dirty(dirty: Dirty, source: ActiveSource, found: VisitResult, *, is_reworded: bool) -> tuple[OutputId, ...]:
    if is_reworded:
        return dirty(source, None)
    return dirty(source, list(found.paths)) if found.new or found.revised or found.removed else ()


def _left(taken: DocumentReading, found: changeset.ChangeSet, outcome: Updated) -> bytes:
    """What is to stay of the document; empty: nothing."""
    if taken.cache_update is None:
        return b""
    after = found.state
    is_stable = (after.identity, after.alias_streak, after.moving_dates, after.unstable_dates) == (
        IdentityMode.ID,
        0,
        0,
        False,
    )
    return dump(
        taken.cache_update, entries=outcome.entries, span=outcome.span, settled=is_stable and not found.changes.moved
    )


def _unchanged(answer: NotModified) -> Unchanged:
    length = answer.headers.get("content-length", "")
    came = int(length) if length.isascii() and length.isdigit() else 1
    return Unchanged(
        validators=answer.validators,
        headers=dict(answer.headers),
        permanent_url=answer.permanent_url,
        size=0 if answer.status == 304 else max(came, 1),
    )


def _internal(source: ActiveSource, bug: Exception) -> FetchError:
    message = f"a bug of this program ({type(bug).__name__}); the log has the details, please report it"
    return FetchError(source.address, Reason.INTERNAL, message)


def _hold(source: ActiveSource, outcome: Outcome, now: datetime) -> tuple[str, datetime] | None:
    """A rate limit speaks for the whole registrable domain (rule P12); never for hosts of ours."""
    error = outcome.error if isinstance(outcome, Failed) else None
    if source.host is None or not isinstance(error, FetchError) or error.reason is not Reason.RATE_LIMITED:
        return None
    if error.status != 429 and error.retry_after is None:
        return None
    return registrable(source.host), now + (error.retry_after or timedelta(hours=1))


def _attempt(found: VisitResult, started: datetime, now: datetime) -> Attempt:
    outcome = found.outcome
    seconds = (now - started).total_seconds()
    match outcome:
        case Updated():
            return Attempt(
                at=started,
                outcome="updated",
                entries=outcome.entries,
                known=outcome.known,
                new=outcome.new,
                revised=outcome.revised,
                bytes=outcome.size,
                seconds=seconds,
                diagnostics=found.diagnostics,
            )
        case Unchanged():
            return Attempt(
                at=started, outcome="unchanged", bytes=outcome.size, seconds=seconds, diagnostics=found.diagnostics
            )
        case Failed() | Gone():
            name = "gone" if isinstance(outcome, Gone) else "failed"
            error = outcome.error
            return Attempt(at=started, outcome=name, reason=error.reason, message=error.message, seconds=seconds)


def _tell(report: VisitReport) -> None:
    outcome = report.outcome
    match outcome:
        case Updated():
            log.info(
                "refresh",
                source=report.source,
                entries=outcome.entries,
                new=outcome.new,
                revised=outcome.revised,
                seconds=round(report.seconds, 3),
            )
        case Unchanged():
            log.info("refresh", source=report.source, unchanged=True, seconds=round(report.seconds, 3))
        case Failed() | Gone():
            log.warning("refresh", source=report.source, reason=str(outcome.error.reason), error=outcome.error.message)
    if not report.recorded:
        log.warning("record", source=report.source, error="the lease was lost; another run has visited this source")
