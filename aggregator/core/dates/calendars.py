"""Words of dates: months, weekdays, numerals and eras, in the languages feeds are written in.

Rules for editors: a name is looked up folded (case, accents and a final dot dropped). A name that is two months in two
languages may not be in `_MONTHS` at all; tests hold that. A month that is also a weekday ("mar") may: the reader of
dates distinguishes them by their position.
"""

from __future__ import annotations

import re
import unicodedata

_MONTHS = (
    "january jan january januar jän jänner janvier janv enero ene gennaio gen janeiro январь января янв januari"
    " stycznia styczeń sty ledna leden led ocak oca ianuarie gener ιανουαρίου ιανουάριος ιαν január janúar"
    " tammikuuta tammikuu січня січень січ jaanuar sausio",
    "february feb febr februar feber février fevrier févr fév febrero febbraio fevereiro fev февраль февраля фев февр"
    " februari lutego luty lut února únor úno şubat şub februarie febrer φεβρουαρίου φεβρουάριος φεβ február helmikuuta"
    " helmikuu лютого лютий лют veebruar vasario",
    "march mar märz mrz maerz mars marzo março marco март марта мар maart mrt marca marzec března březen bře mart"
    " martie març μαρτίου μάρτιος μαρ március márc maaliskuuta maaliskuu березня березень бер märts kovo maret",
    "april apr avril avr abril abr aprile апрель апреля апр kwietnia kwiecień kwi dubna duben dub nisan nis aprilie"
    " απριλίου απρίλιος απρ április ápr huhtikuuta huhtikuu квітня квітень кві aprill balandžio",
    "may mai mayo maggio mag maio май мая mei maja maj května květen kvě mayıs μαΐου μάιος μαϊ május máj toukokuuta"
    " toukokuu травня травень тра maig gegužės",
    "june jun juin junio giugno giu junho июнь июня июн juni czerwca czerwiec cze června červen čvn haziran haz iunie"
    " juny ιουνίου ιούνιος ιουν ιούν június jún kesäkuuta kesäkuu червня червень чер juuni birželio",
    "july jul juillet juil julio luglio lug julho июль июля июл juli lipca lipiec lip července červenec čvc temmuz tem"
    " iulie juliol ιουλίου ιούλιος ιουλ ιούλ július júl heinäkuuta heinäkuu липня липень лип juuli liepos",
    "august aug août aout agosto ago август августа авг augustus sierpnia sierpień sie srpna srpen srp ağustos ağu"
    " agost αυγούστου αύγουστος αυγ augusztus elokuuta elokuu серпня серпень сер agustus rugpjūčio ágúst augusti",
    "september sep sept septembre septiembre setiembre settembre set setembro сентябрь сентября сен сент września"
    " wrzesień wrz září zář eylül eyl septembrie setembre σεπτεμβρίου σεπτέμβριος σεπ szeptember szept syyskuuta"
    " syyskuu вересня вересень вер rugsėjo",
    "october oct oktober okt octobre octubre ottobre ott outubro out октябрь октября окт października październik paź"
    " října říjen říj ekim eki octombrie οκτωβρίου οκτώβριος οκτ október lokakuuta lokakuu жовтня жовтень жов oktoober"
    " spalio",
    "november nov novembre noviembre novembro ноябрь ноября ноя нояб listopadu kasım kas noiembrie νοεμβρίου νοέμβριος"
    " νοε marraskuuta marraskuu листопада листопад лис lapkričio nóvember",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro декабрь декабря дек grudnia grudzień gru"
    " prosince prosinec pro aralık ara decembrie desembre δεκεμβρίου δεκέμβριος δεκ joulukuuta joulukuu desember des"
    " грудня грудень гру detsember gruodžio",
)

_POLISH_NOVEMBER = ("listopada", "listopad", "lis")
"""November in Polish and October in Croatian: read only where the source says it is Polish or Czech."""

_WEEKDAYS = (
    "monday mon mo montag lundi lun lunes lunedì segunda segunda-feira seg понедельник пн пнд måndag mandag maandag"
    " poniedziałek pon pondělí pondeli pazartesi pzt luni hétfő δευτέρα δευ δε maanantai понеділок senin dilluns",
    "tuesday tue tues di die dienstag mardi mar martes martedì terça terça-feira ter вторник вт втр tisdag tirsdag"
    " dinsdag wtorek wt úterý úte salı sal marţi marți kedd τρίτη τρι τρ tiistai вівторок selasa dimarts",
    "wednesday wed weds mi mittwoch mercredi mer mié miércoles mie mercoledì quarta quarta-feira qua среда ср срд"
    " onsdag woensdag środa śr středa stř çarşamba çar miercuri szerda τετάρτη τετ keskiviikko середа rabu dimecres",
    "thursday thu thur thurs do donnerstag jeudi jeu jueves jue giovedì gio quinta quinta-feira qui четверг чт чтв"
    " torsdag donderdag czwartek czw čtvrtek čtv perşembe per joi csütörtök πέμπτη πεμ πε torstai четвер kamis dijous",
    "friday fri fr freitag vendredi ven viernes vie venerdì sexta sexta-feira sex пятница пт птн fredag vrijdag piątek"
    " pt pátek pát cuma cum vineri péntek παρασκευή παρ πα perjantai п'ятниця jumat divendres",
    "saturday sat sa samstag sonnabend samedi sam sábado sáb sab sabato суббота сб сбт lördag lørdag zaterdag sobota"
    " sob cumartesi cmt sâmbătă szombat σάββατο σαβ σα lauantai субота sabtu dissabte",
    "sunday sun so sonntag dimanche dim domingo dom domenica воскресенье вс вск söndag søndag zondag niedziela nie"
    " niedz neděle ned pazar paz duminică vasárnap κυριακή κυρ κυ sunnuntai неділя minggu diumenge",
)

_FILLER_WORDS = (
    "at on the of and th st nd rd de del della d di du da den der dem am um uhr le la las los el il al alle ore às as a"
    " à o os h hrs hs hours kl klo om er e eme ème era ère r г года год в у о року рік р roku godz t o'clock y"
    " posted published publish updated date datum fecha data last modified created time pubdate since feira"
)

_CJK_FILLERS = (
    "发布时间", "發布時間", "更新时间", "更新時間", "发表时间", "發表時間", "发布日期", "發布日期", "发布于", "發布於",
    "发表于", "發表於", "更新于", "更新於", "公開日", "更新日", "投稿日", "掲載日", "配信", "更新", "公開", "入力",
    "입력", "수정", "등록", "작성일", "게시일", "时间", "時間", "日期", "日付", "发布", "發布", "发表", "發表",
)  # fmt: skip

_CJK_WEEKDAYS = (
    *(
        (f"{prefix}{day}", n)
        for prefix in ("星期", "礼拜", "禮拜", "周", "週")
        for n, day in enumerate("一二三四五六日")
    ),
    *((f"{prefix}天", 6) for prefix in ("星期", "礼拜", "禮拜")),
    *((f"{day}曜日", n) for n, day in enumerate("月火水木金土日")),
    *((f"{day}曜", n) for n, day in enumerate("月火水木金土日")),
    *((f"{day}요일", n) for n, day in enumerate("월화수목금토일")),
)

_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911, "中華民國": 1911, "中华民国": 1911}
"""The year before the first of each era."""

_ERA = re.compile(r"(中華民國|中华民国|民國|民国|令和|平成|昭和)\s*(元|\d{1,3})\s*年")
_HAN_NUMBER = re.compile(r"[〇零一二三四五六七八九十]+(?=[年月日号號时時点點分秒天周週小个個]|[刻])")
_HAN_DIGITS = {"〇": 0, "零": 0, **{digit: n for n, digit in enumerate("一二三四五六七八九", 1)}}
_DASHES = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u200b\u200e\u200f\u202a\u202c\u2060\ufeff\u061c", None)
    | {"，": ",", "、": ","}
)
_SPACES = re.compile(r"\s+")


def plain_date_text(raw: str) -> str:
    """A date's text in one writing: NFKC (so half-width digits and colons), ASCII dashes, single blanks, Western
    digits, Gregorian years for Japanese and Republican eras, figures for Han numerals before 年月日时分秒."""
    text = unicodedata.normalize("NFKC", raw).translate(_DASHES)
    text = _SPACES.sub(" ", text).strip()
    if text.isascii():
        return text
    text = "".join(str(unicodedata.decimal(c)) if not c.isascii() and c.isdecimal() else c for c in text)
    text = _HAN_NUMBER.sub(lambda m: _han_number(m[0]), text)
    return _ERA.sub(lambda m: f"{_ERAS[m[1]] + (1 if m[2] == '元' else int(m[2]))}年", text)


def _han_number(digits: str) -> str:
    """ "二〇二二" -> "2022", "十六" -> "16", "二十" -> "20"; what is no number stays."""
    if "十" not in digits:
        return "".join(str(_HAN_DIGITS[digit]) for digit in digits)
    tens, _, units = digits.partition("十")
    if len(tens) > 1 or len(units) > 1 or "十" in units:
        return digits
    return str(10 * _HAN_DIGITS.get(tens, 1) + _HAN_DIGITS.get(units, 0))


def fold(word: str) -> str:
    """A word as the tables are keyed: no case, no accents, no final dot."""
    if word.isascii():
        return word.lower().rstrip(".")
    parts = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).rstrip(".")


def _table(groups: tuple[str, ...]) -> dict[str, int | None]:
    """Folded name -> index in `groups`; None for a name of two groups."""
    table: dict[str, int | None] = {}
    for index, names in enumerate(groups):
        for name in map(fold, names.split()):
            table[name] = index if table.get(name, index) == index else None
    return table


_MONTH_OF = _table(_MONTHS)
_WEEKDAY_OF = _table(_WEEKDAYS)
_FILLER_FOLDED = frozenset(map(fold, _FILLER_WORDS.split()))
_CJK_WEEKDAY_OF = dict(_CJK_WEEKDAYS)
_CJK_WEEKDAY = re.compile("|".join(sorted(map(re.escape, _CJK_WEEKDAY_OF), key=len, reverse=True)))
_CJK_INITIAL = re.compile(r"\A(?:[月火水木金土日]|[월화수목금토일])(?=,)")
"""`EEE` in a Japanese or Korean locale: 月, 16 5月 2022."""
_CJK_FILLER = re.compile("|".join(sorted(map(re.escape, _CJK_FILLERS), key=len, reverse=True)))


def month_number(word: str, language: str | None = None) -> int | None:
    """1 to 12; None if the word is no month."""
    folded = fold(word)
    if folded in _POLISH_NOVEMBER:
        return 11 if (language or "")[:2].lower() in ("pl", "cs") else None
    index = _MONTH_OF.get(folded)
    return None if index is None else index + 1


def is_weekday(word: str) -> bool:
    """Whether the word is a weekday in some language."""
    return fold(word) in _WEEKDAY_OF


def weekday_number(word: str) -> int | None:
    """Monday is 0; None if the word is no weekday, or different ones in different languages."""
    return _WEEKDAY_OF.get(fold(word))


def is_filler(word: str) -> bool:
    """Whether the word may be next to a date without changing it: "at", "de", "Uhr"."""
    return fold(word) in _FILLER_FOLDED


def without_cjk_words(text: str, blank: str) -> tuple[str, int | None]:
    """The text with CJK weekdays and fillers replaced by `blank`, and the weekday (Monday is 0) or None."""
    initial = _CJK_INITIAL.match(text)
    if initial:
        index = max("月火水木金土日".find(initial[0]), "월화수목금토일".find(initial[0]))
        return _CJK_FILLER.sub(blank, blank + text[1:]), index
    found = _CJK_WEEKDAY.search(text)
    weekday = _CJK_WEEKDAY_OF[found[0]] if found else None
    return _CJK_FILLER.sub(blank, _CJK_WEEKDAY.sub(blank, text)), weekday
