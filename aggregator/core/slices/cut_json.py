"""Where the items of a JSON Feed begin and end in its text. It answers only for one sound JSON object."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_BLANKS = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_LIST = "items"


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The list of items in a text: where its brackets are and what is between them, in characters."""

    start: int
    end: int
    spans: tuple[tuple[int, int], ...]


def items_of(text: str) -> Items | None:
    """The items of the object that the text is; None if it is no such text, or has not one list of them. Total."""
    found = None
    try:
        for name, start in _members(text, _past_blanks(text, 0)):
            if name != _LIST:
                continue
            if found is not None:
                return None
            *spans, end = _objects(text, start)
            found = Items(start=start, end=end[1], spans=tuple(spans))
    except (ValueError, RecursionError):
        return None
    return found if found and found.spans else None


def outside(text: str, items: Items) -> str:
    """All but the items."""
    return text[: items.start] + text[items.end :]


def without(text: str, items: Items, positions: Collection[int]) -> str:
    """The document without the items at these positions."""
    kept = (text[start:end] for at, (start, end) in enumerate(items.spans) if at not in positions)
    return f"{text[: items.start]}[{','.join(kept)}]{text[items.end :]}"


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The names of an object's members and where their values begin. Raises ValueError where it is no such text."""
    at = _past_blanks(text, _past(text, at, "{"))
    while True:
        if text[at : at + 1] != '"':
            raise ValueError(at)
        name, at = _DECODER.raw_decode(text, at)
        at = _past_blanks(text, _past(text, _past_blanks(text, at), ":"))
        yield name, at
        at = _past_blanks(text, _DECODER.raw_decode(text, at)[1])
        if text[at : at + 1] != ",":
            break
        at = _past_blanks(text, at + 1)
    if _past_blanks(text, _past(text, at, "}")) != len(text):
        raise ValueError(at)


def _objects(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Where the objects of a list are, and last its closing bracket. Raises ValueError where it is no such list."""
    at = _past_blanks(text, _past(text, at, "["))
    while text[at : at + 1] == "{":
        start = at
        at = _DECODER.raw_decode(text, at)[1]
        yield start, at
        at = _past_blanks(text, at)
        if text[at : at + 1] != ",":
            break
        at = _past_blanks(text, at + 1)
        if text[at : at + 1] != "{":
            raise ValueError(at)
    yield at, _past(text, at, "]")


def _past_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _past(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise ValueError(at)
    return at + 1
