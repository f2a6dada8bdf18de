"""What stays of a source's last document, so that the next one is read only where it differs. Pure.

Of every entry a trace stays: the hash of its bytes, and of its model what telling entries apart needs (identity,
title, link, dates, fingerprint). In the next document an entry with the same bytes, in a feed whose lasting head has
the same bytes, is the same entry; a stand-in made from its trace takes its place, and only the others are parsed, with
the whole head around them. So keys, copies, reused guids, aliases and dates are judged over the whole document as ever.

Nothing is left in doubt. What was not read without a fault, has entries without id and link, or dates told from the
moment of reading leaves no traces; and where a stand-in turns out to be needed in full, the whole is read.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.core.changes import Changes, fingerprint
from aggregator.core.config_rules import JsonRules, PageRules
from aggregator.core.document import Document
from aggregator.core.errors import ParseError
from aggregator.core.identity import Keying
from aggregator.core.model import Diagnostic, Entry, Feed
from aggregator.core.normalise import Context, Reading, normalise
from aggregator.core.normalise.context import MAX_PER_NAME
from aggregator.core.normalise.head import SAMPLED_ENTRIES, entry_samples, is_language_guessed
from aggregator.core.normalise.language import Sample
from aggregator.core.outcome import Updated
from aggregator.core.parse import ParsedEntry, ParsedFeed, parse_document
from aggregator.core.parse.slices import Slices, cut, without
from aggregator.core.policy import IdentityMode, PollState
from aggregator.engine import intake
from aggregator.storage import Known

VERSION = 1
"""To be raised whenever the same bytes would be read as something else than before: then all is read anew."""

_HEADERS = ("content-type", "content-language", "content-location", "link")
_MAX_NOTES = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_YEAR = re.compile(r"(?:19|20)\d\d")
_AGO = re.compile(r"ago|前|전|atrás|назад|\bfa\b|\bvor\b|hace|il y a|\bhá\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What stays of an entry."""

    entry: Entry
    """A stand-in: id, link, title and dates, and nothing else."""
    fingerprint: str
    sample: Sample | None = None
    """What it tells of the feed's language, where that is guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What stays of a document."""

    circumstances: str
    """A hash of all beside its bytes that its reading depended on."""
    head: str
    lasting: str
    inherited: str
    """A hash of what entries inherit from the feed's own fields."""
    order: str
    """A hash of its entries' digests, in order."""
    known: Mapping[str, Trace]
    """Those of its entries that may stay, by digest."""
    has_all: bool = False
    """Those are all it had."""
    notes: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
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
class Taken:
    """A document as far as it had to be read."""

    reading: Reading
    """Its entries are in document order, stand-ins among them."""
    fingerprints: tuple[str, ...]
    """Of each entry."""
    stand_ins: frozenset[int] = frozenset()
    """Positions of entries that were not read."""
    traces: Traces | None = None
    """What is to stay of it; None if nothing may."""

    def print_of(self) -> Callable[[Entry], str]:
        """The fingerprint of each of the reading's entries, which are told apart as objects."""
        prints = {id(entry): print_ for entry, print_ in zip(self.reading.entries, self.fingerprints, strict=True)}
        return lambda entry: prints[id(entry)]

    def is_short_of(self, found: Changes, keys: Keying, stored: Mapping[str, Known]) -> bool:
        """Whether an entry is wanted in full of which there is only a stand-in."""
        absent = {id(self.reading.entries[position]) for position in self.stand_ins}
        if not absent:
            return False
        touched = [*(one.keyed for one in found.new), *(one.keyed for one in found.revised)]
        touched += [one for one in keys.entries if one.key in stored and stored[one.key].deleted_at is not None]
        return keys.mode is not IdentityMode.ID or any(id(one.entry) in absent for one in touched)


def circumstances(document: Document, context: Context, encoding: str | None) -> str:
    """A hash of what decides how the bytes are read: this program, a person's words, address and headers."""
    headers = [document.headers.get(name) for name in _HEADERS]
    said = (VERSION, encoding, context.language, str(context.timezone), context.title, context.poll_url)
    return _hash((*said, document.url, headers))


def read_whole(
    document: Document,
    context: Context,
    encoding: str | None,
    rules: PageRules | JsonRules | None,
    about: str | None = None,
) -> Taken:
    """Parse and normalise everything. Raises ParseError. With `about`, the circumstances, traces are taken."""
    parsed, reading = intake.read_both(document, context, encoding, rules)
    prints = tuple(map(fingerprint, reading.entries))
    traces = _of_whole(document, parsed, reading, prints, context, about) if about is not None else None
    return Taken(reading=reading, fingerprints=prints, traces=traces)


def read_part(
    document: Document, slices: Slices, context: Context, encoding: str | None, traces: Traces
) -> Taken | None:
    """Parse and normalise only the entries that have no trace; None if the whole has to be read after all.

    `document` holds the whole head and those entries alone; `slices` are of the whole document. Never raises.
    """
    fresh = [digest for digest in slices.digests if digest not in traces.known]
    try:
        parsed = parse_document(document, encoding=encoding)
    except ParseError:
        return None
    if len(parsed.entries) != len(fresh) or not _is_sound(parsed):
        return None
    found = dict(zip(fresh, _samples(parsed, context), strict=True))
    known = {digest: traces.known[digest] for digest in slices.digests if digest in traces.known}
    samples = {digest: trace.sample for digest, trace in known.items()} | found
    top = tuple(samples[digest] for digest in slices.digests[:SAMPLED_ENTRIES])
    reading = normalise(parsed, replace(context, samples=top))
    if _inherited(reading.feed) != traces.inherited:
        return None
    prints = tuple(map(fingerprint, reading.entries))
    read = iter(zip(reading.entries, prints, strict=True))
    both = [(t.entry, t.fingerprint) if (t := known.get(digest)) else next(read) for digest in slices.digests]
    notes = (*_still_true(traces.notes, known.values()), *(n for n in reading.diagnostics if n.name != "no-entries"))
    whole = replace(reading, entries=tuple(entry for entry, _ in both), diagnostics=_bounded(notes))
    made = {
        digest: Trace(entry=_stand_in(entry), fingerprint=print_, sample=found[digest])
        for digest, one, entry, print_ in zip(fresh, parsed.entries, reading.entries, prints, strict=True)
        if _is_steady(one, entry, context.fetched_at)
    }
    return Taken(
        reading=whole,
        fingerprints=tuple(print_ for _, print_ in both),
        stand_ins=frozenset(at for at, digest in enumerate(slices.digests) if digest in known),
        traces=_traces(slices, whole, known | made, traces.circumstances),
    )


def reduced(document: Document, slices: Slices, traces: Traces) -> Document:
    """The document without the entries that left a trace."""
    seen = {position for position, digest in enumerate(slices.digests) if digest in traces.known}
    return replace(document, body=without(document.body, slices, seen))


def _of_whole(
    document: Document, parsed: ParsedFeed, reading: Reading, prints: Iterable[str], context: Context, about: str
) -> Traces | None:
    slices = cut(document.body) if _is_sound(parsed) and parsed.entries else None
    if slices is None or len(slices.spans) != len(parsed.entries):
        return None
    samples = _samples(parsed, context)
    rows = zip(slices.digests, parsed.entries, reading.entries, prints, samples, strict=True)
    known = {
        digest: Trace(entry=_stand_in(entry), fingerprint=print_, sample=sample)
        for digest, one, entry, print_, sample in rows
        if _is_steady(one, entry, context.fetched_at)
    }
    return _traces(slices, reading, known, about)


def _traces(slices: Slices, reading: Reading, known: Mapping[str, Trace], about: str) -> Traces:
    return Traces(
        circumstances=about,
        head=slices.head,
        lasting=slices.lasting,
        inherited=_inherited(reading.feed),
        order=_order(slices),
        known=known,
        has_all=known.keys() == set(slices.digests),
        notes=reading.diagnostics[:_MAX_NOTES],
    )


def _stand_in(entry: Entry) -> Entry:
    return Entry(
        id=entry.id,
        link=entry.link,
        title=entry.title,
        title_is_generated=entry.title_is_generated,
        published=entry.published,
        published_raw=entry.published_raw,
        updated=entry.updated,
    )


def _samples(parsed: ParsedFeed, context: Context) -> list[Sample | None]:
    if not is_language_guessed(parsed.head, context):
        return [None] * len(parsed.entries)
    return list(entry_samples(parsed.entries))


def _is_sound(parsed: ParsedFeed) -> bool:
    is_xml = parsed.dialect.startswith(("rss", "atom"))
    return is_xml and parsed.encoding == "utf-8" and parsed.complete and not parsed.bozo


def _is_steady(parsed: ParsedEntry, entry: Entry, now: datetime) -> bool:
    """Whether the entry would be read the same at any later time, and be told apart by what a trace keeps of it."""
    words = [one.value for one in (*parsed.published, *parsed.updated) if one.value.strip()]
    dates = [date for date in (entry.published, entry.updated) if date is not None]
    return (
        bool(entry.id or entry.link)
        and all(_YEAR.search(word) and not _AGO.search(word) for word in words)
        and all(date <= now for date in dates)
    )


def _inherited(feed: Feed) -> str:
    own_title = "title" in feed.provenance
    return _hash((feed.id, feed.title, own_title, feed.language, feed.site_url, feed.rights, feed.authors))


def _order(slices: Slices) -> str:
    return _hash(slices.digests)


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _still_true(notes: Iterable[Diagnostic], known: Iterable[Trace]) -> list[Diagnostic]:
    """What was said of entries that are still there; what concerns the feed is found anew."""
    entries = [trace.entry for trace in known]
    names = {name for entry in entries for name in (entry.id, entry.link, entry.title) if name}
    return [note for note in notes if note.entry in names]


def _bounded(notes: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    counts = Counter[str]()
    kept = []
    for note in dict.fromkeys(notes):
        counts[note.name] += 1
        if counts[note.name] <= MAX_PER_NAME:
            kept.append(note)
    return tuple(kept)


def dump(traces: Traces, *, entries: int, span: float, settled: bool) -> bytes:
    """As storage keeps it: one line for `same`, the rest packed.

    `entries` and `span` are what the visit told of the document. `settled`: the same document once more would change
    nothing at all, not even what is remembered of the source.
    """
    glance = {
        "about": traces.circumstances,
        "head": traces.head,
        "order": traces.order,
        "settled": settled and traces.has_all,
        "entries": entries,
        "span": span,
        "notes": [(note.name, note.message, note.entry) for note in traces.notes],
    }
    rest = {
        "lasting": traces.lasting,
        "inherited": traces.inherited,
        "known": [_row(digest, trace) for digest, trace in traces.known.items()],
    }
    return _json(glance) + b"\n" + zlib.compress(_json(rest), 1)


def same(data: bytes, about: str, slices: Slices) -> Same | None:
    """Whether the document is, entry by entry, the one that left these traces, and that one was settled."""
    try:
        glance = json.loads(data.partition(b"\n")[0])
        wanted = (about, slices.head, _order(slices), True)
        if (glance["about"], glance["head"], glance["order"], glance["settled"]) != wanted:
            return None
        return Same(entries=glance["entries"], span=glance["span"], notes=_notes(glance))
    except (ValueError, KeyError, TypeError):
        return None


def load(data: bytes, about: str, slices: Slices) -> Traces | None:
    """What was kept, if it is of use for this document: same circumstances, same lasting head."""
    try:
        glance, _, packed = data.partition(b"\n")
        first = json.loads(glance)
        if first["about"] != about:
            return None
        rest = json.loads(zlib.decompress(packed))
        if rest["lasting"] != slices.lasting:
            return None
        return Traces(
            circumstances=about,
            head=first["head"],
            lasting=rest["lasting"],
            inherited=rest["inherited"],
            order=first["order"],
            known=dict(map(_trace, rest["known"])),
            notes=_notes(first),
        )
    except (zlib.error, ValueError, KeyError, TypeError):
        return None


def _json(table: Mapping[str, Any]) -> bytes:
    return json.dumps(table, separators=(",", ":")).encode()


def _notes(table: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(name=name, message=words, entry=entry) for name, words, entry in table["notes"])


def _row(digest: str, trace: Trace) -> list[Any]:
    one = trace.entry
    dates = [_micros(one.published), one.published_raw, _micros(one.updated)]
    return [digest, trace.fingerprint, trace.sample, one.id, one.link, one.title, one.title_is_generated, *dates]


def _trace(row: list[Any]) -> tuple[str, Trace]:
    digest, print_, sample, id_, link, title, is_generated, published, raw, updated = row
    entry = Entry(
        id=id_,
        link=link,
        title=title,
        title_is_generated=is_generated,
        published=_instant(published),
        published_raw=raw,
        updated=_instant(updated),
    )
    return digest, Trace(entry=entry, fingerprint=print_, sample=(sample[0], sample[1]) if sample else None)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + micros * _MICROSECOND
