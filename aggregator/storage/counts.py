"""Counts for pages and metrics, and the public ids there are: without reading contents."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Connection, func, literal, select, type_coerce

from aggregator.core.dates.microseconds import to_microseconds
from aggregator.core.model import SourceNumber
from aggregator.storage.database import Database
from aggregator.storage.tables import entry

_DAY = timedelta(days=1) // timedelta(microseconds=1)


class SqlCounts:
    """`arrivals` and `public_ids`, over SQL."""

    _database: Database

    def arrivals(self, *, now: datetime, days: int) -> dict[SourceNumber, tuple[int, ...]]:
        """See `SourceStore`."""
        age = literal(to_microseconds(now), BigInteger) - type_coerce(entry.c.first_seen, BigInteger)
        since = now - timedelta(days=days)
        counts: dict[SourceNumber, list[int]] = {}
        with self._database.read() as connection:
            recent = (entry.c.seq >= _first_since(connection, since), entry.c.first_seen > since)
            day = func.max(age // _DAY, 0).label("day")
            query = select(entry.c.number, day, func.count()).where(*recent).group_by(entry.c.number, "day")
            for number, back, count in connection.execute(query):
                counts.setdefault(number, [0] * days)[days - 1 - min(back, days - 1)] += count
        return {number: tuple(counts[number]) for number in sorted(counts)}

    def public_ids(self, sources: Collection[SourceNumber]) -> list[tuple[str, int]]:
        """See `EntryStore`."""
        wanted = frozenset(sources)
        query = select(entry.c.public_id, entry.c.seq, entry.c.number).where(entry.c.deleted_at.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(entry.c.seq))
            return [(public_id, seq) for public_id, seq, number in rows if number in wanted]


def _first_since(connection: Connection, since: datetime) -> int:
    """A `seq` below which everything is older: entries are numbered as they come, so halving finds it."""
    low, high = 0, connection.scalar(select(func.max(entry.c.seq))) or 0
    while low < high:
        middle = (low + high) // 2
        query = select(entry.c.seq, entry.c.first_seen).where(entry.c.seq > middle).order_by(entry.c.seq).limit(1)
        row = connection.execute(query).one()
        if row.first_seen > since:
            high = middle
        else:
            low = row.seq
    return low
