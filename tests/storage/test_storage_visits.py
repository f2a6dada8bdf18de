"""Recording a visit: one transaction, or nothing (rule P2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from storage_samples import LATER, NOW, add, draft, entry, lease, revision, set_sources, visit

from aggregator.core.model import Diagnostic, OutputId
from aggregator.core.records import Attempt, KnownEntry
from aggregator.storage import Storage
from aggregator.storage.opening import open_storage


def test_new_entries_are_known_afterwards(store: Storage) -> None:
    """`seq` follows the order of `new` and goes up over all sources."""
    a, b = set_sources(store, "a", "b")
    add(store, a, ["one", draft("two", published=None, link_key=None)])
    add(store, b, ["three"])
    assert store.known(a) == {
        "urn:x:one": KnownEntry(
            seq=1,
            key="urn:x:one",
            title="标题 one",
            fingerprint="print of one",
            public_id="urn:x:one",
            first_seen=NOW,
            published=NOW,
            updated=NOW,
            link_key="https://example.org/one",
        ),
        "urn:x:two": KnownEntry(
            seq=2,
            key="urn:x:two",
            title="标题 two",
            fingerprint="print of two",
            public_id="urn:x:two",
            first_seen=NOW,
            published=None,
            updated=NOW,
            link_key=None,
        ),
    }
    assert store.known(b)["urn:x:three"].seq == 3


def test_a_visit_ends_its_lease_and_sets_the_next_poll(store: Storage) -> None:
    [number] = set_sources(store, "a")
    held = lease(store, number)
    assert store.record(visit(held))
    assert store.due(now=NOW) == []
    assert [due.next_poll for due in store.due(now=LATER)] == [LATER]
    assert not store.record(visit(held)), "the same visit twice"


def test_a_visit_without_a_feed_leaves_the_stored_one(store: Storage) -> None:
    from aggregator.core.model import Feed

    [number] = set_sources(store, "a")
    feed = Feed(poll_url="https://a.example/feed", id="urn:a", title="甲")
    add(store, number, [], feed=feed)
    add(store, number, [])
    assert store.sources()[0].feed == feed


def test_what_stays_of_a_document_stays_until_another_comes(store: Storage) -> None:
    """In the visit's own transaction (rule P2): what a lost lease brought stays out."""
    a, b = set_sources(store, "a", "b")
    assert store.entry_cache(a) is None
    add(store, a, [], entry_cache=b"one\n\x00")
    held = lease(store, a)
    assert not store.record(visit(replace(held, token="another"), entry_cache=b"two"))
    assert store.record(visit(held))
    assert (store.entry_cache(a), store.entry_cache(b)) == (b"one\n\x00", None)
    add(store, a, [], entry_cache=b"three")
    assert store.entry_cache(a) == b"three"
    add(store, a, [], entry_cache=b"")
    assert store.entry_cache(a) is None


def test_a_late_visit_counts_while_nobody_else_claimed(store: Storage) -> None:
    """A lease is lost when `until` has passed *and* somebody else took the source."""
    [number] = set_sources(store, "a")
    late = lease(store, number)
    assert store.record(visit(late, attempt=Attempt(at=LATER, outcome="updated")))


def test_nothing_is_written_once_the_lease_is_lost(store: Storage) -> None:
    """The slow visitor's entries, state, attempt and marks are all left out; the other's visit counts."""
    [number] = set_sources(store, "a")
    store.put_output(OutputId("all"), public_id="p", definition="d", now=NOW)
    lost = lease(store, number)
    current = lease(store, number, now=LATER, token="other")
    before = store.outputs()
    slow = visit(lost, new=(draft(),), dirty=(OutputId("all"),), hold=("x.example", LATER))
    assert not store.record(slow)
    assert (store.known(number), store.attempts(number, count=9), store.outputs()) == ({}, [], before)
    assert store.holds(now=NOW) == {}
    assert store.record(visit(current, new=(draft(),)))


def test_a_bad_visit_leaves_nothing_behind(store: Storage) -> None:
    """All or nothing: two entries with one key are refused with everything that came with them, lease included."""
    [number] = set_sources(store, "a")
    held = lease(store, number)
    twice = (draft("one"), draft("two"), draft("one"))
    with pytest.raises(IntegrityError):
        store.record(visit(held, new=twice))
    assert (store.known(number), store.attempts(number, count=9)) == ({}, [])
    assert store.record(visit(held, new=twice[:2])), "the lease still holds"
    assert [known.seq for known in store.known(number).values()] == [1, 2]


def test_a_revision_replaces_content_and_keeps_what_is_frozen(store: Storage) -> None:
    """Rules I7 and D4: seq, public id, first seen and sort date stay."""
    [number] = set_sources(store, "a")
    add(store, number, [draft("one", paths=(("新媒体",),)), "two"])
    changed = entry("one", title="新标题", published=LATER)
    add(store, number, [], revised=(revision(1, entry=changed, paths=(("旧",),)),))
    [stored] = store.by_seq([1]).values()
    assert (stored.entry, stored.fingerprint) == (changed, "another print")
    assert (stored.changed_at, stored.updated, stored.published) == (LATER, LATER, LATER)
    assert (stored.seq, stored.public_id, stored.first_seen, stored.sort_date) == (1, "urn:x:one", NOW, NOW)
    assert store.nodes([number]) == [("旧",)]
    assert store.known(number)["urn:x:one"].title == "新标题"
    assert [found.seq for found in store.find("新标题")] == [1]
    assert store.find("标题 one") == []


def test_old_keys_are_kept_as_aliases(store: Storage) -> None:
    """Rule I4: an entry is known under every key it had, by revision or by rekeying, and says its present one."""
    [number] = set_sources(store, "a")
    add(store, number, ["one", "two"])
    add(store, number, [], rekeyed=((1, "second"),))
    add(store, number, [], revised=(revision(1, key="third"),))
    known = store.known(number)
    assert {key: one.seq for key, one in known.items()} == {"urn:x:one": 1, "second": 1, "third": 1, "urn:x:two": 2}
    assert {one.key for one in known.values()} == {"third", "urn:x:two"}
    assert store.by_seq([1])[1].key == "third"


def test_a_present_key_goes_before_an_alias(store: Storage) -> None:
    """Rule I3: where a guid was used again, it means the entry that has it now."""
    [number] = set_sources(store, "a")
    add(store, number, ["one"])
    add(store, number, [draft("new", key="urn:x:one")], rekeyed=((1, "urn:x:one\nlink"),))
    assert {key: one.seq for key, one in store.known(number).items()} == {"urn:x:one": 2, "urn:x:one\nlink": 1}


def test_entries_may_exchange_their_keys(store: Storage) -> None:
    [number] = set_sources(store, "a")
    add(store, number, ["one", "two"])
    add(store, number, [], rekeyed=((1, "urn:x:two"), (2, "urn:x:one")))
    assert {key: one.seq for key, one in store.known(number).items()} == {"urn:x:two": 1, "urn:x:one": 2}
    add(store, number, [], rekeyed=((1, "urn:x:one"), (2, "urn:x:two")))
    assert {key: one.seq for key, one in store.known(number).items()} == {"urn:x:one": 1, "urn:x:two": 2}


def test_a_visit_touches_no_other_source(store: Storage) -> None:
    """A wrong seq changes nothing."""
    a, b = set_sources(store, "a", "b")
    add(store, a, ["one"])
    before = store.known(a)
    add(store, b, [], rekeyed=((1, "stolen"),))
    assert store.known(a) == before
    assert store.known(b) == {}


def test_a_visit_marks_outputs(store: Storage) -> None:
    """Each mark raises the stamp; outputs that do not exist are passed over."""
    [number] = set_sources(store, "a")
    for name in ("all", "other"):
        store.put_output(OutputId(name), public_id="p", definition="d", now=NOW)
        store.put_renditions(OutputId(name), [], stamp=1, size=0, newest=None)
    add(store, number, ["one"], dirty=(OutputId("all"), OutputId("unknown")))
    assert [(one.output, one.dirty, one.stamp) for one in store.outputs()] == [("all", True, 2), ("other", False, 1)]


def test_an_attempt_comes_back_whole(store: Storage) -> None:
    [number] = set_sources(store, "a")
    attempt = Attempt(
        at=NOW,
        outcome="failed",
        reason="timeout",
        message="没有回答",
        entries=30,
        known=29,
        new=1,
        bytes=2**33,
        seconds=0.25,
        diagnostics=(Diagnostic(name="bozo", message="m", entry="urn:x:one"),),
    )
    add(store, number, [], attempt=attempt)
    assert store.attempts(number, count=1) == [attempt]


def test_words_that_are_no_text_do_not_stop_a_visit(store: Storage) -> None:
    """File names on disk need not be UTF-8, and messages quote them."""
    [number] = set_sources(store, "a")
    attempt = Attempt(at=NOW, outcome="failed", message="posts/\udcff.md: 读不了")
    add(store, number, [], attempt=attempt)
    assert store.attempts(number, count=1) == [replace(attempt, message="posts/?.md: 读不了")]


@given(
    title=st.text(st.characters(exclude_categories=["Cs"])),
    link=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    published=st.none() | st.datetimes(timezones=st.just(UTC)),
    pairs=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.just("x")),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_entry_comes_back_as_it_was(title: str, link: str | None, published: object, pairs: object) -> None:
    """Any text, NUL included, and any instant, to the microsecond."""
    store = open_storage(":memory:")
    try:
        [number] = set_sources(store, "a")
        content = entry("one", title=title, link=link, published=published, provenance=pairs)
        add(store, number, [draft(entry=content)])
        [stored] = store.entries([number])
        assert stored.entry == content
        assert stored.published == published
    finally:
        store.close()
