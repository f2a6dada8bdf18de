"""One new entry in an output of 200: what it costs to write the output again.

Baseline: plain feedgen, which builds all 200 entries anew. Ours keeps each entry's fragment, renders the one that is
new and joins. "all new" is our cost where nothing is kept, as after a start. With compression, both sides compress the
whole document once: feedgen's by gzip 6, ours by gzip 6 alone and by all that we publish (gzip, brotli and zstd).
"""

from __future__ import annotations

import argparse
import gzip
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from corpus import make_document, make_entry
from feedgen.feed import FeedGenerator
from measuring import Table, cpu_of, median, times, turns

from aggregator.core.document import Document
from aggregator.core.edition import Edition, Story
from aggregator.core.ingest import incremental
from aggregator.core.ingest.changes import first_dates
from aggregator.core.model import Entry, Origin, OutputId, SourceId, SourceNumber, StoredEntry
from aggregator.core.normalise import Context
from aggregator.engine.publish.fragments import Fragments
from aggregator.formats import FORMATS
from aggregator.outlets.encodings import encode

NOW = datetime(2025, 6, 1, tzinfo=UTC)
SITE = "https://site0.example.com/"
BASELINE = "feedgen"


def read_entries(count: int, size: int) -> list[Entry]:
    """Entries as our own reader makes them, oldest first."""
    made = [make_entry(0, number, size=size) for number in range(count)]
    document = Document(url=SITE + "feed.xml", body=make_document(0, made), fetched_at=NOW)
    context = Context(source=SourceId("site"), poll_url=document.url, document_url=document.url, fetched_at=NOW)
    return list(incremental.read(document, context, None).entries)


def story(seq: int, entry: Entry) -> Story:
    """The entry as it comes out of the store."""
    dates = first_dates(entry, position=0, first_seen=NOW)
    stored = StoredEntry(
        seq=seq,
        source=SourceId("site"),
        number=SourceNumber(1),
        key=entry.id or "",
        public_id=entry.id or "",
        first_seen=NOW,
        changed_at=NOW,
        published=dates.published,
        updated=dates.updated,
        sort_date=dates.sort_date,
        fingerprint=f"{seq}",
        entry=entry,
    )
    return Story(stored=stored, origin=Origin(id=SITE, title="site", site_url=SITE), paths=(("news", "site"),))


def edition(stories: Sequence[Story]) -> Edition:
    """An output of these stories, newest first."""
    newest = tuple(reversed(stories))
    return Edition(
        output=OutputId("site"),
        id="tag:example.org,2025:site",
        title="site",
        description="",
        updated=newest[0].stored.updated,
        site_url="https://feeds.example.org",
        stories=newest,
    )


def by_feedgen(entries: Sequence[Entry], format_name: str) -> bytes:
    """The same entries by feedgen as its manual shows it."""
    made = FeedGenerator()
    made.id("tag:example.org,2025:site")
    made.title("site")
    made.description("site")
    made.link(href="https://feeds.example.org/", rel="alternate")
    for entry in entries:
        item = made.add_entry()  # each in front of the last: newest first
        item.id(entry.id)
        item.title(entry.title)
        item.link(href=entry.link)
        item.published(entry.published)
        item.updated(entry.updated or entry.published)
        item.summary(entry.summary)
        item.content(entry.content, type="html")
        for author in entry.authors:
            item.author({"name": author.name})
        for category in entry.categories:
            item.category(term="/".join(category.path))
        for file in entry.enclosures:
            item.enclosure(file.url, str(file.length or 0), file.type or "application/octet-stream")
    return bytes(made.rss_str() if format_name == "rss" else made.atom_str())


class Ours:
    """An output that is published again and again, each time with one more entry."""

    def __init__(self, stories: Sequence[Story], window: int) -> None:
        self._stories = stories
        self._window = window
        self._end = window
        self._kept = Fragments()
        for name in ("rss", "atom"):
            self._join(self._kept, name)

    def move(self) -> None:
        """One new entry comes in, the oldest goes out."""
        self._end += 1

    def again(self, format_name: str) -> bytes:
        """Write it with what is kept."""
        return self._join(self._kept, format_name)

    def anew(self, format_name: str) -> bytes:
        """Write it with nothing kept."""
        return self._join(Fragments(), format_name)

    def _join(self, kept: Fragments, format_name: str) -> bytes:
        shown = edition(self._stories[self._end - self._window : self._end])
        format_ = FORMATS[format_name]
        return format_.assemble(shown, [kept.render(format_, one) for one in shown.stories])


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone who writes the output in a format; with `moves`, after one new entry has come in."""

    name: str
    write: Callable[[str], object]
    moves: bool = False


def candidates(ours: Ours, entries: Sequence[Entry]) -> list[Candidate]:
    """The baseline first."""
    return [
        Candidate(BASELINE, lambda name: by_feedgen(entries, name)),
        Candidate("aggregator, all new", ours.anew),
        Candidate("aggregator, one new", ours.again, moves=True),
        Candidate(f"{BASELINE} + gzip", lambda name: gzip.compress(by_feedgen(entries, name), 6)),
        Candidate("aggregator, one new + gzip", lambda name: gzip.compress(ours.again(name), 6), moves=True),
        Candidate("aggregator, one new, as published", lambda name: encode(ours.again(name)), moves=True),
    ]


def measure(count: int, size: int, rounds: int) -> list[dict[str, Any]]:
    """The rows of the table."""
    entries = read_entries(count + 3 * rounds, size)
    stories = [story(seq, entry) for seq, entry in enumerate(entries, start=1)]
    ours = Ours(stories, count)
    writers = candidates(ours, entries[:count])
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    for writer in turns(writers, rounds):
        if writer.moves:
            ours.move()
        for name in ("rss", "atom"):
            taken[writer.name, name].append(cpu_of(writer.write, name))
    rows = []
    for name in ("rss", "atom"):
        for writer in writers:
            base = BASELINE + (" + gzip" if "gzip" in writer.name or "published" in writer.name else "")
            spent = median(taken[writer.name, name])
            x = times(median(taken[base, name]), spent)
            rows.append({"format": name, "writer": writer.name, "CPU ms": round(spent * 1e3, 2), "x": x})
    return rows


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=50, help="in the output")
    parser.add_argument("--bytes", type=int, default=10_240, help="of HTML in an entry")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="200 entries, 15 rounds")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    count, rounds = (200, 15) if given.full else (given.entries, given.rounds)
    size = {"entries": count, "KB of HTML each": round(given.bytes / 1024, 1), "rounds": rounds}
    notes = [f"x: how often the time goes into that of {BASELINE} (with gzip: of {BASELINE} + gzip), above 1 is better"]
    rows = measure(count, given.bytes, rounds)
    Table("publishing", size, ["format", "writer", "CPU ms", "x"], rows, notes).show(as_json=given.json)


if __name__ == "__main__":
    main()
