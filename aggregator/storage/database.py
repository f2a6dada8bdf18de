"""One connection to one database, and the two kinds of transaction made on it.

A writing transaction takes SQLite's write lock at its first step and not at its first write: two processes then wait
for each other instead of one failing because it had read before it wrote. No cursor outlives its transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, event

from aggregator.storage.error_messages import explained

T = TypeVar("T")

_WRITES = "aggregator_writes"
_CHUNK = 500
"""Values in one IN list: older SQLite takes 999 in all."""


def chunks(values: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """`values` in pieces that fit into one IN list."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


class Database:
    """Owns the engine. `subject` names the database in errors."""

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
        with self._lock, explained(self.subject), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that no other process can write beside; all or nothing."""
        with self._lock, explained(self.subject), self._writing.begin() as connection:
            yield connection

    def pragma(self, text: str) -> int:
        """The answer of a PRAGMA that gives a number, outside of any transaction."""
        with self._lock, explained(self.subject), self._engine.connect() as connection:
            cursor = connection.connection.cursor()
            try:
                cursor.execute(f"PRAGMA {text}")
                row = cursor.fetchone()
            finally:
                cursor.close()
            return int(row[0]) if row else 0

    def close(self) -> None:
        with self._lock, explained(self.subject):
            self._engine.dispose()
        event.listen(self._engine, "do_connect", _refuse)


def _refuse(*_connecting: object) -> None:
    raise RuntimeError("this store has been closed")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    # Past SQLAlchemy, whose bookkeeping of one statement costs more than the statement.
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")
