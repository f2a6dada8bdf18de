"""JSON Feed 1.1 as written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from format_editions import EMPTY, HOSTILE, ODD, PLAIN_ENTRY, RICH, RICH_ENTRY, edition, story

from aggregator.core.edition import Edition, Story
from aggregator.core.model import Entry, Person
from aggregator.formats import generate


def feed(each: Edition) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(generate(each, "json"))
    return read


def item(each: Story) -> dict[str, Any]:
    read: dict[str, Any] = feed(edition(each))["items"][0]
    return read


def test_head_is_in_a_fixed_order_and_names_no_authors() -> None:
    """Rule M9: authors of the head would be those of every item without any."""
    head = feed(RICH)
    assert list(head) == [
        "version",
        "title",
        "home_page_url",
        "feed_url",
        "description",
        "language",
        "hubs",
        "items",
    ]
    assert head["version"] == "https://jsonfeed.org/version/1.1"
    assert head["hubs"] == [{"type": "WebSub", "url": "https://hub.example.org/"}]


def test_an_empty_feed_has_a_list_of_items() -> None:
    assert feed(EMPTY)["items"] == []


def test_item_holds_the_story_in_a_fixed_order() -> None:
    """Rules W3 and M14."""
    one = feed(RICH)["items"][0]
    assert list(one) == [
        "id",
        "url",
        "external_url",
        "title",
        "content_html",
        "summary",
        "image",
        "date_published",
        "date_modified",
        "authors",
        "tags",
        "language",
        "attachments",
        "_syndication",
    ]
    assert one["id"] == "https://news.example.com/story/1"
    assert one["title"] == "AT&T 发布 List<String>"
    assert one["summary"] == "摘要：1 < 2"
    assert one["date_published"] == "2022-05-16T05:00:23Z"
    assert one["date_modified"] == "2022-05-16T07:30:00Z"
    assert one["tags"] == ["a/b", "新闻", "R&D"]
    assert one["attachments"][1] == {
        "url": "https://cdn.example.com/1.mp3",
        "mime_type": "audio/mpeg",
        "title": "第一集",
        "size_in_bytes": 1234567,
        "duration_in_seconds": 3661,
    }


def test_extension_tells_where_the_item_came_from() -> None:
    """Rule M7: one object, and no key with a dot."""
    told = feed(RICH)["items"][0]["_syndication"]
    assert told.pop("about")
    assert told == {
        "source": {
            "id": "https://news.example.com/feed.xml",
            "title": "示例新闻 & Co",
            "url": "https://news.example.com/feed.xml",
            "site_url": "https://news.example.com/",
            "updated": "2022-05-16T06:00:00Z",
            "rights": "© 2022 示例新闻",
        },
        "category_paths": [["新媒体", "IT 之家", "a/b"]],
        "original_id": "news-1",
        "rights": "CC BY 4.0 & more",
        "related": ["https://other.example.com/b"],
        "comments": {
            "url": "https://news.example.com/1/talk",
            "count": 3,
            "feed": "https://news.example.com/1/talk/feed",
        },
        "via": [{"title": "Elsewhere", "url": "https://elsewhere.example.com/feed"}],
    }


@pytest.mark.parametrize(
    ("entry", "title", "content"),
    [
        pytest.param(PLAIN_ENTRY, "一个标题", "<p>正文。</p>", id="both"),
        pytest.param(replace(PLAIN_ENTRY, title_is_generated=True), None, "<p>正文。</p>", id="generated title"),
        pytest.param(Entry(id="1", title="t", title_is_generated=True), "t", "", id="generated title, no content"),
        pytest.param(Entry(id="1"), "https://news.example.com/story/1", "", id="nothing"),
    ],
)
def test_item_always_has_content_and_something_to_show(entry: Entry, title: str | None, content: str) -> None:
    one = item(story(entry))
    assert (one.get("title"), one["content_html"]) == (title, content)


def test_item_without_a_link_points_to_its_place_on_the_page() -> None:
    """Readers need something to open."""
    page = "https://feeds.example.org/c/%E6%96%B0%E5%AA%92%E4%BD%93/IT-%E4%B9%8B%E5%AE%B6.html"
    for each in (ODD, HOSTILE):
        first = feed(each)["items"][0]
        address, _, anchor = first["url"].partition("#")
        assert address == page
        assert f'<article id="{anchor}"' in generate(each, "html").decode()
        assert list(first)[:2] == ["id", "url"]


def test_summary_is_plain_text() -> None:
    assert item(story(Entry(id="1", summary="<p>a <b>b</b> &lt;</p>", summary_is_html=True)))["summary"] == "a b <"
    assert item(story(Entry(id="1", summary="a &lt; <b>", summary_is_html=False)))["summary"] == "a &lt; <b>"


def test_author_is_a_name_with_an_address() -> None:
    one = item(story(replace(RICH_ENTRY, authors=(Person(name="a", email="a@x.example"), Person(name="b")))))
    assert one["authors"] == [{"name": "a", "url": "mailto:a@x.example"}, {"name": "b"}]


def test_text_is_not_escaped_to_ascii() -> None:
    assert "摘要" in generate(RICH, "json").decode()


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
def test_feeds_carry_no_frames_and_no_links_within_a_page(name: str) -> None:
    """Rules H9 and W2: a frame draws SecurityRisk, `#note` ContainsRelRef; the plain link after a frame stays."""
    frame = '<iframe src="https://player.bilibili.com/x"></iframe><a href="https://b.example/">film</a>'
    entry = replace(PLAIN_ENTRY, content=f'{frame}<a href="#entry-n">1</a>', summary='<a href="#n">2</a>')
    written = generate(edition(story(replace(entry, summary_is_html=True))), name)
    assert b"iframe" not in written
    assert b"https://b.example/" in written
    assert b"https://news.example.com/story/1#n" in written
