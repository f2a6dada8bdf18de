"""Authors: whoever an entry or a feed names, in the groups of rules M13 and M14."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

from aggregator.core.html.plain import one_line, parse_person
from aggregator.core.model import Person
from aggregator.core.normalise.addresses import BaseUrls
from aggregator.core.parse.parsed import ParsedPerson

MAX_PEOPLE = 50


def people(groups: Iterable[tuple[ParsedPerson, ...]], bases: BaseUrls) -> tuple[tuple[Person, ...], str]:
    """The usable persons of the first group that has any, each name once, and the element; ((), "") if none has."""
    for group in groups:
        found: dict[tuple[str, str | None], Person] = {}
        for parsed in group[:MAX_PEOPLE]:
            person = _person(parsed, bases)
            if person:
                found.setdefault((person.name.casefold(), person.uri), person)
        if found:
            return tuple(found.values()), group[0].element
    return (), ""


def is_mended(groups: Iterable[tuple[ParsedPerson, ...]]) -> bool:
    """Whether any of them is a line that is no name, nor a name with an address as RSS has it."""
    lines = (one_line(person.line) for group in groups for person in group[:MAX_PEOPLE] if person.line)
    return any(line and _is_odd(line) for line in lines)


def _is_odd(line: str) -> bool:
    person = _read_line(line)
    return person is None or person.name not in line or line.removeprefix("mailto:") == person.email


def _person(parsed: ParsedPerson, bases: BaseUrls) -> Person | None:
    if parsed.line is not None:
        return _read_line(parsed.line)
    uri = bases.resolve(parsed.uri, parsed.base) if parsed.uri else None
    email = one_line(parsed.email or "")
    if uri and uri.startswith("mailto:"):
        email, uri = email or one_line(unquote(uri[7:].partition("?")[0])), None
    named = parse_person(parsed.name) if parsed.name else None
    if named is None and email:
        named = parse_person(email)
    if named is None:
        return Person(name=one_line(uri), uri=uri) if uri else None
    return Person(name=named.name, email=email or named.email, uri=uri or named.uri)


def _read_line(line: str) -> Person | None:
    return _short_line(line) if len(line) <= _SHORT_LINE else parse_person(line)


_SHORT_LINE = 100
_short_line = lru_cache(maxsize=1_000)(parse_person)
"""Nearly all entries of a feed are by the same few people."""
