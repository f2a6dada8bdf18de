"""Which sources are visited when: one at a time for each host, many hosts at once (rule P12)."""

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
from aggregator.engine.visit import Visitor, VisitReport
from aggregator.storage import SourceStore

LEASE = timedelta(minutes=10)
"""Longer than any visit may take; the leases of a run that was killed end after this."""
SPACING = 1.0
"""Seconds between two requests to one public host (rule P12)."""
MANUAL_FLOOR = timedelta(minutes=5)
"""The least time between two visits to a public source that are asked for by hand (rule P13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollLimits:
    """How many visits are made."""

    visits: int = 16
    """At once."""
    per_host: int = 50
    """To one host in one round, so that many sources there do not crowd out others."""
    round: int = 1000
    """In one round."""


class Poller:
    """Visits what is due. `sleep` waits for so many seconds; `token` is this run's name in its leases."""

    def __init__(
        self,
        storage: SourceStore,
        in_db: DatabaseThread,
        visitor: Visitor,
        publisher: Publisher,
        *,
        clock: Callable[[], datetime],
        token: str,
        limits: PollLimits | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._storage = storage
        self._in_db = in_db
        self._visitor = visitor
        self._publisher = publisher
        self._clock = clock
        self._token = token
        self._limits = limits or PollLimits()
        self._sleep = sleep
        self._slots = asyncio.Semaphore(self._limits.visits)
        self._busy: set[SourceId] = set()
        self._hosts: set[str] = set()

    async def due(self, runtime: Runtime) -> list[ActiveSource]:
        """What is due, not being visited and not on hold, the longest overdue first, within the limits (rule P12)."""
        now = self._clock()
        listed = await self._in_db(self._storage.due, now=now)
        sources = [runtime.sources[due.number] for due in listed if due.number in runtime.sources]
        enabled = [source for source in sources if source.config.enabled]
        free = [source for source in enabled if source.id not in self._busy and source.host not in self._hosts]
        allowed = await self._without_holds(free, now)
        hosts = {source.address: source.host for source in allowed if source.host}
        return list(choose_due(allowed, host_of=hosts, per_host=self._limits.per_host, limit=self._limits.round))

    async def manual(self, sources: Iterable[ActiveSource]) -> tuple[list[ActiveSource], list[ActiveSource]]:
        """Of sources to be visited by hand: those that may be visited now, and those that have to wait (rule P13)."""
        now = self._clock()
        wanted = list(sources)
        allowed = await self._without_holds(wanted, now)
        states = {record.state.number: record.state for record in await self._in_db(self._storage.sources)}
        chosen = []
        for source in allowed:
            last = states[source.number].last_poll
            if source.host is None or last is None or not timedelta() <= now - last < MANUAL_FLOOR:
                chosen.append(source)
        ids = {source.id for source in chosen}
        return chosen, [source for source in wanted if source.id not in ids]

    async def visit(
        self,
        runtime: Runtime,
        sources: Sequence[ActiveSource],
        done: Callable[[VisitReport], None] = lambda _: None,
        *,
        only_due: bool = False,
        accept: bool = False,
    ) -> list[VisitReport]:
        """Visit these, those of one host one after another; `done` is called with each report as it comes.

        Sources that are on hold or leased by another run are left out of the reports, and with `only_due` those that
        another run has visited meanwhile. With `accept` a feed may
        have been taken over (rule R6). On cancellation running visits are cancelled and their leases released.
        Raises StorageError.
        """
        reports: list[VisitReport] = []

        async def visit_in_turn(queue: list[ActiveSource]) -> None:
            for index, source in enumerate(queue):
                if index and source.host:
                    await self._sleep(SPACING)
                async with self._slots:
                    report = await self._visit_one(runtime, source, only_due=only_due, accept=accept)
                if report is not None:
                    reports.append(report)
                    done(report)

        queues = _queues(sources)
        self._mark_busy(sources)
        try:
            async with asyncio.TaskGroup() as group:
                for queue in queues:
                    group.create_task(visit_in_turn(queue))
        except BaseExceptionGroup as group:
            raise _first(group) from None
        finally:
            self._mark_free(sources)
        return reports

    async def _visit_one(
        self, runtime: Runtime, source: ActiveSource, *, only_due: bool, accept: bool
    ) -> VisitReport | None:
        now = self._clock()
        if source.host and await self._without_holds([source], now) == []:
            return None
        leases = await self._in_db(
            self._storage.claim, [source.number], now=now, until=now + LEASE, token=self._token, only_due=only_due
        )
        if not leases:
            return None
        try:
            affected = self._publisher.dirty_for
            return await self._visitor.visit_source(runtime, source, leases[0], affected, accept=accept)
        except asyncio.CancelledError:
            await asyncio.shield(self._in_db(self._storage.release, leases))
            raise

    async def _without_holds(self, sources: Collection[ActiveSource], now: datetime) -> list[ActiveSource]:
        if not any(source.host for source in sources):
            return list(sources)
        holds = await self._in_db(self._storage.holds, now=now)
        return [s for s in sources if not holds or s.host is None or registrable(s.host) not in holds]

    def _mark_busy(self, sources: Iterable[ActiveSource]) -> None:
        for source in sources:
            self._busy.add(source.id)
            if source.host:
                self._hosts.add(source.host)

    def _mark_free(self, sources: Iterable[ActiveSource]) -> None:
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
