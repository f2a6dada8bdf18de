"""One RSS item or Atom entry, by the table of rule M14."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from itertools import islice

from aggregator.core.model import CATEGORY_SCHEME, ForeignElement
from aggregator.core.parse.parsed import (
    Candidate,
    Candidates,
    ParsedCategory,
    ParsedEntry,
    ParsedHead,
    ParsedLink,
    ParsedMedia,
    ParsedPerson,
    ParsedReply,
)
from aggregator.core.parse.xml.elements import MAX_FOREIGN, Children, Elements, candidates, is_foreign, rows
from aggregator.core.parse.xml.head import TITLES, HeadReader, licences, picture_links, rss_link
from aggregator.core.parse.xml.tree import Element, attribute, local_name, text_of, wrapper

_CONSUMED = frozenset(
    [
        "dc:title",
        "dc:creator",
        "dc:rights",
        "dc:date",
        "dc:language",
        "dc:subject",
        "dc:identifier",
        "dc:source",
        "dcterms:created",
        "dcterms:issued",
        "dcterms:modified",
        "dcterms:abstract",
        "itunes:author",
        "itunes:image",
        "itunes:summary",
        "itunes:subtitle",
        "itunes:keywords",
        "itunes:duration",
        "itunes:category",
        "media:content",
        "media:group",
        "media:thumbnail",
        "media:keywords",
        "media:category",
        "media:description",
        "media:title",
        "media:peerlink",
        "slash:comments",
        "thr:total",
        "thr:in-reply-to",
        "wfw:commentrss",
        "cc:license",
        "creativecommons:license",
        "googleplay:image",
    ]
)


def _media_text(one: Elements, node: Element, name: str) -> Candidate:
    return one.html(node, name) if "html" in (attribute(node, "type") or "").lower() else one.text(node, name)


_IDS = rows(("atom:id", Elements.text), ("guid", Elements.text))
_OTHER_IDS = rows(("id", Elements.text), ("dc:identifier", Elements.text))
_CONTENTS = rows(
    ("content:encoded", Elements.html),
    ("xhtml:body", Elements.html),
    ("xhtml:div", Elements.html),
    ("body", Elements.html),
    ("fullitem", Elements.html),
    ("description", Elements.html),
    ("dc:description", Elements.html),
    ("content", Elements.atom),
    ("media:description", _media_text),
    ("itunes:summary", Elements.html),
)
_SUMMARIES = rows(
    ("atom:summary", Elements.atom),
    ("description", Elements.html),
    ("summary", Elements.atom),
    ("dcterms:abstract", Elements.text),
    ("itunes:subtitle", Elements.loose),
)
_AUTHORS = ("dc:creator", "author", "itunes:author", "podcast:person", "dc:author")
_PUBLISHED = rows(
    ("atom:published", Elements.text),
    ("atom:issued", Elements.text),
    ("pubDate", Elements.text),
    ("dcterms:created", Elements.text),
    ("dcterms:issued", Elements.text),
    ("dc:date", Elements.text),
    ("published", Elements.text),
    ("issued", Elements.text),
    ("atom:created", Elements.text),
    ("date", Elements.text),
)
_UPDATED = rows(
    ("atom:updated", Elements.text),
    ("atom:modified", Elements.text),
    ("dcterms:modified", Elements.text),
    ("updated", Elements.text),
    ("modified", Elements.text),
)
_FILE_KEYS = frozenset({"enclosure", "media:content", "media:peerlink"})
_PICTURE_KEYS = frozenset({"enclosure", "media:content", "itunes:image", "itunes:link", "googleplay:image", "image"})
_NO_LANGUAGE = Candidate(value="", element="xml:lang")
_LANGUAGES = rows(("dc:language", Elements.text), ("language", Elements.text))
_RIGHTS = rows(
    ("atom:rights", Elements.atom),
    ("atom:copyright", Elements.atom),
    ("dc:rights", Elements.loose),
    ("copyright", Elements.loose),
)
_COMMENT_COUNTS = rows(("slash:comments", Elements.text), ("thr:total", Elements.text))


class ItemReader:
    """Reads entries of one tree."""

    def __init__(self, elements: Elements) -> None:
        self.elements = elements

    def read(self, node: Element) -> ParsedEntry:
        """Read one `item` or `entry` element. No input raises."""
        tree = self.elements.tree
        kids = tree.children(node)
        self._open_groups(kids)
        atom_links = [self.elements.link(link, "atom:link") for link in kids.get("atom:link", ())]
        files = self._atom_enclosures(kids, atom_links)
        replies = [link for link in atom_links if link.rel == "replies"]
        return ParsedEntry(
            ids=self._ids(node, kids),
            guid_is_link=_guid_is_link(kids),
            links=self._links(kids, atom_links),
            related=self._related(kids, atom_links),
            titles=candidates(self.elements, kids, TITLES),
            contents=self._contents(kids),
            summaries=candidates(self.elements, kids, _SUMMARIES),
            authors=self._authors(kids),
            published=candidates(self.elements, kids, _PUBLISHED),
            updated=candidates(self.elements, kids, _UPDATED),
            languages=self._languages(node, kids),
            rights=self._rights(kids),
            categories=tuple(self._categories(node)),
            thumbnails=self._media(kids, "media:thumbnail", "url"),
            images=self._images(kids, files),
            enclosures=self._enclosures(kids, files),
            comment_urls=self._comment_urls(kids, replies),
            comment_feeds=self._comment_feeds(kids, replies),
            comment_counts=self._comment_counts(kids, replies),
            reply_to=self._reply_to(kids),
            source=self._source(kids),
            foreign=self._foreign(node, kids),
            base=tree.base(node),
        )

    def _foreign(self, node: Element, kids: Children) -> tuple[ForeignElement, ...]:
        if not any(is_foreign(key, _CONSUMED) or key == "media:content" for key in kids):
            return ()
        return tuple(dict.fromkeys(islice(self.elements.foreign(node, _CONSUMED), MAX_FOREIGN)))

    def _open_groups(self, kids: Children) -> None:
        """Adds what is inside media:group and media:content to the entry's own media elements."""
        tree = self.elements.tree
        for group in kids.get("media:group", ()):
            for key, nodes in tree.children(group).items():
                kids.setdefault(key, []).extend(nodes)
        for content in list(kids.get("media:content", ())):
            for key, nodes in tree.children(content).items():
                if key in ("media:thumbnail", "media:description", "media:keywords", "media:category"):
                    kids.setdefault(key, []).extend(nodes)

    def _ids(self, node: Element, kids: Children) -> Candidates:
        one = self.elements
        about = one.attribute(node, "rdf:about", "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about")
        return (
            *candidates(one, kids, _IDS),
            *((about,) if about.value else ()),
            *candidates(one, kids, _OTHER_IDS),
        )

    def _links(self, kids: Children, atom_links: list[ParsedLink]) -> tuple[ParsedLink, ...]:
        one = self.elements
        original = (one.text_link(node, "feedburner:origLink") for node in kids.get("feedburner:origlink", ()))
        alternates = [link for link in atom_links if link.rel == "alternate"]
        plain = [rss_link(one, node) for node in kids.get("link", ())]
        return (*original, *_best_first(alternates), *(link for link in plain if link.rel == "alternate"))

    def _related(self, kids: Children, atom_links: list[ParsedLink]) -> tuple[ParsedLink, ...]:
        one = self.elements
        sources = [one.attribute_link(node, "atom:content", "src") for node in kids.get("atom:content", ())]
        notes = [one.text_link(node, "annotate:reference") for node in kids.get("annotate:reference", ())]
        links = (link for link in atom_links if link.rel in ("related", "via"))
        return (*links, *(link for link in sources if link.href), *notes)

    def _contents(self, kids: Children) -> Candidates:
        one = self.elements
        inline = [node for node in kids.get("atom:content", ()) if not attribute(node, "src")]
        return (
            *(one.atom(node, "atom:content") for node in inline),
            *candidates(one, kids, _CONTENTS),
        )

    def _authors(self, kids: Children) -> tuple[tuple[ParsedPerson, ...], ...]:
        one = self.elements
        persons = [one.person(node, "atom:author") for node in kids.get("atom:author", ())]
        groups = [tuple(one.line(node, name) for node in kids[name]) for name in _AUTHORS if name in kids]
        return (tuple(persons), *groups) if persons else tuple(groups)

    def _languages(self, node: Element, kids: Children) -> Candidates:
        tree = self.elements.tree
        if not tree.has_languages:
            return (_NO_LANGUAGE, *candidates(self.elements, kids, _LANGUAGES), _NO_LANGUAGE)
        parts = [part for key in _LANGUAGE_PARTS for part in kids.get(key, ())]
        languages = [tree.language(part if (div := wrapper(part)) is None else div, until=node) for part in parts]
        return (
            Candidate(value=str(tree.language(node, until=node.getparent()) or ""), element="xml:lang"),
            *candidates(self.elements, kids, _LANGUAGES),
            *(Candidate(value=language, element="xml:lang") for language in languages if language),
            Candidate(value=tree.language(node) or "", element="xml:lang"),
        )

    def _rights(self, kids: Children) -> Candidates:
        one = self.elements
        return (
            *candidates(one, kids, _RIGHTS),
            *licences(one, kids),
        )

    def _media(self, kids: Children, name: str, *attributes: str) -> tuple[ParsedMedia, ...]:
        nodes = kids.get(name.lower())
        return tuple([self.elements.media(node, name, *attributes) for node in nodes]) if nodes else ()

    def _images(self, kids: Children, files: tuple[ParsedMedia, ...]) -> tuple[ParsedMedia, ...]:
        if not files and _PICTURE_KEYS.isdisjoint(kids):
            return ()
        one = self.elements
        contents = self._media(kids, "media:content", "url")
        enclosures = (*files, *self._media(kids, "enclosure", "url", "href"))
        inside = [url for node in kids.get("image", ()) for url in one.tree.children(node).get("url", ())]
        plain = [ParsedMedia(url=text_of(url), element="image/url", base=one.tree.base(url)) for url in inside]
        return (
            *(item for item in contents if item.medium == "image" or _is_image(item)),
            *self._media(kids, "itunes:image", "href", "url"),
            *(one.media(node, "itunes:link", "href") for node in picture_links(kids)),
            *self._media(kids, "googleplay:image", "href", "url"),
            *(item for item in enclosures if _is_image(item)),
            *plain,
        )

    def _atom_enclosures(self, kids: Children, atom_links: list[ParsedLink]) -> tuple[ParsedMedia, ...]:
        one = self.elements
        links = zip(kids.get("atom:link", ()), atom_links, strict=True)
        nodes = [node for node, link in links if link.rel == "enclosure"]
        nodes += [node for node in kids.get("link", ()) if (attribute(node, "rel") or "").lower() == "enclosure"]
        files = (one.media(node, "atom:link", "href") for node in nodes)
        return tuple(
            file if file.url else replace(file, url=text_of(node).strip())
            for file, node in zip(files, nodes, strict=True)
        )

    def _enclosures(self, kids: Children, files: tuple[ParsedMedia, ...]) -> tuple[ParsedMedia, ...]:
        if not files and _FILE_KEYS.isdisjoint(kids):
            return ()
        found = (
            *files,
            *self._media(kids, "enclosure", "url", "href"),
            *self._media(kids, "media:content", "url"),
            *self._media(kids, "media:peerLink", "href"),
        )
        lengths = [text_of(node).strip() for node in kids.get("itunes:duration", ())]
        timed = (_with_duration(item, lengths[0]) if lengths else item for item in found)
        return tuple(_without_proxy(kids, timed))

    def _comment_urls(self, kids: Children, replies: list[ParsedLink]) -> tuple[ParsedLink, ...]:
        one = self.elements
        pages = (link for link in replies if link.type in (None, *_HTML_TYPES))
        return (*(one.text_link(node, "comments") for node in kids.get("comments", ())), *pages)

    def _comment_feeds(self, kids: Children, replies: list[ParsedLink]) -> tuple[ParsedLink, ...]:
        one = self.elements
        feeds = (link for link in replies if link.type and "xml" in link.type and "xhtml" not in link.type)
        return (*(one.text_link(node, "wfw:commentRss") for node in kids.get("wfw:commentrss", ())), *feeds)

    def _comment_counts(self, kids: Children, replies: list[ParsedLink]) -> Candidates:
        counts = (Candidate(value=link.count, element="thr:count") for link in replies if link.count)
        return (*candidates(self.elements, kids, _COMMENT_COUNTS), *counts)

    def _reply_to(self, kids: Children) -> ParsedReply | None:
        for node in kids.get("thr:in-reply-to", ()):
            ref = attribute(node, "ref", "href")
            if ref:
                return ParsedReply(ref=ref, href=attribute(node, "href"), base=self.elements.tree.base(node))
        return None

    def _source(self, kids: Children) -> ParsedHead | None:
        one = self.elements
        for node in kids.get("atom:source", ()):
            return HeadReader(one).read(node, node)
        for node in kids.get("source", ()):
            link = one.attribute_link(node, "source", "url", rel="self")
            return ParsedHead(titles=(one.loose(node, "source"),), links=(link,) if link.href else ())
        for node in kids.get("dc:source", ()):
            text = text_of(node).strip()
            if text.startswith(("http://", "https://")):
                return ParsedHead(links=(ParsedLink(href=text, element="dc:source"),))
            return ParsedHead(titles=(one.text(node, "dc:source"),)) if text else None
        return None

    def _categories(self, node: Element) -> Iterator[ParsedCategory]:
        tree = self.elements.tree
        queue = [child for child in node if isinstance(child.tag, str)]
        for child in queue:
            key = tree.key(child)
            if key in ("media:group", "media:content"):
                queue.extend(inner for inner in child if isinstance(inner.tag, str))
            elif read := _CATEGORY_READERS.get(key):
                yield from read(child)


_LANGUAGE_PARTS = (
    "atom:content",
    "content:encoded",
    "xhtml:body",
    "xhtml:div",
    "body",
    "fullitem",
    "description",
    "atom:summary",
    "atom:title",
    "title",
)
_HTML_TYPES = ("text/html", "application/xhtml+xml")


def _best_first(links: list[ParsedLink]) -> list[ParsedLink]:
    return sorted(links, key=lambda link: 0 if link.type in _HTML_TYPES else 1 if link.type is None else 2)


def _guid_is_link(kids: Children) -> bool:
    for node in kids.get("guid", ()):
        declared = attribute(node, "isPermaLink")
        return declared is None or declared.lower() == "true"
    return False


def _is_image(item: ParsedMedia) -> bool:
    return (item.type or "").startswith("image/")


def _with_duration(item: ParsedMedia, duration: str) -> ParsedMedia:
    """itunes:duration belongs to the file that is played."""
    if item.duration or not (item.type or "audio/").startswith(("audio/", "video/")):
        return item
    return replace(item, duration=duration)


def _without_proxy(kids: Children, items: Iterator[ParsedMedia]) -> Iterator[ParsedMedia]:
    """Without FeedBurner's counting address of a file, where feedburner:origEnclosureLink names the file itself."""
    name = "feedburner:origEnclosureLink"
    originals = [text_of(node).strip() for node in kids.get(name.lower(), ())]
    counted = attribute(kids["enclosure"][0], "url") if originals and originals[0] and "enclosure" in kids else None
    for item in items:
        yield replace(item, url=originals[0], element=name) if counted and item.url == counted else item


def _rss_category(node: Element) -> Iterator[ParsedCategory]:
    """Text; a `/` builds a path only under a domain, where RSS 2.0 says it does (rule K2)."""
    text = (node.text or "").strip() if len(node) else text_of(node).strip()
    text = text or text_of(node).strip()
    domain = attribute(node, "domain", "scheme")
    if not text:
        yield from _atom_category(node)
        return
    if domain == CATEGORY_SCHEME:
        yield ParsedCategory(path=_written_by_us(text), element="category")
        return
    path = tuple(part for part in text.split("/") if part.strip()) if domain and _is_path(text) else ()
    yield ParsedCategory(path=path or (text,), element="category", scheme=domain)


def _is_path(text: str) -> bool:
    """Whether a `/` parts names: it does not in an address, nor in markup however often that was escaped."""
    return "://" not in text and "<" not in unescape(text)


def _atom_category(node: Element) -> Iterator[ParsedCategory]:
    term, label = attribute(node, "term"), attribute(node, "label")
    name = label or term or text_of(node).strip()
    if name:
        scheme = attribute(node, "scheme")
        if scheme == CATEGORY_SCHEME and term:
            yield ParsedCategory(path=_written_by_us(term), element="atom:category")
            return
        yield ParsedCategory(path=(name,), element="atom:category", scheme=scheme, term=term if term != name else None)


def _written_by_us(text: str) -> tuple[str, ...]:
    """The path that an output of this program wrote, with a slash within a name as %2F (rules K5 and M6)."""
    names = (name.strip() for name in text.split("/"))
    return tuple(name.replace("%2F", "/").replace("%252F", "%2F") for name in names if name) or (text,)


def _subject(node: Element) -> Iterator[ParsedCategory]:
    for part in text_of(node).split(";"):
        yield ParsedCategory(path=(part,), element="dc:subject")


def _itunes_category(node: Element) -> Iterator[ParsedCategory]:
    name = attribute(node, "text") or (node.text or "").strip()
    inner = [child for child in node if isinstance(child.tag, str) and local_name(child).lower() == "category"]
    if not name:
        return
    if not inner:
        yield ParsedCategory(path=(name,), element="itunes:category")
    for child in inner:
        below = attribute(child, "text") or (child.text or "").strip()
        yield ParsedCategory(path=(name, below) if below else (name,), element="itunes:category")


def _media_category(node: Element) -> Iterator[ParsedCategory]:
    term, label = text_of(node).strip(), attribute(node, "label")
    if label or term:
        scheme = attribute(node, "scheme")
        shown = label or term
        yield ParsedCategory(
            path=(shown,), element="media:category", scheme=scheme, term=term if term and term != shown else None
        )


def _keywords(name: str) -> Callable[[Element], Iterator[ParsedCategory]]:
    def read(node: Element) -> Iterator[ParsedCategory]:
        for part in text_of(node).split(","):
            yield ParsedCategory(path=(part,), element=name)

    return read


_CATEGORY_READERS: dict[str, Callable[[Element], Iterator[ParsedCategory]]] = {
    "atom:category": _atom_category,
    "category": _rss_category,
    "dc:subject": _subject,
    "itunes:category": _itunes_category,
    "media:category": _media_category,
    "media:keywords": _keywords("media:keywords"),
    "itunes:keywords": _keywords("itunes:keywords"),
    "tags": _keywords("tags"),
}
