"""The block at the head of a post: found, and read into plain values even where it is broken.

YAML scalars stay strings (`NO`, `2022-05-16` and `12:30` change their type otherwise, rule H16). What YAML or TOML
refuse is read line by line: a bare title with a colon, runs of quotes, tabs.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_OPENING = re.compile(r"[\s\ufeff]*(-{3,}|\+{3,}|;{3,})[ \t]*\r?\n")
_OPEN_JSON = re.compile(r"[\s\ufeff]*(?=\{)")
_BARE_KEY = re.compile(r"[\s\ufeff]*[A-Za-z_][\w.\-]*[ \t]*:(?:[ \t]|\r?\n)")
_BARE_END = re.compile(r"^-{3,}[ \t]*$", re.MULTILINE)
_MAX_MATTER = 262_144

_MAX_BRACKETS = 500
_MAX_DEPTH = 4
_DEEP = re.compile(r"^ {200}|(?:[-?:][ \t]+){20}", re.MULTILINE)

_LINE = re.compile(r"(?P<key>[A-Za-z_][\w.\-]*)[ \t]*(?P<sign>[:=])(?:[ \t]+(?P<value>.*)|(?P<tight>.*))$")
_DEEP_KEY = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){50}")
"""A dotted key of TOML with 50 parts or more: `tomllib` takes time by the square of them."""
_QUOTED_WORDS = re.compile(r"(?:'[^']+'\W[^']*'[^']+'|\"[^\"]+\"\W[^\"]*\"[^\"]+\")")
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class FrontMatterError(ValueError):
    """There is an opening line and the block cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The values of a block and the body behind it."""

    values: Mapping[str, Any]
    body: str
    lenient: bool = False
    """The block was broken and was read line by line."""


def starts_with_front_matter(text: str, *, is_post: bool = False) -> bool:
    """Whether a text opens a front-matter block. `is_post` (a name like `x.md`) also allows the block without its
    opening line, as Hexo does."""
    if _OPENING.match(text):
        return True
    return is_post and bool(_BARE_KEY.match(text)) and bool(_BARE_END.search(text, 0, _MAX_MATTER))


def split_front_matter(text: str) -> FrontMatter:
    """Reads a block opened by `---`, `+++`, `;;;` or `{`, or (Hexo) not opened at all. Raises FrontMatterError."""
    opening = _OPENING.match(text)
    if opening:
        return _fenced(text, opening)
    brace = _OPEN_JSON.match(text)
    if brace:
        return _json_object(text, brace.end())
    end = _BARE_END.search(text, 0, _MAX_MATTER)
    if end is None:
        raise FrontMatterError("its front matter has no closing line")
    return _yaml(text[: end.start()], text[end.end() :])


def _fenced(text: str, opening: re.Match[str]) -> FrontMatter:
    sign = opening[1][0]
    closing = re.compile(rf"^(?:\{sign}{{3,}}{'|[.]{3}' if sign == '-' else ''})[ \t]*\r?$", re.MULTILINE)
    end = closing.search(text, opening.end(), opening.end() + _MAX_MATTER)
    if end is None:
        raise FrontMatterError(f"its front matter has no closing line {opening[1]!r}")
    block, body = text[opening.end() : end.start()], text[end.end() :]
    if sign == "+":
        return _toml(block, body)
    if sign == ";":
        return FrontMatter(values=_json_values("{" + block.strip().rstrip(",") + "}"), body=body)
    if block.lstrip().startswith("{"):
        try:
            return FrontMatter(values=_json_values(block), body=body)
        except FrontMatterError:
            return _yaml(block, body)
    return _yaml(block, body)


def _json_object(text: str, start: int) -> FrontMatter:
    try:
        values, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise FrontMatterError(f"its JSON front matter cannot be read: {error}") from error
    return FrontMatter(values=values, body=text[end:])


def _json_values(block: str) -> Mapping[str, Any]:
    """The object that begins with the block's first brace."""
    try:
        values: Mapping[str, Any] = json.loads(block)
    except (ValueError, RecursionError) as error:
        raise FrontMatterError(f"its JSON front matter cannot be read: {error}") from error
    return values


def _toml(block: str, body: str) -> FrontMatter:
    if _DEEP_KEY.search(block):
        return _by_lines(block, body)
    try:
        return FrontMatter(values=tomllib.loads(block.replace("\r\n", "\n")), body=body)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return _by_lines(block, body)


def _is_shallow(block: str) -> bool:
    """Whether nesting is no deeper than people write: deeper nesting overflows the fast loader's stack."""
    return block.count("[") + block.count("{") < _MAX_BRACKETS and not _DEEP.search(block)


def _yaml(block: str, body: str) -> FrontMatter:
    if not _is_shallow(block):
        return _by_lines(block, body)
    try:
        values = yaml.load(block, Loader=_LOADER)  # a base loader: it makes strings, lists and maps, nothing else
    except (yaml.YAMLError, RecursionError, ValueError):
        return _by_lines(block, body)
    if values is None or values == "":
        return FrontMatter(values={}, body=body)
    if not isinstance(values, dict):
        return _by_lines(block, body)
    return FrontMatter(values={key: value for key, value in values.items() if isinstance(key, str)}, body=body)


def _by_lines(block: str, body: str) -> FrontMatter:
    values = _read_lines(block.expandtabs(2).splitlines())
    if not values:
        raise FrontMatterError("its front matter holds no line of the form `key: value`")
    return FrontMatter(values=values, body=body, lenient=True)


def _read_lines(lines: list[str], depth: int = 0) -> dict[str, Any]:
    """Top-level keys; the indented lines below a key without value are its list, map or text."""
    values: dict[str, Any] = {}
    for key, value, below in _keys(lines):
        if value in ("|", ">", "|-", ">-", "|+", ">+"):
            values[key] = (" " if value[0] == ">" else "\n").join(line.strip() for line in below)
        elif value:
            values[key] = _inline(" ".join([value, *(line.strip() for line in below)]))
        else:
            values[key] = _below(below, depth)
    return values


def _keys(lines: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    key, value, below = "", "", list[str]()
    for line in lines:
        match = _LINE.match(line)
        if match and not (match["tight"] or "").startswith("//"):
            if key:
                yield key, value, below
            key, below = match["key"], []
            value = (match["value"] if match["value"] is not None else match["tight"] or "").strip()
        elif key and line.strip() and not line.lstrip().startswith("#"):
            below.append(line)
    if key:
        yield key, value, below


def _below(lines: list[str], depth: int) -> Any:
    if not lines:
        return ""
    stripped = [line.strip() for line in lines]
    if stripped[0].startswith("-"):
        return _list_below(stripped)
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    if indent and depth < _MAX_DEPTH and _LINE.match(lines[0][indent:]):
        return _read_lines([line[indent:] for line in lines], depth + 1)
    return " ".join(stripped)


def _list_below(stripped: list[str]) -> list[Any]:
    """`- a` lines; `- - a` opens a list in the list."""
    found: list[Any] = []
    nested = any(line.startswith("- - ") for line in stripped)
    for line in stripped:
        if line.startswith("- - "):
            found.append([_inline(line[4:].strip())])
        elif line.startswith("-"):
            item = _inline(line[1:].strip())
            if nested and found and isinstance(found[-1], list) and not isinstance(item, list):
                found[-1].append(item)
            elif item:
                found.append(item)
    return found


def _inline(value: str, depth: int = 0) -> Any:
    if len(value) > 1 and value[0] == "[" and value[-1] == "]" and depth < _MAX_DEPTH:
        return [_inline(part, depth + 1) for part in _split_commas(value[1:-1])]
    return _unquoted(value)


def _split_commas(inside: str) -> Iterator[str]:
    """The parts between commas that are in no quotes and no inner list."""
    start, depth, quote = 0, 0, ""
    for position, character in enumerate(inside):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and not inside[start:position].strip():
            quote = character
        elif character in "[]":
            depth += 1 if character == "[" else -1
        elif character == "," and depth == 0:
            yield inside[start:position].strip()
            start = position + 1
    if inside[start:].strip():
        yield inside[start:].strip()


def _unquoted(value: str) -> str:
    """Without the quotes around it, however many there are; quotes inside stay, doubled ones become single.

    Quotes around the first and the last words alone ('a' and 'b') are the title's own.
    """
    if _QUOTED_WORDS.fullmatch(value):
        return value
    for quote in ("'", '"'):
        if value.startswith(quote) and value.endswith(quote) and len(value) > 1:
            inside = value[1:-1]
            while inside.startswith(quote) and inside.endswith(quote) and len(inside) > 1:
                inside = inside[1:-1]
            return inside.replace("''", "'") if quote == "'" else inside.replace('\\"', '"')
    return value
