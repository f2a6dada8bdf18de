"""Outputs: slugs, definitions, marks and renditions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from storage_samples import LATER, NOW, rendition

from aggregator.core.model import OutputId
from aggregator.core.records import OutputRecord
from aggregator.storage import Storage

ALL, IT = OutputId("all"), OutputId("新媒体/it")
FRESH = OutputRecord(output=ALL, public_id="tag:x,2026:all", definition="d1", configured_at=NOW, dirty=True, stamp=1)


def put(store: Storage, output: OutputId = ALL, definition: str = "d1") -> OutputRecord:
    return store.put_output(output, public_id=f"tag:x,2026:{output}", definition=definition, now=NOW)


def clean(store: Storage, output: OutputId = ALL) -> OutputRecord:
    """An output that has been made."""
    store.put_renditions(output, [], stamp=put(store, output).stamp, size=0, newest=None)
    return next(one for one in store.outputs() if one.output == output)


def test_a_value_is_minted_once(store: Storage) -> None:
    assert store.mint("authority", "a.example") == "a.example"
    assert store.mint("authority", "b.example") == "a.example"
    assert store.mint("year", "2026") == "2026"


def test_a_slug_is_given_once(store: Storage) -> None:
    """Rule K7: renaming what is wanted later changes nothing."""
    assert store.slug("node", "新媒体", wanted="新媒体") == "新媒体"
    assert store.slug("node", "新媒体", wanted="other") == "新媒体"


def test_taken_slugs_get_numbers(store: Storage) -> None:
    """Rules K7 and W16: in order of creation, after case folding, within one kind."""
    given = [store.slug("node", name, wanted=wanted) for name, wanted in (("a", "IT"), ("b", "it"), ("c", "It"))]
    assert given == ["IT", "it-2", "It-3"]
    assert store.slug("node", "d", wanted="IT-2") == "IT-2-2"
    assert store.slug("node", "é", wanted="e\u0301") == "e\u0301"
    assert store.slug("node", "É", wanted="\u00c9") == "\u00c9-2", "the same after normalisation"
    assert store.slug("output", "a", wanted="it") == "it"


def test_a_new_output_is_dirty(store: Storage) -> None:
    assert put(store) == FRESH
    assert store.outputs() == [FRESH]


def test_an_output_put_again_stays_as_it_is(store: Storage) -> None:
    """Its public id is frozen at first sight (rule I7)."""
    before = clean(store)
    assert store.put_output(ALL, public_id="another", definition="d1", now=LATER) == before
    assert store.outputs() == [before]


def test_a_change_behind_the_slash_leaves_the_instant_of_configuration(store: Storage) -> None:
    """What there is to choose from has changed, not the output"""
    put(store, definition="d1/a")
    changed = store.put_output(ALL, public_id="another", definition="d1/b", now=LATER)
    assert (NOW, True, "d1/b") == (changed.configured_at, changed.dirty, changed.definition)


def test_another_definition_for_the_same_changes_nothing_else(store: Storage) -> None:
    """As at an upgrade: neither its date nor its mark moves, retired or not"""
    before = put(store, definition="d1")
    store.retire_outputs([])
    store.redefine_output(ALL, "d2")
    assert store.definitions() == {ALL: "d2"}
    back = store.put_output(ALL, public_id="another", definition="d2", now=LATER)
    assert back == replace(before, definition="d2", stamp=2)


def test_a_changed_definition_makes_it_dirty(store: Storage) -> None:
    before = clean(store)
    changed = store.put_output(ALL, public_id="another", definition="d2", now=LATER)
    assert changed == replace(before, definition="d2", configured_at=LATER, dirty=True, stamp=2)
    assert store.outputs() == [changed]


def test_outputs_are_listed_by_name(store: Storage) -> None:
    for name in ("b", "新", "A", "a"):
        put(store, OutputId(name))
    assert [one.output for one in store.outputs()] == ["A", "a", "b", "新"]


def test_marking_raises_the_stamp(store: Storage) -> None:
    clean(store)
    clean(store, IT)
    store.mark_dirty([ALL, OutputId("unknown")])
    store.mark_dirty([ALL])
    store.mark_dirty([])
    assert [(one.output, one.dirty, one.stamp) for one in store.outputs()] == [(ALL, True, 3), (IT, False, 1)]


def test_putting_renditions_clears_the_mark(store: Storage) -> None:
    stamp = put(store).stamp
    renditions = [rendition("c/all.rss"), rendition("c/all.atom")]
    stored = store.put_renditions(ALL, renditions, stamp=stamp, size=7, newest=LATER)
    assert stored == [renditions[1], renditions[0]]
    assert store.renditions() == stored
    assert store.outputs() == [replace(FRESH, dirty=False, size=7, newest=LATER)]


def test_a_mark_made_meanwhile_survives(store: Storage) -> None:
    """What was marked after the stamp was read has to be made again."""
    stamp = put(store).stamp
    store.mark_dirty([ALL])
    store.put_renditions(ALL, [], stamp=stamp, size=7, newest=None)
    assert [(one.dirty, one.stamp, one.size) for one in store.outputs()] == [(True, 2, 7)]


def test_unchanged_bytes_keep_their_first_time(store: Storage) -> None:
    """Rule W4: Last-Modified is when these bytes first existed; a changed one gets its own, a missing one goes."""
    put(store)
    store.put_renditions(
        ALL, [rendition("a.rss"), rendition("a.atom"), rendition("a.json")], stamp=1, size=0, newest=None
    )
    later = NOW.replace(microsecond=0) + timedelta(hours=1)
    again = [rendition("a.rss", modified=later, size=5), rendition("a.atom", modified=later, etag='"e2"')]
    stored = store.put_renditions(ALL, again, stamp=1, size=0, newest=None)
    assert [(one.path, one.modified, one.size) for one in stored] == [
        ("a.atom", later, 1234),
        ("a.rss", NOW.replace(microsecond=0), 5),
    ]
    assert store.renditions() == stored


def test_retired_outputs_disappear_with_their_renditions(store: Storage) -> None:
    put(store)
    put(store, IT)
    kept, dropped = rendition("all.rss"), [rendition("it.atom", IT), rendition("it.rss", IT)]
    store.put_renditions(ALL, [kept], stamp=1, size=1, newest=NOW)
    store.put_renditions(IT, dropped, stamp=1, size=1, newest=NOW)
    assert store.retire_outputs([ALL, OutputId("unknown")]) == dropped
    assert [one.output for one in store.outputs()] == [ALL]
    assert store.renditions() == [kept]
    assert store.retire_outputs([ALL]) == []


@pytest.mark.parametrize(
    ("definition", "configured_at"), [pytest.param("d1", NOW, id="as before"), pytest.param("d2", LATER, id="changed")]
)
def test_a_retired_output_comes_back_dirty(store: Storage, definition: str, configured_at: object) -> None:
    clean(store)
    store.retire_outputs([])
    assert store.outputs() == []
    back = store.put_output(ALL, public_id="another", definition=definition, now=LATER)
    assert back == replace(FRESH, definition=definition, configured_at=configured_at, stamp=2)
    assert store.outputs() == [back]


def test_a_retired_output_takes_no_renditions(store: Storage) -> None:
    """It was retired while it was being made: nothing is stored, so its files are known to be nobody's."""
    put(store)
    store.retire_outputs([])
    assert store.put_renditions(ALL, [rendition("all.rss")], stamp=1, size=1, newest=NOW) == []
    assert store.put_renditions(IT, [rendition("it.rss", IT)], stamp=1, size=1, newest=NOW) == []
    assert store.renditions() == []
