"""Filters: which entries an output takes. One kind per file, with its keys in `[[feed]]` and its verdict.

To add a kind: write its file here (`keep.py` is a short one) and name its options among the bases of
`SelectionOptions`. Its keys are then read from feeds.toml, are in the JSON Schema, and are hashed by their stored
keys; tests ask for a row and an example in docs/configuration.md.

A transform, which changes what an output says of an entry instead of choosing entries, has the same form when there is
one: options as keys of `[[feed]]` and a frozen value made of them, with stored keys. That value also belongs to what a
rendered story is made from (`engine.publish.fragments.made_from`), since kept fragments would else be out of date.
"""

from __future__ import annotations

from aggregator.core.select.filters.authors import AuthorsOptions
from aggregator.core.select.filters.category import CategoryOptions
from aggregator.core.select.filters.drop import DropOptions
from aggregator.core.select.filters.keep import KeepOptions
from aggregator.core.select.filters.source import SourceOptions


class SelectionOptions(
    DropOptions,
    KeepOptions,
    AuthorsOptions,
    SourceOptions,
    CategoryOptions,
):
    """All keys of `[[feed]]` that select entries. The keys of the last base come first, in documents and filters."""
