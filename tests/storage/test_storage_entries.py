"""Reading entries back: walks, paths, and looking one up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from storage_samples import LATER, NOW, add, draft, entry, lease, revision, set_sources, visit

from aggregator.core.model import SourceId, SourceNumber, StoredEntry
from aggregator.storage import Storage

NEWS, IT, REPORTS = ("新媒体",), ("新媒体", "IT 之家"), ("新媒体", "IT 之家", "报告")


def seqs(entries: Iterator[StoredEntry] | list[StoredEntry]) -> list[int]:
    return [stored.seq for stored in entries]


def interleaved(store: Storage, *, sources: int, each: int) -> list[SourceNumber]:
    """So many sources whose entries came in turns."""
    numbers = set_sources(store, *(f"s{index}" for index in range(sources)))
    for turn in range(each):
        for number in numbers:
            add(store, number, [f"{number}-{turn}"])
    return numbers


def test_a_stored_entry_comes_back_whole(store: Storage) -> None:
    [number] = set_sources(store, "a")
    given = draft("one", published=None, updated=LATER, sort_date=LATER)
    add(store, number, [given])
    assert list(store.entries([number])) == [
        StoredEntry(
            seq=1,
            source=SourceId("a"),
            number=number,
            key=given.key,
            public_id=given.public_id,
            first_seen=NOW,
            changed_at=NOW,
            published=None,
            updated=LATER,
            sort_date=LATER,
            fingerprint=given.fingerprint,
            entry=given.entry,
        )
    ]


@pytest.mark.parametrize("count", [pytest.param(3, id="few sources"), pytest.param(70, id="many sources")])
def test_a_walk_goes_from_the_newest_addition_to_the_oldest(store: Storage, count: int) -> None:
    """Rule W8: by seq over all asked sources and none else, below `before`; the same with few and with many sources."""
    numbers = interleaved(store, sources=count + 1, each=3)
    asked, other = numbers[:-1], numbers[-1]
    expected = [stored.seq for stored in store.entries(numbers) if stored.number != other]
    assert expected == sorted(expected, reverse=True)
    assert len(expected) == count * 3
    assert seqs(store.entries(asked)) == expected
    assert seqs(store.entries(asked, before=expected[4])) == expected[5:]
    assert seqs(store.entries(asked, before=10**9)) == expected
    assert seqs(store.entries(asked, before=1)) == []


def test_a_walk_over_many_pages_misses_nothing(store: Storage) -> None:
    [a, b] = set_sources(store, "a", "b")
    for start in range(0, 3000, 1000):
        add(store, a, [f"a{index}" for index in range(start, start + 1000)])
        add(store, b, [f"b{index}" for index in range(start, start + 50)])
    assert seqs(store.entries([a, b])) == list(range(3150, 0, -1))
    assert len(seqs(store.entries([a]))) == 3000


def test_ten_thousand_sources_can_be_asked_for(store: Storage) -> None:
    """Most of them unknown or empty."""
    a, b = set_sources(store, "a", "b")
    add(store, a, ["one"])
    add(store, b, ["two"])
    numbers = [SourceNumber(number) for number in range(2, 10_002)]
    assert seqs(store.entries(numbers)) == [2]
    assert seqs(store.entries([])) == []


@pytest.mark.parametrize("count", [pytest.param(2, id="few sources"), pytest.param(70, id="many sources")])
def test_other_calls_may_be_made_during_a_walk(store: Storage, count: int) -> None:
    """It does not mind writing nor hold it up, and what is added or revised meanwhile is no part of it."""
    numbers = interleaved(store, sources=count, each=2 + 80 // count)
    expected = seqs(store.entries(numbers))
    walk = store.entries(numbers)
    walked = [next(walk).seq]
    add(store, numbers[0], ["young"])
    add(store, numbers[0], [], revised=(revision(1, entry=entry("changed")),))
    walked += [next(walk).seq, *seqs(store.entries(numbers, before=expected[1]))[:1]]
    rest = list(walk)
    assert [*walked[:2], *seqs(rest)] == expected[:-1]
    assert next(itertools.islice(store.entries(numbers), 0, 1)).entry == entry("changed")


def test_a_walk_left_half_way_holds_nothing(store: Storage) -> None:
    """The store can be written and closed (see the fixture) although the walk was never finished."""
    [number] = set_sources(store, "a")
    add(store, number, [str(index) for index in range(100)])
    walk = store.entries([number])
    next(walk)
    add(store, number, ["more"])
    store.close()
    with pytest.raises(RuntimeError, match="closed"):
        list(walk)


def paths_of_posts(store: Storage) -> tuple[SourceNumber, SourceNumber]:
    """Source a: 1 news, 2 reports and news, 3 none, 4 elsewhere; source b: 5 it."""
    a, b = set_sources(store, "a", "b")
    add(
        store,
        a,
        [
            draft("one", paths=(NEWS,)),
            draft("two", paths=(REPORTS, NEWS)),
            draft("three"),
            draft("four", paths=(("新媒体 2",),)),
        ],
    )
    add(store, b, [draft("five", paths=(IT,))])
    return a, b


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        pytest.param(NEWS, [5, 2, 1], id="a node holds its descendants, each once"),
        pytest.param(IT, [5, 2], id="inner node"),
        pytest.param(REPORTS, [2], id="leaf"),
        pytest.param(("新媒体 2",), [4], id="a name that begins alike"),
        pytest.param(("新",), [], id="part of a name"),
        pytest.param(("IT 之家",), [], id="a name that is no root"),
        pytest.param((), [5, 4, 2, 1], id="all with a path"),
    ],
)
def test_entries_in_a_node(store: Storage, node: tuple[str, ...], expected: list[int]) -> None:
    """Rule K6: a node's feed holds all descendants, each story once."""
    a, b = paths_of_posts(store)
    assert seqs(store.entries_in(node, [a, b])) == expected
    assert seqs(store.entries_in(node, [a, b], before=5)) == [seq for seq in expected if seq < 5]
    assert seqs(store.entries_in(node, [a])) == [seq for seq in expected if seq < 5]
    assert seqs(store.entries_in(node, [])) == []


def test_entries_without_a_path_can_be_asked_for(store: Storage) -> None:
    a, b = paths_of_posts(store)
    assert seqs(store.entries([a, b], pathless=True)) == [3]
    many = [SourceNumber(number) for number in range(1, 200)]
    assert seqs(store.entries(many, pathless=True)) == [3]
    assert seqs(store.entries(many)) == [5, 4, 3, 2, 1]


def test_nodes_are_those_entries_have_now(store: Storage) -> None:
    """Without implied parents; a path that no entry has any more is gone."""
    a, b = paths_of_posts(store)
    assert store.nodes([a, b]) == [NEWS, IT, REPORTS, ("新媒体 2",)]
    assert store.nodes([b]) == [IT]
    assert store.nodes([]) == []
    held = lease(store, a)
    assert store.record(visit(held, revised=(revision(4, "four", paths=(IT,)),)))
    assert store.nodes([a, b]) == [NEWS, IT, REPORTS]
    assert seqs(store.entries_in(IT, [a, b])) == [4, 5, 2]


@pytest.mark.parametrize("count", [pytest.param(2, id="few sources"), pytest.param(70, id="many sources")])
def test_a_revised_entry_comes_before_what_was_added_earlier(store: Storage, count: int) -> None:
    """Rule W9: a correction is told again; both ways of the walk agree, and no place is given twice."""
    numbers = interleaved(store, sources=count, each=1 + 70 // count)
    last = store.last_change_seq()
    first = next(iter(store.entries([numbers[0]], after=0)))
    add(store, numbers[0], [], revised=(revision(first.seq, entry=entry("changed"), paths=(IT,)),))
    add(store, numbers[1], ["young"])
    down = list(store.entries(numbers))
    assert [one.change_seq for one in down] == sorted({one.change_seq for one in down}, reverse=True)
    assert seqs(down)[:2] == [last + 2, first.seq]
    assert seqs(store.entries(numbers, after=0)) == seqs(down)[::-1]
    assert seqs(store.entries(numbers, after=last)) == [first.seq, last + 2]
    assert seqs(store.entries_in(IT, numbers, after=last)) == [first.seq]
    assert store.changed(0) == [first.seq]
    assert store.changed(last + 1) == []
    store.move([down[0].seq, first.seq])
    assert seqs(store.entries(numbers, after=last + 2)) == [down[0].seq, first.seq]
    assert seqs(store.entries_in(IT, numbers, after=last + 2)) == [first.seq]


def test_entries_by_seq(store: Storage) -> None:
    [number] = set_sources(store, "a")
    add(store, number, ["one", "two", "three"])
    found = store.by_seq([3, 1, 99, 3])
    assert {seq: stored.entry for seq, stored in found.items()} == {1: entry("one"), 3: entry("three")}
    assert store.by_seq([]) == {}


def test_namesakes_share_a_public_id_or_a_link(store: Storage) -> None:
    """Rule I8: within the sources asked for, each once, by seq."""
    a, b, c = set_sources(store, "a", "b", "c")
    add(store, a, ["one", draft("two", link_key="same")])
    add(store, b, [draft("three", link_key="same"), draft("four", public_id="urn:x:one", link_key=None)])
    add(store, c, [draft("five", link_key="same")])
    assert seqs(store.duplicates(["urn:x:one"], ["same"], [a, b])) == [1, 2, 3, 4]
    assert seqs(store.duplicates(["urn:x:one"], ["https://example.org/one"], [a, b])) == [1, 4]
    assert seqs(store.duplicates([], ["same"], [c])) == [5]
    assert seqs(store.duplicates([f"urn:{n}" for n in range(2000)], [], [a])) == []
    assert store.duplicates([], [], [a]) == []
    assert store.duplicates(["urn:x:one"], ["same"], []) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("https://example.org/one", [1], id="link"),
        pytest.param("urn:x:one", [3, 1], id="native id; another has it as public id"),
        pytest.param("key of three", [3], id="key"),
        pytest.param("标题", [3, 2, 1], id="part of a title, newest first"),
        pytest.param("tencent", [2], id="title without regard to case and width"),
        pytest.param("100%", [2], id="a wildcard is a character"),
        pytest.param("_", [], id="the other wildcard too"),
        pytest.param("", [], id="nothing"),
        pytest.param("x" * 100_000, [], id="too long for any title"),
        pytest.param("\udcff", [], id="no text at all"),
    ],
)
def test_finding_entries(store: Storage, text: str, expected: list[int]) -> None:
    [number] = set_sources(store, "a")
    tencent = draft("two", entry=entry("two", title="标题 Ｔencent 100%", link="https://example.org/?q=标题"))
    three = draft("three", key="key of three", public_id="urn:x:one")
    add(store, number, ["one", tencent, three])
    assert seqs(store.find(text)) == expected
    assert seqs(store.find(text, count=1)) == expected[:1]
