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

from aggregator.core.config.tables import SourceConfig
from aggregator.core.document import Document
from aggregator.core.errors import FetchError, ParseError, Reason, SourceError
from aggregator.core.model import SourceNumber
from aggregator.core.schedule.policy import PollInterval
from aggregator.engine.parse_stage import DocumentParser
from aggregator.engine.runtime import Target
from aggregator.engine.threads import SMALL, DatabaseThread, WorkerPool
from aggregator.sources.file import FileSource
from aggregator.storage.opening import open_storage


class HostileWorkerPool(WorkerPool):
    """Each document makes its worker run `job`."""

    def __init__(self, job: Callable[..., object], argument: object) -> None:
        super().__init__(workers=1, deadline=0.5)
        self._job = job, argument

    async def __call__(self, _size: int, _function: Callable[..., Any], *_args: Any, **_kwargs: Any) -> Any:
        job, argument = self._job
        return await super().__call__(SMALL + 1, job, argument)


@pytest.mark.parametrize(
    ("job", "argument", "kind", "reason"),
    [
        pytest.param(os._exit, 1, ParseError, Reason.BROKEN, id="ends its process"),
        pytest.param(time.sleep, 60, FetchError, Reason.TIMEOUT, id="hangs"),
    ],
)
def test_a_document_that_costs_its_process_is_an_error_of_its_source(
    tmp_path: Path, job: Callable[..., object], argument: object, kind: type[SourceError], reason: Reason
) -> None:
    """Rule R1: and not a bug of this program"""
    config = SourceConfig.model_validate({"id": "a", "path": "a.xml"})
    source = FileSource(tmp_path)
    interval = PollInterval(interval=config.interval, local=True)
    target = Target(number=SourceNumber(1), config=config, source=source, interval_rule=interval, host=None)
    document = Document(url="file:///a.xml", body=b"<rss/>", fetched_at=datetime(2026, 1, 1, tzinfo=UTC))

    async def play() -> None:
        storage, store, worker_pool = (
            open_storage(tmp_path / "a.sqlite3"),
            DatabaseThread(),
            HostileWorkerPool(job, argument),
        )
        try:
            await DocumentParser(storage, store, worker_pool).whole(target, document)
        finally:
            worker_pool.close()
            store.close()
            storage.close()

    with pytest.raises(kind) as error:
        asyncio.run(play())
    assert error.value.reason is reason
