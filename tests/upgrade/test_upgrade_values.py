"""What 2106d7b computed and stored, against the present program: hashes, keys, ids and the JSON of stored records.

The values in `golden/` are those of 2106d7b and stay as they are: a difference is what a store of today would notice at
an upgrade. Where one is meant (an entry is read better than before), its value is replaced and the commit says what
happens to stored entries.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from upgrade_values import (
    CONFIGS,
    CORPUS,
    attribution_of,
    chains_of,
    fingerprint_of,
    former_definitions_of,
    former_rules_of,
    golden,
    marked_hash,
    of_document,
    stored_again,
)

RECORDS = [pytest.param(record, id=record["name"]) for record in golden("records")]


@pytest.mark.parametrize("record", RECORDS)
def test_a_stored_record_is_loaded_whole(record: dict[str, Any]) -> None:
    """Every field under the name it was stored by: what was not read could not be written again"""
    assert stored_again(record["kind"], record["stored"]) == record["stored"]


@pytest.mark.parametrize("record", [r for r in RECORDS if "fingerprint" in r.values[0]])
def test_the_fingerprint_of_an_entry_is_the_same(record: dict[str, Any]) -> None:
    """Another one would revise every stored entry that has this field"""
    assert fingerprint_of(record["stored"]) == record["fingerprint"]


@pytest.mark.parametrize("record", [r for r in RECORDS if "attribution" in r.values[0]])
def test_the_attribution_of_a_feed_is_the_same(record: dict[str, Any]) -> None:
    """Another one would have every output of the source made again"""
    assert attribution_of(record["stored"]) == record["attribution"]


@pytest.mark.parametrize(("document", "expected"), [pytest.param(*one, id=one[0]) for one in golden("entries").items()])
def test_the_entries_of_a_document_are_known_again(document: str, expected: dict[str, Any]) -> None:
    """Keys, normalised links, public ids and fingerprints: another one is a new or a revised entry"""
    assert of_document(CORPUS / document) == expected


@pytest.mark.parametrize("name", CONFIGS)
def test_the_former_definition_of_an_output_is_known(name: str) -> None:
    """The stored hash of what an output is told to be: unknown, the output would be rewritten and its date moved"""
    assert former_definitions_of(CONFIGS[name]) == golden("definitions")[name]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_former_rule_of_an_output_is_known(name: str) -> None:
    """The first part of what a chain was begun for"""
    assert former_rules_of(CONFIGS[name]) == golden("rules")[name]


@pytest.mark.parametrize("name", golden("chains"))
def test_an_archive_goes_on(name: str, tmp_path: Path) -> None:
    """A chain that 2106d7b began is not begun anew under other addresses, and is defined as by this release then"""
    made, again = asyncio.run(chains_of(CONFIGS[name], tmp_path, golden("chains")[name]))
    assert again == made


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        pytest.param({}, "h", id="without rules"),
        pytest.param({"encoding": "gbk"}, "h/16bfdb39508d8ea2", id="an encoding"),
        pytest.param({"page": {"entry": "article", "title": "h2"}}, "h/bfb7710d4174882b", id="a page"),
        pytest.param({"json": {"entries": "data.items", "title": "t"}}, "h/13e34b2895f2b4d6", id="an API"),
        pytest.param({"encoding": "gbk", "json": {"entries": "x"}}, "h/2d5600dd12a2ce24", id="an API's encoding"),
    ],
)
def test_the_stored_hash_of_a_document_is_the_same(reading: dict[str, Any], expected: str) -> None:
    """Another one would read a document once more that has not changed"""
    assert marked_hash("h", reading) == expected
