"""Elements of other vocabularies that are kept in a story (rule M4): which, and what values they may have.

Rules for editors: an element is written only if it is in the table and its value is valid; any other is left out, since
an invalid element makes the whole feed invalid. Fields of the model never come from here, so no entry of
the table may name an element that RSS or Atom writes for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lxml import etree

from aggregator.core.model import ForeignElement
from aggregator.formats import values, xml_pieces

Check = Callable[[str | None], str | None]
"""A value as written -> the value to write, None if it may not be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a known element may contain. An attribute that fails its check is left out, with its element if `needed`."""

    text: Check | None = None
    """None: the element is written empty."""
    attributes: Mapping[str, Check] | None = None
    needed: tuple[str, ...] = ()
    many: bool = False


def _text(value: str | None) -> str | None:
    return values.line(value) or None


def _up_to(limit: int) -> Check:
    def check(value: str | None) -> str | None:
        plain = values.line(value)
        return (plain if len(plain) <= limit else plain[: limit - 1] + "…") or None

    return check


def _matching(pattern: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: str | None) -> str | None:
        plain = values.line(value)
        return plain if compiled.fullmatch(plain) else None

    return check


def _truth(value: str | None) -> str | None:
    """itunes:explicit as Apple has it now: the old yes, no and clean are translated."""
    return {"yes": "true", "true": "true", "no": "false", "false": "false", "clean": "false"}.get(
        values.line(value).lower()
    )


def _positions(value: str | None) -> str | None:
    plain = values.line(value)
    numbers = plain.split(" ")
    good = len(numbers) >= 4 and len(numbers) % 2 == 0 and all(_NUMBER.fullmatch(number) for number in numbers)
    return plain if good else None


def _role(value: str | None) -> str | None:
    plain = values.line(value).lower()
    return plain if plain in _ROLES else None


_FLOAT = r"\d{1,9}(?:\.\d{1,20})?"
_NUMBER = re.compile(f"[-+]?{_FLOAT}")
_ROLES = frozenset(
    ("actor", "artist", "author", "composer", "editor", "musician", "performer", "photographer", "producer")
)
_POSITIVE = _matching(r"[1-9]\d{0,8}")
_ONCE_TEXT = Rule(text=_text)
_MANY_TEXT = Rule(text=_text, many=True)
_NPT = _matching(r"\d+(\.\d+)?|\d+:\d\d:\d\d(\.\d+)?")
_PLAIN_TYPE = {"type": _matching("plain")}

RULES: Mapping[str, Mapping[str, Rule]] = {
    xml_pieces.ITUNES: {
        "author": Rule(text=_up_to(255)),
        "block": Rule(text=_matching("yes|no")),
        "duration": Rule(text=_matching(r"\d+(:[0-5]\d(:[0-5]\d)?)?")),
        "episode": Rule(text=_POSITIVE),
        "episodeType": Rule(text=_matching("full|trailer|bonus")),
        "explicit": Rule(text=_truth),
        "image": Rule(attributes={"href": values.dotted_url}, needed=("href",)),
        "season": Rule(text=_POSITIVE),
        "subtitle": Rule(text=_up_to(255)),
        "summary": Rule(text=_up_to(4000)),
        "title": _ONCE_TEXT,
    },
    xml_pieces.MEDIA: {
        "copyright": Rule(text=_text, attributes={"url": values.web_url}),
        "credit": Rule(text=_text, attributes={"role": _role}, many=True),
        "description": Rule(text=_text, attributes=_PLAIN_TYPE),
        "hash": Rule(text=_matching("[0-9A-Fa-f]{32}"), many=True),
        "player": Rule(
            attributes={"url": values.web_url, "width": _POSITIVE, "height": _POSITIVE}, needed=("url",), many=True
        ),
        "rating": Rule(text=_matching("adult|nonadult"), many=True),
        "restriction": Rule(
            text=_matching("all|none"),
            attributes={"relationship": _matching("allow|deny")},
            needed=("relationship",),
            many=True,
        ),
        "text": Rule(
            text=_text, attributes={**_PLAIN_TYPE, "start": _NPT, "end": _NPT, "lang": values.language}, many=True
        ),
        "title": Rule(text=_text, attributes=_PLAIN_TYPE),
    },
    xml_pieces.DC: {
        "contributor": _MANY_TEXT,
        "coverage": _MANY_TEXT,
        "description": _ONCE_TEXT,
        "format": _ONCE_TEXT,
        "identifier": _MANY_TEXT,
        "publisher": _MANY_TEXT,
        "relation": _MANY_TEXT,
        "title": _ONCE_TEXT,
        "type": _ONCE_TEXT,
    },
    xml_pieces.DCTERMS: {
        "abstract": _ONCE_TEXT,
        "accessRights": _MANY_TEXT,
        "alternative": _MANY_TEXT,
        "audience": _MANY_TEXT,
        "available": _MANY_TEXT,
        "bibliographicCitation": _MANY_TEXT,
        "dateAccepted": _ONCE_TEXT,
        "dateCopyrighted": _ONCE_TEXT,
        "dateSubmitted": _ONCE_TEXT,
        "license": _MANY_TEXT,
        "mediator": _ONCE_TEXT,
        "provenance": _MANY_TEXT,
        "rightsHolder": _MANY_TEXT,
        "spatial": _MANY_TEXT,
        "temporal": _MANY_TEXT,
        "valid": _MANY_TEXT,
    },
    xml_pieces.GEORSS: {
        "point": Rule(text=_matching(f"[-+]?{_FLOAT} [-+]?{_FLOAT}"), many=True),
        "line": Rule(text=_positions, many=True),
        "polygon": Rule(text=_positions, many=True),
        "featureName": _MANY_TEXT,
        "featureTypeTag": _MANY_TEXT,
        "relationshipTag": _MANY_TEXT,
        "elev": Rule(text=_matching(f"[-+]?{_FLOAT}"), many=True),
        "floor": Rule(text=_matching(r"-?\d{1,6}"), many=True),
        "radius": Rule(text=_matching(_FLOAT), many=True),
    },
    xml_pieces.SLASH: {
        "department": _MANY_TEXT,
        "section": _MANY_TEXT,
        "hit_parade": Rule(text=_matching(r"\d+(,\d+)*")),
    },
    xml_pieces.WFW: {"comment": Rule(text=values.web_url)},
    xml_pieces.CREATIVE_COMMONS: {"license": Rule(text=values.web_url)},
}

FREE = frozenset({xml_pieces.PODCAST, xml_pieces.YT})
"""Vocabularies that validators do not look into: any element with a proper name is written, and its children,
but none with an address that a reader would run, as `javascript:` (rule H6)."""

DEEPEST = 4
MOST = 100
"""Elements written for one story: the rest of a longer list is left out."""

_RUNS = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)
"""The beginning of an address that runs code, in a value that `values.line` has made one line."""
_LOCAL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


def write(parent: xml_pieces.Element, elements: Iterable[ForeignElement]) -> None:
    """Write what is known and valid, in the given order, as last children of `parent`."""
    seen: set[tuple[str, str]] = set()
    for count, element in enumerate(elements):
        if count >= MOST:
            break
        namespace = _canonical(element.namespace)
        if namespace in FREE:
            _write_free(parent, namespace, element, DEEPEST)
        elif (rule := RULES.get(namespace, {}).get(element.name)) is not None:
            name = (namespace, element.name)
            if (rule.many or name not in seen) and _write_known(parent, namespace, element, rule):
                seen.add(name)


def _write_known(parent: xml_pieces.Element, namespace: str, element: ForeignElement, rule: Rule) -> bool:
    fitting = _fits(element, rule)
    if fitting is None:
        return False
    text, attributes = fitting
    xml_pieces.set_line(_new_element(parent, namespace, element.name, attributes), text)
    return True


def _fits(element: ForeignElement, rule: Rule) -> tuple[str, dict[str, str]] | None:
    """The text and attributes to write; None if the element may not be written."""
    checks = rule.attributes or {}
    checked = {name: checks[name](value) for name, value in element.attributes if name in checks}
    attributes = {name: value for name, value in checked.items() if value is not None}
    text = rule.text(element.text) if rule.text else ""
    return None if text is None or any(name not in attributes for name in rule.needed) else (text, attributes)


def _write_free(parent: xml_pieces.Element, namespace: str, element: ForeignElement, levels: int) -> None:
    if not _LOCAL_NAME.fullmatch(element.name):
        return
    attributes = {name: values.line(value) for name, value in element.attributes if _LOCAL_NAME.fullmatch(name)}
    text = values.line(element.text)
    if any(_RUNS.match(value) for value in (text, *attributes.values())):
        return
    child = _new_element(parent, namespace, element.name, attributes)
    xml_pieces.set_line(child, text)
    for inner in element.children[:MOST] if levels > 1 else ():
        if _canonical(inner.namespace) == namespace:
            _write_free(child, namespace, inner, levels - 1)


def _new_element(
    parent: xml_pieces.Element, namespace: str, name: str, attributes: Mapping[str, str]
) -> xml_pieces.Element:
    prefix = xml_pieces.PREFIX_OF[namespace]
    declared = {prefix: namespace} if prefix in xml_pieces.LOCAL_PREFIXES else None
    return etree.SubElement(parent, f"{{{namespace}}}{name}", dict(sorted(attributes.items())), nsmap=declared)


_KNOWN_AS = {uri.lower().rstrip("/#"): uri for uri in [*RULES, *FREE]} | {
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": xml_pieces.PODCAST,
    "http://gdata.youtube.com/schemas/2007": xml_pieces.YT,
}


def _canonical(namespace: str) -> str:
    """The namespace under its proper name: case and a final slash do not count (rule M5)."""
    return _KNOWN_AS.get(namespace.strip().lower().rstrip("/#"), namespace)


def explicit(elements: Iterable[ForeignElement]) -> bool | None:
    """Whether Apple's elements among those that are written call the story explicit; None if there are none."""
    words = [
        element.name == "explicit" and _truth(element.text) == "true"
        for element in elements
        if _canonical(element.namespace) == xml_pieces.ITUNES
        and (rule := RULES[xml_pieces.ITUNES].get(element.name))
        and _fits(element, rule)
    ]
    return any(words) if words else None
