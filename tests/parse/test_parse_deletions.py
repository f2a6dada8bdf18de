"""What a document says of entries that are no more (rules W10 and W12)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.core.document import Document
from aggregator.core.model import SourceId
from aggregator.core.normalise import Context, Deletion, NormalisedFeed, normalise
from aggregator.core.parse.documents import parse_document

AT = datetime(2026, 5, 16, 12, tzinfo=UTC)
FEED = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="{at}" xmlns:fh="http://purl.org/syndication/history/1.0">'
    "<id>urn:a</id><title>t</title>{more}<entry><id>urn:1</id><title>eins</title></entry></feed>"
)
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def read(body: str) -> NormalisedFeed:
    document = Document(url="https://example.org/feed", body=body.encode(), fetched_at=AT)
    url = document.url
    context = Context(source=SourceId("s"), poll_url=url, document_url=url, fetched_at=AT, headers={})
    return normalise(parse_document(document), context)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        pytest.param('<x:deleted-entry ref="urn:2" when="2026-05-15T00:00:00Z"/>', [("urn:2", 15)], id="whole"),
        pytest.param('<x:deleted-entry ref=" urn:2 "/>', [("urn:2", None)], id="no instant"),
        pytest.param('<x:deleted-entry ref="urn:2" when="soon"/>', [("urn:2", None)], id="no date"),
        pytest.param('<x:deleted-entry when="2026-05-15T00:00:00Z"/>', [], id="no id"),
        pytest.param('<x:other ref="urn:2"/>', [], id="another element"),
        pytest.param(
            '<x:deleted-entry ref="urn:2" when="2026-05-15T00:00:00Z"><title>secret</title><author><name>n</name>'
            '</author></x:deleted-entry><x:deleted-entry ref="urn:3" when="2026-05-14T00:00:00Z"/>',
            [("urn:2", 15), ("urn:3", 14)],
            id="two, with content",
        ),
    ],
)
def test_tombstones(more: str, found: list[tuple[str, int | None]]) -> None:
    """RFC 6721; what stands in one is nothing of the feed."""
    reading = read(FEED.format(at=TOMBSTONES, more=more))
    days = {ref: None if day is None else datetime(2026, 5, day, tzinfo=UTC) for ref, day in found}
    assert reading.deleted == tuple(Deletion(ref=ref, when=when) for ref, when in days.items())
    assert [entry.id for entry in reading.entries] == ["urn:1"]
    assert (reading.feed.title, reading.feed.authors) == ("t", ())


def test_only_fh_complete_makes_a_document_the_whole_feed() -> None:
    """itunes:complete says that no more will come; entries that leave such a feed were not deleted."""
    itunes = '<i:complete xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd">yes</i:complete>'
    assert read(FEED.format(at=TOMBSTONES, more="<fh:complete/>")).feed.whole
    podcast = read(FEED.format(at=TOMBSTONES, more=itunes)).feed
    assert (podcast.complete, podcast.whole) == (True, False)
