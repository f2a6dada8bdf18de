"""Posts with front matter, as Hexo, Jekyll and Hugo keep them: one post, one entry (rules M8 and M14).

In posts that we wrote, the map `origin` says exactly what a blog's own fields cannot hold; it comes before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from html import unescape
from typing import Any

from aggregator.core.errors import ParseError, Reason
from aggregator.core.model import CategoryKind, Diagnostic
from aggregator.core.parse.parsed import (
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
)
from aggregator.core.parse.post.front_matter_block import FrontMatterError, split_front_matter

_MAX_LIST = 200
_MARKUP = re.compile(r"<(?:/?[a-zA-Z][a-zA-Z0-9-]*[\s>/]|!--)")
_IMAGES = ("headimg", "cover", "thumbnail", "image", "banner", "featured_image", "feature_image", "photos", "images")
_PUBLISHED = ("date", "published", "publishDate", "pubDate", "created", "created_at")
_UPDATED = ("updated", "lastmod", "last_modified_at", "modified", "updated_at")
_FOOTER = '<p class="origin">'
_LINKS = ("link", "permalink", "canonical_url", "canonicalURL", "url", "source_url", "original_url")

Values = Mapping[str, Any]


def read_post(text: str, *, url: str) -> ParsedFeed:
    """Reads one post; a draft gives no entry. Raises ParseError(BROKEN) if the block is not closed or says nothing."""
    try:
        matter = split_front_matter(text)
    except FrontMatterError as error:
        raise ParseError(url, Reason.BROKEN, str(error)) from error
    diagnostics = []
    name = url.rpartition("/")[2] or url
    if matter.lenient:
        words = "the front matter is broken and was read line by line"
        diagnostics.append(Diagnostic(name="front-matter-broken", message=words, entry=name))
    if _is_draft(matter.values):
        words = "the post is marked as a draft and was left out"
        diagnostics.append(Diagnostic(name="draft", message=words, entry=name))
        return ParsedFeed(dialect="front-matter", head=ParsedHead(), diagnostics=tuple(diagnostics))
    entry = _entry(matter.values, matter.body)
    return ParsedFeed(dialect="front-matter", head=ParsedHead(), entries=(entry,), diagnostics=tuple(diagnostics))


def _is_draft(values: Values) -> bool:
    return _scalar(values.get("draft")).lower() == "true" or _scalar(values.get("published")).lower() == "false"


def _entry(values: Values, body: str) -> ParsedEntry:
    nested = values.get("origin")
    origin: Values = nested if isinstance(nested, dict) else {}
    comments = origin.get("comments")
    discussion: Values = comments if isinstance(comments, dict) else {"url": _scalar(comments)}
    body = _without_footer(body) if origin else body
    return ParsedEntry(
        ids=_candidate(origin, "id", name="origin.id"),
        links=(*_links(origin, "link", name="origin.link"), *_outside_links(values)),
        related=_links(origin, "related", name="origin.related", rel="related"),
        titles=() if _is_true(origin, "untitled") else _titles(values, origin),
        contents=(Candidate(value=body, element="body", markup=_markup_of(body)),) if body.strip() else (),
        summaries=tuple(_summaries(values, _scalar(origin.get("excerpt")))),
        authors=(*_authors(origin), *_authors(values)),
        published=() if _is_true(origin, "undated") else tuple(_published(values)),
        updated=tuple(c for key in _UPDATED for c in _candidate(values, key)),
        languages=(*_candidate(values, "lang"), *_candidate(values, "language")),
        rights=(*_candidate(origin, "rights", name="origin.rights"), *_candidate(values, "copyright")),
        categories=(
            *_categories(origin if origin.get("categories") else values),
            *_tags(origin if origin.get("tags") else values),
        ),
        images=(*_images(origin), *_images(values)),
        enclosures=tuple(_enclosures(values)),
        comment_urls=_links(discussion, "url", name="origin.comments"),
        comment_feeds=_links(discussion, "feed", name="origin.comments"),
        comment_counts=_candidate(discussion, "count", name="origin.comments"),
        source=_source(origin),
    )


def _scalar(value: Any) -> str:
    """The words of a single value; "" for lists, maps and nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return str(value)[:100]
    if not isinstance(value, str):
        return ""
    text = value.encode("utf-8", "ignore").decode("utf-8").strip()
    return "" if text.lower() in ("null", "~", "undefined") else text


def _candidate(values: Values, key: str, *, name: str = "", markup: Markup = Markup.TEXT) -> Candidates:
    text = _scalar(values.get(key))
    return (Candidate(value=text, element=name or key, markup=markup),) if text else ()


def _is_true(values: Values, key: str) -> bool:
    return _scalar(values.get(key)).lower() == "true"


def _without_footer(body: str) -> str:
    """The body without the line that our posts end with, which leads to the original."""
    content, mark, footer = body.rstrip().rpartition(_FOOTER)
    return content if mark and footer.endswith("</p>") and footer.count("<p") == 0 else body


def _titles(values: Values, origin: Values) -> Candidates:
    exact = origin.get("title")
    found = (Candidate(value=exact, element="origin.title"),) if isinstance(exact, str) else ()
    return (*found, *_candidate(values, "title", markup=Markup.LOOSE))


def _published(values: Values) -> Iterator[Candidate]:
    for key in _PUBLISHED:
        yield from (c for c in _candidate(values, key) if c.value.lower() not in ("true", "false"))


def _as_list(value: Any) -> list[Any]:
    """A list as it is (bounded), a single value as a list of one."""
    if isinstance(value, list):
        return value[:_MAX_LIST]
    return [] if value is None or value == "" else [value]


def _links(values: Values, key: str, *, name: str, rel: str = "alternate") -> tuple[ParsedLink, ...]:
    found = (_scalar(value) for value in _as_list(values.get(key)))
    return tuple(ParsedLink(href=href, element=name, rel=rel) for href in found if href)


def _outside_links(values: Values) -> Iterator[ParsedLink]:
    """Addresses of the post's own site are relative or patterns; only an absolute one can be the original."""
    for key in _LINKS:
        href = _scalar(values.get(key))
        if href.lower().startswith(("http://", "https://")):
            yield ParsedLink(href=href, element=key)


def _markup_of(body: str) -> Markup:
    return Markup.HTML if _MARKUP.search(body) or "&#" in body else Markup.TEXT


def _summaries(values: Values, kind: str) -> Iterator[Candidate]:
    """`kind` is what an excerpt was before it became HTML: "html" or "text"; "" if unknown."""
    for key in ("excerpt", "summary", "description"):
        for candidate in _candidate(values, key):
            value, markup = candidate.value, _markup_of(candidate.value)
            if key == "excerpt" and kind == "text":
                value, markup = unescape(value), Markup.TEXT
            elif key == "excerpt" and kind == "html":
                markup = Markup.HTML
            yield Candidate(value=value, element=key, markup=markup)


def _authors(values: Values) -> tuple[tuple[ParsedPerson, ...], ...]:
    groups = []
    for key in ("author", "authors"):
        people = [person for value in _as_list(values.get(key)) if (person := _person(value, key))]
        if people:
            groups.append(tuple(people))
    return tuple(groups)


def _person(value: Any, key: str) -> ParsedPerson | None:
    if isinstance(value, dict):
        name, email, uri = (_scalar(value.get(part)) or None for part in ("name", "email", "uri"))
        uri = uri or _scalar(value.get("url")) or None
        return ParsedPerson(element=key, name=name, email=email, uri=uri) if name or email or uri else None
    line = _scalar(value)
    return ParsedPerson(element=key, line=line) if line else None


def _categories(values: Values) -> Iterator[ParsedCategory]:
    """A flat list is one path, a list of lists several, a string one (rule K2)."""
    for key in ("categories", "category"):
        found = values.get(key)
        if isinstance(found, dict):
            found = list(found)
        parts = _as_list(found)
        paths = [_as_list(part) for part in parts] if any(isinstance(part, list) for part in parts) else [parts]
        for path in paths:
            names = tuple(name for part in path if (name := _scalar(part)))
            if names:
                yield ParsedCategory(path=names, element=key, kind=CategoryKind.ASSIGNED)


def _tags(values: Values) -> Iterator[ParsedCategory]:
    for key in ("tags", "tag", "keywords"):
        for value in _as_list(values.get(key)):
            if isinstance(value, dict):
                scheme, term = (_scalar(value.get(part)) or None for part in ("scheme", "term"))
                yield ParsedCategory(path=(_scalar(value.get("name")),), element=key, scheme=scheme, term=term)
                continue
            for tag in _flat([value]):
                yield ParsedCategory(path=(tag,), element=key)


def _flat(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, list):
            yield from (text for part in value[:_MAX_LIST] if (text := _scalar(part)))
        elif text := _scalar(value):
            yield text


def _images(values: Values) -> Iterator[ParsedMedia]:
    for key in _IMAGES:
        for value in _as_list(values.get(key)):
            address, sizes = value, dict[str, str | None]()
            if isinstance(value, dict):
                address = value.get("url") or value.get("image") or value.get("src")
                sizes = {part: _scalar(value.get(part)) or None for part in ("width", "height")}
            if url := _scalar(address):
                yield ParsedMedia(url=url, element=key, **sizes)


def _enclosures(values: Values) -> Iterator[ParsedMedia]:
    for value in _as_list(values.get("enclosures") or values.get("enclosure")):
        if isinstance(value, dict):
            parts = {part: _scalar(value.get(part)) or None for part in ("type", "length", "duration", "title")}
            yield ParsedMedia(url=_scalar(value.get("url")), element="enclosures", **parts)
        elif url := _scalar(value):
            yield ParsedMedia(url=url, element="enclosures")


def _source(origin: Values) -> ParsedHead | None:
    source = origin.get("source")
    if not isinstance(source, dict):
        title = _scalar(source)
        return ParsedHead(titles=(Candidate(value=title, element="origin.source"),)) if title else None
    return ParsedHead(
        ids=_candidate(source, "id", name="origin.source"),
        titles=_candidate(source, "title", name="origin.source"),
        links=(
            *_links(source, "self", name="origin.source", rel="self"),
            *_links(source, "self_url", name="origin.source", rel="self"),
            *_links(source, "site", name="origin.source"),
            *_links(source, "site_url", name="origin.source"),
        ),
        updated=_candidate(source, "updated", name="origin.source"),
        rights=_candidate(source, "rights", name="origin.source"),
    )
