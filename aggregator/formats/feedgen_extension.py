"""The project's one extension to feedgen: it repairs what feedgen 1.0.0 leaves out or gets wrong.

feedgen builds the skeleton; then these classes, which are handed the finished elements last, write the rest. What
they repair: links of Atom entries
 lose every attribute but href; the RSS channel link is whichever came last; RSS has
no hub link, one author form and one enclosure; atom:source lacks id, updated and rights; xml:lang is on no entry;
dates are written by switching the process's locale. Rules for editors: every text passes through `values` or
`story_view`; a part that cannot be valid is left out.
"""

from __future__ import annotations

from datetime import datetime

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from aggregator.core.addresses import own_url, path_url, public_url
from aggregator.core.dates import dates
from aggregator.core.edition import Edition, Story, Tombstone
from aggregator.core.formats_table import ATOM, HTML, RSS, FormatInfo, page_first
from aggregator.formats import foreign_elements, story_view, values, xml_pieces
from aggregator.formats.xml_pieces import Element, add, add_line

NAME = "aggregator"
"""What both classes are registered as: `fe.aggregator`, `fg.aggregator`."""


class FeedExtension(BaseExtension):  # type: ignore[misc]
    """The head of an output. `edition` is set after registering."""

    edition: Edition

    def extend_ns(self) -> dict[str, str]:
        """feedgen: the namespaces to declare on the root element."""
        return dict(xml_pieces.ROOT_PREFIXES)

    def extend_rss(self, root: Element) -> Element:
        """feedgen: complete the `rss` element; returns it."""
        channel = root[0]
        for name in ("title", "description"):
            xml_pieces.respell(channel.find(name))
        add(channel, "lastBuildDate", dates.rfc822(head_updated(self.edition)))
        for attributes in head_links(self.edition, RSS):
            add(channel, f"{{{xml_pieces.ATOM}}}link", **attributes)
        explicit = _explicit(self.edition)
        if explicit is not None:
            add(channel, f"{{{xml_pieces.ITUNES}}}explicit", explicit)
        _history(channel, self.edition)
        return root

    def extend_atom(self, root: Element) -> Element:
        """feedgen: complete the `feed` element; returns it."""
        for name in ("title", "subtitle"):
            element = root.find(name)
            if element is not None:
                element.set("type", "text")
                xml_pieces.respell(element)
        root.find("updated").text = dates.rfc3339(head_updated(self.edition))
        for attributes in head_links(self.edition, ATOM):
            add(root, "link", **attributes)
        _history(root, self.edition)
        for tombstone in self.edition.deleted:
            _deleted(root, tombstone)
        return root


def _history(head: Element, edition: Edition) -> None:
    """What RFC 5005 says of the whole document; declared on the element, since most documents have neither."""
    if edition.archive is not None or edition.complete:
        name = "complete" if edition.archive is None else "archive"
        etree.SubElement(head, f"{{{xml_pieces.HISTORY}}}{name}", nsmap={"fh": xml_pieces.HISTORY})


def _deleted(root: Element, tombstone: Tombstone) -> None:
    """RFC 6721; the source is named since it is another feed than this one."""
    when = dates.rfc3339(values.instant(tombstone.when) or values.EARLIEST)
    element = etree.SubElement(root, f"{{{xml_pieces.TOMBSTONES}}}deleted-entry", nsmap={"at": xml_pieces.TOMBSTONES})
    element.set("ref", story_view.identifier(tombstone.story))
    element.set("when", when)
    _source_atom(element, tombstone.story)


def head_updated(edition: Edition) -> datetime:
    """The edition's `updated`; 1990 if that is earlier (rule D5)."""
    return values.instant(edition.updated) or values.EARLIEST


def head_links(edition: Edition, own: FormatInfo) -> list[dict[str, str | None]]:
    """self, then one alternate for each other format, then hubs or the way through the archive, in a fixed order.

    A document of the archive has no hub: nothing is ever added to it.
    """
    suffix, type_ = own.suffix, own.media_type
    links: list[dict[str, str | None]] = [{"href": own_url(edition, suffix), "rel": "self", "type": type_}]
    others = [info for info in page_first(edition.formats) if info != own]
    if edition.archive is not None:
        current = public_url(edition.site_url, edition.output, suffix)
        links.append({"href": current, "rel": "current", "type": type_})
        others = [info for info in others if info == HTML]
    for info in others:
        address = public_url(edition.site_url, edition.output, info.suffix)
        links.append({"href": address, "rel": "alternate", "type": info.media_type})
    if HTML not in others and (site := values.web_url(edition.site_url)):
        links.append({"href": site, "rel": "alternate", "type": HTML.media_type})
    for relation, path in (("prev-archive", edition.previous), ("next-archive", edition.following)):
        if path is not None:
            links.append({"href": path_url(edition.site_url, path + suffix), "rel": relation, "type": type_})
    hubs = () if edition.archive is not None else filter(None, map(values.web_url, edition.hubs))
    return links + [{"href": hub, "rel": "hub"} for hub in dict.fromkeys(hubs)]


def _explicit(edition: Edition) -> str | None:
    """What the channel of a feed with podcast items must say: explicit if any of them is; None without any."""
    said = [
        foreign_elements.explicit(story.stored.entry.foreign) for story in edition.stories if story.stored.entry.foreign
    ]
    known = [word for word in said if word is not None]
    return ("true" if any(known) else "false") if known else None


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """One item or entry. `story` is set after registering."""

    story: Story

    def extend_rss(self, item: Element) -> Element:
        """feedgen: complete an `item` element; returns it."""
        story = self.story
        for name in ("title", "source"):
            xml_pieces.respell(item.find(name))
        for category in item.findall("category"):
            xml_pieces.respell(category)
        _dublin_core(item, story)
        if published := story_view.published(story):
            add(item, "pubDate", dates.rfc822(published))
        add(item, f"{{{xml_pieces.ATOM}}}updated", dates.rfc3339(story_view.updated(story)))
        for attributes in _story_links(story):
            add(item, f"{{{xml_pieces.ATOM}}}link", **attributes)
        _discussion_rss(item, story)
        _shared(item, story)
        return item

    def extend_atom(self, entry: Element) -> Element:
        """feedgen: complete an `entry` element; returns it."""
        story = self.story
        if language := story_view.language(story):
            entry.set(f"{{{xml_pieces.XML}}}lang", language)
        for old in entry.findall("link"):
            entry.remove(old)
        for name in ("title", "rights"):
            element = entry.find(name)
            if element is not None:
                element.set("type", "text")
                xml_pieces.respell(element)
        for name in entry.findall("author/name"):
            xml_pieces.respell(name)
        entry.find("updated").text = dates.rfc3339(story_view.updated(story))
        if published := story_view.published(story):
            add(entry, "published", dates.rfc3339(published))
        _links_atom(entry, story)
        _source_atom(entry, story)
        _discussion_atom(entry, story)
        _shared(entry, story)
        return entry


def _dublin_core(item: Element, story: Story) -> None:
    for author in story_view.authors(story):
        add_line(item, f"{{{xml_pieces.DC}}}creator", author.name)
    if language := story_view.language(story):
        add(item, f"{{{xml_pieces.DC}}}language", language)
    if rights := story_view.rights(story):
        add_line(item, f"{{{xml_pieces.DC}}}rights", rights)
    source = story_view.source(story)
    if not (source.url or source.site_url):
        add_line(item, f"{{{xml_pieces.DC}}}source", source.title)


def _story_links(story: Story) -> list[dict[str, str | None]]:
    links: list[dict[str, str | None]] = [{"href": url, "rel": "related"} for url in story_view.related(story)]
    for origin in story_view.via(story):
        title = values.attribute_line(origin.title) or None
        links.append({"href": origin.url or origin.site_url, "rel": "via", "title": title})
    return links


def _links_atom(entry: Element, story: Story) -> None:
    if link := story_view.link(story):
        add(entry, "link", href=link, rel="alternate")
    for attributes in _story_links(story):
        add(entry, "link", **attributes)
    for file in story_view.files(story):
        length = None if file.length is None else str(file.length)
        title = values.attribute_line(file.title) or None
        add(entry, "link", href=file.url, rel="enclosure", type=file.type, length=length, title=title)


def _source_atom(entry: Element, story: Story) -> None:
    """atom:source in full (RFC 4287 4.2.11); it also names the author where the entry has none (rule M9)."""
    attribution = story_view.source(story)
    source = add(entry, "source")
    add(source, "id", attribution.id or values.uri(attribution.url or attribution.site_url or attribution.title))
    add_line(source, "title", attribution.title, type="text")
    add(source, "updated", dates.rfc3339(attribution.updated or story_view.updated(story)))
    if not story_view.authors(story):
        add_line(add(source, "author"), "name", values.person_name(attribution.title) or "unknown")
    if attribution.site_url:
        add(source, "link", href=attribution.site_url, rel="alternate")
    if attribution.url:
        add(source, "link", href=attribution.url, rel="self")
    if attribution.rights:
        add_line(source, "rights", attribution.rights, type="text")


def _discussion_rss(item: Element, story: Story) -> None:
    """The address itself is feedgen's `comments`."""
    discussion = story_view.discussion(story)
    if discussion.count is not None:
        add(item, f"{{{xml_pieces.SLASH}}}comments", str(discussion.count))
    if discussion.feed:
        add(item, f"{{{xml_pieces.WFW}}}commentRss", discussion.feed)


def _discussion_atom(entry: Element, story: Story) -> None:
    discussion = story_view.discussion(story)
    if discussion.url:
        replies = add(entry, "link", href=discussion.url, rel="replies", type="text/html")
        if discussion.count is not None:
            replies.set(f"{{{xml_pieces.THR}}}count", str(discussion.count))
    if discussion.count is not None:
        add(entry, f"{{{xml_pieces.THR}}}total", str(discussion.count))
    if discussion.feed:
        add(entry, f"{{{xml_pieces.WFW}}}commentRss", discussion.feed)


def _shared(element: Element, story: Story) -> None:
    """What RSS and Atom write alike: the reply, pictures and files of Media RSS, foreign elements."""
    reply = story.stored.entry.reply_to
    if reply and (ref := values.uri(reply.ref)):
        add(element, f"{{{xml_pieces.THR}}}in-reply-to", ref=ref, href=values.web_url(reply.href))
    if picture := story_view.picture(story):
        width, height = (str(size) if size else None for size in (picture.width, picture.height))
        add(element, f"{{{xml_pieces.MEDIA}}}thumbnail", url=picture.url, width=width, height=height)
    for file in story_view.files(story):
        _media_content(element, file)
    foreign_elements.write(element, story.stored.entry.foreign)


_MEDIUMS = {"audio": "audio", "video": "video", "image": "image", "application": "document", "text": "document"}


def _media_content(element: Element, file: story_view.File) -> None:
    content = add(
        element,
        f"{{{xml_pieces.MEDIA}}}content",
        url=file.url,
        type=file.type,
        medium=_MEDIUMS.get((file.type or "").partition("/")[0]),
        fileSize=str(file.length) if file.length else None,
        duration=None if file.duration is None else str(file.duration),
    )
    if file.title:
        add_line(content, f"{{{xml_pieces.MEDIA}}}title", file.title, type="plain")
