"""Which outputs there are: planned from feeds.toml and the stored categories; those that vanish are retired."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote

import structlog

from aggregator.core.errors import PublishError
from aggregator.core.model import CategoryPath, OutputId
from aggregator.core.records import RenditionRecord, SourceRecord
from aggregator.core.select.definition import carried_over, definition
from aggregator.core.select.plan import OutputPlan, plan_outputs, touched
from aggregator.engine.publish.archives import ArchiveBuilder
from aggregator.engine.publish.publication import Publication
from aggregator.engine.publish.story_pages import StoryPages
from aggregator.engine.runtime import ActiveSource, Runtime
from aggregator.engine.threads import DatabaseThread
from aggregator.storage import EntryStore, OutputStore

log = structlog.get_logger()

TOMBSTONE_AGE = timedelta(days=30)
"""How long outputs show the tombstone of a deleted entry (rule W12)."""


class PlanStore(OutputStore, EntryStore, Protocol):
    """What planning reads and writes."""


class Outputs:
    """Plans the outputs, and removes those that are planned no longer."""

    def __init__(
        self,
        storage: PlanStore,
        in_db: DatabaseThread,
        publication: Publication,
        archives: ArchiveBuilder,
        pages: StoryPages,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self.plans: tuple[OutputPlan, ...] = ()
        """As of the last `plan`; empty before the first."""
        self._storage = storage
        self._in_db = in_db
        self._publication = publication
        self._archives = archives
        self._pages = pages
        self._clock = clock
        self._planned_for: Runtime | None = None
        self._slugs: dict[tuple[str, str], str] = {}

    def dirty_for(self, source: ActiveSource, paths: list[CategoryPath] | None) -> tuple[OutputId, ...]:
        """The outputs that a change of this source may show in; see `touched`."""
        return touched(self.plans, source.id, paths)

    def forget_plan(self) -> None:
        """Make the next `plan` plan again: another process has written to the store."""
        self._planned_for = None

    async def plan(self, runtime: Runtime) -> None:
        """Plan the outputs; new and redefined ones become dirty, those that are planned no longer are removed.

        Files are removed before their records, so that a crash leaves none behind; if they cannot be removed, the
        output stays until the next plan. Raises StorageError.
        """
        planned = await self._in_db(self._enter, runtime)
        if planned is None:
            return
        stuck = set()
        for record in await self._in_db(self._storage.renditions):
            if record.output not in planned:
                try:
                    await self.withdraw(record)
                except PublishError as error:
                    stuck.add(record.output)
                    log.error("retire", output=record.output, path=record.path, error=str(error))
        await self._in_db(self._storage.retire_outputs, [*planned, *stuck])
        await self.sweep_archives()
        await self._sweep_pages(runtime)
        self._planned_for = None if stuck else runtime

    async def withdraw(self, record: RenditionRecord) -> None:
        """Remove this file from disk and catalogue. Raises PublishError if it cannot be removed."""
        await self._publication.remove(record.path)
        log.info("retire", output=record.output, path=record.path)

    async def sweep_archives(self) -> None:
        """Remove archive documents that no output links to; those that cannot be removed stay until the next time."""
        try:
            await self._archives.sweep([plan.output for plan in self.plans])
        except PublishError as error:
            log.error("retire", error=str(error))

    async def expire_tombstones(self, runtime: Runtime) -> None:
        """End tombstones that are 30 days old, and make their outputs dirty (rule W12).

        Outputs depend on what is stored, never on the clock: the same store gives the same bytes (rule W3).
        """
        sources = await self._in_db(self._storage.expire_tombstones, before=self._clock() - TOMBSTONE_AGE)
        for number in sources:
            if number in runtime.sources:
                await self._in_db(self._storage.mark_dirty, self.dirty_for(runtime.sources[number], None))

    async def _sweep_pages(self, runtime: Runtime) -> None:
        """Remove the story pages of sources that are not in feeds.toml any longer."""
        numbers = frozenset(runtime.sources) if runtime.config.site.entry_pages else frozenset()
        try:
            if not await asyncio.to_thread(self._pages.is_swept_for, numbers):
                wanted = await self._in_db(self._storage.public_ids, numbers)
                await asyncio.to_thread(self._pages.sweep, numbers, wanted)
        except PublishError as error:
            log.error("retire", error=str(error))

    def _enter(self, runtime: Runtime) -> set[OutputId] | None:
        """Store the planned outputs and return their ids; None if the plan is up to date. Blocking."""
        plans = plan_outputs(runtime.config, self._storage.nodes(list(runtime.sources)), self._slug)
        if plans == self.plans and self._planned_for is runtime:
            return None
        stored = self._storage.definitions()
        for plan in plans:
            current = definition(plan, runtime.config)
            before = stored.get(plan.output, current)
            if before != current and (same := carried_over(before, plan, runtime.config)) != before:
                self._storage.redefine_output(plan.output, same)
            self._storage.put_output(
                plan.output,
                public_id=f"tag:{runtime.authority},{runtime.year}:{quote(plan.name, safe='/')}",
                definition=current,
                now=self._clock(),
            )
        self.plans = plans
        return {plan.output for plan in plans}

    def _slug(self, kind: str, name: str, wanted: str) -> str:
        known = self._slugs.get((kind, name))
        if known is None:
            known = self._slugs[kind, name] = self._storage.slug(kind, name, wanted=wanted)
        return known


def max_age(plan: OutputPlan, sources: Iterable[SourceRecord], now: datetime) -> int:
    """Half the time until something new may be expected, in seconds (rule W4)."""
    waits = [r.state.rhythm.interval(now, r.state.span) for r in sources if r.state.source in plan.sources]
    return int(min(waits).total_seconds() / 2) if waits else 0
