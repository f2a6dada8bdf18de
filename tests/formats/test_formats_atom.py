"""Atom 1.0 as written: RFC 4287 and what the W3C validator asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from format_editions import HOSTILE, MORNING, ODD, ORIGIN, PLAIN_ENTRY, RICH, RICH_ENTRY, edition, story
from lxml import etree

from aggregator.core.edition import Edition, Story
from aggregator.core.model import Enclosure, Entry, Origin, Person
from aggregator.formats import FORMATS, generate

NS = {
    "a": "http://www.w3.org/2005/Atom",
    "media": "http://search.yahoo.com/mrss/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "wfw": "http://wellformedweb.org/CommentAPI/",
}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def feed(each: Edition) -> Any:
    return etree.fromstring(generate(each, "atom"))


def entry(each: Story) -> Any:
    return feed(edition(each)).find("a:entry", NS)


def text(element: Any, path: str) -> str | None:
    found = element.find(path, NS)
    return None if found is None else "".join(found.itertext())


def links(element: Any) -> list[dict[str, str]]:
    return [dict(link.attrib) for link in element.findall("a:link", NS)]


def test_head_names_itself_its_alternates_and_hubs() -> None:
    base = "https://feeds.example.org/c/%E6%96%B0%E5%AA%92%E4%BD%93/IT-%E4%B9%8B%E5%AE%B6"
    assert links(feed(RICH)) == [
        {"href": f"{base}.atom", "rel": "self", "type": "application/atom+xml"},
        {"href": f"{base}.html", "rel": "alternate", "type": "text/html"},
        {"href": f"{base}.rss", "rel": "alternate", "type": "application/rss+xml"},
        {"href": f"{base}.json", "rel": "alternate", "type": "application/feed+json"},
        {"href": "https://hub.example.org/", "rel": "hub"},
    ]


def test_head_is_whole_whatever_the_edition_says() -> None:
    """Rule W2: an id that is no URI is an error, and so is a language that does not exist."""
    head = feed(HOSTILE)
    assert text(head, "a:id") == "urn:feed-aggregator:id:no%20uri%20at%20all"
    assert text(head, "a:title") == "新媒体/IT-之家"
    assert text(head, "a:updated") == "1990-01-01T00:00:00Z"
    assert head.get(LANG) is None


def test_links_of_an_entry_keep_their_attributes() -> None:
    """feedgen loses all but href, which makes every link an alternate one."""
    assert links(feed(RICH).find("a:entry", NS)) == [
        {"href": "https://news.example.com/%E6%96%B0%E9%97%BB/1?a=%5B1%5D&b=2#top", "rel": "alternate"},
        {"href": "https://other.example.com/a", "rel": "related"},
        {"href": "https://other.example.com/b", "rel": "related"},
        {"href": "https://elsewhere.example.com/feed", "rel": "via", "title": "Elsewhere"},
        {"href": "https://cdn.example.com/cover.jpg", "rel": "enclosure", "type": "image/jpeg", "length": "2048"},
        {
            "href": "https://cdn.example.com/1.mp3",
            "rel": "enclosure",
            "type": "audio/mpeg",
            "length": "1234567",
            "title": "第一集",
        },
        {
            "href": "https://news.example.com/1/talk",
            "rel": "replies",
            "type": "text/html",
            "{http://purl.org/syndication/thread/1.0}count": "3",
        },
    ]


def test_source_is_written_in_full() -> None:
    """RFC 4287 4.2.11; feedgen writes title and link alone."""
    source = entry(story(RICH_ENTRY)).find("a:source", NS)
    assert text(source, "a:id") == "https://news.example.com/feed.xml"
    assert text(source, "a:title") == "示例新闻 & Co"
    assert text(source, "a:updated") == "2022-05-16T06:00:00Z"
    assert text(source, "a:rights") == "© 2022 示例新闻"
    assert links(source) == [
        {"href": "https://news.example.com/", "rel": "alternate"},
        {"href": "https://news.example.com/feed.xml", "rel": "self"},
    ]


def test_source_without_a_date_takes_the_entrys() -> None:
    """Rule W2: the validator warns of a source without updated."""
    source = entry(story(PLAIN_ENTRY, origin=Origin(title="Posts"))).find("a:source", NS)
    assert text(source, "a:updated") == "2022-05-16T05:00:23Z"


@pytest.mark.parametrize(
    ("authors", "own", "of_source"),
    [
        pytest.param((Person(name="乙"),), ["乙"], [], id="its own"),
        pytest.param((), [], ["示例新闻 & Co"], id="none"),
        pytest.param((Person(name="示例新闻 & Co", is_source=True),), [], ["示例新闻 & Co"], id="the feed's title"),
        pytest.param((Person(name=" "),), [], ["示例新闻 & Co"], id="blank"),
    ],
)
def test_every_entry_has_an_author_or_its_source_has(
    authors: tuple[Person, ...], own: list[str], of_source: list[str]
) -> None:
    """Rule M9: none is inherited from the feed, which names none."""
    one = entry(story(replace(PLAIN_ENTRY, authors=authors)))
    assert ["".join(name.itertext()) for name in one.findall("a:author/a:name", NS)] == own
    assert ["".join(name.itertext()) for name in one.findall("a:source/a:author/a:name", NS)] == of_source
    assert feed(RICH).find("a:author", NS) is None


def test_author_carries_what_is_valid_of_mail_and_address() -> None:
    person = feed(RICH).find("a:entry/a:author", NS)
    assert [child.text for child in person] == ["IT 之家", "desk@news.example.com", "https://news.example.com/desk"]
    bad = entry(story(replace(PLAIN_ENTRY, authors=(Person(name="x", email="y", uri="z"),)))).find("a:author", NS)
    assert [child.text for child in bad] == ["x"]


def test_titles_are_text_and_content_is_escaped_html() -> None:
    """Rule H11: no CDATA, no type="CDATA"; titles are never HTML."""
    one = entry(story(RICH_ENTRY))
    assert (one.find("a:title", NS).get("type"), text(one, "a:title")) == ("text", "AT&T 发布 List<String>")
    assert one.find("a:content", NS).get("type") == "html"
    assert text(one, "a:content") == RICH_ENTRY.content
    assert b"CDATA" not in generate(RICH, "atom")


@pytest.mark.parametrize(
    ("given_entry", "content", "summary", "kind"),
    [
        pytest.param(Entry(id="1", title="t", content="<p>c</p>", summary="s"), "<p>c</p>", "s", "text", id="both"),
        pytest.param(
            Entry(id="1", title="t", content="c", summary="1 < 2"), "c", "1 &lt; 2", "html", id="text with a mark"
        ),
        pytest.param(Entry(id="1", title="t", link="https://x.example/", summary="s"), None, "s", "text", id="summary"),
        pytest.param(
            Entry(id="1", title="t & u", link="https://x.example/"), None, "t &amp; u", "html", id="link alone"
        ),
        pytest.param(Entry(id="1", title="t", summary="s"), "s", None, None, id="summary without link"),
        pytest.param(Entry(id="1", title="t"), "t", None, None, id="title alone"),
        pytest.param(Entry(id="1"), "https://news.example.com/story/1", None, None, id="nothing"),
    ],
)
def test_an_entry_has_text_and_content_where_it_has_no_link(
    given_entry: Entry, content: str | None, summary: str | None, kind: str | None
) -> None:
    """RFC 4287 4.1.2: content or an alternate link; the validator warns where there is no text at all."""
    one = entry(story(given_entry))
    assert (text(one, "a:content"), text(one, "a:summary")) == (content, summary)
    assert kind is None or one.find("a:summary", NS).get("type") == kind


def test_dates_are_zulu() -> None:
    """Rule D10."""
    one = entry(story(PLAIN_ENTRY, updated=MORNING + timedelta(hours=1)))
    assert text(one, "a:published") == "2022-05-16T05:00:23Z"
    assert text(one, "a:updated") == "2022-05-16T06:00:23Z"
    assert entry(story(PLAIN_ENTRY, published=None)).find("a:published", NS) is None


def test_no_two_entries_share_an_updated() -> None:
    """Rule W2, DuplicateUpdated: the oldest keeps the second, the others get a fraction from their number."""
    stories = [story(PLAIN_ENTRY, seq=seq) for seq in (1_000_007, 12, 7)]
    shown = [e.text for e in feed(edition(*stories)).findall("a:entry/a:updated", NS)]
    assert shown == ["2022-05-16T05:00:23.000007Z", "2022-05-16T05:00:23.000012Z", "2022-05-16T05:00:23Z"]


def test_fractions_of_one_second_are_distinct() -> None:
    stories = [story(PLAIN_ENTRY, seq=seq) for seq in (1, 2_000_005, 1_000_005, 5, 1_000_000)]
    shown = [e.text for e in feed(edition(*stories)).findall("a:entry/a:updated", NS)]
    assert len(set(shown)) == len(stories)


def test_a_fraction_is_added_to_the_entry_and_not_to_its_source() -> None:
    same = replace(ORIGIN, updated=MORNING)
    each = edition(*(story(PLAIN_ENTRY, seq=seq, origin=same) for seq in (1, 2)))
    assert [e.text for e in feed(each).findall("a:entry/a:source/a:updated", NS)] == ["2022-05-16T05:00:23Z"] * 2


def test_fragments_are_not_changed_in_place() -> None:
    """They are kept for other outputs."""
    atom = FORMATS["atom"]
    each = edition(*(story(PLAIN_ENTRY, seq=seq) for seq in (1, 2)))
    kept = [atom.render_story(s) for s in each.stories]
    before = list(kept)
    atom.assemble(each, kept)
    assert kept == before


def test_categories_have_term_scheme_and_label() -> None:
    """Rule K5: ours with the path, theirs verbatim."""
    one = entry(story(RICH_ENTRY, paths=(("新媒体", "IT 之家", "a/b"),)))
    assert [dict(c.attrib) for c in one.findall("a:category", NS)] == [
        {
            "term": "新媒体/IT 之家/a%2Fb",
            "scheme": "urn:feed-aggregator:category",
            "label": "新媒体 / IT 之家 / a/b",
        },
        {"term": "新闻"},
        {"term": "rnd", "scheme": "https://news.example.com/tags", "label": "R&D"},
    ]


def test_language_is_on_the_entry() -> None:
    """Rule M3: context is materialised."""
    assert entry(story(PLAIN_ENTRY)).get(LANG) == "zh-Hans"
    assert entry(story(replace(PLAIN_ENTRY, language=None))).get(LANG) is None


def test_discussion_rights_and_reply() -> None:
    one = entry(story(RICH_ENTRY))
    assert text(one, "thr:total") == "3"
    assert text(one, "wfw:commentRss") == "https://news.example.com/1/talk/feed"
    assert text(one, "a:rights") == "CC BY 4.0 & more"
    assert dict(one.find("thr:in-reply-to", NS).attrib) == {
        "ref": "https://news.example.com/story/0",
        "href": "https://news.example.com/0",
    }


def test_unknown_length_and_type_of_a_file_are_left_out() -> None:
    one = entry(story(replace(PLAIN_ENTRY, enclosures=(Enclosure(url="https://x.example/a", type="audio"),))))
    assert links(one)[1] == {"href": "https://x.example/a", "rel": "enclosure"}


def test_metadata_is_before_the_first_entry() -> None:
    """Rule W2."""
    tags = [etree.QName(child).localname for child in feed(ODD)]
    assert tags.index("entry") == len(tags) - len(ODD.stories)
