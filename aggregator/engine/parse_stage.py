"""How a fetched document becomes entries: as little of it as can be is read, and never on the event loop if it is long.

The order is: look at its slices; if none is new, be done; if some are, read these; else, and whenever anything is in
doubt, read the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from aggregator.core.document import Document
from aggregator.core.errors import FetchError, Reason
from aggregator.core.ingest import entry_cache, incremental
from aggregator.core.ingest.entry_cache import DocumentReading, Unmodified
from aggregator.core.ingest.incremental import Comparison
from aggregator.core.source_state import IdentityMode, PollState
from aggregator.engine import fetch_request
from aggregator.engine.runtime import ActiveSource
from aggregator.engine.threads import DatabaseThread, WorkerPool, run_in_thread_if_large
from aggregator.storage import VisitStore

P = ParamSpec("P")
R = TypeVar("R")

HEAVY = 1024 * 1024
"""Bytes of a document of which even the looking is done elsewhere: steps of it take longer than others should wait."""
_PER_ENTRY = 10_000
"""Bytes that are about as much work to cut as an entry is to compare."""


class DocumentParser:
    """Reads documents, beside what stays of the ones before."""

    def __init__(self, storage: VisitStore, store: DatabaseThread, worker_pool: WorkerPool) -> None:
        self._storage = storage
        self._in_db = store
        self._worker_pool = worker_pool

    async def again(
        self, source: ActiveSource, state: PollState, document: Document
    ) -> Unmodified | DocumentReading | None:
        """The document by what differs from the last one; None if the whole has to be read.

        A source whose entries are told apart by more than their ids is always read whole.
        """
        config = source.config
        if not _is_cuttable(source, document) or state.identity is not IdentityMode.ID or state.alias_streak:
            return None
        data = await self._in_db(self._storage.entry_cache, source.number)
        if data is None:
            return None
        context = fetch_request.context(config, document)
        about = entry_cache.circumstances(document, context, config.encoding)
        size = len(document.body)
        if size > HEAVY:
            return await self._work(source, size, incremental.reread, document, data, about, context, config.encoding)
        count = len(document.parts) or size // _PER_ENTRY
        found = await run_in_thread_if_large(count, incremental.look, document, data, about, config.encoding)
        if not isinstance(found, Comparison):
            return found
        rest, inherited = found.rest, found.cache.inherited
        fresh = await self._work(
            source, rest.size, incremental.read_rest, rest, context, config.encoding, found.leading, inherited
        )
        return await run_in_thread_if_large(count, incremental.put_together, found, fresh, about) if fresh else None

    async def whole(self, source: ActiveSource, document: Document) -> DocumentReading:
        """The document from beginning to end. Raises ParseError, and FetchError if it takes too long."""
        config = source.config
        context = fetch_request.context(config, document)
        about = (
            entry_cache.circumstances(document, context, config.encoding) if _is_cuttable(source, document) else None
        )
        size = len(document.body) + sum(len(part.body) for part in document.parts)
        return await self._work(
            source, size, incremental.read_whole, document, context, config.encoding, config.rules, about
        )

    async def _work(
        self, source: ActiveSource, size: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        try:
            return await self._worker_pool(size, function, *args, **kwargs)
        except TimeoutError:
            raise FetchError(
                source.address, Reason.TIMEOUT, "reading the document took too long; it was given up"
            ) from None


def _is_cuttable(source: ActiveSource, document: Document) -> bool:
    return source.config.rules is None and bool(document.parts or document.body)
