"""One visit to one source: fetch, parse, decide, record. Every visit, failed or not, ends in one record.

A document takes four steps: load what is stored of the source, `decide`, load what the decision needs, `complete`.
The decisions are pure and are in `core.ingest`; here they are given what they need.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

import structlog

from aggregator.core.document import Document, NotModified
from aggregator.core.errors import FetchError, Reason, SourceError
from aggregator.core.ingest.complete import VisitResult, complete, failed, not_modified, unmodified
from aggregator.core.ingest.decide import Missing, Plan, StoredFacts, VisitContext, decide
from aggregator.core.ingest.entry_cache import DocumentReading, Unmodified
from aggregator.core.ingest.visit_record import visit_record
from aggregator.core.model import CategoryPath, Diagnostic, OutputId
from aggregator.core.outcome import Failed, Gone, Outcome, Unchanged, Updated
from aggregator.core.records import Lease, LoadedContents, WantedContents
from aggregator.core.source_state import FeedIdentity, PollState
from aggregator.engine import fetch_request
from aggregator.engine.parse_stage import DocumentParser
from aggregator.engine.runtime import ActiveSource, Runtime
from aggregator.engine.threads import Batch, DatabaseThread, GcPause, WorkerPool, run_in_thread_if_large
from aggregator.storage import VisitStore

log = structlog.get_logger()

AffectedOutputs = Callable[[ActiveSource, list[CategoryPath] | None], tuple[OutputId, ...]]
"""The outputs that a change of a source, in entries with these own category paths (None: in all), may show in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitReport:
    """The result of a visit, for the log, the progress line and `poll --json`."""

    source: str
    outcome: Outcome
    seconds: float
    diagnostics: tuple[Diagnostic, ...] = ()
    recorded: bool = True
    """False if the lease was lost meanwhile: another run has visited the source since."""

    @property
    def error(self) -> SourceError | None:
        """Why the visit failed; None if it did not."""
        return self.outcome.error if isinstance(self.outcome, Failed | Gone) else None


class Visitor:
    """Visits sources. `clock` gives the wall-clock time, aware, and `jitter` a number in [0, 1)."""

    def __init__(
        self,
        storage: VisitStore,
        in_db: DatabaseThread,
        worker_pool: WorkerPool,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._storage = storage
        self._in_db = in_db
        self._pause = GcPause()
        self._documents = DocumentParser(storage, in_db, worker_pool)
        self._clock = clock
        self._jitter = jitter

    async def visit_source(
        self, runtime: Runtime, source: ActiveSource, lease: Lease, affected: AffectedOutputs, *, accept: bool = False
    ) -> VisitReport:
        """Visit a source and record how it went. Raises nothing but StorageError and cancellation.

        With `accept` its feed may have been taken over; else that is an error (rule R6).
        """
        async with self._pause.batch() as batch:
            state = await self._in_db(self._storage.poll_state, source.number)
            state = replace(state, feed_identity=FeedIdentity()) if accept else state
            started = self._clock()
            result = await self._result(source, state, _context(runtime, source, started), batch)
            ended = self._clock()
            record = visit_record(
                result,
                state,
                lease=lease,
                started=started,
                ended=ended,
                settings=source.poll_settings,
                host=source.host,
                jitter=self._jitter(),
                affected=functools.partial(affected, source),
            )
            recorded = await self._in_db(self._storage.record, record)
            report = VisitReport(
                source=source.id,
                outcome=result.outcome,
                seconds=(ended - started).total_seconds(),
                diagnostics=result.diagnostics,
                recorded=recorded,
            )
            _log(report)
            return report

    async def _result(self, source: ActiveSource, state: PollState, context: VisitContext, batch: Batch) -> VisitResult:
        """The result of the visit; errors of the source and bugs of this program are results, too."""
        try:
            return await self._visit(source, state, context, batch)
        except SourceError as error:
            return failed(error)
        except Exception as bug:
            log.exception("refresh failed by a bug", source=source.id)
            message = f"a bug of this program ({type(bug).__name__}); the log has the details, please report it"
            return failed(FetchError(source.address, Reason.INTERNAL, message))

    async def _visit(self, source: ActiveSource, state: PollState, context: VisitContext, batch: Batch) -> VisitResult:
        answer = await source.fetcher.fetch(fetch_request.request(source.config, state, now=context.now))
        if isinstance(answer, NotModified):
            return not_modified(answer)
        document = fetch_request.with_rules_hash(answer, source.config)
        batch.keep(document.parts)
        reading = await self._documents.read_changes(source, state, document)
        if isinstance(reading, Unmodified):
            return unmodified(document, reading, state)
        if reading is None:
            reading = await self._documents.read_whole(source, document)
        facts = StoredFacts(state=state, known=await self._in_db(self._storage.known, source.number))
        batch.keep(facts.known.values())
        plan = await self._decide(source, document, reading, facts, context, batch)
        loaded = await self._in_db(self._storage.load_contents, plan.wanted) if plan.wanted else LoadedContents()
        return await run_in_thread_if_large(len(plan.keyed), complete, document, plan, loaded, context)

    async def _decide(
        self,
        source: ActiveSource,
        document: Document,
        reading: DocumentReading,
        facts: StoredFacts,
        context: VisitContext,
        batch: Batch,
    ) -> Plan:
        """The plan of `decide`, called again with what `Missing` names: each at most once."""

        while True:
            entries = reading.normalised.entries
            batch.keep(entries, reading.stand_ins, reading.stand_ins.values())
            plan = await run_in_thread_if_large(len(entries), decide, reading, facts, context)
            if isinstance(plan, Plan):
                batch.keep(plan.keyed)
                return plan
            if plan is Missing.WHOLE_READING:
                reading = await self._documents.read_whole(source, document)
            else:
                every = frozenset(known.seq for known in facts.known.values())
                everything = WantedContents(entries=every, deleted=True)
                loaded = await self._in_db(self._storage.load_contents, everything)
                facts = replace(facts, contents={seq: stored.entry for seq, stored in loaded.entries.items()})


def _context(runtime: Runtime, source: ActiveSource, now: datetime) -> VisitContext:
    return VisitContext(
        source=source.id,
        address=source.address,
        site_url=runtime.config.site.url,
        authority=runtime.authority,
        year=runtime.year,
        now=now,
    )


def _log(report: VisitReport) -> None:
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
        case _:
            assert_never(outcome)
    if not report.recorded:
        log.warning("record", source=report.source, error="the lease was lost; another run has visited this source")
