"""The index and the status page as HTML: pure functions of what they show, so that the same state gives the same bytes.

Templates escape everything; secrets in addresses are hidden here. A page needs no script and no second request.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from aggregator.core.formats_table import DOCUMENTS, HTML
from aggregator.core.site_status import OutputInfo, PublishedFormat, SiteInfo, SourceInfo, StatusReport
from aggregator.core.source_state import Health
from aggregator.formats.phrases import Phrases, language_of, words_for

_TEMPLATES = Path(__file__).with_name("templates")
ICON = (_TEMPLATES / "icon.svg").read_bytes()

PAGE_LENGTH = 200
"""Sources on one status page."""
_DEEPEST = 8
"""Levels of the index; deeper categories are joined into the last."""
_ALTERNATES = 20
_SECRETS = re.compile(r"(?i)([?&;][^=&#;]*(?:key|token|secret|passw|auth|sig|code|session)[^=&#;]*=)[^&#;]+")
_WORST_FIRST = (Health.BLOCKED, Health.FAILING, Health.DEAD, Health.GONE, Health.NEW, Health.HEALTHY)


@dataclass(slots=True)
class CategoryNode:
    """One name of the category tree, the outputs filed there and the names below."""

    name: str = ""
    outputs: list[OutputInfo] = field(default_factory=list)
    children: dict[str, CategoryNode] = field(default_factory=dict)

    @property
    def is_named_by_output(self) -> bool:
        """Whether an output already shows the name, so that a heading would say it twice."""
        return any(shown_title(output) == self.name for output in self.outputs)


def render_index(
    site: SiteInfo, outputs: Sequence[OutputInfo], *, opml: str | None = "outputs.opml", status: bool = False
) -> bytes:
    """The page that lists every output with its addresses. Links are relative to the public root.

    `opml` is the path of the list for feed readers, None if there is none, as where no output is a feed; `status`
    links the status page, which only the server has: a copy on disk goes without.
    """
    words = words_for(site.language)
    has_feeds = any(DOCUMENTS[info.format].is_feed for output in outputs for info in output.formats)
    page = (
        _environment()
        .get_template("index.html")
        .render(
            **_shared(site, words),
            tree=_tree(outputs),
            outputs=outputs,
            alternates=list(_alternates(outputs)),
            opml=opml if has_feeds else None,
            status=status,
        )
    )
    return page.encode()


def render_status(
    site: SiteInfo, report: StatusReport, outputs: Sequence[OutputInfo], *, q: str = "", page: int = 1
) -> bytes:
    """How sources and outputs are doing. `q` keeps the sources that contain it; `page` counts from 1 and is clamped."""
    words = words_for(site.language)
    found = sorted(
        _matching(report.sources, q, words),
        key=lambda source: (_WORST_FIRST.index(source.health), source.id),
    )
    pages = max(1, -(-len(found) // PAGE_LENGTH))
    page = min(max(page, 1), pages)
    counts = Counter(source.health for source in report.sources)
    text = (
        _environment()
        .get_template("status.html")
        .render(
            **_shared(site, words),
            report=report,
            outputs=outputs,
            sources=found[(page - 1) * PAGE_LENGTH : page * PAGE_LENGTH],
            counts=[(health, counts[health]) for health in _WORST_FIRST if counts[health]],
            fine=report.ok and counts[Health.HEALTHY] + counts[Health.NEW] == len(report.sources),
            q=q,
            page=page,
            pages=pages,
        )
    )
    return text.encode()


def render_error(site: SiteInfo, *, root: str) -> bytes:
    """The page for an address that leads nowhere. `root` is the path of the index, with its final slash."""
    words = words_for(site.language)
    return _environment().get_template("error.html").render(**_shared(site, words), root=root).encode()


def shown_title(output: OutputInfo) -> str:
    """An output's title on the index: its last name where the title is its whole path, which the tree shows already."""
    return output.path[-1] if output.path and output.title == " / ".join(output.path) else output.title


def shown_address(address: str) -> str:
    """A source's address as anyone may see it: no user name, no password, no secrets in the query."""
    try:
        host = urlsplit(address).netloc
    except ValueError:
        return _SECRETS.sub(r"\1…", address)
    return _SECRETS.sub(r"\1…", address.replace(host, host.rpartition("@")[2], 1) if "@" in host else address)


def _matching(sources: Iterable[SourceInfo], q: str, words: Phrases) -> list[SourceInfo]:
    """Sources that contain `q`, in either case; the name of a health, ours or the page's, asks for just that."""
    wanted = q.strip().casefold()
    states = {health.value: health for health in Health} | {words.states[health]: health for health in Health}
    if wanted in states:
        return [source for source in sources if source.health is states[wanted]]
    return [source for source in sources if not wanted or _contains(source, wanted, words)]


def _contains(source: SourceInfo, wanted: str, words: Phrases) -> bool:
    reason = words.reasons[source.reason] if source.reason else ""
    missed = words.maybe_missed if source.maybe_missed else ""
    shown = (source.id, source.title, shown_address(source.address), source.error or "", reason, missed)
    return any(wanted in text.casefold() for text in shown)


def _tree(outputs: Iterable[OutputInfo]) -> CategoryNode:
    """Outputs filed under their category paths, names in order of appearance."""
    root = CategoryNode()
    for output in outputs:
        node = root
        path = output.path
        if len(path) > _DEEPEST:
            path = (*path[: _DEEPEST - 1], " / ".join(path[_DEEPEST - 1 :]))
        for name in path:
            node = node.children.setdefault(name, CategoryNode(name))
        node.outputs.append(output)
    return root


def _alternates(outputs: Sequence[OutputInfo]) -> Iterator[tuple[str, str, str]]:
    """(media type, title, path) for the feeds a reader should find from the index: those above the tree, else some."""
    chosen = [output for output in outputs if not output.path] or outputs
    for output in chosen[:_ALTERNATES]:
        for info in output.formats:
            if DOCUMENTS[info.format].is_feed:
                yield DOCUMENTS[info.format].media_type, f"{output.title} ({info.format})", info.path


def _shared(site: SiteInfo, words: Phrases) -> dict[str, object]:
    """The variables that every template may use."""

    def when(instant: datetime | None) -> Markup:
        if instant is None:
            return Markup("<span class=none>{}</span>").format(words.never)
        local = instant.astimezone(site.timezone)
        return Markup('<time datetime="{}">{}</time>').format(
            f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", f"{local:%Y-%m-%d %H:%M}"
        )

    return {
        "site": site,
        "words": words,
        "page_lang": site.language if words.tag != "en" else "en",
        "lang": lambda text, declared=None: _lang(text, declared, site, words),
        "when": when,
        "public": lambda path: f"{site.url}/{_escape(path)}",
    }


def _lang(text: str, declared: str | None, site: SiteInfo, words: Phrases) -> Markup:
    """A `lang` attribute with its leading blank where a text's language differs from the page's, else nothing."""
    tag = language_of(text, declared, site.language)
    page = site.language if words.tag != "en" else "en"
    return Markup(' lang="{}"').format(tag) if tag and tag.lower() != page.lower() else Markup()


def _escape(path: str) -> str:
    """A path as a link: percent-encoded UTF-8 (rule W16)."""
    return quote(path, safe="/")


def _size(count: int) -> str:
    """Bytes in words: decimal units, as network tools give them."""
    if count < 1_000:
        return f"{count} B"
    return f"{count / 1_000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _bars(daily: Sequence[int]) -> str:
    """The path of a bar chart, one unit wide a day and 16 high; a day with nothing gets a hairline."""
    top = max(daily, default=0) or 1
    heights = [max(16 * count / top, 0.75) for count in daily]
    return "".join(f"M{x * 4},16v-{height:.3g}h3v{height:.3g}z" for x, height in enumerate(heights))


def _page_of(output: OutputInfo) -> PublishedFormat | None:
    """Where an output's title leads: its page, else its first feed."""
    return next((info for info in output.formats if info.format == HTML.name), next(iter(output.formats), None))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["style"] = Markup((_TEMPLATES / "style.css").read_text("utf-8"))
    environment.globals["icon"] = "data:image/svg+xml," + quote(ICON.strip(), safe="/:='")
    environment.globals["formats"] = DOCUMENTS
    environment.filters |= {
        "href": _escape, "size": _size, "bars": _bars, "page_of": _page_of, "shown_address": shown_address,
        "shown_title": shown_title, "query": lambda text: quote(text, safe=""),
    }  # fmt: skip
    return environment
