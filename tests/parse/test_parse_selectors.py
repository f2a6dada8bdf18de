"""A page is read by CSS selectors into the same model as a feed."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.core.config.rules import PageRules
from aggregator.core.document import Document
from aggregator.core.errors import ParseError, Reason
from aggregator.core.html.clean import visible_text
from aggregator.core.model import Category, Image, Person
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.parse.documents import parse_document
from aggregator.core.parse.page.selectors import MAX_DEPTH, MAX_TAGS
from aggregator.core.parse.parsed import MAX_ENTRIES

URL = "https://city.example.org/news/"
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
PAGE = """<!doctype html>
<html lang="zh-CN"><head><title>公告 &amp; 消息 - 城市</title><meta name="Description" content="全部公告">
<link rel="shortcut icon" href="/f.ico"></head><body>
<nav><a href="/">首页</a></nav>
<ul class="news">
<li><h3>停水<b>通知</b></h3><a class="more" href="2022/1.html">详情</a>
 <span class="date">2022年5月16日 13:00</span>
 <span class="by">王芳</span><span class="by">李明</span>
 <div class="tags"><a href="/t/1">供水</a><a href="/t/2">通知</a></div>
 <img src="blank.gif" data-src="/i/1.jpg">
 <div class="text"><p>第一段。<script>alert(1)</script></p><p>第二段。</p></div></li>
<li><a href="#"></a><h3>第二条</h3><a class="more" href="//city.example.org/2">详情</a>
 <time datetime="2022-05-17T08:00+08:00">昨天</time></li>
</ul></body></html>"""
RULES = PageRules(
    entry="ul.news > li",
    title="h3",
    link="a.more",
    date="span.date",
    content="div.text p",
    image="img",
    author=".by",
    category=".tags a",
)


def read(html: str | bytes, rules: PageRules, *, content_type: str | None = None) -> NormalisedFeed:
    document = Document(
        url=URL,
        body=html if isinstance(html, bytes) else html.encode(),
        fetched_at=NOW,
        headers={"content-type": content_type} if content_type else {},
    )
    context = Context(
        source="s", poll_url=URL, document_url=URL, fetched_at=NOW, timezone=ZoneInfo("Asia/Shanghai"), language="zh-CN"
    )
    return normalise(parse_document(document, rules=rules), context)


def names(reading: NormalisedFeed) -> set[str]:
    return {diagnostic.name for diagnostic in reading.diagnostics}


def titles(html: str, **rules: str) -> list[str]:
    return [entry.title for entry in read(html, PageRules(**rules)).entries]


def test_every_part_of_an_entry_is_found() -> None:
    """All keys at once, the shape of a Chinese notice board."""
    entry = read(PAGE, RULES).entries[0]
    assert entry.title == "停水通知"
    assert entry.link == "https://city.example.org/news/2022/1.html"
    assert entry.published == datetime(2022, 5, 16, 5, 0, tzinfo=UTC)
    assert entry.content == "<p>第一段。</p><p>第二段。</p>"
    assert entry.authors == (Person(name="王芳"), Person(name="李明"))
    assert entry.categories == (Category(path=("供水",)), Category(path=("通知",)))
    assert entry.image == Image(url="https://city.example.org/i/1.jpg")
    assert entry.id is None


def test_provenance_names_the_selectors() -> None:
    """Rule M1: a test can ask which element won."""
    provenance = read(PAGE, RULES).entries[0].provenance
    assert {provenance[field] for field in ("title", "link", "published", "content", "image")} == {
        "page:title",
        "page:link",
        "page:date",
        "page:content",
        "page:image",
    }


def test_the_page_is_the_feed() -> None:
    """Title, description, language, icon and site are the page's own."""
    feed = read(PAGE, RULES).feed
    assert (feed.title, feed.description, feed.language) == ("公告 & 消息 - 城市", "全部公告", "zh-CN")
    assert (feed.icon, feed.site_url) == ("https://city.example.org/f.ico", URL)


def test_entry_alone_is_enough() -> None:
    """Title: the link's text. Link: the first a[href] that leads somewhere. Date: time[datetime]."""
    first, second = read(PAGE, PageRules(entry="ul.news > li")).entries
    assert (first.title, first.link) == ("详情", "https://city.example.org/news/2022/1.html")
    assert first.published is None
    assert second.link == "https://city.example.org/2"
    assert second.published == datetime(2022, 5, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("html", "rules", "expected"),
    [
        pytest.param(
            "<a class=x href=/1>One</a><a class=x href=/2>Two</a>", {"entry": "a.x"}, ["One", "Two"], id="links"
        ),
        pytest.param("<li><a href=/1><img src=i></a><h2>Head</h2></li>", {"entry": "li"}, ["Head"], id="picture-link"),
        pytest.param(
            '<li title="T"><a href=/1>x</a></li>', {"entry": "li", "title": "@title"}, ["T"], id="own-attribute"
        ),
        pytest.param("<a class=x href=/1>One</a>", {"entry": "a", "title": "a.x"}, ["One"], id="entry-itself-matches"),
        pytest.param("<li>1.2.0: faster</li>", {"entry": "li"}, ["1.2.0: faster"], id="text-only"),
        pytest.param(
            "<item><title>T</title></item>", {"entry": "item", "title": "title"}, ["T"], id="unknown-elements"
        ),
        pytest.param('<?xml version="1.0"?><html><body><li>X</li>', {"entry": "li"}, ["X"], id="xhtml"),
        pytest.param("<li>&lt;b&gt; &amp;amp;</li>", {"entry": "li", "title": "li"}, ["<b> &amp;"], id="escapes"),
        pytest.param(
            "<li><em>腾讯</em>控股</li>", {"entry": "li", "title": "li"}, ["腾讯控股"], id="no-blank-in-chinese"
        ),
    ],
)
def test_titles(html: str, rules: dict[str, str], expected: list[str]) -> None:
    """How pages are built, in small."""
    assert titles(html, **rules) == expected


@pytest.mark.parametrize(
    ("date", "selector"),
    [
        pytest.param('<time datetime="2022-05-16T13:00:00+08:00">3 小时前</time>', None, id="machine-first"),
        pytest.param('<span class=d title="2022-05-16 13:00">3 小时前</span>', ".d", id="title-attribute"),
        pytest.param('<span class=d title="Posted by Bob">2022/05/16 13:00</span>', ".d", id="title-is-no-date"),
        pytest.param('<meta itemprop=date content="2022-05-16T05:00:00Z">', "meta", id="meta"),
        pytest.param('<i data-time="1652677200"></i>', "i@data-time", id="seconds"),
        pytest.param("<p class=d>发布于</p><p class=d>2022年5月16日 下午1:00</p>", ".d", id="second-match"),
        pytest.param("<p class=d><b>2022-05-16</b> <i>13:00</i></p>", ".d", id="in-pieces"),
    ],
)
def test_dates(date: str, selector: str | None) -> None:
    """One instant, as pages write it; the source's zone holds."""
    html = f'<li><a href="/1">T</a>{date}</li>'
    entry = read(html, PageRules(entry="li", date=selector)).entries[0]
    assert entry.published == datetime(2022, 5, 16, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("image", "selector"),
    [
        pytest.param('<img src="/p.jpg">', "img", id="src"),
        pytest.param('<img src="blank.gif" data-original="/p.jpg">', "img", id="lazy"),
        pytest.param('<img srcset="/s.jpg 100w, /p.jpg 800w">', "img", id="largest"),
        pytest.param('<img data-x="/p.jpg">', "img@data-x", id="attribute"),
        pytest.param('<div class=c><img src="/p.jpg"></div>', ".c", id="inside"),
        pytest.param("<div class=c style=\"background: url('/p.jpg') no-repeat\"></div>", ".c", id="background"),
        pytest.param('<video poster="/p.jpg"></video>', "video", id="poster"),
        pytest.param(
            '<img srcset="/s.jpg 100w, /p.jpg 800w" src="/t.jpg">', "img@srcset", id="largest-of-the-attribute"
        ),
        pytest.param('<img data-x=" "><img data-x="/p.jpg">', "img@data-x", id="blank-attribute-before"),
    ],
)
def test_images(image: str, selector: str) -> None:
    """Wherever a page hides its picture."""
    entry = read(f'<li><a href="/1">T</a>{image}</li>', PageRules(entry="li", image=selector)).entries[0]
    assert entry.image == Image(url="https://city.example.org/p.jpg")


def test_content_may_be_escaped_in_attributes() -> None:
    """Several are joined like several elements."""
    html = (
        '<li><a href="/1">T</a>'
        '<p data-full="&lt;p&gt;One&lt;/p&gt;"></p><p data-full="&lt;p&gt;Two&lt;/p&gt;">…</p></li>'
    )
    assert read(html, PageRules(entry="li", content="p@data-full")).entries[0].content == "<p>One</p><p>Two</p>"


def test_an_author_without_words_is_none() -> None:
    html = '<li><a href="/1">T</a><b class=by> <i></i></b><b class=by>Ann</b></li>'
    assert read(html, PageRules(entry="li", author=".by")).entries[0].authors == (Person(name="Ann"),)


def test_a_link_that_matches_and_leads_nowhere_is_no_link() -> None:
    entry = read("<li><h2>T</h2><a>soon</a></li>", PageRules(entry="li", link="a")).entries[0]
    assert (entry.title, entry.link) == ("T", None)


def test_the_base_element_holds() -> None:
    """Rule H10: what a browser would do."""
    html = '<base href="https://cdn.example.net/x/"><li><a href="1">T</a><p><img src="p.png"></p></li>'
    entry = read(html, PageRules(entry="li", content="p")).entries[0]
    assert entry.link == "https://cdn.example.net/x/1"
    assert "https://cdn.example.net/x/p.png" in entry.content


def test_a_link_may_be_around_the_entry_or_inside_the_match() -> None:
    """Cards are often one big link."""
    inside = read('<li><h2><a href="/1">T</a></h2></li>', PageRules(entry="li", link="h2")).entries[0]
    around = read('<a href="/1"><h2>T</h2></a>', PageRules(entry="h2", link="h2")).entries[0]
    assert inside.link == around.link == "https://city.example.org/1"


def test_a_match_inside_a_match_is_part_of_it() -> None:
    """`[class*=item]` matches an item and its parts."""
    html = '<div class="item"><div class="item-body"><a href="/1">T</a></div></div>'
    reading = read(html, PageRules(entry="[class*=item]"))
    assert len(reading.entries) == 1
    assert "page-entries-nested" in names(reading)


def test_a_story_shown_twice_is_one_entry() -> None:
    """The top story stands in the list again; by its link and title it is the same."""
    html = '<li><a href="/1">A</a></li><li><a href="/2">B</a></li><li><a href="/1">A</a></li>'
    reading = read(html, PageRules(entry="li"))
    assert [entry.title for entry in reading.entries] == ["A", "B"]
    assert "page-entry-repeated" in names(reading)


def test_entries_without_anything_are_left_out() -> None:
    """An advertisement's empty place costs nothing."""
    reading = read('<li><script>ad()</script></li><li><a href="/1">A</a></li>', PageRules(entry="li"))
    assert [entry.title for entry in reading.entries] == ["A"]
    assert "page-entry-empty" in names(reading)


def test_a_selector_that_matches_nowhere_is_named() -> None:
    """The page was rebuilt; the entries that can still be read are."""
    reading = read('<li><a href="/1">A</a></li>', PageRules(entry="li", author=".by", image="img@data-x"))
    found = [d.message for d in reading.diagnostics if d.name == "page-selector-empty"]
    assert found == [
        'the selector image = "img@data-x" matches nothing in any entry',
        'the selector author = ".by" matches nothing in any entry',
    ]


def test_one_match_in_one_entry_is_enough() -> None:
    """Not every entry has a picture."""
    html = '<li><a href="/1">A</a></li><li><a href="/2">B</a><img src="/p.png"></li>'
    assert "page-selector-empty" not in names(read(html, PageRules(entry="li", image="img")))


@pytest.mark.parametrize(
    ("html", "words"),
    [
        pytest.param("<ul></ul>", "matches nothing on this page", id="no-match"),
        pytest.param("<li></li><li> </li>", "no match has a title, a link or a text", id="all-empty"),
        pytest.param('{"items": []}', "not one tag", id="json"),
        pytest.param("<" * 5_000, "matches nothing on this page", id="only-brackets"),
    ],
)
def test_a_page_without_entries_is_an_error(html: str, words: str) -> None:
    """The visit has failed: nothing is stored, and words say why."""
    with pytest.raises(ParseError, match=words) as caught:
        read(html, PageRules(entry="li"))
    assert caught.value.reason is Reason.NOT_A_FEED


def test_an_empty_answer_is_empty() -> None:
    """Before any selector is asked."""
    with pytest.raises(ParseError) as caught:
        read(" \n", PageRules(entry="li"))
    assert caught.value.reason is Reason.EMPTY


@pytest.mark.parametrize(
    ("codec", "head", "content_type"),
    [
        pytest.param("gb18030", '<meta charset="gb2312">', None, id="meta-gb2312"),
        pytest.param("big5", "", "text/html; charset=big5", id="header-big5"),
        pytest.param(
            "shift_jis", '<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">', None, id="sjis"
        ),
        pytest.param("utf-8", '<meta charset="gb2312">', None, id="wrong-meta"),
    ],
)
def test_character_sets(codec: str, head: str, content_type: str | None) -> None:
    """Rule P19, with the word of a page's meta element."""
    html = f"<html><head>{head}</head><body><li><a href=/1>新聞公告</a></li>".encode(codec)
    assert read(html, PageRules(entry="li"), content_type=content_type).entries[0].title == "新聞公告"


def test_nothing_executable_comes_through() -> None:
    """Rules H5 and H6: a page is as hostile as a feed."""
    html = (
        '<li><a href="javascript:x()">T</a>'
        '<div onclick=x()><script>x()</script><a href="javascript:x()">y</a></div></li>'
    )
    entry = read(html, PageRules(entry="li", link="a", content="div")).entries[0]
    assert entry.link is None
    assert "javascript" not in entry.content
    assert "onclick" not in entry.content


def test_files_of_a_glob_are_pages_too() -> None:
    """A folder of saved pages is one source."""
    parts = tuple(
        Document(
            url=f"file:///pages/{n}.html",
            body=f"<li><a href=https://example.org/{n}>{n}</a></li>".encode(),
            fetched_at=NOW,
        )
        for n in range(2)
    )
    document = Document(url="file:///pages/*.html", body=b"", fetched_at=NOW, parts=parts)
    assert len(parse_document(document, rules=PageRules(entry="li")).entries) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("html", "rules"),
    [
        pytest.param("<div>" * 100_000 + "<a href=x>t</a>", {"entry": "div"}, id="deep"),
        pytest.param("<div class=a>" * 60_000 + "<a>", {"entry": ".q div a", "title": ".b .c"}, id="deep-descendants"),
        pytest.param(("<div>" * 127 + "<a>x</a>" * 50) * 600, {"entry": ".q a"}, id="deep-and-wide"),
        pytest.param("<li><a href=/x>abc</a></li>" * 200_000, {"entry": "li:nth-child(2n)", "author": "b"}, id="wide"),
        pytest.param("<li>" + "<p>x</p>" * 100_000, {"entry": "li", "title": "b", "content": "p"}, id="one-huge"),
        pytest.param("<" * 5_000_000, {"entry": "li"}, id="brackets"),
        pytest.param("<li " + " ".join(f"a{i}=b" for i in range(500_000)) + ">x", {"entry": "li"}, id="attributes"),
        pytest.param("<li>" + "字" * 5_500_000, {"entry": "li"}, id="16-MiB-of-text"),
    ],
)
def test_hostile_pages_are_read_quickly(html: str, rules: dict[str, str]) -> None:
    """Up to the 16 MiB that a fetch brings; seconds, not minutes."""
    begin = time.process_time()
    with contextlib.suppress(ParseError):
        read(html, PageRules(**rules))
    assert time.process_time() - begin < 15


def test_what_lies_deeper_than_any_page_nests_counts_as_text() -> None:
    """Combinators look at every ancestor. Nothing that a reader sees is lost, nor what follows."""
    deep = "<div>" * MAX_DEPTH + "<p><b>deep</b> <i>words</i></p>" + "</div>" * MAX_DEPTH
    html = f'<ul><li><a href="/1">A</a><p>near</p>{deep}</li><li><a href="/2">B</a></li></ul>'
    reading = read(html, PageRules(entry="li", content="li > div", author="p"))
    assert [(entry.title, entry.authors, visible_text(entry.content).split()) for entry in reading.entries] == [
        ("A", (Person(name="near"),), ["deep", "words"]),
        ("B", (), []),
    ]


def test_only_the_first_tags_of_an_endless_page_are_read() -> None:
    """Each costs time before any selector is asked."""
    reading = read(f'<li><a href="/1">A</a></li>{"< " * MAX_TAGS}<li><a href="/2">B</a></li>', PageRules(entry="li"))
    assert [entry.title for entry in reading.entries] == ["A"]
    assert "page-cut" in names(reading)


def test_no_more_entries_than_a_feed() -> None:
    """Rule R5."""
    reading = read("".join(f"<li><a href=/{n}>{n}</a></li>" for n in range(MAX_ENTRIES + 5)), PageRules(entry="li"))
    assert len(reading.entries) == MAX_ENTRIES
    assert "too-many-entries" in names(reading)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["<li>", "</li>", "<a href=/x>", "<a href='javascript:'>", "<time datetime=2022>", "<img src=x>", "<li"]
            ),
            st.text(max_size=8),
        ),
        max_size=30,
    ).map("".join)
)
def test_reading_is_total(html: str) -> None:
    """Whatever stands on a page: entries, or a ParseError."""
    with contextlib.suppress(ParseError):
        assert read(html, PageRules(entry="li", title="a", image="img", content="li li", date="time")).entries
