"""What becomes of a document whose parsing hangs or ends its process."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aggregator.core.config.read import read_config
from aggregator.core.document import Document
from aggregator.core.errors import FetchError, ParseError, Reason, SourceError
from aggregator.engine.parse_stage import DocumentParser
from aggregator.engine.runtime import build_runtime
from aggregator.engine.threads import PARSE_DEADLINE, SMALL, DatabaseThread, WorkerPool
from aggregator.sources.file import FileSource
from aggregator.storage.opening import open_storage


class HostileWorkerPool(WorkerPool):
    """Each document makes its worker run `job`."""

    def __init__(self, job: Callable[..., object], argument: object, *, deadline: float) -> None:
        super().__init__(workers=1, deadline=deadline)
        self._job = job, argument

    async def __call__(self, _size: int, _function: Callable[..., Any], *_args: Any, **_kwargs: Any) -> Any:
        job, argument = self._job
        return await super().__call__(SMALL + 1, job, argument)


@pytest.mark.parametrize(
    ("job", "argument", "deadline", "kind", "reason"),
    [
        # a busy machine may take seconds to end a process: that must not count as a hang
        pytest.param(os._exit, 1, PARSE_DEADLINE, ParseError, Reason.BROKEN, id="ends its process"),
        pytest.param(time.sleep, 60, 0.1, FetchError, Reason.TIMEOUT, id="hangs"),
    ],
)
def test_a_document_that_costs_its_process_is_an_error_of_its_source(
    tmp_path: Path,
    job: Callable[..., object],
    argument: object,
    deadline: float,
    kind: type[SourceError],
    reason: Reason,
) -> None:
    """Rule R1: and not a bug of this program"""
    config = read_config(b'[[source]]\nid = "a"\npath = "a.xml"', file="feeds.toml")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    document = Document(url="file:///a.xml", body=b"<rss/>", fetched_at=now)

    async def play() -> None:
        storage, store, worker_pool = (
            open_storage(tmp_path / "a.sqlite3"),
            DatabaseThread(),
            HostileWorkerPool(job, argument, deadline=deadline),
        )
        runtime = build_runtime(config, storage, lambda _: FileSource(tmp_path), now=now)
        try:
            await DocumentParser(storage, store, worker_pool).read_whole(*runtime.sources.values(), document)
        finally:
            worker_pool.close()
            store.close()
            storage.close()

    with pytest.raises(kind) as error:
        asyncio.run(play())
    assert error.value.reason is reason
