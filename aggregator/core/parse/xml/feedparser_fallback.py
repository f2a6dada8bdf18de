"""feedparser as the reader of a text that the walk of the tree did not read, or not all of it.

feedparser is given UTF-8 that needs no guessing, with its sanitiser and link resolution off. Its dates are used as
raw strings only. It never sees a `str`, which it might take for an address to open.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import feedparser
import feedparser.api

from aggregator.core.parse.parsed import (
    Candidate,
    Candidates,
    Markup,
    ParsedEntry,
    ParsedHead,
    ParsedLink,
    ParsedMedia,
    ParsedPerson,
)

_DRIVER = "aggregator.core.parse.xml.sax"
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})

_LABEL_TAG = re.compile(r"</?(?:[\w.-]{1,40}:)?(?:category|subject|keywords|tags)(?=[\s/>])[^<>]*+>", re.IGNORECASE)

_DIALECTS = {
    "rss090": "rss-0.90",
    "rss091n": "rss-0.91",
    "rss091u": "rss-0.91",
    "rss092": "rss-0.92",
    "rss093": "rss-0.93",
    "rss094": "rss-0.94",
    "rss10": "rss-1.0",
    "rss20": "rss-2.0",
    "atom01": "atom-0.1",
    "atom02": "atom-0.2",
    "atom03": "atom-0.3",
    "atom10": "atom-1.0",
    "atom": "atom",
    "rss": "rss",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedparserReading:
    """What feedparser read of a document. `failed` is the exception that it raised, in words; None: it raised none."""

    dialect: str = ""
    head: ParsedHead = field(default_factory=ParsedHead)
    entries: tuple[ParsedEntry, ...] = ()
    failed: str | None = None


def read(text: str) -> FeedparserReading:
    """Reads the text with feedparser; no input raises."""
    drivers = feedparser.api.PREFERRED_XML_PARSERS
    if _DRIVER not in drivers:
        drivers.insert(0, _DRIVER)
    try:
        result = feedparser.parse(
            io.BytesIO(_without_labels(text).encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # it runs on hostile text and documents no exceptions; the tree's values are used
        return FeedparserReading(failed=f"{type(error).__name__}: {error}"[:200])
    return FeedparserReading(
        dialect=_DIALECTS.get(result.get("version") or "", ""),
        head=_head(result.feed),
        entries=tuple(_entry(entry) for entry in result.entries),
    )


def _without_labels(text: str) -> str:
    """feedparser compares each category of an entry with all before it; we use none of them."""
    return _LABEL_TAG.sub("", text)


def _get(values: Any, key: str) -> Any:
    """A value under exactly this key: feedparser's own lookup answers for other keys and warns about it."""
    return dict.get(values, key)


def _string(values: Any, key: str) -> str:
    value = _get(values, key)
    return value if isinstance(value, str) else ""


def _candidate(values: Any, key: str) -> Candidates:
    text = _string(values, key)
    return (Candidate(value=text, element=f"feedparser:{key}"),) if text.strip() else ()


def _rich(detail: Any, key: str, *, loose: bool = False) -> Candidates:
    text = _string(detail, "value") if detail else ""
    if not text.strip():
        return ()
    markup = Markup.HTML if _string(detail, "type") in _HTML_TYPES else Markup.LOOSE if loose else Markup.TEXT
    return (Candidate(value=text, element=f"feedparser:{key}", markup=markup),)


def _links(values: Any) -> tuple[ParsedLink, ...]:
    return tuple(
        ParsedLink(
            href=_string(link, "href"),
            element="feedparser:link",
            rel=_string(link, "rel") or "alternate",
            type=_string(link, "type") or None,
        )
        for link in _items(_get(values, "links"))
        if _string(link, "href")
    )


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


def _persons(values: Any) -> tuple[tuple[ParsedPerson, ...], ...]:
    people = tuple(
        ParsedPerson(
            element="feedparser:author",
            name=_string(person, "name") or None,
            email=_string(person, "email") or None,
            uri=_string(person, "href") or None,
        )
        for person in _items(_get(values, "authors"))
        if isinstance(person, dict) and person
    )
    return (people,) if people else ()


def _head(feed: Any) -> ParsedHead:
    return ParsedHead(
        ids=_candidate(feed, "id"),
        titles=_rich(_get(feed, "title_detail"), "title", loose=True),
        descriptions=_rich(_get(feed, "subtitle_detail"), "subtitle"),
        languages=_candidate(feed, "language"),
        rights=_rich(_get(feed, "rights_detail"), "rights"),
        updated=_candidate(feed, "updated"),
        generators=_candidate(feed, "generator"),
        links=_links(feed),
        authors=_persons(feed),
    )


def _entry(entry: Any) -> ParsedEntry:
    contents = tuple(
        candidate for detail in _items(_get(entry, "content")) for candidate in _rich(detail, "content") if detail
    )
    links = _links(entry)
    return ParsedEntry(
        ids=_candidate(entry, "id"),
        links=tuple(link for link in links if link.rel == "alternate"),
        titles=_rich(_get(entry, "title_detail"), "title", loose=True),
        contents=contents,
        summaries=_rich(_get(entry, "summary_detail"), "summary"),
        authors=_persons(entry),
        published=_candidate(entry, "published"),
        updated=_candidate(entry, "updated"),
        enclosures=tuple(
            ParsedMedia(url=link.href, element="feedparser:enclosure", type=link.type)
            for link in links
            if link.rel == "enclosure"
        ),
    )
