"""Dates relative to the time of reading: 3 小时前, 昨天 13:00, 2 hours ago, 어제, 刚刚.

Rules for editors: every form must match whole. Days, weeks, months and years are subtracted on the calendar of the
source's zone; the time of day stays. Future dates ("in 2 hours") are not read.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aggregator.core.dates.clock import find_clock

_UNITS = {
    "second": "s sec secs second seconds 秒 秒钟 秒鐘 초 sekunde sekunden seconde secondes segundo segundos secondo"
    " secondi секунда секунды секунд секунду",
    "minute": "m min mins minute minutes 分 分钟 分鐘 分間 분 minuten minuto minutos minuti минута минуты минут минуту",
    "hour": "h hr hrs hour hours 小时 小時 个小时 個小時 钟头 鐘頭 時間 시간 stunde stunden heure heures hora horas ora"
    " ore час часа часов",
    "day": "d day days 天 日 일 tag tagen jour jours día días dia dias giorno giorni день дня дней",
    "week": "w wk wks week weeks 周 週 星期 个星期 個星期 礼拜 个礼拜 週間 주 주일 woche wochen semaine semaines semana"
    " semanas settimana settimane неделя недели недель неделю",
    "month": "mo mon mth month months 个月 個月 か月 ヶ月 カ月 ヵ月 ケ月 箇月 개월 달 monat monaten mois mes meses mês"
    " mese mesi месяц месяца месяцев",
    "year": "y yr yrs year years 年 년 jahr jahren an ans année années año años ano anos anno anni год года лет",
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_UNIT = "|".join(sorted(map(re.escape, _UNIT_OF), key=len, reverse=True))
_NUMBER_OF = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "一": 1, "两": 2, "兩": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
    "十": 10, "einer": 1, "einem": 1, "un": 1, "une": 1, "una": 1, "uno": 1, "um": 1, "uma": 1, "한": 1,
}  # fmt: skip
_NUMBER = r"(?P<number>\d{1,5}|" + "|".join(sorted(_NUMBER_OF, key=len, reverse=True)) + ")"
_AGO = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"(?:about |over |almost |约|約)?{_NUMBER} ?(?P<unit>{_UNIT}) ?(?:之前|以前|前|전|ago|fa|atrás|назад)",
        rf"(?:il y a|vor|hace|há|ha) (?:environ |etwa |cerca de )?{_NUMBER} ?(?P<unit>{_UNIT})",
    )
)
_HALF_HOUR = re.compile(r"半个?個?小[时時](?:之前|以前|前)|half an hour ago|vor einer halben stunde")
_HOUR_ONE = re.compile(r"(?:час|минуту|день|неделю|месяц|год) назад")
_NOW_WORDS = (
    "刚刚 刚才 剛剛 剛才 刚刚发布 たった今 たったいま 방금 방금-전 방금전 now just-now moments-ago a-moment-ago "
    " gerade-eben à-l'instant ahora ora adesso agora только-что сейчас"
)
_NOW = frozenset(_NOW_WORDS.split())
_DAYS_BACK = {
    0: "今天 今日 本日 오늘 today heute aujourd'hui aujourd’hui hoy oggi hoje сегодня",
    1: "昨天 昨日 昨 어제 yesterday gestern hier ayer ieri ontem вчера",
    2: "前天 前日 一昨日 おととい 그저께 그제 엊그제 vorgestern avant-hier anteayer anteontem позавчера",
    3: "大前天 대그저께",
}
_DAY_OF = {word: days for days, words in _DAYS_BACK.items() for word in words.split()}
_DAY = re.compile("(" + "|".join(sorted(map(re.escape, _DAY_OF), key=len, reverse=True)) + ")", re.IGNORECASE)
_GLUE = re.compile(r"[ ,:.\-]*(?:(?:at|um|à|às|a las|alle|в|的)\b)?[ ,]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """An aware date and time. `date_only`: the words named a day and no time; it is then the day's midnight.

    `zone_known` False: another zone would have made another instant of it.
    """

    value: datetime
    date_only: bool = False
    zone_known: bool = True


def read_relative(text: str, now: datetime) -> Relative | None:
    """The date that a plain text gives relative to `now` (aware, in the source's zone); None if it gives none."""
    text = re.sub(r" ?(?:发布|發布|发表|更新)\Z", "", text)
    lowered = text.lower()
    if lowered.replace(" ", "-") in _NOW:
        return Relative(value=now)
    if _HALF_HOUR.fullmatch(lowered):
        return _back(now, 30, "minute")
    if _HOUR_ONE.fullmatch(lowered):
        return _back(now, 1, _UNIT_OF[lowered.split()[0]])
    for shape in _AGO:
        match = shape.fullmatch(lowered)
        if match:
            number = match["number"]
            return _back(now, int(number) if number.isdecimal() else _NUMBER_OF[number], _UNIT_OF[match["unit"]])
    return _day_before(text, now)


def _back(now: datetime, number: int, unit: str) -> Relative | None:
    try:
        if unit == "month":
            return Relative(value=_months_back(now, number))
        if unit == "year":
            return Relative(value=_months_back(now, 12 * number))
        if unit in ("day", "week"):
            return Relative(value=now - timedelta(**{f"{unit}s": number}))
        return Relative(value=now.astimezone(UTC) - timedelta(**{f"{unit}s": number}))
    except (OverflowError, ValueError):
        return None


def _months_back(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    if year < 1:
        raise ValueError(year)
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))


def _day_before(text: str, now: datetime) -> Relative | None:
    """昨天, 昨天 13:00, 今天下午1:00, yesterday at 5 pm."""
    match = _DAY.match(text)
    if match is None:
        return None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    day = midnight - timedelta(days=_DAY_OF[match[1].lower()])
    rest = text[_GLUE.match(text, match.end()).end() :]  # type: ignore[union-attr]  # the pattern may match nothing
    if not rest:
        return Relative(value=day, date_only=True, zone_known=False)
    found = find_clock(rest)
    if found is None or found.clock is None or rest[: found.start].strip() or rest[found.end :].strip(" ."):
        return None
    clock = found.clock
    day = day.replace(hour=clock.hour, minute=clock.minute, second=clock.second) + timedelta(days=clock.next_day)
    return Relative(value=day, zone_known=False)
