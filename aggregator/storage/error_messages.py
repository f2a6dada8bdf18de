"""What a database says, in words that tell a person what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from aggregator.core.errors import StorageError
from aggregator.storage.codec import UnreadableRecord

# By SQLite's primary result code (the low byte of the extended one).
_WORDS = {
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
_WORDS[sqlite3.SQLITE_LOCKED] = _WORDS[sqlite3.SQLITE_BUSY]

_CHANGED = "the tables are not as this program knows them; another version changed them: start this program again"
_SHAPE = ("no such table", "no such column", "has no column named")


def in_words(error: BaseException | None) -> str | None:
    """What to tell a person; None if the error is none that a person could have caused."""
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    if code & 0xFF == sqlite3.SQLITE_ERROR and any(shape in str(error) for shape in _SHAPE):
        return _CHANGED
    return _WORDS.get(code & 0xFF)


@contextmanager
def explained(subject: str) -> Iterator[None]:
    """Turns expected trouble of the database into StorageError; anything else is a bug and passes through."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        words = in_words(error.orig if isinstance(error, DBAPIError) else error)
        if words is None:
            raise
        raise StorageError(subject, words) from error
    except UnreadableRecord as error:
        raise StorageError(subject, f"{error}; the database is damaged: restore it from a backup") from error
