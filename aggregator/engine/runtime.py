"""Everything that follows from one reading of feeds.toml. Built aside and swapped whole, so that a bad edit changes
nothing and nobody sees half of a good one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.config.tables import Config, SourceConfig
from aggregator.core.model import CategoryPath, SourceId, SourceNumber
from aggregator.core.schedule.policy import PollInterval
from aggregator.core.urls import urls
from aggregator.sources import Source
from aggregator.sources.registry import SourceFactory
from aggregator.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A source as the engine visits it."""

    number: SourceNumber
    config: SourceConfig
    source: Source
    interval_rule: PollInterval
    host: str | None
    """The public host whose patience is at stake; None for files and for addresses that `[network] allow` names."""

    @property
    def id(self) -> SourceId:
        return self.config.id

    @property
    def address(self) -> str:
        """The address as configured: a URL, or the glob of a path."""
        return self.config.address


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The configuration in force with the numbers storage gave its sources."""

    config: Config
    targets: Mapping[SourceNumber, Target]
    authority: str
    """Whose name ids are minted in; frozen at the first run (rule I7)."""
    year: str
    """The year of the first run, likewise."""

    @property
    def numbers(self) -> Mapping[SourceId, SourceNumber]:
        return {target.id: number for number, target in self.targets.items()}

    @property
    def assigned(self) -> Mapping[SourceId, CategoryPath | None]:
        """The category each source was given in feeds.toml."""
        return {target.id: target.config.category or None for target in self.targets.values()}


def build_runtime(config: Config, storage: Storage, factory: SourceFactory, *, now: datetime) -> Runtime:
    """Put `config` into force in the store: its sources are the active ones, all others rest."""
    numbers = storage.enlist([(source.id, source.address) for source in config.sources], now=now)
    authority = storage.mint("authority", urls.host_of(config.site.url) or "localhost")
    year = storage.mint("year", str(now.year))
    targets = {}
    for source in config.sources:
        number = numbers[source.id]
        targets[number] = _target(source, number, config, factory)
    return Runtime(config=config, targets=targets, authority=authority, year=year)


def _target(source: SourceConfig, number: SourceNumber, config: Config, factory: SourceFactory) -> Target:
    host = source.kind.host(source.address)
    is_own = any(urls.host_of(f"http://{entry}") == host for entry in config.network.allow)
    return Target(
        number=number,
        config=source,
        source=factory(source),
        interval_rule=PollInterval(interval=source.interval, local=source.kind.is_local),
        host=None if is_own else host,
    )
