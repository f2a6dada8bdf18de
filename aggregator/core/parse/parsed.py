"""What the parser of one dialect found, unchanged: between the Document and the model.

Rules for editors: nothing here is cleaned, resolved or chosen. Every field that several elements can fill is a tuple
of candidates in the order of rules M13 and M14, so that `normalise` takes the first usable one (rule M1) and can say
which element won. Addresses are as written, each with its base in a field of its own.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from aggregator.core.model import CategoryKind, CategoryPath, Diagnostic, ForeignElement

MAX_ENTRIES = 2_000
"""The most entries read from one document (rule R5)."""


class Markup(enum.StrEnum):
    """How the characters of a candidate are to be understood."""

    TEXT = "text"
    """Plain text: `<b>` is three characters."""
    HTML = "html"
    """An HTML fragment, its XML escaping already undone."""
    LOOSE = "loose"
    """Text by specification that often carries markup or a second escaping (an RSS title, rule M11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One value an element offers for a field."""

    value: str
    element: str
    """The element in the table's notation: `atom:title`, `pubDate`, `content_html`."""
    markup: Markup = Markup.TEXT
    base: str | None = None
    """The xml:base chain of the element, joined but possibly still relative; None if there is none."""


Candidates = tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPerson:
    """An author in parts (`name`, `email`, `uri`), or as one line that is not parsed yet (`line`)."""

    element: str
    name: str | None = None
    email: str | None = None
    uri: str | None = None
    line: str | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedLink:
    """An address with what its element says about it. `type` and `rel` are as written, trimmed and lower-cased."""

    href: str
    element: str
    rel: str = "alternate"
    type: str | None = None
    language: str | None = None
    title: str | None = None
    length: str | None = None
    count: str | None = None
    """thr:count of a replies link."""
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMedia:
    """A file or picture; sizes and times are still the source's own words."""

    url: str
    element: str
    type: str | None = None
    medium: str | None = None
    length: str | None = None
    duration: str | None = None
    title: str | None = None
    width: str | None = None
    height: str | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCategory:
    """Names from the root down, as written (rule K2)."""

    path: CategoryPath
    element: str
    scheme: str | None = None
    term: str | None = None
    kind: CategoryKind = CategoryKind.SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedReply:
    """thr:in-reply-to as written."""

    ref: str
    href: str | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedHead:
    """What a feed, or the atom:source of an entry, says about itself."""

    ids: Candidates = ()
    titles: Candidates = ()
    descriptions: Candidates = ()
    languages: Candidates = ()
    rights: Candidates = ()
    updated: Candidates = ()
    generators: Candidates = ()
    links: tuple[ParsedLink, ...] = ()
    """Every link with its rel; the site's own link elements come as rel alternate."""
    authors: tuple[tuple[ParsedPerson, ...], ...] = ()
    """Groups in order of preference; the first group with a usable name fills the field."""
    images: tuple[ParsedLink, ...] = ()
    icons: tuple[ParsedLink, ...] = ()
    ttls: Candidates = ()
    skip_hours: Candidates = ()
    skip_days: Candidates = ()
    update_periods: Candidates = ()
    update_frequencies: Candidates = ()
    complete: bool = False
    whole: bool = False
    """fh:complete: what is not in the document is not in the feed. itunes:complete only says that no more will come."""
    archive: bool = False
    expired: bool = False
    new_urls: Candidates = ()
    foreign: tuple[ForeignElement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedFrom:
    """The head and address of one of several merged documents (rules M3 and M9)."""

    head: ParsedHead
    url: str
    dialect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """One entry in its source's words."""

    ids: Candidates = ()
    guid_is_link: bool = False
    """The first id may serve as the link if it is an absolute http(s) address (rule I5)."""
    links: tuple[ParsedLink, ...] = ()
    related: tuple[ParsedLink, ...] = ()
    titles: Candidates = ()
    contents: Candidates = ()
    summaries: Candidates = ()
    authors: tuple[tuple[ParsedPerson, ...], ...] = ()
    published: Candidates = ()
    updated: Candidates = ()
    languages: Candidates = ()
    rights: Candidates = ()
    categories: tuple[ParsedCategory, ...] = ()
    thumbnails: tuple[ParsedMedia, ...] = ()
    """Largest first wins among these; `images` are taken in order after them."""
    images: tuple[ParsedMedia, ...] = ()
    enclosures: tuple[ParsedMedia, ...] = ()
    comment_urls: tuple[ParsedLink, ...] = ()
    comment_feeds: tuple[ParsedLink, ...] = ()
    comment_counts: Candidates = ()
    reply_to: ParsedReply | None = None
    source: ParsedHead | None = None
    foreign: tuple[ForeignElement, ...] = ()
    base: str | None = None
    merged_from: MergedFrom | None = None
    """The feed it was in where several documents were merged; None if that is the feed it is read with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDeletion:
    """An at:deleted-entry (RFC 6721): the id of an entry that is no more, and the source's words for when."""

    ref: str
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """One document, read."""

    dialect: str
    """`rss-2.0`, `rss-1.0`, `atom-1.0`, `json-1.1`, `front-matter`, `files` ..."""
    head: ParsedHead
    entries: tuple[ParsedEntry, ...] = ()
    """In document order."""
    deleted: tuple[ParsedDeletion, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    complete: bool = True
    """False if the document was cut off: its validators must not be stored (rules P2 and R2)."""
    bozo: bool = False
    """The XML was not well-formed and had to be repaired."""
    encoding: str = "utf-8"
    faulty: frozenset[str] = frozenset()
    """Of several files, the addresses of those that were not read without a fault."""


def too_many_entries(count: int, limit: int = MAX_ENTRIES) -> Diagnostic:
    """What is said of a document of `count` entries of which `limit` were read."""
    return Diagnostic(name="too-many-entries", message=f"of {count} entries the first {limit} were read")
