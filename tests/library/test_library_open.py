"""`aggregator.open`: an aggregator for code without an event loop, and inside of one."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import aggregator

FEEDS = """
[[source]]
id = "a"
path = "a.xml"
[[source]]
id = "b"
path = "b.xml"
[[source]]
id = "lost"
path = "lost.xml"
[[feed]]
id = "all"
"""


def item(number: int, day: int, text: str = "x") -> str:
    date = f"{day:02} Jan 2024 00:00:00 GMT"
    fields = f"<guid>{number}</guid><title>{number}</title><pubDate>{date}</pubDate><description>{text}</description>"
    return f"<item>{fields}</item>"


def rss(*items: str) -> str:
    return (
        f"<rss version='2.0'><channel><title>t</title><link>https://a.example/</link>{''.join(items)}</channel></rss>"
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A feeds.toml of three sources, one without its file, in the current folder; nobody has configured the log."""
    (tmp_path / "feeds.toml").write_text(FEEDS, "utf-8")
    (tmp_path / "a.xml").write_text(rss(item(1, day=1), item(3, day=3)), "utf-8")
    (tmp_path / "b.xml").write_text(rss(item(2, day=2)), "utf-8")
    monkeypatch.chdir(tmp_path)
    structlog.reset_defaults()
    yield tmp_path
    structlog.reset_defaults()


def titles(entries: list[aggregator.StoredEntry]) -> list[str]:
    return [stored.entry.title for stored in entries]


def test_poll_list_publish(folder: Path) -> None:
    """What docs/library.md promises of each method"""
    with aggregator.open() as app:
        reports, waiting = app.poll()
        assert {(r.source, r.error.reason if r.error else None) for r in reports} == {
            ("a", None),
            ("b", None),
            ("lost", aggregator.Reason.FILE_MISSING),
        }
        assert waiting == []
        assert app.poll() == ([], [])
        assert [r.source for r in app.poll(only=["b"])[0]] == ["b"]
        assert titles(app.entries()) == ["3", "2", "1"]
        assert titles(app.entries(source="a")) == ["3", "1"]
        assert titles(app.entries(limit=2)) == ["3", "2"]
        assert titles(app.entries(source="lost")) == []
        assert {(s.id, s.entries, s.reason) for s in app.sources()} == {
            ("a", 2, None),
            ("b", 1, None),
            ("lost", 0, aggregator.Reason.FILE_MISSING),
        }
        assert [(o.output, o.stories, o.error) for o in app.publish()] == [("all", 3, None)]
        assert app.remove(app.find("3"), why="spam") == 1
        assert titles(app.entries()) == ["2", "1"]
    assert (folder / "store/public/c/all.atom").exists()


def test_errors_are_those_of_the_program_and_leave_nothing_open(folder: Path) -> None:
    """No thread stays behind, and a closed aggregator says so"""
    before = threading.active_count()
    with aggregator.open() as app, pytest.raises(aggregator.AggregatorError, match='"c" is no source'):
        app.entries(source="c")
    with pytest.raises(ValueError, match="closed"):
        app.poll()
    app.close()
    with pytest.raises(aggregator.ConfigError):
        aggregator.open(folder / "no-such.toml")
    (folder / "file").write_text("", "utf-8")
    with pytest.raises(aggregator.StorageError):
        aggregator.open(store=folder / "file")
    assert threading.active_count() == before


@pytest.mark.usefixtures("folder")
def test_it_works_inside_of_a_running_event_loop() -> None:
    """A notebook has one, and cells that open, use and close"""

    async def cells() -> list[str]:
        app = aggregator.open()
        app.poll()
        found = titles(app.entries())
        app.close()
        return found

    assert asyncio.run(cells()) == ["3", "2", "1"]


@pytest.mark.usefixtures("folder")
def test_for_async_code() -> None:
    """The same methods, awaited"""

    async def main() -> list[str]:
        async with aggregator.open_async() as app:
            await app.poll()
            assert len(await app.sources()) == 3
            return titles(await app.entries(source="a", limit=1))

    assert asyncio.run(main()) == ["3"]


@pytest.mark.usefixtures("folder")
def test_log_lines_go_to_logging(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    """A script's own output stays its own"""
    with caplog.at_level(logging.WARNING), aggregator.open() as app:
        app.poll()
    assert [(r.name, r.levelname) for r in caplog.records] == [("aggregator.engine.visit", "WARNING")]
    assert "source='lost'" in caplog.text
    assert capsys.readouterr().out == ""


INTERRUPTED = """
import os, signal, socket, threading
import aggregator

server = socket.create_server(("127.0.0.1", 0))

def interrupt() -> None:
    connection, _ = server.accept()
    connection.recv(1)
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()  # the connection stays open, whichever thread comes first

threading.Thread(target=interrupt, daemon=True).start()
address = "127.0.0.1:%d" % server.getsockname()[1]
with open("feeds.toml", "w") as file:
    file.write('[network]\\nallow=["%s"]\\n[[source]]\\nid="a"\\nurl="http://%s/"' % (address, address))
app = aggregator.open()
try:
    app.poll()
except KeyboardInterrupt:
    print("interrupted")
print(app.sources()[0].health, app.entries())
app.close()
print("aggregator" in [thread.name for thread in threading.enumerate()])
aggregator.open()
"""


@pytest.mark.slow
def test_ctrl_c_gives_up_the_visit_and_nothing_else(folder: Path) -> None:
    """The aggregator can be used afterwards; one that nobody closes does not keep the program from ending"""
    ran = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "interrupted\nnew []\nFalse\n"), ran.stderr


SCRIPT = """
import aggregator
print("begin")
with aggregator.open(workers=1) as app:
    reports, _ = app.poll(only=["large"])
    print([str(report.error) for report in reports if report.error], len(app.entries(source="large")))
"""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["script", "stdin", "command", "interactive"])
def test_large_documents_are_read_in_processes_however_the_program_was_started(folder: Path, way: str) -> None:
    """A worker does not load the program that started it: it is run once, guard or not, file or not"""
    (folder / "feeds.toml").write_text('[[source]]\nid = "large"\npath = "large.xml"\n', "utf-8")
    large = rss(*(item(number, day=1, text="text " * 100) for number in range(150)))
    (folder / "large.xml").write_text(large, "utf-8")
    (folder / "script.py").write_text(SCRIPT, "utf-8")
    typed = SCRIPT + "\n"
    arguments, given = {
        "script": (["script.py"], ""),
        "stdin": (["-"], SCRIPT),
        "command": (["-c", SCRIPT], ""),
        "interactive": (["-i"], typed),
    }[way]
    ran = subprocess.run(
        [sys.executable, *arguments], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "begin\n[] 150\n"), ran.stderr
    assert "thread" not in ran.stderr
