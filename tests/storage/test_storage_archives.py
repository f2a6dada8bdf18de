"""What is kept so that nothing is lost on the way out: deletions, archives, states, and stores of the first version."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from storage_samples import LATER, NOW, add, entry, revision, set_sources

from aggregator.core.model import OutputId
from aggregator.core.records import (
    Archive,
    ArchiveFile,
    Chain,
    FileVersion,
    LoadedContents,
    ReaderLag,
    Removal,
    RemovalOrigin,
    WantedContents,
)
from aggregator.storage import Storage
from aggregator.storage.opening import HEAD, MIGRATIONS, open_storage

ALL = OutputId("all")
CHAIN = Chain(output=ALL, generation="g1", definition="d1", archived_to=0, checked_to=7)
FILE = ArchiveFile(
    path="a/all/g1/1.atom",
    output=ALL,
    generation="g1",
    number=1,
    format="atom",
    media_type="application/atom+xml",
    etag='"e"',
    modified=NOW.replace(microsecond=0),
    size=12,
    final=False,
)


def removal(seq: int, **changes: object) -> Removal:
    return replace(Removal(seq=seq, at=LATER, origin=RemovalOrigin.OPERATOR, why="侵权"), **changes)  # type: ignore[arg-type]


def document(number: int, *members: int, **changes: object) -> Archive:
    made = Archive(
        output=ALL, number=number, first=members[0], last=members[-1], members=tuple((m, m + 70) for m in members)
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def with_output(store: Storage) -> Storage:
    store.put_output(ALL, public_id="p", definition="d", now=NOW)
    store.begin_chain(CHAIN)
    return store


def test_a_deleted_entry_is_gone_but_has_a_tombstone(store: Storage) -> None:
    """Rule W12: no walk and no search finds it; it is known as deleted, moves in the order, and marks outputs."""
    [a, b] = set_sources(store, "a", "b")
    add(store, a, ["one", "two"])
    [output] = [store.put_output(ALL, public_id="p", definition="d", now=NOW)]
    store.put_renditions(ALL, [], stamp=output.stamp, size=0, newest=None)
    assert store.remove([removal(1), removal(99)], [ALL]) == [1]
    assert store.remove([removal(1)], [ALL]) == []
    assert [one.seq for one in store.entries([a])] == [2]
    assert store.find("urn:x:one") == []
    assert store.known(a)["urn:x:one"].deleted_at == LATER
    assert store.removals([1, 2]) == {1: removal(1)}
    assert store.by_seq([1]) == {}
    assert store.by_seq([1], deleted=True)[1].entry == entry("one")
    [told] = store.pending_tombstones([a])
    assert (told.stored.entry, told.removal) == (entry("one"), removal(1))
    assert store.pending_tombstones([b]) == []
    assert store.changed(2) == [1]
    assert [record.dirty for record in store.outputs()] == [True]


def test_a_tombstone_is_pending_until_it_expires(store: Storage) -> None:
    [a] = set_sources(store, "a")
    add(store, a, ["one", "two"])
    store.remove([removal(1), removal(2, at=LATER + timedelta(days=1))], [])
    assert store.expire_tombstones(before=LATER) == []
    assert store.expire_tombstones(before=LATER + timedelta(seconds=1)) == [a]
    assert [one.stored.seq for one in store.pending_tombstones([a])] == [2]
    assert store.known(a)["urn:x:one"].deleted_at == LATER


def test_a_revision_brings_a_deleted_entry_back(store: Storage) -> None:
    """Rule I10 decides when; then nothing speaks of the deletion any more."""
    [a] = set_sources(store, "a")
    add(store, a, ["one"])
    store.remove([removal(1)], [])
    add(store, a, [], revised=(revision(1),))
    assert [one.seq for one in store.entries([a])] == [1]
    assert store.pending_tombstones([a]) == []
    assert store.removals([1]) == {}


def test_a_visit_records_what_its_source_deleted(store: Storage) -> None:
    [a] = set_sources(store, "a")
    add(store, a, ["one"])
    add(store, a, [], removed=(removal(1, origin=RemovalOrigin.SOURCE, why=None),))
    assert store.removals([1])[1].origin is RemovalOrigin.SOURCE


def test_a_visit_loads_entries_and_removals_together(store: Storage) -> None:
    """Deleted and unknown entries are left out of the entries, live and unknown ones out of the removals"""
    [a] = set_sources(store, "a")
    add(store, a, ["one", "two"])
    store.remove([removal(1)], [])
    every = frozenset({1, 2, 99})
    loaded = store.load_contents(WantedContents(entries=every, removals=every))
    assert {seq: stored.entry for seq, stored in loaded.entries.items()} == {2: entry("two")}
    assert loaded.removals == {1: removal(1)}
    assert store.load_contents(WantedContents()) == LoadedContents()


def test_a_chain_and_its_documents_come_back_whole(store: Storage) -> None:
    with_output(store)
    store.put_archive(document(1, 1, 2, 3), [FILE])
    store.put_archive(document(2, 5, 4, last=9, repeated=1), [])
    assert store.chain(ALL) == replace(CHAIN, archived_to=9)
    assert store.newest_archive(ALL) == document(2, 5, 4, last=9, repeated=1)
    assert store.archive_sizes(ALL) == (5, 1)
    assert store.archive_files() == [FILE]
    assert [one.number for one in store.archives_with(ALL, [4, 77])] == [2]
    assert [one.number for one in store.archives_with(ALL, [74, 72])] == [1, 2]
    store.advance_chain(ALL, archived_to=11, checked_to=12)
    store.redefine_chain(ALL, "d2")
    assert store.chain(ALL) == replace(CHAIN, archived_to=11, checked_to=12, definition="d2")


def test_a_stale_document_is_so_until_it_is_stored_again(store: Storage) -> None:
    with_output(store)
    store.put_archive(document(1, 1), [FILE])
    store.put_archive(document(2, 2), [])
    store.mark_stale(ALL, [1])
    assert [one.number for one in store.stale_archives(ALL)] == [1]
    store.put_archive(document(1, 1), [replace(FILE, etag='"f"', final=True)])
    assert store.stale_archives(ALL) == []
    assert [file.etag for file in store.archive_files()] == ['"f"']
    chain = store.chain(ALL)
    assert chain is not None
    assert chain.archived_to == 2, "it never goes back"


def test_files_of_an_ended_chain_are_listed_until_forgotten(store: Storage) -> None:
    with_output(store)
    store.put_archive(document(1, 1), [FILE])
    store.begin_chain(replace(CHAIN, generation="g2"))
    assert store.newest_archive(ALL) is None
    assert store.archive_files() == [FILE]
    store.end_chain(ALL)
    assert store.chain(ALL) is None
    store.put_archive(document(1, 1), [FILE])
    assert store.newest_archive(ALL) is None, "there is no chain it could belong to"
    store.forget_archive_files([FILE.path])
    assert store.archive_files() == []


def test_states_follow_each_other(store: Storage) -> None:
    """Rule W11: each is kept for a time; only the present one has parts; one that returns is the present one again."""
    early = NOW - timedelta(days=9)
    for stamp, etag in enumerate(("a", "b", "a"), 1):
        made = FileVersion(
            path="p", etag=etag, stamp=stamp, change_seq=stamp, since=NOW + timedelta(hours=stamp), parts=((1, 2),)
        )
        store.put_file_version(made, forget=early)
    assert [(one.etag, one.stamp, one.until) for one in store.file_versions()] == [
        ("b", 2, NOW + timedelta(hours=3)),
        ("a", 3, None),
    ]
    assert [one.parts for one in store.file_versions()] == [(), ((1, 2),)]
    assert store.file_version("p") == store.file_versions()[1]
    assert store.file_versions("q") == []
    assert store.file_version("q") is None
    later = FileVersion(path="q", etag="x", stamp=1, change_seq=1, since=LATER)
    store.put_file_version(later, forget=NOW + timedelta(days=1))
    assert [one.etag for one in store.file_versions()] == ["a", "x"]


def test_the_slowest_reader_is_remembered(store: Storage) -> None:
    for seconds in (5, 7):
        store.put_reader_lags([ReaderLag(output=ALL, seconds=seconds, seen=NOW)])
    assert store.reader_lags() == {ALL: ReaderLag(output=ALL, seconds=7, seen=NOW)}


def test_a_store_of_the_first_version_is_brought_up_to_date(database: Path) -> None:
    """What was stored stays, in the order it had."""
    database.parent.mkdir()
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    state = json.dumps({"number": 1, "source": "a"})
    with closing(sqlite3.connect(database)) as raw, raw:
        raw.execute("INSERT INTO source VALUES (1, 'a', 'https://a.example/', 1, 0, NULL, NULL, ?, NULL)", [state])
        raw.execute("INSERT INTO counter VALUES ('seq', 2)")
        raw.execute("INSERT INTO node VALUES (1, '[\"n\"]')")
        for seq in (1, 2):
            raw.execute(
                "INSERT INTO entry VALUES (?, 1, ?, ?, NULL, NULL, NULL, 't', 't', 0, 0, NULL, 0, 0, NULL, 'f')",
                [seq, f"k{seq}", f"urn:x:{seq}"],
            )
            raw.execute("INSERT INTO body VALUES (?, ?)", [seq, json.dumps({"id": f"urn:x:{seq}"})])
            raw.execute("INSERT INTO entry_node VALUES (1, ?, 1)", [seq])
    store = open_storage(database)
    [a] = [record.state.number for record in store.sources()]
    assert [(one.seq, one.change_seq) for one in store.entries([a])] == [(2, 2), (1, 1)]
    assert [one.seq for one in store.entries_in(("n",), [a])] == [2, 1]
    assert store.changed(0) == []
    store.close()
    with closing(sqlite3.connect(database)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
