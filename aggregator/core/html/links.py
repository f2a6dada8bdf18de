"""The context of a body: what its addresses are relative to, and which site its pictures may be loaded from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from aggregator.core.html.markup import names
from aggregator.core.urls.parser import without_userinfo
from aggregator.core.urls.urls import absolute, same_site

_MEDIA = ("https://", "http://")
_LINK = (*_MEDIA, "mailto:", "tel:", "magnet:")
_ANCHOR = re.compile(r"#[^\s\x00-\x20]++")
_REFERRER_POLICIES = names(
    "no-referrer no-referrer-when-downgrade origin origin-when-cross-origin same-origin strict-origin "
    "strict-origin-when-cross-origin unsafe-url"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkContext:
    """`base` resolves relative addresses (rule H10), files of `site` need no referrer policy (rule H7)."""

    base: str | None = None
    site: str | None = None
    embed_hosts: frozenset[str] = frozenset()
    """More hosts, in addition to the known ones, whose iframes are kept (rule H9)."""

    def link(self, url: str) -> str | None:
        """An address to follow: absolute, or `#x` as it is; None if its scheme is not allowed.

        User name and password are left out (rule P21).
        """
        url = url.strip()
        if url.startswith("#"):
            return "#" + url[1:].replace("#", "%23") if _ANCHOR.fullmatch(url) else None
        return self._resolved(url, _LINK)

    def media(self, url: str) -> str | None:
        """An absolute http or https address of something to load, else None."""
        return self._resolved(url, _MEDIA)

    def _resolved(self, url: str, allowed: tuple[str, ...]) -> str | None:
        url = url.strip()
        if not url:
            return None
        if self.base is None and url.startswith("//"):
            url = "https:" + url
        found = absolute(url, self.base)
        if found is None or not found.startswith(allowed):
            return None
        return without_userinfo(found) if "@" in found else found

    def referrer_policy(self, url: str | None, given: str | None) -> str | None:
        """What `referrerpolicy` a loading element gets: no-referrer unless it is of the same site (rule H7)."""
        if url is None or (self.site is not None and _is_own(_origin(url), self.site)):
            given = (given or "").strip().lower()
            return given if given in _REFERRER_POLICIES else None
        return "no-referrer"


def _origin(url: str) -> str:
    """Scheme and host of an absolute address: what pictures of one page have in common."""
    end = url.find("/", 8)
    return url if end < 0 else url[:end]


@lru_cache(maxsize=512)
def _is_own(origin: str, site: str) -> bool:
    return same_site(origin, site)
