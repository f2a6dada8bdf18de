"""From chosen entries to stories: one story once, however many sources carried it (rule I8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from aggregator.core.edition import Edition, Story
from aggregator.core.model import CategoryPath, Feed, Origin, SourceId, SourceNumber, StoredEntry
from aggregator.core.select.category_paths import own_paths
from aggregator.core.select.plan import OutputPlan
from aggregator.core.urls import urls


def origin_of(stored: StoredEntry, feed: Feed | None, title: str | None) -> Origin:
    """The entry's own source where it names one, else the feed it came from, by the `title` of feeds.toml."""
    if stored.entry.source is not None:
        return stored.entry.source
    if feed is None:
        return Origin(title=title or stored.source)
    return Origin(
        id=feed.id,
        title=title or feed.title,
        self_url=feed.self_url or feed.poll_url,
        site_url=feed.site_url,
        # not the feed's own, which would change every story of a source whenever one entry is added
        updated=stored.updated,
        rights=feed.rights,
    )


def story_links(stored: StoredEntry) -> tuple[str, ...]:
    """What makes two entries one story across sources: an absolute id, or a link with a path of its own (rule I8)."""
    names = []
    if stored.entry.id and urls.is_absolute_uri(stored.entry.id):
        names.append("id:" + stored.entry.id)
    link = stored.entry.link and urls.link_key(stored.entry.link)
    if link and urlsplit("//" + link.split("://")[-1]).path not in ("", "/"):
        names.append("link:" + link)
    return tuple(names)


def story_keys(entries: Iterable[StoredEntry]) -> tuple[set[str], set[str]]:
    """The ids and link keys by which other entries may be the same stories; see `EntryStore.duplicates`."""
    links = [link for stored in entries for link in story_links(stored)]
    ids = {link.removeprefix("id:") for link in links if link.startswith("id:")}
    return ids, {link.removeprefix("link:") for link in links if link.startswith("link:")}


Group = tuple[StoredEntry, tuple[StoredEntry, ...]]
"""The entry that a story shows, and the other entries that carried the story."""


def merge(entries: Iterable[StoredEntry], hosts: Mapping[SourceNumber, frozenset[str]]) -> list[Group]:
    """Groups of one story, in the order of their first entries; `hosts` gives the `own_hosts` of each source.

    The story keeps id, change number and age of the entry seen first. Its content comes from the entry whose source is
    on the link's own host, else from the first (rules I7 and I8). Entries of one source are never merged.
    """
    groups: list[list[StoredEntry]] = []
    by_name: dict[str, list[StoredEntry]] = {}
    for stored in sorted(entries, key=lambda s: s.seq):
        names = story_links(stored)
        group = next((by_name[name] for name in names if name in by_name), None)
        if group is None or any(member.number == stored.number for member in group):
            group = []
            groups.append(group)
        group.append(stored)
        for name in names:
            by_name.setdefault(name, group)
    return [_canonical(group, hosts) for group in groups]


def _canonical(group: Sequence[StoredEntry], hosts: Mapping[SourceNumber, frozenset[str]]) -> Group:
    first = group[0]
    shown = next((s for s in group if _is_on_own_host(s, hosts)), first)
    others = tuple(s for s in group if s is not shown)
    if shown is first:
        return first, others
    kept = replace(
        shown,
        seq=first.seq,
        revision_seq=shown.change_seq,  # other words than before are a revision of the story
        public_id=first.public_id,
        first_seen=first.first_seen,
        sort_date=first.sort_date,
    )
    return kept, others


def _is_on_own_host(stored: StoredEntry, hosts: Mapping[SourceNumber, frozenset[str]]) -> bool:
    host = urls.host_of(stored.entry.link) if stored.entry.link else None
    return host is not None and host in hosts.get(stored.number, frozenset())


def own_hosts(feed: Feed | None, address: str) -> frozenset[str]:
    """The hosts that are a source's own: that of its site and that of its feed."""
    places = [address] if feed is None else [address, feed.site_url, feed.self_url]
    return frozenset(host for place in places if place and (host := urls.host_of(place)))


def compose(
    plan: OutputPlan,
    groups: Iterable[Group],
    *,
    public_id: str,
    site_url: str,
    configured_at: datetime,
    origins: Callable[[StoredEntry], Origin],
    assigned: Mapping[SourceId, CategoryPath | None],
) -> Edition:
    """The edition of an output: newest first by sort date, ties by public id (rule W8); each id once (rule I9)."""
    stories: dict[str, Story] = {}
    for shown, others in groups:
        paths = own_paths(shown.entry) or tuple(filter(None, [assigned.get(shown.source)]))
        story = Story(stored=shown, origin=origins(shown), paths=paths, via=tuple(_unique(map(origins, others))))
        stories.setdefault(shown.public_id, story)
    ordered = sorted(stories.values(), key=lambda s: s.stored.public_id)
    ordered.sort(key=lambda s: s.stored.sort_date, reverse=True)
    return Edition(
        output=plan.output,
        id=public_id,
        title=plan.title,
        description=plan.description,
        updated=_newest(ordered, configured_at),
        language=plan.language or _common_language(ordered),
        site_url=site_url,
        formats=plan.formats,
        stories=tuple(ordered),
    )


def _newest(stories: Iterable[Story], configured_at: datetime) -> datetime:
    moments = [m for s in stories for m in (s.stored.updated, s.stored.first_seen, s.stored.changed_at)]
    return max(moments, default=configured_at) if not moments else max(configured_at, *moments)


def _common_language(stories: Sequence[Story]) -> str | None:
    """The one language of all stories, if it is one; a merged feed in several says nothing."""
    languages = {s.stored.entry.language for s in stories}
    return languages.pop() if len(languages) == 1 else None


def _unique(origins: Iterable[Origin]) -> list[Origin]:
    seen: dict[str | None, list[Origin]] = defaultdict(list)
    for origin in origins:
        if origin not in seen[origin.id]:
            seen[origin.id].append(origin)
    return [origin for group in seen.values() for origin in group]
