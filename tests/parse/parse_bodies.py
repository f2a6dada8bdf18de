"""One entry in a feed that declares every namespace, read to the model."""

from __future__ import annotations

from datetime import UTC, datetime

from aggregator.core.document import Document
from aggregator.core.model import SourceId
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.parse.documents import parse_document

AT = datetime(2024, 6, 1, 12, tzinfo=UTC)
URL = "https://example.org/feed"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "a": "http://www.w3.org/2005/Atom",
        "c": "http://creativecommons.org/ns#",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
        "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
        "podcast": "https://podcastindex.org/namespace/1.0",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "slash": "http://purl.org/rss/1.0/modules/slash/",
        "thr": "http://purl.org/syndication/thread/1.0",
        "wfw": "http://wellformedweb.org/CommentAPI/",
        "x": "http://www.w3.org/1999/xhtml",
    }.items()
)


def reading(head: str, entry: str, *, head_attributes: str = "", entry_attributes: str = "") -> NormalisedFeed:
    body = (
        f'<rss version="2.0" {NAMESPACES}><channel {head_attributes}>{head}'
        f"<item {entry_attributes}>{entry}</item></channel></rss>"
    )
    return of_body(body)


def of_body(body: str) -> NormalisedFeed:
    document = Document(url=URL, body=body.encode(), fetched_at=AT)
    context = Context(source=SourceId("s"), poll_url=URL, document_url=URL, fetched_at=AT)
    return normalise(parse_document(document), context)
