"""Ways to run the program: in this process, and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from aggregator.cli.main import aggregator


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """A command in this process. A traceback, or any exception that gets out, fails the test."""

    def __call__(self, *arguments: str, **environment: str) -> Ended:
        result = CliRunner().invoke(aggregator, list(arguments), prog_name="aggregator", env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return Ended(result.exit_code, result.stdout, result.stderr)


class Program:
    """The program in a process of its own, from a folder. A traceback fails the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, **environment: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "aggregator", *arguments],
            cwd=self.folder,
            env=os.environ | environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        found = Ended(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in found.out + found.err
        return found
