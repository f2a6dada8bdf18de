"""Reading an output's selection out of the store."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from aggregator.core.edition import Edition, Story, Tombstone
from aggregator.core.formats_table import HTML
from aggregator.core.model import Origin, SourceId, SourceNumber, StoredEntry
from aggregator.core.records import OutputRecord, SourceRecord
from aggregator.core.select.category_paths import is_below
from aggregator.core.select.filters.filter import Filter, FilterInput
from aggregator.core.select.plan import OutputPlan
from aggregator.core.select.stories import Group, compose, merge, origin_of, own_hosts, story_keys
from aggregator.core.select.window import SPAN, window
from aggregator.engine.runtime import Runtime
from aggregator.storage import EntryStore


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What an output selects from the store. Its methods block: to be called on the database thread."""

    storage: EntryStore
    runtime: Runtime
    plan: OutputPlan
    sources: Mapping[SourceNumber, SourceRecord]
    _seqs: dict[tuple[SourceNumber, str], int] = field(default_factory=dict, repr=False)
    """`seq` of entries by source and key: a merged story itself has the `seq` of its first entry."""

    @cached_property
    def _not_in_query(self) -> tuple[Filter, ...]:
        """The filters that the queries of `_candidates` do not apply."""
        return tuple(one for one in self.plan.filters if not one.in_query)

    @cached_property
    def numbers(self) -> list[SourceNumber]:
        """Its sources, as storage knows them."""
        return _numbers(self.runtime, self.plan.sources)

    def selects(self, stored: StoredEntry) -> bool:
        """Whether an entry, however it was found, passes all filters of the output."""
        return _passes(self.plan.filters, stored)

    def newest_first(self) -> Iterator[StoredEntry]:
        """Everything selected, the latest addition or revision first."""
        return self._chosen()

    def oldest_first(self, after: int) -> Iterator[StoredEntry]:
        """Everything selected that has a change number above `after`, in that order."""
        return self._chosen(after=after)

    def stories(self, chosen: Sequence[StoredEntry]) -> list[Group]:
        """The stories of these entries, each once.

        A story whose change number belongs to none of these entries is left out: it was published before, with an
        older entry.
        """
        if self.plan.dedupe == "off" or not chosen:
            return [(stored, ()) for stored in chosen]
        duplicates = self.storage.duplicates(*story_keys(chosen), self.numbers)
        others = [stored for stored in duplicates if self.selects(stored)]
        hosts = {number: own_hosts(known.feed, known.address) for number, known in self.sources.items()}
        self._seqs.update(((stored.number, stored.key), stored.seq) for stored in (*others, *chosen))
        groups = merge({stored.seq: stored for stored in (*others, *chosen)}.values(), hosts)
        places = {stored.change_seq for stored in chosen}
        return [group for group in groups if group[0].change_seq in places]

    def shown_seq(self, group: Group) -> int:
        """`seq` of the entry whose content a story shows."""
        shown, _ = group
        return self._seqs.get((shown.number, shown.key), shown.seq)

    def member_seqs(self, group: Group) -> tuple[int, ...]:
        """`seq` of the entries of a story: its own, that of the entry whose content it shows, then the others."""
        shown, others = group
        return tuple(dict.fromkeys((shown.seq, self.shown_seq(group), *(stored.seq for stored in others))))

    def stories_of(self, seqs: Collection[int]) -> list[Group]:
        """The present stories of these entries and their duplicates; deleted entries have none."""
        entries = self.storage.by_seq(seqs, deleted=True)
        present = {one.seq: one for one in self.storage.by_seq(seqs).values()}
        if self.plan.dedupe != "off":
            duplicates = self.storage.duplicates(*story_keys(entries.values()), self.numbers)
            present |= {one.seq: one for one in duplicates}
        return self.stories([one for one in present.values() if self.selects(one)])

    def edition(self, groups: Iterable[Group], record: OutputRecord) -> Edition:
        """These stories under the head of the output."""
        site = self.runtime.config.site
        edition = compose(
            self.plan,
            groups,
            public_id=record.public_id,
            site_url=site.url,
            configured_at=record.configured_at,
            origins=self.origin,
            assigned=self.runtime.assigned,
        )
        return replace(
            edition,
            timezone=ZoneInfo(site.timezone),
            entry_pages=site.entry_pages and HTML.name in self.plan.formats,
        )

    def origin(self, stored: StoredEntry) -> Origin:
        """The feed that an entry came from, as outputs attribute it."""
        source = self.runtime.sources.get(stored.number)
        known = self.sources.get(stored.number)
        return origin_of(stored, known.feed if known else None, source.config.title if source else None)

    def tombstones(self) -> tuple[Tombstone, ...]:
        """Tombstones to be shown, the latest first; none for an id that another entry still has (rule W12)."""
        removed = [one for one in self.storage.pending_tombstones(self.numbers) if self.selects(one.stored)]
        if not removed:
            return ()
        sharing = self.storage.duplicates({one.stored.public_id for one in removed}, (), self.numbers)
        still_used = {stored.public_id for stored in sharing if self.selects(stored)}
        tombstones = {
            one.stored.public_id: Tombstone(
                story=Story(stored=one.stored, origin=self.origin(one.stored)), when=one.removal.at
            )
            for one in removed
            if one.stored.public_id not in still_used
        }
        ordered = sorted(tombstones.values(), key=lambda t: t.story.stored.public_id)
        return tuple(sorted(ordered, key=lambda t: t.when, reverse=True))

    @property
    def is_complete(self) -> bool:
        """Whether it has one source, which is complete (fh:complete), and shows all of it (rule W10)."""
        known = [record.feed for record in self.sources.values() if record.state.source in self.plan.sources]
        return len(self.plan.sources) == 1 and len(known) == 1 and known[0] is not None and known[0].whole

    def _chosen(self, *, after: int | None = None) -> Iterator[StoredEntry]:
        candidates, filters = self._candidates(after), self._not_in_query
        return (stored for stored in candidates if not filters or _passes(filters, stored))

    def _candidates(self, after: int | None) -> Iterable[StoredEntry]:
        plan, storage = self.plan, self.storage
        if plan.node is None:
            return storage.entries(self.numbers, after=after)
        assigned = storage.entries(_numbers(self.runtime, plan.assigned), pathless=True, after=after)
        depth = len(plan.node)
        spellings = sorted({path[:depth] for path in storage.nodes(self.numbers) if is_below(path, plan.node)})
        own = [storage.entries_in(spelling, self.numbers, after=after) for spelling in spellings]
        walk = heapq.merge(assigned, *own, key=lambda stored: stored.change_seq, reverse=after is None)
        return _once_each(walk)


def build_edition(
    selection: Selection,
    record: OutputRecord,
    *,
    archived_to: int | None = None,
    previous: str | None = None,
    span: timedelta = SPAN,
) -> Edition:
    """The edition of an output, from what is stored now. Blocking.

    `archived_to` and `previous` are those of `ArchiveEnd`; `span` is that of `window`.
    """
    plan = selection.plan
    complete = selection.is_complete
    everything = 0 if complete else archived_to
    chosen = list(window(selection.newest_first(), limit=plan.limit, archived_to=everything, span=span))
    edition = selection.edition(selection.stories(chosen), record)
    deleted = selection.tombstones()
    return replace(
        edition,
        deleted=deleted,
        updated=max([edition.updated, *(tombstone.when for tombstone in deleted)]),
        complete=complete,
        previous=previous,
    )


def _passes(filters: Sequence[Filter], stored: StoredEntry) -> bool:
    candidate = FilterInput.of(stored)
    return all(one.verdict(candidate).passes for one in filters)


def _once_each(entries: Iterable[StoredEntry]) -> Iterator[StoredEntry]:
    """Without the repetitions of an entry that is in a category by two spellings of its name (rule K3)."""
    last = None
    for stored in entries:
        if stored.seq != last:
            yield stored
        last = stored.seq


def _numbers(runtime: Runtime, ids: Iterable[SourceId]) -> list[SourceNumber]:
    wanted = set(ids)
    return [number for number, source in runtime.sources.items() if source.id in wanted]
