"""Whatever comes in: only ParseError comes out, soon, and normalise never raises."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.core.document import Document
from aggregator.core.errors import ParseError
from aggregator.core.model import CategoryKind, SourceId
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.parse import parsed
from aggregator.core.parse.documents import parse_document
from aggregator.core.parse.parsed import MAX_ENTRIES

AT = datetime(2024, 6, 1, 12, tzinfo=UTC)
CORPUS = sorted((Path(__file__).parent.parent / "corpus").glob("*/*.*"))
SEEDS = [path.read_bytes()[:4_000] for path in CORPUS if not path.name.endswith(".expected.json")]
SPLINTERS = [
    b"<", b">", b"&", b'"', b"<item>", b"</item>", b"<entry>", b"<![CDATA[", b"]]>", b"<!--", b"<?", b"\0", b"\xff",
    b"&#0;", b"xmlns:a='b'", b"xml:base='http://[::1'", b"http://[", b"---\n", b": ", b"- ", b"[", b"{", b"\\ud800",
    b"<!DOCTYPE x [", b"type='xhtml'", b"mode='base64'", b"9" * 400, b"\xed\xa0\x80", b"\xef\xbf\xbf",
]  # fmt: skip
QUICK = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def context(url: str = "https://example.org/feed") -> Context:
    return Context(source=SourceId("s"), poll_url=url, document_url=url, fetched_at=AT)


def read(body: bytes, url: str = "https://example.org/feed") -> NormalisedFeed | None:
    try:
        return normalise(parse_document(Document(url=url, body=body, fetched_at=AT)), context(url))
    except ParseError:
        return None


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A document of the corpus with a few splinters in it, perhaps cut off."""
    body = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(body)))
        gone = draw(st.integers(0, 20))
        body = body[:at] + draw(st.sampled_from(SPLINTERS)) + body[at + gone :]
    return body[: draw(st.integers(0, len(body)))] if draw(st.booleans()) else body


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_are_a_feed_or_a_parse_error(body: bytes) -> None:
    read(body)
    read(body, "file:///post.md")


@QUICK
@given(damaged(), st.sampled_from(["https://example.org/feed", "file:///post.md"]))
def test_a_damaged_document_is_a_feed_or_a_parse_error(body: bytes, url: str) -> None:
    reading = read(body, url)
    assert reading is None or len(reading.entries) <= MAX_ENTRIES


WORDS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["http://[", "javascript:x", "//", "<b>x", "&lt;i&gt;", "2024-13-45", "-1", "null", "\ud800", "en_"]
    ),
)
MAYBE = st.one_of(st.none(), WORDS)
CANDIDATES = st.lists(
    st.builds(
        parsed.Candidate,
        value=WORDS,
        element=st.sampled_from(["title", "description", "content:encoded", "guid", "atom:content"]),
        markup=st.sampled_from(parsed.Markup),
        base=MAYBE,
    ),
    max_size=2,
).map(tuple)
LINKS = st.lists(
    st.builds(parsed.ParsedLink, href=WORDS, element=st.just("link"), rel=st.sampled_from(["alternate", "self", "hub"]),
              type=MAYBE, base=MAYBE),
    max_size=2,
).map(tuple)  # fmt: skip
MEDIA = st.lists(
    st.builds(parsed.ParsedMedia, url=WORDS, element=st.just("enclosure"), type=MAYBE, medium=MAYBE, length=MAYBE,
              duration=MAYBE, title=MAYBE, width=MAYBE, height=MAYBE, base=MAYBE),
    max_size=2,
).map(tuple)  # fmt: skip
PEOPLE = st.lists(
    st.lists(
        st.builds(parsed.ParsedPerson, element=st.just("author"), name=MAYBE, email=MAYBE, uri=MAYBE, line=MAYBE),
        min_size=1,
        max_size=2,
    ).map(tuple),
    max_size=2,
).map(tuple)
CATEGORIES = st.lists(
    st.builds(
        parsed.ParsedCategory,
        path=st.lists(WORDS, max_size=3).map(tuple),
        element=st.just("category"),
        scheme=MAYBE,
        term=MAYBE,
        kind=st.sampled_from(CategoryKind),
    ),
    max_size=3,
).map(tuple)
HEADS = st.builds(
    parsed.ParsedHead, ids=CANDIDATES, titles=CANDIDATES, descriptions=CANDIDATES, languages=CANDIDATES,
    rights=CANDIDATES, updated=CANDIDATES, generators=CANDIDATES, links=LINKS, authors=PEOPLE, images=LINKS,
    icons=LINKS, ttls=CANDIDATES, skip_hours=CANDIDATES, skip_days=CANDIDATES, update_periods=CANDIDATES,
    update_frequencies=CANDIDATES, new_urls=CANDIDATES,
)  # fmt: skip
ENTRIES = st.builds(
    parsed.ParsedEntry, ids=CANDIDATES, guid_is_link=st.booleans(), links=LINKS, related=LINKS, titles=CANDIDATES,
    contents=CANDIDATES, summaries=CANDIDATES, authors=PEOPLE, published=CANDIDATES, updated=CANDIDATES,
    languages=CANDIDATES, rights=CANDIDATES, categories=CATEGORIES, thumbnails=MEDIA, images=MEDIA, enclosures=MEDIA,
    comment_urls=LINKS, comment_feeds=LINKS, comment_counts=CANDIDATES, source=st.one_of(st.none(), HEADS), base=MAYBE,
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(HEADS, st.lists(ENTRIES, max_size=2).map(tuple), st.sampled_from(["rss-2.0", "atom-1.0", "front-matter"]))
def test_normalise_is_total(head: parsed.ParsedHead, entries: tuple[parsed.ParsedEntry, ...], dialect: str) -> None:
    """Every entry that was parsed is in the reading, with a title, whatever it says."""
    reading = normalise(parsed.ParsedFeed(dialect=dialect, head=head, entries=entries), context())
    assert len(reading.entries) == len(entries)
    assert reading.feed.title
    for entry in reading.entries:
        assert entry.title or entry.title_is_generated
        assert "\n" not in entry.title
        assert entry.link is None or entry.link.startswith(("http://", "https://")) or entry.enclosures


HEAD = b"<rss version='2.0'><channel><title>F</title><item><title>"
SIZE = 300_000


def endless(piece: bytes) -> bytes:
    return HEAD + (piece * (SIZE // len(piece) + 1))[:SIZE]


HOSTILE = {
    "less-than": endless(b"<"),
    "ampersand": endless(b"&"),
    "open tag": endless(b"<a "),
    "nested": endless(b"<a>"),
    "end tags": endless(b"</a>"),
    "open quote": endless(b"<a b='"),
    "open CDATA": endless(b"<![CDATA["),
    "open comment": endless(b"<!--"),
    "open instruction": endless(b"<?"),
    "items in items": endless(b"<item>"),
    "titles in titles": endless(b"<title>x<link>"),
    "prefixes": HEAD + b"".join(b"<a%d:b/>" % n for n in range(20_000)),
    "attributes": HEAD + b"<a " + b" ".join(b"a%d='1'" % n for n in range(20_000)) + b">",
    "attributes of a file": HEAD
    + b"</title><enclosure "
    + b" ".join(b"a%d='1'" % n for n in range(30_000))
    + b"/></item></channel></rss>",
    "namespaces": HEAD
    + b"</title>"
    + b"".join(b"<a%d:b xmlns:a%d='urn:%d'/>" % (n, n, n) for n in range(9_000))
    + b"</item></channel></rss>",
    "a long name": HEAD + b"<" + b"a" * SIZE,
    "entities": b"<!DOCTYPE x [" + b"<!ENTITY a 'b'>" * 20_000 + b"]>" + HEAD,
    "comments before": b"<!---->" * 40_000 + HEAD,
    "open comments before": b"<!-->" * 60_000 + HEAD,
    "categories": HEAD + b"</title>" + b"".join(b"<category>%d</category>" % n for n in range(10_000)),
    "keywords": HEAD
    + b"</title><k:keywords xmlns:k='http://search.yahoo.com/mrss/'>"
    + b",".join(b"%d" % n for n in range(20_000))
    + b"</k:keywords></item></channel></rss>",
    "JSON lists": b'{"version":"https://jsonfeed.org/version/1.1","items":' + b"[" * SIZE,
    "YAML lists": b"---\na: " + b"[" * SIZE + b"\n---\nx",
    "TOML keys": b"+++\n" + b".".join([b"a"] * 100_000) + b" = 1\n+++\nx",
    "YAML dashes": b"---\na:\n  " + b"- " * SIZE + b"x\n---\nx",
    "YAML indentation": b"---\na: b: c\n" + b"".join(b" " * n + b"k:\n" for n in range(400)) + b"---\nx",
    "YAML quotes": b"---\na: " + b"'" * 100_000 + b"\n---\nx",
    "YAML aliases": b"---\na0: &a0 [x, x]\n"
    + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 40))
    + b"tags: *a39\n---\nx",
}


FOR_FEEDPARSER = {
    f"{name}, for feedparser": body + b"'\">--></channel></rss><item>"
    for name, body in HOSTILE.items()
    if body.startswith(HEAD)
}
"""The same with an entry behind the feed's end, for which feedparser is asked."""


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in (HOSTILE | FOR_FEEDPARSER).items()])
def test_hostile_repetition_takes_linear_time(body: bytes) -> None:
    """Rules P20 and R5: nothing hangs. Quadratic work on 300 kB takes minutes. Counted is the time of this process."""
    started = time.process_time()
    read(body)
    read(body, "file:///post.md")
    assert time.process_time() - started < 8
