"""What single values of feeds.toml may be: each function takes a value of the file and returns the one to use.

A value that is not allowed raises `UnfitError`, which says what was expected and, if it can be guessed, what to write
instead; what was found and where is added by `report`.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from datetime import timedelta
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from aggregator.core.config.report import UnfitError, close_match
from aggregator.core.formats_table import DOCUMENTS
from aggregator.core.model import CategoryPath

ID_LENGTH = 60
"""Characters; with an ending, the name of a file in any script stays below the 255 bytes of most file systems."""
NAME_LENGTH = 100
"""Characters of a category's name (rule K3)."""
SHORTEST_INTERVAL = timedelta(minutes=5)
LONGEST_INTERVAL = timedelta(days=30)
RESERVED_OUTPUTS = frozenset(
    ("index", "con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(10)))
)
"""A web server answers `index` for the folder; the others are devices on Windows (rule W16)."""
_RESERVED_ENDINGS = (".xml", ".opml", ".gz", ".br", ".zst")
"""Endings of published files besides those of the formats: with one of them, an id would look like another file."""

_UNIT_MINUTES = {"m": 1, "h": 60, "d": 1440}
_LANGUAGE = re.compile(
    r"(?P<language>[a-z]{2,3}(?:-[a-z]{3}){0,3})"
    r"(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<rest>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?)",
    re.ASCII,
)
_LANGUAGE_SLIPS = {"cn": "zh-CN", "jp": "ja", "chinese": "zh", "japanese": "ja", "korean": "ko", "english": "en"}
_ZONE_SLIPS = {
    **dict.fromkeys(
        ("asia/beijing", "beijing", "prc", "cst", "utc+8", "gmt+8", "+08:00", "+8", "北京"), "Asia/Shanghai"
    ),
    **dict.fromkeys(("jst", "utc+9", "gmt+9", "+09:00", "東京", "东京"), "Asia/Tokyo"),
    **dict.fromkeys(("kst", "서울"), "Asia/Seoul"),
    **dict.fromkeys(("z", "gmt0", "utc+0", "+00:00"), "UTC"),
}
_HOST_NO = re.compile(r"[\x00-\x20\x7f#/:<>?@\[\\\]^|%\s]")
_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


def normal(value: str) -> str:
    """The one form (NFC) in which ids are kept and compared, however the editor composed them."""
    return unicodedata.normalize("NFC", value)


def folded_name(value: str) -> str:
    """The form in which ids must differ, since they become file names: NFC and case-folded."""
    return normal(normal(value).casefold())


def one_line(value: str) -> str:
    """Text on one line: outer blanks gone, inner ones single; never empty."""
    text = " ".join(value.split())
    if not text:
        raise UnfitError("text that is not empty", "leave the key out if there is nothing to say")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise UnfitError("text without control characters")
    return normal(text)


def identifier(value: str) -> str:
    """A name fit for addresses and files: letters of any script, digits, `-`, `_` and `.`, in NFC."""
    name = normal(value)
    wanted = "a name of letters, digits, - _ and ."
    if not name:
        raise UnfitError(wanted)
    if any(unicodedata.category(char)[0] not in "LMN" and char not in "-_." for char in name):
        proposal = re.sub(r"[^\w.-]+", "-", name).strip("-.")
        raise UnfitError(wanted, f'did you mean "{proposal}"?' if proposal else "")
    if name[0] in ".-" or name[-1] == ".":
        raise UnfitError(f"{wanted} that begins with a letter or digit and does not end with a dot")
    if len(name) > ID_LENGTH:
        raise UnfitError(f"a name of at most {ID_LENGTH} characters")
    return name


def output_identifier(value: str) -> str:
    """An identifier that leads to no address of another output's."""
    name = identifier(value)
    if name.casefold() in RESERVED_OUTPUTS:
        raise UnfitError("another name", "this one is reserved, since outputs become files")
    endings = (*(info.suffix for info in DOCUMENTS.values()), *_RESERVED_ENDINGS)
    ending = next((ending for ending in endings if name.casefold().endswith(ending)), None)
    if ending:
        raise UnfitError(f'a name without the ending "{ending}"', "the formats add theirs")
    return name


def token(value: str) -> str:
    """A secret part of an address: too long to guess, of letters that need no escape."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,100}", value):
        raise UnfitError(
            "16 to 100 ASCII letters, digits, - and _", "it keeps the address secret; `openssl rand -hex 16` makes one"
        )
    return value


def address(value: str) -> str:
    """An absolute http or https address; user name and password may be in it."""
    _split(value, "an address that begins with http:// or https://")
    return value


def site_address(value: str) -> str:
    """The address outputs are published at: no user name, query or fragment; the final slash goes."""
    parts = _split(value, "the public address of the outputs, beginning with http:// or https://")
    if parts.username is not None or parts.query or parts.fragment:
        raise UnfitError("an address without user name, ? and #")
    return value.rstrip("/")


def _split(value: str, wanted: str) -> SplitResult:
    if _SPACE_OR_CONTROL.search(value.strip()):
        raise UnfitError(f"{wanted}, without blanks in it", 'a blank is written as "%20"')
    if value != value.strip():
        raise UnfitError(f"{wanted}, without blanks around it")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise UnfitError(f"{wanted} and has a well-formed host and port") from error
    if parts.scheme not in {"http", "https"}:
        raise UnfitError(wanted, _scheme_hint(value))
    if not parts.hostname:
        raise UnfitError(f"{wanted} and names a host", _scheme_hint(value))
    if not is_host(parts.hostname) or port == 0:
        raise UnfitError(f"{wanted} and has a well-formed host and port")
    return parts


def _scheme_hint(value: str) -> str:
    rest = re.sub(r"^(?:feed:(?://)?(?=https?://)|feed://|https?[:;/]*(?=[^:;/])|//)", "", value, flags=re.IGNORECASE)
    if re.match(r"https?://", rest):
        return f'did you mean "{rest}"?'
    if re.match(r"[\w.-]+\.\w{2,}(?:[:/]|$)", rest):
        return f'did you mean "https://{rest}"?'
    if re.search(r"[*\\]|\.\w+$", value) or value.startswith(("/", "./", "../", "~")):
        return "files on disk are named with path instead of url"
    return ""


def is_host(host: str) -> bool:
    """Whether this can be the name or number of a host: no claim that it exists."""
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return False
        return True
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and all(0 < len(label) <= 63 and not _HOST_NO.search(label) for label in labels)


def split_host_port(value: str) -> tuple[str, int]:
    """`host:port` in its two halves, an IPv6 host without its brackets. Raises ValueError if it is none."""
    host, colon, port = value.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(value)
    if not is_host(host) or (":" in host) != bracketed:
        raise ValueError(value)
    return host, int(port)


def listen_address(value: str) -> str:
    """Where the server listens; port 0 stands for any free one."""
    try:
        split_host_port(value)
    except ValueError as error:
        raise UnfitError('a host and a port such as "127.0.0.1:8000"', _port_hint(value, "8000")) from error
    return value


def allowed_address(value: str) -> str:
    """An address that may be polled though it is private: host and port in small letters."""
    wanted = 'a host and a port such as "127.0.0.1:8099"'
    try:
        _, port = split_host_port(value)
    except ValueError as error:
        raise UnfitError(wanted, _port_hint(value, "80")) from error
    if port == 0:
        raise UnfitError(wanted)
    return value.lower()


def _port_hint(value: str, port: str) -> str:
    match = re.match(r"(?P<scheme>https?)://(?P<place>[^/?#\s]+)", value)
    proposal = match["place"] if match else value
    usual = "443" if match and match["scheme"] == "https" else port
    for guess in (proposal, f"{proposal}:{usual}", f"[{proposal}]:{usual}", f"127.0.0.1{proposal}"):
        try:
            split_host_port(guess)
        except ValueError:
            continue
        return f'did you mean "{guess}"?'
    return ""


def interval(value: object) -> timedelta | None:
    """How long to wait between two visits; None means that the source's rhythm is learnt ("auto")."""
    wanted = '"auto" or a number with m, h or d, such as "30m", "6h", "1d"'
    match = re.fullmatch(r"([0-9]{1,6})([mhd])", value) if isinstance(value, str) else None
    if value == "auto":
        return None
    if match is None:
        raise UnfitError(wanted)
    length = timedelta(minutes=int(match[1]) * _UNIT_MINUTES[match[2]])
    if length < SHORTEST_INTERVAL:
        raise UnfitError('at least "5m"', "more visits than that are no courtesy to the source")
    if length > LONGEST_INTERVAL:
        raise UnfitError('at most "30d"', "enabled = false switches a source off")
    return length


@lru_cache(maxsize=256)
def timezone(value: str) -> str:
    """A zone of the IANA database, by its exact name."""
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError) as error:
        slip = _ZONE_SLIPS.get(value.casefold().replace(" ", ""))
        proposal = slip or close_match(value, sorted(available_timezones()))
        hint = f'did you mean "{proposal}"?' if proposal else ""
        raise UnfitError('a time zone such as "Asia/Shanghai" or "UTC"', hint) from error
    return value


def language(value: str) -> str:
    """A BCP 47 language tag, in its usual letter case: zh-Hans, ja, en-GB."""
    match = _LANGUAGE.fullmatch(value.lower())
    slip = _LANGUAGE_SLIPS.get(value.lower())
    if match is None or slip:
        underscored = value.replace("_", "-")
        slip = slip or (underscored if _LANGUAGE.fullmatch(underscored.lower()) else None)
        raise UnfitError('a language tag such as "zh-Hans", "ja" or "en"', f'did you mean "{slip}"?' if slip else "")
    script, region = match["script"], match["region"]
    tag = match["language"] + (f"-{script.title()}" if script else "") + (f"-{region.upper()}" if region else "")
    return tag + match["rest"]


def encoding(value: str) -> str:
    """A character encoding that Python can read."""
    if not _is_encoding(value):
        proposal = close_match(value, ["utf-8", "gb18030", "gbk", "big5", "shift_jis", "euc-jp", "euc-kr", "latin-1"])
        hint = f'did you mean "{proposal}"?' if proposal else ""
        raise UnfitError('a character encoding such as "gb18030", "big5" or "shift_jis"', hint)
    return value


def _is_encoding(value: str) -> bool:
    """Whether it names a way to read any bytes as text: punycode and escapes are notations for something else."""
    if not value.isascii() or re.search("punycode|escape", value, re.IGNORECASE):
        return False
    try:
        b"a".decode(value, "replace")
    except (LookupError, ValueError):
        return False
    return True


def category_path(value: object) -> CategoryPath:
    """`"a/b/c"` as the names from the root down, cleaned by rule K3; empty names are passed over."""
    if not isinstance(value, str):
        raise UnfitError('a path of names in one text, such as "新媒体/IT 之家"')
    if "／" in value:
        raise UnfitError('names with "/" between them', 'this slash is the full-width "／"')
    names = tuple(filter(None, (" ".join(normal(name).split()) for name in value.split("/"))))
    if not names:
        raise UnfitError("at least one name", "leave the key out for no category")
    if any(unicodedata.category(char) == "Cc" for char in "".join(names)):
        raise UnfitError("names without control characters")
    if any(len(name) > NAME_LENGTH for name in names):
        raise UnfitError(f"names of at most {NAME_LENGTH} characters")
    return names


def folded_path(path: CategoryPath) -> CategoryPath:
    """The form in which category paths are compared: case, width and blanks do not count (rule K3)."""
    return tuple("".join(unicodedata.normalize("NFKC", name).casefold().split()) for name in path)


def word(value: str) -> str:
    """A word to keep or drop, as written; blanks alone are none."""
    if not value.strip():
        raise UnfitError("a word that is not empty", "an empty one would match every entry")
    return value


def header_text(value: str) -> str:
    """Text that may be in an HTTP header: printable ASCII."""
    text = value.strip()
    if not text or not text.isascii() or not text.isprintable():
        raise UnfitError("plain ASCII text on one line")
    return text


def folder(value: str) -> str:
    """A folder on disk, without a slash at its end; relative to the folder of feeds.toml."""
    wanted = 'a folder such as "blog/source/_posts"'
    name = re.sub(r"(?<=.)/+$", "", re.sub(r"^(?:\./+)+(?=.)", "", value))
    if not name.strip() or any(unicodedata.category(char) == "Cc" for char in value):
        raise UnfitError(wanted)
    if "://" in value or value.startswith("~"):
        raise UnfitError(f'{wanted}, or one from the root such as "/srv/blog/source/_posts"')
    if re.search(r"[*?\[\]]", value):
        raise UnfitError(wanted, "this is a pattern")
    if name in (".", "/") or ".." in name.split("/")[-1:]:
        raise UnfitError(wanted, "posts get a folder of their own")
    return name


def glob(value: str) -> str:
    """A path or pattern of files, relative to the folder of feeds.toml."""
    if not value.strip() or any(unicodedata.category(char) == "Cc" for char in value):
        raise UnfitError('a path or pattern of files such as "examples/posts/*.md"')
    if re.match(r"https?://", value):
        raise UnfitError("a path on disk", "an address is named with url instead of path")
    return value
