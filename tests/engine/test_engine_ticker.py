"""When jobs run: at fixed distances, at a time of day, and after the clock jumped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from structlog.testing import capture_logs

from aggregator.core.errors import StorageError
from aggregator.engine.clock import wall_clock
from aggregator.engine.ticker import Ticker

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


class Job:
    """Counts its runs, and lets a test wait for the next."""

    def __init__(self) -> None:
        self.runs = 0
        self._ran = asyncio.Event()

    async def __call__(self) -> None:
        self.runs += 1
        self._ran.set()

    async def next_run(self, seconds: float = 10) -> None:
        self._ran.clear()
        await asyncio.wait_for(self._ran.wait(), seconds)


async def during(ticker: Ticker, then: Callable[[], Awaitable[None]]) -> None:
    ticker.start()
    try:
        await then()
    finally:
        await ticker.stop()


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8))], ids=["UTC", "Shanghai"])
async def test_a_daily_job_runs_at_its_time_of_day_in_its_zone(zone: timezone) -> None:
    soon, job, elsewhere = datetime.now(zone) + timedelta(seconds=1.2), Job(), Job()
    ticker = Ticker(wall_clock)
    ticker.daily(soon.timetz(), "upkeep", job)
    ticker.daily((soon + HOUR).timetz(), "in an hour", elsewhere)
    await during(ticker, job.next_run)
    assert datetime.now(zone) >= soon.replace(microsecond=0)
    assert (job.runs, elsewhere.runs) == (1, 0)


async def test_a_tick_runs_again_and_again() -> None:
    job = Job()
    ticker = Ticker(wall_clock)
    ticker.every(0.01, "poll", job)

    async def three_runs() -> None:
        for _ in range(3):
            await job.next_run()

    await during(ticker, three_runs)
    assert job.runs >= 3


async def test_ticks_do_not_wait_for_a_clock_that_was_set_back() -> None:
    """What was planned before stands an hour ahead then."""
    job, distant = Job(), Job()
    ticker = Ticker(lambda: datetime.now(UTC) - HOUR)
    ticker.every(60, "poll", job)
    ticker.every(7200, "readers", distant)
    await during(ticker, job.next_run)
    assert distant.runs == 0


async def test_a_tick_that_is_years_late_runs_once() -> None:
    """A small machine without a clock of its own starts in 1970, until it has asked for the time."""
    job = Job()
    ticker = Ticker(lambda: datetime(1970, 1, 1, tzinfo=UTC))
    ticker.every(60, "poll", job)
    await during(ticker, job.next_run)
    assert job.runs == 1


async def test_an_error_of_a_job_is_noted_and_cleared() -> None:
    told: list[tuple[str, str | None]] = []
    outcomes = [StorageError("s", "full"), ValueError("bug"), None]
    done = asyncio.Event()

    async def job() -> None:
        outcome = outcomes.pop(0) if outcomes else None
        if outcome is not None:
            raise outcome
        done.set()

    ticker = Ticker(wall_clock, lambda name, trouble: told.append((name, trouble)))
    ticker.every(0.01, "poll", job)

    async def finished() -> None:
        await asyncio.wait_for(done.wait(), 10)

    await during(ticker, finished)
    first, second, third = told[:3]
    assert {name for name, _ in told} == {"job poll"}
    assert "full" in str(first[1])
    assert "a bug of this program (ValueError)" in str(second[1])
    assert third[1] is None


async def test_trouble_that_stays_is_logged_once() -> None:
    """A full disk must not fill the log; `note` is told every time, and another trouble is logged again."""
    full, bug, other = StorageError("s", "full"), ValueError("bug"), StorageError("s", "locked")
    outcomes: list[Exception | None] = [full, full, bug, bug, other, None, other]
    told: list[str | None] = []
    done = asyncio.Event()

    async def job() -> None:
        outcome = outcomes.pop(0) if outcomes else None
        if not outcomes:
            done.set()
        if outcome is not None:
            raise outcome

    ticker = Ticker(wall_clock, lambda _, trouble: told.append(trouble))
    ticker.every(0.01, "poll", job)

    async def finished() -> None:
        await asyncio.wait_for(done.wait(), 10)

    with capture_logs() as logs:
        await during(ticker, finished)
    words = "poll: a bug of this program (ValueError); the log has the details"
    assert told[:7] == ["s: full", "s: full", words, words, "s: locked", None, "s: locked"]
    assert [(line["event"], line.get("error")) for line in logs] == [
        ("poll", "s: full"),
        ("a bug of this program", None),
        ("poll", "s: locked"),
        ("poll", "s: locked"),
    ]


async def test_a_job_that_takes_longer_than_its_tick_is_not_run_beside_itself() -> None:
    """The ticks that come meanwhile are passed over; `stop` waits for the run."""
    begun: list[int] = []
    ended: list[int] = []
    ticks, may_end = Job(), asyncio.Event()

    async def slow() -> None:
        begun.append(len(begun))
        await may_end.wait()
        ended.append(len(ended))

    ticker = Ticker(wall_clock)
    ticker.every(0.01, "slow", slow)
    ticker.every(0.01, "ticks", ticks)

    async def some_ticks() -> None:
        while not begun or ticks.runs < 10:
            await ticks.next_run()
        assert (begun, ended) == ([0], [])
        asyncio.get_running_loop().call_later(0.05, may_end.set)

    await during(ticker, some_ticks)
    assert begun == ended != []
