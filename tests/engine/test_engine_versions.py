"""What is remembered of published files and of readers that come late (rule W11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from route_bench import NOON, Clock

from aggregator.core.edition import etag_of
from aggregator.core.model import OutputId
from aggregator.core.records import RenditionRecord
from aggregator.core.select.window import SPAN
from aggregator.engine.publish.versions import KEPT, STEP, VersionHistory
from aggregator.storage.opening import open_storage

ALL = OutputId("all")
PATH = "c/all.atom"
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def history(clock: Clock) -> Iterator[VersionHistory]:
    """That of one output, which is published as b"1" at noon, and as the next number each time a day has passed."""
    storage = open_storage(":memory:")
    storage.put_output(ALL, public_id="tag:x", definition="d", now=clock())
    made = VersionHistory(storage, clock=clock)
    before: bytes | None = None
    for number in range(1, 6):
        body = str(number).encode()
        record = RenditionRecord(
            path=PATH,
            output=ALL,
            format="atom",
            media_type="application/atom+xml",
            etag=etag_of(body),
            modified=clock(),
            size=1,
        )
        storage.put_renditions(ALL, [record], stamp=1, size=1, newest=None)
        made.note(record, [body], before, number)
        before = body
        clock.pass_(days=1)
    yield made
    storage.close()


def etag(number: int) -> str:
    return etag_of(str(number).encode())


def stamps(history: VersionHistory) -> dict[str, int]:
    return dict(history.known_versions()[PATH].stamps)


def test_a_state_is_known_for_a_week_after_it_was_replaced(history: VersionHistory, clock: Clock) -> None:
    """Also where nothing was published since that would have had the store forget it."""
    assert stamps(history) == {etag(number): number for number in range(1, 6)}
    clock.now = NOON + 2 * DAY + KEPT
    assert stamps(history) == {etag(number): number for number in range(2, 6)}
    clock.now = NOON + 90 * DAY
    assert stamps(history) == {etag(5): 5}, "the present state, however old"


@pytest.mark.parametrize(
    ("path", "numbers", "span"),
    [
        pytest.param(PATH, [1], 4 * DAY, id="four days behind"),
        pytest.param(PATH, [2, 1, 3], 4 * DAY, id="several, of which the slowest counts"),
        pytest.param(PATH, [2], SPAN, id="within a plain window"),
        pytest.param(PATH, [5], SPAN, id="up to date"),
        pytest.param(PATH, [9], SPAN, id="with a state that nobody knows"),
        pytest.param("c/gone.atom", [1], SPAN, id="of a file that is no more"),
    ],
)
def test_a_window_is_as_long_as_its_slowest_reader_needs(
    history: VersionHistory, path: str, numbers: list[int], span: timedelta
) -> None:
    """The first state ended a day after noon, and now is five days after noon."""
    grown = history.record_late_readers({path: [etag(number) for number in numbers]})
    assert (history.span(ALL), grown) == (span, {ALL} if span > SPAN else set())


def test_a_window_shrinks_only_when_its_slowest_reader_has_stayed_away_for_a_week(
    history: VersionHistory, clock: Clock
) -> None:
    assert history.record_late_readers({PATH: [etag(1)]}) == {ALL}
    clock.pass_(hours=1)
    assert history.record_late_readers({PATH: [etag(1)]}) == {ALL}, "later still: half a day more"
    assert history.span(ALL) == 4 * DAY + STEP
    assert history.record_late_readers({PATH: [etag(2)]}) == set(), "another who is less late"
    assert history.record_late_readers({}) == set()
    assert history.span(ALL) == 4 * DAY + STEP
    clock.pass_(days=8)
    assert history.record_late_readers({}) == {ALL}
    assert history.span(ALL) == SPAN
