"""Problems of feeds.toml in words: what was found, what was expected, what was probably meant, and where.

Rules for editors: a message begins in small letters, has no full stop, and can be acted on without this program's
sources; passwords inside addresses are never shown.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any

from aggregator.core.config.positions import KeyPath, Positions
from aggregator.core.errors import Problem

SUGGESTIONS = 50
"""Proposals made for one file: each is compared with every candidate, and more than these are not read."""

_SHOWN = 60
"""Characters of a found value that are shown."""
_PASSWORD = re.compile(r"(?<=//)[^/?#\s]*@")
_EXPECTED = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "tuple_type": "a list in square brackets",
    "model_type": "a table",
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "literal_error": "{expected}",
}
"""pydantic's kinds of error -> what was expected; the braces are filled from the error's context."""


class UnfitError(ValueError):
    """A value that is not allowed: what was expected, and a hint, "" for none."""

    def __init__(self, expected: str, hint: str = "") -> None:
        super().__init__(f"expected {expected}; {hint}" if hint else f"expected {expected}")
        self.expected = expected
        self.hint = hint


class ProblemReport:
    """Collects the problems of one file. `table` is what tomllib read from `text`."""

    def __init__(self, text: str, table: Mapping[str, Any]) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._table = table
        self._positions: Positions | None = None
        self._suggestions = 0

    def add(self, path: KeyPath, message: str, *, at_key: bool = False, where: KeyPath | None = None) -> None:
        """Report `message` at the value of `path`, or at its key; `where` is what to call it, if not by `path`."""
        place = self.positions.key(path) if at_key else self.positions.value(path)
        name = key_in_words(path if where is None else where, self._table)
        self.problems.append(Problem(message=message, line=place.line, column=place.column, where=name))

    def invalid(
        self, path: KeyPath, error: Mapping[str, Any], keys: Collection[str], tables: Mapping[str, str]
    ) -> None:
        """Report one error of pydantic's about the table at `path`, which has the possible `keys`.

        `tables` says of keys in which table they belong.
        """
        location = path + tuple(error["loc"])
        if error["type"] == "extra_forbidden":
            self.unknown(path, str(error["loc"][-1]), keys, tables)
        elif error["type"] == "missing":
            self.add(path, f'the key "{error["loc"][-1]}" is missing')
        else:
            self.add(location, self._unfit(error))

    def unknown(self, path: KeyPath, key: str, keys: Collection[str], tables: Mapping[str, str]) -> None:
        """Report a key that the table at `path` does not have."""
        hint = self.did_you_mean(key, keys) or (f"; it belongs below {tables[key]}" if key in tables else "")
        if not hint:
            hint = f"; expected one of {', '.join(keys)}"
        self.add((*path, key), f"unknown key {shown(key)}{hint}", at_key=True, where=path)

    def close_match(self, word: str, choices: Collection[str]) -> str | None:
        """The choice that was probably meant; None if there is none, and after SUGGESTIONS calls."""
        self._suggestions += 1
        return close_match(word, choices) if self._suggestions <= SUGGESTIONS else None

    def did_you_mean(self, word: str, choices: Collection[str]) -> str:
        """The same as the end of a message."""
        match = self.close_match(word, choices)
        return f'; did you mean "{match}"?' if match else ""

    @property
    def positions(self) -> Positions:
        """Computed at the first problem; a file without problems is not walked."""
        if self._positions is None:
            self._positions = Positions(self._text)
        return self._positions

    def _unfit(self, error: Mapping[str, Any]) -> str:
        context, found = error.get("ctx", {}), error["input"]
        cause = context.get("error")
        if isinstance(cause, UnfitError):
            hint = f"; {_PASSWORD.sub('***@', cause.hint)}" if cause.hint else ""
            return f"expected {cause.expected}, found {shown(found)}{hint}"
        if error["type"] not in _EXPECTED:
            return f"{error['msg']}, found {shown(found)}"
        expected = _EXPECTED[error["type"]].format(**context).replace("'", '"')
        hint = ""
        if error["type"] == "literal_error":
            hint = self.did_you_mean(str(found), re.findall(r'"([^"]*)"', expected))
        return f"expected {expected}, found {shown(found)}{hint}"


def close_match(word: str, choices: Collection[str]) -> str | None:
    """The choice that `word` was perhaps meant to be; case does not matter."""
    folded = {choice.casefold(): choice for choice in choices}
    matches = difflib.get_close_matches(word.casefold()[:100], folded, n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


def shown(value: object) -> str:
    """A value of the file, in words for a message."""
    match value:
        case str():
            text = " ".join(_PASSWORD.sub("***@", value).split()) if value.strip() else value
            return f'"{text[:_SHOWN]}…"' if len(text) > _SHOWN else f'"{text}"'
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case datetime.date() | datetime.time():
            return "a date" if isinstance(value, datetime.date) else "a time"
        case Mapping():
            return "a table"
    return "a list" if value else "an empty list"


def key_in_words(path: KeyPath, table: Mapping[str, Any]) -> str:
    """The table and key in words: `source "ithome": url`; a table without an id by its number: `source 2: url`."""
    if not path:
        return ""
    head, rest = str(path[0]), path[1:]
    if rest and isinstance(rest[0], int):
        try:
            name = table[head][rest[0]]["id"]
        except (KeyError, IndexError, TypeError):
            name = None
        head += f" {shown(name)}" if isinstance(name, str) and name.strip() else f" {rest[0] + 1}"
        rest = rest[1:]
    keys = ".".join(str(key) for key in rest if isinstance(key, str))
    return f"{head}: {keys}" if keys else head
