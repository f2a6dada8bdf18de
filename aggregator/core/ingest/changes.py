"""What a document changes: its entries against the fingerprints of those stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.core.ingest.identity import KeyedEntry
from aggregator.core.model import Comments, Entry
from aggregator.core.stored_keys import STORED_KEYS, Keys, StoredJson

FUTURE_TOLERANCE = timedelta(minutes=10)
"""How far ahead of us a publisher's clock may be (rule D6)."""
SIGNIFICANT_CHARACTERS = 50
SIGNIFICANT_SHARE = 0.05
_COUNTERS = frozenset({"community", "hit_parade"})
"""Elements of Media RSS and slash that count readers: another number is no revision."""


HASHED_KEYS: Keys = {
    **STORED_KEYS,
    Entry: {
        **STORED_KEYS[Entry],
        "published": None,
        "published_raw": None,
        "updated": None,
        "provenance": None,
        "raw": None,
    },
    Comments: {**STORED_KEYS[Comments], "count": None},
}
"""What a fingerprint is made of. A change of it revises stored entries."""
_ENTRY = StoredJson(Entry, HASHED_KEYS)


def fingerprint(entry: Entry) -> str:
    """A hash of all that makes an entry differ for its readers, hex.

    It is made of the entry's JSON under its stored keys, so that a renamed field keeps it. Left out: dates (some
    sources write the moment of rendering, rules D7 and D9; `diff` handles them), counts of comments, views and votes,
    how fields were found. Fields at their default are not hashed, so that a new field does not make every stored entry
    look revised.
    """
    if any(one.name in _COUNTERS for one in entry.foreign):
        entry = replace(entry, foreign=tuple(one for one in entry.foreign if one.name not in _COUNTERS))
    return hashlib.sha256(_ENTRY.dump(entry)).hexdigest()[:40]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """An entry that is not stored."""

    keyed: KeyedEntry
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """New content, a new key, or both, for the entry stored under `old_key`."""

    old_key: str
    keyed: KeyedEntry
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """`new` in document order; `revised` has other content; `renamed` the same content under another key.

    `moved` counts the stored entries that now say another date of publication (rule D7).
    """

    new: tuple[Addition, ...] = ()
    revised: tuple[Change, ...] = ()
    renamed: tuple[Change, ...] = ()
    unchanged: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """What of a stored entry is compared."""

    fingerprint: str
    published: datetime | None


def diff(
    entries: Iterable[KeyedEntry],
    stored: Mapping[str, StoredVersion],
    old_keys: Mapping[str, str],
    *,
    dates_are_stable: bool = True,
    fingerprint_of: Callable[[Entry], str] = fingerprint,
) -> Changes:
    """Compare with what is stored by key; `old_keys` gives the stored key of entries known by another (rule I4).

    An entry is revised if its content differs, or if its source now dates it earlier (rule D8), unless that source's
    dates are known to move by themselves (rule D7). `fingerprint_of` gives an entry's fingerprint.
    """
    new: list[Addition] = []
    revised: list[Change] = []
    renamed: list[Change] = []
    unchanged = moved = 0
    for keyed in entries:
        old_key, digest = old_keys.get(keyed.key, keyed.key), fingerprint_of(keyed.entry)
        before = stored.get(old_key)
        if before is None:
            new.append(Addition(keyed=keyed, fingerprint=digest))
            continue
        shift = _shift(keyed.entry.published, before.published)
        moved += shift != 0
        if before.fingerprint != digest or (shift < 0 and dates_are_stable):
            revised.append(Change(old_key=old_key, keyed=keyed, fingerprint=digest))
        elif old_key != keyed.key:
            renamed.append(Change(old_key=old_key, keyed=keyed, fingerprint=digest))
        else:
            unchanged += 1
    return Changes(new=tuple(new), revised=tuple(revised), renamed=tuple(renamed), unchanged=unchanged, moved=moved)


def _shift(now: datetime | None, before: datetime | None) -> int:
    """Whole seconds by which a date of publication moved; 0 if either is missing."""
    return int((now - before).total_seconds()) if now and before else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The instants an entry is stored and published with."""

    published: datetime | None
    updated: datetime
    sort_date: datetime


def first_dates(entry: Entry, *, position: int, first_seen: datetime) -> Dates:
    """Dates of a new entry: missing ones sort by document order (rule D4), future ones count as seen now (rule D6)."""
    published = entry.published
    if published is not None and published > first_seen + FUTURE_TOLERANCE:
        published = first_seen
    updated = entry.updated or published or first_seen
    if updated > first_seen + FUTURE_TOLERANCE:
        updated = first_seen
    return Dates(
        published=published,
        updated=updated,
        sort_date=published or first_seen - timedelta(seconds=position),
    )


def revised_dates(
    entry: Entry, *, published: datetime | None, updated: datetime, now: datetime, is_significant: bool
) -> Dates:
    """Dates of a revision: published only moves earlier (rule D8); updated by rule D9. `sort_date` stays."""
    if entry.published is not None and (published is None or entry.published < published):
        published = entry.published if entry.published <= now + FUTURE_TOLERANCE else published
    if entry.updated is not None and entry.updated <= now + FUTURE_TOLERANCE:
        updated = max(updated, entry.updated)
    elif entry.updated is None and is_significant:
        updated = now
    return Dates(published=published, updated=updated, sort_date=published or now)


def is_significant(before: str, after: str) -> bool:
    """Whether visible text changed by more than 50 characters or 5 % (rule D9), common beginning and end left out."""
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    rest = shorter - head
    tail = next((i for i in range(rest) if before[-1 - i] != after[-1 - i]), rest)
    changed = max(len(before), len(after)) - head - tail
    return changed > SIGNIFICANT_CHARACTERS or changed > SIGNIFICANT_SHARE * max(len(before), 1)
