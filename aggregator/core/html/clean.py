"""HTML of the model (rule H17): `clean_html` makes any fragment safe and well-formed, with absolute addresses.

The order is fixed: decode (rules H12 and H13), rewrite the tags (`rewrite`), build the tree and keep what is
allowed (`sanitise`), repeated until nothing changes. The result is a fixed point: cleaning it once more gives the same
bytes. After the sanitiser only blanks and stray characters inside text are edited.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from itertools import pairwise

from aggregator.core.charset.characters import clean_characters
from aggregator.core.html.embeds import without_frames
from aggregator.core.html.images import first_image
from aggregator.core.html.links import LinkContext
from aggregator.core.html.markup import BLANKS, BLOCKS, ELEMENTS, escape_value, write_link
from aggregator.core.html.plain import html_from_text, paragraphs
from aggregator.core.html.rewrite import Rewritten, rewrite
from aggregator.core.html.sanitise import ID_PREFIX, sanitise
from aggregator.core.html.visible import visible_text

__all__ = ["MAX_BYTES", "Cleaned", "clean_html", "first_image", "visible_text", "without_embeds"]

MAX_BYTES = 1 << 20
"""Longest body kept, in bytes of UTF-8; a longer one is cut at the end of a block and ends with a link (rule H18)."""

_RESERVE = 8192
"""Bytes left below the cap for end tags and the link."""

_MAX_ROUNDS = 8
_MOST_ESCAPES = 1000
"""In one text of the tree: its writer takes time by their square."""
_TEXTS = re.compile(r"(?:(?<=>)|\A)[^<]++")
_NAMES = "|".join(sorted(ELEMENTS, key=len, reverse=True))
_ELEMENT = re.compile(rf"</?(?:{_NAMES})(?=[ \t\n\f\r/>])", re.IGNORECASE | re.ASCII)
_MARKUP = re.compile(r"<[a-zA-Z/!?][^<>]*+>|<!--|<[a-zA-Z][^<>=]*+=")
_ESCAPED_ELEMENT = re.compile(
    rf"&(?:lt|#0{{0,5}}60|#[xX]0{{0,5}}3[cC]);(?:{_NAMES})(?=[ \t\n\f\r/&>])", re.IGNORECASE | re.ASCII
)
_ESCAPED = re.compile("[&\xa0]")
_PRE_START = re.compile(r"(<pre(?: [^<>]*+)?>)(?:\n|&#10;|&#[xX]0?[aA];)++")
_NUMERIC = re.compile(r"&#(?:([0-9]++)|[xX]([0-9a-fA-F]++));?+")
_PART_REFERENCE = re.compile(r"&[^;&]{0,40}\Z")
_BLOCK_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*+)")
_SOURCE_TWICE = re.compile(r'<img src="[^<>"]*+"[^<>]*src=')
_IMAGE = re.compile(r'(<img src="[^<>"]*+")([^<>]*+)')
_OWN_ANCHOR = re.compile(r'<a([^<>]*?) href="#([^"<>]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A body that may be published. `truncated`: it was longer than is kept."""

    html: str
    diagnostics: tuple[str, ...] = ()
    """Names of what was wrong, of: html-double-escaped, html-plain-text, html-too-deep, html-cut, html-unstable,
    html-disarmed, html-images, html-mended."""
    truncated: bool = False


def clean_html(
    fragment: str,
    *,
    base: str | None = None,
    site: str | None = None,
    embed_hosts: frozenset[str] = frozenset(),
) -> Cleaned:
    """The fragment as sanitised HTML (rules H1 to H10, H12 and H13), addresses absolute; never raises, whatever the
    input.

    `base` resolves relative addresses; without one they are dropped. Files of other sites than `site` are loaded
    without a referrer. `embed_hosts` names more hosts whose frames stay. The answer has at most `MAX_BYTES` bytes,
    nests some 100 elements at most, and is a fixed point for the same arguments.
    """
    notes: dict[str, None] = {}
    context = LinkContext(base=base, site=site, embed_hosts=embed_hosts)
    html = _decode(_normalised(fragment), notes)
    for _ in range(_MAX_ROUNDS):
        cleaned, is_final = _round(html, context, notes)
        if is_final or cleaned == html:
            break
        html = cleaned
    else:  # pragma: no cover: no body is known that takes so many rounds
        notes["html-unstable"] = None
        cleaned = html_from_text(visible_text(cleaned)[: MAX_BYTES // 8])
    return Cleaned(html=cleaned, diagnostics=tuple(notes), truncated="html-cut" in notes)


def _normalised(html: str) -> str:
    html = clean_characters(html)
    return html.replace("\r\n", "\n").replace("\r", "\n") if "\r" in html else html


def _resolvable(found: re.Match[str]) -> str:
    """A numeric reference as it is, or nothing for one that names no character (it would be shown as U+FFFD)."""
    digits = (found[1] or found[2]).lstrip("0")
    if not digits or len(digits) > 7:
        return ""
    code = int(digits, 10 if found[1] else 16)
    return "" if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF else found[0]


def _decode(html: str, notes: dict[str, None]) -> str:
    """Undoes double escaping (rule H12) and a CDATA section escaped with its content; makes text HTML (rule H13)."""
    for _ in range(3):
        if _ELEMENT.search(html) is not None or not _is_escaped(html):
            break
        html = _normalised(unescape(html))
        notes["html-double-escaped"] = None
    if "<![CDATA[" in html:
        html = html.replace("<![CDATA[", "").replace("]]>", "").replace("]]&gt;", "")
    if "&#" in html:
        html = _NUMERIC.sub(_resolvable, html)
    if _MARKUP.search(html) is None:
        html = html.strip(BLANKS).replace("<", "&lt;")
        if "\n" in html:
            notes["html-plain-text"] = None
            html = paragraphs(html)
    return html


def _is_escaped(html: str) -> bool:
    """Whether at least two start tags of HTML are in it as text (rule H12)."""
    found = _ESCAPED_ELEMENT.finditer(html)
    return next(found, None) is not None and next(found, None) is not None


def _round(html: str, context: LinkContext, notes: dict[str, None]) -> tuple[str, bool]:
    """The fragment rewritten and sanitised once; whether the result is known to be a fixed point."""
    written = rewrite(html, context)
    if written.is_too_deep:
        notes["html-too-deep"] = None
    if written.had_active_content:
        notes["html-disarmed"] = None
    if written.has_other_images:
        notes["html-images"] = None
    if written.is_malformed and not (written.is_too_deep or written.is_cut):
        notes["html-mended"] = None
    parts = _without_wrapper(written.parts) if written.is_nested else written.parts
    kept, is_cut = _cut(parts)
    source = "".join(kept).strip(BLANKS)
    if "<pre" in source:
        source = _PRE_START.sub(r"\1", source)
    if source.count("&") + source.count("\xa0") > _MOST_ESCAPES:
        source = _TEXTS.sub(_parted, source)
    built = sanitise(source, context.embed_hosts)
    cleaned = (_normalised(built) if "&#" in source else built).strip(BLANKS)
    is_final = len(cleaned) == len(built) and _is_final(written, cleaned)
    if is_cut or written.is_cut:
        notes["html-cut"] = None
        cleaned, is_final = cleaned + _continued(context), False
    if "<" not in cleaned and cleaned and ("\n" in cleaned or _is_escaped(cleaned)):
        cleaned = f"<p>{cleaned}</p>"
    return cleaned, is_final


def _parted(found: re.Match[str]) -> str:
    """A text with a comment before every so many references: the tree gets several texts of it, and drops those."""
    text = found[0]
    places = [escape.start() for escape in _ESCAPED.finditer(text)][_MOST_ESCAPES::_MOST_ESCAPES]
    return "<!---->".join(text[start:end] for start, end in pairwise((0, *places, len(text))))


def _is_final(written: Rewritten, cleaned: str) -> bool:
    """Whether a second round would change nothing: plain structure, every picture has an address, far below the cap."""
    return (
        written.is_stable
        and len(cleaned) * 4 <= MAX_BYTES
        and cleaned.count("<img ") == cleaned.count("<img src=")
        and "<pre>\n" not in cleaned
    )


def _continued(context: LinkContext) -> str:
    page = context.link(context.base) if context.base else None
    return f"<p>… {write_link(page, page)}</p>" if page else "<p>…</p>"


def _without_wrapper(parts: list[str]) -> list[str]:
    """The pieces of a well nested body without the `div`s that hold all of it and have no attributes (rule H4)."""
    first, last = 0, len(parts) - 1
    while first <= last and not parts[first].strip(BLANKS):
        first += 1
    while last > first and not parts[last].strip(BLANKS):
        last -= 1
    if first >= last or parts[first] != "<div>" or parts[last] != "</div>":
        return parts[first : last + 1]
    if parts.count("</div>") == 1:
        return parts[first + 1 : last]
    partner: dict[int, int] = {}
    opened: list[int] = []
    for index, part in enumerate(parts):
        if part.startswith("<div"):
            opened.append(index)
        elif part == "</div>":
            partner[opened.pop()] = index
    while first < last and parts[first] == "<div>" and partner.get(first) == last:
        first, last = first + 1, last - 1
        while first <= last and not parts[first].strip(BLANKS):
            first += 1
        while last > first and not parts[last].strip(BLANKS):
            last -= 1
    return parts[first : last + 1]


def _cut(parts: list[str]) -> tuple[list[str], bool]:
    """The pieces that fit below the cap, cut after the last whole block, and whether something was cut."""
    if sum(map(len, parts)) * 4 <= MAX_BYTES or sum(len(part.encode()) for part in parts) <= MAX_BYTES:
        return parts, False
    limit, boundary, size = MAX_BYTES - _RESERVE, 0, 0
    for index, part in enumerate(parts):  # pragma: no branch: all of them together are above the limit
        length = len(part.encode())
        if size + length > limit:
            break
        size += length
        if _is_block_tag(part):
            boundary, boundary_size = (index + 1 if part.startswith("</") else index), size
    if boundary and boundary_size > limit // 2:
        return parts[:boundary], True
    return [*parts[:index], _shortened(part, limit - size)], True


def _is_block_tag(part: str) -> bool:
    found = _BLOCK_TAG.match(part)
    return found is not None and (found[2] in BLOCKS or found[2] == "br")


def _shortened(part: str, limit: int) -> str:
    """As much of a piece of text as fits; a tag that does not fit goes whole."""
    if part.startswith("<"):
        return ""
    text = part.encode()[: max(limit, 0)].decode("utf-8", "ignore")
    return _PART_REFERENCE.sub("", text)


def without_embeds(html: str, *, page: str | None = None) -> str:
    """Sanitised content as feeds carry it: frames gone, their plain links kept (rule H9).

    A link to a place inside the body (`#x`) leads to that place of `page`; without one it is no link any more. What
    feed validators take for the address of a picture, in its description, is escaped.
    """
    html = without_frames(html)
    if _SOURCE_TWICE.search(html) is not None:
        html = _IMAGE.sub(lambda found: found[1] + found[2].replace("src=", "src&#61;"), html)
    if ' href="#' not in html:
        return html
    if page is None:
        return _OWN_ANCHOR.sub(r"<a\1", html)
    start = escape_value(page.partition("#")[0])
    return _OWN_ANCHOR.sub(lambda found: f'<a{found[1]} href="{start}#{found[2].removeprefix(ID_PREFIX)}"', html)
