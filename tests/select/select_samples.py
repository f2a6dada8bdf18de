"""Stored entries and configurations, whole but for what a test names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.core.config.read import read_config
from aggregator.core.config.tables import Config
from aggregator.core.model import (
    Category,
    CategoryKind,
    CategoryPath,
    Entry,
    Origin,
    SourceId,
    SourceNumber,
    StoredEntry,
)
from aggregator.core.select.plan import OutputPlan, plan_outputs

NOW = datetime(2026, 5, 16, 5, 0, 23, tzinfo=UTC)


_OF_ENTRY = set(Entry.__dataclass_fields__) - {"published", "updated", "source"}


def stored(seq: int, number: int = 1, **changes: Any) -> StoredEntry:
    """An entry added `seq` minutes after NOW by source `s<number>`; fields of Entry and of StoredEntry may be named."""
    of_entry = {name: changes.pop(name) for name in list(changes) if name in _OF_ENTRY}
    content = Entry(
        **{"id": f"{number}-{seq}", "link": f"https://e{number}.example/{seq}", "title": f"标题 {seq}"} | of_entry
    )
    moment = NOW + timedelta(minutes=seq)
    given: dict[str, Any] = {
        "seq": seq,
        "source": SourceId(f"s{number}"),
        "number": SourceNumber(number),
        "key": content.id or "",
        "public_id": f"tag:f.example,2026:s{number}/{seq}",
        "first_seen": moment,
        "changed_at": moment,
        "published": moment,
        "updated": moment,
        "sort_date": moment,
        "fingerprint": f"print {seq}",
        "entry": content,
    }
    return StoredEntry(**given | changes)


def assigned(*paths: CategoryPath) -> tuple[Category, ...]:
    """Category paths of an entry's own, as a post on disk has them."""
    return tuple(Category(path=path, kind=CategoryKind.ASSIGNED) for path in paths)


class Slugs:
    """The store's way to give out slugs: kept, and unique within a kind after case folding."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def __call__(self, kind: str, name: str, wanted: str) -> str:
        if (kind, name) not in self.kept:
            taken = {slug.casefold() for (other, _), slug in self.kept.items() if other == kind}
            tries = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, 99))
            self.kept[kind, name] = next(text for text in tries if text.casefold() not in taken)
        return self.kept[kind, name]


def config(text: str) -> Config:
    return read_config(text.encode(), file="feeds.toml")


def source(name: str, category: str = "", **more: str) -> str:
    """A [[source]] as TOML."""
    lines = ["[[source]]", f'id = "{name}"', f'url = "https://{name}.example/feed"']
    lines += [f'category = "{category}"'] if category else []
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in more.items()), ""])


def plans(
    text: str, *nodes: CategoryPath, slugs: Callable[[str, str, str], str] | None = None
) -> dict[str, OutputPlan]:
    """The outputs of a feeds.toml by id, in their order."""
    return {plan.output: plan for plan in plan_outputs(config(text), nodes, slugs or Slugs())}


def origin(of: StoredEntry) -> Origin:
    return Origin(id=f"https://{of.source}.example/feed", title=f"源 {of.number}")
