"""poll and status: what they say, to people and to scripts, and how they end."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cli_runs import Command, Program
from route_bench import Bench, closed_port, items, post

import aggregator
from aggregator.app import DATABASE


def two(bench: Bench) -> None:
    """A source that is good, and one that is down."""
    bench.config(bench.source("good"), bench.source("bad"))
    bench.origin.feed("/good", items(1, 2))
    bench.origin.answers["/bad"] = lambda asked: asked.say(500)


class TestPoll:
    def test_all_well_is_0(self, bench: Bench, run: Command) -> None:
        bench.config(bench.source("good"))
        bench.origin.feed("/good", items(1, 2))
        ended = run("poll")
        assert ended.status == 0
        assert ended.err == ""
        assert "good: 2 new, 0 revised" in ended.out
        assert "1 source polled, 2 new entries" in ended.out
        assert "store/public" in ended.out
        again = run("poll")
        assert (again.status, again.out) == (0, "0 sources polled, 0 new entries; no output changed\n")

    def test_a_source_that_failed_is_1_and_named_with_its_reason(self, bench: Bench, run: Command) -> None:
        """Bad input: exit status 1, a named reason, others unharmed"""
        two(bench)
        ended = run("poll")
        assert ended.status == 1
        assert "bad: FAILED (server-error) answered 500" in ended.out
        assert "2 sources polled, 2 new entries, 1 failed" in ended.out
        assert bench.titles() == ["第 2 条", "第 1 条"]
        shown = run("status")
        assert shown.status == 0
        assert re.search(r"^bad +failing +0 ", shown.out, re.MULTILINE)
        assert "bad: server-error: answered 500" in shown.out

    def test_status_has_a_diagnostic_once_for_each_name(self, bench: Bench, run: Command) -> None:
        """Rule R1: a named diagnostic, shown for each source; all places only for scripts"""
        bench.config(bench.source("odd"))
        bench.origin.feed("/odd", items(1, 2, 3, pubDate="soon") + "<!-- -->rubbish")
        assert run("poll").status == 0
        lines = [line for line in run("status").out.splitlines() if line.startswith("  odd: ")]
        assert [line.split()[1] for line in lines] == ["junk-after-root:", "date-unreadable:"]
        assert lines[1].endswith("(https://news.example/1), and 2 more")
        told = run("status", "--json").json["sources"][0]["diagnostics"]
        assert [one["entry"] for one in told[1:]] == [f"https://news.example/{n}" for n in (1, 2, 3)]

    def test_sources_that_end_at_one_address_are_named(self, bench: Bench, run: Command) -> None:
        """Rule R8: told, and each story comes once"""
        bench.config(bench.source("news"), bench.source("moved"))
        bench.origin.feed("/news", items(1, 2))
        bench.origin.answers["/moved"] = lambda asked: asked.say(301, Location="/news")
        assert run("poll").status == 0
        (line,) = [line for line in run("status").out.splitlines() if "same-feed" in line]
        assert line.startswith('  moved: same-feed: it ends at the same address as "news"')
        assert sorted(bench.titles()) == ["第 1 条", "第 2 条"]

    def test_as_json(self, bench: Bench, run: Command) -> None:
        two(bench)
        ended = run("poll", "--json")
        assert ended.status == 1
        assert ended.err == ""
        bad, good = ended.json["sources"]
        assert set(good) == {
            *("source", "outcome", "entries", "new", "revised", "reason", "message", "seconds", "diagnostics"),
        }
        assert (good["source"], good["outcome"], good["new"], good["reason"]) == ("good", "updated", 2, None)
        assert (bad["outcome"], bad["reason"], bad["new"]) == ("failed", "server-error", 0)
        assert bad["message"]
        assert ended.json["waiting"] == []
        assert ended.json["outputs"] == [{"output": "all", "entries": 2, "files_changed": 4, "error": None}]

    def test_force_and_source(self, bench: Bench, run: Command) -> None:
        two(bench)
        assert [one["source"] for one in run("poll", "--source", "good", "--json").json["sources"]] == ["good"]
        bench.origin.answers["/bad"] = bench.origin.answers["/good"]
        assert len(run("poll", "--force", "--json").json["sources"]) == 2
        both = run("poll", "--source", "good", "--source", "bad", "--json").json["sources"]
        assert [one["source"] for one in both] == ["bad", "good"]

    def test_a_public_source_that_was_just_asked_is_left_alone(self, bench: Bench, run: Command) -> None:
        """Rule P13"""
        bench.config(bench.source("news", url="https://192.0.2.1/feed"))
        assert run("poll").status == 1
        ended = run("poll", "--force")
        assert ended.status == 0
        assert "news: left alone" in ended.out
        assert run("poll", "--force", "--json").json["waiting"] == ["news"]

    def test_accepting_needs_the_name_of_a_source(self, bench: Bench, run: Command) -> None:
        """Rule R6: not whatever has changed hands anywhere"""
        two(bench)
        ended = run("poll", "--accept")
        assert ended.status == 2
        assert "--accept is for the sources that --source names" in ended.err
        assert not bench.home.exists()

    def test_an_unknown_source_is_2_and_the_known_ones_are_named(self, bench: Bench, run: Command) -> None:
        two(bench)
        ended = run("poll", "--source", "nope")
        assert ended.status == 2
        assert "there is no source 'nope' in feeds.toml; there are: good, bad" in ended.err
        assert bench.origin.requests == []

    def test_a_source_that_is_switched_off_is_said_to_be(self, bench: Bench, run: Command) -> None:
        bench.config(bench.source("news", enabled=False), bench.source("good"))
        ended = run("poll", "--source", "news")
        assert ended.status == 2
        assert "news" in ended.err
        assert "enabled" in ended.err

    def test_an_output_that_cannot_be_written_is_1(self, bench: Bench, run: Command) -> None:
        bench.config(bench.source("good"))
        bench.origin.feed("/good", items(1))
        (bench.public / "c" / "all.rss").mkdir(parents=True)
        ended = run("poll")
        assert ended.status == 1
        assert "all: NOT WRITTEN" in ended.out
        assert "remove it" in ended.out

    def test_down_and_refused_sources_have_words(self, bench: Bench, run: Command) -> None:
        port = closed_port()
        bench.config(
            bench.source("down", url=f"http://127.0.0.1:{port}/"),
            bench.source("private", url="http://10.0.0.1/"),
            allow=[f"127.0.0.1:{port}"],
        )
        ended = run("poll")
        assert ended.status == 1
        assert "down: FAILED (connect)" in ended.out
        assert "private: FAILED (refused-address)" in ended.out
        assert 'add "10.0.0.1:80" to allow under [network]' in ended.out

    def test_verbose_tells_each_step(self, bench: Bench, run: Command) -> None:
        bench.config(bench.source("good"))
        bench.origin.feed("/good", items(1))
        ended = run("poll", "--verbose")
        assert "refresh" in ended.err
        assert "publish" in ended.err

    def test_progress_is_shown_on_a_terminal_only(self, bench: Bench, run: Command) -> None:
        two(bench)
        assert "1/2" not in run("poll").err


class TestStore:
    @pytest.mark.parametrize("command", ["poll", "serve", "status"])
    def test_a_file_in_place_of_the_folder(self, bench: Bench, run: Command, command: str) -> None:
        two(bench)
        bench.home.write_text("I am a file")
        ended = run(command)
        assert ended.status == 2
        assert "is a file" in ended.err

    @pytest.mark.parametrize("command", ["poll", "serve"])
    def test_a_folder_that_cannot_be_made(self, bench: Bench, run: Command, command: str) -> None:
        two(bench)
        (bench.folder / "file").write_text("")
        ended = run(command, "--store", "file/store")
        assert ended.status == 1
        assert "its folder cannot be made" in ended.err

    @pytest.mark.parametrize("command", ["poll", "serve", "status"])
    def test_a_database_that_is_none(self, bench: Bench, run: Command, command: str) -> None:
        two(bench)
        bench.home.mkdir()
        (bench.home / DATABASE).write_text("this is no database at all")
        ended = run(command)
        assert ended.status == 1
        assert "not a database" in ended.err
        assert (bench.home / DATABASE).read_text() == "this is no database at all"

    @pytest.mark.parametrize("command", ["poll", "serve", "status"])
    def test_a_store_of_a_later_version(self, bench: Bench, run: Command, command: str) -> None:
        two(bench)
        run("poll")
        database = sqlite3.connect(bench.home / DATABASE)
        with database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.close()
        ended = run(command)
        assert ended.status == 1
        assert "a later version of this program" in ended.err

    def test_a_disk_that_cannot_be_written(self, bench: Bench, run: Command) -> None:
        """One line, no group of exceptions"""
        two(bench)
        run("poll")
        database = sqlite3.connect(bench.home / DATABASE)
        with database:  # trouble at the moment a visit is recorded
            database.execute(
                "CREATE TRIGGER full BEFORE INSERT ON attempt BEGIN SELECT RAISE(FAIL, 'disk') FROM nowhere; END"
            )
        database.close()
        ended = run("poll", "--force")
        assert ended.status == 1
        assert ended.err.startswith("aggregator: ")
        assert ended.err.count("\n") == 1

    def test_status_without_a_store_says_what_to_do(self, bench: Bench, run: Command) -> None:
        two(bench)
        ended = run("status")
        assert ended.status == 1
        assert "there is no store yet; run `aggregator poll` first" in ended.err
        assert not bench.home.exists()

    def test_places_may_come_from_the_environment(self, bench: Bench, run: Command) -> None:
        two(bench)
        (bench.folder / "feeds.toml").rename(bench.folder / "my.toml")
        ended = run("poll", AGGREGATOR_CONFIG="my.toml", AGGREGATOR_STORE="elsewhere")
        assert ended.status == 1
        assert (bench.folder / "elsewhere" / "public" / "c" / "all.atom").exists()

    def test_nothing_is_written_outside_of_the_store(self, bench: Bench, run: Command) -> None:
        """All that the program writes is in store/"""
        two(bench)
        run("poll")
        run("status")
        assert sorted(path.name for path in bench.folder.iterdir()) == ["feeds.toml", "store"]


class TestStatus:
    def test_as_json(self, bench: Bench, run: Command) -> None:
        two(bench)
        run("poll")
        ended = run("status", "--json")
        assert ended.status == 0
        shown = ended.json
        assert shown["configuration"] is None
        good, bad = shown["sources"]
        assert {
            "source",
            "title",
            "health",
            "entries",
            "newest",
            "last_poll",
            "last_success",
            "next_poll",
            "errors",
        } <= set(good)
        assert (good["health"], good["entries"], good["title"], good["reason"]) == ("healthy", 2, "新闻", None)
        assert (bad["health"], bad["errors"], bad["reason"], bad["last_success"]) == (
            "failing",
            1,
            "server-error",
            None,
        )
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", good["last_poll"])
        [output] = shown["outputs"]
        assert (output["output"], output["entries"], output["dirty"]) == ("all", 2, False)
        assert output["id"].startswith("tag:feeds.example,")

    def test_columns_are_aligned_whatever_the_script(self, bench: Bench, run: Command) -> None:
        bench.config(bench.source("科技新闻", "/good"), bench.source("b", "/good"))
        bench.origin.feed("/good", items(1))
        run("poll")
        lines = run("status").out.splitlines()
        assert lines[1].index("healthy") + 4 == lines[2].index("healthy")

    def test_a_source_that_is_gone_is_asked_by_hand_only(self, bench: Bench, run: Command) -> None:
        """Rule P24"""
        bench.config(bench.source("gone"))
        bench.origin.answers["/gone"] = lambda asked: asked.say(410)
        for _ in range(4):
            bench.poll_later(days=2)
        (row,) = [line for line in run("status").out.splitlines() if line.startswith("gone ")]
        assert row.endswith("by hand only")

    def test_a_source_that_was_asked_too_seldom_is_pointed_out(self, bench: Bench, run: Command) -> None:
        """Rule S3"""
        bench.config(bench.source("news"))
        for numbers in ((1, 2), (8, 9)):
            bench.origin.feed("/news", items(*numbers))
            bench.poll_later(hours=1)
        words = "  news: all entries of the last document were new; some were probably missed in between"
        assert words in run("status").out.splitlines()

    def test_diagnostics_of_a_document_are_shown(self, bench: Bench, run: Command) -> None:
        bench.config(bench.source("odd"))
        bench.origin.feed("/odd", items(1)[:-20] + "</oops></channel></rss>")
        assert run("poll").status == 0
        assert "odd: not-well-formed" in run("status").out

    def test_it_writes_nothing(self, bench: Bench, run: Command) -> None:
        two(bench)
        run("poll")
        before = bench.times()
        run("status")
        assert bench.times() == before
        assert bench.origin.asked("/good")[1:] == []


class TestTheProgram:
    HEAVY = (
        *("alembic", "apscheduler", "bs4", "feedgen", "feedparser", "httpx", "jinja2", "lxml", "nh3", "pydantic"),
        *("publicsuffixlist", "sqlalchemy", "starlette", "structlog", "uvicorn", "yaml"),
    )

    @pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["poll", "--help"], ["serve", "--help"]])
    def test_help_imports_nothing_heavy(self, arguments: list[str]) -> None:
        """--help in under 0.2 s"""
        script = (
            "import sys, time\nfrom aggregator.__main__ import main\nsys.argv[1:] = sys.argv[1:]\n"
            "try:\n    main()\nexcept SystemExit:\n    pass\n"
            f"heavy = [name for name in {self.HEAVY!r} if name in sys.modules]\n"
            "print(heavy, time.process_time(), file=sys.stderr)\n"
        )
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
        heavy, _, seconds = done.stderr.strip().rpartition(" ")
        assert heavy == "[]"
        assert float(seconds) < 0.2
        assert done.stdout

    def test_the_version_is_printed(self, run: Command) -> None:
        assert aggregator.__version__ in run("--version").out

    def test_every_command_is_in_the_help(self, run: Command) -> None:
        shown = run("--help").out
        assert all(name in shown for name in ("serve", "poll", "check", "status"))

    def test_an_unknown_command_is_2(self, run: Command) -> None:
        ended = run("pol")
        assert ended.status == 2
        assert "No such command" in ended.err

    def test_a_reader_that_leaves_is_no_trouble(self, bench: Bench) -> None:
        """aggregator status | head -1"""
        two(bench)
        bench.poll()
        command = f"{sys.executable} -m aggregator status | head -c 1"
        done = subprocess.run(["bash", "-c", command], cwd=bench.folder, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr

    def test_a_terminal_that_has_no_chinese(self, bench: Bench, program: Program) -> None:
        """Words are lost, the command is not"""
        bench.config(bench.source("科技", "/good"))
        bench.origin.feed("/good", items(1))
        ended = program("poll", PYTHONIOENCODING="ascii", LC_ALL="C")
        assert ended.status == 0
        assert "1 source polled" in ended.out
        assert program("status", PYTHONIOENCODING="ascii").status == 0

    def test_a_port_that_is_taken_is_1(self, bench: Bench, run: Command) -> None:
        two(bench)
        with socket.create_server(("127.0.0.1", 0)) as other:
            ended = run("serve", "--listen", f"127.0.0.1:{other.getsockname()[1]}")
        assert ended.status == 1
        assert "another program listens there" in ended.err

    @pytest.mark.parametrize("place", ["nowhere", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", ":"])
    def test_a_place_to_listen_that_is_none_is_1(self, bench: Bench, run: Command, place: str) -> None:
        two(bench)
        ended = run("serve", "--listen", place)
        assert ended.status == 1
        assert "host and a port" in ended.err


def test_the_examples_work_with_no_network(run: Command, bench: Bench) -> None:
    """Clone, one command: the feeds.toml of the project runs as it stands"""
    root = Path(aggregator.__file__).parent.parent
    if not (root / "feeds.toml").exists():
        pytest.skip("the example is in the repository, not in the package")
    ended = run("poll", "--config", str(root / "feeds.toml"))
    assert ended.status == 0
    assert len(bench.outputs()) > 9
    assert len(bench.titles()) >= 6


def test_published_files_may_be_read_by_a_web_server(bench: Bench, run: Command) -> None:
    """Any web server can serve them, under another user too"""
    bench.config('[[source]]\nid = "posts"\npath = "*.md"')
    (bench.folder / "a.md").write_text(post("甲", "生活"), "utf-8")
    run("poll")
    for path in bench.public.rglob("*"):
        assert path.stat().st_mode & (stat.S_IROTH | stat.S_IRGRP)
    assert json.loads((bench.public / "c" / "生活.json").read_bytes())["items"]
    assert threading.active_count() < 20
