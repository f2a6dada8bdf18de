"""Archives, deltas, deletions and windows, rule by rule, as readers see them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lossless_rig import CONFIG, Answer, Opened, Reader, Site, read

pytestmark = pytest.mark.long

Story = Callable[[Site], Awaitable[None]]
ATOM = "/c/all.atom"


def tell(opened: Opened, *stories: Story, config: str = CONFIG) -> None:
    """Each story in a process of its own, over one store."""

    async def run() -> None:
        for story in stories:
            async with opened(config) as site:
                await story(site)

    asyncio.run(run())


async def chain(site: Site, path: str = ATOM) -> list[str]:
    """Paths of the archive documents, the newest first."""
    paths: list[str] = []
    document = read((await site.get(path)).body)
    while link := document.links.get("prev-archive"):
        paths.append(urlsplit(link).path)
        document = read((await site.get(paths[-1])).body)
    return paths


class TestArchives:
    """RFC 5005, rule W9"""

    def test_finished_documents_are_linked_and_the_unfinished_one_is_the_window(self, opened: Opened) -> None:
        async def story(site: Site) -> None:
            names = site.blogs["a"].add(250)
            await site.round()
            newest, oldest = await chain(site)
            window = read((await site.get(ATOM)).body)
            first, second = read((await site.get(oldest)).body), read((await site.get(newest)).body)
            assert set(first.entries) == set(names[:100])
            assert set(second.entries) == set(names[100:200])
            assert set(window.entries) >= set(names[200:])
            assert urlsplit(first.links["next-archive"]).path == newest
            assert "next-archive" not in second.links
            assert "hub" not in first.links

        tell(opened, story)

    def test_only_a_document_with_a_successor_is_immutable(self, opened: Opened) -> None:
        """It is written a second and last time when its successor is finished; its stories stay as they are."""

        async def story(site: Site) -> None:
            blog = site.blogs["a"]
            blog.add(100)
            await site.round()
            [path] = await chain(site)
            before = await site.get(path)
            assert "immutable" not in before.headers["cache-control"]
            blog.add(100)
            await site.round()
            after = await site.get(path)
            assert after.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert read(after.body).entries == read(before.body).entries
            blog.add(250)
            await site.round()
            assert (await site.get(path)).body == after.body

        tell(opened, story)

    def test_documents_are_served_as_feeds_are(self, opened: Opened) -> None:
        """Rule W4: validators, encodings and 304; they are read from disk when somebody asks"""

        async def story(site: Site) -> None:
            site.blogs["a"].add(100)
            await site.round()
            [path] = await chain(site)
            whole = await site.get(path)
            packed = await site.get(path, accept_encoding="gzip")
            assert packed.headers["content-encoding"] == "gzip"
            assert packed.headers["etag"] == whole.headers["etag"][:-1] + '-gzip"'
            assert (await site.get(path, if_none_match=whole.headers["etag"])).status == 304
            assert (await site.get(path + "x")).status == 404

        tell(opened, story)

    def test_json_feeds_lead_on_by_next_url(self, opened: Opened) -> None:
        async def story(site: Site) -> None:
            names = site.blogs["a"].add(250)
            await site.round()
            found: list[str] = []
            link: str | None = "/c/all.json"
            while link:
                page = json.loads((await site.get(urlsplit(link).path)).body)
                found += [item["id"] for item in page["items"]]
                link = page.get("next_url")
            assert set(found) == set(names)

        tell(opened, story)

    def test_a_revised_story_comes_again_in_the_window_and_in_a_later_document(self, opened: Opened) -> None:
        async def story(site: Site) -> None:
            blog = site.blogs["a"]
            names = blog.add(200)
            await site.round()
            site.clock.pass_(days=9)
            blog.revise(names[0])
            await site.round()
            assert read((await site.get(ATOM)).body).entries[names[0]][1] == "第 0 篇 改"
            blog.add(99)
            await site.round()
            newest, _, oldest = await chain(site)
            assert read((await site.get(newest)).body).entries[names[0]][1] == "第 0 篇 改"
            assert read((await site.get(oldest)).body).entries[names[0]][1] == "第 0 篇"

        tell(opened, story)

    def test_another_selection_begins_another_chain(self, opened: Opened) -> None:
        """The old documents disappear; words at the head of an output are no selection."""
        before: list[str] = []

        async def first(site: Site) -> None:
            site.blogs["a"].add(200)
            await site.round()
            before.extend(await chain(site))

        async def renamed(site: Site) -> None:
            await site.round()
            assert await chain(site) == before

        async def filtered(site: Site) -> None:
            await site.round()
            after = await chain(site)
            assert len(after) == 1
            assert not set(after) & set(before)
            assert [(await site.get(path)).status for path in before] == [404, 404]
            assert all("第 1" in title for _, title in read((await site.get(after[0])).body).entries.values())

        tell(opened, first)
        tell(opened, renamed, config=CONFIG.replace('id = "all"', 'id = "all"\ntitle = "全部"'))
        tell(opened, filtered, config=CONFIG.replace('id = "all"', 'id = "all"\nkeep = ["第 1"]'))

    def test_another_source_only_lengthens_the_chain(self, opened: Opened) -> None:
        """A store of a hundred thousand stories is not written anew because a source is added."""
        before: list[str] = []
        without = CONFIG.replace('[[source]]\nid = "b"\npath = "b.xml"\n', "")
        assert without != CONFIG

        async def first(site: Site) -> None:
            site.blogs["a"].add(150)
            await site.round()
            before.extend(await chain(site))

        async def second(site: Site) -> None:
            site.blogs["b"].add(60)
            await site.round()
            assert (await chain(site))[-1:] == before

        tell(opened, first, config=without)
        tell(opened, second)

    def test_a_source_that_leaves_takes_its_stories_along(self, opened: Opened) -> None:
        without = CONFIG.replace('[[source]]\nid = "b"\npath = "b.xml"\n', "")

        async def first(site: Site) -> None:
            site.blogs["b"].add(150)
            await site.round()
            assert await chain(site)

        async def second(site: Site) -> None:
            await site.round()
            assert await chain(site) == []

        tell(opened, first)
        tell(opened, second, config=without)

    def test_a_lost_file_is_written_again(self, opened: Opened, tmp_path: Path) -> None:
        bodies: list[bytes] = []

        async def first(site: Site) -> None:
            site.blogs["a"].add(200)
            await site.round()
            bodies.extend([(await site.get(path)).body for path in await chain(site)])
            (tmp_path / "store/public" / (await chain(site))[1][1:]).unlink()

        async def second(site: Site) -> None:
            await site.round()
            assert [(await site.get(path)).body for path in await chain(site)] == bodies

        tell(opened, first, second)

    @pytest.mark.slow
    def test_a_chain_that_mostly_repeats_itself_is_begun_again(self, opened: Opened) -> None:
        """A source that revises everything at every visit costs no more disk than twice what is stored."""

        async def story(site: Site) -> None:
            names = site.blogs["a"].add(100)
            for _ in range(14):
                await site.round()
                site.clock.pass_(hours=1)
                for name in names:
                    site.blogs["a"].revise(name)
            assert len(await chain(site)) <= 5

        tell(opened, story)


class TestDeletions:
    """Rules W12, W18 and I10"""

    @pytest.mark.parametrize("by", ["source", "operator"])
    def test_a_deleted_story_leaves_everything_at_once_and_has_a_tombstone_for_a_month(
        self, opened: Opened, by: str
    ) -> None:
        async def story(site: Site) -> None:
            blog = site.blogs["a"]
            name = blog.add(120)[7]
            await site.round()
            site.clock.pass_(hours=1)
            if by == "operator":
                assert await site.app.remove(await site.app.find(name)) == 1
            else:
                blog.delete(name)
            await site.round()
            window = read((await site.get(ATOM)).body)
            assert window.deleted == {name: site.clock.now}
            assert f">{name}<".encode() not in (await site.get("/c/all.rss")).body
            assert f'"{name}"'.encode() not in (await site.get("/c/all.json")).body
            [path] = await chain(site)
            assert name not in read((await site.get(path)).body).entries
            await site.round()
            assert name not in read((await site.get(ATOM)).body).entries
            site.clock.pass_(days=29)
            await site.round()
            assert name in read((await site.get(ATOM)).body).deleted
            site.clock.pass_(days=2)
            await site.round()
            assert read((await site.get(ATOM)).body).deleted == {}

        tell(opened, story)

    def test_an_update_brings_a_deleted_story_back(self, opened: Opened) -> None:
        async def story(site: Site) -> None:
            blog = site.blogs["a"]
            name, other = blog.add(2)
            await site.round()
            site.clock.pass_(hours=1)
            await site.app.remove(await site.app.find(name))
            blog.posts[name].title = "改了字而没有日期"
            await site.round()
            assert set(read((await site.get(ATOM)).body).entries) == {other}
            site.clock.pass_(hours=1)
            blog.revise(name)
            await site.round()
            back = read((await site.get(ATOM)).body)
            assert set(back.entries) == {name, other}
            assert back.deleted == {}

        tell(opened, story)

    def test_leaving_the_window_of_a_source_is_no_deletion(self, opened: Opened) -> None:
        async def story(site: Site) -> None:
            blog = site.blogs["a"]
            names = blog.add(3)
            await site.round()
            del blog.posts[names[0]]
            await site.round()
            assert set(read((await site.get(ATOM)).body).entries) == set(names)

        tell(opened, story)

    def test_a_story_that_another_source_tells_as_well_comes_from_that_one(self, opened: Opened) -> None:
        """It was never shown under its own id, and its place in the archive had gone by."""

        async def story(site: Site) -> None:
            [first] = site.blogs["a"].add(link="https://news.example/story")
            await site.round()
            [second] = site.blogs["b"].add(link="https://news.example/story")
            await site.round()
            site.blogs["a"].add(120)
            await site.round()
            site.clock.pass_(days=9)
            site.blogs["a"].add(60)
            await site.round()
            reader = Reader(site, ATOM)
            await reader.come()
            assert (first in reader.seen, second in reader.seen) == (True, False)
            site.clock.pass_(hours=1)
            site.blogs["a"].delete(first)
            await site.round()
            await reader.come()
            assert (first in reader.seen, second in reader.seen) == (False, True)

        tell(opened, story)

    def test_a_complete_feed_deletes_what_it_no_longer_has(self, opened: Opened) -> None:
        """Rule W10: a ranking's output is complete as well and has no archive; what comes back is back."""

        async def story(site: Site) -> None:
            blog = site.blogs["b"]
            blog.is_complete = True
            names = blog.add(130)
            await site.round()
            gone = blog.posts.pop(names[0])
            site.clock.pass_(hours=1)
            await site.round()
            ranking = await site.get("/c/rank.atom")
            assert b"fh:complete" in ranking.body
            assert set(read(ranking.body).entries) == set(names[1:])
            assert "prev-archive" not in read(ranking.body).links
            assert names[0] in read(ranking.body).deleted
            site.clock.pass_(hours=1)
            blog.posts[names[0]] = gone
            await site.round()
            back = read((await site.get("/c/rank.atom")).body)
            assert back.entries[names[0]][0] == site.clock.now, "later than the deletion that readers were told of"
            assert back.deleted == {}

        tell(opened, story, config=CONFIG + '\n[[feed]]\nid = "rank"\nsource = ["b"]\n')


class TestDeltas:
    """RFC 3229 with A-IM: feed (rule W11)"""

    @staticmethod
    async def prepare(site: Site, path: str = ATOM) -> tuple[Answer, list[str]]:
        blog = site.blogs["a"]
        names = blog.add(60)
        await site.round()
        known = await site.get(path)
        site.clock.pass_(hours=1)
        blog.revise(names[3])
        names += blog.add(2)
        await site.round()
        return known, names

    @pytest.mark.parametrize("kind", ["atom", "rss"])
    def test_a_reader_gets_what_is_new_or_changed(self, opened: Opened, kind: str) -> None:
        async def story(site: Site) -> None:
            known, names = await self.prepare(site, f"/c/all.{kind}")
            whole = await site.get(f"/c/all.{kind}")
            delta = await site.get(f"/c/all.{kind}", a_im="feed, gzip", if_none_match=known.headers["etag"])
            assert delta.status == 226
            assert set(read(delta.body).entries) == {names[3], *names[-2:]}
            assert read(delta.body).links == read(whole.body).links
            assert delta.headers["im"] == "feed"
            assert delta.headers["etag"] == whole.headers["etag"]
            assert delta.headers["cache-control"] == "no-store, im"
            assert {"A-IM", "If-None-Match"} <= set(delta.headers["vary"].split(", "))
            assert delta.headers["content-type"] == whole.headers["content-type"]

        tell(opened, story)

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            pytest.param({"a_im": "feed"}, 226, id="asked for"),
            pytest.param({"a_im": "gzip;q=0.5,FEED;q=1"}, 226, id="asked for among others"),
            pytest.param({}, 200, id="not asked for"),
            pytest.param({"a_im": "vcdiff, feedback"}, 200, id="another manipulation"),
            pytest.param({"a_im": "feed;q=0.0"}, 200, id="refused"),
            pytest.param({"a_im": "feed", "if_none_match": '"never"'}, 200, id="unknown state"),
            pytest.param({"a_im": "feed", "if_none_match": "*"}, 304, id="any state"),
            pytest.param({"a_im": "feed", "if_none_match": "nonsense"}, 200, id="no tag"),
            pytest.param({"a_im": "feed", "user_agent": "feedparser/6.0.10 +x"}, 200, id="by a library on its own"),
            pytest.param({"a_im": "feed", "user_agent": "rss2email/3.14 (x)"}, 200, id="by who takes it for an error"),
            pytest.param({"a_im": "feed", "user_agent": "Liferea/1.14"}, 226, id="by who reads it"),
        ],
    )
    def test_only_who_asks_and_names_a_known_state_gets_one(
        self, opened: Opened, headers: dict[str, str], status: int
    ) -> None:
        async def story(site: Site) -> None:
            known, _ = await self.prepare(site)
            given = {"if_none_match": known.headers["etag"], **headers}
            assert (await site.get(ATOM, **given)).status == status

        tell(opened, story)

    def test_the_state_after_a_delta_is_current(self, opened: Opened) -> None:
        """Whatever encoding the client would take: 304, then the next delta."""

        async def story(site: Site) -> None:
            known, _ = await self.prepare(site)
            asks = {"a_im": "feed", "accept_encoding": "gzip"}
            packed = known.headers["etag"][:-1] + '-gzip"'
            delta = await site.get(ATOM, if_none_match=packed, **asks)
            assert (delta.status, "content-encoding" in delta.headers) == (226, False)
            again = await site.get(ATOM, if_none_match=delta.headers["etag"], **asks)
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", delta.headers["etag"])

        tell(opened, story)

    def test_where_the_whole_is_smaller_the_whole_is_sent(self, opened: Opened) -> None:
        async def story(site: Site) -> None:
            site.blogs["a"].add(1)
            await site.round()
            known = await site.get(ATOM)
            site.blogs["a"].add(90)
            await site.round()
            answer = await site.get(ATOM, a_im="feed", if_none_match=known.headers["etag"], accept_encoding="gzip")
            assert (answer.status, answer.headers["content-encoding"]) == (200, "gzip")

        tell(opened, story)

    def test_states_are_remembered_for_a_week_and_over_restarts(self, opened: Opened) -> None:
        etags: list[str] = []

        async def first(site: Site) -> None:
            known, _ = await self.prepare(site)
            etags.append(known.headers["etag"])

        async def second(site: Site) -> None:
            assert (await site.get(ATOM, a_im="feed", if_none_match=etags[0])).status == 226
            site.clock.pass_(days=8)
            site.blogs["a"].add(1)
            await site.round()
            assert (await site.get(ATOM, a_im="feed", if_none_match=etags[0])).status == 200

        tell(opened, first, second)


class TestWindows:
    """Rule W8 with readers in mind: who came back late last time finds all it missed next time"""

    def test_a_window_goes_back_to_its_slowest_reader(self, opened: Opened) -> None:
        async def story(site: Site) -> None:
            blog = site.blogs["a"]
            early = blog.add(60)
            await site.round()
            reader = Reader(site, ATOM)
            await reader.come()
            site.clock.pass_(minutes=5)
            missed = blog.add(30)
            await site.round()
            site.clock.pass_(days=5)
            blog.add(100)
            await site.round()
            assert not set(missed) & set(read((await site.get(ATOM)).body).entries)
            await reader.come()
            await site.app.record_late_readers()
            await site.round()
            window = read((await site.get(ATOM)).body).entries
            assert set(missed) < set(window)
            site.clock.pass_(days=8)
            await site.app.record_late_readers()
            await site.round()
            assert not set(early) & set(read((await site.get(ATOM)).body).entries)
            assert not set(missed) & set(read((await site.get(ATOM)).body).entries)

        tell(opened, story)
