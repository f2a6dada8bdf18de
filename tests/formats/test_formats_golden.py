"""Whole outputs, byte for byte. After a change that is meant: run tests/formats/format_golden.py and read the diff."""

from __future__ import annotations

import pytest
from format_editions import EDITIONS
from format_golden import FOLDER, file_name

from aggregator.formats import FORMATS, generate

CASES = [(case, name) for case in EDITIONS for name in FORMATS]


@pytest.mark.parametrize(("case", "name"), CASES)
def test_output_is_as_accepted(case: str, name: str) -> None:
    """Rule W3: element and attribute order, prefixes and white space are part of the promise."""
    assert generate(EDITIONS[case], name).decode() == (FOLDER / file_name(case, name)).read_bytes().decode()


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {file_name(case, name) for case, name in CASES}
