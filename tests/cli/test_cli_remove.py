"""`aggregator remove`: what is deleted, what is asked, and what is refused."""

from __future__ import annotations

import pytest
from cli_runs import Command
from route_bench import Bench, items


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Two sources; the second tells one story of the first as well."""
    bench.origin.feed("/a", items(1, 2))
    bench.origin.feed("/b", items(1, 3))
    bench.config(bench.source("a"), bench.source("b"))
    bench.poll()
    return bench


def left(bench: Bench) -> list[str]:
    bench.poll()
    return sorted(bench.titles())


def test_a_story_is_deleted_in_every_source_that_had_it(filled: Bench, run: Command) -> None:
    """By its link: both entries go, the published files say so at once, and a later visit does not bring it back."""
    titles = left(filled)
    link = next(one["url"] for one in filled.read() if one["title"] == titles[0])
    ended = run("remove", link, "--yes", "--why", "on request")
    assert (ended.status, ended.out) == (0, "deleted: 2\n")
    assert b"deleted-entry" in filled.files()["c/all.atom"]
    assert sorted(filled.titles()) == titles[1:]
    filled.clock.pass_(hours=2)
    assert left(filled) == titles[1:]


def test_it_asks_first(filled: Bench, run: Command) -> None:
    """Nobody to answer is a no; what would be deleted was shown."""
    titles = left(filled)
    ended = run("remove", titles[-1])
    assert ended.status == 1
    assert titles[-1] in ended.err
    assert left(filled) == titles


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("nothing of the kind", "no entry has", id="unknown"),
        pytest.param("第", "these are several", id="several"),
    ],
)
def test_what_is_not_one_story_is_refused(filled: Bench, run: Command, text: str, words: str) -> None:
    titles = left(filled)
    ended = run("remove", text, "--yes")
    assert (ended.status, ended.out) == (1, "")
    assert words in ended.err
    assert left(filled) == titles


def test_a_file_that_cannot_be_written_is_told(filled: Bench, run: Command) -> None:
    """What was deleted is deleted; the file is made at the next poll."""
    titles = left(filled)
    stuck = filled.public / "c/all.atom"
    stuck.unlink()
    stuck.mkdir()
    ended = run("remove", titles[0], "--yes")
    assert (ended.status, ended.out) == (1, "deleted: 2\n")
    assert "c/all.atom: a folder stands where the file belongs; remove it" in ended.err
    stuck.rmdir()
    assert left(filled) == titles[1:]
    assert "c/all.atom" in filled.files()
