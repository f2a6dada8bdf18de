"""What is specific to SQLite: the connection, its transactions, its maintenance, its error codes.

Elsewhere only `tables` names SQLite, in options that another database ignores.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

MEMORY = ":memory:"
"""In place of a path: a database that lasts as long as its connection."""

_WAL_LIMIT = 64 * 2**20
"""Bytes the write-ahead log keeps after it was emptied; one huge visit must not take disk space forever."""

# By SQLite's primary result code (the low byte of the extended one).
_MESSAGES = {
    sqlite3.SQLITE_PERM: "the database may not be opened; check the rights of the file and its folder",
    sqlite3.SQLITE_BUSY: "the database is locked: another program has been writing to it for too long; "
    "wait for it or stop it, then try again",
    sqlite3.SQLITE_NOMEM: "there is not enough memory to read the database",
    sqlite3.SQLITE_READONLY: "the database cannot be written; check the rights of the file and its folder, "
    "and that the disk is not mounted read-only",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write the database; check the disk, then try again",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore it from a backup, or save what can be read with "
    "the sqlite3 program's .recover",
    sqlite3.SQLITE_FULL: "the disk is full; nothing stored so far is lost; free some space, then try again",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened; check that its folder exists, may be written to, "
    "and that the path is a file",
    sqlite3.SQLITE_PROTOCOL: "the database could not be locked; it must not lie on a network drive",
    sqlite3.SQLITE_NOTADB: "this file is not a database; name another one, or move it away to begin anew",
}
_MESSAGES[sqlite3.SQLITE_LOCKED] = _MESSAGES[sqlite3.SQLITE_BUSY]

_OTHER_TABLES = "the tables are not as this program knows them; another version changed them: start this program again"
_MISFITS = ("no such table", "no such column", "has no column named")


def make_engine(path: str, *, busy_seconds: float) -> Engine:
    """An engine with one connection to the file at `path`, or to `MEMORY`; nothing is opened before the first use.

    `busy_seconds` is how long a statement waits for another process's lock.
    """
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=path),
        poolclass=StaticPool,  # one connection: MEMORY needs it, and so does data_version
        connect_args={"check_same_thread": False, "timeout": busy_seconds, "cached_statements": 256},
        hide_parameters=True,  # an error's text would hold whole articles otherwise
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin when and how `begin` says, not before the first write
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")  # with WAL: a killed process loses nothing
    # Entries are long: compared with the defaults, these two save a fifth of the time and two fifths of the space.
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA wal_autocheckpoint=2000")
    connection.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT}")


def use_wal(engine: Engine, *, busy_seconds: float) -> None:
    """Switch the database to a write-ahead log; it stays so. Waits while another process does the same, as SQLite
    does not here by itself. Raises sqlite3.OperationalError if that takes longer than `busy_seconds`.
    """
    deadline = time.monotonic() + busy_seconds
    with engine.connect() as connection:
        raw = connection.connection.cursor()
        try:
            while True:
                try:
                    raw.execute("PRAGMA journal_mode=WAL")
                    return
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
        finally:
            raw.close()


def begin(connection: Connection, *, writes: bool) -> None:
    """Begin a transaction. One that writes takes the write lock now and not at its first write: two processes then
    wait for each other instead of one failing because it had read before it wrote.
    """
    # Without SQLAlchemy, whose overhead for one statement is larger than the statement.
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def change_count(engine: Engine) -> int:
    """A number that differs whenever another connection has changed the database."""
    return _pragma(engine, "data_version")


def optimize(engine: Engine) -> None:
    """Let SQLite update its statistics for planning queries."""
    # Without a limit it may read whole tables to count them.
    _pragma(engine, "analysis_limit=400")
    _pragma(engine, "optimize")


def _pragma(engine: Engine, text: str) -> int:
    """The number a PRAGMA answers, outside of any transaction; 0 if it answers none."""
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(f"PRAGMA {text}")
            row = cursor.fetchone()
        finally:
            cursor.close()
        return int(row[0]) if row else 0


def message_of(error: BaseException | None) -> str | None:
    """What an error of SQLite or SQLAlchemy means, and what to do about it, in words; None if it is a bug."""
    if isinstance(error, DBAPIError):
        error = error.orig
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, sqlite3.Error) or code is None:
        return None
    if code & 0xFF == sqlite3.SQLITE_ERROR and any(misfit in str(error) for misfit in _MISFITS):
        return _OTHER_TABLES
    return _MESSAGES.get(code & 0xFF)
