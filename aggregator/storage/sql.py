"""`Storage` over SQL: its parts put together, and the few methods that belong to none of them."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, insert, select

from aggregator.storage.archives import SqlArchives
from aggregator.storage.counts import SqlCounts
from aggregator.storage.database import Database
from aggregator.storage.entries import SqlEntries
from aggregator.storage.outputs import SqlOutputs
from aggregator.storage.readers import SqlReaders
from aggregator.storage.removals import SqlRemovals
from aggregator.storage.sources import SqlSources
from aggregator.storage.tables import attempt, setting
from aggregator.storage.visits import SqlVisits


class SqlStorage(SqlSources, SqlVisits, SqlEntries, SqlRemovals, SqlOutputs, SqlArchives, SqlReaders, SqlCounts):
    """A store in one SQL database, whose tables are there and up to date."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """See `Storage`."""
        self._database.close()

    def mint(self, name: str, value: str) -> str:
        """See `SourceStore`."""
        kept = select(setting.c.value).where(setting.c.name == name)
        with self._database.write() as connection:
            found = connection.scalar(kept)
            if found is not None:
                return str(found)
            connection.execute(insert(setting), {"name": name, "value": value})
            return value

    def changes(self) -> int:
        """See `Storage`."""
        return self._database.change_count()

    def trim(self, *, attempts: int) -> None:
        """See `Storage`."""
        with self._database.write() as connection:
            crowded = select(attempt.c.number).group_by(attempt.c.number).having(func.count() > attempts)
            rows = [{"source": number, "kept": attempts} for number in connection.scalars(crowded)]
            if rows:
                connection.execute(_TRIM, rows)
        self._database.optimize()


_other = attempt.alias()
_newest_forgotten = (
    select(_other.c.id)
    .where(_other.c.number == bindparam("source"))
    .order_by(_other.c.id.desc())
    .limit(1)
    .offset(bindparam("kept"))
    .scalar_subquery()
)
_TRIM = delete(attempt).where(attempt.c.number == bindparam("source"), attempt.c.id <= _newest_forgotten)
