"""Builds an aggregator from feeds.toml and a store.

Random numbers are drawn here and passed on, as is the wall clock, which `engine.clock` reads.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from aggregator import __version__
from aggregator.core.config.read import read_config
from aggregator.core.config.tables import Config
from aggregator.core.config.text import missing
from aggregator.core.errors import ConfigError, Problem
from aggregator.engine.clock import wall_clock
from aggregator.engine.daemon import App, WatchedConfig
from aggregator.engine.poll import Poller, PollLimits
from aggregator.engine.publish.posts import PostPublisher
from aggregator.engine.publish.publication import LiveCatalogue
from aggregator.engine.publish.publisher import Publisher
from aggregator.engine.publish.site_files import IndexPage
from aggregator.engine.runtime import build_runtime
from aggregator.engine.status import StatusCollector
from aggregator.engine.threads import DatabaseThread, WorkerPool
from aggregator.engine.visit import Visitor
from aggregator.outlets.disk import DiskOutlet
from aggregator.sources.http import Transport
from aggregator.sources.registry import OpenSources, SourceFactory, SourceSettings
from aggregator.storage import Storage
from aggregator.storage.opening import open_storage

DATABASE = "aggregator.sqlite3"
PUBLIC = "public"
POSTS = "posts"


def load_config(path: Path) -> Config:
    """Read feeds.toml. Raises ConfigError with all that is wrong, or because it cannot be read at all."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise missing(str(path)) from None
    except OSError as error:
        raise ConfigError(str(path), [Problem(message=f"it cannot be read: {error.strerror}")]) from error
    return read_config(text, file=str(path))


def user_agent(config: Config) -> str:
    """The User-Agent of all requests (rule P15)."""
    return config.network.user_agent or f"feed-aggregator/{__version__} (+{config.contact})"


def _factory(sources: OpenSources, settings: SourceSettings, config: Config) -> SourceFactory:
    """The function that gives a [[source]] of this configuration its `Source`; the kinds it names are opened now."""
    settings = replace(settings, user_agent=user_agent(config), allow=config.network.allow)
    for kind in {source.kind for source in config.sources}:
        sources.get(kind, settings)
    return sources.factory(settings)


@asynccontextmanager
async def open_sources(config: Config, base: Path) -> AsyncIterator[SourceFactory]:
    """Source kinds without a store, for commands that store nothing; relative paths start from `base`."""
    async with OpenSources() as sources:
        yield _factory(sources, SourceSettings(base=base, visits=1), config)


@asynccontextmanager
async def open_app(
    config_path: Path,
    store_path: Path,
    *,
    catalogue: LiveCatalogue | None = None,
    index: IndexPage | None = None,
    clock: Callable[[], datetime] = wall_clock,
    jitter: Callable[[], float] = random.random,
    limits: PollLimits | None = None,
    workers: int | None = None,
    storage: Callable[[Path], Storage] = open_storage,
    transport: Transport | None = None,
) -> AsyncIterator[App]:
    """An aggregator over this feeds.toml and this store folder. Raises ConfigError and StorageError.

    `catalogue` is that of a server in this process, `index` renders the index page; None: there is none. `jitter` gives
    numbers in [0, 1). `workers` is the number of processes that parse large documents: None is one for each processor,
    0 parses them on the event loop. `storage` opens the database. `transport` replaces the network, see `HttpSource`.
    """
    config_file = WatchedConfig(config_path, load_config)
    config = config_file.read()
    opened = storage(store_path / DATABASE)
    in_db = DatabaseThread()
    worker_pool = WorkerPool(workers=(os.cpu_count() or 1) if workers is None else workers)
    outlet = DiskOutlet(store_path / PUBLIC)
    outlet.sweep()
    try:
        visits = (limits or PollLimits()).visits
        settings = SourceSettings(base=config_path.parent, visits=visits, transport=transport)
        async with OpenSources() as sources:
            factory = partial(_factory, sources, settings)
            runtime = build_runtime(config, opened, factory(config), now=clock())
            posts = PostPublisher(in_db, default=store_path / POSTS, base=config_path.parent)
            publisher = Publisher(opened, in_db, outlet, catalogue, index, clock=clock, posts=posts)
            visitor = Visitor(opened, in_db, worker_pool, clock=clock, jitter=jitter)
            token = secrets.token_hex(8)
            poller = Poller(opened, in_db, visitor, publisher, clock=clock, token=token, limits=limits)
            await publisher.plan(runtime)
            yield App(
                config_file=config_file,
                runtime=runtime,
                storage=opened,
                in_db=in_db,
                poller=poller,
                publisher=publisher,
                factory=factory,
                clock=clock,
                jitter=jitter,
                collector=StatusCollector(opened, store_path / DATABASE),
                public=outlet.root,
            )
    finally:
        worker_pool.close()
        in_db.close()
        opened.close()
