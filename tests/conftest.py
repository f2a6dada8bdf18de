"""Before anything else: what concerns all tests."""

from __future__ import annotations

import os
import sys

from hypothesis import settings

# Tests start some hundred processes of the program. Where the environment forbids to keep bytecode, each of them, and
# each worker of pytest, would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long one example takes says nothing: machines are busy. All else stays as Hypothesis has it, also under CI.
settings.register_profile("tests", settings(deadline=None))
settings.load_profile("tests")
