"""Which outputs there are: one for each `[[feed]]`, or, with none, one for each category node and "all"."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from aggregator.core.config.posts import blog, documents
from aggregator.core.config.tables import Config, FeedConfig, SourceConfig
from aggregator.core.html.plain import label_key
from aggregator.core.model import CategoryKind, CategoryPath, Entry, OutputId, SourceId, StoredEntry

ALL = "all"
Slugger = Callable[[str, str, str], str]
"""(kind, name, wanted slug) -> the slug kept for that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlogPlan:
    """An output as a folder of posts. `folder` is as feeds.toml names it; None: one of the store's."""

    dialect: str
    folder: str | None = None
    footer: bool = field(default=True, repr=False)
    """Each post ends with a visible link to the original (rule M8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPlan:
    """What one output is meant to be."""

    output: OutputId
    title: str
    description: str
    """Feeds must have one; see `is_described`."""
    language: str | None
    formats: tuple[str, ...]
    limit: int | None
    sources: frozenset[SourceId]
    """Sources whose entries may appear."""
    assigned: frozenset[SourceId]
    """Those of `sources` whose entries belong to `node` unless they have category paths of their own."""
    node: CategoryPath | None
    """None: every category."""
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    dedupe: str = "link"
    blog: BlogPlan | None = None
    """`formats` names documents alone."""
    is_secret: bool = False
    """Its address holds a token: no list names it."""
    is_described: bool = False
    """Somebody wrote the description; else it was made up of titles."""

    @property
    def name(self) -> str:
        """The output without its token: its id is minted from this, and another token does not make another feed."""
        return self.output.partition("/")[2] if self.is_secret else self.output

    def definition(self, *, shown: Mapping[str, Any], chosen: Mapping[str, Any]) -> str:
        """Two hashes with "/" between: of what the output is told to be, and of the sources there are to choose from.

        `shown` and `chosen` are settings outside the plan that belong to either. Only a change of the first is a
        change of this output, which moves its `updated` (rule W3); a source more or less may concern it or not.
        """
        told = {name: getattr(self, name) for name in self.__slots__ if name not in _OF_SOURCES}
        if not self.blog:
            del told["blog"]
        elif not self.blog.footer:
            told["footer"] = False
        offered = {name: getattr(self, name) for name in _OF_SOURCES}
        return f"{_digest(told | dict(shown))}/{_digest(offered | dict(chosen))}"

    def rule(self, **also: Any) -> str:
        """A hash of what decides which stories of its sources it has, and where; words at its head do not count.

        Nor does what is at its default, so that a later version with more fields gives the same.
        """
        decisive = [one for one in fields(self) if one.name not in _NO_RULE]
        values = {f.name: getattr(self, f.name) for f in decisive if getattr(self, f.name) != f.default}
        return _digest(values | also)


_OF_SOURCES = ("sources", "assigned")
_NO_RULE = {"title", "description", "is_described", "language", "sources", "assigned", "blog"}


def _digest(values: Mapping[str, Any]) -> str:
    shown = {k: sorted(v) if isinstance(v, frozenset) else v for k, v in values.items()}
    return hashlib.sha256(repr(sorted(shown.items())).encode()).hexdigest()[:32]


def plan_outputs(config: Config, nodes: Iterable[CategoryPath], slug_for: Slugger) -> tuple[OutputPlan, ...]:
    """All outputs, "all" first and parents before children. `nodes` are the paths that stored entries have."""
    sources = list(config.sources)
    if config.feeds:
        return tuple(_of_feed(feed, config, sources, slug_for) for feed in config.feeds)
    every = _base(config, sources, OutputId(slug_for("output", ALL, ALL)), config.site.title, None)
    tree = _tree([*(s.category for s in sources if s.category), *nodes])
    children = [
        _base(config, sources, _node_slug(names, slug_for), " / ".join(names), names) for names in tree.values()
    ]
    return (every, *children)


def touched(
    plans: Iterable[OutputPlan], source: SourceId, paths: Iterable[CategoryPath] | None
) -> tuple[OutputId, ...]:
    """The outputs that a change in `source` may show in.

    `paths` are the changed entries' own category paths, before and after; None: all that the source has may look
    different.
    """
    own = None if paths is None else list(paths)
    return tuple(p.output for p in plans if source in p.sources and (own is None or _concerns(p, source, own)))


def _concerns(plan: OutputPlan, source: SourceId, paths: list[CategoryPath]) -> bool:
    return plan.node is None or source in plan.assigned or any(is_below(path, plan.node) for path in paths)


def belongs(plan: OutputPlan, stored: StoredEntry) -> bool:
    """Whether an entry is of the plan's sources and category; its own paths count before its source's (rule K1)."""
    if stored.source not in plan.sources:
        return False
    if plan.node is None:
        return True
    paths = own_paths(stored.entry)
    return any(is_below(path, plan.node) for path in paths) if paths else stored.source in plan.assigned


def own_paths(entry: Entry) -> tuple[CategoryPath, ...]:
    """Category paths that the entry itself carries, as a post on disk does (rule K1)."""
    return tuple(c.path for c in entry.categories if c.kind is CategoryKind.ASSIGNED)


def is_below(path: CategoryPath, node: CategoryPath) -> bool:
    """Whether `path` is `node` or one of its descendants, names compared as rule K3 says."""
    return node_key(path[: len(node)]) == node_key(node)


def node_key(path: CategoryPath) -> CategoryPath:
    """The form in which paths are compared: width, case and blanks beside CJK do not count (rule K3)."""
    return tuple(label_key(name) for name in path)


def _of_feed(feed: FeedConfig, config: Config, sources: list[SourceConfig], slug_for: Slugger) -> OutputPlan:
    wanted = [s for s in sources if not feed.source or s.id in feed.source]
    dialect = blog(feed.formats)
    slug = slug_for("output", feed.id, feed.id)
    output = OutputId(f"{feed.token}/{slug}" if feed.token else slug)
    base = _base(config, wanted, output, feed.title or feed.id, feed.category)
    return replace(
        base,
        description=feed.description or base.description,
        is_described=bool(feed.description),
        is_secret=feed.token is not None,
        language=feed.language or base.language,
        formats=documents(feed.formats),
        blog=BlogPlan(dialect=dialect, folder=feed.posts, footer=feed.footer) if dialect else None,
        limit=feed.limit,
        keep=tuple(feed.keep),
        drop=tuple(feed.drop),
        dedupe=feed.dedupe,
    )


def _base(
    config: Config, sources: list[SourceConfig], output: OutputId, title: str, node: CategoryPath | None
) -> OutputPlan:
    assigned = sources if node is None else [s for s in sources if s.category and is_below(s.category, node)]
    return OutputPlan(
        output=output,
        title=title,
        description=title if node is None else f"{config.site.title}: {title}",
        language=config.site.language,
        formats=("rss", "atom", "json", "html"),
        limit=None,
        sources=frozenset(s.id for s in sources),
        assigned=frozenset(s.id for s in assigned),
        node=node,
    )


def _tree(paths: Iterable[CategoryPath]) -> Mapping[CategoryPath, CategoryPath]:
    """Every node with its ancestors, by comparison key; the first spelling met is kept (rule K3)."""
    nodes: dict[CategoryPath, CategoryPath] = {}
    for path in paths:
        for depth in range(1, len(path) + 1):
            nodes.setdefault(node_key(path[:depth]), path[:depth])
    return dict(sorted(nodes.items()))


def _node_slug(names: CategoryPath, slug_for: Slugger) -> OutputId:
    """One slug per segment, each unique among its siblings and kept for good (rule K7)."""
    parent = ""
    for depth, name in enumerate(names):
        kind = f"node:{'/'.join(node_key(names[:depth]))}" if depth else "output"
        slug = slug_for(kind, f"category:{label_key(name)}", segment(name))
        parent = f"{parent}/{slug}" if parent else slug
    return OutputId(parent)


_UNSAFE = dict.fromkeys(map(ord, '<>:"/\\|?*#%&\x7f'), "-") | dict.fromkeys(range(33), "-")
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}


def segment(name: str) -> str:
    """A category's name as a segment of URL and file name: CJK kept, unsafe characters to `-` (rules K7 and W16).

    At most 80 bytes; a name of which nothing is left becomes `c-` and 8 hex digits.
    """
    kept = "-".join(part for part in name.translate(_UNSAFE).replace(".", "-").split("-") if part)
    while len(kept.encode()) > 80:
        kept = kept[:-1]
    has_word = any(character.isalnum() for character in kept)
    if not has_word or kept.casefold() in _RESERVED:
        return "c-" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return kept
