"""How one visit to a source ended. `next_poll` matches on these and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.core.document import Validators
from aggregator.core.errors import SourceError
from aggregator.core.model import Hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """A document was read and recorded, whether or not it has new entries."""

    url: str
    validators: Validators
    """Empty where the document was incomplete: the next request must bring the whole again (rule P2)."""
    body_hash: str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    hints: Hints = Hints()
    permanent_url: str | None = None
    entries: int = 0
    known: int = 0
    new: int = 0
    revised: int = 0
    arrivals: tuple[datetime, ...] = ()
    """When each new entry was published, or now where it does not say; the source's rhythm is learned from these."""
    size: int = 0
    """Bytes of the body."""
    span: float = 0.0
    """Seconds between the oldest and the newest entry of the document; 0 if unknown (rule S2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """A 304, a body with the hash of the last one (rule P4), or untouched files."""

    validators: Validators
    headers: Mapping[str, str] = field(default_factory=dict)
    permanent_url: str | None = None
    size: int = 0
    """Bytes of the body, where the server sent the whole again all the same; 0 for a 304."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An expected error; what is stored stays as it is."""

    error: SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The server says that there is nothing any more (410)."""

    error: SourceError


Outcome = Updated | Unchanged | Failed | Gone

OUTCOME_NAMES: Mapping[type, str] = {Updated: "updated", Unchanged: "unchanged", Failed: "failed", Gone: "gone"}
"""Their names in the log of a source, which is stored, and in the JSON of `aggregator poll`."""
