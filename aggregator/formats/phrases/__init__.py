"""The phrases of the pages in five languages, and the choice among them."""

from __future__ import annotations

import re

from aggregator.formats.phrases.english import ENGLISH
from aggregator.formats.phrases.japanese import JAPANESE
from aggregator.formats.phrases.korean import KOREAN
from aggregator.formats.phrases.phrases import Phrases as Phrases
from aggregator.formats.phrases.simplified import SIMPLIFIED
from aggregator.formats.phrases.traditional import TRADITIONAL

LANGUAGES = (ENGLISH, SIMPLIFIED, TRADITIONAL, JAPANESE, KOREAN)


def words_for(language: str) -> Phrases:
    """The words for a BCP 47 tag: Chinese by script, else by region, else simplified; English where we have none."""
    subtags = language.lower().replace("_", "-").split("-")
    if subtags[0] == "zh":
        if "hans" in subtags:
            return SIMPLIFIED
        return TRADITIONAL if {"hant", "tw", "hk", "mo"} & set(subtags) else SIMPLIFIED
    return {"ja": JAPANESE, "ko": KOREAN}.get(subtags[0], ENGLISH)


def language_of(text: str, declared: str | None, site: str) -> str | None:
    """The `lang` for a text: the declared one, unless its letters contradict it; None if nothing is known.

    Kana are Japanese and Hangul Korean. Han alone may be any of the three, so it takes the site's language where that
    is one of them. The tag decides which shapes a browser gives Han letters.
    """
    tag = _tag(declared)
    written = _script(text)
    if not written:
        return tag
    if tag and _primary(tag) in _EAST_ASIAN:
        return tag
    home = _tag(site)
    if home and _primary(home) in _WRITTEN_IN[written]:
        return home
    return _WRITTEN_IN[written][0]


_EAST_ASIAN = ("zh", "ja", "ko")
_WRITTEN_IN = {"han": _EAST_ASIAN, "kana": ("ja",), "hangul": ("ko",)}
_BCP47 = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,5}")


def _tag(declared: str | None) -> str | None:
    """A declared language as an attribute may hold it; None for what is no tag."""
    tag = (declared or "").strip().replace("_", "-")
    return tag if _BCP47.fullmatch(tag) else None


def _primary(tag: str) -> str:
    return tag.lower().partition("-")[0]


def _script(text: str) -> str:
    """The East Asian script of a text: kana, hangul, han or ""."""
    found = ""
    for letter in text[:400]:
        if "\u3041" <= letter <= "\u30ff" and letter != "・":
            return "kana"
        if "\uac00" <= letter <= "\ud7a3":
            return "hangul"
        if "\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0003ffff":
            found = "han"
    return found
