"""Bad days: another process writes, a process is killed, a disk is full, a record is from the future."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from storage_samples import LATER, NOW, add, draft, entry, lease, rendition, set_sources, visit

from aggregator.core.errors import StorageError
from aggregator.core.model import OutputId, SourceId, SourceNumber
from aggregator.core.records import (
    Archive,
    Chain,
    FileVersion,
    Lease,
    ReaderLag,
    Removal,
    RemovalOrigin,
    WantedContents,
)
from aggregator.core.source_state import Health, PollState
from aggregator.storage import Storage
from aggregator.storage.codec import ENTRY, STATE, UnreadableRecord
from aggregator.storage.opening import open_storage
from aggregator.storage.sqlite import message_of

ALL = OutputId("all")
ONE = SourceNumber(1)
HELD = Lease(number=ONE, token="mine", until=LATER)

GONE = Removal(seq=1, at=NOW, origin=RemovalOrigin.OPERATOR)
CHAIN = Chain(output=ALL, generation="g", definition="d")
DOCUMENT = Archive(output=ALL, number=1, first=1, last=1, members=((1,),))
SHOWN = FileVersion(path="a", etag='"e"', stamp=1, change_seq=1, since=NOW)
WRITES: dict[str, Callable[[Storage], object]] = {
    "mint": lambda store: store.mint("name", "value"),
    "set_sources": lambda store: store.set_sources([(SourceId("b"), "https://b.example/")], now=NOW),
    "claim": lambda store: store.claim([ONE], now=NOW, until=LATER, token="t"),
    "release": lambda store: store.release([HELD]),
    "record": lambda store: store.record(visit(HELD, new=(draft("two"),))),
    "slug": lambda store: store.slug("node", "name", wanted="slug"),
    "put_output": lambda store: store.put_output(ALL, public_id="p", definition="d", now=NOW),
    "redefine_output": lambda store: store.redefine_output(ALL, "e"),
    "retire_outputs": lambda store: store.retire_outputs([]),
    "mark_dirty": lambda store: store.mark_dirty([ALL]),
    "put_renditions": lambda store: store.put_renditions(ALL, [rendition("a")], stamp=1, size=1, newest=None),
    "move": lambda store: store.move([1]),
    "remove": lambda store: store.remove([GONE], [ALL]),
    "expire_tombstones": lambda store: store.remove([GONE], []) and store.expire_tombstones(before=LATER),
    "begin_chain": lambda store: store.begin_chain(CHAIN),
    "redefine_chain": lambda store: store.redefine_chain(ALL, "e"),
    "end_chain": lambda store: store.end_chain(ALL),
    "advance_chain": lambda store: store.advance_chain(ALL, archived_to=1),
    "put_archive": lambda store: store.put_archive(DOCUMENT, []),
    "mark_stale": lambda store: store.mark_stale(ALL, [1]),
    "forget_archive_files": lambda store: store.forget_archive_files(["a"]),
    "put_file_version": lambda store: store.put_file_version(SHOWN, forget=NOW),
    "put_reader_lags": lambda store: store.put_reader_lags([ReaderLag(output=ALL, seconds=1, seen=NOW)]),
    "trim": lambda store: store.trim(attempts=50),
}
READS: dict[str, Callable[[Storage], object]] = {
    "due": lambda store: store.due(now=LATER),
    "poll_state": lambda store: store.poll_state(ONE),
    "sources": lambda store: store.sources(),
    "attempts": lambda store: store.attempts(ONE, count=9),
    "known": lambda store: store.known(ONE),
    "holds": lambda store: store.holds(now=NOW),
    "entry_cache": lambda store: store.entry_cache(ONE),
    "entries": lambda store: list(store.entries([ONE])),
    "entries_in": lambda store: list(store.entries_in((), [ONE])),
    "by_seq": lambda store: store.by_seq([1]),
    "duplicates": lambda store: store.duplicates(["urn:x:one"], [], [ONE]),
    "find": lambda store: store.find("one"),
    "nodes": lambda store: store.nodes([ONE]),
    "definitions": lambda store: store.definitions(),
    "last_change_seq": lambda store: store.last_change_seq(),
    "changed": lambda store: store.changed(0),
    "removals": lambda store: store.removals([1]),
    "load_contents": lambda store: store.load_contents(WantedContents(entries=frozenset({1}))),
    "pending_tombstones": lambda store: store.pending_tombstones([ONE]),
    "chain": lambda store: store.chain(ALL),
    "newest_archive": lambda store: store.newest_archive(ALL),
    "stale_archives": lambda store: store.stale_archives(ALL),
    "archives_with": lambda store: store.archives_with(ALL, [1]),
    "archive_sizes": lambda store: store.archive_sizes(ALL),
    "archive_files": lambda store: store.archive_files(),
    "file_version": lambda store: store.file_version("a"),
    "file_versions": lambda store: store.file_versions(),
    "reader_lags": lambda store: store.reader_lags(),
    "outputs": lambda store: store.outputs(),
    "renditions": lambda store: store.renditions(),
    "arrivals": lambda store: store.arrivals(now=NOW, days=30),
    "public_ids": lambda store: store.public_ids([ONE]),
    "changes": lambda store: store.changes(),
}


def test_every_method_is_tried() -> None:
    methods = {name for name in dir(Storage) if not name.startswith("_")}
    assert methods - {"close"} == set(WRITES) | set(READS)


@pytest.fixture
def locked(database: Path) -> Iterator[tuple[Storage, sqlite3.Connection]]:
    """A store with one entry, which another program is writing to."""
    store = open_storage(database, busy_seconds=0.05)
    [number] = set_sources(store, "a")
    store.put_output(ALL, public_id="p", definition="before", now=NOW)
    add(store, number, [draft(paths=(("a",),))])
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield store, other
    store.close()


@pytest.mark.parametrize("name", WRITES)
def test_writing_to_a_locked_store_is_refused_in_words(locked: tuple[Storage, sqlite3.Connection], name: str) -> None:
    """It says what to do, changes nothing, and works once the lock is gone."""
    store, other = locked
    before = (store.sources(), store.known(ONE), store.outputs(), store.due(now=LATER))
    with pytest.raises(StorageError, match="locked: another program"):
        WRITES[name](store)
    assert (store.sources(), store.known(ONE), store.outputs(), store.due(now=LATER)) == before
    other.execute("ROLLBACK")
    WRITES[name](store)


@pytest.mark.parametrize("name", READS)
def test_reading_a_locked_store_works(locked: tuple[Storage, sqlite3.Connection], name: str) -> None:
    """A writer does not stop a reader: `status` works while the daemon records."""
    store, other = locked
    before = READS[name](store)
    other.execute("DELETE FROM attempt")
    assert READS[name](store) == before


def test_writing_waits_for_the_other_process(database: Path) -> None:
    """A short lock is no trouble at all."""
    store = open_storage(database, busy_seconds=10)
    release = "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
    release += "c.execute('BEGIN IMMEDIATE'); print(flush=True); time.sleep(0.4); c.execute('COMMIT')"
    with subprocess.Popen([sys.executable, "-c", release, str(database)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert store.mint("a", "1") == "1"
    store.close()


def test_two_processes_never_hold_one_lease(shared: tuple[Storage, Storage]) -> None:
    first, second = shared
    [number] = set_sources(first, "a")
    held = lease(first, number)
    assert second.claim([number], now=NOW, until=LATER, token="other") == []
    assert second.due(now=NOW) == []
    [taken] = second.claim([number], now=LATER, until=LATER + timedelta(minutes=5), token="other")
    assert not first.record(visit(held, new=(draft("slow"),)))
    assert second.record(visit(taken, new=(draft("quick"),)))
    assert set(first.known(number)) == {"urn:x:quick"}


def test_changes_of_others_are_noticed(shared: tuple[Storage, Storage]) -> None:
    """`changes` differs after another connection's write; our own calls and mere reading leave it."""
    first, second = shared
    [number] = set_sources(first, "a")
    before = first.changes()
    add(first, number, ["one"])
    second.sources()
    set_sources(second, "a")
    assert first.changes() == before
    second.mint("a", "1")
    after = first.changes()
    assert after != before
    assert first.changes() == after


def test_a_walk_in_one_process_does_not_hold_up_another(shared: tuple[Storage, Storage]) -> None:
    first, second = shared
    [number] = set_sources(first, "a")
    add(first, number, [str(index) for index in range(100)])
    walk = first.entries([number])
    next(walk)
    add(second, number, ["young"])
    assert len(list(walk)) == 99


VISITOR = """
import sys
from storage_samples import *
from aggregator.storage.opening import open_storage
store = open_storage(sys.argv[1])
[number] = set_sources(store, "a")
for turn in range(10_000):
    new = [draft(f"{turn}-{index}", paths=((str(index),),)) for index in range(7)]
    held = lease(store, number, token=str(turn))
    assert store.record(visit(held, new=tuple(new), rekeyed=((turn * 7 - 6, f"{turn}-again"),) if turn else ()))
    print(turn, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 3, 8, 20])
def test_a_killed_process_loses_nothing_and_leaves_no_half_visit(database: Path, lines: int) -> None:
    """kill -9 at any time: every visit that was reported is there, and each is there whole."""
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", VISITOR, str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": f"{here}:{Path.cwd()}"}) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        time.sleep(0.0007 * lines)  # somewhere inside the next visit
        process.send_signal(signal.SIGKILL)
        reported = lines + len(process.stdout.read().splitlines())
    store = open_storage(database)
    stored = list(store.entries([ONE]))
    visits = len(store.attempts(ONE, count=10_000))
    assert reported <= visits <= reported + 1
    assert len(stored) == visits * 7
    assert len(store.known(ONE)) == visits * 7 + visits - 1, "aliases too"
    assert len(list(store.entries_in((), [ONE]))) == visits * 7
    assert stored[0].seq == visits * 7
    store.close()
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_disk_is_said_and_loses_nothing(database: Path) -> None:
    """The database is not allowed one page more, which SQLite reports like a full disk."""
    store = open_storage(database)
    [number] = set_sources(store, "a")
    add(store, number, ["one"])
    raw = store._database._engine.raw_connection()  # type: ignore[attr-defined]
    raw.cursor().execute("PRAGMA max_page_count = 1")
    held = lease(store, number)
    big = draft("two", entry=entry("two", content="长" * 100_000))
    with pytest.raises(StorageError, match=r"disk is full.*free some space"):
        store.record(visit(held, new=(big,)))
    assert set(store.known(number)) == {"urn:x:one"}
    raw.cursor().execute("PRAGMA max_page_count = 1000000")
    raw.close()
    assert store.record(visit(held, new=(big,)))
    store.close()


def test_a_store_that_became_read_only_is_said_to_be(database: Path) -> None:
    store = open_storage(database)
    raw = store._database._engine.raw_connection()  # type: ignore[attr-defined]
    raw.cursor().execute("PRAGMA query_only = 1")
    raw.close()
    with pytest.raises(StorageError, match="cannot be written; check the rights"):
        store.mint("a", "1")
    assert store.sources() == []
    store.close()


def test_a_store_locked_while_it_is_made_is_refused_in_words(database: Path) -> None:
    database.parent.mkdir()
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="locked: another program"):
            open_storage(database, busy_seconds=0.05)
    open_storage(database).close()


def test_a_store_changed_by_another_version_is_said_to_be(database: Path) -> None:
    """A later program brought the tables up to date under a running one."""
    store = open_storage(database)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE setting RENAME TO other")
    with pytest.raises(StorageError, match="start this program again"):
        store.mint("a", "1")
    store.close()


def test_known_reads_no_contents(database: Path) -> None:
    """A body that cannot be read is trouble for readers only, and is said in words."""
    store = open_storage(database)
    [number] = set_sources(store, "a")
    add(store, number, ["one"])
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE body SET data = '['")
    assert set(store.known(number)) == {"urn:x:one"}
    with pytest.raises(StorageError, match=r"a stored Entry cannot be read; the database is damaged"):
        list(store.entries([number]))
    store.close()


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        pytest.param({"id": "a", "later": {"x": 1}}, {}, id="unknown field"),
        pytest.param({"id": "a"}, {}, id="missing fields"),
        pytest.param(
            {"id": "a", "image": {"url": "u", "focus": [1]}, "title": "t"}, {"title": "t"}, id="unknown inside"
        ),
        pytest.param(
            {"id": "a", "title": "t", "categories": [{"path": ["x"], "kind": "new"}]}, {"title": "t"}, id="kind"
        ),
        pytest.param({"id": "a", "title": {"zh": "t"}, "link": "l"}, {"link": "l"}, id="field of another shape"),
    ],
)
def test_a_record_of_a_later_version_is_read(stored: dict[str, object], expected: dict[str, object]) -> None:
    """What this version cannot know takes its default."""
    read = ENTRY.load(json.dumps(stored))
    assert {"id": read.id, "title": read.title, "link": read.link} == {"id": "a", "title": "", "link": None} | expected


def test_a_health_of_a_later_version_is_read_as_new() -> None:
    text = json.dumps({"number": 1, "source": "a", "health": "meditating", "errors": 2})
    assert STATE.load(text) == PollState(number=ONE, source=SourceId("a"), health=Health.NEW, errors=2)


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "null", "{}", '{"number":null,"source":"a"}'])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(UnreadableRecord, match="PollState"):
        STATE.load(text)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(None, id="none"),
        pytest.param(ValueError("x"), id="not of the database"),
        pytest.param(sqlite3.ProgrammingError("Cannot operate on a closed cursor"), id="without a code of SQLite"),
        pytest.param(
            DBAPIError.instance("SELECT ?", (object(),), sqlite3.InterfaceError("unsupported type"), sqlite3.Error),
            id="the same, wrapped by SQLAlchemy",
        ),
    ],
)
def test_a_bug_has_no_message_for_a_person(error: BaseException | None) -> None:
    """It goes up as it is, with its traceback."""
    assert message_of(error) is None
