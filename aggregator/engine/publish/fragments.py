"""A cache of rendered stories: in an output of 200 stories with a new one, only that one is rendered."""

from __future__ import annotations

from collections.abc import Hashable

from aggregator.core.edition import Story
from aggregator.formats import Format

KEPT = 20_000
"""Fragments kept in memory; the least recently used go first. Each is about as large as its entry."""


def made_from(story: Story) -> tuple[Hashable, ...]:
    """Everything that a fragment is made from: as long as it is the same, so are the bytes."""
    stored = story.stored
    return (
        stored.seq,
        stored.number,
        stored.public_id,
        stored.fingerprint,
        stored.updated,
        story.origin,
        story.paths,
        story.via,
    )


class Fragments:
    """Rendered stories by format and by everything that a fragment is made from. Used by one thread at a time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Hashable, ...], bytes] = {}

    def render(self, format_: Format, story: Story) -> bytes:
        """The story in this format, rendered now or before."""
        key = (format_.name, *made_from(story))
        fragment = self._kept.pop(key, None)
        if fragment is None:
            fragment = format_.render_story(story)
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
        self._kept[key] = fragment
        return fragment
