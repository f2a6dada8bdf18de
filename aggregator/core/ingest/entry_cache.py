"""What is kept of a source's last document, so that the next one is read only where it differs. Pure.

A document is cut into slices (`core.slices`), mostly one for each entry. Under a slice's digest the cache keeps what
comparing needs of its entries: id, title, link, dates and fingerprint. Where the next document has a slice with the
same digest, and all else that its reading depends on is the same, it would give the same entries; stand-ins made of
the cached ones take their places. So keys, copies, reused guids, aliases and dates are still judged over the whole
document.

A slice is not cached if it was not read without a fault, or if its dates depend on the moment of reading. Where a
stand-in turns out to be needed in full, the whole document is read.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aggregator.core.dates.microseconds import from_microseconds, to_microseconds
from aggregator.core.document import Document
from aggregator.core.ingest import identity
from aggregator.core.ingest.changes import Changes
from aggregator.core.ingest.identity import KeyAssignment
from aggregator.core.model import Diagnostic, Entry
from aggregator.core.normalise import Context, NormalisedFeed
from aggregator.core.normalise.language import Sample
from aggregator.core.outcome import Updated
from aggregator.core.parse.parsed import ParsedEntry
from aggregator.core.plain_hash import Plain, plain_hash
from aggregator.core.records import KnownEntry
from aggregator.core.slices.slices import Slices
from aggregator.core.source_state import IdentityMode, PollState

VERSION = 2
"""To be raised whenever the same bytes would be read as something else than before: then all is read again."""

_HEADERS = ("content-type", "content-language", "content-location", "link")
_MAX_NOTES = 100
_PER_LINE = 100
"""Slices that are packed or unpacked by one call, so that other threads get their turn between."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_AGO = re.compile(r"ago|前|전|atrás|назад|\bfa\b|\bvor\b|hace|il y a|\bhá\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedEntry:
    """What is kept of an entry."""

    entry: Entry
    """The stand-in: id, link, title and dates, and nothing else."""
    fingerprint: str
    text_key: str | None = None
    """Its `identity.text_key`, if it has no id."""
    sample: Sample | None = None
    """Its language sample, where the feed's language is guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCache:
    """A loaded cache."""

    inherited: str
    """A hash of what entries inherit from the feed's own fields."""
    known: Mapping[str, tuple[CachedEntry, ...]]
    """The entries of the slices that the present document has again, by digest."""
    notes: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheUpdate:
    """The next cache, as made from the document alone; `dump_cache` completes it."""

    summary: Mapping[str, Any]
    """What `unmodified` compares."""
    has_all: bool
    """Every slice of the document is cached."""
    packed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmodified:
    """The document has the slices of the one before, and reading it again would change nothing."""

    entries: int
    span: float
    notes: tuple[Diagnostic, ...]

    def outcome(self, document: Document, state: PollState) -> Updated:
        """The outcome that reading the whole would have had."""
        return Updated(
            url=document.url,
            validators=document.validators,
            body_hash=document.body_hash,
            headers=dict(document.headers),
            hints=state.hints,
            permanent_url=document.permanent_url,
            entries=self.entries,
            known=self.entries,
            size=len(document.body),
            span=self.span,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReading:
    """A document, read as far as it had to be."""

    normalised: NormalisedFeed
    """All its entries in document order, with stand-ins for those that were not read."""
    fingerprints: tuple[str, ...]
    """Of each entry."""
    stand_ins: Mapping[int, CachedEntry]
    """The cached entries that stand in for those that were not read, by position."""
    cache_update: CacheUpdate | None = None
    """None if nothing of it may be cached."""

    def fingerprint_of(self) -> Callable[[Entry], str]:
        """The fingerprint of each of the document's entries; an entry is found by its object, not by its value."""
        fingerprints = {
            id(entry): fingerprint
            for entry, fingerprint in zip(self.normalised.entries, self.fingerprints, strict=True)
        }
        return lambda entry: fingerprints[id(entry)]

    def text_key_of(self) -> Callable[[Entry], str]:
        """The `identity.text_key` of each of the document's entries that has no id."""
        keys = {id(self.normalised.entries[at]): cached.text_key for at, cached in self.stand_ins.items()}
        return lambda entry: keys.get(id(entry)) or identity.text_key(entry)

    def lacks(self, found: Changes, keys: KeyAssignment, stored: Mapping[str, KnownEntry]) -> bool:
        """Whether an entry is needed in full of which there is only a stand-in."""
        absent = {id(self.normalised.entries[position]) for position in self.stand_ins}
        if not absent:
            return False
        touched = [*(one.keyed for one in found.new), *(one.keyed for one in found.revised)]
        touched += [one for one in keys.entries if one.key in stored and stored[one.key].deleted_at is not None]
        return keys.mode is not IdentityMode.ID or any(id(one.entry) in absent for one in touched)


def circumstances(document: Document, context: Context, encoding: str | None) -> str:
    """A hash of what decides how the bytes are read: this program, the configuration, address and headers."""
    headers = [document.headers.get(name) for name in _HEADERS]
    said = (VERSION, encoding, context.language, str(context.timezone), context.title, context.poll_url)
    return hashed((*said, document.url, headers))


def cached_entry(
    parsed: ParsedEntry, entry: Entry, fingerprint: str, sample: Sample | None, *, now: datetime
) -> CachedEntry | None:
    """What is kept of an entry; None unless it would be read the same at any later time."""
    if not _is_time_independent(parsed, entry, now):
        return None
    stand_in = Entry(
        id=entry.id,
        link=entry.link,
        title=entry.title,
        title_is_generated=entry.title_is_generated,
        published=entry.published,
        published_raw=entry.published_raw,
        updated=entry.updated,
    )
    key = None if entry.id else identity.text_key(entry)
    return CachedEntry(entry=stand_in, fingerprint=fingerprint, text_key=key, sample=sample)


def _is_time_independent(parsed: ParsedEntry, entry: Entry, now: datetime) -> bool:
    written = [one.value for one in (*parsed.published, *parsed.updated) if one.value.strip()]
    dates = [date for date in (entry.published, entry.updated) if date is not None]
    return all(_YEAR.search(text) and not _AGO.search(text) for text in written) and all(date <= now for date in dates)


def hashed(value: Plain) -> str:
    """A hash of the length used in the cache."""
    return plain_hash(value, digits=24)


# -- the stored form ---------------------------------------------------------------------------------------------------
def pack(
    slices: Slices,
    about: str,
    inherited: str,
    known: Mapping[str, tuple[CachedEntry, ...]],
    notes: tuple[Diagnostic, ...],
) -> CacheUpdate:
    """The cache of a document; `known` has the entries of the slices that may be cached, by digest."""
    summary = {
        "about": about,
        "head": slices.head,
        "order": hashed(slices.digests),
        "notes": [(note.name, note.message, note.entry) for note in notes[:_MAX_NOTES]],
    }
    rest = {"lasting": slices.lasting, "encoding": slices.encoding, "inherited": inherited}
    rows = [[digest, *map(_row, cached)] for digest, cached in known.items()]
    lines = [
        _json(rest),
        *(_json(rows[start : start + _PER_LINE]) for start in range(0, len(rows), _PER_LINE)),
    ]
    packed = zlib.compress(b"\n".join(lines), 1)
    return CacheUpdate(summary=summary, has_all=known.keys() == set(slices.digests), packed=packed)


def dump_cache(update: CacheUpdate, *, entries: int, span: float, settled: bool) -> bytes:
    """The bytes that are stored: one line of JSON for `unmodified`, the rest packed.

    `entries` and `span` (in seconds) are what the visit found in the document. `settled`: reading the same document
    once more would change nothing at all, not even the state of the source.
    """
    summary = {**update.summary, "settled": settled and update.has_all, "entries": entries, "span": span}
    return _json(summary) + b"\n" + update.packed


def unmodified(data: bytes, about: str, slices: Slices) -> Unmodified | None:
    """Whether the document is, slice by slice, the one that was cached, and that one was settled; None if not."""
    try:
        summary = json.loads(data.partition(b"\n")[0])
        wanted = (about, slices.head, hashed(slices.digests), True)
        if (summary["about"], summary["head"], summary["order"], summary["settled"]) != wanted:
            return None
        return Unmodified(entries=summary["entries"], span=summary["span"], notes=_notes(summary))
    except (ValueError, KeyError, TypeError):
        return None


def load_cache(data: bytes, about: str, slices: Slices) -> EntryCache | None:
    """The cache, if it is of use for this document: same circumstances and encoding, same lasting head; else None."""
    try:
        summary, _, packed = data.partition(b"\n")
        first = json.loads(summary)
        if first["about"] != about:
            return None
        lines = iter(zlib.decompress(packed).split(b"\n"))
        rest = json.loads(next(lines))
        if (rest["lasting"], rest["encoding"]) != (slices.lasting, slices.encoding):
            return None
        return EntryCache(
            inherited=rest["inherited"], known=dict(_unpacked(lines, frozenset(slices.digests))), notes=_notes(first)
        )
    except (zlib.error, ValueError, KeyError, TypeError):
        return None


def _unpacked(lines: Iterable[bytes], wanted: frozenset[str]) -> Iterator[tuple[str, tuple[CachedEntry, ...]]]:
    """The cached entries of the slices in `wanted`, by digest."""
    for line in lines:
        for digest, *rows in json.loads(line):
            if digest in wanted:
                yield digest, tuple(map(_cached, rows))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _notes(table: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(name=name, message=message, entry=entry) for name, message, entry in table["notes"])


def _row(cached: CachedEntry) -> list[Any]:
    one = cached.entry
    dates = [_microseconds(one.published), one.published_raw, _microseconds(one.updated)]
    beside = [cached.fingerprint, cached.text_key, cached.sample]
    return [*beside, one.id, one.link, one.title, one.title_is_generated, *dates]


def _cached(row: list[Any]) -> CachedEntry:
    fingerprint, text_key, sample, id_, link, title, is_generated, published, raw, updated = row
    entry = Entry(
        id=id_,
        link=link,
        title=title,
        title_is_generated=is_generated,
        published=_instant(published),
        published_raw=raw,
        updated=_instant(updated),
    )
    found = (sample[0], sample[1]) if sample else None
    return CachedEntry(entry=entry, fingerprint=fingerprint, text_key=text_key, sample=found)


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else to_microseconds(at)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_microseconds(micros)
