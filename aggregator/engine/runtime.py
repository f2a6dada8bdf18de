"""Everything that follows from one reading of feeds.toml.

It is built first and then replaces the one before as a whole: a bad edit changes nothing, and a good one takes
effect at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.config.tables import Config, SourceConfig
from aggregator.core.model import CategoryPath, SourceId, SourceNumber
from aggregator.core.schedule.policy import PollSettings
from aggregator.core.urls import urls
from aggregator.sources import Source
from aggregator.sources.registry import SourceFactory
from aggregator.storage import SourceStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveSource:
    """A source named in the configuration in force: what visiting it takes."""

    number: SourceNumber
    config: SourceConfig
    fetcher: Source
    poll_settings: PollSettings
    host: str | None
    """The public host that is requested (rule P12); None for files and for hosts that `[network] allow` names."""

    @property
    def id(self) -> SourceId:
        """The id in feeds.toml."""
        return self.config.id

    @property
    def address(self) -> str:
        """The address as configured: a URL, or the glob of a path."""
        return self.config.address


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The configuration in force with the numbers storage gave its sources."""

    config: Config
    sources: Mapping[SourceNumber, ActiveSource]
    authority: str
    """The authority of the tag URIs that we mint; fixed at the first run (rule I7)."""
    year: str
    """The year of the tag URIs: that of the first run."""

    @property
    def numbers(self) -> Mapping[SourceId, SourceNumber]:
        """The number of each source, by its id in feeds.toml."""
        return {source.id: number for number, source in self.sources.items()}

    @property
    def assigned(self) -> Mapping[SourceId, CategoryPath | None]:
        """The category each source was given in feeds.toml."""
        return {source.id: source.config.category or None for source in self.sources.values()}


def build_runtime(config: Config, storage: SourceStore, factory: SourceFactory, *, now: datetime) -> Runtime:
    """Put `config` into force in the store: exactly its sources are active from now on. Raises StorageError."""
    numbers = storage.set_sources([(source.id, source.address) for source in config.sources], now=now)
    authority = storage.mint("authority", urls.host_of(config.site.url) or "localhost")
    year = storage.mint("year", str(now.year))
    sources = {
        numbers[source.id]: _active_source(source, numbers[source.id], config, factory) for source in config.sources
    }
    return Runtime(config=config, sources=sources, authority=authority, year=year)


def _active_source(source: SourceConfig, number: SourceNumber, config: Config, factory: SourceFactory) -> ActiveSource:
    host = source.kind.host(source.address)
    is_own = any(urls.host_of(f"http://{entry}") == host for entry in config.network.allow)
    return ActiveSource(
        number=number,
        config=source,
        fetcher=factory(source),
        poll_settings=PollSettings(interval=source.interval, local=source.kind.is_local),
        host=None if is_own else host,
    )
