"""A document in slices, which can be read separately, so that what was read before need not be read again.

A slice is an entry of an XML feed, an item of a JSON Feed, or one of several files. Each has a digest of its own bytes;
what is outside the slices has two: one of everything, and one of what decides how slices are read. A document is cut
only where the borders are certain. Its encoding is guessed from the whole document, never from a part.

Pages and answers of APIs are not cut: their readers judge all entries together (a path that leads to nothing in any of
them), and to find the entries of a page is to have read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from hashlib import sha256

from aggregator.core.charset.decode import Decoded
from aggregator.core.document import Document
from aggregator.core.parse.documents import MAX_PARTS_ENTRIES, name_of
from aggregator.core.parse.parsed import ParsedFeed
from aggregator.core.slices import cut_json, cut_xml

_DIGITS = 24
_BLANK = b"\xef\xbb\xbf \t\r\n"
_SHIFTING = ("utf-16", "utf-32", "hz", "iso-2022", "johab", "cp037", "cp500", "cp1140")
"""Encodings in which a byte of ASCII may mean something else."""
_BRACKETS_IN_CHARACTERS = ("gb18030", "cp950", "big5hkscs", "cp932")
_DIALECTS = ("rss", "atom", "json-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """What is known of a document's slices without reading them; there is at least one."""

    digests: tuple[str, ...]
    """In order."""
    head: str
    """A digest of all that is outside the slices."""
    lasting: str = ""
    """A digest of that part of it on which the reading of a slice depends: while it stays, so do old readings."""
    encoding: str = ""
    """What the characters are in; "" for files, each of which has its own."""
    names: tuple[str, ...] = ()
    """What diagnostics call them, if they are files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDocument:
    """A document without some of its slices, ready for `parse_document`."""

    document: Document
    decoded: Decoded | None
    count: int
    """How many slices are in it."""

    @property
    def size(self) -> int:
        """Bytes or characters."""
        text = len(self.decoded.text) if self.decoded else 0
        return text + sum(len(part.body) for part in self.document.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A document that was cut: its slices, and what is left without those at some positions."""

    slices: Slices
    without: Callable[[Collection[int]], PartialDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSlices:
    """An XML feed cut by its bytes alone, whatever they are in.

    By its slices it can be compared with a document that was cut by its bytes before, blanks between entries ignored.
    """

    slices: Slices
    spans: cut_xml.Spans


def raw_slices(document: Document) -> RawSlices | None:
    """What can be seen of a document before its characters are known; None if it is no XML feed."""
    if document.parts or not document.body[:200].lstrip(_BLANK).startswith(b"<"):
        return None
    spans = cut_xml.spans_of(document.body)
    return RawSlices(slices=_xml_slices(document.body, spans), spans=spans) if spans else None


def cut(document: Document, decoded: Decoded | None, seen: RawSlices | None = None) -> Cut | None:
    """The document in slices; None where that cannot be done with certainty. Linear in the length; never raises.

    `decoded` is its text, None if it consists of files; `seen` what is known of it already.
    """
    if decoded is None:
        return _cut_files(document) if document.parts else None
    start = decoded.text[:200].lstrip()
    if start.startswith("<"):
        return (
            _cut_by_bytes(document, decoded, seen)
            if _is_plain(document.body, decoded)
            else _cut_by_text(document, decoded)
        )
    return _cut_json(document, decoded) if start.startswith("{") else None


def entries_per_slice(document: Document, parsed: ParsedFeed, count: int) -> tuple[int, ...] | None:
    """How many entries each of `count` slices gave, by what `parsed` has of the document; None if that is not certain.

    Files may have faults, which `ParsedFeed.faulty` lists; for any other document with faults the answer is None.
    """
    if parsed.dialect == "files":
        found = Counter(entry.merged_from.url for entry in parsed.entries if entry.merged_from)
        given = tuple(found[part.url] for part in document.parts)
        is_whole = sum(given) == len(parsed.entries) < MAX_PARTS_ENTRIES
        return given if is_whole and len(given) == count else None
    is_sound = parsed.dialect.startswith(_DIALECTS) and parsed.complete and not parsed.bozo
    return (1,) * count if is_sound and len(parsed.entries) == count else None


def _digest(*parts: bytes) -> str:
    return sha256(b"\0".join(parts)).hexdigest()[:_DIGITS]


# -- XML feeds ---------------------------------------------------------------------------------------------------------
def _cut_by_bytes(document: Document, decoded: Decoded, seen: RawSlices | None) -> Cut | None:
    """As it came, where its tags are plain to see."""
    seen = seen or raw_slices(document)
    if seen is None:
        return None
    return _cut_xml(document, decoded, document.body, decoded.encoding, seen.spans, seen.slices)


def _cut_by_text(document: Document, decoded: Decoded) -> Cut | None:
    body = decoded.text.encode("utf-8", "surrogatepass")
    spans = cut_xml.spans_of(body)
    if spans is None:
        return None
    return _cut_xml(document, decoded, body, "utf-8", spans, _xml_slices(body, spans, b"text"))


def _cut_xml(
    document: Document, decoded: Decoded, body: bytes, encoding: str, spans: cut_xml.Spans, slices: Slices
) -> Cut:
    def without(positions: Collection[int]) -> PartialDocument:
        text = cut_xml.without(body, spans, positions).decode(encoding, "surrogatepass").lstrip("\ufeff")
        left = len(spans) - len(positions)
        return PartialDocument(document=replace(document, body=b""), decoded=replace(decoded, text=text), count=left)

    return Cut(slices=replace(slices, encoding=decoded.encoding), without=without)


def _xml_slices(body: bytes, spans: cut_xml.Spans, mark: bytes = b"") -> Slices:
    outside = cut_xml.outside(body, spans)
    return Slices(
        digests=tuple(_digest(body[start:end]) for start, end in spans),
        head=_digest(outside, mark),
        lasting=_digest(cut_xml.lasting(outside), mark),
    )


def _is_plain(body: bytes, decoded: Decoded) -> bool:
    """Whether the tags and the ends of CDATA are at the same places in the bytes as in the text.

    `<` is part of no other character in these encodings, but in some of East Asia `]` may be.
    """
    encoding, text = decoded.encoding, decoded.text
    start = body[:64].decode(encoding, "ignore").lstrip("\ufeff")[:16]
    if not decoded.is_exact or encoding.startswith(_SHIFTING) or not text.startswith(start):
        return False
    if encoding not in _BRACKETS_IN_CHARACTERS or text.count("]") == body.count(b"]"):
        return True
    return text.count("]]>") == body.count(b"]]>")


# -- JSON Feed ---------------------------------------------------------------------------------------------------------
def _cut_json(document: Document, decoded: Decoded) -> Cut | None:
    """An item is read by itself; what it inherits from its feed is compared later, by `incremental`."""
    text = decoded.text.lstrip()
    items = cut_json.items_of(text)
    if items is None:
        return None

    def without(positions: Collection[int]) -> PartialDocument:
        rest = cut_json.without(text, items, positions)
        left = len(items.spans) - len(positions)
        return PartialDocument(document=replace(document, body=b""), decoded=replace(decoded, text=rest), count=left)

    slices = Slices(
        digests=tuple(_digest(text[start:end].encode("utf-8", "surrogatepass")) for start, end in items.spans),
        head=_digest(cut_json.outside(text, items).encode("utf-8", "surrogatepass")),
        lasting="json",
        encoding=decoded.encoding,
    )
    return Cut(slices=slices, without=without)


# -- files -------------------------------------------------------------------------------------------------------------
def _cut_files(document: Document) -> Cut:
    def without(positions: Collection[int]) -> PartialDocument:
        parts = tuple(part for at, part in enumerate(document.parts) if at not in positions)
        return PartialDocument(document=replace(document, parts=parts), decoded=None, count=len(parts))

    digests = tuple(
        _digest(part.url.encode(), (part.body_hash or _digest(part.body)).encode()) for part in document.parts
    )
    names = tuple(map(name_of, document.parts))
    return Cut(slices=Slices(digests=digests, head="", lasting="files", names=names), without=without)
