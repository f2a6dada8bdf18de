"""What all formats write of a story: the same title, link, authors, files and source in each (rule M6).

Rules for editors: which values are written is decided here, how they are written by each format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import urlsplit

from aggregator.core.edition import Story
from aggregator.core.html.clean import without_embeds
from aggregator.core.model import Category, CategoryKind, CategoryPath, Origin
from aggregator.core.urls.media_types import type_by_suffix
from aggregator.formats import values


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A person whose name can be shown."""

    name: str
    email: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An enclosure whose address can be followed. `type` is None where neither source nor suffix tells."""

    url: str
    type: str | None = None
    length: int | None = None
    duration: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The feed a story came from. `title` is never blank."""

    title: str
    id: str | None = None
    url: str | None = None
    site_url: str | None = None
    updated: datetime | None = None
    rights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One word of the source for a story. `term` and `scheme` are the source's own, verbatim (rule K5)."""

    name: str
    term: str
    scheme: str | None = None


def identifier(story: Story) -> str:
    """The public id as a URI, the same in all formats (rule I7)."""
    return _identifier(story.stored.public_id, story.stored.seq)


def _identifier(public_id: str, seq: int) -> str:
    return values.uri(public_id) or f"urn:feed-aggregator:entry:{seq}"


def anchor(story: Story) -> str:
    """The story's id within a page."""
    return "e" + _digest(identifier(story))[:12]


def entry_path(story: Story) -> str:
    """Where the story's own page is below the public root; the same as long as it has its public id (rule W16)."""
    return entry_path_of(story.stored.public_id, story.stored.seq)


def entry_path_of(public_id: str, seq: int) -> str:
    """`entry_path` of the story with this public id."""
    return f"e/{_digest(_identifier(public_id, seq))[:16]}.html"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def link(story: Story) -> str | None:
    """The entry's link as an http(s) URI; None if it has none that can be written."""
    return values.web_url(story.stored.entry.link)


def own_title(story: Story) -> str | None:
    """The title that the source gave; None where we made one up."""
    entry = story.stored.entry
    return None if entry.title_is_generated else values.line(entry.title) or None


def shown_title(story: Story) -> str:
    """Never blank: the title, given or generated, else the link, else the id."""
    return values.line(story.stored.entry.title) or link(story) or identifier(story)


def content(story: Story) -> str:
    """The entry's sanitised HTML, in characters that XML can hold; "" if it has none."""
    return values.characters(story.stored.entry.content).strip()


def feed_content(story: Story) -> str:
    """The content for RSS, Atom and JSON Feed: no frames, and no links that lead only within a page (rule H9)."""
    return without_embeds(content(story), page=link(story))


def feed_summary(story: Story) -> str | None:
    """`summary_html` in the same way."""
    summary = summary_html(story)
    return without_embeds(summary, page=link(story)) if summary else None


def summary_html(story: Story) -> str | None:
    """The summary as HTML; plain text is escaped. None if there is none."""
    entry = story.stored.entry
    text = values.characters(entry.summary or "").strip()
    if not text:
        return None
    return text if entry.summary_is_html else escape(text, quote=False)


def language(story: Story) -> str | None:
    """A BCP 47 tag; None if it is not known."""
    return values.language(story.stored.entry.language)


def rights(story: Story) -> str | None:
    """One line of text; None if the source gives none."""
    return values.line(story.stored.entry.rights) or None


def published(story: Story) -> datetime | None:
    """When the entry was published, in whole seconds; None if unknown or before 1990 (rule D5)."""
    return values.instant(story.stored.published)


def updated(story: Story) -> datetime:
    """Never None: the update, else when the entry was first seen, else 1990 (rule D5)."""
    stored = story.stored
    return values.instant(stored.updated) or values.instant(stored.first_seen) or values.EARLIEST


def authors(story: Story) -> tuple[Author, ...]:
    """The people, each name once. A feed's title that stands in for an author is left to the attribution."""
    found: dict[str, Author] = {}
    for person in story.stored.entry.authors:
        name = values.person_name(person.name)
        if name and not person.is_source:
            made = Author(name=name, email=values.email(person.email), uri=values.web_url(person.uri))
            found.setdefault(name, made)
    return tuple(found.values())


def related(story: Story) -> tuple[str, ...]:
    """Addresses of related pages, each once."""
    return _each_once(values.web_url(url) for url in story.stored.entry.related)


def via(story: Story) -> tuple[Attribution, ...]:
    """The other sources that had the story and have an address (rule I8)."""
    made = (attribution(origin, fallback="") for origin in story.via)
    return tuple({a.url or a.site_url: a for a in made if a.url or a.site_url}.values())


def files(story: Story) -> tuple[File, ...]:
    """The enclosures, each address once, in the source's order."""
    found: dict[str, File] = {}
    for enclosure in story.stored.entry.enclosures:
        url = values.web_url(enclosure.url)
        if url:
            made = File(
                url=url,
                type=values.media_type(enclosure.type) or type_by_suffix(url),
                length=_natural(enclosure.length),
                duration=_natural(enclosure.duration),
                title=values.line(enclosure.title) or None,
            )
            found.setdefault(url, made)
    return tuple(found.values())


def main_file(story: Story) -> File | None:
    """The one an RSS enclosure holds: the first audio, else video, else any whose address RSS accepts."""
    usable = [file for file in files(story) if values.dotted_url(file.url)]
    return min(usable, key=lambda f: _MEDIA_ORDER.get((f.type or "").partition("/")[0], 2), default=None)


_MEDIA_ORDER = {"audio": 0, "video": 1}


def _natural(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < 1 << 62 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The story's picture. Sizes are positive or None."""

    url: str
    width: int | None = None
    height: int | None = None


def picture(story: Story) -> Picture | None:
    """The picture; None if it has no address that can be written."""
    image = story.stored.entry.image
    url = values.web_url(image.url) if image else None
    if image is None or url is None:
        return None
    return Picture(url=url, width=_natural(image.width) or None, height=_natural(image.height) or None)


def paths(story: Story) -> tuple[CategoryPath, ...]:
    """The assigned paths, cleaned, each once."""
    cleaned = (tuple(filter(None, map(values.line, path))) for path in story.paths)
    return tuple(dict.fromkeys(path for path in cleaned if path))


def path_text(path: CategoryPath) -> str:
    """`a/b/c`, a slash within a name as %2F (rule K5)."""
    return _joined(name.replace("%2F", "%252F").replace("/", "%2F") for name in path)


def _joined(names: Iterable[str]) -> str:
    """Names with a slash between; a blank after a `<`, or it would begin an end tag. Readers trim the names."""
    return "/".join(names).replace("</", "< /")


def tags(story: Story) -> tuple[Tag, ...]:
    """The source's own words, each (term, scheme) once."""
    found: dict[tuple[str, str | None], Tag] = {}
    for category in story.stored.entry.categories:
        if category.kind is CategoryKind.SOURCE:
            tag = _tag(category)
            if tag.name:
                found.setdefault((tag.term, tag.scheme), tag)
    return tuple(found.values())


def _tag(category: Category) -> Tag:
    name = _joined(filter(None, map(values.line, category.path)))
    term = values.line(category.term)
    return Tag(name=name or term, term=term or name, scheme=values.line(category.scheme) or None)


def source(story: Story) -> Attribution:
    """Where the story came from; never without a title."""
    return attribution(story.origin, fallback=story.stored.source)


def attribution(origin: Origin, *, fallback: str) -> Attribution:
    """The feed that `origin` names. Its title is its own, else its host, else `fallback`, else "unknown"."""
    url, site_url = values.web_url(origin.self_url), values.web_url(origin.site_url)
    host = urlsplit(site_url or url or "").hostname
    return Attribution(
        title=values.line(origin.title) or host or values.line(fallback) or "unknown",
        id=values.uri(origin.id),
        url=url,
        site_url=site_url,
        updated=values.instant(origin.updated),
        rights=values.line(origin.rights) or None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Discussion:
    """Where and how much a story is discussed."""

    url: str | None
    count: int | None
    feed: str | None


def discussion(story: Story) -> Discussion:
    """Where the story is discussed; each field is None if unknown or unusable."""
    comments = story.stored.entry.comments
    if comments is None:
        return Discussion(url=None, count=None, feed=None)
    return Discussion(
        url=values.web_url(comments.url), count=_natural(comments.count), feed=values.web_url(comments.feed)
    )


def _each_once(urls: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(url for url in urls if url))
