"""The hashes that 2106d7b made of an output, from stored keys: so that its stores are known again at an upgrade.

2106d7b hashed the `repr` of its own values. This module writes these forms itself and uses no class of the program:
whatever happens to them, it gives what stands in the stores of then. It is not changed any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

_KNOWN = {
    "output",
    "title",
    "description",
    "described",
    "language",
    "formats",
    "posts",
    "limit",
    "dedupe",
    "secret",
    "category",
    "keep",
    "drop",
    "site.url",
    "site.timezone",
    "site.entry_pages",
}
"""Stored keys that 2106d7b had an option for."""


class _Written:
    """A value whose `repr` is this text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def definition(told: Mapping[str, Any], offered: Mapping[str, Any], every: Iterable[str]) -> str | None:
    """The definition; None if `told` holds a stored key that 2106d7b did not know.

    `told` and `offered` are the values that `definition.definition` hashes, `every` the ids of all sources.
    """
    if not told.keys() <= _KNOWN:
        return None
    values = _values(told) | {
        "title": told["title"],
        "description": told["description"],
        "language": told.get("language"),
        "is_described": told.get("described", False),
        "site_url": told["site.url"],
        "timezone": told.get("site.timezone", "UTC"),
        "entry_pages": told.get("site.entry_pages", True),
    }
    if posts := told.get("posts"):
        values |= {"blog": _blog(posts)} | ({} if posts.get("footer", True) else {"footer": False})
    return f"{_digest(values)}/{_digest(_choice(offered, list(every)))}"


def rule(ruled: Mapping[str, Any]) -> str | None:
    """The rule; None if `ruled`, which `definition.rule` hashes, holds a stored key that 2106d7b did not know."""
    if not ruled.keys() <= _KNOWN:
        return None
    values = _values(ruled)
    defaults = {"keep": (), "drop": (), "dedupe": "link", "is_secret": False}
    kept = {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}
    return _digest(kept | {"site_url": ruled["site.url"]})


def _values(told: Mapping[str, Any]) -> dict[str, Any]:
    """What both hashes are made of, under the names of then."""
    return {
        "output": told["output"],
        "formats": tuple(told.get("formats", ("rss", "atom", "json", "html"))),
        "limit": told.get("limit"),
        "node": tuple(told["category"]) if "category" in told else None,
        "keep": tuple(told.get("keep", ())),
        "drop": tuple(told.get("drop", ())),
        "dedupe": told.get("dedupe", "link"),
        "is_secret": told.get("secret", False),
    }


def _blog(posts: Mapping[str, Any]) -> _Written:
    return _Written(f"BlogPlan(dialect={posts['dialect']!r}, folder={posts.get('folder')!r})")


def _choice(offered: Mapping[str, Any], every: list[str]) -> dict[str, Any]:
    categories = {id_: tuple(offered["categories"][id_]) if id_ in offered["categories"] else None for id_ in every}
    return {
        "sources": sorted(offered["sources"]),
        "assigned": sorted(offered.get("assigned", offered["sources"])),
        "categories": sorted(map(str, categories.items())),
        "titles": sorted((id_, offered["titles"].get(id_, "")) for id_ in every),
    }


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:32]
