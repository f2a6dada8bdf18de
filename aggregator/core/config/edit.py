"""Editing feeds.toml as text: new tables are added, and no character of what is there changes.

Rules for editors: pure, text in and text out. Every result is read back before it is returned, so that an unforeseen
layout ends in an error and never in a broken file.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tomlkit

from aggregator.core.config import values
from aggregator.core.config.positions import Positions
from aggregator.core.config.report import UnfitError
from aggregator.core.errors import ConfigError, Problem
from aggregator.core.model import CategoryPath, SourceId
from aggregator.core.urls.urls import host_of

_ID_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """A [[source]] to be added; keys that are None are not written."""

    id: SourceId
    url: str
    title: str | None = None
    category: CategoryPath | None = None

    def table(self) -> dict[str, str]:
        """Its keys in the order they are written."""
        category = "/".join(self.category) if self.category else None
        keys = {"id": self.id, "url": self.url, "title": self.title, "category": category}
        return {key: value for key, value in keys.items() if value is not None}


def add_sources(text: str, sources: Sequence[NewSource], *, file: str) -> str:
    """The text of a feeds.toml with these sources after those it has; all else stays as it is, line endings too.

    `text` is TOML, with no source or more. Raises ConfigError if there is no place for them.
    """
    if not sources:
        return text
    before = _loads(text, file)
    tables: list[dict[str, Any]] = [source.table() for source in sources]
    expected = {**before, "source": [*before.get("source", []), *tables]}
    for edited in _edits(text, tables, has_sources=bool(before.get("source"))):
        try:
            if tomllib.loads(edited) == expected:
                return edited
        except ValueError:
            continue
    message = "no place for a new [[source]] was found in it; add by hand: " + " ".join(_block(tables[0], " ").split())
    raise ConfigError(file, [Problem(message=message)])


class Ids:
    """Makes ids for sources that have none yet. `taken` are those in use."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {values.folded_name(name) for name in taken}
        self._counts: dict[str, int] = {}

    def propose(self, *wishes: str) -> SourceId:
        """The first wish of which an id can be made, unique by -2, -3 ..., and taken from now on.

        Letters of all scripts are kept; "source" if no wish will do.
        """
        base = next((name for wish in wishes if (name := _identifier(wish))), "source")
        name = base
        while values.folded_name(name) in self._taken:
            self._counts[base] = self._counts.get(base, 1) + 1
            name = f"{base}-{self._counts[base]}"
        self._taken.add(values.folded_name(name))
        return SourceId(name)


def host_name(url: str) -> str:
    """What an address calls its site: the host without `www.`, `feeds.` and the like; "" if it has none."""
    host = host_of(url) or ""
    return re.sub(r"^(?:www|feeds?|rss)\.(?=[^.]+\.)", "", host)


def _identifier(wish: str) -> str:
    """The wish with a hyphen for all that an id cannot have, in small letters; "" if nothing is left."""
    letters = (c if unicodedata.category(c)[0] in "LMN" or c == "." else "-" for c in values.normal(wish.lower()))
    name = re.sub(r"[-.]+", lambda match: "-" if "-" in match[0] else ".", "".join(letters)).strip("-.")
    if len(name) > _ID_LENGTH:
        cut = name[: _ID_LENGTH + 1]
        name = (cut.rpartition("-")[0] if "-" in cut[_ID_LENGTH // 2 :] else cut[:_ID_LENGTH]).strip("-.")
    while name and unicodedata.category(name[0])[0] == "M":
        name = name[1:].lstrip("-.")
    try:
        return values.identifier(name)
    except UnfitError:
        return ""


def _loads(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(file, [Problem(message=f"it is no TOML: {error}")]) from error


def _edits(text: str, tables: Sequence[dict[str, Any]], *, has_sources: bool) -> Iterator[str]:
    """Ways to write it, the one that looks best first."""
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    block = newline.join(_block(table, newline) for table in tables)
    if has_sources:
        for offset in _behind_sources(text):
            yield _inserted(text, block, offset, newline)
    yield _inserted(text, block, len(text), newline)
    yield from _into_array(text, tables)


def _block(table: dict[str, Any], newline: str) -> str:
    """`[[source]]` with its keys, the equals signs in one column as in our examples."""
    width = max(map(len, table))
    lines = [f"{key:<{width}} = {tomlkit.string(value).as_string()}" for key, value in table.items()]
    return newline.join(["[[source]]", *lines, ""])


def _behind_sources(text: str) -> Iterator[int]:
    """Offsets behind the last source: where its own comments end and those begin that lead to what follows; then
    behind these as well."""
    places = Positions(text)
    lines = text.split("\n")
    starts = [match.start() for match in re.finditer("^", text, re.MULTILINE)]
    last = max((places.value(path).line for path in places.paths() if path[0] == "source"), default=0)
    others = (places.value(path).line for path in places.paths() if path[0] != "source")
    end = min((line - 1 for line in others if line > last), default=len(lines))
    behind = end
    while behind > last and (not lines[behind - 1].strip() or lines[behind - 1].lstrip().startswith("#")):
        behind -= 1
    own = behind
    while own < end and lines[own].strip():
        own += 1
    for number in (behind if own == end < len(lines) else own, end):
        yield starts[number] if number < len(starts) else len(text)


def _inserted(text: str, block: str, offset: int, newline: str) -> str:
    before, after = text[:offset], text[offset:]
    if before and not before.endswith("\n"):
        before += newline
    if before.strip():
        block = block if before.endswith(("\n\n", "\n\r\n")) else newline + block
    if after.strip() and not after.startswith(("\n", "\r\n")):
        block += newline
    return before + block + after


def _into_array(text: str, tables: Sequence[dict[str, Any]]) -> Iterator[str]:
    """`source = [{...}]`: one table more in the brackets."""
    try:
        document = tomlkit.parse(text)
        sources = document.get("source")
        if not isinstance(sources, tomlkit.items.Array):
            return
        for table in tables:
            inline = tomlkit.inline_table()
            inline.update(table)
            if "\n" in sources.as_string():
                sources.add_line(inline)
            else:
                sources.append(inline)
        yield tomlkit.dumps(document)
    except (tomlkit.exceptions.TOMLKitError, ValueError):
        return
