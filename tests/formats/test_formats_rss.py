"""RSS 2.0 as written: what the specification, its profile and the W3C validator ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from format_editions import HOSTILE, ITUNES, ODD, ORIGIN, PLAIN_ENTRY, PODCAST, RICH, RICH_ENTRY, edition, story
from lxml import etree

from aggregator.core.edition import Edition, Story
from aggregator.core.model import Category, Enclosure, Entry, ForeignElement, Origin
from aggregator.formats import generate

NS = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "itunes": ITUNES,
    "media": "http://search.yahoo.com/mrss/",
    "podcast": PODCAST,
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "wfw": "http://wellformedweb.org/CommentAPI/",
}


def channel(each: Edition) -> Any:
    return etree.fromstring(generate(each, "rss")).find("channel")


def item(each: Story) -> Any:
    return channel(edition(each)).find("item")


def text(element: Any, path: str) -> str | None:
    found = element.find(path, NS)
    return None if found is None else "".join(found.itertext())


def test_channel_link_is_the_page_and_self_and_hub_are_beside_it() -> None:
    """feedgen writes whichever link came last, and no hub."""
    head = channel(RICH)
    base = "https://feeds.example.org/c/%E6%96%B0%E5%AA%92%E4%BD%93/IT-%E4%B9%8B%E5%AE%B6"
    assert text(head, "link") == f"{base}.html"
    assert [(link.get("rel"), link.get("href")) for link in head.findall("atom:link", NS)] == [
        ("self", f"{base}.rss"),
        ("alternate", f"{base}.html"),
        ("alternate", f"{base}.atom"),
        ("alternate", f"{base}.json"),
        ("hub", "https://hub.example.org/"),
    ]


def test_channel_link_is_the_site_where_there_is_no_page() -> None:
    assert text(channel(ODD), "link") == "https://feeds.example.org"


def test_head_tells_when_it_changed_and_who_made_it() -> None:
    """Rules D10 and W3: an edition's own instant in GMT; our generator, no version."""
    head = channel(RICH)
    assert text(head, "lastBuildDate") == "Tue, 17 May 2022 00:00:00 GMT"
    assert text(head, "generator") == "feed-aggregator"
    assert text(head, "language") == "zh-Hans"


def test_head_is_whole_whatever_the_edition_says() -> None:
    """Title, link and description are required; an unknown language is left out."""
    head = channel(HOSTILE)
    assert text(head, "title") == text(head, "description") == "新媒体/IT-之家"
    assert head.find("language") is None


def test_guid_is_the_public_id_and_no_permalink() -> None:
    """Rules I7 and W2."""
    guid = item(story(PLAIN_ENTRY, public_id="tag:x.example,2026:a")).find("guid")
    assert (guid.text, guid.get("isPermaLink")) == ("tag:x.example,2026:a", "false")


def test_content_follows_a_summary_and_is_the_description_without_one() -> None:
    """Field table: content:encoded only after description."""
    both = [child.tag for child in item(story(RICH_ENTRY))]
    assert both.index("description") + 1 == both.index(f"{{{NS['content']}}}encoded")
    alone = item(story(PLAIN_ENTRY))
    assert text(alone, "description") == "<p>正文。</p>"
    assert alone.find("content:encoded", NS) is None


def test_plain_summary_is_escaped_for_a_field_that_holds_html() -> None:
    assert text(item(story(RICH_ENTRY)), "description") == "摘要：1 &lt; 2"


def test_generated_title_is_left_out_beside_a_description() -> None:
    """Field table; an item needs one of the two."""
    generated = Entry(id="1", title="Words…", title_is_generated=True, content="<p>Words words.</p>")
    assert item(story(generated)).find("title") is None
    assert text(item(story(replace(generated, content=""))), "title") == "Words…"


def test_markup_characters_in_plain_text_are_hexadecimal_references() -> None:
    """RSS profile; the validator warns of any other spelling."""
    assert b"<title>AT&#x26;T \xe5\x8f\x91\xe5\xb8\x83 List&#x3C;String&gt;</title>" in generate(RICH, "rss")


def test_authors_are_creators_and_no_mail_address_is_invented() -> None:
    """Rule M10: dc:creator per name, and never <author> beside it."""
    one = item(story(RICH_ENTRY))
    assert [creator.text for creator in one.findall("dc:creator", NS)] == ["IT 之家", "乙"]
    assert one.find("author") is None


@pytest.mark.parametrize(
    ("origin", "address"),
    [
        pytest.param(ORIGIN, "https://news.example.com/feed.xml", id="its feed"),
        pytest.param(replace(ORIGIN, self_url=None), "https://news.example.com/", id="its site"),
    ],
)
def test_source_is_named_with_an_address(origin: Origin, address: str) -> None:
    """Rule M7: attribution always; rule W2: a source without url is an error."""
    source = item(story(PLAIN_ENTRY, origin=origin)).find("source")
    assert (source.get("url"), "".join(source.itertext())) == (address, "示例新闻 & Co")


def test_source_without_any_address_is_still_named() -> None:
    one = item(story(PLAIN_ENTRY, origin=Origin(title="Posts")))
    assert one.find("source") is None
    assert text(one, "dc:source") == "Posts"


def test_joined_categories_are_no_end_tags() -> None:
    """Rules W2 and M2: `x</p>` with a domain is the path x< and p>, and no end tag again (ContainsHTML)."""
    entry = replace(PLAIN_ENTRY, categories=(Category(path=("x<", "p>"), scheme="https://x.example/"),))
    one = item(story(entry, paths=(("A<", "b>"),)))
    assert ["".join(c.itertext()) for c in one.findall("category")] == ["A< /b>", "x< /p>"]


def test_categories_are_paths_of_ours_and_words_of_theirs() -> None:
    """Rule K5: a slash within a name is %2F; the source's own scheme goes with its word."""
    one = item(story(RICH_ENTRY, paths=(("新媒体", "IT 之家", "a/b"),)))
    assert [(c.get("domain"), "".join(c.itertext())) for c in one.findall("category")] == [
        ("urn:feed-aggregator:category", "新媒体/IT 之家/a%2Fb"),
        (None, "新闻"),
        ("https://news.example.com/tags", "R&D"),
    ]


def test_dates_are_gmt_in_english() -> None:
    """Rule D10."""
    one = item(story(PLAIN_ENTRY))
    assert text(one, "pubDate") == "Mon, 16 May 2022 05:00:23 GMT"
    assert text(one, "atom:updated") == "2022-05-16T05:00:23Z"
    assert item(story(PLAIN_ENTRY, published=None)).find("pubDate") is None


def test_one_enclosure_and_all_files_as_media_content() -> None:
    """Rule W2: two enclosures draw a warning; the first audio is the one."""
    one = item(story(RICH_ENTRY))
    assert [dict(e.attrib) for e in one.findall("enclosure")] == [
        {"url": "https://cdn.example.com/1.mp3", "length": "1234567", "type": "audio/mpeg"}
    ]
    files = one.findall("media:content", NS)
    assert [(f.get("url"), f.get("fileSize"), f.get("duration")) for f in files] == [
        ("https://cdn.example.com/cover.jpg", "2048", None),
        ("https://cdn.example.com/1.mp3", "1234567", "3661"),
    ]
    assert text(files[1], "media:title") == "第一集"


@pytest.mark.parametrize(
    ("enclosure", "written"),
    [
        pytest.param(Enclosure(url="https://x.example/a.mp3"), ("0", "audio/mpeg"), id="type by suffix, length 0"),
        pytest.param(Enclosure(url="https://x.example/a"), ("0", "application/octet-stream"), id="nothing known"),
        pytest.param(
            Enclosure(url="https://x.example/a", type="audio", length=-1),
            ("0", "application/octet-stream"),
            id="rubbish",
        ),
        pytest.param(Enclosure(url="http://localhost/a.mp3"), None, id="host without a dot"),
        pytest.param(Enclosure(url="magnet:?xt=x"), None, id="not on the web"),
    ],
)
def test_enclosure_has_what_rss_requires_or_is_left_out(enclosure: Enclosure, written: tuple[str, str] | None) -> None:
    """Rule W2: unknown length is 0, a type is required, the address is http(s) with a dotted host."""
    found = item(story(replace(PLAIN_ENTRY, enclosures=(enclosure,)))).find("enclosure")
    assert (None if found is None else (found.get("length"), found.get("type"))) == written


def test_discussion_rights_reply_and_picture() -> None:
    one = item(story(RICH_ENTRY))
    assert text(one, "comments") == "https://news.example.com/1/talk"
    assert text(one, "slash:comments") == "3"
    assert text(one, "wfw:commentRss") == "https://news.example.com/1/talk/feed"
    assert text(one, "dc:rights") == "CC BY 4.0 & more"
    assert text(one, "dc:language") == "zh-Hans"
    assert one.find("thr:in-reply-to", NS).get("ref") == "https://news.example.com/story/0"
    assert dict(one.find("media:thumbnail", NS).attrib) == {
        "url": "https://img.example.com/a.png",
        "width": "1338",
        "height": "553",
    }


def test_related_and_via_are_links() -> None:
    """Rule I8: other sources of one story."""
    one = channel(RICH).find("item")
    assert [(link.get("rel"), link.get("href")) for link in one.findall("atom:link", NS)] == [
        ("related", "https://other.example.com/a"),
        ("related", "https://other.example.com/b"),
        ("via", "https://elsewhere.example.com/feed"),
    ]


def test_link_is_a_uri_and_absent_without_one() -> None:
    """Rule W2: an IRI in link is an error."""
    assert text(item(story(RICH_ENTRY)), "link") == ("https://news.example.com/%E6%96%B0%E9%97%BB/1?a=%5B1%5D&b=2#top")
    assert item(story(replace(PLAIN_ENTRY, link="javascript:x"))).find("link") is None


def test_namespaces_are_declared_on_the_root_alone() -> None:
    """A fragment is the same wherever it stands."""
    assert generate(RICH, "rss").count(b"xmlns:") == generate(edition(), "rss").count(b"xmlns:")


@pytest.mark.parametrize(
    ("words", "written"),
    [
        pytest.param(("no", "yes"), "true", id="one is explicit"),
        pytest.param(("no",), "false", id="none is"),
        pytest.param((), None, id="no podcast items"),
        pytest.param(("perhaps",), None, id="nothing valid"),
    ],
)
def test_channel_says_whether_items_are_explicit(words: tuple[str, ...], written: str | None) -> None:
    """The validator asks a channel with Apple's elements for it."""
    stories = [
        story(replace(PLAIN_ENTRY, foreign=(ForeignElement(namespace=ITUNES, name="explicit", text=word),)), seq=n)
        for n, word in enumerate(words)
    ]
    assert text(channel(edition(*stories)), "itunes:explicit") == written


@pytest.mark.parametrize("address", ["javascript:alert(1)", " JavaScript:alert(1)", "vbscript:x", "data:text/html,<p>"])
def test_address_that_is_a_program_takes_its_foreign_element(address: str) -> None:
    """Rule H6: a `javascript:` link is dropped, also in vocabularies that nobody checks."""
    elements = (
        ForeignElement(namespace=PODCAST, name="transcript", attributes=(("url", address), ("type", "text/vtt"))),
        ForeignElement(namespace=PODCAST, name="transcript", attributes=(("url", "https://cdn.example.com/1.vtt"),)),
        ForeignElement(namespace=PODCAST, name="remoteItem", text=address),
    )
    written = item(story(replace(PLAIN_ENTRY, foreign=elements)))
    assert [element.attrib for element in written.findall("podcast:transcript", NS)] == [
        {"url": "https://cdn.example.com/1.vtt"}
    ]
    assert written.find("podcast:remoteItem", NS) is None


def test_what_is_too_long_or_too_much_of_foreign_elements_is_cut() -> None:
    """Rule R5: a text at the length its vocabulary allows, a list after its hundredth element."""
    long = ForeignElement(namespace=ITUNES, name="subtitle", text="字" * 300)
    chapters = ForeignElement(namespace=PODCAST, name="season", text="2")
    texts = (ForeignElement(namespace=ITUNES, name="unknown", text=str(number)) for number in range(99))
    written = item(story(replace(PLAIN_ENTRY, foreign=(long, *texts, chapters))))
    assert text(written, "itunes:subtitle") == "字" * 254 + "…"
    assert written.find("podcast:season", NS) is None
    assert text(item(story(replace(PLAIN_ENTRY, foreign=(chapters, *texts)))), "podcast:season") == "2"


def test_repeated_words_are_written_once() -> None:
    twice = replace(PLAIN_ENTRY, categories=(Category(path=("a",)), Category(path=("a",)), Category(path=("",))))
    assert len(item(story(twice)).findall("category")) == 1
