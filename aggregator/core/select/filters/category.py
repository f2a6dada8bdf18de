"""`category`: entries in a category or below it (rules K1 and K3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from aggregator.core.config.field_types import Category
from aggregator.core.model import CategoryPath, SourceId
from aggregator.core.select.category_paths import is_below, own_paths
from aggregator.core.select.filters.filter import Filter, FilterInput, FilterOptions, Json, SourceCategories, Verdict


class CategoryOptions(FilterOptions):
    """The key `category`."""

    category: Category | None = Field(default=None, description="Only entries in this category or below it.")

    def filters(self, sources: SourceCategories) -> list[Filter]:
        """See `FilterOptions`."""
        own = [CategoryFilter.of(self.category, sources)] if self.category else []
        return [*super().filters(sources), *own]


@dataclass(frozen=True, slots=True)
class CategoryFilter:
    """An entry's own paths count before the category of its source (rule K1)."""

    in_query: ClassVar[bool] = True

    category: CategoryPath
    assigned: frozenset[SourceId]
    """Sources with a category in it: their entries pass unless they have paths of their own."""

    @classmethod
    def of(cls, category: CategoryPath, sources: SourceCategories) -> CategoryFilter:
        """The filter for one node of the tree of categories."""
        return cls(category, frozenset(id_ for id_, path in sources.items() if path and is_below(path, category)))

    @property
    def stored(self) -> Mapping[str, Json]:
        """See `Filter`. `assigned` is hashed with the sources by `definition.definition`."""
        return {"category": list(self.category)}

    def verdict(self, candidate: FilterInput) -> Verdict:
        """See `Filter`."""
        paths = own_paths(candidate.entry)
        passes = any(is_below(path, self.category) for path in paths) if paths else candidate.source in self.assigned
        return Verdict(passes=passes, rule="category", text="/".join(self.category) if passes else None)
