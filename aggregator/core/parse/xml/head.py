"""What a channel, an Atom feed or an atom:source says about itself (rule M13)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from aggregator.core.parse.parsed import Candidate, Candidates, ParsedHead, ParsedLink, ParsedPerson
from aggregator.core.parse.xml.elements import MAX_FOREIGN, Children, Elements, candidates, rows
from aggregator.core.parse.xml.tree import Element, attribute

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

TITLES = rows(("atom:title", Elements.atom), ("title", Elements.loose), ("dc:title", Elements.loose))
_IDS = rows(("atom:id", Elements.text), ("podcast:guid", Elements.text))
_DESCRIPTIONS = rows(
    ("atom:subtitle", Elements.atom),
    ("atom:tagline", Elements.atom),
    ("description", Elements.html),
    ("itunes:summary", Elements.html),
    ("itunes:subtitle", Elements.html),
)
_UPDATED = rows(
    ("atom:updated", Elements.text),
    ("atom:modified", Elements.text),
    ("lastBuildDate", Elements.text),
    ("pubDate", Elements.text),
    ("dcterms:modified", Elements.text),
    ("dc:date", Elements.text),
)
_LANGUAGES = rows(("language", Elements.text), ("dc:language", Elements.text))
_RIGHTS = rows(
    ("atom:rights", Elements.atom),
    ("atom:copyright", Elements.atom),
    ("copyright", Elements.loose),
    ("dc:rights", Elements.loose),
)
_GENERATORS = rows(("atom:generator", Elements.text), ("generator", Elements.text))
_TTLS = rows(("ttl", Elements.text))
_PERIODS = rows(("sy:updatePeriod", Elements.text))
_FREQUENCIES = rows(("sy:updateFrequency", Elements.text))
_NEW_URLS = rows(("itunes:new-feed-url", Elements.text))
_LICENCE_KEYS = frozenset({"atom:link", "cc:license", "creativecommons:license"})
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
            titles=candidates(one, kids, TITLES),
            descriptions=candidates(one, kids, _DESCRIPTIONS),
            languages=self._languages(node, kids),
            rights=self._rights(kids),
            updated=candidates(one, kids, _UPDATED),
            generators=self._generators(kids),
            links=self._links(kids),
            authors=self._authors(kids),
            images=self._images(kids),
            icons=tuple(one.text_link(node, "atom:icon") for node in kids.get("atom:icon", ())),
            ttls=candidates(one, kids, _TTLS),
            skip_hours=self._skipped(kids, "skipHours", "hour"),
            skip_days=self._skipped(kids, "skipDays", "day"),
            update_periods=self._periods(kids),
            update_frequencies=candidates(one, kids, _FREQUENCIES),
            complete="fh:complete" in kids or self._says_yes(kids, "itunes:complete"),
            whole="fh:complete" in kids,
            archive="fh:archive" in kids,
            new_urls=candidates(one, kids, _NEW_URLS),
            foreign=tuple(islice(one.foreign(nodes, _CONSUMED), MAX_FOREIGN)),
        )

    def _ids(self, node: Element, kids: Children) -> Candidates:
        about = self.elements.attribute(node, "rdf:about", "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about")
        return (
            *candidates(self.elements, kids, _IDS),
            *((about,) if about.value else ()),
        )

    def _languages(self, node: Element, kids: Children) -> Candidates:
        tree = self.elements.tree
        languages = [tree.language(part, until=node) for key in _LANGUAGE_PARTS for part in kids.get(key, ())]
        return (
            Candidate(value=tree.language(node) or "", element="xml:lang"),
            *candidates(self.elements, kids, _LANGUAGES),
            *(Candidate(value=language, element="xml:lang") for language in languages if language),
        )

    def _rights(self, kids: Children) -> Candidates:
        one = self.elements
        return (
            *candidates(one, kids, _RIGHTS),
            *licences(one, kids),
        )

    def _generators(self, kids: Children) -> Candidates:
        one = self.elements
        agents = (
            one.attribute(node, "admin:generatorAgent", "resource") for node in kids.get("admin:generatoragent", ())
        )
        return (*candidates(one, kids, _GENERATORS), *agents)

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
            *candidates(one, kids, _PERIODS),
            *(one.attribute(rule, "podcast:updateFrequency", "rrule") for rule in rules),
        )

    @staticmethod
    def _says_yes(kids: Children, name: str) -> bool:
        return any((node.text or "").strip().lower() == "yes" for node in kids.get(name, ()))


def licences(one: Elements, kids: Children) -> Candidates:
    """Licences of a feed or an entry, by whatever element names them."""
    if _LICENCE_KEYS.isdisjoint(kids):
        return ()
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
