"""Whether the feed at an address is still the same publisher's (rule R6).

After a domain has lapsed, or a path is used again, another publisher's entries would reach readers. Such a feed is
refused until it is accepted (`poll --accept`).
"""

from __future__ import annotations

from aggregator.core.errors import ParseError, Reason
from aggregator.core.html.plain import label_key
from aggregator.core.ingest.changeset import ChangeSet
from aggregator.core.model import Feed
from aggregator.core.source_state import FeedIdentity, PollState
from aggregator.core.urls.hosts import registrable
from aggregator.core.urls.urls import host_of


def feed_identity(feed: Feed) -> FeedIdentity:
    """What the feed itself says; titles and sites that were filled in for it are left out."""
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


def refuse_takeover(found: ChangeSet, feed: Feed, state: PollState, *, subject: str) -> None:
    """Raise ParseError if title, site and all entries are others than before (rule R6)."""
    now = feed_identity(feed)
    if is_takeover(state.feed_identity, now, entries=found.entries, new=len(found.changes.new)):
        words = (
            f"it seems to be somebody else's now: {feed.title[:80]!r} of {now.site}, without an entry that was there "
            f"before; nothing of it was taken. If it is wanted: aggregator poll --accept --source {state.source}"
        )
        raise ParseError(subject, Reason.OWNER_CHANGED, words)
