"""ParsedHead to Feed and Origin (rule M13)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from aggregator.core.dates.dates import parse_date
from aggregator.core.html.clean import visible_text
from aggregator.core.html.placeholders import shows_nothing
from aggregator.core.html.plain import one_line
from aggregator.core.model import Feed, Hints, Origin, Person
from aggregator.core.normalise.addresses import BaseUrls, header_links
from aggregator.core.normalise.context import Context, Diagnostics
from aggregator.core.normalise.language import Sample, language_of_samples, normal_language, sample_language
from aggregator.core.normalise.people import people
from aggregator.core.normalise.text_fields import filled, first_line, first_text, first_value
from aggregator.core.parse.parsed import Candidates, ParsedEntry, ParsedFeed, ParsedHead, ParsedLink
from aggregator.core.urls.urls import host_of, origin_of

_MAX_HUBS = 5
_MAX_TTL = 10 * 365 * 24 * 60
SAMPLED_ENTRIES = 20
"""From so many entries at the top of a document its language is guessed."""

_DAYS = {
    name: day
    for day, names in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
    for name in (names, names[:3])
}
_PERIODS = {"hourly": 3600, "daily": 86400, "weekly": 604800, "monthly": 2592000, "yearly": 31536000}
_RULE = re.compile(r"FREQ=(HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY)", re.IGNORECASE)
_RULE_INTERVAL = re.compile(r"INTERVAL=(\d{1,4})", re.IGNORECASE)


def read_feed(
    parsed: ParsedFeed, context: Context, bases: BaseUrls, language: str | None, diagnostics: Diagnostics
) -> Feed:
    """The feed's own fields with their fallbacks. `language` is what `feed_language` found."""
    head = parsed.head
    provenance: dict[str, str] = {}
    site = _site_url(head, bases, provenance) or origin_of(context.poll_url)
    return Feed(
        poll_url=context.poll_url,
        id=_with_provenance(first_value(head.ids), "id", provenance) or context.poll_url,
        title=_title(head, context, site, provenance),
        self_url=_self_url(head, context, bases, provenance),
        site_url=site,
        description=_with_provenance(first_text(head.descriptions), "description", provenance),
        language=language,
        authors=_authors(head, bases, provenance),
        image=_first_address(head.images, bases, "image", provenance),
        icon=_first_address(head.icons, bases, "icon", provenance),
        rights=_with_provenance(first_line(head.rights), "rights", provenance),
        updated=next((at for c in filled(head.updated) if (at := _date(c.value, context, language))), None),
        generator=_with_provenance(first_line(head.generators), "generator", provenance),
        hubs=_hubs(head, context, bases),
        hints=_hints(head, diagnostics),
        complete=head.complete,
        whole=head.whole,
        archive=head.archive,
        expired=head.expired,
        new_url=_with_provenance(first_value(head.new_urls), "new_url", provenance),
        prev_archive=_prev_archive(head, bases),
        foreign=head.foreign,
        provenance=provenance,
    )


def _with_provenance(found: tuple[str, str] | None, field: str, provenance: dict[str, str]) -> str | None:
    if found is None:
        return None
    provenance[field] = found[1]
    return found[0]


def _date(raw: str, context: Context, language: str | None) -> datetime | None:
    return parse_date(raw, zone=context.timezone, language=language, now=context.fetched_at)


def _title(head: ParsedHead, context: Context, site: str | None, provenance: dict[str, str]) -> str:
    if context.title and context.title.strip():
        provenance["title"] = "configuration"
        return context.title.strip()
    found = one_line(_with_provenance(first_line(head.titles), "title", provenance) or "")
    return found or (host_of(site) if site else None) or context.poll_url


def _is_page(link: ParsedLink) -> bool:
    return link.rel == "alternate" and (link.type or "text/html") in ("text/html", "application/xhtml+xml", "html")


def _site_url(head: ParsedHead, bases: BaseUrls, provenance: dict[str, str]) -> str | None:
    for link in head.links:
        address = bases.resolve(link.href, link.base) if _is_page(link) and link.href.strip() else None
        if address and address.startswith(("http://", "https://")):
            provenance["site_url"] = link.element
            return address
    return None


def _self_url(head: ParsedHead, context: Context, bases: BaseUrls, provenance: dict[str, str]) -> str | None:
    for link in _linked(head, context, "self"):
        if found := bases.resolve(link.href, link.base):
            provenance["self_url"] = link.element
            return found
    return context.poll_url


def _linked(head: ParsedHead, context: Context, relation: str) -> Iterator[ParsedLink]:
    """Links of this relation: the HTTP header's first, then the document's."""
    addresses = header_links(context.headers, relation)
    yield from (ParsedLink(href=address, element="Link", rel=relation) for address in addresses)
    yield from (link for link in head.links if link.rel == relation and link.href.strip())


def _hubs(head: ParsedHead, context: Context, bases: BaseUrls) -> tuple[str, ...]:
    found = (bases.resolve(link.href, link.base) for link in _linked(head, context, "hub"))
    return tuple(dict.fromkeys(address for address in found if address))[:_MAX_HUBS]


def _prev_archive(head: ParsedHead, bases: BaseUrls) -> str | None:
    links = (link for link in head.links if link.rel == "prev-archive" and link.href.strip())
    return next((address for link in links if (address := bases.resolve(link.href, link.base))), None)


def _first_address(links: Iterable[ParsedLink], bases: BaseUrls, field: str, provenance: dict[str, str]) -> str | None:
    for link in links:
        address = bases.resolve(link.href, link.base) if link.href.strip() else None
        if address and not shows_nothing(address):
            provenance[field] = link.element
            return address
    return None


def _authors(head: ParsedHead, bases: BaseUrls, provenance: dict[str, str]) -> tuple[Person, ...]:
    found, element = people(head.authors, bases)
    if found:
        provenance["authors"] = element
    return found


def _hints(head: ParsedHead, diagnostics: Diagnostics) -> Hints:
    hours = [_hour(c.value) for c in head.skip_hours]
    days = [_DAYS.get(c.value.strip().lower()) for c in head.skip_days]
    ttl = next((number for c in head.ttls if (number := _whole(c.value))), None)
    if None in hours or None in days or (ttl is None and any(filled(head.ttls))):
        diagnostics.add(
            "hint-unusable", "what ttl, skipHours or skipDays say is no hint to go by and was ignored in part"
        )
    return Hints(
        ttl_minutes=min(ttl, _MAX_TTL) if ttl else None,
        skip_hours=tuple(sorted({hour for hour in hours if hour is not None})),
        skip_days=tuple(sorted({day for day in days if day is not None})),
        update_period_seconds=_period(head),
    )


def _hour(raw: str) -> int | None:
    """0 to 23; 24 is midnight (rule P8)."""
    hour = _whole(raw)
    return None if hour is None or hour > 24 else hour % 24


def _whole(raw: str) -> int | None:
    text = raw.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _period(head: ParsedHead) -> int | None:
    frequency = next((number for c in head.update_frequencies if (number := _whole(c.value))), 1)
    for candidate in filled(head.update_periods):
        seconds = _PERIODS.get(candidate.value.strip().lower())
        if seconds:
            return max(seconds // frequency, 60)
        rule = _RULE.search(candidate.value[:200])
        if rule:
            interval = _RULE_INTERVAL.search(candidate.value[:200])
            return _PERIODS[rule[1].lower()] * max(int(interval[1]) if interval else 1, 1)
    return None


def feed_language(parsed: ParsedFeed, context: Context, diagnostics: Diagnostics) -> str | None:
    """By feeds.toml, the feed, the HTTP header, or the script of the entries (rule M13, `language`).

    RSSHub writes `en` where its route sets none: there the script wins if it contradicts.
    """
    if context.language:
        return normal_language(context.language) or context.language
    declared = _declared_language(parsed.head.languages, diagnostics) or normal_language(
        context.headers.get("content-language", "")
    )
    if declared and not _is_hub(parsed.head):
        return declared
    samples = context.samples if context.samples is not None else entry_samples(parsed.entries[:SAMPLED_ENTRIES])
    detected = language_of_samples(samples)
    if declared is None or detected is None or declared.partition("-")[0] == detected:
        return declared or detected
    diagnostics.add("language-corrected", f"the feed says {declared!r}, its text is {detected!r}")
    return detected


def is_language_guessed(head: ParsedHead, context: Context) -> bool:
    """Whether `feed_language` looks at entries."""
    if context.language:
        return False
    header = context.headers.get("content-language", "")
    return _is_hub(head) or not (_declared_language(head.languages, Diagnostics()) or normal_language(header))


def _is_hub(head: ParsedHead) -> bool:
    return any("rsshub" in c.value.lower() for c in head.generators)


def _declared_language(candidates: Candidates, diagnostics: Diagnostics) -> str | None:
    for candidate in filled(candidates):
        language = normal_language(candidate.value)
        if language:
            if language.lower() != candidate.value.strip().lower():
                diagnostics.add("language-mended", f"{candidate.value.strip()[:60]!r} was read as {language!r}")
            return language
        diagnostics.add("language-invalid", f"{candidate.value.strip()[:60]!r} is no language tag")
    return None


def entry_samples(entries: Iterable[ParsedEntry]) -> Iterator[Sample | None]:
    """The sample of each entry: see `sample_language`."""
    for entry in entries:
        texts = (*entry.titles[:1], *entry.contents[:1], *entry.summaries[:1])
        yield sample_language(" ".join(visible_text(candidate.value[:2_000]) for candidate in texts))


def read_origin(head: ParsedHead, context: Context, bases: BaseUrls, language: str | None) -> Origin | None:
    """The feed an entry says it came from; None if it says nothing usable."""
    title, rights = first_line(head.titles), first_line(head.rights)
    ids = first_value(head.ids)
    origin = Origin(
        id=ids[0] if ids else None,
        title=one_line(title[0]) if title else None,
        self_url=_related_address(head, bases, "self"),
        site_url=_site_url(head, bases, {}),
        updated=next((at for c in filled(head.updated) if (at := _date(c.value, context, language))), None),
        rights=rights[0] if rights else None,
    )
    return origin if origin != Origin() else None


def _related_address(head: ParsedHead, bases: BaseUrls, relation: str) -> str | None:
    links = (link for link in head.links if link.rel == relation)
    return next((address for link in links if (address := bases.resolve(link.href, link.base))), None)
