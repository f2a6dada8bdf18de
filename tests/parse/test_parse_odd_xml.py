"""Documents whose XML or markup is odd: what an entry is read as all the same (rule R4)."""

from __future__ import annotations

import pytest
from parse_bodies import of_body, reading

from aggregator.core.normalise.text_fields import has_stray_markup
from aggregator.core.parse.parsed import Candidate, Markup

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
