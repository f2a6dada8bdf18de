"""Which stored entries a document deletes, and which deleted ones it restores (rules W10, W12 and I10). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from aggregator.core.ingest import changeset
from aggregator.core.ingest.changes import Change, Changes, fingerprint
from aggregator.core.ingest.identity import KeyedEntry
from aggregator.core.normalise import Deletion, NormalisedFeed
from aggregator.core.records import KnownEntry, Removal, RemovalOrigin, Revision


def removals(
    normalised: NormalisedFeed,
    entries: Iterable[KeyedEntry],
    found: Changes,
    stored: Mapping[str, KnownEntry],
    *,
    now: datetime,
) -> tuple[Removal, ...]:
    """The stored entries that this document deletes: by a tombstone, or by not being in a complete document.

    Vanishing from any other document is no deletion: the entry has left the source's window.
    """
    keyed = list(entries)
    named = _by_tombstone(normalised.deleted, keyed, stored, now=now)
    vanished = _absent(keyed, found, stored) if normalised.feed.whole and normalised.complete and keyed else set()
    made = dict.fromkeys(vanished, RemovalOrigin.VANISHED) | dict.fromkeys(named, RemovalOrigin.SOURCE)
    return tuple(Removal(seq=seq, at=now, origin=origin) for seq, origin in sorted(made.items()))


def _by_tombstone(
    deletions: Iterable[Deletion], entries: Iterable[KeyedEntry], stored: Mapping[str, KnownEntry], *, now: datetime
) -> set[int]:
    """`seq` of entries with a tombstone, unless they were updated after its instant (RFC 6721, section 3)."""
    by_public_id = {known.public_id: known for known in stored.values()}
    here = {one.key: one.entry.updated for one in entries}
    found = set()
    for deletion in deletions:
        known = stored.get(deletion.ref) or by_public_id.get(deletion.ref)
        if known is None or known.deleted_at is not None:
            continue
        updated = here.get(known.key) or known.updated
        if updated <= (deletion.when or now):
            found.add(known.seq)
    return found


def _absent(entries: Iterable[KeyedEntry], found: Changes, stored: Mapping[str, KnownEntry]) -> set[int]:
    keys = {one.key for one in entries} | {change.old_key for change in (*found.revised, *found.renamed)}
    present = {stored[key].seq for key in keys if key in stored}
    return {known.seq for known in stored.values() if known.deleted_at is None} - present


def deleted_here(entries: Iterable[KeyedEntry], stored: Mapping[str, KnownEntry]) -> dict[int, KeyedEntry]:
    """The entries of the document that are stored as deleted, by `seq`."""
    known = ((stored.get(one.key), one) for one in entries)
    return {found.seq: one for found, one in known if found is not None and found.deleted_at is not None}


def restored(
    entries: Mapping[int, KeyedEntry],
    removals: Mapping[int, Removal],
    stored: Mapping[str, KnownEntry],
    *,
    now: datetime,
) -> list[Revision]:
    """Those of `deleted_here` that come back: updated after the deletion, or in a complete document again (rule I10).

    One that had only vanished gets a new `updated`, since outputs have shown a tombstone of it.
    """
    revisions = []
    for seq, one in entries.items():
        removal, updated = removals.get(seq), one.entry.updated
        if removal is None:
            continue
        is_back = removal.origin is RemovalOrigin.VANISHED
        if not is_back and (updated is None or updated <= removal.at):
            continue
        change = Change(old_key=one.key, keyed=one, fingerprint=fingerprint(one.entry))
        revision = changeset.revision(change, stored[one.key], one.entry, now=now)
        revisions.append(replace(revision, updated=max(revision.updated, now)) if is_back else revision)
    return revisions
