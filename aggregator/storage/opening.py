"""Opening a store: makes the folder, brings the tables up to date, refuses what this program cannot keep faithfully."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from aggregator.core.errors import StorageError
from aggregator.storage import Storage
from aggregator.storage.database import Database
from aggregator.storage.error_messages import explained, in_words
from aggregator.storage.sql import SqlStorage

HEAD = "0003"
"""The last script of `migrations/versions`. They are numbered in order: a higher one was written by a later version."""

MIGRATIONS = Path(__file__).parent / "migrations"

_MEMORY = ":memory:"
_WAL_LIMIT = 64 * 2**20
"""Bytes the write-ahead log keeps after it was emptied; one huge visit must not hold disk for ever."""


def open_storage(where: str | Path, *, busy_seconds: float = 15.0) -> Storage:
    """The store at `where`: the path of a SQLite file, `:memory:`, or a `sqlite:` address.

    A missing file is made, and its folder too; tables of an earlier version are brought up to date, all or nothing.
    `busy_seconds` is how long any call waits for another process before it gives up. The store may be used from any
    thread, one call at a time. Raises StorageError if it cannot be opened, is no store of ours, or was written by a
    later version of this program; it is left as it was then.
    """
    url, subject = _address(where)
    if url.database != _MEMORY:
        _make_folder(Path(url.database or ""), subject)
    engine = create_engine(
        url,
        poolclass=StaticPool,  # one connection: `:memory:` needs it, and so does data_version
        connect_args={"check_same_thread": False, "timeout": busy_seconds, "cached_statements": 256},
        hide_parameters=True,  # an error's text would hold whole articles otherwise
    )
    event.listen(engine, "connect", _prepare)
    try:
        database = Database(engine, subject)
        _bring_up_to_date(database, lambda: _use_wal(engine, busy_seconds))
    except BaseException:
        engine.dispose()
        raise
    return SqlStorage(database)


def _address(where: str | Path) -> tuple[URL, str]:
    text = str(where)
    if text != _MEMORY and "://" in text:
        try:
            url = make_url(text)
        except ArgumentError as error:
            raise StorageError(text, "this is not the address of a database; name the path of a file") from error
        if url.get_backend_name() != "sqlite":
            raise StorageError(url.render_as_string(), "only SQLite is supported so far; name the path of a file")
        text = url.database or _MEMORY
    return URL.create("sqlite+pysqlite", database=text), text


def _make_folder(path: Path, subject: str) -> None:
    if path.is_dir():
        raise StorageError(subject, "this is a folder; name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(subject, f"its folder cannot be made: {error.strerror}") from error


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin when and how `database` says, not before the first write
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")  # with WAL: a killed process loses nothing
    # Articles are long: measured beside the defaults, these two save a fifth of the time and two fifths of the space.
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA wal_autocheckpoint=2000")
    connection.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT}")


def _use_wal(engine: Engine, busy_seconds: float) -> None:
    """Once set it stays. SQLite does not wait by itself here while another process does the same."""
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


def _bring_up_to_date(database: Database, use_wal: Callable[[], None]) -> None:
    with database.read() as connection:
        revision = _revision(connection, database.subject)
    # Only now: the file might have been somebody else's.
    with explained(database.subject):
        use_wal()
    if revision == HEAD:
        return
    with database.write() as connection:
        # Asked again: another process may have done it while this one waited for the lock.
        if _revision(connection, database.subject) != HEAD:
            _upgrade(connection, database.subject)


def _revision(connection: Connection, subject: str) -> str | None:
    """What the database was brought up to last; None if it is empty."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise StorageError(subject, "this is the database of another program; name another file")
        return None
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision is not None and str(revision) > HEAD:
        raise StorageError(
            subject,
            f"it was written by a later version of this program (tables {revision}, known here up to {HEAD}); "
            "install that version, or restore a backup made before it",
        )
    return None if revision is None else str(revision)


def _upgrade(connection: Connection, subject: str) -> None:
    # Here because it takes 100 ms to import, and is needed once in the life of a version.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except (CommandError, DBAPIError) as error:
        cause = in_words(error.orig) if isinstance(error, DBAPIError) else None
        words = f"its tables could not be brought up to date, nothing was changed: {cause or error}"
        raise StorageError(subject, words) from error
