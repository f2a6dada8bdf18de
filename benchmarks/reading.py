"""CPU milliseconds for 100 KB of feed, from bytes to entries.

Baseline: feedparser.parse with its defaults, which also sanitises and resolves links. Ours is the whole reading:
character set, XML, every field of the model, dates, sanitising, pictures, diagnostics. Beside them, where installed
(not a dependency): fastfeedparser, which neither sanitises nor resolves anything.

With --form the feeds are in a legacy encoding (gbk, big5, ...), or JSON Feeds (json), or folders of posts (posts). Of
the last two nobody else here can read anything: there the baseline is our own reading of the whole.

Documents are the corpus's, or with --documents a folder of real ones; those that feedparser finds no entry in are left
out. Candidates take turns on every document; the median of each document's rounds is summed over all documents.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
from corpus import Entry, as_json, as_post, in_encoding, make_document, make_entry
from measuring import Table, cpu_of, median, times, turns

from aggregator.core.document import Document
from aggregator.core.ingest import entry_cache, incremental
from aggregator.core.ingest.entry_cache import DocumentReading, Unmodified
from aggregator.core.model import SourceId
from aggregator.core.normalise import Context

FEEDPARSER = "feedparser, defaults"
WHOLE = "aggregator, the whole"
FORMS = ("utf-8", "gbk", "big5", "shift_jis", "utf-16", "json", "posts")
OURS_ALONE = ("json", "posts")
Body = bytes | tuple[bytes, ...]
"""A document; as several files, a folder of posts."""
Read = Callable[[Body], int]
"""Reads a document; the number of entries found, every field of them read."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Someone who reads. `again`, for one who reads only what has changed: having seen a document, how to read the
    next; without it, a returning visit costs the reader as much as a first one."""

    name: str
    read: Read
    again: Callable[[Body], Read] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of visit: pairs of the document seen before, None at a first visit, and the one to be read."""

    name: str
    documents: Sequence[tuple[Body | None, Body]]


def by_feedparser(body: Body) -> int:
    """All that feedparser does unless told otherwise."""
    return len(feedparser.parse(body).entries)


def by_feedparser_bare(body: Body) -> int:
    """Neither sanitised nor resolved: what it hands out may not be shown to anybody as it is."""
    return len(feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False).entries)


def by_us(body: Body) -> int:
    """The first visit's reading, fingerprints and what stays for the next visit included."""
    return len(_whole(body).normalised.entries)


def by_us_again(seen: Body) -> Read:
    """A returning visit's: of the document before, what was kept of it in the store is at hand."""
    left = _whole(seen).cache_update
    data = entry_cache.dump_cache(left, entries=0, span=0.0, settled=True) if left else b""

    def read(body: Body) -> int:
        document, context = _asked(body)
        found = incremental.read_changes(
            document, data, entry_cache.circumstances(document, context, None), context, None
        )
        if isinstance(found, Unmodified):
            return found.entries
        return len(found.normalised.entries) if found else by_us(body)

    return read


def _asked(body: Body) -> tuple[Document, Context]:
    url = "https://site.example.com/feed.xml"
    now = datetime(2025, 6, 1, tzinfo=UTC)
    files = body if isinstance(body, tuple) else ()
    document = Document(
        url=url,
        body=b"" if isinstance(body, tuple) else body,
        fetched_at=now,
        parts=tuple(_file(file, now) for file in files),
    )
    return document, Context(source=SourceId("site"), poll_url=url, document_url=url, fetched_at=now)


def _file(body: bytes, now: datetime) -> Document:
    digest = hashlib.sha256(body).hexdigest()
    return Document(url=f"file:///posts/{digest[:8]}.md", body=body, fetched_at=now, body_hash=digest)


def _whole(body: Body) -> DocumentReading:
    document, context = _asked(body)
    return incremental.read_whole(document, context, None, None, entry_cache.circumstances(document, context, None))


def candidates(form: str) -> list[Reader]:
    """Who can be measured here, the baseline first."""
    ours = Reader("aggregator", by_us, by_us_again)
    if form in OURS_ALONE:
        return [Reader(WHOLE, by_us), ours]
    found = [Reader(FEEDPARSER, by_feedparser), Reader("feedparser, bare", by_feedparser_bare), ours]
    try:
        fast = importlib.import_module("fastfeedparser")
    except ImportError:
        return found
    return [*found, Reader("fastfeedparser", lambda body: len([dict(entry) for entry in fast.parse(body).entries]))]


def cases_of(folder: Path) -> list[Case]:
    """A first visit to every feed of a folder."""
    bodies = dict.fromkeys(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())
    return [Case("first visit", [(None, body) for body in bodies if by_feedparser(body)])]


def cases(form: str, *, feeds: int, entries: int) -> list[Case]:
    """A first visit to every feed of the corpus, and returning ones."""
    rows = [[make_entry(feed, number) for number in range(entries + 1)] for feed in range(feeds)]
    before, after = ([_dressed(form, feed, row[turn:][:entries]) for feed, row in enumerate(rows)] for turn in (0, 1))
    again = list(zip(before, before, strict=True))
    found = [Case("first visit", [(None, body) for body in before])]
    found.append(Case("one new", list(zip(before, after, strict=True))))
    if form not in OURS_ALONE:
        found.append(Case("another date", [(body, _later(body, form)) for body in before]))
    return [*found, Case("nothing new", again)]


def _dressed(form: str, feed: int, entries: Sequence[Entry]) -> Body:
    if form == "posts":
        return tuple(map(as_post, entries))
    return as_json(feed, entries[::-1]) if form == "json" else in_encoding(make_document(feed, entries[::-1]), form)


def _later(body: Body, encoding: str) -> bytes:
    """The same entries below a head that was written at another moment."""
    text = body.decode(encoding) if isinstance(body, bytes) else ""
    mark = "</lastBuildDate>" if "</lastBuildDate>" in text else "</updated>"
    return text.replace(mark, " " + mark, 1).encode(encoding)


def _size(body: Body) -> int:
    return sum(map(len, body)) if isinstance(body, tuple) else len(body)


def measure(case: Case, readers: Sequence[Reader], rounds: int) -> list[dict[str, Any]]:
    """The rows of the table for one kind of visit."""
    seconds: dict[str, float] = defaultdict(float)
    refused: dict[str, int] = defaultdict(int)
    for seen, body in case.documents:
        taken: dict[str, list[float]] = defaultdict(list)
        for reader in turns(readers, rounds):
            read = reader.read if seen is None or reader.again is None else reader.again(seen)
            try:
                taken[reader.name].append(cpu_of(read, body))
            except Exception:  # whatever a reader raises over a document, it has not read it
                refused[reader.name] += 1
        for name, spent in taken.items():
            seconds[name] += median(spent)
    hundreds = sum(_size(body) for _, body in case.documents) / 100_000
    return [
        {
            "visit": case.name,
            "reader": reader.name,
            "ms per 100 KB": round(seconds[reader.name] / hundreds * 1e3, 3),
            "x": times(seconds[readers[0].name], seconds[reader.name]),
            "refused": refused[reader.name] // rounds,
        }
        for reader in readers
    ]


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=3)
    parser.add_argument("--entries", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="12 feeds of 30 entries, 5 rounds")
    parser.add_argument("--form", choices=FORMS, default="utf-8", help="what the feeds are written in")
    parser.add_argument("--documents", type=Path, help="a folder of feeds to read instead")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    feeds, entries, rounds = (12, 30, 5) if given.full else (given.feeds, given.entries, given.rounds)
    warnings.simplefilter("ignore")  # feedparser warns of its own old ways
    visits = cases_of(given.documents) if given.documents else cases(given.form, feeds=feeds, entries=entries)
    readers = candidates(given.form)
    bodies = [body for _, body in visits[0].documents]
    rows = [row for visit in visits for row in measure(visit, readers, rounds)]
    size = {"documents": len(bodies), "KB in all": sum(map(_size, bodies)) // 1000, "rounds": rounds}
    words = f"x: how often the reader's time goes into that of {readers[0].name}, above 1 is better"
    notes = [f"{words}; CPU time, one process", f"the documents are {given.form}"]
    Table("reading", size, ["visit", "reader", "ms per 100 KB", "x", "refused"], rows, notes).show(as_json=given.json)


if __name__ == "__main__":
    main()
