"""From a document to files: nothing lost, nothing twice, and no more written than has changed."""

from __future__ import annotations

import json
from pathlib import Path

from route_bench import Asked, Bench, Clock, Origin, conditional, item, items, post, rss

from aggregator.core.policy import IdentityMode


def news(bench: Bench, *numbers: int) -> None:
    bench.config(bench.source("news", category="新闻/科技"))
    bench.origin.feed("/news", items(*numbers))


class TestEntries:
    def test_each_comes_once_however_often_it_is_seen(self, bench: Bench) -> None:
        """Nothing twice, nothing lost: windows that overlap"""
        news(bench, 1, 2, 3)
        assert bench.poll().new == {"news": 3}
        bench.origin.feed("/news", items(4, 3, 2))
        assert bench.poll_later(hours=1).new == {"news": 1}
        bench.origin.feed("/news", items(4, 3, 2, 1))
        assert bench.poll_later(hours=1).new == {"news": 0}
        assert sorted(bench.titles()) == ["第 1 条", "第 2 条", "第 3 条", "第 4 条"]

    def test_a_correction_changes_the_words_and_nothing_else(self, bench: Bench) -> None:
        """W13: same id, link, published"""
        news(bench, 1, 2)
        bench.poll()
        before = {one["id"]: one for one in bench.read()}
        bench.origin.feed("/news", rss(item(1, title="第 1 条（更正）"), item(2)))
        bench.poll_later(hours=1)
        after = {one["id"]: one for one in bench.read()}
        assert set(after) == set(before)
        changed = after["https://news.example/1"]
        assert changed["title"] == "第 1 条（更正）"
        assert changed["date_published"] == before["https://news.example/1"]["date_published"]

    def test_an_empty_feed_takes_nothing_away(self, bench: Bench) -> None:
        """Section 10: 0 items, items vanish: no deletion"""
        news(bench, 1)
        bench.poll()
        before = bench.files()
        bench.origin.feed("/news", rss())
        assert bench.poll_later(hours=1).outcomes == {"news": "updated"}
        assert bench.files() == before

    def test_reused_guids_are_all_shown_and_stay_the_same(self, bench: Bench) -> None:
        """I3: all ten shown, including the one that was stored before the trouble began"""
        bench.config(bench.source("news"))
        bench.origin.feed("/news", rss(item(1, guid="same")))
        bench.poll()
        [first] = bench.ids()
        ten = rss(*(item(n, guid="same") for n in range(10, 0, -1)))
        bench.origin.feed("/news", ten)
        assert bench.poll_later(hours=1).new == {"news": 9}
        assert len(bench.titles()) == len(set(bench.ids())) == 10
        assert first in bench.ids()
        before = bench.ids()
        bench.origin.feed("/news", rss(item(1, guid="same"), item(11, guid="else")))
        assert bench.poll_later(hours=1).new == {"news": 1}
        assert set(before) < set(bench.ids())
        assert bench.source_record("news").state.identity is IdentityMode.ID_LINK

    def test_a_site_that_moves_to_https_brings_nothing_again(self, bench: Bench) -> None:
        """I4: all entries return as new: no re-publication, public ids unchanged"""

        def site(scheme: str) -> str:
            made = (
                item(n, guid=f"{scheme}://news.example/p/{n}", link=f"{scheme}://news.example/p/{n}") for n in range(8)
            )
            return rss(*made)

        bench.config(bench.source("news"))
        bench.origin.feed("/news", site("http"))
        bench.poll()
        ids = bench.ids()
        bench.origin.feed("/news", site("https"))
        assert bench.poll_later(hours=1).new == {"news": 0}
        assert bench.ids() == ids
        bench.origin.feed("/news", site("http"))
        assert bench.poll_later(hours=1).new == {"news": 0}
        assert bench.ids() == ids

    def test_guids_that_change_at_every_poll_are_given_up_after_three(self, bench: Bench) -> None:
        """Section 10: the source switches to link keys, and it is reported; public ids never change"""
        bench.config(bench.source("news"))
        told, ids = [], list[str]()
        for poll in range(6):
            bench.origin.feed("/news", rss(*(item(n, guid=f"random-{poll}-{n}") for n in range(3))))
            report = bench.poll_later(hours=1).reports["news"]
            assert report.outcome.new == (3 if poll == 0 else 0)
            told.append([d.name for d in report.diagnostics])
            ids = ids or bench.ids()
            assert bench.ids() == ids
        assert bench.source_record("news").state.identity is IdentityMode.LINK
        assert told == [[], [], [], [], ["changing-guid"], []]

    def test_a_bad_answer_in_between_does_not_hide_changing_guids(self, bench: Bench) -> None:
        bench.config(bench.source("news"))
        for poll in range(5):
            bench.origin.feed("/news", rss(*(item(n, guid=f"random-{poll}-{n}") for n in range(3))))
            bench.poll_later(hours=1)
            bench.origin.answers["/news"] = lambda asked: asked.say(500)
            bench.poll_later(hours=1)
        assert bench.source_record("news").state.identity is IdentityMode.LINK

    def test_a_post_that_is_edited_stays_one(self, bench: Bench) -> None:
        """I4: no guid, no link: known by title and date together"""
        bench.config('[[source]]\nid = "posts"\npath = "posts/*.md"')
        place = bench.folder / "posts"
        place.mkdir()
        (place / "a.md").write_text(post("慢信", "生活"), "utf-8")
        bench.poll()
        ids = bench.ids()
        (place / "a.md").write_text(post("慢信", "生活", text="改过的正文。"), "utf-8")
        assert bench.poll_later(hours=1).new == {"posts": 0}
        assert bench.ids() == ids
        assert "改过" in json.dumps(bench.read(), ensure_ascii=False)

    def test_the_same_document_again_changes_nothing(self, bench: Bench) -> None:
        """Identity as a whole, with entries that have neither guid nor link nor date"""
        bare = {"guid": None, "link": None, "pubDate": None}
        bench.config(bench.source("news"))
        document = rss(item(1), item(2, guid=None), item(3, **bare), item(4, **bare))
        bench.origin.feed("/news", document)
        bench.poll()
        before = bench.files()
        for n in range(3):
            bench.origin.feed("/news", document + f"<!-- {n} -->")
            found = bench.poll_later(hours=1)
            outcome = found.reports["news"].outcome
            assert (outcome.new, outcome.revised, outcome.known) == (0, 0, 4)
        assert bench.files() == before


class TestConditionalRequests:
    def test_validators_go_back_byte_for_byte(self, bench: Bench) -> None:
        """P1"""
        bench.config(bench.source("news"))
        odd = {"ETag": "W/no-quotes \xe9", "Last_Modified": "yesterday, about noon"}
        bench.origin.answers["/news"] = lambda asked: asked.say(200, items(1).encode(), **odd)
        bench.poll()
        bench.poll_later(hours=1)
        headers = bench.origin.requests[-1].headers
        assert (headers["if-none-match"], headers["if-modified-since"]) == (odd["ETag"], odd["Last_Modified"])

    def test_a_304_is_a_success_that_changes_nothing(self, bench: Bench) -> None:
        """P3"""
        news(bench, 1)
        bench.poll()
        before = bench.times()
        assert bench.poll_later(hours=1).outcomes == {"news": "unchanged"}
        assert bench.origin.requests[-1].is_conditional
        assert bench.times() == before
        assert bench.source_record("news").state.last_success == bench.clock.now

    def test_the_same_bytes_under_another_etag_are_unchanged(self, bench: Bench) -> None:
        """P4: ETag changes on every request; the new one is stored all the same"""
        bench.config(bench.source("news"))
        count = iter(range(99))
        bench.origin.answers["/news"] = lambda asked: asked.say(200, items(1).encode(), ETag=f'"{next(count)}"')
        assert bench.poll().outcomes == {"news": "updated"}
        assert bench.poll_later(hours=2).outcomes == {"news": "unchanged"}
        bench.poll_later(hours=2)
        assert [r.headers.get("if-none-match") for r in bench.origin.requests] == [None, '"0"', '"1"']

    def test_a_document_that_cannot_be_read_leaves_no_validators(self, bench: Bench) -> None:
        """P2: otherwise a parse failure is followed by 304 for ever"""
        bench.config(bench.source("news"))
        bench.origin.feed("/news", "<html><body>sorry</body></html>")
        assert bench.poll().outcomes == {"news": "html-page"}
        assert bench.poll_later(hours=1).outcomes == {"news": "html-page"}
        assert not any(request.is_conditional for request in bench.origin.requests)

    def test_once_a_week_everything_is_asked_for(self, bench: Bench) -> None:
        """P5"""
        news(bench, 1)
        bench.poll()
        for _ in range(8):
            bench.poll_later(days=1)
        asked = [request.is_conditional for request in bench.origin.requests]
        assert asked == [False, True, True, True, True, True, True, False, True]

    def test_a_server_that_says_304_without_being_asked_is_not_believed(self, bench: Bench) -> None:
        """P3: 304 with unknown body: drop validators, retry once"""
        bench.config(bench.source("news"))
        replies = iter([304, 200])
        bench.origin.answers["/news"] = lambda asked: (
            asked.say(304) if next(replies) == 304 else asked.say(200, items(1).encode())
        )
        assert bench.poll().outcomes == {"news": "updated"}
        assert len(bench.origin.requests) == 2

    def test_the_name_of_the_program_is_told(self, bench: Bench) -> None:
        """P15"""
        news(bench, 1)
        bench.poll()
        headers = bench.origin.requests[0].headers
        assert headers["user-agent"].startswith("feed-aggregator/")
        assert "+https://feeds.example" in headers["user-agent"]
        assert "cookie" not in headers
        assert "referer" not in headers

    def test_a_source_is_not_asked_before_its_time(self, bench: Bench) -> None:
        """A restart does not reset clocks (P13); freshness counts (P7)"""
        bench.config(bench.source("news"))
        bench.origin.feed("/news", items(1), Cache_Control="max-age=7200")
        bench.poll()
        assert bench.poll_later(minutes=90).reports == {}
        assert bench.poll_later(minutes=31).outcomes == {"news": "unchanged"}


class TestMoves:
    def test_a_permanent_move_is_taken_over_when_it_is_proven(self, bench: Bench) -> None:
        """Three sightings over 48 h; number, ids and history stay"""
        bench.config(bench.source("news", "/old"))
        bench.origin.answers["/old"] = lambda asked: asked.say(301, Location="/between")
        bench.origin.answers["/between"] = lambda asked: asked.say(308, Location="/new")
        count = iter(range(99))

        def changing(asked: Asked) -> None:
            n = next(count)
            conditional(items(*range(n + 1)).encode())(asked)

        bench.origin.answers["/new"] = changing
        for _ in range(4):
            bench.poll_later(days=1)
        ids = bench.ids()
        asked = len(bench.origin.asked("/old"))
        bench.poll_later(days=1)
        assert len(bench.origin.asked("/old")) == asked
        assert set(ids) < set(bench.ids())

    def test_a_temporary_one_is_followed_and_forgotten(self, bench: Bench) -> None:
        bench.config(bench.source("news", "/old"))
        bench.origin.answers["/old"] = lambda asked: asked.say(302, Location="/new")
        bench.origin.feed("/new", items(1))
        for _ in range(6):
            bench.poll_later(days=1)
        assert len(bench.origin.asked("/old")) == 6
        assert bench.source_record("news").state.moved_to is None


class TestOutputs:
    def test_every_node_and_all_in_four_formats(self, bench: Bench) -> None:
        """K6: with no [[feed]], one feed per category node"""
        news(bench, 1)
        bench.poll()
        assert bench.outputs() == ["all", "新闻", "新闻/科技"]
        assert {f"c/新闻/科技.{kind}" for kind in ("rss", "atom", "json", "html")} <= set(bench.files())

    def test_posts_stand_where_they_say_and_in_all_above(self, bench: Bench) -> None:
        """K6, K1, and K3: two spellings of a category are one"""
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
        """W17: unchanged bytes are not rewritten"""
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
        """W3: at another hour of publishing, too"""
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
        """M7 to M9"""
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
        """I8, I7"""
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
        """I9"""
        bench.config(bench.source("a"), bench.source("b"))
        bench.origin.feed("/a", rss(item(1, guid="1")))
        bench.origin.feed("/b", rss(item(2, guid="1")))
        bench.poll()
        assert len(set(bench.ids())) == 2

    def test_a_late_entry_with_an_old_date_appears(self, bench: Bench) -> None:
        """W8: by order of addition"""
        bench.config(bench.source("news"), '[[feed]]\nid = "x"\nlimit = 3')
        bench.origin.feed("/news", items(1, 2, 3, day=10))
        bench.poll()
        bench.origin.feed("/news", rss(item(4, day=1), *(item(n, day=10) for n in (1, 2, 3))))
        bench.poll_later(hours=1)
        assert "第 4 条" in bench.titles("x")
        assert len(bench.titles("x")) == 3


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


class TestEditsOfSources:
    def start(self, bench: Bench) -> list[str]:
        bench.config(bench.source("a", category="甲"), bench.source("b"))
        bench.origin.feed("/a", items(1, 2))
        bench.origin.feed("/b", items(5))
        bench.poll()
        return bench.ids("甲")

    def test_a_source_that_leaves_takes_its_entries_along_and_brings_them_back(self, bench: Bench) -> None:
        """Its entries stay in the store and come back with the same ids"""
        ids = self.start(bench)
        bench.config(bench.source("b"))
        bench.poll_later(minutes=1)
        assert (bench.outputs(), bench.titles()) == (["all"], ["第 5 条"])
        bench.config(bench.source("a", category="甲"), bench.source("b"))
        found = bench.poll_later(minutes=1)
        assert found.new == {"a": 0}
        assert bench.ids("甲") == ids

    def test_a_renamed_source_keeps_its_history(self, bench: Bench) -> None:
        """I1: the address tells that it is the same"""
        ids = self.start(bench)
        bench.origin.feed("/a", items(2))
        bench.config(bench.source("new-name", "/a", category="甲"), bench.source("b"))
        bench.poll_later(hours=1)
        assert bench.ids("甲") == ids

    def test_a_changed_address_keeps_it_too_and_is_asked_afresh(self, bench: Bench) -> None:
        """I1, P1: validators belong to the address that answered"""
        ids = self.start(bench)
        bench.origin.feed("/elsewhere", items(2, 3))
        bench.config(bench.source("a", "/elsewhere", category="甲"), bench.source("b"))
        assert bench.poll_later(seconds=1).new == {"a": 1}
        assert not bench.origin.requests[-1].is_conditional
        assert set(ids) < set(bench.ids("甲"))

    def test_a_source_that_rests_is_not_asked_and_stays_published(self, bench: Bench) -> None:
        """enabled = false"""
        ids = self.start(bench)
        asked = len(bench.origin.asked("/a"))
        bench.config(bench.source("a", category="甲", enabled=False), bench.source("b"))
        bench.poll_later(days=1)
        bench.poll(force=True)
        assert bench.ids("甲") == ids
        assert len(bench.origin.asked("/a")) == asked

    def test_a_new_category_moves_all_its_entries(self, bench: Bench) -> None:
        ids = self.start(bench)
        bench.config(bench.source("a", category="丙/丁"), bench.source("b"))
        bench.poll_later(minutes=1)
        assert bench.outputs() == ["all", "丙", "丙/丁"]
        assert bench.ids("丙/丁") == ids

    def test_a_new_title_is_shown_at_once(self, bench: Bench) -> None:
        self.start(bench)
        bench.config(bench.source("a", category="甲", title="人给的名字"), bench.source("b"))
        bench.poll_later(seconds=1)
        assert bench.read("甲")[0]["_syndication"]["source"]["title"] == "人给的名字"


class TestByHand:
    def test_force_visits_what_is_not_due(self, bench: Bench) -> None:
        news(bench, 1)
        bench.poll()
        assert bench.poll().reports == {}
        assert bench.poll(force=True).outcomes == {"news": "unchanged"}

    def test_only_the_one_that_is_named(self, bench: Bench) -> None:
        bench.config(bench.source("a"), bench.source("b"))
        bench.origin.feed("/a", items(1))
        bench.origin.feed("/b", items(2))
        assert bench.poll(only=["b"]).outcomes == {"b": "updated"}
        assert bench.titles() == ["第 2 条"]
