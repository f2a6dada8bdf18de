"""The page of one story: what the page of its output shows of it, its categories, and a link to the original.

It contains nothing of an output, so that one file serves all outputs with the story.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from urllib.parse import quote

from markupsafe import Markup

from aggregator.core.addresses import PRODUCT, path_url
from aggregator.core.dates import dates
from aggregator.core.edition import Story
from aggregator.core.model import CategoryPath
from aggregator.formats import story_view, values
from aggregator.formats.html import HERE, environment, own_words
from aggregator.formats.phrases import Phrases, words_for
from aggregator.formats.placeholders import PlaceholderValues, filled, shown_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFrame:
    """What all entry pages of a site have in common."""

    title: str
    """Of the site."""
    site_url: str
    """Public address, no final slash."""
    language: str | None
    timezone: tzinfo


def render_entry(story: Story, fragment: bytes, frame: EntryFrame, pages: Mapping[CategoryPath, str]) -> bytes:
    """The page of `story`, whose HTML fragment is `fragment`.

    `pages` gives, for those category paths of the story that have an output, the path of its page below the public
    root, unescaped.
    """
    site_language = values.page_language(frame.language)
    language = values.page_language(story_view.language(story)) or site_language
    page = _EntryPage(story, frame, pages, words_for(site_language or "en"))
    text = (
        environment()
        .get_template("entry.html")
        .render(
            title=story_view.shown_title(story),
            language=language,
            words=page.words,
            ui=own_words(page.words, language),
            site=values.line(frame.title) or PRODUCT,
            link=story_view.link(story),
            source=story_view.source(story).title,
            address=path_url(frame.site_url, story_view.entry_path(story)),
            product=PRODUCT,
            story=Markup(HERE),
        )
    )
    head, tail = text.encode().split(HERE.encode())
    return b"".join((head, _HEADING.sub(_raised_heading, filled(fragment, page)), tail))


_HEADING = re.compile(rb"(</?h)([3-6])(?=[ >])")
"""Of the content: a fragment has "<" in tags alone."""


def _raised_heading(match: re.Match[bytes]) -> bytes:
    """A heading of the content one level higher: the title is the first level here, and no level may be left out."""
    return match[1] + b"%d" % (int(match[2]) - 1)


class _EntryPage(PlaceholderValues):
    heading = "h1"

    def __init__(self, story: Story, frame: EntryFrame, pages: Mapping[CategoryPath, str], words: Phrases) -> None:
        super().__init__(words, frame.timezone)
        self._paths = story_view.paths(story)
        self._pages = pages

    def fill(self, kind: str, value: str) -> str:
        if kind == "here":
            return "#" + value.partition(" ")[0]
        if kind == "revised":
            return self._revised(value) if value else ""
        if kind in ("category", "/category"):
            return self._category(kind, self._paths[int(value)])
        return super().fill(kind, value)

    def _revised(self, value: str) -> str:
        moment = datetime.fromisoformat(value)
        time = Markup('<time datetime="{}">{}</time>').format(dates.rfc3339(moment), shown_instant(moment, self.zone))
        phrase = Markup(escape(self.words.revised)).format(when=time)
        return f'<span class="revised" lang="{self.words.tag}">{phrase}</span>'

    def _category(self, kind: str, path: CategoryPath) -> str:
        """The name of a category, as a link where it has a page."""
        page = self._pages.get(path)
        if page is None:
            return super().fill(kind, "")
        return "</a>" if kind == "/category" else f'<a class="category" href="../{quote(page)}">'
