"""A running App when its store refuses something, or a bug shows: it says so, goes on, and catches up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from route_bench import Bench, items
from structlog.testing import capture_logs

from aggregator.core.errors import StorageError
from aggregator.engine.daemon import ATTEMPTS_KEPT, App
from aggregator.engine.publish.publisher import PublishedOutput
from aggregator.server.catalogue import Catalogue
from aggregator.storage import Storage
from aggregator.storage.opening import open_storage

FULL = StorageError("store", "the disk is full")


class Failing:
    """A store one method of which raises errors before it works."""

    def __init__(self, storage: Storage, method: str, errors: list[Exception]) -> None:
        self._storage = storage
        self._method = method
        self._errors = errors

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._storage, name)
        return self._failing(method) if name == self._method else method

    def _failing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._errors:
                raise self._errors.pop(0)
            return method(*args, **kwargs)

        return call


def failing(bench: Bench, method: str, errors: list[Exception]) -> None:
    """From the next run on, this method of the store raises `errors`, each once; more may be added."""

    def opened(path: Path) -> Storage:
        return cast(Storage, Failing(open_storage(path), method, errors))

    bench.storage = opened


@asynccontextmanager
async def running(app: App) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(app.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.05)


def test_an_edit_that_the_store_refused_is_in_force_later(bench: Bench) -> None:
    bench.config(bench.source("a"))
    errors: list[Exception] = []
    failing(bench, "set_sources", errors)

    async def run() -> list[list[str]]:
        async with bench.app() as app:
            seen = []
            bench.config(bench.source("a"), bench.source("b"))
            errors.append(FULL)
            with pytest.raises(StorageError, match="the disk is full"):
                await app.follow_edits()
            seen.append(sorted(app.runtime.numbers))
            await app.follow_edits()
            return [*seen, sorted(app.runtime.numbers)]

    assert asyncio.run(run()) == [["a"], ["a", "b"]]


def test_a_visit_that_the_store_cannot_take_is_told_until_one_can_be_recorded(bench: Bench) -> None:
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1))
    failing(bench, "record", [FULL])

    async def run() -> list[tuple[bool, tuple[str, ...]]]:
        async with bench.app() as app, running(app):
            await until(lambda: app.status.problems)
            seen = [(app.status.ok, app.status.problems)]
            bench.clock.pass_(minutes=11)  # its lease has ended
            await until(lambda: app.status.counters["outputs_published"])
            return [*seen, (app.status.ok, app.status.problems)]

    assert asyncio.run(run()) == [(False, ("store: the disk is full",)), (True, ())]
    assert bench.titles() == ["第 1 条"]


def test_an_output_that_the_store_cannot_take_is_made_at_the_next_occasion(bench: Bench) -> None:
    """It is no trouble of that output alone: nothing is published until the store works again"""
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1))
    failing(bench, "put_renditions", [FULL])

    async def run() -> list[PublishedOutput]:
        async with bench.app() as app:
            await app.poll()
            with pytest.raises(StorageError, match="the disk is full"):
                await app.publish()
            return await app.publish()

    assert [(made.output, made.stories, made.error) for made in asyncio.run(run())] == [("all", 1, None)]
    assert bench.titles() == ["第 1 条"]


def test_a_bug_before_a_visit_is_logged_and_the_visit_made_later(bench: Bench) -> None:
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1))
    failing(bench, "claim", [RuntimeError("a bug")])

    async def run() -> None:
        async with bench.app() as app, running(app):
            await until(lambda: app.status.counters["outputs_published"])

    with capture_logs() as logs:
        asyncio.run(run())
    bugs = [line for line in logs if line["log_level"] == "error"]
    assert [(line["event"], line["job"]) for line in bugs] == [("a bug of this program", "visit")]
    assert bench.titles() == ["第 1 条"]


def test_where_no_reader_came_late_nothing_is_made_again(bench: Bench) -> None:
    """Rule W11: the windows are as they should be"""
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1))
    bench.poll()

    async def run() -> list[PublishedOutput]:
        async with bench.app(catalogue=Catalogue()) as app:
            await app.restore()
            await app.record_late_readers()
            return await app.publish()

    assert asyncio.run(run()) == []


def test_upkeep_forgets_all_but_the_last_visits(bench: Bench) -> None:
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1))

    async def run() -> None:
        async with bench.app() as app:
            for _ in range(ATTEMPTS_KEPT + 2):
                await app.poll(force=True)
            await app.trim()

    asyncio.run(run())
    number = bench.source_record("news").state.number
    with bench.store() as store:
        assert len(store.attempts(number, count=1000)) == ATTEMPTS_KEPT
