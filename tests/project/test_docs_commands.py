"""docs/commands.md is true: all commands and options are in it and no others, and its samples are what is printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from aggregator.cli.main import COMMANDS, aggregator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/commands.md").read_text("utf-8")
SHARED = {"--config", "--store", "--help", "-h"}
"""Described once for all commands."""


def section(command: str) -> str:
    parts = PAGE.split(f'## {command} <a id="{command}"></a>')
    assert len(parts) == 2, f"docs/commands.md has no section for `{command}`"
    return parts[1].split("\n## ")[0]


def parameters(command: str) -> list[click.Parameter]:
    found = aggregator.get_command(click.Context(aggregator), command)
    assert found is not None
    return found.params


def options(command: str) -> set[str]:
    named = {name for p in parameters(command) if isinstance(p, click.Option) for name in (*p.opts, *p.secondary_opts)}
    return named - SHARED


def rows(text: str) -> set[str]:
    """Options that begin a row of a table, all spellings."""
    cells = re.findall(r"^\| (`-[^|]*) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(--?[a-z][a-z-]*)", cell)}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_has_a_row_and_every_row_an_option(command: str) -> None:
    """What is described exists and what exists is described, with all its spellings."""
    assert rows(section(command)) == options(command)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_argument_is_named(command: str) -> None:
    """An argument stands in the section as the help shows it."""
    arguments = [
        p.make_metavar(click.Context(aggregator)) for p in parameters(command) if isinstance(p, click.Argument)
    ]
    assert [a for a in arguments if a.strip("[].") not in section(command)] == []


def test_every_command_is_in_the_table_and_every_one_there_exists() -> None:
    """The list at the head of the page is the list of the program."""
    assert re.findall(r"^\| \[`(\w+)`\]\(#(?:\w+)\) \|", PAGE, re.MULTILINE) == re.findall(
        r'^## (\w+) <a id="\w+"></a>$', PAGE, re.MULTILINE
    )
    assert set(re.findall(r"^\| \[`(\w+)`\]\(#\w+\) \|", PAGE, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_what_is_said_once_for_all_commands_holds_for_each(command: str) -> None:
    """Each command takes --config and --store, and the variables named for them."""
    found = {p.opts[0]: p.envvar for p in parameters(command) if p.opts[0] in ("--config", "--store")}
    assert found == {"--config": "AGGREGATOR_CONFIG", "--store": "AGGREGATOR_STORE"}
    for option, variable in found.items():
        assert re.search(rf"^\| `{option} \w+` \| `{variable}` \|", PAGE, re.MULTILINE)


def steps() -> list[tuple[str, str]]:
    """(command line, what it prints) of all samples, in the order of the page."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = step.partition("\n")
            found.append((line, output))
    return found


def pattern(sample: str) -> re.Pattern[str]:
    """A sample with its gaps: `…` alone on a line is any lines, elsewhere any signs of one line; columns may shift."""
    return re.compile("".join(r"(?:.*\n)*?" if line == "…" else _line(line) + "\n" for line in sample.splitlines()))


def _line(line: str) -> str:
    return re.sub(r"(?:\\ ){2,}", " +", re.escape(line)).replace("…", ".*?")


@pytest.mark.slow
def test_the_samples_are_what_the_program_prints(tmp_path: Path) -> None:
    """All samples of the page, typed one after the other in a copy of the example."""
    shutil.copy(ROOT / "feeds.toml", tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    program = tmp_path / "bin/aggregator"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aggregator "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    assert len(steps()) >= 10
    for line, sample in steps():
        ran = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        if not pattern(sample).fullmatch(ran.stdout):
            pytest.fail(f"$ {line}\n{ran.stdout}\n--- docs/commands.md says:\n{sample}", pytrace=False)
