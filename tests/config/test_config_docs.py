"""The user's page is true: its examples are read, its errors are the real ones, every key is in it with its default."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from aggregator.core.config.read import read_config
from aggregator.core.config.rules import JsonRules, PageRules
from aggregator.core.config.schema import schema_text
from aggregator.core.config.tables import FeedConfig, Network, Server, Site, SourceConfig
from aggregator.core.errors import ConfigError

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+(?: \w+)?)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
GOOD = [text for kind, text in BLOCKS if kind == "toml"]
BAD = [(text, BLOCKS[i + 1][1]) for i, (kind, text) in enumerate(BLOCKS) if kind == "toml bad"]
SOURCE = '\n[[source]]\nid = "any"\nurl = "https://example.org/feed"\n'
TABLES: dict[str, type[BaseModel]] = {
    "site": Site,
    "network": Network,
    "server": Server,
    "source": SourceConfig,
    "source.page": PageRules,
    "source.json": JsonRules,
    "feed": FeedConfig,
}
FIELDS = {
    (table, field.alias or name): field for table, model in TABLES.items() for name, field in model.model_fields.items()
}
KEYS = list(FIELDS)


def section(table: str) -> str:
    return PAGE.split(f'<a id="{table}"></a>')[1].split("\n## ")[0]


@pytest.mark.parametrize("text", GOOD)
def test_every_example_is_read(text: str) -> None:
    """An example that a person copies works; a fragment is completed by a source."""
    read_config((text if "[[source]]" in text else text + SOURCE).encode(), file="feeds.toml")


@pytest.mark.parametrize(("text", "answer"), BAD)
def test_errors_look_as_shown(text: str, answer: str) -> None:
    """What the page shows as an answer is the answer."""
    with pytest.raises(ConfigError) as caught:
        read_config(text.encode(), file="feeds.toml")
    assert f"{caught.value}\n" == answer


def test_the_page_has_both_kinds_of_example() -> None:
    """The two tests above are not empty."""
    assert len(GOOD) >= 8
    assert len(BAD) == 2


@pytest.mark.parametrize(("table", "key"), KEYS, ids=[f"{table}.{key}" for table, key in KEYS])
def test_every_key_has_a_row_with_its_true_default(table: str, key: str) -> None:
    """Code and page cannot part ways."""
    row = re.search(rf"^\| `{key}` \|[^|]*\| ([^|]*) \|", section(table), re.MULTILINE)
    assert row, f"docs/configuration.md has no row for {key} in its section {table}"
    field = FIELDS[table, key]
    default = "required" if field.is_required() else field.get_default(call_default_factory=False)
    words = {(table, "interval"): '`"auto"`', ("feed", "title"): "the `id`", ("feed", "source"): "all sources"}
    shown = {"required": "required", None: "none"}.get(default) if default in ("required", None) else None
    expected = words.get((table, key)) or shown or f"`{json.dumps(default)}`"
    assert row[1] == expected


@pytest.mark.parametrize(("table", "key"), KEYS, ids=[f"{table}.{key}" for table, key in KEYS])
def test_every_key_is_in_an_example(table: str, key: str) -> None:
    """A key that is described is also shown in use, in its own table."""
    parts = re.split(r"^\[+([\w.]+)\]+$", "\n".join(GOOD), flags=re.MULTILINE)
    bodies = "".join(body for name, body in zip(parts[1::2], parts[2::2], strict=True) if name == table)
    assert re.search(rf"^{key} *=", bodies, re.MULTILINE) or f"{table}.{key}" in parts[1::2]


def test_every_key_has_a_description_for_editors() -> None:
    """The schema explains each key, as the page does."""
    assert [key for key, field in FIELDS.items() if not field.description] == []


def test_the_published_schema_is_current() -> None:
    """docs/feeds.schema.json is what the models say; the message tells how to make it anew."""
    published = (ROOT / "docs/feeds.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == json.loads(schema_text()), (
        "run: python -c 'from aggregator.core.config.schema import schema_text; print(schema_text(), end=\"\")'"
        " > docs/feeds.schema.json"
    )
