"""The shape of the house, as far as import-linter cannot see it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aggregator

PACKAGE = Path(aggregator.__file__).parent
IMPURE = {
    "asyncio",
    "http",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
}
"""Of the standard library, what decides nothing: it does."""
ALLOWED = {
    "core": {
        "bs4",
        "charset_normalizer",
        "feedparser",
        "idna",
        "lxml",
        "nh3",
        "pydantic",
        "pydantic_core",
        "regex",
        "soupsieve",
        "tomlkit",
        "yaml",
    },
    "formats": {"feedgen", "jinja2", "lxml", "markupsafe"},
}
LONGEST_FILE = 500


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("room", ["core", "formats"])
def test_pure_rooms_import_only_what_is_listed(room: str) -> None:
    """core and formats reach no clock, file or network, and no package that nobody decided on"""
    files = sorted((PACKAGE / room).rglob("*.py"))
    assert files
    strange = {
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in files
        for name in imports(file)
        if not name.startswith("aggregator")
        and (name in IMPURE or name.split(".")[0] in IMPURE or not _is_known(room, name.split(".")[0]))
    }
    assert set() == strange


def _is_known(room: str, name: str) -> bool:
    return name in sys.stdlib_module_names or name in ALLOWED[room]


def test_the_wall_clock_is_read_in_one_place() -> None:
    """Moving the machine's clock moves the program: nobody else asks for the time"""
    asking = [
        str(file.relative_to(PACKAGE))
        for file in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date"}
    ]
    assert ["engine/clock.py"] == asking


def test_no_file_is_too_long_to_be_read() -> None:
    """A file past 500 lines is split"""
    lengths = {
        str(file.relative_to(PACKAGE)): len(file.read_text("utf-8").splitlines()) for file in PACKAGE.rglob("*.py")
    }
    assert {} == {name: length for name, length in lengths.items() if length > LONGEST_FILE}


def test_nothing_is_called_utils() -> None:
    """Names say what a module is about"""
    forbidden = {"utils", "helpers", "common", "misc", "manager", "util"}
    assert [] == [file.name for file in PACKAGE.rglob("*.py") if file.stem in forbidden]
