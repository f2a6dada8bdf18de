"""What a channel, an Atom feed or an atom:source says about itself (rule M13)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from aggregator.core.parse.parsed import Candidate, Candidates, ParsedHead, ParsedLink, ParsedPerson
from aggregator.core.parse.xml.elements import MAX_FOREIGN, Elements
from aggregator.core.parse.xml.tree import Element, attribute

Children = dict[str, list[Element]]
Reading = Callable[[Element, str], Candidate]

_CONSUMED = frozenset(
    [
        "dc:title",
        "dc:rights",
        "dc:creator",
        "dc:language",
        "dc:date",
        "dcterms:modified",
        "itunes:summary",
        "itunes:author",
        "itunes:image",
        "itunes:complete",
        "itunes:new-feed-url",
        "podcast:guid",
        "cc:license",
        "creativecommons:license",
        "googleplay:image",
    ]
)

_LANGUAGE_PARTS = ("atom:title", "title", "atom:subtitle", "atom:tagline", "description")


class HeadReader:
    """Reads one head from its child elements."""

    def __init__(self, elements: Elements) -> None:
        self.elements = elements

    def read(self, node: Element, children: Iterable[Element]) -> ParsedHead:
        """`children` are the elements of the head, those of items left out; `node` carries rdf:about and xml:lang."""
        nodes = [child for child in children if isinstance(child.tag, str)]
        kids: Children = {}
        for child in nodes:
            kids.setdefault(self.elements.tree.key(child), []).append(child)
        one = self.elements
        return ParsedHead(
            ids=self._ids(node, kids),
            titles=self._all(kids, ("atom:title", one.atom), ("title", one.loose), ("dc:title", one.loose)),
            descriptions=self._all(
                kids,
                ("atom:subtitle", one.atom),
                ("atom:tagline", one.atom),
                ("description", one.html),
                ("itunes:summary", one.html),
                ("itunes:subtitle", one.html),
            ),
            languages=self._languages(node, kids),
            rights=self._rights(kids),
            updated=self._all(
                kids,
                *((n, one.text) for n in ("atom:updated", "atom:modified", "lastBuildDate", "pubDate")),
                *((n, one.text) for n in ("dcterms:modified", "dc:date")),
            ),
            generators=self._generators(kids),
            links=self._links(kids),
            authors=self._authors(kids),
            images=self._images(kids),
            icons=tuple(one.text_link(node, "atom:icon") for node in kids.get("atom:icon", ())),
            ttls=self._all(kids, ("ttl", one.text)),
            skip_hours=self._skipped(kids, "skipHours", "hour"),
            skip_days=self._skipped(kids, "skipDays", "day"),
            update_periods=self._periods(kids),
            update_frequencies=self._all(kids, ("sy:updateFrequency", one.text)),
            complete="fh:complete" in kids or self._says_yes(kids, "itunes:complete"),
            whole="fh:complete" in kids,
            archive="fh:archive" in kids,
            new_urls=self._all(kids, ("itunes:new-feed-url", one.text)),
            foreign=tuple(islice(one.foreign(nodes, _CONSUMED), MAX_FOREIGN)),
        )

    @staticmethod
    def _all(kids: Children, *names: tuple[str, Reading]) -> Candidates:
        return tuple(read(node, name) for name, read in names for node in kids.get(name.lower(), ()))

    def _ids(self, node: Element, kids: Children) -> Candidates:
        about = self.elements.attribute(node, "rdf:about", "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about")
        return (
            *self._all(kids, ("atom:id", self.elements.text), ("podcast:guid", self.elements.text)),
            *((about,) if about.value else ()),
        )

    def _languages(self, node: Element, kids: Children) -> Candidates:
        tree = self.elements.tree
        spoken = [tree.language(part, until=node) for key in _LANGUAGE_PARTS for part in kids.get(key, ())]
        return (
            Candidate(value=tree.language(node) or "", element="xml:lang"),
            *self._all(kids, ("language", self.elements.text), ("dc:language", self.elements.text)),
            *(Candidate(value=language, element="xml:lang") for language in spoken if language),
        )

    def _rights(self, kids: Children) -> Candidates:
        one = self.elements
        return (
            *self._all(kids, ("atom:rights", one.atom), ("atom:copyright", one.atom), ("copyright", one.loose)),
            *self._all(kids, ("dc:rights", one.loose)),
            *licences(one, kids),
        )

    def _generators(self, kids: Children) -> Candidates:
        one = self.elements
        agents = (
            one.attribute(node, "admin:generatorAgent", "resource") for node in kids.get("admin:generatoragent", ())
        )
        return (*self._all(kids, ("atom:generator", one.text), ("generator", one.text)), *agents)

    def _links(self, kids: Children) -> tuple[ParsedLink, ...]:
        return (
            *(self.elements.link(node, "atom:link") for node in kids.get("atom:link", ())),
            *(rss_link(self.elements, node) for node in kids.get("link", ())),
        )

    def _authors(self, kids: Children) -> tuple[tuple[ParsedPerson, ...], ...]:
        one = self.elements
        names = ("itunes:author", "dc:creator", "managingEditor", "author", "googleplay:author", "dc:author")
        groups = [tuple(one.person(node, "atom:author") for node in kids.get("atom:author", ()))]
        groups += [tuple(one.line(node, name) for node in kids.get(name.lower(), ())) for name in names]
        return tuple(group for group in groups if group)

    def _images(self, kids: Children) -> tuple[ParsedLink, ...]:
        one = self.elements
        images = [one.text_link(node, "atom:logo") for node in kids.get("atom:logo", ())]
        for image in kids.get("image", ()):
            inner = one.tree.children(image)
            images += [one.text_link(url, "image/url") for url in inner.get("url", ())]
        for name in ("itunes:image", "googleplay:image"):
            images += [one.attribute_link(node, name, "href", "url") for node in kids.get(name, ())]
        images += [one.attribute_link(node, "itunes:link", "href") for node in picture_links(kids)]
        for image in kids.get("image", ()):
            images.append(one.attribute_link(image, "image", "url", "href", "resource"))
        for name in ("media:thumbnail", "media:content"):
            nodes = [node for node in kids.get(name, ()) if (attribute(node, "type") or "image").startswith("image")]
            images += [one.attribute_link(node, name, "url") for node in nodes]
        return tuple(images)

    def _skipped(self, kids: Children, name: str, part: str) -> Candidates:
        one = self.elements
        parts = [inner for node in kids.get(name.lower(), ()) for inner in one.tree.children(node).get(part, ())]
        return tuple(one.text(inner, name) for inner in parts[:50])

    def _periods(self, kids: Children) -> Candidates:
        one = self.elements
        rules = kids.get("podcast:updatefrequency", ())
        return (
            *self._all(kids, ("sy:updatePeriod", one.text)),
            *(one.attribute(rule, "podcast:updateFrequency", "rrule") for rule in rules),
        )

    @staticmethod
    def _says_yes(kids: Children, name: str) -> bool:
        return any((node.text or "").strip().lower() == "yes" for node in kids.get(name, ()))


def licences(one: Elements, kids: Children) -> Candidates:
    """Licences of a feed or an entry, by whatever element names them."""
    links = [link for link in kids.get("atom:link", ()) if (attribute(link, "rel") or "").lower() == "license"]
    return (
        *(one.attribute(node, "cc:license", "resource", "href") for node in kids.get("cc:license", ())),
        *(one.text(node, "creativeCommons:license") for node in kids.get("creativecommons:license", ())),
        *(one.attribute(link, "atom:link", "href") for link in links),
    )


def picture_links(kids: Children) -> list[Element]:
    """`<itunes:link rel="image">`, the picture of a podcast before there was itunes:image."""
    return [node for node in kids.get("itunes:link", ()) if (attribute(node, "rel") or "").lower() == "image"]


def rss_link(one: Elements, node: Element) -> ParsedLink:
    """An un-namespaced link: an address as text, or an Atom link that lost its namespace."""
    if not (node.text or "").strip() and attribute(node, "href"):
        return one.link(node, "link")
    return one.text_link(node, "link")
