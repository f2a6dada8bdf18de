"""The wiring: reads feeds.toml, builds everything, and is the only module that names concrete kinds.

Also the one place where the program reads the wall clock and draws random numbers; both are handed down from here.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from aggregator import __version__
from aggregator.core.config.read import read_config
from aggregator.core.config.tables import Config
from aggregator.core.config.text import missing
from aggregator.core.errors import AggregatorError, ConfigError, Problem, StorageError
from aggregator.core.model import OutputId, SourceId, StoredEntry
from aggregator.core.records import Removal, RemovalOrigin
from aggregator.core.select.category_paths import own_paths
from aggregator.core.site_status import SiteInfo, StatusReport
from aggregator.engine.metrics import Counters, StatusCollector
from aggregator.engine.poll import Poller, PollLimits
from aggregator.engine.publish.posts import PostPublisher
from aggregator.engine.publish.publisher import Board, PublishedOutput, Publisher
from aggregator.engine.publish.site_files import IndexPage
from aggregator.engine.runtime import Runtime, Target, build_runtime
from aggregator.engine.status import site_info
from aggregator.engine.threads import DatabaseThread, WorkerPool
from aggregator.engine.ticker import Ticker
from aggregator.engine.visit import Refresher, VisitReport
from aggregator.outlets.disk import DiskOutlet
from aggregator.sources.http import Transport
from aggregator.sources.registry import OpenSources, SourceFactory, SourceSettings
from aggregator.storage import Storage
from aggregator.storage.opening import open_storage

log = structlog.get_logger()

DATABASE = "aggregator.sqlite3"
PUBLIC = "public"
POSTS = "posts"
WATCH_SECONDS = 0.5
TICK_SECONDS = 1.0
STATUS_SECONDS = 3.0
READER_SECONDS = 60.0
UPKEEP_SECONDS = 3600.0
AGAIN_SECONDS = 15.0
"""After so long, outputs that could not be made are tried again."""
ATTEMPTS_KEPT = 50


def wall_clock() -> datetime:
    """The system's time, in UTC. Nothing else in the program asks for it."""
    return datetime.now(UTC)


def load_config(path: Path) -> Config:
    """Read feeds.toml. Raises ConfigError with all that is wrong, or because it cannot be read at all."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise missing(str(path)) from None
    except OSError as error:
        raise ConfigError(str(path), [Problem(message=f"it cannot be read: {error.strerror}")]) from error
    return read_config(text, file=str(path))


def user_agent(config: Config) -> str:
    """What sources see of us (rule P15)."""
    return config.network.user_agent or f"feed-aggregator/{__version__} (+{config.contact})"


class App:
    """A running aggregator. Made by `open_app`; all its methods belong to the event loop that opened it."""

    def __init__(
        self,
        *,
        config_path: Path,
        runtime: Runtime,
        storage: Storage,
        store: DatabaseThread,
        poller: Poller,
        publisher: Publisher,
        factory: Callable[[Config], SourceFactory],
        clock: Callable[[], datetime],
        seen: Stamp,
        collector: StatusCollector,
        public: Path,
    ) -> None:
        self.runtime = runtime
        self.config_error: ConfigError | None = None
        self.clock = clock
        self.public = public
        self._config_path = config_path
        self._storage = storage
        self._in_db = store
        self._poller = poller
        self._publisher = publisher
        self._factory = factory
        self._seen = seen
        self._visits: set[asyncio.Task[None]] = set()
        self._publishing = asyncio.Lock()
        self._status = StatusReport(now=clock(), ok=True)
        self._collector = collector
        self._counters = Counters()
        self._troubles: dict[str, str] = {}
        self._changes: int | None = None
        self._is_stale = True
        self._published_at = 0.0

    # -- one pass ------------------------------------------------------------------------------------------------
    async def poll(
        self,
        *,
        force: bool = False,
        only: Iterable[SourceId] = (),
        accept: bool = False,
        begin: Callable[[int], None] = lambda _: None,
        done: Callable[[VisitReport], None] = lambda _: None,
    ) -> tuple[list[VisitReport], list[SourceId]]:
        """Visit what is due (with `force`, everything; with `only`, no others) until nothing more is due.

        With `accept`, sources of `only` may have become somebody else's.
        Returns a report for each visit, and the sources that were asked for by hand but must be left alone for now.
        `begin` is told how many visits a round has, `done` of each that ended.
        """
        chosen = set(only)
        if force or chosen:
            targets = [t for t in self.runtime.targets.values() if not chosen or t.id in chosen]
            allowed, waiting = await self._poller.manual([t for t in targets if t.config.enabled])
            begin(len(allowed))
            reports = await self._poller.visit(self.runtime, allowed, done, accept=accept and bool(chosen))
            visited = {report.source for report in reports}
            return reports, [t.id for t in waiting] + [t.id for t in allowed if t.id not in visited]
        reports = []
        tried: set[SourceId] = set()
        while due := [t for t in await self._poller.due(self.runtime) if t.id not in tried]:
            tried.update(t.id for t in due)
            begin(len(due))
            reports += await self._poller.visit(self.runtime, due, done)
        return reports, []

    async def publish(self) -> list[PublishedOutput]:
        """Make every output whose selection may have changed."""
        async with self._publishing:
            runtime = self.runtime
            made = await self._publisher.publish(runtime, is_current=lambda: self.runtime is runtime)
        self._counters.published(made)
        self._note("publish", next((p.error for p in made if p.error), None))
        self._is_stale = self._is_stale or any(p.more for p in made)
        return made

    async def find(self, text: str) -> list[StoredEntry]:
        """Entries whose link, id or key is `text`, else whose title contains it; newest first."""
        return await self._in_db(self._storage.find, text)

    async def remove(self, entries: Sequence[StoredEntry], *, why: str | None = None) -> int:
        """Delete these entries; returns how many were not deleted already. Outputs say so once they are published.

        They do not come back unless their source updates them afterwards (rule I10).
        """
        now = self.clock()
        outputs: set[OutputId] = set()
        for entry in entries:
            target = self.runtime.targets.get(entry.number)
            if target is not None:
                outputs.update(self._publisher.dirty_for(target, list(own_paths(entry.entry))))
        removals = [Removal(seq=e.seq, at=now, origin=RemovalOrigin.OPERATOR, why=why) for e in entries]
        return len(await self._in_db(self._storage.remove, removals, outputs))

    async def restore(self) -> None:
        """Show what was published before; what of it was lost or altered is made again."""
        # before reading: what another process writes meanwhile is seen as a change
        self._changes = await self._in_db(self._storage.changes)
        async with self._publishing:
            is_incomplete = await self._publisher.restore(self.runtime)
        if is_incomplete:
            await self.publish()

    def finish(self) -> None:
        """Complete the output in hand and begin no other. May be called from a signal handler of the loop."""
        self._publisher.finish()

    @property
    def site(self) -> SiteInfo:
        """The [site] table in force, as pages need it."""
        return site_info(self.runtime.config)

    @property
    def status(self) -> StatusReport:
        """How everything was doing a few seconds ago; never blocks."""
        return replace(
            self._status,
            now=self.clock(),
            ok=not self._troubles,
            problems=self._problems(),
            counters=self._counters.counts,
        )

    # -- the daemon ----------------------------------------------------------------------------------------------
    async def run(self, stop: asyncio.Event) -> None:
        """Poll, publish and follow edits until `stop` is set; then give up visits and finish the write in hand."""
        ticker = Ticker(self._note)
        ticker.every(TICK_SECONDS, "poll", self._tick)
        ticker.every(TICK_SECONDS, "publish", self._keep_up)
        ticker.every(WATCH_SECONDS, "reload", self.follow_edits)
        ticker.every(STATUS_SECONDS, "status", self._look)
        ticker.every(READER_SECONDS, "readers", self.record_late_readers)
        ticker.every(UPKEEP_SECONDS, "upkeep", self._upkeep)
        ticker.start()
        try:
            await self._look()
            await self._tick()
            await stop.wait()
        finally:
            self.finish()
            for task in self._visits:
                task.cancel()
            await asyncio.gather(*self._visits, return_exceptions=True)
            await ticker.stop()

    async def follow_edits(self) -> None:
        """Put an edit of feeds.toml into force; a bad one is reported once and changes nothing."""
        if await asyncio.to_thread(_stamp, self._config_path) != self._seen:
            await self.reload()

    async def reload(self) -> bool:
        """Read feeds.toml again. False, and everything stays as it was, if it is wrong."""
        # before reading: an edit made meanwhile is seen as another
        self._seen = await asyncio.to_thread(_stamp, self._config_path)
        try:
            config = await asyncio.to_thread(load_config, self._config_path)
        except ConfigError as error:
            self.config_error = error
            log.error("reload", file=error.file, problems=[problem.text(error.file) for problem in error.problems])
            return False
        self.config_error = None
        if config == self.runtime.config:
            return True
        factory = self._factory(config)
        try:
            self.runtime = await self._in_db(build_runtime, config, self._storage, factory, now=self.clock())
        except StorageError:
            self._seen = None  # not in force yet: try again
            raise
        log.info("reload", sources=len(config.sources), feeds=len(config.feeds))
        self._is_stale = True
        await self.publish()
        return True

    async def _tick(self) -> None:
        due = await self._poller.due(self.runtime)
        if due:
            task = asyncio.create_task(self._visit(due))
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)

    async def _visit(self, due: list[Target]) -> None:
        try:
            await self._poller.visit(self.runtime, due, self._after_visit)
        except AggregatorError as error:
            log.error("record", error=str(error))
            self._note("record", str(error))
        except Exception:
            log.exception("a bug of this program", job="visit")

    def _after_visit(self, report: VisitReport) -> None:
        self._counters.visited(report)
        self._is_stale = True
        self._note("record", None)

    async def _keep_up(self) -> None:
        """Publish what visits have changed, and serve what another process has published over the same store."""
        changes = await self._in_db(self._storage.changes)
        has_company = self._changes is not None and changes != self._changes
        self._changes = changes
        now = asyncio.get_running_loop().time()
        if not (has_company or self._is_stale or now - self._published_at > AGAIN_SECONDS):
            return
        self._is_stale, self._published_at = False, now
        if has_company:
            self._publisher.forget_plan()
        await self.publish()
        if has_company:
            async with self._publishing:
                await self._publisher.follow(self.runtime)

    async def _look(self) -> None:
        self._status = await self._in_db(self._collector.look, self.clock())

    def _problems(self) -> tuple[str, ...]:
        error = self.config_error
        edits = tuple(problem.text(error.file) for problem in error.problems) if error else ()
        return edits + tuple(dict.fromkeys(self._troubles.values()))

    def _note(self, job: str, trouble: str | None) -> None:
        """What hinders a job, until it goes well again."""
        if trouble is None:
            self._troubles.pop(job, None)
        else:
            self._troubles[job] = trouble

    async def record_late_readers(self) -> None:
        """Take note of the readers seen since last time; too short windows are made longer at the next occasion."""
        async with self._publishing:
            await self._publisher.record_late_readers()

    async def _upkeep(self) -> None:
        await self._in_db(self._storage.trim, attempts=ATTEMPTS_KEPT)


Stamp = tuple[int, int, int] | None


def _stamp(path: Path) -> Stamp:
    """What changes when a file is edited or replaced; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _factory(sources: OpenSources, settings: SourceSettings, config: Config) -> SourceFactory:
    """What makes the source of a [[source]] under this configuration; the kinds that it names are opened now."""
    settings = replace(settings, user_agent=user_agent(config), allow=config.network.allow)
    for kind in {source.kind for source in config.sources}:
        sources.get(kind, settings)
    return sources.factory(settings)


@asynccontextmanager
async def open_sources(config: Config, base: Path) -> AsyncIterator[SourceFactory]:
    """The kinds of source without a store, for commands that look and keep nothing; paths start from `base`."""
    async with OpenSources() as sources:
        yield _factory(sources, SourceSettings(base=base, visits=1), config)


@asynccontextmanager
async def open_app(
    config_path: Path,
    store_path: Path,
    *,
    board: Board | None = None,
    index: IndexPage | None = None,
    clock: Callable[[], datetime] = wall_clock,
    jitter: Callable[[], float] = random.random,
    limits: PollLimits | None = None,
    workers: int | None = None,
    storage: Callable[[Path], Storage] = open_storage,
    transport: Transport | None = None,
) -> AsyncIterator[App]:
    """An aggregator over this feeds.toml and this store. Raises ConfigError and StorageError.

    `workers` is the number of processes that read large documents; 0 reads them on the spot. `storage` opens the
    database. `transport` stands in for the network, see `HttpSource`.
    """
    seen = _stamp(config_path)
    config = load_config(config_path)
    kept = storage(store_path / DATABASE)
    store = DatabaseThread()
    worker_pool = WorkerPool(workers=(os.cpu_count() or 1) if workers is None else workers)
    outlet = DiskOutlet(store_path / PUBLIC)
    outlet.sweep()
    try:
        visits = (limits or PollLimits()).visits
        settings = SourceSettings(base=config_path.parent, visits=visits, transport=transport)
        async with OpenSources() as sources:
            factory = partial(_factory, sources, settings)
            runtime = build_runtime(config, kept, factory(config), now=clock())
            posts = PostPublisher(store, default=store_path / POSTS, home=config_path.parent)
            publisher = Publisher(kept, store, outlet, board, index, clock=clock, posts=posts)
            refresher = Refresher(kept, store, worker_pool, clock=clock, jitter=jitter)
            token = secrets.token_hex(8)
            poller = Poller(kept, store, refresher, publisher, clock=clock, token=token, limits=limits)
            await publisher.plan(runtime)
            yield App(
                config_path=config_path,
                runtime=runtime,
                storage=kept,
                store=store,
                poller=poller,
                publisher=publisher,
                factory=factory,
                clock=clock,
                seen=seen,
                collector=StatusCollector(kept, store_path / DATABASE),
                public=outlet.root,
            )
    finally:
        worker_pool.close()
        store.close()
        kept.close()
