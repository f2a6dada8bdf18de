"""What stays of a source's last document, so that the next one is read only where it differs. Pure.

Of every slice (`core.parse.slices`) the traces of its entries stay, under its digest: of each entry what telling
entries apart needs (identity, title, link, dates, fingerprint). In the next document a slice with the same digest,
where all that its reading depends on is the same, gives the same entries; stand-ins made from their traces take their
places. So keys, copies, reused guids, aliases and dates are judged over the whole document as ever.

Nothing is left in doubt. What was not read without a fault, or holds dates told from the moment of reading, leaves no
traces; and where a stand-in turns out to be needed in full, the whole is read.
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
"""To be raised whenever the same bytes would be read as something else than before: then all is read anew."""

_HEADERS = ("content-type", "content-language", "content-location", "link")
_MAX_NOTES = 100
_LINE = 100
"""Slices that are packed and unpacked in one go; others have their turn between."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_AGO = re.compile(r"ago|前|전|atrás|назад|\bfa\b|\bvor\b|hace|il y a|\bhá\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedEntry:
    """What stays of an entry."""

    entry: Entry
    """A stand-in: id, link, title and dates, and nothing else."""
    fingerprint: str
    text_key: str | None = None
    """Its `identity.text_key`, if it has no id."""
    sample: Sample | None = None
    """What it tells of the feed's language, where that is guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCache:
    """What stayed of a document."""

    inherited: str
    """A hash of what entries inherit from the feed's own fields."""
    known: Mapping[str, tuple[CachedEntry, ...]]
    """Those of its slices that may stay: the traces of their entries, by digest."""
    notes: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheUpdate:
    """What is to stay of a document, as far as its reading tells; packed for the store."""

    glance: Mapping[str, Any]
    """What `same` looks at."""
    has_all: bool
    """Every slice may stay."""
    packed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmodified:
    """The document holds nothing that the one before did not, and nothing of it is in motion."""

    entries: int
    span: float
    notes: tuple[Diagnostic, ...]

    def outcome(self, document: Document, state: PollState) -> Updated:
        """What a visit that read the whole would have told."""
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
    """A document as far as it had to be read."""

    normalised: NormalisedFeed
    """Its entries are in document order, stand-ins among them."""
    fingerprints: tuple[str, ...]
    """Of each entry."""
    stand_ins: Mapping[int, CachedEntry]
    """The traces of entries that were not read, by position."""
    cache_update: CacheUpdate | None = None
    """What is to stay of it; None if nothing may."""

    def fingerprint_of(self) -> Callable[[Entry], str]:
        """The fingerprint of each of the reading's entries, which are told apart as objects."""
        prints = {id(entry): print_ for entry, print_ in zip(self.normalised.entries, self.fingerprints, strict=True)}
        return lambda entry: prints[id(entry)]

    def text_key_of(self) -> Callable[[Entry], str]:
        """The `identity.text_key` of each of the reading's entries that has no id."""
        keys = {id(self.normalised.entries[at]): trace.text_key for at, trace in self.stand_ins.items()}
        return lambda entry: keys.get(id(entry)) or identity.text_key(entry)

    def lacks(self, found: Changes, keys: KeyAssignment, stored: Mapping[str, KnownEntry]) -> bool:
        """Whether an entry is wanted in full of which there is only a stand-in."""
        absent = {id(self.normalised.entries[position]) for position in self.stand_ins}
        if not absent:
            return False
        touched = [*(one.keyed for one in found.new), *(one.keyed for one in found.revised)]
        touched += [one for one in keys.entries if one.key in stored and stored[one.key].deleted_at is not None]
        return keys.mode is not IdentityMode.ID or any(id(one.entry) in absent for one in touched)


def circumstances(document: Document, context: Context, encoding: str | None) -> str:
    """A hash of what decides how the bytes are read: this program, a person's words, address and headers."""
    headers = [document.headers.get(name) for name in _HEADERS]
    said = (VERSION, encoding, context.language, str(context.timezone), context.title, context.poll_url)
    return hashed((*said, document.url, headers))


def cached_entry(
    parsed: ParsedEntry, entry: Entry, print_: str, sample: Sample | None, *, now: datetime
) -> CachedEntry | None:
    """What stays of an entry; None unless it would be read the same at any later time."""
    if not _is_steady(parsed, entry, now):
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
    return CachedEntry(entry=stand_in, fingerprint=print_, text_key=key, sample=sample)


def _is_steady(parsed: ParsedEntry, entry: Entry, now: datetime) -> bool:
    words = [one.value for one in (*parsed.published, *parsed.updated) if one.value.strip()]
    dates = [date for date in (entry.published, entry.updated) if date is not None]
    return all(_YEAR.search(word) and not _AGO.search(word) for word in words) and all(date <= now for date in dates)


def hashed(value: Plain) -> str:
    """As long as the hashes of a cache are."""
    return plain_hash(value, digits=24)


# -- as storage keeps it -----------------------------------------------------------------------------------------------
def leave(
    slices: Slices,
    about: str,
    inherited: str,
    known: Mapping[str, tuple[CachedEntry, ...]],
    notes: tuple[Diagnostic, ...],
) -> CacheUpdate:
    """Pack what is to stay of a document."""
    glance = {
        "about": about,
        "head": slices.head,
        "order": hashed(slices.digests),
        "notes": [(note.name, note.message, note.entry) for note in notes[:_MAX_NOTES]],
    }
    rest = {"lasting": slices.lasting, "encoding": slices.encoding, "inherited": inherited}
    rows = [[digest, *map(_row, traces)] for digest, traces in known.items()]
    lines = [_json(rest), *(_json(rows[start : start + _LINE]) for start in range(0, len(rows), _LINE))]
    packed = zlib.compress(b"\n".join(lines), 1)
    return CacheUpdate(glance=glance, has_all=known.keys() == set(slices.digests), packed=packed)


def dump(left: CacheUpdate, *, entries: int, span: float, settled: bool) -> bytes:
    """As storage keeps it: one line for `same`, the rest packed.

    `entries` and `span` are what the visit told of the document. `settled`: the same document once more would change
    nothing at all, not even what is remembered of the source.
    """
    glance = {**left.glance, "settled": settled and left.has_all, "entries": entries, "span": span}
    return _json(glance) + b"\n" + left.packed


def same(data: bytes, about: str, slices: Slices) -> Unmodified | None:
    """Whether the document is, slice by slice, the one that left these traces, and that one was settled."""
    try:
        glance = json.loads(data.partition(b"\n")[0])
        wanted = (about, slices.head, hashed(slices.digests), True)
        if (glance["about"], glance["head"], glance["order"], glance["settled"]) != wanted:
            return None
        return Unmodified(entries=glance["entries"], span=glance["span"], notes=_notes(glance))
    except (ValueError, KeyError, TypeError):
        return None


def load(data: bytes, about: str, slices: Slices) -> EntryCache | None:
    """What was kept, if it is of use for this document: same circumstances and encoding, same lasting head."""
    try:
        glance, _, packed = data.partition(b"\n")
        first = json.loads(glance)
        if first["about"] != about:
            return None
        lines = iter(zlib.decompress(packed).split(b"\n"))
        rest = json.loads(next(lines))
        if (rest["lasting"], rest["encoding"]) != (slices.lasting, slices.encoding):
            return None
        return EntryCache(
            inherited=rest["inherited"], known=dict(_known(lines, frozenset(slices.digests))), notes=_notes(first)
        )
    except (zlib.error, ValueError, KeyError, TypeError):
        return None


def _known(lines: Iterable[bytes], wanted: frozenset[str]) -> Iterator[tuple[str, tuple[CachedEntry, ...]]]:
    """Those that this document has again."""
    for line in lines:
        for digest, *rows in json.loads(line):
            if digest in wanted:
                yield digest, tuple(map(_trace, rows))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _notes(table: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(name=name, message=words, entry=entry) for name, words, entry in table["notes"])


def _row(trace: CachedEntry) -> list[Any]:
    one = trace.entry
    dates = [_micros(one.published), one.published_raw, _micros(one.updated)]
    told = [trace.fingerprint, trace.text_key, trace.sample]
    return [*told, one.id, one.link, one.title, one.title_is_generated, *dates]


def _trace(row: list[Any]) -> CachedEntry:
    print_, text_key, sample, id_, link, title, is_generated, published, raw, updated = row
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
    return CachedEntry(entry=entry, fingerprint=print_, text_key=text_key, sample=found)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_microseconds(at)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_microseconds(micros)
