"""Enclosures and images: addresses made absolute, sizes and types parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from aggregator.core.dates.durations import parse_duration
from aggregator.core.html.placeholders import shows_nothing
from aggregator.core.html.plain import one_line
from aggregator.core.model import Enclosure, Image
from aggregator.core.normalise.addresses import BaseUrls
from aggregator.core.parse.parsed import ParsedMedia
from aggregator.core.urls.media_types import type_by_suffix

MAX_ENCLOSURES = 100
_MAX_LENGTH = 2**63 - 1

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_PIXELS = re.compile(r"\+?(\d{1,6})(?:\.\d+)?(?:px)?", re.IGNORECASE)


def enclosures(parsed: Iterable[ParsedMedia], bases: BaseUrls) -> tuple[Enclosure, ...]:
    """Each address once, in order; what the first mention leaves open the later ones fill in."""
    found: dict[str, Enclosure] = {}
    for item in parsed:
        url = bases.resolve(item.url, item.base)
        if url is None or (url not in found and len(found) >= MAX_ENCLOSURES):
            continue
        found[url] = _joined(found.get(url), _enclosure(item, url))
    return tuple(replace(one, type=one.type or type_by_suffix(one.url)) for one in found.values())


def _enclosure(item: ParsedMedia, url: str) -> Enclosure:
    return Enclosure(
        url=url,
        type=media_type(item.type) or _type_by_medium(item, url),
        length=_length(item.length),
        duration=parse_duration(item.duration) if item.duration else None,
        title=one_line(item.title or "") or None,
    )


def _joined(known: Enclosure | None, other: Enclosure) -> Enclosure:
    if known is None:
        return other
    return Enclosure(
        url=known.url,
        type=known.type or other.type,
        length=known.length or other.length,
        duration=known.duration or other.duration,
        title=known.title or other.title,
    )


def media_type(raw: str | None) -> str | None:
    """The type without its parameters, in lower case; None if it is none (`PDF`)."""
    kind = (raw or "").partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) else None


def _type_by_medium(item: ParsedMedia, url: str) -> str | None:
    """media:content may say only `medium`; a suffix that agrees makes it a type."""
    kind = type_by_suffix(url)
    return kind if kind and (item.medium is None or kind.startswith(item.medium)) else None


def _length(raw: str | None) -> int | None:
    """Bytes; None for what is no number above zero (`0`, `-1` and `1.5 MB` all mean unknown)."""
    digits = (raw or "").strip().replace(",", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        return None
    length = int(digits)
    return length if 0 < length <= _MAX_LENGTH else None


def pick_image(
    thumbnails: Iterable[ParsedMedia], images: Iterable[ParsedMedia], bases: BaseUrls
) -> tuple[Image, str] | None:
    """The largest thumbnail, else the first of the other images, that is neither placeholder nor pixel (rule H8)."""
    shown = list(_usable(thumbnails, bases))
    if shown:
        return max(shown, key=lambda found: (found[0].width or 0) * (found[0].height or 0))
    return next(_usable(images, bases), None)


def _usable(items: Iterable[ParsedMedia], bases: BaseUrls) -> Iterator[tuple[Image, str]]:
    for item in items:
        url = bases.resolve(item.url, item.base) if item.url.strip() else None
        width, height = pixels(item.width), pixels(item.height)
        is_pixel = width is not None and height is not None and width <= 1 and height <= 1
        if url and url.startswith(("http://", "https://")) and not is_pixel and not shows_nothing(url):
            yield Image(url=url, width=width or None, height=height or None), item.element


def pixels(raw: str | None) -> int | None:
    """CSS pixels of `640`, `640px`, `640.0`; None for percentages and words."""
    match = _PIXELS.fullmatch((raw or "").strip())
    return int(match[1]) if match else None
