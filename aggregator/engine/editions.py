"""Reading an output's selection out of the store."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aggregator.core.edition import Edition
from aggregator.core.model import Origin, SourceId, SourceNumber, StoredEntry
from aggregator.core.select.plan import OutputPlan, belongs, is_below
from aggregator.core.select.stories import Group, compose, home_hosts, merge, origin_of, story_links
from aggregator.core.select.window import window
from aggregator.core.select.words import Words
from aggregator.engine.world import World
from aggregator.storage import OutputRecord, SourceRecord, Storage


def build_edition(
    storage: Storage,
    world: World,
    plan: OutputPlan,
    record: OutputRecord,
    sources: Mapping[SourceNumber, SourceRecord],
) -> Edition:
    """The edition of an output as the store stands. Blocking: it belongs on the store's thread."""
    titles = {target.id: target.config.title for target in world.targets.values()}

    def origin(stored: StoredEntry) -> Origin:
        known = sources.get(stored.number)
        return origin_of(stored, known.feed if known else None, titles.get(stored.source))

    return compose(
        plan,
        _select(storage, world, plan, sources),
        public_id=record.public_id,
        site_url=world.config.site.url,
        configured_at=record.configured_at,
        origins=origin,
        assigned=world.assigned,
    )


def _select(
    storage: Storage, world: World, plan: OutputPlan, sources: Mapping[SourceNumber, SourceRecord]
) -> list[Group]:
    words = Words.of(plan.keep, plan.drop)
    candidates = _candidates(storage, world, plan)
    chosen = list(window((s for s in candidates if words.judge(s.entry).stays), limit=plan.limit))
    if plan.dedupe == "off" or not chosen:
        return [(stored, ()) for stored in chosen]
    oldest = min(stored.seq for stored in chosen)
    told = storage.namesakes(*_names(chosen), _numbers(world, plan.sources))
    others = [s for s in told if belongs(plan, s) and words.judge(s.entry).stays]
    homes = {number: home_hosts(known.feed, known.address) for number, known in sources.items()}
    # a story that an older entry told first has been published then, and does not come again
    return [group for group in merge({s.seq: s for s in (*others, *chosen)}.values(), homes) if group[0].seq >= oldest]


def _candidates(storage: Storage, world: World, plan: OutputPlan) -> Iterable[StoredEntry]:
    numbers = _numbers(world, plan.sources)
    if plan.node is None:
        return storage.entries(numbers)
    assigned = storage.entries(_numbers(world, plan.assigned), pathless=True)
    depth = len(plan.node)
    spellings = sorted({path[:depth] for path in storage.nodes(numbers) if is_below(path, plan.node)})
    own = [storage.entries_in(spelling, numbers) for spelling in spellings]
    return _once_each(heapq.merge(assigned, *own, key=lambda stored: stored.seq, reverse=True))


def _once_each(entries: Iterable[StoredEntry]) -> Iterator[StoredEntry]:
    """Without the repetitions of an entry that stands in a category by two spellings of its name (K3)."""
    last = None
    for stored in entries:
        if stored.seq != last:
            yield stored
        last = stored.seq


def _names(chosen: Sequence[StoredEntry]) -> tuple[set[str], set[str]]:
    names = [name for stored in chosen for name in story_links(stored)]
    ids = {name.removeprefix("id:") for name in names if name.startswith("id:")}
    return ids, {name.removeprefix("link:") for name in names if name.startswith("link:")}


def _numbers(world: World, ids: Iterable[SourceId]) -> list[SourceNumber]:
    wanted = set(ids)
    return [number for number, target in world.targets.items() if target.id in wanted]
