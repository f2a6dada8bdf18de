"""ParsedEntry to Entry (rule M14)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.core.dates.dates import parse_date
from aggregator.core.html.clean import first_image, visible_text
from aggregator.core.html.plain import generated_title
from aggregator.core.model import Category, Comments, Enclosure, Entry, Feed, Image, Origin, Person, ReplyTo
from aggregator.core.normalise.addresses import BaseUrls
from aggregator.core.normalise.body import Body, BodyReader, has_text
from aggregator.core.normalise.categories import MAX_CATEGORIES, categories
from aggregator.core.normalise.context import Context, Diagnostics
from aggregator.core.normalise.head import read_origin
from aggregator.core.normalise.language import normal_language
from aggregator.core.normalise.media import MAX_ENCLOSURES, enclosures, media_type, pick_image
from aggregator.core.normalise.people import is_mended, people
from aggregator.core.normalise.text_fields import filled, first_line, first_value, has_stray_markup
from aggregator.core.parse.parsed import Candidates, ParsedEntry, ParsedHead, ParsedLink

_MAX_RELATED = 50
_MAX_TITLE = 500
_FUTURE = timedelta(minutes=10)
_TYPED = frozenset({"enclosure", "attachments"})
"""Elements that must name the media type of their file."""
_WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContext:
    """What an entry inherits from the feed it was in (rule M3)."""

    head: ParsedHead
    feed: Feed
    bases: BaseUrls
    merged: bool = False
    """It was in one of several documents, so its feed is distinguished by a source of its own."""


def read_entry(parsed: ParsedEntry, feed_context: FeedContext, context: Context, diagnostics: Diagnostics) -> Entry:
    """One entry with its fallbacks. Needs no other entry; never raises."""
    return _EntryReader(parsed, feed_context, context, diagnostics).read()


class _EntryReader:
    def __init__(
        self, parsed: ParsedEntry, feed_context: FeedContext, context: Context, diagnostics: Diagnostics
    ) -> None:
        self.parsed = parsed
        self.feed_context = feed_context
        self.context = context
        self.bases = feed_context.bases
        self.provenance: dict[str, str] = {}
        self.diagnostics = diagnostics
        self.language = self._language()
        self.link = self._link()
        self.id = self._with_provenance(first_value(parsed.ids), "id")
        titled = first_line(parsed.titles[:1])
        self.label = self.id or self.link or (titled[0] if titled else None)

    def read(self) -> Entry:
        parsed = self.parsed
        site = self.link or self.feed_context.feed.site_url
        text = self._body(
            BodyReader(parsed, self.bases, link=self.link, site=site, diagnostics=self.diagnostics).read()
        )
        files = self._enclosures()
        published, published_raw = self._published()
        if self.link is None and files:
            self.link = files[0].url
            self.provenance["link"] = "enclosure"
        title, generated = self._title(text, published)
        if not has_text(text.content) and not has_text(text.summary or ""):
            self.diagnostics.add("content-without-text", "there is no text in the entry; it was kept", entry=self.label)
        source = self._source()
        return Entry(
            id=self.id,
            link=self.link,
            related=self._related(),
            title=title,
            title_is_generated=generated,
            content=text.content,
            summary=text.summary,
            summary_is_html=text.summary_is_html,
            authors=self._authors(source),
            published=published,
            published_raw=published_raw,
            updated=self._first_date(parsed.updated, "updated"),
            categories=self._categories(),
            language=self.language,
            image=self._image(text),
            enclosures=files,
            comments=self._comments(),
            reply_to=self._reply_to(),
            rights=self._with_provenance(first_line(parsed.rights), "rights") or self._inherited_rights(source),
            source=source,
            foreign=parsed.foreign,
            provenance=self.provenance,
        )

    def _with_provenance(self, found: tuple[str, str] | None, field: str) -> str | None:
        if found is None:
            return None
        self.provenance[field] = found[1]
        return found[0]

    def _language(self) -> str | None:
        for candidate in filled(self.parsed.languages):
            if language := normal_language(candidate.value):
                self.provenance["language"] = candidate.element
                if candidate.element == "xml:lang" and candidate is self.parsed.languages[-1]:
                    return self.feed_context.feed.language or language
                return language
        return self.feed_context.feed.language

    def _address(self, links: Iterable[ParsedLink], field: str) -> str | None:
        """The first web address among these."""
        for link in links:
            written = link.href.strip()
            address = self.bases.resolve(written, link.base or self.parsed.base) if written else None
            if address and address.startswith(_WEB):
                self.provenance[field] = link.element
                if field == "link" and address != written and not (link.base or self.parsed.base):
                    self.diagnostics.add(
                        "link-mended", f"the link {written[:100]!r} was read as {address[:200]}", entry=address
                    )
                return address
        return None

    def _link(self) -> str | None:
        found = self._address(self.parsed.links, "link")
        if found is None and self.parsed.guid_is_link:
            for candidate in filled(self.parsed.ids[:1]):
                if candidate.value.strip().lower().startswith(_WEB):
                    found = self.bases.resolve(candidate.value)
                    self.provenance["link"] = candidate.element
        written = next((link.href.strip() for link in self.parsed.links if link.href.strip()), None)
        if found is None and written:
            self.diagnostics.add(
                "link-unusable", f"the link {written[:100]!r} leads nowhere and was dropped", entry=written[:200]
            )
        return found

    def _related(self) -> tuple[str, ...]:
        links = self.parsed.related[:_MAX_RELATED]
        found = (self.bases.resolve(one.href, one.base or self.parsed.base) for one in links if one.href.strip())
        return tuple(dict.fromkeys(address for address in found if address and address != self.link))

    def _body(self, body: Body) -> Body:
        if body.content_from:
            self.provenance["content"] = body.content_from
        if body.summary_from:
            self.provenance["summary"] = body.summary_from
        return body

    def _title(self, body: Body, published: datetime | None) -> tuple[str, bool]:
        found = self._with_provenance(first_line(self.parsed.titles), "title")
        if found:
            if has_stray_markup(self.parsed.titles):
                words = "the title held markup or was escaped twice; it was read as text"
                self.diagnostics.add("title-mended", words, entry=self.label)
            if len(found) > _MAX_TITLE:
                self.diagnostics.add("title-cut", f"a title of {len(found)} characters was cut", entry=self.label)
                found = found[: _MAX_TITLE - 1].rstrip() + "…"
            return found, False
        short = body.summary or ""
        text = visible_text(body.content) or (visible_text(short) if body.summary_is_html else short)
        made = generated_title(text) if text else ""
        if not made:
            made = self.link or (published.date().isoformat() if published else "") or self.id or ""
        self.diagnostics.add("title-generated", "the entry has no title; one was made", entry=self.label)
        return made[:_MAX_TITLE], True

    def _first_date(self, candidates: Candidates, field: str) -> datetime | None:
        for candidate in filled(candidates):
            at = parse_date(
                candidate.value,
                zone=self.context.timezone,
                language=self.context.language or self.language,
                now=self.context.fetched_at,
            )
            if at is not None:
                self.provenance[field] = candidate.element
                return at
        return None

    def _enclosures(self) -> tuple[Enclosure, ...]:
        files = enclosures(self.parsed.enclosures, self.bases)
        if len(self.parsed.enclosures) > MAX_ENCLOSURES:
            words = f"only the first {MAX_ENCLOSURES} files were kept"
            self.diagnostics.add("enclosures-cut", words, entry=self.label)
        for item in self.parsed.enclosures[:50]:
            if item.length and not item.length.strip().isdigit():
                words = f"the length {item.length[:40]!r} of a file is no number of bytes"
                self.diagnostics.add("enclosure-length", words, entry=self.label)
            if item.element in _TYPED and not media_type(item.type):
                words = f"no media type is given for {item.url.strip()[:100]!r}; its suffix tells it, if anything does"
                self.diagnostics.add("enclosure-type", words, entry=self.label)
        return files

    def _published(self) -> tuple[datetime | None, str | None]:
        """The instant, and the source's words where they are no instant or one in the future (rules D4 and D6)."""
        at = self._first_date(self.parsed.published, "published")
        words = first_value(self.parsed.published)
        if words is None:
            if not any(filled(self.parsed.updated)):
                self.diagnostics.add("date-missing", "the entry has no date", entry=self.label)
            return None, None
        if at is None:
            self.diagnostics.add("date-unreadable", f"the date {words[0][:60]!r} cannot be read", entry=self.label)
            return None, words[0][:200]
        if at > self.context.fetched_at + _FUTURE:
            self.diagnostics.add("date-future", f"the date {words[0][:60]!r} lies in the future", entry=self.label)
            return at, words[0][:200]
        return at, None

    def _source(self) -> Origin | None:
        if self.parsed.source is not None:
            origin = read_origin(self.parsed.source, self.context, self.bases, self.feed_context.feed.language)
            if origin:
                self.provenance["source"] = "source"
                return origin
        if self.feed_context.merged:
            return read_origin(self.feed_context.head, self.context, self.bases, self.feed_context.feed.language)
        return None

    def _authors(self, source: Origin | None) -> tuple[Person, ...]:
        """The entry's; its source's; the feed's; the name of the source, marked as such."""
        own_source = self.parsed.source
        groups = (
            self.parsed.authors,
            own_source.authors if own_source else (),
            self.feed_context.head.authors,
        )
        if is_mended(self.parsed.authors):
            words = "an author is given as an address, as nobody or with markup; a name was made of it, if there is one"
            self.diagnostics.add("author-mended", words, entry=self.label)
        for name, group in zip(("", "source/", "feed/"), groups, strict=True):
            found, element = people(group, self.bases)
            if found:
                self.provenance["authors"] = name + element
                return found
        title = (source.title if source else None) or self._feed_name()
        return (Person(name=title, is_source=True),) if title else ()

    def _feed_name(self) -> str | None:
        """The feed's title if it has one; its address is not used as a name."""
        return self.feed_context.feed.title if "title" in self.feed_context.feed.provenance else None

    def _inherited_rights(self, source: Origin | None) -> str | None:
        return (source.rights if source else None) or self.feed_context.feed.rights

    def _categories(self) -> tuple[Category, ...]:
        found = categories(self.parsed.categories)
        if found.is_cut:
            self.diagnostics.add(
                "categories-cut", f"only the first {MAX_CATEGORIES} categories were kept", entry=self.label
            )
        if found.is_short:
            self.diagnostics.add("category-unusable", "a category that is no name was left out", entry=self.label)
        return found.usable

    def _image(self, body: Body) -> Image | None:
        found = pick_image(self.parsed.thumbnails, self.parsed.images, self.bases)
        if found:
            self.provenance["image"] = found[1]
            return found[0]
        for html in (body.content, body.summary if body.summary_is_html else None):
            picture = first_image(html) if html and "<img" in html else None
            if picture:
                self.provenance["image"] = "content"
                return picture
        return None

    def _comments(self) -> Comments | None:
        counts = (c.value.strip() for c in filled(self.parsed.comment_counts))
        count = next((int(n) for n in counts if n.isascii() and n.isdigit() and len(n) <= 9), None)
        comments = Comments(
            url=self._address(self.parsed.comment_urls, "comments"),
            count=count,
            feed=self._address(self.parsed.comment_feeds, "comments"),
        )
        return comments if comments != Comments() else None

    def _reply_to(self) -> ReplyTo | None:
        parsed = self.parsed.reply_to
        if parsed is None:
            return None
        return ReplyTo(ref=parsed.ref, href=self.bases.resolve(parsed.href, parsed.base) if parsed.href else None)
