"""What a kind of filter is made of: its keys in `[[feed]]`, and a verdict on an entry."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

from aggregator.core.config.field_types import ConfigTable
from aggregator.core.html.clean import visible_text
from aggregator.core.model import CategoryPath, Entry, SourceId, StoredEntry

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
"""What JSON can hold: the form in which options are hashed."""
SourceCategories = Mapping[SourceId, CategoryPath | None]
"""The sources of feeds.toml, each with the category that it was given there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a filter lets an entry pass, and why."""

    passes: bool
    rule: str
    """The key of `[[feed]]` that decided."""
    text: str | None = None
    """What of the key's value matched, as it is written in feeds.toml; None: nothing of it did."""


class FilterInput:
    """An entry, as filters get it. What several filters need is computed once."""

    def __init__(self, entry: Entry, source: SourceId) -> None:
        self.entry = entry
        self.source = source

    @classmethod
    def of(cls, stored: StoredEntry) -> FilterInput:
        """Of a stored entry."""
        return cls(stored.entry, stored.source)

    @cached_property
    def text(self) -> str:
        """Title, summary and content as a reader sees them, folded."""
        entry = self.entry
        summary = entry.summary or ""
        summary = visible_text(summary) if entry.summary_is_html else summary
        return fold("\n".join((entry.title, summary, visible_text(entry.content))))


class Filter(Protocol):
    """A filter with its options: a frozen value, equal to another of the same kind with the same options."""

    in_query: ClassVar[bool]
    """Whether queries of storage apply it already; the verdict is for entries that are found in other ways."""

    @property
    def stored(self) -> Mapping[str, Json]:
        """The options by their stored keys, in which only what differs from its default is named.

        When this changes, the output gets another date and a new archive, so keys and values are never renamed.
        """

    def verdict(self, candidate: FilterInput) -> Verdict:
        """The verdict on one entry."""


class FilterOptions(ConfigTable):
    """Keys of `[[feed]]` that select entries. Each kind is a subclass: its fields are its keys."""

    def filters(self, sources: SourceCategories) -> list[Filter]:  # noqa: ARG002 - subclasses need it
        """The filters that these keys ask for, in the order of the keys. A kind adds its own to those of `super()`.

        `sources` are all that feeds.toml names.
        """
        return []


@dataclass(frozen=True, slots=True)
class FoldedWords:
    """Words of feeds.toml, to be looked for in folded text."""

    words: tuple[tuple[str, str], ...]
    """Each as it is written, and folded."""

    @classmethod
    def of(cls, words: Iterable[str]) -> FoldedWords:
        """Of words as they are written."""
        return cls(tuple((word, fold(word)) for word in words))

    @property
    def written(self) -> list[Json]:
        """As they are written, in that order."""
        return [word for word, _ in self.words]

    def found_in(self, text: str) -> str | None:
        """The first, as it is written, that is in a folded text; None if none is."""
        return next((word for word, folded in self.words if folded in text), None)


def fold(text: str) -> str:
    """Text as it is compared: NFKC, so that width does not count, and without case."""
    return unicodedata.normalize("NFKC", text).casefold()
