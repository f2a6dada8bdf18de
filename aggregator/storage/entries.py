"""Entries read back: walks from the newest addition to the oldest, and looking one up.

A walk has no cursor open between two entries: it remembers the last seq and asks for the next page, so any other call
may be made meanwhile. Additions made after its first entry are not part of it.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, or_, select

from aggregator.core.model import CategoryPath, SourceNumber, StoredEntry
from aggregator.storage.codec import ENTRY
from aggregator.storage.database import Database, chunks
from aggregator.storage.tables import body, counter, entry, entry_node, node, source
from aggregator.storage.visits import folded

_FEW = 64
"""Up to so many sources are walked each by itself and merged; more are picked out of a walk over all entries, since
every source costs a query (70 us) before the first entry comes."""
_FIRST_PAGE, _LAST_PAGE = 32, 1024
_SEARCHABLE = 1000
"""No title is longer, so a longer text is in none (protocols section 10: titles are cut at 500 characters)."""


class Entries:
    """The part of `Storage` about entries."""

    _database: Database

    def entries(
        self,
        sources: Collection[SourceNumber],
        *,
        pathless: bool = False,
        before: int | None = None,
    ) -> Iterator[StoredEntry]:
        wanted = frozenset(sources)
        if wanted:
            yield from self._loaded(self._walk(wanted, pathless, self._start(before)))

    def entries_in(
        self, node: CategoryPath, sources: Collection[SourceNumber], *, before: int | None = None
    ) -> Iterator[StoredEntry]:
        wanted = frozenset(sources)
        if wanted:
            below = [id_ for id_, path in self._paths() if path[: len(node)] == node]
            start = self._start(before)
            walks = [self._seqs(_IN_NODE, start, {"node": id_}, wanted) for id_ in below]
            yield from self._loaded(_unique(heapq.merge(*walks, reverse=True)))

    def find(self, text: str, *, count: int = 20) -> list[StoredEntry]:
        # Arguments of a command may hold bytes that are no text; no stored value does.
        text = text.encode("utf-8", "replace").decode()
        same = or_(*(column == text for column in (entry.c.link, entry.c.native_id, entry.c.public_id, entry.c.key)))
        found = self._matching(same, count)
        part = folded(text)
        if not found and 0 < len(part) <= _SEARCHABLE:
            found = self._matching(entry.c.title_folded.contains(part, autoescape=True), count)
        return list(self._loaded(iter(found)))

    def by_seq(self, seqs: Collection[int]) -> dict[int, StoredEntry]:
        wanted = sorted(set(seqs), reverse=True)
        return {stored.seq: stored for stored in self._loaded(iter(wanted))}

    def namesakes(
        self, public_ids: Collection[str], link_keys: Collection[str], sources: Collection[SourceNumber]
    ) -> list[StoredEntry]:
        wanted = frozenset(sources)
        seqs: set[int] = set()
        with self._database.read() as connection:
            for column, values in ((entry.c.public_id, public_ids), (entry.c.link_key, link_keys)):
                for chunk in chunks(sorted(set(values))):
                    rows = connection.execute(select(entry.c.seq, entry.c.number).where(column.in_(chunk), _live))
                    seqs |= {seq for seq, number in rows if number in wanted}
        return list(self._loaded(iter(sorted(seqs, reverse=True))))[::-1]

    def nodes(self, sources: Collection[SourceNumber]) -> list[CategoryPath]:
        wanted = frozenset(sources)
        with self._database.read() as connection:
            used = {id_ for id_, number in connection.execute(_USED) if number in wanted}
        return sorted(path for id_, path in self._paths() if id_ in used)

    def _paths(self) -> list[tuple[int, CategoryPath]]:
        with self._database.read() as connection:
            return [(id_, tuple(json.loads(path))) for id_, path in connection.execute(select(node.c.id, node.c.path))]

    def _start(self, before: int | None) -> int:
        with self._database.read() as connection:
            last = connection.scalar(select(counter.c.value).where(counter.c.name == "seq")) or 0
        return last + 1 if before is None else min(before, last + 1)

    def _matching(self, condition: ColumnElement[bool], count: int) -> list[int]:
        query = select(entry.c.seq).where(entry.c.deleted_at.is_(None), condition)
        with self._database.read() as connection:
            return list(connection.scalars(query.order_by(entry.c.seq.desc()).limit(count)))

    def _walk(self, wanted: frozenset[SourceNumber], pathless: bool, before: int) -> Iterator[int]:
        if len(wanted) > _FEW:
            return self._seqs(_ALL_PATHLESS if pathless else _ALL, before, {}, wanted)
        each = _OF_SOURCE_PATHLESS if pathless else _OF_SOURCE
        return heapq.merge(*(self._seqs(each, before, {"source": one}, wanted) for one in wanted), reverse=True)

    def _seqs(
        self, query: Select[Any], before: int, of: dict[str, int], wanted: frozenset[SourceNumber]
    ) -> Iterator[int]:
        """Descending seqs of the rows of `query` that belong to `wanted`, page by page."""
        size = _FIRST_PAGE
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query, {**of, "before": before, "size": size}).all()
            for seq, number in rows:
                if number in wanted:
                    yield seq
            if len(rows) < size:
                return
            before = rows[-1][0]
            size = min(size * 2, _LAST_PAGE)

    def _loaded(self, seqs: Iterator[int]) -> Iterator[StoredEntry]:
        size = _FIRST_PAGE
        while page := list(islice(seqs, size)):
            with self._database.read() as connection:
                stored = [_stored(row) for row in connection.execute(_LOAD, {"seqs": page})]
            yield from stored
            size = min(size * 2, _LAST_PAGE // 4)


def _page(table: Any, *conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(table.c.seq, table.c.number)
        .where(table.c.seq < bindparam("before"), *conditions)
        .order_by(table.c.seq.desc())
        .limit(bindparam("size"))
    )


_live = entry.c.deleted_at.is_(None)
_without_path = ~exists().where(entry_node.c.seq == entry.c.seq)
_of_source = entry.c.number == bindparam("source")
_ALL = _page(entry, _live)
_ALL_PATHLESS = _page(entry, _live, _without_path)
_OF_SOURCE = _page(entry, _live, _of_source)
_OF_SOURCE_PATHLESS = _page(entry, _live, _of_source, _without_path)
_IN_NODE = _page(entry_node, entry_node.c.node == bindparam("node"))
_USED = select(entry_node.c.node, entry_node.c.number).distinct()
_LOAD = (
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
        body.c.data,
    )
    .join(source, source.c.number == entry.c.number)
    .join(body, body.c.seq == entry.c.seq)
    .where(entry.c.seq.in_(bindparam("seqs", expanding=True)), _live)
    .order_by(entry.c.seq.desc())
)


def _unique(seqs: Iterable[int]) -> Iterator[int]:
    """Each once: an entry may stand in two paths below one node."""
    last = None
    for seq in seqs:
        if seq != last:
            yield seq
        last = seq


def _stored(row: Any) -> StoredEntry:
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
        entry=ENTRY.load(row.data),
    )
