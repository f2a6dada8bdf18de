"""`authors`: entries by one of some people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from aggregator.core.config.field_types import Line
from aggregator.core.html.plain import label_key
from aggregator.core.select.filters.filter import Filter, FilterInput, FilterOptions, Json, SourceCategories, Verdict


class AuthorsOptions(FilterOptions):
    """The key `authors`."""

    authors: tuple[Line, ...] = Field(default=(), description="Only entries by one of these authors.")

    def filters(self, sources: SourceCategories) -> list[Filter]:
        """See `FilterOptions`."""
        return [*super().filters(sources), *([AuthorsFilter.of(self.authors)] if self.authors else [])]


@dataclass(frozen=True, slots=True)
class AuthorsFilter:
    """Whole names, compared as names of categories are (rule K3): neither case, width nor blanks next to CJK count."""

    in_query: ClassVar[bool] = False

    names: tuple[tuple[str, str], ...]
    """Each as it is written, and as it is compared."""

    @classmethod
    def of(cls, names: Iterable[str]) -> AuthorsFilter:
        """The filter for names as they are written."""
        return cls(tuple((name, label_key(name)) for name in names))

    @property
    def stored(self) -> Mapping[str, Json]:
        """See `Filter`."""
        return {"authors": [name for name, _ in self.names]}

    def verdict(self, candidate: FilterInput) -> Verdict:
        """See `Filter`. The title of a feed that stands in for an author is not a name."""
        people = {label_key(person.name) for person in candidate.entry.authors if not person.is_source}
        found = next((name for name, compared in self.names if compared in people), None)
        return Verdict(passes=found is not None, rule="authors", text=found)
