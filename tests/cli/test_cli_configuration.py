"""feeds.toml that cannot be put into force: exit status 2, and words that tell what to do."""

from __future__ import annotations

import json

import pytest
from cli_runs import Command
from route_bench import Bench

GOOD = '[[source]]\nid = "a"\nurl = "https://e.org/"\n'
BAD = [
    pytest.param(None, ["there is no such file", "[[source]]", "--config"], id="missing"),
    pytest.param(b"", ["names no source", "add at least a [[source]]"], id="empty"),
    pytest.param(b"\n# nothing yet\n", ["names no source", "add at least a [[source]]"], id="comments-alone"),
    pytest.param('# 配置\n[[source]]\nid = "源"'.encode("gbk"), ["not UTF-8", "GBK", "save it as UTF-8"], id="gbk"),
    pytest.param(GOOD.encode("utf-16"), ["UTF-16", "save it as UTF-8"], id="utf-16"),
    pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), ["byte order mark", "without BOM"], id="bom"),
    pytest.param(bytes(range(256)), ["not UTF-8"], id="rubbish"),
    pytest.param(
        GOOD + 'ulr = "x"\n',
        ['feeds.toml:4:1 source "a"', 'unknown key "ulr"', 'did you mean "url"?'],
        id="unknown-key",
    ),
    pytest.param(GOOD + "[sit]\n", ["feeds.toml:4:2", 'unknown table "sit"', "[site]"], id="unknown-table"),
    pytest.param(
        GOOD + GOOD, ['feeds.toml:5:6 source "a"', 'the id "a" is taken by the source at line 2'], id="double-source"
    ),
    pytest.param(
        GOOD + '[[feed]]\nid = "x"\n' * 2,
        ["feeds.toml:7:6", 'the id "x" is taken by the feed at line 5'],
        id="double-feed",
    ),
    pytest.param(
        '[[source]]\nid = "a"\nurl = "htp:/e"', ["feeds.toml:3:7", "begins with http://", "htp:/e"], id="address"
    ),
    pytest.param('[[source]]\nid = "a"\nurl = "e.org/rss"', ['did you mean "https://e.org/rss"?'], id="no-scheme"),
    pytest.param('[[source]]\nid = "a"\n', ["feeds.toml:1:1", "neither url nor path"], id="no-address"),
    pytest.param("[[source\n", ["feeds.toml:1:9", "expected ']]'"], id="syntax"),
    pytest.param(
        GOOD + '[[feed]]\nid = "x"\nsource = "b"\ncategory = "c"',
        ['there is no source "b"', 'no source has the category "c"'],
        id="unknown-names",
    ),
]


def write(bench: Bench, text: str | bytes | None) -> None:
    if text is not None:
        bench.toml.write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize("command", ["poll", "check", "serve", "status"])
@pytest.mark.parametrize(("text", "words"), BAD)
def test_a_bad_file_ends_with_2_and_words(
    bench: Bench, run: Command, command: str, text: str | bytes | None, words: list[str]
) -> None:
    """Bad input: feeds.toml missing, empty, not UTF-8, with a BOM, unknown keys, double ids, a bad address"""
    write(bench, text)
    ended = run(command)
    assert ended.status == 2
    assert ended.out == ""
    for part in words:
        assert part in ended.err
    assert not bench.home.exists()


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(bench: Bench, run: Command) -> None:
    """File, line, column, key and what was expected; all at once"""
    write(
        bench,
        '[site]\ntimezone = "Mars"\n[[source]]\nid = "a"\nurl = "x"\ninterval = "1s"\n[[feed]]\nid = "f"\nlimit = 0\n',
    )
    lines = run("check").err.splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        "feeds.toml:2:12",
        "feeds.toml:5:7",
        "feeds.toml:6:12",
        "feeds.toml:9:9",
    ]


def test_as_json_each_problem_has_its_place(bench: Bench, run: Command) -> None:
    write(bench, GOOD + "enabled = 1\n")
    ended = run("check", "--json")
    assert ended.status == 2
    [problem] = ended.json
    assert (problem["file"], problem["line"], problem["where"]) == ("feeds.toml", 4, 'source "a": enabled')
    assert set(problem) == {"file", "line", "column", "where", "message"}


def test_a_good_file_is_called_good(bench: Bench, run: Command) -> None:
    write(bench, GOOD)
    ended = run("check")
    assert (ended.status, ended.err) == (0, "")
    assert "feeds.toml: good. 1 source;" in ended.out
    assert run("check", "--json").json == []
    assert not bench.home.exists()


def test_a_password_in_an_address_is_never_shown(bench: Bench, run: Command) -> None:
    write(bench, '[[source]]\nid = "a"\nurl = "https://me:secret@"\n')
    ended = run("check")
    assert ended.status == 2
    assert "secret" not in ended.out + ended.err


def test_a_folder_in_its_place(bench: Bench, run: Command) -> None:
    bench.toml.mkdir()
    ended = run("poll")
    assert ended.status == 2
    assert "is a directory" in ended.err


def test_another_file_may_be_named(bench: Bench, run: Command) -> None:
    (bench.folder / "other.toml").write_text("[[source]]\n")
    ended = run("check", "--config", "other.toml")
    assert ended.status == 2
    assert ended.err.startswith("other.toml:1:1")


def test_status_tells_of_the_bad_file_and_still_shows_what_there_is(bench: Bench, run: Command) -> None:
    """The last good state stays in force"""
    (bench.folder / "x.md").write_text("---\ntitle: 甲\n---\n\n正文\n")
    write(bench, '[[source]]\nid = "posts"\npath = "x.md"\n')
    assert run("poll").status == 0
    write(bench, "[[source\n")
    ended = run("status")
    assert ended.status == 2
    assert "feeds.toml:1:9" in ended.out
    assert "posts" in ended.out
    shown = json.loads(run("status", "--json").out)
    assert "feeds.toml:1:9" in shown["configuration"]
    assert [one["source"] for one in shown["sources"]] == ["posts"]
