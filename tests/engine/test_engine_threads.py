"""Where blocking work goes (workers, the store's thread)."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

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
from aggregator.engine.threads import MANY, MAX_ABANDONED, SMALL, DatabaseThread, GcPause, WorkerPool
from aggregator.engine.worker_process import WorkerDiedError, serve

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


def test_what_cannot_be_read_is_reported_and_the_worker_stays() -> None:
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


def print_id() -> int:
    print("a library says something", flush=True)
    return os.getpid()


def test_a_job_that_ends_its_process_harms_no_other() -> None:
    """Rule R1: the one beside it is finished, and the next one finds a process"""

    async def play() -> tuple[object, object, int]:
        worker_pool = WorkerPool(workers=2)
        try:
            died, beside = await asyncio.gather(
                worker_pool(LARGE, os._exit, 1), worker_pool(LARGE, print_id), return_exceptions=True
            )
            return died, beside, await worker_pool(LARGE, process_id)
        finally:
            worker_pool.close()

    died, beside, after = asyncio.run(play())
    assert isinstance(died, WorkerDiedError)
    assert isinstance(beside, int)
    assert os.getpid() not in (beside, after)


def test_a_process_that_was_ended_between_two_jobs_is_replaced() -> None:
    """The document that comes next is not to blame"""

    async def play() -> tuple[int, int]:
        worker_pool = WorkerPool(workers=1)
        try:
            first = await worker_pool(LARGE, process_id)
            os.kill(first, signal.SIGKILL)
            os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
            return first, await worker_pool(LARGE, process_id)
        finally:
            worker_pool.close()

    first, second = asyncio.run(play())
    assert len({os.getpid(), first, second}) == 3


def without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("executable", "/nowhere/python", id="no such program"),
        pytest.param("executable", "/bin/false", id="ends at once"),
        pytest.param("executable", "/bin/echo", id="another program"),
        pytest.param("executable", None, id="embedded"),
        pytest.param("frozen", True, id="frozen"),
    ],
)
def test_where_no_process_can_be_started_large_jobs_run_in_a_thread(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    """No job fails, the loop's thread stays free, and a warning is logged once"""
    monkeypatch.setattr(sys, name, value, raising=False)

    async def play() -> list[object]:
        worker_pool = WorkerPool(workers=2)
        try:
            return [
                *await asyncio.gather(*(worker_pool(LARGE, threading.get_ident) for _ in range(4))),
                *await asyncio.gather(worker_pool(LARGE, fail), return_exceptions=True),
            ]
        finally:
            worker_pool.close()

    with capture_logs() as logs:
        *threads, error = asyncio.run(play())
    assert threading.get_ident() not in threads
    assert isinstance(error, ParseError)
    assert [line["log_level"] for line in logs] == ["warning"]
    assert "documents are read in a thread" in logs[0]["error"]


def test_a_thread_that_hangs_is_given_up_and_there_are_few_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule R5: nothing hangs, and hostile documents cannot fill this process with threads"""
    without_processes(monkeypatch)
    end = threading.Event()

    async def play() -> tuple[int, int]:
        worker_pool = WorkerPool(workers=1, deadline=0.2)
        try:
            for _ in range(MAX_ABANDONED):
                with pytest.raises(TimeoutError):
                    await worker_pool(LARGE, end.wait)
            with pytest.raises(TimeoutError):
                await worker_pool(LARGE, process_id)
            threads = threading.active_count()
            end.set()
            while threading.active_count() > threads - MAX_ABANDONED:
                await asyncio.sleep(0.01)
            return threads, await worker_pool(LARGE, process_id)
        finally:
            end.set()
            worker_pool.close()

    before = threading.active_count()
    threads, answer = asyncio.run(play())
    assert (threads - before, answer) == (MAX_ABANDONED, os.getpid())


class Unpicklable(Exception):
    def __reduce__(self) -> str:
        raise TypeError("it cannot be sent")


def fail_unsent() -> None:
    raise Unpicklable("a bug")


def frames(data: bytes) -> list[tuple[bool, object]]:
    """What a worker answered."""
    file, found = io.BytesIO(data), []
    while head := file.read(8):
        found.append(pickle.loads(file.read(int.from_bytes(head, "big"))))
    return found


def test_a_worker_answers_each_job_with_its_result_or_error() -> None:
    """An error of a bug carries the worker's traceback; one that cannot be sent is told in words"""
    jobs = [partial(max, 1, 2), fail, partial(int, "x"), fail_unsent]
    pickles = [*(pickle.dumps(job) for job in jobs), b"no pickle"]
    sent = b"".join(len(job).to_bytes(8, "big") + job for job in pickles)
    answers = io.BytesIO()
    serve(io.BytesIO(sent + b"cut"), answers)
    ready, _, data = answers.getvalue().partition(b"\n")
    result, parse, value, unsent, garbage = frames(data)
    assert (ready, result) == (b"ready for jobs", (True, 2))
    assert isinstance(parse[1], ParseError)
    assert isinstance(value[1], ValueError)
    assert "invalid literal" in value[1].__notes__[0]
    assert isinstance(unsent[1], RuntimeError)
    assert "Unpicklable" in str(unsent[1])
    assert isinstance(garbage[1], pickle.UnpicklingError)


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


def test_while_a_batch_is_open_the_oldest_generation_is_not_collected() -> None:
    """With a second batch inside; records are held to the end where they are many, and then freed"""

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
