"""Before anything else: what concerns all tests."""

from __future__ import annotations

import os
import sys

# Tests start some hundred processes of the program. Where the environment forbids to keep bytecode, each of them, and
# each worker of pytest, would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
