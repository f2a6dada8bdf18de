"""Blocking work off the event loop: one thread for the database, worker processes for parsing."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import pickle
import threading
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import structlog

from aggregator.engine.worker_process import WorkerDiedError, WorkerProcess, WorkerStartError

log = structlog.get_logger()

P = ParamSpec("P")
R = TypeVar("R")

SMALL = 32 * 1024
"""Bytes that are parsed at once, on the event loop: about 5 ms of work, less than sending them to a process costs."""
PARSE_DEADLINE = 60.0
"""Seconds after which a document that is still being parsed is given up (rule R5)."""
START_DEADLINE = 60.0
"""Seconds within which a new worker process has to be ready."""
MAX_ABANDONED = 3
"""Threads that may be at work on documents that were given up. The next document waits for one of them to end."""
ABANDONED_CHECK_SECONDS = 0.5

MANY = 100
"""Entries that are compared and sorted at once, on the event loop: about 5 ms of work."""


async def run_in_thread_if_large(count: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a pure function over `count` entries; above MANY it runs in a thread.

    The interpreter switches between the two every few milliseconds. A worker process would be no faster: sending
    the entries costs as much as the work.
    """
    if count <= MANY:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)


class GcPause:
    """Keeps garbage collection from holding up the event loop while visits handle many records.

    A full collection walks every object of the process, and so does freeing ten thousand records at once: tens of
    milliseconds in which nothing else runs. While at least one batch is open, the oldest generation is not collected,
    and records of a batch are freed in small portions. One object serves the whole program.
    """

    def __init__(self) -> None:
        self._open = 0
        self._usual = gc.get_threshold()

    @contextlib.asynccontextmanager
    async def batch(self) -> AsyncIterator[Batch]:
        """The batch of one visit. After the last open one, thresholds are as they were."""
        batch = Batch()
        if self._open == 0:
            self._usual = gc.get_threshold()
            gc.set_threshold(*self._usual[:2], _NEVER)
        self._open += 1
        try:
            yield batch
        finally:
            self._open -= 1
            if self._open == 0:
                gc.set_threshold(*self._usual)
            await batch.clear()


_NEVER = 1_000_000


class Batch:
    """The records of one visit, where there are many: kept until its end, then freed in portions."""

    def __init__(self) -> None:
        self._lists: list[list[object]] = []

    def keep(self, *collections: Collection[object]) -> None:
        """Hold the members of each collection that has more than MANY until `clear`."""
        self._lists += [list(collection) for collection in collections if len(collection) > MANY]

    async def clear(self) -> None:
        """Free all that is held, MANY records at a time, in a thread."""
        if self._lists:
            await asyncio.to_thread(self._clear)

    def _clear(self) -> None:
        while self._lists:
            held = self._lists.pop()
            while held:
                del held[-MANY:]


class DatabaseThread:
    """The one thread that talks to the store. Calls run one after another, in the order they were made."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def __call__(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function` there and return its result; a call begun is finished even if the caller is cancelled."""
        call = functools.partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def close(self) -> None:
        """Wait for the running call and take no more."""
        self._executor.shutdown(wait=True)


class WorkerPool:
    """Runs pure functions: small jobs on the event loop, large ones in worker processes, started when first needed.

    Jobs run in processes because documents are hostile: one that hangs, crashes the parser or fills the memory costs
    its process and nothing else. Where processes cannot be started, large jobs run in threads of this process from
    then on, and a warning is logged once.
    """

    def __init__(self, *, workers: int, deadline: float = PARSE_DEADLINE) -> None:
        """`workers` is the greatest number of processes; with 0, large jobs run on the event loop as well.

        `deadline` is how many seconds a large job may take.
        """
        self._workers = workers
        self._deadline = deadline
        self._slots = asyncio.Semaphore(workers)
        self._executor = ThreadPoolExecutor(max(workers, 1), thread_name_prefix="worker")
        self._processes: set[WorkerProcess] = set()
        self._idle: list[WorkerProcess] = []
        self._can_start = True
        self._threads = _JobThreads(deadline)
        self._on_loop = asyncio.Lock()
        _freeze_loaded()

    async def __call__(self, size: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The function's result; `size` in bytes decides where it runs.

        Raises what the function raises, TimeoutError if it took longer than the deadline, and WorkerDiedError if its
        process died. A thread cannot be ended: after the deadline it goes on by itself, and its result is dropped.
        """
        call = functools.partial(function, *args, **kwargs)
        if size <= SMALL or self._workers == 0:
            async with self._on_loop:  # one each turn of the loop: other tasks wait for one at most
                await asyncio.sleep(0)
                return call()
        async with self._slots:
            process = await self._ready_process()
            if process is not None:
                result: R = await self._run(process, call)
                return result
        return await self._threads(call)

    def close(self) -> None:
        """End all processes at once. Jobs that still run in them raise WorkerDiedError; their results are lost."""
        for process in self._processes:
            process.kill()
        self._processes.clear()
        self._idle.clear()
        self._executor.shutdown(wait=False)

    async def _run(self, process: WorkerProcess, call: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._deadline):
                return await loop.run_in_executor(self._executor, lambda: process.run(pickle.dumps(call)))
        except (TimeoutError, WorkerDiedError, asyncio.CancelledError):
            process.kill()  # it has no other way to stop
            raise
        finally:
            if process.is_alive:
                self._idle.append(process)
            else:
                self._processes.discard(process)

    async def _ready_process(self) -> WorkerProcess | None:
        """An idle process, else a new one; None if processes cannot be started."""
        while self._idle:
            process = self._idle.pop()
            if process.is_alive:
                return process
            process.kill()  # it ended between two jobs; this frees its pipes
            self._processes.discard(process)
        if self._can_start:
            try:
                return await self._start()
            except (WorkerStartError, TimeoutError) as error:
                if self._can_start:
                    self._can_start = False
                    why = str(error) or "they are not ready in time"
                    log.warning("workers", error=f"no processes can be started ({why}); documents are read in a thread")
        return None

    async def _start(self) -> WorkerProcess:
        if not self._processes:
            _freeze_loaded()
        process = WorkerProcess()
        self._processes.add(process)
        try:
            async with asyncio.timeout(START_DEADLINE):
                await asyncio.get_running_loop().run_in_executor(self._executor, process.wait_until_ready)
        except BaseException:
            process.kill()
            self._processes.discard(process)
            raise
        return process


class _JobThreads:
    """Runs jobs in threads, one at a time: they share one interpreter.

    The threads are daemons, so that one which hangs does not keep the program from ending.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._turn = asyncio.Lock()
        self._abandoned: list[Future[Any]] = []

    async def __call__(self, call: Callable[[], R]) -> R:
        """The result. Raises what `call` raises, and TimeoutError if it took, or had to wait, too long."""
        async with self._turn, asyncio.timeout(self._deadline):
            await self._wait_for_abandoned()
            future = _start_in_thread(call)
            try:
                return await asyncio.wrap_future(future)
            finally:
                if not future.done():
                    self._abandoned.append(future)

    async def _wait_for_abandoned(self) -> None:
        while True:
            self._abandoned = [future for future in self._abandoned if not future.done()]
            if len(self._abandoned) < MAX_ABANDONED:
                return
            await asyncio.sleep(ABANDONED_CHECK_SECONDS)


def _start_in_thread(call: Callable[[], R]) -> Future[R]:
    future: Future[R] = Future()
    future.set_running_or_notify_cancel()  # from now on only the thread can end it

    def run() -> None:
        try:
            result = call()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, daemon=True, name="job").start()
    return future


def _freeze_loaded() -> None:
    """Exempt all objects there are by now, modules mostly, from garbage collection: a full one is shorter then."""
    gc.freeze()
