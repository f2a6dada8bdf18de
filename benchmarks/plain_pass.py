"""The baseline: what one writes in an evening. A loop of httpx, feedparser and sqlite3; refresh.py runs it.

With `--publish` it also writes what its readers subscribe to: for each channel the newest hundred entries as RSS and
Atom by feedgen, with gzip beside them, whenever something new has come.
"""

from __future__ import annotations

import argparse
import calendar
import gzip
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import httpx
from corpus import CHANNELS, name_of

_TABLES = """
create table if not exists feed (name text primary key, etag text, modified text);
create table if not exists entry (
    feed text, guid text, channel integer, link text, title text, author text, published integer, tags text,
    summary text, content text, file text, primary key (feed, guid)
);
create index if not exists newest on entry (channel, published);
"""
_KEEP = """
insert into entry values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict do update set title = excluded.title, content = excluded.content where content <> excluded.content
"""


def refresh(database: sqlite3.Connection, client: httpx.Client, base: str, feed: int) -> int:
    """Visit one feed; the number of new entries."""
    name = name_of(feed)
    known = database.execute("select etag, modified from feed where name = ?", (name,)).fetchone() or (None, None)
    asked = {"if-none-match": known[0], "if-modified-since": known[1]}
    answer = client.get(f"{base}/{name}", headers={key: value for key, value in asked.items() if value})
    if answer.status_code == 304:
        return 0
    answer.raise_for_status()
    parsed = feedparser.parse(answer.content, response_headers=dict(answer.headers))
    count = _count(database)
    with database:
        database.executemany(_KEEP, _rows(name, feed % CHANNELS, parsed))
        validators = name, answer.headers.get("etag"), answer.headers.get("last-modified")
        database.execute("insert or replace into feed values (?, ?, ?)", validators)
    return _count(database) - count


def _count(database: sqlite3.Connection) -> int:
    return int(database.execute("select count(*) from entry").fetchone()[0])


def _rows(name: str, channel: int, parsed: Any) -> Iterator[tuple[object, ...]]:
    for entry in parsed.entries:
        tags = [tag.term for tag in entry.get("tags", ())]
        content = entry.content[0].value if "content" in entry else entry.get("summary", "")
        published = calendar.timegm(entry.published_parsed) if entry.get("published_parsed") else 0
        files = [(e.get("href"), e.get("length"), e.get("type")) for e in entry.get("enclosures", ())]
        yield (
            name,
            entry.get("id") or entry.get("link"),
            channel,
            entry.get("link"),
            entry.get("title"),
            entry.get("author"),
            published,
            json.dumps(tags),
            entry.get("summary"),
            content,
            json.dumps(files),
        )


def publish(database: sqlite3.Connection, folder: Path) -> int:
    """Write all channels; the number of files."""
    folder.mkdir(exist_ok=True)
    database.row_factory = sqlite3.Row
    for channel in range(CHANNELS):
        found = "select * from entry where channel = ? order by published desc limit 100"
        made = _generator(channel, database.execute(found, (channel,)).fetchall())
        for suffix, body in (("rss", made.rss_str()), ("atom", made.atom_str())):
            (folder / f"{channel}.{suffix}").write_bytes(body)
            (folder / f"{channel}.{suffix}.gz").write_bytes(gzip.compress(body, 6, mtime=0))
    return 4 * CHANNELS


def _generator(channel: int, rows: list[sqlite3.Row]) -> Any:
    from feedgen.feed import FeedGenerator

    made = FeedGenerator()
    made.id(f"urn:channel:{channel}")
    made.title(f"channel {channel}")
    made.description(f"channel {channel}")
    made.link(href="http://127.0.0.1/", rel="alternate")
    for row in rows:
        entry = made.add_entry(order="append")
        entry.id(row["guid"])
        entry.title(row["title"])
        entry.link(href=row["link"])
        entry.author({"name": row["author"]})
        entry.published(datetime.fromtimestamp(row["published"], UTC))
        entry.updated(datetime.fromtimestamp(row["published"], UTC))
        entry.summary(row["summary"])
        entry.content(row["content"], type="html")
        for tag in json.loads(row["tags"]):
            entry.category(term=tag)
        for address, length, media_type in json.loads(row["file"]):
            entry.enclosure(address, str(length or 0), media_type or "image/jpeg")
    return made


def main() -> None:
    """Visit every feed once and print as JSON what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", help="address of the server")
    parser.add_argument("store", type=Path)
    parser.add_argument("--feeds", type=int, required=True)
    parser.add_argument("--publish", action="store_true")
    given = parser.parse_args()
    given.store.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(given.store / "plain.sqlite3")
    database.executescript("pragma journal_mode = wal; pragma synchronous = normal;" + _TABLES)
    with httpx.Client(trust_env=False) as client:
        new = sum(refresh(database, client, given.base, feed) for feed in range(given.feeds))
    files = publish(database, given.store / "public") if given.publish and new else 0
    database.close()
    print(json.dumps({"visits": given.feeds, "new": new, "failed": 0, "files": files}))


if __name__ == "__main__":
    main()
