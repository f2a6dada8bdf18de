"""Deleted entries: marking them, the tombstones that outputs show for a while, and what a visit loads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from aggregator.core.model import OutputId, SourceNumber
from aggregator.core.records import LoadedContents, Removal, RemovalOrigin, RemovedEntry, WantedContents
from aggregator.storage.database import Database, chunks
from aggregator.storage.entries import STORED, entries_by_seq, stored_entry
from aggregator.storage.tables import entry, removal
from aggregator.storage.visits import mark, move, remove


class SqlRemovals:
    """The methods of `EntryStore` and `VisitStore` about deleted entries, over SQL."""

    _database: Database

    def move(self, seqs: Sequence[int]) -> None:
        """See `EntryStore`."""
        if seqs:
            with self._database.write() as connection:
                move(connection, seqs)

    def remove(self, removals: Sequence[Removal], outputs: Collection[OutputId]) -> list[int]:
        """See `EntryStore`."""
        with self._database.write() as connection:
            removed = remove(connection, removals)
            if removed:
                mark(connection, outputs)
        return removed

    def removals(self, seqs: Collection[int]) -> dict[int, Removal]:
        """See `EntryStore`."""
        with self._database.read() as connection:
            return _removals(connection, seqs)

    def load_contents(self, wanted: WantedContents) -> LoadedContents:
        """See `VisitStore`."""
        with self._database.read() as connection:
            stored = entries_by_seq(connection, wanted.entries, deleted=wanted.deleted)
            return LoadedContents(
                entries={one.seq: one for one in stored}, removals=_removals(connection, wanted.removals)
            )

    def pending_tombstones(self, sources: Collection[SourceNumber]) -> list[RemovedEntry]:
        """See `EntryStore`."""
        wanted = frozenset(sources)
        with self._database.read() as connection:
            rows = connection.execute(_PENDING).all()
        return [RemovedEntry(stored=stored_entry(row), removal=_removal(row)) for row in rows if row.number in wanted]

    def expire_tombstones(self, *, before: datetime) -> list[SourceNumber]:
        """See `EntryStore`."""
        over = (removal.c.told, removal.c.at < before)
        numbers = select(entry.c.number).join(removal, removal.c.seq == entry.c.seq).where(*over).distinct()
        with self._database.read() as connection:
            found = sorted(connection.scalars(numbers))
        if found:
            with self._database.write() as connection:
                connection.execute(update(removal).where(*over).values(told=False))
        return found


_PENDING = (
    STORED.join(removal, removal.c.seq == entry.c.seq)
    .add_columns(removal.c.at, removal.c.origin, removal.c.why)
    .where(removal.c.told)
    .order_by(entry.c.seq)
)


def _removals(connection: Connection, seqs: Collection[int]) -> dict[int, Removal]:
    found: dict[int, Removal] = {}
    for chunk in chunks(sorted(set(seqs))):
        rows = connection.execute(select(removal).where(removal.c.seq.in_(chunk)))
        found |= {row.seq: _removal(row) for row in rows}
    return found


def _removal(row: Any) -> Removal:
    return Removal(seq=row.seq, at=row.at, origin=RemovalOrigin(row.origin), why=row.why)
