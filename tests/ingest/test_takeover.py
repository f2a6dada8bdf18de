"""Rule R6: what is somebody else's feed is told from a feed that merely changed."""

from __future__ import annotations

import pytest

from aggregator.core.ingest.takeover import feed_identity, is_takeover
from aggregator.core.model import Feed
from aggregator.core.source_state import FeedIdentity

SAME = FeedIdentity(title="old blog", site="old.example")


@pytest.mark.parametrize(
    ("now", "new", "expected"),
    [
        pytest.param(FeedIdentity(title="casino", site="casino.example"), 3, True, id="all is another's"),
        pytest.param(FeedIdentity(title="casino", site="casino.example"), 2, False, id="an entry is known"),
        pytest.param(FeedIdentity(title="old blog", site="new.example"), 3, False, id="the title stayed"),
        pytest.param(FeedIdentity(title="new blog", site="old.example"), 3, False, id="the site stayed"),
        pytest.param(FeedIdentity(title="casino"), 3, False, id="no site is said"),
        pytest.param(FeedIdentity(site="casino.example"), 3, False, id="no title is said"),
    ],
)
def test_a_takeover_changes_title_site_and_all_entries(now: FeedIdentity, new: int, expected: bool) -> None:
    """Rule R6."""
    assert is_takeover(SAME, now, entries=3, new=new) is expected
    assert not is_takeover(SAME, now, entries=0, new=0)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param("amazonaws.com", "news.s3.amazonaws.com", False, id="a bucket, stored as all of amazonaws.com"),
        pytest.param("cloudfront.net", "d1.cloudfront.net", False, id="a distribution, stored as all of them"),
        pytest.param("www.id.me", "id.me", False, id="stored with a label too many"),
        pytest.param("cloudfront.net", "casino.example", True, id="stored as before, and somebody else's now"),
        pytest.param("a.cloudfront.net", "b.cloudfront.net", True, id="two customers"),
        pytest.param("old.example", "bold.example", True, id="one name ends as the other"),
    ],
)
def test_another_suffix_list_is_no_takeover(before: str, now: str, expected: bool) -> None:
    """Rule R6: stored domains may be of an earlier rule or list"""
    old, new = FeedIdentity(title="a", site=before), FeedIdentity(title="b", site=now)
    assert is_takeover(old, new, entries=3, new=3) is expected


@pytest.mark.parametrize(
    ("site_url", "expected"),
    [
        pytest.param("https://news.s3.amazonaws.com/index.html", "news.s3.amazonaws.com", id="a bucket"),
        pytest.param("https://www.a.co.jp/", "a.co.jp", id="a domain of a registry"),
        pytest.param("mailto:a@b.example", "", id="no host"),
        pytest.param(None, "", id="no site"),
    ],
)
def test_the_site_of_a_feed_is_its_registrable_domain(site_url: str | None, expected: str) -> None:
    """Rule R6."""
    feed = Feed(poll_url="https://x.example/", id="i", title="T", site_url=site_url, provenance={"site_url": "link"})
    assert feed_identity(feed).site == expected
