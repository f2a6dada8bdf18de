"""`keep`: entries that have one of some words."""

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


class KeepOptions(FilterOptions):
    """The key `keep`."""

    keep: tuple[Word, ...] = Field(default=(), description="Only entries that have one of these words.")

    def filters(self, sources: SourceCategories) -> list[Filter]:
        """See `FilterOptions`."""
        return [*super().filters(sources), *([KeepFilter(FoldedWords.of(self.keep))] if self.keep else [])]


@dataclass(frozen=True, slots=True)
class KeepFilter:
    """Words of which one is in the folded text of an entry that passes."""

    in_query: ClassVar[bool] = False

    words: FoldedWords

    @property
    def stored(self) -> Mapping[str, Json]:
        """See `Filter`."""
        return {"keep": self.words.written}

    def verdict(self, candidate: FilterInput) -> Verdict:
        """See `Filter`."""
        found = self.words.found_in(candidate.text)
        return Verdict(passes=found is not None, rule="keep", text=found)
