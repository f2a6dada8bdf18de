"""Where accepted outputs are kept, and the command that accepts the present ones: run this file."""

from __future__ import annotations

from pathlib import Path

from format_editions import EDITIONS

from aggregator.formats import FORMATS, generate

FOLDER = Path(__file__).parent / "golden"


def file_name(case: str, name: str) -> str:
    return f"{case}{FORMATS[name].suffix}"


if __name__ == "__main__":
    for path in FOLDER.iterdir():
        path.unlink()
    for case, edition in EDITIONS.items():
        for name in FORMATS:
            (FOLDER / file_name(case, name)).write_bytes(generate(edition, name))
