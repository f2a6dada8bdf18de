"""Which feeds a page names, and in which order a person is asked about them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from aggregator.core.document import Document
from aggregator.core.parse.page.discovery import discover_feeds, named_feeds, page_of, page_title, usual_places

URL = "https://site.example/blog/"


def urls(html: str) -> list[str]:
    return [feed.url for feed in named_feeds(html, url=URL)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param('<link rel=alternate type="application/rss+xml" href="/f">', ["https://site.example/f"], id="rss"),
        pytest.param(
            '<LINK REL="ALTERNATE" TYPE="Application/Atom+XML; charset=utf-8" HREF="f">', [f"{URL}f"], id="capitals"
        ),
        pytest.param(
            '<link rel="alternate nofollow" type="application/feed+json" href="//x.example/f">',
            ["https://x.example/f"],
            id="json",
        ),
        pytest.param('<link rel="feed" href="/f">', ["https://site.example/f"], id="rel-feed"),
        pytest.param(
            '<base href="https://b.example/x/"><link rel=alternate type="text/xml" href="f">',
            ["https://b.example/x/f"],
            id="base",
        ),
        pytest.param(
            '<link rel=alternate type="application/json" href="/wp-json/wp/v2/posts/1">', [], id="wordpress-json"
        ),
        pytest.param(
            '<link rel=alternate type="application/json" href="/feed.json">',
            ["https://site.example/feed.json"],
            id="feed-json",
        ),
        pytest.param('<link rel=alternate type="application/json+oembed" href="/o">', [], id="oembed"),
        pytest.param('<link rel=alternate hreflang=de href="/de">', [], id="language"),
        pytest.param('<link rel=stylesheet type="text/xml" href="/f">', [], id="other-relation"),
        pytest.param('<link rel=alternate type="application/rss+xml" href="javascript:x">', [], id="javascript"),
        pytest.param('<link rel=alternate type="application/rss+xml">', [], id="no-address"),
        pytest.param('<a href="/rss.xml">订阅</a>', ["https://site.example/rss.xml"], id="link-rss-xml"),
        pytest.param(
            '<a href="feed/">x</a><a href="/atom">x</a>', [f"{URL}feed/", "https://site.example/atom"], id="link-folder"
        ),
        pytest.param('<a href="/tags/go.atom?x=1">x</a>', ["https://site.example/tags/go.atom?x=1"], id="link-ending"),
        pytest.param(
            '<a href="/feedback">x</a><a href="/what-is-rss.html">x</a><a href="/index.json">x</a>', [], id="no-feeds"
        ),
        pytest.param('<a href="ftp://site.example/rss.xml">x</a><a href="http://[/rss">y</a>', [], id="not-over-http"),
        pytest.param("", [], id="empty"),
        pytest.param("\0<<<>>>", [], id="rubbish"),
    ],
)
def test_what_counts_as_a_feed(html: str, expected: list[str]) -> None:
    """Declared, or linked by a name that feeds have."""
    assert urls(html) == expected


def test_the_declared_come_first_and_comments_last() -> None:
    """WordPress: the feed, its comments, and links in the foot."""
    html = """<a href="/rss">RSS</a>
    <link rel="alternate" type="application/rss+xml" title="S &raquo; Comments Feed" href="/comments/feed/">
    <link rel="alternate" type="application/rss+xml" title="S &raquo; Feed" href="/feed/">"""
    found = named_feeds(html, url=URL)
    assert [(feed.url.removeprefix("https://site.example"), feed.is_declared) for feed in found] == [
        ("/feed/", True),
        ("/comments/feed/", True),
        ("/rss", False),
    ]
    assert found[0].title == "S » Feed"


def test_each_feed_is_named_once() -> None:
    """Declared and linked again; the declaration stands."""
    html = '<link rel=alternate type="application/rss+xml" href="/feed"><a href="https://site.example/feed/">RSS</a>'
    assert [(f.url, f.is_declared) for f in named_feeds(html, url=URL)] == [("https://site.example/feed", True)]


def test_an_error_names_the_declared_only() -> None:
    """What a visit to a page reports is no guess."""
    html = '<link rel=alternate type="application/rss+xml" href="/f"><a href="/rss.xml">x</a>'
    assert discover_feeds(html, url=URL) == ("https://site.example/f",)


def test_feeds_named_at_the_end_of_a_large_page_are_found() -> None:
    """The head, and the foot with its links."""
    assert urls("<p>x</p>" * 500_000 + '<a href="/rss.xml">RSS</a>') == ["https://site.example/rss.xml"]


@pytest.mark.parametrize(
    ("url", "first"),
    [
        pytest.param("https://site.example", ["https://site.example/feed", "https://site.example/rss.xml"], id="root"),
        pytest.param(
            "https://site.example/blog",
            ["https://site.example/blog/feed", "https://site.example/blog/rss.xml"],
            id="folder",
        ),
        pytest.param("https://site.example/b/i.html?x#y", ["https://site.example/b/feed"], id="file"),
    ],
)
def test_usual_places(url: str, first: list[str]) -> None:
    """Near the page before the site's root, each once."""
    places = usual_places(url)
    assert list(places[: len(first)]) == first
    assert "https://site.example/index.xml" in places
    assert len(set(places)) == len(places)


def test_titles_of_pages() -> None:
    """On one line."""
    assert page_title("<title>\n 新闻 &amp;\n Co </title>") == "新闻 & Co"
    assert page_title("<p>") == ""


def test_a_page_is_decoded_by_its_own_word() -> None:
    """Rule P19, with the meta element."""
    body = '<meta charset="gb2312"><title>新闻</title>'.encode("gb18030")
    document = Document(url=URL, body=body, fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert page_title(page_of(document)) == "新闻"


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<a href=/feed/" * 300_000, id="unclosed"),
        pytest.param("<div>" * 300_000 + '<a href="/rss">', id="deep"),
        pytest.param("".join(f'<a href="/{n}/feed">x</a>' for n in range(60_000)), id="many"),
        pytest.param('<a href="' + "/feed" * 1_000_000 + '">', id="long"),
    ],
)
def test_hostile_pages_are_searched_quickly(html: str) -> None:
    """A page is as large as a fetch allows."""
    begin = time.process_time()
    assert len(named_feeds(html, url=URL)) <= 50
    assert time.process_time() - begin < 5
