"""From a document to its entries: only what changed is parsed, and a long document never on the event loop.

Its slices are compared with those of the document before (`core.ingest.incremental`). If none is new, nothing is read;
if some are, only these. If none is known, or anything is in doubt, the whole is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from aggregator.core.document import Document
from aggregator.core.errors import FetchError, ParseError, Reason
from aggregator.core.ingest import entry_cache, incremental
from aggregator.core.ingest.entry_cache import DocumentReading, Unmodified
from aggregator.core.ingest.incremental import Comparison
from aggregator.core.source_state import IdentityMode, PollState
from aggregator.engine import fetch_request
from aggregator.engine.runtime import ActiveSource
from aggregator.engine.threads import DatabaseThread, WorkerPool, run_in_thread_if_large
from aggregator.engine.worker_process import WorkerDiedError
from aggregator.storage import VisitStore

P = ParamSpec("P")
R = TypeVar("R")

HEAVY = 1024 * 1024
"""Bytes of a document that is even compared in a worker: a single step of that would hold the event loop too long."""
_PER_ENTRY = 10_000
"""Bytes that take about as long to cut into slices as an entry takes to compare."""


class DocumentParser:
    """Reads documents with the help of the entry caches of earlier ones."""

    def __init__(self, storage: VisitStore, in_db: DatabaseThread, worker_pool: WorkerPool) -> None:
        self._storage = storage
        self._in_db = in_db
        self._worker_pool = worker_pool

    async def read_changes(
        self, source: ActiveSource, state: PollState, document: Document
    ) -> Unmodified | DocumentReading | None:
        """The document by what differs from the last one; None if the whole has to be read.

        The documents of a source whose entries are keyed by more than their ids are always read whole (rule I3).
        Raises FetchError if it takes too long.
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
            return await self._in_worker(
                source, size, incremental.read_changes, document, data, about, context, config.encoding
            )
        count = len(document.parts) or size // _PER_ENTRY
        found = await run_in_thread_if_large(count, incremental.compare_slices, document, data, about, config.encoding)
        if not isinstance(found, Comparison):
            return found
        rest, inherited = found.rest, found.cache.inherited
        fresh = await self._in_worker(
            source, rest.size, incremental.read_new_slices, rest, context, config.encoding, found.leading, inherited
        )
        return await run_in_thread_if_large(count, incremental.merge, found, fresh, about) if fresh else None

    async def read_whole(self, source: ActiveSource, document: Document) -> DocumentReading:
        """The document from beginning to end. Raises ParseError, and FetchError if it takes too long."""
        config = source.config
        context = fetch_request.context(config, document)
        about = (
            entry_cache.circumstances(document, context, config.encoding) if _is_cuttable(source, document) else None
        )
        size = len(document.body) + sum(len(part.body) for part in document.parts)
        return await self._in_worker(
            source, size, incremental.read_whole, document, context, config.encoding, config.rules, about
        )

    async def _in_worker(
        self, source: ActiveSource, size: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        try:
            return await self._worker_pool(size, function, *args, **kwargs)
        except TimeoutError:
            raise FetchError(
                source.address, Reason.TIMEOUT, "reading the document took too long; it was given up"
            ) from None
        except WorkerDiedError:
            words = "the process that read it died: it crashes the parser, or needs more memory than there is"
            raise ParseError(source.address, Reason.BROKEN, words) from None


def _is_cuttable(source: ActiveSource, document: Document) -> bool:
    return source.config.rules is None and bool(document.parts or document.body)
