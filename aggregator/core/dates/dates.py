"""Dates as feeds write them -> instants in UTC, and instants as outputs write them (rules D1 to D5 and D10).

How it reads: the text is made plain (`calendars.plain_date_text`), then its parts are taken out one after the other:
comments, time of day, zone, date. What is left must be known to mean nothing (a weekday, "at", "Uhr", 发布于), else
there is no date at all: silently wrong is worse than missing.

Decided where the rules are silent
- All-figure dates without a 4-digit year in front are read only if one reading of day, month and year is possible,
  or the weekday next to it leaves one. Dots are day first, and two-digit years come first, only in languages that write
  so.
- A month or year alone (`2022-05`, `Nov. 2020`) is its first day.
- A day without a year is read only with `now`: the latest such day not after tomorrow, and none if that is more than
  300 days back, since then the coming one may be meant.
- Fractions of a second are cut off: no output carries them, and what is written must read back equal (rule M6).
- A time that may be a span ("10:00-12:00": or ten o'clock at -12:00) is no date, unless a T says that it is ISO 8601.
- An unknown zone name is no zone (RFC 2822 section 4.3); an offset over 14 hours as well (rule D2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from aggregator.core.dates import calendars, zones
from aggregator.core.dates.clock import TimeOfDay, find_clock
from aggregator.core.dates.days import TOKEN, DateContext, Written, named_day, numeric_day, weekday_in, with_year
from aggregator.core.dates.relative import read_relative

_LONGEST = 160
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Rule D5; the constants it names all lie before it."""
_EPOCH_FIRST, _EPOCH_LAST = datetime(1995, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_GAP = "¦"
"""Stands where a part was taken out, so that its neighbours do not join."""

_USUAL = re.compile(
    r"(?:(?P<y>\d{4})-(?P<mo>\d\d)-(?P<d>\d\d)[Tt ](?P<t>\d\d:\d\d:\d\d)(?:\.\d{1,12})?(?P<z>[Zz]|[+-]\d\d:?\d\d)"
    r"|(?:[A-Z][a-z]{2}, )?(?P<day>\d{1,2}) (?P<name>[A-Z][a-z]{2}) (?P<year>\d{4}) (?P<time>\d\d:\d\d:\d\d)"
    r" (?P<zone>GMT|UTC|[+-]\d{4}))",
    re.ASCII,
)
"""What nine dates in ten look like; read without the general rules, with the same result."""
_EPOCH = re.compile(r"(\d{10}|\d{13})(?:\.\d{1,9})?|/Date\((\d{13})(?:[+-]\d{4})?\)/")
_COMPACT = re.compile(
    r"(?P<date>\d{8}|\d{4}-\d\d-\d\d|\d{4}-?W\d\d-?\d|\d{4}-?\d{3})"
    r"(?:(?:[Tt]|(?<=\d{8})| (?=\d{4}))(?P<h>\d\d)(?P<m>\d\d)?(?P<s>\d\d)?(?:[.,]\d{1,12})?)?"
    r"(?P<rest> ?(?:[Zz]|[+-]\d\d:?(?:\d\d)?)?)"
)
_WEEK_WITH_CLOCK = re.compile(r"(?P<date>\d{4}-?W\d\d-?\d|\d{4}-\d{3}|\d{8})(?P<rest>[Tt ]\d\d:.*)")
_MONTH_ONLY = re.compile(r"(\d{4})(?:[-/](\d{1,2}))?|(\d{4}) ?[年년](?: ?(\d{1,2}) ?[月월])?")
_EXIF = re.compile(r"\A(\d{4}):(\d\d):(\d\d)(?=[ Tt])")
_COMMENT = re.compile(r"\(([^()]*)\)|(?<=[\dZz\]])\[!?([^\[\]]*)\](?=¦*\Z)")
"""RFC 822's, and the suffixes of RFC 9557: `+08:00[Asia/Shanghai]`."""
_SPAN = re.compile(r"(?<![Tt\d:])(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)(?!:?\d)")
_AFTER_CLOCK = re.compile(rf"[ ,:{_GAP}]{{0,6}}")

_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_OF = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """What a date says. `value` is aware, in UTC, in whole seconds.

    `date_only`: it named no time of day; `value` is 00:00 in the zone, and the caller sees that it is not later than
    first seen (rule D3). `zone_known`: the zone, or the epoch, was in the date itself.
    """

    value: datetime
    date_only: bool = False
    zone_known: bool = False


def parse_date(
    raw: str, *, zone: tzinfo | None = None, language: str | None = None, now: datetime | None = None
) -> datetime | None:
    """The instant a date names, in UTC, in whole seconds; None if it is missing, unusable (rule D5) or may mean two.

    `zone` is the source's, taken where the date has none (None: UTC, rule D3). `language` (BCP 47) decides CST and
    figures' order. `now` is the instant of the fetch; without it relative dates and days without a year are None. Never
    raises.
    """
    instant = read_date(raw, zone=zone, language=language, now=now)
    return instant.value if instant else None


def read_date(
    raw: str, *, zone: tzinfo | None = None, language: str | None = None, now: datetime | None = None
) -> Instant | None:
    """As `parse_date`, with what the caller must know of how exact the date is."""
    if not raw or len(raw) > 4 * _LONGEST:
        return None
    instant = _read_usual(raw.strip())
    if instant:
        return instant if instant.value >= _EARLIEST else None
    text = calendars.plain_date_text(raw)
    if not text or len(text) > _LONGEST:
        return None
    context = DateContext(zone=zone, language=language, now=now)
    instant = _read(text, context)
    return instant if instant and instant.value >= _EARLIEST else None


def rfc822(instant: datetime) -> str:
    """`Mon, 16 May 2022 05:00:23 GMT` (rule D10); the names are English whatever the locale."""
    t = instant.astimezone(UTC)
    return (
        f"{_DAY_NAMES[t.weekday()]}, {t.day:02} {_MONTH_NAMES[t.month - 1]} {t.year:04}"
        f" {t.hour:02}:{t.minute:02}:{t.second:02} GMT"
    )


def rfc3339(instant: datetime) -> str:
    """`2022-05-16T05:00:23Z` (rule D10)."""
    t = instant.astimezone(UTC)
    return f"{t.year:04}-{t.month:02}-{t.day:02}T{t.hour:02}:{t.minute:02}:{t.second:02}Z"


def _read_usual(text: str) -> Instant | None:
    """RFC 3339 and RFC 822 in their usual forms; None for a text that needs the general rules."""
    match = _USUAL.fullmatch(text)
    if match is None:
        return None
    year, day, time, zone = (match["y"], match["d"], match["t"], match["z"])
    if year is None:
        year, day, time, zone = (match["year"], match["day"], match["time"], match["zone"])
    month = _MONTH_OF.get(match["name"]) if match["name"] else int(match["mo"])
    figures = zones.OFFSET.fullmatch(zone)
    known = zones.offset_zone(figures) if figures else UTC
    if month is None or known is None:
        return None
    try:
        local = datetime(int(year), month, int(day), int(time[:2]), int(time[3:5]), int(time[6:]), tzinfo=known)
        return Instant(value=local.astimezone(UTC), zone_known=True)
    except (ValueError, OverflowError):
        return None


def _read(text: str, context: DateContext) -> Instant | None:
    epoch = _EPOCH.fullmatch(text)
    if epoch:
        return _epoch(epoch)
    if context.now is not None:
        zone = context.zone or UTC
        now = context.now if context.now.tzinfo else context.now.replace(tzinfo=UTC)
        relative = read_relative(text, now.astimezone(zone))
        if relative:
            value = relative.value.astimezone(UTC).replace(microsecond=0)
            return Instant(value=value, date_only=relative.date_only, zone_known=relative.zone_known)
    month_only = _MONTH_ONLY.fullmatch(text)
    if month_only:
        year, month = month_only[1] or month_only[3], month_only[2] or month_only[4]
        return _instant((int(year), int(month or 1), 1), None, None, context)
    expanded = _expand(text)
    return None if expanded is None else _read_parts(expanded, context)


def _epoch(match: re.Match[str]) -> Instant | None:
    figures = match[1] or match[2]
    seconds = int(figures[:10])
    if not _EPOCH_FIRST <= seconds < _EPOCH_LAST:
        return None
    return Instant(value=datetime.fromtimestamp(seconds, UTC), zone_known=True)


def _expand(text: str) -> str | None:
    """ISO 8601's basic, week and ordinal forms in the extended one, other texts as they are; None: no such day."""
    match = _WEEK_WITH_CLOCK.fullmatch(text)
    if match:
        day = _compact_day(match["date"])
        return day and day + match["rest"]
    match = _COMPACT.fullmatch(text)
    if match is None:
        return _EXIF.sub(r"\1-\2-\3", text, count=1)
    day = _compact_day(match["date"])
    if day is None or match["h"] is None:
        return day and day + match["rest"]
    return f"{day}T{match['h']}:{match['m'] or '00'}:{match['s'] or '00'}{match['rest']}"


def _compact_day(figures: str) -> str | None:
    try:
        plain = figures.replace("-", "")
        if "W" not in plain and len(plain) == 7:
            year, day = int(plain[:4]), int(plain[4:])
            value = datetime(year, 1, 1) + timedelta(days=day - 1)  # noqa: DTZ001  # a calendar day
            return f"{value:%Y-%m-%d}" if value.year == year and day else None
        return datetime.fromisoformat(plain).date().isoformat()
    except (ValueError, OverflowError):
        return None


def _read_parts(text: str, context: DateContext) -> Instant | None:
    text, comment_zone = _without_comments(text, context)
    phrase = zones.find_phrase(text)
    if phrase:
        comment_zone = zones.named_zone(phrase[0]) or comment_zone
        text = text[: phrase.start()] + _GAP + text[phrase.end() :]
    clock: TimeOfDay | None = None
    zone: tzinfo | None = None
    found = find_clock(text)
    if found:
        if found.clock is None or _may_be_a_span(text):
            return None
        clock = found.clock
        zone, end = _zone_at(text, found.end, context)
        text = text[: found.start] + _GAP + text[end:]
    text, weekday = calendars.without_cjk_words(text, _GAP)
    if weekday is None:
        weekday = weekday_in(text)
    day = named_day(text, context) or numeric_day(text, weekday, context)
    if day is None:
        return None
    for start, end in sorted(day.spans, reverse=True):
        text = text[:start] + _GAP + text[end:]
    known, rest_zone = _rest(text, context)
    if not known:
        return None
    written = with_year(day, weekday, context)
    return _instant(written, clock, zone or rest_zone or comment_zone, context) if written else None


def _without_comments(text: str, context: DateContext) -> tuple[str, tzinfo | None]:
    """The text without RFC 822 comments, and the zone one of them named ("+0800 (CST)": the figures win)."""
    comment_zone: tzinfo | None = None
    for _ in range(3):
        comments = _COMMENT.findall(text)
        if not comments:
            break
        for comment in comments:
            comment_zone = comment_zone or _whole_zone("".join(comment).strip(), context)
        text = _COMMENT.sub(_GAP, text)
    return text, comment_zone


def _whole_zone(comment: str, context: DateContext) -> tzinfo | None:
    """The zone a comment names if it says nothing else: "CST", "GMT+8", "Asia/Shanghai"."""
    named = zones.named_zone(comment, zone=context.zone, language=context.language)
    zone, end = (named, len(comment)) if named else _zone_at(comment, 0, context)
    return zone if end == len(comment) else None


def _may_be_a_span(text: str) -> bool:
    """Whether "10:00-12:00" may be from ten to twelve as well as ten o'clock at -12:00."""
    span = _SPAN.search(text)
    if span is None:
        return False
    hour, minute, last_hour, last_minute = (int(figures) for figures in span.groups())
    return (hour, minute) < (last_hour, last_minute)


def _zone_at(text: str, start: int, context: DateContext) -> tuple[tzinfo | None, int]:
    """The zone straight after a time of day, and where it ends. Figures win over names: "GMT+8", "-0700 MST"."""
    named: tzinfo | None = None
    offset: tzinfo | None = None
    end = start
    for _ in range(3):
        at = _AFTER_CLOCK.match(text, end).end()  # type: ignore[union-attr]  # the pattern may match nothing
        figures = zones.OFFSET.match(text, at)
        if figures and offset is None and not _is_day(figures, text):
            offset, end = zones.offset_zone(figures), figures.end()
            continue
        word = zones.match_name(text, at)
        if word is None or named is not None:
            break
        named = zones.named_zone(word[0], zone=context.zone, language=context.language)
        if named is None and not _is_unknown_zone(word[0], context):
            break
        end = word.end()
    return offset or named, end


def _is_day(offset: re.Match[str], text: str) -> bool:
    """Whether what looks like an offset is the day of a month: "13:00 -22 Dec 2017"."""
    word = TOKEN.match(text, offset.end() + 1)
    return offset["minutes"] is None and word is not None and calendars.month_number(word[0]) is not None


def _is_unknown_zone(word: str, context: DateContext) -> bool:
    """Whether a word after a time of day can only be a zone, and is an unknown one: "XST", "A"."""
    if not (word.isalpha() and word.isupper() and len(word) in (1, 3, 4, 5)):
        return False
    return not (
        calendars.is_weekday(word) or calendars.month_number(word, context.language) or calendars.is_filler(word)
    )


def _rest(text: str, context: DateContext) -> tuple[bool, tzinfo | None]:
    """Whether what is left around a date means nothing, and the zone that was there."""
    zone: tzinfo | None = None
    figures = zones.OFFSET.search(text)
    if figures:
        zone = zones.offset_zone(figures)
        text = text[: figures.start()] + _GAP + text[figures.end() :]
    for match in TOKEN.finditer(text):
        word = match[0]
        if calendars.is_weekday(word) or calendars.is_filler(word) or word in _HARMLESS:
            continue
        named = zones.named_zone(word, zone=context.zone, language=context.language) if word.isupper() else None
        if named is None:
            return False, None
        zone = zone or named
    return True, zone


_HARMLESS = frozenset(" ,.-/|;:'’·•@[]【】" + _GAP)


def _instant(day: Written, clock: TimeOfDay | None, zone: tzinfo | None, context: DateContext) -> Instant | None:
    time = clock or TimeOfDay(hour=0, minute=0, second=0)
    try:
        local = datetime(*day, time.hour, time.minute, time.second)  # noqa: DTZ001  # its zone follows
        local += timedelta(days=time.next_day)
    except (ValueError, OverflowError):
        return None
    value = zones.to_utc(local, zone or context.zone or UTC)
    return Instant(value=value, date_only=clock is None, zone_known=zone is not None) if value else None
