"""Counts of what was done since the start, for `/metrics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from aggregator.core.outcome import Failed, Gone, Unchanged, Updated
from aggregator.engine.publish.publisher import PublishedOutput
from aggregator.engine.visit import VisitReport

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
