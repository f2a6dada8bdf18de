"""keep and drop: the short form of a filter, words that an entry must or must not have."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.core.html.clean import visible_text
from aggregator.core.model import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether an entry stays, and why: the rule (`keep` or `drop`) and the word that decided, None if none did."""

    stays: bool
    rule: str | None = None
    word: str | None = None


def fold(text: str) -> str:
    """Text as words are compared: NFKC, so that width does not count, and without case."""
    return unicodedata.normalize("NFKC", text).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class WordFilter:
    """Words to keep and to drop, folded once. A dropped word wins over a kept one."""

    keep: tuple[tuple[str, str], ...] = ()
    drop: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, keep: Iterable[str], drop: Iterable[str]) -> WordFilter:
        return cls(keep=tuple((w, fold(w)) for w in keep), drop=tuple((w, fold(w)) for w in drop))

    def verdict(self, entry: Entry) -> Verdict:
        """The verdict on one entry by its title, summary and content as seen."""
        if not self.keep and not self.drop:
            return Verdict(stays=True)
        summary = entry.summary or ""
        summary = visible_text(summary) if entry.summary_is_html else summary
        text = fold("\n".join((entry.title, summary, visible_text(entry.content))))
        for word, folded in self.drop:
            if folded in text:
                return Verdict(stays=False, rule="drop", word=word)
        if not self.keep:
            return Verdict(stays=True)
        for word, folded in self.keep:
            if folded in text:
                return Verdict(stays=True, rule="keep", word=word)
        return Verdict(stays=False, rule="keep")
