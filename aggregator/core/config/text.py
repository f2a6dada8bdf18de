"""The bytes of feeds.toml as a TOML table, or what keeps them from being one.

Byte order marks, typographic quotes, full-width signs and other encodings are looked for first: tomllib's own messages
about them do not say what to do.
"""

from __future__ import annotations

import codecs
import re
import tomllib
import unicodedata
from typing import Any

from aggregator.core.config.positions import KeyPath, Position, Positions, Repeat
from aggregator.core.config.report import key_in_words
from aggregator.core.errors import ConfigError, Problem

_LEGACY = (("cp932", "Shift_JIS"), ("gb18030", "GBK"), ("big5hkscs", "Big5"), ("cp949", "EUC-KR"))
"""Japanese first, since only there kana prove something: nearly all bytes are some text in GBK."""
_QUOTES = "“”„‟‘’‚«»「」『』＂＇′″`"
_SIGNS = {"＝": "=", "［": "[", "］": "]", "，": ",", "、": ",", "＃": "#", "．": ".", "。": ".", "｛": "{", "｝": "}"}
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_BARE_WORD = re.compile(r"[^\s,\]}#]+")
_MEANT = {"true": "true", "false": "false", "yes": "true", "no": "false", "on": "true", "off": "false"}
_HINTS = (
    (
        "Illegal character",
        'a text ends on its own line, with the quote it began with; three quotes """ hold several lines',
    ),
    ("Unterminated string", "the closing quote is missing"),
    ("Unclosed array", "the closing ] or a comma is missing"),
    ("Unclosed inline table", "the closing } or a comma is missing"),
    ("Expected newline", "only a comment may follow a value on its line"),
    ("Invalid initial character for a key part", "a key consists of the letters a-z, digits, - and _"),
    ("Invalid statement", "a line is a [table], a key = value, or a # comment"),
)


def read_toml(data: bytes) -> tuple[str, dict[str, Any] | None, list[Problem]]:
    """The text, its table and the problems met; the table is None where it cannot be read at all.

    A byte order mark is a problem that does not keep the rest from being read.
    """
    problems = []
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        message = "the file begins with a byte order mark; save it as UTF-8 without BOM"
        problems.append(Problem(message=message, line=1, column=1))
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data[:100]:
        message = 'the file is not UTF-8 but UTF-16 (Notepad calls it "Unicode"); save it as UTF-8'
        return "", None, [*problems, Problem(message=message)]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return "", None, [*problems, _not_utf8(data, error.start)]
    try:
        return text, tomllib.loads(text), problems
    except ValueError as error:  # the decode error, and integers of thousands of digits
        return text, None, [*problems, *_not_toml(text, str(error))]
    except RecursionError:
        return text, None, [*problems, Problem(message="brackets are nested too deeply")]


def _not_utf8(data: bytes, offset: int) -> Problem:
    before = data[:offset]
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    guess = next((name for codec, name in _LEGACY if _is_cjk_in(data, codec)), None)
    guessed = f"; it looks like {guess}, which some editors call ANSI" if guess else ""
    message = f"the file is not UTF-8 (byte 0x{data[offset]:02X}){guessed}; save it as UTF-8"
    return Problem(message=message, line=before.count(b"\n") + 1, column=column)


def _is_cjk_in(data: bytes, codec: str) -> bool:
    """Whether all that is not ASCII reads as East Asian text, punctuation included."""
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return False
    if codec == "cp932" and (re.search("[｡-ﾟ]", text) or not re.search("[ぁ-ヶ]", text)):
        return False
    foreign = {char for char in text if not char.isascii()}
    wide = sum(unicodedata.east_asian_width(char) in "WFH" for char in foreign)
    return wide * 2 > len(foreign) and not any(unicodedata.category(char) in {"Co", "Cn", "Cc"} for char in foreign)


def _not_toml(text: str, message: str) -> list[Problem]:
    """The one place where tomllib stopped; for repeated keys and tables all of them, since the walk continues."""
    places = Positions(text)
    place = _place(text, message, places)
    repeats = [repeat for repeat in places.repeats if repeat.again.line <= place.line or _is_about_repeats(message)]
    if repeats:
        return [_repeated(repeat) for repeat in repeats]
    said = _in_words(text, place, _PLACE.sub("", message))
    return [Problem(message=said[0], line=place.line, column=said[1] or place.column)]


def _is_about_repeats(message: str) -> bool:
    return message.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate inline"))


def _place(text: str, message: str, places: Positions) -> Position:
    match = _PLACE.search(message)
    if match is None:
        return Position()
    if match[1]:
        return Position(line=int(match[1]), column=int(match[2]))
    return places.at(len(text.rstrip()))


def _repeated(repeat: Repeat) -> Problem:
    name = str(repeat.path[-1])
    what = f"the table [{name}]" if repeat.is_table else f'the key "{name}"'
    message = f"{what} is given twice, first at line {repeat.first.line}"
    if repeat.is_table and repeat.path in {("source",), ("feed",)}:
        message += f"; each begins with [[{name}]] in double brackets"
    parent: KeyPath = repeat.path[:-1]
    return Problem(message=message, line=repeat.again.line, column=repeat.again.column, where=key_in_words(parent, {}))


def _in_words(text: str, place: Position, message: str) -> tuple[str, int]:
    """The message for a syntax error, and the column of its cause if it is another one than tomllib's."""
    lines = text.split("\n")
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    rest = line[max(place.column - 1, 0) :]
    culprit = _typographic(line, place.column)
    if culprit:
        return _about_sign(line[culprit - 1]), culprit
    if _is_about_repeats(message):
        return "the table or key was given before in another way; a table is opened once, by one header", 0
    if message.startswith("Exceeds the limit"):
        return "a number has too many digits", 0
    if message.startswith("Invalid value"):
        return _invalid_value(rest), 0
    if message.startswith("Expected '='"):
        return "expected = after the key; a line is a [table], a key = value, or a # comment", 0
    if message.startswith("Invalid statement") and not rest[:1].isascii():
        message = "Invalid initial character for a key part"
    if message.startswith("Unescaped"):
        return "a backslash in double quotes is written \\\\; or put the text in single quotes", line.rfind(
            "\\", 0, place.column
        ) + 1
    hint = next((hint for start, hint in _HINTS if message.startswith(start)), "")
    said = message[:1].lower() + message[1:]
    return f"{said}; {hint}" if hint else said, 0


def _about_sign(char: str) -> str:
    if char in _QUOTES:
        return f'{char} is a typographic quote; TOML wants the straight quote "'
    if char in _SIGNS:
        return f"{char} is a full-width sign; TOML wants {_SIGNS[char]}"
    if char.isspace():
        return f"here stands a blank of another kind (U+{ord(char):04X}); TOML wants a plain one"
    return f"here stands a sign that cannot be seen (U+{ord(char):04X}); delete it"


def _typographic(line: str, column: int) -> int:
    """The column of a sign that an input method or word processor put there instead of TOML's; 0 if none is to blame.

    The sign at the error comes first; else a quote that was to close the text which tomllib found unclosed.
    """
    at_error = line[column - 1 : column]
    if (
        at_error
        and at_error not in " \t\r"
        and (at_error in _QUOTES or at_error in _SIGNS or not at_error.isprintable())
    ):
        return column
    if line.count('"') % 2:
        return next((index + 1 for index, char in enumerate(line) if char in "“”„‟＂″" and index > line.index('"')), 0)
    return 0


def _invalid_value(rest: str) -> str:
    match = _BARE_WORD.match(rest)
    if match is None:
        return "a value is missing after ="
    found = match.group()
    if found.lower() in _MEANT:
        return f"{found} is no value; write {_MEANT[found.lower()]}"
    if found.lower() in {"none", "null", "nil"}:
        return f"{found} is no value; leave the key out"
    return f'{found[:40]} is no value; text stands in quotes: "{found[:40]}"'


def missing(file: str) -> ConfigError:
    """What to raise when there is no file of that name."""
    message = (
        "there is no such file; write one with at least a [[source]] that has an id and a url, "
        "or name another file with --config"
    )
    return ConfigError(file, [Problem(message=message)])
