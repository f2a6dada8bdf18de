"""Plain text of the model: titles, names, labels (rules M2, M11, M12 and K3).

The results are text, never markup; outputs escape them. It holds no control characters and no lone surrogates, and
what only makes sense as markup (a tag of HTML, anything with an event handler) is taken out of it.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from html.entities import html5

from aggregator.core.charset.characters import clean_characters
from aggregator.core.html.markup import ELEMENTS, TOKEN, escape_text
from aggregator.core.html.visible import visible_text
from aggregator.core.model import Person

MAX_LINE = 500
"""Longest title or name kept, in characters (rule R5)."""

MAX_LABEL = 100
"""A longer category is none (rule K3)."""

GENERATED_TITLE = 80

_BLANK_RUN = re.compile(r"\s++")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|([A-Za-z][A-Za-z0-9]{1,31}));")
_MARKUP = ELEMENTS | {"svg", "math", "annotation-xml", "foreignobject", "animate", "use"}
_UNSEEN = re.compile(r"<(script|style)\b[^>]*+>", re.IGNORECASE | re.ASCII)
_UNSEEN_ENDS = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE | re.ASCII) for name in ("script", "style")}
_RUNNING = re.compile(r"</?(?:script|style|iframe|object|embed|svg|math)\b[^<>]*+>?+", re.IGNORECASE | re.ASCII)
"""What is left of such tags where they were torn or hidden inside others."""
_HANDLER = re.compile(r"[\s/\"'](?:on[a-z]+|style|href|src|formaction|srcdoc)[\s]*+=", re.IGNORECASE | re.ASCII)
_LETTERS = frozenset("abipqsu")
"""Elements whose names are also variables in prose: `a<b and c>d` holds no tag."""

_CJK = (
    "\u1100-\u11ff\u2e80-\u303f\u3040-\u30ff\u3100-\u318f"
    "\u31a0-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_BLANK_BY_CJK = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_ENDS_CLAUSE = re.compile(r"[。，、；：！？…」』）】》]|[,.;:!?](?=\s)|(?=\s)")
_LOOSE_END = " \t\n,;:-–—，、；：（「『《【("
_MAIL = r"[^\s@<>()\[\]\",;:]{1,64}@[^\s@<>()\[\]\",;:]{1,255}"
_ANGLED = re.compile(rf"(?P<name>[^<>]*?)\s*<\s*(?:mailto:)?(?P<mail>{_MAIL})\s*>", re.IGNORECASE)
_BRACKETED = re.compile(rf"(?:mailto:)?(?P<mail>{_MAIL})\s*\((?P<name>.*)\)", re.IGNORECASE)
_NAME_BRACKETED = re.compile(rf"(?P<name>[^()]*?)\s*\(\s*(?:mailto:)?(?P<mail>{_MAIL})\s*\)", re.IGNORECASE)
_BARE_MAIL = re.compile(rf"(?:mailto:)?(?P<mail>{_MAIL})", re.IGNORECASE)
_ADDRESS = re.compile(_MAIL)
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]|<\s*>")
_NOBODY = frozenset({"null", "(null)", "undefined", "none", "nil"})
_NO_NAME = re.compile(r"(?:do[-_.]?)?no[-_.]?t?[-_.]?reply|mailer-daemon|nobody", re.IGNORECASE | re.ASCII)


def one_line(text: str, limit: int = MAX_LINE) -> str:
    """The text with every run of white space as one blank, trimmed, and cut to `limit` characters."""
    line = _BLANK_RUN.sub(" ", clean_characters(text)).strip()
    return line if len(line) <= limit else line[: _whole(line, limit)].rstrip()


def _whole(text: str, end: int) -> int:
    """The place at or before `end` that does not part a letter from its marks."""
    start = max(end - 16, 1)
    while end > start and (
        unicodedata.combining(text[end]) or text[end] in "\u200d\ufe0f" or text[end - 1] == "\u200d"
    ):
        end -= 1
    return end


def plain_title(raw_after_one_xml_decode: str) -> str:
    """The text of an RSS title (rule M11), on one line.

    Entities are decoded once more only where a valid reference is left (`AT&amp;T`), and tags dropped only where they
    are tags of HTML (`List<String>` stays).
    """
    text = _REFERENCE.sub(_decoded, raw_after_one_xml_decode)
    return _line(without_tags(clean_characters(text)))


def _decoded(found: re.Match[str]) -> str:
    name = found[1]
    if name is not None:
        return html5.get(name + ";", found[0])
    character = unescape(found[0])
    return "" if character == "\ufffd" else character


def _line(text: str) -> str:
    return _BLANK_RUN.sub(" ", clean_characters(text)).strip()


def without_tags(text: str) -> str:
    """The text without what is a tag of HTML, or would run as one; script and style go with what is in them."""
    if "<![CDATA[" in text:
        text = text.replace("<![CDATA[", "").replace("]]>", "")
    for _ in range(5):
        if "<" not in text:
            return text
        before = text
        text = _RUNNING.sub("", TOKEN.sub(_shown_text, _without_unseen(text)))
        if text == before:
            return text
    return text.replace("<", " ")


def _without_unseen(text: str) -> str:
    """The text without script and style that are closed; one pass, however many are not."""
    pieces: list[str] = []
    last = 0
    unclosed: set[str] = set()
    for opener in _UNSEEN.finditer(text):
        name = opener[1].lower()
        if opener.start() < last or name in unclosed:
            continue
        closer = _UNSEEN_ENDS[name].search(text, opener.end())
        if closer is None:
            unclosed.add(name)
        else:
            pieces.append(text[last : opener.start()])
            last = closer.end()
    return "".join(pieces) + text[last:]


def _shown_text(token: re.Match[str]) -> str:
    name = token["name"]
    if name is None:
        return "" if token[0].lower().startswith(("<!--", "<!doctype ")) or "<" in token[0][1:] else token[0]
    if not token["end"]:
        is_tag = _HANDLER.search(token[0]) or (name.lower() in _MARKUP and (token["close"] or "=" in token[0]))
        return "" if is_tag else token[0]
    if name.lower() in _LETTERS and not token["close"] and token["attributes"].strip(" /") and "=" not in token[0]:
        return token[0]
    if name.lower() in _MARKUP or _HANDLER.search(token[0]):
        return " " if name.lower() == "br" else ""
    return token[0]


def atom_text(value: str, type: str | None) -> str:
    """The text of an Atom text construct (rule M12), on one line: `text` as it is, `html` and `xhtml` as seen.

    `value` is after the XML parser; of `xhtml` it is the serialised content, with or without its wrapping div.
    """
    kind = (type or "text").strip().lower()
    if kind in ("html", "text/html"):
        return _line(unescape(without_tags(clean_characters(value))))
    if kind in ("xhtml", "application/xhtml+xml"):
        return _line(visible_text(value))
    return _line(value)


def generated_title(visible: str) -> str:
    """A title for an entry without one: the first 80 characters of its visible text, cut at a word or at CJK
    punctuation, with "…" where something was cut; "" if there is no text (rule M14, `title`).
    """
    text = _line(visible)
    if len(text) <= GENERATED_TITLE:
        return text
    ends = [found.end() for found in _ENDS_CLAUSE.finditer(text, 0, GENERATED_TITLE + 2)]
    cut = max((end for end in ends if GENERATED_TITLE // 2 <= end <= GENERATED_TITLE), default=0)
    return text[: cut or _whole(text, GENERATED_TITLE)].rstrip(_LOOSE_END) + "…"


def html_from_text(text: str) -> str:
    """Plain text as HTML: escaped, paragraphs where it has blank lines, `<br>` for single line breaks; "" stays ""."""
    return paragraphs(escape_text(clean_characters(text)))


def paragraphs(escaped: str) -> str:
    """Paragraphs made of text that is already escaped (rule H13)."""
    rows = [row.strip(" \t\f") for row in escaped.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    blocks: list[list[str]] = [[]]
    for row in rows:
        if row:
            blocks[-1].append(row)
        elif blocks[-1]:
            blocks.append([])
    return "".join("<p>" + "<br>".join(block) + "</p>" for block in blocks if block)


def clean_label(name: str) -> str:
    """A category's or author's name as it is shown (rule K3): NFC, trimmed, blanks collapsed, no markup.

    "" where it is none: empty, or longer than 100 characters.
    """
    label = unicodedata.normalize("NFC", plain_title(name))
    return label if len(label) <= MAX_LABEL else ""


def label_key(name: str) -> str:
    """What two names of one category have in common (rule K3): width, case and blanks next to CJK do not count."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", clean_label(name)).casefold())
    return _BLANK_BY_CJK.sub("", _BLANK_RUN.sub(" ", folded)).strip()


def parse_person(raw: str) -> Person | None:
    """The person behind `mail (name)`, `name <mail>`, a name or an address alone; None for nobody ("", "null").

    An address is never a name: where nothing else is given, the name is the part before the `@`.
    """
    text = one_line(plain_title(raw))
    for form in (_ANGLED, _BRACKETED, _NAME_BRACKETED, _BARE_MAIL):
        found = form.fullmatch(text)
        if found is not None:
            return _person(found.groupdict().get("name") or "", found["mail"])
    return _person(text, None)


def _person(name: str, mail: str | None) -> Person | None:
    if mail is None and (found := _ADDRESS.search(name)):
        mail = found[0]
    name = _line(_EMPTY_BRACKETS.sub(" ", _ADDRESS.sub(" ", name))).strip(" \"'<>,;")
    if name.startswith("(") and name.endswith(")"):
        name = name[1:-1].strip()
    if name.lower() in _NOBODY:
        name = ""
    if not name and mail is not None:
        local = mail.partition("@")[0].partition("+")[0]
        name = "" if _NO_NAME.fullmatch(local) else local
    return Person(name=one_line(name, MAX_LABEL * 2), email=mail) if name and name.lower() not in _NOBODY else None
