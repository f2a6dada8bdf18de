"""Addresses: absolute and clean for publishing (rules H10 and P21), reduced to keys for comparing (rules I4 and I6).

Rules for editors: what is published is never normalised, only completed and escaped; what is compared is never
published. Nothing here raises, whatever the string: an address that cannot be one is None.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote, urljoin

from aggregator.core.urls.hosts import BadAddress, ascii_host, is_one_site
from aggregator.core.urls.parser import parse_authority, split_url

_LONGEST = 8192
_HOSTED = ("http", "https", "ftp", "ftps", "sftp", "rtsp", "rtsps", "rtmp", "mms", "irc", "ircs", "gemini", "gopher")
_WITH_HOST = frozenset((*_HOSTED, "webcal"))
_WITHOUT_HOST = frozenset(("mailto", "tel", "sms", "magnet", "geo", "sip", "sips", "xmpp", "news", "nntp", "ed2k"))
_IDENTIFIERS = frozenset(("info", "cid", "mid", "mailto", "news", "nntp", "xmpp", "crid", "tel", "sip", "sips"))
"""Schemes of ids besides http(s), ftp, urn and tag; all registered, since feed validators warn of others."""

_EDGES = "".join(map(chr, range(0x21))) + "\x7f\x80\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff\u200b\u200e\u200f"
_INNER = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff\ufeff\u200b\u200e\u200f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BACKSLASHED = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\\\\|\\\\")
_SLASHES = re.compile(r"(https?):/*(?=[^/])", re.IGNORECASE)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_SAFE = "/:@!$&'()*+,;=~%-._"
_QUERY_SAFE = _PATH_SAFE + "?"
_USER_SAFE = "!$&'()*+,;=~%-._:"
_URI_CHARACTERS = r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_AS_IT_STANDS = re.compile(
    r"https?://([a-z0-9][a-z0-9.-]*+)(?:/(?:[A-Za-z0-9/:@!$&'()*+,;=~._-]++|%[0-9A-Fa-f]{2})*+)?+"
    r"(?:[?](?:[A-Za-z0-9/:@!$&'()*+,;=~._?-]++|%[0-9A-Fa-f]{2})*+)?+"
    r"(?:#(?:[A-Za-z0-9/:@!$&'()*+,;=~._?-]++|%[0-9A-Fa-f]{2})*+)?+"
)
"""What `absolute` would change nothing in, if its host is one."""
_FROM_ROOT = re.compile(r"(?:/[A-Za-z0-9_~-]+)+(?:[.][A-Za-z0-9]+)?(?:[?][A-Za-z0-9&=_.~-]+)?")
"""A relative address that only wants scheme and host before it."""
_RFC_3986 = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:{_URI_CHARACTERS}+(?:#{_URI_CHARACTERS}*)?")
_WITH_AUTHORITY = re.compile(r"[A-Za-z]+://[^/?#]")
_URN = re.compile(r"urn:[a-z0-9][a-z0-9-]{1,31}:(?:[a-z0-9()+,.:=@;$_!*'-]|%[0-9a-f]{2})+", re.IGNORECASE)
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_TAG_URI = re.compile(r"tag:(?:[a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(?:-\d\d(?:-\d\d)?)?:[^#\[\]]*(?:#[^#]*)?")
_DEFAULT_PORTS = {"http": "80", "https": "443", "ftp": "21"}
_TRACKING = re.compile(r"(?:amp;)*(?:(?:utm_|mtm_|share_).*|fbclid|gclid|msclkid|yclid|mc_cid|mc_eid|spm|from_source)")
_TAG = re.compile(r"tag:[^,:/]{1,200},\d{4}(?:-\d\d){0,2}:(.+)", re.DOTALL | re.IGNORECASE)
_SPECIFIC = re.compile(r"\d|[^\x00-\x7f]|%[89A-Fa-f]|[^/?&=.]{8}")
_FRONT_PAGES = frozenset(
    ("", "/", "/index.html", "/index.htm", "/index.php", "/index.asp", "/index.aspx", "/default.aspx", "/home")
)


def absolute(url: str, base: str | None) -> str | None:
    """The address as a URI (RFC 3986): cleaned, resolved against `base`, its host in ASCII, the rest percent-encoded.

    None for an empty one, one whose scheme does not lead anywhere (javascript, data, file ...), one without a possible
    host or port, and a relative one without a usable `base`. `//host` is https. Escapes that are there stay as they
    are. `absolute(absolute(x, b), None)` is `absolute(x, b)`.
    """
    plain = _AS_IT_STANDS.fullmatch(url)
    if plain is not None and len(url) <= _LONGEST and ascii_host(plain[1]) == plain[1]:
        return url
    root = _base(base) if base else None
    if root is not None and _FROM_ROOT.fullmatch(url) is not None and (top := _top(root)) is not None:
        found = top + url
        return found if len(found) <= _LONGEST else None
    cleaned = _clean(url)
    if not cleaned:
        return None
    scheme = _SCHEME.match(cleaned)
    if scheme is None:
        if cleaned.startswith("//"):
            cleaned = f"https:{cleaned}"
        elif root is None:
            return None
        else:
            cleaned = _joined(root, cleaned)
        scheme = _SCHEME.match(cleaned)
    return _encoded(cleaned, scheme[1].lower()) if scheme else None


def is_absolute_uri(text: str) -> bool:
    """Whether an id may be published as it is (rule I7): a known scheme, RFC 3986 characters, a host where one belongs.

    `urn:` (RFC 8141, without its rare extensions) and `tag:` (RFC 4151) must be well-formed.
    """
    if len(text) > _LONGEST or not _RFC_3986.fullmatch(text):
        return False
    scheme = text.partition(":")[0].lower()
    if scheme == "urn":
        return (_UUID if text[:9].lower() == "urn:uuid:" else _URN).fullmatch(text) is not None
    if scheme == "tag":
        return _TAG_URI.fullmatch(text) is not None
    if scheme in ("http", "https", "ftp"):
        return _WITH_AUTHORITY.match(text) is not None and _authority(split_url(text).authority) is not None
    return scheme in _IDENTIFIERS


def link_key(url: str, *, feed_host: str | None = None, keep_fragment: bool = False) -> str | None:
    """What makes two links the same page (rule I6); only for comparing. None where `absolute` without a base is None.

    Scheme and host in lower case, http as https, no default port, dot segments, fragment, tracking parameters, final
    slash or user name; a fragment stays if it begins with `!` or `keep_fragment` is set (entries of that source differ
    by it alone). The parameter `ref` goes only if it names `feed_host`. The order of the others stays.
    """
    cleaned = absolute(url, None)
    if cleaned is None:
        return None
    parts = split_url(cleaned)
    scheme = "https" if parts.scheme in ("http", "https") else parts.scheme
    if parts.authority is None:
        return f"{scheme}:{_same_escapes(cleaned.partition(':')[2])}"
    host = parts.authority.rpartition("@")[2].lower()
    name, colon, port = host.rpartition(":") if re.search(r":\d*\Z", host) else (host, "", "")
    if colon and port not in ("", _DEFAULT_PORTS.get(parts.scheme or "")):
        name = f"{name.rstrip('.')}:{port}"
    path = _without_dots(_same_escapes(parts.path)).removesuffix("/")
    query = _without_tracking(_same_escapes(parts.query or ""), feed_host)
    key = f"{scheme}://{name.rstrip('.')}{path}" + (f"?{query}" if query else "")
    if parts.fragment and (keep_fragment or parts.fragment.startswith("!")):
        key += f"#{_same_escapes(parts.fragment)}"
    return key


def alias_key(native_id: str) -> str | None:
    """An id without scheme, host and tracking (rule I4): what stays of it when a site moves or turns to https.

    None if that is not specific: a front page, a short word. Also for an id that is no address, since it would be its
    own alias.
    """
    tag = _TAG.fullmatch(native_id.strip())
    if tag:
        return _specific(tag[1])
    key = link_key(native_id, keep_fragment=True)
    if key is None or not key.startswith("https://"):
        return None
    rest = key.removeprefix("https://")
    cut = re.search(r"[/?#]", rest)
    return _specific(rest[cut.start() :]) if cut else None


def same_site(a: str, b: str) -> bool:
    """Whether two addresses belong to one registrable domain (rule H7)."""
    first, second = host_of(a), host_of(b)
    return bool(first and second) and is_one_site(first or "", second or "")


def origin_of(url: str) -> str | None:
    """`https://example.org:8443`, without user name and default port; None if there is no host."""
    cleaned = absolute(url, None)
    parts = split_url(cleaned) if cleaned else None
    if parts is None or not parts.authority:
        return None
    host = parts.authority.rpartition("@")[2].lower()
    return f"{parts.scheme}://{host.removesuffix(':' + _DEFAULT_PORTS.get(parts.scheme or '', '-'))}"


def host_of(url: str) -> str | None:
    """The host in ASCII and lower case, without port and final dot; None if there is none."""
    cleaned = absolute(url, None)
    authority = split_url(cleaned).authority if cleaned else None
    if not authority:
        return None
    return re.sub(r":\d*\Z", "", authority.rpartition("@")[2]).lower().rstrip(".") or None


def _clean(url: str) -> str:
    """Rule H10: no line ends or controls inside, no backslashes, one spelling of `http://`; empty if far too long."""
    if len(url) > 4 * _LONGEST:
        return ""
    text = url.strip(_EDGES)
    text = text.replace("\\", "/") if _BACKSLASHED.match(text) else text.replace("\\", "")
    text = _INNER.sub("", text).strip(_EDGES)
    return _SLASHES.sub(lambda m: f"{m[1].lower()}://", text, count=1) if _SLASHES.match(text) else text


@lru_cache(maxsize=512)
def _base(base: str) -> str | None:
    return absolute(base, None)


@lru_cache(maxsize=512)
def _top(base: str) -> str | None:
    """Scheme and authority of a base that `absolute` made; None if it has no path to be relative to."""
    parts = split_url(base)
    return f"{parts.scheme}://{parts.authority}" if parts.scheme in ("http", "https") and parts.authority else None


def _joined(base: str, relative: str) -> str:
    """RFC 3986 section 5.2; empty if the standard library finds no address in it."""
    try:
        return urljoin(base, relative)
    except ValueError:  # pragma: no cover: what it refuses changes with Python; both are clean, so none is known
        return ""


def _encoded(url: str, scheme: str) -> str | None:
    parts = split_url(url)
    tail = "" if parts.query is None else f"?{_quoted(parts.query, _QUERY_SAFE)}"
    tail += "" if parts.fragment is None else f"#{_quoted(parts.fragment, _QUERY_SAFE)}"
    path = _quoted(parts.path, _PATH_SAFE)
    if scheme in _WITHOUT_HOST:
        opened = "" if parts.authority is None else f"//{_quoted(parts.authority, _PATH_SAFE)}"
        result = f"{scheme}:{opened}{path}{tail}"
        return result if len(opened + path + tail) > 1 and len(result) <= _LONGEST else None
    if scheme not in _WITH_HOST or (authority := _authority(parts.authority)) is None:
        return None
    result = f"{scheme}://{authority}{path}{tail}"
    return result if len(result) <= _LONGEST else None


def _authority(text: str | None) -> str | None:
    """`user@host:port` with the host in ASCII; None if host or port are impossible. An empty port is dropped."""
    try:
        authority = parse_authority(text)
    except BadAddress:
        return None
    host = ascii_host(authority.host)
    if host is None:
        return None
    user = f"{_quoted(authority.userinfo, _USER_SAFE)}@" if authority.userinfo else ""
    return user + host + (f":{authority.port}" if authority.port else "")


def _quoted(text: str, safe: str) -> str:
    """Percent-encoded as UTF-8; escapes that are there stay, a `%` that begins none becomes `%25`."""
    return quote(_STRAY_PERCENT.sub("%25", text), safe=safe, errors="replace")


def _same_escapes(text: str) -> str:
    """RFC 3986 section 6.2.2: upper-case hex, and no escapes for characters that need none."""

    def same(match: re.Match[str]) -> str:
        character = chr(int(match[0][1:], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return _ESCAPE.sub(same, text)


def _without_dots(path: str) -> str:
    """RFC 3986 section 5.2.4 for an absolute path."""
    if "." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)


def _without_tracking(query: str, feed_host: str | None) -> str:
    """The raw query less its tracking parameters; nothing else of it changes."""
    return "&".join(part for part in query.split("&") if part and not _is_tracking(part, feed_host))


def _is_tracking(parameter: str, feed_host: str | None) -> bool:
    name, _, value = parameter.partition("=")
    name = unquote(name).lower()
    if name == "ref" and feed_host:
        return (host_of(unquote(value)) or unquote(value).lower()) == feed_host.lower()
    return _TRACKING.fullmatch(name) is not None


def _specific(rest: str) -> str | None:
    if rest.lower() in _FRONT_PAGES or not _SPECIFIC.search(rest):
        return None
    return rest
