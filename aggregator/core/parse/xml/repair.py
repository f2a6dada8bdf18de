"""Making ill-formed XML well-formed, in linear time and without guessing more than needed (rule P20).

Three steps, each returning the names of what it repaired: `repair_references` for ampersands and HTML entities,
`declare_prefixes`, and `repair_tags` for everything a tokenizer with a stack can see: unclosed and stray tags, void
HTML elements, broken attributes, a text that was cut off, junk behind the root, nesting without end.
"""

from __future__ import annotations

import html.entities
import re
from dataclasses import dataclass, field

from aggregator.core.parse.xml.namespaces import uri_for_undeclared

MAX_DEPTH = 200
_MAX_STRAY = 20_000
_MAX_TAGS = 2_000_000

_REFERENCE = re.compile(r"&(?:#(?:(\d{1,7})|[xX]([0-9a-fA-F]{1,6}));|([A-Za-z][A-Za-z0-9]{0,31});)?")
_PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})
_USED_PREFIX = re.compile(r"(?:</?|\s)([A-Za-z_][\w.\-]{0,60}):[A-Za-z_]")
_ROOT_TAG = re.compile(r"<[^\s<>/]++(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>")

_TAG = re.compile(r"<(/?)([A-Za-z_][\w:.\-]*+)((?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+)>")
_ROUGH_TAG = re.compile(r"<(/?)([A-Za-z_][\w:.\-]*+)([^<>]{0,8192}+)>")
_ATTRIBUTE = re.compile(r"([^\s=<>\"'/]+)(?:\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>]+)))?")
_NAME = re.compile(r"[A-Za-z_][\w.\-]*(?::[A-Za-z_][\w.\-]*)?")

_ITEMS = frozenset({"item", "entry"})
_STRUCTURE = frozenset({"item", "entry", "items", "channel", "rss", "rdf", "feed"})
_CONTAINERS = frozenset({"item", "entry", "channel", "feed"})
_LEAVES = frozenset(
    [
        "title",
        "link",
        "guid",
        "pubdate",
        "description",
        "author",
        "category",
        "comments",
        "id",
        "updated",
        "published",
        "summary",
        "language",
        "copyright",
        "managingeditor",
        "webmaster",
        "lastbuilddate",
        "generator",
        "ttl",
    ]
)
_OPENERS = frozenset(
    [
        "title",
        "link",
        "guid",
        "pubdate",
        "description",
        "comments",
        "enclosure",
        "item",
        "entry",
        "updated",
        "published",
        "content:encoded",
        "dc:date",
        "dc:creator",
    ]
)
_VOID = frozenset(["br", "hr", "img", "input", "meta", "wbr", "area", "base", "col", "embed", "param", "track"])


class UnrepairableError(Exception):
    """More is broken than whole; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """The text after a step, and what was repaired, by the names of docs/diagnostics.md."""

    text: str
    repairs: frozenset[str]


def repair_references(text: str, entities: dict[str, str]) -> Repaired:
    """Afterwards every reference outside CDATA is one that XML knows.

    `entities` are those the document declares itself, their values still escaped.
    """
    done: set[str] = set()

    def known(match: re.Match[str]) -> str:
        return _repaired_reference(match, entities, done)

    pieces: list[str] = []
    position = 0
    while position < len(text):
        start = text.find("<![CDATA[", position)
        end = text.find("]]>", start) if start >= 0 else -1
        if start < 0 or end < 0:
            start = end = len(text)
        pieces.append(_REFERENCE.sub(known, text[position:start]))
        pieces.append(text[start : end + 3])
        position = end + 3
    return Repaired(text="".join(pieces), repairs=frozenset(done))


def _repaired_reference(match: re.Match[str], entities: dict[str, str], done: set[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if decimal or hexadecimal:
        code = int(decimal) if decimal else int(hexadecimal, 16)
        if _is_xml_character(code):
            return match[0].replace("X", "x", 1)
        done.add("control-characters")
        return ""
    if name in _PREDEFINED:
        return match[0]
    if name in entities:
        return entities[name].replace("<", "&lt;").replace('"', "&quot;").replace("'", "&#39;")
    if name and (value := html.entities.html5.get(f"{name};")):
        done.add("html-entities")
        return html.escape(value)
    done.add("bare-ampersand")
    return "&amp;" + match[0][1:]


def _is_xml_character(code: int) -> bool:
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF


def declare_prefixes(text: str) -> Repaired:
    """Afterwards the root declares each prefix that occurs somewhere, up to 100 that it did not declare before."""
    root = _ROOT_TAG.match(text)
    if root is None:
        return Repaired(text=text, repairs=frozenset())
    used = dict.fromkeys(match[1] for match in _USED_PREFIX.finditer(text))
    missing = [name for name in used if name not in ("xml", "xmlns") and f"xmlns:{name}" not in root[0]][:100]
    if not missing:
        return Repaired(text=text, repairs=frozenset())
    name_end = re.match(r"<[^\s<>/]+", text)
    at = name_end.end() if name_end else 0
    declarations = "".join(f' xmlns:{name}="{uri_for_undeclared(name)}"' for name in missing)
    return Repaired(text=text[:at] + declarations + text[at:], repairs=frozenset({"undeclared-prefix"}))


def repair_tags(text: str) -> Repaired:
    """Afterwards each start tag has its end, attributes are quoted and unique, and there is one root.

    lxml's recovery and feedparser lose the entries behind an unclosed `<br>`, title or item, and what is cut off goes
    unnoticed; feedparser takes the square of the time. They are rare: of 3,000 feeds in the tests of other readers 30
    come here, and recovery reads 29 of them alike.

    A text that ends before its root does loses the entry it was cut off in, and `cut-off` is among the repairs.
    Raises UnrepairableError if it has no tags, more than 2,000,000, or more than 20,000 `<` that open none.
    """
    return _TagRepairer(text).run()


@dataclass(slots=True)
class _Open:
    name: str
    local: str
    at: int


@dataclass(slots=True)
class _TagRepairer:
    text: str
    out: list[str] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    repairs: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    stray: int = 0
    tags: int = 0

    def run(self) -> Repaired:
        position = 0
        while position < len(self.text):
            start = self.text.find("<", position)
            if start < 0:
                start = len(self.text)
            self._characters(position, start)
            if start == len(self.text):
                break
            position = self._markup(start)
            if not self.stack and self.tags:
                if self.text[position:].strip():
                    self.repairs.add("junk-after-root")
                break
        self._close_what_is_open()
        return Repaired(text="".join(self.out), repairs=frozenset(self.repairs))

    def _characters(self, start: int, end: int) -> None:
        if self.stack and end > start:
            self.out.append(self.text[start:end].replace("]]>", "]]&gt;"))

    def _markup(self, start: int) -> int:
        text = self.text
        if text.startswith("<![CDATA[", start):
            return self._cdata(start)
        for opening, ending in (("<!--", "-->"), ("<?", "?>"), ("<!", ">")):
            if text.startswith(opening, start):
                end = self._find(ending, start)
                return end + len(ending) if end >= 0 else self._stray_less_than(start)
        tag = _TAG.match(text, start) or _ROUGH_TAG.match(text, start)
        if tag is None or not _NAME.fullmatch(tag[2]):
            return self._stray_less_than(start)
        self.tags += 1
        if self.tags > _MAX_TAGS:
            raise UnrepairableError("it has more tags than any feed")
        if tag[1]:
            self._end(tag[2])
        else:
            self._start(tag[2], tag[3])
        return tag.end()

    def _find(self, ending: str, start: int) -> int:
        """As `str.find`, but looks through the rest of the text in vain only once."""
        if ending in self.absent:
            return -1
        end = self.text.find(ending, start)
        if end < 0:
            self.absent.add(ending)
        return end

    def _cdata(self, start: int) -> int:
        end = self._find("]]>", start)
        if end < 0:
            self.repairs.add("not-well-formed")
            return start + len("<![CDATA[")
        if self.stack:
            self.out.append(self.text[start : end + 3])
        return end + 3

    def _stray_less_than(self, start: int) -> int:
        self.repairs.add("not-well-formed")
        self.stray += 1
        if self.stray > _MAX_STRAY:
            raise UnrepairableError(f"it has more than {_MAX_STRAY} signs < that open no tag")
        if self.stack:
            self.out.append("&lt;")
        return start + 1

    def _start(self, name: str, rest: str) -> None:
        local = name.lower()
        if local in _ITEMS:
            self._close_open_item(local)
        if local in _OPENERS:
            self._close_open_leaf()
        if len(self.stack) >= MAX_DEPTH:
            self.repairs.add("too-deep")
            return
        closed = rest.endswith("/")
        if local in _VOID and not closed:
            closed = True
            self.repairs.add("not-well-formed")
        at = len(self.out)
        self.out.append(f"<{name}{self._attributes(rest)}{'/' if closed else ''}>")
        if not closed:
            self.stack.append(_Open(name, local, at))

    def _attributes(self, rest: str) -> str:
        seen: dict[str, str] = {}
        for match in _ATTRIBUTE.finditer(rest.removesuffix("/")):
            name = match[1]
            value = next((group for group in match.groups()[1:] if group is not None), None)
            if value is None or name in seen or not _NAME.fullmatch(name):
                self.repairs.add("not-well-formed")
            if value is not None and _NAME.fullmatch(name):
                seen.setdefault(name, value.replace("<", "&lt;").replace('"', "&quot;"))
        return "".join(f' {name}="{value}"' for name, value in seen.items())

    def _end(self, name: str) -> None:
        index = len(self.stack) - 1
        local = name.lower()
        while index >= 0 and self.stack[index].name != name and self.stack[index].local != local:
            if self.stack[index].local in _ITEMS and local not in _STRUCTURE:
                index = -1
                break
            index -= 1
        if index < 0:
            self.repairs.add("not-well-formed")
            return
        if index < len(self.stack) - 1:
            self.repairs.add("not-well-formed")
        self._close_down_to(index)

    def _close_down_to(self, index: int) -> None:
        while len(self.stack) > index:
            self.out.append(f"</{self.stack.pop().name}>")

    def _close_open_item(self, local: str) -> None:
        """An item does not hold another: the first was never closed."""
        for index, opened in enumerate(self.stack):
            if opened.local == local:
                self.repairs.add("not-well-formed")
                self._close_down_to(index)
                return

    def _close_open_leaf(self) -> None:
        """A title does not hold a link: the title was never closed."""
        for index in range(len(self.stack) - 2, -1, -1):
            if self.stack[index].local in _CONTAINERS:
                if self.stack[index + 1].local in _LEAVES:
                    self.repairs.add("not-well-formed")
                    self._close_down_to(index + 1)
                return

    def _close_what_is_open(self) -> None:
        if not self.tags:
            raise UnrepairableError("it has no tags")
        if not self.stack:
            return
        self.repairs.add("cut-off")
        for index, opened in enumerate(self.stack):
            if opened.local in _ITEMS and index:
                del self.out[opened.at :]
                del self.stack[index:]
                break
        self._close_down_to(0)
