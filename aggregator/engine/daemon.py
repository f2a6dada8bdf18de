"""The running program: one pass of polling and publishing, or passes until it is stopped."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from aggregator.core.config.tables import Config
from aggregator.core.errors import AggregatorError, ConfigError, StorageError
from aggregator.core.model import OutputId, SourceId, SourceNumber, StoredEntry
from aggregator.core.records import Removal, RemovalOrigin
from aggregator.core.select.category_paths import own_paths
from aggregator.core.site_status import SiteInfo, SourceInfo, StatusReport
from aggregator.engine.clock import wall_clock
from aggregator.engine.metrics import Counters
from aggregator.engine.poll import Poller
from aggregator.engine.publish.publisher import PublishedOutput, Publisher
from aggregator.engine.runtime import ActiveSource, Runtime, build_runtime
from aggregator.engine.status import StatusCollector, site_info, status_report
from aggregator.engine.threads import DatabaseThread
from aggregator.engine.ticker import Ticker
from aggregator.engine.visit import VisitReport
from aggregator.sources.registry import SourceFactory
from aggregator.storage import Storage

log = structlog.get_logger()

WATCH_SECONDS = 0.5
TICK_SECONDS = 1.0
STATUS_SECONDS = 3.0
READER_SECONDS = 60.0
UPKEEP_HOUR = 4
"""The hour of nightly maintenance, in the zone of the [site] table; the minute is random."""
RETRY_SECONDS = 15.0
"""After so long, outputs that could not be made are tried again."""
ATTEMPTS_KEPT = 50

Stamp = tuple[int, int, int] | None


class WatchedConfig:
    """feeds.toml on disk. All methods but `read_again` block."""

    def __init__(self, path: Path, load: Callable[[Path], Config]) -> None:
        """`load` reads a file and raises ConfigError."""
        self._path = path
        self._load = load
        self._seen: Stamp = None

    def read(self) -> Config:
        """The configuration in the file. Raises ConfigError."""
        self._seen = self._stamp()  # before reading: an edit made meanwhile is seen as another
        return self._load(self._path)

    def is_edited(self) -> bool:
        """Whether the file is another than the one that was read last."""
        return self._stamp() != self._seen

    def read_again(self) -> None:
        """Treat the file as edited at the next check."""
        self._seen = None

    def _stamp(self) -> Stamp:
        """What changes when the file is edited or replaced; None if there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class App:
    """A running aggregator. Made by `open_app`; all its methods belong to the event loop that opened it.

    Every coroutine may raise StorageError. `runtime` is the configuration in force, `config_error` what is wrong with
    the last edit of feeds.toml, None if nothing is; `public` is the folder of published files.
    """

    def __init__(
        self,
        *,
        config_file: WatchedConfig,
        runtime: Runtime,
        storage: Storage,
        in_db: DatabaseThread,
        poller: Poller,
        publisher: Publisher,
        factory: Callable[[Config], SourceFactory],
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        collector: StatusCollector,
        public: Path,
    ) -> None:
        self.runtime = runtime
        self.config_error: ConfigError | None = None
        self.clock = clock
        self._jitter = jitter
        self.public = public
        self._config_file = config_file
        self._storage = storage
        self._in_db = in_db
        self._poller = poller
        self._publisher = publisher
        self._factory = factory
        self._visits: set[asyncio.Task[None]] = set()
        self._publishing = asyncio.Lock()
        self._status = StatusReport(now=clock(), ok=True)
        self._collector = collector
        self._counters = Counters()
        self._errors: dict[str, str] = {}
        """Job -> its last error, until it succeeds."""
        self._changes: int | None = None
        """`Storage.changes` as of the last look: another number means that another process has written."""
        self._is_stale = True
        """Something may have to be published."""
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

        With `accept`, the feeds of `only` may have been taken over (rule R6). Returns a report for each visit, and the
        ids of sources in `only` that must not be visited yet (rule P13). `begin` is called with the number of visits of
        each round, `done` with each report.
        """
        chosen = set(only)
        if force or chosen:
            return await self._poll_by_hand(chosen, accept=accept, begin=begin, done=done)
        reports: list[VisitReport] = []
        tried: set[SourceId] = set()
        while due := [t for t in await self._poller.due(self.runtime) if t.id not in tried]:
            tried.update(t.id for t in due)
            begin(len(due))
            reports += await self._poller.visit(self.runtime, due, done, only_due=True)
        return reports, []

    async def _poll_by_hand(
        self, chosen: set[SourceId], *, accept: bool, begin: Callable[[int], None], done: Callable[[VisitReport], None]
    ) -> tuple[list[VisitReport], list[SourceId]]:
        sources = [s for s in self.runtime.sources.values() if not chosen or s.id in chosen]
        allowed, waiting = await self._poller.manual([s for s in sources if s.config.enabled])
        begin(len(allowed))
        reports = await self._poller.visit(self.runtime, allowed, done, accept=accept and bool(chosen))
        visited = {report.source for report in reports}
        return reports, [t.id for t in waiting] + [t.id for t in allowed if t.id not in visited]

    async def publish(self) -> list[PublishedOutput]:
        """Write every output whose selection may have changed; returns what became of each."""
        async with self._publishing:
            runtime = self.runtime
            made = await self._publisher.publish(runtime, is_current=lambda: self.runtime is runtime)
        self._counters.published(made)
        self._note_error("publish", next((p.error for p in made if p.error), None))
        self._is_stale = self._is_stale or any(p.more for p in made)
        return made

    async def restore(self) -> None:
        """Show what was published before this start; outputs whose files are missing or altered become dirty."""
        # before reading: what another process writes meanwhile is seen as a change
        self._changes = await self._in_db(self._storage.changes)
        async with self._publishing:
            is_incomplete = await self._publisher.restore(self.runtime)
        if is_incomplete:
            await self.publish()

    async def find(self, text: str) -> list[StoredEntry]:
        """Entries whose link, id or key is `text`, else whose title contains it; newest first."""
        return await self._in_db(self._storage.find, text)

    async def entries(self, *, source: str | None = None, limit: int | None = None) -> list[StoredEntry]:
        """Stored entries that are not deleted, newest first by `sort_date`: of one source, else of all in feeds.toml.

        At most `limit`; None: all. Raises AggregatorError if feeds.toml has no such source.
        """
        numbers = [number for name, number in self.runtime.numbers.items() if source in (None, name)]
        if source is not None and not numbers:
            raise AggregatorError(f'"{source}" is no source of feeds.toml')
        return await self._in_db(_newest, self._storage, numbers, limit)

    async def sources(self) -> tuple[SourceInfo, ...]:
        """How each source of feeds.toml is doing, from what is stored of it."""
        report = await self._in_db(status_report, self._storage, now=self.clock(), problems=())
        return report.sources

    async def remove(self, entries: Sequence[StoredEntry], *, why: str | None = None) -> int:
        """Delete these entries; returns how many were not deleted already. Outputs show it once they are published.

        They do not come back unless their source updates them afterwards (rule I10).
        """
        now = self.clock()
        outputs: set[OutputId] = set()
        for entry in entries:
            source = self.runtime.sources.get(entry.number)
            if source is not None:
                outputs.update(self._publisher.dirty_for(source, list(own_paths(entry.entry))))
        removals = [Removal(seq=e.seq, at=now, origin=RemovalOrigin.OPERATOR, why=why) for e in entries]
        return len(await self._in_db(self._storage.remove, removals, outputs))

    def finish(self) -> None:
        """Complete the current output and begin no other. May be called from a signal handler of the loop."""
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
            ok=not self._errors,
            problems=self._problems(),
            counters=self._counters.counts,
        )

    # -- the daemon ----------------------------------------------------------------------------------------------
    async def run(self, stop: asyncio.Event) -> None:
        """Poll, publish and follow edits until `stop` is set; then cancel visits and finish the current write."""
        ticker = Ticker(wall_clock, self._note_error)
        ticker.every(TICK_SECONDS, "poll", self._begin_visits)
        ticker.every(TICK_SECONDS, "publish", self._publish_changes)
        ticker.every(WATCH_SECONDS, "reload", self.follow_edits)
        ticker.every(STATUS_SECONDS, "status", self.refresh_status)
        ticker.every(READER_SECONDS, "readers", self.record_late_readers)
        minute, zone = int(self._jitter() * 60), ZoneInfo(self.runtime.config.site.timezone)
        ticker.daily(time(UPKEEP_HOUR, minute, tzinfo=zone), "upkeep", self.trim)
        ticker.start()
        try:
            await self.refresh_status()
            await self._begin_visits()
            await stop.wait()
        finally:
            self.finish()
            for task in self._visits:
                task.cancel()
            await asyncio.gather(*self._visits, return_exceptions=True)
            await ticker.stop()

    async def follow_edits(self) -> None:
        """Put an edit of feeds.toml into force; a bad one is reported once and changes nothing."""
        if await asyncio.to_thread(self._config_file.is_edited):
            await self.reload()

    async def reload(self) -> bool:
        """Read feeds.toml again. False, and everything stays as it was, if it is wrong."""
        try:
            config = await asyncio.to_thread(self._config_file.read)
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
            self._config_file.read_again()  # not in force yet
            raise
        log.info("reload", sources=len(config.sources), feeds=len(config.feeds))
        self._is_stale = True
        await self.publish()
        return True

    async def refresh_status(self) -> None:
        """Bring the report of `status` up to date."""
        self._status = await self._in_db(self._collector.look, self.clock())

    async def record_late_readers(self) -> None:
        """Store how late the readers seen since last time were; windows that are too short for them become dirty."""
        async with self._publishing:
            await self._publisher.record_late_readers()

    async def trim(self) -> None:
        """Forget all but the last `ATTEMPTS_KEPT` visits of each source."""
        await self._in_db(self._storage.trim, attempts=ATTEMPTS_KEPT)

    async def _begin_visits(self) -> None:
        due = await self._poller.due(self.runtime)
        if due:
            task = asyncio.create_task(self._visit(due))
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)

    async def _visit(self, due: list[ActiveSource]) -> None:
        try:
            await self._poller.visit(self.runtime, due, self._after_visit, only_due=True)
        except AggregatorError as error:
            log.error("record", error=str(error))
            self._note_error("record", str(error))
        except Exception:
            log.exception("a bug of this program", job="visit")

    def _after_visit(self, report: VisitReport) -> None:
        self._counters.visited(report)
        self._is_stale = True
        self._note_error("record", None)

    async def _publish_changes(self) -> None:
        """Publish what visits have changed, and serve what another process has published over the same store."""
        changes = await self._in_db(self._storage.changes)
        is_changed_elsewhere = self._changes is not None and changes != self._changes
        self._changes = changes
        now = asyncio.get_running_loop().time()
        if not (is_changed_elsewhere or self._is_stale or now - self._published_at > RETRY_SECONDS):
            return
        self._is_stale, self._published_at = False, now
        if is_changed_elsewhere:
            self._publisher.forget_plan()
        await self.publish()
        if is_changed_elsewhere:
            async with self._publishing:
                await self._publisher.follow(self.runtime)

    def _problems(self) -> tuple[str, ...]:
        error = self.config_error
        edits = tuple(problem.text(error.file) for problem in error.problems) if error else ()
        return edits + tuple(dict.fromkeys(self._errors.values()))

    def _note_error(self, job: str, error: str | None) -> None:
        """Note the error of a job; None: it succeeded."""
        if error is None:
            self._errors.pop(job, None)
        else:
            self._errors[job] = error


def _newest(storage: Storage, sources: Sequence[SourceNumber], limit: int | None) -> list[StoredEntry]:
    def order(entry: StoredEntry) -> tuple[datetime, int]:
        return entry.sort_date, entry.seq

    entries = storage.entries(sources)
    return sorted(entries, key=order, reverse=True) if limit is None else heapq.nlargest(limit, entries, key=order)
