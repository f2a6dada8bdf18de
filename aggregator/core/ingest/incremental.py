"""Reading a document: from beginning to end, or only where it differs from the one before. Pure.

The second takes three steps, so that the expensive one can run in a worker process: `compare_slices` with the cache,
`read_new_slices` and `merge`. `read_changes` does all three.
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
    load_cache,
    pack,
    unmodified,
)
from aggregator.core.model import Diagnostic, Entry, Feed
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.normalise.context import MAX_PER_NAME
from aggregator.core.normalise.head import SAMPLED_ENTRIES, entry_samples, is_language_guessed
from aggregator.core.normalise.language import Sample
from aggregator.core.parse.documents import decode_document, parse_document
from aggregator.core.parse.parsed import ParsedFeed, ParsedHead
from aggregator.core.slices.slices import PartialDocument, Slices, cut, entries_per_slice, raw_slices

Samples = tuple[Sample | None, ...]
CachedEntries = tuple[CachedEntry, ...] | None
"""The entries of a slice to be cached; None if it must not be cached."""

_NO_FILES = ParsedFeed(dialect="files", head=ParsedHead())


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A document compared with the cache of the one before: it has to be read in part."""

    slices: Slices
    cache: EntryCache
    rest: PartialDocument
    """What has to be read: the document without the slices that are cached."""

    @property
    def leading(self) -> tuple[Samples | None, ...]:
        """Language samples of the first slices; None for one that has to be read first."""
        found: list[Samples | None] = []
        count = 0
        for digest in self.slices.digests:
            known = self.cache.known.get(digest)
            found.append(None if known is None else tuple(one.sample for one in known))
            count += len(known or ())
            if count >= SAMPLED_ENTRIES:
                break
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSlices:
    """The slices of a document that were not cached, read."""

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

    An empty feed is valid; but a broken one without a readable entry may have had some.
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
    """Parse and normalise everything. Raises ParseError.

    `about` is the hash of the circumstances (`entry_cache.circumstances`); without it nothing is cached.
    """
    decoded = None if document.parts else decode_document(document, encoding=encoding, rules=rules)
    parsed = parse(document, encoding, rules, decoded)
    samples = None if about is None else _samples(parsed, context)
    normalised = normalise(parsed, replace(context, samples=samples and samples[:SAMPLED_ENTRIES]))
    fingerprints = tuple(map(fingerprint, normalised.entries))
    whole = DocumentReading(normalised=normalised, fingerprints=fingerprints, stand_ins={})
    found = cut(document, decoded) if about is not None else None
    counts = entries_per_slice(document, parsed, len(found.slices.digests)) if found else None
    if found is None or about is None or counts is None:
        return whole
    slices = found.slices
    by_slice = _cached_by_slice(document, parsed, normalised, fingerprints, counts, samples or (), context)
    known = {digest: cached for digest, cached in zip(slices.digests, by_slice, strict=True) if cached is not None}
    return replace(whole, cache_update=pack(slices, about, _inherited(normalised.feed), known, normalised.diagnostics))


def read_changes(
    document: Document, data: bytes, about: str, context: Context, encoding: str | None
) -> Unmodified | DocumentReading | None:
    """Read what differs from the cache `data` of the document before; None if all has to be read. Never raises."""
    found = compare_slices(document, data, about, encoding)
    if not isinstance(found, Comparison):
        return found
    fresh = read_new_slices(found.rest, context, encoding, found.leading, found.cache.inherited)
    return merge(found, fresh, about) if fresh else None


def compare_slices(document: Document, data: bytes, about: str, encoding: str | None) -> Unmodified | Comparison | None:
    """What has to be read of the document; None: the whole. Never raises.

    What did not change is found to be so before it is decoded.
    """
    seen = raw_slices(document)
    if seen and (settled := unmodified(data, about, seen.slices)):
        return settled
    try:
        decoded = None if document.parts else decode_document(document, encoding=encoding)
    except ParseError:
        return None
    found = cut(document, decoded, seen)
    if found is None:
        return None
    slices = found.slices
    if settled := unmodified(data, about, slices):
        return settled
    cache = load_cache(data, about, slices)
    if cache is None:
        return None
    known = {position for position, digest in enumerate(slices.digests) if digest in cache.known}
    return Comparison(slices=slices, cache=cache, rest=found.without(known)) if known else None


def read_new_slices(
    rest: PartialDocument, context: Context, encoding: str | None, leading: tuple[Samples | None, ...], inherited: str
) -> NewSlices | None:
    """Parse and normalise the slices that are not cached. Never raises.

    None if it is not certain that their entries are what they would be in the whole document. `leading` are the
    language samples of its first slices, `inherited` the hash of what entries took from the feed's own fields.
    """
    try:
        parsed = parse(rest.document, encoding, None, rest.decoded) if rest.count or rest.decoded else _NO_FILES
    except ParseError:
        return None
    counts = entries_per_slice(rest.document, parsed, rest.count)
    if counts is None:
        return None
    samples = _samples(parsed, context)
    normalised = normalise(parsed, replace(context, samples=_first_samples(leading, samples, counts)))
    if _inherited(normalised.feed) != inherited:
        return None
    fingerprints = tuple(map(fingerprint, normalised.entries))
    cached = _cached_by_slice(rest.document, parsed, normalised, fingerprints, counts, samples, context)
    return NewSlices(normalised=normalised, fingerprints=fingerprints, counts=counts, cached=tuple(cached))


def merge(found: Comparison, fresh: NewSlices, about: str) -> DocumentReading:
    """The whole document: the entries that were read, and stand-ins for the others."""
    slices, known = found.slices, found.cache.known
    read = iter(zip(fresh.normalised.entries, fresh.fingerprints, strict=True))
    shared = iter(zip(fresh.counts, fresh.cached, strict=True))
    both: list[tuple[Entry, str]] = []
    stand_ins, kept = dict[int, CachedEntry](), dict[str, tuple[CachedEntry, ...]]()
    for digest in slices.digests:
        if digest in known:
            cached: CachedEntries = known[digest]
            stand_ins |= dict(enumerate(known[digest], start=len(both)))
            both += [(one.entry, one.fingerprint) for one in known[digest]]
        else:
            count, cached = next(shared)
            both += [next(read) for _ in range(count)]
        if cached is not None:
            kept[digest] = cached
    old = _still_true(found.cache.notes, slices, known)
    notes = (*old, *(note for note in fresh.normalised.diagnostics if note.name != "no-entries" or not both))
    normalised = replace(fresh.normalised, entries=tuple(entry for entry, _ in both), diagnostics=_bounded(notes))
    return DocumentReading(
        normalised=normalised,
        fingerprints=tuple(digest for _, digest in both),
        stand_ins=stand_ins,
        cache_update=pack(slices, about, found.cache.inherited, kept, normalised.diagnostics),
    )


def _cached_by_slice(
    document: Document,
    parsed: ParsedFeed,
    normalised: NormalisedFeed,
    fingerprints: Iterable[str],
    counts: tuple[int, ...],
    samples: Iterable[Sample | None],
    context: Context,
) -> Iterator[CachedEntries]:
    """What is cached of each slice that was read."""
    rows = zip(parsed.entries, normalised.entries, fingerprints, samples, strict=True)
    faulty = [part.url in parsed.faulty for part in document.parts] or [False] * len(counts)
    for count, is_faulty in zip(counts, faulty, strict=True):
        entries = [cached_entry(*next(rows), now=context.fetched_at) for _ in range(count)]
        cached = tuple(entry for entry in entries if entry is not None)
        yield cached if len(cached) == count and not is_faulty else None


def _samples(parsed: ParsedFeed, context: Context) -> Samples:
    if not is_language_guessed(parsed.head, context):
        return (None,) * len(parsed.entries)
    return tuple(entry_samples(parsed.entries))


def _first_samples(leading: tuple[Samples | None, ...], samples: Samples, counts: tuple[int, ...]) -> Samples:
    """The language samples of the first entries of the whole document."""
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
    """Diagnostics of slices and entries that are still there; those of the feed itself are made again."""
    entries = [one.entry for cached in known.values() for one in cached]
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
