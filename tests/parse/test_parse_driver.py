"""The buffered SAX driver: the same results as the standard library's own."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import feedparser
import feedparser.api
import pytest

from aggregator.core.parse.xml import feedparser_fallback, sax

CORPUS = sorted((Path(__file__).parent.parent / "corpus").glob("*/*.xml"))


def result_of(body: bytes) -> dict[str, Any]:
    result = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    return {key: result.get(key) for key in ("feed", "entries", "version", "bozo", "namespaces")}


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in CORPUS])
def test_the_buffer_changes_no_result(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = path.read_bytes()
    monkeypatch.setattr(feedparser.api, "PREFERRED_XML_PARSERS", ["xml.sax.expatreader"])
    plain = result_of(body)
    monkeypatch.setattr(feedparser.api, "PREFERRED_XML_PARSERS", [sax.__name__])
    assert result_of(body) == plain


def test_feedparser_is_given_the_driver() -> None:
    feedparser_fallback.read("<rss version='2.0'><channel/></rss>")
    assert feedparser.api.PREFERRED_XML_PARSERS[0] == sax.__name__
