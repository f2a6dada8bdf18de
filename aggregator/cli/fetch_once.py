"""Fetching and reading one source without a store, for `add` and `preview`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.core.errors import AggregatorError

if TYPE_CHECKING:
    from aggregator.core.config.tables import Config, SourceConfig
    from aggregator.core.document import Document
    from aggregator.core.normalise import NormalisedFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFeed:
    """A document and what was read of it."""

    document: Document
    reading: NormalisedFeed


def address_of(text: str) -> str | None:
    """The http address a person meant, scheme or not; None if the text cannot be one."""
    from aggregator.core.config.report import UnfitError
    from aggregator.core.config.values import address

    text = re.sub(r"^feed:(?://)?(?=https?:)|^feed://", "", text.strip(), flags=re.IGNORECASE)
    if not re.match(r"https?:", text, re.IGNORECASE):
        host = re.match(r"(?:localhost|[^/\s:@?#]+\.[^/\s:@?#.]+)(?=:\d+(?:/|$)|[/?#]|$)", text)
        if host is None:
            return None
        is_local = host[0] == "localhost" or re.fullmatch(r"[\d.]+", host[0])
        text = f"{'http' if is_local else 'https'}://{text}"
    try:
        return address(text)
    except UnfitError as error:
        raise AggregatorError(f"{text}: {error}") from error


def printable(text: str) -> str:
    """On one line, and without the control characters that a terminal acts on: the text comes from a feed."""
    from aggregator.core.html.plain import one_line

    return "".join(char for char in one_line(text) if char.isprintable())


async def fetch(config: Config, source: SourceConfig, base: Path) -> Document:
    """One request, as a first visit would make it. Raises FetchError."""
    from aggregator.app import open_sources
    from aggregator.core.document import NotModified
    from aggregator.engine.clock import wall_clock
    from aggregator.engine.fetch_request import headers
    from aggregator.sources import FetchRequest

    asked = FetchRequest(address=source.address, now=wall_clock(), headers=headers(source))
    async with open_sources(config, base) as make:
        answer = await make(source).fetch(asked)
    assert not isinstance(answer, NotModified), "nothing was known, so nothing can be unchanged"
    return answer


def read(source: SourceConfig, document: Document) -> NormalisedFeed:
    """As a visit would read it. Raises ParseError."""
    from aggregator.core.ingest import incremental
    from aggregator.engine import fetch_request

    return incremental.read(document, fetch_request.context(source, document), source.encoding, source.rules)
