"""HTML as tags and text between them: the tokens of the HTML standard, read and written.

`TOKEN` follows the standard's tokeniser, so that a tag ends here exactly where it ends in a browser; the one leniency
is a quoted value that is never closed, which ends at the next `>` instead of swallowing the rest of the body.
Every quantifier that could back-track is possessive: matching is linear whatever the input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from html.entities import html5

from aggregator.core.charset.characters import clean_characters


def names(listed: str) -> frozenset[str]:
    """The names in a list parted by blanks."""
    return frozenset(listed.split())


BLANKS = " \t\n\f\r"
"""White space in the sense of the HTML standard; no-break and ideographic spaces are text."""

_ATTRIBUTE = r"""[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+
    (?:[ \t\n\f\r]*+=[ \t\n\f\r]*+(?:"[^"]*+"|'[^']*+'|[^ \t\n\f\r>"'][^ \t\n\f\r>]*+)?+)?+"""

TOKEN = re.compile(
    rf"""<(?:
      (?P<close>/?+)(?P<name>[a-zA-Z][^ \t\n\f\r/>]*+)(?P<attributes>(?:[ \t\n\f\r/]++|{_ATTRIBUTE})*+)(?P<end>>|\Z)
    | !--(?:-?>|(?s:.*?)(?:--!?>|\Z))
    | [!?][^>]*+(?:>|\Z)
    | /(?:>|[^a-zA-Z>][^>]*+(?:>|\Z))
    | (?P<stray>)
    )""",
    re.VERBOSE,
)
"""A tag (group `name`), a comment or another thing that is no text (no group), or a `<` that is text (`stray`)."""

_PAIR = re.compile(
    r"""([^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)
    (?:[ \t\n\f\r]*+=[ \t\n\f\r]*+(?:"([^"]*+)"|'([^']*+)'|([^ \t\n\f\r>"'][^ \t\n\f\r>]*+))?+)?+""",
    re.VERBOSE,
)
REGULAR_TAG = re.compile(r"([a-z][a-z0-9]*+)(?: [a-z][a-z0-9:_-]*+=\"[^\"]*+\")++ ?/?")
"""The inside of a start tag as nearly all are written: the next `>` ends it, by whatever rules it is read."""
_REGULAR_PAIR = re.compile(r" ([a-z][a-z0-9:_-]*+)=\"([^\"]*+)\"")
_REFERENCE = re.compile(r"&(?:#(?:[0-9]++|[xX][0-9a-fA-F]++);?+|([a-zA-Z][a-zA-Z0-9]*+)(;?+)(=?+))")
_ROW_BREAK = re.compile(r"[ \t]*+[\r\n][ \t\r\n]*+")
_SPECIAL = re.compile('[&<>"\xa0]')
MAX_ATTRIBUTES = 64
_SHORT_TAG = 4_000
"""Characters of attributes that are read in one go."""

VOID = names("area base br col embed frame hr img input keygen link meta param source track wbr")

BLOCKS = names(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main menu nav ol optgroup option p "
    "plaintext pre search section summary table tbody td tfoot th thead title tr ul xmp"
)
"""Elements whose borders part one piece of text from the next."""

ELEMENTS = (
    BLOCKS
    | VOID
    | names(
        "a abbr acronym applet audio b basefont bdi bdo bgsound big blink button canvas cite code colgroup command "
        "data datalist del dfn em font frameset i iframe image ins isindex kbd label map mark marquee math meter "
        "multicol nextid nobr noembed noframes noscript object output picture portal progress q rb rp rt rtc ruby s "
        "samp script select slot small spacer span strike strong style sub sup svg template textarea time tt u var "
        "video"
    )
)
"""Names that mean markup. Whatever else is between angle brackets may be a text's own: List<String>."""


def decode_attribute(value: str) -> str:
    """The value with its character references resolved as the standard does in attributes: `?a=1&copy=2` stays."""
    return clean_characters(_REFERENCE.sub(_resolve, value)) if "&" in value else value


def _resolve(found: re.Match[str]) -> str:
    name, semicolon, equals = found[1], found[2], found[3]
    if name is None:
        return unescape(found[0])
    if semicolon:
        return html5.get(name + ";", "&" + name + ";") + equals
    return found[0] if equals else html5.get(name, found[0])


def read_attributes(source: str) -> dict[str, str]:
    """Decoded attributes by lower-case name, in order; of equal names the first wins (rule H1). At most 64 are read."""
    found: dict[str, str] = {}
    if len(source) <= _SHORT_TAG:
        pairs: Iterable[tuple[str, ...]] = _PAIR.findall(source)
    else:
        pairs = (pair.groups("") for pair in _PAIR.finditer(source))
    for written, double, single, bare in pairs:
        name = written.lower()
        if name not in found:
            value = double or single or bare
            found[name] = decode_attribute(value) if "&" in value else value
            if len(found) == MAX_ATTRIBUTES:
                break
    return found


def read_regular(tag: str, position: int) -> dict[str, str] | None:
    """As `read_attributes`, of a `REGULAR_TAG` whose name ends at `position`; None for one with too many of them."""
    pairs: list[tuple[str, str]] = _REGULAR_PAIR.findall(tag, position)
    if len(pairs) > MAX_ATTRIBUTES:
        return None
    found = dict(pairs)
    if len(found) < len(pairs):
        found = {}
        for name, value in pairs:
            found.setdefault(name, value)
    if "&" in tag:
        return {name: decode_attribute(value) for name, value in found.items()}
    return found


def in_one_line(value: str) -> str:
    """The value with every line break, and the blanks around it, turned into one space (rule H4)."""
    return _ROW_BREAK.sub(" ", value).strip(BLANKS) if "\n" in value or "\r" in value else value


def escape_text(text: str) -> str:
    """Text as HTML, written as serialisers of the standard write it."""
    if _SPECIAL.search(text) is None:
        return text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def escape_value(value: str) -> str:
    """An attribute's value as HTML, for double quotes."""
    return value if _SPECIAL.search(value) is None else escape_text(value).replace('"', "&quot;")


def write_tag(name: str, attributes: list[tuple[str, str]]) -> str:
    """An opening tag."""
    if not attributes:
        return f"<{name}>"
    values = [value for _, value in attributes]
    if _SPECIAL.search("".join(values)) is not None:
        attributes = [(key, escape_value(value)) for key, value in attributes]
    return f"<{name} " + " ".join([f'{key}="{value}"' for key, value in attributes]) + ">"


def write_link(url: str, text: str) -> str:
    """A plain link."""
    return write_tag("a", [("href", url)]) + escape_text(text) + "</a>"
