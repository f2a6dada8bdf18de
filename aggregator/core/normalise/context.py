"""The input of normalise besides the parsed feed, and its result."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from aggregator.core.model import Diagnostic, Entry, Feed, SourceId
from aggregator.core.normalise.language import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of a visit, and what feeds.toml says of the source."""

    source: SourceId
    poll_url: str
    document_url: str
    """The address that answered, after redirects."""
    fetched_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names."""
    language: str | None = None
    """The source's `language` in feeds.toml; wins over the feed's."""
    timezone: tzinfo | None = None
    """The zone of dates that name none; None: UTC (rule D3)."""
    title: str | None = None
    """The source's `title` in feeds.toml; wins over the feed's."""
    samples: tuple[Sample | None, ...] | None = None
    """The samples of the first entries, where not all entries are read again; None: they are taken here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """The source says that the entry with this id is deleted. `when` is None where it does not say since when."""

    ref: str
    when: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalisedFeed:
    """A document as the model sees it."""

    feed: Feed
    entries: tuple[Entry, ...] = ()
    """In document order."""
    deleted: tuple[Deletion, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    complete: bool = True
    """False if the document was cut off: its validators must not be stored."""
    encoding: str = "utf-8"


class Diagnostics:
    """Diagnostics of one document, each name at most `MAX_PER_NAME` times. Names in `ordinary` are not recorded."""

    def __init__(self, ordinary: Collection[str] = ()) -> None:
        self._ordinary = ordinary
        self._found: list[Diagnostic] = []
        self._counts: dict[str, int] = {}

    def add(self, name: str, message: str, *, entry: str | None = None) -> None:
        """Add one, unless its name is ordinary or is there `MAX_PER_NAME` times already. A long message is cut."""
        if name in self._ordinary:
            return
        count = self._counts[name] = self._counts.get(name, 0) + 1
        if count <= MAX_PER_NAME:
            self._found.append(Diagnostic(name=name, message=message[:MAX_MESSAGE], entry=entry))

    def all(self) -> tuple[Diagnostic, ...]:
        """All that were added, in order."""
        return tuple(self._found)


MAX_PER_NAME = 10
MAX_MESSAGE = 300
