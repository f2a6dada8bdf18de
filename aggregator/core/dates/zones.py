"""Zone designators as feeds write them -> tzinfo (rule D2).

Rules for editors: abbreviations go into the tables; a name that means different things in different places goes into
`_ambiguous_zone`, never into `_HOURS`. Zones with summer time that are named without saying which half (ET, PT,
Europe/Brussels) become the zone of the tz database, so that the date decides.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_LIMIT = timedelta(hours=14)
"""Rule D2: a larger offset is an unknown zone."""

_HOURS: dict[str, float] = {
    **dict.fromkeys(("z", "ut", "utc", "gmt", "wet", "uct", "zulu", "universal"), 0),
    "azot": -1, "cvt": -1, "egt": -1,
    "fnt": -2, "brst": -2, "uyst": -2, "wgst": -2,
    "brt": -3, "art": -3, "uyt": -3, "gft": -3, "clst": -3, "adt": -3, "wgt": -3, "rott": -3,
    "ndt": -2.5, "nst": -3.5,
    "ast": -4, "clt": -4, "vet": -4, "bot": -4, "gyt": -4, "edt": -4,
    "est": -5, "cdt": -5, "pet": -5, "ect": -5,
    "mdt": -6, "galt": -6,
    "mst": -7, "pdt": -7,
    "pst": -8, "akdt": -8,
    "akst": -9, "hdt": -9, "hst": -10, "hast": -10,
    "bst": 1, "west": 1, "cet": 1, "met": 1, "mez": 1, "wat": 1,
    "cest": 2, "mest": 2, "mesz": 2, "eet": 2, "oez": 2, "cat": 2, "sast": 2,
    "eest": 3, "oesz": 3, "msk": 3, "msd": 4, "eat": 3, "trt": 3, "idt": 3,
    "irst": 3.5, "irdt": 4.5, "gst": 4, "azt": 4, "samt": 4, "aft": 4.5,
    "pkt": 5, "uzt": 5, "yekt": 5, "mvt": 5, "npt": 5.75, "almt": 6, "omst": 6, "bdt": 6, "btt": 6, "mmt": 6.5,
    "ict": 7, "wib": 7, "krat": 7, "novt": 7, "hovt": 7,
    "hkt": 8, "sgt": 8, "pht": 8, "myt": 8, "awst": 8, "wita": 8, "irkt": 8, "ulat": 8, "bjt": 8, "cnt": 8,
    "jst": 9, "kst": 9, "wit": 9, "yakt": 9, "tlt": 9,
    "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "chst": 10, "vlat": 10, "pgt": 10,
    "magt": 11, "sakt": 11, "nct": 11, "nzst": 12, "nzdt": 13, "fjt": 12, "pett": 12, "tot": 13, "chast": 12.75,
}  # fmt: skip

_KEYS = {
    "et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver", "pt": "America/Los_Angeles",
    "at": "America/Halifax", "akt": "America/Anchorage", "ht": "Pacific/Honolulu",
    "prc": "Asia/Shanghai", "roc": "Asia/Taipei", "rok": "Asia/Seoul", "hongkong": "Asia/Hong_Kong",
    "singapore": "Asia/Singapore", "japan": "Asia/Tokyo",
    "eastern time": "America/New_York", "central time": "America/Chicago", "mountain time": "America/Denver",
    "pacific time": "America/Los_Angeles",
    "北京时间": "Asia/Shanghai", "北京時間": "Asia/Shanghai", "中国标准时间": "Asia/Shanghai",
    "中國標準時間": "Asia/Shanghai", "东八区": "Asia/Shanghai", "中国時間": "Asia/Shanghai",
    "台北时间": "Asia/Taipei", "台北時間": "Asia/Taipei", "臺北時間": "Asia/Taipei", "台灣時間": "Asia/Taipei",
    "台北標準時間": "Asia/Taipei", "香港时间": "Asia/Hong_Kong", "香港時間": "Asia/Hong_Kong",
    "香港標準時間": "Asia/Hong_Kong", "东京时间": "Asia/Tokyo", "東京時間": "Asia/Tokyo", "日本時間": "Asia/Tokyo",
    "日本標準時": "Asia/Tokyo", "한국시간": "Asia/Seoul", "한국 표준시": "Asia/Seoul", "대한민국 표준시": "Asia/Seoul",
    "世界协调时间": "UTC", "协调世界时": "UTC", "世界標準時間": "UTC", "世界标准时间": "UTC", "협정 세계시": "UTC",
    "格林尼治标准时间": "UTC", "格林威治標準時間": "UTC", "グリニッジ標準時": "UTC", "協定世界時": "UTC",
    "мск": "Europe/Moscow", "московское время": "Europe/Moscow",
}  # fmt: skip

_LONG = {
    "coordinated universal time": 0, "greenwich mean time": 0, "universal time": 0, "western european time": 0,
    "eastern standard time": -5, "eastern daylight time": -4, "central standard time": -6, "central daylight time": -5,
    "mountain standard time": -7, "mountain daylight time": -6, "pacific standard time": -8,
    "pacific daylight time": -7, "british summer time": 1, "central european time": 1,
    "central european standard time": 1, "central european summer time": 2, "eastern european time": 2,
    "eastern european standard time": 2, "eastern european summer time": 3, "moscow standard time": 3,
    "moscow time": 3, "india standard time": 5.5, "indian standard time": 5.5, "china standard time": 8,
    "china time": 8, "beijing time": 8, "taipei standard time": 8, "hong kong standard time": 8, "hong kong time": 8,
    "singapore standard time": 8, "singapore time": 8, "japan standard time": 9, "japan time": 9,
    "korea standard time": 9, "korean standard time": 9, "mitteleuropäische zeit": 1,
    "mitteleuropäische normalzeit": 1, "mitteleuropäische sommerzeit": 2,
    "heure normale d’europe centrale": 1, "heure d’été d’europe centrale": 2,
}  # fmt: skip

OFFSET = re.compile(
    r"(?P<sign>[+-])-?(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?::?(?P<seconds>\d{2}))?(?![-/.:]?\d)"
)
_KEY = re.compile(r"[A-Za-z]{2,14}(?:/[A-Za-z][A-Za-z_]{1,20}(?:-[A-Za-z_]{1,14})?){1,2}(?:[+-]\d{1,2})?")
_PHRASE = re.compile(
    "|".join(
        re.escape(name)
        for name in sorted((*_LONG, *(p for p in _KEYS if not p.isascii() or " " in p)), key=len, reverse=True)
    ),
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]{1,9}(?![A-Za-z/])")


def offset_zone(match: re.Match[str]) -> tzinfo | None:
    """The zone of a match of `OFFSET`; None if it is farther from UTC than 14 hours or no offset at all (rule D2)."""
    hours, minutes, seconds = (int(match[name] or 0) for name in ("hours", "minutes", "seconds"))
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if minutes > 59 or seconds > 59 or offset > _LIMIT:
        return None
    return timezone(-offset if match["sign"] == "-" else offset)


def named_zone(name: str, *, zone: tzinfo | None = None, language: str | None = None) -> tzinfo | None:
    """The zone of an abbreviation, a phrase or a tz database name in any case; None if it is not known.

    `zone` and `language` are the source's: they decide what CST and IST mean (rule D2).
    """
    folded = " ".join(name.lower().split())
    if folded in ("cst", "ist"):
        return _ambiguous_zone(folded, zone, (language or "").lower().replace("_", "-").split("-")[0])
    hours = _HOURS.get(folded, _LONG.get(folded))
    if hours is not None:
        return UTC if hours == 0 else timezone(timedelta(hours=hours))
    key = _KEYS.get(folded)
    if key is None and _KEY.fullmatch(name):
        key = "/".join(_titled(part) for part in name.split("/"))
    return _zone_info(key) if key else None


def match_name(text: str, start: int) -> re.Match[str] | None:
    """What may be a zone's name at `start`: a phrase, a tz database name or one word. Nothing is looked up."""
    return _PHRASE.match(text, start) or _KEY.match(text, start) or _WORD.match(text, start)


def find_phrase(text: str) -> re.Match[str] | None:
    """The first zone in words ("北京时间", "Pacific Daylight Time")."""
    return _PHRASE.search(text)


def _ambiguous_zone(name: str, zone: tzinfo | None, language: str) -> tzinfo:
    key = getattr(zone, "key", "") or ""
    if name == "cst":
        east = language == "zh" or key.startswith("Asia/") or key in ("PRC", "ROC", "Hongkong", "Singapore")
        east = east or (isinstance(zone, timezone) and zone.utcoffset(None) == timedelta(hours=8))
        return timezone(timedelta(hours=8 if east else -6))
    if language in ("he", "iw") or key in ("Asia/Jerusalem", "Asia/Tel_Aviv", "Israel"):
        return timezone(timedelta(hours=2))
    if language == "ga" or key in ("Europe/Dublin", "Eire"):
        return timezone(timedelta(hours=1))
    return timezone(timedelta(hours=5, minutes=30))


def _titled(part: str) -> str:
    """The tz database's spelling of one segment: `los_angeles` -> `Los_Angeles`."""
    if part.lower().startswith(("gmt", "utc", "uct")):
        return part.upper()
    return "_".join(word if word in ("of", "es") else word[:1].upper() + word[1:].lower() for word in part.split("_"))


@lru_cache(maxsize=256)
def _zone_info(name: str) -> tzinfo | None:
    """A tz database zone; None if there is none of that name (the set is data on disk, read once per name)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def to_utc(local: datetime, zone: tzinfo) -> datetime | None:
    """A naive local time in a zone as an instant; None if it leaves the calendar. A repeated hour is its first."""
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
