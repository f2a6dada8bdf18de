"""First half of the decision about a document: what it changes in the stored entries. Pure.

`decide` says what is new, revised, renamed, deleted or brought back, and what has to be loaded before `complete` can
make the records of it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.addresses import OUTPUT_FOLDERS, PRODUCT, path_url
from aggregator.core.errors import ParseError, Reason
from aggregator.core.ingest import changeset, deletions
from aggregator.core.ingest.changeset import ChangeSet
from aggregator.core.ingest.entry_cache import DocumentReading
from aggregator.core.ingest.identity import KeyedEntry
from aggregator.core.ingest.takeover import refuse_takeover
from aggregator.core.model import Entry, Feed, SourceId
from aggregator.core.records import KnownEntry, Removal, WantedContents
from aggregator.core.source_state import IdentityMode, PollState
from aggregator.core.urls import urls


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitContext:
    """What is known of a visit before anything is fetched."""

    source: SourceId
    address: str
    """The source's configured address; errors name it."""
    site_url: str
    """Where our own outputs are published."""
    authority: str
    """Of the tag URIs that are minted (rule I7)."""
    year: str
    """Of the tag URIs, likewise."""
    now: datetime
    """The beginning of the visit: when its new entries were first seen, and its revisions made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFacts:
    """What is stored of the source."""

    state: PollState
    known: Mapping[str, KnownEntry]
    """Every entry by its key and by each key it had before, deleted ones included."""
    contents: Mapping[int, Entry] | None = None
    """Every entry, deleted ones included, by `seq`; None: not loaded, since it is seldom needed."""


class Missing(enum.Enum):
    """What `decide` lacks; it has to be called again with it."""

    WHOLE_READING = enum.auto()
    """An entry is needed in full of which there is only a stand-in."""
    CONTENTS = enum.auto()
    """The stored entries get other keys, which are made of their contents (rule I3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a document changes in the stored entries."""

    reading: DocumentReading
    keyed: tuple[KeyedEntry, ...]
    """Its entries, each key once."""
    known: Mapping[str, KnownEntry]
    """The stored entries by the keys of the mode that the source is in from now on."""
    change_set: ChangeSet
    rekeyed: Mapping[int, str]
    """New keys of stored entries whose content stays, by `seq`."""
    removed: tuple[Removal, ...]
    deleted_here: Mapping[int, KeyedEntry]
    """Entries of the document that are stored as deleted, by `seq`: some may come back (rule I10)."""

    @property
    def wanted(self) -> WantedContents:
        """What has to be loaded for `complete`; empty at most visits."""
        revised = {self.known[change.old_key].seq for change in self.change_set.changes.revised}
        return WantedContents(
            entries=frozenset(revised.union(removal.seq for removal in self.removed)),
            removals=frozenset(self.deleted_here),
        )


def decide(reading: DocumentReading, facts: StoredFacts, context: VisitContext) -> Plan | Missing:
    """Compare a document with what is stored of its source.

    Raises ParseError for a feed of our own site (rule R7) and for one that was taken over (rule R6).
    """
    state, normalised = facts.state, reading.normalised
    refuse_own_output(normalised.feed, subject=context.address, site_url=context.site_url)
    keys = changeset.assign_keys(
        normalised, state, feed_host=urls.host_of(context.address), text_key_of=reading.text_key_of()
    )
    if reading.stand_ins and keys.mode is not IdentityMode.ID:
        return Missing.WHOLE_READING
    known = facts.known
    if known and keys.mode is not state.identity:
        if facts.contents is None:
            return Missing.CONTENTS
        known = changeset.rekey(facts.contents, known, keys.mode)
    found = changeset.compare(normalised, keys, known, state, reading.fingerprint_of())
    if reading.lacks(found.changes, keys, known):
        return Missing.WHOLE_READING
    refuse_takeover(found, normalised.feed, state, subject=context.address)
    return Plan(
        reading=reading,
        keyed=keys.entries,
        known=known,
        change_set=found,
        rekeyed=_rekeyed(known, found, is_rekeyed=known is not facts.known),
        removed=deletions.removals(normalised, keys.entries, found.changes, known, now=context.now),
        deleted_here=deletions.deleted_here(keys.entries, known),
    )


def _rekeyed(known: Mapping[str, KnownEntry], found: ChangeSet, *, is_rekeyed: bool) -> dict[int, str]:
    keys = {one.seq: key for key, one in known.items() if key != one.key} if is_rekeyed else {}
    return keys | {known[change.old_key].seq: change.keyed.key for change in found.changes.renamed}


def refuse_own_output(feed: Feed, *, subject: str, site_url: str) -> None:
    """Raise ParseError for a feed that this site publishes: it would read its own entries (rule R7).

    JSON Feed has no element for the generator, so a self address below `site_url` is enough.
    """
    own = feed.self_url or subject
    origin = urls.origin_of(own)
    is_made_here = feed.generator == PRODUCT and origin is not None and origin == urls.origin_of(site_url)
    if is_made_here or own.startswith(tuple(path_url(site_url, folder) for folder in OUTPUT_FOLDERS)):
        words = "it is an output of this program; take it out of feeds.toml and name the sources it is made of"
        raise ParseError(subject, Reason.OWN_OUTPUT, words)
