"""Categories: cleaned, each once, at most fifty (protocols K2, K3)."""

from __future__ import annotations

from collections.abc import Iterable

from aggregator.core.model import Category, CategoryKind
from aggregator.core.parse.parsed import ParsedCategory
from aggregator.core.text.plain import clean_label, label_key

MAX_CATEGORIES = 50
_MAX_NAME = 100
_MAX_DEPTH = 10


def categories(parsed: Iterable[ParsedCategory]) -> tuple[tuple[Category, ...], bool]:
    """The usable ones in order, first spelling kept, and whether some were left out because there are too many."""
    found: dict[tuple[CategoryKind, tuple[str, ...]], Category] = {}
    for one in parsed:
        path = tuple(name for part in one.path[:_MAX_DEPTH] if (name := _clean(part)))
        if not path:
            continue
        key = (one.kind, tuple(label_key(name) for name in path))
        if key in found:
            continue
        if len(found) == MAX_CATEGORIES:
            return tuple(found.values()), True
        scheme = (one.scheme or "").strip()[:500] or None
        found[key] = Category(path=path, scheme=scheme, term=(one.term or "").strip()[:500] or None, kind=one.kind)
    return tuple(found.values()), False


def _clean(name: str) -> str:
    """The name cleaned; "" if nothing or too much is left of it."""
    if len(name) > 20 * _MAX_NAME:
        return ""
    label = clean_label(name)
    return label if len(label) <= _MAX_NAME else ""
