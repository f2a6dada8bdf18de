"""XML feeds of every dialect: one text, read by one walk of its tree, element by element (rules M13 and M14).

feedparser is used only for a text that is not well-formed or gave no entries, and only for entries that the walk did
not find; and for the whole text where there is no tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from aggregator.core.errors import ParseError, Reason
from aggregator.core.model import Diagnostic
from aggregator.core.parse.parsed import (
    MAX_ENTRIES,
    ParsedDeletion,
    ParsedEntry,
    ParsedFeed,
    ParsedHead,
    too_many_entries,
)
from aggregator.core.parse.xml import repair
from aggregator.core.parse.xml.elements import Elements
from aggregator.core.parse.xml.head import HeadReader
from aggregator.core.parse.xml.item import ItemReader
from aggregator.core.parse.xml.prolog import Prolog
from aggregator.core.parse.xml.tree import Element, Tree, attribute, local_name, parse_tree

_REPAIRS = {
    "control-characters": "characters that XML forbids were removed",
    "html-entities": "HTML entities that XML does not know were read as meant",
    "bare-ampersand": "ampersands that were not escaped were read as meant",
    "undeclared-prefix": "a namespace prefix was used without being declared",
    "not-well-formed": "the XML is not well-formed and was mended",
    "cut-off": "the document ends in the middle; only complete entries were taken",
    "blanks-before-root": "blanks stand before the XML declaration",
    "junk-before-root": "something stands before the feed",
    "junk-after-root": "something stands behind the feed",
    "too-deep": f"tags nested deeper than {repair.MAX_DEPTH} were left out",
}
_HARMLESS = frozenset({"blanks-before-root", "junk-before-root", "junk-after-root"})
_MAX_NOTES = 10
_OLD_RSS = frozenset({"0.91", "0.92", "0.93", "0.94"})
_ATOM_DRAFTS = frozenset({"0.1", "0.2", "0.3"})
_LONGEST_FOR_FEEDPARSER = 2_000_000
"""Characters. Of what is written to cost time, it takes some seconds for as much."""
_ENTRY_TAG = re.compile(r"<(?:[^\s<>/:]{1,40}:)?(?:item|entry)[\s/>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repaired:
    """The tree of a text, and what was repaired to have one; `root` is None where there is none."""

    text: str
    """As it was before its tags were repaired."""
    root: Element | None
    repairs: frozenset[str]
    is_broken: bool = False
    """It was not well-formed when its references were."""


def read_syndication(prolog: Prolog, *, url: str, cleaned: bool = False) -> ParsedFeed:
    """Reads RSS and Atom from the root tag on; raises ParseError only where nothing at all can be read.

    `cleaned`: characters that XML forbids were removed before.
    """
    try:
        repaired = _repair(prolog)
    except repair.UnrepairableError as error:
        raise ParseError(url, Reason.BROKEN, f"the XML cannot be mended: {error}") from error
    repairs = set(repaired.repairs)
    repairs |= {"junk-before-root"} if prolog.junk else {"blanks-before-root"} if prolog.blanks else set()
    repairs |= {"control-characters"} if cleaned else set()
    feed = _without_tree(repaired.text, url) if repaired.root is None else _walk(repaired, repaired.root)
    repair_notes = (Diagnostic(name=name, message=_REPAIRS[name]) for name in sorted(repairs))
    return replace(
        feed,
        diagnostics=(*repair_notes, *feed.diagnostics),
        complete="cut-off" not in repairs,
        bozo=bool(repairs - _HARMLESS),
    )


def _walk(repaired: _Repaired, root: Element) -> ParsedFeed:
    """All that is in the tree, and entries that only feedparser finds."""
    tree = Tree(root)
    nodes = _entry_nodes(tree)
    diagnostics = [too_many_entries(len(nodes))] if len(nodes) > MAX_ENTRIES else []
    nodes = nodes[:MAX_ENTRIES]
    elements = Elements(tree)
    items = ItemReader(elements)
    entries = tuple(items.read(node) for node in nodes)
    head = _read_head(elements, nodes)
    diagnostics += [*_structure(tree, nodes), *_without_id(entries)]
    if repaired.is_broken or not entries:
        entries += _lost_entries(repaired, entries, diagnostics)[: MAX_ENTRIES - len(entries)]
    return ParsedFeed(
        dialect=_dialect(tree),
        head=head,
        entries=entries,
        deleted=_deletions(tree),
        diagnostics=tuple(diagnostics),
    )


def _deletions(tree: Tree) -> tuple[ParsedDeletion, ...]:
    """Tombstones are next to the entries."""
    nodes = [node for node in tree.root.iterchildren() if tree.key_or_none(node) == "at:deleted-entry"]
    found = ((attribute(node, "ref"), attribute(node, "when")) for node in nodes[:MAX_ENTRIES])
    return tuple(ParsedDeletion(ref=ref, when=when or "") for ref, when in found if ref)


def _repair(prolog: Prolog) -> _Repaired:
    """Three steps, each only if the one before was not enough: as it is, references repaired, tags repaired."""
    text = prolog.body
    root = parse_tree(text)
    if root is not None:
        return _Repaired(text=text, root=root, repairs=frozenset())
    referring = repair.repair_references(text, prolog.entities)
    declared = repair.declare_prefixes(referring.text)
    found = referring.repairs | declared.repairs
    root = parse_tree(declared.text)
    if root is not None:
        return _Repaired(text=declared.text, root=root, repairs=found)
    whole = repair.repair_tags(declared.text)
    found |= whole.repairs or {"not-well-formed"}
    root = parse_tree(whole.text)
    if root is None:
        found |= {"not-well-formed"}
        root = parse_tree(whole.text, recover=True)
    return _Repaired(text=declared.text, root=root, repairs=found, is_broken=True)


def _without_tree(text: str, url: str) -> ParsedFeed:
    """What feedparser reads. Raises ParseError (BROKEN) if that is nothing."""
    from aggregator.core.parse.xml import feedparser_fallback  # it takes 0.3 s, and few texts need it

    seen = feedparser_fallback.read(text)
    if not seen.entries and not seen.dialect:
        raise ParseError(url, Reason.BROKEN, "the XML is too broken to read")
    count = len(seen.entries)
    return ParsedFeed(
        dialect=seen.dialect,
        head=seen.head,
        entries=seen.entries[:MAX_ENTRIES],
        diagnostics=(too_many_entries(count),) if count > MAX_ENTRIES else (),
    )


def _entry_nodes(tree: Tree) -> list[Element]:
    """Items and entries anywhere, in document order, but none that lies inside another.

    RSS's `item` in an Atom feed counts only where there is no `entry`, and the reverse.
    """
    root = tree.root
    if tree.key(root) == "atom:entry":
        return [root]
    named = [(node, tree.key(node)) for node in root.iter("{*}item", "{*}entry", "{*}Item", "{*}ITEM")]
    nodes = [node for node, key in named if key in ("item", "atom:entry")]
    nodes = nodes or [node for node, key in named if key in ("entry", "atom:item")]
    chosen = set(nodes)
    return [node for node in nodes if not any(above in chosen for above in node.iterancestors())]


def _structure(tree: Tree, nodes: list[Element]) -> list[Diagnostic]:
    """What is odd about where things are and what they are called, once the tree was walked."""
    found = [
        Diagnostic(name="namespace-misspelt", message=f"the namespace {uri[:100]!r} was read as the one it resembles")
        for uri in tree.misspelt
    ]
    if odd := tree.odd_namespace:
        words = f"the feed's own elements are in the namespace {odd[:100]!r}; they were read by their names"
        found.append(Diagnostic(name="namespace-unknown", message=words))
    if tree.root_name == "rss":
        channels = [child for child in tree.root if local_name(child).lower() == "channel"]
        outside = [node for node in nodes if node.getparent() is tree.root]
        if len(channels) != 1 or outside:
            message = f"it has {len(channels)} channels and {len(outside)} items outside of one; all items were read"
            found.append(Diagnostic(name="channel-structure", message=message))
    return found


def _without_id(entries: Iterable[ParsedEntry]) -> Iterator[Diagnostic]:
    """One for each of the first entries that have no id (rule I2)."""
    for entry in islice((entry for entry in entries if not any(c.value.strip() for c in entry.ids)), _MAX_NOTES):
        words = "the entry has no id; its link or its text tells it apart"
        where = (*(link.href for link in entry.links), *(title.value for title in entry.titles))
        label = next((one.strip() for one in where if one.strip()), None)
        yield Diagnostic(name="guid-missing", message=words, entry=label and label[:200])


def _read_head(elements: Elements, nodes: list[Element]) -> ParsedHead:
    """The first head: an Atom feed's own children; a channel's, then what is next to the channel."""
    root = elements.tree.root
    if nodes == [root]:
        return ParsedHead()
    reader = HeadReader(elements)
    if elements.tree.own_prefix == "atom":
        return reader.read(root, [child for child in root if elements.tree.key_or_none(child) != "atom:entry"])
    channels = [root] if elements.tree.root_name == "channel" else []
    channels += [child for child in root if local_name(child).lower() == "channel"]
    channel = channels[0] if channels else root
    inside = [child for child in channel if local_name(child).lower() != "item"]
    beside = [child for child in root if channel is not root and local_name(child).lower() not in ("item", "channel")]
    return reader.read(channel, [*inside, *beside])


def _dialect(tree: Tree) -> str:
    """The name of the dialect by the root's name, namespace and version: `rss`, `atom` where there is no version."""
    version = (attribute(tree.root, "version") or "").lower()
    uri = (tree.own_uri or tree.root.nsmap.get(None) or "").lower()
    match tree.root_name:
        case "rdf":
            return "rss-0.90" if "netscape" in uri else "rss-1.0"
        case "channel":
            return "rss-1.1" if "rss1.1" in uri else "rss"
        case "feed" | "entry":
            return "atom-1.0" if "w3.org/2005/atom" in uri else f"atom-{version}" if version in _ATOM_DRAFTS else "atom"
    if version == "2" or version.startswith("2."):
        return "rss-2.0"
    return f"rss-{version}" if version in _OLD_RSS else "rss"


def _lost_entries(
    repaired: _Repaired, ours: Sequence[ParsedEntry], diagnostics: list[Diagnostic]
) -> tuple[ParsedEntry, ...]:
    """The entries that feedparser finds in the text and our own walk did not.

    It is used only where the text opens more entries than the walk found. Where the text was cut off, its last entry
    is left out on purpose (rule P2). If feedparser breaks down, a diagnostic says so.
    """
    if "cut-off" in repaired.repairs or len(repaired.text) > _LONGEST_FOR_FEEDPARSER:
        return ()
    if len(_ENTRY_TAG.findall(repaired.text)) <= len(ours):
        return ()
    from aggregator.core.parse.xml import feedparser_fallback

    seen = feedparser_fallback.read(repaired.text)
    if seen.failed:
        diagnostics.append(Diagnostic(name="reader-failed", message=f"feedparser gave up: {seen.failed}"))
    if not ours or len(seen.entries) <= len(ours):
        return () if ours else seen.entries
    known = {name for entry in ours for name in _names(entry)}
    return tuple(entry for entry in seen.entries if (names := _names(entry)) and known.isdisjoint(names))


def _names(entry: ParsedEntry) -> list[str]:
    values = (*(candidate.value for candidate in entry.ids), *(link.href for link in entry.links))
    return [value.strip() for value in values if value.strip()]
