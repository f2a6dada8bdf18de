"""From a document and what is stored of its source to what is recorded, without engine and store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.core.document import Document, NotModified, Validators
from aggregator.core.errors import FetchError, ParseError, Reason
from aggregator.core.ingest import entry_cache, incremental
from aggregator.core.ingest.complete import VisitResult, complete, failed, not_modified
from aggregator.core.ingest.decide import Missing, Plan, StoredFacts, VisitContext, decide
from aggregator.core.ingest.entry_cache import DocumentReading
from aggregator.core.ingest.visit_record import visit_record
from aggregator.core.model import CategoryPath, OutputId, SourceId, SourceNumber, StoredEntry
from aggregator.core.normalise import Context
from aggregator.core.outcome import Unchanged, Updated
from aggregator.core.records import KnownEntry, Lease, LoadedContents, Removal, RemovalOrigin, WantedContents
from aggregator.core.schedule.policy import PollSettings
from aggregator.core.source_state import FeedIdentity, IdentityMode, PollState

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
URL = "https://a.example/feed"
OURS = "https://reader.example/"
NUMBER, SOURCE = SourceNumber(7), SourceId("a")
STATE = PollState(number=NUMBER, source=SOURCE)
CONTEXT = VisitContext(source=SOURCE, address=URL, site_url=OURS, authority="reader.example", year="2025", now=NOW)


def item(name: str, *, guid: str | None = None, link: str | None = None, **more: str) -> str:
    """One entry, without a guid if that is ""; `more` are its other elements, such as title."""
    values = {"title": f"标题 {name}", "summary": f"正文 {name}", "published": "2026-03-01T08:00:00Z", **more}
    inner = "".join(f"<{element}>{text}</{element}>" for element, text in values.items() if text)
    href = link or f"https://a.example/{name}"
    id_ = f"<id>{guid or f'urn:x:{name}'}</id>" if guid != "" else ""
    return f'<entry>{id_}<link href="{href}"/>{inner}</entry>'


def atom(*items: str, head: str = "", title: str = "甲", site: str = "https://a.example/") -> Document:
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:fh="http://purl.org/syndication/history/1.0"'
        f' xmlns:at="http://purl.org/atompub/tombstones/1.0"><id>urn:a</id><title>{title}</title>'
        f'<link href="{site}"/>{head}{"".join(items)}</feed>'
    )
    validators = Validators(url=URL, etag='"1"')
    return Document(url=URL, body=text.encode(), fetched_at=NOW, validators=validators, body_hash="h")


def context_of(document: Document) -> Context:
    return Context(source=SOURCE, poll_url=URL, document_url=document.url, fetched_at=document.fetched_at)


def whole(document: Document) -> DocumentReading:
    about = entry_cache.circumstances(document, context_of(document), None)
    return incremental.read_whole(document, context_of(document), None, None, about)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of the source."""

    state: PollState = STATE
    entries: dict[int, StoredEntry] = field(default_factory=dict)
    known: dict[str, KnownEntry] = field(default_factory=dict)
    removals: dict[int, Removal] = field(default_factory=dict)
    cache: bytes = b""

    def facts(self, *, with_contents: bool = False) -> StoredFacts:
        contents = {seq: one.entry for seq, one in self.entries.items() if seq not in self.removals}
        return StoredFacts(state=self.state, known=self.known, contents=contents if with_contents else None)

    def load(self, wanted: WantedContents) -> LoadedContents:
        return LoadedContents(
            entries={seq: self.entries[seq] for seq in wanted.entries if seq not in self.removals},
            removals={seq: self.removals[seq] for seq in wanted.removals},
        )

    def without(self, seq: int, *, at: datetime, origin: RemovalOrigin) -> Stored:
        """The same with an entry deleted."""
        known = {key: replace(one, deleted_at=at) if one.seq == seq else one for key, one in self.known.items()}
        return replace(self, known=known, removals={seq: Removal(seq=seq, at=at, origin=origin)})


def after(*items: str) -> Stored:
    """What is stored after a first visit, a day ago, to a feed with these entries, the newest first."""
    return after_document(atom(*items))


def after_document(document: Document) -> Stored:
    """What is stored after a first visit, a day ago, that brought this document."""
    result = record_of(document, Stored(), context=replace(CONTEXT, now=NOW - DAY))
    entries, known = {}, {}
    for seq, new in enumerate(result.new, 1):
        shared = {name: getattr(new, name) for name in ("public_id", "first_seen", "published", "updated")}
        shared |= {"seq": seq, "key": new.key, "fingerprint": new.fingerprint}
        known[new.key] = KnownEntry(title=new.entry.title, link_key=new.link_key, **shared)
        entries[seq] = StoredEntry(
            number=NUMBER, source=SOURCE, changed_at=NOW, sort_date=new.sort_date, entry=new.entry, **shared
        )
    assert result.state is not None
    after_visit = replace(result.state, feed_identity=FeedIdentity(title="甲", site="a.example"))
    return Stored(after_visit, entries, known, {}, result.cache or b"")


def plan_of(document: Document, stored: Stored, *, context: VisitContext = CONTEXT) -> Plan:
    plan = decide(whole(document), stored.facts(with_contents=True), context)
    assert isinstance(plan, Plan)
    return plan


def record_of(document: Document, stored: Stored, *, context: VisitContext = CONTEXT) -> VisitResult:
    plan = plan_of(document, stored, context=context)
    return complete(document, plan, stored.load(plan.wanted), context)


def summary(result: VisitResult) -> dict[str, Any]:
    """What a result changes; what it leaves as it is, is not named. Keys that are hashes are cut off."""
    named = {
        "new": [short(one.key) for one in result.new],
        "revised": [one.seq for one in result.revised],
        "removed": [(one.seq, one.origin.value) for one in result.removed],
        "rekeyed": {seq: short(key) for seq, key in result.rekeyed},
    }
    return {name: value for name, value in named.items() if value}


def short(key: str) -> str:
    kind = key.partition(":")[0]
    return kind if kind in ("twin", "made") else key


WHOLE = "<fh:complete/>"


def tombstone(name: str, *, when: str = "2026-03-02T00:00:00Z") -> str:
    return f'<at:deleted-entry ref="urn:x:{name}" when="{when}"/>'


@pytest.mark.parametrize(
    ("document", "wanted", "expected"),
    [
        pytest.param(atom(item("b"), item("a")), (), {}, id="the same"),
        pytest.param(atom(item("a"), item("b")), (), {}, id="another order"),
        pytest.param(atom(item("b")), (), {}, id="what leaves the window is not deleted (rule W12)"),
        pytest.param(atom(item("c"), item("b"), item("a")), (), {"new": ["urn:x:c"]}, id="an entry more"),
        pytest.param(
            atom(item("d", published="2026-03-01T10:00:00Z"), item("c", published="2026-03-01T09:00:00Z")),
            (),
            {"new": ["urn:x:c", "urn:x:d"]},
            id="the newest is added last (rule W8)",
        ),
        pytest.param(atom(item("b", summary="更正"), item("a")), (2,), {"revised": [2]}, id="another text"),
        pytest.param(
            atom(item("b"), item("a", published="2026-02-01T08:00:00Z")),
            (1,),
            {"revised": [1]},
            id="an earlier date (rule D8)",
        ),
        pytest.param(atom(item("b"), item("a", published="2026-03-02T08:00:00Z")), (), {}, id="a later date (rule D8)"),
        pytest.param(
            atom(item("b"), item("a", guid="urn:y:a")),
            (1,),
            {"revised": [1]},
            id="another guid for the same link and title (rule I4)",
        ),
        pytest.param(
            atom(item("c", guid="urn:x:a"), item("b"), item("a")),
            (),
            {"new": ["twin"], "rekeyed": {1: "twin", 2: "twin"}},
            id="one guid for two entries keys all by link, too (rule I3)",
        ),
        pytest.param(
            atom(item("b"), head=WHOLE),
            (1,),
            {"removed": [(1, "vanished")]},
            id="what vanishes from a complete document is deleted (rule W10)",
        ),
        pytest.param(atom(head=WHOLE), (), {}, id="an empty feed deletes nothing (rule R9)"),
        pytest.param(
            atom(item("b"), tombstone("a")),
            (1,),
            {"removed": [(1, "source")]},
            id="a tombstone deletes (rule W12)",
        ),
        pytest.param(
            atom(item("b"), item("a", updated="2026-03-02T01:00:00Z"), tombstone("a")),
            (),
            {},
            id="an entry updated after its tombstone lives (rule W12)",
        ),
        pytest.param(atom(item("b"), tombstone("unknown")), (), {}, id="a tombstone of an unknown entry"),
    ],
)
def test_what_a_document_changes(document: Document, wanted: Sequence[int], expected: dict[str, Any]) -> None:
    """Two entries are stored, a with seq 1 and b with seq 2; only what is revised or deleted is loaded in full"""
    stored = after(item("b"), item("a"))
    plan = plan_of(document, stored)
    assert plan.wanted == WantedContents(entries=frozenset(wanted))
    assert summary(complete(document, plan, stored.load(plan.wanted), CONTEXT)) == expected


def test_an_entry_that_another_shares_its_link_with_gets_another_key_and_no_revision() -> None:
    """Rules I2 and I4: nothing has to be loaded for that"""
    stored = after(item("a", guid=""))
    assert set(stored.known) == {"link:https://a.example/a"}
    document = atom(
        item("b", guid="", link="https://a.example/a", published="2026-03-02T08:00:00Z"), item("a", guid="")
    )
    plan = plan_of(document, stored)
    assert not plan.wanted
    assert summary(complete(document, plan, LoadedContents(), CONTEXT)) == {"new": ["made"], "rekeyed": {1: "made"}}


@pytest.mark.parametrize(
    ("document", "origin", "expected"),
    [
        pytest.param(atom(item("a", updated="2026-03-02T11:00:00Z")), RemovalOrigin.OPERATOR, [1], id="updated since"),
        pytest.param(atom(item("a", updated="2026-03-01T09:00:00Z")), RemovalOrigin.OPERATOR, [], id="updated before"),
        pytest.param(atom(item("a")), RemovalOrigin.SOURCE, [], id="no word of an update"),
        pytest.param(atom(item("a"), head=WHOLE), RemovalOrigin.VANISHED, [1], id="back in a complete document"),
        pytest.param(atom(item("b")), RemovalOrigin.VANISHED, [], id="not there"),
    ],
)
def test_when_a_deleted_entry_comes_back(document: Document, origin: RemovalOrigin, expected: list[int]) -> None:
    """Rule I10: its removal is loaded only where it stands in the document"""
    stored = after(item("a")).without(1, at=NOW - timedelta(hours=2), origin=origin)
    plan = plan_of(document, stored)
    assert plan.wanted.removals == ({1} if b"urn:x:a" in document.body else set())
    result = complete(document, plan, stored.load(plan.wanted), CONTEXT)
    assert [one.seq for one in result.revised] == expected


def test_an_entry_whose_removal_is_gone_by_then_is_left_as_it_is() -> None:
    """Rule I10: another process may have taken the removal back since the plan was made."""
    stored = after(item("a")).without(1, at=NOW - timedelta(hours=2), origin=RemovalOrigin.OPERATOR)
    plan = plan_of(atom(item("a", updated="2026-03-02T11:00:00Z")), stored)
    loaded = replace(stored.load(plan.wanted), removals={})
    assert complete(atom(item("a")), plan, loaded, CONTEXT).revised == ()


@pytest.mark.parametrize(
    ("document", "state", "is_stored", "mode"),
    [
        pytest.param(
            atom(item("b", guid="urn:x:a"), item("a")), {}, True, IdentityMode.ID_LINK, id="a reused guid (rule I3)"
        ),
        pytest.param(
            atom(item("b", guid="urn:x:a"), item("a")), {}, False, IdentityMode.ID_LINK, id="at the first visit"
        ),
        pytest.param(atom(item("a")), {"alias_streak": 3}, True, IdentityMode.LINK, id="changing guids (rule I11)"),
        pytest.param(atom(item("a")), {"alias_streak": 2}, True, IdentityMode.ID, id="not yet (rule I11)"),
    ],
)
def test_stored_contents_are_asked_for_only_to_make_other_keys(
    document: Document, state: dict[str, Any], is_stored: bool, mode: IdentityMode
) -> None:
    """What is stored is keyed as the document is; at a first visit there is nothing to load"""
    stored = after(item("b"), item("a")) if is_stored else Stored()
    stored = replace(stored, state=replace(stored.state, **state))
    first = decide(whole(document), stored.facts(), CONTEXT)
    assert (first is Missing.CONTENTS) is (is_stored and mode is not IdentityMode.ID)
    plan = plan_of(document, stored)
    assert plan.change_set.state.identity is mode
    assert bool(plan.change_set.changes.new) is not is_stored


def partly(document: Document, stored: Stored) -> DocumentReading:
    about = entry_cache.circumstances(document, context_of(document), None)
    reading = incremental.read_changes(document, stored.cache, about, context_of(document), None)
    assert isinstance(reading, DocumentReading)
    assert reading.stand_ins
    return reading


@pytest.mark.parametrize(
    ("items", "change", "is_enough"),
    [
        pytest.param([item("c"), item("b"), item("a")], lambda s: s, True, id="an entry more"),
        pytest.param(
            [item("c"), item("b"), item("a")],
            lambda s: s.without(1, at=NOW - DAY, origin=RemovalOrigin.OPERATOR),
            False,
            id="one that is stored as deleted",
        ),
        pytest.param(
            [item("c"), item("b"), item("a")],
            lambda s: replace(s, known={key: one for key, one in s.known.items() if one.seq != 1}),
            False,
            id="one that is not stored",
        ),
        pytest.param(
            [item("c", guid="urn:x:b"), item("b"), item("a")], lambda s: s, False, id="a reused guid (rule I3)"
        ),
    ],
)
def test_the_whole_is_asked_for_where_a_stand_in_is_needed_in_full(
    items: list[str], change: Callable[[Stored], Stored], is_enough: bool
) -> None:
    """Else a document of which only the new slices were read is as good as the whole"""
    stored = after(item("b"), item("a"))
    document, reading = atom(*items), partly(atom(*items), stored)
    stored = change(stored)
    plan = decide(reading, stored.facts(), CONTEXT)
    assert (plan is not Missing.WHOLE_READING) is is_enough
    if is_enough:
        assert isinstance(plan, Plan)
        assert summary(complete(document, plan, stored.load(plan.wanted), CONTEXT)) == {"new": ["urn:x:c"]}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(
            atom(item("a"), head=f'<link rel="self" href="{OURS}c/all.atom"/>'), Reason.OWN_OUTPUT, id="rule R7"
        ),
        pytest.param(atom(item("z"), title="乙", site="https://b.example/"), Reason.OWNER_CHANGED, id="rule R6"),
    ],
)
def test_feeds_that_are_refused(document: Document, reason: Reason) -> None:
    with pytest.raises(ParseError) as caught:
        decide(whole(document), after(item("a")).facts(), CONTEXT)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(atom(item("a"), title="乙", site="https://b.example/"), id="with an entry that was there"),
        pytest.param(atom(item("z"), title="乙"), id="of the same site"),
        pytest.param(atom(item("z"), site="https://b.example/"), id="of the same title"),
    ],
)
def test_feeds_that_have_not_changed_hands(document: Document) -> None:
    """Rule R6: title, site and all entries have to be others"""
    assert plan_of(document, after(item("a"))).change_set.entries == 1


def test_a_broken_off_document_leaves_no_validators() -> None:
    """Rule P2"""
    complete_one = atom(item("b"), item("a"))
    broken = replace(complete_one, body=complete_one.body[:-40])
    [kept, lost] = [record_of(one, Stored()).outcome for one in (complete_one, broken)]
    assert isinstance(kept, Updated)
    assert isinstance(lost, Updated)
    assert (kept.validators.etag, kept.body_hash) == ('"1"', "h")
    assert (lost.validators.etag, lost.body_hash) == (None, None)


@pytest.mark.parametrize(
    ("stored", "document", "is_settled"),
    [
        pytest.param(after(item("a")), atom(item("a")), True, id="nothing is in motion"),
        pytest.param(after(item("a")), atom(item("a", published="2026-03-02T08:00:00Z")), False, id="a date moved"),
        pytest.param(after(item("a")), atom(item("a", guid="urn:y:a")), False, id="a guid changed"),
    ],
)
def test_an_entry_cache_says_whether_the_same_document_would_change_anything(
    stored: Stored, document: Document, is_settled: bool
) -> None:
    """Only then may the next visit pass over it unread"""
    cache = record_of(document, stored).cache
    assert cache
    about = entry_cache.circumstances(document, context_of(document), None)
    again = incremental.read_changes(document, cache, about, context_of(document), None)
    assert isinstance(again, entry_cache.Unmodified) is is_settled


def test_dates_that_move_twice_are_unstable() -> None:
    """Rule D7: the first ones stay, whichever way the source moves them"""
    stored = after(item("a"))
    for day in ("02", "03"):
        result = record_of(atom(item("a", published=f"2026-02-{day}T08:00:00Z")), stored)
        assert result.state is not None
        stored = replace(stored, state=result.state)
    assert stored.state.unstable_dates
    assert summary(record_of(atom(item("a", published="2026-01-01T08:00:00Z")), stored)) == {}


# -- the record ------------------------------------------------------------------------------------------------------
LEASE = Lease(number=NUMBER, token="t", until=NOW + DAY)


def affected(paths: list[CategoryPath] | None) -> tuple[OutputId, ...]:
    return (OutputId("all" if paths is None else f"below {sorted(paths)}"),)


def recorded(result: VisitResult, state: PollState = STATE, host: str | None = "news.a.example") -> Any:
    return visit_record(
        result,
        state,
        lease=LEASE,
        started=NOW,
        ended=NOW + timedelta(seconds=2),
        settings=PollSettings(),
        host=host,
        jitter=0.5,
        affected=affected,
    )


def limited(status: int, retry_after: timedelta | None) -> VisitResult:
    return failed(FetchError(URL, Reason.RATE_LIMITED, "words", status=status, retry_after=retry_after))


@pytest.mark.parametrize(
    ("result", "host", "hold"),
    [
        pytest.param(limited(429, timedelta(hours=3)), "news.a.example", ("a.example", 3), id="429"),
        pytest.param(limited(429, None), "news.a.example", ("a.example", 1), id="429 without a time"),
        pytest.param(limited(503, timedelta(hours=3)), "news.a.example", ("a.example", 3), id="503 with a time"),
        pytest.param(limited(503, None), "news.a.example", None, id="503 without a time"),
        pytest.param(limited(429, timedelta(hours=3)), None, None, id="a host of ours"),
        pytest.param(failed(FetchError(URL, Reason.NOT_FOUND, "words")), "news.a.example", None, id="another error"),
    ],
)
def test_a_rate_limit_holds_the_whole_domain(
    result: VisitResult, host: str | None, hold: tuple[str, int] | None
) -> None:
    """Rule P12: from the end of the visit"""
    ended = NOW + timedelta(seconds=2)
    assert recorded(result, host=host).hold == (hold and (hold[0], ended + timedelta(hours=hold[1])))


def known_feed() -> PollState:
    """The state after a visit that brought the feed of `atom`."""
    state: PollState = recorded(record_of(atom(item("a")), Stored())).state
    return state


@pytest.mark.parametrize(
    ("document", "dirty"),
    [
        pytest.param(atom(item("a")), [], id="nothing new"),
        pytest.param(atom(item("b"), item("a")), ["below []"], id="a new entry"),
        pytest.param(atom(item("a", summary="更正")), ["below []"], id="a revision"),
        pytest.param(atom(item("a"), title="甲报"), ["all"], id="another title of the feed"),
    ],
)
def test_which_outputs_have_to_be_made_again(document: Document, dirty: list[str]) -> None:
    """All that show the source where what they say of it changes in every entry"""
    stored = after(item("a"))
    state = replace(stored.state, attribution=known_feed().attribution)
    assert list(recorded(record_of(document, stored), state).dirty) == dirty


def post(category: str) -> Document:
    text = f"---\ntitle: 一\ncategories: [{category}]\n---\n正文"
    part = Document(url="file:///posts/a.md", body=text.encode(), fetched_at=NOW)
    return Document(url="file:///posts/*", body=b"", fetched_at=NOW, parts=(part,))


def test_a_revision_concerns_the_categories_of_before_and_after() -> None:
    """What moved from one category to another disappears from the first"""
    result = record_of(post("新闻"), after_document(post("旧闻")))
    assert len(result.revised) == 1
    assert set(result.paths) == {("旧闻",), ("新闻",)}


def test_a_failed_visit_leaves_what_is_known_of_the_document() -> None:
    state = known_feed()
    after_failure = recorded(failed(FetchError(URL, Reason.NOT_FOUND, "words", status=404)), state)
    names = ("attribution", "feed_identity", "notes", "validators", "body_hash", "identity", "rhythm")
    assert [getattr(after_failure.state, name) for name in names] == [getattr(state, name) for name in names]
    assert (after_failure.feed, after_failure.entry_cache, after_failure.dirty) == (None, None, ())
    assert (after_failure.attempt.outcome, after_failure.attempt.reason, after_failure.attempt.seconds) == (
        "failed",
        Reason.NOT_FOUND,
        2.0,
    )


@pytest.mark.parametrize(
    ("status", "headers", "size"),
    [
        pytest.param(304, {"content-length": "0"}, 0, id="a 304"),
        pytest.param(200, {"content-length": "1234"}, 1234, id="the same bytes once more (rule P4)"),
        pytest.param(200, {}, 1, id="of a length that was not said"),
        pytest.param(226, {"content-length": "x"}, 1, id="or not as a number"),
    ],
)
def test_what_an_unchanged_document_cost(status: int, headers: dict[str, str], size: int) -> None:
    result = not_modified(NotModified(url=URL, fetched_at=NOW, status=status, headers=headers))
    assert isinstance(result.outcome, Unchanged)
    assert result.outcome.size == size
    assert recorded(result).attempt.bytes == size
