"""The addresses that are polled: http and https alone, without what no request carries (rule P21)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes, urljoin

import httpx

from aggregator.core.urls.hosts import BadAddress
from aggregator.core.urls.parser import parse_authority, split_url

MAX_LENGTH = 8192

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address that can be requested: ASCII, with neither user information nor fragment."""

    url: httpx.URL
    authorization: str | None = field(default=None, repr=False)
    """The user information as a value for the Authorization header (Basic)."""

    @property
    def text(self) -> str:
        """The address as it is requested and logged."""
        return str(self.url)

    @property
    def host(self) -> str:
        """ASCII and lower-case; IPv6 without brackets."""
        return self.url.raw_host.decode("ascii")

    @property
    def port(self) -> int:
        """The port, the default one of the scheme if none is written."""
        return self.url.port or _DEFAULT_PORTS[self.url.scheme]

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.url.scheme, self.host, self.port


def parse_address(text: str) -> Address:
    """An address as a person or a server wrote it; percent escapes in path and query are kept. Raises `BadAddress`."""
    text = re.sub(r"[\t\r\n]", "", text).strip()
    if len(text) > MAX_LENGTH:
        raise BadAddress(f"the address is longer than {MAX_LENGTH} characters")
    parts = split_url(text)
    if parts.scheme not in _DEFAULT_PORTS:
        raise BadAddress("only http:// and https:// addresses can be polled")
    authority = parse_authority(parts.authority)
    port = "" if authority.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{authority.port}"
    # A backslash after the host becomes a slash, as in browsers; httpx would take it for part of the host.
    path = re.sub(r"^\\", "/", parts.path) + ("" if parts.query is None else f"?{parts.query}")
    try:
        url = httpx.URL(f"{parts.scheme}://{authority.host.lower()}{port}{path}")
    except (httpx.InvalidURL, ValueError):  # of which UnicodeError is one
        raise BadAddress("the address is not well-formed") from None
    return Address(url=url, authorization=_basic(authority.userinfo) if authority.userinfo else None)


def join_address(base: Address, location: str) -> Address:
    """The target of a redirect, relative or absolute. Raises `BadAddress`."""
    try:
        joined = urljoin(base.text, location.strip())
    except ValueError:
        raise BadAddress("the address is not well-formed") from None
    return parse_address(joined)


def _basic(userinfo: str) -> str:
    user, _, password = userinfo.partition(":")
    pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return "Basic " + base64.b64encode(pair).decode("ascii")
