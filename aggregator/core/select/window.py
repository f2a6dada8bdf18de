"""Which of the selected entries an output shows: by order of addition, never by date (rule W8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from aggregator.core.model import StoredEntry

AT_LEAST = 50
AT_MOST = 500
SPAN = timedelta(hours=72)
BYTES = 1 << 20


def window(
    newest_first: Iterable[StoredEntry], *, limit: int | None, archived_to: int | None = None, span: timedelta = SPAN
) -> Iterator[StoredEntry]:
    """The entries of the window, newest addition or revision first; `newest_first` is read no further than needed.

    With a limit, so many. Without: everything added or revised within `span` of the newest, at least 50, beyond that at
    most 500 entries and 1 MiB of content. The newest is used instead of the time, so that the same store gives the same
    window at any time (rule W3). What was changed after `archived_to` is in no archive yet, and always in (rule W9).
    """
    size = 0
    newest = None
    for count, stored in enumerate(newest_first):
        moment = stored.changed_at if stored.revision_seq else stored.first_seen
        newest = newest or moment
        if archived_to is None or stored.change_seq <= archived_to:
            if count >= (limit or AT_MOST):
                return
            if limit is None and count >= AT_LEAST and (newest - moment > span or size > BYTES):
                return
        size += len(stored.entry.content.encode("utf-8", "surrogatepass"))
        yield stored
