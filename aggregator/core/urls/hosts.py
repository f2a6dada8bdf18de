"""Host names: internationalised ones in ASCII (rule P21), and which of them are one site (rule H7)."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import unquote

import idna

_ASCII_NAME = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?"
)
_LONGEST = 253
_DOTS = re.compile("[。．｡]")

_REGISTRY_LABELS = "com co net ne org or gov go edu ac gob gouv mil sch nom id ltd plc nhs idv gr lg ad ed re pe"
_SECOND_LEVELS = frozenset(_REGISTRY_LABELS.split())
"""Labels that registries of countries sell names under: com.cn, co.jp, or.kr, ac.uk."""
_SHARED_DOMAINS = (
    "github.io gitlab.io blogspot.com wordpress.com tumblr.com netlify.app vercel.app pages.dev web.app workers.dev"
    " herokuapp.com firebaseapp.com fly.dev render.com onrender.com substack.com hatenablog.com hatenadiary.com"
    " livedoor.blog tistory.com blog.jp seesaa.net fc2.com lofter.com neocities.org bearblog.dev micro.blog"
)
_SHARED = frozenset(_SHARED_DOMAINS.split())
"""Domains whose subdomains belong to different people."""


@lru_cache(maxsize=2048)
def ascii_host(host: str) -> str | None:
    """A host as it stands in a URI: ASCII names as they are, others by UTS 46, IPv6 in brackets; None for no host."""
    if not host or len(host) > 4 * _LONGEST:
        return None
    if host.startswith("["):
        return _ip_literal(host)
    if "%" in host:
        host = unquote(host)
    if not host.isascii():
        host = _punycode(host) or ""
    if len(host.rstrip(".")) > _LONGEST or not _ASCII_NAME.fullmatch(host):
        return None
    return host if _is_possible_number(host) else None


def registrable(host: str) -> str:
    """The part of a lower-case host that someone registered: two labels, or three below co.jp, com.cn and the like."""
    if host.startswith("[") or host.replace(".", "").isdecimal():
        return host
    labels = host.split(".")
    pair = ".".join(labels[-2:])
    deep = pair in _SHARED or (len(labels[-1]) == 2 and len(labels) > 2 and labels[-2] in _SECOND_LEVELS)
    return ".".join(labels[-3:]) if deep else pair


def _ip_literal(host: str) -> str | None:
    if not host.endswith("]") or "%" in host:
        return None
    try:
        return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
    except ValueError:
        return None


def _is_possible_number(host: str) -> bool:
    """A host of figures alone must be an IPv4 address: browsers read "1.2.3.999" as a mistake, not as a name."""
    if not host.replace(".", "").isdecimal():
        return True
    try:
        ipaddress.IPv4Address(host.rstrip("."))
    except ValueError:
        return False
    return True


def _punycode(host: str) -> str | None:
    """UTS 46; names that IDNA 2008 has no letters for (emoji) are encoded as browsers do."""
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
        return None
    return ".".join(labels)
