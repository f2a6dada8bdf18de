"""CPU milliseconds for 100 KB of feed, from bytes to entries.

Baseline: feedparser.parse with its defaults, which also sanitises and resolves links. Ours is the whole reading:
character set, XML, every field of the model, dates, sanitising, pictures, diagnostics. Beside them, where installed
(not a dependency): fastfeedparser, which neither sanitises nor resolves anything.

Documents are the corpus's, or with --documents a folder of real ones; those that feedparser finds no entry in are left
out. Candidates take turns on every document; the median of each document's rounds is summed over all documents.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
from corpus import write_rounds
from measuring import Table, cpu_of, median, times, turns

from aggregator.core.document import Document
from aggregator.core.model import SourceId
from aggregator.core.normalise import Context
from aggregator.engine import rereading, traces
from aggregator.engine.traces import Same, Taken

BASELINE = "feedparser, defaults"
Read = Callable[[bytes], int]
"""Reads a document; the number of entries found, every field of them read."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Someone who reads. `again`, for one who reads only what has changed: having seen a document, how to read the
    next; without it, a returning visit costs the reader as much as a first one."""

    name: str
    read: Read
    again: Callable[[bytes], Read] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of visit: pairs of the document seen before, None at a first visit, and the one to be read."""

    name: str
    documents: Sequence[tuple[bytes | None, bytes]]


def by_feedparser(body: bytes) -> int:
    """All that feedparser does unless told otherwise."""
    return len(feedparser.parse(body).entries)


def by_feedparser_bare(body: bytes) -> int:
    """Neither sanitised nor resolved: what it hands out may not be shown to anybody as it is."""
    return len(feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False).entries)


def by_us(body: bytes) -> int:
    """The first visit's reading, fingerprints and what stays for the next visit included."""
    return len(_whole(body).reading.entries)


def by_us_again(seen: bytes) -> Read:
    """A returning visit's: of the document before, what was kept of it in the store is at hand."""
    left = _whole(seen).left
    data = traces.dump(left, entries=0, span=0.0, settled=True) if left else b""

    def read(body: bytes) -> int:
        document, context = _asked(body)
        found = rereading.reread(document, data, traces.circumstances(document, context, None), context, None)
        if isinstance(found, Same):
            return found.entries
        return len(found.reading.entries) if found else by_us(body)

    return read


def _asked(body: bytes) -> tuple[Document, Context]:
    url = "https://site.example.com/feed.xml"
    now = datetime(2025, 6, 1, tzinfo=UTC)
    document = Document(url=url, body=body, fetched_at=now)
    return document, Context(source=SourceId("site"), poll_url=url, document_url=url, fetched_at=now)


def _whole(body: bytes) -> Taken:
    document, context = _asked(body)
    return rereading.read_whole(document, context, None, None, traces.circumstances(document, context, None))


def candidates() -> list[Reader]:
    """Who can be measured here, the baseline first."""
    found = [
        Reader(BASELINE, by_feedparser),
        Reader("feedparser, bare", by_feedparser_bare),
        Reader("aggregator", by_us, by_us_again),
    ]
    try:
        fast = importlib.import_module("fastfeedparser")
    except ImportError:
        return found
    return [*found, Reader("fastfeedparser", lambda body: len([dict(entry) for entry in fast.parse(body).entries]))]


def cases(folder: Path, *, is_corpus: bool) -> list[Case]:
    """A first visit to every feed of a folder; of the corpus also returning visits, if some reader gains by them."""
    first = [body for body in _bodies(folder / "0" if is_corpus else folder) if by_feedparser(body)]
    found = [Case("first visit", [(None, body) for body in first])]
    if is_corpus and any(reader.again for reader in candidates()):
        found.append(Case("one new", list(zip(first, _bodies(folder / "1"), strict=True))))
        found.append(Case("another date", [(body, _later(body)) for body in first]))
        found.append(Case("nothing new", [(body, body) for body in first]))
    return found


def _later(body: bytes) -> bytes:
    """The same entries below a head that was written at another moment."""
    mark = b"</lastBuildDate>" if b"</lastBuildDate>" in body else b"</updated>"
    return body.replace(mark, b" " + mark, 1)


def _bodies(folder: Path) -> list[bytes]:
    bodies = (file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())
    return list(dict.fromkeys(bodies))


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
    hundreds = sum(len(body) for _, body in case.documents) / 100_000
    return [
        {
            "visit": case.name,
            "reader": reader.name,
            "ms per 100 KB": round(seconds[reader.name] / hundreds * 1e3, 3),
            "x": times(seconds[BASELINE], seconds[reader.name]),
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
    parser.add_argument("--documents", type=Path, help="a folder of feeds to read instead")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    feeds, entries, rounds = (12, 30, 5) if given.full else (given.feeds, given.entries, given.rounds)
    warnings.simplefilter("ignore")  # feedparser warns of its own old ways
    with tempfile.TemporaryDirectory(prefix="reading-") as work:
        if not given.documents:
            write_rounds(Path(work), feeds=feeds, entries=entries, rounds=2)
        visits = cases(given.documents or Path(work), is_corpus=not given.documents)
    bodies = [body for _, body in visits[0].documents]
    rows = [row for visit in visits for row in measure(visit, candidates(), rounds)]
    size = {"documents": len(bodies), "KB in all": sum(map(len, bodies)) // 1000, "rounds": rounds}
    notes = [f"x: how often the reader's time goes into that of {BASELINE}, above 1 is better; CPU time, one process"]
    Table("reading", size, ["visit", "reader", "ms per 100 KB", "x", "refused"], rows, notes).show(as_json=given.json)


if __name__ == "__main__":
    main()
