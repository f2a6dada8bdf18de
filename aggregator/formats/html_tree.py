"""A story's HTML as a tree, cheap enough to be built for every story: `page_body` writes it as valid HTML.

Rules for editors: the text was serialised by the sanitiser, so tags are nested well and attributes are in double
quotes. Nothing here relies on it: any text gives some tree, in linear time, and what is no tag becomes text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from aggregator.core.html.markup import TOKEN, VOID

DEEPEST = 110
"""Elements within each other; a deeper tag is left out, its content stays. Writing takes some frames for each."""

_ATTRIBUTE = re.compile(r'\s([a-z]++)="([^"]*+)"')

_INLINE_WORDS = "abbr b bdi cite code dfn em i kbd mark q rp rt ruby s samp small span strong sub sup time u var"
INLINE = frozenset(_INLINE_WORDS.split())
"""Elements that may contain only text and inline elements."""

TRANSPARENT = frozenset({"a", "del", "ins"})
EMBEDDED = frozenset({"audio", "br", "iframe", "img", "picture", "video", "wbr"})
_INTERACTIVE = frozenset({"a", "audio", "details", "iframe", "video"})


@dataclass(slots=True, eq=False)
class HtmlNode:
    """An element. Attribute values and text are HTML still, as they were read."""

    name: str
    attributes: dict[str, str]
    children: list[HtmlNode | str] = field(default_factory=list)
    holds_blocks: bool = False
    """Something below it is neither text nor inline."""
    holds_interactive: bool = False
    """Something below it can be clicked."""

    @property
    def is_block(self) -> bool:
        """Whether it is a block: not inline, transparent or embedded."""
        return self.name not in INLINE and self.name not in TRANSPARENT and self.name not in EMBEDDED

    def elements(self, *names: str) -> list[HtmlNode]:
        """The child elements of these names, in order; text is left out."""
        return [child for child in self.children if isinstance(child, HtmlNode) and child.name in names]


def parse(html: str) -> HtmlNode:
    """The tree below a nameless root."""
    root = HtmlNode("", {})
    open_nodes = [root]
    last = 0
    for token in TOKEN.finditer(html):
        closing, name, attributes, end = token.groups()[:4]
        if not end:
            continue  # a comment, a lone `<` or a tag that does not end: text
        _add_text(open_nodes[-1], html[last : token.start()])
        last = token.end()
        name = name.lower()
        if closing:
            _close(open_nodes, name)
        elif len(open_nodes) < DEEPEST or name in VOID:
            node = HtmlNode(name, dict(_ATTRIBUTE.findall(attributes)))
            open_nodes[-1].children.append(node)
            if name not in VOID:
                open_nodes.append(node)
            else:
                _update_flags(open_nodes[-1], node)
    _add_text(open_nodes[-1], html[last:])
    while len(open_nodes) > 1:
        _update_flags(open_nodes[-2], open_nodes.pop())
    return root


def _add_text(node: HtmlNode, text: str) -> None:
    if text:
        node.children.append(text.replace("<", "&lt;"))


def _close(open_nodes: list[HtmlNode], name: str) -> None:
    """Ends the innermost element of that name and those within it; an end tag of none is left out."""
    if open_nodes[-1].name != name and not any(node.name == name for node in open_nodes):
        return
    while open_nodes[-1].name != name:
        _update_flags(open_nodes[-2], open_nodes.pop())
    _update_flags(open_nodes[-2], open_nodes.pop())


def _update_flags(parent: HtmlNode, child: HtmlNode) -> None:
    parent.holds_blocks = parent.holds_blocks or child.holds_blocks or child.is_block
    parent.holds_interactive = parent.holds_interactive or child.holds_interactive or child.name in _INTERACTIVE
