"""The list of outputs in OPML 2.0 (rule W15)."""

from __future__ import annotations

from typing import Any

from format_editions import MORNING
from format_strategies import maybe_text, texts, urls
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.formats.opml import DEEPEST, FeedOutline, render_opml

ALL = FeedOutline(
    title="Everything & more",
    xml_url="https://feeds.example.org/c/all.atom",
    html_url="https://feeds.example.org/c/all.html",
    language="zh-Hans",
    description="All of it",
)
DEEP = FeedOutline(title="IT 之家", xml_url="https://feeds.example.org/c/a/b.atom", path=("新媒体", "IT 之家"))
TWIN = FeedOutline(title="微博", xml_url="https://feeds.example.org/c/a/c.atom", path=("新媒体",))


def listed(*subscriptions: FeedOutline, **words: Any) -> Any:
    return etree.fromstring(render_opml(subscriptions, title="我的 feeds", **words))


def test_head_has_title_and_date() -> None:
    head = listed(modified=MORNING).find("head")
    assert [(child.tag, child.text) for child in head] == [
        ("title", "我的 feeds"),
        ("dateModified", "Mon, 16 May 2022 05:00:23 GMT"),
    ]


def test_outline_has_what_readers_import() -> None:
    """text is required; rss without xmlUrl or title draws a warning."""
    assert dict(listed(ALL).find("body/outline").attrib) == {
        "type": "rss",
        "text": "Everything & more",
        "title": "Everything & more",
        "xmlUrl": "https://feeds.example.org/c/all.atom",
        "htmlUrl": "https://feeds.example.org/c/all.html",
        "language": "zh-Hans",
        "description": "All of it",
    }


def test_texts_are_not_taken_for_html() -> None:
    """Rule W15: OPML lets these texts be HTML, and the validator reports markup that is none (NotHtml)."""
    told = FeedOutline(title="List<String> </x> 1 < 2", xml_url="https://feeds.example.org/c/l.atom", path=("<b>C",))
    tree = etree.fromstring(render_opml([told], title="My <b>feeds"))
    folder = tree.find("body")[0]
    assert tree.findtext("head/title") == "My ＜b>feeds"
    assert (folder.get("text"), folder[0].get("title")) == ("＜b>C", "List＜String> ＜/x> 1 ＜ 2")
    assert folder[0].get("category") == "/＜b>C"
    exact = etree.fromstring(render_opml([told], title="My <b>feeds", exact=True))
    assert exact.find("body/outline/outline").get("title") == "List<String> </x> 1 < 2"


def test_categories_are_nested_and_each_folder_is_there_once() -> None:
    body = listed(ALL, DEEP, TWIN).find("body")
    assert [outline.get("text") for outline in body] == ["Everything & more", "新媒体"]
    folder = body[1]
    assert dict(folder.attrib) == {"text": "新媒体"}
    assert [outline.get("text") for outline in folder] == ["IT 之家", "微博"]
    assert folder[0][0].get("category") == "/新媒体/IT 之家"


def test_what_has_no_address_is_left_out() -> None:
    assert len(listed(FeedOutline(title="x", xml_url="file:///x")).find("body")) == 0


def test_endless_paths_are_cut() -> None:
    deep = FeedOutline(title="x", xml_url="https://x.example/", path=("a",) * 5000)
    assert len(list(listed(deep).iter("outline"))) == DEEPEST + 1


def test_the_same_list_gives_the_same_bytes() -> None:
    """Rule W3: no clock."""
    assert render_opml([ALL, DEEP], title="x") == render_opml([ALL, DEEP], title="x")


@given(texts, st.lists(st.builds(FeedOutline, title=texts, xml_url=urls, html_url=urls, language=maybe_text,
                                 path=st.lists(texts, max_size=3).map(tuple)), max_size=3))  # fmt: skip
def test_any_list_can_be_written(title: str, subscriptions: list[FeedOutline]) -> None:
    etree.fromstring(render_opml(subscriptions, title=title))
