"""Where blocking work goes (workers, the store's thread)."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import subprocess
import sys
import time
import weakref
from datetime import timedelta

import pytest

from aggregator.core.errors import (
    AggregatorError,
    ConfigError,
    FetchError,
    ParseError,
    Problem,
    PublishError,
    Reason,
    StorageError,
)
from aggregator.engine.threads import MANY, SMALL, DatabaseThread, GcPause, WorkerPool

LARGE = SMALL + 1


def process_id(_: object = None) -> int:
    return os.getpid()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def test_small_jobs_run_on_the_spot() -> None:
    """A trip to another process costs more than they do"""
    worker_pool = WorkerPool(workers=1)
    assert os.getpid() == asyncio.run(worker_pool(SMALL, process_id))


def test_many_small_jobs_take_turns_with_everything_else() -> None:
    """Fifty feeds that arrive together do not keep a reader waiting for all fifty"""
    turns = [0]

    async def count() -> None:
        while True:
            await asyncio.sleep(0)
            turns[0] += 1

    def job() -> int:
        return turns[0]

    async def run() -> list[int]:
        worker_pool, other = WorkerPool(workers=1), asyncio.create_task(count())
        seen = await asyncio.gather(*(worker_pool(SMALL, job) for _ in range(50)))
        other.cancel()
        return list(seen)

    seen = asyncio.run(run())
    assert len(set(seen)) == 50


def test_large_jobs_run_in_a_worker_and_one_that_hangs_is_given_up() -> None:
    """Rule R5: nothing hangs; the next job finds a fresh worker"""

    async def play() -> tuple[int, int]:
        worker_pool = WorkerPool(workers=1, deadline=2.0)
        try:
            first = await worker_pool(LARGE, process_id)
            with pytest.raises(TimeoutError):
                await worker_pool(LARGE, sleep, 60.0)
            return first, await worker_pool(LARGE, process_id)
        finally:
            worker_pool.close()

    first, second = asyncio.run(play())
    assert os.getpid() not in (first, second)
    assert first != second


def fail(_: object = None) -> None:
    raise ParseError("https://a.example/", Reason.HTML_PAGE, "it is a page", feeds=["https://a.example/feed"])


def test_what_cannot_be_read_is_told_and_the_worker_lives_on() -> None:
    """Rule R1: a large page in a feed's place is `html-page`, and harms nobody who is read beside it"""

    async def play() -> None:
        worker_pool = WorkerPool(workers=1)
        try:
            first = await worker_pool(LARGE, process_id)
            with pytest.raises(ParseError) as told:
                await worker_pool(LARGE, fail)
            assert (told.value.reason, told.value.feeds) == (Reason.HTML_PAGE, ("https://a.example/feed",))
            assert await worker_pool(LARGE, process_id) == first
        finally:
            worker_pool.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    "error",
    [
        ParseError("a", Reason.BROKEN, "b", feeds=["c"]),
        FetchError("a", Reason.RATE_LIMITED, "b", status=429, retry_after=timedelta(hours=1)),
        ConfigError("a", [Problem(message="b", line=1, column=2)]),
        StorageError("a", "b"),
        PublishError("a", "b"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_are_whole_after_a_journey_between_processes(error: AggregatorError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


SCRIPT = """
import asyncio
from aggregator.engine.threads import WorkerPool
from os import getpid

async def main():
    worker_pool = WorkerPool(workers=1)
    print(await worker_pool(10**6, getpid), flush=True)
    await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path: object) -> None:
    """kill -9 leaves no process behind"""
    path = f"{tmp_path}/parent.py"
    with open(path, "w") as file:
        file.write(SCRIPT)
    with subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert int(parent.stdout.readline()) != parent.pid
        os.kill(parent.pid, signal.SIGKILL)
        # the pipe closes when the last process that holds it has ended
        assert "" == parent.stdout.read()


def test_calls_of_the_store_keep_their_order_and_are_finished_when_the_caller_is_cancelled() -> None:
    """The write in hand is finished"""
    done = []

    def write(name: str) -> None:
        time.sleep(0.05)
        done.append(name)

    async def play() -> None:
        store = DatabaseThread()
        first = asyncio.create_task(store(write, "first"))
        second = asyncio.create_task(store(write, "second"))
        await asyncio.sleep(0.01)
        first.cancel()
        await second
        store.close()

    asyncio.run(play())
    assert ["first", "second"] == done


def test_while_there_is_a_desk_old_records_are_not_walked_and_what_lay_there_goes() -> None:
    """With a second desk beside it; few records are nobody's concern"""

    class Record:
        pass

    async def run() -> None:
        pause, usual = GcPause(), gc.get_threshold()
        many, few = [Record() for _ in range(MANY + 1)], [Record()]
        left = [weakref.ref(many[0]), weakref.ref(few[0])]
        async with pause.batch() as batch:
            async with pause.batch():
                batch.keep(many, few)
            del many, few
            assert gc.get_threshold() == (*usual[:2], 1_000_000)
            assert [ref() is not None for ref in left] == [True, False]
        assert gc.get_threshold() == usual
        assert left[0]() is None

    asyncio.run(run())
