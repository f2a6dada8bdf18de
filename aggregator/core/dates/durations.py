"""How long a recording lasts, as podcasts write it."""

from __future__ import annotations

import re

_LIMIT = 30 * 86400
"""A recording of more than 30 days is a mistake."""
_CLOCK = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,4}):)?(\d{1,7})(?:[.,]\d{1,12})?")
_ISO = re.compile(
    r"P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:[.,]\d{1,12})?S)?)?",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"(?:(\d{1,4}) ?(?:h|hrs?|hours?|小时|小時|時間|시간))?[ ,:]*"
    r"(?:(\d{1,5}) ?(?:m|mins?|minutes?|分钟|分鐘|分|분))?[ ,:]*"
    r"(?:(\d{1,6}) ?(?:s|secs?|seconds?|秒|초))?\.?",
    re.IGNORECASE,
)


def parse_duration(raw: str) -> int | None:
    """Whole seconds of `HH:MM:SS`, `MM:SS`, seconds, ISO 8601 `PT1H2M3S` or `1h 2m`; None if it is none of them.

    Fractions are cut off. Two numbers are minutes and seconds (the iTunes rule), however many minutes.
    """
    text = raw.strip() if len(raw) <= 100 else ""
    if not text or not any(c.isdecimal() for c in text) or not _is_western(text):
        return None
    seconds = _from_clock(text)
    if seconds is None:
        seconds = _from_iso(text)
    if seconds is None:
        seconds = _from_words(text)
    return seconds if seconds is not None and seconds <= _LIMIT else None


def _is_western(text: str) -> bool:
    return all(c.isascii() for c in text if c.isdecimal())


def _from_clock(text: str) -> int | None:
    match = _CLOCK.fullmatch(text.replace(" ", ""))
    if match is None:
        return None
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    if (match[2] is not None and seconds > 59) or (match[1] is not None and minutes > 59):
        return None
    return hours * 3600 + minutes * 60 + seconds


def _from_iso(text: str) -> int | None:
    match = _ISO.fullmatch(text)
    if match is None or match.lastindex is None:
        return None
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return (weeks * 7 + days) * 86400 + hours * 3600 + minutes * 60 + seconds


def _from_words(text: str) -> int | None:
    match = _WORDS.fullmatch(text)
    if match is None or match.lastindex is None:
        return None
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds
