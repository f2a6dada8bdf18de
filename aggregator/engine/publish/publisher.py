"""From what is stored to what is served: plan the outputs, make those that changed, put them where readers look.

An output is made again only if it is marked dirty; its files and its ETag change only if its bytes do (rule W3 and
rule W17).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote

import structlog

from aggregator.core.addresses import public_path
from aggregator.core.edition import Edition, KnownVersions, Rendition
from aggregator.core.errors import AggregatorError, PublishError
from aggregator.core.model import CategoryPath, OutputId, SourceNumber
from aggregator.core.records import OutputRecord, RenditionRecord, SourceRecord
from aggregator.core.select.definition import carried_over, definition
from aggregator.core.select.plan import OutputPlan, plan_outputs, touched
from aggregator.engine.publish.archives import ArchiveBuilder, Shelf
from aggregator.engine.publish.fragments import Fragments
from aggregator.engine.publish.posts import Posted, PostPublisher
from aggregator.engine.publish.selection import Selection, build_edition
from aggregator.engine.publish.site_files import IndexPage, Noticeboard, SiteLists
from aggregator.engine.publish.story_pages import Setting, StoryPages
from aggregator.engine.publish.versions import Lookout, VersionHistory, etag_of
from aggregator.engine.runtime import Runtime, Target
from aggregator.engine.threads import DatabaseThread
from aggregator.formats import FORMATS, Format
from aggregator.outlets.disk import DiskOutlet
from aggregator.outlets.encodings import encode
from aggregator.storage import Storage

log = structlog.get_logger()

TOLD = timedelta(days=30)
"""How long outputs tell that an entry was deleted (rule W12)."""


class Board(Shelf, Lookout, Noticeboard, Protocol):
    """Where finished renditions are shown: the server's catalogue, or nothing in the cron form."""

    def put(
        self, rendition: Rendition, encoded: Mapping[str, bytes], *, max_age: int, versions: KnownVersions | None = None
    ) -> None:
        """Serve these bytes from now on; `max_age` is in seconds. `versions` is what they were before."""

    def remove(self, path: str) -> None:
        """Serve this path no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedOutput:
    """One output made again: how many of its files changed, or why it could not be made and stays as it was."""

    output: OutputId
    stories: int = 0
    changed: int = 0
    error: str | None = None
    more: bool = False
    """Its archive is not finished: it is to be made again soon."""


class Publisher:
    """Keeps the public files and the board in step with the store."""

    def __init__(
        self,
        storage: Storage,
        store: DatabaseThread,
        outlet: DiskOutlet,
        board: Board | None,
        index: IndexPage | None,
        *,
        clock: Callable[[], datetime],
        posts: PostPublisher | None = None,
    ) -> None:
        self._storage = storage
        self._in_db = store
        self._outlet = outlet
        self._board = board
        self._clock = clock
        self._posts = posts
        self._plans: tuple[OutputPlan, ...] = ()
        self._planned_for: Runtime | None = None
        self._shown: dict[str, str] = {}
        self._finishing = False
        self._fragments = Fragments()
        self._pages = StoryPages(outlet, self._fragments)
        self._archives = ArchiveBuilder(storage, store, outlet, board, clock=clock)
        self._versions = VersionHistory(storage, clock=clock)
        self._lists = SiteLists(storage, store, outlet, board, index, clock=clock)
        self._slugs: dict[tuple[str, str], str] = {}

    def dirty_for(self, target: Target, paths: list[CategoryPath] | None) -> tuple[OutputId, ...]:
        """The outputs that a change of this source may show in; see `touched`."""
        return touched(self._plans, target.id, paths)

    async def plan(self, runtime: Runtime) -> None:
        """Find out which outputs there are by now; new and redefined ones become dirty, vanished ones are removed.

        Files go before the store forgets them, so that none is left behind by a crash; where they cannot be removed
        the output waits for the next plan.
        """
        kept = await self._in_db(self._replan, runtime)
        if kept is None:
            return
        stuck = set()
        for record in await self._in_db(self._storage.renditions):
            if record.output not in kept:
                try:
                    await self._withdraw(record)
                except PublishError as error:
                    stuck.add(record.output)
                    log.error("retire", output=record.output, path=record.path, error=str(error))
        await self._in_db(self._storage.retire_outputs, [*kept, *stuck])
        await self._sweep()
        await self._sweep_pages(runtime)
        self._planned_for = None if stuck else runtime

    async def publish(
        self, runtime: Runtime, *, is_current: Callable[[], bool] = lambda: True
    ) -> list[PublishedOutput]:
        """Make every dirty output. One that cannot be written stays dirty and keeps its old files.

        Ends early, the output in hand complete, when `is_current` turns false: the world has been replaced.
        """
        await self.plan(runtime)
        await self._expire_tombstones(runtime)
        records = {r.output: r for r in await self._in_db(self._storage.outputs)}
        todo = [plan for plan in self._plans if plan.output in records and records[plan.output].dirty]
        made: list[PublishedOutput] = []
        if todo:
            stored = {r.path: r for r in await self._in_db(self._storage.renditions)}
            sources = {r.state.number: r for r in await self._in_db(self._storage.sources)}
            for plan in todo:
                if self._finishing or not is_current():
                    return made
                made.append(await self._try_output(runtime, plan, records[plan.output], sources, stored))
        await self._lists.publish(runtime, self._plans)
        if made:
            await self._sweep()
        return made

    async def record_late_readers(self) -> None:
        """Take note of the readers seen since last time; windows that are too short for them become dirty."""
        late_readers = self._board.take_late_readers() if self._board else {}
        grown = await self._in_db(self._versions.meet, late_readers)
        if grown:
            await self._in_db(self._storage.mark_dirty, grown)

    async def _expire_tombstones(self, runtime: Runtime) -> None:
        """Deletions that have been told of for long enough are told of no more: the clock itself is in no bytes."""
        rested = await self._in_db(self._storage.expire_tombstones, before=self._clock() - TOLD)
        for number in rested:
            if number in runtime.targets:
                await self._in_db(self._storage.mark_dirty, touched(self._plans, runtime.targets[number].id, None))

    async def _sweep(self) -> None:
        try:
            await self._archives.sweep([plan.output for plan in self._plans])
        except PublishError as error:
            log.error("retire", error=str(error))

    async def _sweep_pages(self, runtime: Runtime) -> None:
        """Remove the pages of stories of sources that are named no more."""
        numbers = frozenset(runtime.targets) if runtime.config.site.entry_pages else frozenset()
        try:
            if not await asyncio.to_thread(self._pages.is_swept_for, numbers):
                wanted = await self._in_db(self._storage.public_ids, numbers)
                await asyncio.to_thread(self._pages.sweep, numbers, wanted)
        except PublishError as error:
            log.error("retire", error=str(error))

    def finish(self) -> None:
        """Complete the output in hand and begin no other; those left stay dirty."""
        self._finishing = True

    async def restore(self, runtime: Runtime) -> bool:
        """Show what was published before this start; files that are missing or altered are made dirty.

        True if there were such.
        """
        lost = await self._catch_up()
        lost |= {plan.output for plan in self._plans if self._posts and self._posts.is_missing(plan)}
        if lost:
            await self._in_db(self._storage.mark_dirty, lost)
        await self._lists.publish(runtime, self._plans)
        return bool(lost)

    async def follow(self, runtime: Runtime) -> None:
        """Show what another process has published over the same store."""
        await self._catch_up()
        await self._lists.publish(runtime, self._plans)

    def forget_plan(self) -> None:
        """Plan anew at the next occasion: another process has written to the store."""
        self._planned_for = None

    async def _catch_up(self) -> set[OutputId]:
        """Bring the board to what the store says is published; the outputs whose files do not agree with it."""
        lost: set[OutputId] = set()
        if not self._plans:
            return lost
        planned = {plan.output for plan in self._plans}
        records = [r for r in await self._in_db(self._storage.renditions) if r.output in planned]
        ages = await self._ages()
        known_versions = await self._in_db(self._versions.known_versions) if self._board else {}
        for record in records:
            if self._board and self._shown.get(record.path) == record.etag:
                continue
            body = await self._read(record.path)
            if body is None or etag_of(body) != record.etag:
                lost.add(record.output)
            elif self._board:
                encoded = await asyncio.to_thread(encode, body)
                versions = known_versions.get(record.path)
                self._put(record, body, encoded, max_age=ages.get(record.output, 0), versions=versions)
        for path in self._shown.keys() - {record.path for record in records}:
            self._take_down(path)
        return lost | (await self._archives.show() & planned)

    async def _read(self, path: str) -> bytes | None:
        """The file; None also if it cannot be read, for then it has to be made again."""
        try:
            return await asyncio.to_thread(self._outlet.read, path)
        except PublishError as error:
            log.error("restore", error=str(error))
            return None

    async def _withdraw(self, record: RenditionRecord) -> None:
        """Publish this file no more. Raises PublishError if it cannot be removed."""
        await asyncio.to_thread(self._outlet.remove, record.path)
        self._take_down(record.path)
        log.info("retire", output=record.output, path=record.path)

    def _put(
        self,
        file: RenditionRecord,
        body: bytes,
        encoded: Mapping[str, bytes],
        *,
        max_age: int,
        versions: KnownVersions | None = None,
    ) -> None:
        if self._board:
            self._board.put(_rendition(file, body), encoded, max_age=max_age, versions=versions)
            self._shown[file.path] = file.etag

    def _take_down(self, path: str) -> None:
        if self._board:
            self._board.remove(path)
            self._shown.pop(path, None)

    def _replan(self, runtime: Runtime) -> set[OutputId] | None:
        """Enter the outputs there are and return their names; None if they are known already."""
        plans = plan_outputs(runtime.config, self._storage.nodes(list(runtime.targets)), self._slug)
        if plans == self._plans and self._planned_for is runtime:
            return None
        stored = self._storage.definitions()
        for plan in plans:
            if plan.output in stored:
                self._carry_over(plan, runtime, stored[plan.output])
            self._storage.put_output(
                plan.output,
                public_id=f"tag:{runtime.authority},{runtime.year}:{quote(plan.name, safe='/')}",
                definition=definition(plan, runtime.config),
                now=self._clock(),
            )
        self._plans = plans
        return {plan.output for plan in plans}

    def _carry_over(self, plan: OutputPlan, runtime: Runtime, stored: str) -> None:
        """Have an output that an earlier release defined as it still is defined so by this one."""
        current = carried_over(stored, plan, runtime.config)
        if current != stored:
            self._storage.redefine_output(plan.output, current)

    def _slug(self, kind: str, name: str, wanted: str) -> str:
        known = self._slugs.get((kind, name))
        if known is None:
            known = self._slugs[kind, name] = self._storage.slug(kind, name, wanted=wanted)
        return known

    async def _try_output(
        self,
        runtime: Runtime,
        plan: OutputPlan,
        record: OutputRecord,
        sources: Mapping[SourceNumber, SourceRecord],
        stored: Mapping[str, RenditionRecord],
    ) -> PublishedOutput:
        """Make one output, so that whatever is wrong with it costs no other output anything."""
        try:
            return await self._publish_output(runtime, plan, record, sources, stored)
        except PublishError as error:
            log.error("publish", output=plan.output, error=str(error))
            return PublishedOutput(output=plan.output, error=str(error))
        except AggregatorError:
            raise
        except Exception as bug:
            log.exception("publish failed by a bug", output=plan.output)
            words = f"a bug of this program ({type(bug).__name__}); the log has the details, please report it"
            return PublishedOutput(output=plan.output, error=f"{plan.output}: {words}")

    async def _publish_output(
        self,
        runtime: Runtime,
        plan: OutputPlan,
        record: OutputRecord,
        sources: Mapping[SourceNumber, SourceRecord],
        stored: Mapping[str, RenditionRecord],
    ) -> PublishedOutput:
        change_seq = await self._in_db(self._storage.last_change_seq)
        selection = Selection(storage=self._storage, runtime=runtime, plan=plan, sources=sources)
        reach = await self._archives.update(selection, record)
        span = await self._in_db(self._versions.span, plan.output)
        edition = await self._in_db(
            build_edition, selection, record, settled=reach.settled, previous=reach.previous, span=span
        )
        made = await asyncio.to_thread(self._generate, edition)
        await asyncio.to_thread(self._pages.update, edition, Setting.of(runtime.config, self._plans))
        now = self._clock().replace(microsecond=0)
        max_age = _max_age(plan, sources.values(), now)
        files = []
        changed = 0
        for format_, pieces in made:
            body = b"".join(pieces)
            file = _record(plan.output, format_, body, now)
            before = stored.get(file.path)
            if before is not None and before.etag == file.etag:
                file = replace(file, modified=before.modified)
            files.append(file)
            was = await asyncio.to_thread(self._outlet.read, file.path)
            versions = await self._in_db(self._versions.note, file, pieces, was, change_seq)
            changed += await self._show(file, body, was, max_age=max_age, versions=versions)
        for before in stored.values():
            if before.output == plan.output and all(before.path != file.path for file in files):
                await self._withdraw(before)
        posted = await self._posts.publish(selection, record, edition) if self._posts else Posted()
        await self._in_db(
            self._storage.put_renditions,
            plan.output,
            files,
            stamp=record.stamp,
            size=len(edition.stories),
            newest=max((s.stored.published or s.stored.first_seen for s in edition.stories), default=None),
        )
        if reach.more or posted.error:
            await self._in_db(self._storage.mark_dirty, [plan.output])
        if changed:
            log.info("publish", output=plan.output, stories=len(edition.stories), files=changed)
        return PublishedOutput(
            output=plan.output,
            stories=len(edition.stories),
            changed=changed + posted.changed,
            more=reach.more,
            error=posted.error,
        )

    async def _show(
        self,
        file: RenditionRecord,
        body: bytes,
        was: bytes | None,
        *,
        max_age: int,
        versions: KnownVersions | None = None,
    ) -> bool:
        """Have these bytes on disk, instead of what was there, and on the board; False if they were there already."""
        is_there = was == body
        if is_there and not self._board:
            return False
        encoded = await asyncio.to_thread(encode, body)
        written = not is_there and await asyncio.to_thread(
            self._outlet.write, file.path, body, encoded, modified=file.modified
        )
        self._put(file, body, encoded, max_age=max_age, versions=versions)
        return written

    def _generate(self, edition: Edition) -> list[tuple[Format, list[bytes]]]:
        """Every format of an edition, in pieces; only unseen stories are rendered, the others' fragments are kept."""
        made = []
        for name in edition.formats:
            format_ = FORMATS[name]
            fragments = [self._fragments.render(format_, story) for story in edition.stories]
            made.append((format_, format_.pieces(edition, fragments)))
        return made

    async def _ages(self) -> dict[OutputId, int]:
        sources = await self._in_db(self._storage.sources)
        return {plan.output: _max_age(plan, sources, self._clock()) for plan in self._plans}


def _max_age(plan: OutputPlan, sources: Iterable[SourceRecord], now: datetime) -> int:
    """Half the time until something new may be expected, in seconds (rule W4)."""
    waits = [r.state.rhythm.interval(now, r.state.span) for r in sources if r.state.source in plan.sources]
    return int(min(waits).total_seconds() / 2) if waits else 0


def _record(output: OutputId, format_: Format, body: bytes, now: datetime) -> RenditionRecord:
    return RenditionRecord(
        path=public_path(output, format_.suffix),
        output=output,
        format=format_.name,
        media_type=format_.media_type,
        etag=etag_of(body),
        modified=now,
        size=len(body),
    )


def _rendition(record: RenditionRecord, body: bytes) -> Rendition:
    return Rendition(
        output=record.output,
        format=record.format,
        path=record.path,
        media_type=record.media_type,
        body=body,
        etag=record.etag,
        modified=record.modified,
    )
