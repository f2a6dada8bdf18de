"""The parser of addresses: what is polled and what is published are both taken apart here (rule P21).

It follows RFC 3986 and, for http and https, the URL standard where that is more lenient. It changes no text but the
host; what is done about escapes, controls and blanks is the caller's. Messages repeat no part of the text, since it may
hold a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from aggregator.core.urls.hosts import BadAddress, parse_host

_WEB = re.compile(r"(https?):[/\\]*([^/\\?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL | re.IGNORECASE)
_ANY = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}")
_LEAD = r"\A([\x00-\x20]*(?:https?:[/\\]*|(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}))"
_USERINFO = re.compile(_LEAD + r"[^/?#\\]*@", re.IGNORECASE)
_TO_LAST_AT = re.compile(_LEAD + r".*@", re.IGNORECASE | re.DOTALL)


class Url(NamedTuple):
    """The five components of RFC 3986, section 3, as written but for the scheme, which is in lower case.

    None for a component that is absent; the path never is. An http or https address always has an authority, perhaps an
    empty one: the number of slashes before it does not matter, and a backslash ends it as a slash does.
    """

    scheme: str | None
    authority: str | None
    path: str
    query: str | None
    fragment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """User information as written, "" for none; the host as `parse_host` gives it; a port from 1 to 65535, or None."""

    userinfo: str = field(repr=False)
    host: str
    port: int | None


def split_url(text: str) -> Url:
    """Take any text apart; one that is no address comes back as a path. Never raises."""
    match = _WEB.fullmatch(text) or _ANY.fullmatch(text)
    scheme, authority, path, query, fragment = match.groups() if match else (None, None, text, None, None)
    return Url(scheme.lower() if scheme else None, authority, path or "", query, fragment)


@lru_cache(maxsize=512)
def parse_authority(text: str | None) -> Authority:
    """User information, host and port of `Url.authority`; an empty port is none. Raises `BadAddress`."""
    userinfo, _, rest = (text or "").rpartition("@")
    host, port = _host_and_port(rest)
    if port and not (_PORT.fullmatch(port) and 0 < int(port) < 65536):
        raise BadAddress("the port is no number from 1 to 65535")
    return Authority(userinfo=userinfo, host=parse_host(host), port=int(port) if port else None)


def _host_and_port(text: str) -> tuple[str, str]:
    if not text.startswith("["):
        host, colon, port = text.rpartition(":")
        return (host, port) if colon else (text, "")
    host, bracket, rest = text.partition("]")
    if rest and not rest.startswith(":"):
        raise BadAddress("something other than a port follows the IPv6 address")
    return host + bracket, rest[1:]


def without_userinfo(text: str) -> str:
    """The address without user name and password: these are never logged, stored or published (rule P21).

    Any other text comes back as it was.
    """
    if "@" not in text:
        return text
    stripped = _USERINFO.sub(r"\1", text)
    authority = split_url(stripped.strip().replace("\\", "/")).authority
    try:
        if authority:
            parse_authority(authority)
    except BadAddress:
        # A password with a slash in it ends the authority early: then nothing before the last "@" can be trusted.
        return _TO_LAST_AT.sub(r"\1", text)
    return stripped
