"""What a document changes, and what dates a change may move (rules D4 and D6 to D9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.core.ingest.changes import StoredVersion, diff, fingerprint, first_dates, is_significant, revised_dates
from aggregator.core.ingest.identity import KeyedEntry
from aggregator.core.model import Comments, Entry, ForeignElement

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MEDIA = "http://search.yahoo.com/mrss/"
VIEWS = ForeignElement(
    namespace=MEDIA,
    name="community",
    children=(ForeignElement(namespace=MEDIA, name="statistics", attributes=(("views", "100"),)),),
)
CREDIT = ForeignElement(namespace=MEDIA, name="credit", text="Ann")


def entry(**more: object) -> Entry:
    return Entry(**{"id": "a", "title": "一", "content": "<p>一</p>", "published": NOW, **more})  # type: ignore[arg-type]


def changes_of(before: Entry, after: Entry, **options: bool) -> tuple[int, int, int]:
    """(revised, unchanged, moved)"""
    versions = {"a": StoredVersion(fingerprint=fingerprint(before), published=before.published)}
    found = diff([KeyedEntry(key="a", position=0, entry=after, link_key=None)], versions, {}, **options)
    assert () == found.new
    return len(found.revised), found.unchanged, found.moved


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, (0, 1, 0), id="the same"),
        pytest.param({"content": "<p>二</p>"}, (1, 0, 0), id="other content"),
        pytest.param({"title": "二"}, (1, 0, 0), id="another title"),
        pytest.param({"updated": NOW}, (0, 1, 0), id="updated alone is the moment of rendering (rule D9)"),
        pytest.param({"comments": Comments(count=7)}, (0, 1, 0), id="a comment more"),
        pytest.param({"foreign": (VIEWS,)}, (0, 1, 0), id="views and votes of Media RSS (rule M4)"),
        pytest.param({"foreign": (CREDIT,)}, (1, 0, 0), id="another credit (rule M4)"),
        pytest.param({"provenance": {"title": "rss:title"}}, (0, 1, 0), id="found elsewhere"),
        pytest.param({"published": NOW + DAY}, (0, 1, 1), id="a later date is no news (rule D8)"),
        pytest.param({"published": NOW - DAY}, (1, 0, 1), id="an earlier date is believed (rule D8)"),
        pytest.param({"published": None}, (0, 1, 0), id="a date that is gone"),
    ],
)
def test_what_counts_as_a_revision(more: dict[str, object], expected: tuple[int, int, int]) -> None:
    """Rules D7 to D9"""
    before = entry(comments=Comments(count=3)) if "comments" in more else entry()
    assert expected == changes_of(before, entry(**more))


def test_dates_that_move_by_themselves_revise_nothing() -> None:
    """Rule D7: the first value stays"""
    assert (0, 1, 1) == changes_of(entry(), entry(published=NOW - DAY), dates_are_stable=False)


@pytest.mark.parametrize(
    ("published", "stored", "sort_date"),
    [
        pytest.param(NOW - DAY, NOW - DAY, NOW - DAY, id="as given"),
        pytest.param(None, None, NOW - timedelta(seconds=3), id="first seen minus the place in the document (rule D4)"),
        pytest.param(
            NOW + timedelta(minutes=9),
            NOW + timedelta(minutes=9),
            NOW + timedelta(minutes=9),
            id="a fast clock (rule D6)",
        ),
        pytest.param(NOW + DAY, NOW, NOW, id="the future counts as now (rule D6)"),
    ],
)
def test_dates_of_a_new_entry(published: datetime | None, stored: datetime | None, sort_date: datetime) -> None:
    """Rules D4 and D6"""
    dates = first_dates(entry(published=published), position=3, first_seen=NOW)
    assert (stored, sort_date) == (dates.published, dates.sort_date)


@pytest.mark.parametrize(
    ("published", "updated", "expected"),
    [
        pytest.param(NOW - DAY, NOW, NOW, id="as given"),
        pytest.param(NOW - DAY, None, NOW - DAY, id="the day of publication"),
        pytest.param(None, None, NOW, id="first seen"),
        pytest.param(NOW - DAY, NOW + DAY, NOW, id="the future counts as now (rule D6)"),
    ],
)
def test_updated_of_a_new_entry(published: datetime | None, updated: datetime | None, expected: datetime) -> None:
    """Rules D6 and D9"""
    dates = first_dates(entry(published=published, updated=updated), position=3, first_seen=NOW)
    assert expected == dates.updated


@pytest.mark.parametrize(
    ("given", "significant", "expected"),
    [
        pytest.param(NOW + timedelta(hours=1), True, NOW + timedelta(hours=1), id="the source's own value, verbatim"),
        pytest.param(NOW - DAY, True, NOW, id="never backwards"),
        pytest.param(NOW + 9 * DAY, True, NOW, id="not from the future"),
        pytest.param(None, True, NOW + 2 * DAY, id="when we saw a significant change"),
        pytest.param(None, False, NOW, id="a typo is no update"),
    ],
)
def test_updated_of_a_revision(given: datetime | None, significant: bool, expected: datetime) -> None:
    """Rule D9"""
    dates = revised_dates(
        entry(updated=given), published=NOW, updated=NOW, now=NOW + 2 * DAY, is_significant=significant
    )
    assert expected == dates.updated


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("字" * 2000, "字" * 2000, False, id="nothing"),
        pytest.param("字" * 2000, "字" * 1000 + "错" + "字" * 1000, False, id="one character of two thousand"),
        pytest.param("字" * 2000, "字" * 2051, True, id="51 more"),
        pytest.param("字" * 100, "字" * 94, True, id="6 of a hundred"),
        pytest.param("", "字", True, id="from nothing"),
    ],
)
def test_which_change_of_text_is_significant(before: str, after: str, expected: bool) -> None:
    """Rule D9: more than 50 characters or 5 %"""
    assert expected is is_significant(before, after)
