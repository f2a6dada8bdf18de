"""A page for each story: made when it comes, again only when it changes, gone when it is deleted."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from route_bench import Bench, item, items, rss
from structlog.testing import capture_logs

from aggregator.core.errors import Reason
from aggregator.core.model import SourceId


def pages(bench: Bench) -> dict[str, int]:
    """Title on each page -> when the page was written."""
    return {
        re.findall("<title>(.*?)</title>", path.read_text("utf-8"))[0]: path.stat().st_ino
        for path in (bench.public / "e").glob("*.html")
    }


def test_every_story_has_one_page_however_many_outputs_carry_it(bench: Bench) -> None:
    bench.config(bench.source("news", category="新闻/科技"))
    bench.origin.feed("/news", items(1, 2))
    bench.poll()
    assert len(bench.outputs()) == 3
    assert sorted(pages(bench)) == ["第 1 条", "第 2 条"]


def test_a_page_is_written_again_only_if_its_story_changes(bench: Bench) -> None:
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1, 2))
    bench.poll()
    before = pages(bench)
    bench.origin.feed("/news", rss(item(1, title="改过"), item(2), item(3)))
    bench.poll_later(hours=1)
    after = pages(bench)
    assert sorted(after) == ["改过", "第 2 条", "第 3 条"]
    assert after["第 2 条"] == before["第 2 条"]


def test_the_address_stays_when_the_words_change(bench: Bench) -> None:
    """Rule W13: a link that somebody kept goes on to work."""
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1))
    bench.poll()
    names = [path.name for path in (bench.public / "e").glob("*.html")]
    bench.origin.feed("/news", rss(item(1, title="改过")))
    bench.poll_later(hours=1)
    assert [path.name for path in (bench.public / "e").glob("*.html")] == names


def test_river_and_feed_lead_to_pages_that_are_there(bench: Bench) -> None:
    bench.config(bench.source("news", category="新闻/科技"))
    bench.origin.feed("/news", rss(item(1), item(2, link=None, guid="two")))
    bench.poll()
    for output in bench.outputs():
        page = bench.public / "c" / f"{output}.html"
        links = re.findall('class="when" href="([^"]+)"', page.read_text("utf-8"))
        assert len(links) == 2
        assert all((page.parent / link).resolve().is_file() for link in links)
    own = [one["url"] for one in bench.read() if one["url"].startswith("https://feeds.example/e/")]
    assert own
    assert all((bench.public / url.removeprefix("https://feeds.example/")).is_file() for url in own)


def test_a_deleted_story_has_no_page(bench: Bench) -> None:
    """Rule W12: at once, in this run or in another."""
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1, 2))
    bench.poll()
    bench.remove("第 1 条")
    assert list(pages(bench)) == ["第 2 条"]


def test_a_page_of_two_entries_stays_until_the_one_it_shows_is_deleted(bench: Bench) -> None:
    """Rule W13: of stories that share an id the one that was stored first is shown."""
    bench.config(
        bench.source("a"),
        bench.source("b"),
        *(f'[[feed]]\nid = "{name}"\nsource = "{source}"' for name, source in (("x", "a"), ("y", "b"))),
    )
    seen = []

    async def run() -> None:
        async with bench.app() as app:
            for name, title in (("a", "甲"), ("b", "乙")):
                bench.origin.feed(f"/{name}", rss(item(1, title=title, guid="tag:shared.example,2026:1")))
                await app.poll(only=[SourceId(name)])
            await app.publish()
            seen.append(list(pages(bench)))
            for title in ("乙", "甲"):
                await app.remove(await app.find(title))
                await app.publish()
                seen.append(list(pages(bench)))

    asyncio.run(run())
    assert seen == [["甲"], ["甲"], []]


def test_a_story_that_left_the_window_keeps_its_page(bench: Bench) -> None:
    bench.config(bench.source("news"), '[[feed]]\nid = "short"\nlimit = 3')
    bench.origin.feed("/news", items(1, 2, 3))
    bench.poll()
    bench.origin.feed("/news", rss(item(9, day=9)))
    bench.poll_later(days=40)
    assert {"第 1 条", "第 2 条", "第 3 条"} <= set(pages(bench))


def test_pages_of_a_source_that_is_named_no_more_are_removed(bench: Bench) -> None:
    bench.origin.feed("/a", rss(item(1, title="甲")))
    bench.origin.feed("/b", rss(item(2, title="乙")))
    bench.config(bench.source("a"), bench.source("b"))
    bench.poll()
    bench.config(bench.source("b"))
    bench.poll()
    assert list(pages(bench)) == ["乙"]


def test_pages_can_be_switched_off(bench: Bench) -> None:
    bench.origin.feed("/news", rss(item(1, link=None, guid="one")))
    bench.config(bench.source("news"))
    bench.poll()
    before = bench.read()[0]["url"]
    text = bench.toml.read_text("utf-8").replace("[site]", "[site]\nentry_pages = false")
    bench.toml.write_text(text, "utf-8")
    bench.poll()
    assert pages(bench) == {}
    after = bench.read()[0]["url"]
    assert (before.split("/")[3], after.split("/")[3]) == ("e", "c")


def test_pages_that_cannot_be_swept_wait(bench: Bench) -> None:
    """A link that leads in a circle stands for what a disk refuses: it costs nothing else."""
    bench.origin.feed("/a", rss(item(1, title="甲")))
    bench.origin.feed("/b", rss(item(2, title="乙")))
    bench.config(bench.source("a"), bench.source("b"))
    bench.poll()
    note = bench.public / "e/.sources"
    note.unlink()
    note.symlink_to(note.name)
    bench.config(bench.source("b"))
    with capture_logs() as logs:
        bench.poll()
    assert {line["event"] for line in logs if line["log_level"] == "error"} == {"retire"}
    assert (bench.titles(), sorted(pages(bench))) == (["乙"], ["乙", "甲"])
    note.unlink()
    bench.poll()
    assert sorted(pages(bench)) == ["乙"]


def test_a_lost_folder_is_made_again(bench: Bench, tmp_path: Path) -> None:
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1, 2))
    bench.poll()
    bench.public.rename(tmp_path / "away")
    bench.poll()
    assert sorted(pages(bench)) == ["第 1 条", "第 2 条"]


def test_the_status_counts_what_was_done(bench: Bench) -> None:
    """Totals since the start, and new entries by day."""
    bench.config(bench.source("news"), bench.source("none"))
    bench.origin.feed("/news", items(1, 2))

    async def run() -> None:
        async with bench.app() as app:
            stop = asyncio.Event()
            running = asyncio.create_task(app.run(stop))
            async with asyncio.timeout(20):
                while app.status.counters["outputs_published"] < 1 or app.status.counters["polls"] < 2:
                    await asyncio.sleep(0.05)
            await app.refresh_status()
            counters, sources = app.status.counters, {one.id: one for one in app.status.sources}
            assert (counters["polls"], counters["polls_failed"], counters["entries_new"]) == (2, 1, 2)
            assert counters["files_published"] >= 4
            assert app.status.store_bytes > 0
            assert sources["none"].reason is Reason.NOT_FOUND
            assert len(sources["news"].daily) == 30
            assert not sources["news"].maybe_missed
            stop.set()
            await running

    asyncio.run(run())


def test_a_source_that_may_have_been_seen_too_seldom_is_pointed_out(bench: Bench) -> None:
    """Rule S3: nothing in the last document was known."""
    from aggregator.engine.status import StatusCollector

    bench.config(bench.source("news"))

    def missed() -> bool:
        with bench.store() as store:
            [found] = StatusCollector(store, bench.home / "none").look(bench.clock()).sources
            return found.maybe_missed

    bench.origin.feed("/news", items(1, 2))
    bench.poll()
    assert not missed(), "the first document is all new"
    bench.origin.feed("/news", items(3, 2))
    bench.poll_later(hours=1)
    assert not missed()
    bench.origin.feed("/news", items(8, 9))
    bench.poll_later(hours=1)
    assert missed()
