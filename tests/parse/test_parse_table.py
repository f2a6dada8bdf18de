"""The tables of rules M13 and M14, row by row: which candidate fills a field, whatever stands first in the document.

Every row lists its candidates from the strongest down. A document holds one of them and all weaker ones, the weakest
first; the strongest there must win, and provenance must say so (rule M1).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.core.document import Document
from aggregator.core.model import Origin, Person, SourceId
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.normalise.text_fields import has_stray_markup
from aggregator.core.parse.documents import parse_document
from aggregator.core.parse.parsed import Candidate, Markup

AT = datetime(2024, 6, 1, 12, tzinfo=UTC)
URL = "https://example.org/feed"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "a": "http://www.w3.org/2005/Atom",
        "c": "http://creativecommons.org/ns#",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
        "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
        "podcast": "https://podcastindex.org/namespace/1.0",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "slash": "http://purl.org/rss/1.0/modules/slash/",
        "thr": "http://purl.org/syndication/thread/1.0",
        "wfw": "http://wellformedweb.org/CommentAPI/",
        "x": "http://www.w3.org/1999/xhtml",
    }.items()
)

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


def reading(head: str, entry: str, *, head_attributes: str = "", entry_attributes: str = "") -> NormalisedFeed:
    body = (
        f'<rss version="2.0" {NAMESPACES}><channel {head_attributes}>{head}'
        f"<item {entry_attributes}>{entry}</item></channel></rss>"
    )
    return of_body(body)


def of_body(body: str) -> NormalisedFeed:
    document = Document(url=URL, body=body.encode(), fetched_at=AT)
    context = Context(source=SourceId("s"), poll_url=URL, document_url=URL, fetched_at=AT)
    return normalise(parse_document(document), context)


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


UNREPAIRED = "<!-- <![CDATA[ -->"
"""To the repair of references all behind it is CDATA; to XML it is a comment."""


@pytest.mark.parametrize(
    ("body", "title", "content"),
    [
        pytest.param(
            f'<rss version="2.0"><channel><title>F</title><item>{UNREPAIRED}&foo;<title>T</title>'
            "<description>a &foo;b</description></item></channel></rss><!-- ]]> -->",
            "T",
            "a b",
            id="an entity between and in elements",
        ),
        pytest.param(
            f'<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><entry>{UNREPAIRED}<title>T</title>'
            '<content type="xhtml"><div>a <b>&foo;b</b></div></content></entry></feed><!-- ]]> -->',
            "T",
            "a <b>b</b>",
            id="an entity in XHTML",
        ),
        pytest.param(
            '<rss version="2.0"><channel><title>F</title><item>'
            + "".join(f"<p{n}:x/>" for n in range(100))
            + "<dc:title>T</dc:title><content:encoded>&lt;p&gt;c&lt;/p&gt;</content:encoded></item></channel></rss>",
            "T",
            "<p>c</p>",
            id="more undeclared prefixes than are mended",
        ),
        pytest.param(
            '<!DOCTYPE rdf:RDF [<!ENTITY % HTMLlat1 PUBLIC "-//W3C//ENTITIES Latin 1 for XHTML//EN" "xhtml-lat1.ent">'
            "%HTMLlat1;]><rss><channel><title>F</title><item><title>caf&eacute;</title></item></channel></rss>",
            "café",
            "",
            id="the character sets of HTML",
        ),
        pytest.param(
            "<rss><channel><title>F</title><item><title>&#X41; & &#x42;</title></item></channel></rss>",
            "A & B",
            "",
            id="a reference with a capital X",
        ),
        pytest.param(
            '<?xml version="1.0"><rss><channel><title>F</title><item><title>T</title></item></channel></rss>',
            "T",
            "",
            id="a declaration closed like a tag",
        ),
        pytest.param(
            "<rss><channel><title>F</title><item><title><![CDATA[1 < 2]]></title><br>"
            "<description><![CDATA[<p>a</p>]]></description></item></channel></rss>",
            "1 < 2",
            "<p>a</p>",
            id="CDATA beside a tag that is never closed",
        ),
        pytest.param(
            "<rss<![CDATA[<title>x</title>]]><channel><title>F</title><item><title>T</title></item></channel></rss>",
            "T",
            "",
            id="CDATA in the tag of the root",
        ),
    ],
)
def test_an_entry_is_read_although_the_xml_around_it_is_odd(body: str, title: str, content: str) -> None:
    """What cannot be known is left out, and nothing else (rule R4)."""
    (entry,) = of_body(body).entries
    assert (entry.title, entry.content) == (title, content)


@pytest.mark.parametrize(
    ("elements", "title", "is_mended"),
    [
        pytest.param("<title>&lt;b&gt;x&lt;/b&gt;</title>", "x", True, id="markup"),
        pytest.param("<title>&lt;b&gt;&lt;/b&gt;</title><dc:title>y</dc:title>", "y", False, id="markup alone"),
        pytest.param(
            "<title>&lt;b&gt;&lt;/b&gt;</title><dc:title>&lt;i&gt;y&lt;/i&gt;</dc:title>", "y", True, id="both"
        ),
    ],
)
def test_a_title_of_markup_alone_is_none(elements: str, title: str, is_mended: bool) -> None:
    """Rules M1 and M11: the next candidate is taken, and is what the notice is about."""
    found = reading("<title>F</title>", elements)
    assert found.entries[0].title == title
    assert ("title-mended" in {note.name for note in found.diagnostics}) is is_mended


def test_markup_alone_is_no_title_that_was_mended() -> None:
    """Rule M11"""
    assert not has_stray_markup([Candidate(value="<b></b>", element="title", markup=Markup.LOOSE)])


def test_a_description_of_markup_alone_is_none() -> None:
    """Rule M1: the next candidate is taken."""
    head = "<description>&lt;p&gt;&lt;/p&gt;</description><itunes:summary>Two</itunes:summary>"
    feed = reading(head, "<title>t</title>").feed
    assert (feed.description, feed.provenance) == ("Two", {"description": "itunes:summary"})


def test_a_feeds_own_address_is_one_that_can_be_asked() -> None:
    """Rule H10: the first of several that is an address."""
    head = '<title>F</title><a:link rel="self" href="javascript:x"/><a:link rel="self" href="/own"/>'
    assert reading(head, "<title>t</title>").feed.self_url == "https://example.org/own"


@pytest.mark.parametrize("source", ["<source/>", "<a:source/>", "<a:source><a:updated>never</a:updated></a:source>"])
def test_a_source_that_says_nothing_is_none(source: str) -> None:
    """Rule M14, `source`."""
    (entry,) = reading("<title>F</title>", f"<title>t</title>{source}").entries
    assert (entry.source, entry.provenance) == (None, {"title": "title"})


@pytest.mark.parametrize(("description", "summary"), [("&lt;p&gt;text&lt;/p&gt;", "<p>text</p>"), ("plain", "plain")])
def test_the_text_of_an_entry_behind_the_feeds_end_is_its_summary(description: str, summary: str) -> None:
    """Rule M14: feedparser does not tell which element it came from, so it is not taken for the whole text."""
    body = (
        "<rss version='2.0'><channel><item><title>A</title></item></channel></rss>"
        f"<item><guid>2</guid><title>B</title><description>{description}</description></item>"
    )
    entry = of_body(body).entries[-1]
    assert (entry.title, entry.content, entry.summary, entry.summary_is_html) == ("B", "", summary, True)
