"""Categories: cleaned, each once, at most fifty (rules K2 and K3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from aggregator.core.html.plain import clean_label, label_key
from aggregator.core.model import Category, CategoryKind
from aggregator.core.parse.parsed import ParsedCategory

MAX_CATEGORIES = 50
_MAX_NAME = 100
_MAX_DEPTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableCategories:
    """The usable categories in order, in their first spelling, and whether some were left out, and why."""

    usable: tuple[Category, ...]
    is_cut: bool = False
    """There are too many."""
    is_short: bool = False
    """Some have no usable name."""


def categories(parsed: Iterable[ParsedCategory]) -> UsableCategories:
    """Clean the categories; each is kept once, under its first spelling (rule K3)."""
    is_short = False
    found: dict[tuple[CategoryKind, tuple[str, ...]], Category] = {}
    for one in parsed:
        names = [name for part in one.path[:_MAX_DEPTH] if (name := _name(part)) is not None]
        is_short = is_short or (len(names) < len(one.path) and any(map(str.strip, one.path)))
        if not names:
            continue
        path = tuple(label for label, _ in names)
        key = (one.kind, tuple(key for _, key in names))
        if key in found:
            continue
        if len(found) == MAX_CATEGORIES:
            return UsableCategories(usable=tuple(found.values()), is_cut=True, is_short=is_short)
        scheme = (one.scheme or "").strip()[:500] or None
        found[key] = Category(path=path, scheme=scheme, term=(one.term or "").strip()[:500] or None, kind=one.kind)
    return UsableCategories(usable=tuple(found.values()), is_short=is_short)


def _name(raw: str) -> tuple[str, str] | None:
    """The name cleaned, and what it is distinguished by; None if nothing or too much is left of it."""
    if len(raw) <= _MAX_NAME:
        return _short_name(raw)
    return _cleaned_name(raw) if len(raw) <= 20 * _MAX_NAME else None


def _cleaned_name(raw: str) -> tuple[str, str] | None:
    label = clean_label(raw)
    return (label, label_key(label)) if label and len(label) <= _MAX_NAME else None


_short_name = lru_cache(maxsize=2_000)(_cleaned_name)
"""Nearly all entries of a feed have the same few categories."""
