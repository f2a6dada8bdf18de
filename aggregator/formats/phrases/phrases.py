"""The phrases of the pages in one language, and how it writes numbers of things and spans of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from aggregator.core.errors import Reason
from aggregator.core.formats_table import DOCUMENTS, HTML
from aggregator.core.source_state import Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One language. Phrases with `{n}` are formatted with a number; `units` are day, hour, minute, second."""

    tag: str
    """BCP 47, the `lang` of the page."""
    skip: str
    feeds: str
    feed: str
    status: str
    nothing: str
    read: str
    """What the link to the page of an output says."""
    addresses: str
    opml: str
    outputs: tuple[str, str]
    sources: tuple[str, str]
    entries: tuple[str, str]
    newest: str
    source: str
    all_sources: str
    all_entries: str
    health: str
    last_poll: str
    next_poll: str
    last_new: str
    per_day: str
    size: str
    never: str
    manual: str
    due: str
    now: str
    ago: str
    ahead: str
    units: tuple[str, str, str, str]
    filter: str
    apply: str
    clear: str
    nothing_found: str
    page: str
    previous: str
    following: str
    problems: str
    fine: str
    not_found: str
    not_found_more: str
    home: str
    skip_stories: str
    subscribe: str
    """With `{format}`, the name of one."""
    no_stories: str
    updated: str
    """With `{when}`."""
    belongs: str
    made_by: str
    """With `{product}`."""
    comments: tuple[str, str]
    comment_link: str
    """Where their number is unknown."""
    by_source: str
    """With `{source}`: the link to the story at the place it comes from."""
    revised: str
    """With `{when}`."""
    maybe_missed: str
    states: Mapping[Health, str]
    reasons: Mapping[Reason, str]

    def format_label(self, name: str) -> str:
        """What the link to an output in this format says, `name` being one of `formats_table.DOCUMENTS`."""
        return self.read if name == HTML.name else DOCUMENTS[name].label

    def count(self, phrase: tuple[str, str], n: int) -> str:
        """`n` things: the first form for one, the second for any other number."""
        return phrase[n != 1].format(n=f"{n:,}")

    def span(self, since: timedelta) -> str:
        """How long ago that was, or how far ahead where it is negative, in one unit rounded down."""
        seconds = int(abs(since.total_seconds()))
        if seconds < 10:
            return self.now
        sizes = zip((86_400, 3_600, 60, 1), self.units, strict=True)
        size, unit = next(pair for pair in sizes if seconds >= pair[0])
        return (self.ago if since > timedelta() else self.ahead).format(span=unit.format(n=f"{seconds // size:,}"))
