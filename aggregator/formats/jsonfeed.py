"""JSON Feed 1.1 (jsonfeed.org/version/1.1), attribution in one extension object `_syndication` (rule M7)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from aggregator.core.addresses import PRODUCT, own_url, path_url, public_url
from aggregator.core.dates import dates
from aggregator.core.edition import Edition, Story
from aggregator.core.formats_table import HTML, JSON
from aggregator.core.html.clean import visible_text
from aggregator.formats import story_view, values

VERSION = "https://jsonfeed.org/version/1.1"
_URL = b'"url": '


class JsonFeed:
    """JSON Feed 1.1. Keys are in a fixed order; no authors above the items, who would inherit them (rule M9)."""

    name = JSON.name
    suffix = JSON.suffix
    media_type = JSON.content_type

    def render_story(self, story: Story) -> bytes:
        """See `Format`."""
        return _dumped(_present(_item(story)))

    def assemble(self, edition: Edition, fragments: Sequence[bytes]) -> bytes:
        """See `Format`."""
        return b"".join(self.pieces(edition, fragments))

    def pieces(self, edition: Edition, fragments: Sequence[bytes]) -> list[bytes]:
        """See `Format`."""
        page = public_url(edition.site_url, edition.output, HTML.suffix)
        last = len(fragments) - 1
        items = [
            _with_url(story, fragment, edition) + (b",\n" if index < last else b"")
            for index, (story, fragment) in enumerate(zip(edition.stories, fragments, strict=True))
        ]
        return [_head(edition, page)[:-1] + b',\n"items": [\n', *items, b"\n]}\n"]


def _item(story: Story) -> dict[str, Any]:
    related = story_view.related(story)
    picture, published = story_view.picture(story), story_view.published(story)
    return {
        "id": story_view.identifier(story),
        "url": story_view.link(story),
        "external_url": related[0] if related else None,
        "title": story_view.own_title(story) or _needed_title(story),
        "content_html": story_view.feed_content(story),
        "summary": _summary(story),
        "image": picture.url if picture else None,
        "date_published": dates.rfc3339(published) if published else None,
        "date_modified": dates.rfc3339(story_view.updated(story)),
        "authors": [_author(author) for author in story_view.authors(story)],
        "tags": _tags(story),
        "language": story_view.language(story),
        "attachments": [_attachment(file) for file in story_view.files(story)],
        "_syndication": _present(_syndication(story, related)),
    }


def _needed_title(story: Story) -> str | None:
    """A generated title is left out, unless there is nothing else to show of the item."""
    return None if story_view.feed_content(story) or story_view.feed_summary(story) else story_view.shown_title(story)


def _summary(story: Story) -> str | None:
    """Plain text, which is what JSON Feed asks for."""
    html = story_view.summary_html(story)
    if html is None:
        return None
    return values.characters(visible_text(html)) if story.stored.entry.summary_is_html else unescape(html)


def _author(author: story_view.Author) -> dict[str, str]:
    url = author.uri or (f"mailto:{author.email}" if author.email else None)
    return {"name": author.name, **({"url": url} if url else {})}


def _tags(story: Story) -> list[str]:
    """The leaf of each assigned path, then the source's own words (rule K5)."""
    names = [path[-1] for path in story_view.paths(story)] + [tag.name for tag in story_view.tags(story)]
    return list(dict.fromkeys(names))


def _attachment(file: story_view.File) -> dict[str, Any]:
    attachment = {
        "url": file.url,
        "mime_type": file.type or "application/octet-stream",
        "title": file.title,
        "size_in_bytes": file.length,
        "duration_in_seconds": file.duration,
    }
    return {key: value for key, value in attachment.items() if value is not None}


def _syndication(story: Story, related: tuple[str, ...]) -> dict[str, Any]:
    """What JSON Feed has no field for. `about` tells a reader of the source what the object is."""
    discussion = story_view.discussion(story)
    stored = story.stored
    return {
        "about": f"{PRODUCT}: where this item came from",
        "source": _attribution(story_view.source(story)),
        "category_paths": [list(path) for path in story_view.paths(story)],
        "original_id": values.characters(stored.entry.id or "").strip(),
        "rights": story_view.rights(story),
        "related": list(related[1:]),
        "comments": _present({"url": discussion.url, "count": discussion.count, "feed": discussion.feed}),
        "via": [_attribution(origin) for origin in story_view.via(story)],
    }


def _attribution(source: story_view.Attribution) -> dict[str, Any]:
    return _present(
        {
            "id": source.id,
            "title": source.title,
            "url": source.url,
            "site_url": source.site_url,
            "updated": dates.rfc3339(source.updated) if source.updated else None,
            "rights": source.rights,
        }
    )


def _head(edition: Edition, page: str) -> bytes:
    title = values.line(edition.title) or values.line(edition.output) or PRODUCT
    hubs = dict.fromkeys(filter(None, map(values.web_url, edition.hubs)))
    head = {
        "version": VERSION,
        "title": title,
        "home_page_url": page if HTML.name in edition.formats else edition.site_url,
        "feed_url": own_url(edition, JSON.suffix),
        "next_url": path_url(edition.site_url, edition.previous + JSON.suffix) if edition.previous else None,
        "description": values.line(edition.description),
        "language": values.language(edition.language),
        "hubs": [{"type": "WebSub", "url": hub} for hub in hubs],
    }
    return _dumped(_present(head))


def _with_url(story: Story, fragment: bytes, edition: Edition) -> bytes:
    """An item without a link of its own points to its own page, else to its place on the output's: many readers show
    nothing else to open."""
    after_id = fragment.index(b'", ') + 3  # the first value is the id, a URI, which holds no quotation mark
    if fragment.startswith(_URL, after_id):
        return fragment
    if edition.entry_pages and edition.archive is None:
        here = path_url(edition.site_url, story_view.entry_path(story))
    else:
        here = f"{public_url(edition.site_url, edition.output, HTML.suffix)}#{story_view.anchor(story)}"
    return b"".join((fragment[:after_id], _URL, json.dumps(here).encode(), b", ", fragment[after_id:]))


_ALWAYS = ("content_html",)


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something: an item always has its content, even if that is empty."""
    return {key: value for key, value in fields.items() if key in _ALWAYS or value not in (None, "", [], {})}


def _dumped(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8")
