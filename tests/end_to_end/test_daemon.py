"""The daemon as people meet it: one process that polls, publishes and serves, and follows its file."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from daemons import Daemon, wait_until
from route_bench import Asked, Bench, item, items, post, rss

from aggregator.app import DATABASE

pytestmark = pytest.mark.long

Serve = Callable[..., Daemon]

LIVE = 2.0
"""Seconds within which a good edit is in force."""
SLACK = 3.0
"""What a busy test machine may add."""


def one(bench: Bench, *tables: str) -> None:
    bench.config(bench.source("news", category="新闻"), *tables)
    bench.origin.feed("/news", items(1, 2))


def poll(bench: Bench, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`aggregator poll` in a process of its own."""
    command = [sys.executable, "-m", "aggregator", "poll", *arguments]
    return subprocess.run(command, cwd=bench.folder, capture_output=True, text=True, timeout=60, check=False)


def sound(bench: Bench) -> None:
    """The store is whole, no lease is left behind, and what is published is what it says."""
    with closing(sqlite3.connect(bench.home / DATABASE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT count(*) FROM source WHERE lease_token IS NOT NULL").fetchone() == (0,)
    from aggregator.core.edition import etag_of

    with bench.store() as store:
        for record in store.renditions():
            if not any(output.output == record.output and output.dirty for output in store.outputs()):
                assert etag_of((bench.public / record.path).read_bytes()) == record.etag


class TestServing:
    def test_from_nothing_to_a_subscription(self, bench: Bench, serve: Serve) -> None:
        """Polls by itself, lists every output on the index, serves all formats with their types"""
        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        daemon.wait_for("第 1 条", "第 2 条", output="新闻")
        wait_until(lambda: "all.atom" in daemon.get("/").text)
        index = daemon.get("/").text
        for kind in ("rss", "atom", "json", "html"):
            assert f"c/all.{kind}" in index
            assert f"c/%E6%96%B0%E9%97%BB.{kind}" in index
        types = {
            kind: daemon.get(f"/c/新闻.{kind}").headers["content-type"] for kind in ("rss", "atom", "json", "html")
        }
        assert types == {
            "rss": "application/rss+xml; charset=utf-8",
            "atom": "application/atom+xml; charset=utf-8",
            "json": "application/feed+json; charset=utf-8",
            "html": "text/html; charset=utf-8",
        }
        wait_until(lambda: daemon.get("/outputs.opml").status_code == 200)
        assert daemon.get("/c/nothing.rss").status_code == 404

    def test_conditional_and_compressed_and_head(self, bench: Bench, serve: Serve) -> None:
        """Strong ETag, Last-Modified, 304, HEAD, gzip"""
        bench.config(bench.source("news"))
        bench.origin.feed("/news", items(*range(20)))
        daemon = serve()
        wait_until(lambda: len(daemon.titles()) == 20)
        plain = daemon.get("/c/all.atom", Accept_Encoding="identity")
        assert plain.status_code == 200
        etag = plain.headers["etag"]
        assert etag.startswith('"')
        again = daemon.get("/c/all.atom", Accept_Encoding="identity", If_None_Match=etag)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        since = daemon.get("/c/all.atom", If_Modified_Since=plain.headers["last-modified"])
        assert since.status_code == 304
        packed = daemon.get("/c/all.atom", Accept_Encoding="gzip")
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
        assert packed.headers["etag"] != etag
        head = daemon.web.head("/c/all.atom", headers={"Accept-Encoding": "identity"})
        assert head.headers["content-length"] == str(len(plain.content))
        assert head.content == b""
        assert (bench.public / "c" / "all.atom").read_bytes() == plain.content

    def test_a_source_that_is_down_is_shown_on_the_status_page(self, bench: Bench, serve: Serve) -> None:
        """A named reason in `status`, others unharmed"""
        one(bench, bench.source("broken"))
        bench.origin.answers["/broken"] = lambda asked: asked.say(200, b"<html>shop</html>")
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        wait_until(lambda: "HTML page" in daemon.get("/status").text)
        assert "broken" in daemon.get("/status").text
        assert daemon.get("/health").status_code == 200


class TestEdits:
    def test_a_good_edit_is_in_force_within_two_seconds_and_on_all_history(self, bench: Bench, serve: Serve) -> None:
        """Promise 2"""
        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        asked = len(bench.origin.requests)
        one(bench, '[[feed]]\nid = "x"\ntitle = "选"\nkeep = ["第 2"]')
        took = daemon.wait_for("第 2 条", output="x")
        assert took < LIVE + SLACK
        wait_until(lambda: daemon.get("/c/新闻.rss").status_code == 404, seconds=LIVE + SLACK - took)
        wait_until(lambda: "选" in daemon.get("/").text, seconds=LIVE + SLACK - took)
        one(bench, '[[feed]]\nid = "x"\nkeep = ["第 1"]')
        daemon.wait_for("第 1 条", output="x")
        assert len(bench.origin.requests) == asked

    def test_a_bad_edit_is_reported_and_changes_nothing(self, bench: Bench, serve: Serve) -> None:
        """Reported in the log and on the status page with its place; the last good state serves on"""
        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        etag = daemon.get("/c/all.rss").headers["etag"]
        good = bench.toml.read_text("utf-8")
        bench.toml.write_text(good + '\n[[feed]]\nid = "x"\nlimt = 3\n', "utf-8")
        took = wait_until(lambda: 'did you mean "limit"?' in daemon.log, what="the log tells")
        assert took < LIVE + SLACK
        assert re_place(daemon.log)
        wait_until(lambda: "limt" in daemon.get("/status").text, what="the page tells")
        assert daemon.get("/c/all.rss").headers["etag"] == etag
        bench.toml.unlink()
        wait_until(lambda: "there is no such file" in daemon.log)
        assert daemon.get("/c/all.rss").headers["etag"] == etag
        bench.toml.write_text(good, "utf-8")
        wait_until(lambda: "no such file" not in daemon.get("/status").text, what="the page is clean again")
        assert daemon.log.count("limt") == 1
        assert daemon.log.count("no such file") == 1
        assert "limt" not in daemon.get("/status").text
        assert daemon.get("/c/all.rss").headers["etag"] == etag

    def test_a_source_that_is_added_is_visited_at_once(self, bench: Bench, serve: Serve) -> None:
        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        bench.origin.feed("/more", items(7))
        one(bench, bench.source("more"))
        daemon.wait_for("第 1 条", "第 2 条", "第 7 条")
        one(bench)
        daemon.wait_for("第 1 条", "第 2 条")

    def test_sighup_reads_the_file_at_once(self, bench: Bench, serve: Serve) -> None:
        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        one(bench, '[[feed]]\nid = "x"')
        daemon.send(signal.SIGHUP)
        daemon.wait_for("第 1 条", "第 2 条", output="x")
        assert daemon.log.count("reload") == 1

    def test_an_editor_that_replaces_the_file(self, bench: Bench, serve: Serve) -> None:
        """Written beside it and renamed, as editors do"""
        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        text = bench.toml.read_text("utf-8") + '[[feed]]\nid = "x"\n'
        (bench.folder / "feeds.toml~").write_text(text, "utf-8")
        (bench.folder / "feeds.toml~").rename(bench.toml)
        daemon.wait_for("第 1 条", "第 2 条", output="x")


def re_place(log: str) -> bool:
    """Whether a line and column are told."""
    import re

    return re.search(r"feeds\.toml:\d+:1 feed", log) is not None


class TestCompany:
    def test_what_poll_publishes_beside_it_is_served(self, bench: Bench, serve: Serve) -> None:
        """Posts that were edited appear after `poll --force`, and nothing is fetched twice"""
        bench.config(bench.source("news"), '[[source]]\nid = "posts"\npath = "posts/*.md"\ninterval = "1d"')
        bench.origin.feed("/news", items(1))
        place = bench.folder / "posts"
        place.mkdir()
        (place / "a.md").write_text(post("甲", "生活"), "utf-8")
        daemon = serve()
        daemon.wait_for("甲", "第 1 条")
        (place / "b.md").write_text(post("乙", "远方"), "utf-8")
        done = poll(bench, "--force")
        assert done.returncode == 0, done.stderr
        took = daemon.wait_for("甲", "乙", "第 1 条")
        assert took < LIVE + SLACK
        daemon.wait_for("乙", output="远方")
        assert daemon.get("/c/all.atom").content == (bench.public / "c" / "all.atom").read_bytes()
        (place / "b.md").write_text(post("乙", "生活"), "utf-8")
        assert poll(bench, "--source", "posts").returncode == 0
        daemon.wait_for("甲", "乙", output="生活")
        wait_until(lambda: daemon.get("/c/远方.atom").status_code == 404, what="the output is gone")

    def test_polls_beside_it_take_nothing_away_and_nothing_twice(self, bench: Bench, serve: Serve) -> None:
        names = [f"s{n}" for n in range(6)]
        bench.config(*(bench.source(name) for name in names))
        for name in names:
            made = (
                item(i, guid=f"{name}{i}", link=f"https://{name}.example/{i}", title=f"{name}{i}") for i in range(3)
            )
            bench.origin.feed(f"/{name}", rss(*made, title=name))
        daemon = serve()
        for _ in range(2):
            assert poll(bench).returncode == 0
        daemon.wait_for(*(f"{name}{i}" for name in names for i in range(3)))
        assert all(len(bench.origin.asked(f"/{name}")) == 1 for name in names)


class TestEnding:
    def test_sigterm_during_a_slow_fetch(self, bench: Bench, serve: Serve) -> None:
        """Cleanly, within five seconds; the visit is given up and can be made at once by the next run"""
        one(bench, bench.source("slow"))
        reached, over = threading.Event(), threading.Event()

        def slow(asked: Asked) -> None:
            reached.set()
            asked.send_response(200)
            asked.end_headers()
            while not over.wait(0.1):
                asked.wfile.write(b" ")

        bench.origin.answers["/slow"] = slow
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        assert reached.wait(10)
        status, took = daemon.stop()
        over.set()
        assert status == 0, daemon.log
        assert took < 5
        sound(bench)
        bench.origin.feed("/slow", items(9))
        assert json.loads(poll(bench, "--json").stdout)["sources"][0]["new"] == 1

    def test_sigterm_during_heavy_publishing(self, bench: Bench, serve: Serve) -> None:
        """The output in hand is finished, the others are made at the next start"""
        count = 12
        bench.config(*(bench.source(f"s{n}", "/big", category=f"甲/{n}") for n in range(count)))
        many = rss(*(item(n, description=f"<p>{'长文。' * 2000}</p>") for n in range(40)))
        bench.origin.feed("/big", many)
        daemon = serve()
        wait_until(lambda: len(list((bench.public / "c").rglob("*.atom"))) > 2, what="publishing is under way")
        status, took = daemon.stop()
        assert status == 0, daemon.log
        assert took < 5
        sound(bench)
        assert poll(bench).returncode == 0
        with bench.store() as store:
            assert not any(output.dirty for output in store.outputs())
        sound(bench)
        assert len(bench.outputs()) == count + 2

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_an_idle_server_ends_at_once(self, bench: Bench, serve: Serve, number: signal.Signals) -> None:
        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        status, took = daemon.stop(number)
        assert status == 0
        assert took < 3
        sound(bench)

    def test_a_client_that_never_reads_cannot_hold_it_up(self, bench: Bench, serve: Serve) -> None:
        import socket

        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        place = daemon.web.base_url
        with socket.create_connection((place.host, place.port or 80)) as idle:
            idle.sendall(b"GET /c/all.atom HTTP/1.1\r\nHost: x\r\n")
            time.sleep(0.1)
            status, took = daemon.stop()
        assert status == 0
        assert took < 5

    def test_killed_and_started_again_it_serves_the_same(self, bench: Bench, serve: Serve) -> None:
        """kill -9: same ETags and Last-Modified, and nothing is fetched again"""
        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        paths = [f"/c/{name}.{kind}" for name in ("all", "新闻") for kind in ("rss", "atom", "json", "html")]
        paths.append("/outputs.opml")
        daemon.wait_for("第 1 条", "第 2 条", output="新闻")
        wait_until(lambda: daemon.get("/outputs.opml").text.count("xmlUrl") == 2)

        def seen(by: Daemon) -> list[tuple[int, str, str]]:
            answers = [by.get(path) for path in paths]
            return [(a.status_code, a.headers["etag"], a.headers["last-modified"]) for a in answers]

        before = seen(daemon)
        daemon.stop(signal.SIGKILL)
        bench.origin.answers["/news"] = lambda asked: asked.say(500)
        asked = len(bench.origin.requests)
        again = serve()
        assert seen(again) == before
        assert len(bench.origin.requests) == asked
        sound(bench)

    def test_what_was_lost_on_disk_is_there_again_before_it_serves(self, bench: Bench, serve: Serve) -> None:
        """No reader is told 404 for what exists"""
        one(bench)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        etag = daemon.get("/c/all.atom").headers["etag"]
        daemon.stop()
        (bench.public / "c" / "all.atom").unlink()
        (bench.public / "c" / "all.rss").write_bytes(b"half")
        again = serve()
        answer = again.get("/c/all.atom")
        assert (answer.status_code, answer.headers["etag"]) == (200, etag)
        assert again.get("/c/all.rss").text.endswith("</rss>\n")

    def test_killed_at_any_moment_nothing_is_lost_or_comes_twice(self, bench: Bench) -> None:
        """Promise 1, across crashes: entries that arrive while runs are killed again and again"""
        names = [f"s{n}" for n in range(8)]
        bench.config(*(bench.source(name, category=f"甲/{n % 3}") for n, name in enumerate(names)))
        bench.home.mkdir()
        wanted: set[str] = set()
        for round_ in range(10):
            for name in names:
                numbers = range(max(0, round_ - 3), round_ + 2)  # the window moves on, with an overlap
                wanted |= {f"{name}-{n}" for n in numbers}
                made = (
                    item(n, guid=f"{name}{n}", link=f"https://{name}.example/{n}", title=f"{name}-{n}") for n in numbers
                )
                bench.origin.feed(f"/{name}", rss(*made, title=name))
            command = [sys.executable, "-m", "aggregator", "poll", "--force"]
            process = subprocess.Popen(command, cwd=bench.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.55 + 0.17 * round_ % 1.0)
            process.kill()
            process.wait()
            # leases of the dead would end by themselves in ten minutes
            with closing(sqlite3.connect(bench.home / DATABASE)) as database, database:
                if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'source'").fetchall():
                    database.execute("UPDATE source SET lease_token = NULL, lease_until = NULL")
            done = poll(bench, "--force") if round_ % 3 == 2 else None
            assert done is None or done.returncode == 0, done.stderr
        assert poll(bench, "--force").returncode == 0
        missing = wanted - set(bench.titles())
        lost = {title for title in missing if int(title.partition("-")[2]) >= 6}
        assert lost == set()
        assert len(bench.ids()) == len(set(bench.ids())) == len(set(bench.titles()))
        sound(bench)


class TestPublicFolder:
    @pytest.mark.slow
    def test_an_output_that_could_not_be_written_is_made_when_it_can(self, bench: Bench, serve: Serve) -> None:
        """Told on the status page and by /health, without filling the log, and mended by itself"""
        one(bench)
        blocked = bench.public / "c" / "新闻.rss"
        blocked.mkdir(parents=True)
        daemon = serve()
        daemon.wait_for("第 1 条", "第 2 条")
        wait_until(lambda: "remove it" in daemon.get("/status").text, what="the page tells")
        assert daemon.get("/health").status_code == 503
        time.sleep(3)
        assert daemon.log.count("remove it") <= 2
        blocked.rmdir()
        wait_until(lambda: daemon.get("/c/新闻.rss").status_code == 200, what="it is made", seconds=40)
        wait_until(lambda: daemon.get("/health").status_code == 200)


def test_the_two_commands_of_a_beginner(tmp_path: Path) -> None:
    """Clone and run: the example works with no network"""
    import shutil

    import aggregator

    root = Path(aggregator.__file__).parent.parent
    if not (root / "examples").exists():
        pytest.skip("the example is in the repository, not in the package")
    shutil.copy(root / "feeds.toml", tmp_path)
    shutil.copytree(root / "examples", tmp_path / "examples")
    daemon = Daemon(tmp_path)
    try:
        wait_until(lambda: len(daemon.titles()) >= 6)
        wait_until(lambda: "all.atom" in daemon.get("/").text)
    finally:
        daemon.clear_away()
