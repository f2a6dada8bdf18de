"""Bytes -> text by rule P19, and text made fit for an XML parser (rule H11).

The order: a byte order mark or the zero bytes of UTF-16/32; the source's `encoding`; UTF-8, if the bytes are UTF-8 but
for a few; what the document declares; what HTTP declares; East Asian encodings by how common their characters would
be; other scripts; windows-1252. A declaration is not believed if it gives very rare characters and another
encoding gives common ones. UTF-8 that was encoded twice is not guessed at.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from aggregator.core.charset.guess import PLAUSIBLE, Guess, guess_east_asian, guess_single_byte, realigned, weigh
from aggregator.core.charset.labels import MULTIBYTE, NARROW, SUBSETS, codec_for, exact_codec, fold_label
from aggregator.core.model import Diagnostic

Kind = Literal["xml", "html", "json", "text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
"""UTF-32's little-endian mark begins with UTF-16's, so it is first."""

_HEAD = 1024
"""Where a declaration is looked for; HTML's own limit, and more than any XML declaration takes."""
_BLANK = b"\t\n\r\x0c "
_XML_LABEL = re.compile(
    rb"<\?xml[^>]{0,200}?[\s\"']encoding\s{0,20}=\s{0,20}(?:\"([^\"<>]{1,64})\"|'([^'<>]{1,64})'|([^\s\"'?<>]{1,64}))"
)
_META_LABEL = re.compile(
    rb"<meta\b[^>]{0,400}?charset\s{0,20}=\s{0,20}[\"']?\s{0,20}([A-Za-z0-9_.:+-]{1,64})", re.IGNORECASE
)
_HTTP_LABEL = re.compile(r"charset\s{0,20}=\s{0,20}[\"']?\s{0,20}([^\s\"';,]{1,64})", re.IGNORECASE)
_ISO_2022_JP = re.compile(rb"\x1b(?:\$[@B]|\([IJ]|\$\([DOQ])")
_ISO_2022_KR = b"\x1b$)C"
_NEVER_LATIN = re.compile(rb"[\x81\x8d\x8f\x90\x9d\xff]")
"""Bytes that windows-1252 leaves undefined, and ÿ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A document's text without byte order mark; `encoding` is the Python name of what read it.

    Control characters are still in `text`: see `strip_illegal`.
    """

    text: str
    encoding: str
    diagnostics: tuple[Diagnostic, ...] = ()
    is_exact: bool = False
    """`encoding` reads all of the bytes, and nothing in them had to be repaired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Label:
    """A declaration: who made it and what it said."""

    origin: str
    name: str

    @property
    def codec(self) -> str | None:
        return codec_for(self.name)


def decode(body: bytes, *, content_type: str | None, override: str | None = None, kind: Kind) -> Decoded:
    """The text of a document. Total: bytes that fit nothing cost one U+FFFD each, never the document.

    `content_type` is the HTTP header or None; `override` is the source's `encoding`: it wins over all but a byte order
    mark. `kind` tells which declarations to look for. Diagnostics: encoding-declared-wrongly, encoding-wider-than-
    declared, encoding-bad-bytes, encoding-undeclared, encoding-unknown-label.
    """
    labels = _labels(body, content_type, kind)
    if override:
        labels.insert(0, _Label(origin="feeds.toml", name=override))
    unknown = [_unknown(label) for label in labels if label.codec is None]
    rest, marked = _unmarked(body)
    forced = codec_for(override)
    as_utf_8 = _exactly("utf-8", rest)
    codec = _certain(rest, marked, forced, as_utf_8) or _best(rest, labels, as_utf_8)
    encoding = exact_codec(codec, rest)
    declared = [label for label in labels if label.codec]
    promised = NARROW.get(fold_label(declared[0].name), "") if declared else ""
    as_promised = _exactly(promised, rest) if promised else None
    plain = as_utf_8 if encoding == "utf-8" else as_promised if SUBSETS.get(promised) == encoding else None
    if plain is None:
        plain = _exactly(encoding, rest)
    text = (realigned(codec, rest) if plain is None else plain).lstrip("\ufeff")
    is_wider = bool(promised) and as_promised is None
    found = _diagnostics_of(body, text, codec, declared, sure=bool(marked or forced), is_wider=is_wider)
    return Decoded(text=text, encoding=encoding, diagnostics=(*unknown, *found), is_exact=plain is not None)


def _exactly(encoding: str, body: bytes) -> str | None:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        return None


def _labels(body: bytes, content_type: str | None, kind: Kind) -> list[_Label]:
    """What the document and HTTP declare, strongest first (rule P19: the document's own word wins)."""
    head = body[:_HEAD].replace(b"\0", b"")
    found = []
    xml = _XML_LABEL.search(head) if kind in ("xml", "html") else None
    if xml:
        found.append(_Label(origin="the XML declaration", name=_ascii(xml[1] or xml[2] or xml[3])))
    meta = _META_LABEL.search(head if kind == "html" else b"")
    if meta:
        found.append(_Label(origin="the meta element", name=_ascii(meta[1])))
    http = _HTTP_LABEL.search((content_type or "")[:500])
    if http:
        found.append(_Label(origin="HTTP", name=http[1]))
    return found


def _ascii(label: bytes) -> str:
    return label.decode("ascii", "replace").strip()


def _unmarked(body: bytes) -> tuple[bytes, str | None]:
    """The bytes without their byte order mark, and what the mark, or the zero bytes in its stead, says."""
    start = body.lstrip(_BLANK)
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :], codec
        if codec == "utf-8" and start.startswith(mark):
            return start[len(mark) :], codec
    return body, _by_zeros(body)


def _by_zeros(body: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: ASCII at the beginning ("<?xml", "{") shows by its zero bytes."""
    zeros = tuple(byte == 0 for byte in body[:4])
    if len(zeros) < 2:
        return None
    wide = {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }.get(zeros)  # type: ignore[arg-type]  # shorter bodies are not in it
    if wide or not any(zeros):
        return wide
    # One ASCII character and then others: "<標" in UTF-16.
    if body[:2] in (b"<\0", b"{\0", b"[\0"):
        return "utf-16-le"
    return "utf-16-be" if body[:2] in (b"\0<", b"\0{", b"\0[") else None


def _certain(body: bytes, marked: str | None, forced: str | None, as_utf_8: str | None) -> str | None:
    """The codec that is certain, else None. A UTF-8 mark on bytes that are mostly not UTF-8 proves nothing."""
    if marked and (marked != "utf-8" or as_utf_8 is not None or _is_mostly_utf_8(body, doubt=False)):
        return marked
    if forced:
        return forced
    if _ISO_2022_KR in body[:_HEAD]:
        return "iso-2022-kr"
    return "iso-2022-jp" if _ISO_2022_JP.search(body[: 1 << 16]) else None


def _best(body: bytes, labels: list[_Label], as_utf_8: str | None) -> str:
    codecs_named = [label.codec for label in labels if label.codec]
    if codecs_named[:1] == ["hz"] and b"~{" in body:
        return "hz"
    if as_utf_8 is not None:
        return "utf-8"
    first = weigh(codecs_named[0], body) if codecs_named and codecs_named[0] in MULTIBYTE else None
    is_prose = first is not None and first.weight >= 2 * PLAUSIBLE
    if first and is_prose and not first.lost:
        return first.codec  # UTF-8 never decodes to common characters of another encoding
    if _is_mostly_utf_8(body, doubt=True):
        return "utf-8"
    if first and is_prose:
        return first.codec  # no other encoding can weigh more by the margin that `_is_believable` asks for
    guess = guess_east_asian(body)
    for codec in codecs_named:
        if _is_wide(codec):
            continue  # not true: zero bytes or the UTF-8 test would have shown it
        if _is_believable(codec, body, guess):
            return codec
    if guess and guess.weight >= PLAUSIBLE:
        return guess.codec
    single = guess_single_byte(body)
    if single is None and "utf-8" in codecs_named and not _is_latin(body):
        return "utf-8"
    return single or "cp1252"


def _is_wide(codec: str) -> bool:
    return codec.startswith(("utf-", "hz", "iso-2022"))


def _is_mostly_utf_8(body: bytes, *, doubt: bool) -> bool:
    """Whether bytes that are not UTF-8 are but for a few: as many characters hold together as bytes are lost.

    Of East Asian text in another encoding about one character in six looks like UTF-8 by chance, of Latin text
    hardly any. `doubt`: where good and lost are near each other, the East Asian reading is weighed against it.
    """
    kept = body.decode("utf-8", "ignore")
    lost = len(body) - len(kept.encode())
    good = len(kept) - len(kept.encode("ascii", "ignore"))
    if good >= 8 * lost:
        return True
    if good < lost:
        return False
    guess = guess_east_asian(body) if doubt else None
    return guess is None or guess.weight < PLAUSIBLE


def _is_believable(codec: str, body: bytes, guess: Guess | None) -> bool:
    """Whether a declared codec may be what the bytes are in, seeing what else they may be."""
    if guess is None or guess.codec == codec:
        return True
    if codec not in MULTIBYTE:
        return guess.weight < 2 * PLAUSIBLE or guess.characters < 4
    own = weigh(codec, body)
    if own is None:  # pragma: no cover: what gave a guess has bytes outside ASCII
        return True
    if guess.weight >= PLAUSIBLE:
        return guess.weight < own.weight + PLAUSIBLE
    return own.lost < own.characters / 5 or not _is_latin(body)


def _is_latin(body: bytes) -> bool:
    """Whether the bytes outside ASCII may be windows-1252."""
    return _NEVER_LATIN.search(body) is None


def _diagnostics_of(
    body: bytes, text: str, codec: str, declared: list[_Label], *, sure: bool, is_wider: bool
) -> list[Diagnostic]:
    """What a reader of `status` should know of how the text was read.

    `is_wider`: the document has characters that the declared encoding, taken literally, lacks.
    """
    found: list[Diagnostic] = []
    if not text.isascii():
        first = declared[0] if declared else None
        if first is None and codec != "utf-8" and not sure:
            found.append(_diagnostic("encoding-undeclared", f"no encoding is declared; read as {codec}"))
        elif first and not _agrees(first.codec or "", codec):
            found.append(_diagnostic("encoding-declared-wrongly", f"{first.origin} says {first.name}; read as {codec}"))
        elif first and is_wider:
            found.append(
                _diagnostic("encoding-wider-than-declared", f"more characters than {first.name} has; read as {codec}")
            )
    lost = text.count("\ufffd")
    if lost and (lost := lost - _own_replacements(body, codec)) > 0:
        found.append(_diagnostic("encoding-bad-bytes", f"{lost} characters could not be decoded as {codec}"))
    return found


def _own_replacements(body: bytes, codec: str) -> int:
    """How many U+FFFD are in the document itself, which was damaged before it was sent."""
    return body.count("\ufffd".encode(codec)) if codec.startswith(("utf-8", "utf-16", "utf-32")) else 0


def _agrees(declared: str, used: str) -> bool:
    """Whether the declared codec is the one used: "utf-16" names either byte order."""
    return declared == used or (declared in ("utf-16", "utf-32") and used.startswith(declared))


def _unknown(label: _Label) -> Diagnostic:
    return _diagnostic("encoding-unknown-label", f"{label.origin} names no encoding that is known: {label.name[:40]!r}")


def _diagnostic(name: str, message: str) -> Diagnostic:
    return Diagnostic(name=name, message=message)


_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x80-\x9f\ud800-\udfff\ufffe\uffff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def strip_illegal(text: str) -> str:
    """The text without characters that XML cannot carry: controls but TAB, LF and CR, U+FFFE, U+FFFF, lone surrogates.

    U+0080 to U+009F are what windows-1252 means by them (rule H11), since that is what wrote them as bytes or `&#146;`;
    two surrogates that belong together become their character. The same string comes back if there is nothing to do.
    """
    if text.replace("\n", "").isprintable() or _ILLEGAL.search(text) is None:  # the first takes a third of the time
        return text
    return _ILLEGAL.sub(_replacement, _PAIR.sub(_joined, text))


def _replacement(match: re.Match[str]) -> str:
    code = ord(match[0])
    return bytes((code,)).decode("cp1252", "ignore") if 0x80 <= code <= 0x9F else ""


def _joined(match: re.Match[str]) -> str:
    return match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
