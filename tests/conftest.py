"""Before anything else: what concerns all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# Tests start some hundred processes of the program. Where the environment forbids to keep bytecode, each of them, and
# each worker of pytest, would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long one example takes says nothing: machines are busy. All else stays as Hypothesis has it, also under CI.
settings.register_profile("tests", settings(deadline=None))
settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Warnings of the tests' own modules are errors, as are those of the package (pyproject.toml)."""
    modules = "|".join(sorted({path.stem for path in Path(__file__).parent.rglob("*.py")}))
    config.addinivalue_line("filterwarnings", f"error:::({modules})$")
