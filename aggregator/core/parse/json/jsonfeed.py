"""JSON Feed 1.0 and 1.1, in full, and the `_syndication` extension of our own outputs (rule M7)."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aggregator.core.errors import ParseError, Reason
from aggregator.core.model import CategoryKind, Diagnostic
from aggregator.core.parse.json.values import scalar_text
from aggregator.core.parse.parsed import (
    MAX_ENTRIES,
    Candidate,
    Candidates,
    Markup,
    ParsedCategory,
    ParsedEntry,
    ParsedFeed,
    ParsedHead,
    ParsedLink,
    ParsedMedia,
    ParsedPerson,
    too_many_entries,
)

_MAX_LIST = 200
_VERSION = "jsonfeed.org/version/"

_BARE_VERSIONS = ("1", "1.0", "1.1")
"""Not what the specification asks for, and found in the wild."""

Json = Mapping[str, Any]


def read_json_feed(text: str, *, url: str) -> ParsedFeed:
    """Reads a JSON Feed; raises ParseError for invalid JSON (BROKEN) and for JSON that is no feed (NOT_A_FEED).

    `text` begins with `{`, but for a byte order mark.
    """
    feed = _load(text, url)
    version = feed.get("version")
    if not isinstance(version, str) or not (_VERSION in version or version in _BARE_VERSIONS):
        raise ParseError(url, Reason.NOT_A_FEED, "it is JSON without a `version` of jsonfeed.org, so no feed")
    diagnostics: list[Diagnostic] = []
    items = feed.get("items")
    if not isinstance(items, list):
        diagnostics.append(Diagnostic(name="json-items-missing", message="`items` is missing or no list"))
        items = []
    if len(items) > MAX_ENTRIES:
        diagnostics.append(too_many_entries(len(items)))
    entries = tuple(_entries(items[:MAX_ENTRIES], diagnostics))
    return ParsedFeed(
        dialect="json-1.1" if version.rstrip("/").endswith("1.1") else "json-1.0",
        head=_head(feed),
        entries=entries,
        diagnostics=tuple(diagnostics),
    )


def _load(text: str, url: str) -> Json:
    try:
        feed: Json = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ParseError(url, Reason.BROKEN, f"the JSON cannot be read: {error}") from error
    return feed


def _entries(items: Sequence[Any], diagnostics: list[Diagnostic]) -> Iterator[ParsedEntry]:
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            message = f"item {number} is no object and was left out"
            diagnostics.append(Diagnostic(name="json-item-invalid", message=message))
        elif not _text(item, "id").strip():
            # The specification forbids guessing: an item with a blank id is dropped.
            where = _text(item, "url") or _text(item, "title") or f"item {number}"
            message = "the item has no id, so it was left out"
            diagnostics.append(Diagnostic(name="json-id-blank", message=message, entry=where))
        else:
            if not isinstance(item.get("id"), str):
                message = "the id is no string and was read as one"
                diagnostics.append(Diagnostic(name="json-id-type", message=message, entry=_text(item, "id")))
            yield _entry(item)


def _text(values: Json, key: str) -> str:
    return scalar_text(values.get(key))


def _candidate(values: Json, key: str, markup: Markup = Markup.TEXT) -> Candidates:
    text = _text(values, key)
    return (Candidate(value=text, element=key, markup=markup),) if text.strip() else ()


def _link(values: Json, key: str, rel: str = "alternate") -> tuple[ParsedLink, ...]:
    text = _text(values, key).strip()
    return (ParsedLink(href=text, element=key, rel=rel),) if text else ()


def _objects(values: Json, key: str) -> list[Json]:
    found = values.get(key)
    if isinstance(found, dict):
        found = [found]
    return [item for item in found[:_MAX_LIST] if isinstance(item, dict)] if isinstance(found, list) else []


def _authors(values: Json) -> tuple[tuple[ParsedPerson, ...], ...]:
    groups = []
    for key in ("authors", "author"):
        people = [
            ParsedPerson(element=key, name=_text(one, "name") or None, uri=_text(one, "url") or None)
            for one in _objects(values, key)
        ]
        if isinstance(values.get(key), str):
            people = [ParsedPerson(element=key, line=_text(values, key))]
        groups.append(tuple(person for person in people if person.name or person.uri or person.line))
    return tuple(group for group in groups if group)


def _extension(item: Json) -> Json:
    ours = item.get("_syndication")
    return ours if isinstance(ours, dict) else {}


def _head(feed: Json) -> ParsedHead:
    hubs = (hub for hub in _objects(feed, "hubs") if _text(hub, "type").lower() in ("websub", "pubsubhubbub"))
    return ParsedHead(
        ids=_candidate(feed, "feed_url"),
        titles=_candidate(feed, "title"),
        descriptions=_candidate(feed, "description"),
        languages=_candidate(feed, "language"),
        links=(
            *_link(feed, "home_page_url"),
            *_link(feed, "feed_url", "self"),
            *(ParsedLink(href=_text(hub, "url"), element="hubs", rel="hub") for hub in hubs),
        ),
        authors=_authors(feed),
        images=_link(feed, "icon"),
        icons=_link(feed, "favicon"),
        expired=feed.get("expired") is True,
    )


def _entry(item: Json) -> ParsedEntry:
    extension = _extension(item)
    talk = extension.get("comments")
    discussion: Json = talk if isinstance(talk, dict) else {}
    plain = _text(item, "content_text")
    as_html = html.escape(plain, quote=False).replace("\r\n", "\n").replace("\n", "<br>")
    return ParsedEntry(
        ids=_candidate(item, "id"),
        links=_link(item, "url"),
        related=(*_link(item, "external_url", "related"), *_related(extension)),
        titles=_candidate(item, "title"),
        contents=(
            *_candidate(item, "content_html", Markup.HTML),
            *((Candidate(value=as_html, element="content_text", markup=Markup.HTML),) if plain.strip() else ()),
        ),
        summaries=_candidate(item, "summary"),
        authors=_authors(item),
        published=_candidate(item, "date_published"),
        updated=_candidate(item, "date_modified"),
        languages=_candidate(item, "language"),
        rights=_candidate(extension, "rights"),
        categories=tuple(_categories(item, extension)),
        images=tuple(_images(item)),
        enclosures=tuple(_attachments(item)),
        comment_urls=_link(discussion, "url"),
        comment_feeds=_link(discussion, "feed"),
        comment_counts=_candidate(discussion, "count"),
        source=_source(extension),
    )


def _related(extension: Json) -> Iterator[ParsedLink]:
    addresses = extension.get("related")
    for address in addresses[:_MAX_LIST] if isinstance(addresses, list) else ():
        if isinstance(address, str) and address.strip():
            yield ParsedLink(href=address.strip(), element="_syndication.related", rel="related")


def _images(item: Json) -> Iterator[ParsedMedia]:
    for key in ("image", "banner_image"):
        if url := _text(item, key).strip():
            yield ParsedMedia(url=url, element=key)


def _attachments(item: Json) -> Iterator[ParsedMedia]:
    for attachment in _objects(item, "attachments"):
        yield ParsedMedia(
            url=_text(attachment, "url"),
            element="attachments",
            type=_text(attachment, "mime_type").strip().lower() or None,
            length=_text(attachment, "size_in_bytes") or None,
            duration=_text(attachment, "duration_in_seconds") or None,
            title=_text(attachment, "title") or None,
        )


def _categories(item: Json, extension: Json) -> Iterator[ParsedCategory]:
    paths = extension.get("category_paths")
    for path in paths[:_MAX_LIST] if isinstance(paths, list) else ():
        names = tuple(name for name in path if isinstance(name, str)) if isinstance(path, list) else ()
        if names:
            yield ParsedCategory(path=names, element="_syndication.category_paths", kind=CategoryKind.SOURCE)
    tags = item.get("tags")
    for tag in tags[:_MAX_LIST] if isinstance(tags, list) else ():
        if isinstance(tag, str):
            yield ParsedCategory(path=(tag,), element="tags")


def _source(extension: Json) -> ParsedHead | None:
    source = extension.get("source")
    if not isinstance(source, dict):
        return None
    return ParsedHead(
        ids=_candidate(source, "id"),
        titles=_candidate(source, "title"),
        links=(*_link(source, "url", "self"), *_link(source, "site_url")),
        updated=_candidate(source, "updated"),
        rights=_candidate(source, "rights"),
    )
