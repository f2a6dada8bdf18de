"""Opening a store: new, old, later, somebody else's, or none at all; and bringing its tables up to date."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from storage_samples import NOW, add, set_sources

from aggregator.core.errors import StorageError
from aggregator.storage import Storage
from aggregator.storage.opening import HEAD, MIGRATIONS, open_storage
from aggregator.storage.tables import metadata

OPENERS = """
import sys
from aggregator.storage.opening import open_storage
open_storage(sys.argv[1]).close()
"""


def answer(path: Path, query: str) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "深" / "er" / "100% ?mode=ro.db"
    open_storage(path).close()
    assert path.stat().st_size > 0


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("{path}", id="text"),
        pytest.param("sqlite:///{path}", id="address"),
        pytest.param("sqlite+pysqlite:///{path}", id="address with a driver"),
    ],
)
def test_a_store_is_found_again(database: Path, where: str) -> None:
    """What one process stored the next one reads."""
    first = open_storage(database)
    [number] = set_sources(first, "a")
    add(first, number, ["one"])
    first.close()
    second = open_storage(where.format(path=database))
    assert [stored.key for stored in second.entries([number])] == ["urn:x:one"]
    second.close()


def test_two_stores_in_memory_are_two() -> None:
    first, second = open_storage(":memory:"), open_storage("sqlite://")
    assert first.mint("a", "1") == "1"
    assert second.mint("a", "2") == "2"
    first.close()
    second.close()


def test_the_file_is_kept_as_the_design_says(database: Path) -> None:
    """Write-ahead logging, so that readers and a killed process do no harm."""
    store = open_storage(database)
    assert answer(database, "PRAGMA journal_mode") == ("wal",)
    store.close()
    assert answer(database, "PRAGMA integrity_check") == ("ok",)


def test_the_tables_made_are_the_tables_used(database: Path) -> None:
    """The scripts and `tables` describe the same database."""
    open_storage(database).close()
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_tables_of_sqlite_have_what_no_comparison_sees(database: Path) -> None:
    """Numbers of sources are never given twice, and small tables have no hidden row number."""
    open_storage(database).close()
    made = {}
    with closing(sqlite3.connect(database)) as connection:
        for name, text in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
            made[name] = ("AUTOINCREMENT" in text, "WITHOUT ROWID" in text)
    described = {
        table.name: (
            bool(table.dialect_options["sqlite"]["autoincrement"]),
            not table.dialect_options["sqlite"]["with_rowid"],
        )
        for table in metadata.sorted_tables
    }
    assert {name: made[name] for name in described} == described


def test_head_is_the_last_script() -> None:
    """One chain without branches, numbered in order, and every script's name begins with its number."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert [script.revision for script in scripts] == [f"{number:04}" for number in range(len(scripts), 0, -1)]
    assert scripts[0].revision == HEAD
    for script in scripts:
        assert Path(script.path).name.startswith(f"r{script.revision}_")


def test_a_later_store_is_refused_and_left_alone(database: Path) -> None:
    open_storage(database).close()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = database.read_bytes()
    with pytest.raises(StorageError, match=r"later version.*9999.*install that version, or restore"):
        open_storage(database)
    assert database.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_alone(database: Path) -> None:
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = database.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        open_storage(database)
    assert database.read_bytes() == before


def test_half_an_upgrade_is_never_kept(database: Path) -> None:
    """A script that fails in its middle leaves no table behind."""
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE rendition (x)")
    with pytest.raises(StorageError, match=r"nothing was changed: .*rendition already exists"):
        open_storage(database)
    with closing(sqlite3.connect(database)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"alembic_version", "rendition"}


def test_a_file_that_is_no_database_is_refused_and_left_alone(database: Path) -> None:
    database.parent.mkdir()
    database.write_text("[site]\ntitle = 'feeds.toml named by mistake'\n" * 100)
    before = database.read_bytes()
    with pytest.raises(StorageError, match="not a database"):
        open_storage(database)
    assert database.read_bytes() == before


def test_an_empty_file_is_a_new_store(database: Path) -> None:
    database.parent.mkdir()
    database.touch()
    open_storage(database).close()
    assert answer(database, "SELECT version_num FROM alembic_version") == (HEAD,)


def test_a_damaged_store_is_said_to_be_damaged(database: Path) -> None:
    store = open_storage(database)
    [number] = set_sources(store, "a")
    add(store, number, [str(index) for index in range(300)])
    store.close()
    with database.open("r+b") as file:
        file.seek(16384)
        file.write(os.urandom(database.stat().st_size - 16384))
    with pytest.raises(StorageError, match="damaged"):
        _read_all(database)


def _read_all(path: Path) -> None:
    store = open_storage(path)
    try:
        for record in store.sources():
            list(store.entries([record.state.number]))
            store.known(record.state.number)
        store.outputs()
        store.renditions()
    finally:
        store.close()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        pytest.param("{folder}", "this is a folder", id="a folder"),
        pytest.param("{folder}/file/x.db", "its folder cannot be made", id="below a file"),
        pytest.param("postgresql://u:secret@h/d", "only SQLite", id="a database not yet supported"),
        pytest.param("://", "not the address of a database", id="no address"),
        pytest.param("nonsense://x", "only SQLite", id="an unknown kind"),
    ],
)
def test_a_wrong_place_is_refused_in_words(tmp_path: Path, where: str, words: str) -> None:
    """The error names the place; a password in it is not shown."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=words) as caught:
        open_storage(where.format(folder=tmp_path))
    assert "secret" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_store_that_may_not_be_written_is_refused(database: Path) -> None:
    open_storage(database).close()
    database.chmod(0o444)
    with pytest.raises(StorageError, match="rights"):
        open_storage(database).mint("a", "1")


def test_several_processes_may_make_one_store_at_once(database: Path) -> None:
    """One makes the tables, the others wait for it."""
    running = [
        subprocess.Popen([sys.executable, "-c", OPENERS, str(database)], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [(process.communicate()[1], process.returncode) for process in running] == [("", 0)] * 4
    assert answer(database, "SELECT version_num FROM alembic_version") == (HEAD,)


def test_a_database_that_another_program_holds_is_refused_in_words(database: Path) -> None:
    """It has no write-ahead log yet, so that whoever writes keeps others from switching to one."""
    database.parent.mkdir()
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another program has been writing to it for too long"):
            open_storage(database, busy_seconds=0.1)
        other.execute("ROLLBACK")
    open_storage(database).close()


def test_a_store_is_used_from_other_threads(store: Storage) -> None:
    """One call at a time, from any thread; two at once are put in order rather than mixed."""
    [number] = set_sources(store, "a")
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for index in range(20):
                store.mint(f"{name}{index}", "x")
                list(store.entries([number]))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(str(index),)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_closed_store_is_not_opened_again_by_accident(store: Storage) -> None:
    store.close()
    with pytest.raises(RuntimeError, match="closed"):
        store.mint("a", "1")


def test_opening_leaves_logging_as_it_was(database: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    open_storage(database).close()
    assert (root.level, list(root.handlers)) == before


def test_an_up_to_date_store_opens_without_the_migration_tool(database: Path) -> None:
    """A poll by cron does not pay for what it does not need."""
    open_storage(database).close()
    program = OPENERS + "print([name for name in ('alembic', 'pydantic', 'mako') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program, str(database)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_do_not_show_articles(store: Storage) -> None:
    """A bug's traceback goes to the log; it must not carry contents."""
    [number] = set_sources(store, "a")
    with pytest.raises(Exception, match="UNIQUE") as caught:
        add(store, number, ["one", "one"])
    assert not re.search("正文|标题", str(caught.value))
    assert NOW.isoformat() not in str(caught.value)
