"""What a request's header fields ask for: pure decisions over bytes, total over any input (RFC 9110, rules W4 and W6).

Header values may be hostile: each is read in linear time, and beyond `_LONGEST` bytes it counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

from aggregator.core.formats_table import DOCUMENTS, HTML

IDENTITY = "identity"
_BEST_FIRST = ("br", "zstd", "gzip")
"""The order of encodings that a client weighs equally: the smallest result first."""
_LONGEST = 8192
_TAG = re.compile(rb'"[\x21\x23-\x7e\x80-\xff]*"')
_WEIGHT = re.compile(r"q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def is_not_modified(
    none_match: bytes | None, modified_since: bytes | None, *, etag: bytes, modified: int | None
) -> bool:
    """Whether the client has the representation whose strong tag is `etag`, last modified at `modified` (Unix seconds).

    If-None-Match is compared weakly and, where it is present, If-Modified-Since is not read (RFC 9110, 13.1.2, 13.1.3).
    """
    if none_match is not None:
        return _names(none_match, etag)
    if modified_since is None or modified is None:
        return False
    since = _instant(modified_since)
    return since is not None and modified <= since


def _names(none_match: bytes, etag: bytes) -> bool:
    return none_match == etag or none_match.strip() == b"*" or etag in entity_tags(none_match)


def entity_tags(none_match: bytes) -> list[bytes]:
    """The tags of an If-None-Match, quoted, weak ones without their mark; none of one that is too long."""
    return _TAG.findall(none_match) if len(none_match) <= _LONGEST else []


@lru_cache(maxsize=256)
def _instant(value: bytes) -> int | None:
    """Unix seconds of an HTTP-date in any of its three forms; None for anything else."""
    if len(value) > 64:
        return None
    try:
        found = parsedate_to_datetime(value.decode("ascii"))
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError, TypeError, IndexError, OSError):
        return None


@lru_cache(maxsize=512)
def acceptable_encodings(accept: bytes | None) -> tuple[str, ...]:
    """The encodings an Accept-Encoding allows, the one to prefer first; identity always closes the list.

    Identity comes earlier only where its weight is greater. We send it even to a client that refuses it and all else
    that we have: a feed is more use than a 406.
    """
    if not accept or len(accept) > _LONGEST:
        return (IDENTITY,)
    weights = dict(_weighted(accept))
    if "x-gzip" in weights:
        weights.setdefault("gzip", weights["x-gzip"])
    rest = weights.get("*", 0.0)
    plain = weights.get(IDENTITY, 0.0)
    scored = [(weights.get(name, rest), name) for name in _BEST_FIRST]
    liked = sorted((pair for pair in scored if pair[0] > 0 and pair[0] >= plain), key=lambda pair: -pair[0])
    return (*(name for _, name in liked), IDENTITY)


@lru_cache(maxsize=512)
def preferred_format(accept: bytes | None, formats: tuple[str, ...]) -> str:
    """Which of `formats` answers an Accept at an address without suffix (rule W6).

    A browser, and a client that accepts anything, gets HTML; a client that weighs a feed type like HTML is a feed
    reader and gets the feed. Without HTML, and where nothing fits, the first of `formats`. It may not be empty.
    """
    ordered = sorted(formats, key=lambda name: name != HTML.name)
    if not accept or len(accept) > _LONGEST:
        return ordered[0]
    weights = dict(_weighted(accept))
    return max(ordered, key=lambda name: _appeal(name, weights))


def _appeal(name: str, weights: dict[str, float]) -> tuple[float, int]:
    """The weight of the narrowest media range that covers a format, and how plainly it was named."""
    info = DOCUMENTS[name]
    for kind in info.accept or (info.media_type,):
        if kind in weights:
            return weights[kind], 3 if info.is_feed else 2
    for kind in info.accept_also:
        if kind in weights:
            return weights[kind], 1
    return weights.get("*/*", 0.0), 0


def _weighted(value: bytes) -> Iterator[tuple[str, float]]:
    """(name, weight) of each member of a list with q-values; a weight that is none makes the member be ignored."""
    for member in value.decode("latin-1").lower().split(","):
        name, *parameters = (part.strip() for part in member.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q"):
                found = _WEIGHT.fullmatch(parameter)
                weight = float(found[1]) if found else -1.0
        if name and weight >= 0:
            yield name, weight
