"""XML feeds of every dialect: one text, read by feedparser and by one walk of its tree.

The tree supplies what rules M13 and M14 ask for, element by element; feedparser recognises the
dialect, judges whether the text is sound, fills fields the walk found empty, and is the reader where no tree can be
had. The two are paired by position when they count the same entries, else by id or link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from aggregator.core.errors import ParseError, Reason
from aggregator.core.model import Diagnostic
from aggregator.core.parse.parsed import ParsedDeletion, ParsedEntry, ParsedFeed, ParsedHead
from aggregator.core.parse.xml import feedparser_fallback, repair
from aggregator.core.parse.xml.elements import Elements
from aggregator.core.parse.xml.head import HeadReader
from aggregator.core.parse.xml.item import ItemReader
from aggregator.core.parse.xml.outline import names_files, one_bare, outline, without_entries
from aggregator.core.parse.xml.prolog import Prolog
from aggregator.core.parse.xml.tree import Element, Tree, attribute, local_name, parse_tree

MAX_ENTRIES = 2_000

_MENDINGS = {
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
_SOUND = frozenset({"blanks-before-root", "junk-before-root", "junk-after-root"})
_MAX_NOTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    """A text that is well-formed now, its tree, and what it took."""

    text: str
    root: Element | None
    mendings: frozenset[str]


def read_syndication(prolog: Prolog, *, url: str, cleaned: bool = False) -> ParsedFeed:
    """Reads RSS and Atom from the root tag on; raises ParseError only where nothing at all can be read.

    `cleaned` tells that characters were removed before.
    """
    try:
        sound = _make_sound(prolog)
    except repair.UnrepairableError as error:
        raise ParseError(url, Reason.BROKEN, f"the XML cannot be mended: {error}") from error
    mendings = set(sound.mendings)
    mendings |= {"junk-before-root"} if prolog.junk else {"blanks-before-root"} if prolog.blanks else set()
    mendings |= {"control-characters"} if cleaned else set()
    diagnostics = [Diagnostic(name=name, message=_MENDINGS[name]) for name in sorted(mendings)]
    bozo = bool(mendings - _SOUND)
    if sound.root is None:
        return _without_tree(sound.text, url=url, diagnostics=diagnostics)
    tree = Tree(sound.root)
    nodes = _entry_nodes(tree)
    if len(nodes) > MAX_ENTRIES:
        diagnostics.append(_too_many(len(nodes)))
        without_entries(nodes[MAX_ENTRIES:])
        nodes = nodes[:MAX_ENTRIES]
    elements = Elements(tree)
    items = ItemReader(elements)
    entries = tuple(items.read(node) for node in nodes)
    head = _read_head(elements, nodes)
    diagnostics += [*_structure(tree, nodes), *_nameless(entries)]
    seen, theirs = _recognised(tree, nodes, entries)
    if seen.failed:
        diagnostics.append(Diagnostic(name="reader-failed", message=f"feedparser gave up: {seen.failed}"))
    return ParsedFeed(
        dialect=_dialect(tree, seen),
        head=head,
        entries=_paired(entries, theirs),
        deleted=_deletions(tree),
        diagnostics=tuple(diagnostics),
        complete="cut-off" not in mendings,
        bozo=bozo,
    )


def _deletions(tree: Tree) -> tuple[ParsedDeletion, ...]:
    """Tombstones stand beside the entries."""
    nodes = [node for node in tree.root.iterchildren() if tree.key_or_none(node) == "at:deleted-entry"]
    found = ((attribute(node, "ref"), attribute(node, "when")) for node in nodes[:MAX_ENTRIES])
    return tuple(ParsedDeletion(ref=ref, when=when or "") for ref, when in found if ref)


def _make_sound(prolog: Prolog) -> _Sound:
    """Three steps, each only if the one before was not enough: as it is, references mended, tags mended."""
    text = prolog.body
    root = parse_tree(text)
    if root is not None:
        return _Sound(text=text, root=root, mendings=frozenset())
    mended = repair.repair_references(text, prolog.entities)
    declared = repair.declare_prefixes(mended.text)
    found = mended.mendings | declared.mendings
    root = parse_tree(declared.text)
    if root is not None:
        return _Sound(text=declared.text, root=root, mendings=found)
    whole = repair.repair_tags(declared.text)
    found |= whole.mendings or {"not-well-formed"}
    root = parse_tree(whole.text)
    if root is None:
        found |= {"not-well-formed"}
        root = parse_tree(whole.text, recover=True)
    return _Sound(text=whole.text, root=root, mendings=found)


def _too_many(count: int) -> Diagnostic:
    return Diagnostic(name="too-many-entries", message=f"of {count} entries the first {MAX_ENTRIES} were read")


def _without_tree(text: str, *, url: str, diagnostics: list[Diagnostic]) -> ParsedFeed:
    seen = feedparser_fallback.recognise(text)
    if not seen.entries and not seen.dialect:
        raise ParseError(url, Reason.BROKEN, "the XML is too broken to read")
    if len(seen.entries) > MAX_ENTRIES:
        diagnostics.append(_too_many(len(seen.entries)))
    return ParsedFeed(
        dialect=seen.dialect,
        head=seen.head,
        entries=seen.entries[:MAX_ENTRIES],
        diagnostics=tuple(diagnostics),
        bozo=True,
    )


def _entry_nodes(tree: Tree) -> list[Element]:
    """Items and entries anywhere, in document order, but none that lies inside another."""
    root = tree.root
    wanted = {"item", "atom:entry"}
    if tree.key(root) == "atom:entry":
        return [root]
    nodes = [node for node in root.iter("{*}item", "{*}entry", "{*}Item", "{*}ITEM") if tree.key(node) in wanted]
    chosen = set(nodes)
    return [node for node in nodes if not any(above in chosen for above in node.iterancestors())]


def _structure(tree: Tree, nodes: list[Element]) -> list[Diagnostic]:
    """What is odd about where things stand and what they are called, once the tree was walked."""
    found = [
        Diagnostic(name="namespace-misspelt", message=f"the namespace {uri[:100]!r} was read as the one it resembles")
        for uri in tree.misspelt
    ]
    if odd := tree.odd_home:
        words = f"the feed's own elements are in the namespace {odd[:100]!r}; they were read by their names"
        found.append(Diagnostic(name="namespace-unknown", message=words))
    if tree.root_name == "rss":
        channels = [child for child in tree.root if local_name(child).lower() == "channel"]
        outside = [node for node in nodes if node.getparent() is tree.root]
        if len(channels) != 1 or outside:
            message = f"it has {len(channels)} channels and {len(outside)} items outside of one; all items were read"
            found.append(Diagnostic(name="channel-structure", message=message))
    return found


def _nameless(entries: Iterable[ParsedEntry]) -> Iterator[Diagnostic]:
    """One for each of the first entries that have no id (rule I2)."""
    for entry in islice((entry for entry in entries if not any(c.value.strip() for c in entry.ids)), _MAX_NOTES):
        words = "the entry has no id; its link or its text tells it apart"
        where = (*(link.href for link in entry.links), *(title.value for title in entry.titles))
        label = next((one.strip() for one in where if one.strip()), None)
        yield Diagnostic(name="guid-missing", message=words, entry=label and label[:200])


def _read_head(elements: Elements, nodes: list[Element]) -> ParsedHead:
    """The first head: an Atom feed's own children; a channel's, then what stands beside the channel."""
    root = elements.tree.root
    if nodes == [root]:
        return ParsedHead()
    reader = HeadReader(elements)
    if elements.tree.home == "atom":
        return reader.read(root, [child for child in root if elements.tree.key_or_none(child) != "atom:entry"])
    channels = [root] if elements.tree.root_name == "channel" else []
    channels += [child for child in root if local_name(child).lower() == "channel"]
    channel = channels[0] if channels else root
    inside = [child for child in channel if local_name(child).lower() != "item"]
    beside = [child for child in root if channel is not root and local_name(child).lower() not in ("item", "channel")]
    return reader.read(channel, [*inside, *beside])


_Theirs = tuple[ParsedEntry | None, ...]
"""feedparser's entries; None where it has nothing to add to ours."""


def _recognised(
    tree: Tree, nodes: list[Element], entries: tuple[ParsedEntry, ...]
) -> tuple[feedparser_fallback.Recognised, _Theirs]:
    """What feedparser makes of the document. Of the entries that it has nothing to add to it is shown one bare tag,
    unless it then finds others than we do, or cannot tell the dialect from the head alone."""
    wants = [
        node is tree.root or not feedparser_fallback.is_complete(entry, names_files=names_files(node))
        for node, entry in zip(nodes, entries, strict=True)
    ]
    complete = [node for node, wanting in zip(nodes, wants, strict=True) if not wanting]
    if complete:
        first = wants.index(False)
        shown = [node for at, node in enumerate(nodes) if wants[at] or at == first]
        with one_bare(complete):
            seen = feedparser_fallback.recognise(outline(tree, shown))
        if seen.dialect and len(seen.entries) == len(shown):
            found = iter(seen.entries)
            theirs = [next(found) if wanting or at == first else None for at, wanting in enumerate(wants)]
            theirs[first] = None
            return seen, tuple(theirs)
    seen = feedparser_fallback.recognise(outline(tree, nodes))
    return seen, seen.entries


def _dialect(tree: Tree, seen: feedparser_fallback.Recognised) -> str:
    if seen.dialect and seen.dialect not in ("rss", "atom"):
        return seen.dialect
    if tree.root_name == "channel" and "rss1.1" in str(tree.root.tag).lower():
        return "rss-1.1"
    version = tree.root.get("version")
    if tree.root_name == "rss" and version in ("2.0", "2"):
        return "rss-2.0"
    return seen.dialect or ("atom-1.0" if tree.home == "atom" else "rss-1.0" if tree.root_name == "rdf" else "rss")


def _paired(ours: tuple[ParsedEntry, ...], theirs: _Theirs) -> tuple[ParsedEntry, ...]:
    if not ours:
        return tuple(entry for entry in theirs[:MAX_ENTRIES] if entry)
    if len(ours) == len(theirs):
        pairs = zip(ours, theirs, strict=True)
        return tuple(one if other is None else feedparser_fallback.completed(one, other) for one, other in pairs)
    by_name = {name: entry for entry in reversed(theirs) if entry for name in _names(entry)}
    return tuple(
        feedparser_fallback.completed(entry, by_name[name]) if (name := _known_name(entry, by_name)) else entry
        for entry in ours
    )


def _names(entry: ParsedEntry) -> list[str]:
    values = (*(candidate.value for candidate in entry.ids), *(link.href for link in entry.links))
    return [value.strip() for value in values if value.strip()]


def _known_name(entry: ParsedEntry, names: dict[str, ParsedEntry]) -> str | None:
    return next((name for name in _names(entry) if name in names), None)
