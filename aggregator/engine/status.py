"""What index and status pages show, read from the store. Blocking: to be called on the database thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aggregator.core.config.tables import Config, SourceConfig
from aggregator.core.errors import Reason
from aggregator.core.formats_table import DOCUMENTS, HTML
from aggregator.core.model import Diagnostic, SourceId, SourceNumber
from aggregator.core.records import RenditionRecord, SourceRecord
from aggregator.core.select.plan import OutputPlan
from aggregator.core.site_status import OutputInfo, PublishedFormat, SiteInfo, SourceInfo, StatusReport
from aggregator.core.urls import urls
from aggregator.core.urls.parser import without_userinfo
from aggregator.formats.opml import FeedOutline
from aggregator.storage import OutputStore, SourceStore

ARRIVAL_DAYS = 30
"""Days that the plots of the status page show."""
ARRIVALS_EVERY = timedelta(minutes=1)


def site_info(config: Config) -> SiteInfo:
    """The site as pages present it."""
    site = config.site
    return SiteInfo(title=site.title, url=site.url, language=site.language or "en", timezone=ZoneInfo(site.timezone))


def output_infos(storage: OutputStore, plans: Sequence[OutputPlan]) -> tuple[OutputInfo, ...]:
    """The outputs in the order of `plans`, each with the files that are published of it; secret ones left out."""
    files: dict[str, list[RenditionRecord]] = defaultdict(list)
    for rendition in storage.renditions():
        files[rendition.output].append(rendition)
    records = {record.output: record for record in storage.outputs()}
    return tuple(
        OutputInfo(
            output=plan.output,
            title=plan.title,
            description=plan.description if plan.is_described else "",
            language=plan.language,
            formats=_formats(files[plan.output]),
            entries=records[plan.output].size,
            newest=records[plan.output].newest,
            path=plan.node or (),
        )
        for plan in plans
        if plan.output in records and not plan.is_secret
    )


def status_report(
    storage: SourceStore,
    *,
    now: datetime,
    problems: Iterable[str],
    arrivals: Mapping[SourceNumber, tuple[int, ...]] | None = None,
    days: int = 0,
    store_bytes: int = 0,
) -> StatusReport:
    """How every source is doing. `arrivals` are new entries by source and day; one that is not in it had none in all
    `days`."""
    came = arrivals or {}
    nothing = (0,) * days
    sources = storage.sources()
    return StatusReport(
        now=now,
        ok=True,
        sources=tuple(_source_info(record, came.get(record.state.number, nothing)) for record in sources),
        due=sum(1 for r in sources if r.state.next_poll is not None and r.state.next_poll <= now),
        problems=tuple(problems),
        store_bytes=store_bytes,
    )


class StatusCollector:
    """Reports how the sources are doing. `look` blocks: to be called on the database thread."""

    def __init__(self, storage: SourceStore, database: Path) -> None:
        self._storage = storage
        self._files = [database, database.with_name(database.name + "-wal")]
        self._arrivals: Mapping[SourceNumber, tuple[int, ...]] = {}
        self._counted_at: datetime | None = None

    def look(self, now: datetime) -> StatusReport:
        """The report of this moment. Arrivals are counted again once a minute at most."""
        if self._counted_at is None or not timedelta() <= now - self._counted_at < ARRIVALS_EVERY:
            self._arrivals = self._storage.arrivals(now=now, days=ARRIVAL_DAYS)
            self._counted_at = now
        return status_report(
            self._storage,
            now=now,
            problems=(),
            arrivals=self._arrivals,
            days=ARRIVAL_DAYS,
            store_bytes=sum(map(_size, self._files)),
        )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def same_feeds(records: Iterable[SourceRecord]) -> dict[SourceId, Diagnostic]:
    """A diagnostic for each source that ends at the address of an earlier one, redirects followed (rule R8)."""
    first: dict[str, SourceId] = {}
    found = {}
    for record in records:
        state = record.state
        address = state.validators.url or state.address(record.address)
        if address.startswith("file:"):
            continue
        before = first.setdefault(urls.link_key(address, keep_fragment=True) or address, state.source)
        if before != state.source:
            words = (
                f'it ends at the same address as "{before}"; one of the two can go, unless each reads it in its own way'
            )
            found[state.source] = Diagnostic(name="same-feed", message=words)
    return found


def _formats(files: Iterable[RenditionRecord]) -> tuple[PublishedFormat, ...]:
    known = [record for record in files if record.format in DOCUMENTS]
    ordered = sorted(known, key=lambda record: (DOCUMENTS[record.format].order, record.path))
    return tuple(PublishedFormat(format=r.format, path=r.path, size=r.size) for r in ordered)


def _source_info(record: SourceRecord, daily: tuple[int, ...]) -> SourceInfo:
    state = record.state
    return SourceInfo(
        id=state.source,
        title=record.feed.title if record.feed else "",
        address=without_userinfo(record.address),
        health=state.health,
        last_poll=state.last_poll,
        next_poll=state.next_poll,
        error=state.error_message,
        reason=Reason(state.error_reason) if state.error_reason in _REASONS else None,
        maybe_missed=_has_gap(record),
        entries=record.entries,
        last_new=record.newest,
        daily=daily,
    )


_REASONS = frozenset(Reason)


def _has_gap(record: SourceRecord) -> bool:
    """Whether all of the last document was new, and it was not the first (rule S3)."""
    last = record.attempt
    return last is not None and 0 < last.entries == last.new and not last.known and record.entries > last.new


def subscriptions(site_url: str, outputs: Iterable[OutputInfo]) -> list[FeedOutline]:
    """The outputs as a list that feed readers import: each by its Atom feed, or by the first feed it has."""
    made = []
    for info in outputs:
        feeds = [f for f in info.formats if DOCUMENTS[f.format].is_feed]
        page = next((f for f in info.formats if f.format == HTML.name), None)
        if feeds:
            made.append(
                FeedOutline(
                    title=info.title,
                    xml_url=_address(site_url, feeds[0]),
                    html_url=_address(site_url, page) if page else None,
                    language=info.language,
                    description=info.description or None,
                    path=info.path,
                )
            )
    return made


def source_subscriptions(
    config: Config, records: Iterable[SourceRecord]
) -> tuple[list[FeedOutline], list[SourceConfig]]:
    """The sources as a list that feed readers import, and those that are no feeds another reader could take.

    Categories become folders; titles and sites that feeds.toml does not give come from what is stored. Passwords are
    left out.
    """
    addresses = {source.id: source.address for source in config.sources}
    known = {r.state.source: r.feed for r in records if r.feed and addresses.get(r.state.source) == r.address}
    made, others = [], []
    for source in config.sources:
        if not source.kind.is_subscribable or source.rules is not None:
            others.append(source)
            continue
        feed = known.get(source.id)
        made.append(
            FeedOutline(
                title=source.title or (feed.title if feed else "") or source.kind.host(source.address) or source.id,
                xml_url=without_userinfo(source.address),
                html_url=feed.site_url if feed else None,
                language=source.language or (feed.language if feed else None),
                path=source.category or (),
            )
        )
    return made, others


def _address(site_url: str, file: PublishedFormat) -> str:
    return f"{site_url}/{quote(file.path)}"
