"""Formats: an Edition in, bytes out. One module per format; nothing here reads a clock, a file or the network.

Rules for editors: the same Edition gives the same bytes (rule W3), so no `now`, no random, no unordered set
reaches an output. A story's fragment depends on the story alone and is cached by the publisher; all that depends on
the edition is written by `assemble`. `render_story` raises for no value of the model: a part of a
story that cannot be written validly is left out, the story itself never is.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from aggregator.core.edition import Edition, Story
from aggregator.core.formats_table import DOCUMENTS


class Format(Protocol):
    """A format that editions are written in. Implementations are stateless."""

    name: str
    """As in its `FormatInfo`."""
    suffix: str
    """As in its `FormatInfo`."""
    media_type: str
    """Its `content_type`: with charset (rule W5)."""

    def render_story(self, story: Story) -> bytes:
        """The story's fragment: well-formed inside `assemble`'s head and tail, the same for the same story."""
        ...

    def assemble(self, edition: Edition, fragments: Sequence[bytes]) -> bytes:
        """Head, fragments, tail. `fragments[i]` is `render_story(edition.stories[i])`, fresh or kept."""
        ...

    def pieces(self, edition: Edition, fragments: Sequence[bytes]) -> list[bytes]:
        """What `assemble` joins: the head, one piece for each story in order, the tail.

        Of RSS and Atom, the head, some of the pieces and the tail make a valid feed as well (rule W11).
        """
        ...


class _Writers(Mapping[str, Format]):
    """Format name -> Format, imported at first use: feedgen and Jinja2 cost a tenth of a second."""

    def __init__(self) -> None:
        self._made: dict[str, Format] = {}

    def __getitem__(self, name: str) -> Format:
        writer = DOCUMENTS[name].writer
        if writer not in self._made:
            module, _, kind = writer.partition(":")
            made: Format = getattr(importlib.import_module(module), kind)()
            self._made[writer] = made
        return self._made[writer]

    def __iter__(self) -> Iterator[str]:
        return iter(DOCUMENTS)

    def __len__(self) -> int:
        return len(DOCUMENTS)


FORMATS: Mapping[str, Format] = _Writers()


def generate(edition: Edition, format_name: str) -> bytes:
    """The whole rendition of `edition` in one format of `FORMATS`, with all fragments rendered now."""
    chosen = FORMATS[format_name]
    return chosen.assemble(edition, [chosen.render_story(story) for story in edition.stories])
