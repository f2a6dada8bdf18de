"""Atom 1.0 (RFC 4287): written by feedgen, completed by `feedgen_extension`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from aggregator.core.addresses import PRODUCT
from aggregator.core.edition import Edition, Story
from aggregator.core.formats_table import ATOM
from aggregator.core.model import CATEGORY_SCHEME
from aggregator.formats import feedgen_extension, story_view, values, xml_pieces

_TAIL = b"</feed>\n"


class Atom:
    """Atom 1.0. Every entry carries its source and an author of its own or of the source's (rule M9)."""

    name = ATOM.name
    suffix = ATOM.suffix
    media_type = ATOM.content_type

    def render_story(self, story: Story) -> bytes:
        """See `Format`."""
        return xml_pieces.fragment(self.entry(story).atom_entry(), "feed")

    def entry(self, story: Story) -> FeedEntry:
        """The story as an entry of feedgen; `EntryExtension` adds what feedgen cannot write."""
        entry = FeedEntry()
        entry.register_extension(feedgen_extension.NAME, feedgen_extension.EntryExtension, rss=False)
        entry.aggregator.story = story
        entry.id(story_view.identifier(story))
        entry.title(story_view.shown_title(story))
        entry.updated(story_view.updated(story))
        for author in story_view.authors(story):
            entry.author({"name": author.name, "email": author.email, "uri": author.uri})
        _texts(entry, story)
        for path in story_view.paths(story):
            label = values.attribute_line(" / ".join(path))
            entry.category(term=story_view.path_text(path), scheme=CATEGORY_SCHEME, label=label)
        for tag in story_view.tags(story):
            entry.category(_category(tag))
        if rights := story_view.rights(story):
            entry.rights(rights)
        return entry

    def feed(self, edition: Edition) -> FeedGenerator:
        """The head as a feed of feedgen; `FeedExtension` adds what feedgen cannot write."""
        feed = FeedGenerator()
        feed.register_extension(feedgen_extension.NAME, feedgen_extension.FeedExtension)
        feed.aggregator.edition = edition
        feed.id(values.uri(edition.id) or values.uri(edition.output) or PRODUCT)
        feed.title(values.line(edition.title) or values.line(edition.output) or PRODUCT)
        feed.updated(feedgen_extension.head_updated(edition))
        if description := values.line(edition.description):
            feed.subtitle(description)
        if language := values.language(edition.language):
            feed.language(language)
        feed.generator(PRODUCT)
        return feed

    def assemble(self, edition: Edition, fragments: Sequence[bytes]) -> bytes:
        """See `Format`."""
        return b"".join(self.pieces(edition, fragments))

    def pieces(self, edition: Edition, fragments: Sequence[bytes]) -> list[bytes]:
        """See `Format`."""
        head = xml_pieces.opened(self.feed(edition).atom_str(pretty=True), _TAIL)
        return [head, *_with_distinct_updated(edition.stories, fragments), _TAIL]


def _texts(entry: FeedEntry, story: Story) -> None:
    """An entry needs text or a link, and readers want both: what is missing is filled with what the story has.

    Without content and summary the title is the summary; without a link as well, whichever text there is becomes the
    content, which RFC 4287 4.1.2 then demands.
    """
    content, summary, link = story_view.feed_content(story), story_view.feed_summary(story), story_view.link(story)
    title = escape(story_view.shown_title(story), quote=False)
    if not content and not link:
        content, summary = summary or title, None
    if content:
        entry.content(content, type="html")
    else:
        entry.link(href=link, rel="alternate")
        summary = summary or title
    if summary:
        plain = not story.stored.entry.summary_is_html and "<" not in summary and "&" not in summary
        entry.summary(summary, type="text" if plain else "html")


def _category(tag: story_view.Tag) -> dict[str, str]:
    category = {"term": tag.term}
    if tag.scheme and (scheme := _scheme(tag.scheme)):
        category["scheme"] = scheme
    label = values.attribute_line(tag.name)
    if label != tag.term:
        category["label"] = label
    return category


def _scheme(value: str) -> str | None:
    """The scheme verbatim if it is an IRI that can be written; a bare word, which RSS allows, is left out."""
    return values.uri(value) if ":" in value and values.uri(value) == value else values.web_url(value)


def _with_distinct_updated(stories: Sequence[Story], fragments: Sequence[bytes]) -> list[bytes]:
    """The fragments with no two equal `updated`, which validators warn of and which some readers take for one entry.

    Of stories with the same second the one that came first keeps it; the others get a fraction made from their `seq`,
    the same in every output.
    """
    shared: dict[bytes, list[int]] = defaultdict(list)
    for index, fragment in enumerate(fragments):
        start = fragment.index(_UPDATED) + len(_UPDATED)  # the entry's own: its source and its texts are later
        shared[fragment[start : start + _INSTANT]].append(index)
    written = list(fragments)
    for moment, indexes in shared.items():
        if len(indexes) > 1:
            _add_fractions(moment, sorted(indexes, key=lambda i: stories[i].stored.seq), stories, written)
    return written


_UPDATED = b"<updated>"
_INSTANT = len("2022-05-16T05:00:23Z")


def _add_fractions(moment: bytes, indexes: Sequence[int], stories: Sequence[Story], written: list[bytes]) -> None:
    used = {0}
    for index in indexes[1:]:
        fraction = stories[index].stored.seq % 1_000_000
        while fraction in used:
            fraction = (fraction + 1) % 1_000_000
        used.add(fraction)
        precise = moment.replace(b"Z", b".%06dZ" % fraction)
        written[index] = written[index].replace(_UPDATED + moment, _UPDATED + precise, 1)
