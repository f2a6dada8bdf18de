"""Entries read back: walks in the order of additions and revisions, and looking one up.

A walk has no cursor open between two entries: it remembers the last change number and queries the next page, so any
other call may be made meanwhile. What is added or revised after its first entry is no part of a walk to the oldest.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, or_, select

from aggregator.core.model import CategoryPath, SourceNumber, StoredEntry
from aggregator.storage.codec import ENTRY
from aggregator.storage.database import Database, chunks
from aggregator.storage.tables import body, counter, entry, entry_node, node, source
from aggregator.storage.visits import folded

_FEW = 64
"""Up to so many sources are walked each by itself and merged; more are filtered from a walk over all entries, since
every source costs a query (70 us) before its first entry."""
_FIRST_PAGE, _LAST_PAGE = 32, 1024
_SEARCHABLE = 1000
"""No title is longer, so a longer text is in none (rule R5)."""


class SqlEntries:
    """`EntryStore` over SQL; deleted entries are in `removals`."""

    _database: Database

    def entries(
        self,
        sources: Collection[SourceNumber],
        *,
        pathless: bool = False,
        before: int | None = None,
        after: int | None = None,
    ) -> Iterator[StoredEntry]:
        """See `EntryStore`."""
        wanted = frozenset(sources)
        if wanted:
            way = _DOWN if after is None else _UP
            yield from self._loaded(self._walk(wanted, pathless, self._start(before, after), way), way)

    def entries_in(
        self,
        node: CategoryPath,
        sources: Collection[SourceNumber],
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> Iterator[StoredEntry]:
        """See `EntryStore`."""
        wanted = frozenset(sources)
        if wanted:
            way = _DOWN if after is None else _UP
            below = [id_ for id_, path in self._paths() if path[: len(node)] == node]
            start = self._start(before, after)
            walks = [self._seqs(way.in_node, start, {"node": id_}, wanted) for id_ in below]
            yield from self._loaded(_unique(heapq.merge(*walks, reverse=way.is_down)), way)

    def find(self, text: str, *, count: int = 20) -> list[StoredEntry]:
        """See `EntryStore`."""
        # Arguments of a command may hold bytes that are no text; no stored value does.
        text = text.encode("utf-8", "replace").decode()
        same = or_(*(column == text for column in (entry.c.link, entry.c.native_id, entry.c.public_id, entry.c.key)))
        found = self._matching(same, count)
        part = folded(text)
        if not found and 0 < len(part) <= _SEARCHABLE:
            found = self._matching(entry.c.title_folded.contains(part, autoescape=True), count)
        return self._these(found)

    def by_seq(self, seqs: Collection[int], *, deleted: bool = False) -> dict[int, StoredEntry]:
        """See `EntryStore`."""
        return {stored.seq: stored for stored in self._these(seqs, deleted=deleted)}

    def last_change_seq(self) -> int:
        """See `EntryStore`."""
        with self._database.read() as connection:
            return connection.scalar(select(counter.c.value).where(counter.c.name == "seq")) or 0

    def changed(self, after: int) -> list[int]:
        """See `EntryStore`."""
        query = select(entry.c.seq).where(entry.c.place > after, entry.c.place > entry.c.seq).order_by(entry.c.seq)
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def duplicates(
        self, public_ids: Collection[str], link_keys: Collection[str], sources: Collection[SourceNumber]
    ) -> list[StoredEntry]:
        """See `EntryStore`."""
        wanted = frozenset(sources)
        seqs: set[int] = set()
        with self._database.read() as connection:
            for column, values in ((entry.c.public_id, public_ids), (entry.c.link_key, link_keys)):
                for chunk in chunks(sorted(set(values))):
                    rows = connection.execute(select(entry.c.seq, entry.c.number).where(column.in_(chunk), _live))
                    seqs |= {seq for seq, number in rows if number in wanted}
        return self._these(seqs)[::-1]

    def nodes(self, sources: Collection[SourceNumber]) -> list[CategoryPath]:
        """See `EntryStore`."""
        wanted = frozenset(sources)
        with self._database.read() as connection:
            used = {id_ for id_, number in connection.execute(_USED) if number in wanted}
        return sorted(path for id_, path in self._paths() if id_ in used)

    def _paths(self) -> list[tuple[int, CategoryPath]]:
        with self._database.read() as connection:
            return [(id_, tuple(json.loads(path))) for id_, path in connection.execute(select(node.c.id, node.c.path))]

    def _start(self, before: int | None, after: int | None) -> int:
        if after is not None:
            return after
        last = self.last_change_seq()
        return last + 1 if before is None else min(before, last + 1)

    def _these(self, seqs: Collection[int], *, deleted: bool = False) -> list[StoredEntry]:
        """See `entries_by_seq`."""
        if not seqs:
            return []
        with self._database.read() as connection:
            return entries_by_seq(connection, seqs, deleted=deleted)

    def _matching(self, condition: ColumnElement[bool], count: int) -> list[int]:
        query = select(entry.c.seq).where(entry.c.deleted_at.is_(None), condition)
        with self._database.read() as connection:
            return list(connection.scalars(query.order_by(entry.c.seq.desc()).limit(count)))

    def _walk(self, wanted: frozenset[SourceNumber], pathless: bool, start: int, way: _Direction) -> Iterator[int]:
        if len(wanted) > _FEW:
            return self._seqs(way.all_pathless if pathless else way.all, start, {}, wanted)
        each = way.of_source_pathless if pathless else way.of_source
        return heapq.merge(*(self._seqs(each, start, {"source": one}, wanted) for one in wanted), reverse=way.is_down)

    def _seqs(
        self, query: Select[Any], start: int, of: dict[str, int], wanted: frozenset[SourceNumber]
    ) -> Iterator[int]:
        """Change numbers of the rows of `query` that belong to `wanted`, page by page."""
        size = _FIRST_PAGE
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query, {**of, "start": start, "size": size}).all()
            for change, number in rows:
                if number in wanted:
                    yield change
            if len(rows) < size:
                return
            start = rows[-1][0]
            size = min(size * 2, _LAST_PAGE)

    def _loaded(self, changes: Iterator[int], way: _Direction) -> Iterator[StoredEntry]:
        size = _FIRST_PAGE
        while page := list(islice(changes, size)):
            with self._database.read() as connection:
                stored = [stored_entry(row) for row in connection.execute(way.load, {"changes": page})]
            yield from stored
            size = min(size * 2, _LAST_PAGE // 4)


_live = entry.c.deleted_at.is_(None)
_without_path = ~exists().where(entry_node.c.seq == entry.c.seq)
_of_source = entry.c.number == bindparam("source")
_COLUMNS = (
    select(
        entry.c.seq,
        source.c.id.label("source"),
        entry.c.number,
        entry.c.key,
        entry.c.public_id,
        entry.c.first_seen,
        entry.c.changed_at,
        entry.c.published,
        entry.c.updated,
        entry.c.sort_date,
        entry.c.fingerprint,
        entry.c.place,
        body.c.data,
    )
    .join(source, source.c.number == entry.c.number)
    .join(body, body.c.seq == entry.c.seq)
)
_ALL_THESE = _COLUMNS.where(entry.c.seq.in_(bindparam("seqs", expanding=True))).order_by(entry.c.seq.desc())
_THESE = _ALL_THESE.where(_live)
STORED = _COLUMNS


class _Direction:
    """The queries of a walk in one direction."""

    def __init__(self, *, is_down: bool) -> None:
        self.is_down = is_down
        self.all = self._page(entry, _live)
        self.all_pathless = self._page(entry, _live, _without_path)
        self.of_source = self._page(entry, _live, _of_source)
        self.of_source_pathless = self._page(entry, _live, _of_source, _without_path)
        self.in_node = self._page(entry_node, entry_node.c.node == bindparam("node"))
        wanted = entry.c.place.in_(bindparam("changes", expanding=True))
        self.load = _COLUMNS.where(wanted, _live).order_by(self._order(entry))

    def _order(self, table: Any) -> Any:
        return table.c.place.desc() if self.is_down else table.c.place

    def _page(self, table: Any, *conditions: ColumnElement[bool]) -> Select[Any]:
        start: ColumnElement[int] = bindparam("start")
        ahead = table.c.place < start if self.is_down else table.c.place > start
        ordered = select(table.c.place, table.c.number).where(ahead, *conditions).order_by(self._order(table))
        return ordered.limit(bindparam("size"))


_DOWN, _UP = _Direction(is_down=True), _Direction(is_down=False)
_USED = select(entry_node.c.node, entry_node.c.number).distinct()


def _unique(numbers: Iterable[int]) -> Iterator[int]:
    """Each once: an entry may have two paths below one node."""
    last = None
    for number in numbers:
        if number != last:
            yield number
        last = number


def entries_by_seq(connection: Connection, seqs: Collection[int], *, deleted: bool = False) -> list[StoredEntry]:
    """These entries, the newest first; unknown ones are left out and, unless asked for, deleted ones."""
    found: list[StoredEntry] = []
    for chunk in chunks(sorted(set(seqs), reverse=True)):
        rows = connection.execute(_ALL_THESE if deleted else _THESE, {"seqs": chunk})
        found += [stored_entry(row) for row in rows]
    return found


def stored_entry(row: Any) -> StoredEntry:
    """The record of one row of `STORED`. Raises UnreadableRecord if its JSON is no entry."""
    return StoredEntry(
        seq=row.seq,
        source=row.source,
        number=row.number,
        key=row.key,
        public_id=row.public_id,
        first_seen=row.first_seen,
        changed_at=row.changed_at,
        published=row.published,
        updated=row.updated,
        sort_date=row.sort_date,
        fingerprint=row.fingerprint,
        revision_seq=row.place if row.place > row.seq else 0,
        entry=ENTRY.load(row.data),
    )
