"""The public functions: `read` a document, `open` an aggregator. The names are exported by the package `aggregator`.

Every error that a person can cause is an `AggregatorError`; anything else that is raised is a bug, here or in the
caller.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from aggregator.core.document import Document
from aggregator.core.errors import FetchError, Reason
from aggregator.core.ingest import incremental
from aggregator.core.model import SourceId, StoredEntry
from aggregator.core.normalise import Context, NormalisedFeed
from aggregator.engine.clock import wall_clock
from aggregator.sources import FetchRequest
from aggregator.sources.file import FileSource

if TYPE_CHECKING:
    from aggregator.core.site_status import SourceInfo
    from aggregator.engine.daemon import App
    from aggregator.engine.publish.publisher import PublishedOutput
    from aggregator.engine.visit import VisitReport

R = TypeVar("R")

_NO_URL = "about:blank"


def read(
    source: bytes | str | os.PathLike[str],
    *,
    url: str | None = None,
    encoding: str | None = None,
    language: str | None = None,
    timezone: tzinfo | None = None,
    now: datetime | None = None,
) -> NormalisedFeed:
    """The feed and the entries of a document: RSS, RDF, Atom, JSON Feed or a post with front matter.

    `source` is the document's bytes, or the path of a file; a glob such as `posts/*.md` reads all its files as one
    feed. Nothing is stored, and no request is made. `diagnostics` lists what was repaired or ignored.

    `url` is where the document came from: relative links are resolved against it. Without it they are dropped, and the
    address of the feed is that of the file, `about:blank` for bytes. `encoding` and `language`, a BCP 47 tag, win
    over what the document says. `timezone` is the zone of dates that name none; None: UTC. `now` is an aware instant,
    against which dates are judged; None: the system's time.

    Raises FetchError if a file cannot be read, and ParseError if the document cannot; ValueError if `now` is naive.
    """
    if now is not None and now.tzinfo is None:
        raise ValueError("now must have a time zone")
    now = now or wall_clock()
    document = _document(source, url, now)
    context = Context(
        source=SourceId(""),
        poll_url=document.url,
        document_url=document.url,
        fetched_at=now,
        language=language,
        timezone=timezone,
    )
    return incremental.read(document, context, encoding)


def _document(source: bytes | str | os.PathLike[str], url: str | None, now: datetime) -> Document:
    if isinstance(source, bytes):
        return Document(url=url or _NO_URL, body=source, fetched_at=now)
    path = os.fspath(source)
    if path.startswith(("http://", "https://")):
        words = "this is an address; fetch it and read the bytes, or name it in feeds.toml"
        raise FetchError(path, Reason.UNSUPPORTED, words)
    answer = FileSource(Path()).read(FetchRequest(address=path, now=now))
    assert isinstance(answer, Document)  # no earlier version was given, so it cannot be NotModified
    if url is None:
        return answer
    return Document(url=url, body=answer.body, fetched_at=now, parts=answer.parts, diagnostics=answer.diagnostics)


@asynccontextmanager
async def open_async(
    config: str | os.PathLike[str] = "feeds.toml",
    store: str | os.PathLike[str] = "store",
    *,
    workers: int | None = None,
) -> AsyncIterator[App]:
    """An aggregator over this feeds.toml and this store, for code that runs in an event loop.

    `store` is a folder, made if there is none. `workers` is the number of processes that parse large documents: None
    is one for each processor, 0 parses them on the event loop. Raises ConfigError and StorageError.
    """
    from aggregator.app import open_app

    _log_by_logging()
    try:
        async with open_app(Path(config), Path(store), workers=workers) as app:
            yield app
    finally:
        gc.unfreeze()  # what `WorkerPool` froze belongs to the caller, whose program goes on; a command just ends


def open(
    config: str | os.PathLike[str] = "feeds.toml",
    store: str | os.PathLike[str] = "store",
    *,
    workers: int | None = None,
) -> Aggregator:
    """As `open_async`, for code without an event loop and for notebooks: its methods block until they are done.

    The aggregator is open when this returns; close it, or use it as a context manager. Raises ConfigError and
    StorageError.
    """
    return Aggregator(open_async(config, store, workers=workers))


def _log_by_logging() -> None:
    """Hand log lines to `logging`, under the names of our modules, unless the caller has configured structlog.

    So a script sees warnings on standard error and nothing among its own output.
    """
    import structlog

    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.stdlib.filter_by_level,
                structlog.contextvars.merge_contextvars,
                structlog.processors.format_exc_info,
                structlog.processors.KeyValueRenderer(key_order=["event"]),
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
            logger_factory=structlog.stdlib.LoggerFactory(),
        )


class Aggregator:
    """An open aggregator. Each method blocks until its work is done; they may be called from any thread.

    The work is done by an event loop in a thread of its own, so that it does not matter whether the caller has one.
    """

    def __init__(self, opening: AbstractAsyncContextManager[App]) -> None:
        """Open it. Raises what `open_async` raises."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="aggregator")
        self._thread.start()
        self._opening = opening
        try:
            self._app = self._run(opening.__aenter__)
        except BaseException:
            self._end()
            raise

    def poll(self, *, only: Iterable[str] = (), force: bool = False) -> tuple[list[VisitReport], list[SourceId]]:
        """Visit the sources that are due, once, and store what is new; outputs are written by `publish`.

        With `only`, these sources are visited and no others, with `force` all of them, due or not. Returns a report
        for each visit (`report.error` is None if it went well) and the ids of sources in `only` that
        must not be visited yet (rule P13). Raises AggregatorError and StorageError.
        """
        chosen = [SourceId(name) for name in only]
        return self._run(lambda: self._app.poll(only=chosen, force=force))

    def publish(self) -> list[PublishedOutput]:
        """Write every output whose entries may have changed, below `store/public`; returns these outputs."""
        return self._run(self._app.publish)

    def entries(self, *, source: str | None = None, limit: int | None = None) -> list[StoredEntry]:
        """Stored entries that are not deleted, newest first by `sort_date`: of one source, else of all in feeds.toml.

        At most `limit`; None: all. Raises AggregatorError if feeds.toml has no such source.
        """
        return self._run(lambda: self._app.entries(source=source, limit=limit))

    def sources(self) -> tuple[SourceInfo, ...]:
        """How each source of feeds.toml is doing: its health, last and next poll, error and number of entries."""
        return self._run(self._app.sources)

    def find(self, text: str) -> list[StoredEntry]:
        """Entries whose link, id or key is `text`, else whose title contains it; newest first."""
        return self._run(lambda: self._app.find(text))

    def remove(self, entries: Sequence[StoredEntry], *, why: str | None = None) -> int:
        """Delete these entries; returns how many were not deleted already. Outputs follow with `publish`."""
        return self._run(lambda: self._app.remove(entries, why=why))

    def close(self) -> None:
        """Cancel running work and close the store. Closing twice does nothing."""
        if not self._loop.is_closed():
            self._end(lambda: self._opening.__aexit__(None, None, None))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _run(self, function: Callable[[], Awaitable[R]]) -> R:
        if self._loop.is_closed():
            raise ValueError("this aggregator is closed")

        async def work() -> R:
            return await function()

        future = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # after Ctrl-C
            raise

    def _end(self, *last: Callable[[], Awaitable[object]]) -> None:
        """Cancel running tasks, call `last`, and end the loop and its thread."""
        try:
            for function in (_cancel_others, *last, self._loop.shutdown_default_executor):
                self._run(function)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def _cancel_others() -> None:
    """Cancel all tasks of this loop but the calling one, and wait for their end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
