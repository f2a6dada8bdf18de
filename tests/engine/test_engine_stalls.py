"""The event loop goes on while a heavy document is read, compared and stored: readers are served meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from route_bench import Bench, Clock, Origin, item, rss

from aggregator.app import open_app
from aggregator.server.pages import render_index

LONGEST = 0.050
"""Seconds for which nothing else may happen."""
TRIES = 4
"""What another program on this machine costs is not ours; the quietest of these counts."""
ENTRIES = 2_000


async def feel(gaps: list[float]) -> None:
    """Notes how much later than asked it is woken."""
    while True:
        asleep = time.perf_counter()
        await asyncio.sleep(0.002)
        gaps.append(time.perf_counter() - asleep - 0.002)


@contextlib.contextmanager
def felt() -> Iterator[list[float]]:
    gaps: list[float] = [0.0]
    task = asyncio.create_task(feel(gaps))
    try:
        yield gaps
    finally:
        task.cancel()


@pytest.mark.slow
def test_the_loop_is_free_while_two_thousand_entries_are_read(tmp_path: Path, origin: Origin) -> None:
    """First visit, twenty new entries, nothing but another moment in the head"""
    text = "<p>" + "一段正文，有些长。" * 40 + '<a href="/x">链接</a></p>'
    made = [item(number, description=text) for number in range(ENTRIES + 20)]
    windows = [rss(*made[:ENTRIES][::-1]), rss(*made[20:][::-1])]
    windows.append(
        windows[1].replace("<item>", "<lastBuildDate>Sat, 16 May 2026 08:00:00 GMT</lastBuildDate><item>", 1)
    )
    bench = Bench(tmp_path, origin, Clock())
    worst: list[list[float]] = [[] for _ in windows]

    async def run() -> None:
        async with open_app(
            bench.toml, bench.home, index=render_index, clock=bench.clock, jitter=lambda: 0.5, workers=1
        ) as app:
            warm.write_text(rss(*made[:200]), "utf-8")
            await app.poll()  # starts the worker, loads what is loaded once
            for file in files:
                for turn, window in enumerate(windows):
                    file.write_text(window, "utf-8")
                    bench.clock.pass_(hours=2)
                    await asyncio.sleep(0)
                    with felt() as gaps:
                        await app.poll(force=True)
                    worst[turn].append(max(gaps))

    warm, *files = (tmp_path / f"news{number}.xml" for number in range(TRIES + 1))
    bench.config(*(f'[[source]]\nid = "{file.stem}"\npath = "{file}"\n' for file in (warm, *files)))
    asyncio.run(run())
    assert [round(min(of_turn), 3) for of_turn in worst if min(of_turn) > LONGEST] == []
