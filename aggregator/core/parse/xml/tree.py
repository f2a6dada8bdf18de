"""The element tree of a feed: parsed without entities or network, with keys of our own for elements.

An element's key is `prefix:local`, in lower case, with the prefixes of `namespaces`; elements of RSS itself have no
prefix. xml:base and xml:lang come from the element's own ancestors, because feedparser lets them leak from one entry
to the next.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urljoin

from lxml import etree

from aggregator.core.parse.xml.namespaces import RSS, is_misspelt, prefix_for_name, prefix_for_uri

Element = etree._Element

XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_ANY_BASE = etree.XPath("boolean(descendant-or-self::*/@xml:base)")
_ANY_LANGUAGE = etree.XPath("boolean(descendant-or-self::*/@xml:lang)")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_ADDRESSES = frozenset({"href", "src", "cite", "poster"})
_MAX_SERIALISED_DEPTH = 256


def parse_tree(text: str, *, recover: bool = False) -> Element | None:
    """The root element; None if the text is not well-formed (or, with `recover`, if nothing can be made of it)."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
        encoding="utf-8",
    )
    try:
        root: Element | None = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return None
    return root


class Tree:
    """One parsed document and how its tags map to our names."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.root_name = local_name(root).lower()
        self.own_prefix = "atom" if self.root_name in ("feed", "entry") else RSS
        self.misspelt: dict[str, None] = {}
        """Namespace addresses met so far that are not spelt as they should be."""
        self._keys: dict[str, str] = {}
        self.own_uri = self._find_own_uri()
        """The namespace whose elements are the dialect's own, whatever its address says (rule M5); None without one."""
        self._has_base = bool(_ANY_BASE(root))
        self.has_languages = bool(_ANY_LANGUAGE(root))
        """Whether any element has an xml:lang."""

    @property
    def odd_namespace(self) -> str | None:
        """The namespace of the feed's own elements where it is not their dialect's; None if all is as it should be."""
        uri = self.own_uri
        return uri if uri and prefix_for_uri(uri) != self.own_prefix else None

    def _find_own_uri(self) -> str | None:
        if self.root_name != "rdf":
            return _uri_of(self.root.tag)
        channel = next((child for child in self.root if local_name(child).lower() == "channel"), None)
        return _uri_of(channel.tag) if channel is not None else None

    def key(self, element: Element) -> str:
        """Our name for the element: `title`, `atom:title`, `media:thumbnail`; `?:name` in an unknown namespace."""
        tag = element.tag
        known = self._keys.get(tag)
        if known is None:
            known = self._keys[tag] = self._key_of(tag)
        return known

    def key_or_none(self, element: Element) -> str | None:
        """The key, or None for what is no element (an entity that stayed unexpanded)."""
        return self.key(element) if isinstance(element.tag, str) else None

    def _key_of(self, tag: str) -> str:
        uri, local = _uri_of(tag), tag.rpartition("}")[2].lower()
        prefix: str | None
        if uri is None and ":" in local:
            name, _, local = local.partition(":")
            prefix = prefix_for_name(name)
        elif uri is None or uri == self.own_uri:
            prefix = self.own_prefix
        else:
            prefix = prefix_for_uri(uri)
            if prefix is not None and is_misspelt(uri, prefix):
                self.misspelt.setdefault(uri)
        if prefix is None:
            return f"?:{local}"
        return f"{prefix}:{local}" if prefix else local

    def children(self, element: Element) -> dict[str, list[Element]]:
        """The child elements by key, each list in document order."""
        found: dict[str, list[Element]] = {}
        for child in element:
            if isinstance(child.tag, str):
                found.setdefault(self.key(child), []).append(child)
        return found

    def base(self, element: Element) -> str | None:
        """The xml:base chain of the element, outermost first, joined; None if there is none."""
        if not self._has_base:
            return None
        chain = [base for base in self._inherited(element, XML_BASE) if base]
        if not chain:
            return None
        joined = chain.pop()
        while chain:
            joined = _joined(joined, chain.pop())
        return joined

    def language(self, element: Element, *, until: Element | None = None) -> str | None:
        """The nearest xml:lang at or above the element, but not at or above `until`; "" where it is switched off."""
        node: Element | None = element
        while node is not None and node is not until:
            language = node.get(XML_LANG)
            if language is not None:
                return str(language)
            node = node.getparent()
        return None

    @staticmethod
    def _inherited(element: Element, attribute: str) -> Iterator[str]:
        node: Element | None = element
        while node is not None:
            value = node.get(attribute)
            if value is not None:
                yield value.strip()
            node = node.getparent()


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:  # "Invalid IPv6 URL": the inner base is rubbish, the outer one is used
        return base


def local_name(element: Element) -> str:
    """The tag without namespace or prefix, in the source's spelling."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _uri_of(tag: str) -> str | None:
    return tag[1:].partition("}")[0] if tag.startswith("{") else None


def attribute(element: Element, *names: str) -> str | None:
    """The first of these attributes that is not blank, trimmed; names match without case or namespace."""
    for name in names:
        value = str(element.get(name) or "").strip()
        if value:
            return value
    if not element.attrib:
        return None
    keys = _plain_keys(tuple(element.attrib))
    for name in names:
        key = keys.get(name.lower())
        value = str(element.get(key) or "").strip() if key is not None else ""
        if value:
            return value
    return None


@lru_cache(maxsize=512)
def _plain_keys(keys: tuple[str, ...]) -> dict[str, str]:
    """Attributes' names in lower case and without namespace -> as they are; of several the last."""
    return {str(key).rpartition("}")[2].rpartition(":")[2].lower(): key for key in keys}


def text_of(element: Element) -> str:
    """All the text inside, markup left out."""
    if len(element) == 0:
        return element.text or ""
    return "".join(str(piece) for piece in element.itertext())


def inner_html(element: Element, base: str | None = None, *, raw: bool = False) -> str:
    """What the element holds, written as HTML; an only child `div` of XHTML is not content (RFC 4287 3.1.1.3).

    `base` is the element's own xml:base chain; addresses below an inner xml:base are resolved here, because HTML
    has no word for it. With `raw` the text between the elements is itself HTML, escaped for XML.
    """
    own: str | None = None
    div = wrapper(element)
    if div is not None:
        element = div
        own = _inner_base(div, base, None)
    pieces: list[str] = []
    _Writer(pieces, base, raw=raw).children(element, 0, own)
    return "".join(pieces)


def wrapper(element: Element) -> Element | None:
    """The `div` that holds all of the element; None if there is none."""
    children = [child for child in element if isinstance(child.tag, str)]
    if len(children) != 1 or local_name(children[0]).lower() != "div":
        return None
    outside = (element.text or "") + (children[0].tail or "")
    return None if outside.strip() else children[0]


def _inner_base(element: Element, outer: str | None, inner: str | None) -> str | None:
    declared = element.get(XML_BASE)
    return _joined(inner or outer or "", declared.strip()) if declared else inner


class _Writer:
    """Elements to HTML text; recursion is bounded by the parser's own depth limit."""

    def __init__(self, pieces: list[str], base: str | None, *, raw: bool) -> None:
        self._pieces = pieces
        self._raw = raw
        self._base = base

    def children(self, element: Element, depth: int, inner: str | None) -> None:
        self._text(element.text)
        for child in element:
            if isinstance(child.tag, str) and depth < _MAX_SERIALISED_DEPTH:
                self._element(child, depth + 1, _inner_base(child, self._base, inner))
            self._text(child.tail)

    def _text(self, text: str | None) -> None:
        if text:
            self._pieces.append(text if self._raw else html.escape(text, quote=False))

    def _element(self, element: Element, depth: int, inner: str | None) -> None:
        name = local_name(element).lower()
        attributes = "".join(self._attribute(str(key), str(value), inner) for key, value in element.attrib.items())
        self._pieces.append(f"<{name}{attributes}>")
        if name in _VOID and len(element) == 0 and not element.text:
            return
        self.children(element, depth, inner)
        self._pieces.append(f"</{name}>")

    @staticmethod
    def _attribute(key: str, value: str, inner: str | None) -> str:
        if key == XML_BASE:
            return ""
        name = "lang" if key == XML_LANG else key.rpartition("}")[2]
        if inner and name.lower() in _ADDRESSES:
            value = _joined(inner, value.strip())
        return f' {name}="{html.escape(value)}"'
