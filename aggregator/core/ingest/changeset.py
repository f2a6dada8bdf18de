"""From a document to what the store is asked to record. Pure: everything it needs to know is passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.core.addresses import OUTPUT_FOLDERS, PRODUCT, path_url
from aggregator.core.charset.decode import Decoded
from aggregator.core.config.rules import JsonRules, PageRules
from aggregator.core.document import Document, Validators
from aggregator.core.errors import ParseError, Reason
from aggregator.core.html.clean import visible_text
from aggregator.core.ingest import changes, identity
from aggregator.core.ingest.takeover import feed_identity, is_takeover
from aggregator.core.model import CategoryPath, Diagnostic, Entry, Feed, SourceId, StoredEntry
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.outcome import Updated
from aggregator.core.parse.documents import parse_document
from aggregator.core.parse.parsed import ParsedFeed
from aggregator.core.plain_hash import plain_hash
from aggregator.core.records import KnownEntry, NewEntry, Revision
from aggregator.core.select.category_paths import own_paths
from aggregator.core.source_state import IdentityMode, PollState
from aggregator.core.urls import urls

ALIAS_STREAK = 3
"""After so many visits at which most entries had new guids and old links, the source is keyed by link (rule I11)."""


def read(
    document: Document, context: Context, encoding: str | None, rules: PageRules | JsonRules | None = None
) -> NormalisedFeed:
    """Parse and normalise. Raises ParseError."""
    return normalise(parse(document, encoding, rules), context)


def parse(
    document: Document,
    encoding: str | None,
    rules: PageRules | JsonRules | None = None,
    decoded: Decoded | None = None,
) -> ParsedFeed:
    """`parse_document`, for those who believe no broken document that shows nothing. Raises ParseError."""
    parsed = parse_document(document, encoding=encoding, rules=rules, decoded=decoded)
    if not parsed.entries and (parsed.bozo or not parsed.complete):
        # an empty feed is a feed; a broken one without entries is not to be believed
        raise ParseError(document.url, Reason.BROKEN, "it is broken XML, and no entry in it can be read")
    return parsed


def refuse_own(feed: Feed, *, subject: str, site_url: str) -> None:
    """Raises ParseError for a feed that this very site publishes: it would feed on itself (rule R7).

    JSON Feed has no word for who wrote it, so an address of its own below ours is enough.
    """
    own = feed.self_url or subject
    place = urls.origin_of(own)
    is_made_here = feed.generator == PRODUCT and place is not None and place == urls.origin_of(site_url)
    if is_made_here or own.startswith(tuple(path_url(site_url, folder) for folder in OUTPUT_FOLDERS)):
        words = "it is an output of this program; take it out of feeds.toml and name the sources it is made of"
        raise ParseError(subject, Reason.OWN_OUTPUT, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A reading's entries by what has to be done with them. `state` is the source's, as far as these tell it."""

    changes: changes.Changes
    state: PollState
    entries: int
    known: int
    diagnostics: tuple[Diagnostic, ...]


def keying(
    reading: NormalisedFeed,
    state: PollState,
    *,
    feed_host: str | None,
    text_key_of: Callable[[Entry], str] = identity.text_key,
) -> identity.KeyAssignment:
    """The reading's entries under the keys that the source needs by now (rules I1 to I3 and I11)."""
    changing = state.identity is IdentityMode.ID and state.alias_streak >= ALIAS_STREAK
    mode = IdentityMode.LINK if changing else state.identity
    keys = identity.assign_keys(reading.entries, mode, feed_host=feed_host, text_key_of=text_key_of)
    return replace(keys, diagnostics=(*keys.diagnostics, _CHANGING)) if changing else keys


_CHANGING = Diagnostic(
    name="changing-guid",
    message="the source gives its entries new guids at every visit; they are now told apart by their links",
)


def sort_out(
    reading: NormalisedFeed,
    keys: identity.KeyAssignment,
    stored: Mapping[str, KnownEntry],
    state: PollState,
    print_of: Callable[[Entry], str] = changes.fingerprint,
) -> ChangeSet:
    """Find which entries are new, revised or known by another name (rule I4). `print_of` gives their fingerprints."""
    names = identity.recognise(keys.entries, {key: _remembered(key, known) for key, known in stored.items()})
    filed = {key: changes.StoredVersion(fingerprint=k.fingerprint, published=k.published) for key, k in stored.items()}
    found = changes.diff(keys.entries, filed, names, dates_are_stable=not state.unstable_dates, print_of=print_of)
    most = 2 * len(names) > len(keys.entries)
    moving = state.moving_dates + 1 if found.moved else 0
    after = replace(
        state,
        identity=keys.mode,
        alias_streak=state.alias_streak + 1 if most else 0,
        moving_dates=moving,
        unstable_dates=state.unstable_dates or moving >= MOVING_DATES,
    )
    return ChangeSet(
        changes=found,
        state=after,
        entries=len(keys.entries),
        known=len(keys.entries) - len(found.new),
        diagnostics=(*reading.diagnostics, *keys.diagnostics, *_noticed(keys, names, after)),
    )


MOVING_DATES = 2
"""Polls in a row with another date for the same entry, after which a source's first dates stay (rule D7)."""
MANY = 5
"""So many entries with one date are no coincidence."""


def _noticed(keys: identity.KeyAssignment, names: Mapping[str, str], state: PollState) -> Iterator[Diagnostic]:
    """What only the whole document beside the stored entries tells."""
    known = sum(not key.startswith("made:") for key in names)
    if known:
        words = f"{known} entries came under new ids; links, titles and dates say that they are known ones"
        yield Diagnostic(name="guid-changed", message=words)
    if state.unstable_dates:
        words = "the source gives the same entries other dates at every visit; the first date of each is kept"
        yield Diagnostic(name="unstable-dates", message=words)
    dates = {keyed.entry.published for keyed in keys.entries}
    if len(keys.entries) >= MANY and len(dates) == 1 and None not in dates:
        yield Diagnostic(name="dates-equal", message="all entries have the same date; the document's order tells more")


def refuse_takeover(found: ChangeSet, feed: Feed, state: PollState, *, subject: str) -> None:
    """Raises ParseError where title, site and all entries are others than before (rule R6)."""
    now = feed_identity(feed)
    if is_takeover(state.owner, now, entries=found.entries, new=len(found.changes.new)):
        words = (
            f"it seems to be somebody else's now: {feed.title[:80]!r} of {now.site}, without an entry that was there "
            f"before; nothing of it was taken. If it is wanted: aggregator poll --accept --source {state.source}"
        )
        raise ParseError(subject, Reason.OWNER_CHANGED, words)


def rekey(
    entries: Iterable[StoredEntry], stored: Mapping[str, KnownEntry], mode: IdentityMode
) -> dict[str, KnownEntry]:
    """What is stored, by the keys of another mode (rule I3). Where two would share one, the later keeps its old key."""
    by_seq = {known.seq: known for known in stored.values()}
    result: dict[str, KnownEntry] = {}
    for entry in sorted(entries, key=lambda e: e.seq):
        known = by_seq[entry.seq]
        key = identity.entry_key(entry.entry, mode, known.link_key)
        result[key if key not in result else known.key] = known
    return result


def drafts(
    additions: Sequence[changes.Addition],
    *,
    source: SourceId,
    authority: str,
    year: str,
    taken: Iterable[str],
    now: datetime,
) -> tuple[NewEntry, ...]:
    """New entries ready to be stored, the oldest first, so that the youngest is added last (rule W8)."""
    used = set(taken)
    made = []
    for addition in additions:
        keyed = addition.keyed
        public = identity.public_id(keyed.entry, keyed.key, source=source, authority=authority, year=year, taken=used)
        used.add(public)
        dates = changes.first_dates(keyed.entry, position=keyed.position, first_seen=now)
        made.append(
            NewEntry(
                key=keyed.key,
                public_id=public,
                link_key=keyed.link_key,
                paths=own_paths(keyed.entry),
                first_seen=now,
                published=dates.published,
                updated=dates.updated,
                sort_date=dates.sort_date,
                fingerprint=addition.fingerprint,
                entry=keyed.entry,
            )
        )
    made.reverse()
    return tuple(sorted(made, key=lambda draft: draft.sort_date))


def revision(change: changes.Change, known: KnownEntry, before: Entry, *, now: datetime) -> Revision:
    """A stored entry's new content; its dates move only as rules D8 and D9 allow."""
    entry = change.keyed.entry
    significant = entry.updated is None and changes.is_significant(_text(before), _text(entry))
    dates = changes.revised_dates(
        entry, published=known.published, updated=known.updated, now=now, is_significant=significant
    )
    return Revision(
        seq=known.seq,
        key=change.keyed.key,
        link_key=change.keyed.link_key,
        paths=own_paths(entry),
        changed_at=now,
        published=dates.published,
        updated=dates.updated,
        fingerprint=change.fingerprint,
        entry=entry,
    )


def updated(document: Document, reading: NormalisedFeed, sorted_: ChangeSet, *, now: datetime) -> Updated:
    """The outcome of a visit that brought a document. A broken-off one leaves no validators behind (rule P2)."""
    dates = [e.published for e in reading.entries if e.published and e.published <= now]
    return Updated(
        url=document.url,
        validators=document.validators if reading.complete else Validators(),
        body_hash=document.body_hash if reading.complete else None,
        headers=dict(document.headers),
        hints=reading.feed.hints,
        permanent_url=document.permanent_url,
        entries=sorted_.entries,
        known=sorted_.known,
        new=len(sorted_.changes.new),
        revised=len(sorted_.changes.revised),
        arrivals=tuple(a.keyed.entry.published or now for a in sorted_.changes.new),
        size=len(document.body),
        span=(max(dates) - min(dates)).total_seconds() if dates else 0.0,
    )


def changed_paths(sorted_: ChangeSet, before: Iterable[Entry]) -> list[CategoryPath]:
    """Own category paths of everything that is new or revised; `before` is what the revised entries were."""
    keyed = [a.keyed for a in sorted_.changes.new] + [c.keyed for c in sorted_.changes.revised]
    return [path for entry in (*(k.entry for k in keyed), *before) for path in own_paths(entry)]


def attribution(feed: Feed) -> str:
    """A hash of what outputs say of the feed in each of its entries: when it changes, all of them look different."""
    said = (feed.id, feed.title, feed.self_url or feed.poll_url, feed.site_url, feed.rights)
    return plain_hash(said, digits=16)


def _text(entry: Entry) -> str:
    return entry.title + "\n" + visible_text(entry.content or entry.summary or "")


def _remembered(key: str, known: KnownEntry) -> identity.StoredIdentity:
    return identity.StoredIdentity(
        seq=known.seq, key=key, title=known.title, published=known.published, link_key=known.link_key
    )
