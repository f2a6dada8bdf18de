"""OPML 2.0 (opml.org/spec2): the list of outputs, as other readers import it (rule W15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from aggregator.core.dates import dates
from aggregator.core.model import CategoryPath
from aggregator.formats import story_view, values
from aggregator.formats.xml_pieces import Element, add

MEDIA_TYPE = "text/x-opml; charset=utf-8"

DEEPEST = 30
"""Levels of folders; what lies deeper is in the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOutline:
    """A feed in the list. `path` is the category it is in, () at the top."""

    title: str
    xml_url: str
    html_url: str | None = None
    language: str | None = None
    description: str | None = None
    path: CategoryPath = ()


def render_opml(
    subscriptions: Iterable[FeedOutline], *, title: str, modified: datetime | None = None, exact: bool = False
) -> bytes:
    """The list in the given order, categories as nested outlines. One with an unusable address is left out.

    `modified` is the newest change of the list, never the time of rendering (rule W3).
    `exact` keeps texts that look like HTML, of which validators warn: for a list that is to be imported as it was.
    """
    if not exact:
        title, subscriptions = _wide(title), map(_unmistakable, subscriptions)
    root = etree.Element("opml", version="2.0")
    head = add(root, "head")
    add(head, "title", values.attribute_line(title) or "Feeds")
    if moment := values.instant(modified):
        add(head, "dateModified", dates.rfc822(moment))
    body = add(root, "body")
    folders: dict[CategoryPath, Element] = {(): body}
    for subscription in subscriptions:
        if url := values.web_url(subscription.xml_url):
            _outline(_folder(folders, _cleaned(subscription.path)), subscription, url)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return written


def _unmistakable(one: FeedOutline) -> FeedOutline:
    return replace(
        one, title=_wide(one.title), description=_wide(one.description or ""), path=tuple(map(_wide, one.path))
    )


def _wide(text: str) -> str:
    """The text with `<` in full width: readers may take texts of OPML for HTML (opml.org/spec2)."""
    return values.attribute_line(text).replace("<", "＜")


def _cleaned(path: CategoryPath) -> CategoryPath:
    return tuple(filter(None, map(values.attribute_line, path)))[:DEEPEST]


def _folder(folders: dict[CategoryPath, Element], path: CategoryPath) -> Element:
    if path not in folders:
        folders[path] = add(_folder(folders, path[:-1]), "outline", text=path[-1])
    return folders[path]


def _outline(parent: Element, subscription: FeedOutline, url: str) -> None:
    title = values.attribute_line(subscription.title) or url
    add(
        parent,
        "outline",
        type="rss",
        text=title,
        title=title,
        xmlUrl=url,
        htmlUrl=values.web_url(subscription.html_url),
        language=values.language(subscription.language),
        description=values.attribute_line(subscription.description) or None,
        category=f"/{story_view.path_text(_cleaned(subscription.path))}" if subscription.path else None,
    )
