"""The window, stories told by several sources, and the edition of an output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from select_samples import NOW, assigned, origin, plans, source, stored

from aggregator.core.edition import Edition
from aggregator.core.model import Feed, Origin, SourceId, SourceNumber, StoredEntry
from aggregator.core.select.stories import Group, compose, merge, origin_of, own_hosts
from aggregator.core.select.window import window


def seqs(entries: object) -> list[int]:
    return [one.seq for one in entries]  # type: ignore[attr-defined]


class TestWindow:
    def added(self, *hours_ago: float, content: str = "") -> list[StoredEntry]:
        """Entries added so many hours before NOW, the youngest first, all of them of one old date."""
        count = len(hours_ago)
        return [
            stored(count - n, first_seen=NOW - timedelta(hours=h), sort_date=NOW - timedelta(days=999), content=content)
            for n, h in enumerate(hours_ago)
        ]

    @pytest.mark.parametrize(
        ("hours", "size", "limit", "shown"),
        [
            pytest.param([0.0] * 120, 0, None, 120, id="all-of-72-hours"),
            pytest.param([0.0] * 600, 0, None, 500, id="at-most-500"),
            pytest.param([n * 24.0 for n in range(80)], 0, None, 50, id="at-least-50-however-old"),
            pytest.param([n * 1.0 for n in range(80)], 0, None, 73, id="72-hours"),
            pytest.param([0.0] * 300, 20_000, None, 53, id="about-a-megabyte"),
            pytest.param([0.0] * 60, 100_000, None, 50, id="at-least-50-however-large"),
            pytest.param([0.0] * 120, 0, 7, 7, id="limit"),
            pytest.param([n * 240.0 for n in range(80)], 100_000, 60, 60, id="limit-beyond-the-span"),
            pytest.param([], 0, None, 0, id="nothing"),
            pytest.param([5.0], 0, None, 1, id="one"),
        ],
    )
    def test_its_size(self, hours: list[float], size: int, limit: int | None, shown: int) -> None:
        """Rule W8"""
        found = list(window(self.added(*hours, content="x" * size), limit=limit))
        assert len(found) == shown
        assert seqs(found) == list(range(len(hours), len(hours) - shown, -1))

    def test_a_late_entry_with_an_old_date_is_shown(self) -> None:
        """Rule W8: by order of addition, never by date"""
        late = stored(100, sort_date=NOW - timedelta(days=3000), published=NOW - timedelta(days=3000))
        older = [stored(n) for n in range(99, 0, -1)]
        assert late in window([late, *older], limit=10)

    def test_the_store_is_read_no_further_than_needed(self) -> None:
        """A history of a million entries costs what is shown"""
        read = 0

        def history() -> Iterator[StoredEntry]:
            nonlocal read
            for seq in range(10_000, 0, -1):
                read += 1
                yield stored(seq)

        assert len(list(window(history(), limit=5))) == 5
        assert read <= 6

    def test_what_no_archive_holds_yet_is_shown_whatever_the_limit(self) -> None:
        """Rule W9"""
        newest_first = [stored(n) for n in range(9, 0, -1)]
        assert seqs(window(newest_first, limit=3, archived_to=4)) == [9, 8, 7, 6, 5]
        assert seqs(window(newest_first, limit=3, archived_to=9)) == [9, 8, 7]


OWN_HOSTS = {SourceNumber(n): frozenset({f"e{n}.example"}) for n in range(1, 9)}


def told(seq: int, number: int, link: str | None = "https://e2.example/story", **more: Any) -> StoredEntry:
    return stored(seq, number, link=link, **more)


def merged(*entries: StoredEntry) -> list[Group]:
    return merge(entries, OWN_HOSTS)


class TestOneStoryOnce:
    def test_the_place_of_the_first_telling_and_the_words_of_the_source_on_its_own_host(self) -> None:
        """Rules I8 and I7: id, place and age never change"""
        first, home, third = told(1, 1, title="转载"), told(5, 2, title="原文"), told(7, 3, title="又转")
        [(shown, others)] = merged(third, home, first)
        assert shown.entry.title == "原文"
        assert shown.source == "s2"
        assert (shown.seq, shown.public_id) == (first.seq, first.public_id)
        assert (shown.first_seen, shown.sort_date) == (first.first_seen, first.sort_date)
        assert others == (first, third)

    def test_the_first_telling_where_no_source_is_on_its_own_host(self) -> None:
        """Rule I8: else first seen"""
        first, second = told(1, 1, "https://x.example/a"), told(2, 3, "https://x.example/a")
        assert merged(second, first) == [(first, (second,))]

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            pytest.param(
                {"link": "https://x.example/a"},
                {"link": "http://X.example/a/?utm_source=b"},
                True,
                id="link-normalised",
            ),
            pytest.param(
                {"id": "urn:isbn:1", "link": None}, {"id": "urn:isbn:1", "link": None}, True, id="absolute-id"
            ),
            pytest.param({"id": "7", "link": None}, {"id": "7", "link": None}, False, id="short-id"),
            pytest.param({"link": "https://x.example/"}, {"link": "https://x.example/"}, False, id="front-page"),
            pytest.param({"link": "https://x.example/a"}, {"link": "https://x.example/b"}, False, id="other-page"),
            pytest.param({"title": "同"}, {"title": "同"}, False, id="title-alone"),
        ],
    )
    def test_what_makes_two_entries_one_story(self, one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
        """Rule I8"""
        assert (len(merged(stored(1, 1, **one), stored(2, 3, **other))) == 1) is same

    def test_entries_of_one_source_are_never_merged(self) -> None:
        """Rules I1 to I4 told them apart"""
        assert len(merged(told(1, 1), told(2, 1), told(3, 3))) == 2

    @given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5)), max_size=14))
    def test_nothing_is_lost_whatever_is_merged(self, tellings: list[tuple[int, int]]) -> None:
        """Rule I8: every entry is in exactly one group, and the order in which they are read does not matter"""
        entries = [told(seq, number, f"https://x.example/{page}") for seq, (number, page) in enumerate(tellings, 1)]
        groups = merged(*entries)
        keys = [(one.number, one.key) for shown, others in groups for one in (shown, *others)]
        assert sorted(keys) == sorted((one.number, one.key) for one in entries)
        assert groups == merged(*reversed(entries))
        assert seqs(shown for shown, _ in groups) == sorted(seqs(shown for shown, _ in groups))


class TestOrigins:
    FEED = Feed(
        poll_url="https://e.example/feed", id="urn:feed", title="自称", site_url="https://e.example/", rights="CC"
    )

    def test_what_the_entry_names_wins_and_is_never_nested(self) -> None:
        """Rule M14, `source`: an atom:source already present wins"""
        own = Origin(id="urn:other", title="别处")
        one = stored(1)
        assert origin_of(replace(one, entry=replace(one.entry, source=own)), self.FEED, "x") == own

    def test_else_the_feed_it_came_from(self) -> None:
        """Rule M9: every entry carries its source"""
        found = origin_of(stored(1), self.FEED, None)
        assert (found.id, found.title, found.self_url) == ("urn:feed", "自称", "https://e.example/feed")
        assert (found.site_url, found.rights) == ("https://e.example/", "CC")

    def test_by_the_name_a_person_gave_it(self) -> None:
        assert origin_of(stored(1), self.FEED, "人给的名").title == "人给的名"

    @pytest.mark.parametrize(("title", "shown"), [("人给的名", "人给的名"), (None, "s1")])
    def test_a_source_that_has_told_nothing_of_itself_has_the_persons_name_or_its_id(
        self, title: str | None, shown: str
    ) -> None:
        assert origin_of(stored(1), None, title) == Origin(title=shown)

    def test_own_hosts_are_those_of_site_and_feed(self) -> None:
        assert own_hosts(self.FEED, "https://cdn.example/x") == {"e.example", "cdn.example"}


PLAN = plans(source("s1", "甲") + source("s2", "乙") + source("s3"))["all"]


def edition(*groups: Group, configured_at: Any = NOW - timedelta(days=9), **more: Any) -> Edition:
    given: dict[str, Any] = {
        "public_id": "tag:f.example,2026:all",
        "site_url": "https://f.example",
        "configured_at": configured_at,
        "origins": origin,
        "assigned": {SourceId("s1"): ("甲",), SourceId("s2"): ("乙",), SourceId("s3"): None},
    }
    return compose(PLAN, groups, **given | more)


class TestEdition:
    def test_newest_first_by_sort_date_and_ties_by_public_id(self) -> None:
        """Rule W8"""
        same = NOW - timedelta(days=1)
        groups: list[Group] = [
            (stored(1, sort_date=NOW), ()),
            (stored(3, sort_date=same, public_id="b"), ()),
            (stored(2, sort_date=same, public_id="a"), ()),
            (stored(4, sort_date=NOW - timedelta(days=2)), ()),
        ]
        for order in (groups, groups[::-1]):
            assert [s.stored.seq for s in edition(*order).stories] == [1, 2, 3, 4]

    def test_an_id_appears_once(self) -> None:
        """Rule I9: two of one id would be a validator's error"""
        one, other = stored(1, public_id="urn:x:1"), stored(2, 2, public_id="urn:x:1")
        assert [s.stored.seq for s in edition((one, ()), (other, ())).stories] == [1]

    @pytest.mark.parametrize("moved", ["updated", "first_seen", "changed_at"])
    def test_updated_is_the_newest_of_what_changed(self, moved: str) -> None:
        """Rule W3: no clock"""
        later = NOW + timedelta(days=3)
        found = edition((stored(1, **{moved: later}), ()), (stored(2), ()))
        assert found.updated == later

    def test_updated_is_at_least_the_configuration(self) -> None:
        """Rule W3"""
        later = NOW + timedelta(days=3)
        assert edition((stored(1), ()), configured_at=later).updated == later
        assert edition(configured_at=NOW).updated == NOW

    def test_paths_are_the_entrys_own_else_its_sources(self) -> None:
        """Rule K1"""
        own = stored(1, 1, categories=assigned(("生活", "远方"), ("丙",)))
        stories = {s.stored.seq: s.paths for s in edition((own, ()), (stored(2, 2), ()), (stored(3, 3), ())).stories}
        assert stories == {1: (("生活", "远方"), ("丙",)), 2: (("乙",),), 3: ()}

    def test_the_other_tellers_are_kept_as_via_each_once(self) -> None:
        """Rule I8"""
        [story] = edition((stored(1, 1), (stored(2, 2), stored(3, 2), stored(4, 3)))).stories
        assert story.origin.title == "源 1"
        assert [via.title for via in story.via] == ["源 2", "源 3"]
