"""The answer of a JSON API as a feed: dotted paths say where the entries and their parts are ([source.json])."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from aggregator.core.config.rules import JsonRules, template_paths
from aggregator.core.errors import ParseError, Reason
from aggregator.core.model import Diagnostic
from aggregator.core.parse.json.values import scalar_text
from aggregator.core.parse.parsed import (
    MAX_ENTRIES,
    Candidate,
    Candidates,
    Markup,
    ParsedCategory,
    ParsedEntry,
    ParsedFeed,
    ParsedHead,
    ParsedLink,
    ParsedMedia,
    ParsedPerson,
    too_many_entries,
)

_MAX_VALUES = 200
_MAX_STEPS = 100
_NAMES = ("name", "title", "label", "term", "url", "src", "href", "rendered", "text", "value")
"""Where an object that stands for one word keeps it."""


def read_json_api(text: str, rules: JsonRules, *, url: str) -> ParsedFeed:
    """The entries of the answer by `rules`. Raises ParseError: BROKEN for no JSON, NOT_A_FEED for no list, only."""
    reader = _ApiReader(rules)
    items = _items(_load(text, url), rules.entries, url)
    entries = tuple(entry for item in items[:MAX_ENTRIES] if (entry := reader.entry(item)) is not None)
    if items and not entries:
        raise ParseError(url, Reason.NOT_A_FEED, "the list of entries holds nothing that the paths lead to")
    return ParsedFeed(
        dialect="json-api", head=ParsedHead(), entries=entries, diagnostics=tuple(reader.diagnostics(len(items)))
    )


def _load(text: str, url: str) -> Any:
    try:
        return json.loads(text.lstrip("\ufeff \t\r\n\0"))
    except (ValueError, RecursionError) as error:
        raise ParseError(url, Reason.BROKEN, f"the JSON cannot be read: {error}"[:300]) from error


def _items(document: Any, path: str | None, url: str) -> list[Any]:
    """The list of entries; an object of objects counts as one, as some APIs key their entries by id."""
    found = _step(document, path.split(".")) if path else document
    if isinstance(found, dict) and found and all(isinstance(value, dict) for value in found.values()):
        found = list(found.values())
    if isinstance(found, list):
        return found
    keys = f"; the document has the keys {', '.join(list(document)[:10])}"[:200] if isinstance(document, dict) else ""
    where = f'the path entries = "{path}" leads to' if path else "the document is"
    raise ParseError(url, Reason.NOT_A_FEED, f"{where} {_kind(found)}, not a list{keys}")


def _kind(value: Any) -> str:
    names = {dict: "an object", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "nothing")


def _step(value: Any, parts: list[str]) -> Any:
    """What is at the end of the path; None for nothing. A list that is met on the way gives what each item has."""
    for number, part in enumerate(parts[:_MAX_STEPS]):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit() and len(part) < 10:
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, list):
            rest = parts[number:]
            items = (_step(item, rest) for item in value[:_MAX_VALUES] if isinstance(item, dict))
            return [item for item in items if item is not None]
        else:
            return None
    return value


def _text(value: Any) -> str:
    """A text; a number in digits; of an object, the word it stands for; of a list, its first; "" for all else."""
    match value:
        case dict():
            scalars = (_text(value[name]) for name in _NAMES if isinstance(value.get(name), str | int))
            return next((text for text in scalars if text), "")
        case list():
            return next(
                (text for item in value[:_MAX_VALUES] if not isinstance(item, list) and (text := _text(item))), ""
            )
    return scalar_text(value).strip()


def _texts(value: Any) -> Iterator[str]:
    """Every text of a list, or the one there is."""
    for item in value[:_MAX_VALUES] if isinstance(value, list) else [value]:
        if text := "" if isinstance(item, list) else _text(item):
            yield text


class _ApiReader:
    def __init__(self, rules: JsonRules) -> None:
        given = {key: getattr(rules, key) for key in type(rules).model_fields if key != "entries"}
        self._paths: dict[str, str] = {key: path for key, path in given.items() if path}
        self._found: set[str] = set()
        self._empty = 0

    def entry(self, item: Any) -> ParsedEntry | None:
        """None for an item with nothing in it that the paths lead to."""
        if not isinstance(item, dict | list):
            self._empty += 1
            return None
        people = tuple(ParsedPerson(element="json:author", line=name) for name in _texts(self._at(item, "author")))
        link = self._link(item)
        entry = ParsedEntry(
            ids=self._candidate(item, "id"),
            links=(ParsedLink(href=link, element="json:link"),) if link else (),
            titles=self._candidate(item, "title", Markup.LOOSE),
            contents=self._candidate(item, "content", Markup.HTML),
            summaries=self._candidate(item, "summary", Markup.HTML),
            authors=(people,) if people else (),
            published=self._candidate(item, "date"),
            categories=tuple(
                ParsedCategory(path=(name,), element="json:category") for name in _texts(self._at(item, "category"))
            ),
            images=tuple(ParsedMedia(url=url, element="json:image") for url in _texts(self._at(item, "image"))),
        )
        if not (entry.ids or entry.links or entry.titles or entry.contents or entry.summaries):
            self._empty += 1
            return None
        return entry

    def diagnostics(self, items: int) -> Iterator[Diagnostic]:
        for key, path in self._paths.items():
            if items and key not in self._found:
                words = f'the path {key} = "{path}" leads to nothing in any entry'
                yield Diagnostic(name="json-path-empty", message=words[:300])
        if items > MAX_ENTRIES:
            yield too_many_entries(items)
        if self._empty:
            words = f"{self._empty} entries with nothing in them were left out"
            yield Diagnostic(name="json-item-invalid", message=words)

    def _at(self, item: Any, key: str) -> Any:
        path = self._paths.get(key)
        value = _step(item, path.split(".")) if path else None
        if value not in (None, "", [], {}):
            self._found.add(key)
        return value

    def _candidate(self, item: Any, key: str, markup: Markup = Markup.TEXT) -> Candidates:
        text = _text(self._at(item, key))
        return (Candidate(value=text, element=f"json:{key}", markup=markup),) if text else ()

    def _link(self, item: Any) -> str:
        """The address at the path, or the template with its holes filled; "" if one of them stays empty."""
        template = self._paths.get("link", "")
        holes = template_paths(template)
        if not holes:
            return _text(self._at(item, "link"))
        address, rest = "", template
        for hole in holes:
            value = _text(_step(item, hole.split(".")))
            if not value:
                return ""
            before, _, rest = rest.partition("{")
            address += before + quote(value, safe="/%~:")
            rest = rest.partition("}")[2]
        self._found.add("link")
        return address + rest
