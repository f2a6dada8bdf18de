"""Reading http and https addresses as people and servers write them (rule P21).

Nothing here may put user information into a message: it can hold a password.
"""

from __future__ import annotations

import base64
import re
import socket
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from urllib.parse import unquote_to_bytes, urljoin

import httpx
import idna

MAX_LENGTH = 8192

_PARTS = re.compile(r"(https?):/*([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_ASCII_HOST = re.compile(r"[a-z0-9._-]+")
_LAST_LABEL_IS_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class BadAddress(ValueError):
    """The text is no address that can be polled; the message says why and repeats no part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address ready to be asked: ASCII, with neither user information nor fragment."""

    url: httpx.URL
    authorization: str | None = field(default=None, repr=False)
    """The user information as a value for the Authorization header (Basic)."""

    @property
    def text(self) -> str:
        return str(self.url)

    @property
    def host(self) -> str:
        """ASCII and lower-case; IPv6 without brackets."""
        return self.url.raw_host.decode("ascii")

    @property
    def port(self) -> int:
        return self.url.port or _DEFAULT_PORTS[self.url.scheme]

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.url.scheme, self.host, self.port


def parse_address(text: str) -> Address:
    """Read an address; raises `BadAddress`.

    The host follows UTS 46, existing percent escapes are kept, and numeric forms of an IPv4 address that only some
    resolvers know (`0x7f.1`) become the usual one.
    """
    text = re.sub(r"[\t\r\n]", "", text).strip()
    if len(text) > MAX_LENGTH:
        raise BadAddress(f"the address is longer than {MAX_LENGTH} characters")
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise BadAddress("only http:// and https:// addresses can be polled")
    scheme, authority, rest = parts.groups()
    userinfo, _, hostport = authority.rpartition("@")
    host, port = _split_port(hostport)
    netloc = ascii_host(host) + _port_suffix(port, scheme.lower())
    try:
        # httpx takes a backslash for a part of the host, browsers for a slash; two readings of one address are a trap.
        path = re.sub(r"^\\", "/", rest).partition("#")[0]
        url = httpx.URL(f"{scheme.lower()}://{netloc}{path}")
    except (httpx.InvalidURL, ValueError):  # of which UnicodeError is one
        raise BadAddress("the address is not well-formed") from None
    return Address(url=url, authorization=_basic(userinfo) if userinfo else None)


def join_address(base: Address, location: str) -> Address:
    """The target of a redirect, relative or absolute; raises `BadAddress`."""
    try:
        return parse_address(urljoin(base.text, location.strip()))
    except BadAddress:
        raise
    except ValueError:
        raise BadAddress("the address is not well-formed") from None


def without_userinfo(text: str) -> str:
    """The address as it may be shown and stored."""
    if "@" not in text:
        return text
    stripped = re.sub(r"^([^/?#]*//)[^/?#\\]*@", r"\1", text)
    try:
        parse_address(stripped)
    except BadAddress:
        # A password with a slash in it ends the authority early: then nothing before the last "@" can be trusted.
        return re.sub(r"^([^/?#]*//).*@", r"\1", text, flags=re.DOTALL)
    return stripped


def ascii_host(host: str) -> str:
    """A host as it goes onto the wire, IPv6 in brackets; raises `BadAddress`."""
    if not host:
        raise BadAddress("the address has no host")
    if host.startswith("["):
        return _bracketed_ipv6(host)
    try:
        plain = (host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")).lower()
    except UnicodeError:
        raise BadAddress("the host is no valid international name; write it in its xn-- form") from None
    if not _ASCII_HOST.fullmatch(plain):
        raise BadAddress("the host has characters that no host can have")
    return _plain_ipv4(plain) if _LAST_LABEL_IS_NUMBER.fullmatch(plain) else plain


def _bracketed_ipv6(host: str) -> str:
    try:
        address = IPv6Address(host[1:-1] if host.endswith("]") else "")
    except ValueError:
        raise BadAddress("there is no IPv6 address between the brackets") from None
    if address.scope_id is not None:
        raise BadAddress("an IPv6 address with a zone leads to this machine's own network")
    return f"[{address}]"


def _plain_ipv4(host: str) -> str:
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except OSError:
        raise BadAddress("the host ends in a number and is no IPv4 address") from None


def _split_port(hostport: str) -> tuple[str, str]:
    if hostport.startswith("["):
        host, bracket, rest = hostport.partition("]")
        if rest and not rest.startswith(":"):
            raise BadAddress("something other than a port follows the IPv6 address")
        return host + bracket, rest[1:]
    host, colon, port = hostport.rpartition(":")
    return (host, port) if colon else (hostport, "")


def _port_suffix(port: str, scheme: str) -> str:
    if not port:
        return ""
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise BadAddress("the port is no number from 1 to 65535")
    return "" if int(port) == _DEFAULT_PORTS[scheme] else f":{int(port)}"


def _basic(userinfo: str) -> str:
    user, _, password = userinfo.partition(":")
    pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return "Basic " + base64.b64encode(pair).decode("ascii")
