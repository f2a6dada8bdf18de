"""Times of day inside a date's text: 13:00:23, 5pm, 下午1:00, 午後1時, 오후 1시, 13h00, 13.00 Uhr."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BEFORE = re.compile(
    r"(上午|早上|早晨|清晨|中午|下午|傍晚|晚上|凌晨|半夜|夜里|夜間|夜晚|晚间|晚間|晚|早|午前|午後|朝|夕方|夜"
    r"|오전|오후|새벽|아침|저녁|밤|낮|(?<![^\W\d_])[ap]\.? ?m\.?)[ ,]*\Z",
    re.IGNORECASE,
)
_AFTER = re.compile(r"[ ,]*(?:([ap])(?:\.? ?m\.?)(?![^\W\d_])|(上午|下午|午前|午後|오전|오후))", re.IGNORECASE)
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        r"(?<!\d)(?P<h>\d{1,2}) ?: ?(?P<m>\d{1,2})(?: ?: ?(?P<s>\d{1,2})(?:[.,]\d{1,12})?)?(?![\d.]\d|\d)",
        r"(?<!\d)(?P<h>\d{1,2}) ?[时時点點시]"
        r"(?:(?P<half>半| ?반)|整|钟|鐘| ?(?P<m>\d{1,2}) ?[分분]?(?: ?(?P<s>\d{1,2}) ?[秒초])?)?(?!\d)",
        r"(?<!\d)(?P<h>\d{1,2}) ?[hч] ?(?:(?P<m>\d{2})(?: ?min| ?m)?)?(?![^\W_])",
        r"(?<![\d.])(?P<h>\d{1,2})[.:](?P<m>\d{2})(?:[.:](?P<s>\d{2}))?(?= ?(?:uhr\b|[ap]\.? ?m\b))",
        r"(?<![^\W\d_])(?:kl|klo|ore|um|godz)\.? ?(?P<h>\d{1,2})[.](?P<m>\d{2})(?:\.(?P<s>\d{2}))?(?!\.?\d)",
        r"(?<![\d.:])(?P<h>\d{1,2})(?= ?(?:[ap]\.? ?m\b|uhr\b))",
    )
)

_MORNING = frozenset(("上午", "早上", "早晨", "清晨", "早", "午前", "朝", "오전", "아침", "a"))
_AFTERNOON = frozenset(("下午", "午後", "오후", "p"))
_EVENING = frozenset(("傍晚", "晚上", "晚间", "晚間", "晚", "夕方", "夜", "夜晚", "夜間", "저녁", "밤"))
_SMALL_HOURS = frozenset(("凌晨", "새벽"))
_NOON = frozenset(("中午", "낮"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOfDay:
    """A time of day. `next_day` marks 24:00."""

    hour: int
    minute: int
    second: int
    next_day: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTime:
    """Where a time of day was. `clock` is None if what is there is no time that exists."""

    clock: TimeOfDay | None
    start: int
    end: int


def find_clock(text: str) -> FoundTime | None:
    """The first time of day in a text made plain; None if there is none."""
    for shape in _SHAPES:
        match = shape.search(text)
        if match:
            return _found_time(text, match)
    return None


def _found_time(text: str, match: re.Match[str]) -> FoundTime:
    start, end = match.span()
    before = _BEFORE.search(text, max(0, start - 8), start)
    after = _AFTER.match(text, end)
    words = []
    if before:
        start = before.start()
        words.append(before[1])
    if after:
        end = after.end()
        words.append(after[1] or after[2])
    groups = match.groupdict()
    minute = 30 if groups.get("half") else int(groups.get("m") or 0)
    clock = _clock(int(match["h"]), minute, int(groups.get("s") or 0), [_period(word) for word in words])
    return FoundTime(clock=clock, start=start, end=end)


def _period(word: str) -> str:
    return word[0].lower() if word[0] in "apAP" else word


def _clock(hour: int, minute: int, second: int, periods: list[str]) -> TimeOfDay | None:
    """Second 60 is 59 and 24:00 is the next day (rule D5)."""
    if len(set(periods)) > 1:
        return None
    if periods:
        known = _hour_of_day(hour, periods[0])
        if known is None:
            return None
        hour = known
    if second == 60:
        second = 59
    if hour == 24 and minute == second == 0:
        return TimeOfDay(hour=0, minute=0, second=0, next_day=True)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return TimeOfDay(hour=hour, minute=minute, second=second)


def _hour_of_day(hour: int, period: str) -> int | None:
    """The hour on the 24-hour clock; None where the words contradict the hour or may mean two times.

    上午12:30 is 00:30 and 下午12:30 is 12:30, as CLDR's 12-hour formats write them; 晚上12点 may be either midnight.
    """
    if period in _MORNING:
        return 0 if hour == 12 else hour if hour < 12 else None
    if period in _AFTERNOON:
        return hour + 12 if hour < 12 else hour if hour < 24 else None
    if period in _EVENING:
        return hour + 12 if 4 <= hour < 12 else hour if 16 <= hour < 24 else None
    if period in _SMALL_HOURS:
        return 0 if hour == 12 else hour if hour < 7 else None
    if period in _NOON:
        return hour + 12 if hour < 4 else hour if 10 <= hour < 16 else None
    return hour if 13 <= hour < 24 else None
