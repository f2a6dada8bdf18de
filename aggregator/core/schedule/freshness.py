"""The earliest instant for the next request, by the response's headers and the feed's hints (rules P7 and P8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aggregator.core.model import Hints

CAP = timedelta(hours=24)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_UNCACHED = re.compile(r"(?:^|[\s,])no-(?:cache|store)\b", re.IGNORECASE)


def fresh_for(headers: Mapping[str, str]) -> timedelta:
    """How long the answer stays fresh: max-age, else Expires - Date, minus Age; 0 to 24 hours (rules P7 and P6)."""
    control = headers.get("cache-control", "")
    if _UNCACHED.search(control):
        return timedelta()
    age = _seconds(headers.get("age", ""))
    if found := _MAX_AGE.search(control):
        return _within(timedelta(seconds=min(int(found[1]), 10**9)) - age)
    expires, date = _instant(headers.get("expires")), _instant(headers.get("date"))
    return _within(expires - date - age) if expires and date else timedelta()


def earliest(now: datetime, headers: Mapping[str, str], hints: Hints) -> datetime:
    """The lower bound that freshness, ttl, skipHours and skipDays set together, at most 24 hours from now (rule P8)."""
    wait = fresh_for(headers)
    if hints.ttl_minutes and hints.ttl_minutes > 0:
        wait = max(wait, timedelta(minutes=min(hints.ttl_minutes, 1440)))
    if hints.update_period_seconds and hints.update_period_seconds >= 86400:
        wait = CAP
    limit = now + CAP
    return min(_skip(now + min(wait, CAP), hints, limit), limit)


def is_silent_on_caching(headers: Mapping[str, str]) -> bool:
    """Whether the server gave neither a validator nor a freshness (rule P14)."""
    has_validator = "etag" in headers or "last-modified" in headers
    return not has_validator and not fresh_for(headers)


def _skip(moment: datetime, hints: Hints, limit: datetime) -> datetime:
    hours, days = {h % 24 for h in hints.skip_hours}, set(hints.skip_days)
    while moment < limit and (moment.hour in hours or moment.weekday() in days):
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment


def _within(span: timedelta) -> timedelta:
    return max(timedelta(), min(span, CAP))


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else timedelta()


def _instant(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
