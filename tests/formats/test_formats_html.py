"""The river page: readable without script, in the sources' languages, and valid."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, tzinfo
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from format_editions import EDITIONS, EMPTY, ODD, PLAIN_ENTRY, RICH, RICH_ENTRY, edition, story
from lxml import html as lxml_html

from aggregator.core.edition import Edition
from aggregator.core.model import Entry, Image
from aggregator.formats import generate, story_view


def page(each: Edition) -> Any:
    return lxml_html.document_fromstring(generate(each, "html"))


def test_head_names_every_format_and_keeps_robots_out() -> None:
    """Rule W7: alternate links; rule W18: noindex, for the texts are others'."""
    head = page(RICH).find("head")
    assert [
        (link.get("type"), link.get("href").rpartition(".")[2]) for link in head.findall("link[@rel='alternate']")
    ] == [
        ("application/rss+xml", "rss"),
        ("application/atom+xml", "atom"),
        ("application/feed+json", "json"),
    ]
    assert head.find("meta[@name='robots']").get("content") == "noindex"
    assert head.find("title").text == "新媒体 & more"


def test_a_person_can_subscribe_from_the_page() -> None:
    links = page(RICH).findall(".//nav//a")
    assert [link.text for link in links] == ["用 RSS 订阅", "用 Atom 订阅", "用 JSON Feed 订阅"]


@pytest.mark.parametrize(
    ("language", "subscribe", "lang"),
    [
        pytest.param("zh-Hans", "用 RSS 订阅", None, id="simplified"),
        pytest.param("zh-TW", "用 RSS 訂閱", None, id="traditional"),
        pytest.param("ja", "RSS で購読", None, id="japanese"),
        pytest.param("ko", "RSS 구독", None, id="korean"),
        pytest.param("en-GB", "Subscribe by RSS", None, id="english"),
        pytest.param("fr", "Subscribe by RSS", "en", id="no words for it"),
        pytest.param(None, "Subscribe by RSS", None, id="of several languages"),
    ],
)
def test_page_is_in_the_language_of_its_output(language: str | None, subscribe: str, lang: str | None) -> None:
    navigation = page(replace(RICH, language=language)).find(".//nav")
    assert (navigation.find(".//a").text, navigation.get("lang")) == (subscribe, lang)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        pytest.param(UTC, "2022-05-16 05:00 UTC", id="none named"),
        pytest.param(ZoneInfo("Asia/Shanghai"), "2022-05-16 13:00", id="the site's"),
        pytest.param(ZoneInfo("Europe/London"), "2022-05-16 06:00", id="with summer time"),
    ],
)
def test_instants_are_shown_in_the_zone_of_the_site(zone: tzinfo, shown: str) -> None:
    time = page(replace(edition(story(RICH_ENTRY)), timezone=zone)).find(".//article//time")
    assert (time.get("datetime"), time.text) == ("2022-05-16T05:00:23Z", shown)


def test_date_leads_to_the_storys_own_page() -> None:
    """Relative, so that it also holds where a proxy adds a path; without entry pages, to the place on this one."""
    each = edition(story(PLAIN_ENTRY), output="新媒体/it", entry_pages=True)
    path = story_view.entry_path(each.stories[0])
    assert page(each).find(".//a[@class='when']").get("href") == f"../../{path}"
    anchor = page(each).find(".//article").get("id")
    assert page(replace(each, entry_pages=False)).find(".//a[@class='when']").get("href") == f"#{anchor}"


def test_sound_and_film_can_be_played() -> None:
    """Nothing is loaded before a person asks for it."""
    player = page(RICH).find(".//ul[@class='files']//audio")
    assert (player.get("preload"), player.get("controls")) == ("none", "")
    assert player.get("src") == page(RICH).findall(".//ul[@class='files']//a")[1].get("href")


def test_no_mark_is_left_on_a_page() -> None:
    assert not [name for name, each in EDITIONS.items() if b"\0" in generate(each, "html")]


def test_story_shows_title_source_author_date_and_categories() -> None:
    each = edition(story(RICH_ENTRY, paths=(("新媒体", "IT 之家"),)))
    article = page(each).find(".//article")
    title = article.find("h2/a")
    assert title.text == "AT&T 发布 List<String>"
    assert title.get("href") == "https://news.example.com/%E6%96%B0%E9%97%BB/1?a=%5B1%5D&b=2#top"
    source = article.find(".//a[@class='source']")
    assert (source.text, source.get("href")) == ("示例新闻 & Co", "https://news.example.com/")
    assert [e.text for e in article.findall(".//span[@class='author']")] == ["IT 之家", "乙"]
    assert article.find(".//time").get("datetime") == "2022-05-16T05:00:23Z"
    assert article.find(".//time").text == "2022-05-16 05:00 UTC"
    assert [e.text for e in article.findall(".//span[@class='category']")] == ["新媒体 / IT 之家", "新闻", "R&D"]


def test_language_decides_the_shape_of_han_characters() -> None:
    """libraries: `lang` on every element with a known language; unknown stays unknown."""
    each = edition(story(replace(PLAIN_ENTRY, language="ja")), story(replace(PLAIN_ENTRY, language=None), seq=2))
    assert page(each).get("lang") == "zh-Hans"
    assert [a.get("lang") for a in page(each).iter("article")] == ["ja", None]
    assert page(ODD).get("lang") == "en"
    assert page(ODD).find(".//main").get("lang") == ""


def test_pictures_wait_until_they_are_reached() -> None:
    """Rule H7: the referrer policy of the content stays."""
    each = edition(
        story(replace(PLAIN_ENTRY, content='<p><img src="https://x.example/a.png" referrerpolicy="no-referrer"></p>'))
    )
    picture = page(each).find(".//article//img")
    assert (picture.get("loading"), picture.get("referrerpolicy"), picture.get("alt")) == ("lazy", "no-referrer", "")


def test_picture_of_a_story_without_any_is_shown() -> None:
    entry = replace(PLAIN_ENTRY, image=Image(url="https://x.example/a.png", width=10, height=20))
    picture = page(edition(story(entry))).find(".//article//img")
    assert (picture.get("src"), picture.get("width"), picture.get("referrerpolicy")) == (
        "https://x.example/a.png",
        "10",
        "no-referrer",
    )
    assert len(list(page(RICH).iter("img"))) == 1


def test_ids_of_content_are_the_storys_own() -> None:
    """Two stories with a footnote 1 on one page."""
    noted = replace(PLAIN_ENTRY, content='<p id="n1">x <a href="#n1">1</a></p>')
    written = generate(edition(story(noted), story(noted, seq=2)), "html").decode()
    ids = re.findall(r'\bid="([^"]+)"', written)
    assert [i for i, count in Counter(ids).items() if count > 1] == []
    targets = re.findall(r'href="#([^"]+n1)"', written)
    assert len(targets) == 2
    assert set(targets) <= set(ids)


def test_files_are_listed_with_type_size_and_length() -> None:
    items = page(RICH).findall(".//ul[@class='files']/li")
    assert [(i.find("a").text, i.find("small").text) for i in items] == [
        ("cover.jpg", "image/jpeg, 2.0 kB"),
        ("第一集", "audio/mpeg, 1.2 MB, 1:01:01"),
    ]


def test_summary_is_shown_where_there_is_no_content() -> None:
    shown = page(edition(story(Entry(id="1", title="t", summary="a < b")))).find(".//div[@class='content']")
    assert shown.text.strip() == "a < b"


def test_everything_of_the_model_but_sanitised_content_is_escaped() -> None:
    """A title is text."""
    entry = replace(PLAIN_ENTRY, title="<script>alert(1)</script>x", rights='"><script>')
    written = generate(edition(story(entry), title="<script>", description="<script>"), "html")
    assert b"<script" not in written


def test_page_needs_no_script_and_can_be_used_by_keyboard() -> None:
    """Links are the only things to reach, and the first one skips the head."""
    written = generate(RICH, "html").decode()
    assert "<script" not in written
    assert "onclick" not in written
    assert set(re.findall(r'tabindex="([^"]*)"', written)) <= {"-1"}
    assert page(RICH).find("body")[0].get("href") == "#stories"


def test_empty_page_says_so() -> None:
    assert page(EMPTY).find(".//main/p").text == "这里还没有文章。"


class _Balance(HTMLParser):
    void = frozenset({"meta", "link", "img", "br", "hr", "source", "wbr", "col", "track"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("case", list(EDITIONS))
def test_tags_of_the_page_are_balanced(case: str) -> None:
    checker = _Balance()
    checker.feed(generate(EDITIONS[case], "html").decode())
    assert checker.open == []
