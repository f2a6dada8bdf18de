"""Stores to test: every kind there is runs the same suite."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.storage import Storage
from aggregator.storage.opening import open_storage


def _open_files(path: Path) -> list[str]:
    """Files beside `path` that this process holds open."""
    held = []
    for link in Path("/proc/self/fd").glob("*"):
        try:
            name = os.readlink(link)
        except OSError:
            continue
        if name.startswith(str(path)):
            held.append(name)
    return held


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """Where a test's SQLite file is; whoever opened it must have let go of it at the end."""
    path = tmp_path / "store" / "aggregator.db"
    yield path
    assert _open_files(path) == []
    assert not path.with_name(path.name + "-wal").exists()


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, database: Path) -> Iterator[Storage]:
    """A new, empty store of each kind."""
    opened = open_storage(":memory:" if request.param == "memory" else database)
    yield opened
    opened.close()


@pytest.fixture
def shared(database: Path) -> Iterator[tuple[Storage, Storage]]:
    """Two processes' views of one store; the second does not wait for the first."""
    first = open_storage(database)
    second = open_storage(database, busy_seconds=0.05)
    yield first, second
    second.close()
    first.close()
