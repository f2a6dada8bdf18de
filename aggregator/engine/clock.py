"""The wall clock."""

from __future__ import annotations

from datetime import UTC, datetime


def wall_clock() -> datetime:
    """The system's time, in UTC. Nothing else in the program reads the clock."""
    return datetime.now(UTC)
