"""Redirects: where a chain may lead, and which headers are sent along (rules P16, P21 and P25)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from aggregator.core.errors import FetchError, Reason
from aggregator.core.urls.hosts import BadAddress
from aggregator.sources.address import Address, join_address
from aggregator.sources.responses import HttpResponse

_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FOR_ANYONE = frozenset({"user-agent", "accept", "accept-language"})
"""Of a source's own headers, those that may go to another origin; any other may be a secret."""
_NOT_BY_HAND = frozenset(
    {
        *("host", "connection", "upgrade", "te", "trailer", "transfer-encoding", "content-length", "expect"),
        *("if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range", "a-im"),
        *("accept-encoding", "cookie", "referer"),
    }
)
"""Headers that are set here alone; they are not taken from feeds.toml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request of a chain."""

    address: Address
    headers: dict[str, str] = field(repr=False)
    """The source's own headers that may be sent here, credentials included."""
    visited: tuple[str, ...]
    """Addresses of the chain, this one included."""
    is_permanent: bool = True
    """All redirects so far were 301 or 308, and none gave up https."""
    downgrades: int = 0
    has_secrets: bool = False
    """Some address of the chain carried user information."""
    dropped_secrets: bool = False
    """Headers were left behind at another origin."""
    wants_cookies: bool = False

    @property
    def permanent_url(self) -> str | None:
        """Where the feed has moved for good; None if it has not.

        None also where the new address alone would not do, or would be sent secrets that were not meant for it.
        """
        is_usable = self.is_permanent and not (self.has_secrets or self.dropped_secrets)
        return self.address.text if is_usable and len(self.visited) > 1 else None


def first_hop(address: Address, own: Mapping[str, str]) -> Hop:
    """The start of a chain; `own` are the headers set for this source by hand."""
    headers = {name: value for name, value in own.items() if name.lower() not in _NOT_BY_HAND}
    return Hop(
        address=address,
        headers=_with_credentials(headers, address),
        visited=(address.text,),
        has_secrets=address.authorization is not None,
    )


def next_hop(hop: Hop, response: HttpResponse, *, subject: str, limit: int) -> Hop | None:
    """Where the answer sends us; None if it is no redirect. Raises `FetchError` where the chain ends badly."""
    location = response.header("location")
    if response.status not in _REDIRECTS or location is None:
        return None
    target = _target(hop, response, location, subject)
    wants_cookies = hop.wants_cookies or response.header("set-cookie") is not None
    downgrades = hop.downgrades + (hop.address.url.scheme == "https" and target.url.scheme == "http")
    problem = None
    if target.text in hop.visited:
        problem = "the redirects lead in a circle" + (", as they do for want of a cookie" if wants_cookies else "")
    elif len(hop.visited) > limit:
        problem = f"there are more than {limit} redirects"
    elif downgrades > 1:
        problem = "the redirects give up https more than once"
    if problem:
        words = f"{problem}; look where the address leads in a browser"
        raise FetchError(subject, Reason.TOO_MANY_REDIRECTS, words, status=response.status)
    stays = target.origin == hop.address.origin
    kept = hop.headers if stays else {name: text for name, text in hop.headers.items() if name.lower() in _FOR_ANYONE}
    return Hop(
        address=target,
        headers=_with_credentials(kept, target),
        visited=(*hop.visited, target.text),
        is_permanent=hop.is_permanent and response.status in _PERMANENT and not downgrades,
        downgrades=downgrades,
        has_secrets=hop.has_secrets or target.authorization is not None,
        dropped_secrets=hop.dropped_secrets or len(kept) < len(hop.headers),
        wants_cookies=wants_cookies,
    )


def _target(hop: Hop, response: HttpResponse, location: str, subject: str) -> Address:
    with suppress(UnicodeDecodeError):  # then it is latin-1 after all
        location = location.encode("latin-1").decode("utf-8")
    try:
        return join_address(hop.address, location)
    except BadAddress as error:
        words = f"{hop.address.text} redirects to what cannot be polled: {error}"
        raise FetchError(subject, Reason.REFUSED_ADDRESS, words, status=response.status) from None


def _with_credentials(headers: dict[str, str], address: Address) -> dict[str, str]:
    """User information in the address becomes Basic credentials, unless the source has others set by hand."""
    if address.authorization is None or any(name.lower() == "authorization" for name in headers):
        return headers
    return {**headers, "Authorization": address.authorization}
