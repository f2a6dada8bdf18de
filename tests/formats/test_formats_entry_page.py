"""The page of one story: the same from every output, with the way to its categories and to the original."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from format_editions import EDITIONS, MORNING, PLAIN_ENTRY, RICH_ENTRY, story
from lxml import html as lxml_html

from aggregator.core.edition import Story
from aggregator.formats import FORMATS, story_view
from aggregator.formats.entry_page import EntryFrame, render_entry

FRAME = EntryFrame(
    title="新媒体 & more",
    site_url="https://feeds.example.org",
    language="zh-Hans",
    timezone=ZoneInfo("Asia/Shanghai"),
)
CATEGORY_PAGES = {("新媒体", "IT 之家"): "c/新媒体/IT-之家.html"}


def written(each: Story, frame: EntryFrame = FRAME) -> bytes:
    return render_entry(each, FORMATS["html"].render_story(each), frame, CATEGORY_PAGES)


def page(each: Story, frame: EntryFrame = FRAME) -> Any:
    return lxml_html.document_fromstring(written(each, frame))


def test_shows_the_story_whole() -> None:
    shown = page(story(RICH_ENTRY, paths=(("新媒体", "IT 之家"),)))
    assert shown.find(".//h1/a").text == "AT&T 发布 List<String>"
    assert shown.find(".//title").text == "AT&T 发布 List<String>"
    assert shown.find(".//a[@class='source']").text == "示例新闻 & Co"
    assert [e.text for e in shown.findall(".//span[@class='author']")] == ["IT 之家", "乙"]
    assert shown.find(".//a[@class='when']/time").text == "2022-05-16 13:00"
    assert shown.find(".//audio").get("preload") == "none"
    assert len(shown.findall(".//article")) == 1
    assert shown.find(".//h2") is None


def test_no_level_of_headings_is_left_out() -> None:
    """The title is the first; on the river page it is the second."""
    entry = replace(PLAIN_ENTRY, content="<h1>甲</h1><p>x</p><h3 id='y'>乙</h3><h5>丙</h5>")
    assert [e.tag for e in page(story(entry)).find(".//article").iter("h1", "h2", "h3", "h4", "h5")] == [
        "h1", "h2", "h3", "h4",
    ]  # fmt: skip


def test_search_engines_are_sent_to_the_source() -> None:
    """Rule W18: others' texts."""
    head = page(story(RICH_ENTRY)).find("head")
    assert head.find("meta[@name='robots']").get("content") == "noindex"
    assert head.find("link[@rel='canonical']").get("href") == story_view.link(story(RICH_ENTRY))


def test_names_the_original_in_sight() -> None:
    """Also where the title is a link already: few see that."""
    link = page(story(RICH_ENTRY)).find(".//p[@class='onward']/a")
    assert (link.text, link.get("href")) == ("到「示例新闻 & Co」阅读原文", story_view.link(story(RICH_ENTRY)))
    assert page(story(replace(PLAIN_ENTRY, link=None))).find(".//p[@class='onward']") is None


def test_categories_lead_to_their_outputs() -> None:
    """Those that have one; a slash in a name is not a step of the path."""
    known, unknown = ("新媒体", "IT 之家"), ("AC/DC",)
    shown = page(story(PLAIN_ENTRY, paths=(known, unknown)))
    link = shown.find(".//a[@class='category']")
    assert link.text == "新媒体 / IT 之家"
    assert link.get("href") == "../c/%E6%96%B0%E5%AA%92%E4%BD%93/IT-%E4%B9%8B%E5%AE%B6.html"
    assert [e.text for e in shown.findall(".//span[@class='category']")] == ["AC/DC"]


def test_update_is_shown_where_it_differs() -> None:
    each = story(PLAIN_ENTRY)
    later = replace(each, stored=replace(each.stored, published=MORNING, updated=MORNING + timedelta(hours=3)))
    assert page(each).find(".//span[@class='revised']") is None
    told = page(later).find(".//span[@class='revised']")
    assert told.find("time").get("datetime") == f"{MORNING + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    assert told.text_content().startswith("修订于 ")


@pytest.mark.parametrize(
    ("story_language", "site", "page_language", "said"),
    [
        pytest.param("ja", "ja", "ja", None, id="one language"),
        pytest.param("ja", "zh-Hans", "ja", "zh-Hans", id="words of the site on a page of the story's"),
        pytest.param(None, "ko", "ko", None, id="story of no known language"),
        pytest.param("fr", None, "fr", "en", id="site of no known language"),
    ],
)
def test_texts_carry_their_language(
    story_language: str | None, site: str | None, page_language: str, said: str | None
) -> None:
    each = story(replace(PLAIN_ENTRY, language=story_language))
    shown = page(each, replace(FRAME, language=site, timezone=UTC))
    assert shown.get("lang") == page_language
    assert shown.find(".//footer").get("lang") == said


@pytest.mark.parametrize("case", EDITIONS)
def test_every_story_has_a_page_that_needs_no_script(case: str) -> None:
    for each in EDITIONS[case].stories:
        body = written(each)
        assert b"\0" not in body
        assert b"<script" not in body
        assert story_view.entry_path(each).isascii()
        lxml_html.document_fromstring(body)
