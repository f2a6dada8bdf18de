"""An HTML page where a feed was expected: which feeds does it name?"""

from __future__ import annotations

from lxml import etree

from aggregator.core.text.urls import absolute

_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "application/x.atom+xml",
        "application/x-atom+xml",
        "text/xml",
        "application/xml",
    }
)
_SEARCHED = 1_048_576
_MAX_FEEDS = 50


def discover_feeds(text: str, *, url: str) -> tuple[str, ...]:
    """Addresses of the feeds a page names in `<link rel="alternate">`, absolute, in its order, each once."""
    parser = etree.HTMLParser(no_network=True, recover=True, huge_tree=False, encoding="utf-8")
    try:
        root = etree.fromstring(text[:_SEARCHED].encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return ()
    if root is None:
        return ()
    base = next((element.get("href") for element in root.iter("base") if element.get("href")), None)
    base = (absolute(base, url) if base else None) or url
    found: dict[str, None] = {}
    for link in root.iter("link", "a"):
        relation = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").partition(";")[0].strip().lower()
        if "alternate" in relation and kind in _FEED_TYPES and len(found) < _MAX_FEEDS:
            address = absolute(link.get("href") or "", base)
            if address:
                found.setdefault(address)
    return tuple(found)
