"""Which entry is which: keys within a source, public ids, and entries whose guid changed (rules I1 to I11). Pure.

A key is made of what the source wrote and of nothing that we filled in. Once stored, a key, an alias and a public id
mean the same entry forever.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from aggregator.core.html.clean import visible_text
from aggregator.core.model import Diagnostic, Entry, SourceId
from aggregator.core.source_state import IdentityMode
from aggregator.core.urls import urls

STRICTER: tuple[IdentityMode, ...] = (
    IdentityMode.ID,
    IdentityMode.ID_LINK,
    IdentityMode.ID_LINK_PUBLISHED,
    IdentityMode.ID_LINK_PUBLISHED_TITLE,
)
SITE_MIGRATION = 5
"""So many entries, and more than half of a document, known by alias alone: the whole site changed its ids (rule I4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedEntry:
    """An entry of a document with its key and its position in it, 0 at the top."""

    key: str
    position: int
    entry: Entry
    link_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAssignment:
    """A document's entries, each key once, in document order; `mode` is what the source needs from now on."""

    entries: tuple[KeyedEntry, ...]
    mode: IdentityMode
    diagnostics: tuple[Diagnostic, ...] = ()


def text_key(entry: Entry) -> str:
    """The key of an entry that has neither id nor link, by title and text (rule I2)."""
    return "made:" + _digest(_own_title(entry), visible_text(entry.content or entry.summary or ""))


def assign_keys(
    entries: Sequence[Entry],
    mode: IdentityMode,
    *,
    feed_host: str | None,
    text_key_of: Callable[[Entry], str] = text_key,
) -> KeyAssignment:
    """Key every entry by rules I1 to I3; a guid that is used for different entries makes the source's mode stricter.

    Of two copies of one entry the newer is kept, at the position of the first. `text_key_of` gives an entry's
    `text_key`.
    """
    whole = [urls.link_key(e.link, feed_host=feed_host, keep_fragment=True) if e.link else None for e in entries]
    links = _link_keys(entries, whole, feed_host)
    shared = {link for link, count in Counter(filter(None, whole)).items() if count > 1}
    needed = mode
    while True:
        # a document cannot tell whether others of the source differ by the fragment alone (rule I6), so keys keep it
        keys = [
            entry_key(e, needed, k, link_is_shared=k in shared, text_key_of=text_key_of)
            for e, k in zip(entries, whole, strict=True)
        ]
        harder = _next_mode(needed)
        if harder is None or not _has_reused(entries, keys, links):
            break
        needed = harder
    kept = _merge_copies(entries, keys, links)
    diagnostics = [] if needed is mode else [Diagnostic(name="reused-guid", message=_REUSED.format(mode=needed.value))]
    if len(kept) < len(entries):
        diagnostics.append(Diagnostic(name="entry-repeated", message=_REPEATED.format(count=len(entries) - len(kept))))
    return KeyAssignment(entries=kept, mode=needed, diagnostics=tuple(diagnostics))


_REPEATED = "{count} of the entries stand in the document before; of two copies the newer was taken"
_REUSED = "the source gives one guid to different entries; entries are now told apart by {mode}"


def entry_key(
    entry: Entry,
    mode: IdentityMode,
    link_key: str | None,
    *,
    link_is_shared: bool = False,
    text_key_of: Callable[[Entry], str] = text_key,
) -> str:
    """The key of one entry (rules I1, I2 and I3). `link_is_shared`: another entry of the document has the same link."""
    if mode is IdentityMode.LINK and link_key:
        return _by_link(entry, link_key, link_is_shared)
    if entry.id and mode in (IdentityMode.ID, IdentityMode.LINK):
        return entry.id
    if entry.id:
        parts = (entry.link or "", _published_as_given(entry), entry.title)
        return "twin:" + _digest(entry.id, *parts[: STRICTER.index(mode)])
    if link_key:
        return _by_link(entry, link_key, link_is_shared)
    return text_key_of(entry)


def _by_link(entry: Entry, link_key: str, link_is_shared: bool) -> str:
    if not link_is_shared:
        return f"link:{link_key}"
    return "made:" + _digest(entry.link or "", _published_as_given(entry), _own_title(entry))


def public_id(entry: Entry, key: str, *, source: SourceId, authority: str, year: str, taken: Iterable[str]) -> str:
    """The id that outputs carry (rule I7): the native one if that is an absolute URI not yet taken, else a tag URI."""
    if key == entry.id and urls.is_absolute_uri(entry.id) and entry.id not in taken:
        return entry.id
    return f"tag:{authority},{year}:{quote(source, safe='')}/{_escaped(key)}"


def _escaped(key: str) -> str:
    """A key as the specific part of a tag URI (RFC 4151). What is escaped already stays as it is."""
    return quote(_BARE_PERCENT.sub("%25", key), safe="/:?@&=+$,;!*'()%")


_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIdentity:
    """What `recognise` needs to know of a stored entry."""

    seq: int
    key: str
    title: str
    published: datetime | None
    link_key: str | None


def recognise(entries: Iterable[KeyedEntry], stored: Mapping[str, StoredIdentity]) -> dict[str, str]:
    """New key -> the stored key it is another name of (rule I4).

    An unknown key is an old entry if an alias agrees (the guid without scheme, host and tracking, or the link), the
    old key is absent from this document, and the title or the published second is the same. Where five or more
    entries and over half of the document agree by alias, the site has moved and all of them are accepted.
    """
    document = list(entries)
    present = {keyed.key for keyed in document}
    by_alias = _alias_index(stored[key] for key in stored if key not in present)
    found: dict[str, StoredIdentity] = {}
    sure: set[str] = set()
    for keyed in document:
        if keyed.key in stored:
            continue
        candidates = [r for alias in _aliases_of(keyed) for r in by_alias.get(alias, ())]
        if not candidates:
            continue
        agreeing = [r for r in candidates if _agrees(keyed.entry, r)]
        if agreeing:
            sure.add(keyed.key)
        if agreeing or len({r.seq for r in candidates}) == 1:
            found[keyed.key] = (agreeing or candidates)[0]
    migrated = len(found) >= SITE_MIGRATION and 2 * len(found) > len(document)
    return _without_double_matches({key: r for key, r in found.items() if migrated or key in sure})


def _without_double_matches(found: Mapping[str, StoredIdentity]) -> dict[str, str]:
    """No stored entry may be that of two entries of one document: the first gets it."""
    claimed: set[int] = set()
    result: dict[str, str] = {}
    for key, candidate in found.items():
        if candidate.seq not in claimed:
            claimed.add(candidate.seq)
            result[key] = candidate.key
    return result


def _agrees(entry: Entry, candidate: StoredIdentity) -> bool:
    same_title = bool(entry.title) and entry.title == candidate.title
    if entry.published is None or candidate.published is None:
        return same_title
    return same_title or entry.published.replace(microsecond=0) == candidate.published.replace(microsecond=0)


def _alias_index(stored: Iterable[StoredIdentity]) -> dict[str, list[StoredIdentity]]:
    index: dict[str, list[StoredIdentity]] = defaultdict(list)
    for candidate in stored:
        for alias in _aliases(candidate.key, candidate.link_key, candidate.title, candidate.published):
            index[alias].append(candidate)
    return index


def _aliases_of(keyed: KeyedEntry) -> list[str]:
    return _aliases(keyed.key, keyed.link_key, keyed.entry.title, keyed.entry.published)


def _aliases(key: str, link_key: str | None, title: str, published: datetime | None) -> list[str]:
    """Other names of an entry. One without guid and link, a post on disk, is known by its title and date together."""
    aliases = [f"link:{link_key}"] if is_specific(link_key) else []
    if key.startswith("made:"):
        return [*aliases, f"post:{published.isoformat()} {title}"] if published else aliases
    plain = None if key.startswith(("link:", "twin:")) else urls.alias_key(key)
    return [f"id:{plain}", *aliases] if plain else aliases


def _link_keys(entries: Sequence[Entry], whole: Sequence[str | None], feed_host: str | None) -> list[str | None]:
    """Normalised links; fragments stay where entries differ by them alone (rule I6). `whole`: those with fragments."""
    plain = [urls.link_key(e.link, feed_host=feed_host) if e.link else None for e in entries]
    variants: dict[str | None, set[str | None]] = defaultdict(set)
    for short, long in zip(plain, whole, strict=True):
        variants[short].add(long)
    return [long if len(variants[short]) > 1 else short for short, long in zip(plain, whole, strict=True)]


def _next_mode(mode: IdentityMode) -> IdentityMode | None:
    if mode not in STRICTER[:-1]:
        return None
    return STRICTER[STRICTER.index(mode) + 1]


def _has_reused(entries: Sequence[Entry], keys: Sequence[str], links: Sequence[str | None]) -> bool:
    groups: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if entries[index].id:
            groups[key].append(index)
    return any(_are_different(entries, links, group) for group in groups.values() if len(group) > 1)


def _are_different(entries: Sequence[Entry], links: Sequence[str | None], group: Sequence[int]) -> bool:
    """Whether entries with one key are several (rule I3).

    Different links say so, and equal ones that they are copies. Where the link says nothing, for there is none or all
    have that of the front page, titles decide; and three titles are no copies whatever the link.
    """
    if len({links[i] for i in group}) > 1:
        return True
    titles = {entries[i].title for i in group}
    return len(titles) > (2 if is_specific(links[group[0]]) else 1)


def is_specific(link_key: str | None) -> bool:
    """Whether a normalised link leads to one page and not to the front of a site (rule I8)."""
    parts = urlsplit(link_key or "")
    return parts.path not in ("", "/") or bool(parts.query or parts.fragment)


def _merge_copies(entries: Sequence[Entry], keys: Sequence[str], links: Sequence[str | None]) -> tuple[KeyedEntry, ...]:
    chosen: dict[str, KeyedEntry] = {}
    for position, (entry, key, link) in enumerate(zip(entries, keys, links, strict=True)):
        held = chosen.get(key)
        if held is None:
            chosen[key] = KeyedEntry(key=key, position=position, entry=entry, link_key=link)
        elif _is_newer(entry, held.entry):
            chosen[key] = KeyedEntry(key=key, position=held.position, entry=entry, link_key=link)
    return tuple(chosen.values())


def _is_newer(entry: Entry, than: Entry) -> bool:
    mine, theirs = entry.updated or entry.published, than.updated or than.published
    return mine is not None and theirs is not None and mine > theirs


def _published_as_given(entry: Entry) -> str:
    return entry.published_raw or (entry.published.isoformat() if entry.published else "")


def _own_title(entry: Entry) -> str:
    return "" if entry.title_is_generated else entry.title


def _digest(*parts: str) -> str:
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:32]
