"""Fixtures of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from lossless_rig import CONFIG, SITE, Blog, Clock, Opened, Site

from aggregator.app import open_app
from aggregator.server.catalogue import Catalogue


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Opens the program over two files, again over the same store when called again."""
    clock = Clock()
    blogs = [Blog(tmp_path, name, clock) for name in ("a", "b")]

    @asynccontextmanager
    async def open_(config: str = CONFIG) -> AsyncIterator[Site]:
        for blog in blogs:
            blog.write()
        (tmp_path / "feeds.toml").write_text(config.replace("{site}", SITE), "utf-8")
        catalogue = Catalogue()
        async with open_app(
            tmp_path / "feeds.toml", tmp_path / "store", catalogue=catalogue, clock=clock, jitter=lambda: 0.5, workers=0
        ) as app:
            await app.restore()
            yield Site(app, catalogue, clock, blogs)

    return open_
