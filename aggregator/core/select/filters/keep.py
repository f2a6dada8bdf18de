"""`keep`: entries that have one of some words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from aggregator.core.config.field_types import Word
from aggregator.core.select.filters.filter import (
    Filter,
    FilterInput,
    FilterOptions,
    Json,
    SourceCategories,
    Verdict,
    fold,
)


class KeepOptions(FilterOptions):
    """The key `keep`."""

    keep: tuple[Word, ...] = Field(default=(), description="Only entries that have one of these words.")

    def filters(self, sources: SourceCategories) -> list[Filter]:
        """See `FilterOptions`."""
        return [*super().filters(sources), *([KeepFilter.of(self.keep)] if self.keep else [])]


@dataclass(frozen=True, slots=True)
class KeepFilter:
    """Words of which one is in the folded text of an entry that passes."""

    in_query: ClassVar[bool] = False

    words: tuple[tuple[str, str], ...]
    """Each as it is written, and folded."""

    @classmethod
    def of(cls, words: Iterable[str]) -> KeepFilter:
        """The filter for words as they are written."""
        return cls(tuple((word, fold(word)) for word in words))

    @property
    def stored(self) -> Mapping[str, Json]:
        """See `Filter`."""
        return {"keep": [word for word, _ in self.words]}

    def verdict(self, candidate: FilterInput) -> Verdict:
        """See `Filter`."""
        found = next((word for word, folded in self.words if folded in candidate.text), None)
        return Verdict(passes=found is not None, rule="keep", text=found)
