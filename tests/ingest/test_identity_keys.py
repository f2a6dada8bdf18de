"""Which entry is which: keys, copies, reused guids, aliases and public ids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.ingest.identity import KeyAssignment, StoredIdentity, assign_keys, entry_key, public_id, recognise
from aggregator.core.model import Entry, SourceId
from aggregator.core.source_state import IdentityMode

NOON = datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC)
ID, LINK = IdentityMode.ID, IdentityMode.LINK


def entry(guid: str | None = None, link: str | None = None, title: str = "标题", **more: Any) -> Entry:
    return Entry(id=guid, link=link, title=title, **more)


def keys(*entries: Entry, mode: IdentityMode = ID) -> KeyAssignment:
    return assign_keys(entries, mode, feed_host="example.org")


def keys_of(*entries: Entry, mode: IdentityMode = ID) -> list[str]:
    return [keyed.key for keyed in keys(*entries, mode=mode).entries]


class TestNativeIds:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param("abc", "ABC", id="case"),
            pytest.param("http://example.org/1", "https://example.org/1", id="scheme"),
            pytest.param("http://example.org/1", "http://example.org/1/", id="final-slash"),
            pytest.param("http://example.org/%7Ea", "http://example.org/~a", id="escapes"),
            pytest.param("é", "e\u0301", id="normal-forms"),
        ],
    )
    def test_ids_are_compared_character_by_character(self, one: str, other: str) -> None:
        """Rule I1"""
        assert keys_of(entry(one, "http://example.org/a"), entry(other, "http://example.org/b")) == [one, other]

    def test_the_link_does_not_matter_where_there_is_an_id(self) -> None:
        """Rule I1"""
        assert keys_of(entry("a", "http://example.org/1")) == keys_of(entry("a", "http://example.org/2"))


class TestMissingIds:
    def test_the_link_is_the_key_where_it_is_unique(self) -> None:
        """Rule I2"""
        [key] = keys_of(entry(None, "http://Example.org:80/a/?utm_source=x"))
        assert key == "link:https://example.org/a"

    def test_a_link_that_several_share_is_no_key(self) -> None:
        """Rule I2"""
        one, other = keys_of(entry(None, "https://e.org/a", "一"), entry(None, "https://e.org/a", "二"))
        assert one != other
        assert not one.startswith("link:")

    def test_without_link_title_and_text_are_the_key(self) -> None:
        """Rule I2"""
        first = keys_of(entry(title="一", content="<p>正文</p>"))
        assert first == keys_of(entry(title="一", content="<div>正文</div>"))
        assert first != keys_of(entry(title="二", content="<p>正文</p>"))
        assert first != keys_of(entry(title="一", content="<p>别的</p>"))

    def test_nothing_we_made_up_is_in_a_key(self) -> None:
        """Rule I2: a title or a date of ours must not make a new entry at every poll"""
        made = entry(title="正文…", title_is_generated=True, content="<p>正文</p>")
        later = replace(made, title="正文 (2)", updated=NOON)
        assert keys_of(made) == keys_of(later)

    def test_links_that_differ_by_the_fragment_alone_are_different(self) -> None:
        """Rule I6"""
        found = keys_of(entry(None, "https://e.org/a#1", "一"), entry(None, "https://e.org/a#2", "二"))
        assert found == ["link:https://e.org/a#1", "link:https://e.org/a#2"]

    def test_a_link_has_one_key_whatever_else_the_document_holds(self) -> None:
        """Rule I6: entries of a source may differ by the fragment alone although this document has only one of them"""
        alone = keys_of(entry(None, "https://e.org/log#v2", "二"))
        assert (
            alone == keys_of(entry(None, "https://e.org/log#v2", "二"), entry(None, "https://e.org/log#v1", "一"))[:1]
        )
        assert alone != keys_of(entry(None, "https://e.org/log#v3", "三"))

    def test_titles_cannot_run_into_links(self) -> None:
        """Two fields are never one text by accident"""
        one = entry(None, "https://e.org/a", "bc")
        assert (
            keys_of(one, entry(None, "https://e.org/a", "b c"))[0]
            != keys_of(entry(None, "https://e.org/ab", "c"), entry(None, "https://e.org/ab", "d"))[0]
        )


@dataclass(frozen=True)
class Reuse:
    entries: tuple[Entry, ...]
    shown: int
    mode: IdentityMode


def many(count: int, **of: Any) -> tuple[Entry, ...]:
    """Entries whose fields are functions of their place; what is left out is equal in all."""
    return tuple(
        entry(**{name: value(n) if callable(value) else value for name, value in of.items()}) for n in range(count)
    )


REUSES = [
    pytest.param(
        Reuse(
            many(10, guid="1", link=lambda n: f"https://e.org/{n}", title=lambda n: f"t{n}"), 10, IdentityMode.ID_LINK
        ),
        id="ten-links",
    ),
    pytest.param(
        Reuse(
            many(10, guid="1", link="https://e.org/", title=lambda n: f"t{n}", published=lambda n: NOON + timedelta(n)),
            10,
            IdentityMode.ID_LINK_PUBLISHED,
        ),
        id="front-page-as-link-dates-tell",
    ),
    pytest.param(
        Reuse(
            many(10, guid="1", link="https://e.org/", title=lambda n: f"t{n}"), 10, IdentityMode.ID_LINK_PUBLISHED_TITLE
        ),
        id="front-page-as-link-titles-tell",
    ),
    pytest.param(
        Reuse(many(10, guid="1", title=lambda n: f"t{n}"), 10, IdentityMode.ID_LINK_PUBLISHED_TITLE), id="no-links"
    ),
    pytest.param(
        Reuse(
            many(3, guid="1", link="https://e.org/live", title=lambda n: f"t{n}"),
            3,
            IdentityMode.ID_LINK_PUBLISHED_TITLE,
        ),
        id="three-titles-on-one-page",
    ),
    pytest.param(Reuse(many(10, guid="1", link="https://e.org/a", title="t"), 1, ID), id="one-entry-ten-times"),
    pytest.param(
        Reuse(many(2, guid="1", link="https://e.org/a", title=lambda n: f"t{n}"), 1, ID), id="a-copy-with-another-title"
    ),
    pytest.param(
        Reuse(many(4, guid=lambda n: str(n // 2), link=lambda n: f"https://e.org/{n // 2}", title="t"), 2, ID),
        id="two-entries-twice-each",
    ),
    pytest.param(Reuse(many(10, guid="", link=lambda n: f"https://e.org/{n}"), 10, ID), id="guids-empty"),
]


class TestReusedIds:
    @pytest.mark.parametrize("case", REUSES)
    def test_all_entries_are_shown_and_copies_once(self, case: Reuse) -> None:
        """Rule I3, and "all guids equal: all ten shown" """
        found = keys(*(replace(e, id=e.id or None) for e in case.entries))
        assert len({keyed.key for keyed in found.entries}) == len(found.entries) == case.shown
        assert found.mode is case.mode
        told = {"reused-guid"} if case.mode is not ID else set()
        told |= {"entry-repeated"} if case.shown < len(case.entries) else set()
        assert {d.name for d in found.diagnostics} == told

    def test_the_downgrade_holds_for_every_entry_of_the_document(self) -> None:
        """Rule I3: the first one too, and those whose guid is fine"""
        found = keys_of(entry("1", "https://e.org/a"), entry("1", "https://e.org/b"), entry("2", "https://e.org/c"))
        assert all(key.startswith("twin:") for key in found)

    def test_the_downgrade_is_not_undone_by_a_better_document(self) -> None:
        """Rule I3: flipping back would give every entry twice"""
        alone = keys(entry("1", "https://e.org/a"), mode=IdentityMode.ID_LINK)
        together = keys(entry("1", "https://e.org/a"), entry("1", "https://e.org/b"))
        assert alone.mode is IdentityMode.ID_LINK
        assert alone.entries[0].key == together.entries[0].key
        assert alone.diagnostics == ()

    def test_of_two_copies_the_newer_stays_in_the_place_of_the_first(self) -> None:
        """Rule I3: newest wins"""
        old = entry("1", "https://e.org/a", "旧", updated=NOON)
        new = entry("1", "https://e.org/a", "新", updated=NOON + timedelta(hours=1))
        for document in ((old, new), (new, old)):
            [keyed] = keys(*document).entries
            assert (keyed.entry.title, keyed.position) == ("新", 0)


def remember(*entries: Entry, mode: IdentityMode = ID) -> dict[str, StoredIdentity]:
    """These entries as the store knows them after one visit."""
    return {
        keyed.key: StoredIdentity(
            seq=seq,
            key=keyed.key,
            title=keyed.entry.title,
            published=keyed.entry.published,
            link_key=keyed.link_key,
        )
        for seq, keyed in enumerate(keys(*entries, mode=mode).entries, 1)
    }


def names(stored: dict[str, StoredIdentity], *entries: Entry) -> dict[str, str]:
    return recognise(keys(*entries).entries, stored)


A_POST = entry(None, None, "一封慢信", published=NOON, content="<p>正文</p>")
CHANGED = [
    pytest.param(entry("http://e.org/p/1", None), entry("https://e.org/p/1", None), True, id="http-to-https"),
    pytest.param(entry("http://e.org/p/1", None), entry("http://www.new.example/p/1", None), True, id="another-host"),
    pytest.param(
        entry("https://e.org/p/1?utm_source=rss", None),
        entry("https://e.org/p/1?utm_source=atom", None),
        True,
        id="tracking",
    ),
    pytest.param(entry("a", "https://e.org/1"), entry("b", "http://e.org/1/"), True, id="link-and-title"),
    pytest.param(
        entry("a", "https://e.org/1", "旧", published=NOON),
        entry("b", "https://e.org/1", "新", published=NOON + timedelta(milliseconds=7)),
        True,
        id="link-and-published-second",
    ),
    pytest.param(
        entry("a", "https://e.org/1", "旧", published=NOON),
        entry("b", "https://e.org/1", "新", published=NOON + timedelta(seconds=1)),
        False,
        id="link-alone",
    ),
    pytest.param(
        entry(None, "https://e.org/1#x=1"), entry(None, "https://e.org/1#x=2"), True, id="fragment-that-tracks"
    ),
    pytest.param(
        entry(None, "https://e.org/1#v1", "一"), entry(None, "https://e.org/1#v2", "二"), False, id="fragments"
    ),
    pytest.param(entry("a", "https://e.org/1"), entry("b", "https://e.org/2"), False, id="title-alone"),
    pytest.param(entry("a", "https://e.org/"), entry("b", "https://e.org/"), False, id="front-page-and-title"),
    pytest.param(entry("https://e.org/1", None), entry("https://e.org/2", None), False, id="other-path"),
    pytest.param(entry("x-1", None), entry("y-1", None), False, id="short-words"),
    pytest.param(A_POST, replace(A_POST, content="<p>改过的正文</p>"), True, id="post-with-new-text"),
    pytest.param(
        A_POST,
        replace(A_POST, content="<p>别的</p>", published=NOON + timedelta(days=1)),
        False,
        id="post-of-another-day",
    ),
    pytest.param(A_POST, replace(A_POST, content="<p>别的</p>", title="另一封"), False, id="post-with-another-title"),
]


class TestChangedIds:
    @pytest.mark.parametrize(("before", "after", "is_same"), CHANGED)
    def test_an_entry_with_a_new_id_is_recognised_by_alias_and_title_or_date(
        self, before: Entry, after: Entry, is_same: bool
    ) -> None:
        """Rule I4"""
        stored = remember(before)
        [old] = stored
        [new] = keys_of(after)
        assert names(stored, after) == ({new: old} if is_same else {})

    def test_an_id_that_is_still_in_the_document_belongs_to_its_own_entry(self) -> None:
        """Rule I4: old id absent from this document"""
        before = entry("a", "https://e.org/1")
        assert names(remember(before), entry("b", "https://e.org/1"), before) == {}

    def test_a_stored_entry_is_claimed_once(self) -> None:
        """Rule I4: two entries cannot both be the same old one"""
        found = names(
            remember(entry("a", "https://e.org/1")), entry("b", "https://e.org/1"), entry("c", "https://e.org/1")
        )
        assert list(found.items()) == [("b", "a")]

    def test_of_several_that_an_alias_names_none_is_taken_unless_title_or_date_agree(self) -> None:
        """Rule I4: even where the whole site has moved, it must be certain which entry it is"""
        stored = remember(
            entry("http://e.org/p/1", None, "一"),
            entry("http://f.org/p/1", None, "二"),
            *(entry(f"http://e.org/q/{number}", None, f"旧 {number}") for number in range(5)),
        )
        moved = [entry(f"https://n.example/q/{number}", None, f"新 {number}") for number in range(5)]
        found = names(stored, *moved, entry("https://n.example/p/1", None, "三"))
        assert found == {f"https://n.example/q/{number}": f"http://e.org/q/{number}" for number in range(5)}

    @pytest.mark.parametrize(
        ("moved", "fresh", "accepted"),
        [
            pytest.param(5, 0, True, id="all-of-five"),
            pytest.param(6, 5, True, id="more-than-half"),
            pytest.param(5, 5, False, id="just-half"),
            pytest.param(4, 0, False, id="too-few"),
        ],
    )
    def test_a_whole_site_that_moved_is_accepted_by_alias_alone(self, moved: int, fresh: int, accepted: bool) -> None:
        """Rule I4: five or more, and over half of the document, whatever became of titles and dates"""
        old = [entry(f"http://old.example/p/{n}", f"http://old.example/p/{n}", f"旧 {n}") for n in range(moved)]
        new = [
            entry(f"https://new.example/p/{n}", f"https://new.example/p/{n}", f"新 {n}") for n in range(moved + fresh)
        ]
        found = names(remember(*old), *new)
        assert found == ({n.id: o.id for o, n in zip(old, new, strict=False)} if accepted else {})


class TestChangingIds:
    def test_keyed_by_link_a_new_guid_makes_no_difference(self) -> None:
        """Rule I11"""
        first = keys_of(entry("r1", "https://e.org/1"), entry("r2", "https://e.org/2"), mode=LINK)
        again = keys_of(entry("r3", "https://e.org/1"), entry("r4", "https://e.org/2"), mode=LINK)
        assert first == again == ["link:https://e.org/1", "link:https://e.org/2"]

    def test_entries_that_share_a_link_are_kept_apart(self) -> None:
        """Nothing is lost where the link is that of the front page"""
        a, b = entry("r1", "https://e.org/", "一"), entry("r2", "https://e.org/", "二")
        first = keys_of(a, b, mode=LINK)
        assert len(set(first)) == 2
        assert first == keys_of(replace(a, id="r3"), replace(b, id="r4"), mode=LINK)

    def test_entries_without_a_link_keep_their_guid(self) -> None:
        """Rule I11."""
        assert keys_of(entry("g"), mode=LINK) == ["g"]


class TestPublicIds:
    @pytest.mark.parametrize(
        "native",
        ["https://e.org/p/1", "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", "tag:e.org,2022:1", "http://e.org/?p=1"],
    )
    def test_an_absolute_uri_is_published_as_it_is(self, native: str) -> None:
        """Rule I7"""
        assert self.made(entry(native)) == native

    @pytest.mark.parametrize("native", ["1", "e.org/p/1", "/p/1", "中文", "a b", "x" * 3000, "javascript:alert(1)"])
    def test_anything_else_becomes_a_tag_uri(self, native: str) -> None:
        """Rule I7"""
        made = self.made(entry(native, "https://e.org/1"))
        assert made.startswith("tag:feeds.example,2026:src/")
        assert made.isascii()
        assert not set(made) & set(' <>"{}|\\^`')

    def test_a_uri_that_another_source_entry_has_is_not_given_twice(self) -> None:
        """Rule I9: a validator calls it an error"""
        assert self.made(entry("https://e.org/1"), taken=("https://e.org/1",)).startswith("tag:")

    def test_equal_ids_of_two_sources_become_different(self) -> None:
        """Rule I9"""
        first = public_id(entry("1"), "1", source=SourceId("a"), authority="f.example", year="2026", taken=())
        assert first != public_id(entry("1"), "1", source=SourceId("b"), authority="f.example", year="2026", taken=())

    def test_a_slash_in_a_source_or_key_cannot_make_two_ids_one(self) -> None:
        """Rule I7."""
        one = public_id(entry(None), "b/c", source=SourceId("a"), authority="f.example", year="2026", taken=())
        assert one != public_id(entry(None), "c", source=SourceId("a/b"), authority="f.example", year="2026", taken=())

    def made(self, of: Entry, taken: tuple[str, ...] = ()) -> str:
        [key] = keys_of(of)
        return public_id(of, key, source=SourceId("src"), authority="feeds.example", year="2026", taken=taken)


TEXTS = st.one_of(st.none(), st.sampled_from(["1", "2", "https://e.org/1", "http://e.org/1", "", "中文"]))
LINKS = st.one_of(
    st.none(), st.sampled_from(["https://e.org/", "https://e.org/1", "http://e.org/1#a", "https://e.org/2"])
)
ENTRIES = st.builds(
    Entry,
    id=TEXTS.map(lambda text: text or None),
    link=LINKS,
    title=st.sampled_from(["", "一", "二"]),
    content=st.sampled_from(["", "<p>a</p>", "b"]),
    published=st.one_of(st.none(), st.sampled_from([NOON, NOON + timedelta(days=1)])),
)
MODES = st.sampled_from(list(IdentityMode))


class TestAlways:
    @given(st.lists(ENTRIES, max_size=12), MODES)
    def test_the_same_document_has_the_same_keys_again(self, document: list[Entry], mode: IdentityMode) -> None:
        """The same document twice gives no change: same keys under the mode it ended with, and no new names"""
        first = keys(*document, mode=mode)
        again = keys(*document, mode=first.mode)
        assert [k.key for k in again.entries] == [k.key for k in first.entries]
        assert again.mode is first.mode
        assert "reused-guid" not in {one.name for one in again.diagnostics}
        stored = {
            k.key: StoredIdentity(
                seq=n, key=k.key, title=k.entry.title, published=k.entry.published, link_key=k.link_key
            )
            for n, k in enumerate(first.entries)
        }
        assert recognise(again.entries, stored) == {}

    @given(st.lists(ENTRIES, max_size=12), MODES)
    def test_every_key_once_and_no_different_link_is_lost(self, document: list[Entry], mode: IdentityMode) -> None:
        """Rules I1 to I3: entries with different guid and link are never made one"""
        found = keys(*document, mode=mode)
        assert len({k.key for k in found.entries}) == len(found.entries)
        kept = {(k.entry.id, k.link_key) for k in found.entries if k.entry.id}
        if mode is not LINK:
            wanted = {(e.id, k.link_key) for e in document if e.id for k in keys(e).entries}
            assert {(i, (link or "").partition("#")[0]) for i, link in wanted} <= {
                (i, (link or "").partition("#")[0]) for i, link in kept
            }

    @given(ENTRIES, MODES, st.booleans())
    def test_a_key_needs_nothing_but_the_entry(self, one: Entry, mode: IdentityMode, shared: bool) -> None:
        """Total and steady"""
        link = "https://e.org/1" if one.link else None
        first = entry_key(one, mode, link, link_is_shared=shared)
        assert first == entry_key(one, mode, link, link_is_shared=shared)
        assert first
