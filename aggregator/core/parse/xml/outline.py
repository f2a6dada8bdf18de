"""What feedparser is given once the tree has been walked: the document without the weight it need not carry.

Everything here changes the tree it is given, so it comes after the walk. A third of feedparser's time goes into texts
that the walk has already taken; and where an entry names categories without end it looks for each among all before
it, which takes minutes for a hundred thousand. We use neither its texts, where we have our own, nor its categories.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

from aggregator.core.parse.xml.tree import Element, Tree, local_name

_LABELS = ("{*}category", "{*}subject", "{*}keywords", "{*}tags")
_MAX_LABELS = 500
_BODIES = frozenset(
    {
        "content:encoded",
        "description",
        "body",
        "fullitem",
        "atom:content",
        "atom:summary",
        "xhtml:body",
        "xhtml:div",
        "itunes:summary",
        "media:description",
    }
)


def without_entries(nodes: list[Element]) -> None:
    """Takes these entries out of their tree."""
    for node in nodes:
        parent = node.getparent()
        if parent is not None:
            parent.remove(node)


@contextmanager
def one_bare(nodes: list[Element]) -> Iterator[None]:
    """While it lasts, the first of these entries is a bare tag, and the others are not there."""
    inside, others = list(nodes[0]), frozenset(nodes[1:])
    parents = {parent for node in others if (parent := node.getparent()) is not None}
    around = [(parent, list(parent)) for parent in parents]
    for parent, children in around:
        parent[:] = [child for child in children if child not in others]
    nodes[0][:] = []
    try:
        yield
    finally:
        nodes[0][:] = inside
        for parent, children in around:
            parent[:] = children


def names_files(node: Element) -> bool:
    """Whether an element in this entry is called as feedparser would look for a file."""
    return any(
        name == "enclosure" or (name == "link" and "enclosure" in "".join(map(str, element.attrib.values())).lower())
        for element in node.iter(etree.Element)
        for name in (local_name(element).lower(),)
    )


def outline(tree: Tree, nodes: list[Element]) -> str:
    """The document as XML, the bodies of its entries emptied and endless labels left out."""
    for node in nodes:
        for child in node:
            if tree.key_or_none(child) in _BODIES:
                child.text = None
                child[:] = []
    if _has_endless_labels(tree.root, nodes):
        etree.strip_elements(tree.root, *_LABELS, with_tail=False)
    return etree.tostring(tree.root, encoding="unicode")


def _has_endless_labels(root: Element, nodes: list[Element]) -> bool:
    """Whether some entry, or the head, names more categories than anybody would."""
    every = sum(map(_label_size, root.iter(*_LABELS)))
    if every < _MAX_LABELS:
        return False
    sizes = [sum(map(_label_size, node.iter(*_LABELS))) for node in nodes]
    return max([*sizes, every - sum(sizes)]) >= _MAX_LABELS


def _label_size(element: Element) -> int:
    return 1 + sum(str(text).count(",") for text in element.itertext())
