"""When a source is visited again (rules P5 to P14 and P24)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.document import Validators
from aggregator.core.errors import FetchError, ParseError, Reason
from aggregator.core.model import Hints, SourceId, SourceNumber
from aggregator.core.outcome import Failed, Gone, Outcome, Unchanged, Updated
from aggregator.core.schedule.policy import PollSettings, choose_due, next_poll
from aggregator.core.schedule.rhythm import Rhythm
from aggregator.core.source_state import Health, PollState

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STATE = PollState(number=SourceNumber(1), source=SourceId("a"))
HOURLY = PollSettings(interval=timedelta(hours=1))
TAGS = {"etag": '"1"'}
GONE = Gone(error=FetchError("http://a.example/", Reason.GONE, "410", status=410))


def failed(reason: Reason = Reason.SERVER_ERROR, **more: object) -> Failed:
    return Failed(error=FetchError("http://a.example/", reason, "words", **more))  # type: ignore[arg-type]


def updated(**more: object) -> Updated:
    values: dict[str, object] = {"url": "http://a.example/", "validators": Validators(), "body_hash": "h"} | more
    return Updated(**{"headers": TAGS, **values})  # type: ignore[arg-type]


def wait_after(state: PollState, outcome: Outcome, settings: PollSettings = HOURLY, jitter: float = 0.5) -> timedelta:
    after = next_poll(state, outcome, now=NOW, settings=settings, jitter=jitter)
    assert after.next_poll is not None
    return after.next_poll - NOW


@pytest.mark.parametrize(("jitter", "minutes"), [pytest.param(0.0, 54, id="early"), pytest.param(0.5, 60, id="middle")])
def test_a_success_is_followed_after_the_interval_give_or_take_a_tenth(jitter: float, minutes: int) -> None:
    """Rule P11"""
    assert timedelta(minutes=minutes) == wait_after(STATE, updated(), jitter=jitter)


@pytest.mark.parametrize(
    ("headers", "hints", "least"),
    [
        pytest.param({"cache-control": "public, max-age=7200"}, Hints(), timedelta(hours=2), id="max-age"),
        pytest.param({"cache-control": "max-age=7200", "age": "1800"}, Hints(), timedelta(minutes=90), id="minus age"),
        pytest.param({"cache-control": "max-age=604800"}, Hints(), timedelta(hours=24), id="a week is capped at a day"),
        pytest.param(
            {"expires": "Mon, 02 Mar 2026 15:00:00 GMT", "date": "Mon, 02 Mar 2026 12:00:00 GMT"},
            Hints(),
            timedelta(hours=3),
            id="expires minus date",
        ),
        pytest.param({"expires": "0"}, Hints(), timedelta(hours=1), id="expires 0 is just stale (rule P6)"),
        pytest.param({"cache-control": "no-cache, max-age=9999"}, Hints(), timedelta(hours=1), id="no-cache"),
        pytest.param({}, Hints(ttl_minutes=180), timedelta(hours=3), id="ttl"),
        pytest.param({}, Hints(ttl_minutes=999999), timedelta(hours=24), id="an absurd ttl is capped"),
        pytest.param({}, Hints(ttl_minutes=-1), timedelta(hours=1), id="a negative ttl is ignored"),
        pytest.param({}, Hints(skip_hours=(12, 13)), timedelta(hours=2), id="skipHours"),
        pytest.param({}, Hints(skip_hours=tuple(range(24))), timedelta(hours=24), id="all hours skipped: a day"),
        pytest.param({}, Hints(skip_days=(0,)), timedelta(hours=12), id="skipDays: until Tuesday"),
        pytest.param({}, Hints(update_period_seconds=3600), timedelta(hours=1), id="WordPress' hourly is ignored"),
        pytest.param({}, Hints(update_period_seconds=86400), timedelta(hours=24), id="daily is heard"),
    ],
)
def test_freshness_and_hints_are_lower_bounds(headers: dict[str, str], hints: Hints, least: timedelta) -> None:
    """Rules P6, P7 and P8"""
    assert least == wait_after(STATE, updated(headers={**TAGS, **headers}, hints=hints))


def test_a_304_keeps_to_the_freshness_it_carries() -> None:
    """Rule P7: Miniflux forgets this"""
    answer = Unchanged(validators=Validators(), headers={"cache-control": "max-age=10800"})
    assert timedelta(hours=3) == wait_after(STATE, answer)


@pytest.mark.parametrize(
    ("outcome", "least", "most"),
    [
        pytest.param(failed(), timedelta(hours=1), timedelta(hours=1), id="never faster than the schedule (rule P10)"),
        pytest.param(
            failed(Reason.RATE_LIMITED, status=429, retry_after=timedelta(days=3)),
            timedelta(days=3),
            timedelta(days=3),
            id="Retry-After in full",
        ),
        pytest.param(
            failed(Reason.RATE_LIMITED, status=429), timedelta(hours=1), timedelta(hours=24), id="429 without a time"
        ),
        pytest.param(failed(Reason.FORBIDDEN, status=403), timedelta(hours=4), timedelta(hours=24), id="403"),
        pytest.param(
            Failed(error=ParseError("http://a.example/", Reason.HTML_PAGE, "words")),
            timedelta(hours=1),
            timedelta(hours=24),
            id="not a feed",
        ),
    ],
)
def test_trouble_waits_as_the_table_says(outcome: Failed, least: timedelta, most: timedelta) -> None:
    """Rule P24"""
    assert least <= wait_after(STATE, outcome, jitter=0.0) <= most


def test_back_off_doubles_to_a_day() -> None:
    """Rule P10"""
    settings = PollSettings(interval=timedelta(minutes=5))
    waits = [wait_after(replace(STATE, errors=n), failed(), settings, jitter=0.999999) for n in range(9)]
    minutes = [round(wait / timedelta(minutes=1)) for wait in waits]
    assert [15, 30, 60, 120, 240, 480, 960, 1440, 1440] == minutes


def test_success_forgets_all_errors() -> None:
    """Rule P10"""
    state = replace(STATE, errors=5, error_reason="dns", error_message="x", failing_since=NOW, health=Health.FAILING)
    after = next_poll(state, updated(), now=NOW, settings=HOURLY, jitter=0.5)
    assert (0, None, None, None, Health.HEALTHY) == (
        after.errors,
        after.error_reason,
        after.error_message,
        after.failing_since,
        after.health,
    )


def test_a_failure_keeps_validators_and_what_was_known() -> None:
    """Rule P2: what is stored stays as it is"""
    known = replace(STATE, validators=Validators(etag='W/"x"', url="http://a.example/"), body_hash="h")
    after = next_poll(known, failed(), now=NOW, settings=HOURLY, jitter=0.5)
    assert (known.validators, "h") == (after.validators, after.body_hash)


def test_a_source_that_failed_for_thirty_days_is_dead_but_still_asked_weekly() -> None:
    """Rule P10"""
    state = replace(STATE, errors=40, failing_since=NOW - timedelta(days=31), health=Health.FAILING)
    after = next_poll(state, failed(Reason.NOT_FOUND, status=404), now=NOW, settings=HOURLY, jitter=0.999999)
    assert Health.DEAD == after.health
    assert after.next_poll is not None
    assert timedelta(days=6) < after.next_poll - NOW <= timedelta(days=7)


def test_gone_is_confirmed_once_after_a_day_and_then_left_alone() -> None:
    """410: confirm once after 24 h, then stop"""
    first = next_poll(STATE, GONE, now=NOW, settings=HOURLY, jitter=0.5)
    second = next_poll(first, GONE, now=NOW, settings=HOURLY, jitter=0.5)
    assert (Health.FAILING, NOW + timedelta(hours=24)) == (first.health, first.next_poll)
    assert (Health.GONE, None) == (second.health, second.next_poll)


def test_a_410_after_other_errors_is_still_asked_once_more() -> None:
    """One 410 in an outage does not end a source"""
    state = replace(STATE, health=Health.FAILING, errors=3, error_reason="server-error")
    assert Health.FAILING == next_poll(state, GONE, now=NOW, settings=HOURLY, jitter=0.5).health


def test_wanted_credentials_are_asked_for_once_more_and_then_by_hand() -> None:
    """401: 24 h x1, then stop"""
    first = next_poll(STATE, failed(Reason.UNAUTHORIZED, status=401), now=NOW, settings=HOURLY, jitter=0.5)
    second = next_poll(first, failed(Reason.UNAUTHORIZED, status=401), now=NOW, settings=HOURLY, jitter=0.5)
    assert NOW + timedelta(hours=24) == first.next_poll
    assert (Health.BLOCKED, None) == (second.health, second.next_poll)


def test_a_permanent_move_counts_after_three_sightings_over_two_days() -> None:
    """301: store it after 3 sightings over >= 48 h"""
    state, moment = STATE, NOW
    seen = []
    for _ in range(4):
        state = next_poll(state, updated(permanent_url="http://b.example/"), now=moment, settings=HOURLY, jitter=0.5)
        seen.append(state.address("http://a.example/"))
        moment += timedelta(hours=24)
    assert ["http://a.example/", "http://a.example/", "http://b.example/", "http://b.example/"] == seen


def test_a_move_that_is_taken_back_is_forgotten() -> None:
    """A mixed history stores nothing"""
    moved = next_poll(STATE, updated(permanent_url="http://b.example/"), now=NOW, settings=HOURLY, jitter=0.5)
    back = next_poll(moved, updated(), now=NOW + timedelta(days=3), settings=HOURLY, jitter=0.5)
    assert (None, 0) == (back.moved_to, back.moved_seen)


@pytest.mark.parametrize(
    ("outcome", "least"),
    [
        pytest.param(updated(headers={}, size=1000), timedelta(hours=1), id="hourly"),
        pytest.param(updated(headers={}, size=2 << 20), timedelta(days=1), id="daily when large"),
        pytest.param(updated(headers=TAGS, size=2 << 20), timedelta(minutes=15), id="a validator is enough"),
    ],
)
def test_a_server_without_caching_is_asked_rarely(outcome: Updated, least: timedelta) -> None:
    """Rule P14"""
    busy = replace(STATE, rhythm=Rhythm(weight=1e6, at=NOW, since=NOW - timedelta(days=30)))
    assert least == wait_after(busy, outcome, PollSettings())


def test_files_are_looked_at_every_minute() -> None:
    """A path costs nobody a request"""
    assert timedelta(minutes=1) == wait_after(STATE, updated(headers={}, size=10), PollSettings(local=True))


def test_one_full_request_is_due_after_a_week_of_304s() -> None:
    """Rule P5"""
    assert replace(STATE, last_full=NOW - timedelta(days=7)).wants_full(NOW)
    assert not replace(STATE, last_full=NOW - timedelta(days=6)).wants_full(NOW)


@pytest.mark.parametrize(
    ("outcome", "known", "expected"),
    [
        pytest.param(updated(), {}, Health.HEALTHY, id="a document"),
        pytest.param(Unchanged(validators=Validators()), {}, Health.HEALTHY, id="a 304"),
        pytest.param(failed(Reason.SERVER_ERROR), {}, Health.FAILING, id="an error"),
        pytest.param(
            failed(Reason.SERVER_ERROR), {"failing_since": NOW - timedelta(days=30)}, Health.DEAD, id="for 30 days"
        ),
        pytest.param(failed(Reason.UNAUTHORIZED), {}, Health.BLOCKED, id="credentials wanted"),
        pytest.param(GONE, {}, Health.FAILING, id="a 410"),
        pytest.param(GONE, {"error_reason": "gone"}, Health.GONE, id="a second 410"),
    ],
)
@pytest.mark.parametrize("before", Health)
def test_health_follows_from_the_outcome_whatever_it_was(
    outcome: Outcome, known: dict[str, Any], expected: Health, before: Health
) -> None:
    """Rules P10 and P24"""
    state = replace(STATE, health=before, **known)
    assert expected == next_poll(state, outcome, now=NOW, settings=HOURLY, jitter=0.5).health


@given(
    jitter=st.floats(0, 1, exclude_max=True),
    errors=st.integers(0, 10_000),
    headers=st.dictionaries(st.sampled_from(["cache-control", "expires", "date", "age"]), st.text(max_size=30)),
    reason=st.sampled_from(Reason),
)
def test_the_next_poll_lies_ahead_and_within_a_week(
    jitter: float, errors: int, headers: dict[str, str], reason: Reason
) -> None:
    """next_poll in (now, cap], whatever an answer says"""
    state = replace(STATE, errors=errors)
    for outcome in (updated(headers=headers), failed(reason)):
        after = next_poll(state, outcome, now=NOW, settings=PollSettings(), jitter=jitter)
        assert after.next_poll is not None
        assert NOW < after.next_poll <= NOW + timedelta(days=7)


class Due:
    def __init__(self, address: str) -> None:
        self.address = address


def test_the_cap_of_a_host_comes_before_the_limit() -> None:
    """One host with many sources cannot crowd out the others"""
    due = [Due(f"http://big.example/{n}") for n in range(10)] + [Due("http://small.example/")]
    hosts = {d.address: d.address.split("/")[2] for d in due}
    chosen = choose_due(due, host_of=hosts, per_host=2, limit=3)
    assert ["http://big.example/0", "http://big.example/1", "http://small.example/"] == [d.address for d in chosen]


def test_sources_without_a_host_are_not_capped() -> None:
    """Files and addresses of our own burden nobody"""
    due = [Due(f"posts/{n}") for n in range(5)]
    assert 5 == len(choose_due(due, host_of={}, per_host=1, limit=10))


@pytest.mark.parametrize(
    ("per_day", "minutes"),
    [
        pytest.param(0.01, (360, 1440), id="a quiet source is asked rarely"),
        pytest.param(8, (140, 150), id="eight a day"),
        pytest.param(2000, (15, 15), id="a torrent meets the floor"),
    ],
)
def test_the_interval_follows_the_rate_by_a_square_root(per_day: float, minutes: tuple[int, int]) -> None:
    """Rule S6: sqrt(2p / L) between floor and cap (rule S1)"""
    times = [NOW - timedelta(days=n / per_day) for n in range(min(int(60 * per_day), 40_000) + 1)]
    rhythm = Rhythm(since=NOW - timedelta(days=60)).with_arrivals(times, NOW)
    assert minutes[0] <= rhythm.interval(NOW) / timedelta(minutes=1) <= minutes[1]


def test_no_entry_may_scroll_away_between_two_polls() -> None:
    """Rule S2: at most half of the document's span"""
    rhythm = Rhythm().with_arrivals([NOW - timedelta(days=5)], NOW)
    assert timedelta(minutes=30) == rhythm.interval(NOW, span=3600.0)
