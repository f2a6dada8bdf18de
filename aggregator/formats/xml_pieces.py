"""XML pieces that RSS and Atom share: namespaces, plain text, and the cutting of fragments and heads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
GEORSS = "http://www.georss.org/georss"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
MEDIA = "http://search.yahoo.com/mrss/"
PODCAST = "https://podcastindex.org/namespace/1.0"
SLASH = "http://purl.org/rss/1.0/modules/slash/"
THR = "http://purl.org/syndication/thread/1.0"
WFW = "http://wellformedweb.org/CommentAPI/"
CREATIVE_COMMONS = "http://backend.userland.com/creativeCommonsRssModule"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
YT = "http://www.youtube.com/xml/schemas/2015"
XML = "http://www.w3.org/XML/1998/namespace"

ROOT_PREFIXES: Mapping[str, str] = {
    "content": CONTENT,
    "dc": DC,
    "dcterms": DCTERMS,
    "georss": GEORSS,
    "itunes": ITUNES,
    "media": MEDIA,
    "podcast": PODCAST,
    "slash": SLASH,
    "thr": THR,
    "wfw": WFW,
}
"""Declared once on the root of every feed, so that a fragment needs no declaration of its own."""

LOCAL_PREFIXES: Mapping[str, str] = {"creativeCommons": CREATIVE_COMMONS, "yt": YT}
"""Rare, or unknown to validators: declared on the element itself."""

PREFIX_OF: Mapping[str, str] = {uri: prefix for prefix, uri in [*ROOT_PREFIXES.items(), *LOCAL_PREFIXES.items()]}

Element = Any
"""lxml's element: its stubs do not describe entity nodes."""


def add(parent: Element, tag: str, content: str | None = None, /, **attributes: str | None) -> Element:
    """A new last child. Attributes that are None are left out."""
    given = {name: value for name, value in attributes.items() if value is not None}
    child = etree.SubElement(parent, tag, given)
    if content is not None:
        child.text = content
    return child


def add_line(parent: Element, tag: str, text: str, /, **attributes: str | None) -> Element:
    """A new last child that holds plain text in the spelling of `set_line`."""
    child = add(parent, tag, **attributes)
    set_line(child, text)
    return child


_MARKUP = re.compile("([&<])")
_REFERENCES = {"&": "#x26", "<": "#x3C"}


def set_line(element: Element, text: str) -> None:
    """Put plain text into `element`, `&` and `<` as hexadecimal references.

    The RSS profile recommends them because readers that decode twice do not mistake them for markup; the validator
    warns of any other spelling.
    """
    if "&" not in text and "<" not in text:
        element.text = text
        return
    pieces = _MARKUP.split(text)
    element.text = pieces[0]
    for mark, tail in zip(pieces[1::2], pieces[2::2], strict=True):
        reference = etree.Entity(_REFERENCES[mark])
        reference.tail = tail
        element.append(reference)


def respell(element: Element | None) -> None:
    """`set_line` for an element that someone else filled."""
    if element is not None and element.text:
        text, element.text = element.text, None
        set_line(element, text)


def fragment(element: Element, *parents: str) -> bytes:
    """`element` as it is inside a feed whose root declares `ROOT_PREFIXES`, indented for its place there.

    `parents` are the names of the elements around it, from the root.
    """
    extra = {"atom": ATOM} if parents[0] == "rss" else {}
    root = around = etree.Element(parents[0], nsmap={**ROOT_PREFIXES, **extra})
    for name in parents[1:]:
        around = etree.SubElement(around, name)
    around.append(element)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=False, pretty_print=True)
    start, end = f"<{element.tag}".encode(), f"</{element.tag}>".encode()
    return b"  " * len(parents) + written[written.index(start) : written.rindex(end) + len(end)] + b"\n"


def opened(document: bytes, tail: bytes) -> bytes:
    """A feed without entries, cut open before its `tail`."""
    head = document.rstrip()
    if not head.endswith(tail.rstrip()):
        raise ValueError("the feed does not end as expected")
    return head[: -len(tail.rstrip())].rstrip(b" ")
