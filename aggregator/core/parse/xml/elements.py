"""Single elements to single candidates: text, loose text, HTML, Atom's text constructs, foreign elements."""

from __future__ import annotations

import base64
import binascii
import html
from collections.abc import Callable, Iterable, Iterator

from aggregator.core.model import ForeignElement
from aggregator.core.parse.parsed import Candidate, Candidates, Markup, ParsedLink, ParsedMedia, ParsedPerson
from aggregator.core.parse.xml.namespaces import KNOWN_FOREIGN, NAMESPACES
from aggregator.core.parse.xml.tree import Element, Tree, attribute, inner_html, local_name, text_of

MAX_FOREIGN = 100
_MAX_FOREIGN_DEPTH = 6
_MAX_FOREIGN_TEXT = 4_000

_GROUPS = frozenset({"media:group", "media:content"})
_HTML_TYPES = frozenset({"html", "text/html", "text/x-html"})
_XHTML_TYPES = frozenset({"xhtml", "application/xhtml+xml", "text/xhtml"})
_RELATIONS = ("http://www.iana.org/assignments/relation/", "http://www.iana.org/assignments/link-relations/")


class Elements:
    """Reads candidates from the elements of one tree; `name` is how the table calls the element."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def text(self, element: Element, name: str) -> Candidate:
        """All text inside the element, as plain text."""
        return Candidate(value=text_of(element), element=name, base=self.tree.base(element))

    def attribute(self, element: Element, name: str, *attributes: str) -> Candidate:
        """The first of these attributes that is not blank, as plain text; "" if none is."""
        return Candidate(value=attribute(element, *attributes) or "", element=name, base=self.tree.base(element))

    def loose(self, element: Element, name: str) -> Candidate:
        """Text that may carry markup; child elements make it HTML."""
        base = self.tree.base(element)
        if _has_children(element):
            return Candidate(value=inner_html(element, base), element=name, markup=Markup.HTML, base=base)
        return Candidate(value=element.text or "", element=name, markup=Markup.LOOSE, base=base)

    def html(self, element: Element, name: str) -> Candidate:
        """HTML that is escaped in the element or written as child elements."""
        base = self.tree.base(element)
        value = inner_html(element, base) if _has_children(element) else element.text or ""
        return Candidate(value=value, element=name, markup=Markup.HTML, base=base)

    def atom(self, element: Element, name: str) -> Candidate:
        """An Atom text construct or inline content of any version (rule M12)."""
        base = self.tree.base(element)
        value, markup = _atom_value(element, base, is_content=name.endswith("content"))
        return Candidate(value=value, element=name, markup=markup, base=base)

    def link(self, element: Element, name: str) -> ParsedLink:
        """An atom:link, or what looks like one in another namespace."""
        relation = (attribute(element, "rel") or "alternate").lower()
        for prefix in _RELATIONS:
            relation = relation.removeprefix(prefix)
        return ParsedLink(
            href=attribute(element, "href", "url") or text_of(element).strip(),
            element=name,
            rel=relation,
            type=_lower(attribute(element, "type")),
            language=attribute(element, "hreflang"),
            title=attribute(element, "title"),
            length=attribute(element, "length"),
            count=attribute(element, "count"),
            base=self.tree.base(element),
        )

    def text_link(self, element: Element, name: str, *, rel: str = "alternate") -> ParsedLink:
        """An address as text; as an attribute where there is no text."""
        href = text_of(element).strip() or attribute(element, "href", "url", "resource") or ""
        return ParsedLink(href=href, element=name, rel=rel, base=self.tree.base(element))

    def attribute_link(self, element: Element, name: str, *attributes: str, rel: str = "alternate") -> ParsedLink:
        """The address in the first of these attributes that is not blank."""
        href = attribute(element, *attributes) or ""
        return ParsedLink(href=href, element=name, rel=rel, base=self.tree.base(element))

    def media(self, element: Element, name: str, *attributes: str) -> ParsedMedia:
        """A file named by one of `attributes`, with the sizes and types that any dialect writes with it."""
        children = self.tree.children(element) if len(element) else {}
        title = next((text_of(child).strip() for child in children.get("media:title", ())), None)
        return ParsedMedia(
            url=attribute(element, *(attributes or ("url", "href"))) or "",
            element=name,
            type=_lower(attribute(element, "type")),
            medium=_lower(attribute(element, "medium")),
            length=attribute(element, "length", "fileSize"),
            duration=attribute(element, "duration"),
            title=title or attribute(element, "title"),
            width=attribute(element, "width"),
            height=attribute(element, "height"),
            base=self.tree.base(element),
        )

    def person(self, element: Element, name: str) -> ParsedPerson:
        """An Atom person construct; text alone is one line for `parse_person`."""
        children = self.tree.children(element)
        parts = {
            part: next((text_of(child).strip() for key in keys for child in children.get(key, ())), None)
            for part, keys in _PERSON_PARTS.items()
        }
        if not any(parts.values()):
            return ParsedPerson(element=name, line=text_of(element))
        return ParsedPerson(element=name, **parts, base=self.tree.base(element))

    def line(self, element: Element, name: str) -> ParsedPerson:
        """An author in one line, or taken apart where the feed put an Atom person into an RSS element."""
        if _has_children(element):
            return self.person(element, name)
        page = attribute(element, "href")
        if page is None:
            return ParsedPerson(element=name, line=element.text)
        return ParsedPerson(element=name, name=element.text, uri=page, base=self.tree.base(element))

    def foreign(self, elements: Iterable[Element], consumed: frozenset[str]) -> Iterator[ForeignElement]:
        """The known foreign elements among these that no field of the model holds (rule M4).

        Media RSS allows its elements at any level: what a `consumed` group of files says stands for all of them.
        """
        for element in elements:
            key = self.tree.key(element) if isinstance(element.tag, str) else ""
            if key in _GROUPS and key in consumed:
                yield from self.foreign(element, consumed)
            elif is_foreign(key, consumed):
                yield self._foreign(element, 0)

    def _foreign(self, element: Element, depth: int) -> ForeignElement:
        children = [child for child in element if isinstance(child.tag, str)][:MAX_FOREIGN]
        text = (element.text or "").strip()[:_MAX_FOREIGN_TEXT] or None
        return ForeignElement(
            namespace=NAMESPACES.get(self.tree.key(element).partition(":")[0], ""),
            name=local_name(element),
            attributes=tuple((str(key).rpartition("}")[2], str(value)) for key, value in element.attrib.items()),
            text=text,
            children=tuple(self._foreign(c, depth + 1) for c in children) if depth < _MAX_FOREIGN_DEPTH else (),
        )


def is_foreign(key: str, consumed: frozenset[str]) -> bool:
    """Whether elements of this key are kept as they are: of a known namespace, and of no field of the model."""
    return key not in consumed and key.partition(":")[0] in KNOWN_FOREIGN and ":" in key


Children = dict[str, list[Element]]
"""The children of an element by our names for them, each list in document order."""
Reading = Callable[[Elements, Element, str], Candidate]
Rows = tuple[tuple[str, str, Reading], ...]
"""Key, name and reading of each element that can fill a field, the preferred first."""


def rows(*named: tuple[str, Reading]) -> Rows:
    """Elements by name, and how each is read."""
    return tuple((name.lower(), name, reading) for name, reading in named)


def candidates(one: Elements, kids: Children, wanted: Rows) -> Candidates:
    """All that the children offer for a field, in the order of the rows."""
    return tuple([read(one, node, name) for key, name, read in wanted if key in kids for node in kids[key]])


_PERSON_PARTS = {
    "name": ("atom:name", "name", "itunes:name"),
    "email": ("atom:email", "email", "itunes:email"),
    "uri": ("atom:uri", "atom:url", "uri", "url", "atom:homepage"),
}


def _has_children(element: Element) -> bool:
    return len(element) > 0


def _lower(value: str | None) -> str | None:
    return value.lower() if value else None


def _atom_value(element: Element, base: str | None, *, is_content: bool) -> tuple[str, Markup]:
    kind = (attribute(element, "type") or "").lower().partition(";")[0].strip()
    mode = (element.get("mode") or "").lower()
    if mode == "base64" or _is_base64_type(kind):
        return _decoded(element, kind, is_content=is_content)
    if _has_children(element):
        return inner_html(element, base, raw=kind in _HTML_TYPES), Markup.HTML
    text = element.text or ""
    if kind in _XHTML_TYPES and mode != "escaped":
        # XHTML without any element is its text; a feed that escaped its markup all the same meant markup.
        return (text, Markup.HTML) if "</" in text or "/>" in text else (html.escape(text, quote=False), Markup.HTML)
    if kind in _HTML_TYPES or kind in _XHTML_TYPES:
        return text, Markup.HTML
    return text, Markup.TEXT


def _is_base64_type(kind: str) -> bool:
    """RFC 4287 4.1.3.3: a media type that is neither text nor XML is base64."""
    return "/" in kind and not kind.startswith("text/") and not kind.endswith(("/xml", "+xml"))


def _decoded(element: Element, kind: str, *, is_content: bool) -> tuple[str, Markup]:
    """The text of base64; "" for content that is a picture or the like; the words as they are if they are no base64."""
    text = text_of(element)
    try:
        value = base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except UnicodeDecodeError:
        return "" if is_content else text, Markup.TEXT
    except (binascii.Error, ValueError):
        return text, Markup.TEXT
    return value, Markup.TEXT if kind in ("", "text", "text/plain") else Markup.HTML
