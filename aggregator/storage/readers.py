"""Versions of published files, and how far behind their readers are (rule W11)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from aggregator.core.model import OutputId
from aggregator.core.records import FileVersion, ReaderLag
from aggregator.storage.database import Database
from aggregator.storage.tables import file_version, reader_lag


class SqlReaders:
    """`ReaderStore` over SQL."""

    _database: Database

    def put_file_version(self, version: FileVersion, *, forget: datetime) -> None:
        """See `ReaderStore`."""
        with self._database.write() as connection:
            present = update(file_version).where(file_version.c.path == version.path, file_version.c.until.is_(None))
            connection.execute(present.values(until=version.since, parts=None))
            connection.execute(delete(file_version).where(file_version.c.until < forget))
            connection.execute(
                delete(file_version).where(file_version.c.path == version.path, file_version.c.etag == version.etag)
            )
            row = {
                "path": version.path,
                "etag": version.etag,
                "stamp": version.stamp,
                "place": version.change_seq,
                "since": version.since,
                "until": version.until,
                "parts": json.dumps(version.parts),
            }
            connection.execute(insert(file_version), row)

    def file_version(self, path: str) -> FileVersion | None:
        """See `ReaderStore`."""
        with self._database.read() as connection:
            query = select(file_version).where(file_version.c.path == path, file_version.c.until.is_(None))
            return next(iter(map(_version, connection.execute(query))), None)

    def file_versions(self, path: str | None = None) -> list[FileVersion]:
        """See `ReaderStore`."""
        query = select(file_version).order_by(file_version.c.path, file_version.c.stamp)
        with self._database.read() as connection:
            wanted = query if path is None else query.where(file_version.c.path == path)
            rows = connection.execute(wanted).all()
        return list(map(_version, rows))

    def put_reader_lags(self, lags: Sequence[ReaderLag]) -> None:
        """See `ReaderStore`."""
        with self._database.write() as connection:
            for one in lags:
                connection.execute(delete(reader_lag).where(reader_lag.c.output == one.output))
                row = {"output": one.output, "seconds": one.seconds, "seen": one.seen}
                connection.execute(insert(reader_lag), row)

    def reader_lags(self) -> dict[OutputId, ReaderLag]:
        """See `ReaderStore`."""
        with self._database.read() as connection:
            return {row.output: _lag(row) for row in connection.execute(select(reader_lag))}


def _lag(row: Any) -> ReaderLag:
    return ReaderLag(output=row.output, seconds=row.seconds, seen=row.seen)


def _version(row: Any) -> FileVersion:
    parts = tuple((length, stamp) for length, stamp in json.loads(row.parts or "[]"))
    return FileVersion(
        path=row.path,
        etag=row.etag,
        stamp=row.stamp,
        change_seq=row.place,
        since=row.since,
        until=row.until,
        parts=parts,
    )
