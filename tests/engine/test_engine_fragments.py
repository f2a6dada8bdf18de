"""Stories already rendered are kept, up to a number: memory does not grow with the age of a daemon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import pytest

from aggregator.core.edition import Story
from aggregator.core.model import Entry, Origin, SourceId, SourceNumber, StoredEntry
from aggregator.engine.publish.fragments import KEPT, Fragments
from aggregator.formats import Format

NOW = datetime(2026, 5, 16, tzinfo=UTC)


class CountingFormat:
    """Renders a story as its number, and remembers which it was asked for."""

    name = "counting"

    def __init__(self) -> None:
        self.rendered: list[int] = []

    def render_story(self, story: Story) -> bytes:
        self.rendered.append(story.stored.seq)
        return str(story.stored.seq).encode()


def story(seq: int) -> Story:
    stored = StoredEntry(
        seq=seq,
        source=SourceId("a"),
        number=SourceNumber(1),
        key=str(seq),
        public_id=f"urn:{seq}",
        first_seen=NOW,
        changed_at=NOW,
        published=NOW,
        updated=NOW,
        sort_date=NOW,
        fingerprint="",
        entry=Entry(id=None, title=str(seq)),
    )
    return Story(stored=stored, origin=Origin())


@pytest.mark.parametrize(
    ("count", "again", "anew"),
    [
        pytest.param(KEPT, 0, [], id="the first, while all are kept"),
        pytest.param(KEPT + 1, 0, [0], id="the first, which had to go"),
        pytest.param(KEPT + 1, 1, [], id="the second, which is the oldest kept"),
        pytest.param(KEPT + 1, KEPT, [], id="the last"),
    ],
)
def test_the_least_recently_used_is_rendered_anew(count: int, again: int, anew: list[int]) -> None:
    counting, fragments = CountingFormat(), Fragments()
    format_ = cast(Format, counting)
    for seq in range(count):
        fragments.render(format_, story(seq))
    counting.rendered.clear()
    assert fragments.render(format_, story(again)) == str(again).encode()
    assert counting.rendered == anew
