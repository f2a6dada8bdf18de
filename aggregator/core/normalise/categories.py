"""Categories: cleaned, each once, at most fifty (protocols K2, K3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.core.model import Category, CategoryKind
from aggregator.core.parse.parsed import ParsedCategory
from aggregator.core.text.plain import clean_label, label_key

MAX_CATEGORIES = 50
_MAX_NAME = 100
_MAX_DEPTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The usable categories in order, in their first spelling, and whether some were left out, and why."""

    usable: tuple[Category, ...]
    is_cut: bool = False
    """There are too many."""
    is_short: bool = False
    """Some have no usable name."""


def categories(parsed: Iterable[ParsedCategory]) -> Sorted:
    is_short = False
    found: dict[tuple[CategoryKind, tuple[str, ...]], Category] = {}
    for one in parsed:
        path = tuple(name for part in one.path[:_MAX_DEPTH] if (name := _clean(part)))
        is_short = is_short or (len(path) < len(one.path) and any(map(str.strip, one.path)))
        if not path:
            continue
        key = (one.kind, tuple(label_key(name) for name in path))
        if key in found:
            continue
        if len(found) == MAX_CATEGORIES:
            return Sorted(usable=tuple(found.values()), is_cut=True, is_short=is_short)
        scheme = (one.scheme or "").strip()[:500] or None
        found[key] = Category(path=path, scheme=scheme, term=(one.term or "").strip()[:500] or None, kind=one.kind)
    return Sorted(usable=tuple(found.values()), is_short=is_short)


def _clean(name: str) -> str:
    """The name cleaned; "" if nothing or too much is left of it."""
    if len(name) > 20 * _MAX_NAME:
        return ""
    label = clean_label(name)
    return label if len(label) <= _MAX_NAME else ""
