"""A store of 2106d7b, visited and published by the present program: nothing is revised, rewritten or begun anew.

README.md of this folder says what is in the stores. Where an output's bytes or a table are meant to change, the test
that says otherwise is changed with them, and says what happens to old stores instead.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from upgrade_rig import MADE, Upgrade, unpack

ENTRIES = ("entry", "alias", "body", "node", "entry_node", "removal", "counter", "slug", "setting")
"""Tables that hold what was told of entries, and what is frozen."""
OUTPUTS = ("output", "rendition", "chain", "archive", "archive_file", "state", "reader", "hold")
"""Tables that hold what was published, and to whom."""
HOW_COMPUTED = {"output": {"definition", "stamp"}, "chain": {"definition", "looked"}}
"""Columns that may come out otherwise while nothing is published anew: marks of progress, and hashes that have a test
of their own (`test_upgrade_values.py`)."""
LASTING = {
    "health",
    "identity",
    "alias_streak",
    "unstable_dates",
    "moved_to",
    "moved_seen",
    "moved_since",
    "last_change",
    "hints",
    "span",
    "attribution",
    "owner",
    "notes",
    "error_reason",
    "failing_since",
}
"""Of the stored state of a source, what a visit that brings nothing leaves as it is."""

STRANGE = {"full": {"gone": "gone", "lapsed": "owner-changed"}, "tree": {}}
"""Sources that failed before and fail again, with the reason."""
WAITING = {"full": ["limited"], "tree": []}


@pytest.fixture(params=["full", "tree"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Upgrade:
    """A store as 2106d7b left it, an hour later."""
    upgrade = unpack(request.param, tmp_path)
    upgrade.now = MADE + timedelta(hours=1)
    return upgrade


@pytest.fixture
def full(tmp_path: Path) -> Upgrade:
    """The larger store, an hour later."""
    upgrade = unpack("full", tmp_path)
    upgrade.now = MADE + timedelta(hours=1)
    return upgrade


def name_of(upgrade: Upgrade) -> str:
    return "full" if (upgrade.folder / "blog").exists() else "tree"


def stored(upgrade: Upgrade) -> dict[str, list[dict[str, Any]]]:
    """All rows but what says how far the program is, and how it computes."""
    return {
        table: [{k: v for k, v in row.items() if k not in HOW_COMPUTED.get(table, ())} for row in rows]
        for table, rows in upgrade.rows(*ENTRIES, *OUTPUTS).items()
    }


def without_dates(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """These rows without the dates of archive documents, which are those of their writing."""
    files = [{k: v for k, v in row.items() if k != "modified"} for row in rows["archive_file"]]
    return rows | {"archive_file": sorted(files, key=repr)}


def sources(upgrade: Upgrade) -> dict[str, Any]:
    """What visits that bring nothing leave as it is."""
    found = {}
    for row in upgrade.rows("source")["source"]:
        state = {key: value for key, value in json.loads(row["state"]).items() if key in LASTING}
        found[row["id"]] = {"state": state, "feed": json.loads(row["feed"] or "null"), "number": row["number"]}
    return found


def published(upgrade: Upgrade) -> dict[str, tuple[bytes, int]]:
    """Bytes and modification times of all files but compressed copies and the journals of posts."""
    return {path: file for path, file in upgrade.files().items() if not path.endswith((".gz", ".br", ".zst", ".jsonl"))}


def everything(upgrade: Upgrade) -> tuple[Any, ...]:
    return stored(upgrade), sources(upgrade), published(upgrade)


def same_bytes(upgrade: Upgrade) -> None:
    """Servers answer 304, or the very same bytes."""


def other_bytes(upgrade: Upgrade) -> None:
    """Every document differs in bytes that say nothing: it is compared slice by slice with what stayed of the last."""
    upgrade.web.pad = b" \n\n"
    for file in (*upgrade.folder.glob("posts/*.md"), *upgrade.folder.glob("*.rdf")):
        file.write_bytes(file.read_bytes() + b"\n")


def other_bytes_without_slices(upgrade: Upgrade) -> None:
    """Nothing stayed of the last documents: each is read whole, and every entry's key and fingerprint compared."""
    other_bytes(upgrade)
    upgrade.sql("DELETE FROM trace")


@pytest.mark.parametrize("answers", [same_bytes, other_bytes, other_bytes_without_slices])
def test_visiting_everything_again_changes_nothing(old: Upgrade, answers: Callable[[Upgrade], None]) -> None:
    """No entry is new or revised, no id moves, no source is held, no file is written, no chain begun anew."""
    before = everything(old)
    answers(old)
    done = asyncio.run(old.poll())
    strange = {name: reason for name, reason in done.outcomes.items() if reason not in ("updated", "unchanged")}
    assert strange == STRANGE[name_of(old)]
    assert (done.new, done.revised, done.changed, done.waiting) == ({}, {}, 0, WAITING[name_of(old)])
    active = {name for (name,) in old.sql("SELECT id FROM source WHERE active AND id != 'off'")}
    assert done.outcomes.keys() == active - set(done.waiting)
    if answers is not same_bytes:
        assert {"updated"} == {outcome for name, outcome in done.outcomes.items() if name not in strange}
    assert everything(old) == before


def test_servers_are_asked_with_what_they_gave(full: Upgrade) -> None:
    """Validators are still known, a proven move still goes straight to the new address, an edited one stays edited."""
    done = asyncio.run(full.poll())
    asked = {str(r.url): r.headers.get("If-None-Match") for r in full.web.requests}
    unconditional = {url for url, etag in asked.items() if etag is None}
    assert unconditional == {"https://gone.example/rss.xml"}
    assert {"https://new.example/feed.xml", "https://after.example/rss.xml"} < asked.keys()
    assert len(full.web.requests) == len(asked) == 17
    over_http = {name for name in done.outcomes if name not in ("posts", "local")}
    assert {name for name in over_http if done.outcomes[name] == "unchanged"} == over_http - STRANGE["full"].keys()


def test_a_plain_restart_changes_nothing(old: Upgrade) -> None:
    """Opened, restored and published without a visit: not one row of a source either."""
    before = everything(old), old.rows("source", "attempt", "trace")
    assert asyncio.run(old.publish()) == 0
    assert (everything(old), old.rows("source", "attempt", "trace")) == before


def test_outputs_made_again_have_the_same_bytes(old: Upgrade) -> None:
    """Every output, archive document and post is made anew from what is stored: no byte, ETag or date differs.

    But for what names a source by the title that it had before it was sold, since nothing has marked that since.
    """
    before, files = stored(old), published(old)
    former = "老东家".encode()
    posts = {path for path, (body, _) in files.items() if former in body and path.startswith("store/posts/")}
    old.sql("UPDATE output SET dirty = 1, stamp = stamp + 1 WHERE NOT retired")
    old.sql("UPDATE archive SET stale = 1 WHERE NOT (output = 'few' AND number = 3)")
    for journal in old.folder.rglob(".feed-aggregator.jsonl"):  # posts are gone through for another definition alone
        journal.write_bytes(journal.read_bytes().replace(b'["complete","', b'["complete","was '))
    assert asyncio.run(old.publish()) == len(posts)
    assert old.sql("SELECT 1 FROM output WHERE dirty UNION SELECT 1 FROM archive WHERE stale") == []
    assert without_dates(stored(old)) == without_dates(before)
    assert {path for path, file in published(old).items() if files.get(path) != file} == posts


def test_what_outputs_were_defined_by_is_written_anew_and_nothing_else(old: Upgrade) -> None:
    """At the first start; of archives and posts when their output is made again. Posts are not gone through"""
    before, files = stored(old), published(old)
    former = definitions(old)
    assert asyncio.run(old.publish()) == 0
    current = definitions(old)
    assert former["output"].keys() == current["output"].keys()
    assert not former["output"].items() & current["output"].items()
    assert (current["chain"], current["posts"]) == (former["chain"], former["posts"])
    assert stored(old) == before
    old.sql("UPDATE output SET dirty = 1, stamp = stamp + 1 WHERE NOT retired")
    assert asyncio.run(old.publish()) == 0
    again = definitions(old)
    assert again["output"] == current["output"]
    assert not former["chain"].items() & again["chain"].items()
    assert not former["posts"].items() & again["posts"].items()
    for journal, line in again["posts"].items():
        assert json.loads(line)[1].split(":", 2)[2] in current["output"].values(), journal
    assert without_dates(stored(old)) == without_dates(before)
    assert published(old) == files


def definitions(upgrade: Upgrade) -> dict[str, dict[str, str]]:
    """What outputs that are not retired, archives and folders of posts are defined by."""
    journals = sorted(upgrade.folder.rglob(".feed-aggregator.jsonl"))
    lines = {str(path): [x for x in path.read_text("utf-8").splitlines() if '"complete"' in x] for path in journals}
    return {
        "output": dict(upgrade.sql("SELECT id, definition FROM output WHERE NOT retired")),
        "chain": dict(upgrade.sql("SELECT output, definition FROM chain")),
        "posts": {path: found[-1] for path, found in lines.items()},
    }


def test_lost_files_come_back_as_they_were(full: Upgrade) -> None:
    """Bytes and ETags of outputs and entry pages; the posts' own folder is left alone."""
    lost = [path for path in published(full) if "/public/" in path and "/a/" not in path and "/e/" not in path]
    before = {path: full.folder.joinpath(path).read_bytes() for path in lost}
    etags = full.sql("SELECT path, etag FROM rendition ORDER BY path")
    for path in lost:
        full.folder.joinpath(path).unlink()
    asyncio.run(full.publish())
    assert {path: full.folder.joinpath(path).read_bytes() for path in lost} == before
    assert full.sql("SELECT path, etag FROM rendition ORDER BY path") == etags


def test_a_new_entry_is_all_that_comes(full: Upgrade) -> None:
    """One document gains one entry: it is added to the outputs that want it, and nothing else is told again."""
    url = "https://nikki.example/atom.xml"
    document = full.web.read(url)
    assert document is not None
    entry = (
        '<entry><id>tag:nikki.example,2026:5</id><title>五月の雨</title><link href="https://nikki.example/5"/>'
        "<updated>2026-05-13T00:00:00Z</updated><summary>傘を忘れた。</summary></entry>"
    )
    full.web.says[url] = document.replace(b"<entry>", entry.encode() + b"<entry>", 1)
    entries, files = full.rows("entry", "alias", "removal"), published(full)
    posts = {path for path in files if path.startswith(("store/posts/blog/", "blog/"))}
    done = asyncio.run(full.poll())
    assert (done.new, done.revised) == ({"nikki": 1}, {})
    after = full.rows("entry", "alias", "removal")
    [added] = [row for row in after["entry"] if row not in entries["entry"]]
    assert added["public_id"] == "tag:nikki.example,2026:5"
    assert added["seq"] == 1 + max(row["place"] for row in entries["entry"])
    after["entry"].remove(added)
    assert after == entries
    now = published(full)
    assert [path for path in posts if now.get(path) != files[path]] == []
    changed = {path for path, file in now.items() if files.get(path) != file}
    told = {path for path in changed if "五月の雨" in now[path][0].decode()}
    assert {f"store/public/c/all.{suffix}" for suffix in ("rss", "atom", "json", "html")} < told
    assert "store/public/c/s3cret-token-0123456789/secret.atom" in told
    outputs = {path.split("/")[3].split(".")[0] for path in changed if path.startswith("store/public/c/")}
    assert outputs == {"all", "few", "s3cret-token-0123456789", "latest"}
    assert {path.split("/")[3] for path in changed if path.startswith("store/public/a/")} <= {"few"}
    assert len([path for path in changed if path.startswith("store/posts/blog/")]) == 1


def test_what_was_deleted_stays_deleted(full: Upgrade) -> None:
    """The documents still hold the entries that the operator removed; the other deletions are told of as before."""
    removed = full.sql("SELECT origin, COUNT(*) FROM removal GROUP BY origin ORDER BY origin")
    assert removed == [("operator", 3), ("source", 1), ("vanished", 1)]
    other_bytes_without_slices(full)
    asyncio.run(full.poll())
    feed = (full.folder / "store/public/c/all.atom").read_text("utf-8")
    assert "快訊第 9 則" in feed
    assert "快訊第 10 則" not in feed
    assert "tag:busy.example,2026:10" in feed.partition("deleted-entry")[2]


@pytest.mark.parametrize("guid", ["<guid>http://www.alias.example/p?id=", "<guid>urn:new:"])
def test_entries_are_known_by_other_guids(full: Upgrade, guid: str) -> None:
    """By those that they had before, and by the links that are stored: none is new, no public id moves."""
    url = "https://alias.example/rss.xml"
    ids = full.sql("SELECT seq, public_id FROM entry")
    document = full.web.read(url)
    assert document is not None
    full.web.says[url] = document.replace(b"<guid>https://alias.example/p?id=", guid.encode())
    assert full.web.says[url] != document
    done = asyncio.run(full.poll())
    assert (done.new, done.revised) == ({}, {"alias": 3})
    assert full.sql("SELECT seq, public_id FROM entry") == ids


def test_a_person_accepts_who_was_held(full: Upgrade) -> None:
    """The stored owner is still compared, and a word of a person still settles it."""

    async def accept() -> list[Any]:
        async with full.app() as app:
            return (await app.poll(only=["lapsed"], accept=True))[0]

    [report] = asyncio.run(accept())
    assert report.error is None
    assert report.outcome.new == 2


def test_the_stores_hold_what_they_are_for(tmp_path: Path) -> None:
    """A store without archives, aliases or moves would prove nothing about them."""
    full = unpack("full", tmp_path / "full")
    tree = unpack("tree", tmp_path / "tree")
    rows = full.rows(*ENTRIES, *OUTPUTS, "trace", "attempt")
    assert [table for table, found in rows.items() if not found] == []
    states = {row["id"]: json.loads(row["state"]) for row in full.rows("source")["source"]}
    assert states["moved"]["moved_seen"] >= 3
    assert states["reused"]["identity"] == "id+link"
    assert states["drift"]["unstable_dates"]
    assert states["lapsed"]["error_reason"] == "owner-changed"
    assert states["sold"]["owner"]["site"] == "owner.example"
    assert len(full.sql("SELECT 1 FROM entry WHERE changed_at > first_seen")) > 5
    assert {row["number"] for row in rows["archive"] if row["output"] == "few"} >= set(range(1, 10))
    assert full.sql("SELECT 1 FROM output WHERE retired")
    assert full.sql("SELECT 1 FROM source WHERE NOT active")
    assert "生活/书信" in {row["id"] for row in tree.rows("output")["output"]}
    assert not [path for path in full.files() if os.path.getmtime(full.folder / path) > MADE.timestamp()]
