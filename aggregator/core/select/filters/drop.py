"""`drop`: entries that have none of some words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from aggregator.core.config.field_types import Word
from aggregator.core.select.filters.filter import (
    Filter,
    FilterInput,
    FilterOptions,
    FoldedWords,
    Json,
    SourceCategories,
    Verdict,
)


class DropOptions(FilterOptions):
    """The key `drop`."""

    drop: tuple[Word, ...] = Field(default=(), description="No entries that have one of these words.")

    def filters(self, sources: SourceCategories) -> list[Filter]:
        """See `FilterOptions`."""
        return [*super().filters(sources), *([DropFilter(FoldedWords.of(self.drop))] if self.drop else [])]


@dataclass(frozen=True, slots=True)
class DropFilter:
    """Words of which none is in the folded text of an entry that passes."""

    in_query: ClassVar[bool] = False

    words: FoldedWords

    @property
    def stored(self) -> Mapping[str, Json]:
        """See `Filter`."""
        return {"drop": self.words.written}

    def verdict(self, candidate: FilterInput) -> Verdict:
        """See `Filter`."""
        found = self.words.found_in(candidate.text)
        return Verdict(passes=found is None, rule="drop", text=found)
