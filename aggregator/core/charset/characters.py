"""Which characters a text may hold at all (rule H11).

Every text of the model passes here once: XML writers refuse control characters, JSON and Rust refuse lone
surrogates, and HTML parsers call noncharacters an error. What browsers show for C1 bytes is kept as they show it.
"""

from __future__ import annotations

import re

_ASTRAL_NONCHARACTERS = "".join(chr(plane << 16 | low) for plane in range(1, 17) for low in (0xFFFE, 0xFFFF))
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff" + _ASTRAL_NONCHARACTERS + "]"
)


def _windows_1252(code: int) -> str:
    try:
        return bytes((code,)).decode("cp1252")
    except UnicodeDecodeError:
        return ""


_REPLACED = {code: _windows_1252(code) for code in range(0x80, 0xA0)} | {0x0B: " ", 0x0C: " "}


_CONTROL_BYTES = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\r")
_C1_BYTES = re.compile(rb"\xc2[\x80-\x9f]")


def clean_characters(text: str) -> str:
    """The text without control characters (but TAB, LF, CR), lone surrogates and noncharacters; rule H11.

    C1 controls become what windows-1252 means by them. Never longer than the input; a clean text is returned as is.
    """
    return _UNFIT.sub(lambda found: _REPLACED.get(ord(found[0]), ""), text) if _is_suspect(text) else text


def _is_suspect(text: str) -> bool:
    """Whether the text may hold an unfit character: on UTF-8 bytes this takes a fraction of the time of `_UNFIT`."""
    if text.replace("\n", "").isprintable():  # such is nothing unfit
        return False
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return True
    if len(data.translate(None, _CONTROL_BYTES)) != len(data):
        return True
    if b"\xc2" in data and _C1_BYTES.search(data) is not None:
        return True
    return b"\xef\xb7" in data or b"\xbf\xbe" in data or b"\xbf\xbf" in data
