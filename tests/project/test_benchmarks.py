"""Every benchmark runs, at its smallest: so that none rots between the days on which somebody measures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", str(BENCHMARKS / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def told(script: str, *arguments: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of a result by their words."""
    rows = json.loads(run(script, *arguments, "--json"))["rows"]
    return {tuple(value for value in row.values() if isinstance(value, str)): row for row in rows}


@pytest.mark.slow
def test_refreshing_is_measured_at_each_visit_beside_the_plain_loop() -> None:
    """refresh.py itself fails unless every pass saw all entries, then none, then one new in each feed."""
    rows = told("refresh.py", "--feeds=2", "--entries=2", "--bytes=600", "--only=loop")
    visits = {visit for visit, _ in rows}
    assert visits == {"first visit", "all 304", "one new each"}
    assert all(rows[visit, "plain loop"]["x CPU"] == 1 for visit in visits)
    assert all(rows[visit, "aggregator, as the loop"]["CPU s"] > 0 for visit in visits)


@pytest.mark.slow
def test_serving_is_measured_for_200_and_304_with_the_same_bytes_from_both() -> None:
    rows = json.loads(run("serve.py", "--bytes=20000", "--seconds=0.2", "--json"))["rows"]
    assert {row["answer"] for row in rows} == {"200", "304"}
    assert all(row["a second"] > 0 for row in rows)
    assert any(row["server"] == "aggregator serve" for row in rows)


def test_reading_is_measured_beside_feedparser() -> None:
    rows = told("reading.py", "--feeds=1", "--entries=2", "--rounds=1")
    assert rows["first visit", "feedparser, defaults"]["x"] == 1
    assert rows["first visit", "aggregator"]["ms per 100 KB"] > 0
    assert rows["first visit", "aggregator"]["refused"] == 0


@pytest.mark.parametrize("form", ["gbk", "json", "posts"])
def test_reading_is_measured_in_every_form(form: str) -> None:
    rows = told("reading.py", "--feeds=1", "--entries=2", "--rounds=1", f"--form={form}")
    assert {visit for visit, _ in rows} >= {"first visit", "one new", "nothing new"}
    assert all(row["refused"] == 0 and row["ms per 100 KB"] > 0 for row in rows.values())


def test_publishing_is_measured_in_both_formats_with_and_without_compression() -> None:
    rows = told("publishing.py", "--entries=3", "--bytes=600", "--rounds=1")
    assert {name for name, _ in rows} == {"rss", "atom"}
    assert rows["rss", "feedgen"]["x"] == rows["rss", "feedgen + gzip"]["x"] == 1
    assert rows["atom", "aggregator, one new"]["CPU ms"] > 0


def test_the_corpus_is_the_same_each_time_and_moves_by_one_entry_a_round(tmp_path: Path) -> None:
    for name in ("first", "second"):
        run("corpus.py", str(tmp_path / name), "--feeds=3", "--entries=3", "--rounds=2", "--bytes=500")
    files = sorted(file.relative_to(tmp_path / "first") for file in (tmp_path / "first").rglob("*.xml"))
    assert len(files) == 6
    assert all((tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes() for file in files)
    before, after = ((tmp_path / "first" / turn / "f000.xml").read_text("utf-8") for turn in ("0", "1"))
    assert [f"（0·{number}）" in before for number in range(4)] == [True, True, True, False]
    assert [f"（0·{number}）" in after for number in range(4)] == [False, True, True, True]


@pytest.mark.parametrize("script", ["corpus.py", "refresh.py", "serve.py", "reading.py", "publishing.py"])
def test_a_benchmark_says_what_it_measures(script: str) -> None:
    assert "--help" in run(script, "--help")
