"""The page of an output: every story in full, readable on any screen, without script.

Rules for editors: content is the sanitised HTML of the model and the only text that is not escaped; the page's own
phrases are in the language of its output if there are any, else in English, with `lang`; texts of sources have the
sources' `lang` (it decides the shapes of Han characters). Where pages differ, a story's fragment has placeholders.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aggregator.core.addresses import PRODUCT, public_url
from aggregator.core.dates import dates
from aggregator.core.edition import Edition, Story
from aggregator.core.formats_table import HTML, FormatInfo, feeds
from aggregator.formats import story_view, values
from aggregator.formats.page_body import on_page
from aggregator.formats.phrases import Phrases, words_for
from aggregator.formats.placeholders import PlaceholderValues, filled, instant_placeholder, placeholder, shown_instant

HERE = "\0"
"""Where the stories go: a character that no text in the page can hold."""


class Html:
    """A page per output, for people and for browsers that are sent to a feed's address (rule W7)."""

    name = HTML.name
    suffix = HTML.suffix
    media_type = HTML.content_type

    def __init__(self) -> None:
        self._page = environment().get_template("page.html")
        self._story = environment().get_template("story.html")

    def render_story(self, story: Story) -> bytes:
        """See `Format`."""
        anchor = story_view.anchor(story)
        picture, body = story_view.picture(story), on_page(story_view.content(story), anchor)
        text = self._story.render(
            anchor=anchor,
            here=f"{anchor} {story_view.entry_path(story)}",
            title=story_view.shown_title(story),
            link=story_view.link(story),
            language=values.page_language(story_view.language(story)),
            source=story_view.source(story),
            authors=[author.name for author in story_view.authors(story)],
            published=story_view.published(story) or story_view.updated(story),
            revised=_revised(story),
            paths=story_view.paths(story),
            tags=[tag.name for tag in story_view.tags(story)],
            picture=None if "<img" in body else picture,
            content=Markup(body or on_page(story_view.summary_html(story) or "", anchor)),
            files=[_shown_file(file) for file in story_view.files(story)],
            comments=story_view.discussion(story),
            rights=story_view.rights(story),
        )
        return text.encode("utf-8")

    def assemble(self, edition: Edition, fragments: Sequence[bytes]) -> bytes:
        """See `Format`."""
        return b"".join(self.pieces(edition, fragments))

    def pieces(self, edition: Edition, fragments: Sequence[bytes]) -> list[bytes]:
        """See `Format`."""
        formats = [(f.label, f.media_type, _address(edition, f)) for f in feeds(edition.formats)]
        language = values.page_language(edition.language)
        words = words_for(language or "en")
        updated = values.instant(edition.updated) or values.EARLIEST
        text = self._page.render(
            title=values.line(edition.title) or values.line(edition.output) or PRODUCT,
            description=values.line(edition.description),
            language=language,
            words=words,
            ui=own_words(words, language),
            up=_up(edition),
            formats=formats,
            address=_address(edition, HTML),
            updated=Markup(words.updated).format(when=_time(updated, shown_instant(updated, edition.timezone))),
            count=len(fragments),
            product=PRODUCT,
            stories=Markup(HERE),
        )
        head, tail = text.encode("utf-8").split(HERE.encode())
        values_of_page = _PageValues(edition, words)
        return [head, *(filled(fragment, values_of_page) for fragment in fragments), tail]


class _PageValues(PlaceholderValues):
    """What the page of an output puts into its stories."""

    def __init__(self, edition: Edition, words: Phrases) -> None:
        super().__init__(words, edition.timezone)
        self._up = _up(edition) if edition.entry_pages else None

    def fill(self, kind: str, value: str) -> str:
        if kind == "here":
            anchor, _, path = value.partition(" ")
            return f"#{anchor}" if self._up is None else self._up + path
        return super().fill(kind, value)


def _up(edition: Edition) -> str:
    """The relative path from a page to the public root, which is right also behind a proxy that adds a path."""
    return "../" * (1 + edition.output.count("/"))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of pages; everything in them is escaped but what is marked as HTML."""
    made = Environment(
        loader=PackageLoader("aggregator.formats"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["instant_placeholder"] = instant_placeholder
    made.filters["rfc3339"] = dates.rfc3339
    made.globals["placeholder"] = placeholder
    return made


def own_words(words: Phrases, page: str | None) -> Markup:
    """A `lang` attribute with its leading blank for the page's own words, where they are not in the page's language."""
    same = words.tag.partition("-")[0] == (page or "en").partition("-")[0]
    return Markup() if same else Markup(' lang="{}"').format(words.tag)


def _time(moment: datetime, shown: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(dates.rfc3339(moment), shown)


def _revised(story: Story) -> str:
    """The update, as the value of a placeholder; "" if it says no more than the date of publication."""
    published, updated = story_view.published(story), story_view.updated(story)
    return dates.rfc3339(updated) if published and updated - published >= timedelta(minutes=1) else ""


def _address(edition: Edition, format_: FormatInfo) -> str:
    return public_url(edition.site_url, edition.output, format_.suffix)


def _shown_file(file: story_view.File) -> dict[str, str | None]:
    name = unquote(urlsplit(file.url).path.rpartition("/")[2], errors="replace")
    details = [file.type, _size(file.length), _duration(file.duration)]
    return {
        "url": file.url,
        "title": file.title or values.line(name) or file.url,
        "details": ", ".join(filter(None, details)),
        "player": (file.type or "").partition("/")[0] if (file.type or "").startswith(("audio/", "video/")) else None,
    }


def _size(length: int | None) -> str | None:
    if not length:
        return None
    return f"{length / 1_000_000:.1f} MB" if length >= 100_000 else f"{length / 1000:.1f} kB"


def _duration(seconds: int | None) -> str | None:
    if not seconds:
        return None
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
