"""Language tags: repaired, or found from the script where a feed says nothing or contradicts itself.

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
_MAX_SAMPLE = 1_000


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
    """RFC 5646 2.1.1: language lower, Script in title case, REGION upper, all lower behind a single letter."""
    first, *rest = tag.split("-")
    parts = [first.lower()]
    extended = len(first) == 1
    for part in rest:
        extended = extended or len(part) == 1
        if len(part) == 2 and part.isalpha() and not extended:
            parts.append(part.upper())
        elif len(part) == 4 and part.isalpha() and not extended:
            parts.append(part.title())
        else:
            parts.append(part.lower())
    return "-".join(parts)


Sample = tuple[str | None, int]
"""The language whose script a text is written in, None if it is not known by its script, and its number of letters."""


def sample_language(text: str) -> Sample | None:
    """The sample of one text; None if there are no letters in it."""
    joined = "".join(_LETTERS.findall(text[:_MAX_SAMPLE]))
    return (_language_of(joined), len(joined)) if joined else None


def language_of_samples(samples: Iterable[Sample | None]) -> str | None:
    """The language whose script most of at least 5 texts, with 200 letters in all, are written in; else None.

    One of zh, ja, ko, th, el, he, ka, hy, ta.
    """
    found: Counter[str | None] = Counter()
    letters = 0
    for sample in samples:
        if sample is not None:
            found[sample[0]] += 1
            letters += sample[1]
    if found.total() < _MIN_ENTRIES or letters < _MIN_LETTERS:
        return None
    language, count = found.most_common(1)[0]
    return language if count > found.total() / 2 else None


def _language_of(letters: str) -> str | None:
    if _BEYOND_LATIN.search(letters) is None:
        return None

    def share(script: str) -> float:
        return sum(map(len, _SCRIPTS[script].findall(letters))) / len(letters)

    if share("kana") > 0.05:
        return "ja"
    if share("hangul") > 0.3:
        return "ko"
    if share("han") > 0.3:
        return "zh"
    return next((language for language in _OWN_SCRIPTS if share(language) > 0.5), None)


_BEYOND_LATIN = re.compile("[\u0370-\U0010ffff]")
_LETTERS = re.compile(r"[^\W\d_]+")
_OWN_SCRIPTS = ("el", "hy", "he", "ta", "th", "ka")
_SCRIPTS = {
    name: re.compile(f"[{ranges}]+")
    for name, ranges in {
        "kana": "\u3040-\u30ff",
        "hangul": "\u1100-\u11ff\uac00-\ud7af",
        "han": "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af",
        "el": "\u0370-\u03ff",
        "hy": "\u0530-\u058f",
        "he": "\u0590-\u05ff",
        "ta": "\u0b80-\u0bff",
        "th": "\u0e00-\u0e7f",
        "ka": "\u10a0-\u10ff",
    }.items()
}
