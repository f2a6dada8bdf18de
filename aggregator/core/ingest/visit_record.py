"""From the result of a visit to its record. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.core.errors import FetchError, Reason
from aggregator.core.ingest import changeset
from aggregator.core.ingest.complete import VisitResult
from aggregator.core.ingest.takeover import feed_identity
from aggregator.core.model import CategoryPath, OutputId
from aggregator.core.outcome import OUTCOME_NAMES, Failed, Gone, Outcome, Unchanged, Updated
from aggregator.core.records import Attempt, Lease, VisitRecord
from aggregator.core.schedule.policy import PollSettings, next_poll
from aggregator.core.source_state import PollState
from aggregator.core.urls.hosts import registrable

AffectedOutputs = Callable[[list[CategoryPath] | None], tuple[OutputId, ...]]
"""The outputs that a change of a source, in entries with these own category paths (None: in all), may show in."""


def visit_record(
    result: VisitResult,
    state: PollState,
    *,
    lease: Lease,
    started: datetime,
    ended: datetime,
    settings: PollSettings,
    host: str | None,
    jitter: float,
    affected: AffectedOutputs,
) -> VisitRecord:
    """Everything that the visit changes. `state` is the source's before it.

    `host` is the public host that was requested, None for others. `jitter` is drawn from [0, 1).
    """
    after = next_poll(result.state or state, result.outcome, now=ended, settings=settings, jitter=jitter)
    after = _with_document(after, result)
    return VisitRecord(
        lease=lease,
        state=after,
        attempt=_attempt(result, started, ended),
        feed=result.feed,
        new=result.new,
        revised=result.revised,
        removed=result.removed,
        entry_cache=result.cache,
        rekeyed=result.rekeyed,
        hold=_hold(host, result.outcome, ended),
        dirty=_dirty(result, affected, is_reattributed=after.attribution != state.attribution),
    )


def _with_document(state: PollState, result: VisitResult) -> PollState:
    """The state with what is remembered of the last document; unchanged if there was no new one."""
    if isinstance(result.outcome, Updated) or result.diagnostics:
        state = replace(state, notes=result.diagnostics)
    if result.feed is None:
        return state
    return replace(state, attribution=changeset.attribution(result.feed), feed_identity=feed_identity(result.feed))


def _dirty(result: VisitResult, affected: AffectedOutputs, *, is_reattributed: bool) -> tuple[OutputId, ...]:
    if is_reattributed:
        return affected(None)
    return affected(list(result.paths)) if result.changes_entries else ()


def _hold(host: str | None, outcome: Outcome, now: datetime) -> tuple[str, datetime] | None:
    """A rate limit counts for the whole registrable domain (rule P12); never for hosts that `[network] allow` names."""
    error = outcome.error if isinstance(outcome, Failed) else None
    if host is None or not isinstance(error, FetchError) or error.reason is not Reason.RATE_LIMITED:
        return None
    if error.status != 429 and error.retry_after is None:
        return None
    return registrable(host), now + (error.retry_after or timedelta(hours=1))


def _attempt(result: VisitResult, started: datetime, ended: datetime) -> Attempt:
    outcome, name = result.outcome, OUTCOME_NAMES[type(result.outcome)]
    match outcome:
        case Updated():
            attempt = Attempt(
                at=started,
                outcome=name,
                entries=outcome.entries,
                known=outcome.known,
                new=outcome.new,
                revised=outcome.revised,
                bytes=outcome.size,
            )
        case Unchanged():
            attempt = Attempt(at=started, outcome=name, bytes=outcome.size)
        case Failed() | Gone():  # pragma: no branch: there is no other outcome
            attempt = Attempt(at=started, outcome=name, reason=outcome.error.reason, message=outcome.error.message)
    return replace(attempt, seconds=(ended - started).total_seconds(), diagnostics=result.diagnostics)
