"""feedgen's part in a feed: what it wrote and what stands unchanged in the finished document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from format_editions import RICH
from lxml import etree

from aggregator.formats import xml_pieces
from aggregator.formats.atom import Atom
from aggregator.formats.rss import Rss

Node = tuple[str, tuple[tuple[str, str], ...], str]


def nodes(element: Any) -> Iterator[Node]:
    """Each leaf below the element: its path, its attributes, and its text as it is spelt in XML."""
    tree = etree.ElementTree(element)
    for node in element.iter(etree.Element):
        if node is not element and not any(isinstance(child.tag, str) for child in node):
            spelt = etree.tostring(node, encoding="unicode", with_tail=False)
            text = spelt.partition(">")[2].rpartition("</")[0]
            yield tree.getelementpath(node.getparent()) + "/" + node.tag, tuple(sorted(node.attrib.items())), text


def shares(alone: Any, whole: Any) -> tuple[int, int]:
    """How many of the finished nodes feedgen wrote, and how many there are."""
    finished = Counter(nodes(whole))
    return (Counter(nodes(alone)) & finished).total(), finished.total()


def entry(kind: str, *, extensions: bool) -> Any:
    story = RICH.stories[0]
    told: FeedEntry = Rss().item(story) if kind == "rss" else Atom().entry(story)
    return told.rss_entry(extensions=extensions) if kind == "rss" else told.atom_entry(extensions=extensions)


def head(kind: str, *, extensions: bool) -> Any:
    told: FeedGenerator = Rss().channel(RICH) if kind == "rss" else Atom().feed(RICH)
    text = told.rss_str(extensions=extensions) if kind == "rss" else told.atom_str(extensions=extensions)
    return etree.fromstring(text)


@pytest.mark.parametrize(
    ("kind", "part", "least"),
    [("rss", entry, 8), ("atom", entry, 10), ("rss", head, 6), ("atom", head, 2)],
    ids=["rss-item", "atom-entry", "rss-channel", "atom-feed"],
)
def test_feedgen_writes_its_part(kind: str, part: Any, least: int) -> None:
    """Leaves of a story and an edition that have everything. Fewer would mean that we have begun to write them anew."""
    own, all_ = shares(part(kind, extensions=False), part(kind, extensions=True))
    assert least <= own < all_


def test_a_feed_that_does_not_end_as_expected_is_an_error() -> None:
    """So that a next release of feedgen cannot make broken documents of all outputs."""
    assert xml_pieces.opened(b"<feed>\n  <id>a</id>\n</feed>\n", b"</feed>\n") == b"<feed>\n  <id>a</id>\n"
    with pytest.raises(ValueError, match="does not end as expected"):
        xml_pieces.opened(b"<feed>\n  <id>a</id>\n</atom:feed>\n", b"</feed>\n")
