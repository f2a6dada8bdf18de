"""Which outputs there are: one for each `[[feed]]`, or, with none, one for each category node and "all"."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from aggregator.core.config.posts import blog, documents
from aggregator.core.config.tables import Config, FeedConfig
from aggregator.core.formats_table import DEFAULT_FORMATS
from aggregator.core.html.plain import label_key
from aggregator.core.model import CategoryPath, OutputId, SourceId
from aggregator.core.select.category_paths import is_below, node_key
from aggregator.core.select.filters import SelectionOptions
from aggregator.core.select.filters.category import CategoryFilter
from aggregator.core.select.filters.filter import Filter, FilterInput, Verdict
from aggregator.core.select.filters.source import SourceFilter

ALL = "all"
Slugger = Callable[[str, str, str], str]
"""(kind, name, wanted slug) -> the slug kept for that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlogPlan:
    """An output as a folder of posts. `folder` is as feeds.toml names it; None: one of the store's."""

    dialect: str
    folder: str | None = None
    footer: bool = True
    """Each post ends with a visible link to the original (rule M8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPlan:
    """What one output is meant to be. `definition.KEYS` says what of it is hashed, and by which stored keys."""

    output: OutputId
    title: str
    description: str
    """Feeds must have one; see `is_described`."""
    language: str | None
    formats: tuple[str, ...]
    limit: int | None
    filters: tuple[Filter, ...]
    """An entry appears if all of them let it pass. One is a `SourceFilter`."""
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

    @property
    def sources(self) -> frozenset[SourceId]:
        """Sources whose entries may appear."""
        return next(one.sources for one in self.filters if isinstance(one, SourceFilter))

    @property
    def node(self) -> CategoryPath | None:
        """The category whose entries appear; None: every category."""
        found = self._category
        return found.category if found else None

    @property
    def assigned(self) -> frozenset[SourceId]:
        """Those of `sources` whose entries belong to `node` unless they have category paths of their own."""
        found = self._category
        return self.sources & found.assigned if found else self.sources

    @property
    def _category(self) -> CategoryFilter | None:
        return next((one for one in self.filters if isinstance(one, CategoryFilter)), None)

    def verdict(self, candidate: FilterInput) -> Verdict:
        """Why an entry appears or not: of the first filter that it does not pass, else of the last that matched a text.

        Where none matched a text, of the last.
        """
        verdicts = [one.verdict(candidate) for one in self.filters]
        refusal = next((found for found in verdicts if not found.passes), None)
        return refusal or next((found for found in reversed(verdicts) if found.text), verdicts[-1])


def plan_outputs(config: Config, nodes: Iterable[CategoryPath], slug_for: Slugger) -> tuple[OutputPlan, ...]:
    """All outputs, "all" first and parents before children. `nodes` are the paths that stored entries have."""
    if config.feeds:
        return tuple(_of_feed(feed, config, slug_for) for feed in config.feeds)
    every = _base(config, OutputId(slug_for("output", ALL, ALL)), config.site.title, SelectionOptions())
    tree = _tree([*(s.category for s in config.sources if s.category), *nodes])
    return (every, *(_of_node(names, config, slug_for) for names in tree.values()))


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


def _of_node(names: CategoryPath, config: Config, slug_for: Slugger) -> OutputPlan:
    # names of posts are no text of feeds.toml: one may hold a slash, which would be read as the end of a name
    selection = SelectionOptions.model_construct(category=names)
    return _base(config, _node_slug(names, slug_for), " / ".join(names), selection)


def _of_feed(feed: FeedConfig, config: Config, slug_for: Slugger) -> OutputPlan:
    dialect = blog(feed.formats)
    slug = slug_for("output", feed.id, feed.id)
    output = OutputId(f"{feed.token}/{slug}" if feed.token else slug)
    base = _base(config, output, feed.title or feed.id, feed)
    return replace(
        base,
        description=feed.description or base.description,
        is_described=bool(feed.description),
        is_secret=feed.token is not None,
        language=feed.language or base.language,
        formats=documents(feed.formats),
        blog=BlogPlan(dialect=dialect, folder=feed.posts, footer=feed.footer) if dialect else None,
        limit=feed.limit,
        dedupe=feed.dedupe,
    )


def _base(config: Config, output: OutputId, title: str, selection: SelectionOptions) -> OutputPlan:
    return OutputPlan(
        output=output,
        title=title,
        description=f"{config.site.title}: {title}" if selection.category else title,
        language=config.site.language,
        formats=DEFAULT_FORMATS,
        limit=None,
        filters=tuple(selection.filters({source.id: source.category for source in config.sources})),
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
