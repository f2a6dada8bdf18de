"""What the program computes and stores, from plain texts: so that it can be compared with what 2106d7b computed.

All names of the program that this needs are imported here. `golden/*.json` were written at 2106d7b by the
functions that had these places then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from upgrade_rig import HERE, Upgrade

from aggregator.core.config.read import read_config
from aggregator.core.config.tables import Config, SourceConfig
from aggregator.core.document import Document
from aggregator.core.errors import ParseError
from aggregator.core.ingest.changes import fingerprint
from aggregator.core.ingest.changeset import attribution
from aggregator.core.ingest.identity import assign_keys, entry_key, public_id, text_key
from aggregator.core.ingest.incremental import read
from aggregator.core.model import SourceId
from aggregator.core.normalise import Context, NormalisedFeed
from aggregator.core.select.definition import former_definition, former_rule
from aggregator.core.select.plan import OutputPlan, plan_outputs
from aggregator.core.source_state import IdentityMode
from aggregator.engine.fetch_request import with_rules_hash
from aggregator.storage import codec

GOLDEN = HERE / "golden"
CORPUS = HERE.parent / "corpus"
FETCHED_AT = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)
KINDS = {"entry": codec.ENTRY, "feed": codec.FEED, "poll-state": codec.STATE, "attempt": codec.ATTEMPT}


def golden(name: str) -> Any:
    """What 2106d7b gave."""
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


# -- entries ---------------------------------------------------------------------------------------------------------
def documents() -> Iterator[Path]:
    """The documents of tests/corpus."""
    for expected in sorted(CORPUS.glob("*/*.expected.json")):
        stem = expected.name.removesuffix(".expected.json")
        yield from (path for path in expected.parent.glob(f"{stem}.*") if path.name == f"{stem}{path.suffix}")


def of_document(path: Path) -> dict[str, Any] | None:
    """Everything that is frozen of a document's entries; None if it cannot be read."""
    reading = _reading(path)
    if reading is None:
        return None
    keys = assign_keys(reading.entries, IdentityMode.ID, feed_host="example.org")
    used: set[str] = set()
    entries = []
    for keyed in keys.entries:
        id_ = public_id(
            keyed.entry, keyed.key, source=SourceId("源 1"), authority="feeds.example.org", year="2026", taken=used
        )
        used.add(id_)
        entries.append(
            {
                "key": keyed.key,
                "link_key": keyed.link_key,
                "public_id": id_,
                "fingerprint": fingerprint(keyed.entry),
                "text_key": text_key(keyed.entry),
                "stricter": [
                    entry_key(keyed.entry, mode, keyed.link_key) for mode in IdentityMode if mode is not IdentityMode.ID
                ],
            }
        )
    return {"attribution": attribution(reading.feed), "mode": keys.mode.value, "entries": entries}


def _reading(path: Path) -> NormalisedFeed | None:
    expected = json.loads((path.parent / f"{path.stem}.expected.json").read_text("utf-8"))
    said = expected.get("context", {})
    url = said.get("url", f"file:///posts/{path.name}" if path.suffix == ".md" else "https://example.org/feed")
    document = Document(url=url, body=path.read_bytes(), fetched_at=FETCHED_AT, headers=said.get("headers", {}))
    context = Context(
        source=SourceId("case"),
        poll_url=said.get("poll_url", url),
        document_url=url,
        fetched_at=FETCHED_AT,
        headers=said.get("headers", {}),
        language=said.get("language"),
        timezone=ZoneInfo(said["timezone"]) if said.get("timezone") else None,
        title=said.get("title"),
    )
    try:
        return read(document, context, said.get("encoding"))
    except ParseError:
        return None


# -- records ---------------------------------------------------------------------------------------------------------
def stored_again(kind: str, stored: Any) -> Any:
    """A stored record, loaded and stored anew."""
    return json.loads(KINDS[kind].dump(KINDS[kind].load(json.dumps(stored))))


def fingerprint_of(stored: Any) -> str:
    """Of an entry as it is stored."""
    return fingerprint(codec.ENTRY.load(json.dumps(stored)))


def attribution_of(stored: Any) -> str:
    """Of a feed as it is stored."""
    return attribution(codec.FEED.load(json.dumps(stored)))


def marked_hash(body_hash: str, reading: dict[str, Any]) -> str:
    """The hash stored of a document with this hash, of a source with these keys that tell how it is read."""
    source = SourceConfig.model_validate({"id": "a", "url": "https://e.example/", **reading})
    document = Document(url=source.address, body=b"", fetched_at=FETCHED_AT, body_hash=body_hash)
    return with_rules_hash(document, source).body_hash


# -- outputs ---------------------------------------------------------------------------------------------------------
SITE = '[site]\nurl = "https://feeds.example.org"\n'
OTHER_SITE = """[site]
title = "读到的一切"
url = "https://other.example.org/sub"
language = "zh-Hans"
timezone = "Asia/Shanghai"
entry_pages = false
"""
SOURCES = """
[[source]]
id = "a"
path = "a.xml"
category = "新闻/IT 之家"

[[source]]
id = "b"
path = "b.xml"
"""
TITLED = SOURCES + 'title = "又名"\ncategory = "生活"\n'
OPTIONS = {
    "plain": "",
    "title": 'title = "题"',
    "description": 'description = "说明"',
    "category": 'category = "新闻"',
    "below": 'category = "新闻/IT 之家"',
    "source": 'source = "b"',
    "sources": 'source = ["b", "a"]',
    "keep": 'keep = ["正", "文"]',
    "drop": 'drop = ["促销"]',
    "limit": "limit = 2",
    "formats": 'formats = ["atom", "rss"]',
    "html": 'formats = ["html", "json"]',
    "hexo": 'formats = ["hexo"]',
    "jekyll": 'formats = ["jekyll", "atom"]',
    "hugo": 'formats = ["hugo", "rss"]',
    "posts": 'formats = ["hexo", "json"]\nposts = "posts-here"',
    "footer": 'formats = ["hexo", "json"]\nfooter = false',
    "language": 'language = "ko"',
    "token": 'token = "s3cret-token-0123456789"',
    "dedupe": 'dedupe = "off"',
    "all": 'title = "题"\ndescription = "说明"\ncategory = "新闻"\nsource = ["a"]\nkeep = ["文"]\ndrop = ["促销"]\n'
    'formats = ["rss", "atom", "json", "html", "jekyll"]\nposts = "all-here"\nfooter = false\nlanguage = "ja"\n'
    'token = "s3cret-token-9876543210"\ndedupe = "off"\nlimit = 1',
}


def _feeds(**also: str) -> str:
    return "".join(
        f'\n[[feed]]\nid = "{name}"\n{keys}\n' + "".join(f"{k} = {v}\n" for k, v in also.items() if k not in keys)
        for name, keys in OPTIONS.items()
    )


CONFIGS = {
    "options": SITE + SOURCES + _feeds(),
    "limited": SITE + SOURCES + _feeds(limit="1"),
    "other-site": OTHER_SITE + TITLED + _feeds(limit="1"),
    "tree": SITE + TITLED,
    "bare": SITE + '[[source]]\nid = "a"\npath = "a.xml"\n',
}
"""feeds.toml by name: each option of an output alone, all together, and with every setting around them changed."""


def former_definitions_of(config: str) -> dict[str, str | None]:
    """What 2106d7b is said to have defined each output by."""
    tables = read_config(config.encode(), file="feeds.toml")
    return {plan.output: former_definition(plan, tables) for plan in _plans(tables)}


def former_rules_of(config: str) -> dict[str, str | None]:
    """What 2106d7b is said to have made of all that decides which stories each output has."""
    tables = read_config(config.encode(), file="feeds.toml")
    return {plan.output: former_rule(plan, tables.site) for plan in _plans(tables)}


def _plans(tables: Config) -> tuple[OutputPlan, ...]:
    nodes = [source.category for source in tables.sources if source.category]
    return plan_outputs(tables, nodes, lambda _kind, _name, wanted: wanted)


Chains = dict[str, tuple[str, str]]
"""Of the archive of each output: its generation, and what it was begun for."""


async def chains_of(config: str, folder: Path, former: dict[str, str]) -> tuple[Chains, Chains]:
    """The archives of a store made in this folder; and once more after `former` was put in and all published anew."""
    upgrade = _prepared(config, folder)
    await upgrade.poll()
    made = _chains(upgrade)
    for output, definition in former.items():
        upgrade.sql(f"UPDATE chain SET definition = '{definition}' WHERE output = '{output}'")
    assert {output: definition for output, (_, definition) in _chains(upgrade).items()} == former
    upgrade.sql("UPDATE output SET dirty = 1, stamp = stamp + 1")
    await upgrade.publish()
    return made, _chains(upgrade)


def _chains(upgrade: Upgrade) -> Chains:
    rows = upgrade.sql("SELECT output, generation, definition FROM chain")
    return {output: (generation, definition) for output, generation, definition in rows}


def _prepared(config: str, folder: Path) -> Upgrade:
    (folder / "feeds.toml").write_text(config, "utf-8")
    for name in ("a", "b"):
        items = "".join(
            f"<item><title>{name} {n}</title><guid>urn:{name}:{n}</guid><link>https://{name}.example/{n}</link>"
            f"<pubDate>0{n} May 2026 00:00:00 GMT</pubDate><description>正文 {n}</description></item>"
            for n in (3, 2, 1)
        )
        text = f'<rss version="2.0"><channel><title>{name}</title><link>https://{name}.example/</link>{items}'
        (folder / f"{name}.xml").write_text(f"{text}</channel></rss>", "utf-8")
    return Upgrade(folder)
