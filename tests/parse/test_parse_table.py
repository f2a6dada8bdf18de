"""The tables of rules M13 and M14, row by row: which candidate fills a field, whatever stands first in the document.

Every row lists its candidates from the strongest down. A document holds one of them and all weaker ones, the weakest
first; the strongest there must win, and provenance must say so (rule M1).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from parse_bodies import of_body, reading

from aggregator.core.model import Origin, Person

Row = list[tuple[str, str, Any]]
"""Candidates: provenance, the XML (an attribute of the head or entry if it is no element), the value."""


def first(instant: int) -> datetime:
    return datetime(2024, 5, instant, tzinfo=UTC)


FEED: dict[str, Row] = {
    "id": [
        ("atom:id", "<a:id>urn:1</a:id>", "urn:1"),
        ("podcast:guid", "<podcast:guid>917393e3</podcast:guid>", "917393e3"),
        ("rdf:about", 'rdf:about="https://example.org/about"', "https://example.org/about"),
    ],
    "title": [
        ("atom:title", "<a:title>One</a:title>", "One"),
        ("title", "<title>Two</title>", "Two"),
        ("dc:title", "<dc:title>Three</dc:title>", "Three"),
    ],
    "site_url": [
        ("atom:link", '<a:link href="https://example.org/1"/>', "https://example.org/1"),
        ("link", "<link>https://example.org/2</link>", "https://example.org/2"),
    ],
    "description": [
        ("atom:subtitle", "<a:subtitle>One</a:subtitle>", "One"),
        ("atom:tagline", "<a:tagline>Two</a:tagline>", "Two"),
        ("description", "<description>Three</description>", "Three"),
        ("itunes:summary", "<itunes:summary>Four</itunes:summary>", "Four"),
    ],
    "authors": [
        ("atom:author", "<a:author><a:name>One</a:name></a:author>", ["One"]),
        ("itunes:author", "<itunes:author>Two</itunes:author>", ["Two"]),
        ("dc:creator", "<dc:creator>Three</dc:creator><dc:creator>Trois</dc:creator>", ["Three", "Trois"]),
        ("managingEditor", "<managingEditor>e@example.org (Four)</managingEditor>", ["Four"]),
        ("", "<webMaster>w@example.org (Nobody)</webMaster>", []),
    ],
    "image": [
        ("atom:logo", "<a:logo>/1.png</a:logo>", "https://example.org/1.png"),
        ("image/url", "<image><url>/2.png</url></image>", "https://example.org/2.png"),
        ("itunes:image", '<itunes:image href="/3.png"/>', "https://example.org/3.png"),
        ("itunes:link", '<itunes:link rel="image" href="/4.png"/>', "https://example.org/4.png"),
    ],
    "rights": [
        ("atom:rights", "<a:rights>One</a:rights>", "One"),
        ("atom:copyright", "<a:copyright>Two</a:copyright>", "Two"),
        ("copyright", "<copyright>Three</copyright>", "Three"),
        ("dc:rights", "<dc:rights>Four</dc:rights>", "Four"),
        ("cc:license", '<c:license rdf:resource="https://cc.example/5"/>', "https://cc.example/5"),
        (
            "creativeCommons:license",
            "<creativeCommons:license>https://cc.example/6</creativeCommons:license>",
            "https://cc.example/6",
        ),
        ("atom:link", '<a:link rel="license" href="https://cc.example/7"/>', "https://cc.example/7"),
    ],
}

ENTRY: dict[str, Row] = {
    "id": [
        ("atom:id", "<a:id>urn:1</a:id>", "urn:1"),
        ("guid", '<guid isPermaLink="false">two</guid>', "two"),
        ("rdf:about", 'rdf:about="three"', "three"),
        ("dc:identifier", "<dc:identifier>four</dc:identifier>", "four"),
    ],
    "link": [
        ("feedburner:origLink", "<feedburner:origLink>/1</feedburner:origLink>", "https://example.org/1"),
        ("atom:link", '<a:link type="text/html" href="/2"/>', "https://example.org/2"),
        ("atom:link", '<a:link href="/3"/>', "https://example.org/3"),
        ("atom:link", '<a:link type="application/pdf" href="/4"/>', "https://example.org/4"),
        ("link", "<link>/5</link>", "https://example.org/5"),
        ("guid", "<guid>https://example.org/6</guid>", "https://example.org/6"),
        ("enclosure", '<enclosure url="/7.mp3" type="audio/mpeg" length="1"/>', "https://example.org/7.mp3"),
    ],
    "title": [
        ("atom:title", "<a:title>One</a:title>", "One"),
        ("title", "<title>Two</title>", "Two"),
        ("dc:title", "<dc:title>Three</dc:title>", "Three"),
    ],
    "content": [
        ("atom:content", '<a:content type="html">&lt;p&gt;One of all&lt;/p&gt;</a:content>', "<p>One of all</p>"),
        ("content:encoded", "<content:encoded>&lt;p&gt;Two of all&lt;/p&gt;</content:encoded>", "<p>Two of all</p>"),
        ("xhtml:body", "<x:body><x:p>Three of all</x:p></x:body>", "<p>Three of all</p>"),
        ("description", "<description>Four</description>", "Four"),
        ("media:description", "<media:group><media:description>Five</media:description></media:group>", "Five"),
        ("itunes:summary", "<itunes:summary>Six</itunes:summary>", "Six"),
    ],
    "summary": [
        ("atom:summary", "<a:summary>One</a:summary><content:encoded>The whole</content:encoded>", "One"),
        ("description", "<description>Two</description><content:encoded>The whole</content:encoded>", "Two"),
        ("dcterms:abstract", "<dcterms:abstract>Three</dcterms:abstract>", "Three"),
        ("itunes:subtitle", "<itunes:subtitle>Four</itunes:subtitle>", "Four"),
    ],
    "authors": [
        ("atom:author", "<a:author><a:name>One</a:name></a:author>", ["One"]),
        ("dc:creator", "<dc:creator>Two</dc:creator><dc:creator>Deux</dc:creator>", ["Two", "Deux"]),
        ("author", "<author>e@example.org (Three)</author>", ["Three"]),
        ("itunes:author", "<itunes:author>Four</itunes:author>", ["Four"]),
        ("podcast:person", "<podcast:person>Five</podcast:person>", ["Five"]),
    ],
    "published": [
        ("atom:published", "<a:published>2024-05-01T00:00:00Z</a:published>", first(1)),
        ("atom:issued", "<a:issued>2024-05-02T00:00:00Z</a:issued>", first(2)),
        ("pubDate", "<pubDate>Fri, 03 May 2024 00:00:00 GMT</pubDate>", first(3)),
        ("dcterms:created", "<dcterms:created>2024-05-04T00:00:00Z</dcterms:created>", first(4)),
        ("dc:date", "<dc:date>2024-05-05T00:00:00Z</dc:date>", first(5)),
    ],
    "updated": [
        ("atom:updated", "<a:updated>2024-05-01T00:00:00Z</a:updated>", first(1)),
        ("atom:modified", "<a:modified>2024-05-02T00:00:00Z</a:modified>", first(2)),
        ("dcterms:modified", "<dcterms:modified>2024-05-03T00:00:00Z</dcterms:modified>", first(3)),
    ],
    "language": [
        ("xml:lang", 'xml:lang="fr"', "fr"),
        ("dc:language", "<dc:language>de</dc:language>", "de"),
        ("xml:lang", '<description xml:lang="it">testo</description>', "it"),
        ("xml:lang", '<a:summary xml:lang="es">texto</a:summary>', "es"),
    ],
    "image": [
        ("media:thumbnail", '<media:thumbnail url="/1.png"/>', "https://example.org/1.png"),
        ("media:content", '<media:content medium="image" url="/2.png"/>', "https://example.org/2.png"),
        ("itunes:image", '<itunes:image href="/3.png"/>', "https://example.org/3.png"),
        ("itunes:link", '<itunes:link rel="image" href="/4.png"/>', "https://example.org/4.png"),
        ("enclosure", '<enclosure url="/5.png" type="image/png"/>', "https://example.org/5.png"),
        ("content", '<description>&lt;img src="/6.png"&gt;</description>', "https://example.org/6.png"),
    ],
    "rights": [
        ("atom:rights", "<a:rights>One</a:rights>", "One"),
        ("dc:rights", "<dc:rights>Two</dc:rights>", "Two"),
        ("cc:license", '<c:license rdf:resource="https://cc.example/3"/>', "https://cc.example/3"),
    ],
    "source": [
        ("source", "<a:source><a:title>One</a:title></a:source>", "One"),
        ("source", '<source url="https://example.com/feed">Two</source>', "Two"),
        ("source", "<dc:source>Three</dc:source>", "Three"),
    ],
    "comments": [
        ("comments", "<comments>https://example.org/1</comments>", "https://example.org/1"),
        ("atom:link", '<a:link rel="replies" type="text/html" href="/2"/>', "https://example.org/2"),
    ],
}


def written(candidates: Row) -> tuple[str, str]:
    """Elements, the weakest first, and attributes."""
    elements = [xml for _, xml, _ in reversed(candidates) if xml.startswith("<")]
    return "".join(elements), " ".join(xml for _, xml, _ in candidates if not xml.startswith("<"))


def cases(table: dict[str, Row]) -> list[Any]:
    return [
        pytest.param(field, row[place:], id=f"{field}-{place}-{row[place][0] or 'none'}")
        for field, row in table.items()
        for place in range(len(row))
    ]


def plain(value: Any) -> Any:
    """What a row says of a record: the names of persons, an address, a title."""
    if isinstance(value, tuple):
        return [person.name for person in value if not person.is_source]
    for name in ("url", "title"):
        if hasattr(value, name) and not isinstance(value, str):
            return getattr(value, name)
    return value


@pytest.mark.parametrize(("field", "candidates"), cases(FEED))
def test_the_strongest_candidate_fills_the_feeds_field(field: str, candidates: Row) -> None:
    """Rules M13 and M1."""
    elements, attributes = written(candidates)
    feed = reading(elements, "<title>t</title>", head_attributes=attributes).feed
    winner, _, value = candidates[0]
    assert (plain(getattr(feed, field)), feed.provenance.get(field, "")) == (value, winner)


@pytest.mark.parametrize(("field", "candidates"), cases(ENTRY))
def test_the_strongest_candidate_fills_the_entrys_field(field: str, candidates: Row) -> None:
    """Rules M14 and M1."""
    elements, attributes = written(candidates)
    (entry,) = reading("<title>F</title>", elements, entry_attributes=attributes).entries
    winner, _, value = candidates[0]
    assert (plain(getattr(entry, field)), entry.provenance.get(field, "")) == (value, winner)


@pytest.mark.parametrize(
    ("attributes", "elements", "language"),
    [
        ('xml:lang="fr"', "<dc:language>de</dc:language><language>it</language>", "fr"),
        ("", "<dc:language>de</dc:language><language>it</language>", "it"),
        ("", '<title xml:lang="es">F</title><dc:language>de</dc:language>', "de"),
        ("", '<title xml:lang="es">F</title>', "es"),
        ('xml:lang=""', '<description xml:lang="pt">F</description>', "pt"),
    ],
)
def test_the_feeds_language_and_its_candidates(attributes: str, elements: str, language: str) -> None:
    """Rule M13, `language`."""
    assert reading(elements, "<title>t</title>", head_attributes=attributes).feed.language == language


REPLIES = '<a:link rel="replies" href="/r" thr:count="3"/>'


@pytest.mark.parametrize(
    ("elements", "count"),
    [
        (f"{REPLIES}<thr:total>2</thr:total><slash:comments>1</slash:comments>", 1),
        (f"{REPLIES}<thr:total>2</thr:total>", 2),
        (REPLIES, 3),
    ],
)
def test_the_number_of_comments_and_its_candidates(elements: str, count: int) -> None:
    """Rule M14, `comments`."""
    (entry,) = reading("<title>F</title>", elements).entries
    assert entry.comments is not None
    assert entry.comments.count == count


def test_every_file_is_an_enclosure_once_in_the_order_of_the_table() -> None:
    """Rule M14, `files`."""
    elements = (
        '<media:peerLink type="application/x-bittorrent" href="/5.torrent"/>'
        '<media:group><media:content url="/3.mp4" type="video/mp4" fileSize="3"/></media:group>'
        '<media:group><media:content url="/4.mp4" type="video/mp4"/></media:group>'
        '<media:content url="/2.mp3" duration="60"/><enclosure url="/2.mp3" type="audio/mpeg" length="2"/>'
        '<a:link rel="enclosure" href="/1.mp3" type="audio/mpeg" length="1" title="One"/>'
    )
    (entry,) = reading("<title>F</title>", elements).entries
    found = [(one.url.rpartition("/")[2], one.type, one.length, one.duration, one.title) for one in entry.enclosures]
    assert found == [
        ("1.mp3", "audio/mpeg", 1, None, "One"),
        ("2.mp3", "audio/mpeg", 2, 60, None),
        ("3.mp4", "video/mp4", 3, None, None),
        ("4.mp4", "video/mp4", None, None, None),
        ("5.torrent", "application/x-bittorrent", None, None, None),
    ]


@pytest.mark.parametrize(
    ("guid", "link"),
    [
        ("<guid>https://example.org/1</guid>", "https://example.org/1"),
        ('<guid isPermaLink="true">https://example.org/1</guid>', "https://example.org/1"),
        ('<guid isPermaLink="TRUE">https://example.org/1</guid>', "https://example.org/1"),
        ('<guid isPermaLink="false">https://example.org/1</guid>', None),
        ('<guid isPermaLink="yes">https://example.org/1</guid>', None),
        ("<guid>/1</guid>", None),
        ("<guid>urn:1</guid>", None),
        ("<guid>https://example.org/1</guid><link>https://example.org/2</link>", "https://example.org/2"),
    ],
)
def test_a_guid_is_the_link_where_it_says_so_and_is_an_address(guid: str, link: str | None) -> None:
    """Rule I5."""
    (entry,) = reading("<title>F</title>", f"<title>t</title>{guid}").entries
    assert entry.link == link


@pytest.mark.parametrize(
    ("namespaces", "entry"),
    [
        ('xmlns:q="http://search.yahoo.com/mrss/"', '<q:thumbnail url="/1.png"/>'),
        ('xmlns:media="http://search.yahoo.com/mrss"', '<media:thumbnail url="/1.png"/>'),
        ('xmlns:media="HTTP://SEARCH.YAHOO.COM/MRSS/"', '<media:thumbnail url="/1.png"/>'),
        ('xmlns:i="http://www.itunes.com/DTDs/Podcast-1.0.dtd"', '<i:image href="/1.png"/>'),
        ('xmlns:dc="http://search.yahoo.com/mrss/"', '<dc:thumbnail url="/1.png"/>'),
    ],
)
def test_a_namespace_is_told_by_its_address(namespaces: str, entry: str) -> None:
    """Rule M5: never by the prefix; neither case, a final slash nor known slips count."""
    body = (
        f'<rss version="2.0" {namespaces}><channel><title>F</title><item><title>t</title>{entry}</item></channel></rss>'
    )
    (found,) = of_body(body).entries
    assert found.image is not None
    assert found.image.url == "https://example.org/1.png"


@pytest.mark.parametrize(
    ("body", "titles", "note"),
    [
        ("<rss><channel><item><dc:title>a</dc:title></item></channel></rss>", ["a"], "undeclared-prefix"),
        ('<rss xmlns="urn:x"><channel><item><title>a</title></item></channel></rss>', ["a"], "namespace-unknown"),
        ("<rss><channel><title>F</title></channel><item><title>a</title></item></rss>", ["a"], "channel-structure"),
        ("<rss><item><title>a</title></item></rss>", ["a"], "channel-structure"),
        (
            "<rss><channel><item><title>a</title></item></channel><channel><item><title>b</title></item></channel></rss>",
            ["a", "b"],
            "channel-structure",
        ),
    ],
)
def test_elements_out_of_their_place_are_read_by_their_names(body: str, titles: list[str], note: str) -> None:
    """Rule R4."""
    found = of_body(body)
    assert [entry.title for entry in found.entries] == titles
    assert note in {one.name for one in found.diagnostics}


@pytest.mark.parametrize(
    ("element", "paths"),
    [
        ("<category>a/b</category>", [("a/b",)]),
        ('<category domain="urn:d">a/b</category>', [("a", "b")]),
        ('<category domain="urn:d">https://e.org/a</category>', [("https://e.org/a",)]),
        ("<category>x,y</category>", [("x,y",)]),
        ("<media:keywords>x, y</media:keywords>", [("x",), ("y",)]),
        ("<itunes:keywords>x,y</itunes:keywords>", [("x",), ("y",)]),
        ("<dc:subject>x; y</dc:subject>", [("x",), ("y",)]),
        ('<itunes:category text="A"><itunes:category text="B"/></itunes:category>', [("A", "B")]),
        ('<a:category term="t" label="L"/>', [("L",)]),
        ('<itunes:category text="A"/><itunes:category text=""/>', [("A",)]),
        ('<itunes:category text="A"><itunes:category/></itunes:category>', [("A",)]),
        ('<media:category label="L">t</media:category><media:category> </media:category>', [("L",)]),
        ("".join(f"<category>c{n}</category>" for n in range(60)), [(f"c{n}",) for n in range(50)]),
    ],
)
def test_categories_are_read_as_each_element_means_them(element: str, paths: list[tuple[str, ...]]) -> None:
    """Rule K2."""
    (entry,) = reading("<title>F</title>", f"<title>t</title>{element}").entries
    assert [category.path for category in entry.categories] == paths


@pytest.mark.parametrize(
    ("element", "author"),
    [
        pytest.param("<a:author>Ann Lee</a:author>", Person(name="Ann Lee"), id="Atom person without elements"),
        pytest.param("<a:author><x:b>Ann</x:b> Lee</a:author>", Person(name="Ann Lee"), id="Atom person in markup"),
        pytest.param(
            "<author><a:name>Ann</a:name><a:uri>/ann</a:uri><a:email>a@example.org</a:email></author>",
            Person(name="Ann", email="a@example.org", uri="https://example.org/ann"),
            id="Atom person in an element of RSS",
        ),
    ],
)
def test_an_author_is_read_in_whichever_form_it_is_written(element: str, author: Person) -> None:
    """Rule M14, `authors`."""
    (entry,) = reading("<title>F</title>", f"<title>t</title>{element}").entries
    assert entry.authors == (author,)


@pytest.mark.parametrize(
    ("element", "content"),
    [
        ('<a:content type="xhtml">a &lt; b</a:content>', "a &lt; b"),
        ('<a:content type="xhtml">a &lt;b&gt;c&lt;/b&gt;</a:content>', "a <b>c</b>"),
        ('<a:content type="text/html" mode="base64">PGI+eDwvYj4=</a:content>', "<b>x</b>"),
        ('<a:content mode="base64">YSA8IGI=</a:content>', "a &lt; b"),
        ('<a:content type="application/pdf">%PDF is no base64</a:content>', "%PDF is no base64"),
        ('<a:content type="image/png">iVBORw0KGgo=</a:content>', ""),
    ],
)
def test_atom_content_is_what_its_type_says_or_what_it_must_have_meant(element: str, content: str) -> None:
    """XHTML that was escaped is markup, a picture is no text, what is no base64 stays as it is."""
    (entry,) = reading("<title>F</title>", f"<title>t</title>{element}").entries
    assert entry.content == content


@pytest.mark.parametrize(
    ("base", "link"),
    [
        ("in/", "https://example.org/a/in/x"),
        ("http://[", "https://example.org/a/x"),
    ],
)
def test_a_base_that_is_no_address_is_passed_over(base: str, link: str) -> None:
    """Rule H10: the one outside it holds, for links and within XHTML."""
    (entry,) = of_body(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/a/"><title>F</title>'
        f'<entry xml:base="{base}"><title>t</title><link href="x"/></entry></feed>'
    ).entries
    (other,) = of_body(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/a/"><title>F</title><entry><title>t</title>'
        f'<content type="xhtml"><div><p xml:base="{base}"><a href="x">y</a></p></div></content></entry></feed>'
    ).entries
    assert (entry.link, other.content) == (link, f'<p><a href="{link}">y</a></p>')


def test_a_duration_belongs_to_the_file_that_is_played() -> None:
    """Not to a document beside it, nor to a file that tells its own."""
    elements = (
        '<enclosure url="/a.mp3" type="audio/mpeg" duration="7"/><enclosure url="/b.pdf" type="application/pdf"/>'
        '<enclosure url="/c.mp3" type="audio/mpeg"/><itunes:duration>1:05</itunes:duration>'
    )
    (entry,) = reading("<title>F</title>", f"<title>t</title>{elements}").entries
    assert [(one.url.rpartition("/")[2], one.duration) for one in entry.enclosures] == [
        ("a.mp3", 7),
        ("b.pdf", None),
        ("c.mp3", 65),
    ]


def test_what_an_entry_replies_to_is_the_first_that_is_named() -> None:
    """RFC 4685 asks for ref; an element without it says nothing."""
    elements = (
        '<thr:in-reply-to type="text/html"/><thr:in-reply-to ref="urn:1" href="/1"/><thr:in-reply-to ref="urn:2"/>'
    )
    (entry,) = reading("<title>F</title>", f"<title>t</title>{elements}").entries
    assert entry.reply_to is not None
    assert (entry.reply_to.ref, entry.reply_to.href) == ("urn:1", "https://example.org/1")
    (silent,) = reading("<title>F</title>", "<title>t</title><thr:in-reply-to/>").entries
    assert silent.reply_to is None


def test_a_source_that_is_an_address_is_its_page() -> None:
    """`dc:source` holds a name or an address."""
    (entry,) = reading("<title>F</title>", "<title>t</title><dc:source>https://example.com/</dc:source>").entries
    assert entry.source == Origin(site_url="https://example.com/")
