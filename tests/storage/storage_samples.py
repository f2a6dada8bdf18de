"""Records to put into a store, each whole but for what a test names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.core.model import (
    Category,
    CategoryKind,
    Entry,
    ForeignElement,
    OutputId,
    Person,
    SourceId,
    SourceNumber,
)
from aggregator.core.records import Attempt, Lease, NewEntry, RenditionRecord, Revision, VisitRecord
from aggregator.core.source_state import PollState
from aggregator.storage import Storage

NOW = datetime(2026, 5, 16, 5, 0, 23, 123457, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def set_sources(store: Storage, *names: str) -> list[SourceNumber]:
    """These sources active, each at an address of its own, and their numbers."""
    numbers = store.set_sources([(SourceId(name), f"https://{name}.example/feed") for name in names], now=NOW)
    return [numbers[SourceId(name)] for name in names]


def entry(name: str = "one", **changes: Any) -> Entry:
    given: dict[str, Any] = {
        "id": f"urn:x:{name}",
        "link": f"https://example.org/{name}",
        "title": f"标题 {name}",
        "content": f"<p>正文 {name}</p>",
        "published": NOW,
        "authors": (Person(name="张三"),),
        "categories": (Category(path=("新媒体", "报告"), kind=CategoryKind.ASSIGNED),),
        "foreign": (
            ForeignElement(
                namespace="urn:n", name="a", children=(ForeignElement(namespace="urn:n", name="b", text="c"),)
            ),
        ),
        "provenance": {"title": "title"},
    }
    return Entry(**given | changes)


def draft(name: str = "one", **changes: Any) -> NewEntry:
    content = changes.pop("entry", None) or entry(name)
    given: dict[str, Any] = {
        "key": content.id or name,
        "public_id": content.id or f"tag:example.org,2026:{name}",
        "link_key": content.link,
        "paths": (),
        "first_seen": NOW,
        "published": content.published,
        "updated": NOW,
        "sort_date": NOW,
        "fingerprint": f"print of {name}",
        "entry": content,
    }
    return NewEntry(**given | changes)


def revision(seq: int, name: str = "one", **changes: Any) -> Revision:
    content = changes.pop("entry", None) or entry(name, content="<p>改过</p>")
    given: dict[str, Any] = {
        "seq": seq,
        "key": content.id or name,
        "link_key": content.link,
        "paths": (),
        "changed_at": LATER,
        "published": content.published,
        "updated": LATER,
        "fingerprint": "another print",
        "entry": content,
    }
    return Revision(**given | changes)


def lease(store: Storage, number: SourceNumber, *, now: datetime = NOW, token: str = "mine") -> Lease:
    """A lease on a source that nobody holds."""
    [held] = store.claim([number], now=now, until=now + timedelta(minutes=5), token=token)
    return held


def visit(held: Lease, **changes: Any) -> VisitRecord:
    given: dict[str, Any] = {
        "lease": held,
        "state": PollState(number=held.number, source=SourceId("whatever"), next_poll=LATER),
        "attempt": Attempt(at=NOW, outcome="updated"),
    }
    return VisitRecord(**given | changes)


def add(store: Storage, number: SourceNumber, drafts: Iterable[NewEntry | str], **changes: Any) -> None:
    """Record a visit that brought these."""
    new = tuple(draft(one) if isinstance(one, str) else one for one in drafts)
    assert store.record(visit(lease(store, number), new=new, **changes))


def rendition(path: str, output: str = "all", **changes: Any) -> RenditionRecord:
    given: dict[str, Any] = {
        "path": path,
        "output": OutputId(output),
        "format": path.rpartition(".")[2],
        "media_type": "application/rss+xml; charset=utf-8",
        "etag": '"e1"',
        "modified": NOW.replace(microsecond=0),
        "size": 1234,
    }
    return RenditionRecord(**given | changes)
