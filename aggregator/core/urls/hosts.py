"""Host names: as they are in an address (rule P21), and which of them belong to one site (rule H7)."""

from __future__ import annotations

import ipaddress
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

import idna

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_DNS_NAME = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?"
)
_LONGEST = 253
_DOTS = re.compile("[。．｡]")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")

_UNLISTED_DOMAINS = (
    "wordpress.com tumblr.com render.com substack.com livedoor.blog tistory.com blog.jp seesaa.net fc2.com lofter.com"
    " neocities.org micro.blog"
)
_UNLISTED = frozenset(_UNLISTED_DOMAINS.split())
"""Domains whose subdomains belong to different people, though their owners have not put them on the list."""


class BadAddress(ValueError):
    """A text is no address, or its host none. The message says why and repeats no part of it: it may be secret."""


@lru_cache(maxsize=2048)
def ascii_host(host: str) -> str | None:
    """As `parse_host`; None where that raises, and for a name that DNS cannot hold (RFC 1035, section 2.3.4)."""
    try:
        found = parse_host(host)
    except BadAddress:
        return None
    if found.startswith("["):
        return found
    return found if len(found.rstrip(".")) <= _LONGEST and _DNS_NAME.fullmatch(found) else None


@lru_cache(maxsize=2048)
def parse_host(host: str) -> str:
    """The host of an address in ASCII, as the host parser of the URL standard reads it. Raises `BadAddress`.

    Percent escapes are decoded, international names mapped by UTS 46, IPv6 addresses shortened, in brackets; a name
    that ends in a number is an IPv4 address, whatever its notation. The letters of an ASCII name keep their case; other
    ASCII characters than letters, digits, `.`, `-` and `_` are refused.
    """
    if not host:
        raise BadAddress("the address has no host")
    if host.startswith("["):
        return _ipv6(host)
    if len(host) > 4 * _LONGEST:
        raise BadAddress("the host is too long")
    if "%" in host:
        host = unquote(host)
    name = host if host.isascii() else _a_labels(host)
    if not _NAME.fullmatch(name):
        raise BadAddress("the host has characters that no host can have")
    return _ipv4(name) if _ENDS_IN_NUMBER.fullmatch(name) else name


@lru_cache(maxsize=4096)
def registrable(host: str) -> str:
    """The registrable domain of a host, by the public suffix list, private section included: one label below a suffix.

    The host may be given with capitals, a final dot, in Unicode or as A-labels; the answer is in lower case and
    A-labels. An IP address, a name of one label, a public suffix itself and what is no host are their own answer.
    Never raises. The list is the one of the installed `publicsuffixlist`, read at the first call.
    """
    name = (host if host.isascii() else ascii_host(host) or host).lower().rstrip(".")
    if name.startswith("[") or ":" in name or _ENDS_IN_NUMBER.fullmatch(name):
        return name
    found = _public_suffixes().privatesuffix(_in_unicode(name) if "xn--" in name else name)
    if found is None:
        return name
    is_shared = found in _UNLISTED or found.startswith("blogspot.")
    return ".".join(name.split(".")[-found.count(".") - 1 - is_shared :])


def is_one_site(host: str, other: str) -> bool:
    """Whether two hosts, in lower case and ASCII, have one registrable domain."""
    if host == other:
        return True
    # Most pairs differ here already: then the list need not be read.
    return host.split(".")[-2:] == other.split(".")[-2:] and registrable(host) == registrable(other)


@cache
def _public_suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # reading the list costs 10 ms, which `--help` should not pay

    return PublicSuffixList(accept_encoded_idn=False)  # with the A-labels of its names it would be 28 ms


def _in_unicode(name: str) -> str:
    """A name with A-labels as the list writes it, label for label; as it is where one of them is none."""
    try:
        return name.encode("ascii").decode("idna")
    except UnicodeError:
        return name


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host[1:-1] if host.endswith("]") else "")
    except ValueError:
        raise BadAddress("there is no IPv6 address between the brackets") from None
    if address.scope_id is not None:
        raise BadAddress("an IPv6 address with a zone leads to this machine's own network")
    return f"[{address.compressed}]"


def _ipv4(host: str) -> str:
    """Decimal, octal and hexadecimal numbers, one to four of them; the last fills the bytes that are left."""
    try:
        numbers = [_number(part) for part in host.removesuffix(".").split(".")]
        if len(numbers) > 4 or any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
            raise ValueError
    except ValueError:
        raise BadAddress("the host ends in a number and is no IPv4 address") from None
    value = numbers[-1] + sum(number << 8 * (3 - place) for place, number in enumerate(numbers[:-1]))
    return str(ipaddress.IPv4Address(value))


def _number(text: str) -> int:
    """One number of an IPv4 address. Raises ValueError."""
    if not text or len(text) > 20 or not text.isalnum():
        raise ValueError
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") and len(text) > 1 else 10)


def _a_labels(host: str) -> str:
    """UTS 46; names that IDNA 2008 has no letters for (emoji) are encoded as browsers do. Raises `BadAddress`."""
    try:
        return idna.encode(host, uts46=True, transitional=False).decode("ascii")
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        pass
    try:
        mapped = idna.uts46_remap(_DOTS.sub(".", host), std3_rules=False, transitional=False)
        labels = [
            label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
            for label in mapped.split(".")
        ]
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        raise BadAddress("the host is no valid international name; write it in its xn-- form") from None
    return ".".join(labels)
