"""How a document is read: from beginning to end, or by what differs from the one before. Pure.

The second in three steps, so that each can be done where it is no hindrance: `look` what was left by the one before,
`read_rest`, which is the costly one, and `put_together`. `reread` is all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from aggregator.core.charset.decode import Decoded
from aggregator.core.config.rules import JsonRules, PageRules
from aggregator.core.document import Document
from aggregator.core.errors import ParseError, Reason
from aggregator.core.ingest.changes import fingerprint
from aggregator.core.ingest.entry_cache import (
    CachedEntry,
    DocumentReading,
    EntryCache,
    Unmodified,
    cached_entry,
    hashed,
    leave,
    load,
    same,
)
from aggregator.core.model import Diagnostic, Entry, Feed
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.normalise.context import MAX_PER_NAME
from aggregator.core.normalise.head import SAMPLED_ENTRIES, entry_samples, is_language_guessed
from aggregator.core.normalise.language import Sample
from aggregator.core.parse.documents import decode_document, parse_document
from aggregator.core.parse.parsed import ParsedFeed, ParsedHead
from aggregator.core.slices.slices import Rest, Slices, cut, raw_slices, shares

Samples = tuple[Sample | None, ...]
CachedEntries = tuple[CachedEntry, ...] | None
"""What a slice that was read leaves: the traces of its entries; None if nothing may stay of it."""

_NO_FILES = ParsedFeed(dialect="files", head=ParsedHead())


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A document beside what stayed of the one before: it has to be read in part."""

    slices: Slices
    cache: EntryCache
    rest: Rest
    """Without the slices that left traces."""

    @property
    def leading(self) -> tuple[Samples | None, ...]:
        """What the slices at the top tell of the feed's language; None for one that has to be read first."""
        found: list[Samples | None] = []
        count = 0
        for digest in self.slices.digests:
            known = self.cache.known.get(digest)
            found.append(None if known is None else tuple(trace.sample for trace in known))
            count += len(known or ())
            if count >= SAMPLED_ENTRIES:
                break
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSlices:
    """The rest of a document, read."""

    normalised: NormalisedFeed
    fingerprints: tuple[str, ...]
    counts: tuple[int, ...]
    """How many entries each slice gave."""
    cached: tuple[CachedEntries, ...]


def parse(
    document: Document,
    encoding: str | None,
    rules: PageRules | JsonRules | None = None,
    decoded: Decoded | None = None,
) -> ParsedFeed:
    """`parse_document`, but a broken document without entries is refused. Raises ParseError (Reason.BROKEN for that).

    An empty feed is a feed; where no entry of a broken one can be read, nothing tells that it has none.
    """
    parsed = parse_document(document, encoding=encoding, rules=rules, decoded=decoded)
    if not parsed.entries and (parsed.bozo or not parsed.complete):
        raise ParseError(document.url, Reason.BROKEN, "it is broken XML, and no entry in it can be read")
    return parsed


def read(
    document: Document, context: Context, encoding: str | None, rules: PageRules | JsonRules | None = None
) -> NormalisedFeed:
    """Parse and normalise a document, where nothing is known of an earlier one. Raises ParseError."""
    return normalise(parse(document, encoding, rules), context)


def read_whole(
    document: Document,
    context: Context,
    encoding: str | None,
    rules: PageRules | JsonRules | None,
    about: str | None = None,
) -> DocumentReading:
    """Parse and normalise everything. Raises ParseError. With `about`, the circumstances, traces are taken."""
    decoded = None if document.parts else decode_document(document, encoding=encoding, rules=rules)
    parsed = parse(document, encoding, rules, decoded)
    samples = None if about is None else _samples(parsed, context)
    normalised = normalise(parsed, replace(context, samples=samples and samples[:SAMPLED_ENTRIES]))
    prints = tuple(map(fingerprint, normalised.entries))
    whole = DocumentReading(normalised=normalised, fingerprints=prints, stand_ins={})
    found = cut(document, decoded) if about is not None else None
    counts = shares(document, parsed, len(found.slices.digests)) if found else None
    if found is None or about is None or counts is None:
        return whole
    slices = found.slices
    cached = _gifts(document, parsed, normalised, prints, counts, samples or (), context)
    known = {digest: gift for digest, gift in zip(slices.digests, cached, strict=True) if gift is not None}
    return replace(whole, cache_update=leave(slices, about, _inherited(normalised.feed), known, normalised.diagnostics))


def reread(
    document: Document, data: bytes, about: str, context: Context, encoding: str | None
) -> Unmodified | DocumentReading | None:
    """The document by what differs from the one that left `data`; None if the whole has to be read. Never raises."""
    found = look(document, data, about, encoding)
    if not isinstance(found, Comparison):
        return found
    fresh = read_rest(found.rest, context, encoding, found.leading, found.cache.inherited)
    return put_together(found, fresh, about) if fresh else None


def look(document: Document, data: bytes, about: str, encoding: str | None) -> Unmodified | Comparison | None:
    """Whether and what has to be read of the document; None: the whole. What did not change need not be decoded."""
    seen = raw_slices(document)
    if seen and (settled := same(data, about, seen.slices)):
        return settled
    try:
        decoded = None if document.parts else decode_document(document, encoding=encoding)
    except ParseError:
        return None
    found = cut(document, decoded, seen)
    if found is None:
        return None
    slices = found.slices
    if settled := same(data, about, slices):
        return settled
    cache = load(data, about, slices)
    if cache is None:
        return None
    known = {position for position, digest in enumerate(slices.digests) if digest in cache.known}
    return Comparison(slices=slices, cache=cache, rest=found.without(known)) if known else None


def read_rest(
    rest: Rest, context: Context, encoding: str | None, leading: tuple[Samples | None, ...], inherited: str
) -> NewSlices | None:
    """Parse and normalise the rest; None if it is not certain that it is what it would be in the whole. Never raises.

    `leading` is what the document's first slices tell of its language, `inherited` what its entries took from the feed.
    """
    try:
        parsed = parse(rest.document, encoding, None, rest.decoded) if rest.count or rest.decoded else _NO_FILES
    except ParseError:
        return None
    counts = shares(rest.document, parsed, rest.count)
    if counts is None:
        return None
    samples = _samples(parsed, context)
    normalised = normalise(parsed, replace(context, samples=_top(leading, samples, counts)))
    if _inherited(normalised.feed) != inherited:
        return None
    prints = tuple(map(fingerprint, normalised.entries))
    cached = _gifts(rest.document, parsed, normalised, prints, counts, samples, context)
    return NewSlices(normalised=normalised, fingerprints=prints, counts=counts, cached=tuple(cached))


def put_together(found: Comparison, fresh: NewSlices, about: str) -> DocumentReading:
    """The whole document: what was read of it, and stand-ins."""
    slices, known = found.slices, found.cache.known
    read = iter(zip(fresh.normalised.entries, fresh.fingerprints, strict=True))
    shared = iter(zip(fresh.counts, fresh.cached, strict=True))
    both: list[tuple[Entry, str]] = []
    stand_ins, stay = dict[int, CachedEntry](), dict[str, tuple[CachedEntry, ...]]()
    for digest in slices.digests:
        if digest in known:
            gift: CachedEntries = known[digest]
            stand_ins |= dict(enumerate(known[digest], start=len(both)))
            both += [(trace.entry, trace.fingerprint) for trace in known[digest]]
        else:
            count, gift = next(shared)
            both += [next(read) for _ in range(count)]
        if gift is not None:
            stay[digest] = gift
    old = _still_true(found.cache.notes, slices, known)
    notes = (*old, *(note for note in fresh.normalised.diagnostics if note.name != "no-entries" or not both))
    normalised = replace(fresh.normalised, entries=tuple(entry for entry, _ in both), diagnostics=_bounded(notes))
    return DocumentReading(
        normalised=normalised,
        fingerprints=tuple(print_ for _, print_ in both),
        stand_ins=stand_ins,
        cache_update=leave(slices, about, found.cache.inherited, stay, normalised.diagnostics),
    )


def _gifts(
    document: Document,
    parsed: ParsedFeed,
    normalised: NormalisedFeed,
    prints: Iterable[str],
    counts: tuple[int, ...],
    samples: Iterable[Sample | None],
    context: Context,
) -> Iterator[CachedEntries]:
    """What each slice of a document that was read leaves."""
    rows = zip(parsed.entries, normalised.entries, prints, samples, strict=True)
    faulty = [part.url in parsed.faulty for part in document.parts] or [False] * len(counts)
    for count, is_faulty in zip(counts, faulty, strict=True):
        left = [cached_entry(*next(rows), now=context.fetched_at) for _ in range(count)]
        traces = tuple(trace for trace in left if trace is not None)
        yield traces if len(traces) == count and not is_faulty else None


def _samples(parsed: ParsedFeed, context: Context) -> Samples:
    if not is_language_guessed(parsed.head, context):
        return (None,) * len(parsed.entries)
    return tuple(entry_samples(parsed.entries))


def _top(leading: tuple[Samples | None, ...], samples: Samples, counts: tuple[int, ...]) -> Samples:
    """What the first entries of the whole document tell of its language."""
    found: list[Sample | None] = []
    position, read = 0, iter(counts)
    for known in leading:
        if known is not None:
            found.extend(known)
            continue
        count = next(read)
        found.extend(samples[position : position + count])
        position += count
    return tuple(found[:SAMPLED_ENTRIES])


def _inherited(feed: Feed) -> str:
    own_title = "title" in feed.provenance
    authors = tuple((one.name, one.email, one.uri, one.is_source) for one in feed.authors)
    return hashed((feed.id, feed.title, own_title, feed.language, feed.site_url, feed.rights, authors))


def _still_true(
    notes: Iterable[Diagnostic], slices: Slices, known: Mapping[str, tuple[CachedEntry, ...]]
) -> list[Diagnostic]:
    """What was said of slices and entries that are still there; what concerns the feed is found anew."""
    entries = [trace.entry for traces in known.values() for trace in traces]
    names = {name for entry in entries for name in (entry.id, entry.link, entry.title) if name}
    names |= {name for name, digest in zip(slices.names, slices.digests, strict=False) if digest in known}
    return [note for note in notes if note.entry in names]


def _bounded(notes: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    counts = Counter[str]()
    kept = []
    for note in dict.fromkeys(notes):
        counts[note.name] += 1
        if counts[note.name] <= MAX_PER_NAME:
            kept.append(note)
    return tuple(kept)
