"""Fixtures of this folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))

from cli_runs import Command, Program
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
def run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Commands in this process, from the bench's folder; the log as it was afterwards."""
    monkeypatch.chdir(bench.folder)
    yield Command()
    structlog.reset_defaults()


@pytest.fixture
def program(bench: Bench) -> Program:
    """The real program in a process of its own."""
    return Program(bench.folder)
