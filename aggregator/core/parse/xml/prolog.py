"""The head of a text that may be XML: what its root is, and what its DOCTYPE asks for (rules P18 and P20)."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field, replace

_START = re.compile(r"<([A-Za-z_][\w.\-]*+(?::[\w.\-]++)?+)([^<>]*+)")
_LATER_ROOT = re.compile(r"<(?:[\w.\-]{1,40}:)?(?:rss|rdf|feed|channel)[\s>]", re.IGNORECASE)
_SEARCHED_FOR_ROOT = 65_536

FEED_ROOTS = frozenset({"rss", "rdf", "feed", "channel", "entry"})
_HTML_TAGS = frozenset(
    [
        "html",
        "head",
        "body",
        "title",
        "meta",
        "link",
        "script",
        "style",
        "div",
        "p",
        "pre",
        "br",
        "b",
        "center",
        "font",
        "span",
        "table",
        "h1",
        "h2",
        "h3",
        "a",
        "i",
        "em",
        "strong",
        "img",
        "noscript",
        "form",
        "main",
        "section",
        "article",
        "header",
        "nav",
        "frameset",
    ]
)

_DOCTYPE = re.compile(r"<!DOCTYPE\s*([^\s>\[]*)((?:[^>\[\"']|\"[^\"]*\"|'[^']*')*+)(\[)?", re.IGNORECASE)
_SUBSET_END = re.compile(r"\]\s*>")
_ENTITY = re.compile(
    r"""<!ENTITY\s+(?P<parameter>%\s+)?(?P<name>[^\s"'<>%]+)\s+
        (?:(?P<external>SYSTEM\s+|PUBLIC\s+(?P<public>"[^"]*"|'[^']*')\s*)|"(?P<double>[^"]*)"|'(?P<single>[^']*)')""",
    re.VERBOSE,
)
_HARMLESS_VALUE = re.compile(r"(?:[^<>%&]|&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);){0,100}")
_CHARACTER_SETS = "-//W3C//ENTITIES "
"""Public names of the HTML character sets, which the oldest RSS 1.0 feeds ask for and which we map ourselves."""
_MAX_ENTITIES = 300
_LONGEST_PROLOG = 65_536
_MAX_PROLOG_PARTS = 500


class Kind(enum.Enum):
    """What the first tag makes of a text."""

    FEED = enum.auto()
    CDF = enum.auto()
    HTML = enum.auto()
    OTHER_XML = enum.auto()
    NOT_XML = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prolog:
    """The text from its root tag on, and what was before."""

    kind: Kind
    body: str
    """Starts at `<` of the root tag where `kind` is a feed."""
    root: str = ""
    """Local name of the root as written."""
    junk: bool = False
    """Something comes before the root that XML does not allow there."""
    blanks: bool = False
    """Blanks come before the XML declaration, which XML forbids."""
    entities: dict[str, str] = field(default_factory=dict)
    """Short literal entities the document declared for itself, values still escaped."""
    forbidden: str | None = None
    """Why the DOCTYPE is refused; None if it is harmless or absent."""


class _Forbidden(Exception):
    """The DOCTYPE declares entities that must not be expanded; the message says which."""


def read_prolog(text: str) -> Prolog:
    """Finds the root past declaration, comments, DOCTYPE and junk. Never expands or loads anything. No exceptions."""
    position, html = 0, False
    entities: dict[str, str] = {}
    try:
        for _ in range(_MAX_PROLOG_PARTS):
            position = _past_blanks(text, position)
            if text.startswith("<?", position):
                position = _past(text, position, "?>")
            elif text.startswith("<!--", position):
                position = _past(text, position, "-->")
            elif doctype := _DOCTYPE.match(text, position):
                position, found = _read_doctype(text, doctype)
                html |= doctype[1].lower() == "html"
                entities |= found
            else:
                break
    except _Forbidden as refused:
        return Prolog(kind=Kind.OTHER_XML, body=text, forbidden=str(refused))
    start = _past_blanks(text, 0)
    blanks = start > 0 and text.startswith("<?xml", start)
    return replace(_root_at(text, position, entities=entities, html=html), blanks=blanks)


def _root_at(text: str, position: int, *, entities: dict[str, str], html: bool) -> Prolog:
    start = _START.match(text, position)
    name = start[1].rpartition(":")[2] if start else ""
    if start and name.lower() in FEED_ROOTS:
        kind = Kind.CDF if _is_cdf(start) else Kind.FEED
        return Prolog(kind=kind, body=text[position:], root=name, entities=entities)
    if html or name.lower() in ("html", "head", "body"):
        return Prolog(kind=Kind.HTML, body=text)
    if start and name.lower() not in _HTML_TAGS:
        return Prolog(kind=Kind.OTHER_XML, body=text, root=name)
    return _root_behind_junk(text, position, looks_html=bool(start))


def _root_behind_junk(text: str, position: int, *, looks_html: bool) -> Prolog:
    """The root after a PHP warning or other words (rule R3)."""
    window = text[position : position + _SEARCHED_FOR_ROOT]
    declaration = window.find("<?xml")
    root = _LATER_ROOT.search(window)
    ends = [place for place in (declaration, root.start() if root else -1) if place > 0]
    if root is None or re.search(r"<(?:html|body)[\s>]", window[: root.start()], re.IGNORECASE):
        return Prolog(kind=Kind.HTML if looks_html else Kind.NOT_XML, body=text)
    below = read_prolog(text[position + min(ends, default=0) :])
    if below.kind is Kind.FEED or below.forbidden:
        return Prolog(
            kind=below.kind,
            body=below.body,
            root=below.root,
            junk=True,
            entities=below.entities,
            forbidden=below.forbidden,
        )
    return Prolog(kind=Kind.HTML if looks_html else Kind.NOT_XML, body=text)


def _is_cdf(start: re.Match[str]) -> bool:
    """Microsoft's channel definition format: a root CHANNEL, often in capitals, with addresses in attributes."""
    attributes = start[2].lower()
    if start[1].lower() != "channel" or "xmlns" in attributes:
        return False
    return start[1] != "channel" or "href=" in attributes or "base=" in attributes


def _past_blanks(text: str, position: int) -> int:
    while position < len(text) and (text[position].isspace() or text[position] in "\ufeff\0"):
        position += 1
    return position


def _past(text: str, position: int, end: str) -> int:
    """Behind the next `end` if it is near, else behind the next `>`."""
    for mark, limit in ((end, position + _LONGEST_PROLOG), (">", len(text))):
        found = text.find(mark, position, limit)
        if found >= 0:
            return found + len(mark)
    return len(text)


def _read_doctype(text: str, doctype: re.Match[str]) -> tuple[int, dict[str, str]]:
    if not doctype[3]:
        return _past(text, doctype.end(), ">"), {}
    end = _SUBSET_END.search(text, doctype.end())
    if end is None:
        raise _Forbidden("its DOCTYPE never ends")
    return end.end(), _harmless_entities(text[doctype.end() : end.start()])


def _harmless_entities(subset: str) -> dict[str, str]:
    entities: dict[str, str] = {}
    if subset.count("<!ENTITY") > _MAX_ENTITIES:
        raise _Forbidden(f"its DOCTYPE declares more than {_MAX_ENTITIES} entities")
    at = subset.find("<!ENTITY")
    while at >= 0:
        declaration = _ENTITY.match(subset, at)
        if declaration is None:
            raise _Forbidden("its DOCTYPE declares an entity that cannot be read")
        if declaration["external"]:
            if _CHARACTER_SETS not in (declaration["public"] or ""):
                raise _Forbidden(f"its DOCTYPE declares the external entity {declaration['name']!r}")
        else:
            value = declaration["double"] if declaration["double"] is not None else declaration["single"]
            if declaration["parameter"] or not _HARMLESS_VALUE.fullmatch(value):
                raise _Forbidden(f"its DOCTYPE declares the entity {declaration['name']!r}, which is not a short text")
            entities.setdefault(declaration["name"], value)
        at = subset.find("<!ENTITY", declaration.end())
    return entities
