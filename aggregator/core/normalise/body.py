"""Content and summary of an entry: chosen in the order of rule M14, each candidate cleaned at most once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aggregator.core.html.clean import clean_html, visible_text
from aggregator.core.html.plain import html_from_text
from aggregator.core.normalise.addresses import BaseUrls
from aggregator.core.normalise.context import Diagnostics
from aggregator.core.normalise.text_fields import filled, line_of
from aggregator.core.parse.parsed import Candidate, Markup, ParsedEntry

_FULL = frozenset({"content:encoded", "xhtml:body", "xhtml:div", "body", "fullitem"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Content and summary of an entry, and the elements they were found in; None where nothing was found."""

    content: str = ""
    content_from: str | None = None
    summary: str | None = None
    summary_is_html: bool = False
    summary_from: str | None = None


_FIRST_PART = 1_000
"""Characters of HTML that nearly always hold the first visible word."""
_MESSAGES = {
    "html-double-escaped": "the content was escaped twice and was decoded once more",
    "html-plain-text": "the content is plain text; paragraphs were made from its blank lines",
    "html-too-deep": "elements are nested too deep; the inner ones were unwrapped",
    "html-cut": "the content is too long and was cut at the end of a block",
    "html-disarmed": "scripts, forms, handlers or the like were left out",
    "html-images": "placeholders gave way to the pictures they stand for, or pictures that are none were left out",
    "html-mended": "tags are not closed or nested as they should be; they were mended",
    "html-unstable": "the content reads differently each time it is cleaned; its text was kept",
}
_TEXT = re.compile(r"(?:\A|>)[^<>&]*?[^\s<>&]")
"""A character between tags that is no white space, with no reference before it: that might be to some."""
_SHOWN = ("<img", "<iframe", "<video", "<audio", "<math", "<hr", "<picture")


def is_blank(html: str) -> bool:
    """Whether a reader sees nothing at all in this clean HTML (`<p></p>`)."""
    return not has_text(html) and not any(tag in html for tag in _SHOWN)


def has_text(html: str) -> bool:
    """Whether a reader of this clean HTML sees a character."""
    return _TEXT.search(html) is not None or bool(visible_text(html))


def _has_more_text(one: str, other: str) -> bool:
    """Whether a reader sees more characters of `one`; looks no further into `other` than it must."""
    length = len(visible_text(one))
    for length_read in (2 * length + _FIRST_PART // 4, 4 * length + _FIRST_PART):
        if len(other) > length_read and length <= len(visible_text(other[:length_read].rpartition("<")[0])):
            return False
    return length > len(visible_text(other))


class BodyReader:
    """Cleans candidates of one entry, remembering what it cleaned."""

    def __init__(
        self, entry: ParsedEntry, bases: BaseUrls, *, link: str | None, site: str | None, diagnostics: Diagnostics
    ) -> None:
        self._entry = entry
        self._bases = bases
        self._link = link
        self._site = site
        self._diagnostics = diagnostics
        self._label = link or next((c.value.strip()[:200] for c in entry.ids), None)
        self._cleaned: dict[tuple[str, Markup, str | None], str] = {}

    def read(self) -> Body:
        """Choose content and summary (rule M14). What was repaired is added to the diagnostics."""
        content, element = self._content()
        summary, is_html, short = self._summary(element)
        return Body(
            content=content,
            content_from=element,
            summary=summary,
            summary_is_html=is_html,
            summary_from=short,
        )

    def _content(self) -> tuple[str, str | None]:
        for candidate in filled(self._entry.contents):
            content = self._html(candidate)
            if not is_blank(content):
                return self._longer(content, candidate.element)
        return "", None

    def _longer(self, content: str, element: str) -> tuple[str, str | None]:
        """The description instead, where it has more visible text than the element meant for the whole."""
        if element in _FULL:
            for candidate in filled(self._entry.contents):
                if candidate.element == "description" and len(candidate.value) > 0:
                    other = self._html(candidate)
                    if _has_more_text(other, content):
                        return other, "description"
        return content, element

    def _summary(self, element: str | None) -> tuple[str | None, bool, str | None]:
        for candidate in filled(self._entry.summaries):
            if candidate.element == "description" and (element is None or element == "description"):
                continue
            if candidate.element == "feedparser:summary" and element is None:
                return self._html(candidate) or None, True, candidate.element
            is_html = candidate.markup is Markup.HTML
            summary = self._html(candidate) if is_html else line_of(candidate)
            if not (is_blank(summary) if is_html else summary == ""):
                return summary, is_html, candidate.element
        return None, False, None

    def _html(self, candidate: Candidate) -> str:
        key = (candidate.value, candidate.markup, candidate.base)
        if key not in self._cleaned:
            self._cleaned[key] = self._clean(candidate)
        return self._cleaned[key]

    def _clean(self, candidate: Candidate) -> str:
        fragment = _from_text(candidate.value) if candidate.markup is Markup.TEXT else candidate.value
        base = self._bases.for_content(candidate.base, entry_base=self._entry.base, link=self._link)
        cleaned = clean_html(fragment, base=base, site=self._site)
        for name in cleaned.diagnostics:
            self._diagnostics.add(name, _MESSAGES.get(name, name), entry=self._label)
        return cleaned.html


def _from_text(text: str) -> str:
    """Plain text as HTML; one paragraph needs no element around it, no more than in an RSS description."""
    fragment = html_from_text(text)
    if fragment.startswith("<p>") and fragment.count("<p>") == 1:
        return fragment.removeprefix("<p>").removesuffix("</p>")
    return fragment
