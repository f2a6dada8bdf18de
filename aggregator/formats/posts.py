"""Posts for static blogs: one file with front matter per story, as Hexo, Jekyll and Hugo read them.

Nothing of a story is lost (rules M8 and M14): what a blog has no field for is in one map `origin:`, which
our own reader understands. Rules for editors: the same story gives the same bytes; nothing here raises; and a story,
whatever its source wrote, must neither break a blog's build nor become a template or a script in its pages.
"""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import datetime

from aggregator.core.edition import Story
from aggregator.core.formats_table import POSTS
from aggregator.formats import story_view, values
from aggregator.formats.post_body import body
from aggregator.formats.post_front_matter import matter

SLUG_BYTES = 120
"""A third of what file systems allow: blogs make folders of the names, and escapes in addresses triple them."""


def render_post(story: Story, dialect: str, *, footer: bool = True) -> bytes:
    """The whole file, UTF-8 with LF. `dialect` is one of `POSTS`.

    `footer` adds a line with a visible link to the original (rule M8).
    """
    return f"---\n{matter(story, dialect, moment(story))}---\n{body(story, footer=footer)}\n".encode()


def post_name(story: Story, dialect: str = "hexo") -> str:
    """`2022-05-16-1a2b3c4d-slug.md`: day of the post, 8 hex digits of its public id, its title (rule W16).

    NFC, at most 255 bytes, letters and digits of any script with `-` and `_` between them. To be called once for
    each story: a title or date that changes later must not move the post.
    """
    digits = hashlib.sha256(story_view.identifier(story).encode()).hexdigest()[:8]
    parts = (moment(story).date().isoformat(), digits, _slug(story_view.shown_title(story)))
    return "-".join(filter(None, parts)) + POSTS[dialect].suffix


def moment(story: Story) -> datetime:
    """The date of the post, which a blog needs: when it was published, else its place among the others (rule D4)."""
    stored = story.stored
    known = (story_view.published(story), values.instant(stored.sort_date), values.instant(stored.first_seen))
    return next(filter(None, known), values.EARLIEST)


def _slug(title: str) -> str:
    """The words of a title with `-` between them, the Chinese ones as they are; "" if it has none."""
    letters = (c if unicodedata.category(c)[0] in "LNM" or c == "_" else "-" for c in _normal(title)[:500])
    words = "-".join(filter(None, "".join(letters).split("-")))
    return _normal(words.encode()[:SLUG_BYTES].decode("utf-8", "ignore")).strip("-")


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)
