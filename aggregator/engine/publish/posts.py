"""Outputs as folders of posts in somebody's blog: every story ever selected, not only those of the window.

A folder knows up to which change number (rule W8) it is complete and for which definition of the
output. So one new entry costs one file; an edit of feeds.toml that changes the selection goes through all that is
stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import structlog

from aggregator.core.edition import Edition, Story
from aggregator.core.errors import PublishError
from aggregator.core.model import Origin, StoredEntry
from aggregator.core.records import OutputRecord
from aggregator.core.select.definition import former_definition
from aggregator.core.select.plan import BlogPlan, OutputPlan
from aggregator.core.select.stories import Group, merge, own_hosts, story_keys
from aggregator.engine.publish.selection import Selection
from aggregator.engine.threads import DatabaseThread
from aggregator.formats import story_view
from aggregator.formats.posts import post_name, render_post
from aggregator.outlets.posts import NewPost, PostFolder
from aggregator.storage import EntryStore

log = structlog.get_logger()

Item = TypeVar("Item")

BATCH = 200
"""Entries looked at in one go: some megabytes."""
_SHAPE = "1"
"""Part of every definition: with another number all posts are written again."""

_Posts = Sequence[tuple[Story, tuple[int, ...]]]
"""Stories, each with the `seq` of all its entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """How many posts changed, or why the folder could not be written: the output then has to stay dirty."""

    changed: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One output, what selects its stories, and where they go."""

    selection: Selection
    record: OutputRecord
    dialect: str
    folder: PostFolder
    footer: bool

    @property
    def storage(self) -> EntryStore:
        return self.selection.storage

    @property
    def definition(self) -> str:
        return f"{_SHAPE}:{self.dialect}:{self.record.definition}"

    @property
    def is_of_this_output(self) -> bool:
        """Whether the folder was completed for this definition, as hashed by this release or by an earlier one."""
        before = self.folder.definition
        if before == self.definition:
            return True
        former = former_definition(self.selection.plan, self.selection.runtime.config)
        return former is not None and before == f"{_SHAPE}:{self.dialect}:{former}"


class PostPublisher:
    """Keeps the folders of posts up to date with the store."""

    def __init__(self, store: DatabaseThread, *, default: Path, base: Path) -> None:
        """`default` has the folders of outputs without a `posts` key; those in feeds.toml are relative to `base`."""
        self._in_db = store
        self._default = default
        self._base = base
        self._folders: dict[Path, PostFolder] = {}

    async def publish(self, selection: Selection, record: OutputRecord, edition: Edition) -> Posted:
        """Bring the folder of an output's posts up to date; does nothing for an output without posts.

        With a limit, its posts are the stories of `edition`. If the folder cannot be written, the error is logged and
        returned.
        """
        blog = selection.plan.blog
        if blog is None:
            return Posted()
        folder = self._folder(record.output, blog)
        job = _Job(selection=selection, record=record, dialect=blog.dialect, folder=folder, footer=blog.footer)
        try:
            await asyncio.to_thread(folder.open)
            if selection.plan.limit:
                changed = await asyncio.to_thread(_replace_all, job, edition.stories)
            else:
                changed = await self._catch_up(job)
        except PublishError as error:
            log.error("publish posts", output=record.output, error=str(error))
            return Posted(error=str(error))
        if changed:
            log.info("publish posts", output=record.output, dialect=blog.dialect, files=changed)
        return Posted(changed=changed)

    def is_missing(self, plan: OutputPlan) -> bool:
        """Whether the folder has never been written to, or has been emptied since."""
        return plan.blog is not None and not self._folder(plan.output, plan.blog).exists()

    def _folder(self, output: str, blog: BlogPlan) -> PostFolder:
        root = self._default / output if blog.folder is None else self._base / blog.folder
        if root not in self._folders:
            self._folders[root] = PostFolder(root, inside=None if blog.folder is None else root.parent)
        return self._folders[root]

    async def _catch_up(self, job: _Job) -> int:
        """Write posts for what was added or changed since last time; for everything, if the definition changed."""
        folder = job.folder
        is_anew = not job.is_of_this_output
        change_seq = 0 if is_anew else folder.change_seq
        last = await self._in_db(job.storage.last_change_seq)
        confirmed: set[str] = set()
        changed = 0
        for ids in _slices([] if is_anew else await self._in_db(_deleted, job, change_seq)):
            changed += await self._batch(job, [], ids, confirmed)
        while batch := await self._in_db(_next, job, change_seq):
            change_seq = batch[-1].change_seq
            changed += await self._batch(job, batch, [_id(stored) for stored in batch], confirmed)
        if is_anew:
            changed += await asyncio.to_thread(folder.drop, folder.posts.keys() - confirmed)
        await asyncio.to_thread(folder.complete, job.definition, last)
        return changed

    async def _batch(self, job: _Job, batch: Sequence[StoredEntry], ids: Iterable[str], confirmed: set[str]) -> int:
        """Update the posts that these entries are, were or may be part of; how many changed."""
        posts, judged = await self._in_db(_posts, job, batch, ids)
        shown = {_id(story.stored) for story, _ in posts}
        confirmed |= shown
        changed = await asyncio.to_thread(_put, job, posts)
        return changed + await asyncio.to_thread(job.folder.drop, judged - shown)


def _next(job: _Job, change_seq: int) -> list[StoredEntry]:
    """The entries of the output's sources that were added or revised next after `change_seq`, selected or not."""
    return list(islice(job.storage.entries(job.selection.numbers, after=change_seq), BATCH))


def _deleted(job: _Job, change_seq: int) -> list[str]:
    """The ids of posts with an entry that has been deleted since."""
    owners = job.folder.owners
    seqs = [seq for seq in job.storage.changed(change_seq) if seq in owners]
    return sorted({owners[seq] for part in _slices(seqs) for seq in set(part) - job.storage.by_seq(part).keys()})


def _posts(job: _Job, batch: Sequence[StoredEntry], ids: Iterable[str]) -> tuple[_Posts, set[str]]:
    """The stories of the batch, its duplicates and the members of posts `ids`; and the ids that they decide on."""
    kept = job.folder.posts
    owners = {*ids, *(job.folder.owners[stored.seq] for stored in batch if stored.seq in job.folder.owners)}
    members = {seq for id_ in owners if id_ in kept for seq in kept[id_].members}
    entries = {stored.seq: stored for stored in batch} | job.storage.by_seq(members)
    if job.selection.plan.dedupe != "off":
        for _ in range(2):  # a duplicate may share its link with another entry
            found = job.storage.duplicates(*story_keys(entries.values()), job.selection.numbers)
            entries |= {stored.seq: stored for stored in found}
    chosen = {seq: stored for seq, stored in entries.items() if job.selection.selects(stored)}
    return _posts_of(job, _groups(job, chosen), chosen), owners | set(map(_id, entries.values()))


def _groups(job: _Job, chosen: Mapping[int, StoredEntry]) -> list[Group]:
    if job.selection.plan.dedupe == "off":
        return [(stored, ()) for stored in chosen.values()]
    return merge(chosen.values(), {number: own_hosts(r.feed, r.address) for number, r in job.selection.sources.items()})


def _posts_of(job: _Job, groups: Sequence[Group], chosen: Mapping[int, StoredEntry]) -> _Posts:
    # a story with the content of a later copy has the seq of the first: the entry itself tells which copy it was
    seqs = {id(stored.entry): seq for seq, stored in chosen.items()}
    members: dict[str, tuple[int, ...]] = {}
    for shown, others in groups:
        members.setdefault(shown.public_id, tuple(sorted(seqs[id(stored.entry)] for stored in (shown, *others))))
    stories = job.selection.edition(groups, job.record).stories
    return [(story, members[story.stored.public_id]) for story in stories]


def _replace_all(job: _Job, stories: Sequence[Story]) -> int:
    """Write these stories and remove all other posts; how many changed."""
    changed = _put(job, [(story, ()) for story in stories])
    changed += job.folder.drop(job.folder.posts.keys() - {_id(story.stored) for story in stories})
    job.folder.complete(job.definition, 0)
    return changed


def _put(job: _Job, posts: _Posts) -> int:
    drafts = (
        NewPost(
            id=_id(story.stored),
            name=post_name(story, job.dialect),
            body=render_post(story, job.dialect, footer=job.footer),
            members=members,
        )
        for story, members in posts
    )
    return job.folder.put(list(drafts))


def _id(stored: StoredEntry) -> str:
    """The id in the post's front matter, by which posts are recognised without the journal."""
    return story_view.identifier(Story(stored=stored, origin=Origin()))


def _slices(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
