"""Instants as whole microseconds since 1970 in UTC, as they are stored: exact, and comparable as numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(instant: datetime) -> int:
    """The stored number of an aware datetime; TypeError for a naive one."""
    return (instant - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The instant in UTC that a stored number stands for."""
    return _EPOCH + timedelta(microseconds=number)
