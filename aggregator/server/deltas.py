"""RFC 3229 with `A-IM: feed`: a reader that names the version it has is sent what is new since (rule W11).

A delta is the head of the present feed, the stories that differ from that version, and the tail. It is sent
uncompressed: compressing it would be work for every request. Where it is not smaller than the whole feed in the
encoding that the client takes, which is compressed already, the client gets the whole feed.
"""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

from aggregator.core.edition import KnownVersions, Rendition
from aggregator.server.conditional import entity_tags

Headers = tuple[tuple[bytes, bytes], ...]

_WANTED = re.compile(rb"(?:^|,)\s*feed\s*(?:;[^,]*)?(?=,|$)", re.IGNORECASE)
_REFUSED = re.compile(rb";\s*q\s*=\s*0(?:\.0*)?\s*$")
_ENCODED = re.compile(rb"-(?:gzip|br|zstd)\"$")
_UNAWARE_AGENTS = re.compile(rb"\s*(?:feedparser|rss2email)/", re.IGNORECASE)
"""Programs that fetch by feedparser, which asks for deltas by itself: rss2email, for one, takes a 226 for an error."""
_VARY = b"A-IM, If-None-Match, Accept-Encoding"
_CHARACTERS = 4096


class Deltas:
    """The deltas of one rendition. `late` collects the ETags of earlier versions that readers came back with."""

    def __init__(self, rendition: Rendition, versions: KnownVersions) -> None:
        self.late: set[str] = set()
        self._rendition = rendition
        self._stamps = {tag.encode("latin-1"): stamp for tag, stamp in versions.stamps.items()}
        self._parts = versions.parts
        self._now = rendition.etag.encode("latin-1")

    def note(self, none_match: bytes) -> None:
        """Add the earlier versions that a reader came back with to `late`."""
        for tag in _plain(none_match):
            if tag in self._stamps and tag != self._now:
                self.late.add(tag.decode("latin-1"))

    def answer(
        self, instance_manipulation: bytes, none_match: bytes, agent: bytes, *, full_size: int, not_modified: Headers
    ) -> tuple[int, Headers, bytes] | None:
        """The 226, or the 304, for a client that asks for deltas; None where it is to get what others get.

        `full_size` is the size in bytes of the whole feed as the client takes it. `not_modified` are the headers of the
        304 for the feed as it is, uncompressed: that is the version a delta leads to. `agent` is its User-Agent:
        programs that ask for deltas unintentionally get what others get.

        """
        if not self._parts or not _asks(instance_manipulation) or _UNAWARE_AGENTS.match(agent):
            return None
        tags = _plain(none_match)
        if self._now in tags:
            return 304, not_modified, b""
        known = [self._stamps[tag] for tag in tags if tag in self._stamps]
        if not known:
            return None
        body = self._since(max(known))
        return (226, self._headers(len(body)), body) if len(body) < full_size else None

    def _since(self, stamp: int) -> bytes:
        """Head, the pieces that are newer than the version of this number, tail."""
        whole = self._rendition.body
        cuts = list(accumulate((length for length, _ in self._parts), initial=0))
        last = len(self._parts) - 1
        return b"".join(
            whole[start:end]
            for index, ((start, end), (_, came)) in enumerate(zip(pairwise(cuts), self._parts, strict=True))
            if index in (0, last) or came > stamp
        )

    def _headers(self, length: int) -> Headers:
        return (
            (b"content-type", self._rendition.media_type.encode("latin-1")),
            (b"content-length", b"%d" % length),
            (b"x-content-type-options", b"nosniff"),
            (b"im", b"feed"),
            (b"etag", self._now),
            (b"cache-control", b"no-store, im"),
            (b"vary", _VARY),
            (b"access-control-allow-origin", b"*"),
        )


def _asks(value: bytes) -> bool:
    """Whether an A-IM field asks for `feed`; a weight of 0 refuses it."""
    found = _WANTED.search(value[:_CHARACTERS])
    return found is not None and not _REFUSED.search(found[0])


def _plain(none_match: bytes) -> list[bytes]:
    """The tags of an If-None-Match without the suffixes of our encodings."""
    return [_ENCODED.sub(b'"', tag) for tag in entity_tags(none_match)]
