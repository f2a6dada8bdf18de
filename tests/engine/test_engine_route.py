"""From a document to files: nothing lost, nothing twice, and no more written than has changed."""

from __future__ import annotations

import json

from route_bench import Asked, Bench, conditional, item, items, post, rss

from aggregator.core.source_state import IdentityMode


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
        """Rule W13: same id, link, published"""
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

    def test_a_removed_entry_stays_away_when_the_source_begins_to_reuse_its_guids(self, bench: Bench) -> None:
        """Rules I3 and I10: it gets a stricter key like all others, and is still known to be deleted"""
        news(bench, 1, 2)
        bench.poll()
        bench.remove("第 1 条")
        reused = item(3, guid="https://news.example/2", day=3)
        bench.origin.feed("/news", rss(reused, item(2), item(1)))
        assert bench.poll_later(hours=1).new == {"news": 1}
        assert bench.source_record("news").state.identity is IdentityMode.ID_LINK
        assert sorted(bench.titles()) == ["第 2 条", "第 3 条"]

    def test_an_empty_feed_takes_nothing_away(self, bench: Bench) -> None:
        """Rule R9: no items, and items that vanish, are no deletion"""
        news(bench, 1)
        bench.poll()
        before = bench.files()
        bench.origin.feed("/news", rss())
        assert bench.poll_later(hours=1).outcomes == {"news": "updated"}
        assert bench.files() == before

    def test_reused_guids_are_all_shown_and_stay_the_same(self, bench: Bench) -> None:
        """Rule I3: all ten shown, including the one that was stored before the trouble began"""
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
        """Rule I4: all entries return as new: no re-publication, public ids unchanged"""

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
        """Rule I11: the source switches to link keys, and it is reported; public ids never change"""
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
        assert told == [[], *[["guid-changed"]] * 3, ["changing-guid"], []]

    def test_a_bad_answer_in_between_does_not_hide_changing_guids(self, bench: Bench) -> None:
        bench.config(bench.source("news"))
        for poll in range(5):
            bench.origin.feed("/news", rss(*(item(n, guid=f"random-{poll}-{n}") for n in range(3))))
            bench.poll_later(hours=1)
            bench.origin.answers["/news"] = lambda asked: asked.say(500)
            bench.poll_later(hours=1)
        assert bench.source_record("news").state.identity is IdentityMode.LINK

    def test_a_post_that_is_edited_stays_one(self, bench: Bench) -> None:
        """Rule I4: no guid, no link: known by title and date together"""
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

    def test_what_only_the_whole_document_tells_is_reported(self, bench: Bench) -> None:
        """Rules R1 and D7: copies, one date for all, dates that move, files that cannot be read"""
        bench.config(bench.source("news"), '[[source]]\nid = "posts"\npath = "posts/*.md"')
        place = bench.folder / "posts"
        place.mkdir()
        (place / "a.md").write_text(post("慢信", "生活"), "utf-8")
        (place / "b.md").write_bytes(b"x" * 20_000_000)
        told = []
        for hour in range(3):
            date = f"Mon, 16 May 2022 0{hour}:00:00 GMT"
            bench.origin.feed("/news", rss(*(item(n, pubDate=date) for n in (1, 2, 3, 4, 5, 5))))
            told.append({d.name for d in bench.poll_later(hours=1).reports["news"].diagnostics})
        assert told == [{"entry-repeated", "dates-equal"}] * 2 + [{"entry-repeated", "dates-equal", "unstable-dates"}]
        assert [d.name for d in bench.source_record("posts").state.notes] == ["file-unreadable"]

    def test_diagnostics_stay_until_another_document_comes(self, bench: Bench) -> None:
        """Rule R1: shown for each source, also after a visit that brought nothing"""
        bench.config(bench.source("news"))
        odd = conditional(rss(item(1, title="<b>一</b>")).encode())
        told = []
        for answer in (odd, odd, lambda asked: asked.say(500), conditional(rss(item(1)).encode())):
            bench.origin.answers["/news"] = answer
            bench.poll_later(hours=25)
            told.append([d.name for d in bench.source_record("news").state.notes])
        assert told == [["title-mended"]] * 3 + [[]]

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
        """Rule P1"""
        bench.config(bench.source("news"))
        odd = {"ETag": "W/no-quotes \xe9", "Last_Modified": "yesterday, about noon"}
        bench.origin.answers["/news"] = lambda asked: asked.say(200, items(1).encode(), **odd)
        bench.poll()
        bench.poll_later(hours=1)
        headers = bench.origin.requests[-1].headers
        assert (headers["if-none-match"], headers["if-modified-since"]) == (odd["ETag"], odd["Last_Modified"])

    def test_a_304_is_a_success_that_changes_nothing(self, bench: Bench) -> None:
        """Rule P3"""
        news(bench, 1)
        bench.poll()
        before = bench.times()
        assert bench.poll_later(hours=1).outcomes == {"news": "unchanged"}
        assert bench.origin.requests[-1].is_conditional
        assert bench.times() == before
        assert bench.source_record("news").state.last_success == bench.clock.now

    def test_the_same_bytes_under_another_etag_are_unchanged(self, bench: Bench) -> None:
        """Rule P4: ETag changes on every request; the new one is stored all the same"""
        bench.config(bench.source("news"))
        count = iter(range(99))
        bench.origin.answers["/news"] = lambda asked: asked.say(200, items(1).encode(), ETag=f'"{next(count)}"')
        assert bench.poll().outcomes == {"news": "updated"}
        assert bench.poll_later(hours=2).outcomes == {"news": "unchanged"}
        bench.poll_later(hours=2)
        assert [r.headers.get("if-none-match") for r in bench.origin.requests] == [None, '"0"', '"1"']

    def test_a_document_that_cannot_be_read_leaves_no_validators(self, bench: Bench) -> None:
        """Rule P2: otherwise a parse failure is followed by 304 for ever"""
        bench.config(bench.source("news"))
        bench.origin.feed("/news", "<html><body>sorry</body></html>")
        assert bench.poll().outcomes == {"news": "html-page"}
        assert bench.poll_later(hours=1).outcomes == {"news": "html-page"}
        assert not any(request.is_conditional for request in bench.origin.requests)

    def test_once_a_week_everything_is_asked_for(self, bench: Bench) -> None:
        """Rule P5"""
        news(bench, 1)
        bench.poll()
        for _ in range(8):
            bench.poll_later(days=1)
        asked = [request.is_conditional for request in bench.origin.requests]
        assert asked == [False, True, True, True, True, True, True, False, True]

    def test_a_server_that_says_304_without_being_asked_is_not_believed(self, bench: Bench) -> None:
        """Rule P3: 304 with unknown body: drop validators, retry once"""
        bench.config(bench.source("news"))
        replies = iter([304, 200])
        bench.origin.answers["/news"] = lambda asked: (
            asked.say(304) if next(replies) == 304 else asked.say(200, items(1).encode())
        )
        assert bench.poll().outcomes == {"news": "updated"}
        assert len(bench.origin.requests) == 2

    def test_the_name_of_the_program_is_sent(self, bench: Bench) -> None:
        """Rule P15"""
        news(bench, 1)
        bench.poll()
        headers = bench.origin.requests[0].headers
        assert headers["user-agent"].startswith("feed-aggregator/")
        assert "+https://feeds.example" in headers["user-agent"]
        assert "cookie" not in headers
        assert "referer" not in headers

    def test_a_source_is_not_asked_before_its_time(self, bench: Bench) -> None:
        """A restart does not reset clocks (rule P13); freshness counts (rule P7)"""
        bench.config(bench.source("news"))
        bench.origin.feed("/news", items(1), Cache_Control="max-age=7200")
        bench.poll()
        assert bench.poll_later(minutes=90).reports == {}
        assert bench.poll_later(minutes=31).outcomes == {"news": "unchanged"}


class TestMoves:
    def test_a_permanent_move_is_taken_over_when_it_is_proven(self, bench: Bench) -> None:
        """Rule P25: three sightings over 48 h; number, ids and history stay (rule I1)"""
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
        """Rule P25"""
        bench.config(bench.source("news", "/old"))
        bench.origin.answers["/old"] = lambda asked: asked.say(302, Location="/new")
        bench.origin.feed("/new", items(1))
        for _ in range(6):
            bench.poll_later(days=1)
        assert len(bench.origin.asked("/old")) == 6
        assert bench.source_record("news").state.moved_to is None


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
        """Rule I1: the address tells that it is the same"""
        ids = self.start(bench)
        bench.origin.feed("/a", items(2))
        bench.config(bench.source("new-name", "/a", category="甲"), bench.source("b"))
        bench.poll_later(hours=1)
        assert bench.ids("甲") == ids

    def test_a_changed_address_keeps_it_too_and_is_requested_unconditionally(self, bench: Bench) -> None:
        """Rules I1 and P1: validators belong to the address that answered"""
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
