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
    Expected trouble in a job is logged in a line, a bug with its traceback; the job goes on either way.
    """

    def __init__(self) -> None:
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
            task = asyncio.create_task(_guarded(name, job))
            self._running[name] = task
            task.add_done_callback(lambda _: self._running.pop(name))


async def _guarded(name: str, job: Job) -> None:
    try:
        await job()
    except AggregatorError as error:
        log.error(name, error=str(error))
    except Exception:
        log.exception("a bug of this program", job=name)
