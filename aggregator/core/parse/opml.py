"""Reading OPML: the subscriptions of another reader (rule W15). The file may be broken or hostile.

No entity is expanded and nothing is loaded. Of a broken file, what libxml2 recovers is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from aggregator.core.charset.decode import decode, strip_illegal
from aggregator.core.config import values
from aggregator.core.config.report import UnfitError
from aggregator.core.errors import ParseError, Reason
from aggregator.core.html.plain import plain_title
from aggregator.core.model import CategoryPath
from aggregator.core.parse.xml.prolog import read_prolog
from aggregator.core.parse.xml.repair import repair_references
from aggregator.core.urls.urls import absolute, host_of, link_key

MAX_BYTES = 16 * 1024 * 1024
MAX_TAGS = 500_000
DEEPEST = 30
"""Names of a category path; what is in deeper folders is filed in the last."""
_MAX_PROBLEMS = 20

_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?opml[\s>/]", re.IGNORECASE)
_FEED_TYPES = frozenset({"rss", "atom", "rdf", "feed", "json", "rss1", "rss2", "atom1"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:")
_BREAKS = re.compile(r"[\t\r\n]+")

Element = Any
"""An element of lxml's; its stubs leave out half of what it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A feed of the list. `path` is where it is filed, () at the top; `line` counts from 1 in the file."""

    title: str
    url: str
    """Fit for feeds.toml. Whether it may be polled is found out when it is polled."""
    path: CategoryPath = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An outline of which no source can be made, and why."""

    name: str
    reason: str
    line: int = 0

    def text(self) -> str:
        """One line for a person: the line of the file, the name, the reason."""
        return f"line {self.line}: {self.name}: {self.reason}" if self.line else f"{self.name}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionList:
    """What a file holds, each feed once, in its order."""

    subscriptions: tuple[Subscription, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    repeated: tuple[LeftOut, ...] = ()
    """Further mentions of a feed of the list."""
    problems: tuple[str, ...] = ()
    """Where the XML is broken, in words; the lines there may have lost something."""


def read_opml(body: bytes, *, name: str) -> SubscriptionList:
    """Reads an OPML file; `name` is its name in errors.

    Raises ParseError: EMPTY, TOO_LARGE, FORBIDDEN_XML for a DOCTYPE with entities that are more than a short text,
    NOT_A_FEED for anything that is no OPML.
    """
    if len(body) > MAX_BYTES:
        raise ParseError(name, Reason.TOO_LARGE, f"the file is larger than {MAX_BYTES // 2**20} MiB")
    text = strip_illegal(decode(body, content_type=None, kind="xml").text)
    if not text.strip():
        raise ParseError(name, Reason.EMPTY, "the file is empty")
    prolog = read_prolog(text)
    if prolog.forbidden:
        raise ParseError(name, Reason.FORBIDDEN_XML, f"{prolog.forbidden}; such XML is refused and never expanded")
    root = _ROOT.search(text)
    if root is None:
        raise ParseError(name, Reason.NOT_A_FEED, "it is no OPML: there is no <opml> in it")
    if text.count("<", root.start()) > MAX_TAGS:
        raise ParseError(name, Reason.TOO_LARGE, f"the file has more than {MAX_TAGS} tags")
    first_line = text.count("\n", 0, root.start())
    return _OpmlReader(first_line).read(repair_references(text[root.start() :], prolog.entities).text)


class _OpmlReader:
    def __init__(self, first_line: int) -> None:
        self._first_line = first_line
        self._known: dict[str, Subscription] = {}
        self._left_out: list[LeftOut] = []
        self._repeated: list[LeftOut] = []

    def read(self, xml: str) -> SubscriptionList:
        parser = etree.XMLParser(
            recover=True, huge_tree=True, resolve_entities=False, no_network=True, load_dtd=False, encoding="utf-8"
        )
        root = etree.fromstring(xml.encode("utf-8", "replace"), parser)
        for outline, path in _outlines(root):
            self._take(outline, path)
        return SubscriptionList(
            subscriptions=tuple(self._known.values()),
            left_out=tuple(self._left_out),
            repeated=tuple(self._repeated),
            problems=tuple(self._problems(parser)),
        )

    def _problems(self, parser: etree.XMLParser) -> Iterator[str]:
        lines: dict[int, str] = {}
        for error in parser.error_log:
            lines.setdefault(error.line, error.message.strip())
        for line, message in list(lines.items())[:_MAX_PROBLEMS]:
            yield f"line {line + self._first_line}: {message[:200]}"
        if len(lines) > _MAX_PROBLEMS:
            yield f"and {len(lines) - _MAX_PROBLEMS} lines more"

    def _take(self, outline: _Outline, path: CategoryPath) -> None:
        line = outline.line + self._first_line
        name = outline.name or outline.address or "(no name)"
        if outline.why_none:
            self._left_out.append(LeftOut(name=name, reason=outline.why_none, line=line))
            return
        try:
            url = _usable(outline.address)
        except UnfitError as error:
            self._left_out.append(LeftOut(name=name, reason=error.expected, line=line))
            return
        key = link_key(url) or url
        known = self._known.get(key)
        if known is not None:
            where = f" in {'/'.join(known.path)}" if known.path else ""
            reason = f'the same feed as "{known.title}"{where}, line {known.line}'
            self._repeated.append(LeftOut(name=name, reason=reason, line=line))
            return
        title = outline.name or host_of(url) or url
        self._known[key] = Subscription(title=title, url=url, path=path or outline.category, line=line)


class _Outline:
    """One <outline> with attributes of any case."""

    def __init__(self, element: Element) -> None:
        self._attributes: dict[str, str] = {_local(name): value for name, value in reversed(element.items())}
        self._has_children = len(element) > 0
        self.line: int = element.sourceline or 0
        self.type = self._attribute("type").lower()

    def _attribute(self, name: str) -> str:
        return str(self._attributes.get(name, "")).strip()

    @property
    def name(self) -> str:
        """`text` is what is shown (OPML 2.0), so `title` comes second; most programs write the same in both."""
        return plain_title(self._attribute("text")) or plain_title(self._attribute("title"))

    @property
    def address(self) -> str:
        return self._attribute("xmlurl") or (self._attribute("url") if self.type in _FEED_TYPES else "")

    @property
    def is_comment(self) -> bool:
        return self._attribute("iscomment").lower() == "true"

    @property
    def category(self) -> CategoryPath:
        """The first of its `category` attribute, of those with a slash if there are any."""
        words = [word.strip() for word in self._attribute("category")[:1000].split(",") if word.strip(" /")]
        chosen = next((word for word in words if word.startswith("/")), words[0] if words else "")
        return _names(chosen)[:DEEPEST]

    @property
    def why_none(self) -> str:
        """Why it is no feed; "" for a feed."""
        if self.is_comment:
            return "it is commented out"
        if self.address:
            return ""
        if self.type == "include":
            return "it includes another list, which is not followed"
        if self._attribute("url") or self._attribute("htmlurl"):
            return "it names a page and no feed (try: aggregator add PAGE)"
        return "it names no feed"

    @property
    def is_folder(self) -> bool:
        return self._has_children and not self.address


def _outlines(root: Element) -> Iterator[tuple[_Outline, CategoryPath]]:
    """All that are no mere folders, each with the names of the outlines around it. No recursion: depth is no limit."""
    waiting: list[tuple[Element, CategoryPath]] = [(root, ())]
    while waiting:
        element, path = waiting.pop()
        inner = path
        if isinstance(element.tag, str) and _local(element.tag) == "outline":
            outline = _Outline(element)
            if outline.is_comment or not outline.is_folder:
                yield outline, path
            if outline.is_comment:
                continue
            inner = (path + _names(outline.name))[:DEEPEST] if len(path) < DEEPEST else path
        waiting.extend((child, inner) for child in reversed(element))


def _local(name: str) -> str:
    local: str = name.rpartition("}")[2].rpartition(":")[2].lower()
    return local


def _names(text: str) -> CategoryPath:
    """A folder's name as names of categories; a slash in it, as readers without nested folders write, makes two."""
    try:
        whole = values.category_path(text.replace("／", "/"))
    except UnfitError:
        parts = (plain_title(part)[: values.NAME_LENGTH].strip() for part in re.split("[/／]", text))
        whole = tuple(part for part in parts if part)
    return whole


def _usable(address: str) -> str:
    """The address as it may be in feeds.toml; raises UnfitError whose `expected` says what is wrong."""
    text = _BREAKS.sub("", address)
    text = re.sub(r"^feed:(?://)?(?=https?:)", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^feed:(?=//)", "http:", text, flags=re.IGNORECASE)
    for guess in (text, absolute(text, None) or ""):
        try:
            return values.address(guess)
        except UnfitError:
            continue
    scheme = _SCHEME.match(text)
    if scheme and scheme[0].lower() not in ("http:", "https:"):
        raise UnfitError(f"an address that begins with {scheme[0][:40]} cannot be polled")
    raise UnfitError(f'"{text[:100]}" is no address of the web')
