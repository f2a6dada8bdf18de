"""The structure of the package, as far as import-linter cannot see it."""

from __future__ import annotations

import ast
import re
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
        "publicsuffixlist",
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


@pytest.mark.parametrize("package", ["core", "formats"])
def test_pure_packages_import_only_what_is_listed(package: str) -> None:
    """core and formats reach no clock, file or network, and no package that nobody decided on"""
    files = sorted((PACKAGE / package).rglob("*.py"))
    assert files
    strange = {
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in files
        for name in imports(file)
        if not name.startswith("aggregator")
        and (name in IMPURE or name.split(".")[0] in IMPURE or not _is_known(package, name.split(".")[0]))
    }
    assert set() == strange


def _is_known(package: str, name: str) -> bool:
    return name in sys.stdlib_module_names or name in ALLOWED[package]


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
    """A file past 500 lines is split, tests like the rest"""
    files = [*PACKAGE.rglob("*.py"), *Path(__file__).parents[1].rglob("*.py")]
    lengths = {str(file): len(file.read_text("utf-8").splitlines()) for file in files}
    assert {} == {name: length for name, length in lengths.items() if length > LONGEST_FILE}


def public_classes() -> dict[str, list[str]]:
    """Name of each public class -> the files that define one of that name."""
    found: dict[str, list[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(str(file.relative_to(PACKAGE)))
    return found


def test_no_public_class_name_means_two_things() -> None:
    """One word, one meaning"""
    found = public_classes()
    assert len(found) > 100
    assert {} == {name: files for name, files in found.items() if len(files) > 1}


PRIVATE_WORDS = re.compile(
    r"(?:^|_)(board|calm|desk|gift|house|lookout|noticeboard|roof|room|shelf|shelves|tally|workshop|world)s?(?:_|$)"
)
"""Words of an earlier private vocabulary, as a part of a name in small letters."""


def names(file: Path) -> Iterator[str]:
    """Every name that a file defines or uses, in snake case."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        for attribute in ("id", "attr", "arg", "name"):
            name = getattr(node, attribute, None)
            if isinstance(name, str):
                yield re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_names_are_words_of_the_field(file: Path) -> None:
    """A reader who knows RSS and Python needs no other vocabulary"""
    assert set() == {name for name in (*names(file), file.stem) if PRIVATE_WORDS.search(name)}


def test_nothing_is_called_utils() -> None:
    """Names say what a module is about"""
    forbidden = {"utils", "helpers", "common", "misc", "manager", "util"}
    assert [] == [file.name for file in PACKAGE.rglob("*.py") if file.stem in forbidden]


def tree() -> dict[str, list[str]]:
    """Folder -> modules, as docs/design.md draws the package."""
    page = (PACKAGE.parent / "docs" / "design.md").read_text("utf-8")
    drawn = page.split("<!-- tree")[1].split("```")[1]
    found: dict[str, list[str]] = {}
    folder = ""
    for line in drawn.strip().splitlines():
        words = line.split()
        if words[0].endswith("/"):
            folder = words.pop(0).rstrip("/")
        found.setdefault(folder, []).extend(words)
    return found


def test_the_tree_of_the_design_page_is_complete() -> None:
    """Every folder and module of the package stands in it, and nothing else"""
    modules: dict[str, list[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        if "migrations" not in file.parts:
            folder = modules.setdefault(file.parent.relative_to(PACKAGE.parent).as_posix(), [])
            folder += [] if file.stem == "__init__" else [file.stem]
    assert {folder: sorted(names) for folder, names in tree().items()} == {
        folder: sorted(names) for folder, names in modules.items()
    }


def test_the_glossary_fits_on_a_screen() -> None:
    page = (PACKAGE.parent / "docs" / "design.md").read_text("utf-8")
    glossary = page.split("## Glossary")[1].split("\n## ")[0]
    assert 10 < len(glossary.strip().splitlines()) <= 30
