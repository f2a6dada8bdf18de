"""`source`: entries of some sources; without it, of all that feeds.toml names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from aggregator.core.config import values
from aggregator.core.config.field_types import not_empty, one_or_more
from aggregator.core.model import SourceId
from aggregator.core.select.filters.filter import Filter, FilterInput, FilterOptions, Json, SourceCategories, Verdict


def _source_ids(items: tuple[SourceId, ...]) -> tuple[SourceId, ...]:
    return tuple(dict.fromkeys(SourceId(values.normal(item)) for item in items))


class SourceOptions(FilterOptions):
    """The key `source`."""

    source: Annotated[
        tuple[SourceId, ...],
        BeforeValidator(one_or_more),
        BeforeValidator(not_empty),
        AfterValidator(_source_ids),
        WithJsonSchema(
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
        ),
    ] = Field(default=(), description="Only entries of this source, or of these sources.")

    def filters(self, sources: SourceCategories) -> list[Filter]:
        """See `FilterOptions`. There is always one: a source that feeds.toml names no more is in no output."""
        chosen = frozenset(id_ for id_ in sources if not self.source or id_ in self.source)
        return [*super().filters(sources), SourceFilter(chosen)]


@dataclass(frozen=True, slots=True)
class SourceFilter:
    """Entries of these sources."""

    in_query: ClassVar[bool] = True

    sources: frozenset[SourceId]

    @property
    def stored(self) -> Mapping[str, Json]:
        """See `Filter`. Nothing: `definition.definition` hashes sources apart, since they come and go."""
        return {}

    def verdict(self, candidate: FilterInput) -> Verdict:
        """See `Filter`."""
        passes = candidate.source in self.sources
        return Verdict(passes=passes, rule="source", text=candidate.source if passes else None)
