"""The kinds of sources: what a [[source]] names is opened, once for all sources of a kind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from aggregator.core.config.tables import SourceConfig
from aggregator.sources.file import FileSource
from aggregator.sources.http import HttpSource
from aggregator.sources.registry import OpenSources, SourceSettings

HTTP = SourceConfig(id="a", url="https://example.org/feed")
OTHER = SourceConfig(id="b", url="https://example.com/feed")
FILE = SourceConfig(id="c", path="posts/*.md")
SETTINGS = SourceSettings(base=Path(), visits=1, transport=httpx.MockTransport(lambda _: httpx.Response(200)))


@pytest.mark.parametrize(
    ("source", "kind", "host"),
    [pytest.param(HTTP, HttpSource, "example.org", id="url"), pytest.param(FILE, FileSource, None, id="path")],
)
def test_a_key_leads_to_its_kind(source: SourceConfig, kind: type, host: str | None) -> None:
    """By what it names, and nothing else"""

    async def opened() -> object:
        async with OpenSources() as sources:
            return sources.factory(SETTINGS)(source)

    assert isinstance(asyncio.run(opened()), kind)
    assert source.kind.host(source.address) == host


def test_a_kind_is_opened_once_and_again_with_other_settings() -> None:
    """An edit of [network] gets a new client; the old one ends with the program, and visits under way with it"""

    async def opened() -> list[object]:
        async with OpenSources() as sources:
            make, again = sources.factory(SETTINGS), sources.factory(replace(SETTINGS, user_agent="other"))
            return [make(HTTP), make(OTHER), make(HTTP), again(HTTP), sources.factory(SETTINGS)(HTTP)]

    first, second, third, other, back = asyncio.run(opened())
    assert first is second is third is back
    assert other is not first
