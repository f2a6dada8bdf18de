"""Publishing: every output that is marked dirty is made again from the store.

Its files and their ETags change only if their bytes do (rules W3 and W17).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from aggregator.core.edition import Edition
from aggregator.core.errors import AggregatorError, PublishError
from aggregator.core.model import CategoryPath, OutputId
from aggregator.core.records import OutputRecord, RenditionRecord
from aggregator.core.select.plan import OutputPlan
from aggregator.engine.publish.archives import ArchiveBuilder, ArchiveEnd
from aggregator.engine.publish.fragments import Fragments
from aggregator.engine.publish.outputs import Outputs, max_age
from aggregator.engine.publish.posts import Posted, PostPublisher
from aggregator.engine.publish.publication import LiveCatalogue, Publication
from aggregator.engine.publish.render import RenderedFile, render_edition
from aggregator.engine.publish.selection import Selection, build_edition
from aggregator.engine.publish.site_files import IndexPage, SiteFiles
from aggregator.engine.publish.story_pages import StoryPageContext, StoryPages
from aggregator.engine.publish.versions import VersionHistory
from aggregator.engine.runtime import ActiveSource, Runtime
from aggregator.engine.threads import DatabaseThread
from aggregator.outlets.disk import DiskOutlet
from aggregator.storage import ArchiveStore, EntryStore, OutputStore, ReaderStore, SourceStore

log = structlog.get_logger()


class PublishStore(SourceStore, EntryStore, OutputStore, ArchiveStore, ReaderStore, Protocol):
    """What publishing reads and writes: all but visits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedOutput:
    """An output that was made again: how many of its files changed, or the error for which it stays as it was."""

    output: OutputId
    stories: int = 0
    changed: int = 0
    error: str | None = None
    more: bool = False
    """Its archive is not finished: it is to be made again soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One output that is to be made, and what it is made from."""

    record: OutputRecord
    selection: Selection
    before: Mapping[str, RenditionRecord]
    """By path: its files as the store knows them."""

    @property
    def plan(self) -> OutputPlan:
        return self.selection.plan


class Publisher:
    """Keeps the public files, and the catalogue if a server runs in this process, up to date with the store.

    No two of its coroutines may run at the same time. All raise StorageError.
    """

    def __init__(
        self,
        storage: PublishStore,
        in_db: DatabaseThread,
        outlet: DiskOutlet,
        catalogue: LiveCatalogue | None,
        index: IndexPage | None,
        *,
        clock: Callable[[], datetime],
        posts: PostPublisher | None = None,
    ) -> None:
        self._storage = storage
        self._in_db = in_db
        self._clock = clock
        self._posts = posts
        self._fragments = Fragments()
        self._versions = VersionHistory(storage, clock=clock)
        self._publication = Publication(in_db, self._versions, outlet, catalogue)
        self._archives = ArchiveBuilder(storage, in_db, self._publication, clock=clock)
        self._pages = StoryPages(outlet, self._fragments)
        self._outputs = Outputs(storage, in_db, self._publication, self._archives, self._pages, clock=clock)
        self._site_files = SiteFiles(storage, in_db, self._publication, index, clock=clock)
        self._finishing = False

    def dirty_for(self, source: ActiveSource, paths: list[CategoryPath] | None) -> tuple[OutputId, ...]:
        """The outputs that a change of this source may show in; see `touched`."""
        return self._outputs.dirty_for(source, paths)

    async def plan(self, runtime: Runtime) -> None:
        """See `Outputs.plan`."""
        await self._outputs.plan(runtime)

    def forget_plan(self) -> None:
        """Plan again at the next occasion: another process has written to the store."""
        self._outputs.forget_plan()

    def finish(self) -> None:
        """Complete the current output and begin no other; those left stay dirty."""
        self._finishing = True

    async def publish(
        self, runtime: Runtime, *, is_current: Callable[[], bool] = lambda: True
    ) -> list[PublishedOutput]:
        """Make every dirty output. One that cannot be written stays dirty and keeps its old files.

        Ends after the current output if `is_current` becomes false: another configuration is in force.
        """
        await self._outputs.plan(runtime)
        await self._outputs.expire_tombstones(runtime)
        made: list[PublishedOutput] = []
        for job in await self._in_db(self._dirty_outputs, runtime):
            if self._finishing or not is_current():
                return made
            made.append(await self._try_output(job))
        await self._site_files.publish(runtime, self._outputs.plans)
        if made:
            await self._outputs.sweep_archives()
        return made

    async def record_late_readers(self) -> None:
        """Store how late the readers seen since last time were; windows that are too short for them become dirty."""
        late_readers = self._publication.take_late_readers()
        grown = await self._in_db(self._versions.record_late_readers, late_readers)
        if grown:
            await self._in_db(self._storage.mark_dirty, grown)

    async def restore(self, runtime: Runtime) -> bool:
        """Show what was published before this start; outputs whose files are missing or altered are made dirty.

        True if there were such.
        """
        lost = await self._catch_up()
        lost |= {plan.output for plan in self._outputs.plans if self._posts and self._posts.is_missing(plan)}
        if lost:
            await self._in_db(self._storage.mark_dirty, lost)
        await self._site_files.publish(runtime, self._outputs.plans)
        return bool(lost)

    async def follow(self, runtime: Runtime) -> None:
        """Show what another process has published over the same store."""
        await self._catch_up()
        await self._site_files.publish(runtime, self._outputs.plans)

    async def _catch_up(self) -> set[OutputId]:
        """Show exactly what the store lists as published; returns the outputs whose files are missing or altered."""
        plans = {plan.output: plan for plan in self._outputs.plans}
        records = [r for r in await self._in_db(self._storage.renditions) if r.output in plans]
        ages: dict[OutputId, int] = {}
        if self._publication.has_catalogue:
            sources = await self._in_db(self._storage.sources)
            now = self._clock()
            ages = {output: max_age(plan, sources, now) for output, plan in plans.items()}
        lost = await self._publication.restore(records, ages)
        archives, lost_archives = await self._archives.restore()
        self._publication.hide_others({*(record.path for record in records), *archives})
        return lost | (lost_archives & plans.keys())

    def _dirty_outputs(self, runtime: Runtime) -> list[_Job]:
        """The outputs that are to be made, in the order of the plans. Blocking."""
        records = {r.output: r for r in self._storage.outputs() if r.dirty}
        todo = [plan for plan in self._outputs.plans if plan.output in records]
        if not todo:
            return []
        sources = {r.state.number: r for r in self._storage.sources()}
        before: dict[OutputId, dict[str, RenditionRecord]] = {plan.output: {} for plan in todo}
        for rendition in self._storage.renditions():
            before.get(rendition.output, {})[rendition.path] = rendition
        return [
            _Job(
                record=records[plan.output],
                selection=Selection(storage=self._storage, runtime=runtime, plan=plan, sources=sources),
                before=before[plan.output],
            )
            for plan in todo
        ]

    async def _try_output(self, job: _Job) -> PublishedOutput:
        """Make one output; an error or a bug in it is logged and does not stop the others."""
        output = job.plan.output
        try:
            return await self._publish_output(job)
        except PublishError as error:
            log.error("publish", output=output, error=str(error))
            return PublishedOutput(output=output, error=str(error))
        except AggregatorError:
            raise
        except Exception as bug:
            log.exception("publish failed by a bug", output=output)
            words = f"a bug of this program ({type(bug).__name__}); the log has the details, please report it"
            return PublishedOutput(output=output, error=f"{output}: {words}")

    async def _publish_output(self, job: _Job) -> PublishedOutput:
        """Write and show the files, then record them in the store, so that a crash leaves the output dirty."""
        change_seq = await self._in_db(self._storage.last_change_seq)
        archive = await self._archives.update(job.selection, job.record)
        edition = await self._in_db(self._edition, job, archive)
        files = await asyncio.to_thread(self._render, job, edition)
        changed = await self._publish_files(job, files, change_seq)
        posted = await self._posts.publish(job.selection, job.record, edition) if self._posts else Posted()
        await self._in_db(self._record, job, edition, files)
        if archive.more or posted.error:
            await self._in_db(self._storage.mark_dirty, [edition.output])
        if changed:
            log.info("publish", output=edition.output, stories=len(edition.stories), files=changed)
        return PublishedOutput(
            output=edition.output,
            stories=len(edition.stories),
            changed=changed + posted.changed,
            more=archive.more,
            error=posted.error,
        )

    def _edition(self, job: _Job, archive: ArchiveEnd) -> Edition:
        """The edition, from what is stored now. Blocking."""
        span = self._versions.span(job.plan.output)
        return build_edition(
            job.selection, job.record, archived_to=archive.archived_to, previous=archive.previous, span=span
        )

    def _render(self, job: _Job, edition: Edition) -> list[RenderedFile[RenditionRecord]]:
        """The files of an edition, the pages of its stories written. Blocking; raises PublishError."""
        files = render_edition(edition, self._fragments, self._clock().replace(microsecond=0))
        context = StoryPageContext.of(job.selection.runtime.config, self._outputs.plans)
        self._pages.update(edition, context)
        return [_dated(file, job.before.get(file.record.path)) for file in files]

    async def _publish_files(self, job: _Job, files: Sequence[RenderedFile[RenditionRecord]], change_seq: int) -> int:
        """Publish these files and no others of the output; how many were written. Raises PublishError."""
        age = max_age(job.plan, job.selection.sources.values(), self._clock().replace(microsecond=0))
        changed = 0
        for file in files:
            changed += await self._publication.publish(file, max_age=age, change_seq=change_seq)
        paths = {file.record.path for file in files}
        for record in job.before.values():
            if record.path not in paths:
                await self._outputs.withdraw(record)
        return changed

    def _record(self, job: _Job, edition: Edition, files: Sequence[RenderedFile[RenditionRecord]]) -> None:
        """Record in the store what was published. Blocking."""
        self._storage.put_renditions(
            edition.output,
            [file.record for file in files],
            stamp=job.record.stamp,
            size=len(edition.stories),
            newest=max((s.stored.published or s.stored.first_seen for s in edition.stories), default=None),
        )


def _dated(file: RenderedFile[RenditionRecord], before: RenditionRecord | None) -> RenderedFile[RenditionRecord]:
    """The file with the date it was published at before, if its bytes are the same."""
    if before is None or before.etag != file.record.etag:
        return file
    return replace(file, record=replace(file.record, modified=before.modified))
