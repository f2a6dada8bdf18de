"""The daemon's jobs, run by APScheduler: ticks at fixed distances, and one at a time of day.

What is due to be polled or published is in the database, so a restart forgets nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from aggregator.core.errors import AggregatorError

log = structlog.get_logger()

Job = Callable[[], Awaitable[None]]

_CLOCK_CHECKS = 1.0
"""Seconds from one look at the wall clock to the next."""


class _Every(BaseTrigger):  # type: ignore[misc]
    """A fixed distance from one run to the next.

    APScheduler's own interval trigger counts every run that was missed: once the clock is set from 1970 to today,
    it counts for hours.
    """

    def __init__(self, distance: timedelta) -> None:
        self._distance = distance

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:  # noqa: ARG002
        return now + self._distance


class Ticker:
    """Runs jobs on the running event loop. A job never runs twice at the same time.

    A late run takes place at once and only once (`misfire_grace_time=None, coalesce=True`: APScheduler's defaults drop
    it). APScheduler plans by the wall clock: one that jumps costs at most a run too many of each job.
    An expected error in a job is logged in a line, and once as long as it stays the same; a bug with its traceback. The
    job runs again either way. `note` is called after each run with the job's name and its error, None if there was
    none. `clock` is the system's, as APScheduler reads it.
    """

    def __init__(
        self, clock: Callable[[], datetime], note: Callable[[str, str | None], None] = lambda _job, _error: None
    ) -> None:
        self._clock = clock
        self._note = note
        self._distances: dict[str, timedelta] = {}
        self._clock_check: asyncio.TimerHandle
        """From `start` on."""
        self._last: dict[str, str] = {}
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler: Any = AsyncIOScheduler(job_defaults=defaults, timezone=UTC)
        self._running: dict[str, asyncio.Task[None]] = {}

    def every(self, seconds: float, name: str, job: Job) -> None:
        """Run `job` every so many seconds from now on."""
        self._distances[name] = timedelta(seconds=seconds)
        self._scheduler.add_job(self._begin, _Every(self._distances[name]), id=name, args=(name, job))

    def daily(self, at: time, name: str, job: Job) -> None:
        """Run `job` every day at this time of day in its zone, UTC if it has none.

        Of the days on which it did not run, because the machine slept or the clock jumped, one is made up for.
        """
        trigger = CronTrigger(hour=at.hour, minute=at.minute, second=at.second, timezone=at.tzinfo or UTC)
        self._scheduler.add_job(self._begin, trigger, id=name, args=(name, job))

    def start(self) -> None:
        """Start running the jobs."""
        self._scheduler.start()
        self._check_clock()

    def _check_clock(self) -> None:
        """Run the ticks that are planned for later than their distance from now: the clock was set back."""
        now = self._clock()
        for name, distance in self._distances.items():
            job = self._scheduler.get_job(name)
            if job.next_run_time - now > 2 * distance:
                job.modify(next_run_time=now)
        self._clock_check = asyncio.get_running_loop().call_later(_CLOCK_CHECKS, self._check_clock)

    async def stop(self) -> None:
        """Start no more jobs, and wait for those that are running. To be called once, after `start`."""
        self._clock_check.cancel()
        self._scheduler.shutdown(wait=False)
        await asyncio.gather(*self._running.values())

    async def _begin(self, name: str, job: Job) -> None:
        """Start a job as a task of our own: APScheduler would cancel its jobs, and a write among them, when it ends."""
        if name not in self._running:
            task = asyncio.create_task(self._guarded(name, job))
            self._running[name] = task
            task.add_done_callback(lambda _: self._running.pop(name))

    async def _guarded(self, name: str, job: Job) -> None:
        error_text = None
        try:
            await job()
        except AggregatorError as error:
            error_text = str(error)
            if self._last.get(name) != error_text:
                log.error(name, error=error_text)
        except Exception as bug:
            error_text = f"{name}: a bug of this program ({type(bug).__name__}); the log has the details"
            if self._last.get(name) != error_text:
                log.exception("a bug of this program", job=name)
        if error_text is None:
            self._last.pop(name, None)
        else:
            self._last[name] = error_text
        self._note(f"job {name}", error_text)
