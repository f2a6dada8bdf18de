"""The river page of an output: every story in full, readable on any screen, without script.

Rules for editors: content is the sanitised HTML of the model and the only text that is not escaped; the template's own
words are English and say so, the sources' words carry the sources' language (it decides the shapes of Han characters).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aggregator.core.edition import Edition, Story
from aggregator.core.text import dates
from aggregator.formats import MEDIA_TYPES, PRODUCT, SUFFIXES, facts, public_url, values
from aggregator.formats.page_body import on_page

_HERE = "\0"
"""Where the stories go: a character that no text in the page can hold."""

_NAMES = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}


class Html:
    """A page per output, for people and for browsers that are sent to a feed's address (protocols W7)."""

    name = "html"
    suffix = SUFFIXES["html"]
    media_type = f"{MEDIA_TYPES['html']}; charset=utf-8"

    def __init__(self) -> None:
        environment = Environment(
            loader=PackageLoader("aggregator.formats"),
            autoescape=True,
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["day"] = shown_instant
        environment.filters["rfc3339"] = dates.rfc3339
        self._page = environment.get_template("page.html")
        self._story = environment.get_template("story.html")

    def render_story(self, story: Story) -> bytes:
        anchor = facts.anchor(story)
        picture, body = facts.picture(story), on_page(facts.content(story), anchor)
        text = self._story.render(
            anchor=anchor,
            title=facts.shown_title(story),
            link=facts.link(story),
            language=values.page_language(facts.language(story)),
            source=facts.source(story),
            authors=[author.name for author in facts.authors(story)],
            published=facts.published(story) or facts.updated(story),
            categories=[" / ".join(path) for path in facts.paths(story)] + [tag.name for tag in facts.tags(story)],
            picture=None if "<img" in body else picture,
            content=Markup(body or on_page(facts.summary_html(story) or "", anchor)),
            files=[_shown_file(file) for file in facts.files(story)],
            comments=facts.discussion(story),
            rights=facts.rights(story),
        )
        return text.encode("utf-8")

    def assemble(self, edition: Edition, fragments: Sequence[bytes]) -> bytes:
        return b"".join(self.pieces(edition, fragments))

    def pieces(self, edition: Edition, fragments: Sequence[bytes]) -> list[bytes]:
        formats = [(n, _NAMES[n], MEDIA_TYPES[n], _address(edition, n)) for n in _NAMES if n in edition.formats]
        text = self._page.render(
            title=values.line(edition.title) or values.line(edition.output) or PRODUCT,
            description=values.line(edition.description),
            language=values.page_language(edition.language),
            formats=formats,
            address=_address(edition, "html"),
            updated=values.instant(edition.updated) or values.EARLIEST,
            count=len(fragments),
            product=PRODUCT,
            stories=Markup(_HERE),
        )
        head, tail = text.encode("utf-8").split(_HERE.encode())
        return [head, *fragments, tail]


def _address(edition: Edition, name: str) -> str:
    return public_url(edition.site_url, edition.output, SUFFIXES[name])


def shown_instant(moment: datetime) -> str:
    """`2022-05-16 05:00 UTC`."""
    return f"{moment.replace(tzinfo=None).isoformat(' ', 'minutes')} UTC"


def _shown_file(file: facts.File) -> dict[str, str | None]:
    name = unquote(urlsplit(file.url).path.rpartition("/")[2], errors="replace")
    details = [file.type, _size(file.length), _duration(file.duration)]
    return {
        "url": file.url,
        "title": file.title or values.line(name) or file.url,
        "details": ", ".join(filter(None, details)),
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
