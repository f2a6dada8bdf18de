"""Where the entries of an XML feed begin and end in its bytes, so that those seen before need not be read again.

This is no parser. It answers only for documents in which nothing about the borders is in doubt: UTF-8, tags called
`item` or `entry` and nothing like them, none inside another, no DOCTYPE, no NUL. Everything else is read whole.
Nothing outside the entries is ever left out, so that namespaces, xml:base and xml:lang reach the entries that stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

_MARK = re.compile(
    rb"<(?:(!\[CDATA\[)|(!--)|(\?)|(!)|(/?)((?:[^\s<>/:!?=\"']{1,40}:)?(?:item|entry))(?=[\s/>]))", re.IGNORECASE
)
_TAG_END = re.compile(rb"(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+>")
_NAMES = frozenset({b"item", b"entry"})
_ROOT = re.compile(rb"<[A-Za-z_]")
_DIGITS = 24

_PASSING = re.compile(
    rb"<((?:[A-Za-z0-9_-]{1,20}:)?(?:lastBuildDate|pubDate|updated|modified|date))(?:\s[^<>]{0,200})?>[^<]{0,200}</\1>"
)
"""What a head says of the moment, which no entry inherits."""
_LIST = (b"<rdf:Seq>", b"</rdf:Seq>")
"""In RSS 1.0 it names the items that follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """The borders of a document's entries, in bytes, in order; there is at least one entry."""

    spans: tuple[tuple[int, int], ...]
    digests: tuple[str, ...]
    """Hashes of each entry's bytes."""
    head: str
    """A hash of all that stands outside the entries."""
    lasting: str
    """Of the same, without what it says of the moment: as long as this stays, old entries mean what they meant."""


def cut(body: bytes) -> Slices | None:
    """The slices of a document; None if it cannot be cut with certainty. Linear in the length; never raises."""
    spans = None if b"\0" in body else _spans(body)
    if not spans or _ROOT.search(body, 0, spans[0][0]) is None:
        return None
    digests = tuple(_digest(body[start:end]) for start, end in spans)
    pieces = _outside(body, spans)
    outside = b"\0".join([pieces[0], *(piece for piece in pieces[1:-1] if not piece.isspace() and piece), pieces[-1]])
    return Slices(spans=spans, digests=digests, head=_digest(outside), lasting=_digest(_lasting(outside)))


def without(body: bytes, slices: Slices, positions: Collection[int]) -> bytes:
    """The document without the entries at these positions."""
    kept: list[bytes] = []
    last = 0
    for position, (start, end) in enumerate(slices.spans):
        if position in positions:
            kept.append(body[last:start])
            last = end
    return b"".join([*kept, body[last:]])


def _lasting(head: bytes) -> bytes:
    start = head.find(_LIST[0])
    end = head.find(_LIST[1], start) if start >= 0 else -1
    return _PASSING.sub(b"", head[:start] + head[end:] if end >= 0 else head)


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:_DIGITS]


def _outside(body: bytes, spans: tuple[tuple[int, int], ...]) -> list[bytes]:
    starts = [start for start, _ in spans] + [len(body)]
    ends = [0] + [end for _, end in spans]
    return [body[end:start] for end, start in zip(ends, starts, strict=True)]


def _spans(body: bytes) -> tuple[tuple[int, int], ...] | None:
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
        closed = _TAG_END.match(body, mark.end())
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
