"""Opening a store: makes the folder, brings the tables up to date, refuses stores that this program cannot use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from aggregator.core.errors import StorageError
from aggregator.storage import Storage, sqlite
from aggregator.storage.database import Database, storage_errors
from aggregator.storage.sql import SqlStorage

HEAD = "0003"
"""The last script of `migrations/versions`. They are numbered in order: a higher one was written by a later version."""

MIGRATIONS = Path(__file__).parent / "migrations"


def open_storage(where: str | Path, *, busy_seconds: float = 15.0) -> Storage:
    """The store at `where`: the path of a SQLite file, `:memory:`, or a `sqlite:` address.

    A missing file is made, and its folder too; tables of an earlier version are brought up to date, all or nothing.
    `busy_seconds` is how long any call waits for another process before it gives up. The store may be used from any
    thread, one call at a time. Raises StorageError if it cannot be opened, is no store of ours, or was written by a
    later version of this program; it is then left as it was.
    """
    path = _path(where)
    if path != sqlite.MEMORY:
        _make_folder(Path(path), path)
    engine = sqlite.make_engine(path, busy_seconds=busy_seconds)
    try:
        database = Database(engine, path)
        _bring_up_to_date(database, lambda: sqlite.use_wal(engine, busy_seconds=busy_seconds))
    except BaseException:
        engine.dispose()
        raise
    return SqlStorage(database)


def _path(where: str | Path) -> str:
    text = str(where)
    if text == sqlite.MEMORY or "://" not in text:
        return text
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise StorageError(text, "this is not the address of a database; name the path of a file") from error
    if url.get_backend_name() != "sqlite":
        raise StorageError(url.render_as_string(), "only SQLite is supported so far; name the path of a file")
    return url.database or sqlite.MEMORY


def _make_folder(path: Path, subject: str) -> None:
    if path.is_dir():
        raise StorageError(subject, "this is a folder; name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(subject, f"its folder cannot be made: {error.strerror}") from error


def _bring_up_to_date(database: Database, use_wal: Callable[[], None]) -> None:
    with database.read() as connection:
        revision = _revision(connection, database.subject)
    # Only now: the file might have been another program's.
    with storage_errors(database.subject):
        use_wal()
    if revision == HEAD:
        return
    with database.write() as connection:
        # Asked again: another process may have done it while this one waited for the lock.
        if _revision(connection, database.subject) != HEAD:  # pragma: no branch: by whether one has
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
        cause = sqlite.message_of(error) or error
        message = f"its tables could not be brought up to date, nothing was changed: {cause}"
        raise StorageError(subject, message) from error
