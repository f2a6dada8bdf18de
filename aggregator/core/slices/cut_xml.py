"""Where the entries of an XML feed begin and end in its bytes.

This is no parser. It answers only for documents in which nothing about the borders is in doubt: tags called `item` or
`entry` and nothing like them, none inside another, no DOCTYPE, no NUL. Everything else is read whole. Nothing outside
the entries is ever left out, so that namespaces, xml:base and xml:lang reach the entries that stay.

The bytes may be in any encoding in which a sign of ASCII is its own byte and no part of another character's;
`slices` ensures that.
"""

from __future__ import annotations

import re
from collections.abc import Collection

Spans = tuple[tuple[int, int], ...]
"""Beginnings and ends of entries, in bytes, in order; there is at least one entry."""

_MARK = re.compile(
    rb"<(?:(!\[CDATA\[)|(!--)|(\?)|(!)|(/?)((?:[^\s<>/:!?=\"']{1,40}:)?(?:item|entry))(?=[\s/>]))", re.IGNORECASE
)
_TAG_END = re.compile(rb"(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+>")
_NAMES = frozenset({b"item", b"entry"})
_ROOT = re.compile(rb"<[A-Za-z_]")
_LONGEST_TAG = 65_536

_PASSING = re.compile(
    rb"<((?:[A-Za-z0-9_-]{1,20}:)?(?:lastBuildDate|pubDate|updated|modified|date))(?:\s[^<>]{0,200})?>[^<]{0,200}</\1>"
)
"""Elements of a head that change with each fetch and that no entry inherits."""
_LIST = (b"<rdf:Seq>", b"</rdf:Seq>")
"""In RSS 1.0 it names the items that follow."""


def spans_of(body: bytes) -> Spans | None:
    """Where the entries are; None if that is not certain. Linear in the length; never raises."""
    spans = None if b"\0" in body else _spans(body)
    return spans if spans and _ROOT.search(body, 0, spans[0][0]) is not None else None


def outside(body: bytes, spans: Spans) -> bytes:
    """All that is outside the entries, but for blanks between them."""
    starts = [start for start, _ in spans] + [len(body)]
    ends = [0] + [end for _, end in spans]
    pieces = [body[end:start] for end, start in zip(ends, starts, strict=True)]
    return b"\0".join([pieces[0], *(piece for piece in pieces[1:-1] if not piece.isspace() and piece), pieces[-1]])


def lasting(head: bytes) -> bytes:
    """The head without what changes with each fetch. While this is the same, cached entries are still valid."""
    start = head.find(_LIST[0])
    end = head.find(_LIST[1], start) if start >= 0 else -1
    return _PASSING.sub(b"", head[:start] + head[end:] if end >= 0 else head)


def without(body: bytes, spans: Spans, positions: Collection[int]) -> bytes:
    """The document without the entries at these positions."""
    kept: list[bytes] = []
    last = 0
    for position, (start, end) in enumerate(spans):
        if position in positions:
            kept.append(body[last:start])
            last = end
    return b"".join([*kept, body[last:]])


def _spans(body: bytes) -> Spans | None:
    spans: list[tuple[int, int]] = []
    opened: tuple[int, bytes] | None = None
    position = 0
    while (mark := _MARK.search(body, position)) is not None:
        section, comment, instruction, declaration, slash, name = mark.groups()
        if name is None:
            end = _behind(body, mark, b"]]>" if section else b"-->" if comment else b"?>" if instruction else b"")
            if declaration or end < 0:
                return None
            position = end
            continue
        closed = _TAG_END.match(body, mark.end(), mark.end() + _LONGEST_TAG)
        if closed is None or name not in _NAMES or body[closed.end() - 2 : closed.end()] == b"/>":
            return None
        position = closed.end()
        if slash:
            if opened is None or opened[1] != name:
                return None
            spans.append((opened[0], position))
            opened = None
        elif opened is None:
            opened = (mark.start(), name)
        else:
            return None
    return tuple(spans) if opened is None else None


def _behind(body: bytes, mark: re.Match[bytes], end: bytes) -> int:
    found = body.find(end, mark.end()) if end else -1
    return found + len(end) if found >= 0 else -1
