"""One pass over a body that rewrites every tag: rules H1 to H10 where they concern a tag and its neighbours.

No tree is built. It keeps a stack of what is open, as far as it needs one: to cap nesting before a tree is built
(that is quadratic), and to know whether the body is so plain that building the tree cannot change it (`is_stable`).
All work is linear in the input; what is left out is left out by whole tags, and text between tags is never lost but
inside the elements named in `_DROPPED`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aggregator.core.html.embeds import write_frame
from aggregator.core.html.images import candidates, image_within, is_lazy, largest, sizes, write_image, write_srcset
from aggregator.core.html.links import LinkContext
from aggregator.core.html.markup import (
    BLANKS,
    ELEMENTS,
    REGULAR_TAG,
    TOKEN,
    VOID,
    escape_text,
    in_one_line,
    names,
    read_attributes,
    read_regular,
    write_tag,
)
from aggregator.core.html.nesting import OPTIONAL_END_TAG, Nesting
from aggregator.core.html.sanitise import ALLOWED, ID_PREFIX, WITH_OWN, fits

MAX_ELEMENTS = 50_000
MAX_TOKENS = 120_000

_DROPPED = names("applet annotation annotation-xml button datalist object optgroup option select svg template")
_RAW = names("script style noscript iframe textarea title noembed noframes xmp")
_RAW_TEXT = frozenset({"script", "style", "textarea"})
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
_PLAIN = {name: f"<{name}>" for name in ALLOWED - VOID - {"iframe", "pre", "audio", "video", "picture"}}
"""Elements whose start tag is written as it came where it holds nothing but the name."""
_BARE = frozenset(_PLAIN) - WITH_OWN
_ORDINARY = ALLOWED - {"iframe"}
_BREAKS = frozenset({"br", "br/", "br /"})
_CLOSERS = {f"/{name}": f"</{name}>" for name in ALLOWED - VOID - {"iframe"}}
_RAW_CLOSERS = {name: re.compile(rf"</{name}(?=[ \t\n\f\r/>])[^>]*+>?", re.IGNORECASE | re.ASCII) for name in _RAW}
_NOSCRIPT = re.compile(r"[ \t\n\f\r]*+<noscript(?=[ \t\n\f\r/>])[^>]*+>", re.IGNORECASE | re.ASCII)
_ALIGN = re.compile(
    r"(?:^|[;\s])text-align\s*:\s*(left|right|center|justify)\s*(?:!\s*important\s*)?(?=;|$)", re.IGNORECASE | re.ASCII
)
_BARE_TAG = re.compile(
    r"([a-z][a-z0-9]*+)(?: (?!(?:style|title|id|dir|lang|xml:lang)=)[a-z][a-z0-9:_-]*+=\"[^\"]*+\")++ ?/?"
)
"""The inside of a start tag of which most elements keep nothing but the name."""
_COMMON_NAMES = names("style title id dir lang xml:lang")
_OWN_TEXTS = names("colspan rowspan start type media datetime kind srclang label sizes")
_HANDLER = re.compile(r" on[a-zA-Z]{3,20} ?=")
"""Nearly always an event handler; looked for once in the whole body, since it is so rare."""
_ANCHOR_TARGET = re.compile(r"\sid\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE | re.ASCII)


@dataclass(slots=True, kw_only=True)
class Rewritten:
    """The body's pieces in order, tags and text, and what became of it."""

    parts: list[str]
    is_stable: bool
    """Building the tree will not change it: what comes out of the sanitiser now will come out of it again."""
    is_nested: bool
    """Every tag is closed where it should be."""
    is_too_deep: bool
    is_cut: bool
    """It had more elements than are read."""
    is_malformed: bool
    """Tags are missing, left over or misnested."""
    had_active_content: bool
    """Something active was left out: scripts, forms, event handlers, links that run a script."""
    has_other_images: bool
    """Placeholders became the pictures they stand for, or pictures that are none were left out."""


def rewrite(html: str, context: LinkContext) -> Rewritten:
    """The body with every tag rewritten. `html` holds no control characters."""
    return _Rewriter(html, context).run()


class _Rewriter:
    """The state of one pass. `unclosed` are elements that are known to have no end tag in what is left."""

    __slots__ = (
        "context",
        "cut",
        "elements",
        "had_active_content",
        "html",
        "ids",
        "nesting",
        "noscript",
        "other_images",
        "parts",
        "picture",
        "tokens",
        "unclosed",
    )

    def __init__(self, html: str, context: LinkContext) -> None:
        self.html = html
        self.context = context
        self.parts: list[str] = []
        self.nesting = Nesting()
        self.elements = 0
        self.tokens = 0
        self.cut = False
        self.had_active_content = _HANDLER.search(html) is not None
        self.other_images = False
        self.unclosed: set[str] = set()
        self.noscript: tuple[int, str] | None = None
        self.picture: str | None = None
        self.ids: frozenset[str] | None = None

    def run(self) -> Rewritten:
        first, *pieces = self.html.split("<")
        if first:
            self.parts.append(first)
        self._read(pieces, len(first))
        nesting = self.nesting
        return Rewritten(
            parts=self.parts,
            is_stable=nesting.is_stable and not nesting.stack,
            is_nested=nesting.is_nested and not nesting.stack,
            is_too_deep=nesting.is_too_deep,
            is_cut=self.cut,
            is_malformed=nesting.is_malformed or not OPTIONAL_END_TAG.issuperset(nesting.stack),
            had_active_content=self.had_active_content,
            has_other_images=self.other_images,
        )

    def _read(self, pieces: list[str], end: int) -> None:
        """Reads what follows each `<`, the first of which is at `end`.

        Nearly every piece is a plain tag and the text behind it. The others are read by the standard's rules, which may
        lead over several pieces.
        """
        html, parts, nesting = self.html, self.parts, self.nesting
        stack = nesting.stack
        behind = 0
        for piece in pieces:
            start, end = end, end + 1 + len(piece)
            if start < behind:
                if behind < end:
                    parts.append(html[behind:end])
                continue
            tag, closed, text = piece.partition(">")
            closer = _CLOSERS.get(tag)
            if closer is not None and closed and stack and stack[-1] == tag[1:] and nesting.close(tag[1:]):
                parts.append(closer)
            else:
                self.tokens += 1
                if self.tokens > MAX_TOKENS or self.elements > MAX_ELEMENTS:
                    self.cut = True
                    return
                if not closed or not self._plain(tag, start):
                    behind = self._token(start)
                    text = html[behind:end]
            if text:
                parts.append(text)

    def _plain(self, tag: str, start: int) -> bool:
        """Handles what is between `<` and `>` if it is a start tag about which there can be no doubt."""
        if tag in _BREAKS:
            self.elements += 1
            self.parts.append("<br>")
            return True
        opener = _PLAIN.get(tag)
        if opener is None:
            shape = _BARE_TAG.fullmatch(tag)
            if shape is None or shape[1] not in _BARE:
                return self._regular(tag, start)
            tag, opener = shape[1], _PLAIN[shape[1]]
        self.elements += 1
        if self.nesting.open(tag):
            self.parts.append(opener)
        return True

    def _regular(self, tag: str, start: int) -> bool:
        """Handles a start tag that is written as nearly all are, whatever its attributes say."""
        shape = REGULAR_TAG.fullmatch(tag)
        if shape is None or shape[1] not in _ORDINARY:
            return False
        attributes = read_regular(tag, shape.end(1))
        if attributes is None:
            return False
        self._element(shape[1], attributes, start, start + len(tag) + 2, is_closed=tag.endswith("/"))
        return True

    def _token(self, start: int) -> int:
        """Handles the token at `start`, whatever it is; answers where to read on."""
        token: re.Match[str] = TOKEN.match(self.html, start)  # type: ignore[assignment]  # it matches every `<`
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
        source = token["attributes"]
        attributes = read_attributes(source) if source else {}
        self.had_active_content = self.had_active_content or name == "form"
        if name == "center":
            attributes["style"] = "text-align: center"
        self._element(_RENAMED.get(name, name), attributes, start, end, is_closed=source.endswith("/"))
        return end

    def _element(self, name: str, attributes: dict[str, str], start: int, end: int, *, is_closed: bool) -> None:
        """Writes a start tag that is from `start` to `end`; `is_closed` by a slash, as in XHTML."""
        if name not in ALLOWED:
            return
        if name == "img":
            self._image(attributes, start, end)
            return
        if name in VOID:
            self._void(name, attributes)
            return
        kept = self._common(attributes) + self._own(name, attributes)
        if name == "a" and is_closed and "href" not in attributes:
            self.parts.append(write_tag(name, kept) + "</a>")
            return
        self._open(name, write_tag(name, kept))

    def _common(self, attributes: dict[str, str]) -> list[tuple[str, str]]:
        """The attributes that any element may have (rule H6)."""
        kept: list[tuple[str, str]] = []
        if attributes.keys().isdisjoint(_COMMON_NAMES):
            return kept
        for name, value in attributes.items():
            if name not in _COMMON_NAMES:
                continue
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
            else:
                name = "lang" if name == "xml:lang" else name
                value = value.strip().lower() if name == "dir" else value.strip().replace("_", "-")
                if fits("", name, value) and (name, value) not in kept:
                    kept.append((name, value))
        return kept

    def _own(self, element: str, attributes: dict[str, str]) -> list[tuple[str, str]]:
        """The attributes of this element but `img` and `iframe` (rules H6, H7 and H10)."""
        if element not in WITH_OWN:
            return []
        kept: list[tuple[str, str]] = []
        context = self.context
        if element in ("audio", "video"):
            source = context.media(attributes.get("src", ""))
            if source is not None:
                kept.append(("src", source))
            poster = context.media(attributes.get("poster", "")) if element == "video" else None
            kept += [("poster", poster)] if poster else []
            kept += sizes(attributes) if element == "video" else []
            policy = context.referrer_policy(source or "", attributes.get("referrerpolicy"))
            return [*kept, ("controls", ""), *([("referrerpolicy", policy)] if policy else [])]
        for name, value in attributes.items():
            text: str | None
            if name == "href":
                text = self._href(value)
            elif name in ("src", "cite"):
                text = context.media(value)
            elif name == "srcset":
                text = write_srcset(candidates(value, context))
            elif name in _OWN_TEXTS:
                text = in_one_line(value).strip(BLANKS)
            else:
                continue
            if text and fits(element, name, text):
                kept.append((name, text))
        return kept

    def _href(self, value: str) -> str | None:
        url = self.context.link(value)
        self.had_active_content = self.had_active_content or (
            url is None and value.strip().lower().startswith("javascript:")
        )
        if url is not None and url.startswith("#") and not url.startswith("#" + ID_PREFIX):
            if self.ids is None:
                self.ids = frozenset(_ANCHOR_TARGET.findall(self.html))
            is_here = url[1:] in self.ids or value.strip()[1:] in self.ids
            return "#" + ID_PREFIX + url[1:] if is_here else url
        return url

    def _image(self, attributes: dict[str, str], start: int, end: int) -> None:
        for name in ("alt", "sizes"):
            if name in attributes:
                attributes[name] = in_one_line(attributes[name])
        lazy = is_lazy(attributes, self.context)
        fallback = self._fallback_image(start, end) if lazy else None
        written = write_image(attributes, self.context, lazy=lazy, fallback=fallback, common=self._common(attributes))
        self.other_images = self.other_images or lazy or not written
        if written:
            self.elements += 1
            self.parts.append(written)

    def _fallback_image(self, start: int, end: int) -> str | None:
        """The picture of the `noscript` next to this one, else the largest source of its `picture` (rule H2)."""
        behind = _NOSCRIPT.match(self.html, end)
        if behind is not None and "noscript" not in self.unclosed:
            closer = _RAW_CLOSERS["noscript"].search(self.html, behind.end())
            if closer is not None:
                url = image_within(self.html[behind.end() : closer.start()], self.context)
                if url is not None:
                    return url
        if self.noscript is not None:
            before, content = self.noscript
            if not self.html[before:start].strip(BLANKS):
                url = image_within(content, self.context)
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
            self.picture = self.picture or largest(attributes.get("srcset", ""), self.context)
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
        self.had_active_content = True
        if name in self.unclosed:
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
                elif found in _RAW_TEXT and not token["close"]:
                    position = self._end_of_raw(found, token.end())
                    if position != token.end():
                        break
            else:
                self.unclosed.add(name)
                return end

    def _end_of_raw(self, name: str, start: int) -> int:
        """The end of a raw text element that starts at `start`; `start` itself if it is never closed."""
        if name in self.unclosed:
            return start
        closer = _RAW_CLOSERS[name].search(self.html, start)
        if closer is None:
            self.unclosed.add(name)
            return start
        return closer.end()

    def _raw(self, name: str, token: re.Match[str]) -> int:
        """An element whose content is no markup: all go, but a frame becomes what rule H9 says, and `xmp` is text."""
        start = token.end()
        self.had_active_content = self.had_active_content or name in _RAW_TEXT
        is_empty = token["attributes"].endswith("/") and name not in _RAW_TEXT
        end = start if is_empty else self._end_of_raw(name, start)
        if end == start and name in _RAW_TEXT:
            return len(self.html)
        if name == "iframe":
            self._frame(read_attributes(token["attributes"]), end)
        elif name == "noscript" and end > start:
            self.noscript = (end, self.html[start:end])
        elif name == "xmp" and end > start:
            content = _RAW_CLOSERS[name].sub("", self.html[start:end])
            self.parts.append(f"<pre>{escape_text(content).lstrip(BLANKS)}</pre>")
            self.nesting.is_stable = False
        return end

    def _frame(self, attributes: dict[str, str], end: int) -> None:
        self.nesting.is_stable = False
        self.elements += 1
        frame, link = write_frame(attributes, self.context, common=self._common(attributes))
        if frame:
            self.parts.append(frame)
        if link and not (frame and (self._takes_no_link() or self.html.startswith(link, end))):
            self.parts.append(link)

    def _takes_no_link(self) -> bool:
        """Whether a link at this place would be left out in the next round, and then be written again by its frame."""
        return "a" in self.nesting.stack or self.nesting.is_full("a")


def _plain_name(name: str) -> str:
    """The element's name in lower case, without the prefix that XHTML may put before it."""
    name = name.lower()
    prefix, colon, rest = name.partition(":")
    return rest if colon and prefix in ("html", "xhtml", "h") else name
