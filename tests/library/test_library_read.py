"""`aggregator.read`: documents of every kind, from bytes and from files."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import aggregator
from aggregator import Reason

RSS = '<rss version="2.0"><channel><title>标题</title><item><title>第一篇</title><link>/1</link></item></channel></rss>'
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>标题</title><id>urn:a</id><updated>2026-01-01T00:00:00Z</updated>
<entry><id>urn:1</id><title>第一篇</title><updated>2026-01-01T00:00:00Z</updated></entry></feed>"""
JSON_FEED = """{"version": "https://jsonfeed.org/version/1.1", "title": "标题", "items": [{"id": "1", "title": "第一篇",
"content_text": "x"}]}"""
POST = "---\ntitle: 第一篇\ndate: 2026-01-01 08:00:00\n---\n正文\n"
UNDECLARED = RSS.encode("gbk")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(RSS.encode(), id="RSS"),
        pytest.param(f'<?xml version="1.0" encoding="gbk"?>{RSS}'.encode("gbk"), id="RSS in GBK"),
        pytest.param(ATOM.encode(), id="Atom"),
        pytest.param(ATOM.encode("utf-16"), id="Atom in UTF-16"),
        pytest.param(JSON_FEED.encode(), id="JSON Feed"),
        pytest.param(POST.encode(), id="front matter"),
    ],
)
def test_documents_of_every_kind(document: bytes) -> None:
    assert ["第一篇"] == [entry.title for entry in aggregator.read(document).entries]


@pytest.mark.parametrize("kind", [str, Path])
def test_files_and_globs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[[str], str | Path]) -> None:
    """A relative path starts from the current folder"""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.md").write_text(POST, "utf-8")
    (tmp_path / "b.md").write_text(POST.replace("一", "二"), "utf-8")
    assert ["第一篇"] == [entry.title for entry in aggregator.read(kind("a.md")).entries]
    reading = aggregator.read(kind("*.md"))
    assert ["第一篇", "第二篇"] == [entry.title for entry in reading.entries]
    assert reading.feed.poll_url.startswith("file://")


def test_the_address_resolves_links_and_names_the_feed(tmp_path: Path) -> None:
    """Of bytes and of files; without it, relative links are dropped"""
    (tmp_path / "a.xml").write_text(RSS, "utf-8")
    for source in (RSS.encode(), tmp_path / "a.xml"):
        reading = aggregator.read(source, url="https://a.example/feed")
        assert (reading.feed.poll_url, reading.entries[0].link) == ("https://a.example/feed", "https://a.example/1")
    alone = aggregator.read(RSS.encode())
    assert (alone.feed.poll_url, alone.entries[0].link) == ("about:blank", None)


def test_what_the_document_does_not_say() -> None:
    """Encoding, language and time zone"""
    china = timezone(timedelta(hours=8))
    reading = aggregator.read(UNDECLARED, encoding="gbk", language="zh-Hans")
    assert (reading.feed.title, reading.feed.language) == ("标题", "zh-Hans")
    assert aggregator.read(UNDECLARED, encoding="latin-1").feed.title == "±êÌâ"
    assert aggregator.read(POST.encode(), timezone=china).entries[0].published == datetime(2026, 1, 1, tzinfo=UTC)


def test_now_is_what_dates_are_judged_against() -> None:
    """A date far in the future is none; a naive instant is a mistake of the caller"""
    before = aggregator.read(POST.encode(), now=datetime(2000, 1, 1, tzinfo=UTC))
    after = aggregator.read(POST.encode(), now=datetime(2026, 1, 2, tzinfo=UTC))
    assert [d.name for d in before.diagnostics] != [d.name for d in after.diagnostics]
    with pytest.raises(ValueError, match="time zone"):
        aggregator.read(POST.encode(), now=datetime(2026, 1, 2))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("source", "error", "reason"),
    [
        pytest.param(b"", aggregator.ParseError, Reason.EMPTY, id="nothing"),
        pytest.param(b"<html><body>a</body></html>", aggregator.ParseError, Reason.HTML_PAGE, id="web page"),
        pytest.param(b"\x00\xff\xfe", aggregator.ParseError, Reason.NOT_A_FEED, id="rubbish"),
        pytest.param("no-such-file", aggregator.FetchError, Reason.FILE_MISSING, id="no file"),
        pytest.param("no-such-*", aggregator.FetchError, Reason.FILE_MISSING, id="glob without a file"),
        pytest.param(Path(os.sep), aggregator.FetchError, Reason.FILE_UNREADABLE, id="folder"),
        pytest.param("a\0b", aggregator.FetchError, Reason.FILE_UNREADABLE, id="no path"),
        pytest.param("https://a.example/", aggregator.FetchError, Reason.UNSUPPORTED, id="address"),
    ],
)
def test_what_cannot_be_read(source: bytes | str | Path, error: type[aggregator.SourceError], reason: Reason) -> None:
    with pytest.raises(error) as found:
        aggregator.read(source)
    assert found.value.reason is reason


def test_it_reads_inside_of_a_running_event_loop(tmp_path: Path) -> None:
    """As in a notebook"""
    (tmp_path / "a.xml").write_text(RSS, "utf-8")

    async def cell() -> int:
        return len(aggregator.read(tmp_path / "a.xml").entries)

    assert asyncio.run(cell()) == 1
