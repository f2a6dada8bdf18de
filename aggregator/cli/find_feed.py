"""Finds the feed for an address that a person gave: the feed itself, or one of a page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aggregator.cli.config_file import ConfigFile
from aggregator.cli.fetch_once import fetch, read
from aggregator.core.config.tables import SourceConfig
from aggregator.core.document import Document
from aggregator.core.errors import AggregatorError, FetchError, ParseError, Reason, SourceError
from aggregator.core.model import Feed
from aggregator.core.parse.page.discovery import NamedFeed, named_feeds, page_of, page_title, usual_places
from aggregator.core.urls.parser import without_userinfo

MOST_TRIED = 10
"""Usual paths that are tried; each is a request for an address that the site did not name."""
PAUSE = 1.0
"""Seconds between two requests to one host (rule P12)."""

_NOT_THERE = frozenset({Reason.NOT_FOUND, Reason.GONE, Reason.CLIENT_ERROR})
_GENERIC = re.compile(
    r"(?:[\s\d.()]|rss|atom|feeds?|xml|json|rdf|full|main|all|posts|articles|entries|subscribe|subscription|via|by|"
    r"订阅|訂閱|購読|구독){1,60}",
    re.IGNORECASE,
)
_ENDING = re.compile(r"[\s»|·:–—-]+(?:rss|atom|json|xml)?[\s-]*(?:feeds?|rss|atom)[\s\d.]*$", re.IGNORECASE)

Choose = Callable[[Sequence[NamedFeed], str], NamedFeed]
"""Chooses one of a page's feeds. The second argument says which of its feeds feeds.toml has already; "" if none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """A feed to add: where it is, and what it is called, the best name first."""

    url: str
    names: tuple[str, ...] = ()
    note: str = ""


async def find(file: ConfigFile, url: str, *, choose: Choose, probe: bool) -> FoundFeed:
    """The feed at the address, or one that its page names.

    One request; a second only for a mere link that looks like a feed's, which has to be tried, and with `probe` some
    more at the usual places. Raises SourceError and AggregatorError.
    """
    document = await _fetch(file, url)
    try:
        return _as_feed(url, document)
    except ParseError as error:
        if error.reason not in (Reason.HTML_PAGE, Reason.NOT_A_FEED) or b"<" not in document.body[:2000]:
            raise
    return await _on_page(file, document, choose=choose, probe=probe)


async def _on_page(file: ConfigFile, document: Document, *, choose: Choose, probe: bool) -> FoundFeed:
    text = page_of(document)
    named = named_feeds(text, url=document.url)
    held = next((f'has its feed already, as source "{h}"' for feed in named if (h := file.source_with(feed.url))), "")
    known = f"{document.url}: {file.path} {held}" if held else ""
    fresh = [feed for feed in named if file.source_with(feed.url) is None]
    if fresh:
        chosen = choose(fresh, known)
        if chosen.is_declared:
            return FoundFeed(url=chosen.url, names=tuple(filter(None, (_name(chosen.title), _name(page_title(text))))))
        await asyncio.sleep(PAUSE)
        return _as_feed(chosen.url, await _fetch(file, chosen.url))
    if named:
        raise AggregatorError(known)
    if probe:
        return await _probe(file, document.url)
    raise AggregatorError(
        f"{document.url}: it is a page, and names no feed; --probe asks at the usual places, "
        "and [source.page] can describe the page itself (see docs/configuration.md)"
    )


async def _probe(file: ConfigFile, url: str) -> FoundFeed:
    places = [place for place in usual_places(url) if place != url][:MOST_TRIED]
    for place in places:
        await asyncio.sleep(PAUSE)
        try:
            return _as_feed(place, await _fetch(file, place))
        except SourceError as error:
            if isinstance(error, FetchError) and error.reason not in _NOT_THERE:
                raise  # no more requests to a server that is down or limits the rate
    raise AggregatorError(f"{url}: it names no feed, and there is none at {len(places)} usual places")


async def _fetch(file: ConfigFile, url: str) -> Document:
    return await fetch(file.config, _source(url), file.path.parent)


def _source(url: str) -> SourceConfig:
    return SourceConfig.model_validate({"id": "new", "url": url})


def _as_feed(url: str, document: Document) -> FoundFeed:
    """The document as a feed; raises ParseError if it is none."""
    feed = read(_source(url), document).feed
    moved = document.permanent_url
    note = f"  (moved there for good from {without_userinfo(url)})" if moved else ""
    return FoundFeed(url=moved or url, names=_own_names(feed), note=note)


def _own_names(feed: Feed) -> tuple[str, ...]:
    name = _name(feed.title) if "title" in feed.provenance else ""
    return (name,) if name else ()


def _name(title: str) -> str:
    """The title without words that every feed has; "" if nothing is left."""
    name = _ENDING.sub("", title).strip()
    return "" if _GENERIC.fullmatch(name) else name
