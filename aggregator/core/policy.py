"""When to visit a source next: the health table, back-off and the choice of what is due. Reads no clock."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.document import Validators
from aggregator.core.model import SourceId, SourceNumber


class Health(enum.StrEnum):
    """How a source has been doing, as `status` shows it."""

    NEW = "new"
    HEALTHY = "healthy"
    FAILING = "failing"
    DEAD = "dead"
    """Failing for 30 days; still asked, weekly (protocols P10)."""
    BLOCKED = "blocked"
    """Wants credentials: asked once more after 24 h, then only by hand."""
    GONE = "gone"
    """410 twice: not asked any more; its entries stay."""


class IdentityMode(enum.StrEnum):
    """What the entry key of a source is made of; it is only ever made stricter (protocols I3)."""

    ID = "id"
    ID_LINK = "id+link"
    ID_LINK_PUBLISHED = "id+link+published"
    ID_LINK_PUBLISHED_TITLE = "id+link+published+title"
    LINK = "link"
    """The guid differs at every poll (protocols section 10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollState:
    """All that is remembered of a source between two visits. Storage keeps it whole; new fields need defaults."""

    number: SourceNumber
    source: SourceId
    health: Health = Health.NEW
    validators: Validators = Validators()
    body_hash: str | None = None
    next_poll: datetime | None = None
    """None: never by itself."""
    last_poll: datetime | None = None
    last_success: datetime | None = None
    last_full: datetime | None = None
    """The last 200; an unconditional request is due 7 days later (protocols P5)."""
    last_change: datetime | None = None
    failing_since: datetime | None = None
    errors: int = 0
    """Failures in a row."""
    error_reason: str | None = None
    error_message: str | None = None
    identity: IdentityMode = IdentityMode.ID
    moved_to: str | None = None
    """Target of a permanent redirect, used once it has been seen 3 times over 48 h (protocols, table of section 5)."""
    moved_seen: int = 0
    moved_since: datetime | None = None
