"""The daemon's clockwork. APScheduler ticks; what is due stands in the database, so a restart forgets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from aggregator.core.errors import AggregatorError

log = structlog.get_logger()

Job = Callable[[], Awaitable[None]]


class Ticker:
    """Runs jobs at fixed distances on the running event loop, never one beside itself.

    A late tick runs at once and only once (`misfire_grace_time=None, coalesce=True`: APScheduler's defaults drop it).
    Expected trouble in a job is logged in a line, and once as long as it stays the same; a bug with its traceback. The
    job goes on either way. `note` is told of every run: the job's name, and what hindered it, None if nothing did.
    """

    def __init__(self, note: Callable[[str, str | None], None] = lambda _job, _trouble: None) -> None:
        self._note = note
        self._last: dict[str, str] = {}
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler: Any = AsyncIOScheduler(job_defaults=defaults, timezone=UTC)
        self._running: dict[str, asyncio.Task[None]] = {}

    def every(self, seconds: float, name: str, job: Job) -> None:
        """Run `job` every so many seconds from now on."""
        self._scheduler.add_job(self._begin, "interval", seconds=seconds, id=name, args=(name, job))

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Tick no more, and wait for the jobs that are running."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        await asyncio.gather(*self._running.values())

    async def _begin(self, name: str, job: Job) -> None:
        """Start a job as a task of our own: APScheduler would cancel its jobs, and a write among them, when it ends."""
        if name not in self._running:
            task = asyncio.create_task(self._guarded(name, job))
            self._running[name] = task
            task.add_done_callback(lambda _: self._running.pop(name))

    async def _guarded(self, name: str, job: Job) -> None:
        trouble = None
        try:
            await job()
        except AggregatorError as error:
            trouble = str(error)
            if self._last.get(name) != trouble:
                log.error(name, error=trouble)
        except Exception as bug:
            trouble = f"{name}: a bug of this program ({type(bug).__name__}); the log has the details"
            if self._last.get(name) != trouble:
                log.exception("a bug of this program", job=name)
        if trouble is None:
            self._last.pop(name, None)
        else:
            self._last[name] = trouble
        self._note(f"job {name}", trouble)
