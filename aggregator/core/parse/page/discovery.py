"""An HTML page where a feed was expected: which feeds does it name, and where might others be?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from aggregator.core.charset.decode import decode, strip_illegal
from aggregator.core.document import Document
from aggregator.core.html.plain import one_line
from aggregator.core.urls.urls import absolute, link_key

_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/x.atom+xml",
        "application/x-atom+xml",
        "application/x-rss+xml",
        "text/xml",
        "application/xml",
    }
)
_SEARCHED = 1_048_576
"""Characters of a page; what names a feed is in its head or its foot."""
_MAX_FEEDS = 50
_MAX_LINKS = 20_000
_LONGEST_HREF = 4_000

_FEED_PATH = re.compile(
    r"(?:^|/)(?:(?:feed|rss|atom|rdf|index|posts|news|blog)\.(?:xml|rss|atom|rdf|json)|(?:feeds?|rss2?|atom)/?|[^/]+\.(?:rss|atom|rdf))$",
    re.IGNORECASE,
)
_NO_FEED = re.compile(r"(?:^|/)(?:news|blog|posts|index)\.json$", re.IGNORECASE)
_COMMENTS = re.compile(r"comment|评论|留言|コメント|댓글", re.IGNORECASE)
_USUAL = (
    "feed",
    "rss.xml",
    "atom.xml",
    "index.xml",
    "feed.xml",
    "feed.json",
    "rss",
    "feed/",
    "atom",
    "feeds/posts/default",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFeed:
    """A feed that a page names."""

    url: str
    title: str = ""
    type: str = ""
    """The media type it is said to have."""
    is_declared: bool = True
    """False: it is a mere link that looks like a feed's."""

    @property
    def is_of_comments(self) -> bool:
        """Whether address or title says that it is a feed of comments."""
        return _COMMENTS.search(self.url + self.title) is not None


def discover_feeds(text: str, *, url: str) -> tuple[str, ...]:
    """Addresses of the feeds a page names in `<link rel="alternate">`, absolute, in its order, each once."""
    return tuple(feed.url for feed in _declared(_parsed(text), url))[:_MAX_FEEDS]


def page_of(document: Document, *, encoding: str | None = None) -> str:
    """The text of an HTML document, its character set found as for a feed (rule P19)."""
    decoded = decode(document.body, content_type=document.content_type, override=encoding, kind="html")
    return strip_illegal(decoded.text)


def named_feeds(text: str, *, url: str) -> tuple[NamedFeed, ...]:
    """All feeds a page names: the declared ones, then links that look like feeds; those of comments last.

    Each once; at most 50. The addresses are absolute and of http or https.
    """
    root = _parsed(text)
    found: dict[str, NamedFeed] = {}
    for feed in (*_declared(root, url), *_linked(root, url)):
        found.setdefault(link_key(feed.url, keep_fragment=True) or feed.url, feed)
    ordered = sorted(found.values(), key=lambda feed: (not feed.is_declared, feed.is_of_comments))
    return tuple(ordered[:_MAX_FEEDS])


def page_title(text: str) -> str:
    """The title of a page on one line; "" if it has none."""
    root = _parsed(text)
    title = next(iter(root.iter("title")), None) if root is not None else None
    return one_line("".join(title.itertext()), 200) if title is not None else ""


def usual_places(url: str) -> tuple[str, ...]:
    """Where feeds often are: below the page's own folder first, then below the site's root. To be tried on request."""
    parts = urlsplit(url)
    folder = url if url.endswith("/") else f"{url}/" if "." not in parts.path.rpartition("/")[2] else urljoin(url, ".")
    bases = dict.fromkeys((f"{parts.scheme}://{parts.netloc}/", folder.partition("?")[0].partition("#")[0]))
    return tuple(dict.fromkeys(urljoin(base, name) for base in reversed(bases) for name in _USUAL))


def _parsed(text: str) -> Any:
    """The root of the page's beginning and end; None if there is no tree in it."""
    if len(text) > 2 * _SEARCHED:
        text = text[:_SEARCHED] + text[-_SEARCHED:]
    parser = etree.HTMLParser(no_network=True, recover=True, huge_tree=False, encoding="utf-8")
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # pragma: no cover: libxml2 before 2.14 raises where later ones return None
        return None


def _base(root: Any, url: str) -> str:
    base = next((element.get("href") for element in root.iter("base") if element.get("href")), None)
    return (absolute(base, url) if base else None) or url


def _declared(root: Any, url: str) -> Iterator[NamedFeed]:
    if root is None:
        return
    base = _base(root, url)
    seen: set[str] = set()
    for link in root.iter("link", "a"):
        address = absolute((link.get("href") or "")[:_LONGEST_HREF], base) if _is_declaration(link) else None
        if address and address.startswith(("http://", "https://")) and address not in seen:
            seen.add(address)
            title = one_line(link.get("title") or "", 200)
            yield NamedFeed(url=address, title=title, type=_type(link))


def _is_declaration(link: Any) -> bool:
    """`rel="alternate"` with a feed's type. Plain JSON is a feed only by its name: WordPress gives every page one."""
    relation = (link.get("rel") or "").lower().split()
    kind = _type(link)
    if "feed" in relation and link.tag == "link":
        return True
    if kind == "application/json":
        return "alternate" in relation and "feed" in (link.get("href") or "").lower()
    return "alternate" in relation and kind in _FEED_TYPES


def _type(link: Any) -> str:
    return (link.get("type") or "").partition(";")[0].strip().lower()


def _linked(root: Any, url: str) -> Iterator[NamedFeed]:
    if root is None:
        return
    base = _base(root, url)
    for number, link in enumerate(root.iter("a")):
        if number >= _MAX_LINKS:
            return
        href = (link.get("href") or "").strip()[:_LONGEST_HREF]
        path = href.partition("#")[0].partition("?")[0]
        if not _FEED_PATH.search(path) or _NO_FEED.search(path):
            continue
        address = absolute(href, base)
        if address and address.startswith(("http://", "https://")):
            words = link.get("title") or "".join(link.itertext())
            yield NamedFeed(url=address, title=one_line(words, 200), is_declared=False)
