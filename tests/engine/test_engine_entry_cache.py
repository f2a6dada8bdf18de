"""Only what has changed is read, and nobody can tell by what is stored (decided in docs/design.md)."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from route_bench import Bench, Clock, Origin, item, post, rss

from aggregator.app import DATABASE
from aggregator.engine.parse_stage import HEAVY

HEAD = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
STORED = {
    "source": "SELECT json_remove(state, '$.notes'), feed FROM source",
    "entry": "SELECT * FROM entry ORDER BY seq",
    "body": "SELECT * FROM body ORDER BY seq",
    "alias": "SELECT * FROM alias ORDER BY number, key",
    "attempt": "SELECT json_remove(data, '$.diagnostics') FROM attempt ORDER BY id",
    "notes": "SELECT DISTINCT json_extract(value, '$.name') FROM source, json_each(state, '$.notes') ORDER BY 1",
    "removal": "SELECT * FROM removal ORDER BY seq",
}
"""Of what was odd the names: the order of places differs."""

LONG = f"<!-- {'x' * HEAVY} -->"


def feed(*items: str, title: str = "新闻", built: str = "Sat, 16 May 2026 08:00:00 GMT", more: str = "") -> str:
    head = f"<title>{title}</title><link>https://news.example/</link><description>x</description>{more}"
    return f"{HEAD}{head}<lastBuildDate>{built}</lastBuildDate>{''.join(items)}</channel></rss>"


SERIES = {
    "overlapping windows": [
        feed(item(3), item(2), item(1)),
        feed(item(4), item(3), item(2)),
        feed(item(4), item(3), item(2), built="Sat, 16 May 2026 09:00:00 GMT"),
        feed(item(6), item(5), item(4)),
    ],
    "blank lines between entries": [
        feed(item(2), item(1)),
        feed(item(2), "\n\n", item(1)),
        feed(item(2), "\n", item(1, title="第 1 条（更正）")),
        feed(item(2), item(1, title="第 1 条（更正）")),
        feed(item(2), "\n", item(1)),
    ],
    "more than a megabyte, which is compared in a worker": [
        feed(item(2), item(1), more=LONG),
        feed(item(3), item(2), item(1), more=LONG),
        feed(item(3), item(2, title="第 2 条（更正）"), item(1), more=LONG),
    ],
    "a correction": [
        feed(item(2), item(1)),
        feed(item(2), item(1, title="第 1 条（更正）")),
        feed(item(2), item(1)),
    ],
    "a changed guid (rule I4)": [
        feed(item(2), item(1)),
        feed(item(2), item(1, guid="https://news.example/moved/1")),
        feed(item(3), item(2), item(1, guid="https://news.example/moved/1")),
    ],
    "a guid used twice (rule I3)": [
        feed(item(2, guid="same"), item(1)),
        feed(item(3, guid="same"), item(2, guid="same"), item(1)),
        feed(item(4, guid="same"), item(3, guid="same"), item(2, guid="same")),
    ],
    "copies in one document": [
        feed(item(1), item(2)),
        feed(item(3), item(1), item(1, title="später", day=2), item(2)),
        feed(item(1), item(1, title="später", day=2), item(4)),
    ],
    "links apart by fragments alone (rule I6)": [
        feed(item(1, guid=None, link="https://news.example/p#a"), item(2)),
        feed(
            item(3, guid=None, link="https://news.example/p#b"),
            item(1, guid=None, link="https://news.example/p#a"),
            item(2),
        ),
    ],
    "a new title of the feed": [
        feed(item(2, title=None), item(1)),
        feed(item(3), item(2, title=None), item(1), title="Nachrichten"),
        feed(item(3), item(2, title=None), item(1), title="Nachrichten", more="<language>de</language>"),
    ],
    "moving dates (rule D7)": [feed(item(2, day=day), item(1)) for day in (1, 2, 3, 4)],
    "no dates, and dates told from now": [
        feed(item(2, pubDate=None), item(1, pubDate="3 小时前")),
        feed(item(3, pubDate=None), item(2, pubDate=None), item(1, pubDate="3 小时前")),
        feed(item(3, pubDate=None), item(2, pubDate=None), item(1, pubDate="4 小时前")),
    ],
    "a date in the future (rule D6)": [
        feed(item(1, pubDate="Sat, 16 May 2026 14:30:00 GMT"), item(2)),
        feed(item(3), item(1, pubDate="Sat, 16 May 2026 14:30:00 GMT"), item(2)),
        feed(item(4), item(3), item(1, pubDate="Sat, 16 May 2026 14:30:00 GMT"), item(2)),
        feed(item(5), item(3), item(1, pubDate="Sat, 16 May 2026 14:30:00 GMT"), item(2)),
    ],
    "broken in between": [
        feed(item(2), item(1)),
        feed(item(3), item(2), item(1)).replace("第 2 条", "第 2 & 条"),
        feed(item(2), item(1)),
        feed(item(3), item(2), item(1))[:-60],
        feed(item(2), item(1)),
    ],
    "a language that letters tell": [
        feed(*(item(n, description="<p>" + "今天的新闻报道" * 20 + "</p>") for n in range(6, 0, -1))),
        feed(*(item(n, description="<p>" + "今天的新闻报道" * 20 + "</p>") for n in range(8, 1, -1))),
        feed(
            *(item(n, title="한국어", description="<p>" + "오늘의 뉴스입니다" * 20 + "</p>") for n in range(30, 8, -1))
        ),
        feed(
            *(item(n, title="한국어", description="<p>" + "오늘의 뉴스입니다" * 20 + "</p>") for n in range(31, 9, -1))
        ),
    ],
    "tombstones and their end": [
        feed(item(2), item(1)),
        feed(item(2), item(1), more='<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="x"/>'),
        feed(item(3), item(2), item(1)),
    ],
}


def gbk(*items: str, **head: str) -> bytes:
    return feed(*items, **head).replace('encoding="utf-8"', 'encoding="gbk"').encode("gbk")


def json_feed(*numbers: int, **head: Any) -> str:
    """Items of these numbers; one of two digits is a correction of the first."""
    items = [
        {
            "id": f"urn:x:{n % 10}",
            "title": f"第 {n} 条",
            "content_html": f"<p>{n}</p>",
            "date_published": "2026-05-01T08:00:00Z",
        }
        for n in numbers
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "新闻", "items": items} | head)


KINDS: dict[str, list[str | bytes]] = {
    "GBK, declared": [
        gbk(item(2), item(1)),
        gbk(item(3), item(2), item(1)),
        gbk(item(3), item(1), item(2, title="第 2 条（更正）")),
        gbk(item(4), item(3), built="Sat, 16 May 2026 09:00:00 GMT"),
    ],
    "from UTF-8 to GBK and back": [
        feed(item(2), item(1)),
        gbk(item(3), item(2), item(1)),
        feed(item(4), item(3), item(2)),
    ],
    "UTF-16": [feed(*map(item, n)).replace("utf-8", "utf-16").encode("utf-16") for n in ((2, 1), (3, 2, 1), (3, 1))],
    "JSON Feed": [
        json_feed(2, 1),
        json_feed(3, 2, 1),
        json_feed(3, 21, 1),
        json_feed(1, 3, 21, icon="/x.png"),
        json_feed(4, 1, 3, 3, authors=[{"name": "A"}]),
        json_feed(4, 1)[:-1],
        json_feed(5, 4, 1, authors=[{"name": "A"}]),
    ],
}


def play(
    folder: Path, origin: Origin, documents: Sequence[str | bytes], *, forget: bool
) -> tuple[dict[str, Any], list[int]]:
    """What is stored after each of these documents, and how often a trace was left; with `forget` none stays."""
    folder.mkdir()
    bench = Bench(folder, origin, Clock())
    bench.config(bench.source("news"))

    return visit(bench, [functools.partial(origin.feed, "/news", document) for document in documents], forget=forget)


def visit(bench: Bench, changes: Sequence[Callable[[], object]], *, forget: bool) -> tuple[dict[str, Any], list[int]]:
    """`play`, after each of these changes of the source."""
    left: list[int] = []
    states: dict[str, Any] = {}

    async def run() -> None:
        async with bench.app() as app:
            for number, change in enumerate(changes):
                change()
                bench.clock.pass_(hours=1)
                await app.poll()
                with closing(sqlite3.connect(bench.home / DATABASE)) as raw, raw:
                    left.append(raw.execute("SELECT count(*) FROM trace").fetchone()[0])
                    states.update({f"{number} {name}": raw.execute(query).fetchall() for name, query in STORED.items()})
                    if forget:
                        raw.execute("DELETE FROM trace")

    asyncio.run(run())
    return states, left


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_document_is_stored_as_one_read_whole(tmp_path: Path, origin: Origin, name: str) -> None:
    in_parts, left = play(tmp_path / "parts", origin, KINDS[name], forget=False)
    whole, _ = play(tmp_path / "whole", origin, KINDS[name], forget=True)
    assert left[0] == 1
    assert in_parts == whole


def test_files_are_stored_as_if_all_were_read(tmp_path: Path, origin: Origin) -> None:
    """Rule I2: posts without id and link are told apart by title and text, of which nothing but a hash stays"""
    changes: list[dict[str, str | None]] = [
        {"a.md": post("一"), "b.md": post("二", date=None), "c.md": post("三")},
        {"d.md": post("四")},
        {"b.md": post("二", text="另一个。", date=None), "a.md": post("一", text="另一个。")},
        {"c.md": None, "e.xml": feed(item(1), item(2)), "broken.md": "---\nx"},
        {"f.md": post("一")},
        {"broken.md": post("五"), "e.xml": feed(item(1), item(2, title="x"))},
    ]
    states = []
    for forget in (False, True):
        home = tmp_path / str(forget)
        posts = tmp_path / "posts"
        posts.mkdir(parents=True)
        home.mkdir()
        bench = Bench(home, origin, Clock())
        bench.config(f'[[source]]\nid = "posts"\npath = "{posts}/*"\ninterval = "30m"\n')

        def change(files: dict[str, str | None], posts: Path = posts) -> None:
            for name, text in files.items():
                (posts / name).unlink(missing_ok=True)
                if text is not None:
                    (posts / name).write_text(text, "utf-8")
                    os.utime(posts / name, (1_700_000_000, 1_700_000_000))

        found, left = visit(bench, [functools.partial(change, files) for files in changes], forget=forget)
        assert left == [1] * len(changes)
        states.append(found)
        shutil.rmtree(posts)
    assert states[0] == states[1]


@pytest.mark.parametrize("name", SERIES)
def test_a_source_read_in_parts_is_stored_as_one_read_whole(tmp_path: Path, origin: Origin, name: str) -> None:
    """Entries, places, dates, keys, aliases and the source's own state, after every visit"""
    in_parts, left = play(tmp_path / "parts", origin, SERIES[name], forget=False)
    whole, _ = play(tmp_path / "whole", origin, SERIES[name], forget=True)
    assert left[0] == 1
    assert in_parts == whole


@pytest.mark.parametrize("seed", range(3))
def test_whatever_a_source_does_between_two_visits(tmp_path: Path, origin: Origin, seed: int) -> None:
    """Entries come, go, change, double and change places; the head says another moment each time"""
    dice = random.Random(seed)
    documents = []
    for turn in range(12):
        numbers = dice.sample(range(1, 12), dice.randint(0, 8))
        made = [
            item(n, title=dice.choice([f"第 {n} 条", f"第 {n} 条（更正）"]), day=dice.choice([1, 1, 2]))
            for n in numbers
        ]
        documents.append(feed(*made, *made[:1] * dice.choice([0, 0, 1]), built=f"Sat, 16 May 2026 {turn:02}:00:00 GMT"))
    in_parts, _ = play(tmp_path / "parts", origin, documents, forget=False)
    whole, _ = play(tmp_path / "whole", origin, documents, forget=True)
    assert in_parts == whole


def test_a_deleted_entry_comes_back_whole(bench: Bench, origin: Origin) -> None:
    """Rules I10 and W10: what a complete feed leaves out is deleted, and is itself again when it is back"""
    complete = '<fh:complete xmlns:fh="http://purl.org/syndication/history/1.0"/>'
    bench.config(bench.source("news"))
    for numbers in ((2, 1), (2,), (2, 1)):
        origin.feed("/news", feed(*map(item, numbers), more=complete))
        bench.poll_later(hours=1)
    with closing(sqlite3.connect(bench.home / DATABASE)) as raw:
        bodies = [json.loads(data)["content"] for (data,) in raw.execute("SELECT data FROM body ORDER BY seq")]
    assert sorted(bodies) == ["<p>正文 1 的内容。</p>", "<p>正文 2 的内容。</p>"]


def test_another_word_of_a_person_reads_everything_again(bench: Bench, origin: Origin) -> None:
    """A time zone that was wrong is put right for entries that are still in the document"""
    dated = [item(n, pubDate=f"2026-05-0{n} 08:00:00") for n in (2, 1)]
    bench.config(bench.source("news"))
    origin.feed("/news", feed(*dated))
    bench.poll()
    bench.config(bench.source("news", timezone="Asia/Shanghai"))
    origin.feed("/news", feed(*dated, built="Sat, 16 May 2026 09:00:00 GMT"))
    bench.poll_later(hours=1)
    assert {one["date_published"] for one in bench.read()} == {"2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"}


def test_traces_that_cannot_be_read_are_no_traces(bench: Bench, origin: Origin) -> None:
    """A store that a person has touched costs one whole reading"""
    bench.config(bench.source("news"))
    origin.feed("/news", feed(item(1)))
    bench.poll()
    with closing(sqlite3.connect(bench.home / DATABASE)) as raw, raw:
        raw.execute("UPDATE trace SET data = ?", (b"\x00 rubbish \n\xff",))
    origin.feed("/news", rss(item(2), item(1)))
    assert bench.poll_later(hours=1).new == {"news": 1}
