"""Where in a TOML text each key and value is, which neither tomllib nor tomlkit says.

The text is walked once, only far enough to know keys, brackets and where values begin: values are read by tomllib.
Rules for editors: nothing here raises, whatever the text; where it is no TOML the walk ends and
what was found so far counts. Lines end as TOML says (LF or CRLF), columns count characters, both from 1.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""Keys from the root down; an int is the place in an array, from 0: ("source", 3, "url")."""

DEPTH = 100
"""Arrays, inline tables and dotted keys deeper than this are not walked into; tomllib itself gives up at some 300."""

_BLANKS = re.compile(r"[ \t]*+")
_GAP = re.compile(r"(?:[ \t\n]|\r\n|#[^\n]*+)*+")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]++")
_BARE_VALUE = re.compile(r"[^,\]}\n#]++")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\\n]|\\[^\n])*+"'
    r"|'[^'\n]*+'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position in a text, from 1; `line` 0 means the text as a whole."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A key or table given a second time. `is_table` says that it was a `[header]`."""

    path: KeyPath
    first: Position
    again: Position
    is_table: bool


class Positions:
    """The positions found in one text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        walk = _Walk(text)
        walk.run()
        self._values = walk.values
        self._keys = walk.keys
        self.repeats = tuple(
            Repeat(path=path, first=self.at(first), again=self.at(again), is_table=is_table)
            for path, first, again, is_table in walk.repeats
        )

    def at(self, offset: int) -> Position:
        """The place of the character at `offset`."""
        line = bisect_right(self._starts, offset)
        return Position(line=line, column=offset - self._starts[line - 1] + 1)

    def value(self, path: KeyPath) -> Position:
        """Where the value begins; a table begins at its header. If `path` is not in the text: its nearest parent."""
        return self._nearest(self._values, path)

    def key(self, path: KeyPath) -> Position:
        """Where the last key of `path` is written; with no key of its own (an array's item): where the value begins."""
        offset = self._keys.get(path)
        return self.value(path) if offset is None else self.at(offset)

    def paths(self) -> frozenset[KeyPath]:
        """Every path that has a value, tables and implied parents included."""
        return frozenset(self._values)

    def _nearest(self, offsets: dict[KeyPath, int], path: KeyPath) -> Position:
        for length in range(len(path), 0, -1):
            offset = offsets.get(path[:length])
            if offset is not None:
                return self.at(offset)
        return Position()


class _NotTomlError(Exception):
    """The text is not TOML from here on."""


class _Walk:
    """One pass over a text. `_pos` is always the next unread character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pos = 0
        self._depth = 0
        self._array_lengths: dict[KeyPath, int] = {}
        self._given: dict[KeyPath, int] = {}
        """Paths that were written out, against those merely implied by a longer one."""
        self._twice: set[KeyPath] = set()
        self.values: dict[KeyPath, int] = {}
        self.keys: dict[KeyPath, int] = {}
        self.repeats: list[tuple[KeyPath, int, int, bool]] = []

    def run(self) -> None:
        table: KeyPath = ()
        try:
            while self._skip(_GAP) < len(self._text):
                if self._text[self._pos] == "[":
                    table = self._header()
                else:
                    self._pair(table)
                if self._skip(_BLANKS) < len(self._text) and self._text[self._pos] not in "\r\n#":
                    raise _NotTomlError
        except _NotTomlError:
            pass

    def _header(self) -> KeyPath:
        begin = self._pos
        is_array = self._text.startswith("[[", begin)
        self._pos += 2 if is_array else 1
        parts = self._dotted()
        self._expect("]]" if is_array else "]")
        path: KeyPath = ()
        for part, offset in parts:
            path += (part,)
            self.keys.setdefault(path, offset)
            self.values.setdefault(path, begin)
            if path in self._array_lengths and (part, offset) != parts[-1]:
                path += (self._array_lengths[path] - 1,)
        if path in (self._given if is_array else self._array_lengths):
            self._repeat(path, self.values[path], begin, is_table=True)  # [name] and [[name]] side by side
        if is_array:
            index = self._array_lengths.get(path, 0)
            self._array_lengths[path] = index + 1
            path += (index,)
            self.values[path] = begin
        elif path not in self._given:
            self.values[path] = begin
        self._give(path, begin, is_table=True)
        return path

    def _pair(self, table: KeyPath) -> None:
        """One `key = value`, dotted or not, below `table`."""
        parts = self._dotted()
        self._expect("=")
        path = table
        for part, offset in parts:
            path += (part,)
            self.keys.setdefault(path, offset)
            if (part, offset) != parts[-1]:
                self.values.setdefault(path, parts[0][1])
        self._give(path, parts[-1][1], is_table=False)
        self._skip(_BLANKS)
        self._value(path)

    def _give(self, path: KeyPath, offset: int, *, is_table: bool) -> None:
        first = self._given.setdefault(path, offset)
        if first != offset:
            self._repeat(path, first, offset, is_table=is_table)

    def _repeat(self, path: KeyPath, first: int, again: int, *, is_table: bool) -> None:
        """Note a repeat, unless it is one only because a table around it is."""
        if not any(path[:length] in self._twice for length in range(1, len(path) + 1)):
            self._twice.add(path)
            self.repeats.append((path, first, again, is_table))

    def _value(self, path: KeyPath) -> None:
        self.values.setdefault(path, self._pos)
        opening = self._text[self._pos : self._pos + 1]
        if opening in {"[", "{"}:
            self._depth += 1
            if self._depth > DEPTH:
                raise _NotTomlError
            self._pos += 1
            self._items(path, "]" if opening == "[" else "}")
            self._depth -= 1
        else:
            self._take(_STRING if opening in {'"', "'"} else _BARE_VALUE)

    def _items(self, path: KeyPath, closing: str) -> None:
        """What is between brackets or braces, the closing one included."""
        index = 0
        while not self._text.startswith(closing, self._skip(_GAP)):
            if closing == "]":
                self._value((*path, index))
            else:
                self._pair(path)
            index += 1
            if not self._text.startswith(closing, self._skip(_GAP)):
                self._expect(",")
        self._pos += 1

    def _dotted(self) -> list[tuple[str, int]]:
        """The keys of a dotted key, each with its offset."""
        parts = []
        while True:
            begin = self._skip(_BLANKS)
            quoted = self._text[begin : begin + 1] in {'"', "'"}
            word = self._take(_STRING if quoted else _BARE_KEY)
            parts.append((_unquoted(word) if quoted else word, begin))
            if not self._text.startswith(".", self._skip(_BLANKS)):
                return parts
            if len(parts) == DEPTH:
                raise _NotTomlError
            self._pos += 1

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._pos)
        self._pos = match.end() if match else self._pos
        return self._pos

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._pos)
        if match is None:
            raise _NotTomlError
        self._pos = match.end()
        return match.group()

    def _expect(self, word: str) -> None:
        self._skip(_BLANKS)
        if not self._text.startswith(word, self._pos):
            raise _NotTomlError
        self._pos += len(word)


def _unquoted(word: str) -> str:
    try:
        return str(tomllib.loads(f"key = {word}")["key"])
    except ValueError as error:
        raise _NotTomlError from error
