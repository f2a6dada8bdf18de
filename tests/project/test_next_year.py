"""Next year's releases of dependencies break nobody: their versions are written down, their warnings are theirs."""

from __future__ import annotations

import re
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PYTHONS = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
NEEDED = [Requirement(text) for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]]


def applies(requirement: Requirement, python: str) -> bool:
    """Whether a requirement concerns CPython of that version on Linux."""
    where = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "os_name": "posix",
    }
    return requirement.marker is None or requirement.marker.evaluate(where)


@pytest.mark.parametrize("python", PYTHONS)
def test_each_dependency_has_one_version_for_each_python(python: str) -> None:
    """And it is one that pyproject.toml allows; `.ci/constraints` makes the file anew."""
    for needed in (needed for needed in NEEDED if applies(needed, python)):
        pins = [pin for pin in PINS if pin.name == canonicalize_name(needed.name) and applies(pin, python)]
        assert len(pins) == 1, needed.name
        (pin,) = pins[0].specifier
        assert pin.operator == "=="
        assert needed.specifier.contains(pin.version), needed.name


def test_the_pythons_named_begin_with_the_one_needed() -> None:
    """One after another, with none left out."""
    first = int(PROJECT["requires-python"].removeprefix(">=3."))
    assert [f"3.{first + step}" for step in range(len(PYTHONS))] == PYTHONS
    assert PYTHONS[-1] == "3.14"


def test_versions_are_not_tied_to_a_place() -> None:
    """No address of a package index, no option of pip."""
    assert all(pin.url is None and not pin.extras for pin in PINS)


def warn_in(module: str) -> None:
    exec("import warnings; warnings.warn('it will go', DeprecationWarning)", {"__name__": module})


@pytest.mark.parametrize("module", ["aggregator", "aggregator.core.model", __name__, "conftest", "raw_server"])
def test_a_warning_in_our_own_module_is_an_error(module: str) -> None:
    with pytest.raises(DeprecationWarning, match="it will go"):
        warn_in(module)


@pytest.mark.parametrize("module", ["feedparser.api", "sqlalchemy", "aggregators", "lxml.aggregator"])
def test_a_warning_in_a_dependency_is_none(module: str) -> None:
    """It is shown at the end of the run and nothing fails."""
    with warnings.catch_warnings(record=True) as shown:
        warn_in(module)
    assert [str(warning.message) for warning in shown] == ["it will go"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (ResourceWarning, "unclosed <socket>"),
        (RuntimeWarning, "coroutine 'fetch' was never awaited"),
        (pytest.PytestUnraisableExceptionWarning, "Exception ignored in"),
        (pytest.PytestUnhandledThreadExceptionWarning, "Exception in thread"),
    ],
)
def test_what_we_left_behind_is_an_error_wherever_it_is_noticed(kind: type[Warning], message: str) -> None:
    with pytest.raises(kind):
        exec("import warnings; warnings.warn(message, kind)", {"__name__": "asyncio", "message": message, "kind": kind})
