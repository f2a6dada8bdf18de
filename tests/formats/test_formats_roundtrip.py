"""Rule M6: what is written reads back the same, by our own reader and by feedparser."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import feedparser
import pytest
from format_editions import MORNING, ORIGIN, PLAIN_ENTRY, RICH_ENTRY, edition, story

from aggregator.core.document import Document
from aggregator.core.edition import Edition
from aggregator.core.model import Comments, Entry, ForeignElement, Image, Person, SourceId
from aggregator.core.normalise import Context, normalise
from aggregator.core.parse.documents import parse_document
from aggregator.formats import FORMATS, generate

LATER = datetime(2022, 5, 16, 7, 30, tzinfo=UTC)
BODY = (
    '<p style="text-align: center;"><img src="https://img.example.com/a.png" alt="图" width="1338" '
    'referrerpolicy="no-referrer"></p>\n<p>1 &lt; 2 ]]&gt; <a href="https://news.example.com/x?a=1&amp;b=2">x</a></p>'
)
ENTRY = replace(RICH_ENTRY, content=BODY, summary="<p>摘要 <b>b</b> &amp; c</p>", summary_is_html=True)
RICH = edition(story(ENTRY, paths=(("新媒体", "IT 之家"),), updated=LATER), story(PLAIN_ENTRY, seq=2))
FEEDS = pytest.mark.parametrize("name", ["rss", "atom", "json"])


def read(each: Edition, name: str) -> list[Entry]:
    url = f"https://feeds.example.org/c/x{FORMATS[name].suffix}"
    headers = {"content-type": FORMATS[name].media_type}
    document = Document(url=url, body=generate(each, name), fetched_at=LATER, headers=headers)
    context = Context(source=SourceId("ours"), poll_url=url, document_url=url, fetched_at=LATER)
    return list(normalise(parse_document(document), context).entries)


@FEEDS
def test_our_reader_gets_every_field_that_the_format_holds(name: str) -> None:
    """Rules M6 and W14: also the title, without the name of the source."""
    one, two = read(RICH, name)
    assert [one.id, two.id] == ["https://news.example.com/story/1", "https://news.example.com/story/2"]
    assert one.link == "https://news.example.com/%E6%96%B0%E9%97%BB/1?a=%5B1%5D&b=2#top"
    assert one.related[0] == "https://other.example.com/a"
    assert one.title == ENTRY.title
    assert one.content == BODY
    assert (one.published, one.updated) == (MORNING, LATER)
    assert one.language == "zh-Hans"
    assert [author.name for author in one.authors] == ["IT 之家", "乙"]
    assert sorted(one.enclosures, key=lambda e: e.url) == sorted(ENTRY.enclosures, key=lambda e: e.url)
    assert one.image is not None
    assert one.image.url == "https://img.example.com/a.png"
    assert {category.path[-1] for category in one.categories} >= {"新闻", "R&D"}


@FEEDS
def test_our_reader_gets_the_source(name: str) -> None:
    """Rule M7: attribution always."""
    source = read(RICH, name)[0].source
    assert source is not None
    assert (source.title, source.self_url) == (ORIGIN.title, ORIGIN.self_url)
    if name != "rss":  # RSS has no place for the rest
        assert source == ORIGIN


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_xml_keeps_discussion_reply_picture_and_foreign_elements(name: str) -> None:
    """Rule M4."""
    one = read(RICH, name)[0]
    assert one.comments == ENTRY.comments
    assert one.reply_to == ENTRY.reply_to
    assert one.image == ENTRY.image
    assert one.rights == ENTRY.rights
    assert (one.summary, one.summary_is_html) == (ENTRY.summary, True)
    assert {(element.name, element.text) for element in one.foreign} >= {("episode", "3"), ("point", "45.256 -71.92")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("point", "45.50188690000001 -73.56739189999999", id="as precise as Blogger writes"),
        pytest.param("elev", "-29350", id="below the sea"),
        pytest.param("radius", "500.5", id="around a point"),
        pytest.param("line", "45.2 -110.4 46.4 -109.4", id="a line"),
        pytest.param("polygon", "45 -110 46 -109 43 -109 45 -110", id="an area"),
    ],
)
def test_xml_keeps_places(name: str, value: str) -> None:
    """Rule M4: what a source tells of where it was is written back."""
    told = ForeignElement(namespace="http://www.georss.org/georss", name=name, text=value)
    for kind in ("rss", "atom"):
        found = read(edition(story(replace(PLAIN_ENTRY, foreign=(told,)))), kind)[0].foreign
        assert [(element.name, element.text) for element in found] == [(name, value)]


@pytest.mark.parametrize(
    ("element", "written"),
    [
        pytest.param(
            ForeignElement(
                namespace="http://search.yahoo.com/mrss/", name="credit", attributes=(("role", "author"),), text="李雷"
            ),
            ("credit", {"role": "author"}, "李雷"),
            id="a credit with its role",
        ),
        pytest.param(
            ForeignElement(
                namespace="http://search.yahoo.com/mrss/", name="credit", attributes=(("role", "x y"),), text="李雷"
            ),
            ("credit", {}, "李雷"),
            id="a credit whose role is none that Media RSS knows",
        ),
        pytest.param(
            ForeignElement(namespace="http://www.georss.org/georss", name="line", text="45.2 -110.4 46.4"),
            None,
            id="a line of an odd number of figures",
        ),
    ],
)
def test_xml_writes_foreign_elements_as_their_vocabulary_allows(
    element: ForeignElement, written: tuple[str, dict[str, str], str] | None
) -> None:
    """Rule M4: what the validator would refuse is left out."""
    for kind in ("rss", "atom"):
        found = read(edition(story(replace(PLAIN_ENTRY, foreign=(element,)))), kind)[0].foreign
        assert [(one.name, dict(one.attributes), one.text) for one in found] == ([written] if written else [])


def test_xml_keeps_what_stands_inside_a_foreign_element() -> None:
    """Rule M4: to four levels; what is of another vocabulary is left out."""
    podcast = "https://podcastindex.org/namespace/1.0"
    inner = ForeignElement(namespace=podcast, name="valueRecipient", attributes=(("name", "host"),))
    other = ForeignElement(namespace="urn:other", name="x", text="y")
    value = ForeignElement(
        namespace=podcast, name="value", attributes=(("type", "lightning"),), children=(inner, other)
    )
    for kind in ("rss", "atom"):
        [found] = read(edition(story(replace(PLAIN_ENTRY, foreign=(value,)))), kind)[0].foreign
        assert (found.name, dict(found.attributes)) == ("value", {"type": "lightning"})
        assert [(one.name, dict(one.attributes)) for one in found.children] == [("valueRecipient", {"name": "host"})]


def test_atom_keeps_a_discussion_without_a_page() -> None:
    """Its count and its feed stand by themselves."""
    talk = Comments(count=3, feed="https://news.example.com/1/talk/feed")
    one = read(edition(story(replace(PLAIN_ENTRY, comments=talk))), "atom")[0]
    assert one.comments == talk


def test_atom_keeps_the_whole_person_and_plain_summaries() -> None:
    each = edition(story(replace(ENTRY, summary="nur Text", summary_is_html=False)))
    one = read(each, "atom")[0]
    assert one.authors == ENTRY.authors
    assert (one.summary, one.summary_is_html) == ("nur Text", False)


def test_json_keeps_discussion_related_pages_and_mail_addresses() -> None:
    """Rule M7: what JSON Feed has no field for stands in the extension; an address of mail is an author's url."""
    people = (Person(name="乙", email="b@example.com"), Person(name="丙", uri="https://c.example/"))
    entry = replace(ENTRY, authors=people, related=("https://one.example/", "https://two.example/"))
    one = read(edition(story(entry)), "json")[0]
    assert (one.comments, one.related, one.authors) == (ENTRY.comments, entry.related, people)


@FEEDS
def test_the_second_reading_equals_the_first(name: str) -> None:
    """parse(write(parse(x))) = parse(x): nothing drifts when aggregators read each other."""
    first = read(RICH, name)[0]
    again = replace(first, source=None, raw=None, provenance={})
    paths = tuple(c.path for c in first.categories if c.scheme == "urn:feed-aggregator:category")
    second = read(edition(story(again, updated=LATER, paths=paths)), name)[0]
    drifting = {"raw", "provenance", "published_raw", "categories", "source"}
    fields = [field for field in Entry.__dataclass_fields__ if field not in drifting]
    assert {f: getattr(second, f) for f in fields} == {f: getattr(first, f) for f in fields}


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_feedparser_reads_the_same(name: str) -> None:
    """Most programs in Python read through it."""
    parsed = feedparser.parse(BytesIO(generate(RICH, name)), sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo
    one: Any = parsed.entries[0]
    assert [entry.id for entry in parsed.entries] == [
        "https://news.example.com/story/1",
        "https://news.example.com/story/2",
    ]
    assert one.title == "AT&T 发布 List<String>"
    assert one.link == "https://news.example.com/%E6%96%B0%E9%97%BB/1?a=%5B1%5D&b=2#top"
    assert one.content[0].value == BODY
    assert one.summary == ENTRY.summary
    assert [author.name for author in one.authors] == ["IT 之家", "乙"]
    assert tuple(one.published_parsed)[:6] == (2022, 5, 16, 5, 0, 23)
    assert tuple(one.updated_parsed)[:6] == (2022, 5, 16, 7, 30, 0)
    assert {tag.label or tag.term for tag in one.tags} >= {"新闻", "R&D"}
    assert "https://cdn.example.com/1.mp3" in {enclosure.href for enclosure in one.enclosures}
    assert one.source.title == ORIGIN.title


def test_ids_links_dates_and_titles_agree_in_all_formats() -> None:
    told = {}
    for name in ("rss", "atom", "json"):
        told[name] = [(e.id, e.link, e.title, e.published, e.updated, e.content) for e in read(RICH, name)]
    assert told["rss"] == told["atom"] == told["json"]
    page = generate(RICH, "html").decode()
    for item in json.loads(generate(RICH, "json"))["items"]:
        assert item["url"].replace("&", "&amp;") in page
        assert item["date_published"] in page


@FEEDS
@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(replace(PLAIN_ENTRY, title="1 < 2 & AT&T List<String>"), id="title with marks"),
        pytest.param(replace(PLAIN_ENTRY, content="<p>]]&gt; &amp;lt;</p>"), id="content like an end of CDATA"),
        pytest.param(replace(PLAIN_ENTRY, image=Image(url="https://x.example/a.png")), id="picture of unknown size"),
    ],
)
def test_what_is_easily_lost_is_kept(name: str, entry: Entry) -> None:
    one = read(edition(story(entry)), name)[0]
    assert (one.title, one.content, one.image) == (entry.title, entry.content, entry.image)


@FEEDS
def test_no_author_is_made_up_but_the_source(name: str) -> None:
    """Rules M9 and M14: without authors, the source's title stands in."""
    for authors in ((), (Person(name="示例新闻 & Co", is_source=True),)):
        one = read(edition(story(replace(PLAIN_ENTRY, authors=authors))), name)[0]
        assert {author.name for author in one.authors} <= {"示例新闻 & Co"}


@pytest.mark.parametrize("name", ["atom", "json"])
def test_titles_that_look_escaped_are_kept_where_text_is_text(name: str) -> None:
    """RSS says nothing of its titles, so readers decode these once more (rule M11)."""
    entry = replace(PLAIN_ENTRY, title="AT&amp;T &copy;")
    assert read(edition(story(entry)), name)[0].title == entry.title


def test_a_count_of_comments_alone_is_kept() -> None:
    each = edition(story(replace(PLAIN_ENTRY, comments=Comments(count=0))))
    assert {name: read(each, name)[0].comments for name in ("rss", "atom")} == {
        "rss": Comments(count=0),
        "atom": Comments(count=0),
    }
