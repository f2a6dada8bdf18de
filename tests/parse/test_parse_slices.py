"""Entries are found in bytes where there is no doubt, and read apart they are what they are together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.document import Document
from aggregator.core.errors import ParseError
from aggregator.core.model import SourceId
from aggregator.core.normalise import Context
from aggregator.core.parse.slices import Slices, cut, without
from aggregator.engine import traces
from aggregator.engine.traces import Taken, Traces

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
URL = "https://example.org/feed"
CORPUS = Path(__file__).parent.parent / "corpus"
DOCUMENTS = sorted(CORPUS.glob("*/*.xml"))


def rss(items: str, head: str = "<title>x</title>") -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param("<item>1</item><item>2</item>", ["<item>1</item>", "<item>2</item>"], id="items"),
        pytest.param("<item a='>' b=\">\">1</item >", ["<item a='>' b=\">\">1</item >"], id="signs in attributes"),
        pytest.param("<item><![CDATA[</item><item>]]></item>", ["<item><![CDATA[</item><item>]]></item>"], id="CDATA"),
        pytest.param("<!-- <item> --><item><!--</item>--></item>", ["<item><!--</item>--></item>"], id="comments"),
        pytest.param("<?x <item> ?><item><?x </item> ?></item>", ["<item><?x </item> ?></item>"], id="instructions"),
        pytest.param("<items><itemx/></items><item>1</item>", ["<item>1</item>"], id="longer names"),
        pytest.param("<item><x:itemised/></item>", ["<item><x:itemised/></item>"], id="longer names with a prefix"),
        pytest.param("<item>1</item><item/>", None, id="empty tag"),
        pytest.param("<item><item>1</item></item>", None, id="one in another"),
        pytest.param("<item>1</item><item>2", None, id="unclosed"),
        pytest.param("<item>1</entry>", None, id="closed by another"),
        pytest.param("</item><item>1</item>", None, id="closed before it is open"),
        pytest.param("<item>1</item><ITEM>2</ITEM>", None, id="capitals"),
        pytest.param("<item>1</item><a:entry>2</a:entry>", None, id="with a prefix"),
        pytest.param("<item><![CDATA[x</item>", None, id="CDATA without an end"),
        pytest.param("<item><!-- x</item>", None, id="comment without an end"),
        pytest.param("<item a='x>1</item>", None, id="attribute without an end"),
        pytest.param("<!DOCTYPE rss [<!ENTITY a 'b'>]><item>1</item>", None, id="declarations"),
        pytest.param("<item>\0</item>", None, id="NUL"),
        pytest.param("", None, id="no item"),
    ],
)
def test_borders_are_certain_or_there_are_none(items: str, expected: list[str] | None) -> None:
    body = rss(items)
    found = cut(body)
    assert (found and [body[start:end].decode() for start, end in found.spans]) == expected


def test_an_entry_that_is_the_root_has_no_head_to_be_read_with() -> None:
    assert cut(b'<?xml version="1.0"?><entry xmlns="http://www.w3.org/2005/Atom"><id>x</id></entry>') is None


@pytest.mark.parametrize(
    ("head", "lasts"),
    [
        pytest.param("<title>x</title><lastBuildDate>2</lastBuildDate>", True, id="moment of building"),
        pytest.param("<title>x</title><a:updated x='y'>2</a:updated>", True, id="moment with a prefix"),
        pytest.param("<title>y</title>", False, id="title"),
        pytest.param("<title>x</title><language>de</language>", False, id="language"),
        pytest.param("<title>x</title><updated>2<b/></updated>", False, id="moment with elements in it"),
        pytest.param("<title>x</title> ", False, id="blanks before the first entry"),
    ],
)
def test_the_lasting_head_is_all_but_moments(head: str, lasts: bool) -> None:
    """Namespaces, xml:base, xml:lang, titles: whatever may reach an entry"""
    one, other = cut(rss("<item>1</item>\n<item>2</item>")), cut(rss("<item>1</item><item>3</item>", head))
    assert one is not None
    assert other is not None
    assert (one.lasting == other.lasting) is lasts
    assert (one.head == other.head) is False


def test_the_list_of_items_of_rss_1_0_does_not_count_as_head() -> None:
    lists = ["<rdf:Seq><rdf:li r='1'/></rdf:Seq>", "<rdf:Seq><rdf:li r='2'/><rdf:li r='1'/></rdf:Seq>"]
    one, other = (cut(rss("<item>1</item>", f"<items>{listed}</items>")) for listed in lists)
    assert one is not None
    assert other is not None
    assert one.lasting == other.lasting


@pytest.mark.parametrize(
    "junk", ["<item>", "<updated>", "<![CDATA[", "<item a='", "<!--", "<rdf:Seq>", "<item></item>"]
)
def test_hostile_documents_take_linear_time(junk: str) -> None:
    """A megabyte of anything; the suite's own time limit is the judge"""
    body = rss(junk * (1_000_000 // len(junk)))
    assert cut(body) is None or junk == "<item></item>"


def taken(body: bytes) -> tuple[Document, Context, Taken, Slices, Traces] | None:
    document = Document(url=URL, body=body, fetched_at=NOW)
    context = Context(source=SourceId("x"), poll_url=URL, document_url=URL, fetched_at=NOW)
    about = traces.circumstances(document, context, None)
    try:
        whole = traces.read_whole(document, context, None, None, about)
    except ParseError:
        return None
    slices = cut(body)
    if whole.traces is None or slices is None:
        return None
    kept = traces.load(traces.dump(whole.traces, entries=1, span=0.0, settled=True), about, slices)
    assert kept is not None
    assert kept.known == whole.traces.known
    return document, context, whole, slices, kept


def agrees(body: bytes, choice: int) -> bool | None:
    """Whether the document, when bit N of `choice` tells if entry N was seen before, is read as it is as a whole."""
    if (found := taken(body)) is None:
        return None
    document, context, whole, slices, kept = found
    seen = {digest for at, digest in enumerate(slices.digests) if choice >> at & 1}
    kept = replace(kept, known={digest: trace for digest, trace in kept.known.items() if digest in seen})
    part = traces.read_part(traces.reduced(document, slices, kept), slices, context, None, kept)
    if part is None:
        return None
    absent = part.stand_ins
    same = [a == b for at, (a, b) in enumerate(zip(part.reading.entries, whole.reading.entries, strict=True))]
    assert all(one or at in absent for at, one in enumerate(same))
    assert part.fingerprints == whole.fingerprints
    assert part.traces is not None
    assert whole.traces is not None
    assert part.traces.known == whole.traces.known
    assert replace(part.reading, entries=(), diagnostics=()) == replace(whole.reading, entries=(), diagnostics=())
    return True


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_corpus_is_read_the_same_in_parts(path: Path) -> None:
    """None new, the first, the last, every other one, all"""
    for choice in (-1, -2, 0b0111, 0b0101, 0b1010, 0):
        agrees(path.read_bytes(), choice)


def test_the_corpus_is_cut_often_enough_to_prove_something() -> None:
    assert sum(agrees(path.read_bytes(), 0b0101) is True for path in DOCUMENTS) >= 20


ENTRIES = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.sampled_from(["Titel", "标题 &amp; mehr", "", "<![CDATA[<b>x</b>]]>"]),
        st.sampled_from(["", "<pubDate>Sat, 17 May 2025 08:00:00 GMT</pubDate>", "<pubDate>昨天 13:00</pubDate>"]),
        st.sampled_from(["", ' xml:lang="de"', ' xml:base="https://b.example/x/"']),
        st.sampled_from(
            ["Text", "&lt;p&gt;&lt;a href='/y'&gt;今天的新闻报道&lt;/a&gt;", "<![CDATA[<img src='a.png'>]]>"]
        ),
    ),
    min_size=1,
    max_size=7,
)


@given(
    entries=ENTRIES,
    choice=st.integers(0, 127),
    language=st.sampled_from(["", "<language>zh-cn</language>"]),
    between=st.sampled_from(["", "\n", "<!-- x -->", "<ttl>60</ttl>"]),
)
@settings(max_examples=150, deadline=None)
def test_every_choice_of_seen_entries_gives_the_same(
    entries: list[tuple[int, str, str, str, str]], choice: int, language: str, between: str
) -> None:
    """Copies, missing fields, languages and bases of their own; a head that is in pieces"""
    items = [
        f"<item{own}><guid>urn:x:{number}</guid><title>{title}</title>{date}<description>{text}</description></item>"
        for number, title, date, own, text in entries
    ]
    head = f"<title>x</title><link>https://example.org/</link>{language}"
    assert agrees(rss(between.join(items), head), choice) is not False


def test_what_is_cut_out_leaves_everything_else() -> None:
    body = rss("<item>1</item>\n<item>2</item><ttl>1</ttl><item>3</item>")
    slices = cut(body)
    assert slices is not None
    assert without(body, slices, {0, 2}) == rss("\n<item>2</item><ttl>1</ttl>")
