"""RSS 2.0 (rssboard.org, with the RSS profile's advice): written by feedgen, completed by `feedgen_extension`."""

from __future__ import annotations

from collections.abc import Sequence

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from aggregator.core.addresses import PRODUCT, public_url
from aggregator.core.edition import Edition, Story
from aggregator.core.formats_table import HTML, RSS
from aggregator.core.model import CATEGORY_SCHEME
from aggregator.formats import feedgen_extension, story_view, values, xml_pieces

_TAIL = b"  </channel>\n</rss>\n"


class Rss:
    """RSS 2.0. Items name their source, have ids that are no addresses, and no invented mail address (rule M10)."""

    name = RSS.name
    suffix = RSS.suffix
    media_type = RSS.content_type

    def render_story(self, story: Story) -> bytes:
        """See `Format`."""
        return xml_pieces.fragment(self.item(story).rss_entry(), "rss", "channel")

    def item(self, story: Story) -> FeedEntry:
        """The story as an item of feedgen; `EntryExtension` adds what feedgen cannot write."""
        item = FeedEntry()
        item.register_extension(feedgen_extension.NAME, feedgen_extension.EntryExtension, atom=False)
        item.aggregator.story = story
        _texts(item, story)
        item.guid(story_view.identifier(story), permalink=False)
        if link := story_view.link(story):
            item.link(href=link, rel="alternate")
        for path in story_view.paths(story):
            item.category(term=story_view.path_text(path), scheme=CATEGORY_SCHEME)
        for tag in story_view.tags(story):
            item.category({"term": tag.name, **({"scheme": tag.scheme} if tag.scheme else {})})
        if file := story_view.main_file(story):
            item.enclosure(file.url, file.length or 0, file.type or "application/octet-stream")
        source = story_view.source(story)
        if address := source.url or source.site_url:
            item.source(url=address, title=source.title)
        if comments := story_view.discussion(story).url:
            item.comments(comments)
        return item

    def channel(self, edition: Edition) -> FeedGenerator:
        """The head as a feed of feedgen; `FeedExtension` adds what feedgen cannot write."""
        channel = FeedGenerator()
        channel.register_extension(feedgen_extension.NAME, feedgen_extension.FeedExtension)
        channel.aggregator.edition = edition
        # feedgen fills this with the current time and formats it by switching the locale of the whole process
        vars(channel)["_FeedGenerator__rss_lastBuildDate"] = None
        title = values.line(edition.title) or values.line(edition.output) or PRODUCT
        channel.title(title)
        channel.description(values.line(edition.description) or title)
        page = public_url(edition.site_url, edition.output, HTML.suffix)
        channel.link(href=page if HTML.name in edition.formats else edition.site_url, rel="alternate")
        if language := values.language(edition.language):
            channel.language(language)
        channel.generator(PRODUCT)
        return channel

    def assemble(self, edition: Edition, fragments: Sequence[bytes]) -> bytes:
        """See `Format`."""
        return b"".join(self.pieces(edition, fragments))

    def pieces(self, edition: Edition, fragments: Sequence[bytes]) -> list[bytes]:
        """See `Format`."""
        return [xml_pieces.opened(self.channel(edition).rss_str(pretty=True), _TAIL), *fragments, _TAIL]


def _texts(item: FeedEntry, story: Story) -> None:
    """Title and texts: a generated title is left out where a description can stand for it."""
    content, summary = story_view.feed_content(story), story_view.feed_summary(story)
    title = story_view.own_title(story)
    if title or not (content or summary):
        item.title(title or story_view.shown_title(story))
    if content:
        item.content(content)
    if summary:
        item.summary(summary)
