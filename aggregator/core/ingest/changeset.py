"""Which entries of a document are new, revised or renamed, compared with the stored ones, and their records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.core.html.clean import visible_text
from aggregator.core.ingest import changes, identity
from aggregator.core.model import Diagnostic, Entry, Feed, SourceId
from aggregator.core.normalise import NormalisedFeed
from aggregator.core.plain_hash import plain_hash
from aggregator.core.records import KnownEntry, NewEntry, Revision
from aggregator.core.select.category_paths import own_paths
from aggregator.core.source_state import IdentityMode, PollState

ALIAS_STREAK = 3
"""After so many visits at which most entries had new guids and old links, the source is keyed by link (rule I11)."""
MOVING_DATES = 2
"""Polls in a row with another date for the same entry, after which a source's first dates stay (rule D7)."""
MANY = 5
"""So many entries with one date are no coincidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """The outcome of `compare`."""

    changes: changes.Changes
    state: PollState
    """The source's state, updated with what these entries show of its guids and dates."""
    entries: int
    """In the document, copies left out."""
    known: int
    """Of these, how many were stored already."""
    diagnostics: tuple[Diagnostic, ...]


def assign_keys(
    normalised: NormalisedFeed,
    state: PollState,
    *,
    feed_host: str | None,
    text_key_of: Callable[[Entry], str] = identity.text_key,
) -> identity.KeyAssignment:
    """The entries under the keys that the source needs from now on (rules I1 to I3 and I11)."""
    changing = state.identity is IdentityMode.ID and state.alias_streak >= ALIAS_STREAK
    mode = IdentityMode.LINK if changing else state.identity
    keys = identity.assign_keys(normalised.entries, mode, feed_host=feed_host, text_key_of=text_key_of)
    return replace(keys, diagnostics=(*keys.diagnostics, _CHANGING)) if changing else keys


_CHANGING = Diagnostic(
    name="changing-guid",
    message="the source gives its entries new guids at every visit; they are now told apart by their links",
)


def rekey(contents: Mapping[int, Entry], known: Mapping[str, KnownEntry], mode: IdentityMode) -> dict[str, KnownEntry]:
    """The stored entries by their keys of another mode (rule I3); `contents` is of each, by `seq`.

    Where two would share a key, the later one keeps its old key.
    """
    by_seq = {one.seq: one for one in known.values()}
    result: dict[str, KnownEntry] = {}
    for seq, entry in sorted(contents.items()):
        one = by_seq[seq]
        key = identity.entry_key(entry, mode, one.link_key)
        result[key if key not in result else one.key] = one
    return result


def compare(
    normalised: NormalisedFeed,
    keys: identity.KeyAssignment,
    known: Mapping[str, KnownEntry],
    state: PollState,
    fingerprint_of: Callable[[Entry], str] = changes.fingerprint,
) -> ChangeSet:
    """Find which entries are new, revised or stored under another key (rule I4).

    `known` holds the stored entries by the keys of `keys.mode`; `fingerprint_of` gives an entry's fingerprint.
    """
    old_keys = identity.recognise(keys.entries, {key: _stored_identity(key, one) for key, one in known.items()})
    versions = {
        key: changes.StoredVersion(fingerprint=one.fingerprint, published=one.published) for key, one in known.items()
    }
    found = changes.diff(
        keys.entries, versions, old_keys, dates_are_stable=not state.unstable_dates, fingerprint_of=fingerprint_of
    )
    moving = state.moving_dates + 1 if found.moved else 0
    after = replace(
        state,
        identity=keys.mode,
        alias_streak=state.alias_streak + 1 if 2 * len(old_keys) > len(keys.entries) else 0,
        moving_dates=moving,
        unstable_dates=state.unstable_dates or moving >= MOVING_DATES,
    )
    return ChangeSet(
        changes=found,
        state=after,
        entries=len(keys.entries),
        known=len(keys.entries) - len(found.new),
        diagnostics=(*normalised.diagnostics, *keys.diagnostics, *_comparison_diagnostics(keys, old_keys, after)),
    )


def _comparison_diagnostics(
    keys: identity.KeyAssignment, old_keys: Mapping[str, str], state: PollState
) -> Iterator[Diagnostic]:
    """Diagnostics from comparing the document with the stored entries."""
    known = sum(not key.startswith("made:") for key in old_keys)
    if known:
        words = f"{known} entries came under new ids; links, titles and dates say that they are known ones"
        yield Diagnostic(name="guid-changed", message=words)
    if state.unstable_dates:
        words = "the source gives the same entries other dates at every visit; the first date of each is kept"
        yield Diagnostic(name="unstable-dates", message=words)
    dates = {keyed.entry.published for keyed in keys.entries}
    if len(keys.entries) >= MANY and len(dates) == 1 and None not in dates:
        yield Diagnostic(name="dates-equal", message="all entries have the same date; the document's order tells more")


def new_entries(
    additions: Sequence[changes.Addition],
    *,
    source: SourceId,
    authority: str,
    year: str,
    taken: Iterable[str],
    now: datetime,
) -> tuple[NewEntry, ...]:
    """The records of new entries, the oldest first, so that the newest is added last (rule W8).

    `taken` are the public ids that stored entries of the source have (rule I7); `now` is when they were first seen.
    """
    used = set(taken)
    made = []
    for addition in additions:
        keyed = addition.keyed
        public = identity.public_id(keyed.entry, keyed.key, source=source, authority=authority, year=year, taken=used)
        used.add(public)
        made.append(_new_entry(addition, public, now))
    made.reverse()
    return tuple(sorted(made, key=lambda new: new.sort_date))


def _new_entry(addition: changes.Addition, public_id: str, now: datetime) -> NewEntry:
    keyed = addition.keyed
    dates = changes.first_dates(keyed.entry, position=keyed.position, first_seen=now)
    return NewEntry(
        key=keyed.key,
        public_id=public_id,
        link_key=keyed.link_key,
        paths=own_paths(keyed.entry),
        first_seen=now,
        published=dates.published,
        updated=dates.updated,
        sort_date=dates.sort_date,
        fingerprint=addition.fingerprint,
        entry=keyed.entry,
    )


def revision(change: changes.Change, known: KnownEntry, before: Entry, *, now: datetime) -> Revision:
    """The record of a stored entry's new content; its dates move only as rules D8 and D9 allow."""
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


def attribution(feed: Feed) -> str:
    """A hash of what outputs say of the feed in each of its entries: when it changes, all of them look different."""
    said = (feed.id, feed.title, feed.self_url or feed.poll_url, feed.site_url, feed.rights)
    return plain_hash(said, digits=16)


def _text(entry: Entry) -> str:
    return entry.title + "\n" + visible_text(entry.content or entry.summary or "")


def _stored_identity(key: str, known: KnownEntry) -> identity.StoredIdentity:
    return identity.StoredIdentity(
        seq=known.seq, key=key, title=known.title, published=known.published, link_key=known.link_key
    )
