"""`aggregator import`: another reader's subscriptions become sources, and what does not is told."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest
from cli_runs import Command
from click.testing import CliRunner
from route_bench import Bench

from aggregator.cli.main import aggregator

OPML = """<?xml version="1.0"?>
<opml version="1.0"><body>
<outline text="新闻"><outline text="IT 之家">
  <outline text="IT之家" type="rss" xmlUrl="https://www.ithome.com/rss/"/>
</outline></outline>
<outline text="First" xmlUrl="FIRST"/>
<outline text="Twice" xmlUrl="http://www.ithome.com/rss"/>
<outline text="Evil" xmlUrl="javascript:alert(1)"/>
<outline text="Home" xmlUrl="http://192.168.1.5/feed"/>
</body></opml>
"""


@pytest.fixture
def opml(bench: Bench) -> Path:
    bench.config(bench.source("first"))
    bench.toml.write_text("# mine\n" + bench.toml.read_text("utf-8") + "# end\n", "utf-8")
    path = bench.folder / "subscriptions.opml"
    path.write_text(OPML.replace("FIRST", bench.origin.url("/first")), "utf-8")
    return path


def test_folders_become_categories(bench: Bench, run: Command, opml: Path) -> None:
    """Nothing is fetched; a private address is kept, and refused when it is polled."""
    assert run("import", str(opml)).status == 0
    text = bench.toml.read_text("utf-8")
    assert tomllib.loads(text)["source"][1:] == [
        {"id": "it之家", "url": "https://www.ithome.com/rss/", "title": "IT之家", "category": "新闻/IT 之家"},
        {"id": "home", "url": "http://192.168.1.5/feed", "title": "Home"},
    ]
    assert text.startswith("# mine\n")
    assert "\n# end\n" in text
    assert bench.origin.requests == []
    assert run("check").status == 0


def test_the_report_says_what_was_left_out_and_why(run: Command, opml: Path) -> None:
    """With the line of the file."""
    assert run("import", str(opml)).out.splitlines() == [
        "2 of 5 feeds added to feeds.toml",
        "1 in it already:",
        '  line 6: First: it is source "first"',
        "1 repeated in the file:",
        '  line 7: Twice: the same feed as "IT之家" in 新闻/IT 之家, line 4',
        "1 left out:",
        "  line 8: Evil: an address that begins with javascript: cannot be polled",
    ]


def test_the_report_for_scripts_is_whole(run: Command, opml: Path) -> None:
    """The same facts as JSON."""
    report = run("import", str(opml), "--json").json
    assert [one["id"] for one in report["added"]] == ["it之家", "home"]
    assert {key: len(report[key]) for key in ("known", "repeated", "left_out", "problems")} == {
        "known": 1,
        "repeated": 1,
        "left_out": 1,
        "problems": 0,
    }


def test_a_second_import_adds_nothing(bench: Bench, run: Command, opml: Path) -> None:
    """Idempotent, to the byte."""
    run("import", str(opml))
    before = bench.toml.read_bytes()
    assert run("import", str(opml)).out.startswith("0 of 5 feeds added")
    assert bench.toml.read_bytes() == before


def test_a_dry_run_changes_nothing(bench: Bench, run: Command, opml: Path) -> None:
    """But tells what it would."""
    before = bench.toml.read_bytes()
    ended = run("import", str(opml), "--dry-run")
    assert "it之家: https://www.ithome.com/rss/" in ended.out
    assert bench.toml.read_bytes() == before


def test_everything_may_go_below_one_category(bench: Bench, run: Command, opml: Path) -> None:
    """Somebody else's list has its own corner."""
    run("import", str(opml), "--category", "朋友")
    categories = [source.get("category") for source in tomllib.loads(bench.toml.read_text("utf-8"))["source"]]
    assert categories == [None, "朋友/新闻/IT 之家", "朋友"]


def test_a_category_that_is_none_is_refused_before_anything_is_read(bench: Bench, run: Command, opml: Path) -> None:
    before = bench.toml.read_bytes()
    ended = run("import", str(opml), "--category", "/")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("aggregator: --category: expected")
    assert bench.toml.read_bytes() == before


def test_of_a_broken_list_what_can_be_read_is_taken_and_the_rest_pointed_out(
    bench: Bench, run: Command, opml: Path
) -> None:
    """Cut off in the middle of the last feed."""
    opml.write_text(opml.read_text("utf-8").partition("http://192")[0], "utf-8")
    ended = run("import", str(opml))
    assert ended.status == 0
    assert "the XML is broken; feeds may be missing:\n  " in ended.out
    assert [source["id"] for source in tomllib.loads(bench.toml.read_text("utf-8"))["source"]] == ["first", "it之家"]


@pytest.mark.usefixtures("run")
def test_standard_input_is_a_file_too(opml: Path) -> None:
    """For pipes."""
    result = CliRunner().invoke(aggregator, ["import", "-"], input=opml.read_bytes())
    assert result.exit_code == 0
    assert result.stdout.startswith("2 of 5 feeds added")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        pytest.param("<html></html>", 1, "no OPML", id="html"),
        pytest.param("", 1, "empty", id="empty"),
        pytest.param('<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml/>', 1, "refused", id="entity"),
        pytest.param("<opml><body/></opml>", 0, "0 of 0 feeds", id="no-feeds"),
    ],
)
def test_what_is_no_list(bench: Bench, run: Command, opml: Path, body: str, status: int, words: str) -> None:
    """Words; the file stays as it was."""
    before = bench.toml.read_bytes()
    opml.write_text(body, "utf-8")
    ended = run("import", str(opml))
    assert ended.status == status
    assert words in ended.out + ended.err
    assert bench.toml.read_bytes() == before


def test_a_list_begins_a_new_file(bench: Bench, run: Command, opml: Path) -> None:
    """The first step of somebody who comes from another reader."""
    bench.toml.unlink()
    assert run("import", str(opml)).out.startswith("3 of 5 feeds added")
    assert run("check").status == 0


def test_five_thousand_feeds_take_seconds(run: Command, opml: Path) -> None:
    """Reading, naming, writing, and reading the result back."""
    lines = (
        f'<outline text="组 {n % 50}"><outline text="源" xmlUrl="https://h{n}.example.org/f"/></outline>'
        for n in range(5_000)
    )
    opml.write_text(f"<opml><body>{''.join(lines)}</body></opml>", "utf-8")
    begin = time.process_time()
    assert run("import", str(opml)).out.startswith("5000 of 5000 feeds added")
    assert time.process_time() - begin < 15


def test_neither_passwords_nor_escapes_are_shown(run: Command, opml: Path) -> None:
    """The report is for eyes and logs; feeds.toml has the whole address."""
    lines = '<outline text="A&#x9b;31m" xmlUrl="x:y"/><outline text="B" xmlUrl="https://me:secret@b.example/"/>'
    opml.write_text(f"<opml><body>{lines}</body></opml>", "utf-8")
    shown = run("import", str(opml), "--dry-run").out + run("import", str(opml), "--json").out
    assert "secret" not in shown
    assert not {char for char in shown if not char.isprintable() and char != "\n"}
    assert "me:secret@b.example" in Path("feeds.toml").read_text("utf-8")
