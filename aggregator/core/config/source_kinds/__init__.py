"""Kinds of sources: where documents come from. One kind per file, with its key in `[[source]]`.

To add a kind: write its file here (`file.py` is a short one), name its options among the bases of `PlaceOptions`, and
write what fetches it in `aggregator/sources`. Its key is then read from feeds.toml and is in the JSON Schema; tests
ask for a row and an example in docs/configuration.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from aggregator.core.config.source_kinds.file import FileOptions
from aggregator.core.config.source_kinds.http import HttpOptions


class PlaceOptions(
    FileOptions,
    HttpOptions,
):
    """All keys of `[[source]]` that name a place, of which a source has one. The key of the last base comes first."""


PLACES = tuple(PlaceOptions.model_fields)
"""These keys."""


def place_problem(keys: Iterable[str]) -> str | None:
    """What is wrong with where a source is to be found, `keys` being those that are written; None: nothing."""
    written = set(keys)
    given = [key for key in PLACES if key in written]
    if len(given) > 1:
        return f"both {' and '.join(given)} are given; a source has one of them"
    return None if given else f"neither {' nor '.join(PLACES)} is given; a source needs one of them"
