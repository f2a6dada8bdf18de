"""The README keeps its word: the one command starts it, what it shows is what comes out, CI runs the tests it names."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SET_UP = re.compile(r"python3 -m venv \.venv && \.venv/bin/pip install -q -c constraints\.txt -e (\.|'\.\[dev\]') && ")


def block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no ```{kind} block"
    return found[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a person has after the set-up part of a command, made without the network; it listens at any free port."""
    text = (ROOT / "feeds.toml").read_text("utf-8")
    (tmp_path / "feeds.toml").write_text(f'{text}\n[server]\nlisten = "127.0.0.1:0"\n', "utf-8")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    program = tmp_path / ".venv/bin/aggregator"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aggregator "$@"\n')
    program.chmod(0o755)
    return tmp_path


@contextlib.contextmanager
def running(command: str, clone: Path) -> Iterator[subprocess.Popen[str]]:
    """The command after its set-up, in a process group of its own."""
    line, count = SET_UP.subn("exec ", command)
    assert count == 1, "the one command begins with the set-up"
    program = subprocess.Popen(
        ["sh", "-c", line],
        cwd=clone,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def get(address: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=20) as answer:
        return bytes(answer.read())


@pytest.mark.long
def test_the_first_command_serves_the_example(clone: Path) -> None:
    """A clone, one command, and a feed reader subscribes: index and feed are there, Ctrl-C ends it cleanly."""
    with running(COMMANDS[0], clone) as program:
        assert program.stderr is not None
        found = re.search(r"serving (http://\S+)/ ", program.stderr.readline())
        assert found
        shown = False
        for _ in range(200):
            with contextlib.suppress(OSError):
                entries = get(f"{found[1]}/c/all.atom").count(b"<entry")
                shown = entries == 10 and b"c/all.atom" in get(f"{found[1]}/")
            if shown or program.poll() is not None:
                break
            time.sleep(0.1)
        assert shown
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=10)
        assert program.returncode == 0


@pytest.mark.long
def test_the_second_command_polls_once_and_makes_the_feed_that_is_shown(clone: Path) -> None:
    """What it prints and the feed it writes are those of the page."""
    with running(COMMANDS[1], clone) as program:
        said, _ = program.communicate(timeout=60)
        assert (program.returncode, said) == (0, block("text"))
    made = (clone / "store/public/c/all.atom").read_text("utf-8")
    missing = first_missing(block("xml"), made)
    assert missing is None, f"store/public/c/all.atom does not have what README.md shows here: {missing}"


def first_missing(sample: str, made: str) -> str | None:
    """The first piece of a sample that does not follow where it should; `…` in a sample stands for anything."""
    place = 0
    for piece in re.split(r"\s*^\s*…\s*$\s*|…", sample, flags=re.MULTILINE):
        place = made.find(piece, place)
        if place < 0:
            return piece
        place += len(piece)
    return None


def test_the_test_command_sets_up_all_that_the_suite_needs() -> None:
    """CI runs what stands behind the mark: set-up with the extras, then all tests that are not slow; these later."""
    marked = re.findall(r"<!-- test command -->\n```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(marked) == 1
    assert SET_UP.sub("", marked[0]) == ".venv/bin/pytest\n"
    assert "'.[dev]'" in marked[0]
    steps = (ROOT / ".ci/run").read_text("utf-8")
    assert "test command" in steps
    assert '"$bin/pytest" -m slow\n' in steps


def test_the_python_named_is_the_python_needed() -> None:
    """The oldest version in the README is the one in pyproject.toml."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert re.findall(r"Python (3\.\d+) or later", README) == [wanted.removeprefix(">=")]
