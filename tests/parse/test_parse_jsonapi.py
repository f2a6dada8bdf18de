"""The answer of a JSON API is read by dotted paths into the same model as a feed."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.config.rules import JsonRules
from aggregator.core.document import Document
from aggregator.core.errors import ParseError, Reason
from aggregator.core.model import Category, Entry, Image, Person
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.parse.documents import parse_document
from aggregator.core.parse.parsed import MAX_ENTRIES

URL = "https://api.example.org/v1/posts"
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
POST = {
    "id": 17,
    "title": "腾讯 &amp; 社会价值",
    "slug": "report 2022/全文",
    "body": {"html": "<p>正文<script>x()</script></p>"},
    "excerpt": "摘要",
    "created_at": 1652677223,
    "media": [{"url": "/i/1.jpg"}, {"url": "/i/2.jpg"}],
    "author": {"name": "王芳"},
    "tags": [{"name": "科技"}, {"name": "公益"}],
}
RULES = JsonRules(
    entries="data.items",
    id="id",
    title="title",
    link="https://example.org/p/{id}",
    date="created_at",
    content="body.html",
    summary="excerpt",
    image="media.0.url",
    author="author.name",
    category="tags.name",
)


def read(answer: Any, rules: JsonRules) -> NormalisedFeed:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    document = Document(url=URL, body=body, fetched_at=NOW)
    context = Context(source="s", poll_url=URL, document_url=URL, fetched_at=NOW)
    return normalise(parse_document(document, rules=rules), context)


def only(item: dict[str, Any], **paths: str) -> Entry:
    (entry,) = read([item], JsonRules(**paths)).entries
    return entry


def names(reading: NormalisedFeed) -> set[str]:
    return {diagnostic.name for diagnostic in reading.diagnostics}


def test_every_part_of_an_entry_is_found() -> None:
    """All keys at once; the number of an id is a text."""
    reading = read({"data": {"items": [POST]}}, RULES)
    (entry,) = reading.entries
    assert (entry.id, entry.title, entry.link) == ("17", "腾讯 & 社会价值", "https://example.org/p/17")
    assert entry.published == datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC)
    assert (entry.content, entry.summary) == ("<p>正文</p>", "摘要")
    assert entry.authors == (Person(name="王芳"),)
    assert entry.categories == (Category(path=("科技",)), Category(path=("公益",)))
    assert entry.image == Image(url="https://api.example.org/i/1.jpg")
    assert names(reading) == {"html-disarmed", "title-mended"}


@pytest.mark.parametrize(
    ("answer", "entries"),
    [
        pytest.param([{"t": "A"}], None, id="bare-list"),
        pytest.param({"a": [{"b": [{"t": "A"}]}]}, "a.0.b", id="number-in-path"),
        pytest.param({"a": {"0": {"b": [{"t": "A"}]}}}, "a.0.b", id="number-as-key"),
        pytest.param({"posts": {"17": {"t": "A"}}}, "posts", id="keyed-by-id"),
        pytest.param({"pages": [{"posts": [{"t": "A"}]}]}, "pages.0.posts", id="page-of-posts"),
    ],
)
def test_where_the_entries_stand(answer: Any, entries: str | None) -> None:
    """How APIs wrap their lists."""
    assert [e.title for e in read(answer, JsonRules(entries=entries, title="t")).entries] == ["A"]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        pytest.param("u", "https://api.example.org/p/1", id="relative"),
        pytest.param("https://example.org/{kind}/{id}?x=1", "https://example.org/news/17?x=1", id="two-holes"),
        pytest.param("/p/{slug}", "https://api.example.org/p/a%20b/%E5%85%A8", id="encoded"),
        pytest.param("https://example.org/{missing}/{id}", None, id="hole-stays-empty"),
        pytest.param("evil", None, id="javascript"),
    ],
)
def test_links(link: str, expected: str | None) -> None:
    """A path, or a template filled from the item."""
    item = {"t": "T", "u": "/p/1", "kind": "news", "id": 17, "slug": "a b/全", "evil": "javascript:x()"}
    assert only(item, title="t", link=link).link == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        pytest.param(1652677223, datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC), id="seconds"),
        pytest.param(1652677223000, datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC), id="milliseconds"),
        pytest.param("1652677223", datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC), id="digits"),
        pytest.param("2022-05-16T05:00:23Z", datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC), id="rfc-3339"),
        pytest.param(True, None, id="true"),
        pytest.param(17, None, id="no-date"),
    ],
)
def test_dates(date: Any, expected: datetime | None) -> None:
    """Numbers are instants only where they can be."""
    assert only({"t": "T", "d": date}, title="t", date="d").published == expected


@pytest.mark.parametrize(
    ("tags", "path", "expected"),
    [
        pytest.param(["a", "b", ""], "tags", ["a", "b"], id="texts"),
        pytest.param([{"name": "a"}, {"name": "b"}], "tags", ["a", "b"], id="objects"),
        pytest.param([{"name": "a"}, {"x": 1}, {"name": "b"}], "tags.name", ["a", "b"], id="mapped"),
        pytest.param("a", "tags", ["a"], id="one"),
        pytest.param([["a"]], "tags", [], id="list-in-list"),
        pytest.param(None, "tags", [], id="null"),
        pytest.param([7], "tags", ["7"], id="number"),
    ],
)
def test_lists_of_tags(tags: Any, path: str, expected: list[str]) -> None:
    """However an API writes them."""
    entry = only({"t": "T", "tags": tags}, title="t", category=path)
    assert [category.path[0] for category in entry.categories] == expected


def test_an_object_stands_for_its_text() -> None:
    """WordPress: title.rendered; the path may stop at title."""
    assert only({"title": {"rendered": "It&#8217;s"}}, title="title").title == "It’s"


def test_a_list_stands_for_its_first_text() -> None:
    """Blanks and lists in it are passed over."""
    assert only({"title": [["x"], "", {"rendered": "A"}, "B"]}, title="title").title == "A"


def test_a_path_that_leads_nowhere_is_named() -> None:
    """The API changed; what can still be read is."""
    reading = read([{"t": "A"}], JsonRules(title="t", author="by.name", link="/p/{id}"))
    assert [d.message for d in reading.diagnostics if d.name == "json-path-empty"] == [
        'the path link = "/p/{id}" leads to nothing in any entry',
        'the path author = "by.name" leads to nothing in any entry',
    ]


def test_items_of_nothing_are_left_out() -> None:
    """One bad item never costs the others."""
    reading = read([None, 3, "x", {}, {"t": "A"}], JsonRules(title="t"))
    assert [entry.title for entry in reading.entries] == ["A"]
    assert "json-item-invalid" in names(reading)


def test_no_more_entries_than_a_feed() -> None:
    """Rule R5"""
    reading = read([{"t": str(n)} for n in range(MAX_ENTRIES + 5)], JsonRules(title="t"))
    assert [entry.title for entry in reading.entries] == [str(n) for n in range(MAX_ENTRIES)]
    assert "too-many-entries" in names(reading)


def test_an_empty_list_is_an_answer() -> None:
    """Nothing new is no error; nothing is deleted for it."""
    assert read({"items": []}, JsonRules(entries="items", title="t")).entries == ()


@pytest.mark.parametrize(
    ("answer", "entries", "reason", "words"),
    [
        pytest.param(b"{", "x", Reason.BROKEN, "cannot be read", id="broken"),
        pytest.param(b"[" * 100_000, "x", Reason.BROKEN, "cannot be read", id="deep"),
        pytest.param(b"<html>login</html>", "x", Reason.BROKEN, "cannot be read", id="html"),
        pytest.param(b"", "x", Reason.EMPTY, "empty", id="empty"),
        pytest.param({"a": 1, "b": 2}, "items", Reason.NOT_A_FEED, "leads to nothing.*keys a, b", id="no-list"),
        pytest.param({"items": "x"}, "items", Reason.NOT_A_FEED, "leads to a text", id="text"),
        pytest.param({"a": 1}, None, Reason.NOT_A_FEED, "the document is an object", id="object"),
        pytest.param([{"x": 1}], None, Reason.NOT_A_FEED, "nothing that the paths lead to", id="no-path-fits"),
    ],
)
def test_what_is_no_list_of_entries(answer: Any, entries: str | None, reason: Reason, words: str) -> None:
    """Each with its reason, and with what helps to mend the path."""
    with pytest.raises(ParseError, match=words) as caught:
        read(answer, JsonRules(entries=entries, title="t"))
    assert caught.value.reason is reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abt0"), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150)
@given(JSON)
def test_reading_is_total(answer: Any) -> None:
    """Whatever an API answers: a Reading, or a ParseError."""
    rules = JsonRules(
        id="a.0", title="t", link="/{a.b}", date="b", content="a.a", image="a", author="b", category="t.t"
    )
    with contextlib.suppress(ParseError):
        read(answer, rules)
