"""The front matter of a post.

Rules for editors: every text is double-quoted with JSON's escapes, for YAML guesses at bare ones (rule H16). Never
`permalink`, `url` or `link` at the top: they move the post on the blog's own site (rule M8). What the top level cannot
say exactly, because a blog or a theme would misread it, is said again under the same name in `origin`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aggregator.core.dates import dates
from aggregator.core.edition import Story
from aggregator.core.html.plain import parse_person, plain_title
from aggregator.core.model import CategoryPath, Person
from aggregator.formats import story_view, values
from aggregator.formats.post_body import harmless

LONGEST_EXCERPT = 100_000
"""Characters. A longer summary is none, and front matter of a quarter of a megabyte is refused by readers."""

LONGEST_NAME = 200
"""Bytes in the name of a category or tag at the top level."""


def matter(story: Story, dialect: str, moment: datetime) -> str:
    """The lines between the two `---`, each with its line end. `moment` is the date of the post."""
    fields = {**_head(story, dialect, moment), "origin": _present(_origin(story, dialect)), **_SWITCHES[dialect]}
    block = _written(fields, quoted)
    return _written(fields, _guarded) if _is_suspicious(block) else block


_SWITCHES: Mapping[str, Mapping[str, Any]] = {
    "hexo": {"disableNunjucks": True},
    "jekyll": {"render_with_liquid": False},
    "hugo": {},
}
"""Nothing in a post is a template (rule H15)."""

_UPDATED_ALSO = {"jekyll": "last_modified_at", "hugo": "lastmod"}


def _head(story: Story, dialect: str, moment: datetime) -> dict[str, Any]:
    """The fields that blogs and themes read."""
    updated, picture = dates.rfc3339(story_view.updated(story)), story_view.picture(story)
    names = ", ".join(author.name for author in story_view.authors(story))
    fields = {
        "layout": "post" if dialect == "jekyll" else None,
        "title": _shown(story_view.shown_title(story), dialect),
        "date": dates.rfc3339(moment),
        "updated": updated,
        _UPDATED_ALSO.get(dialect, "updated"): updated,
        "author": _shown(names, dialect),
        "categories": _categories(story_view.paths(story), dialect),
        "tags": _tags(story, dialect),
        "lang": story_view.language(story),
        "headimg": picture.url if picture else None,
        "thumbnail": picture.url if picture else None,
        "excerpt": _excerpt(story),
        "enclosures": [_file(file) for file in story_view.files(story)],
    }
    return {**_present(fields), "comments": False}


def _categories(paths: Sequence[CategoryPath], dialect: str) -> list[Any]:
    """Lists of names from the root down for Hexo; the others know no hierarchy and take each name once."""
    signs = _FULL_WIDTH if dialect == "jekyll" else {}
    shown = [[_name(name.translate(signs), dialect) for name in path] for path in paths]
    return list(shown) if dialect == "hexo" else list(dict.fromkeys(name for path in shown for name in path))


_FULL_WIDTH = {ord(sign): ord(sign) + 0xFEE0 for sign in ":/?#[]@%\\"}
"""Jekyll makes an address of its categories; one named `12:30` ends the build with "Invalid scheme format"."""


def _tags(story: Story, dialect: str) -> list[str]:
    return list(dict.fromkeys(_name(tag.name, dialect) for tag in story_view.tags(story)))


def _name(name: str, dialect: str) -> str:
    """The name of a category or tag, of which a blog makes a folder: its build ends where that name is too long."""
    shown = _shown(name, dialect)
    if len(shown.encode()) <= LONGEST_NAME:
        return shown
    return shown.encode()[: LONGEST_NAME - 3].decode("utf-8", "ignore") + "…"


def _excerpt(story: Story) -> str | None:
    """HTML, which is what themes take it for."""
    summary = harmless(story_view.summary_html(story) or "")
    return summary if len(summary) <= LONGEST_EXCERPT else None


def _file(file: story_view.File) -> dict[str, Any]:
    return {name: getattr(file, name) for name in ("url", "type", "length", "duration", "title")}


def _origin(story: Story, dialect: str) -> dict[str, Any]:
    stored, discussion, picture = story.stored, story_view.discussion(story), story_view.picture(story)
    native = values.characters(stored.entry.id or "").strip()
    sized = picture if picture and (picture.width or picture.height) else None
    return {
        "id": story_view.identifier(story),
        "original_id": native if native != story_view.identifier(story) else None,
        "link": story_view.link(story),
        "related": list(story_view.related(story)),
        **_exactly(story, dialect),
        "image": {name: getattr(sized, name) for name in ("url", "width", "height")} if sized else None,
        "rights": story_view.rights(story),
        "comments": {"url": discussion.url, "count": discussion.count, "feed": discussion.feed},
        "source": _source(story_view.source(story)),
        "via": [_source(other) for other in story_view.via(story)],
        "seq": stored.seq,
        "first_seen": _time(values.instant(stored.first_seen)),
        "hash": values.line(stored.fingerprint),
    }


def _exactly(story: Story, dialect: str) -> dict[str, Any]:
    """Title, date, excerpt, people and tags, where our reader could not read them back from the top level."""
    title, shown = story_view.own_title(story), _shown(story_view.shown_title(story), dialect)
    paths, tags, authors = story_view.paths(story), story_view.tags(story), story_view.authors(story)
    people = [{"name": one.name, "email": one.email, "uri": one.uri} for one in authors]
    words = [{"name": t.name, "term": t.term if t.term != t.name else None, "scheme": t.scheme} for t in tags]
    excerpt = "html" if story.stored.entry.summary_is_html else "text"
    return {
        "title": title if title and (plain_title(shown) != title or title.lower() in _EMPTY) else None,
        "untitled": title is None or None,
        "undated": story_view.published(story) is None or None,
        "excerpt": excerpt if _excerpt(story) else None,
        "authors": None if _is_simple(authors, dialect) else people,
        "categories": [list(path) for path in paths] if _read_back(paths, dialect) != paths else None,
        "tags": words if any(_name(t.name, dialect) != t.name or t.term != t.name or t.scheme for t in tags) else None,
    }


_EMPTY = ("null", "~", "undefined")
"""What readers of front matter take for nothing."""


def _is_simple(authors: Sequence[story_view.Author], dialect: str) -> bool:
    """Whether the line with their names is enough: at most one, with nothing but a name."""
    if len(authors) != 1:
        return not authors
    line = _shown(authors[0].name, dialect)
    return not authors[0].email and not authors[0].uri and parse_person(line) == Person(name=authors[0].name)


def _read_back(paths: Sequence[CategoryPath], dialect: str) -> tuple[CategoryPath, ...]:
    """The paths that a reader makes of the top level: a flat list is one path (rule K2)."""
    written = _categories(paths, dialect)
    return tuple(tuple(path) for path in written) if dialect == "hexo" else (tuple(written),) if written else ()


def _source(source: story_view.Attribution) -> dict[str, Any]:
    return {
        "id": source.id,
        "title": source.title,
        "self": source.url,
        "site": source.site_url,
        "updated": _time(source.updated),
        "rights": source.rights,
    }


def _time(moment: datetime | None) -> str | None:
    return dates.rfc3339(moment) if moment else None


_LIKE_A_TAG = re.compile("<(?=[A-Za-z/!?])")


def _shown(text: str, dialect: str) -> str:
    """Text as a theme may show it that does not escape: many of Hexo's and Jekyll's print titles as HTML.

    A sign that could open a tag, or an attribute behind a quotation mark, becomes its full-width twin.
    """
    if dialect == "hugo":  # its templates escape
        return text
    text = _LIKE_A_TAG.sub("＜", text)
    return text.replace("=", "＝") if '"' in text or "'" in text else text


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something, in maps within them likewise."""
    kept = {key: _present(value) if isinstance(value, dict) else value for key, value in fields.items()}
    return {key: value for key, value in kept.items() if value not in (None, "", [], {})}


# -- YAML ------------------------------------------------------------------------------------------------------------
Quote = Callable[[str], str]

_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def quoted(text: str) -> str:
    """A YAML text on one line, in double quotes with JSON's escapes (rule H16)."""
    return _UNSAFE.sub(_escape, json.dumps(text, ensure_ascii=False))


_MISLEADING = re.compile(r"[\[{]|(?<=[-?:]) ")


def _guarded(text: str) -> str:
    """`quoted` without the signs by which a cautious reader measures nesting, before it looks for quotation marks."""
    return _MISLEADING.sub(_escape, quoted(text))


def _is_suspicious(block: str) -> bool:
    return block.count("[") + block.count("{") > 200 or bool(re.search(r"(?:[-?:] +){10}", block))


def _escape(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"


def _written(fields: Mapping[str, Any], quote: Quote, indent: str = "") -> str:
    return "".join(f"{indent}{key}:{_value(value, quote, indent)}" for key, value in fields.items())


def _value(value: Any, quote: Quote, indent: str) -> str:
    """A value behind its key, with its line end."""
    if isinstance(value, dict):
        return "\n" + _written(value, quote, indent + "  ")
    if isinstance(value, list) and value and isinstance(value[0], dict):
        items = (_written(_present(item), quote, indent + "    ") for item in value)
        return "\n" + "".join(f"{indent}  - {item.lstrip()}" for item in items)
    return f" {_flow(value, quote)}\n"


def _flow(value: Any, quote: Quote) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_flow(item, quote) for item in value)}]"
    if isinstance(value, str):
        return quote(value)
    return json.dumps(value)
