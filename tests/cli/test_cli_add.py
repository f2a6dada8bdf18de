"""`aggregator add`: from an address to a source, with one request and not one line of feeds.toml moved."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from cli_runs import Command, Program
from route_bench import Asked, Bench, items, rss

HEAD = "# my feeds 我的订阅\n"
FOOT = '\n# the outputs\n[[feed]]\nid = "all"   # everything\n'
PAGE = """<html><head><title>The Site</title>
<link rel="alternate" type="application/rss+xml" title="The Site &raquo; Comments Feed" href="/comments">
<link rel="alternate" type="application/rss+xml" title="The Site &raquo; Feed" href="/news">
<link rel="alternate" type="application/atom+xml" title="Atom" href="/atom"></head><body></body></html>"""


def write(bench: Bench, *tables: str) -> str:
    """A feeds.toml with comments; returns its text."""
    bench.config(bench.source("first"), *tables)
    text = HEAD + bench.toml.read_text("utf-8") + FOOT
    bench.toml.write_text(text, "utf-8")
    return text


def sources(bench: Bench) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(bench.toml.read_text("utf-8"))["source"]
    return found[1:]


def moved(asked: Asked) -> None:
    asked.say(301, Location="/news")


def page(bench: Bench, path: str = "/", html: str = PAGE) -> None:
    bench.origin.feed(path, html, Content_Type="text/html")


def test_a_feed_is_added_by_one_request(bench: Bench, run: Command) -> None:
    """Rule P13; the id is made of the title, and the title itself stays the source's own."""
    write(bench)
    bench.origin.feed("/news", rss(title="IT之家 新闻"))
    ended = run("add", bench.origin.url("/news"), "--category", "新闻/IT 之家")
    assert (ended.status, ended.err) == (0, "")
    assert sources(bench) == [{"id": "it之家-新闻", "url": bench.origin.url("/news"), "category": "新闻/IT 之家"}]
    assert len(bench.origin.requests) == 1
    assert 'added source "it之家-新闻"' in ended.out
    assert run("check").status == 0


def test_nothing_else_in_the_file_changes(bench: Bench, run: Command) -> None:
    """Comments and layout are the user's; the outputs' comment stays above the outputs."""
    before = write(bench)
    bench.origin.feed("/news", items(1))
    run("add", bench.origin.url("/news"), "--id", "n")
    block = f'\n[[source]]\nid  = "n"\nurl = "{bench.origin.url("/news")}"\n'
    assert bench.toml.read_text("utf-8") == before.replace("\n\n# the outputs", f"\n{block}\n# the outputs")


def test_line_endings_and_permissions_stay(bench: Bench, run: Command) -> None:
    """Also through a symbolic link, which stays one."""
    text = write(bench).replace("\n", "\r\n")
    real = bench.folder / "real.toml"
    real.write_bytes(text.encode())
    real.chmod(0o640)
    bench.toml.unlink()
    bench.toml.symlink_to(real)
    bench.origin.feed("/news", items(1))
    assert run("add", bench.origin.url("/news")).status == 0
    assert b"\n" not in real.read_bytes().replace(b"\r\n", b"")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert bench.toml.is_symlink()
    assert sorted(path.name for path in bench.folder.iterdir()) == ["feeds.toml", "real.toml"]


def test_a_page_leads_to_its_feed(bench: Bench, run: Command) -> None:
    """Without a terminal the first is taken, comments' feeds are not first, and one request is enough."""
    write(bench)
    page(bench)
    ended = run("add", bench.origin.url("/"))
    assert sources(bench) == [{"id": "the-site", "url": bench.origin.url("/news")}]
    assert "3. " in ended.err
    assert len(bench.origin.requests) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_person_chooses(bench: Bench) -> None:
    """On a terminal: the list, a question, the chosen one."""
    write(bench)
    page(bench)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "aggregator", "add", bench.origin.url("/")]
    with subprocess.Popen(command, cwd=bench.folder, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, b"2\n")
        assert process.wait(timeout=30) == 0
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "Which" in shown
    assert [source["url"] for source in sources(bench)] == [bench.origin.url("/atom")]


def test_a_page_whose_feed_is_there_adds_no_other_unasked(bench: Bench, run: Command) -> None:
    """The same in another format, and comments, are named, and added by their own address only."""
    write(bench)
    page(bench)
    assert run("add", bench.origin.url("/"), "-y").status == 0
    ended = run("add", bench.origin.url("/"), "-y")
    assert ended.status == 1
    assert 'has its feed already, as source "the-site"; to have another' in ended.err
    assert bench.origin.url("/atom") in ended.err
    assert [source["id"] for source in sources(bench)] == ["the-site"]


def test_a_page_whose_feeds_are_all_there_says_so(bench: Bench, run: Command) -> None:
    write(bench)
    page(bench, html=PAGE.replace("/comments", "/first").replace("/atom", "/first").replace("/news", "/first"))
    ended = run("add", bench.origin.url("/"))
    assert ended.status == 1
    assert ended.err.rstrip().endswith('has its feed already, as source "first"')


@pytest.mark.parametrize("suffix", [pytest.param("", id="same"), pytest.param("?utm_source=x#y", id="tracking")])
def test_duplicates_are_refused_before_any_request(bench: Bench, run: Command, suffix: str) -> None:
    """Rule I6: what differs by nothing that matters is the same address."""
    before = write(bench)
    ended = run("add", bench.origin.url("/first") + suffix)
    assert (ended.status, ended.out) == (1, "")
    assert 'has it already, as source "first"' in ended.err
    assert bench.origin.requests == []
    assert bench.toml.read_text("utf-8") == before


def test_a_feed_that_moved_for_good_is_added_where_it_is(bench: Bench, run: Command) -> None:
    """301: the new address, with a word about it; and it may be there already."""
    write(bench)
    bench.origin.answers["/old"] = moved
    bench.origin.feed("/news", items(1))
    ended = run("add", bench.origin.url("/old"))
    assert [source["url"] for source in sources(bench)] == [bench.origin.url("/news")]
    assert "moved there for good" in ended.out
    assert run("add", bench.origin.url("/old")).status == 1


def test_a_link_that_looks_like_a_feed_is_tried(bench: Bench, run: Command) -> None:
    """Nobody declared it, so a second request has to tell."""
    write(bench)
    page(bench, html='<html><a href="/rss.xml">RSS</a></html>')
    bench.origin.feed("/rss.xml", rss(title="Found"))
    assert run("add", bench.origin.url("/")).status == 0
    assert sources(bench) == [{"id": "found", "url": bench.origin.url("/rss.xml")}]
    assert len(bench.origin.requests) == 2


def test_usual_places_are_asked_on_request_only(bench: Bench, run: Command) -> None:
    """Asking at addresses nobody named is for a person to decide."""
    write(bench)
    page(bench, html="<html><title>Bare</title></html>")
    bench.origin.feed("/rss.xml", rss(title="Hidden"))
    ended = run("add", bench.origin.url("/"))
    assert ended.status == 1
    assert "--probe" in ended.err
    assert len(bench.origin.requests) == 1
    assert run("add", bench.origin.url("/"), "--probe").status == 0
    assert [source["id"] for source in sources(bench)] == ["hidden"]
    assert [request.path for request in bench.origin.requests[1:]] == ["/", "/feed", "/rss.xml"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["/missing"], "404", id="not-found"),
        pytest.param(["/broken"], "neither XML nor JSON", id="no-feed"),
        pytest.param(["http://10.0.0.1/feed"], "private address", id="private"),
        pytest.param(["javascript:alert(1)"], "no address", id="javascript"),
        pytest.param(["posts/*.md"], "no address", id="files"),
        pytest.param(["https://a.example:x/feed"], "https://a.example:x/feed: ", id="bad-port"),
        pytest.param(["/news", "--id", "a/b"], "--id: expected a name", id="bad-id"),
        pytest.param(["/news", "--id", "FIRST"], 'has a source "first" already', id="taken-id"),
        pytest.param(["/news", "--category", "/"], "--category: expected", id="bad-category"),
    ],
)
def test_what_cannot_be_added(bench: Bench, run: Command, arguments: list[str], words: str) -> None:
    """Words, status 1, and the file as it was."""
    before = write(bench)
    bench.origin.feed("/news", items(1))
    bench.origin.feed("/broken", "hello", Content_Type="text/plain")
    url = bench.origin.url(arguments[0]) if arguments[0].startswith("/") else arguments[0]
    ended = run("add", url, *arguments[1:])
    assert ended.status == 1
    assert words in ended.err
    assert bench.toml.read_text("utf-8") == before


def test_a_wrong_file_is_not_edited(bench: Bench, run: Command) -> None:
    """Mistakes first, with their places."""
    bench.toml.write_text('[site]\ntitel = "x"\n[[source]]\nid = "a"\nurl = "https://a.example/"\n', "utf-8")
    ended = run("add", bench.origin.url("/news"))
    assert ended.status == 2
    assert "feeds.toml:2:1" in ended.err
    assert bench.origin.requests == []


def test_a_file_without_sources_gets_its_first(bench: Bench, run: Command) -> None:
    """Its [network] holds already."""
    bench.config()
    bench.origin.feed("/news", rss(title="N"))
    assert run("add", bench.origin.url("/news")).status == 0
    assert run("check").status == 0


def test_a_missing_file_is_begun(run: Command, bench: Bench) -> None:
    """The first step of a new user; private addresses are refused as ever."""
    assert run("add", bench.origin.url("/news")).status == 1
    assert not bench.toml.exists()


def test_a_password_is_kept_and_not_shown(bench: Bench, run: Command) -> None:
    """Rule P21."""
    write(bench)
    bench.origin.feed("/news", rss(title="N"))
    url = bench.origin.url("/news").replace("http://", "http://me:secret@")
    ended = run("add", url)
    assert sources(bench)[0]["url"] == url
    assert "secret" not in ended.out + ended.err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(bench: Bench, run: Command) -> None:
    """Words, and no half file."""
    write(bench)
    bench.origin.feed("/news", items(1))
    bench.folder.chmod(0o555)
    try:
        ended = run("add", bench.origin.url("/news"))
    finally:
        bench.folder.chmod(0o755)
    assert ended.status == 2
    assert "cannot be written" in ended.err


def test_help_is_quick(program: Program) -> None:
    """Nothing heavy is imported for it."""
    ended = program("add", "--help")
    assert ended.status == 0
    assert "--probe" in ended.out


def test_an_edit_made_meanwhile_is_not_overwritten(bench: Bench, run: Command) -> None:
    """Somebody saves feeds.toml while the feed is fetched."""
    write(bench)
    theirs = bench.toml.read_text("utf-8") + "# saved meanwhile\n"

    def answer(asked: Asked) -> None:
        bench.toml.write_text(theirs, "utf-8")
        asked.say(200, items(1).encode(), Content_Type="application/rss+xml")

    bench.origin.answers["/news"] = answer
    ended = run("add", bench.origin.url("/news"))
    assert (ended.status, ended.out) == (2, "")
    assert "it was changed meanwhile, so nothing was written; try again" in ended.err
    assert bench.toml.read_text("utf-8") == theirs
    assert [path.name for path in bench.folder.iterdir()] == ["feeds.toml"]


def test_an_address_of_this_machine_needs_no_scheme(bench: Bench, run: Command) -> None:
    """It has no certificate, so it is http."""
    write(bench)
    bench.origin.feed("/news", rss(title="N"))
    assert run("add", bench.origin.url("/news").removeprefix("http://")).status == 0
    assert [source["url"] for source in sources(bench)] == [bench.origin.url("/news")]


def test_a_server_that_asks_for_patience_is_not_asked_at_the_next_place(bench: Bench, run: Command) -> None:
    """Rule P12: also where a person wants the usual places tried."""
    before = write(bench)
    page(bench, html="<html><title>Bare</title></html>")
    bench.origin.answers["/feed"] = lambda asked: asked.say(429)
    ended = run("add", bench.origin.url("/"), "--probe")
    assert ended.status == 1
    assert "429" in ended.err
    assert [request.path for request in bench.origin.requests] == ["/", "/feed"]
    assert bench.toml.read_text("utf-8") == before


def test_a_server_that_shows_nothing(bench: Bench, run: Command) -> None:
    """304 to a request that named no state."""
    before = write(bench)
    bench.origin.answers["/news"] = lambda asked: asked.say(304)
    ended = run("add", bench.origin.url("/news"))
    assert ended.status == 1
    assert "answered 304 Not Modified: it says so even if asked for the whole document" in ended.err
    assert bench.toml.read_text("utf-8") == before
