"""A whole refresh of many local feeds, beside the plain loop one would write with the same libraries.

Three visits: the first; a second at which every server answers 304; a third at which every feed has one new entry.
Baseline: plain_pass.py, httpx + feedparser.parse + sqlite3 in one process, which stores and publishes nothing. Every
pass is a process of its own; its start-up counts, and so do its child processes.

The work is not equal, to our disadvantage: we also sanitise, resolve links and pictures, keep a model with revisions
and identities, and publish. How much of the cost is publishing shows in the rows with smaller outputs:
  "one small output"  one Atom feed of one entry
  "as the loop"       the outputs of "loop + feedgen": 20 channels of at most 100 entries, RSS and Atom (we add brotli)
  "as installed"      no [[feed]] in feeds.toml: an output for each category and for all, in four formats
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus import CHANNELS, name_of, write_rounds
from feedserver import serving
from measuring import Cost, Table, median, run, times, turns

HERE = Path(__file__).parent
VISITS = ("first visit", "all 304", "one new each")
BASELINE = "plain loop"
CHANNEL_OUTPUT = '[[feed]]\nid = "c{0}"\ncategory = "新闻/频道{0}"\nlimit = 100\nformats = ["rss", "atom"]\n'
SMALL_OUTPUT = '[[feed]]\nid = "all"\nlimit = 1\nformats = ["atom"]\n'


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone who refreshes. `outputs` is the [[feed]] part of feeds.toml, `{0}` in it being each channel's number;
    None is the plain loop."""

    name: str
    outputs: str | None = None
    publishes: bool = False


CANDIDATES = (
    Candidate(BASELINE),
    Candidate("loop + feedgen", publishes=True),
    Candidate("aggregator, one small output", SMALL_OUTPUT),
    Candidate("aggregator, as the loop", CHANNEL_OUTPUT),
    Candidate("aggregator, as installed", ""),
)


class Refresh:
    """One run: its folder, its feeds, and what everyone has cost so far."""

    def __init__(self, work: Path, feeds: int, entries: int, size: int) -> None:
        self.work = work
        self.feeds = feeds
        self.entries = entries
        self.bytes = write_rounds(work / "rounds", feeds=feeds, entries=entries, rounds=2, size=size)
        self.current = work / "current"
        self.costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)

    def play(self, candidates: Sequence[Candidate], rounds: int) -> None:
        """Let every candidate make all three visits, `rounds` times from the beginning."""
        self._show(0)
        with serving(self.current) as port:
            for number in range(rounds):
                order = list(turns(candidates, number + 1))[-len(candidates) :]
                for visit, name in enumerate(VISITS):
                    self._show(1 if visit == 2 else 0)
                    for candidate in order:
                        self._visit(candidate, visit, name, port, self.work / f"{number}-{candidate.name}")

    def _show(self, turn: int) -> None:
        """Have the server show this round's documents."""
        fresh = self.work / "next"
        fresh.symlink_to(self.work / "rounds" / str(turn))
        fresh.replace(self.current)

    def _visit(self, candidate: Candidate, visit: int, name: str, port: int, store: Path) -> None:
        cost, said = run(self._command(candidate, visit, port, store))
        told = json.loads(said)
        expected = {"visits": self.feeds, "new": (self.feeds * self.entries, 0, self.feeds)[visit], "failed": 0}
        if any(told[key] != value for key, value in expected.items()):
            raise SystemExit(f"{candidate.name}, {name}: expected {expected}, got {told}")
        self.costs[candidate.name, name].append(cost)

    def _command(self, candidate: Candidate, visit: int, port: int, store: Path) -> list[str]:
        base = f"http://127.0.0.1:{port}"
        if candidate.outputs is None:
            command = [str(HERE / "plain_pass.py"), base, str(store), "--feeds", str(self.feeds)]
            return [sys.executable, *command, *(["--publish"] if candidate.publishes else [])]
        store.mkdir(exist_ok=True)
        config = store / "feeds.toml"
        config.write_text(self._config(base, candidate.outputs), encoding="utf-8")
        return [sys.executable, str(HERE / "our_pass.py"), str(config), str(store / "store"), f"--ahead={visit}"]

    def _config(self, base: str, outputs: str) -> str:
        sources = "".join(
            f'[[source]]\nid = "f{feed}"\nurl = "{base}/{name_of(feed)}"\ncategory = "新闻/频道{feed % CHANNELS}"\n'
            for feed in range(self.feeds)
        )
        if "{0}" in outputs:
            outputs = "".join(outputs.format(channel) for channel in range(min(CHANNELS, self.feeds)))
        return f'[network]\nallow = ["{base.removeprefix("http://")}"]\n{sources}{outputs}'

    def table(self, candidates: Sequence[Candidate], rounds: int) -> Table:
        """All medians beside the baseline's."""
        rows: list[dict[str, Any]] = []
        for visit in VISITS:
            base = self._median(BASELINE, visit)
            for candidate in candidates:
                cost = self._median(candidate.name, visit)
                rows.append(
                    {
                        "visit": visit,
                        "candidate": candidate.name,
                        "feeds/s": round(self.feeds / cost.wall, 1),
                        "wall s": round(cost.wall, 3),
                        "CPU s": round(cost.cpu, 3),
                        "x wall": times(base.wall, cost.wall),
                        "x CPU": times(base.cpu, cost.cpu),
                    }
                )
        size = {"feeds": self.feeds, "entries each": self.entries, "MB": round(self.bytes / 1e6, 1), "rounds": rounds}
        note = f"x: the {BASELINE}'s seconds over the candidate's, above 1 is better; {os.cpu_count()} cores"
        columns = ("visit", "candidate", "feeds/s", "wall s", "CPU s", "x wall", "x CPU")
        return Table("refresh", size, columns, rows, [note])

    def _median(self, candidate: str, visit: str) -> Cost:
        costs = self.costs[candidate, visit]
        return Cost(median([cost.wall for cost in costs]), median([cost.cpu for cost in costs]))


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=10)
    parser.add_argument("--entries", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=10_240, help="of HTML in an entry")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="300 feeds of 30 entries, 3 rounds")
    parser.add_argument("--only", choices=["small", "loop", "installed"], help="one aggregator beside the plain loop")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    feeds, entries, rounds = (300, 30, 3) if given.full else (given.feeds, given.entries, given.rounds)
    words = {"small": "small output", "loop": "as the loop", "installed": "as installed"}
    wanted = [c for c in CANDIDATES if not given.only or c.name == BASELINE or words[given.only] in c.name]
    with tempfile.TemporaryDirectory(prefix="refresh-") as work:
        benchmark = Refresh(Path(work), feeds, entries, given.bytes)
        benchmark.play(wanted, rounds)
        benchmark.table(wanted, rounds).show(as_json=given.json)


if __name__ == "__main__":
    main()
