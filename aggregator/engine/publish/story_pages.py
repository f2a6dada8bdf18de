"""The page of each story, made when the story comes and again only when it changes.

A page belongs to the story, not to an output: it is written when the story first is in an output's window, stays as
long as the entry is stored and its source is in feeds.toml, since people keep its address, and is removed at once when
the entry is deleted. Of stories that share a public id the one that was stored first is shown.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aggregator.core.addresses import public_path
from aggregator.core.config.tables import Config
from aggregator.core.edition import Edition, Story
from aggregator.core.formats_table import HTML
from aggregator.core.model import CategoryPath, OutputId
from aggregator.core.plain_hash import plain_hash
from aggregator.core.select.category_paths import node_key
from aggregator.core.select.plan import OutputPlan
from aggregator.engine.publish.fragments import Fragments, made_from
from aggregator.formats import FORMATS, story_view
from aggregator.formats.entry_page import EntryFrame, render_entry
from aggregator.outlets.disk import DiskOutlet

FOLDER = "e"
_NOTE = f"{FOLDER}/.sources"
"""A file with a hash of the sources whose stories have pages: if it is the same, no sweep is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPageContext:
    """What entry pages show besides their story."""

    frame: EntryFrame
    pages: Mapping[CategoryPath, str]
    """Category path, by its `node_key` -> the page of its output."""
    outputs: tuple[OutputId, ...]
    """All, in their order."""

    @classmethod
    def of(cls, config: Config, plans: Iterable[OutputPlan]) -> StoryPageContext:
        """The context under this configuration and these outputs."""
        site = config.site
        pages: dict[CategoryPath, str] = {}
        plans = tuple(plans)
        for plan in plans:
            if plan.node and HTML.name in plan.formats and not plan.is_secret:
                pages.setdefault(node_key(plan.node), public_path(plan.output, HTML.suffix))
        frame = EntryFrame(
            title=site.title, site_url=site.url, language=site.language, timezone=ZoneInfo(site.timezone)
        )
        return cls(frame=frame, pages=pages, outputs=tuple(plan.output for plan in plans))

    def pages_of(self, story: Story) -> dict[CategoryPath, str]:
        """The pages of those categories of a story that have one."""
        found = {path: self.pages.get(node_key(path)) for path in story_view.paths(story)}
        return {path: page for path, page in found.items() if page is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What a page was made from: the first story with its id, as the first of its outputs has it."""

    seq: int
    rank: int
    sources: int

    def replaces(self, before: _Made) -> bool:
        return self.sources != before.sources and (self.seq, self.rank) <= (before.seq, before.rank)


class StoryPages:
    """The files below `e/`. Its methods block on the disk; they are called by one thread at a time."""

    def __init__(self, outlet: DiskOutlet, fragments: Fragments) -> None:
        self._outlet = outlet
        self._fragments = fragments
        self._made: dict[str, _Made] = {}
        """By path: the pages that are up to date."""
        self._gone: set[str] = set()

    def update(self, edition: Edition, context: StoryPageContext) -> int:
        """Write the page of every story of the edition, remove those of deleted ones; returns how many were written.

        Raises PublishError.
        """
        for tombstone in edition.deleted:
            self._withdraw(tombstone.story)
        if not edition.entry_pages:
            return 0
        rank = context.outputs.index(edition.output) if edition.output in context.outputs else len(context.outputs)
        return sum(self._write(story, context, rank) for story in edition.stories)

    def is_swept_for(self, sources: Iterable[int]) -> bool:
        """Whether exactly these were the sources at the last sweep, of this run or an earlier one."""
        return self._outlet.read(_NOTE) == _note(sources)

    def sweep(self, sources: Iterable[int], wanted: Iterable[tuple[str, int]]) -> int:
        """Remove all pages but those of stories with these (public id, seq), which are all there are of these sources.

        Returns how many. Raises PublishError.
        """
        there = self._names()
        if there:
            there -= {story_view.entry_path_of(public_id, seq) for public_id, seq in wanted}
        for path in sorted(there):
            self._outlet.remove(path)
            self._made.pop(path, None)
        self._outlet.write(_NOTE, _note(sources), {})
        return len(there)

    def _names(self) -> set[str]:
        return {path for name in self._outlet.names(FOLDER) if (path := f"{FOLDER}/{name}") != _NOTE}

    def _write(self, story: Story, context: StoryPageContext, rank: int) -> bool:
        path, pages = story_view.entry_path(story), context.pages_of(story)
        sources: tuple[Hashable, ...] = (*made_from(story)[:-1], context.frame, *pages.items())
        now = _Made(seq=story.stored.seq, rank=rank, sources=hash(sources))
        before = self._made.get(path)
        if before is not None and not now.replaces(before):
            return False
        page = render_entry(story, self._fragments.render(FORMATS[HTML.name], story), context.frame, pages)
        written = self._outlet.write(path, page, {}, modified=story_view.updated(story), lasting=False)
        self._made[path] = now
        self._gone.discard(path)
        return written

    def _withdraw(self, story: Story) -> None:
        path = story_view.entry_path(story)
        shown = self._made.get(path)
        if path in self._gone or (shown is not None and shown.seq != story.stored.seq):
            return
        self._outlet.remove(path)
        self._made.pop(path, None)
        self._gone.add(path)


def _note(sources: Iterable[int]) -> bytes:
    return plain_hash(sorted(sources), digits=64).encode()
