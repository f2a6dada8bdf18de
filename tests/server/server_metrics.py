"""A strict reader of the Prometheus text exposition format 0.0.4, after its description alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_HELP = re.compile(rf"# HELP ({_NAME}) ((?:[^\\\n]|\\\\|\\n)+)")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|histogram|summary|untyped)")
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)')


@dataclass
class Family:
    kind: str
    help: str
    samples: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)


def read_metrics(text: str) -> dict[str, Family]:
    """Families by name. Fails on whatever the format does not allow, and on what it merely advises against."""
    assert text.endswith("\n"), "the last line ends as all others do"
    families: dict[str, Family] = {}
    lines = iter(text[:-1].split("\n"))
    current = ""
    for line in lines:
        if line.startswith("#"):
            described = _HELP.fullmatch(line)
            assert described, line
            typed = _TYPE.fullmatch(next(lines))
            assert typed, f"HELP without TYPE: {line}"
            assert typed[1] == described[1], line
            assert typed[1] not in families, f"{line}: a family stands in one place"
            current = typed[1]
            families[current] = Family(typed[2], described[2])
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        assert sample[1] == current, f"{line}: not below its own TYPE"
        family = families[current]
        labels = _labels(sample[2] or "")
        assert labels not in family.samples, f"{line}: twice"
        family.samples[labels] = float(sample[3])
        assert (family.kind == "counter") == current.endswith("_total"), line
        assert family.kind != "counter" or family.samples[labels] >= 0, line
    return families


def _labels(text: str) -> tuple[tuple[str, str], ...]:
    found, place = [], 0
    while place < len(text):
        match = _LABEL.match(text, place)
        assert match, text
        found.append((match[1], match[2]))
        place = match.end()
    assert len({name for name, _ in found}) == len(found), text
    return tuple(sorted(found))
