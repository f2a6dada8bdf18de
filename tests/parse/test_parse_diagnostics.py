"""docs/diagnostics.md and the program name the same things, and each name is raised by a document of its own."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest

from aggregator.core.document import Document
from aggregator.core.errors import Reason
from aggregator.core.model import SourceId
from aggregator.core.normalise import Context, normalise
from aggregator.core.parse.documents import parse_document

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "diagnostics.md").read_text("utf-8")
NAMED_BY_HAND = {"too-many-entries", "reader-failed", "file-unreadable", "html-cut"}
NOT_FROM_PARSING = {
    "page-cut",
    "page-selector-empty",
    "page-entries-nested",
    "page-entry-empty",
    "page-entry-repeated",
    "json-path-empty",
    "reused-guid",
    "changing-guid",
    "same-feed",
    "guid-changed",
    "entry-repeated",
    "dates-equal",
    "unstable-dates",
    "html-unstable",
}
"""Raised and tested where pages, APIs, identities and HTML are read."""


def documented(heading_of_errors: bool) -> set[str]:
    names, _, reasons = PAGE.partition("## Errors")
    return set(re.findall(r"^\| `([a-z-]+)` \|", reasons if heading_of_errors else names, re.MULTILINE))


def corpus_names() -> set[str]:
    expectations = (json.loads(p.read_text("utf-8")) for p in (ROOT / "tests/corpus").glob("*/*.expected.json"))
    return {name for expected in expectations for name in expected.get("diagnostics", ())}


def names_of(body: bytes) -> set[str]:
    at = datetime(2024, 6, 1, tzinfo=UTC)
    parsed = parse_document(Document(url="https://example.org/f", body=body, fetched_at=at))
    context = Context(
        source=SourceId("s"), poll_url="https://example.org/f", document_url="https://example.org/f", fetched_at=at
    )
    return {diagnostic.name for diagnostic in normalise(parsed, context).diagnostics}


def test_every_name_a_document_raises_is_documented() -> None:
    assert corpus_names() | NAMED_BY_HAND <= documented(False)


def program() -> str:
    return "".join(path.read_text("utf-8") for path in sorted((ROOT / "aggregator").rglob("*.py")))


def test_every_name_in_the_program_is_documented() -> None:
    """A name that nobody can look up tells nothing."""
    raised = re.findall(r"""(?:Diagnostic\(\s*name=|notes\.add\(\s*|notes\[)"([a-z-]+)\"""", program())
    assert len(set(raised)) > 30
    assert set(raised) - documented(False) == set()


def test_every_documented_name_stands_in_the_program() -> None:
    source = program()
    assert {name for name in documented(False) if f'"{name}"' not in source} == set()


def test_every_documented_name_has_a_document() -> None:
    """Rule R1: each diagnostic is tested by a document and its expectation, or by a test below."""
    assert documented(False) - corpus_names() - NAMED_BY_HAND - NOT_FROM_PARSING == set()


def test_every_reason_of_a_parse_error_is_documented() -> None:
    reasons = {"empty", "html-page", "not-a-feed", "broken", "unsupported", "forbidden-xml", "own-output"}
    reasons |= {"owner-changed"}
    assert documented(True) == reasons
    assert reasons <= {reason.value for reason in Reason}


def test_more_entries_than_are_read() -> None:
    """Rule R5: the first 2,000 entries, with notice."""
    items = "".join(f"<item><title>{n}</title></item>" for n in range(2_001))
    body = f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>".encode()
    assert "too-many-entries" in names_of(body)


def test_more_items_of_json_than_are_read() -> None:
    """Rule R5"""
    items = ", ".join(f'{{"id": "{n}"}}' for n in range(2_001))
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "items": [{items}]}}'.encode()
    assert "too-many-entries" in names_of(body)


def test_content_longer_than_is_kept() -> None:
    """Rule H18: content is cut at 1 MiB."""
    paragraphs = "&lt;p&gt;" + "word " * 20 + "&lt;/p&gt;"
    body = f"<rss version='2.0'><channel><item><description>{paragraphs * 11_000}</description></item></channel></rss>"
    assert "html-cut" in names_of(body.encode())


def test_feedparser_breaking_down_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What our own walk found stands, whatever the library does."""

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(feedparser, "parse", breaks)
    body = b"<rss version='2.0'><channel><item><title>t</title></item></channel></rss><item><title>u</title></item>"
    assert {"reader-failed", "content-without-text"} <= names_of(body)


@pytest.mark.parametrize("name", ["title-generated", "date-missing"])
def test_a_name_is_kept_ten_times_at_most(name: str) -> None:
    """Two thousand entries without a title are one fact, not two thousand."""
    items = "".join(f"<item><guid>{n}</guid></item>" for n in range(50))
    at = datetime(2024, 6, 1, tzinfo=UTC)
    body = f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>".encode()
    parsed = parse_document(Document(url="https://example.org/f", body=body, fetched_at=at))
    context = Context(source=SourceId("s"), poll_url="https://e.org/f", document_url="https://e.org/f", fetched_at=at)
    found = [d for d in normalise(parsed, context).diagnostics if d.name == name]
    assert len(found) == 10
