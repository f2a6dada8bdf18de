"""What a kind of source is made of: its key in `[[source]]`, and what the program has to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aggregator.core.config.field_types import ConfigTable


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A kind of place that documents come from."""

    name: str
    reads: str
    """What its sources are, in messages: "files"."""
    opener: str
    """Module and name of the function that opens it, a `sources.registry.Opener`: `aggregator.sources.http:open_http`.
    """
    is_local: bool
    """A visit sends no request to a server: it is visited at short, fixed intervals."""
    is_subscribable: bool
    """Its addresses are those of feeds that other readers can subscribe to."""
    has_categories: bool
    """Its entries may have category paths of their own, which come before that of the source (rule K1)."""
    host: Callable[[str], str | None]
    """The host of an address, to which requests are spaced; None if there is none."""


Origin = tuple[SourceKind, str]
"""A kind of source, and the address there."""


class SourceKindOptions(ConfigTable):
    """Keys of `[[source]]` that name a place. Each kind is a subclass, and its one field is its key."""

    def origins(self) -> list[Origin]:
        """The places that are named. A kind adds its own to those of `super()`."""
        return []
