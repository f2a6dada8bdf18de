"""Crashes, full disks and folders that cannot be written: old files stay, and everything is made good later."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from route_bench import Bench, Clock, Origin, item, items, rss

from aggregator.app import DATABASE
from aggregator.core.model import OutputId


def start(bench: Bench) -> None:
    bench.config(bench.source("a", category="甲"), bench.source("b", category="乙"))
    bench.origin.feed("/a", items(1, 2))
    bench.origin.feed("/b", items(3))


def execute(bench: Bench, statement: str) -> None:
    database = sqlite3.connect(bench.home / DATABASE)
    with database:
        database.execute(statement)
    database.close()


class TestCrashes:
    def test_validators_are_stored_only_together_with_the_entries(self, bench: Bench) -> None:
        """Rule P2: when the entries cannot be written, the next request is not conditional"""
        start(bench)
        bench.origin.feed("/a", rss())
        bench.poll()
        execute(bench, "CREATE TRIGGER full BEFORE INSERT ON body BEGIN SELECT RAISE(ABORT, 'no'); END")
        before = bench.source_record("a").state
        bench.origin.feed("/a", items(1, 2))
        with pytest.raises(Exception, match="no"):
            bench.poll_later(hours=1)
        after = bench.source_record("a")
        assert after.state.validators == before.validators
        assert after.state.last_poll == before.last_poll
        assert after.entries == 0
        execute(bench, "DROP TRIGGER full")
        assert bench.poll_later(hours=1).new["a"] == 2

    @pytest.mark.long
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("call", ["claim", "record", "put_output", "put_renditions", "retire_outputs"])
    def test_a_kill_at_any_step_costs_one_repeated_visit_and_nothing_else(
        self, bench: Bench, tmp_path: Path, origin: Origin, call: str, when: str
    ) -> None:
        """kill -9: the next run ends with the very bytes of a run that was never killed"""
        start(bench)
        spared = Bench(tmp_path / "spared", origin, Clock(bench.clock.now))
        spared.folder.mkdir()
        for one in (bench, spared):
            one.config(one.source("a", category="甲"), one.source("b", category="乙"))
            one.poll(only=["a"])
            one.poll()
        origin.feed("/a", rss(item(1), item(2, title="第 2 条（更正）"), item(4)))
        for one in (bench, spared):
            one.clock.pass_(hours=1)
            one.config(one.source("a", category="丙"), one.source("b", category="乙"))
        script = Path(__file__).with_name("killed_run.py")
        arguments = [str(bench.toml), str(bench.home), bench.clock().isoformat(), call, when]
        done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, timeout=60, check=False)
        assert done.returncode == -9, done.stderr.decode()
        spared.poll()
        # the leases of the dead run would end by themselves; not waiting for that keeps the clocks equal
        execute(bench, "UPDATE source SET lease_token = NULL, lease_until = NULL")
        bench.poll()
        assert bench.files() == spared.files()
        assert bench.outputs() == ["all", "丙", "乙"]
        with bench.store() as store, spared.store() as other:
            assert [r.etag for r in store.renditions()] == [r.etag for r in other.renditions()]
            assert not any(record.dirty for record in store.outputs())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte that can be filled."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.name != "posix" or not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a disk of its own can be mounted by root only")
    yield place
    subprocess.run(["umount", str(place)], check=True)


class TestPublicFolder:
    def test_an_output_that_cannot_be_written_is_made_later_and_others_are_made_now(self, bench: Bench) -> None:
        """Old files stay; the output stays dirty"""
        start(bench)
        (bench.public / "c").mkdir(parents=True)
        (bench.public / "c" / "甲.rss").mkdir()
        found = bench.poll()
        assert {p.output: bool(p.error) for p in found.published} == {"all": False, "甲": True, "乙": False}
        assert "甲.rss" in str(next(p.error for p in found.published if p.error))
        assert sorted(bench.titles()) == ["第 1 条", "第 2 条", "第 3 条"]
        again = bench.poll_later(seconds=1)
        assert [(p.output, bool(p.error)) for p in again.published] == [("甲", True)]
        (bench.public / "c" / "甲.rss").rmdir()
        cured = bench.poll_later(seconds=1)
        assert [(p.output, p.error) for p in cured.published] == [("甲", None)]
        assert sorted(bench.titles("甲")) == ["第 1 条", "第 2 条"]
        assert bench.poll_later(seconds=1).published == []

    def test_a_full_disk_keeps_the_old_files_whole(self, bench: Bench, small_disk: Path) -> None:
        """Rule W17: old file and old ETag stay valid"""
        start(bench)
        bench.poll()
        shutil.move(bench.public, small_disk / "public")
        bench.public.symlink_to(small_disk / "public")
        before = bench.files()
        (small_disk / "ballast").write_bytes(b"")
        with (small_disk / "ballast").open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError:
                pass
        bench.origin.feed("/a", items(*range(30)))
        found = bench.poll_later(hours=1)
        errors = [p.error for p in found.published]
        assert errors
        assert all(error and "disk is full" in error for error in errors)
        after = bench.files()
        assert {name: after[name] for name in before} == before
        assert not [path for path in bench.public.rglob("*") if path.name.startswith(".publishing")]
        (small_disk / "ballast").unlink()
        bench.poll_later(seconds=1)
        assert len(bench.titles()) == 30

    def test_files_that_cannot_be_removed_are_removed_later(self, bench: Bench) -> None:
        """An output that is retired"""
        start(bench)
        bench.poll()
        stuck = bench.public / "c" / "甲.atom"
        stuck.unlink()
        (stuck / "child").mkdir(parents=True)
        bench.config(bench.source("b", category="乙"))
        assert "all" in bench.poll_later(seconds=1).published[0].output
        (stuck / "child").rmdir()
        stuck.rmdir()
        bench.poll_later(seconds=1)
        assert not list((bench.public / "c").glob("甲*"))
        with bench.store() as store:
            assert sorted(record.output for record in store.outputs()) == ["all", "乙"]


def test_an_older_edition_that_comes_late_does_not_stay(bench: Bench) -> None:
    """Two runs publish one output: the slower one, which had read less, must not have the last word"""
    start(bench)
    bench.poll()
    with bench.store() as store:
        [older] = [record for record in store.outputs() if record.output == "all"]
        store.mark_dirty([OutputId("all")])
        [newer] = [record for record in store.outputs() if record.output == "all"]
        files = [file for file in store.renditions() if file.output == "all"]
        store.put_renditions(OutputId("all"), files, stamp=newer.stamp, size=3, newest=None)
        store.put_renditions(OutputId("all"), files, stamp=older.stamp, size=2, newest=None)
    assert [p.output for p in bench.poll_later(seconds=1).published] == ["all"]


def test_many_visits_and_publishing_at_once(bench: Bench) -> None:
    """Two runs over one store in two threads of this process: nothing twice, nothing lost"""
    names = [f"s{n}" for n in range(12)]
    bench.config(*(bench.source(name, category=f"甲/{n % 3}") for n, name in enumerate(names)))
    for name in names:
        made = (item(i, guid=f"{name}-{i}", link=f"https://{name}.example/{i}", title=f"{name} {i}") for i in range(3))
        bench.origin.feed(f"/{name}", rss(*made, title=name))

    async def both() -> None:
        async with bench.app() as one, bench.app() as other:
            await asyncio.gather(one.poll(), other.poll())
            await asyncio.gather(one.publish(), other.publish())

    asyncio.run(both())
    assert len(bench.origin.requests) == 12
    assert len(bench.titles()) == len(set(bench.titles())) == 36
    assert bench.poll_later(seconds=1).published == []
