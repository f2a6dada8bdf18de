"""Fixtures of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from route_bench import Bench, Origin


@pytest.fixture
def origin() -> Iterator[Origin]:
    server = Origin()
    yield server
    server.close()


@pytest.fixture
def bench(tmp_path: Path, origin: Origin) -> Bench:
    return Bench(tmp_path, origin)
