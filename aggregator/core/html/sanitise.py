"""The sanitiser (rules H5 and H6): nh3 builds the tree as browsers do, and keeps nothing but what is listed here.

`rewrite` has rewritten every tag before, so this usually only closes what is open. It does not rely on
that: every attribute is checked again, by its value where a value could do harm. Never allow svg, math or style
elements: mutation attacks use them. No element here is one that the W3C feed validator calls a risk, but iframe.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import nh3

from aggregator.core.html.embeds import SANDBOX, is_player
from aggregator.core.html.markup import names

ID_PREFIX = "entry-"
"""Put before each `id`, so that no body can name an element of the page around it."""

ALLOWED = names(
    "a abbr address article aside audio b bdi blockquote br caption cite code col colgroup dd del details dfn div dl "
    "dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i iframe img ins kbd li mark ol p picture pre q "
    "rp rt ruby s samp section small source span strong sub summary sup table tbody td tfoot th thead time tr track u "
    "ul var video wbr"
)

ALIGNMENTS = frozenset(f"text-align: {side};" for side in ("left", "right", "center", "justify"))

_GLOBAL = frozenset({"title", "lang", "dir", "id", "style"})
_OWN = {
    "a": {"href"},
    "audio": {"src", "controls", "referrerpolicy"},
    "blockquote": {"cite"},
    "del": {"cite", "datetime"},
    "iframe": {"src", "width", "height", "sandbox", "loading", "referrerpolicy"},
    "img": {"src", "srcset", "sizes", "alt", "width", "height", "loading", "referrerpolicy"},
    "ins": {"cite", "datetime"},
    "ol": {"start", "type"},
    "q": {"cite"},
    "source": {"src", "srcset", "sizes", "type", "media"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "time": {"datetime"},
    "track": {"src", "kind", "srclang", "label"},
    "video": {"src", "controls", "poster", "width", "height", "referrerpolicy"},
}

WITH_OWN = frozenset(_OWN)
"""Elements with attributes of their own, besides the five that any element may have."""

_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_SHAPES = {
    "href": re.compile(r"(?:(?:https?://|mailto:|tel:|magnet:)[^\s<>\"]*|#\S+)", re.IGNORECASE),
    "src": _ADDRESS,
    "cite": _ADDRESS,
    "poster": _ADDRESS,
    "srcset": re.compile(
        r"https?://[^\s<>\"]+(?: [\d.]+[wx])?(?:, https?://[^\s<>\"]+(?: [\d.]+[wx])?)*", re.IGNORECASE
    ),
    "width": re.compile(r"[1-9]\d{0,4}"),
    "height": re.compile(r"[1-9]\d{0,4}"),
    "colspan": re.compile(r"[1-9]\d{0,2}"),
    "rowspan": re.compile(r"[1-9]\d{0,2}"),
    "start": re.compile(r"-?\d{1,9}"),
    "type": re.compile(r"[1aAiI]|(?:audio|video|image)/[\w.+-]{1,60}(?:; ?codecs=\S{1,100})?"),
    "media": re.compile(r"[\w\s():.,/<>=-]{1,200}"),
    "datetime": re.compile(r"[\w:.+\- ]{1,40}"),
    "lang": re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,5}"),
    "srclang": re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,5}"),
    "dir": re.compile(r"ltr|rtl|auto"),
    "id": re.compile(ID_PREFIX + r"[^\s\"'<>]{1,200}"),
    "style": re.compile("|".join(sorted(ALIGNMENTS))),
    "loading": re.compile("lazy|eager"),
    "controls": re.compile(""),
    "kind": re.compile("subtitles|captions|descriptions|chapters|metadata"),
    "referrerpolicy": re.compile("[a-z-]{6,40}"),
    "sandbox": re.compile(SANDBOX),
    "sizes": re.compile(r"[\w\s().,:%<>=+*/-]{1,500}"),
}
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|avif);base64,[A-Za-z0-9+/]+={0,2}", re.IGNORECASE)


def fits(element: str, attribute: str, value: str) -> bool:
    """Whether the attribute may be on the element with this value (rule H6)."""
    if attribute not in _GLOBAL and attribute not in _OWN.get(element, ()):
        return False
    shape = _SHAPES.get(attribute)
    if shape is None or shape.fullmatch(value) is not None:
        return True
    return element == "img" and attribute == "src" and _DATA_IMAGE.fullmatch(value) is not None


_RULES: dict[str, Any] = {
    "tags": set(ALLOWED),
    "clean_content_tags": names("script style template svg math object noscript select textarea"),
    "url_schemes": {"http", "https", "mailto", "tel", "magnet", "data"},
    "link_rel": None,
    "strip_comments": True,
}
_NEEDS_VALUES = ("<iframe", "data:", ' id="')
"""Where these are, attributes are checked by value: by name alone they may be harmful."""


@lru_cache(maxsize=8)
def _cleaner_by_value(embed_hosts: frozenset[str]) -> nh3.Cleaner:
    """Checks every attribute by its value."""

    def kept_value(element: str, attribute: str, value: str) -> str | None:
        if element == "iframe" and attribute == "src" and not is_player(value, embed_hosts):
            return None
        return value if fits(element, attribute, value) else None

    attributes = {"*": set(_GLOBAL)} | {element: set(own) for element, own in _OWN.items()}
    return nh3.Cleaner(**_RULES, attributes=attributes, attribute_filter=kept_value)


@lru_cache(maxsize=1)
def _cleaner_by_name() -> nh3.Cleaner:
    """Checks attributes by name, addresses by scheme and `style` by value, without a call into Python."""
    attributes = {"*": set(_GLOBAL - {"style"})} | {element: set(own) for element, own in _OWN.items()}
    styles = {element: {"style": set(ALIGNMENTS)} for element in ALLOWED}
    return nh3.Cleaner(**_RULES, attributes=attributes, tag_attribute_values=styles)


def sanitise(html: str, embed_hosts: frozenset[str] = frozenset()) -> str:
    """The fragment as a browser would read it, with nothing in it that is not allowed; well nested, tags all closed.

    Nesting is quadratic here: cap it before. The text must hold no lone surrogate.
    """
    cleaner = _cleaner_by_value(embed_hosts) if any(sign in html for sign in _NEEDS_VALUES) else _cleaner_by_name()
    return cleaner.clean(html)
