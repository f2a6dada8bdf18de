"""Text fields: candidates to plain text (rules M2, M11 and M12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aggregator.core.html.clean import visible_text
from aggregator.core.html.plain import atom_text, one_line, plain_title
from aggregator.core.parse.parsed import Candidate, Markup

MAX_TEXT = 20_000


def filled(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Those with something in them after trimming (rule M1)."""
    return (candidate for candidate in candidates if candidate.value.strip())


def line_of(candidate: Candidate) -> str:
    """One line of text, markup and entities undone as the candidate's kind asks; at most `MAX_TEXT` characters."""
    match candidate.markup:
        case Markup.TEXT:
            line = candidate.value
        case Markup.LOOSE:
            line = plain_title(candidate.value)
        case Markup.HTML:  # pragma: no branch: there is no other kind
            line = atom_text(candidate.value, "html")
    return one_line(line, MAX_TEXT)


def has_stray_markup(candidates: Iterable[Candidate]) -> bool:
    """Whether the first that is not empty holds markup or references where plain text belongs (rule M11)."""
    for candidate in filled(candidates):
        if candidate.markup is Markup.TEXT or not ("<" in candidate.value or "&" in candidate.value):
            return False
        if line := line_of(candidate):
            is_loose = candidate.markup is Markup.LOOSE
            return (
                line != one_line(candidate.value, MAX_TEXT) if is_loose else not candidate.element.startswith("atom:")
            )
    return False


def first_line(candidates: Iterable[Candidate]) -> tuple[str, str] | None:
    """The first candidate's line that is not empty, with the name of its element."""
    for candidate in filled(candidates):
        if line := line_of(candidate):
            return line, candidate.element
    return None


def first_text(candidates: Iterable[Candidate]) -> tuple[str, str] | None:
    """The first candidate's text that is not empty, lines kept, with the name of its element."""
    for candidate in filled(candidates):
        text = candidate.value.strip() if candidate.markup is Markup.TEXT else visible_text(candidate.value)
        if text:
            return text[:MAX_TEXT], candidate.element
    return None


def first_value(candidates: Iterable[Candidate]) -> tuple[str, str] | None:
    """The first candidate as written, trimmed, with the name of its element."""
    return next(((candidate.value.strip(), candidate.element) for candidate in filled(candidates)), None)
