"""Where keys and values of a TOML text stand."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.config.positions import DEPTH, KeyPath, Position, Positions


def at(text: str, path: KeyPath) -> tuple[int, int]:
    place = Positions(text).value(path)
    return place.line, place.column


PLACES = [
    pytest.param("a = 1", ("a",), (1, 5), id="plain"),
    pytest.param("\n# a = 0\n  a   =   1", ("a",), (3, 11), id="after comments and blanks"),
    pytest.param("[t]\na = 1", ("t", "a"), (2, 5), id="below a table"),
    pytest.param("[t]\na = 1", ("t",), (1, 1), id="a table begins at its header"),
    pytest.param("  [ t . u ]\n", ("t", "u"), (1, 3), id="header with blanks"),
    pytest.param("[t.u]\nx=1\n[t]\na=1", ("t",), (3, 1), id="a header of its own counts more than an implied one"),
    pytest.param("[t.u]\nx=1", ("t",), (1, 1), id="implied parent"),
    pytest.param("[[s]]\nid=1\n[[s]]\nid=2", ("s", 1), (3, 1), id="second of an array of tables"),
    pytest.param("[[s]]\nid=1\n[[s]]\nid=2", ("s", 1, "id"), (4, 4), id="key in the second"),
    pytest.param(
        "[[s]]\n[s.page]\na=1\n[[s]]\n[s.page]\na=1", ("s", 1, "page", "a"), (6, 3), id="sub-table of the last"
    ),
    pytest.param(
        "[[s]]\n[[s.t]]\n[[s.t]]\nx=1\n[[s]]\n[[s.t]]\nx=2", ("s", 1, "t", 0, "x"), (7, 3), id="array in array"
    ),
    pytest.param("a.b.c = 1", ("a", "b", "c"), (1, 9), id="dotted key"),
    pytest.param("a . b = 1", ("a",), (1, 1), id="parent of a dotted key"),
    pytest.param("[t]\na.b = 1", ("t", "a", "b"), (2, 7), id="dotted below a table"),
    pytest.param('"a.b"."\\u4e2d" = 1', ("a.b", "中"), (1, 18), id="quoted keys with escapes"),
    pytest.param("'x y' = 1", ("x y",), (1, 9), id="literal key"),
    pytest.param("a = {b = 1, c = {d = 2}}", ("a", "c", "d"), (1, 22), id="inline tables"),
    pytest.param("a = [1, [2, 3], {x = 4}]", ("a", 2, "x"), (1, 22), id="table in an array"),
    pytest.param("a = [\n  1, # one\n\n  2,\n]\nb = 3", ("a", 1), (4, 3), id="array over lines"),
    pytest.param("a = [\n 1,\n]\nb = 3", ("b",), (4, 5), id="after an array over lines"),
    pytest.param('a = """x\n[t]\nb = 2\\"""\n"""\nb = 3', ("b",), (5, 5), id="header and key inside a multi-line text"),
    pytest.param('a = """x"""""\nb = 3', ("b",), (2, 5), id="five quotes at an end"),
    pytest.param("a = '''\n]'''''\nb = 3", ("b",), (3, 5), id="the same with literal quotes"),
    pytest.param('a = "x # \\" ]" # "\nb = 3', ("b",), (2, 5), id="signs inside a text"),
    pytest.param('a = ["甲，乙", "丙"]', ("a", 1), (1, 13), id="CJK counts characters"),
    pytest.param('a = ["😀", "x"]', ("a", 1), (1, 11), id="beyond the basic plane too"),
    pytest.param("a = 1\r\nb = [1,\r\n2]\r\n", ("b", 1), (3, 1), id="CRLF"),
    pytest.param("a = 1979-05-27 07:32:00 # when\nb = 1", ("b",), (2, 5), id="a date with a blank in it"),
    pytest.param("[t]\na = 1", ("t", "missing", 3), (1, 1), id="unknown: the nearest parent"),
    pytest.param("a = 1", ("missing",), (0, 0), id="unknown at the root: the whole text"),
    pytest.param("", (), (0, 0), id="empty"),
]


@pytest.mark.parametrize(("text", "path", "expected"), PLACES)
def test_a_value_is_found(text: str, path: KeyPath, expected: tuple[int, int]) -> None:
    """Line and column of the first character of a value, of a table its header."""
    tomllib.loads(text)
    assert at(text, path) == expected


KEYS = [
    pytest.param("[t]\n a = 1", ("t", "a"), Position(line=2, column=2), id="plain"),
    pytest.param("a.b = 1", ("a", "b"), Position(line=1, column=3), id="last of a dotted key"),
    pytest.param("[t.u]", ("t", "u"), Position(line=1, column=4), id="in a header"),
    pytest.param("a = [1]", ("a", 0), Position(line=1, column=6), id="an item has no key: its value"),
]


@pytest.mark.parametrize(("text", "path", "expected"), KEYS)
def test_a_key_is_found(text: str, path: KeyPath, expected: Position) -> None:
    """Where the key is written."""
    assert Positions(text).key(path) == expected


REPEATS = [
    pytest.param("a = 1\nb = 2\na = 3", [(("a",), 1, 3, False)], id="key"),
    pytest.param("a = 1\na = 2\na = 3", [(("a",), 1, 2, False)], id="told once"),
    pytest.param("[t]\nx=1\n[t]\nx=2\ny=1", [(("t",), 1, 3, True)], id="table, not also its keys"),
    pytest.param("[[s]]\na=1\na=2\n[[s]]\na=1", [(("s", 0, "a"), 2, 3, False)], id="within one item only"),
    pytest.param("x = {a = 1, a = 2}", [(("x", "a"), 1, 1, False)], id="inline"),
    pytest.param("a.b = 1\n'a'.\"b\" = 2", [(("a", "b"), 1, 2, False)], id="written in another way"),
    pytest.param("[s]\n[[s]]\n", [(("s",), 1, 2, True)], id="single, then double brackets"),
    pytest.param("[[s]]\n[s]\n", [(("s",), 1, 2, True)], id="double, then single brackets"),
    pytest.param("[t.u]\n[t]\n[t.v]\n[[s]]\n[s.x]\n[[s]]\n[s.x]", [], id="none in what looks like it"),
]


@pytest.mark.parametrize(("text", "expected"), REPEATS)
def test_repeats_are_reported(text: str, expected: list[tuple[KeyPath, int, int, bool]]) -> None:
    """All that is given twice, though tomllib stops at the first; what it accepts has none."""
    repeats = Positions(text).repeats
    assert [(r.path, r.first.line, r.again.line, r.is_table) for r in repeats] == expected
    if expected:
        with pytest.raises(tomllib.TOMLDecodeError):
            tomllib.loads(text)
    else:
        tomllib.loads(text)


class Writer:
    """Writes a document and notes where each value went: an independent account of the truth."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._lines = [""]
        self.truth: dict[KeyPath, tuple[int, int]] = {}

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def put(self, text: str) -> None:
        first, *rest = text.split("\n")
        self._lines[-1] += first
        self._lines += rest

    def pick(self, *choices: str) -> None:
        self.put(self._draw(st.sampled_from(choices)))

    def table(self, table: dict[str, Any], path: KeyPath = ()) -> None:
        nested = {}
        for name, value in table.items():
            if isinstance(value, dict) and value and self._draw(st.booleans()):
                nested[name] = value
                continue
            self.pick("", "  ", "\t", "# note [x] = 1\n")
            self.key(name)
            self.put(" = ")
            self.value(value, (*path, name))
            self.pick("\n", " # 注 = [\n", "\n\n")
        for name, value in nested.items():
            header = [part for part in (*path, name) if isinstance(part, str)]
            self.truth[(*path, name)] = len(self._lines), len(self._lines[-1]) + 1
            self.put(f"[{'.'.join(map(json.dumps, header))}]\n")
            self.table(value, (*path, name))

    def key(self, name: str) -> None:
        bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
        self.put(name if bare and self._draw(st.booleans()) else json.dumps(name, ensure_ascii=False))

    def value(self, value: object, path: KeyPath) -> None:
        self.truth[path] = len(self._lines), len(self._lines[-1]) + 1
        match value:
            case dict():
                self.put("{")
                for index, (name, item) in enumerate(value.items()):
                    self.put(", " if index else " ")
                    self.key(name)
                    self.pick("=", " = ")
                    self.value(item, (*path, name))
                self.put("}")
            case list():
                self.put("[")
                for index, item in enumerate(value):
                    self.pick("", "\n  ", " ", " # ], 注\n")
                    self.value(item, (*path, index))
                    self.put("," if index < len(value) - 1 else "")
                self.pick("]", "\n]", " ]") if value else self.put("]")
            case str() if "'" not in value and value.isprintable() and self._draw(st.booleans()):
                quotes = self._draw(st.sampled_from(["'", "'''", "'''\n"]))
                self.put(quotes + value + quotes.strip())
            case str() if self._draw(st.booleans()):
                lines = json.dumps(value, ensure_ascii=False)[1:-1].replace("\\n", "\n")
                self.put('"""' + ("\n" if lines.startswith("\n") else "") + lines + '"""')
            case str():
                self.put(json.dumps(value, ensure_ascii=False))
            case bool() | int():
                self.put(json.dumps(value))
            case date():
                self.put(value.isoformat())


NAMES = st.text(st.sampled_from("ab-_. 中'\"=[#"), min_size=1, max_size=4)
LEAVES = (
    st.text(st.sampled_from("ab \n\\\"'#[]{}=,中😀"), max_size=8) | st.integers(-99, 99) | st.booleans() | st.dates()
)
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
    max_size=4,
)


@given(st.data())
def test_every_value_of_any_document_is_found_where_it_was_written(data: st.DataObject) -> None:
    """Dotted headers, inline tables, arrays over lines, all quotes, comments, CJK: nothing missed, nothing invented."""

    @st.composite
    def written(draw: st.DrawFn) -> tuple[dict[str, Any], Writer]:
        document = draw(DOCUMENTS)
        writer = Writer(draw)
        writer.table(document)
        return document, writer

    document, writer = data.draw(written())
    assert tomllib.loads(writer.text) == document
    places = Positions(writer.text)
    assert {path: (places.value(path).line, places.value(path).column) for path in places.paths()} == writer.truth
    assert places.repeats == ()


@given(st.text(st.sampled_from("a1.=[]{}\"'#\\ \n\r\t,中"), max_size=60))
def test_any_text_is_walked(text: str) -> None:
    """No input raises or hangs, TOML or not; places lie inside the text."""
    places = Positions(text)
    lines = text.split("\n")
    for path in places.paths():
        place = places.value(path)
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a = " + "[" * 100_000, id="brackets"),
        pytest.param('a = "' + "\\" * 300_000, id="backslashes"),
        pytest.param('a = """' + '""x' * 200_000, id="quotes in a text that never ends"),
        pytest.param("a" + ".a" * 200_000 + " = 1\n", id="dots"),
        pytest.param("#" * 300_000, id="comment"),
        pytest.param("a = [" + "1," * 100_000, id="array that never ends"),
    ],
)
def test_large_rubbish_is_walked_at_once(text: str) -> None:
    """Linear in the text: the whole table takes well under a second."""
    assert Positions(text).value(("a",)).line <= 1


def test_a_key_that_cannot_be_read_ends_the_walk_but_not_what_was_found() -> None:
    """TOML has no escape \\q."""
    text = 'first = 1\n"\\q" = 2\nlast = 3\n'
    assert at(text, ("first",)) == (1, 9)
    assert at(text, ("last",)) == (0, 0)


def test_deep_nesting_ends_the_walk_but_not_what_was_found() -> None:
    """Deeper than DEPTH is left alone."""
    text = "first = 1\na = " + "[" * (DEPTH + 1) + "]" * (DEPTH + 1)
    assert at(text, ("first",)) == (1, 9)
    assert at(text, ("a", *[0] * DEPTH, 7)) == (2, 5 + DEPTH)
