"""One pass over a body's tags that writes every one anew: H1 to H10 where they concern a tag and its neighbours.

The pass knows no tree. It keeps a stack of what is open, as far as it needs one: to cap nesting before a tree is built
(that is quadratic), and to know whether the body is so plain that building the tree cannot change it (`is_settled`).
All work is linear in the input; what is left out is left out by whole tags, and text between tags is never lost but
inside the elements named in `_DROPPED`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aggregator.core.text.embeds import write_frame
from aggregator.core.text.images import candidates, image_within, is_lazy, largest, sizes, write_image, write_srcset
from aggregator.core.text.markup import (
    BLANKS,
    ELEMENTS,
    TOKEN,
    VOID,
    escape_text,
    in_one_line,
    names,
    read_attributes,
    write_tag,
)
from aggregator.core.text.nesting import Nesting
from aggregator.core.text.place import Place
from aggregator.core.text.sanitise import ALLOWED, ID_PREFIX, WITH_OWN, fits

MAX_ELEMENTS = 50_000
MAX_TOKENS = 120_000

_DROPPED = names("applet annotation annotation-xml button datalist object optgroup option select svg template")
_RAW = names("script style noscript iframe textarea title noembed noframes xmp")
_SWALLOWS = frozenset({"script", "style", "textarea"})
_RENAMED = {
    "acronym": "abbr",
    "amp-img": "img",
    "center": "div",
    "dialog": "div",
    "dir": "ul",
    "fieldset": "div",
    "form": "div",
    "image": "img",
    "legend": "div",
    "listing": "pre",
    "main": "div",
    "menu": "ul",
    "nav": "div",
    "search": "div",
    "strike": "s",
    "tt": "code",
}
_PLAIN_OPENERS = {f"<{name}>": name for name in ALLOWED - VOID - {"iframe", "pre", "audio", "video", "picture"}}
_BARE_OPENERS = {tag: name for tag, name in _PLAIN_OPENERS.items() if name not in WITH_OWN}
_BREAKS = frozenset({"<br>", "<br/>", "<br />"})
_CLOSERS = {f"</{name}>": name for name in ALLOWED - VOID - {"iframe"}}
_RAW_CLOSERS = {name: re.compile(rf"</{name}(?=[ \t\n\f\r/>])[^>]*+>?", re.IGNORECASE | re.ASCII) for name in _RAW}
_NOSCRIPT = re.compile(r"[ \t\n\f\r]*+<noscript(?=[ \t\n\f\r/>])[^>]*+>", re.IGNORECASE | re.ASCII)
_ALIGN = re.compile(
    r"(?:^|[;\s])text-align\s*:\s*(left|right|center|justify)\s*(?:!\s*important\s*)?(?=;|$)", re.IGNORECASE | re.ASCII
)
_COMMON = re.compile(r"[ \t\n\f\r/\"'](?:style|title|id|dir|(?:xml:)?lang)[ \t\n\f\r/=]", re.IGNORECASE | re.ASCII)
_COMMON_NAMES = names("style title id dir lang xml:lang")
_OWN_TEXTS = names("colspan rowspan start type media datetime kind srclang label sizes")
_ANCHOR_TARGET = re.compile(r"\sid\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE | re.ASCII)


@dataclass(slots=True, kw_only=True)
class Rewritten:
    """The body's pieces in order, tags and text, and what became of it."""

    parts: list[str]
    is_settled: bool
    """Building the tree will not change it: what comes out of the sanitiser now will come out of it again."""
    is_nested: bool
    """Every tag is closed where it should be."""
    is_too_deep: bool
    is_cut: bool
    """It had more elements than are read."""


def rewrite(html: str, place: Place) -> Rewritten:
    """The body with every tag written anew. `html` holds no control characters."""
    return _Pass(html, place).run()


class _Pass:
    __slots__ = (
        "cut",
        "elements",
        "hopeless",
        "html",
        "ids",
        "nesting",
        "noscript",
        "parts",
        "picture",
        "place",
        "tokens",
    )

    def __init__(self, html: str, place: Place) -> None:
        self.html = html
        self.place = place
        self.parts: list[str] = []
        self.nesting = Nesting()
        self.elements = 0
        self.tokens = 0
        self.cut = False
        self.hopeless: set[str] = set()
        self.noscript: tuple[int, str] | None = None
        self.picture: str | None = None
        self.ids: frozenset[str] | None = None

    def run(self) -> Rewritten:
        position: int | None = 0
        while position is not None:
            position = self._read(position)
        nesting = self.nesting
        return Rewritten(
            parts=self.parts,
            is_settled=nesting.is_settled and not nesting.stack,
            is_nested=nesting.is_nested and not nesting.stack,
            is_too_deep=nesting.is_too_deep,
            is_cut=self.cut,
        )

    def _read(self, position: int) -> int | None:
        """Reads tokens from `position` on; answers where to go on after skipped content, None at the end."""
        html, parts, nesting = self.html, self.parts, self.nesting
        stack = nesting.stack
        last = position
        for token in TOKEN.finditer(html, position):
            start, end = token.span()
            if start > last:
                parts.append(html[last:start])
            last = end
            tag = html[start:end]
            name = _CLOSERS.get(tag)
            if name is not None and stack and stack[-1] == name and nesting.close(name):
                parts.append(tag)
                continue
            self.tokens += 1
            if self.tokens > MAX_TOKENS or self.elements > MAX_ELEMENTS:
                self.cut = True
                return None
            if tag in _BREAKS:
                self.elements += 1
                parts.append("<br>")
                continue
            name = _PLAIN_OPENERS.get(tag)
            if name is None:
                head = tag.partition(" ")[0] + ">"
                name = _BARE_OPENERS.get(head)
                if name is not None and (_COMMON.search(tag) is not None or not token["end"]):
                    name = None
                tag = head
            if name is not None:
                self.elements += 1
                if nesting.open(name):
                    parts.append(tag)
                continue
            jump = self._token(token)
            if jump != end:
                return jump
        if last < len(html):
            parts.append(html[last:])
        return None

    def _token(self, token: re.Match[str]) -> int:
        """Handles a token that is not plain; answers where to read on."""
        end = token.end()
        name = token["name"]
        if name is None:
            if token["stray"] is not None:
                self.parts.append("&lt;")
            return end
        name = _plain_name(name)
        if not token["end"] and name not in ELEMENTS:
            self.parts.append(token[0].replace("<", "&lt;"))
            return end
        if token["close"]:
            self._close(name)
            return end
        if not token["end"]:
            return end
        if name in _RAW:
            return self._raw(name, token)
        if name in _DROPPED:
            return self._dropped(name, end)
        self._element(name, token)
        return end

    def _element(self, name: str, token: re.Match[str]) -> None:
        is_centred = name == "center"
        name = _RENAMED.get(name, name)
        if name not in ALLOWED:
            return
        source = token["attributes"]
        if name not in WITH_OWN and not is_centred and (not source or _COMMON.search(source) is None):
            source = ""
        attributes = read_attributes(source) if source else {}
        if is_centred:
            attributes["style"] = "text-align: center"
        if name == "img":
            self._image(attributes, token)
            return
        if name in VOID:
            self._void(name, attributes)
            return
        kept = self._common(attributes) + self._own(name, attributes)
        if name == "a" and source.endswith("/") and "href" not in attributes:
            self.parts.append(write_tag(name, kept) + "</a>")
            return
        self._open(name, write_tag(name, kept))

    def _common(self, attributes: dict[str, str]) -> list[tuple[str, str]]:
        """The attributes that any element may have (H6)."""
        kept: list[tuple[str, str]] = []
        if attributes.keys().isdisjoint(_COMMON_NAMES):
            return kept
        for name, value in attributes.items():
            if name == "style":
                found = _ALIGN.findall(value)
                if found:
                    kept.append((name, f"text-align: {found[-1].lower()};"))
            elif name == "title":
                kept += [(name, in_one_line(value))] if value.strip(BLANKS) else []
            elif name == "id":
                value = value if value.startswith(ID_PREFIX) else ID_PREFIX + value
                if fits("", name, value):
                    kept.append((name, value))
            elif name in ("lang", "dir", "xml:lang"):
                name = "lang" if name == "xml:lang" else name
                value = value.strip().lower() if name == "dir" else value.strip().replace("_", "-")
                if fits("", name, value) and (name, value) not in kept:
                    kept.append((name, value))
        return kept

    def _own(self, element: str, attributes: dict[str, str]) -> list[tuple[str, str]]:
        """The attributes of this element but `img` and `iframe` (H6, H7, H10)."""
        if element not in WITH_OWN:
            return []
        kept: list[tuple[str, str]] = []
        place = self.place
        if element in ("audio", "video"):
            source = place.media(attributes.get("src", ""))
            if source is not None:
                kept.append(("src", source))
            poster = place.media(attributes.get("poster", "")) if element == "video" else None
            kept += [("poster", poster)] if poster else []
            kept += sizes(attributes) if element == "video" else []
            policy = place.referrer_policy(source or "", attributes.get("referrerpolicy"))
            return [*kept, ("controls", ""), *([("referrerpolicy", policy)] if policy else [])]
        for name, value in attributes.items():
            text: str | None
            if name == "href":
                text = self._href(value)
            elif name in ("src", "cite"):
                text = place.media(value)
            elif name == "srcset":
                text = write_srcset(candidates(value, place))
            elif name in _OWN_TEXTS:
                text = in_one_line(value).strip(BLANKS)
            else:
                continue
            if text and fits(element, name, text):
                kept.append((name, text))
        return kept

    def _href(self, value: str) -> str | None:
        url = self.place.link(value)
        if url is not None and url.startswith("#") and not url.startswith("#" + ID_PREFIX):
            if self.ids is None:
                self.ids = frozenset(_ANCHOR_TARGET.findall(self.html))
            return "#" + ID_PREFIX + url[1:] if url[1:] in self.ids else url
        return url

    def _image(self, attributes: dict[str, str], token: re.Match[str]) -> None:
        for name in ("alt", "sizes"):
            if name in attributes:
                attributes[name] = in_one_line(attributes[name])
        lazy = is_lazy(attributes, self.place)
        spare = self._spare_image(token) if lazy else None
        written = write_image(attributes, self.place, lazy=lazy, spare=spare, common=self._common(attributes))
        if written:
            self.elements += 1
            self.parts.append(written)

    def _spare_image(self, token: re.Match[str]) -> str | None:
        """The picture of the `noscript` beside this one, else the largest source of the `picture` around it (H2)."""
        behind = _NOSCRIPT.match(self.html, token.end())
        if behind is not None and "noscript" not in self.hopeless:
            closer = _RAW_CLOSERS["noscript"].search(self.html, behind.end())
            if closer is not None:
                url = image_within(self.html[behind.end() : closer.start()], self.place)
                if url is not None:
                    return url
        if self.noscript is not None:
            end, content = self.noscript
            if not self.html[end : token.start()].strip(BLANKS):
                url = image_within(content, self.place)
                if url is not None:
                    return url
        return self.picture if "picture" in self.nesting.stack else None

    def _void(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self.nesting.void(name)
        if name == "source" and not attributes.get("srcset"):
            attributes["srcset"] = attributes.get("data-srcset", "")
        kept = self._common(attributes) + self._own(name, attributes)
        if name == "source" and "picture" in self.nesting.stack:
            self.picture = self.picture or largest(attributes.get("srcset", ""), self.place)
        if name not in ("source", "track") or any(key in ("src", "srcset") for key, _ in kept):
            self.parts.append(write_tag(name, kept))

    def _open(self, name: str, tag: str) -> None:
        self.elements += 1
        if name == "picture":
            self.picture = None
        if self.nesting.open(name):
            self.parts.append(tag)

    def _close(self, name: str) -> None:
        """An end tag that is not simply that of the innermost element."""
        if name == "br":
            if not self.parts or not self.parts[-1].startswith("<br"):
                self.parts.append("<br>")
            return
        name = _RENAMED.get(name, name)
        if name in ALLOWED and name not in VOID and self.nesting.close(name):
            self.parts.append(f"</{name}>")

    def _dropped(self, name: str, end: int) -> int:
        """Skips an element that goes with its content; one that is never closed loses its tag alone."""
        if name in self.hopeless:
            return end
        depth = 1
        position = end
        while True:
            for token in TOKEN.finditer(self.html, position):
                found = token["name"]
                if found is None:
                    continue
                found = _plain_name(found)
                if found == name:
                    depth += -1 if token["close"] else 1
                    if depth == 0:
                        return token.end()
                elif found in _SWALLOWS and not token["close"]:
                    position = self._behind_raw(found, token.end())
                    if position != token.end():
                        break
            else:
                self.hopeless.add(name)
                return end

    def _behind_raw(self, name: str, start: int) -> int:
        """The end of a raw text element that starts at `start`; `start` itself if it is never closed."""
        if name in self.hopeless:
            return start
        closer = _RAW_CLOSERS[name].search(self.html, start)
        if closer is None:
            self.hopeless.add(name)
            return start
        return closer.end()

    def _raw(self, name: str, token: re.Match[str]) -> int:
        """An element whose content is no markup: all go, but a frame becomes what H9 says, and `xmp` is text."""
        start = token.end()
        is_empty = token["attributes"].endswith("/") and name not in _SWALLOWS
        end = start if is_empty else self._behind_raw(name, start)
        if end == start and name in _SWALLOWS:
            return len(self.html)
        if name == "iframe":
            self._frame(read_attributes(token["attributes"]), end)
        elif name == "noscript" and end > start:
            self.noscript = (end, self.html[start:end])
        elif name == "xmp" and end > start:
            content = _RAW_CLOSERS[name].sub("", self.html[start:end])
            self.parts.append(f"<pre>{escape_text(content).lstrip(BLANKS)}</pre>")
            self.nesting.is_settled = False
        return end

    def _frame(self, attributes: dict[str, str], end: int) -> None:
        self.nesting.is_settled = False
        self.elements += 1
        frame, link = write_frame(attributes, self.place, common=self._common(attributes))
        if frame:
            self.parts.append(frame)
        if link and not (frame and ("a" in self.nesting.stack or self.html.startswith(link, end))):
            self.parts.append(link)


def _plain_name(name: str) -> str:
    """The element's name in lower case, without the prefix that XHTML may put before it."""
    name = name.lower()
    prefix, colon, rest = name.partition(":")
    return rest if colon and prefix in ("html", "xhtml", "h") else name
