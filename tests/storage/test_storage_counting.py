"""What is counted for pages: arrivals by day, and which stories there are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from storage_samples import LATER, NOW, add, draft, set_sources

from aggregator.core.records import Removal, RemovalOrigin
from aggregator.storage import Storage

DAY = timedelta(days=1)


def test_arrivals_are_counted_by_source_and_day(store: Storage) -> None:
    """A day is 24 hours back from now; what is older, and sources with nothing, are left out."""
    a, b, _ = set_sources(store, "a", "b", "c")
    ages = [40 * DAY, 3 * DAY, 3 * DAY - timedelta(seconds=1), DAY, timedelta(hours=5), timedelta()]
    add(store, a, [draft(f"a{n}", first_seen=NOW - age) for n, age in enumerate(ages)])
    add(store, b, [draft("b", first_seen=NOW - DAY * 2)])
    assert store.arrivals(now=NOW, days=4) == {a: (1, 1, 1, 2), b: (0, 1, 0, 0)}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_only_the_last_days_are_read_however_much_is_stored(store: Storage, count: int) -> None:
    [a] = set_sources(store, "a")
    add(store, a, [draft(f"old{n}", first_seen=NOW - 90 * DAY + n * timedelta(hours=1)) for n in range(count)])
    add(store, a, [draft(f"new{n}") for n in range(count)])
    assert sum(store.arrivals(now=NOW, days=30).get(a, ())) == count


def test_a_clock_that_was_set_back_hides_nothing(store: Storage) -> None:
    """What seems to come from the future came today."""
    [a] = set_sources(store, "a")
    add(store, a, [draft("one", first_seen=NOW + DAY * 2)])
    assert store.arrivals(now=NOW, days=2) == {a: (0, 1)}


def test_public_ids_are_those_of_stories_that_can_be_read(store: Storage) -> None:
    a, b = set_sources(store, "a", "b")
    add(store, a, ["one", "two"])
    add(store, b, ["three"])
    store.remove([Removal(seq=1, at=LATER, origin=RemovalOrigin.OPERATOR)], [])
    assert store.public_ids([a]) == [("urn:x:two", 2)]
    assert store.public_ids([a, b]) == [("urn:x:two", 2), ("urn:x:three", 3)]
    assert store.public_ids([]) == []
