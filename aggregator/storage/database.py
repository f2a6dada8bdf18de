"""One connection to one database, and the two kinds of transaction made on it. No cursor outlives its transaction."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from aggregator.core.errors import StorageError
from aggregator.storage import sqlite
from aggregator.storage.codec import UnreadableRecord

T = TypeVar("T")

_WRITES = "aggregator_writes"
_CHUNK = 500
"""Values in one IN list: older SQLite takes 999 in all."""


def chunks(values: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """`values` in pieces that fit into one IN list."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


@contextmanager
def storage_errors(subject: str) -> Iterator[None]:
    """Raise expected errors of the database `subject` as StorageError; any other exception passes through."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        message = sqlite.message_of(error)
        if message is None:
            raise
        raise StorageError(subject, message) from error
    except UnreadableRecord as error:
        raise StorageError(subject, f"{error}; the database is damaged: restore it from a backup") from error


class Database:
    """Owns the engine. `subject` names the database in errors. Every method may raise StorageError."""

    def __init__(self, engine: Engine, subject: str) -> None:
        event.listen(engine, "begin", _begin)
        self._engine = engine
        self._writing = engine.execution_options(**{_WRITES: True})
        # Callers promise one call at a time; the lock keeps a broken promise from mixing two transactions.
        self._lock = threading.RLock()
        self.subject = subject

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout and changes nothing."""
        with self._lock, storage_errors(self.subject), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction during which no other process can write; all or nothing."""
        with self._lock, storage_errors(self.subject), self._writing.begin() as connection:
            yield connection

    def change_count(self) -> int:
        """A number that differs whenever another connection has changed the database."""
        with self._lock, storage_errors(self.subject):
            return sqlite.change_count(self._engine)

    def optimize(self) -> None:
        """Let the database update its statistics for planning queries."""
        with self._lock, storage_errors(self.subject):
            sqlite.optimize(self._engine)

    def close(self) -> None:
        """Close the connection; RuntimeError for any later transaction."""
        with self._lock, storage_errors(self.subject):
            self._engine.dispose()
        event.listen(self._engine, "do_connect", _refuse)


def _refuse(*_connecting: object) -> None:
    raise RuntimeError("this store has been closed")


def _begin(connection: Connection) -> None:
    sqlite.begin(connection, writes=connection.get_execution_options().get(_WRITES, False))
