"""The archive of each output: documents of a hundred stories, so that late readers miss none (RFC 5005, rule W9).

The chain of an output holds its stories in the order in which they were added or revised. A revised story comes again
in a later document, since readers do not read the earlier one twice. A document is written when it is full,
and once more when the next one is, to link to it; its stories change only where one of them was deleted. A change of
the selection that could take something away begins a new chain under other addresses.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Protocol

import structlog

from aggregator.core.addresses import archive_path
from aggregator.core.model import OutputId, SourceNumber
from aggregator.core.records import Archive, ArchiveFile, Chain, OutputRecord
from aggregator.core.select.definition import former_rule, rule
from aggregator.core.select.stories import Group
from aggregator.engine.publish.publication import Publication
from aggregator.engine.publish.render import archived_formats, render_archive
from aggregator.engine.publish.selection import Selection
from aggregator.engine.threads import DatabaseThread
from aggregator.storage import ArchiveStore, EntryStore

log = structlog.get_logger()

STORIES = 100
"""In a document; fewer where the output has a lower limit."""
PASS = 20
"""Documents written in one pass. While more are due, the archive is not linked, and other outputs are made first."""


class ChainStore(ArchiveStore, EntryStore, Protocol):
    """What archives are made from, and where they are noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEnd:
    """What the window of an output depends on in its archive."""

    archived_to: int | None = None
    """Stories above this change number are in no document. None: there is no archive, or it is not yet complete."""
    previous: str | None = None
    """Path without suffix of the newest document, to be linked."""
    more: bool = False
    """There are more documents to be written: the output has to be made again soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """The stories of a document, and the change number up to which all stories are in it or in earlier documents."""

    groups: tuple[Group, ...]
    last: int


class ArchiveBuilder:
    """Keeps the archives of all outputs up to date with the store."""

    def __init__(
        self,
        storage: ChainStore,
        in_db: DatabaseThread,
        publication: Publication,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self._in_db = in_db
        self._publication = publication
        self._clock = clock

    async def update(self, selection: Selection, record: OutputRecord) -> ArchiveEnd:
        """Write the documents that are due, and rewrite those that contain something deleted. Raises PublishError."""
        if not archived_formats(selection.plan.formats) or await self._in_db(lambda: selection.is_complete):
            if await self._in_db(self._storage.chain, record.output):
                await self._in_db(self._storage.end_chain, record.output)
            return ArchiveEnd()
        chain = await self._in_db(self._current_chain, selection, record)
        chain = await self._in_db(self._check_changes, selection, chain)
        more = await self._extend(selection, record, chain)
        for archive in await self._in_db(self._storage.stale_archives, record.output):
            groups = await self._in_db(_present, selection, archive)
            await self._write(selection, record, chain.generation, archive, groups)
        if more:
            return ArchiveEnd(more=True)
        newest = await self._in_db(self._storage.newest_archive, record.output)
        now = await self._in_db(self._storage.chain, record.output)
        return ArchiveEnd(
            archived_to=now.archived_to if now else None,
            previous=archive_path(record.output, chain.generation, newest.number) if newest else None,
        )

    async def sweep(self, planned: Collection[OutputId]) -> None:
        """Remove the files of ended chains and of outputs not in `planned`. To be called once nothing links to them.

        Raises PublishError.
        """
        gone = await self._in_db(self._ended, planned)
        for file in gone:
            await self._publication.remove(file.path)
        if gone:
            await self._in_db(self._storage.forget_archive_files, [file.path for file in gone])

    async def restore(self) -> tuple[set[str], set[OutputId]]:
        """Show the documents as the store knows them; returns their paths, and the outputs of which some are lost.

        Lost documents are written again when their output is made. Raises PublishError.
        """
        files = await self._in_db(self._storage.archive_files)
        lost: dict[OutputId, set[int]] = {}
        for file in await self._publication.restore_archives(files):
            lost.setdefault(file.output, set()).add(file.number)
        for output, numbers in lost.items():
            await self._in_db(self._storage.mark_stale, output, numbers)
        return {file.path for file in files}, set(lost)

    # -- the chain -----------------------------------------------------------------------------------------------
    def _current_chain(self, selection: Selection, record: OutputRecord) -> Chain:
        """The present chain if it can be continued, else a new one."""
        wanted = _Definition.of(selection)
        chain = self._storage.chain(record.output)
        if chain is not None and self._can_continue(chain, self._read(chain, selection, wanted), wanted):
            return chain
        now = self._clock()
        digest = hashlib.sha256(f"{record.output}\n{wanted.text}\n{now.isoformat()}".encode())
        begun = Chain(
            output=record.output,
            generation=digest.hexdigest()[:8],
            definition=wanted.text,
            checked_to=self._storage.last_change_seq(),
        )
        self._storage.begin_chain(begun)
        return begun

    def _read(self, chain: Chain, selection: Selection, wanted: _Definition) -> _Definition:
        """The definition that a chain was begun for. The hash of an earlier release is replaced by today's."""
        was = _Definition.read(chain.definition)
        if was.rule == wanted.rule or was.rule != former_rule(selection.plan, selection.runtime.config.site):
            return was
        carried_over = replace(was, rule=wanted.rule)
        self._storage.redefine_chain(chain.output, carried_over.text)
        return carried_over

    def _can_continue(self, chain: Chain, was: _Definition, wanted: _Definition) -> bool:
        if was.rule != wanted.rule or not (was.sources <= wanted.sources and was.assigned <= wanted.assigned):
            return False
        stories, repeated = self._storage.archive_sizes(chain.output)
        if stories >= 10 * STORIES and 2 * repeated > stories:
            return False  # most of its stories are repeated later: a new chain is shorter
        added = (wanted.sources - was.sources) | (wanted.assigned - was.assigned)
        if not added:
            return True
        oldest = next(iter(self._storage.entries(sorted(added), after=0)), None)
        if oldest is not None and oldest.change_seq <= chain.archived_to:
            return False
        self._storage.redefine_chain(chain.output, wanted.text)
        return True

    def _check_changes(self, selection: Selection, chain: Chain) -> Chain:
        """Mark documents with stories that the output lost as stale; give replaced stories new change numbers."""
        last = self._storage.last_change_seq()
        if last == chain.checked_to:
            return chain
        changed = set(self._storage.changed(chain.checked_to))
        holding = self._storage.archives_with(chain.output, changed)
        if holding:
            deleted = self._storage.removals(changed).keys()
            touched = {story for one in holding for story in one.members if not changed.isdisjoint(story)}
            stories = selection.stories_of({seq for story in touched for seq in story})
            alive = {shown.seq for shown, _ in stories}
            outdated = {story for story in touched if story[0] not in alive or not deleted.isdisjoint(story)}
            stale = [one.number for one in holding if not outdated.isdisjoint(one.members)]
            self._storage.mark_stale(chain.output, stale)
            self._reissue(selection, chain, stories, touched - outdated)
        self._storage.advance_chain(chain.output, checked_to=last)
        return replace(chain, checked_to=last)

    def _reissue(
        self, selection: Selection, chain: Chain, stories: Sequence[Group], kept: Collection[tuple[int, ...]]
    ) -> None:
        """Give new change numbers to stories that changed and are older than the end of the archive."""
        archived = {story[0] for story in kept}
        late = [group for group in stories if group[0].change_seq <= chain.archived_to and group[0].seq not in archived]
        self._storage.move([selection.shown_seq(group) for group in late])

    async def _extend(self, selection: Selection, record: OutputRecord, chain: Chain) -> bool:
        """Write the documents that can be filled; True if there are more than one pass may write."""
        size = min(STORIES, selection.plan.limit or STORIES)
        newest = await self._in_db(self._storage.newest_archive, record.output)
        number = newest.number + 1 if newest else 1
        batch, archived_to = await self._in_db(next_batch, selection, chain.archived_to, size)
        if batch is not None and newest is not None:
            await self._in_db(self._storage.mark_stale, record.output, [newest.number])
        for _ in range(PASS):
            if batch is None:
                break
            following, archived_to = await self._in_db(next_batch, selection, batch.last, size)
            archive = Archive(
                output=record.output,
                number=number,
                first=batch.groups[0][0].change_seq,
                last=batch.last,
                members=tuple(map(selection.member_seqs, batch.groups)),
                repeated=sum(1 for shown, _ in batch.groups if shown.revision_seq),
            )
            has_next = following is not None
            await self._write(selection, record, chain.generation, archive, batch.groups, has_next=has_next)
            batch, number = following, number + 1
        if batch is None and archived_to != chain.archived_to:
            await self._in_db(self._storage.advance_chain, record.output, archived_to=archived_to)
        return batch is not None

    # -- documents -----------------------------------------------------------------------------------------------
    async def _write(
        self,
        selection: Selection,
        record: OutputRecord,
        generation: str,
        archive: Archive,
        groups: Sequence[Group],
        *,
        has_next: bool | None = None,
    ) -> None:
        """Publish this document, then note it. `has_next` None: look whether there is a newer one."""
        if has_next is None:
            newest = await self._in_db(self._storage.newest_archive, record.output)
            has_next = newest is not None and newest.number > archive.number
        edition = replace(
            await self._in_db(selection.edition, groups, record),
            archive=archive_path(record.output, generation, archive.number),
            previous=archive_path(record.output, generation, archive.number - 1) if archive.number > 1 else None,
            following=archive_path(record.output, generation, archive.number + 1) if has_next else None,
        )
        now = self._clock().replace(microsecond=0)
        files = await asyncio.to_thread(render_archive, edition, archive, generation, now, final=has_next)
        for file in files:
            await self._publication.publish(file)
        await self._in_db(self._storage.put_archive, replace(archive, stale=False), [file.record for file in files])
        log.info("archive", output=record.output, number=archive.number, stories=len(edition.stories))

    def _ended(self, planned: Collection[OutputId]) -> list[ArchiveFile]:
        files = self._storage.archive_files()
        going: dict[OutputId, str | None] = {}
        for output in {file.output for file in files}:
            if output not in planned:
                self._storage.end_chain(output)
            chain = self._storage.chain(output)
            going[output] = chain.generation if chain else None
        return [file for file in files if going[file.output] != file.generation]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Definition:
    """The selection that a chain was begun for. The chain continues unless a change may remove stories from it."""

    rule: str
    sources: frozenset[SourceNumber]
    assigned: frozenset[SourceNumber]

    @classmethod
    def of(cls, selection: Selection) -> _Definition:
        numbers = selection.runtime.numbers
        return cls(
            rule=rule(selection.plan, selection.runtime.config.site),
            sources=frozenset(numbers[id_] for id_ in selection.plan.sources if id_ in numbers),
            assigned=frozenset(numbers[id_] for id_ in selection.plan.assigned if id_ in numbers),
        )

    @classmethod
    def read(cls, text: str) -> _Definition:
        """The definition that `text` wrote."""
        rule, sources, assigned = json.loads(text)
        return cls(rule=rule, sources=frozenset(sources), assigned=frozenset(assigned))

    @property
    def text(self) -> str:
        return json.dumps([self.rule, sorted(self.sources), sorted(self.assigned)])


def next_batch(selection: Selection, after: int, size: int) -> tuple[_Batch | None, int]:
    """The next `size` stories changed after `after`, None if there are fewer; and up to where none is left out.

    Blocking: to be called on the database thread.
    """
    walk = selection.oldest_first(after)
    groups: list[Group] = []
    last = after
    while True:
        entries = list(islice(walk, size - len(groups)))
        if not entries:
            return None, groups[0][0].change_seq - 1 if groups else last
        last = entries[-1].change_seq
        groups += sorted(selection.stories(entries), key=lambda group: group[0].change_seq)
        if len(groups) >= size:
            return _Batch(groups=tuple(groups), last=last), last


def _present(selection: Selection, archive: Archive) -> list[Group]:
    """The stories of a document as they are now, without deleted ones."""
    own = {story[0] for story in archive.members}
    return [group for group in selection.stories_of(own) if group[0].seq in own]
