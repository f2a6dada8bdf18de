"""What has been done since the start, for `/metrics`; and how the sources are doing, read no oftener than needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.core.model import SourceNumber
from aggregator.core.outcome import Failed, Gone, Unchanged, Updated
from aggregator.core.site_status import StatusReport
from aggregator.engine.publish.publisher import PublishedOutput
from aggregator.engine.status import status_report
from aggregator.engine.visit import VisitReport
from aggregator.storage import Storage

ARRIVAL_DAYS = 30
"""Days that the plots of the status page show."""
ARRIVALS_EVERY = timedelta(minutes=1)

_NAMES = (
    "polls",
    "polls_unchanged",
    "polls_failed",
    "entries_new",
    "entries_revised",
    "outputs_published",
    "outputs_failed",
    "files_published",
)


class Counters:
    """Totals since the start. Belongs to the event loop."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter(dict.fromkeys(_NAMES, 0))

    def visited(self, report: VisitReport) -> None:
        """Count one visit."""
        outcome = report.outcome
        self._counts["polls"] += 1
        self._counts["polls_unchanged"] += isinstance(outcome, Unchanged)
        self._counts["polls_failed"] += isinstance(outcome, Failed | Gone)
        if isinstance(outcome, Updated) and report.recorded:
            self._counts["entries_new"] += outcome.new
            self._counts["entries_revised"] += outcome.revised

    def published(self, made: Iterable[PublishedOutput]) -> None:
        """Count the outputs that were made again."""
        for one in made:
            self._counts["outputs_published"] += one.error is None
            self._counts["outputs_failed"] += one.error is not None
            self._counts["files_published"] += one.changed

    @property
    def counts(self) -> Mapping[str, float]:
        """All totals, those that are 0 included: a series must not begin with its first event."""
        return dict(self._counts)


class StatusCollector:
    """Looks up how the sources are doing. `look` blocks: it belongs on the store's thread."""

    def __init__(self, storage: Storage, database: Path) -> None:
        self._storage = storage
        self._files = [database, database.with_name(database.name + "-wal")]
        self._arrivals: Mapping[SourceNumber, tuple[int, ...]] = {}
        self._counted_at: datetime | None = None

    def look(self, now: datetime) -> StatusReport:
        """The report of this moment. Arrivals are counted anew once a minute at most."""
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
