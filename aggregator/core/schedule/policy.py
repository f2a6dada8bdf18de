"""When to visit a source next: health, backoff and the choice of what is due. Reads no clock.

Only `next_poll` turns an outcome into a state; mypy refuses a kind of outcome that has no branch there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, assert_never

from aggregator.core.errors import FetchError, Reason
from aggregator.core.outcome import Failed, Gone, Outcome, Unchanged, Updated
from aggregator.core.schedule import freshness
from aggregator.core.source_state import MOVED_SIGHTINGS, Health, PollState

BACKOFF_BASE = timedelta(minutes=15)
BACKOFF_CAP = timedelta(hours=24)
DEAD_AFTER = timedelta(days=30)
DEAD_CAP = timedelta(days=7)
LARGE_BODY = 1 << 20
PATH_INTERVAL = timedelta(minutes=1)
"""How often files are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
    """What the configuration says about how often a source is polled."""

    interval: timedelta | None = None
    """None: as its rhythm suggests (rule S6)."""
    local: bool = False
    """It is a path: no host gets requests, so only the interval counts."""


def next_poll(state: PollState, outcome: Outcome, *, now: datetime, settings: PollSettings, jitter: float) -> PollState:
    """The state after a visit that ended at `now`; `jitter` is drawn from [0, 1).

    Its `next_poll` is not before `now`; None where no visit is planned, because
    credentials were refused twice or the source is gone (rule P24).
    """
    match outcome:
        case Updated():
            after = _after_success(state, now)
            return _schedule(_after_update(after, outcome, now), outcome, now, settings, jitter)
        case Unchanged():
            after = _moved(_after_success(state, now), outcome.permanent_url, now)
            after = replace(after, validators=outcome.validators, last_full=now if outcome.size else after.last_full)
            return _schedule(after, outcome, now, settings, jitter)
        case Failed():
            return _after_failure(state, outcome, now, settings, jitter)
        case Gone():
            return _after_gone(state, outcome, now)
        case _:
            assert_never(outcome)


def _after_success(state: PollState, now: datetime) -> PollState:
    return replace(
        state,
        health=Health.HEALTHY,
        last_poll=now,
        last_success=now,
        errors=0,
        error_reason=None,
        error_message=None,
        failing_since=None,
    )


def _after_update(state: PollState, outcome: Updated, now: datetime) -> PollState:
    moved = _moved(state, outcome.permanent_url, now)
    return replace(
        moved,
        validators=outcome.validators,
        body_hash=outcome.body_hash,
        last_full=now,
        last_change=now if outcome.new or outcome.revised else state.last_change,
        rhythm=state.rhythm.with_arrivals(outcome.arrivals, now),
        hints=outcome.hints,
        span=outcome.span,
    )


def _moved(state: PollState, address: str | None, now: datetime) -> PollState:
    """Count permanent redirects to one address (rule P25). Once it is proven, requests go to it directly."""
    if address is None:
        proven = state.moved_seen >= MOVED_SIGHTINGS
        return state if proven else replace(state, moved_to=None, moved_seen=0, moved_since=None)
    if address == state.moved_to:
        return replace(state, moved_seen=state.moved_seen + 1)
    return replace(state, moved_to=address, moved_seen=1, moved_since=now)


def _schedule(
    state: PollState, outcome: Updated | Unchanged, now: datetime, settings: PollSettings, jitter: float
) -> PollState:
    wait = _interval(state, now, settings)
    if settings.interval is None and not settings.local:
        wait = max(wait, _least_without_caching(outcome))
    moment = now + wait * (0.9 + 0.2 * jitter)
    if not settings.local:
        moment = max(moment, freshness.earliest(now, outcome.headers, state.hints))
    return replace(state, next_poll=moment)


def _least_without_caching(outcome: Updated | Unchanged) -> timedelta:
    """The least wait for a server that cannot answer 304: an hour, a day if the body is large (rule P14)."""
    if outcome.size == 0 or not freshness.is_silent_on_caching(outcome.headers):
        return timedelta()
    return timedelta(days=1) if outcome.size > LARGE_BODY else timedelta(hours=1)


def _interval(state: PollState, now: datetime, settings: PollSettings) -> timedelta:
    if settings.interval is not None:
        return settings.interval
    return PATH_INTERVAL if settings.local else state.rhythm.interval(now, state.span)


def _after_failure(
    state: PollState, outcome: Failed, now: datetime, settings: PollSettings, jitter: float
) -> PollState:
    error = outcome.error
    since = state.failing_since or now
    health = _health_after_failure(error.reason, now - since)
    failed = replace(
        state,
        health=health,
        last_poll=now,
        errors=state.errors + 1,
        error_reason=error.reason.value,
        error_message=error.message,
        failing_since=since,
    )
    if health is Health.BLOCKED:
        asked_before = state.health is Health.BLOCKED
        return replace(failed, next_poll=None if asked_before else now + timedelta(hours=24))
    wait = max(_backoff(failed, jitter), _interval(state, now, settings), _least_after_error(outcome))
    return replace(failed, next_poll=now + wait)


def _health_after_failure(reason: Reason, failing_for: timedelta) -> Health:
    """Whatever the health was before."""
    if reason is Reason.UNAUTHORIZED:
        return Health.BLOCKED
    return Health.DEAD if failing_for >= DEAD_AFTER else Health.FAILING


def _backoff(state: PollState, jitter: float) -> timedelta:
    """Base 15 min x 2^(n-1), cap 24 h, 7 days once dead, full jitter (rule P10)."""
    cap = DEAD_CAP if state.health is Health.DEAD else BACKOFF_CAP
    doubled: timedelta = BACKOFF_BASE * (1 << min(state.errors - 1, 16))
    return min(doubled, cap) * jitter


def _least_after_error(outcome: Failed) -> timedelta:
    """The least wait by rule P24: Retry-After in full; 1 h after a 429 without one; 4 h after a 403."""
    error = outcome.error
    if not isinstance(error, FetchError):
        return timedelta()
    if error.retry_after is not None:
        return error.retry_after
    if error.reason in (Reason.FORBIDDEN, Reason.BOT_WALL):
        return timedelta(hours=4)
    return timedelta(hours=1) if error.reason is Reason.RATE_LIMITED else timedelta()


def _after_gone(state: PollState, outcome: Gone, now: datetime) -> PollState:
    """A 410 is confirmed once after 24 h, then no visit is planned; its entries stay (rule P24)."""
    confirmed = state.error_reason == Reason.GONE.value
    return replace(
        state,
        health=Health.GONE if confirmed else Health.FAILING,
        last_poll=now,
        errors=state.errors + 1,
        error_reason=Reason.GONE.value,
        error_message=outcome.error.message,
        failing_since=state.failing_since or now,
        next_poll=None if confirmed else now + timedelta(hours=24),
    )


class HasAddress(Protocol):
    """Something that may be visited at an address."""

    @property
    def address(self) -> str:
        """A URL or a path."""


C = TypeVar("C", bound=HasAddress)


def choose_due(due: Iterable[C], *, host_of: dict[str, str], per_host: int, limit: int) -> Sequence[C]:
    """Of what is due, in its order, at most `per_host` of each host, and then at most `limit`.

    The cap comes before the limit, so that one host with many sources cannot crowd out the others. Addresses that
    `host_of` does not name have no cap.
    """
    taken: Counter[str] = Counter()
    chosen: list[C] = []
    for candidate in due:
        host = host_of.get(candidate.address)
        if host is not None:
            if taken[host] >= per_host:
                continue
            taken[host] += 1
        chosen.append(candidate)
        if len(chosen) >= limit:
            break
    return chosen
