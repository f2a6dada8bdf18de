"""`aggregator export`: the list for other readers, and back again."""

from __future__ import annotations

import tomllib
from xml.etree import ElementTree

from cli_runs import Command
from route_bench import Bench, items, rss

from aggregator.core.parse.opml import read_opml


def test_sources_with_folders_titles_and_sites(bench: Bench, run: Command) -> None:
    """Titles: ours, else the feed's own from the store, else the host; what is no feed is named and left out."""
    bench.origin.feed("/a", rss(title="Own title", link="https://a.example/"))
    bench.origin.feed("/b", items(1))
    bench.config(
        bench.source("a", category="新闻/IT 之家"),
        bench.source("b", title="Given"),
        bench.source("page"),
        '[source.page]\nentry = "li"',
        '[[source]]\nid = "posts"\npath = "*.md"',
    )
    bench.poll(only=["a", "b"])
    ended = run("export")
    assert ended.status == 0
    found = [
        dict(outline.attrib)
        for outline in ElementTree.fromstring(ended.out).iter("outline")
        if "xmlUrl" in outline.attrib
    ]
    assert [(one["title"], one["xmlUrl"], one.get("htmlUrl")) for one in found] == [
        ("Own title", bench.origin.url("/a"), "https://a.example/"),
        ("Given", bench.origin.url("/b"), "https://news.example/"),
    ]
    assert 'source "page" reads a page' in ended.err
    assert 'source "posts" reads files' in ended.err
    (first, _) = read_opml(ended.out.encode(), name="x").subscriptions
    assert first.path == ("新闻", "IT 之家")


def test_without_a_store_there_is_still_a_list(bench: Bench, run: Command) -> None:
    """No store is made for it."""
    bench.config(bench.source("a"))
    assert bench.origin.url("/a") in run("export", "--sources").out
    assert not bench.home.exists()


def test_no_password_is_exported(bench: Bench, run: Command) -> None:
    """Rule P21."""
    bench.config('[[source]]\nid = "a"\nurl = "https://me:secret@a.example/f"')
    ended = run("export")
    assert "https://a.example/f" in ended.out
    assert "secret" not in ended.out


def test_outputs_are_listed_as_published(bench: Bench, run: Command) -> None:
    """The same bytes that readers get from the server."""
    bench.origin.feed("/a", items(1))
    bench.config(bench.source("a", category="新闻"))
    assert run("export", "--outputs").status == 1
    bench.poll()
    assert run("export", "--outputs").out.encode() == (bench.public / "outputs.opml").read_bytes()


def test_export_and_import_keep_every_subscription(bench: Bench, run: Command) -> None:
    """Rule W15 both ways: addresses, titles and categories."""
    bench.config(
        bench.source("a", title="甲 & <乙>", category="新闻/IT 之家"),
        bench.source("b", "/b?x=1&y=2", title='"B"', category="新闻"),
        bench.source("c", title="C"),
    )
    before = tomllib.loads(bench.toml.read_text("utf-8"))["source"]
    list_ = bench.folder / "list.opml"
    list_.write_text(run("export").out, "utf-8")
    bench.toml.unlink()
    assert run("import", str(list_)).status == 0
    after = tomllib.loads(bench.toml.read_text("utf-8"))["source"]
    keys = ("url", "title", "category")
    assert sorted([s.get(k) or "" for k in keys] for s in after) == sorted(
        [s.get(k) or "" for k in keys] for s in before
    )


def test_a_folder_in_place_of_the_published_list(bench: Bench, run: Command) -> None:
    bench.config(bench.source("news"))
    (bench.home / "public/outputs.opml").mkdir(parents=True)
    ended = run("export", "--outputs")
    assert (ended.status, ended.out) == (1, "")
    assert "outputs.opml: it cannot be read: " in ended.err
