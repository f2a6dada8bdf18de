"""The hashes that 2106d7b made of an output, from stored keys: so that an upgrade recognises its stores.

2106d7b hashed the `repr` of its own values. This module writes these forms itself and uses no class of the program:
whatever happens to them, it gives what 2106d7b stored. It is never changed.
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


def definition(own: Mapping[str, Any], sources: Mapping[str, Any], every: Iterable[str]) -> str | None:
    """The definition; None if `own` holds a stored key that 2106d7b did not know.

    `own` and `sources` are the values that `definition.definition` hashes, `every` the ids of all sources.
    """
    if not own.keys() <= _KNOWN:
        return None
    values = _values(own) | {
        "title": own["title"],
        "description": own["description"],
        "language": own.get("language"),
        "is_described": own.get("described", False),
        "site_url": own["site.url"],
        "timezone": own.get("site.timezone", "UTC"),
        "entry_pages": own.get("site.entry_pages", True),
    }
    if posts := own.get("posts"):
        values |= {"blog": _blog(posts)} | ({} if posts.get("footer", True) else {"footer": False})
    return f"{_digest(values)}/{_digest(_choice(sources, list(every)))}"


def rule(own: Mapping[str, Any]) -> str | None:
    """The rule; None if `own`, which `definition.rule` hashes, holds a stored key that 2106d7b did not know."""
    if not own.keys() <= _KNOWN:
        return None
    values = _values(own)
    defaults = {"keep": (), "drop": (), "dedupe": "link", "is_secret": False}
    kept = {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}
    return _digest(kept | {"site_url": own["site.url"]})


def _values(own: Mapping[str, Any]) -> dict[str, Any]:
    """What both hashes are made of, under the names that 2106d7b used."""
    return {
        "output": own["output"],
        "formats": tuple(own.get("formats", ("rss", "atom", "json", "html"))),
        "limit": own.get("limit"),
        "node": tuple(own["category"]) if "category" in own else None,
        "keep": tuple(own.get("keep", ())),
        "drop": tuple(own.get("drop", ())),
        "dedupe": own.get("dedupe", "link"),
        "is_secret": own.get("secret", False),
    }


def _blog(posts: Mapping[str, Any]) -> _Written:
    return _Written(f"BlogPlan(dialect={posts['dialect']!r}, folder={posts.get('folder')!r})")


def _choice(sources: Mapping[str, Any], every: list[str]) -> dict[str, Any]:
    categories = {id_: tuple(sources["categories"][id_]) if id_ in sources["categories"] else None for id_ in every}
    return {
        "sources": sorted(sources["sources"]),
        "assigned": sorted(sources.get("assigned", sources["sources"])),
        "categories": sorted(map(str, categories.items())),
        "titles": sorted((id_, sources["titles"].get(id_, "")) for id_ in every),
    }


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:32]
