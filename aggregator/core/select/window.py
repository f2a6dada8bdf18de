"""Which of the selected entries an output shows: by order of addition, never by date (protocols W8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from aggregator.core.model import StoredEntry

AT_LEAST = 50
AT_MOST = 500
SPAN = timedelta(hours=72)
BYTES = 1 << 20


def window(newest_first: Iterable[StoredEntry], *, limit: int | None) -> Iterator[StoredEntry]:
    """The entries of the window, newest addition first; `newest_first` is read no further than needed.

    With a limit, so many. Without: everything added within 72 hours of the newest addition, at least 50, beyond that
    at most 500 entries and 1 MiB of content. The newest addition stands for the clock, so that the same store gives
    the same window at any time (W3).
    """
    size = 0
    newest = None
    for count, stored in enumerate(newest_first):
        newest = newest or stored.first_seen
        if count >= (limit or AT_MOST):
            return
        if limit is None and count >= AT_LEAST and (newest - stored.first_seen > SPAN or size > BYTES):
            return
        size += len(stored.entry.content.encode("utf-8", "surrogatepass"))
        yield stored
