"""A story's content as the body of a post: one line of HTML that no Markdown or template engine changes.

Rules for editors: CommonMark ends a block of HTML at an empty line, and an image with an empty line in its `alt` is
then shown as broken text (rule H14). In one line that begins with `<div` nothing can end it, and marked, Hexo's
renderer, returns the line byte for byte (rule H14). Whatever is replaced is replaced by a character reference, so that
a browser, and our own reader, sees what was there before.
"""

from __future__ import annotations

import re
from html import escape

from aggregator.core.edition import Story
from aggregator.formats import story_view

FOOTER = '<p class="origin">'
"""How the footer begins. No story's content has it: sanitised HTML has no classes."""

_WORDS = {
    "zh": "原文：",
    "ja": "元記事：",
    "ko": "원문: ",
    "de": "Original: ",
    "fr": "Article original : ",
    "es": "Original: ",
}


def body(story: Story, *, footer: bool) -> str:
    """The body, without a line end in or behind it."""
    return f"<div>{one_line(story_view.content(story))}</div>{_footer(story) if footer else ''}"


def one_line(html: str) -> str:
    """The HTML without line ends, comments and template tags; where white space counts, nothing visible changes."""
    pieces = _PRE_TAG.split(html)
    is_pre = False
    for place, piece in enumerate(pieces):
        if place % 2:  # the tags themselves
            is_pre = not piece.startswith("</")
            pieces[place] = _SPACES.sub(_collapsed, piece)
        else:
            pieces[place] = _preformatted(piece) if is_pre else _SPACES.sub(_collapsed, piece)
    return harmless("".join(pieces))


def harmless(html: str) -> str:
    """HTML in which Nunjucks, Liquid and Hugo find no tags, and Hexo no mark of its own in a comment (rule H15)."""
    return _TEMPLATE.sub("&#123;", html).replace("<!--", "&lt;!--").translate(_SEPARATORS)


_PRE_TAG = re.compile(r"(</?pre\b[^<>]*>)", re.IGNORECASE)
_SPACES = re.compile("[ \t-\r]+")
_TAG = re.compile("<[^<>]*>")
_TEMPLATE = re.compile(r"\{(?=[{%#])")
_SEPARATORS = {0x2028: "&#8232;", 0x2029: "&#8233;"}
"""Line ends to JavaScript, and with it to the renderers written in it."""


def _collapsed(run: re.Match[str]) -> str:
    """A run of white space with a line end in it becomes a blank; others are left as they are."""
    return " " if _LINE_END.search(run[0]) else run[0]


_LINE_END = re.compile("[\n-\r]")


def _preformatted(text: str) -> str:
    text = _TAG.sub(lambda tag: _SPACES.sub(_collapsed, tag[0]), text)
    return re.sub("\r\n?|[\n\v\f]", "&#10;", text)


def _footer(story: Story) -> str:
    """`Original: <a>the source</a>`, in the language of the story; "" if there is no address to lead to."""
    source = story_view.source(story)
    link = story_view.link(story) or source.site_url or source.url
    if link is None:
        return ""
    words = _WORDS.get((story_view.language(story) or "").partition("-")[0], "Original: ")
    name = harmless(escape(source.title))
    return f'{FOOTER}{words}<a href="{harmless(escape(link))}" rel="noopener">{name}</a></p>'
