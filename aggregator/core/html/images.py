"""Pictures in a body: lazy ones (rule H2), sizes believed or not (rule H3), those of one pixel (rule H8), `srcset`."""

from __future__ import annotations

import binascii
import re
from html import unescape

from aggregator.core.html.links import LinkContext
from aggregator.core.html.markup import TOKEN, escape_text, read_attributes, write_link, write_tag
from aggregator.core.html.placeholders import is_counter, names_counter, names_placeholder
from aggregator.core.model import Image

LARGEST_DATA_URI = 64 * 1024
"""Longest `data:` address kept in a body, in characters (rule H6)."""

_LARGEST_PLACEHOLDER = 2048
_LAZY = (
    "data-original",
    "data-src",
    "data-lazy-src",
    "data-url",
    "data-orig-file",
    "data-actualsrc",
    "data-original-src",
    "data-srcset",
    "srcset",
)
"""Attributes that may have the real address, in the order of rule H2."""

_LAZY_SETS = ("data-srcset", "data-lazy-srcset")
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|avif);base64,([A-Za-z0-9+/]++={0,2})", re.IGNORECASE)
_BLANK = re.compile(r"[ \t\n\f\r]++")
_SIZE = re.compile(r"[ \t\n\f\r]*+0{0,10}([0-9]{1,5})(?:\.0+)?[ \t]*+(?:px)?[ \t\n\f\r]*+", re.IGNORECASE)
_STYLE_ONE_PIXEL = re.compile(r"(?:^|[;\s])(width|height)\s*:\s*[01](?:px)?\s*(?=;|!|$)", re.IGNORECASE)
_CANDIDATE = re.compile(r"[ \t\n\f\r,]*+([^ \t\n\f\r]++)")
_DESCRIPTOR = re.compile(r"[ \t\n\f\r]*+([0-9]{1,7}(?:\.[0-9]{1,4})?)([wx])[ \t\n\f\r]*+", re.IGNORECASE)
_SIZES = re.compile(r"[\w\s().,:%<>=+*/-]{1,500}")


def size(value: str | None) -> int | None:
    """A width or height in CSS pixels; None unless it is a whole number below 100,000, `px` or not; 0 counts."""
    if not value:
        return None
    if len(value) <= 5 and value.isascii() and value.isdecimal():
        return int(value)
    found = _SIZE.fullmatch(value)
    return int(found[1]) if found else None


def is_one_pixel(attributes: dict[str, str]) -> bool:
    """Whether width and height, as attributes or in `style`, are both 0 or 1 (rule H8)."""
    width, height = size(attributes.get("width")), size(attributes.get("height"))
    if width is not None and height is not None:
        return width <= 1 and height <= 1
    style = attributes.get("style")
    return style is not None and {found[1].lower() for found in _STYLE_ONE_PIXEL.finditer(style[:500])} == {
        "width",
        "height",
    }


def sizes(attributes: dict[str, str]) -> list[tuple[str, str]]:
    """`width` and `height` as kept: positive, and height only if `w` and `h` do not contradict it (rule H3)."""
    width, height = size(attributes.get("width")), size(attributes.get("height"))
    if width and height and "w" in attributes and "h" in attributes:
        w, h = size(attributes["w"]), size(attributes["h"])
        if w and h and abs(w * height - h * width) > 0.02 * w * height:
            height = None
    kept = [("width", str(width))] if width else []
    return [*kept, ("height", str(height))] if height else kept


def candidates(srcset: str, context: LinkContext) -> list[tuple[str, str, float]]:
    """(address, descriptor, weight) of each usable candidate of a `srcset`; at most 64 are read."""
    found: list[tuple[str, str, float]] = []
    position = 0
    while len(found) < 64 and (piece := _CANDIDATE.match(srcset, position)):
        url = piece[1].rstrip(",")
        position = piece.end()
        words = ""
        if url == piece[1]:
            comma = srcset.find(",", position)
            end = len(srcset) if comma < 0 else comma
            words, position = srcset[position:end], end
        address = None if url.lower().startswith("data:") else context.media(url)
        descriptor = _DESCRIPTOR.fullmatch(words)
        if address is not None and (descriptor or not words.strip()):
            weight = float(descriptor[1]) if descriptor else 1.0
            found.append((address, f"{descriptor[1]}{descriptor[2].lower()}" if descriptor else "", weight))
    return found


def write_srcset(found: list[tuple[str, str, float]]) -> str:
    """The candidates as the value of a `srcset`."""
    return ", ".join(f"{url} {descriptor}".rstrip() for url, descriptor, _ in found)


def largest(srcset: str, context: LinkContext) -> str | None:
    """The address with the greatest width or density of a `srcset` (rule H2)."""
    found = [one for one in candidates(srcset, context) if not names_placeholder(one[0])]
    return max(found, key=lambda one: one[2])[0] if found else None


def data_image(url: str) -> str | None:
    """A `data:` picture in the form it is kept, blanks out; None if it is not of an allowed type (rule H6)."""
    url = _BLANK.sub("", url)
    return url if _DATA_IMAGE.fullmatch(url) else None


def _is_tiny(data_url: str) -> bool:
    """Whether a data picture, as `data_image` gives it, says of itself that it is 1x1 (rule H8)."""
    encoded = data_url.partition(",")[2][:64]
    head = binascii.a2b_base64(encoded[: len(encoded) // 4 * 4])
    if head[:4] == b"GIF8" and len(head) >= 10:
        return int.from_bytes(head[6:8], "little") <= 1 and int.from_bytes(head[8:10], "little") <= 1
    if head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 24:
        return int.from_bytes(head[16:20]) <= 1 and int.from_bytes(head[20:24]) <= 1
    return False


def is_lazy(attributes: dict[str, str], context: LinkContext) -> bool:
    """Whether `src` is a placeholder (rule H2), or would be removed while another address is named (rule H8)."""
    source = attributes.get("src", "").strip()
    if source[:5].lower() == "data:":
        return len(source) < _LARGEST_PLACEHOLDER
    if not source or names_placeholder(source):
        return True
    return names_counter(source) and is_counter(context.media(source) or "")


def lazy_source(attributes: dict[str, str], context: LinkContext) -> str | None:
    """The address that a lazy picture would load, from its own attributes (rule H2)."""
    for name in _LAZY:
        value = attributes.get(name)
        if not value or value[:5].lower() == "data:":
            continue
        url = largest(value, context) if name.endswith("srcset") else context.media(value)
        if url is not None and not names_placeholder(url):
            return url
    return None


def image_within(html: str, context: LinkContext) -> str | None:
    """The address of the first usable picture in the content of a `noscript` (rule H2)."""
    if "<" not in html and "&lt;" in html:
        html = unescape(html)
    for token in TOKEN.finditer(html):
        if token["name"] is not None and token["name"].lower() == "img" and not token["close"]:
            attributes = read_attributes(token["attributes"])
            if is_one_pixel(attributes):
                continue
            url = lazy_source(attributes, context) if is_lazy(attributes, context) else context.media(attributes["src"])
            if url is not None:
                return url
    return None


def write_image(
    attributes: dict[str, str], context: LinkContext, *, lazy: bool, fallback: str | None, common: list[tuple[str, str]]
) -> str:
    """The `img` as it is kept, or what stands for it: "" for a pixel (rule H8), a link for a data picture over 64 KiB.

    `lazy` is what `is_lazy` says of it, `fallback` the address to use where the element itself has none; `common` are
    the attributes any element may have.
    """
    source, is_lazy_source = _source(attributes, context, lazy, fallback)
    if is_one_pixel(attributes) or source is None or is_counter(source):
        return ""
    is_data = source[:5].lower() == "data:"
    if is_data and len(source) > LARGEST_DATA_URI:
        return _stand_in(attributes.get("alt", ""), context)
    if is_data and _is_tiny(source):
        return ""
    kept = [("src", source)]
    chosen = _srcset(attributes, context, is_lazy_source)
    if chosen:
        kept.append(("srcset", chosen))
        if _SIZES.fullmatch(attributes.get("sizes", "")):
            kept.append(("sizes", attributes["sizes"]))
    if "alt" in attributes:
        kept.append(("alt", attributes["alt"]))
    kept += common
    kept += sizes(attributes)
    if attributes.get("loading", "").lower() in ("lazy", "eager"):
        kept.append(("loading", attributes["loading"].lower()))
    policy = None if is_data else context.referrer_policy(source, attributes.get("referrerpolicy"))
    if policy is not None:
        kept.append(("referrerpolicy", policy))
    return write_tag("img", kept)


def _stand_in(alt: str, context: LinkContext) -> str:
    """What is shown for a picture too large to carry: a link to where the body came from, or its description."""
    page = context.link(context.base) if context.base else None
    return write_link(page, alt or page) if page else escape_text(alt)


def _source(
    attributes: dict[str, str], context: LinkContext, lazy: bool, fallback: str | None
) -> tuple[str | None, bool]:
    """The address to show, and whether it is another than `src`."""
    given = attributes.get("src", "")
    if lazy:
        found = lazy_source(attributes, context) or fallback
        if found is not None:
            return found, True
    return data_image(given) if given.strip()[:5].lower() == "data:" else context.media(given), False


def _srcset(attributes: dict[str, str], context: LinkContext, is_lazy_source: bool) -> str:
    """The `srcset` as kept; of a lazy picture the lazy one, or its own if that names no placeholder."""
    value = attributes.get("srcset", "")
    if is_lazy_source:
        lazy = next((attributes[name] for name in _LAZY_SETS if attributes.get(name)), None)
        value = lazy or ("" if names_placeholder(value) else value)
    return write_srcset(candidates(value, context)) if value else ""


def first_image(html: str) -> Image | None:
    """The first picture of sanitised content that is no pixel (rule H8) and has its own address; sizes if given."""
    if "<img" not in html:
        return None
    for token in TOKEN.finditer(html):
        if token["name"] != "img":
            continue
        attributes = read_attributes(token["attributes"])
        url = attributes.get("src", "")
        if not url.startswith(("http://", "https://")) or is_one_pixel(attributes) or is_counter(url):
            continue
        width, height = size(attributes.get("width")), size(attributes.get("height"))
        return Image(url=url, width=width or None, height=height or None)
    return None
