"""What all benchmarks share: what a run costs, whose turn it is, and how a result is told.

Absolute figures are of one machine on one day. What lasts is the ratio to the baseline of the same run, so candidates
take turns, round by round, each round beginning with another one, and medians are compared.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the clock, and of the processor: user and system, all processes together."""

    wall: float
    cpu: float


def run(command: Sequence[str]) -> tuple[Cost, str]:
    """Run a program to its end: what it cost with all its child processes, and what it printed.

    Raises subprocess.CalledProcessError if it failed; what it complained of has been shown.
    """
    _adopt_orphans()
    before, start = _children(), time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    wall = time.perf_counter() - start
    _reap()
    return Cost(wall, _children() - before), done.stdout


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _adopt_orphans() -> None:
    """Have processes whose parent ends before them counted here as well, where the system (Linux) can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)


def _reap() -> None:
    """Take note of adopted processes that have ended; what they used counts only then."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def cpu_of(function: Callable[[T], object], argument: T) -> float:
    """CPU seconds of this process for one call."""
    start = time.process_time()
    function(argument)
    return time.process_time() - start


def turns(candidates: Sequence[T], rounds: int) -> Iterator[T]:
    """Every candidate once a round; each round begins one further."""
    for number in range(rounds):
        first = number % len(candidates)
        yield from (*candidates[first:], *candidates[:first])


def median(values: Sequence[float]) -> float:
    """The middle value; 0 for none."""
    return statistics.median(values) if values else 0.0


def times(base: float, value: float) -> float | None:
    """How often `value` goes into `base`: above 1, it is cheaper. None where it is too small to say."""
    return round(base / value, 2) if value > 0 else None


@dataclass(frozen=True, slots=True)
class Table:
    """A finished result. `columns` are keys of the rows, in the order in which they are shown."""

    benchmark: str
    size: Mapping[str, Any]
    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()

    def show(self, *, as_json: bool) -> None:
        """Print it, for people or as one JSON object."""
        if as_json:
            whole = {"benchmark": self.benchmark, "size": self.size, "rows": self.rows, "notes": self.notes}
            print(json.dumps(whole, ensure_ascii=False, indent=2))
            return
        print(self.benchmark + ": " + ", ".join(f"{value} {name}" for name, value in self.size.items()))
        cells = [list(self.columns), *([_cell(row.get(name)) for name in self.columns] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for index, line in enumerate(cells):
            print("  ".join(_pad(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip())
            if index == 0:
                print("  ".join("-" * width for width in widths))
        for note in self.notes:
            print(f"* {note}")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.4f}"
    return "-" if value is None else str(value)


def _pad(cell: str, width: int) -> str:
    return cell.rjust(width) if cell[:1].isdigit() or cell == "-" else cell.ljust(width)
