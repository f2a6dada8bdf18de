"""Which day a date's text names, by words or by numbers. The rules are at the head of `dates`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from aggregator.core.dates import calendars

_DOTS_WORDS = "de ru uk be bg pl cs sk sl hr sr fi et lv nb nn no da is tr ro fr it pt hy ka az kk"
_DOTS_DAY_FIRST = frozenset(_DOTS_WORDS.split())
_YEAR_FIRST = frozenset(("zh", "ja", "ko", "hu", "lt", "mn"))
_CJK_DATE = re.compile(r"(?<!\d)(\d{2}|\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2})(?: ?[日号號일])?(?!\d)")
_CJK_MONTH = re.compile(
    r"(?<!\d)(?:(?P<day>\d{1,2})[-/ ](?P<month>\d{1,2}) ?[月월]"
    r"|(?P<first>\d{1,2}) ?[月월] ?(?P<then>\d{1,2})(?: ?[日号號일])?)"
    r"[-/, ]{1,2}(?P<year>\d{4})(?!\d)"
)
"""What Java and .NET write for `d MMM yyyy` and `MMM d, yyyy` in a Chinese, Japanese or Korean locale."""
_FIGURES = re.compile(r"(?<![\d.])(\d{1,4}) ?([-/. ]) ?(\d{1,3}) ?\2 ?(\d{1,4})\.?(?![-/]?\d)")
_CJK_DAY = re.compile(r"(?<!\d)(\d{1,2}) ?[月월] ?(\d{1,2})(?: ?[日号號일])?(?!\d)")
_DAY_FIGURES = re.compile(r"(?<![\d.])(\d{1,2}) ?([-/.]) ?(\d{1,2})\.?(?![-/]?\d)")
TOKEN = re.compile(r"\d+|[^\W\d_]+(?:['’-][^\W\d_]+)*\.?|[^\w]|_")

Written = tuple[int, int, int]
"""Year, month, day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateContext:
    """What is known of the source of a date: its zone and language, and when it was fetched; None: unknown."""

    zone: tzinfo | None
    language: str | None
    now: datetime | None

    @property
    def primary_language(self) -> str:
        """The language without region or script; "" if unknown."""
        return re.split(r"[-_]", (self.language or "").lower())[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A date and where it was. `year` None: it was not written."""

    year: int | None
    month: int
    day: int
    spans: tuple[tuple[int, int], ...]


def weekday_in(text: str) -> int | None:
    """The first weekday in words, Monday is 0; None if there is none."""
    for match in TOKEN.finditer(text):
        weekday = calendars.weekday_number(match[0])
        if weekday is not None:
            return weekday
    return None


def named_day(text: str, context: DateContext) -> Day | None:
    """A date with the month as a word: D M Y, M D Y, Y M D, D M, M D, M Y."""
    tokens = [match for match in TOKEN.finditer(text) if match[0][0].isalnum()]
    named = [i for i, match in enumerate(tokens) if calendars.month_number(match[0], context.language)]
    certain = [i for i in named if not calendars.is_weekday(tokens[i][0])] or named[-1:]
    numbers = [i for i, match in enumerate(tokens) if match[0].isdecimal()]
    if len(certain) != 1 or not 1 <= len(numbers) <= 2:
        return None
    at = certain[0]
    before = [tokens[i][0] for i in numbers if i < at]
    after = [tokens[i][0] for i in numbers if i > at]
    year, day = _year_and_day(before, after)
    if day is None:
        return None
    month = calendars.month_number(tokens[at][0], context.language) or 0
    return Day(year=year, month=month, day=day, spans=tuple(tokens[i].span() for i in (at, *numbers)))


def _year_and_day(before: list[str], after: list[str]) -> tuple[int | None, int | None]:
    """Year and day from the figures before and after a month's name; day None if they are none."""
    match before, after:
        case ([only], []) | ([], [only]):
            return (int(only), 1) if len(only) == 4 else (None, int(only)) if len(only) < 3 else (None, None)
        case ([year, day], []) | ([year], [day]) if len(year) == 4:
            pass
        case ([day], [year]) | ([], [day, year]):
            pass
        case _:
            return None, None
    if len(year) not in (2, 4) or len(day) > 2:
        return None, None
    return _full_year(year), int(day)


def _full_year(figures: str) -> int:
    """RFC 2822 section 4.3: 00 to 49 are 20xx, 50 to 99 are 19xx."""
    year = int(figures)
    return year if len(figures) > 2 else year + (2000 if year < 50 else 1900)


def numeric_day(text: str, weekday: int | None, context: DateContext) -> Day | None:
    """A date in figures: 2022-05-16, 2022. 5. 16., 2022年5月16日, 16 5月 2022, 16/05/2022, 5月16日.

    `weekday` may settle it.
    """
    match = _CJK_DATE.search(text)
    if match:
        day = (_full_year(match[1]), int(match[2]), int(match[3]))
        return Day(year=day[0], month=day[1], day=day[2], spans=(match.span(),))
    match = _CJK_MONTH.search(text)
    if match:
        month, number = match["month"] or match["first"], match["day"] or match["then"]
        return Day(year=int(match["year"]), month=int(month), day=int(number), spans=(match.span(),))
    match = _FIGURES.search(text)
    if match:
        found = _unambiguous((match[1], match[3], match[4]), match[2], weekday, context)
        return found and Day(year=found[0], month=found[1], day=found[2], spans=(match.span(),))
    match = _CJK_DAY.search(text)
    if match:
        return Day(year=None, month=int(match[1]), day=int(match[2]), spans=(match.span(),))
    match = _DAY_FIGURES.search(text)
    return _day_without_year(match, context) if match else None


def _unambiguous(parts: tuple[str, str, str], sep: str, weekday: int | None, context: DateContext) -> Written | None:
    """Year, month, day of three figures if they can be read in one way; see the head of this file."""
    readings = _readings(parts)
    if len(readings) < 2:
        return readings[0] if readings else None
    first, _, last = parts
    if len(last) == 2 and context.primary_language in _YEAR_FIRST:
        by_language = _valid((_full_year(first), int(parts[1]), int(last)))
        return by_language if by_language in readings else None
    if sep == "." and context.primary_language in _DOTS_DAY_FIRST:
        by_language = _valid((_full_year(last), int(parts[1]), int(first)))
        return by_language if by_language in readings else None
    matching = [day for day in readings if weekday is not None and datetime(*day, tzinfo=UTC).weekday() == weekday]
    return matching[0] if len(matching) == 1 else None


def _readings(parts: tuple[str, str, str]) -> list[Written]:
    """All days that three figures can mean as Y-M-D, D-M-Y or M-D-Y, each once."""
    first, middle, last = parts
    a, b, c = (int(part) for part in parts)
    found: list[Written] = []
    if len(first) == 4:
        found = [(a, b, c)] if len(last) < 3 else []
    elif len(middle) < 3 and len(first) < 3 and len(last) in (2, 4):
        year = _full_year(last)
        found = [(year, b, a), (year, a, b)]
        if len(first) == len(last) == 2:
            found.append((_full_year(first), b, c))
    return list(dict.fromkeys(day for day in found if _valid(day)))


def _valid(day: Written) -> Written | None:
    try:
        datetime(*day, tzinfo=UTC)
    except ValueError:
        return None
    return day


def _day_without_year(match: re.Match[str], context: DateContext) -> Day | None:
    """05-16, 5/16, 16/5: as month and day only where the language writes so, or no other reading is possible."""
    first, last = int(match[1]), int(match[3])
    if context.primary_language in _YEAR_FIRST or (last > 12 and match[2] != "."):
        month, day = first, last
    elif first > 12 and match[2] != ".":
        month, day = last, first
    else:
        return None
    return Day(year=None, month=month, day=day, spans=(match.span(),))


def with_year(day: Day, weekday: int | None, context: DateContext) -> Written | None:
    """The day with its year: as written, else the latest such day not after tomorrow.

    None if no year is written and there is no `now`, if the day is long ago, or if the weekday denies it.
    """
    if day.year is not None:
        return day.year, day.month, day.day
    if context.now is None:
        return None
    now = context.now if context.now.tzinfo else context.now.replace(tzinfo=UTC)
    today = now.astimezone(context.zone or UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    for year in (today.year + 1, today.year, today.year - 1):
        written = _valid((year, day.month, day.day))
        then = datetime(*written) if written else None  # noqa: DTZ001  # a calendar day, compared with calendar days
        if then is None or then > today + timedelta(days=1):
            continue
        if today - then > timedelta(days=300) or weekday not in (None, then.weekday()):
            return None
        return written
    return None
