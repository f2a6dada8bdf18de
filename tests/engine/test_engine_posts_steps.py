"""Folders of posts, one change at a time: whatever happened on the way, they hold what is stored and selected."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.config.read import read_config
from aggregator.core.config.tables import Config
from aggregator.core.model import Category, CategoryKind, Entry, Feed, OutputId, SourceId, SourceNumber
from aggregator.core.records import Attempt, NewEntry, OutputRecord, Removal, RemovalOrigin, Revision, VisitRecord
from aggregator.core.select.category_paths import own_paths
from aggregator.core.select.definition import definition
from aggregator.core.select.plan import OutputPlan, plan_outputs
from aggregator.core.source_state import PollState
from aggregator.core.urls.urls import link_key
from aggregator.engine.publish.posts import Posted, PostPublisher
from aggregator.engine.publish.selection import Selection
from aggregator.engine.runtime import build_runtime
from aggregator.engine.threads import DatabaseThread
from aggregator.outlets.posts import JOURNAL
from aggregator.sources.file import FileSource
from aggregator.storage import Storage
from aggregator.storage.opening import open_storage

NOW = datetime(2026, 5, 16, 5, 0, tzinfo=UTC)
SOURCES = '[[source]]\nid = "a"\npath = "a"\n[[source]]\nid = "b"\npath = "b"\ncategory = "甲"\n'
PATH = Category(path=("甲", "乙"), kind=CategoryKind.ASSIGNED)


@dataclass
class Yard:
    """A store with two sources, an output of it, and folders to publish into."""

    folder: Path
    storage: Storage

    def __post_init__(self) -> None:
        self.store = DatabaseThread()
        self.publishers: dict[str, PostPublisher] = {}
        self.seqs: dict[str, tuple[SourceNumber, int, Entry]] = {}
        self.moments = (NOW + timedelta(minutes=n) for n in itertools.count(1))
        self.configure("")

    def configure(self, lines: str) -> None:
        text = f'{SOURCES}[[feed]]\nid = "f"\nformats = ["hexo"]\n{lines}\n'
        config = read_config(text.encode(), file="feeds.toml")
        self.runtime = build_runtime(config, self.storage, lambda _: FileSource(self.folder), now=NOW)
        (self.plan,) = plan_outputs(config, (), lambda _kind, _name, wanted: wanted)

    def add(self, name: str, source: str, **changes: object) -> None:
        entry = self.entry(name, **changes)
        draft = NewEntry(
            key=name, public_id=f"urn:x-test:{name}", link_key=link_key(entry.link or ""), paths=own_paths(entry),
            first_seen=next(self.moments), published=NOW, updated=NOW, sort_date=NOW, fingerprint="1", entry=entry,
        )  # fmt: skip
        number = self.runtime.numbers[SourceId(source)]
        self.record(number, new=(draft,))
        self.seqs[name] = number, self.storage.last_change_seq(), entry

    def revise(self, name: str, **changes: object) -> None:
        number, seq, entry = self.seqs[name]
        entry = replace(entry, **changes)  # type: ignore[arg-type]
        now = next(self.moments)
        revision = Revision(
            seq=seq, key=name, link_key=link_key(entry.link or ""), paths=own_paths(entry), changed_at=now,
            published=NOW, updated=now, fingerprint=str(now), entry=entry,
        )  # fmt: skip
        self.record(number, revised=(revision,))
        self.seqs[name] = number, seq, entry

    def delete(self, name: str) -> None:
        _, seq, _ = self.seqs.pop(name)
        self.storage.remove([Removal(seq=seq, at=next(self.moments), origin=RemovalOrigin.SOURCE)], [])

    def entry(self, name: str, **changes: object) -> Entry:
        entry = Entry(id=None, link=f"https://x.example/{name}", title=f"题 {name}", content=f"<p>{name}</p>")
        return replace(entry, **changes)  # type: ignore[arg-type]

    def record(self, number: SourceNumber, **found: object) -> None:
        (lease,) = self.storage.claim([number], now=NOW, until=NOW + timedelta(hours=1), token="t")
        state = PollState(number=number, source=SourceId("x"), next_poll=NOW)
        attempt = Attempt(at=NOW, outcome="updated")
        url = f"https://feed.example/{number}"
        feed = Feed(poll_url=url, id=url, title="源", self_url=url)
        assert self.storage.record(VisitRecord(lease=lease, state=state, attempt=attempt, feed=feed, **found))  # type: ignore[arg-type]

    def publish(self, name: str = "kept", *, daemon: bool = False) -> Posted:
        """Publish into the folder of that name: as a new run would, or as a daemon does that knows what it did."""
        sources = {record.state.number: record for record in self.storage.sources()}
        selection = Selection(storage=self.storage, runtime=self.runtime, plan=self.plan, sources=sources)
        record = output_record(self.plan, self.runtime.config)
        newest = list(itertools.islice(selection.newest_first(), self.plan.limit or 0))
        edition = selection.edition(selection.stories(newest), record)
        posts = PostPublisher(self.store, default=self.folder / name, base=self.folder)
        posts = self.publishers.setdefault(name, posts) if daemon else posts
        return asyncio.run(posts.publish(selection, record, edition))

    def files(self, name: str = "kept") -> dict[str, str]:
        """The posts by the id in them."""
        found = {}
        for path in (self.folder / name / "f").iterdir():
            if path.name != JOURNAL:
                text = path.read_text("utf-8")
                found[text.partition('origin:\n  id: "')[2].partition('"')[0]] = text
        return found


def output_record(plan: OutputPlan, config: Config) -> OutputRecord:
    return OutputRecord(
        output=OutputId("f"),
        public_id="tag:x",
        definition=definition(plan, config),
        configured_at=NOW,
        dirty=True,
        stamp=1,
    )


@contextmanager
def opened() -> Iterator[Yard]:
    with tempfile.TemporaryDirectory() as folder:
        storage = open_storage(":memory:")
        try:
            made = Yard(Path(folder), storage)
            yield made
            made.store.close()
        finally:
            storage.close()


@pytest.fixture
def yard() -> Iterator[Yard]:
    with opened() as made:
        yield made


NAMES = st.sampled_from(["1", "2", "3"])
LINKS = st.sampled_from([f"https://x.example/{name}" for name in ("p", "q")])
CHANGES: st.SearchStrategy[Mapping[str, object]] = st.one_of(
    st.builds(lambda link: {"link": link}, LINKS),
    st.sampled_from([{"title": "keep"}, {"title": "drop"}, {"content": "<p>x</p>"}, {"categories": (PATH,)}]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), NAMES, st.sampled_from("ab"), CHANGES),
        st.tuples(st.just("revise"), NAMES, st.just(""), CHANGES),
        st.tuples(st.just("delete"), NAMES, st.just(""), st.just({})),
        st.tuples(
            st.just("configure"),
            st.sampled_from(["", 'drop = ["drop"]', 'category = "甲"', 'dedupe = "off"', "limit = 2", 'source = "a"']),
            st.just(""),
            st.just({}),
        ),
    ),
    max_size=14,
)


TWINS = {"link": "https://x.example/p"}


@pytest.mark.parametrize(
    ("change", "ids"),
    [
        pytest.param(lambda yard: yard.revise("1", link="https://x.example/q"), "12", id="the first leaves"),
        pytest.param(lambda yard: yard.revise("2", link="https://x.example/q"), "12", id="the second leaves"),
        pytest.param(lambda yard: yard.delete("1"), "2", id="the first is deleted"),
        pytest.param(lambda yard: yard.delete("2"), "1", id="the second is deleted"),
        pytest.param(lambda yard: yard.revise("1", title="drop"), "2", id="the first is not selected any more"),
        pytest.param(lambda yard: yard.add("3", "a"), "13", id="one comes that has nothing to do with them"),
    ],
)
def test_a_story_that_splits_becomes_its_parts(yard: Yard, change: Callable[[Yard], None], ids: str) -> None:
    """Rule I8: two sources had one story, which is one post; then they have not."""
    yard.configure('drop = ["drop"]')
    yard.add("1", "a", **TWINS)
    yard.add("2", "b", **TWINS)
    yard.publish()
    assert yard.files().keys() == {"urn:x-test:1"}
    change(yard)
    yard.publish()
    yard.publish("anew")
    assert yard.files().keys() == {f"urn:x-test:{name}" for name in ids}
    assert yard.files() == yard.files("anew")


def test_stories_that_are_not_merged_are_a_post_each(yard: Yard) -> None:
    """Rule I8 is off: the same link in two sources, and either may be deleted alone."""
    yard.configure('dedupe = "off"')
    yard.add("1", "a", **TWINS)
    yard.add("2", "b", **TWINS)
    assert yard.publish() == Posted(changed=2)
    assert yard.files().keys() == {"urn:x-test:1", "urn:x-test:2"}
    yard.delete("1")
    assert yard.publish() == Posted(changed=1)
    assert yard.files().keys() == {"urn:x-test:2"}


@pytest.mark.long
@settings(max_examples=30)
@given(steps=STEPS, runs=st.lists(st.booleans(), min_size=14, max_size=14))
def test_small_steps_lead_where_one_great_leap_does(
    steps: list[tuple[str, str, str, Mapping[str, object]]], runs: list[bool]
) -> None:
    """Rule W12: additions, revisions, deletions and edits in any order give the folder that all at once would give."""
    used = set()
    with opened() as yard:
        for (step, name, source, changes), daemon in zip(steps, runs, strict=False):
            if step == "add" and name not in used:
                used.add(name)
                yard.add(name, source, **changes)
            elif step == "revise" and name in yard.seqs:
                yard.revise(name, **changes)
            elif step == "delete" and name in yard.seqs:
                yard.delete(name)
            elif step == "configure":
                yard.configure(name)
            yard.publish(daemon=daemon)
        yard.publish()
        yard.publish("anew")
        assert yard.files() == yard.files("anew")


def test_a_new_entry_costs_one_file(yard: Yard) -> None:
    """And a revised one costs its own: the others are not touched."""
    for number in range(150):
        yard.add(str(number), "a")
    assert yard.publish().changed == 150
    before = {path.name: path.stat().st_mtime_ns for path in (yard.folder / "kept/f").glob("*.md")}
    yard.add("new", "b")
    yard.revise("7", title="anders")
    assert yard.publish().changed == 2
    after = {path.name: path.stat().st_mtime_ns for path in (yard.folder / "kept/f").glob("*.md")}
    assert len(after) == 151
    assert sum(before.get(name) != moment for name, moment in after.items()) == 2


def test_posts_outlive_the_window_of_the_feed(yard: Yard) -> None:
    """Every story ever selected gets a file; only a limit takes the older ones away."""
    for number in range(60):
        yard.add(str(number), "a")
    yard.publish()
    assert len(yard.files()) == 60
    yard.configure("limit = 2")
    yard.publish()
    assert set(yard.files()) == {"urn:x-test:58", "urn:x-test:59"}


def test_a_name_stays_when_the_title_changes(yard: Yard) -> None:
    """Rule W16."""
    yard.add("1", "a")
    yard.publish()
    (before,) = (yard.folder / "kept/f").glob("*.md")
    yard.revise("1", title="ein anderer Titel")
    yard.publish()
    (after,) = (yard.folder / "kept/f").glob("*.md")
    assert (after, "ein anderer Titel" in after.read_text()) == (before, True)


def test_a_blog_that_is_not_there_is_posts_of(yard: Yard) -> None:
    yard.configure('posts = "blog/source/_posts"')
    yard.add("1", "a")
    posted = yard.publish()
    assert posted.error is not None
    assert "blog/source: there is no such folder" in posted.error
    (yard.folder / "blog/source").mkdir(parents=True)
    assert yard.publish() == Posted(changed=1)
    assert len(list((yard.folder / "blog/source/_posts").glob("*.md"))) == 1
