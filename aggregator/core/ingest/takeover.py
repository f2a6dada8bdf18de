"""Whose feed stands at an address: a lapsed domain, or a reused path, brings a stranger's entries to old readers.

What changed hands is held until a person says that it is wanted (rule R6).
"""

from __future__ import annotations

from aggregator.core.html.plain import label_key
from aggregator.core.model import Feed
from aggregator.core.source_state import FeedIdentity
from aggregator.core.urls.hosts import registrable
from aggregator.core.urls.urls import host_of


def feed_identity(feed: Feed) -> FeedIdentity:
    """As the feed itself says it: titles and sites that we made up say nothing."""
    title = feed.title if "title" in feed.provenance else ""
    site = host_of(feed.site_url) if feed.site_url and "site_url" in feed.provenance else None
    return FeedIdentity(title=label_key(title), site=registrable(site) if site else "")


def is_takeover(before: FeedIdentity, now: FeedIdentity, *, entries: int, new: int) -> bool:
    """Whether title, site and all entries are others than before. What either feed leaves unsaid proves nothing."""
    said = all((before.title, before.site, now.title, now.site))
    return said and before.title != now.title and not _is_same(before.site, now.site) and 0 < entries == new


def _is_same(before: str, now: str) -> bool:
    """Whether a stored domain is this one. Another public suffix list may have put more or fewer labels before it."""
    return before == now or before.endswith(f".{now}") or now.endswith(f".{before}")
