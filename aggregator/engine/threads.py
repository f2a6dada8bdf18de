"""Where blocking work goes, so that the event loop is never held: one thread for the store, processes for reading."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import multiprocessing
import os
import threading
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

SMALL = 32 * 1024
"""Bytes that are read on the spot: about 5 ms of work, less than a trip to another process costs."""
READING_DEADLINE = 60.0
"""Seconds after which a document that is still being read is given up."""


MANY = 100
"""Entries that are compared and sorted on the spot: about 5 ms of work."""


async def run_in_thread_if_large(count: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a pure function over so many entries: many are seen to in a thread beside the event loop.

    They take turns with it every few milliseconds. A worker process would not pay: sending entries costs as much.
    """
    if count <= MANY:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)


class GcPause:
    """While many records are in hand, neither the collector nor their end holds up the loop. One for the whole program.

    The collector walks all records there are whenever many have been made, and to free ten thousand takes as long:
    tens of milliseconds in which nothing else runs. So old ones are left alone while there is a desk, and what lay on
    it is put away by and by.
    """

    def __init__(self) -> None:
        self._open = 0
        self._usual = gc.get_threshold()

    @contextlib.asynccontextmanager
    async def batch(self) -> AsyncIterator[Batch]:
        """A desk for one visit."""
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
    """Where records lie that are many."""

    def __init__(self) -> None:
        self._piles: list[list[object]] = []

    def keep(self, *piles: Collection[object]) -> None:
        """Keep these records, if they are many, until the desk is cleared."""
        self._piles += [list(pile) for pile in piles if len(pile) > MANY]

    async def clear(self) -> None:
        """Put away everything, a hundred records at a time."""
        if self._piles:
            await asyncio.to_thread(self._clear)

    def _clear(self) -> None:
        while self._piles:
            pile = self._piles.pop()
            while pile:
                del pile[-MANY:]


class DatabaseThread:
    """The one thread that talks to the store. Calls run one after another, in the order they were made."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def __call__(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function` there and return its result; a call begun is finished even if the caller is cancelled."""
        call = functools.partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def close(self) -> None:
        """Wait for the call in hand and take no more."""
        self._executor.shutdown(wait=True)


PARENT_LOOKS = 1.0
"""Seconds between two looks of a worker whether its parent is still there."""


def _end_with_parent(parent: int) -> None:
    """Let this worker process end soon after `parent` has: a program that is killed leaves nobody behind."""

    def watch() -> None:
        gone = threading.Event()
        while os.getppid() == parent:
            gone.wait(PARENT_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def _keep_loaded() -> None:
    """What is loaded by now stays: the collector need not walk it, holding up everything, whenever it walks all."""
    gc.freeze()


class WorkerPool:
    """Runs pure functions: small jobs on the spot, large ones in worker processes that start when first needed."""

    def __init__(self, *, workers: int, deadline: float = READING_DEADLINE) -> None:
        self._workers = workers
        self._deadline = deadline
        self._pool: ProcessPoolExecutor | None = None
        self._spot = asyncio.Lock()
        _keep_loaded()

    async def __call__(self, size: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The function's result. Raises TimeoutError or BrokenProcessPool if a worker hung or died over this job."""
        if size <= SMALL or self._workers == 0:
            async with self._spot:  # one a turn of the loop: who is served meanwhile waits for one at most
                await asyncio.sleep(0)
                return function(*args, **kwargs)
        pool = self._open()
        call = functools.partial(function, *args, **kwargs)
        try:
            async with asyncio.timeout(self._deadline):
                # aside, for a worker may have to be started, which takes tens of milliseconds
                future = await asyncio.to_thread(pool.submit, call)
                return await asyncio.wrap_future(future)
        except (TimeoutError, BrokenProcessPool):
            self._abandon(pool)
            raise

    def close(self) -> None:
        """End the workers at once: what they read is not stored, and will be fetched again."""
        if self._pool is not None:
            self._abandon(self._pool)

    def _open(self) -> ProcessPoolExecutor:
        if self._pool is None:
            _keep_loaded()
            # spawn, not fork: the parent has threads and open sockets
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self._workers, mp_context=context, initializer=_end_with_parent, initargs=(os.getpid(),)
            )
        return self._pool

    def _abandon(self, pool: ProcessPoolExecutor) -> None:
        """A worker that hangs over a document cannot be asked to stop: end it, and let the next job open a new pool."""
        processes = list((pool._processes or {}).values())
        if self._pool is pool:
            self._pool = None
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
