"""What headers and status of a response mean: validators, Retry-After, and the error of one without a document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from aggregator.core.document import Validators
from aggregator.core.errors import FetchError, Reason
from aggregator.sources.address import Address

MAX_RETRY_AFTER = timedelta(days=7)
MAX_VALIDATOR = 4096
"""Characters; a longer one would enlarge every request, and may be a tracking cookie in disguise."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class BadHeader(Exception):
    """A header value has bytes that no header can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One response. `raw` is the body as received, empty where it is not needed."""

    address: Address
    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    """Lower-case names in the order they came; values are latin-1, so that every byte survives (rule P1)."""
    raw: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first value of this name; None if there is none or it is empty."""
        return next((value for key, value in self.headers if key == name), None) or None


def read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """Decoded headers; raises `BadHeader`. HTTP/2 lets bytes through that HTTP/1.1 forbids."""
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")) for name, value in pairs)
    for name, value in headers:
        if _CONTROL.search(name) or _CONTROL.search(value):
            raise BadHeader("a header has control characters")
    return headers


def joined_headers(response: HttpResponse) -> dict[str, str]:
    """Headers for `Document`: repeated ones joined, without cookies, which are never kept (rule P15)."""
    joined: dict[str, list[str]] = {}
    for name, value in response.headers:
        if name not in ("set-cookie", "set-cookie2"):
            joined.setdefault(name, []).append(value)
    return {name: ", ".join(values) for name, values in joined.items()}


def read_validators(response: HttpResponse, *, stored: Validators | None = None) -> Validators:
    """The validators of a response, byte-exact; those it lacks are taken from `stored` (rule P3)."""
    stored = stored or Validators()
    return Validators(
        url=response.address.text,
        etag=_validator(response, "etag") or stored.etag,
        last_modified=_validator(response, "last-modified") or stored.last_modified,
    )


def _validator(response: HttpResponse, name: str) -> str | None:
    value = response.header(name)
    return value if value is not None and len(value) <= MAX_VALIDATOR else None


def conditional_headers(validators: Validators) -> dict[str, str]:
    """Headers that make a request conditional; `A-IM` only together with an ETag (rule P9)."""
    headers: dict[str, str] = {}
    if validators.etag:
        headers |= {"If-None-Match": validators.etag, "A-IM": "feed"}
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, at most 7 days; None if it asks for nothing usable.

    Zero, negative numbers, dates in the past and other text are not usable.
    """
    value = (value or "").strip()
    if re.fullmatch(r"[0-9]+", value, re.ASCII):
        seconds = int(value) if len(value) < 10 else int(MAX_RETRY_AFTER.total_seconds())
        wait = timedelta(seconds=seconds)
    elif 0 < len(value) <= 64:
        try:
            when = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
        wait = (when if when.tzinfo else when.replace(tzinfo=UTC)) - now
    else:
        return None
    return min(wait, MAX_RETRY_AFTER) if wait > timedelta(0) else None


_MEANINGS: Mapping[int, tuple[Reason, str]] = {
    206: (Reason.PROTOCOL, "this is a part of a document, and the whole was asked for"),
    304: (Reason.PROTOCOL, "it says so even if asked for the whole document"),
    401: (Reason.UNAUTHORIZED, "it wants a user and password; set them for this source"),
    403: (Reason.FORBIDDEN, "it refuses this program; ask its owner, or try another address"),
    404: (Reason.NOT_FOUND, "there is nothing at this address; look whether the feed has moved"),
    407: (Reason.UNAUTHORIZED, "a proxy on the way wants credentials"),
    410: (Reason.GONE, "the feed has been taken down for good"),
    429: (Reason.RATE_LIMITED, "it has been asked too often; it will be left alone for a while"),
    503: (Reason.RATE_LIMITED, "it is overloaded or closed for now; it will be left alone for a while"),
}


def refusal(subject: str, response: HttpResponse, *, now: datetime, dropped_credentials: bool = False) -> FetchError:
    """The error for a response without a document (rule P24)."""
    reason, advice = _meaning(response)
    if dropped_credentials and reason is Reason.UNAUTHORIZED:
        advice = "it redirects to another host, which credentials are not sent to; use that address for this source"
    message = f"answered {_status_words(response.status)}: {advice}"
    return FetchError(
        subject,
        reason,
        message if response.address.text == subject else f"{response.address.text} {message}",
        status=response.status,
        retry_after=retry_after(response.header("retry-after"), now=now),
    )


def _meaning(response: HttpResponse) -> tuple[Reason, str]:
    status = response.status
    if is_challenge(response):
        return Reason.BOT_WALL, "a bot wall lets only browsers in; ask the owner to let feed readers through"
    if status == 403 and (response.header("content-type") or "").lower().startswith(("text/html", "application/xhtml")):
        return Reason.BOT_WALL, "it refuses this program with a web page, perhaps a bot wall; ask its owner"
    if status in _MEANINGS:
        return _MEANINGS[status]
    if 400 <= status < 500:
        return Reason.CLIENT_ERROR, "it does not accept the request; look whether the address opens in a browser"
    if 500 <= status < 600:
        return Reason.SERVER_ERROR, "it has trouble of its own; it will be asked again later"
    if 300 <= status < 400:
        return Reason.PROTOCOL, "a redirect that leads nowhere"
    return Reason.PROTOCOL, "this is no answer to the request that was sent"


def is_challenge(response: HttpResponse) -> bool:
    """Whether the response is from a known bot wall; some have a status of success."""
    return (response.header("cf-mitigated") or "").lower() == "challenge" or (
        (response.header("x-amzn-waf-action") or "").lower() in ("challenge", "captcha")
    )


def _status_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
