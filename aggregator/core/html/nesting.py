"""What is open while a body's tags are read in order: enough of HTML's rules to cap nesting before a tree is built.

This is no tree builder. It may believe an element open that a parser has closed, never the other way round for long;
and it says `is_stable` only where a parser could do nothing but take the tags as they are.
"""

from __future__ import annotations

from aggregator.core.html.markup import names

MAX_DEPTH = 100
"""Elements open at once; a deeper tag is left out and its text kept. Parsers of readers give up at 256."""

MAX_OPEN_FORMATS = 16
"""Formatting elements open at once: left open, each is repeated in every following block."""

_FORMATS = names("a b code em i s small strong u")
_CLOSES_P = names(
    "address article aside blockquote details div dl figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr ol p "
    "pre section summary table ul dd dt li"
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_NEEDS_TREE = names("table caption colgroup col tbody thead tfoot tr td th audio video source track iframe picture")
_PARENTS = {
    "li": frozenset({"ul", "ol"}),
    "dt": frozenset({"dl"}),
    "dd": frozenset({"dl"}),
    "rt": frozenset({"ruby"}),
    "rp": frozenset({"ruby"}),
}
_STOPS = names(
    "article aside blockquote caption dd details dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup li ol "
    "pre section summary table td th ul"
)
_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), _STOPS - {"li"}),
    "dt": (frozenset({"dt", "dd"}), _STOPS - {"dt", "dd"}),
    "dd": (frozenset({"dt", "dd"}), _STOPS - {"dt", "dd"}),
    "td": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
    "th": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
    "tr": (frozenset({"td", "th", "tr"}), frozenset({"table"})),
    "tbody": (frozenset({"td", "th", "tr", "thead", "tbody", "tfoot", "caption", "colgroup"}), frozenset({"table"})),
    "thead": (frozenset({"td", "th", "tr", "thead", "tbody", "tfoot", "caption", "colgroup"}), frozenset({"table"})),
    "tfoot": (frozenset({"td", "th", "tr", "thead", "tbody", "tfoot", "caption", "colgroup"}), frozenset({"table"})),
    "rt": (frozenset({"rt", "rp"}), frozenset({"ruby"})),
    "rp": (frozenset({"rt", "rp"}), frozenset({"ruby"})),
}
"""Element -> what its start ends without an end tag, and where the search for that stops."""
_SIMPLE = (
    (_CLOSES_P | names("span sub sup figcaption summary cite q"))
    - set(_ENDS)
    - _FORMATS
    - set(_PARENTS)
    - _NEEDS_TREE
    - _HEADINGS
)
"""Elements that end nothing but an open paragraph and may be anywhere."""

_NOTHING: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
_ROWS = frozenset({"tr", "tbody", "thead", "tfoot"})
OPTIONAL_END_TAG = _ROWS | {"p", "li", "dt", "dd", "td", "th", "rt", "rp"}
"""Elements whose end tag may be omitted."""
_RUBY = frozenset({"rt", "rp"})


class Nesting:
    """The open elements, innermost last."""

    __slots__ = ("_formats", "_suppressed", "is_malformed", "is_nested", "is_stable", "is_too_deep", "stack")

    def __init__(self) -> None:
        self.stack: list[str] = []
        self.is_stable = True
        """So far a parser would take every tag where it is, and move or close nothing by itself."""
        self.is_nested = True
        """So far every end tag was that of the innermost element."""
        self.is_malformed = False
        """An end tag ended nothing, or another element than it should have: no list of unclosed `li` does that."""
        self.is_too_deep = False
        self._suppressed: dict[str, int] = {}
        self._formats = 0

    def open(self, name: str) -> bool:
        """Notes a start tag; False if it must be left out, as its end tag then will be."""
        stack = self.stack
        if name in _SIMPLE and len(stack) < MAX_DEPTH and (name not in _CLOSES_P or "p" not in stack):
            stack.append(name)
            return True
        if name in _ENDS or (name in _CLOSES_P and "p" in stack):
            self._end_implied(name)
        is_format = name in _FORMATS
        if self.is_full(name):
            self.is_too_deep = True
            return self._suppress(name)
        if name in _PARENTS and self._is_misplaced(name):
            return self._suppress(name)
        if self.is_stable and not self._is_in_order(name):
            self.is_stable = False
        stack.append(name)
        if is_format:
            self._formats += 1
        return True

    def is_full(self, name: str) -> bool:
        """Whether so much is open that this element would be left out."""
        return len(self.stack) >= MAX_DEPTH or (name in _FORMATS and self._formats >= MAX_OPEN_FORMATS)

    def void(self, name: str) -> None:
        """Notes an element without content."""
        if name in _NEEDS_TREE or (name == "hr" and "p" in self.stack):
            self.is_stable = False

    def close(self, name: str) -> bool:
        """Notes an end tag; False if it must be left out, since nothing is open that it ends."""
        stack = self.stack
        if self._suppressed and name in self._suppressed:
            self._suppressed[name] -= 1
            if not self._suppressed[name]:
                del self._suppressed[name]
            return False
        if stack and stack[-1] == name:
            stack.pop()
        else:
            self.is_stable = self.is_nested = False
            self.is_malformed = self.is_malformed or not _is_innermost(stack, name)
            if not _remove_last(stack, name):
                return False
        if name in _FORMATS:
            self._formats -= 1
        return True

    def _suppress(self, name: str) -> bool:
        self._suppressed[name] = self._suppressed.get(name, 0) + 1
        self.is_stable = False
        return False

    def _is_misplaced(self, name: str) -> bool:
        """Whether strict parsers call the element an error here: ruby text outside ruby, terms in terms."""
        parent = self.stack[-1] if self.stack else ""
        if name in _RUBY:
            return parent != "ruby"
        return name != "li" and parent != "dl" and ("dt" in self.stack or "dd" in self.stack)

    def _is_in_order(self, name: str) -> bool:
        """Whether the element may be where it does without a parser moving or closing anything."""
        stack = self.stack
        parent = stack[-1] if stack else ""
        if name in _NEEDS_TREE or (name == "a" and "a" in stack) or (name in _HEADINGS and parent in _HEADINGS):
            return False
        parents = _PARENTS.get(name)
        return parents is None or parent in parents

    def _end_implied(self, name: str) -> None:
        """Takes off what the start of this element ends, so that a list of unclosed `li` does not count as nesting.

        Formatting elements stay: a parser opens them again behind.
        """
        stack = self.stack
        ended, boundary = _ENDS.get(name, _NOTHING)
        for index in range(len(stack) - 1, -1, -1):
            one = stack[index]
            if one in boundary:
                break
            if one in ended:
                stack[index:] = [other for other in stack[index:] if other in _FORMATS]
                self.is_stable = self.is_nested = False
                if name not in _ROWS:
                    break
        if name in _CLOSES_P and "p" in stack:
            _remove_last(stack, "p")
            self.is_stable = self.is_nested = False


def _is_innermost(stack: list[str], name: str) -> bool:
    """Whether the last open element is of this name, but for those that need no end tag."""
    return next((one == name for one in reversed(stack) if one == name or one not in OPTIONAL_END_TAG), False)


def _remove_last(stack: list[str], name: str) -> bool:
    """Takes the last element of this name off the stack; False if there is none."""
    for index in range(len(stack) - 1, -1, -1):
        if stack[index] == name:
            del stack[index]
            return True
    return False
