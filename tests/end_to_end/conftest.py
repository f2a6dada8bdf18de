"""Fixtures of this folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))

from daemons import Daemon
from route_bench import Bench, Origin


@pytest.fixture
def origin() -> Iterator[Origin]:
    server = Origin()
    yield server
    server.close()


@pytest.fixture
def bench(tmp_path: Path, origin: Origin) -> Bench:
    return Bench(tmp_path, origin)


@pytest.fixture
def serve(bench: Bench) -> Iterator[Callable[..., Daemon]]:
    """Starts the real program over the bench's folder; what still runs at the end is stopped and must end well."""
    running: list[Daemon] = []

    def start(*options: str) -> Daemon:
        running.append(Daemon(bench.folder, *options))
        return running[-1]

    yield start
    for daemon in running:
        daemon.clear_away()
