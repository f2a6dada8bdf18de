"""The list of sources, published for those who wish it (rule W15)."""

from __future__ import annotations

from route_bench import Bench, items

WITH = "[site]\nsources_opml = true"


def wished(bench: Bench, *more: str) -> None:
    bench.config(bench.source("news", category="新闻/科技"), *more)
    bench.toml.write_text(bench.toml.read_text("utf-8").replace("[site]", WITH), "utf-8")


def test_sources_are_listed_only_if_wished(bench: Bench) -> None:
    bench.origin.feed("/news", items(1))
    bench.config(bench.source("news"))
    bench.poll()
    assert "sources.opml" not in bench.files()
    wished(bench)
    bench.poll()
    assert "sources.opml" in bench.files()
    bench.config(bench.source("news"))
    bench.poll()
    assert not [name for name in bench.files() if name.startswith("sources.opml")]


def test_the_list_says_what_sources_call_themselves_and_their_categories(bench: Bench) -> None:
    """Without passwords; what is no feed is left out."""
    bench.origin.feed("/news", items(1))
    folder = bench.folder / "notes"
    folder.mkdir()
    secret = '[[source]]\nid = "shut"\nurl = "https://me:word@shut.example/feed"\nenabled = false'
    wished(bench, '[[source]]\nid = "notes"\npath = "notes/*.md"', secret)
    bench.poll()
    text = bench.files()["sources.opml"].decode()
    assert f'xmlUrl="{bench.origin.url("/news")}"' in text
    assert '<outline text="新闻">' in text
    assert 'category="/新闻/科技"' in text
    assert 'xmlUrl="https://shut.example/feed"' in text
    assert "word" not in text
    assert "notes" not in text


def test_an_unchanged_list_stays_as_it_is(bench: Bench) -> None:
    """Rule W17"""
    bench.origin.feed("/news", items(1))
    wished(bench)
    bench.poll()
    path = bench.public / "sources.opml"
    before = path.stat().st_mtime_ns, path.read_bytes()
    bench.origin.feed("/news", items(1, 2))
    bench.poll_later(hours=2)
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_a_list_of_nothing_is_not_there(bench: Bench) -> None:
    """Rule W15: OPML without an outline is invalid; the index names no list then."""
    folder = bench.folder / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("---\ntitle: a\n---\nb\n", "utf-8")
    notes, page = '[[source]]\nid = "notes"\npath = "notes/*.md"', '[[feed]]\nid = "all"\nformats = ["html"]'
    wished(bench, notes)
    bench.poll()
    assert "outputs.opml" in bench.files()
    bench.toml.write_text(f"{WITH}\n{notes}\n{page}", "utf-8")
    bench.poll()
    assert not [name for name in bench.files() if ".opml" in name]
    assert b"opml" not in bench.files()["index.html"]
