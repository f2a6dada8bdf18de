"""Sources: which are set, what is due, leases, and what status sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from storage_samples import LATER, NOW, add, draft, lease, set_sources, visit

from aggregator.core.document import Validators
from aggregator.core.model import Feed, SourceId, SourceNumber
from aggregator.core.records import Attempt, Due, Lease
from aggregator.core.source_state import Health, PollState
from aggregator.storage import Storage

A, B, C = SourceId("a"), SourceId("b"), SourceId("c")
FULL = PollState(
    number=SourceNumber(1),
    source=A,
    health=Health.FAILING,
    validators=Validators(url="https://a.example/feed", etag='W/"é"', last_modified="Mon, 16 May 2022 05:00:23 GMT"),
    body_hash="ab" * 32,
    next_poll=LATER,
    last_poll=NOW,
    errors=3,
    error_reason="timeout",
    moved_to="https://moved.example/",
    moved_seen=2,
    moved_since=NOW,
)


def test_a_new_source_is_due_at_once(store: Storage) -> None:
    """Enlisting gives a number and makes it due at `now`, with a fresh state."""
    numbers = store.set_sources([(A, "https://a.example/feed")], now=NOW)
    assert store.due(now=NOW) == [Due(number=numbers[A], source=A, address="https://a.example/feed", next_poll=NOW)]
    assert store.poll_state(numbers[A]) == PollState(number=numbers[A], source=A, next_poll=NOW)
    assert store.due(now=NOW - timedelta(microseconds=1)) == []


def test_setting_the_same_again_changes_nothing(store: Storage) -> None:
    """Numbers and states stay, and no source becomes due by it."""
    [number] = set_sources(store, "a")
    assert store.record(visit(lease(store, number), state=FULL))
    assert store.set_sources([(A, "https://a.example/feed")], now=LATER) == {A: number}
    assert store.poll_state(number) == replace(FULL, number=number)


def test_state_comes_back_whole(store: Storage) -> None:
    """Rule P1: validators byte for byte; instants to the microsecond."""
    [number] = set_sources(store, "a")
    assert store.record(visit(lease(store, number), state=FULL))
    assert store.poll_state(number) == replace(FULL, number=number)


def test_a_renamed_source_keeps_number_entries_and_state(store: Storage) -> None:
    """An unknown id at the address of a source that is no longer named is that source."""
    [number] = set_sources(store, "a")
    add(store, number, ["one"], state=FULL)
    assert store.set_sources([(B, "https://a.example/feed")], now=NOW) == {B: number}
    assert store.poll_state(number) == replace(FULL, number=number, source=B)
    assert [stored.source for stored in store.entries([number])] == [B]


def test_an_address_still_named_is_not_taken_over(store: Storage) -> None:
    """Two ids at one address are two sources."""
    [number] = set_sources(store, "a")
    numbers = store.set_sources([(A, "https://a.example/feed"), (B, "https://a.example/feed")], now=NOW)
    assert numbers[A] == number
    assert numbers[B] != number


def test_of_two_new_ids_at_a_left_address_one_takes_over(store: Storage) -> None:
    """A number is never given to two sources."""
    [number] = set_sources(store, "a")
    numbers = store.set_sources([(B, "https://a.example/feed"), (C, "https://a.example/feed")], now=NOW)
    assert numbers[B] == number
    assert numbers[C] != number


def test_two_sources_may_exchange_their_addresses(store: Storage) -> None:
    """Known ids keep their numbers whatever address they have."""
    a, b = set_sources(store, "a", "b")
    swapped = [(A, "https://b.example/feed"), (B, "https://a.example/feed")]
    assert store.set_sources(swapped, now=NOW) == {A: a, B: b}
    assert {record.state.source: record.address for record in store.sources()} == dict(swapped)


def test_a_new_address_drops_what_belonged_to_the_old_one(store: Storage) -> None:
    """Number and entries stay; validators, body hash and a redirect noted for the old address go; due at once."""
    [number] = set_sources(store, "a")
    add(store, number, ["one"], state=FULL)
    assert store.set_sources([(A, "https://new.example/")], now=NOW) == {A: number}
    state = store.poll_state(number)
    assert (state.validators, state.body_hash, state.moved_to, state.moved_seen) == (Validators(), None, None, 0)
    assert (state.errors, state.health, state.next_poll) == (3, Health.FAILING, NOW)
    assert [due.address for due in store.due(now=NOW)] == ["https://new.example/"]
    assert len(list(store.entries([number]))) == 1


def test_a_visit_under_way_is_not_recorded_for_another_address(store: Storage) -> None:
    """Rule P2: its validators would belong to the old address."""
    [number] = set_sources(store, "a")
    held = lease(store, number)
    store.set_sources([(A, "https://new.example/")], now=NOW)
    assert not store.record(visit(held, new=(draft(),)))
    assert store.known(number) == {}


def test_a_source_out_of_the_file_is_neither_due_nor_listed(store: Storage) -> None:
    """It stays stored, though, and comes back with its number and entries, due at once."""
    a, b = set_sources(store, "a", "b")
    add(store, a, ["one"], state=replace(FULL, next_poll=None, health=Health.GONE))
    assert store.set_sources([(B, "https://b.example/feed")], now=NOW) == {B: b}
    assert [due.source for due in store.due(now=LATER)] == [B]
    assert [record.state.source for record in store.sources()] == [B]
    assert store.claim([a], now=LATER, until=LATER, token="t") == []
    assert set_sources(store, "a", "b") == [a, b]
    assert [due.source for due in store.due(now=NOW)] == [A, B]
    assert store.poll_state(a).validators == FULL.validators
    assert set(store.known(a)) == {"urn:x:one"}


def test_thousands_of_sources_are_set_and_claimed(store: Storage) -> None:
    """No limit of the database on the length of a statement shows."""
    names = [f"s{index}" for index in range(3000)]
    numbers = set_sources(store, *names)
    assert len(store.due(now=NOW)) == 3000
    leases = store.claim(numbers, now=NOW, until=LATER, token="t")
    assert [held.number for held in leases] == numbers
    set_sources(store, "s0")
    assert len(store.sources()) == 1


def test_the_longest_overdue_is_first(store: Storage) -> None:
    a, b, c = set_sources(store, "a", "b", "c")
    for number, minutes in ((a, 3), (b, 1), (c, 2)):
        state = replace(FULL, next_poll=NOW + timedelta(minutes=minutes))
        assert store.record(visit(lease(store, number), state=state))
    assert [due.number for due in store.due(now=LATER)] == [b, c, a]
    assert [due.number for due in store.due(now=NOW + timedelta(minutes=1))] == [b]


def test_a_source_without_next_poll_is_never_due(store: Storage) -> None:
    [number] = set_sources(store, "a")
    assert store.record(visit(lease(store, number), state=replace(FULL, next_poll=None)))
    assert store.due(now=NOW + timedelta(days=9999)) == []


def test_a_leased_source_is_left_alone_until_the_lease_ends(store: Storage) -> None:
    """Neither due nor claimed while the lease lives; from `until` on it is free."""
    [number] = set_sources(store, "a")
    held = lease(store, number)
    assert held == Lease(number=number, token="mine", until=LATER)
    just_before = LATER - timedelta(microseconds=1)
    assert store.due(now=just_before) == []
    assert store.claim([number], now=just_before, until=LATER, token="other") == []
    assert [due.number for due in store.due(now=LATER)] == [number]
    assert len(store.claim([number], now=LATER, until=LATER, token="other")) == 1


def test_claiming_passes_over_what_is_unknown(store: Storage) -> None:
    [number] = set_sources(store, "a")
    claimed = store.claim([SourceNumber(99), number, number], now=NOW, until=LATER, token="t")
    assert [held.number for held in claimed] == [number]
    assert store.claim([], now=NOW, until=LATER, token="t") == []


def test_what_another_run_has_visited_is_not_claimed_as_due(store: Storage) -> None:
    """Two runs read the same list of what is due: the second leaves out what the first has visited since"""
    a, b = set_sources(store, "a", "b")
    add(store, a, [])
    claimed = store.claim([a, b], now=NOW, until=LATER, token="second", only_due=True)
    assert [held.number for held in claimed] == [b]
    assert [held.number for held in store.claim([a], now=NOW, until=LATER, token="by hand")] == [a]


AHEAD = NOW + timedelta(days=900)
"""What a clock said that was wrong."""


def visited_ahead(store: Storage, number: SourceNumber, **changes: Any) -> None:
    state = PollState(number=number, source=A, last_poll=AHEAD, next_poll=AHEAD + timedelta(hours=1))
    store.record(visit(lease(store, number), state=state, attempt=Attempt(at=AHEAD, outcome="updated"), **changes))


def test_a_clock_that_was_ahead_delays_no_source_for_long(store: Storage) -> None:
    """Once it is right again, what was visited meanwhile is due, leases and holds of then are over; others stay"""
    a, b, c = set_sources(store, "a", "b", "c")
    add(store, b, [])
    store.claim([c], now=AHEAD, until=AHEAD + timedelta(minutes=5), token="killed")
    visited_ahead(store, a, hold=("slow.example", AHEAD + timedelta(hours=2)))
    assert [due.number for due in store.due(now=NOW)] == [a, c]
    assert store.holds(now=NOW) == {}
    assert store.poll_state(b).next_poll == LATER


def test_clocks_that_differ_by_a_little_change_nothing(store: Storage) -> None:
    [a] = set_sources(store, "a")
    add(store, a, [], attempt=Attempt(at=NOW + timedelta(minutes=9), outcome="updated"))
    assert store.due(now=NOW) == []


def test_a_released_source_is_due_again(store: Storage) -> None:
    """A lost lease is passed over: it does not release what another one holds."""
    [number] = set_sources(store, "a")
    lost = lease(store, number)
    current = lease(store, number, now=LATER, token="other")
    store.release([lost])
    assert store.due(now=LATER) == []
    store.release([current, lost])
    assert [due.number for due in store.due(now=LATER)] == [number]
    store.release([])


def test_sources_show_feed_counts_and_the_latest_attempt(store: Storage) -> None:
    a, b = set_sources(store, "a", "b")
    feed = Feed(poll_url="https://a.example/feed", id="urn:a", title="甲", updated=NOW, hubs=("https://hub.example/",))
    add(store, a, ["one", draft("two", first_seen=LATER)], feed=feed)
    last = Attempt(at=LATER, outcome="failed", reason="timeout", seconds=1.5)
    add(store, a, [], attempt=last)
    first, second = store.sources()
    assert (first.feed, first.entries, first.newest, first.attempt) == (feed, 2, LATER, last)
    assert first.state == store.poll_state(a)
    assert (second.state.number, second.feed, second.entries, second.newest, second.attempt) == (b, None, 0, None, None)


def test_attempts_are_newest_first(store: Storage) -> None:
    a, b = set_sources(store, "a", "b")
    for size in range(5):
        add(store, a, [], attempt=Attempt(at=NOW, outcome="updated", bytes=size))
    add(store, b, [])
    assert [attempt.bytes for attempt in store.attempts(a, count=3)] == [4, 3, 2]
    assert len(store.attempts(a, count=50)) == 5


def test_trimming_keeps_the_latest_attempts_of_each_source(store: Storage) -> None:
    a, b = set_sources(store, "a", "b")
    for size in range(60):
        add(store, a, [], attempt=Attempt(at=NOW, outcome="updated", bytes=size))
    add(store, b, [])
    assert len(store.attempts(a, count=100)) == 60
    store.trim(attempts=50)
    assert [attempt.bytes for attempt in store.attempts(a, count=100)] == list(range(59, 9, -1))
    assert len(store.attempts(b, count=100)) == 1


def test_domains_are_left_alone_until_they_said(store: Storage) -> None:
    """Rule P12: the longer of two wishes counts, and one that is over is not told."""
    [number] = set_sources(store, "a")
    add(store, number, [], hold=("slow.example", LATER))
    add(store, number, [], hold=("slow.example", NOW + timedelta(minutes=1)))
    add(store, number, [], hold=("brief.example", NOW + timedelta(minutes=1)))
    assert store.holds(now=NOW) == {"brief.example": NOW + timedelta(minutes=1), "slow.example": LATER}
    assert store.holds(now=NOW + timedelta(minutes=1)) == {"slow.example": LATER}
    assert store.holds(now=LATER) == {}
    add(store, number, [], hold=("slow.example", LATER + timedelta(days=1)))
    assert store.holds(now=LATER) == {"slow.example": LATER + timedelta(days=1)}


def test_the_state_of_no_source_is_asked_in_vain(store: Storage) -> None:
    with pytest.raises(LookupError, match="99"):
        store.poll_state(SourceNumber(99))
