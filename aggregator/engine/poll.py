"""Which sources are visited when, and side by side with which: one at a time for each host, many hosts at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.core.model import SourceId
from aggregator.core.schedule.policy import choose_due
from aggregator.core.urls.hosts import registrable
from aggregator.engine.publish.publisher import Publisher
from aggregator.engine.runtime import ActiveSource, Runtime
from aggregator.engine.threads import DatabaseThread
from aggregator.engine.visit import Refresher, VisitReport
from aggregator.storage import Storage

LEASE = timedelta(minutes=10)
"""Longer than any visit may take; a run that was killed gives its sources back after this."""
SPACING = 1.0
"""Seconds between two requests to one public host (rule P12)."""
MANUAL_FLOOR = timedelta(minutes=5)
"""How soon a person may ask a public source again by hand (rule P13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollLimits:
    """How much is asked at once."""

    visits: int = 16
    per_host: int = 50
    """Of one host in one round, so that many sources there do not crowd out others."""
    round: int = 1000


class Poller:
    """Visits what is due. `sleep` waits for so many seconds; `token` makes a name for a run's leases."""

    def __init__(
        self,
        storage: Storage,
        store: DatabaseThread,
        refresher: Refresher,
        publisher: Publisher,
        *,
        clock: Callable[[], datetime],
        token: str,
        limits: PollLimits | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._storage = storage
        self._in_db = store
        self._refresher = refresher
        self._publisher = publisher
        self._clock = clock
        self._token = token
        self._limits = limits or PollLimits()
        self._sleep = sleep
        self._places = asyncio.Semaphore(self._limits.visits)
        self._busy: set[SourceId] = set()
        self._hosts: set[str] = set()

    async def due(self, runtime: Runtime) -> list[ActiveSource]:
        """What may be visited now and is not being visited, the longest overdue first, as `choose_due` picks."""
        now = self._clock()
        listed = await self._in_db(self._storage.due, now=now)
        sources = [runtime.sources[d.number] for d in listed if d.number in runtime.sources]
        sources = [source for source in sources if source.config.enabled]
        free = [t for t in sources if t.id not in self._busy and t.host not in self._hosts]
        allowed = await self._without_holds(free, now)
        hosts = {t.address: t.host for t in allowed if t.host}
        return list(choose_due(allowed, host_of=hosts, per_host=self._limits.per_host, limit=self._limits.round))

    async def manual(self, sources: Iterable[ActiveSource]) -> tuple[list[ActiveSource], list[ActiveSource]]:
        """What a person may ask for now, and what must wait: a hold or the 5-minute floor forbids it (rule P13)."""
        now = self._clock()
        wanted = list(sources)
        allowed = await self._without_holds(wanted, now)
        states = {r.state.number: r.state for r in await self._in_db(self._storage.sources)}
        rested = []
        for source in allowed:
            last = states[source.number].last_poll
            if source.host is None or last is None or not timedelta() <= now - last < MANUAL_FLOOR:
                rested.append(source)
        chosen = {source.id for source in rested}
        return rested, [source for source in wanted if source.id not in chosen]

    async def visit(
        self,
        runtime: Runtime,
        sources: Sequence[ActiveSource],
        done: Callable[[VisitReport], None] = lambda _: None,
        *,
        accept: bool = False,
    ) -> list[VisitReport]:
        """Visit these, each host's one after another, and tell `done` of each as it ends.

        Sources whose lease somebody else holds are left out. With `accept` a feed may have become somebody else's. On
        cancellation the visits under way are given up and their leases returned.
        """
        reports: list[VisitReport] = []

        async def line(queue: list[ActiveSource]) -> None:
            for index, source in enumerate(queue):
                if index and source.host:
                    await self._sleep(SPACING)
                async with self._places:
                    report = await self._visit_one(runtime, source, accept=accept)
                if report is not None:
                    reports.append(report)
                    done(report)

        queues = _queues(sources)
        self._enter(sources)
        try:
            async with asyncio.TaskGroup() as group:
                for queue in queues:
                    group.create_task(line(queue))
        except BaseExceptionGroup as group:
            raise _first(group) from None
        finally:
            self._leave(sources)
        return reports

    async def _visit_one(self, runtime: Runtime, source: ActiveSource, *, accept: bool) -> VisitReport | None:
        now = self._clock()
        if source.host and await self._without_holds([source], now) == []:
            return None
        leases = await self._in_db(self._storage.claim, [source.number], now=now, until=now + LEASE, token=self._token)
        if not leases:
            return None
        try:
            dirty = self._publisher.dirty_for
            return await self._refresher.refresh_source(runtime, source, leases[0], dirty, accept=accept)
        except asyncio.CancelledError:
            await asyncio.shield(self._in_db(self._storage.release, leases))
            raise

    async def _without_holds(self, sources: Collection[ActiveSource], now: datetime) -> list[ActiveSource]:
        if not any(source.host for source in sources):
            return list(sources)
        holds = await self._in_db(self._storage.holds, now=now)
        return [s for s in sources if not holds or s.host is None or registrable(s.host) not in holds]

    def _enter(self, sources: Iterable[ActiveSource]) -> None:
        for source in sources:
            self._busy.add(source.id)
            if source.host:
                self._hosts.add(source.host)

    def _leave(self, sources: Iterable[ActiveSource]) -> None:
        for source in sources:
            self._busy.discard(source.id)
            if source.host:
                self._hosts.discard(source.host)


def _first(error: BaseException) -> BaseException:
    """One of a group's exceptions: what ends one visit ends them all, for the same reason."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _queues(sources: Iterable[ActiveSource]) -> list[list[ActiveSource]]:
    """One queue for each public host; every other source is a queue of its own."""
    by_host: dict[str, list[ActiveSource]] = defaultdict(list)
    alone = []
    for source in sources:
        if source.host:
            by_host[source.host].append(source)
        else:
            alone.append([source])
    return [*by_host.values(), *alone]
