"""The common model: what every source is turned into and every output is made from.

Rules for editors: records are frozen and hold plain values. `core.stored_keys` names the key under which each field is
stored as JSON: a new field needs one there, a renamed field keeps it. Instants are aware datetimes in UTC. Text fields
hold text and never markup; HTML fields hold sanitised HTML with the base address already applied (rule M2). `None` and
`()` mean "the source did not say", never "we did not look".
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

SourceId = NewType("SourceId", str)
"""The name a person gave a source in feeds.toml."""

SourceNumber = NewType("SourceNumber", int)
"""The number that storage gave a source; it stays when the address or the id changes (rule I1)."""

OutputId = NewType("OutputId", str)
"""The slug of an output: the address of its feeds below `/c/`."""

CategoryPath = tuple[str, ...]
"""Names from the root down: ("新媒体", "IT 之家", "分类资讯")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An author. `is_source` marks a name that stands in for one: the title of the feed."""

    name: str
    email: str | None = None
    uri: str | None = None
    is_source: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an entry. `length` is in bytes, `duration` in seconds; None means unknown."""

    url: str
    type: str | None = None
    length: int | None = None
    duration: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture. `width` and `height` are in CSS pixels; None means unknown."""

    url: str
    width: int | None = None
    height: int | None = None


CATEGORY_SCHEME = "urn:feed-aggregator:category"
"""The scheme of assigned category paths in RSS and Atom (rule K5)."""


class CategoryKind(enum.StrEnum):
    """Who put an entry into a category (rule K1)."""

    ASSIGNED = "assigned"
    """We or the author of a post on disk did: it is a path of the outputs' tree."""
    SOURCE = "source"
    """The source did; it becomes a tag and is never part of a hierarchy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One category of an entry. `term` is the source's own machine word where it differs from the shown name."""

    path: CategoryPath
    scheme: str | None = None
    term: str | None = None
    kind: CategoryKind = CategoryKind.SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """Where an entry is discussed."""

    url: str | None = None
    count: int | None = None
    feed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """RFC 4685 `thr:in-reply-to`."""

    ref: str
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The feed an entry came from, as outputs attribute it (atom:source, RSS source)."""

    id: str | None = None
    title: str | None = None
    self_url: str | None = None
    site_url: str | None = None
    updated: datetime | None = None
    rights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignElement:
    """An element of a known foreign namespace that no field of the model holds (rule M4)."""

    namespace: str
    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    children: tuple[ForeignElement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a feed says about when to come back; never more than a lower bound (rule P8)."""

    ttl_minutes: int | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    """Monday is 0."""
    update_period_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a source says about itself (rule M13)."""

    poll_url: str
    id: str
    title: str
    self_url: str | None = None
    site_url: str | None = None
    description: str | None = None
    language: str | None = None
    """BCP 47."""
    authors: tuple[Person, ...] = ()
    image: str | None = None
    icon: str | None = None
    rights: str | None = None
    updated: datetime | None = None
    generator: str | None = None
    hubs: tuple[str, ...] = ()
    hints: Hints = Hints()
    complete: bool = False
    whole: bool = False
    """The document is the feed: an entry that is not in it has been taken out of it (RFC 5005, rule W10)."""
    archive: bool = False
    expired: bool = False
    new_url: str | None = None
    """itunes:new-feed-url. It is stored and not acted on: a source moves by redirects alone (rule P25)."""
    prev_archive: str | None = None
    """RFC 5005 link to the next older document. It is stored and not followed."""
    foreign: tuple[ForeignElement, ...] = ()
    provenance: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, as its author meant it (rule M14)."""

    id: str | None
    """The source's own id: trimmed, otherwise byte for byte what it wrote (rule I1); None if it wrote none."""
    link: str | None = None
    related: tuple[str, ...] = ()
    title: str = ""
    title_is_generated: bool = False
    content: str = ""
    summary: str | None = None
    summary_is_html: bool = False
    authors: tuple[Person, ...] = ()
    published: datetime | None = None
    published_raw: str | None = None
    """The source's own words, kept where they are not a usable instant (rules D4 and D6)."""
    updated: datetime | None = None
    categories: tuple[Category, ...] = ()
    language: str | None = None
    image: Image | None = None
    enclosures: tuple[Enclosure, ...] = ()
    comments: Comments | None = None
    reply_to: ReplyTo | None = None
    rights: str | None = None
    source: Origin | None = None
    """An atom:source, rss source or origin that the entry itself carried; None means the feed it came from."""
    foreign: tuple[ForeignElement, ...] = ()
    raw: str | None = None
    """The source's own fragment, cut to a bound, where a later version may have to read it again."""
    provenance: dict[str, str] = field(default_factory=dict)
    """Model field -> the element that filled it (rule M1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with what we assigned to it; none of these is ever computed again (rules I7 and D4)."""

    seq: int
    """Order of addition over the whole store, ascending (rule W8)."""
    source: SourceId
    number: SourceNumber
    key: str
    """Identity within the source (rules I1 to I3)."""
    public_id: str
    """What outputs carry: an absolute URI, frozen (rule I7)."""
    first_seen: datetime
    changed_at: datetime
    """When we last stored a revision of it; `first_seen` if there was none."""
    published: datetime | None
    """`entry.published`, or `first_seen` where that lies in the future (rule D6)."""
    updated: datetime
    """The instant outputs give as updated (rule D9)."""
    sort_date: datetime
    """Where it is in a feed shown newest first (rule D4)."""
    fingerprint: str
    entry: Entry
    revision_seq: int = 0
    """The number, from the same series as `seq`, that its latest revision or move took; 0 if there was none."""

    @property
    def change_seq(self) -> int:
        """Its number in the order of additions and revisions, in which outputs show them (rule W8)."""
        return max(self.seq, self.revision_seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something a reader of `status` should know about one visit (rule R1)."""

    name: str
    """Kebab-case and stable, as listed in docs/diagnostics.md."""
    message: str
    entry: str | None = None
    """The id, link or title of the entry it concerns."""
