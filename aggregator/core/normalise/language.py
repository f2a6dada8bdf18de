"""Language tags: mended, or found from the script where a feed says nothing or contradicts itself.

Only scripts that one language owns are recognised. Letters of several languages (Latin, Cyrillic, Arabic) prove
nothing, and silently wrong is worse than missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*|[ix](?:-[A-Za-z0-9]{1,8})+")
_NAMES = {
    "english": "en",
    "eng": "en",
    "american english": "en-US",
    "british english": "en-GB",
    "chinese": "zh",
    "simplified chinese": "zh-Hans",
    "traditional chinese": "zh-Hant",
    "chinese (simplified)": "zh-Hans",
    "chinese (traditional)": "zh-Hant",
    "中文": "zh",
    "简体中文": "zh-Hans",
    "繁體中文": "zh-Hant",
    "繁体中文": "zh-Hant",
    "正體中文": "zh-Hant",
    "汉语": "zh",
    "cn": "zh-CN",
    "chs": "zh-Hans",
    "cht": "zh-Hant",
    "japanese": "ja",
    "jp": "ja",
    "日本語": "ja",
    "korean": "ko",
    "kr": "ko",
    "한국어": "ko",
    "german": "de",
    "deutsch": "de",
    "french": "fr",
    "français": "fr",
    "francais": "fr",
    "spanish": "es",
    "español": "es",
    "castellano": "es",
    "italian": "it",
    "italiano": "it",
    "portuguese": "pt",
    "português": "pt",
    "brazilian portuguese": "pt-BR",
    "russian": "ru",
    "русский": "ru",
    "dutch": "nl",
    "nederlands": "nl",
    "polish": "pl",
    "polski": "pl",
    "swedish": "sv",
    "svenska": "sv",
    "danish": "da",
    "dansk": "da",
    "norwegian": "no",
    "norsk": "no",
    "finnish": "fi",
    "suomi": "fi",
    "turkish": "tr",
    "türkçe": "tr",
    "arabic": "ar",
    "hebrew": "he",
    "greek": "el",
    "czech": "cs",
    "hungarian": "hu",
    "ukrainian": "uk",
    "vietnamese": "vi",
    "thai": "th",
    "indonesian": "id",
    "hindi": "hi",
    "persian": "fa",
    "romanian": "ro",
}
_NO_LANGUAGE = frozenset({"und", "mul", "zxx", "none", "null", "undefined", "default", "true", "false"})

_MIN_ENTRIES = 5
_MIN_LETTERS = 200
_MAX_SAMPLE = 20_000


def normal_language(raw: str) -> str | None:
    """The BCP 47 tag meant (`zh_CN` is zh-CN, `english` is en); None if it is no language. Never raises."""
    text = raw.strip()
    if not text or len(text) > 60:
        return None
    named = _NAMES.get(text.casefold())
    if named:
        return named
    tag = text.replace("_", "-").partition(".")[0].partition("@")[0].split(",")[0].split(";")[0].strip()
    if tag.casefold() in _NO_LANGUAGE or not _TAG.fullmatch(tag):
        return None
    return _cased(tag)


def _cased(tag: str) -> str:
    """RFC 5646 2.1.1: language lower, Script in title case, REGION upper."""
    first, *rest = tag.split("-")
    parts = [first.lower()]
    for part in rest:
        after_singleton = len(parts[-1]) == 1
        if len(part) == 2 and part.isalpha() and not after_singleton:
            parts.append(part.upper())
        elif len(part) == 4 and part.isalpha() and not after_singleton:
            parts.append(part.title())
        else:
            parts.append(part.lower())
    return "-".join(parts)


def detect_language(texts: Iterable[str]) -> str | None:
    """zh, ja, ko, th, el, he, ka, hy or ta from the letters of at least 5 texts with 200 letters; else None."""
    counts: Counter[str] = Counter()
    entries = 0
    for text in texts:
        entries += 1
        if counts.total() < _MAX_SAMPLE:
            counts.update(_script(ord(c)) for c in text[:2_000] if c.isalpha())
    letters = counts.total()
    if entries < _MIN_ENTRIES or letters < _MIN_LETTERS:
        return None
    if counts["kana"] > 0.05 * letters:
        return "ja"
    if counts["hangul"] > 0.3 * letters:
        return "ko"
    if counts["han"] > 0.3 * letters:
        return "zh"
    language, count = max(((s, n) for s, n in counts.items() if len(s) == 2), key=lambda x: x[1], default=("", 0))
    return language if count > 0.5 * letters else None


_RANGES = (
    (0x0370, 0x03FF, "el"),
    (0x0530, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0E00, 0x0E7F, "th"),
    (0x10A0, 0x10FF, "ka"),
    (0x1100, 0x11FF, "hangul"),
    (0x3040, 0x30FF, "kana"),
    (0x3400, 0x4DBF, "han"),
    (0x4E00, 0x9FFF, "han"),
    (0xAC00, 0xD7AF, "hangul"),
    (0x20000, 0x323AF, "han"),
)


def _script(code: int) -> str:
    if code < 0x370:
        return "latin"
    return next((name for first, last, name in _RANGES if first <= code <= last), "other")
