"""Stored data does not know Python names: a field may be renamed or moved, its stored key stays."""

from __future__ import annotations

import hashlib
import json
import typing
from dataclasses import MISSING, dataclass, field, fields, make_dataclass
from typing import Any

import pytest
from upgrade_values import KINDS, golden

from aggregator.core.ingest.changes import HASHED_KEYS
from aggregator.core.model import Entry, Feed
from aggregator.core.records import Attempt
from aggregator.core.source_state import PollState
from aggregator.core.stored_keys import STORED_KEYS, Keys, StoredJson

TYPES: dict[str, type] = {"entry": Entry, "feed": Feed, "poll-state": PollState, "attempt": Attempt}
RECORDS = golden("records")
COUNTERS = {"community", "hit_parade"}
"""Elements that count readers; they are in no fingerprint."""


def renamed(kind: type) -> type:
    """The same record with other names for its fields, in another order."""
    hints = typing.get_type_hints(kind)
    members: list[Any] = []
    for one in reversed(fields(kind)):
        default = {} if one.default is MISSING else {"default": one.default}
        factory = {} if one.default_factory is MISSING else {"default_factory": one.default_factory}
        members.append((f"renamed_{one.name}", hints[one.name], field(**default, **factory)))
    return make_dataclass(f"Renamed{kind.__name__}", members, frozen=True, slots=True, kw_only=True)


def keys_of(kind: type, made: type, table: Keys) -> Keys:
    return {**table, made: {f"renamed_{name}": key for name, key in table[kind].items()}}


RENAMED = {name: renamed(kind) for name, kind in TYPES.items()}


@pytest.mark.parametrize("record", [pytest.param(one, id=one["name"]) for one in RECORDS])
def test_a_renamed_field_is_read_and_written_under_its_key(record: dict[str, Any]) -> None:
    kind, codec = record["kind"], KINDS[record["kind"]]
    under_other_names = StoredJson(RENAMED[kind], keys_of(TYPES[kind], RENAMED[kind], STORED_KEYS))
    text = json.dumps(record["stored"])
    assert under_other_names.dump(under_other_names.load(text)).decode() == codec.dump(codec.load(text))


@pytest.mark.parametrize("record", [pytest.param(one, id=one["name"]) for one in RECORDS if "fingerprint" in one])
def test_a_renamed_field_leaves_the_fingerprint(record: dict[str, Any]) -> None:
    made = RENAMED["entry"]
    stored = StoredJson(made, keys_of(Entry, made, STORED_KEYS))
    hashed = StoredJson(made, keys_of(Entry, made, HASHED_KEYS))
    told = [one for one in record["stored"].get("foreign", []) if one["name"] not in COUNTERS]
    said = hashed.dump(stored.load(json.dumps({**record["stored"], "foreign": told})))
    assert hashlib.sha256(said).hexdigest()[:40] == record["fingerprint"]


@pytest.mark.parametrize("kind", STORED_KEYS, ids=lambda kind: kind.__name__)
def test_each_field_has_one_key(kind: type) -> None:
    keys = STORED_KEYS[kind]
    assert list(keys) == [one.name for one in fields(kind)]
    assert len(set(keys.values())) == len(keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Two:
    a: int = 0
    b: int = 0


@pytest.mark.parametrize(
    ("keys", "odd"),
    [
        pytest.param({}, "a, b", id="a type without keys"),
        pytest.param({Two: {"a": "a"}}, "b", id="a field without a key"),
        pytest.param({Two: {"a": "a", "b": "b", "c": "c"}}, "c", id="a key without a field"),
    ],
)
def test_keys_that_do_not_fit_are_refused(keys: Keys, odd: str) -> None:
    with pytest.raises(TypeError, match=f"the stored keys of Two are not those of its fields: {odd}$"):
        StoredJson(Two, keys).dump(Two(a=1))
