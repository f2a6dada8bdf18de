"""The samples of docs/library.md print what the page says, and are typed."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import aggregator
from aggregator.core.formats_table import unregister_format

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/library.md").read_text("utf-8")
SAMPLES = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder of the example is the current one, and nobody has configured the log; the page's format goes."""
    shutil.copy(ROOT / "feeds.toml", tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    structlog.reset_defaults()
    yield
    unregister_format("titles")
    structlog.reset_defaults()


@pytest.mark.usefixtures("example")
def test_the_samples_print_what_is_below_them(capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, in one folder."""
    assert len(SAMPLES) == PAGE.count("```python")
    sample = Path("sample.py")
    for code, output in SAMPLES:
        sample.write_text(code, "utf-8")
        runpy.run_path(str(sample), run_name="__main__")
        assert capsys.readouterr().out == output, code


@pytest.mark.slow
def test_the_samples_are_typed(tmp_path: Path) -> None:
    """`mypy --strict` of a person's script finds our types and no fault."""
    for number, (code, _) in enumerate(SAMPLES):
        (tmp_path / f"sample_{number}.py").write_text(code, "utf-8")
    (tmp_path / "wrong.py").write_text("import aggregator\n\naggregator.read(1)\n", "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = ran.stdout.splitlines()
    assert [line.split(":")[:2] for line in lines if "error" in line] == [["wrong.py", "3"]], ran.stdout


def test_every_method_and_error_is_described() -> None:
    """The tables of the page name what there is and nothing else."""
    rows = set(re.findall(r"^\| `(\w+)", PAGE, re.MULTILINE))
    methods = {name for name in vars(aggregator.Aggregator) if not name.startswith("_")}
    errors = {name for name in aggregator.__all__ if name.endswith("Error")} - {"AggregatorError", "SourceError"}
    assert rows == methods | errors
