"""What is remembered of a source between two visits."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.core.document import Validators
from aggregator.core.model import Diagnostic, Hints, SourceId, SourceNumber
from aggregator.core.schedule.rhythm import Rhythm

FULL_AFTER = timedelta(days=7)
"""One unconditional request after so long without a 200 (rule P5)."""
MOVED_SIGHTINGS = 3
MOVED_AFTER = timedelta(hours=48)


class Health(enum.StrEnum):
    """How a source has been doing, as `status` shows it."""

    NEW = "new"
    HEALTHY = "healthy"
    FAILING = "failing"
    DEAD = "dead"
    """Failing for 30 days; still visited, weekly (rule P10)."""
    BLOCKED = "blocked"
    """Wants credentials: visited once more after 24 h, then only by hand."""
    GONE = "gone"
    """410 twice: not visited any more; its entries stay."""


class IdentityMode(enum.StrEnum):
    """What the entry key of a source is made of; it is only ever made stricter (rule I3)."""

    ID = "id"
    ID_LINK = "id+link"
    ID_LINK_PUBLISHED = "id+link+published"
    ID_LINK_PUBLISHED_TITLE = "id+link+published+title"
    LINK = "link"
    """The guid differs at every poll (rule I11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedIdentity:
    """What a feed says about its publisher; "" for what it does not say."""

    title: str = ""
    site: str = ""
    """The registrable domain of the site it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollState:
    """All that is remembered of a source between two visits. Storage keeps it whole; new fields need defaults."""

    number: SourceNumber
    source: SourceId
    health: Health = Health.NEW
    validators: Validators = Validators()
    body_hash: str | None = None
    next_poll: datetime | None = None
    """None: no visit is planned."""
    last_poll: datetime | None = None
    last_success: datetime | None = None
    last_full: datetime | None = None
    """The last 200; an unconditional request is due 7 days later (rule P5)."""
    last_change: datetime | None = None
    failing_since: datetime | None = None
    errors: int = 0
    """Failures in a row."""
    error_reason: str | None = None
    error_message: str | None = None
    identity: IdentityMode = IdentityMode.ID
    alias_streak: int = 0
    """Visits in a row at which most entries were known only by an alias (rule I11)."""
    moving_dates: int = 0
    """Visits in a row at which stored entries said another date of publication."""
    unstable_dates: bool = False
    """The source's dates move by themselves: the first one stays (rule D7)."""
    moved_to: str | None = None
    """Target of a permanent redirect, used once it has been seen 3 times over 48 h (rule P25)."""
    moved_seen: int = 0
    moved_since: datetime | None = None
    rhythm: Rhythm = Rhythm()
    hints: Hints = Hints()
    span: float = 0.0
    attribution: str = ""
    """A hash of what outputs say of the feed in each of its entries; "" before the first document."""
    feed_identity: FeedIdentity = FeedIdentity()
    """What the last document said about its publisher."""
    notes: tuple[Diagnostic, ...] = ()
    """Diagnostics of the last document that was read."""

    def address(self, configured: str) -> str:
        """The address to request: the configured one, or where that has moved for good."""
        if self.moved_to is None or self.moved_since is None or self.last_full is None:
            return configured
        proven = self.moved_seen >= MOVED_SIGHTINGS and self.last_full - self.moved_since >= MOVED_AFTER
        return self.moved_to if proven else configured

    def wants_full(self, now: datetime) -> bool:
        """Whether the next request should be unconditional (rule P5)."""
        return self.last_full is None or now - self.last_full >= FULL_AFTER
