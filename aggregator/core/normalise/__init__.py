"""normalise: a ParsedFeed to the model's Feed and Entry. Total: no input raises, and no entry costs another.

Everything a feed left open is filled by the fallbacks of rules M13 and M14 as far as one document can tell; what
needs stored entries or the time of the first visit (dates by rules D4, D6, D7 and D9, identity) is `core/ingest`.
"""

from __future__ import annotations

from dataclasses import replace

from aggregator.core.dates.dates import parse_date
from aggregator.core.model import Feed
from aggregator.core.normalise.addresses import BaseUrls, bases_for
from aggregator.core.normalise.context import Context, Deletion, Diagnostics, NormalisedFeed
from aggregator.core.normalise.head import feed_language, read_feed
from aggregator.core.normalise.item import FeedContext, read_entry
from aggregator.core.parse.parsed import ParsedDeletion, ParsedFeed, ParsedHome

_OF_PAGES = frozenset({"link-mended", "content-without-text"})
"""Not recorded for pages and APIs: their links are relative to the page, and an entry is often a headline alone."""

__all__ = ["Context", "Deletion", "NormalisedFeed", "normalise"]


def normalise(parsed: ParsedFeed, context: Context) -> NormalisedFeed:
    """The feed and its entries, in the document's order. Never raises."""
    notes = Diagnostics(_OF_PAGES if parsed.dialect in ("page", "json-api") else ())
    language = feed_language(parsed, context, notes)
    bases = bases_for(parsed.head, dialect=parsed.dialect, url=context.document_url, headers=context.headers)
    feed = read_feed(parsed, context, bases, language, notes)
    contexts = _FeedContexts(context, FeedContext(head=parsed.head, feed=feed, bases=bases))
    entries = tuple(read_entry(entry, contexts.of(entry.home), context, notes) for entry in parsed.entries)
    if not entries:
        notes.add("no-entries", "the document holds no entry")
    return NormalisedFeed(
        feed=feed,
        entries=entries,
        deleted=tuple(_deletion(one, context, language) for one in parsed.deleted),
        diagnostics=(*parsed.diagnostics, *notes.all()),
        complete=parsed.complete,
        encoding=parsed.encoding,
    )


def _deletion(parsed: ParsedDeletion, context: Context, language: str | None) -> Deletion:
    when = parse_date(parsed.when, zone=context.timezone, language=language, now=context.fetched_at)
    return Deletion(ref=parsed.ref.strip(), when=when)


class _FeedContexts:
    """The feed that each entry belongs to: the document's own, or one for each merged file."""

    def __init__(self, context: Context, own: FeedContext) -> None:
        self._context = context
        self._own = own
        self._known: dict[str, FeedContext] = {}

    def of(self, home: ParsedHome | None) -> FeedContext:
        if home is None:
            return self._own
        if home.url not in self._known:
            self._known[home.url] = self._read(home)
        return self._known[home.url]

    def _read(self, home: ParsedHome) -> FeedContext:
        bases: BaseUrls = bases_for(home.head, dialect=home.dialect, url=home.url, headers={})
        if home.dialect == "front-matter":
            return FeedContext(head=home.head, feed=self._own.feed, bases=bases)
        context = replace(self._context, headers={}, title=None, document_url=home.url, samples=())
        stand_in = ParsedFeed(dialect=home.dialect, head=home.head)
        language = feed_language(stand_in, context, Diagnostics())
        feed: Feed = read_feed(stand_in, context, bases, language or self._own.feed.language, Diagnostics())
        return FeedContext(head=home.head, feed=feed, bases=bases, merged=True)
