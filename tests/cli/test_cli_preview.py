"""`aggregator preview`: what would be read, and nothing kept of it."""

from __future__ import annotations

import json

import pytest
from cli_runs import Command
from route_bench import Bench, item, items, post, rss

PAGE = '<html lang="zh"><title>公告</title><ul><li><a href="/1">停水通知</a> <b>2022-05-16</b></li></ul></html>'


def nothing_kept(bench: Bench) -> bool:
    return not bench.home.exists()


def test_a_source_by_its_id(bench: Bench, run: Command) -> None:
    """With what feeds.toml says of it; one request, no store."""
    bench.origin.feed("/a", items(1, 2, category="科技"))
    bench.config(bench.source("a", title="My name"))
    ended = run("preview", "a")
    assert ended.status == 0
    assert ended.out.startswith("Title     My name\n")
    assert (
        "1. 第 1 条\n   link   https://news.example/1\n   date   2026-05-01 08:01:00+00:00\n   in     科技\n"
        in ended.out
    )
    assert "   text   正文 1 的内容。" in ended.out
    assert len(bench.origin.requests) == 1
    assert nothing_kept(bench)


def test_a_page_source(bench: Bench, run: Command) -> None:
    """How one finds out whether selectors are right; those that are not are named."""
    bench.origin.feed("/p", PAGE, Content_Type="text/html")
    bench.config(bench.source("p"), '[source.page]\nentry = "li"\ndate = "b"\nauthor = ".by"')
    ended = run("preview", "p")
    assert "1. 停水通知" in ended.out
    assert "2022-05-16 00:00:00+00:00" in ended.out
    assert 'page-selector-empty: the selector author = ".by" matches nothing' in ended.out


def test_an_api_source(bench: Bench, run: Command) -> None:
    """Dotted paths likewise."""
    bench.origin.feed("/j", '{"d": [{"t": "A", "n": 1}]}', Content_Type="application/json")
    bench.config(bench.source("j"), '[source.json]\nentries = "d"\ntitle = "t"\nlink = "/p/{n}"')
    ended = run("preview", "j")
    assert "1. A" in ended.out
    assert bench.origin.url("/p/1") in ended.out


def test_files_of_a_source(bench: Bench, run: Command) -> None:
    """A path of feeds.toml starts from its folder."""
    (bench.folder / "posts").mkdir()
    for name in "ab":
        (bench.folder / "posts" / f"{name}.md").write_text(post(f"Post {name}", "科技"), "utf-8")
    bench.config('[[source]]\nid = "posts"\npath = "posts/*.md"')
    ended = run("preview", "posts", "--limit", "1")
    assert "Entries   2, of which the first 1" in ended.out
    assert "Post b" not in ended.out


@pytest.mark.parametrize("is_file", [pytest.param(True, id="file"), pytest.param(False, id="address")])
def test_what_is_in_no_feeds_toml(bench: Bench, run: Command, is_file: bool) -> None:
    """An address or a file; feeds.toml gives only what the network needs."""
    bench.origin.feed("/x", items(1))
    (bench.folder / "x.xml").write_text(items(1), "utf-8")
    bench.config(bench.source("a"))
    ended = run("preview", "x.xml" if is_file else bench.origin.url("/x"))
    assert "1. 第 1 条" in ended.out
    assert nothing_kept(bench)


def test_a_file_needs_no_feeds_toml(bench: Bench, run: Command) -> None:
    """The first thing somebody tries."""
    (bench.folder / "x.xml").write_text(items(1), "utf-8")
    assert "1. 第 1 条" in run("preview", "x.xml").out


def test_provenance_on_request(bench: Bench, run: Command) -> None:
    """Rule M1: which element filled each field."""
    bench.origin.feed("/a", items(1))
    bench.config(bench.source("a"))
    assert "published: pubDate" in run("preview", "a", "-v").out
    assert "pubDate" not in run("preview", "a").out


@pytest.mark.parametrize(
    ("keys", "decisions"),
    [
        ("", ["yes (source: a)", "yes (source: a)"]),
        ('keep = ["第 1 条"]', ["yes (keep: 第 1 条)", "no (keep)"]),
        ('drop = ["第 1 条"]', ["no (drop: 第 1 条)", "yes (source: a)"]),
        ('authors = ["谁"]', ["no (authors)", "no (authors)"]),
        ('source = "b"', ["no (source)", "no (source)"]),
        ('category = "新闻"', ["no (category)", "no (category)"]),
    ],
)
def test_whether_an_output_takes_each_entry(bench: Bench, run: Command, keys: str, decisions: list[str]) -> None:
    """With the key and the word that decide."""
    bench.origin.feed("/a", items(1, 2))
    bench.origin.feed("/b", items(3))
    bench.config(bench.source("a"), bench.source("b", category="新闻"), f'[[feed]]\nid = "f"\n{keys}')
    ended = run("preview", "a", "--feed", "f")
    assert ended.status == 0
    assert [line[10:] for line in ended.out.splitlines() if line.startswith("   feed   ")] == decisions


def test_an_output_that_is_not_there(bench: Bench, run: Command) -> None:
    """The one that was perhaps meant is named; without [[feed]] there is one of each category."""
    bench.origin.feed("/a", items(1))
    bench.config(bench.source("a", category="新闻/本地"))
    ended = run("preview", "a", "--feed", "新闻/本")
    assert (ended.status, ended.err) == (
        1,
        'aggregator: "新闻/本" is no output of feeds.toml; did you mean "新闻/本地"?\n',
    )
    assert "feed   yes (source: a)" in run("preview", "a", "--feed", "all").out
    assert run("preview", "a", "--feed", "all", "--json").status == 2


def test_json_has_the_whole_model(bench: Bench, run: Command) -> None:
    """For scripts, all entries and all fields."""
    bench.origin.feed("/a", items(*range(1, 31)))
    bench.config(bench.source("a"))
    reading = run("preview", "a", "--json").json
    assert len(reading["entries"]) == 30
    assert reading["entries"][0]["title"] == "第 1 条"
    assert reading["feed"]["title"] == "新闻"
    assert json.dumps(reading)


def test_long_texts_are_cut(bench: Bench, run: Command) -> None:
    """200 characters tell enough."""
    bench.origin.feed("/a", rss(item(1, description="字" * 500)))
    bench.config(bench.source("a"))
    assert f"   text   {'字' * 200}…\n" in run("preview", "a").out


def test_nothing_a_terminal_obeys_comes_through(bench: Bench, run: Command) -> None:
    """Titles are written by strangers."""
    bench.origin.feed("/a", rss(item(1, title="A\u009b31m\u202eB", description="&#27;]0;x&#7;")))
    bench.config(bench.source("a"))
    assert not {c for c in run("preview", "a").out if not c.isprintable() and c != "\n"}


@pytest.mark.parametrize(
    ("what", "words"),
    [
        pytest.param("/page", "aggregator preview http", id="page-names-its-feeds"),
        pytest.param("/missing", "404", id="not-found"),
        pytest.param("http://10.0.0.1/", "private address", id="private"),
        pytest.param("sorce", 'did you mean "source"?', id="slip"),
        pytest.param("/p-empty", "matches nothing on this page", id="empty-page"),
    ],
)
def test_what_cannot_be_read(bench: Bench, run: Command, what: str, words: str) -> None:
    """Status 1, and words that help on."""
    link = '<link rel="alternate" type="application/rss+xml" href="/feed">'
    bench.origin.feed("/page", f"<html>{link}</html>", Content_Type="text/html")
    bench.origin.feed("/p-empty", "<html><p>x</p></html>", Content_Type="text/html")
    bench.config(bench.source("source"), bench.source("p-empty"), '[source.page]\nentry = "li"')
    ended = run("preview", bench.origin.url(what) if what.startswith("/") else what)
    assert (ended.status, ended.out) == (1, "")
    assert words in ended.err


def test_a_wrong_feeds_toml_is_reported_first(bench: Bench, run: Command) -> None:
    """Status 2, as everywhere."""
    bench.config(bench.source("p"), '[source.page]\nentry = "li["')
    ended = run("preview", "p")
    assert ended.status == 2
    assert "malformed attribute selector" in ended.err
