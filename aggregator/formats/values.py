"""Single values as outputs may carry them: texts, addresses, ids, languages, instants.

Rules for editors: every function is total. Text functions return text that XML can hold; the others return None where
the value cannot be written so that the W3C validator and common readers accept it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from html.entities import name2codepoint
from urllib.parse import quote

from aggregator.core.urls.parser import without_userinfo
from aggregator.core.urls.urls import absolute

_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff]|[\U0001fffe-\U0010ffff]")
_REMOVED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
    f"|[{''.join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))}]"
)
_C1 = re.compile("[\x80-\x9f]")
_LATIN_RUN = re.compile("[\x20-\xff]+")
_TWICE_ENCODED = re.compile("[\xc2\xc3][\x80-\xbf]")


def characters(text: str) -> str:
    """`text` without what XML cannot hold or HTML forbids, line ends as LF, and repaired mojibake.

    The C1 range is read as windows-1252 (rule H11), U+FFFD becomes `?`, and a run of Latin-1 that is UTF-8 read
    as Latin-1 is decoded.
    """
    if "\xc2" not in text and "\xc3" not in text and not _UNWRITABLE.search(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _REMOVED.sub("", _LATIN_RUN.sub(_decoded_again, text))
    text = _C1.sub(_from_windows, text).replace("\ufffd", "?")
    return _LATIN_RUN.sub(_decoded_again, text)


def _decoded_again(match: re.Match[str]) -> str:
    run = match[0]
    if not _TWICE_ENCODED.search(run):
        return run
    try:
        return run.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return run


def _from_windows(match: re.Match[str]) -> str:
    return match[0].encode("latin-1").decode("windows-1252", "ignore")


_END_TAG = re.compile(r"</(\w+)>")
_HTML_WORDS = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo big blockquote body br button "
    "canvas caption center cite code col colgroup command data datagrid datalist dd del details dfn dialog dir div dl "
    "dt em embed eventsource fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header "
    "hgroup hr html i iframe img input ins isindex kbd label legend li link listing m main mark map menu meta meter "
    "nav noframes noscript object ol optgroup option output p param picture plaintext pre progress q rp rt ruby s samp "
    "script section select slot small source span strike strong style sub summary sup table tbody td template textarea "
    "tfoot th thead time title tr track tt u ul var video wbr xmp comment"
)
_HTML_NAMES = frozenset(_HTML_WORDS.split())


def line(text: str | None) -> str:
    """One line of plain text: white space collapsed, and no end tag of HTML left in it (rules M2 and M11)."""
    if not text:
        return ""
    text = " ".join(characters(text).split())
    while "</" in text:
        shorter = _END_TAG.sub(_unless_html, text)
        if shorter == text:
            break
        text = " ".join(shorter.split())
    return text


def _unless_html(match: re.Match[str]) -> str:
    return "" if match[1].lower() in _HTML_NAMES else match[0]


_ENTITY_LIKE = re.compile(r"&(?=(#?\w+))")


def attribute_line(text: str | None) -> str:
    """`line` for an attribute that may not look like markup: entities are resolved, `&copy` that is none is parted."""
    plain = line(text)
    if "&" not in plain:
        return plain
    return _ENTITY_LIKE.sub(_parted, line(unescape(plain)))


def _parted(match: re.Match[str]) -> str:
    name = match[1]
    return "& " if name in name2codepoint or name == "apos" or not name.isalpha() else "&"


_PORT = "(?::(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
_SAFE_URL = re.compile(
    r"https?://[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
    + _PORT
    + r"(?:[/?](?:[0-9A-Za-z;/?:@&=+$.\-_!~*'(),]|%[0-9A-Fa-f]{2})*)?"
    r"(?:#(?:[0-9A-Za-z;/?:@&=+$.\-_!~*'(),]|%[0-9A-Fa-f]{2})*)?"
)
_URL_SAFE = ";/?:@&=+$,-_.!~*'()%"
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_LONGEST_URL = 8192


def web_url(value: str | None) -> str | None:
    """An absolute http(s) address in ASCII, percent-encoded UTF-8 where it was an IRI; None if it is not one.

    A password in it is not published (rule P21).
    """
    if not value:
        return None
    if _SAFE_URL.fullmatch(value) and len(value) <= _LONGEST_URL:
        return value
    encoded = _encoded(value)
    return encoded if encoded and len(encoded) <= _LONGEST_URL and _SAFE_URL.fullmatch(encoded) else None


def _encoded(value: str) -> str | None:
    """`value` as a URI in the alphabet of RFC 2396, which the validator holds to: no brackets, one number sign."""
    address = absolute(characters(value), None)
    if address is None or not address.startswith(("http://", "https://")):
        return None
    address, number_sign, fragment = without_userinfo(address).partition("#")
    return _quoted(address) + number_sign + _quoted(fragment)


def _quoted(part: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=_URL_SAFE)


_DOTTED = re.compile(r"https?://(?:(?:[0-9]{1,3}\.){3}|(?:[A-Z0-9-]+\.)+)[A-Z0-9][-A-Z0-9]*(?::[0-9]+)?(?:/|$)", re.I)


def dotted_url(value: str | None) -> str | None:
    """`web_url`, with a host that has a dot and no underscore: what an RSS enclosure and itunes:image must have."""
    url = web_url(value)
    return url if url and _DOTTED.match(url) else None


_ID_CHARACTERS = "[0-9A-Za-z;/?:@&=+$.\\-_!~*'()%,#]"
_GOOD_ID = re.compile(
    r"(?i:https?)://(?:[^/?#@%]+@)?[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?" + _PORT + r"(?:[/?#].*)?"
    r"|tag:(?:[a-z0-9._-]+@)?[a-z0-9.-]+,[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?:[0-9a-zA-Z;/?:@&=+$._!~*'()%,-]*"
    r"|urn:uuid:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}"
    r"|urn:(?!uuid:)[a-zA-Z0-9][a-zA-Z0-9-]{1,31}:(?:[a-zA-Z0-9()+,.:=@;$_!*'-]|%[0-9A-Fa-f]{2})+"
)
_ID_ALPHABET = re.compile(_ID_CHARACTERS + "+")


def uri(value: str | None) -> str | None:
    """An id as Atom wants it: an absolute URI, an IRI percent-encoded, anything else inside a urn of ours.

    The same value gives the same URI in every format. None for None and for blank.
    """
    plain = characters(value or "").strip()
    if not plain:
        return None
    encoded = plain if _ID_ALPHABET.fullmatch(plain) else _encoded(plain) or _quoted(plain)
    if _GOOD_ID.fullmatch(encoded):
        return encoded
    return f"urn:feed-aggregator:id:{quote(plain, safe='()+,.:=@;$_!*-')}".replace("~", "%7E")


_EMAIL = re.compile(r"[A-Z0-9_\-+.'!#$%&*/=?^`{|}~]{1,64}@(?:[A-Z0-9-]+\.)+[A-Z0-9][-A-Z0-9]*", re.I)


def email(value: str | None) -> str | None:
    """A plain address with a dotted host, else None; never invented (rule M10)."""
    plain = line(value)
    return plain if len(plain) <= 254 and _EMAIL.fullmatch(plain) else None


_IN_ANGLES = re.compile("<([^<>@]+@[^<>]+)>")


def person_name(value: str | None) -> str:
    """A name without an address in angle brackets, unless the address is all there is."""
    plain = line(value)
    return _IN_ANGLES.sub("", plain).strip() or _IN_ANGLES.sub(r"\1", plain)


_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")


def media_type(value: str | None) -> str | None:
    """A media type without parameters, lower case, else None."""
    plain = line(value).partition(";")[0].strip().lower()
    return plain if _MEDIA_TYPE.fullmatch(plain) else None


_LANGUAGE = re.compile(r"([A-Za-z]{2,3})((?:-[A-Za-z0-9]{1,8})*)")
_EXTENDED = {"yue": "zh-yue", "cmn": "zh-cmn", "wuu": "zh-wuu", "nan": "zh-nan", "hak": "zh-hak", "lzh": "zh-lzh"}
_LANGUAGE_WORDS = (
    # ISO 639-1, then languages of ISO 639-2 that have no letters in it and are met in feeds
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv "
    "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd "
    "ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr "
    "ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu "
    "ace ast ban ceb chr csb dsb fil frr fur gsw haw hsb ilo kab kok lad mai mni mwl nap nds pap sah sat scn sco shn "
    "sma smj smn sms srn syr tet tpi tyv udm und mul war"
)
_LANGUAGES = frozenset(_LANGUAGE_WORDS.split())


def language(value: str | None) -> str | None:
    """A BCP 47 tag whose first part is a language of ISO 639, else None. Chinese languages are below `zh`."""
    match = _LANGUAGE.fullmatch(line(value).replace("_", "-"))
    if not match:
        return None
    primary = match[1].lower()
    if primary in _EXTENDED:
        return _EXTENDED[primary] + match[2]
    return primary + match[2] if primary in _LANGUAGES else None


_SCRIPTS = frozenset(("Arab", "Cyrl", "Hans", "Hant", "Hebr", "Jpan", "Kore", "Latn", "Thai", "Deva"))
_REGION_WORDS = (
    "AE AR AT AU BD BE BG BR BY CA CH CL CN CO CY CZ DE DK DZ EE EG ES FI FR GB GE GR HK HR HU ID IE IL IN IQ IR IS IT "
    "JO JP KE KR KW KZ LB LK LT LU LV MA MD MK MM MN MO MT MX MY NG NL NO NP NZ PE PH PK PL PT QA RO RS RU SA SE SG SI "
    "SK TH TN TR TW UA US UY UZ VE VN ZA"
)
_REGIONS = frozenset(_REGION_WORDS.split())


def page_language(value: str | None) -> str | None:
    """`language` with those later parts that are surely registered, as pages must have it: `zh-Hans-CN`."""
    tag = language(value)
    if tag is None:
        return None
    primary, *rest = tag.split("-")
    script = next((part.title() for part in rest if part.title() in _SCRIPTS), None)
    region = next((part.upper() for part in rest if part.upper() in _REGIONS), None)
    return "-".join(filter(None, (_LIVING.get(primary, primary), script, region)))


_LIVING = {"in": "id", "iw": "he", "ji": "yi"}
_DAY = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d))?",
    re.ASCII,
)


def is_day(text: str | None) -> bool:
    """Whether a `datetime` attribute may hold it: a date, or a date with time and zone."""
    match = _DAY.fullmatch(text or "")
    try:
        return match is not None and bool(date.fromisoformat(match[1]))
    except ValueError:
        return False


EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


def instant(value: datetime | None) -> datetime | None:
    """The instant in UTC and whole seconds; None before 1990, which no reader believes (rule D5)."""
    if value is None:
        return None
    try:
        utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None
    return utc.replace(microsecond=0) if utc >= EARLIEST else None
