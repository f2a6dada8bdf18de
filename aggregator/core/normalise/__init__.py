"""normalise: a ParsedFeed to the model's Feed and Entry. Total: no input raises, and no entry affects another.

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
from aggregator.core.parse.parsed import MergedFrom, ParsedDeletion, ParsedFeed

_OF_PAGES = frozenset({"link-mended", "content-without-text"})
"""Not recorded for pages and APIs: their links are relative to the page, and an entry is often a headline alone."""

__all__ = ["Context", "Deletion", "NormalisedFeed", "normalise"]


def normalise(parsed: ParsedFeed, context: Context) -> NormalisedFeed:
    """The feed and its entries, in the document's order. Never raises."""
    diagnostics = Diagnostics(_OF_PAGES if parsed.dialect in ("page", "json-api") else ())
    language = feed_language(parsed, context, diagnostics)
    bases = bases_for(parsed.head, dialect=parsed.dialect, url=context.document_url, headers=context.headers)
    feed = read_feed(parsed, context, bases, language, diagnostics)
    contexts = _FeedContexts(context, FeedContext(head=parsed.head, feed=feed, bases=bases))
    entries = tuple(read_entry(entry, contexts.of(entry.merged_from), context, diagnostics) for entry in parsed.entries)
    if not entries:
        diagnostics.add("no-entries", "the document holds no entry")
    return NormalisedFeed(
        feed=feed,
        entries=entries,
        deleted=tuple(_deletion(one, context, language) for one in parsed.deleted),
        diagnostics=(*parsed.diagnostics, *diagnostics.all()),
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

    def of(self, merged_from: MergedFrom | None) -> FeedContext:
        if merged_from is None:
            return self._own
        if merged_from.url not in self._known:
            self._known[merged_from.url] = self._read(merged_from)
        return self._known[merged_from.url]

    def _read(self, merged_from: MergedFrom) -> FeedContext:
        bases: BaseUrls = bases_for(merged_from.head, dialect=merged_from.dialect, url=merged_from.url, headers={})
        if merged_from.dialect == "front-matter":
            return FeedContext(head=merged_from.head, feed=self._own.feed, bases=bases)
        context = replace(self._context, headers={}, title=None, document_url=merged_from.url, samples=())
        stand_in = ParsedFeed(dialect=merged_from.dialect, head=merged_from.head)
        language = feed_language(stand_in, context, Diagnostics())
        feed: Feed = read_feed(stand_in, context, bases, language or self._own.feed.language, Diagnostics())
        return FeedContext(head=merged_from.head, feed=feed, bases=bases, merged=True)
