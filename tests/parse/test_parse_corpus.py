"""Every document under tests/corpus/ against the model it must become.

A case is `<dialect>/<case>.(xml|json|md|html)` and `<case>.expected.json` beside it. Fields that hold their default are
left out there. `CORPUS_ACCEPT=1 pytest tests/parse/test_parse_corpus.py` rewrites the expectations; git shows what
changed, and a person judges it.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aggregator.core.document import Document
from aggregator.core.errors import ParseError
from aggregator.core.model import SourceId
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.parse.documents import parse_document

CORPUS = Path(__file__).parent.parent / "corpus"
FETCHED_AT = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)
SUFFIXES = {".xml", ".json", ".md", ".html"}


def is_expectation(path: Path) -> bool:
    return path.name.endswith(".expected.json")


DOCUMENTS = sorted(p for p in CORPUS.glob("*/*") if p.suffix in SUFFIXES and not is_expectation(p))


def expectation_of(document: Path) -> Path:
    return document.with_name(f"{document.stem}.expected.json")


def read_case(document: Path, context: dict[str, Any]) -> dict[str, Any]:
    """What the program makes of the document, in the shape of an expectation."""
    default = f"file:///posts/{document.name}" if document.suffix == ".md" else "https://example.org/feed"
    url = context.get("url", default)
    headers = context.get("headers", {})
    fetched = Document(url=url, body=document.read_bytes(), fetched_at=FETCHED_AT, headers=headers)
    try:
        parsed = parse_document(fetched, encoding=context.get("encoding"))
    except ParseError as error:
        return {"error": {"reason": error.reason.value, "feeds": list(error.feeds)}}
    zone = context.get("timezone")
    reading = normalise(
        parsed,
        Context(
            source=SourceId("case"),
            poll_url=context.get("poll_url", url),
            document_url=url,
            fetched_at=FETCHED_AT,
            headers=headers,
            language=context.get("language"),
            timezone=ZoneInfo(zone) if zone else None,
            title=context.get("title"),
        ),
    )
    return {"dialect": parsed.dialect, **plain_reading(reading)}


def plain_reading(reading: NormalisedFeed) -> dict[str, Any]:
    return {
        "feed": plain(reading.feed),
        "entries": [plain(entry) for entry in reading.entries],
        "diagnostics": sorted({diagnostic.name for diagnostic in reading.diagnostics}),
        "complete": reading.complete,
    }


def plain(value: Any) -> Any:
    """A record as JSON would hold it, without the fields that say nothing."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {f.name: plain(getattr(value, f.name)) for f in fields if not is_default(f, getattr(value, f.name))}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in sorted(value.items())}
    return value


def is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        return bool(value == field.default)
    return field.default_factory is not dataclasses.MISSING and value == field.default_factory()


@pytest.mark.parametrize("document", [pytest.param(p, id=f"{p.parent.name}/{p.name}") for p in DOCUMENTS])
def test_document_becomes_the_expected_model(document: Path) -> None:
    """Every value of every field, where it came from, and the names of the diagnostics (rules M1 and R1)."""
    place = expectation_of(document)
    expected = json.loads(place.read_text("utf-8")) if place.exists() else {}
    context = expected.get("context", {})
    actual = json.loads(json.dumps(read_case(document, context)))
    if context:
        actual = {"context": context, **actual}
    if os.environ.get("CORPUS_ACCEPT"):
        place.write_text(json.dumps(actual, ensure_ascii=False, indent=1) + "\n", "utf-8")
        return
    assert expected == actual


def test_no_case_is_an_orphan() -> None:
    """A document without an expectation, or the reverse, is a test that never runs."""
    documents = {expectation_of(document) for document in DOCUMENTS}
    expectations = {path for path in CORPUS.glob("*/*") if is_expectation(path)}
    assert documents == expectations


def test_no_two_documents_share_an_expectation() -> None:
    """`a.xml` beside `a.md` would be judged by one file."""
    places = [expectation_of(document) for document in DOCUMENTS]
    assert len(places) == len(set(places))


def test_no_folder_is_empty() -> None:
    """A dialect without documents is not tested at all."""
    folders = [path for path in CORPUS.iterdir() if path.is_dir()]
    assert len(folders) >= 5
    assert all(any(path in DOCUMENTS for path in folder.iterdir()) for folder in folders)
