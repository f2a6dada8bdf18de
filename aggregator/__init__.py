"""Feed aggregator and republisher. The public API is what `__all__` names; docs/library.md shows its use.

Importing the package loads none of its modules: each name is loaded when it is first used, so that a program that
needs little starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aggregator.api import Aggregator, open, open_async, read
    from aggregator.core.errors import (
        AggregatorError,
        ConfigError,
        FetchError,
        ParseError,
        Problem,
        PublishError,
        Reason,
        SourceError,
        StorageError,
    )
    from aggregator.core.model import (
        Category,
        CategoryKind,
        Comments,
        Diagnostic,
        Enclosure,
        Entry,
        Feed,
        ForeignElement,
        Hints,
        Image,
        Origin,
        OutputId,
        Person,
        ReplyTo,
        SourceId,
        StoredEntry,
    )
    from aggregator.core.normalise import Deletion, NormalisedFeed
    from aggregator.core.site_status import SourceInfo
    from aggregator.core.source_state import Health
    from aggregator.engine.daemon import App
    from aggregator.engine.publish.publisher import PublishedOutput
    from aggregator.engine.visit import VisitReport

_MODULES = {
    "aggregator.api": ("Aggregator", "open", "open_async", "read"),
    "aggregator.core.errors": (
        "AggregatorError",
        "ConfigError",
        "FetchError",
        "ParseError",
        "Problem",
        "PublishError",
        "Reason",
        "SourceError",
        "StorageError",
    ),
    "aggregator.core.model": (
        "Category",
        "CategoryKind",
        "Comments",
        "Diagnostic",
        "Enclosure",
        "Entry",
        "Feed",
        "ForeignElement",
        "Hints",
        "Image",
        "Origin",
        "OutputId",
        "Person",
        "ReplyTo",
        "SourceId",
        "StoredEntry",
    ),
    "aggregator.core.normalise": ("Deletion", "NormalisedFeed"),
    "aggregator.core.site_status": ("SourceInfo",),
    "aggregator.core.source_state": ("Health",),
    "aggregator.engine.daemon": ("App",),
    "aggregator.engine.publish.publisher": ("PublishedOutput",),
    "aggregator.engine.visit": ("VisitReport",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Aggregator",
    "AggregatorError",
    "App",
    "Category",
    "CategoryKind",
    "Comments",
    "ConfigError",
    "Deletion",
    "Diagnostic",
    "Enclosure",
    "Entry",
    "Feed",
    "FetchError",
    "ForeignElement",
    "Health",
    "Hints",
    "Image",
    "NormalisedFeed",
    "Origin",
    "OutputId",
    "ParseError",
    "Person",
    "Problem",
    "PublishError",
    "PublishedOutput",
    "Reason",
    "ReplyTo",
    "SourceError",
    "SourceId",
    "SourceInfo",
    "StorageError",
    "StoredEntry",
    "VisitReport",
    "__version__",
    "open",
    "open_async",
    "read",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
