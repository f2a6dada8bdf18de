"""Which outputs there are, what stands in them, and that no more is written than has changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from route_bench import Bench, Clock, Origin, item, items, post, rss
from structlog.testing import capture_logs

from aggregator.core.model import OutputId, SourceNumber, StoredEntry
from aggregator.core.records import Archive
from aggregator.server.catalogue import Catalogue
from aggregator.storage import Storage
from aggregator.storage.opening import open_storage


def news(bench: Bench, *numbers: int) -> None:
    bench.config(bench.source("news", category="新闻/科技"))
    bench.origin.feed("/news", items(*numbers))


class TestOutputs:
    def test_every_node_and_all_in_four_formats(self, bench: Bench) -> None:
        """Rule K6: with no [[feed]], one feed per category node"""
        news(bench, 1)
        bench.poll()
        assert bench.outputs() == ["all", "新闻", "新闻/科技"]
        assert {f"c/新闻/科技.{kind}" for kind in ("rss", "atom", "json", "html")} <= set(bench.files())

    def test_posts_are_in_their_category_and_all_above(self, bench: Bench) -> None:
        """Rules K6, K1 and K3: two spellings of a category are one"""
        bench.config('[[source]]\nid = "posts"\npath = "posts/*.md"\ncategory = "其他"')
        place = bench.folder / "posts"
        place.mkdir()
        (place / "a.md").write_text(post("甲", "新媒体", "IT 之家"), "utf-8")
        (place / "b.md").write_text(post("乙", "新媒体", "IT之家"), "utf-8")
        (place / "c.md").write_text(post("丙", "新媒体"), "utf-8")
        (place / "d.md").write_text("---\ntitle: 丁\n---\n\n正文", "utf-8")
        bench.poll()
        assert bench.outputs() == ["all", "其他", "新媒体", "新媒体/IT-之家"]
        assert sorted(bench.titles("新媒体")) == sorted("甲乙丙")
        assert sorted(bench.titles("新媒体/IT-之家")) == sorted("甲乙")
        assert bench.titles("其他") == ["丁"]
        assert sorted(bench.titles()) == sorted("甲乙丙丁")

    def test_a_post_under_two_spellings_of_one_category_stands_in_it_once(self, bench: Bench) -> None:
        """Rule K3"""
        bench.config('[[source]]\nid = "posts"\npath = "posts/*.md"')
        place = bench.folder / "posts"
        place.mkdir()
        twice = "---\ntitle: 甲\ndate: 2026-05-16\ncategories:\n  - [新媒体, 甲]\n  - [新 媒体, 乙]\n---\n\n正文"
        (place / "a.md").write_text(twice, "utf-8")
        (place / "b.md").write_text(post("乙", "新 媒体"), "utf-8")
        bench.poll()
        assert {name: sorted(bench.titles(name)) for name in bench.outputs()} == {
            "all": ["乙", "甲"],
            "新-媒体": ["乙", "甲"],
            "新-媒体/乙": ["甲"],
            "新-媒体/甲": ["甲"],
        }

    def test_a_post_that_changes_its_category_leaves_the_old_one(self, bench: Bench) -> None:
        """An entry must not stay where it no longer belongs"""
        bench.config('[[source]]\nid = "posts"\npath = "posts/*.md"')
        place = bench.folder / "posts"
        place.mkdir()
        (place / "a.md").write_text(post("甲", "旧"), "utf-8")
        (place / "b.md").write_text(post("乙", "旧"), "utf-8")
        bench.poll()
        (place / "a.md").write_text(post("甲", "新"), "utf-8")
        bench.poll_later(hours=1)
        assert (bench.titles("旧"), bench.titles("新")) == (["乙"], ["甲"])
        (place / "b.md").write_text(post("乙", "新"), "utf-8")
        bench.poll_later(hours=1)
        assert bench.outputs() == ["all", "新"]
        assert not (bench.public / "c" / "旧.atom").exists()

    def test_only_what_may_have_changed_is_made_again(self, bench: Bench) -> None:
        """Dirty outputs only"""
        bench.config(bench.source("a", category="甲"), bench.source("b", category="乙"))
        bench.origin.feed("/a", items(1))
        bench.origin.feed("/b", items(2))
        bench.poll()
        before = bench.times()
        bench.origin.feed("/a", items(1, 3))
        found = bench.poll_later(hours=1)
        assert sorted(p.output for p in found.published) == ["all", "甲"]
        after = bench.times()
        changed = {name for name in after if after[name] != before.get(name)}
        assert not any(name.startswith("c/乙") for name in changed)
        assert {"c/甲.atom", "c/all.rss"} <= changed

    def test_publishing_again_writes_nothing(self, bench: Bench) -> None:
        """Rule W17: unchanged bytes are not rewritten"""
        news(bench, 1, 2)
        bench.poll()
        before = bench.times()
        with bench.store() as store:
            store.mark_dirty([record.output for record in store.outputs()])
        found = bench.poll_later(minutes=1)
        assert [p.changed for p in found.published] == [0, 0, 0]
        assert bench.times() == before

    def test_the_same_state_gives_the_same_bytes_in_two_stores(
        self, bench: Bench, tmp_path: Path, origin: Origin
    ) -> None:
        """Rule W3: at another hour of publishing, too"""
        news(bench, 1, 2, 3)
        other = Bench(tmp_path / "other", origin, Clock(bench.clock.now))
        other.folder.mkdir()
        other.toml.write_bytes(bench.toml.read_bytes())
        bench.poll()
        other.poll()
        assert other.files() == bench.files()
        with other.store() as store:
            store.mark_dirty([record.output for record in store.outputs()])
        for path in (other.public / "c").rglob("*.*"):
            path.unlink()
        other.clock.pass_(days=400)
        origin.answers["/news"] = lambda asked: asked.say(500)
        other.poll()
        assert other.files() == bench.files()

    def test_files_that_somebody_deleted_are_made_again_with_the_same_bytes(self, bench: Bench) -> None:
        news(bench, 1)
        bench.poll()
        before = bench.files()
        (bench.public / "c" / "all.atom").unlink()
        (bench.public / "c" / "all.rss").write_text("defaced")
        bench.poll_later(minutes=1)
        assert bench.files() == before

    def test_the_feeds_own_new_name_reaches_every_output(self, bench: Bench) -> None:
        """Attribution: the same state gives the same bytes, whichever way it was reached"""
        news(bench, 1)
        bench.poll()
        bench.origin.feed("/news", rss(item(1), title="改名后的新闻"))
        bench.poll_later(hours=1)
        for name in ("all", "新闻", "新闻/科技"):
            assert "改名后的新闻" in (bench.public / f"c/{name}.atom").read_text("utf-8")

    def test_attribution_is_in_every_format(self, bench: Bench) -> None:
        """Rules M7 to M9"""
        news(bench, 1)
        bench.poll()
        own = bench.origin.url("/news")
        assert f'<source url="{own}">新闻</source>' in (bench.public / "c/all.rss").read_text("utf-8")
        atom = (bench.public / "c/all.atom").read_text("utf-8")
        assert "<source>" in atom
        assert own in atom[atom.index("<source>") : atom.index("</source>")]
        assert bench.read()[0]["_syndication"]["source"]["title"] == "新闻"
        assert "新闻" in (bench.public / "c/all.html").read_text("utf-8")

    def test_a_story_of_two_sources_comes_once_and_keeps_its_id(self, bench: Bench) -> None:
        """Rules I8 and I7"""
        bench.config(bench.source("a"), bench.source("b"))
        story = {"link": "https://third.example/story", "guid": "x"}
        bench.origin.feed("/a", rss(item(1, **story), title="甲报"))
        bench.origin.feed("/b", rss(title="乙报"))
        bench.poll()
        [first] = bench.ids()
        bench.origin.feed("/b", rss(item(1, **story), title="乙报"))
        bench.poll_later(hours=1)
        [one] = bench.read()
        assert one["id"] == first
        assert [via["title"] for via in one["_syndication"]["via"]] == ["乙报"]

    def test_equal_guids_of_two_sources_are_two_ids(self, bench: Bench) -> None:
        """Rule I9"""
        bench.config(bench.source("a"), bench.source("b"))
        bench.origin.feed("/a", rss(item(1, guid="1")))
        bench.origin.feed("/b", rss(item(2, guid="1")))
        bench.poll()
        assert len(set(bench.ids())) == 2

    def test_a_late_entry_with_an_old_date_appears(self, bench: Bench) -> None:
        """Rule W8: by order of addition"""
        bench.config(bench.source("news"), '[[feed]]\nid = "x"\nlimit = 3')
        bench.origin.feed("/news", items(1, 2, 3, day=10))
        bench.poll()
        bench.origin.feed("/news", rss(item(4, day=1), *(item(n, day=10) for n in (1, 2, 3))))
        bench.poll_later(hours=1)
        assert "第 4 条" in bench.titles("x")
        assert len(bench.titles("x")) == 3


def test_what_a_poll_publishes_while_serve_starts_is_served(bench: Bench) -> None:
    """Between the start and the first look at the store, and nothing changes afterwards."""
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1))
    catalogue = Catalogue()

    async def run() -> None:
        async with bench.app(catalogue=catalogue) as app:
            await app.restore()
            await asyncio.to_thread(bench.poll)
            stop = asyncio.Event()
            running = asyncio.create_task(app.run(stop))
            async with asyncio.timeout(20):
                while "/c/all.json" not in catalogue.paths:
                    await asyncio.sleep(0.05)
            stop.set()
            await running

    asyncio.run(run())


def served_after(bench: Bench, change: Callable[[], object], *, until: Callable[[set[str]], bool]) -> Catalogue:
    """What a server shows that was started before `change`, once its paths are as `until` wants them."""
    catalogue = Catalogue()

    async def run() -> None:
        async with bench.app(catalogue=catalogue) as app:
            await app.restore()
            await asyncio.to_thread(change)
            stop = asyncio.Event()
            running = asyncio.create_task(app.run(stop))
            try:
                async with asyncio.timeout(60):
                    while not until({*catalogue.paths, *catalogue.archives}):
                        await asyncio.sleep(0.05)
            finally:
                stop.set()
                await running

    asyncio.run(run())
    return catalogue


def test_an_output_that_a_poll_beside_the_server_retires_is_served_no_more(bench: Bench) -> None:
    bench.config('[[source]]\nid = "posts"\npath = "posts/*.md"')
    place = bench.folder / "posts"
    place.mkdir()
    (place / "a.md").write_text(post("甲", "旧"), "utf-8")
    bench.poll()

    def change() -> None:
        (place / "a.md").write_text(post("甲", "新"), "utf-8")
        bench.poll(force=True)

    catalogue = served_after(bench, change, until=lambda paths: "/c/旧.json" not in paths and "/c/新.json" in paths)
    assert {path.partition(".")[0] for path in catalogue.paths if path.startswith("/c/")} == {"/c/all", "/c/新"}


def test_archive_documents_that_a_poll_beside_the_server_writes_are_served(bench: Bench) -> None:
    """Rule W9: and those that were there before go on to be"""
    bench.config(bench.source("news"), '[[feed]]\nid = "x"\nlimit = 2\nformats = ["atom"]')
    bench.origin.feed("/news", items(1, 2, 3, 4, 5))
    bench.poll()
    before = archives(bench)

    def change() -> None:
        bench.origin.feed("/news", items(*range(1, 9)))
        bench.poll_later(hours=1)

    served = served_after(bench, change, until=lambda paths: all(f"/{path}" in paths for path in archives(bench)))
    assert before < archives(bench)
    assert set(served.archives) == {f"/{path}" for path in archives(bench)}


def archives(bench: Bench) -> set[str]:
    """Paths of the archive documents on disk."""
    return {path for path in bench.files() if path.startswith("a/")}


@pytest.mark.parametrize(
    ("stories", "repeated", "is_begun_anew"),
    [(1000, 501, True), (1000, 500, False), (999, 999, False)],
    ids=["most of it", "half of it", "most of a short one"],
)
def test_an_archive_that_mostly_repeats_itself_is_begun_again(
    bench: Bench, stories: int, repeated: int, is_begun_anew: bool
) -> None:
    """Rule W9: it costs no more disk than about twice what is stored. A document without files stands for the many."""
    bench.config(bench.source("news"), '[[feed]]\nid = "x"\nlimit = 2\nformats = ["atom"]')
    bench.origin.feed("/news", items(1, 2, 3, 4, 5))
    bench.poll()
    before = {path.split("/")[2] for path in archives(bench)}
    with bench.store() as store:
        members = tuple((seq,) for seq in range(10_000, 10_000 + stories - 4))
        store.put_archive(
            Archive(output=OutputId("x"), number=0, first=1, last=1, members=members, repeated=repeated), []
        )
    bench.origin.feed("/news", items(1, 2, 3, 4, 5, 6))
    bench.poll_later(hours=1)
    after = {path.split("/")[2] for path in archives(bench)}
    assert (len(before), len(after), before != after) == (1, 1, is_begun_anew)


def archived(bench: Bench) -> set[str]:
    """Titles in the archive documents in JSON."""
    found = [json.loads(bench.files()[path])["items"] for path in archives(bench)]
    return {one["title"] for items in found for one in items}


class TestTrouble:
    """What cannot be written, read or removed, and what goes wrong by a bug, costs nothing else"""

    TWO = '[[feed]]\nid = "x"\nsource = "a"\n[[feed]]\nid = "y"\nsource = "b"'

    def two(self, bench: Bench) -> None:
        bench.config(bench.source("a"), bench.source("b"), self.TWO)
        bench.origin.feed("/a", rss(item(1, title="甲")))
        bench.origin.feed("/b", rss(item(2, title="乙")))

    def test_a_bug_in_one_output_costs_no_other(self, bench: Bench) -> None:
        """It stays dirty: the next version of this program makes it"""
        self.two(bench)
        bench.storage = lambda path: cast(Storage, Faulty(open_storage(path)))
        with capture_logs() as logs:
            made = {one.output: one.error for one in bench.poll().published}
        words = "x: a bug of this program (RuntimeError); the log has the details, please report it"
        assert made == {"x": words, "y": None}
        assert [line["output"] for line in logs if line["event"] == "publish failed by a bug"] == ["x"]
        assert (bench.outputs(), bench.titles("y")) == (["y"], ["乙"])
        bench.storage = open_storage
        bench.poll()
        assert bench.titles("x") == ["甲"]

    def test_a_file_that_cannot_be_read_is_told_and_made_again_later(self, bench: Bench) -> None:
        """A link that leads in a circle stands for what a disk refuses"""
        self.two(bench)
        bench.poll()
        before = bench.files()
        broken = bench.public / "c/x.atom"
        broken.unlink()
        broken.symlink_to(broken.name)
        made = {one.output: one.error or "" for one in bench.poll_later(minutes=1).published}
        assert made.keys() == {"x"}
        assert "c/x.atom: cannot be written" in made["x"]
        broken.unlink()
        bench.poll_later(minutes=1)
        assert bench.files() == before

    def test_a_file_of_a_retired_output_that_cannot_be_removed_waits(self, bench: Bench) -> None:
        self.two(bench)
        bench.poll()
        stuck = bench.public / "c/x.atom"
        stuck.unlink()
        stuck.mkdir()
        bench.config(bench.source("a"), bench.source("b"), '[[feed]]\nid = "y"\nsource = "b"')
        with capture_logs() as logs:
            bench.poll()
        assert {line["output"] for line in logs if line["log_level"] == "error"} == {"x"}
        assert "c/y.atom" in bench.files()
        stuck.rmdir()
        with capture_logs() as logs:
            bench.poll()
        assert [line for line in logs if line["log_level"] == "error"] == []
        assert [path.name for path in (bench.public / "c").iterdir() if path.name.startswith("x")] == []

    def test_an_archive_document_that_cannot_be_removed_waits(self, bench: Bench) -> None:
        """Rule W9: the documents of the new selection are there all the same"""
        feed = '[[feed]]\nid = "x"\nlimit = 2\nformats = ["atom"]\n'
        bench.config(bench.source("news"), feed)
        bench.origin.feed("/news", items(1, 2, 3, 4, 5))
        bench.poll()
        old = archives(bench)
        stuck = bench.public / min(old)
        stuck.unlink()
        stuck.mkdir()
        bench.config(bench.source("news"), feed + 'drop = ["第 5 "]')
        with capture_logs() as logs:
            bench.poll()
        assert [line["event"] for line in logs if line["log_level"] == "error"] == ["retire"]
        assert archives(bench) - old
        stuck.rmdir()
        bench.poll()
        assert archives(bench)
        assert not archives(bench) & old

    def test_an_output_that_leaves_takes_its_archive_along(self, bench: Bench) -> None:
        bench.config(bench.source("news"), '[[feed]]\nid = "x"\nlimit = 2')
        bench.origin.feed("/news", items(1, 2, 3, 4, 5))
        bench.poll()
        assert archives(bench)
        bench.config(bench.source("news"), '[[feed]]\nid = "y"')
        bench.poll()
        assert (archives(bench), bench.outputs()) == (set(), ["y"])

    def test_of_copies_that_are_not_merged_an_archive_loses_the_deleted_one(self, bench: Bench) -> None:
        """Rule I8 is off: the other copy, with the same link, stays where it is"""
        bench.config(
            bench.source("a"), bench.source("b"), '[[feed]]\nid = "x"\nlimit = 2\ndedupe = "off"\nformats = ["json"]'
        )
        link = "https://third.example/story"
        bench.origin.feed("/a", rss(item(1, title="甲", link=link), item(2), item(3)))
        bench.origin.feed("/b", rss(item(1, title="乙", link=link), item(4), item(5)))
        bench.poll()
        assert archived(bench) >= {"甲", "乙"}
        bench.remove("甲")
        assert "甲" not in archived(bench)
        assert "乙" in archived(bench)

    def test_a_deletion_of_a_source_that_is_named_no_more_is_forgotten_in_time(self, bench: Bench) -> None:
        """Rule W12: a month later, and no output is made again for it"""
        self.two(bench)
        bench.poll()
        bench.config(bench.source("b"), '[[feed]]\nid = "y"\nsource = "b"')
        bench.poll()
        bench.remove("甲")
        bench.origin.answers["/b"] = lambda asked: asked.say(304)
        assert bench.poll_later(days=31).published == []
        with bench.store() as store:
            assert store.expire_tombstones(before=bench.clock()) == []


class Faulty:
    """A store in which reading the entries of the first source fails by a bug."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def entries(self, numbers: Sequence[SourceNumber], **kwargs: Any) -> Iterable[StoredEntry]:
        if list(numbers) == [1]:
            raise RuntimeError("a bug")
        return self._storage.entries(numbers, **kwargs)


class TestWrittenFeeds:
    def test_all_keys_together(self, bench: Bench) -> None:
        """With [[feed]], those: category, source, keep, drop, limit, title, formats"""
        bench.config(
            bench.source("a", category="新闻/科技"),
            bench.source("b", category="新闻"),
            bench.source("c", category="生活"),
            '[[feed]]\nid = "x"\ntitle = "选"\ncategory = "新闻"\nsource = ["a", "c"]\n'
            'keep = ["报告"]\ndrop = ["促销"]\nlimit = 2\nformats = ["json", "atom"]',
        )
        titles = ["报告一", "报告促销", "无关", "报告二", "报告三"]
        made = [item(n, title=title, link=f"https://a.example/{n}", guid=f"a{n}") for n, title in enumerate(titles)]
        bench.origin.feed("/a", rss(*made))
        bench.origin.feed("/b", rss(item(7, title="报告乙")))
        bench.origin.feed("/c", rss(item(8, title="报告丙")))
        bench.poll()
        assert sorted(bench.titles("x")) == ["报告三", "报告二"]
        assert {name for name in bench.files() if name.startswith("c/")} == {"c/x.json", "c/x.atom"}
        assert json.loads(bench.files()["c/x.json"])["title"] == "选"

    def test_an_edit_applies_to_the_stored_history(self, bench: Bench) -> None:
        """Filters run at publication: nothing is asked again"""
        bench.config(bench.source("news"), '[[feed]]\nid = "x"\nkeep = ["第 1 "]')
        bench.origin.feed("/news", items(*range(30)))
        bench.poll()
        assert bench.titles("x") == ["第 1 条"]
        asked = len(bench.origin.requests)
        bench.config(bench.source("news"), '[[feed]]\nid = "x"\nkeep = ["第 2"]', '[[feed]]\nid = "y"\nlimit = 1')
        bench.poll()
        assert len(bench.titles("x")) == 11
        assert len(bench.titles("y")) == 1
        assert len(bench.origin.requests) == asked

    def test_an_output_that_leaves_takes_its_files_along(self, bench: Bench) -> None:
        """Retired: files gone, compressed ones and folders too"""
        news(bench, 1)
        bench.poll()
        bench.config(bench.source("news", category="新闻/科技"), '[[feed]]\nid = "x"')
        bench.poll()
        left = {str(path.relative_to(bench.public)) for path in bench.public.rglob("*")}
        assert not any("新闻" in name or "all" in name for name in left)
        assert "c/x.atom" in left
        assert "新闻" not in bench.files()["outputs.opml"].decode().replace("feeds.example", "")

    def test_a_format_that_leaves_takes_its_file_along(self, bench: Bench) -> None:
        """formats"""
        bench.config(bench.source("news"), '[[feed]]\nid = "x"')
        bench.origin.feed("/news", items(1))
        bench.poll()
        bench.config(bench.source("news"), '[[feed]]\nid = "x"\nformats = ["atom"]')
        bench.poll()
        assert {path.name.partition(".")[0] + path.suffixes[0] for path in (bench.public / "c").iterdir()} == {"x.atom"}

    def test_an_output_comes_back_with_its_id(self, bench: Bench) -> None:
        bench.config(bench.source("news"), '[[feed]]\nid = "x"')
        bench.origin.feed("/news", items(1))
        bench.poll()
        before = bench.files()["c/x.json"]
        bench.config(bench.source("news"), '[[feed]]\nid = "y"')
        bench.poll_later(minutes=1)
        assert "c/x.json" not in bench.files()
        bench.config(bench.source("news"), '[[feed]]\nid = "x"')
        bench.poll_later(minutes=1)
        assert bench.files()["c/x.json"] == before
