"""What a reader sees of a piece of HTML, as plain text: for titles, search, similarity and hashes."""

from __future__ import annotations

import re
from html import unescape

from aggregator.core.charset.characters import clean_characters
from aggregator.core.html.markup import BLOCKS, TOKEN, names

_UNSEEN = names("script style template noscript iframe object textarea select svg title xmp noembed noframes")
_BREAKS = (BLOCKS - {"td", "th"}) | {"br"}
_CELLS = frozenset({"td", "th"})
_BLANK_RUN = re.compile(r"[^\S\n]++")
_LINE_RUN = re.compile(r" ?\n[ \n]*+")
_CLOSERS = {name: re.compile(rf"</{name}[ \t\n\f\r/>]", re.IGNORECASE | re.ASCII) for name in _UNSEEN}


def visible_text(html: str) -> str:
    """The text as seen: blocks parted by a newline, script and style left out, white space collapsed.

    Takes any HTML, sanitised or not, and never raises. The answer has no empty line and no blank at a line's end.
    """
    pieces = "".join(_pieces(html)) if "<" in html else html.replace("\n", " ")
    if "&" in pieces:
        pieces = unescape(pieces)
    text = _BLANK_RUN.sub(" ", clean_characters(pieces))
    return _LINE_RUN.sub("\n", text).strip()


def _pieces(html: str) -> list[str]:
    pieces: list[str] = []
    unclosed: set[str] = set()
    position: int | None = 0
    while position is not None:
        position = _read(html, position, pieces, unclosed)
    return pieces


def _read(html: str, position: int, pieces: list[str], unclosed: set[str]) -> int | None:
    """Appends what is seen from `position` on; answers where to go on after an unseen element, None at the end."""
    last = position
    for token in TOKEN.finditer(html, position):
        start = token.start()
        if start > last:
            pieces.append(html[last:start].replace("\n", " "))
        last = token.end()
        name = token["name"]
        if name is None:
            if token["stray"] is not None:
                pieces.append("<")
            continue
        name = name.lower()
        if name in _BREAKS:
            pieces.append("\n")
        elif name in _CELLS:
            pieces.append(" ")
        elif name in _UNSEEN and not token["close"] and name not in unclosed:
            closer = _CLOSERS[name].search(html, last)
            if closer is not None:
                return closer.start()
            unclosed.add(name)
    pieces.append(html[last:].replace("\n", " "))
    return None
