"""Placeholders in a rendered story: each page fills them in by its own time zone, language and addresses.

A story's fragment is rendered once and kept, whatever pages show it. A placeholder is a kind and a value between two
null characters, which no text in a page can hold.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from html import escape
from typing import Protocol

from markupsafe import Markup

from aggregator.core.dates import dates
from aggregator.formats.phrases import Phrases

_EDGE = "\0"


class Filler(Protocol):
    """What a page puts in place of the placeholders, as HTML."""

    def fill(self, kind: str, value: str) -> str:
        """For one placeholder."""
        ...


def placeholder(kind: str, value: object = "") -> Markup:
    """A placeholder for a template to write. The value holds no null character."""
    return Markup(f"{_EDGE}{kind} {value}{_EDGE}")


def filled(fragment: bytes, page: Filler) -> bytes:
    """The fragment as `page` shows it."""
    parts = fragment.split(_EDGE.encode())
    for place in range(1, len(parts), 2):
        kind, _, value = parts[place].decode().partition(" ")
        parts[place] = page.fill(kind, value).encode()
    return b"".join(parts)


class PlaceholderValues:
    """The placeholders that all pages fill in alike: instants in their zone, numbers of comments in their language."""

    heading = "h2"
    """Of the story's title."""

    def __init__(self, words: Phrases, zone: tzinfo) -> None:
        self.words = words
        self.zone = zone

    def fill(self, kind: str, value: str) -> str:
        """See `Filler`. Categories are shown without links."""
        if kind == "when":
            return shown_instant(datetime.fromisoformat(value), self.zone)
        if kind == "heading":
            return self.heading
        if kind == "comments":
            phrase = self.words.count(self.words.comments, int(value)) if value else self.words.comment_link
            return f'<span lang="{self.words.tag}">{escape(phrase)}</span>'
        return '<span class="category">' if kind == "category" else "</span>" if kind == "/category" else ""


def instant_placeholder(moment: datetime) -> Markup:
    """A placeholder for an instant, shown in the zone of the page."""
    return placeholder("when", dates.rfc3339(moment))


def shown_instant(moment: datetime, zone: tzinfo = UTC) -> str:
    """`2022-05-16 05:00 UTC`; in another zone without its name, which is the reader's own."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M}" + (" UTC" if is_utc(zone) else "")


def is_utc(zone: tzinfo) -> bool:
    """Whether it is UTC by name, not merely at some time of the year."""
    return zone is UTC or str(zone) in ("UTC", "Etc/UTC")
