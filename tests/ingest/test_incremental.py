"""Read by what differs, a document is what it is as a whole: of every kind, in every encoding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.document import Document
from aggregator.core.errors import ParseError
from aggregator.core.ingest import entry_cache, incremental
from aggregator.core.ingest.entry_cache import CacheUpdate, DocumentReading
from aggregator.core.ingest.identity import text_key
from aggregator.core.model import SourceId
from aggregator.core.normalise import Context
from aggregator.core.parse.documents import decode_document
from aggregator.core.slices.slices import cut

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
URL = "https://example.org/feed"
CORPUS = Path(__file__).parent.parent / "corpus"
DOCUMENTS = sorted(p for p in CORPUS.glob("*/*") if not p.name.endswith(".expected.json"))
LEGACY = ("gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "iso-2022-jp", "utf-16", "utf-16-be", "utf-32")


def fetched(body: bytes, url: str = URL) -> Document:
    return Document(url=url, body=body, fetched_at=NOW)


def folder(*files: tuple[str, bytes]) -> Document:
    parts = tuple(fetched(body, f"file:///posts/{name}") for name, body in files)
    return Document(url="file:///posts/*", body=b"", fetched_at=NOW, parts=parts)


def context(document: Document) -> Context:
    return Context(source=SourceId("x"), poll_url=URL, document_url=document.url, fetched_at=NOW)


def whole(document: Document) -> DocumentReading | None:
    about = entry_cache.circumstances(document, context(document), None)
    try:
        return incremental.read_whole(document, context(document), None, None, about)
    except ParseError:
        return None


def kept(left: CacheUpdate | None) -> bytes:
    """As if something were in motion, so that nothing is taken to be as before."""
    return entry_cache.dump_cache(left, entries=1, span=0.0, settled=False) if left else b""


def after(seen: bytes, document: Document) -> DocumentReading | None:
    about = entry_cache.circumstances(document, context(document), None)
    found = incremental.read_changes(document, seen, about, context(document), None)
    assert found is None or isinstance(found, DocumentReading)
    return found


def agrees(document: Document, seen: Document) -> bool | None:
    """Whether the document is read the same beside what stayed of another; None if it has to be read whole."""
    alone, before = whole(document), whole(seen)
    found = after(kept(before.cache_update), document) if before and before.cache_update else None
    if found is None:
        return None
    assert alone is not None
    pairs = zip(found.normalised.entries, alone.normalised.entries, strict=True)
    assert all(one == other or at in found.stand_ins for at, (one, other) in enumerate(pairs))
    assert found.fingerprints == alone.fingerprints
    key_of = found.text_key_of()
    keys = [
        (key_of(one), text_key(other))
        for one, other in zip(found.normalised.entries, alone.normalised.entries, strict=True)
        if not one.id
    ]
    assert all(one == other for one, other in keys)
    assert of_feed(found) == of_feed(alone)
    beside = {"entries": (), "diagnostics": ()} | ({"encoding": ""} if document.parts else {})
    assert replace(found.normalised, **beside) == replace(alone.normalised, **beside)
    assert stays(found.cache_update, document) == stays(alone.cache_update, document)
    return True


def stays(left: CacheUpdate | None, document: Document) -> tuple[bool, str, object] | None:
    """What the next visit would know, but for the order of notes."""
    decoded = None if document.parts else decode_document(document)
    made = cut(document, decoded)
    if left is None or made is None:
        return None
    loaded = entry_cache.load_cache(
        kept(left), entry_cache.circumstances(document, context(document), None), made.slices
    )
    assert loaded is not None
    return left.has_all, loaded.inherited, loaded.known


def of_feed(taken: DocumentReading) -> set[str]:
    """What was noted of the whole; of notes on single entries only the first of a name are kept."""
    return {
        note.name for note in taken.normalised.diagnostics if note.name.startswith(("encoding-", "language-", "no-"))
    }


def thinned(document: Document, choice: int) -> Document:
    """The document with those slices alone whose bit is set."""
    decoded = None if document.parts else decode_document(document)
    found = cut(document, decoded)
    if found is None:
        return document
    rest = found.without({at for at in range(len(found.slices.digests)) if not choice >> at & 1})
    if rest.decoded is None:
        return rest.document
    encoding = rest.decoded.encoding
    mark = "\ufeff" if encoding.startswith(("utf-16", "utf-32")) else ""
    try:
        return replace(document, body=(mark + rest.decoded.text).encode(encoding))
    except UnicodeEncodeError:  # there was no telling what it was in
        return document


def of_corpus(path: Path) -> Document:
    url = f"file:///posts/{path.name}" if path.suffix == ".md" else URL
    return fetched(path.read_bytes(), url)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_corpus_is_read_the_same_in_parts(path: Path) -> None:
    """All entries new but the first, but some of them, none"""
    document = of_corpus(path)
    if whole(document) is not None:
        for choice in (1, 0b10, 0b0101, 0b1010, -1):
            agrees(document, thinned(document, choice))


def test_the_corpus_is_cut_often_enough_to_prove_something() -> None:
    documents = [document for path in DOCUMENTS if whole(document := of_corpus(path)) is not None]
    assert sum(agrees(document, thinned(document, 0b0101)) is True for document in documents) >= 20


@pytest.mark.parametrize("encoding", LEGACY)
def test_feeds_of_the_corpus_are_read_the_same_in_parts_in_any_encoding(encoding: str) -> None:
    proved = 0
    for path in DOCUMENTS:
        try:
            text = decode_document(of_corpus(path)).text
            body = text.replace("utf-8", encoding).replace("UTF-8", encoding).encode(encoding)
        except (ParseError, UnicodeEncodeError):
            continue
        document = fetched(body)
        if path.suffix == ".xml" and whole(document) is not None:
            proved += agrees(document, thinned(document, 0b0101)) is True
    assert proved >= 5


def test_the_corpus_as_a_folder_of_files_is_read_the_same_in_parts() -> None:
    """Rules M3 and M9: posts, feeds and broken files side by side"""
    document = folder(*((f"{path.parent.name}/{path.name}", path.read_bytes()) for path in DOCUMENTS))
    for choice in (1, 0b1010, -2, ~(1 << 60), -1):
        assert agrees(document, thinned(document, choice)) is True
    assert agrees(thinned(document, ~0b1000), document) is True


TEXTS = {
    "gbk": "今天的新闻报道，标题昞]]。",
    "big5": "今天的新聞報導，標題許功蓋]]。",
    "shift_jis": "今日のニュースの表示、ソ]]ｱｲｳ。",
    "euc-kr": "오늘의 뉴스 보도입니다.",
    "utf-16": "今天的新闻 😀 café",
    "windows-1252": "Déjà vu à l’été – naïve]]",
    "utf-8": "今天的新闻 😀 café",
}
ENTRY = st.tuples(
    st.integers(1, 6),
    st.sampled_from(["Titel", "%s &amp; mehr", "", "<![CDATA[%s]]>", "%s"]),
    st.sampled_from(
        [
            "",
            "<pubDate>Sat, 17 May 2025 08:00:00 GMT</pubDate>",
            "<pubDate>昨天 13:00</pubDate>".replace("昨天", "1 hour ago"),
        ]
    ),
    st.sampled_from(["", ' xml:lang="de"', ' xml:base="https://b.example/x/"']),
    st.sampled_from(["Text", "%s" * 9, "&lt;p&gt;&lt;a href='/y'&gt;%s&lt;/a&gt;", "<![CDATA[<img src='a.png'>%s]]>"]),
    st.booleans(),
)
Entry = tuple[int, str, str, str, str, bool]


def item(entry: Entry, text: str) -> str:
    number, title, date, own, words, has_id = entry
    guid = f"<guid>urn:x:{number}</guid>" if has_id else ""
    filled = (
        f"{guid}<title>{title.replace('%s', text)}</title>{date}<description>{words.replace('%s', text)}</description>"
    )
    return f"<item{own}>{filled}</item>"


def feed(entries: Sequence[Entry], encoding: str, *, is_declared: bool, head: str = "", between: str = "") -> Document:
    text = TEXTS[encoding]
    declared = f' encoding="{encoding}"' if is_declared else ""
    inner = between.join(item(entry, text) for entry in entries)
    top = f"<title>x</title><link>https://example.org/</link>{head}"
    made = f'<?xml version="1.0"{declared}?><rss version="2.0"><channel>{top}{inner}</channel></rss>'
    return fetched(made.encode(encoding))


T = TypeVar("T")


def twice(choices: Sequence[T]) -> st.SearchStrategy[tuple[T, T]]:
    """Mostly the same at both visits."""
    one = st.sampled_from(choices)
    return st.tuples(one, one, st.integers(0, 4)).map(lambda drawn: (drawn[0], drawn[0] if drawn[2] else drawn[1]))


@given(
    before=st.lists(ENTRY, min_size=1, max_size=6),
    now=st.lists(ENTRY, min_size=1, max_size=6),
    shared=st.lists(ENTRY, min_size=1, max_size=5),
    encodings=twice(sorted(TEXTS)),
    is_declared=st.sampled_from([True, True, False]),
    heads=twice(["<language>zh-cn</language>", "", "<pubDate>1</pubDate>", "<ttl>9</ttl>"]),
    between=st.sampled_from(["", "\n", "<!-- x -->"]),
)
@settings(max_examples=250)
def test_a_feed_after_another_is_read_as_if_it_were_the_first(
    before: list[Entry],
    now: list[Entry],
    shared: list[Entry],
    encodings: tuple[str, str],
    is_declared: bool,
    heads: tuple[str, str],
    between: str,
) -> None:
    """Entries come, go, double and change places; the head, the encoding and its declaration change"""
    one = feed([*shared, *before], encodings[0], is_declared=is_declared, head=heads[0])
    other = feed([*now, *shared], encodings[1], is_declared=is_declared, head=heads[1], between=between)
    agrees(other, one)


JSON_ITEM = st.fixed_dictionaries(
    {"id": st.one_of(st.integers(1, 5), st.sampled_from(["urn:x:1", "urn:x:2", "urn:x:3", "\ud800"]))},
    optional={
        "title": st.sampled_from(["Titel", "标题", "]"]),
        "content_html": st.sampled_from(["<p>今天的新闻</p>", "<a href='/y'>x</a>"]),
        "date_published": st.sampled_from(["2025-05-17T08:00:00Z", "2025-05-18T08:00:00Z", "gestern", "2031-01-01"]),
        "authors": st.just([{"name": "A"}]),
    },
)


@given(
    before=st.lists(JSON_ITEM, max_size=5),
    now=st.lists(JSON_ITEM, max_size=5),
    shared=st.lists(JSON_ITEM, min_size=1, max_size=5),
    heads=twice([{}, {"language": "de"}, {"authors": [{"name": "B"}]}, {"icon": "/i.png"}]),
    form=st.sampled_from([{}, {"indent": 1}, {"ensure_ascii": False}]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
@settings(max_examples=200)
def test_a_json_feed_after_another_is_read_as_if_it_were_the_first(
    before: list[Any],
    now: list[Any],
    shared: list[Any],
    heads: tuple[dict[str, Any], dict[str, Any]],
    form: dict[str, Any],
    encoding: str,
) -> None:
    def made(head: dict[str, Any], items: list[Any]) -> Document:
        version = {"version": "https://jsonfeed.org/version/1.1", "title": "x"}
        text = json.dumps({**version, "items": items, **head}, **form)
        return fetched(text.encode(encoding, "ignore"))

    agrees(made(heads[1], [*now, *shared]), made(heads[0], [*shared, *before]))


POST = st.tuples(
    st.sampled_from("abcdefgh"),
    st.sampled_from(
        [
            "---\ntitle: 一\ndate: 2025-05-01\n---\n正文。",
            "---\ntitle: 一\n---\n<p>其他</p>",
            "---\nlink: https://example.org/1\n---\n" + "今天的新闻报道" * 30,
            "---\ntitle: x\ndraft: true\n---\n",
            "---\ntitle: [\n---\nx",
            "---\nnot closed",
            '{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1"}, {"id": "2", "title": "x"}]}',
            "<rss><channel><title>X</title><item><guid>1</guid><title>a & b</title></item></channel></rss>",
            "<rss><channel><title>X</title><item><guid>1</guid><title>a</title></item></channel></rss>",
        ]
    ),
)


@given(before=st.lists(POST, min_size=1, max_size=8), now=st.lists(POST, min_size=1, max_size=8))
@settings(max_examples=200)
def test_files_after_others_are_read_as_if_they_were_the_first(
    before: list[tuple[str, str]], now: list[tuple[str, str]]
) -> None:
    """Files come, go and change; some are broken, some hold several entries or none"""
    first = dict(before)
    second = first | dict(now)
    pairs = [sorted(files.items()) for files in (first, second, dict(list(second.items())[1:]))]
    documents = [folder(*((f"{name}.md", text.encode()) for name, text in files)) for files in pairs if files]
    for one, other in pairwise(documents):
        agrees(other, one)


def test_what_stays_of_a_document_read_in_part_is_what_stays_of_the_whole() -> None:
    """So that the third visit is no dearer than the second"""
    entries: list[Entry] = [(n, "Titel", "", "", "Text", True) for n in range(1, 7)]
    documents = [feed(entries[start : start + 4], "gbk", is_declared=True) for start in (0, 1, 2)]
    first = whole(documents[0])
    assert first is not None
    seen = kept(first.cache_update)
    for document in documents[1:]:
        found = after(seen, document)
        assert found is not None
        assert len(found.stand_ins) == 3
        seen = kept(found.cache_update)


@pytest.mark.parametrize(
    ("undeclared", "then"),
    [
        pytest.param("gbk", "今天的新闻报道", id="the same encoding"),
        pytest.param("gbk", "Déjà vu", id="an entry that would be guessed to be in another"),
    ],
)
def test_an_undeclared_encoding_is_judged_by_the_whole_document(undeclared: str, then: str) -> None:
    """Rule P19: one new entry alone would be read as something else"""
    words = "今天的新闻报道，标题和内容。" * 20
    old = f"<item><guid>1</guid><title>{words}</title></item>".encode(undeclared)
    new = f"<item><guid>2</guid><title>{then}</title></item>".encode("gb18030")
    frame = b"<rss version='2.0'><channel><title>x</title>%s</channel></rss>"
    assert agrees(fetched(frame % (new + old)), fetched(frame % old)) is True


@pytest.mark.parametrize(
    ("language", "expected", "is_kept"),
    [pytest.param(None, "zh", True, id="guessed"), pytest.param("de", "de", False, id="configured")],
)
def test_what_entries_say_of_the_language_is_kept_where_it_is_guessed(
    language: str | None, expected: str, is_kept: bool
) -> None:
    """Rule M13, `language`: of a configured one, no visit asks the entries"""
    text = "今天的新闻报道说明了这件事情的来龙去脉和各方的看法以及后续的处理办法等等内容"
    items = "".join(f"<item><title>{text}</title><guid>{number}</guid></item>" for number in range(6))
    document = fetched(f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode())
    given = replace(context(document), language=language)
    about = entry_cache.circumstances(document, given, None)
    reading = incremental.read_whole(document, given, None, None, about)
    assert reading.normalised.feed.language == expected
    found = cut(document, decode_document(document, encoding=None))
    cache = entry_cache.load_cache(kept(reading.cache_update), about, found.slices) if found else None
    assert cache is not None
    assert [one.sample is not None for row in cache.known.values() for one in row] == [is_kept] * 6
