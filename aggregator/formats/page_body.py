"""A story's content as valid HTML on a page with other stories (the content models of the HTML standard).

Sanitised HTML is safe but may be invalid: a paragraph in bold, text in a list, a table with impossible spans. Each
element is written as itself where that is valid, else as a `div` or `span` with a class that the page's style sheet
shows alike. Text is never lost. Headings begin at the third level,
below the story's own; ids belong to the story; pictures load when they are reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from aggregator.core.urls.parser import without_userinfo
from aggregator.formats import html_table, values
from aggregator.formats.html_tree import EMBEDDED, INLINE, TRANSPARENT, HtmlNode, parse


@dataclass(frozen=True, slots=True)
class ElementContext:
    """What is allowed where an element is."""

    flow: bool = True
    """Blocks may be here, not only text and inline elements."""
    link: bool = False
    heading: bool = True
    """Headings may be here."""


@dataclass(slots=True)
class BodyWriter:
    """Writes one story's content, with unique ids."""

    anchor: str
    ids: set[str] = field(default_factory=set)
    level: int = 2
    """Of the last heading written; the story's own is the second."""

    def write(self, children: Iterable[HtmlNode | str], around: ElementContext) -> str:
        """These nodes as HTML that is valid at `around`."""
        pieces: list[str] = []
        for child in children:  # no comprehension: it would cost a frame for each level of nesting
            pieces += (child if isinstance(child, str) else self.element(child, around),)
        return "".join(pieces)

    def element(self, node: HtmlNode, around: ElementContext) -> str:
        """One element, written as itself or as the nearest element that is valid at `around`."""
        if node.name in TRANSPARENT:
            return self._transparent(node, around)
        if node.name in EMBEDDED:
            return _EMBEDDED_WRITERS[node.name](self, node, around)
        if node.name in INLINE:
            return self._inline(node, around)
        if not around.flow:
            return self._flattened(node, around)
        writer = _BLOCK_WRITERS.get(node.name)
        return writer(self, node, around) if writer else self._plain_block(node, around)

    def tag(self, name: str, node: HtmlNode, content: str, *, also: str = "", looks: str = "") -> str:
        """`node` written as element `name`; `looks` is the class that keeps its looks, `also` further attributes."""
        kind = f' class="{looks}"' if looks else ""
        return f"<{name}{self._common(node)}{kind}{also}>{content}</{name}>"

    def _common(self, node: HtmlNode) -> str:
        given = node.attributes
        if not given:
            return ""
        written = ""
        if name := given.get("id"):
            own = f"{self.anchor}-{name}"
            if own not in self.ids and not _BLANK.search(own):
                self.ids.add(own)
                written += f' id="{own}"'
        if language := values.page_language(given.get("lang")):
            written += f' lang="{language}"'
        for name, shape in _COMMON.items():
            if name in given and shape.fullmatch(given[name]):
                written += f' {name}="{given[name]}"'
        return written

    def _transparent(self, node: HtmlNode, around: ElementContext) -> str:
        if node.name != "a":
            return self.tag(
                node.name, node, self.write(node.children, around), also=_valid_attributes(node, "cite") + _day(node)
            )
        if around.link or node.holds_interactive:
            return self.write(node.children, around)
        href = node.attributes.get("href", "")
        if href.startswith("#"):
            also = f' href="#{self.anchor}-{href[1:].replace("#", "%23")}"'
        else:
            also = f' href="{without_userinfo(href)}"' if _HREF.fullmatch(href) else ""
        return self.tag("a", node, self.write(node.children, replace(around, link=True)), also=also)

    def _inline(self, node: HtmlNode, around: ElementContext) -> str:
        """An inline element; around blocks, a block that looks like it."""
        if around.flow and node.holds_blocks:
            return self.tag("div", node, self.write(node.children, around), looks=f"as-{node.name}")
        inside = replace(around, flow=False)
        if node.name == "ruby" and node.elements("rt"):
            return self._ruby(node, inside)
        if node.name in ("rp", "rt", "ruby", "dfn"):
            return self.tag("span", node, self.write(node.children, inside))
        if node.name == "time":
            day = _day(node)
            return self.tag("time" if day else "span", node, self.write(node.children, inside), also=day)
        also = _valid_attributes(node, "cite") if node.name == "q" else ""
        return self.tag(node.name, node, self.write(node.children, inside), also=also)

    def _ruby(self, node: HtmlNode, around: ElementContext) -> str:
        """Ruby bases, each with its reading; what follows the last reading is written after the element."""
        # brackets are for browsers that know no ruby
        children = [child for child in node.children if isinstance(child, str) or child.name != "rp"]
        last = max(place for place, child in enumerate(children) if _is_reading(child)) + 1
        parts = [
            self.tag("rt", child, self.write(child.children, around))
            if isinstance(child, HtmlNode) and _is_reading(child)
            else self.write([child], around)
            for child in children[:last]
        ]
        return self.tag("ruby", node, "".join(parts)) + self.write(children[last:], around)

    def _flattened(self, node: HtmlNode, around: ElementContext) -> str:
        """A block where only text may be."""
        if node.name == "hr":
            return "<br>"
        if node.name in _ONLY_WITHIN:
            return ""
        return self.tag("span", node, self.write(node.children, around), looks="block")

    def _plain_block(self, node: HtmlNode, around: ElementContext) -> str:
        if node.name in _ONLY_WITHIN:
            return ""
        return self.tag("div", node, self.write(node.children, around))

    def _paragraph(self, node: HtmlNode, around: ElementContext) -> str:
        return self.tag(node.name, node, self.write(node.children, replace(around, flow=False)))

    def _quotation(self, node: HtmlNode, around: ElementContext) -> str:
        return self.tag("blockquote", node, self.write(node.children, around), also=_valid_attributes(node, "cite"))

    def _heading(self, node: HtmlNode, around: ElementContext) -> str:
        inside = self.write(node.children, replace(around, flow=False))
        if not around.heading or not _WORD.search(inside):
            return self.tag("div", node, inside, looks="as-b")
        self.level = min(int(node.name[1]) + 2, self.level + 1, 6)
        return self.tag(f"h{self.level}", node, inside)

    def _list(self, node: HtmlNode, around: ElementContext) -> str:
        items = []
        for child in node.children:
            if isinstance(child, HtmlNode) and child.name == "li":
                items.append(self.tag("li", child, self.write(child.children, around)))
            elif _shows(child):
                items.append(f"<li>{self.write([child], around)}</li>")
        also = _valid_attributes(node, "start", "type") if node.name == "ol" else ""
        return self.tag(node.name, node, "".join(items), also=also)

    def _terms(self, node: HtmlNode, around: ElementContext) -> str:
        """A description list, if terms and descriptions are all it holds and go in order."""
        parts = [child for child in node.children if _shows(child)]
        names = "".join(_TERMS.get(part.name, "?") if isinstance(part, HtmlNode) else "?" for part in parts)
        if not _TERM_ORDER.fullmatch(names):
            return self.tag("div", node, self.write(node.children, around))
        plain = replace(around, flow=False)
        return self.tag("dl", node, "".join(
            self.tag(part.name, part, self.write(part.children, plain if part.name == "dt" else around))
            for part in parts if isinstance(part, HtmlNode)
        ))  # fmt: skip

    def _figure(self, node: HtmlNode, around: ElementContext) -> str:
        shown = [child for child in node.children if _shows(child)]
        captions = node.elements("figcaption")
        if len(captions) == 1 and captions[0] in (shown[0], shown[-1]):
            parts = [
                self.tag("figcaption", child, self.write(child.children, around))
                if child is captions[0]
                else self.write([child], around)
                for child in node.children
            ]
            return self.tag("figure", node, "".join(parts))
        return self.tag("figure", node, self.write(node.children, around))

    def _details(self, node: HtmlNode, around: ElementContext) -> str:
        if around.link:
            return self.tag("div", node, self.write(node.children, around))
        heads = node.elements("summary")[:1]
        head = self.tag("summary", heads[0], self.write(heads[0].children, ElementContext(flow=False))) if heads else ""
        rest = [child for child in node.children if not heads or child is not heads[0]]
        return self.tag("details", node, (head or "<summary>…</summary>") + self.write(rest, around))

    def _table(self, node: HtmlNode, around: ElementContext) -> str:
        table = html_table.read(node)
        if not table.groups:
            return self.tag("div", node, self.write(node.children, around))
        inside = replace(around, flow=True)
        caption = table.caption
        head = self.tag("caption", caption, self.write(caption.children, ElementContext(flow=False))) if caption else ""
        groups = []
        for group in table.groups:
            rows = [
                self.tag("tr", row.node, "".join(self._cell(cell, inside) for cell in row.cells)) for row in group.rows
            ]
            groups.append(self.tag(group.name, group.node, "".join(rows)))
        loose = self.write(table.loose, around)
        return loose + self.tag("table", node, head + "".join(groups))

    def _cell(self, cell: html_table.Cell, around: ElementContext) -> str:
        also = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
        also += f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
        inside = replace(around, heading=around.heading and cell.name == "td")
        return self.tag(cell.name, cell.node, self.write(cell.children, inside), also=also)

    def _rule(self, _node: HtmlNode, _around: ElementContext) -> str:
        return "<hr>"

    def _break(self, node: HtmlNode, _around: ElementContext) -> str:
        return f"<{node.name}>"

    def _image(self, node: HtmlNode, _around: ElementContext) -> str:
        given = node.attributes
        if not _SRC.fullmatch(given.get("src", "")):
            return given.get("alt", "").replace("<", "&lt;")
        also = (
            _valid_attributes(node, "src")
            + f' alt="{given.get("alt", "")}"'
            + _valid_attributes(node, "width", "height", "referrerpolicy")
        )
        return f'<img{self._common(node)}{also} loading="lazy">'

    def _picture(self, node: HtmlNode, around: ElementContext) -> str:
        """The `img` alone: the other sizes were made for another page."""
        return self.write((child for child in node.children if _not_source(child)), around)

    def _frame(self, node: HtmlNode, around: ElementContext) -> str:
        if around.link or not _SRC.fullmatch(node.attributes.get("src", "")):
            return ""
        also = _valid_attributes(node, "src", "width", "height", "sandbox", "referrerpolicy")
        return self.tag("iframe", node, "", also=f'{also} loading="lazy"')

    def _media(self, node: HtmlNode, around: ElementContext) -> str:
        own = (
            _valid_attributes(node, "src", "poster", "width", "height")
            if node.name == "video"
            else _valid_attributes(node, "src")
        )
        sources = "" if "src" in node.attributes else "".join(map(_source, node.elements("source")))
        rest = self.write((child for child in node.children if _not_source(child)), replace(around, link=True))
        return self.tag(node.name, node, sources + rest, also=f"{own} controls")


def _source(node: HtmlNode) -> str:
    return f"<source{_valid_attributes(node, 'src', 'type')}>" if _SRC.fullmatch(node.attributes.get("src", "")) else ""


def _not_source(child: HtmlNode | str) -> bool:
    return isinstance(child, str) or child.name not in ("source", "track")


def _is_reading(child: HtmlNode | str) -> bool:
    return isinstance(child, HtmlNode) and child.name == "rt"


def _shows(child: HtmlNode | str) -> bool:
    return isinstance(child, HtmlNode) or bool(child.strip())


def _valid_attributes(node: HtmlNode, *names: str) -> str:
    """Those of the named attributes that have valid values, as HTML with a leading blank."""
    written = ""
    for name in names:
        value = node.attributes.get(name)
        if value is not None and _SHAPES[name].fullmatch(value):
            written += f' {name}="{without_userinfo(value) if name in _ADDRESSES else value}"'
    return written


def _day(node: HtmlNode) -> str:
    given = node.attributes.get("datetime")
    return f' datetime="{given}"' if values.is_day(given) else ""


_BLANK = re.compile(r"\s")
_WORD = re.compile(r">[^<\s][^<]*|\A[^<\s]|[^<>\s][^<>]*<|<img ")
_HREF = re.compile(r"(?:https?://|mailto:|tel:|magnet:)[^\s<>]+", re.IGNORECASE)
_SRC = re.compile(r"https?://[^\s<>]+|data:image/(?:png|jpe?g|gif|webp|avif);base64,[A-Za-z0-9+/]+=*", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
_LENGTH = re.compile("[0-9]{1,6}")
_SHAPES = {
    "src": _SRC,
    "cite": _URL,
    "poster": _URL,
    "width": _LENGTH,
    "height": _LENGTH,
    "start": re.compile("-?[0-9]{1,9}"),
    "type": re.compile(r"[1aAiI]|(?:audio|video)/[\w.+-]+"),
    "sandbox": re.compile("[a-z -]*"),
    "referrerpolicy": re.compile(
        "no-referrer|no-referrer-when-downgrade|origin|origin-when-cross-origin|same-origin|strict-origin"
        "|strict-origin-when-cross-origin|unsafe-url"
    ),
}
_ADDRESSES = frozenset({"src", "cite", "poster"})
_COMMON = {
    "title": re.compile("[^<]*"),
    "dir": re.compile("ltr|rtl|auto"),
    "style": re.compile("text-align: ?(?:left|right|center|justify);?"),
}
_TERMS = {"dt": "t", "dd": "d"}
_TERM_ORDER = re.compile("(?:t+d+)+")
_ONLY_WITHIN = frozenset({"col", "colgroup", "source", "track"})

_BLOCK_WRITERS = {
    **dict.fromkeys(("p", "pre"), BodyWriter._paragraph),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), BodyWriter._heading),
    **dict.fromkeys(("ul", "ol"), BodyWriter._list),
    "blockquote": BodyWriter._quotation,
    "details": BodyWriter._details,
    "dl": BodyWriter._terms,
    "figure": BodyWriter._figure,
    "hr": BodyWriter._rule,
    "table": BodyWriter._table,
}
_EMBEDDED_WRITERS = {
    **dict.fromkeys(("br", "wbr"), BodyWriter._break),
    **dict.fromkeys(("audio", "video"), BodyWriter._media),
    "iframe": BodyWriter._frame,
    "img": BodyWriter._image,
    "picture": BodyWriter._picture,
}


def on_page(html: str, anchor: str) -> str:
    """Sanitised content for the page; `anchor` is a prefix that makes this story's ids, and links to them, unique."""
    return BodyWriter(anchor).write(parse(html).children, ElementContext()) if "<" in html else html
