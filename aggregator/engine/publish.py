"""From what is stored to what is served: plan the outputs, make those that changed, put them where readers look.

An output is made again only if it is marked dirty; its files and its ETag change only if its bytes do (W3, W17).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

import structlog

from aggregator.core.edition import Edition, Rendition
from aggregator.core.errors import PublishError
from aggregator.core.listing import OutputInfo, SiteInfo
from aggregator.core.model import CategoryPath, OutputId, SourceNumber
from aggregator.core.select.plan import OutputPlan, plan_outputs, touched
from aggregator.engine.editions import build_edition
from aggregator.engine.fragments import Fragments
from aggregator.engine.listing import output_infos, site_info, subscriptions
from aggregator.engine.threads import StoreThread
from aggregator.engine.world import Target, World
from aggregator.formats import FORMATS, Format, public_path
from aggregator.formats.opml import MEDIA_TYPE as OPML_TYPE
from aggregator.formats.opml import render_opml
from aggregator.outlets.disk import DiskOutlet
from aggregator.outlets.encodings import encode
from aggregator.storage import OutputRecord, RenditionRecord, SourceRecord, Storage

log = structlog.get_logger()

OPML_PATH = "outputs.opml"
INDEX_PATH = "index.html"

IndexPage = Callable[[SiteInfo, Sequence[OutputInfo]], bytes]
"""Renders the page that lists all outputs."""


class Board(Protocol):
    """Where finished renditions are shown: the server's catalogue, or nothing in the cron form."""

    def put(self, rendition: Rendition, encoded: Mapping[str, bytes], *, max_age: int) -> None:
        """Serve these bytes from now on; `max_age` is in seconds."""

    def remove(self, path: str) -> None:
        """Serve this path no more."""

    def replace_index(self, outputs: Iterable[OutputInfo]) -> None:
        """List exactly these outputs, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One output made again: how many of its files changed."""

    output: OutputId
    stories: int
    changed: int


class Publisher:
    """Keeps the public files and the board in step with the store."""

    def __init__(
        self,
        storage: Storage,
        store: StoreThread,
        outlet: DiskOutlet,
        board: Board | None,
        index: IndexPage | None,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self._store = store
        self._outlet = outlet
        self._board = board
        self._index = index
        self._clock = clock
        self._plans: tuple[OutputPlan, ...] = ()
        self._planned_for: World | None = None
        self._listed: tuple[object, ...] | None = None
        self._finishing = False
        self._fragments = Fragments()
        self._slugs: dict[tuple[str, str], str] = {}

    def dirty_for(self, target: Target, paths: list[CategoryPath]) -> tuple[OutputId, ...]:
        """The outputs that a change of this source may show in."""
        return touched(self._plans, target.id, paths)

    async def plan(self, world: World) -> None:
        """Find out which outputs there are by now; new and redefined ones become dirty, vanished ones are removed."""
        for record in await self._store(self._replan, world):
            await asyncio.to_thread(self._outlet.remove, record.path)
            if self._board:
                self._board.remove(record.path)
            log.info("retire", output=record.output, path=record.path)

    async def publish(self, world: World) -> list[Published]:
        """Make every dirty output. One that cannot be written stays dirty and keeps its old files."""
        await self.plan(world)
        records = {r.output: r for r in await self._store(self._storage.outputs)}
        todo = [plan for plan in self._plans if records[plan.output].dirty]
        made = []
        if todo:
            stored = {r.path: r for r in await self._store(self._storage.renditions)}
            sources = {r.state.number: r for r in await self._store(self._storage.sources)}
            for plan in todo:
                if self._finishing:
                    break
                try:
                    made.append(await self._publish_output(world, plan, records[plan.output], sources, stored))
                except PublishError as error:
                    log.error("publish", output=plan.output, error=str(error))
        await self._publish_lists(world)
        return made

    def finish(self) -> None:
        """Complete the output in hand and begin no other; those left stay dirty."""
        self._finishing = True

    async def restore(self, world: World) -> None:
        """Show what was published before this start; files that are missing or altered are made again."""
        lost: set[OutputId] = set()
        ages = await self._ages()
        for record in await self._store(self._storage.renditions):
            body = await asyncio.to_thread(self._outlet.read, record.path)
            if body is None or etag_of(body) != record.etag:
                lost.add(record.output)
            elif self._board:
                encoded = await asyncio.to_thread(encode, body)
                self._board.put(_rendition(record, body), encoded, max_age=ages.get(record.output, 0))
        if lost:
            await self._store(self._storage.mark_dirty, lost)
        await self._publish_lists(world)

    def _replan(self, world: World) -> list[RenditionRecord]:
        plans = plan_outputs(world.config, self._storage.nodes(list(world.targets)), self._slug)
        if plans == self._plans and self._planned_for is world:
            return []
        assigned = sorted(map(str, world.assigned.items()))
        names = sorted((target.id, target.config.title) for target in world.targets.values())
        for plan in plans:
            self._storage.put_output(
                plan.output,
                public_id=f"tag:{world.authority},{world.year}:{quote(plan.output, safe='/')}",
                definition=plan.definition(site_url=world.config.site.url, assigned=assigned, names=names),
                now=self._clock(),
            )
        self._plans, self._planned_for = plans, world
        return self._storage.retire_outputs([plan.output for plan in plans])

    def _slug(self, kind: str, name: str, wanted: str) -> str:
        known = self._slugs.get((kind, name))
        if known is None:
            known = self._slugs[kind, name] = self._storage.slug(kind, name, wanted=wanted)
        return known

    async def _publish_output(
        self,
        world: World,
        plan: OutputPlan,
        record: OutputRecord,
        sources: Mapping[SourceNumber, SourceRecord],
        stored: Mapping[str, RenditionRecord],
    ) -> Published:
        edition = await self._store(build_edition, self._storage, world, plan, record, sources)
        bodies = await asyncio.to_thread(self._generate, edition)
        now = self._clock().replace(microsecond=0)
        max_age = _max_age(plan, sources.values(), now)
        files = []
        changed = 0
        for format_, body in bodies:
            file = _record(plan.output, format_, body, now)
            before = stored.get(file.path)
            if before is not None and before.etag == file.etag:
                file = replace(file, modified=before.modified)
            files.append(file)
            changed += await self._show(file, body, max_age=max_age)
        await self._store(
            self._storage.put_renditions,
            plan.output,
            files,
            stamp=record.stamp,
            size=len(edition.stories),
            newest=max((s.stored.published or s.stored.first_seen for s in edition.stories), default=None),
        )
        if changed:
            log.info("publish", output=plan.output, stories=len(edition.stories), files=changed)
        return Published(output=plan.output, stories=len(edition.stories), changed=changed)

    async def _show(self, file: RenditionRecord, body: bytes, *, max_age: int) -> bool:
        """Have these bytes on disk and on the board; False if they were there already."""
        if await asyncio.to_thread(self._outlet.read, file.path) == body:
            encoded = await asyncio.to_thread(encode, body) if self._board else {}
            written = False
        else:
            encoded = await asyncio.to_thread(encode, body)
            written = await asyncio.to_thread(self._outlet.write, file.path, body, encoded, modified=file.modified)
        if self._board:
            self._board.put(_rendition(file, body), encoded, max_age=max_age)
        return written

    def _generate(self, edition: Edition) -> list[tuple[Format, bytes]]:
        """Every format of an edition; kept fragments are joined, only unseen stories are rendered."""
        made = []
        for name in edition.formats:
            format_ = FORMATS[name]
            fragments = [self._fragments.render(format_, story) for story in edition.stories]
            made.append((format_, format_.assemble(edition, fragments)))
        return made

    async def _publish_lists(self, world: World) -> None:
        """The index page and the OPML list, made again when what they show has changed."""
        outputs = await self._store(output_infos, self._storage, self._plans)
        if self._board:
            self._board.replace_index(outputs)
        shown = (world.config.site, tuple(replace(o, entries=0, newest=None) for o in outputs))
        if self._index:
            page = await asyncio.to_thread(self._index, site_info(world.config), outputs)
            await asyncio.to_thread(self._outlet.write, INDEX_PATH, page, encode(page))
        if shown == self._listed:
            return
        records = await self._store(self._storage.outputs)
        modified = max((r.configured_at for r in records), default=self._clock()).replace(microsecond=0)
        site = world.config.site
        body = render_opml(subscriptions(site.url, outputs), title=site.title, modified=modified)
        file = RenditionRecord(
            path=OPML_PATH,
            output=OutputId(""),
            format="opml",
            media_type=OPML_TYPE,
            etag=etag_of(body),
            modified=modified,
            size=len(body),
        )
        await self._show(file, body, max_age=0)
        self._listed = shown

    async def _ages(self) -> dict[OutputId, int]:
        sources = await self._store(self._storage.sources)
        return {plan.output: _max_age(plan, sources, self._clock()) for plan in self._plans}


def etag_of(body: bytes) -> str:
    """The strong ETag of these bytes, quoted (W4)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _max_age(plan: OutputPlan, sources: Iterable[SourceRecord], now: datetime) -> int:
    """Half the time until something new may be expected, in seconds (W4)."""
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
