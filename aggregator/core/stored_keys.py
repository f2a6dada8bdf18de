"""The keys that stored records have in JSON, and JSON made with them.

Stored data does not know Python names: `STORED_KEYS` names the key of every field, in the order in which they are
written. A renamed field keeps its key. A new field needs a line here and a default. A key is never given to another
field, and a default never changes its meaning: fields at their default are not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from aggregator.core.document import Validators
from aggregator.core.model import (
    Category,
    Comments,
    Diagnostic,
    Enclosure,
    Entry,
    Feed,
    ForeignElement,
    Hints,
    Image,
    Origin,
    Person,
    ReplyTo,
)
from aggregator.core.records import Attempt
from aggregator.core.schedule.rhythm import Rhythm
from aggregator.core.source_state import FeedIdentity, PollState

if TYPE_CHECKING:
    from pydantic_core import SchemaSerializer, SchemaValidator

T = TypeVar("T")

Keys = Mapping[type, Mapping[str, str | None]]
"""Of each type of record: field -> key, in the order of writing; None for a field that is left out."""

STORED_KEYS: Keys = {
    Entry: {
        "id": "id",
        "link": "link",
        "related": "related",
        "title": "title",
        "title_is_generated": "title_is_generated",
        "content": "content",
        "summary": "summary",
        "summary_is_html": "summary_is_html",
        "authors": "authors",
        "published": "published",
        "published_raw": "published_raw",
        "updated": "updated",
        "categories": "categories",
        "language": "language",
        "image": "image",
        "enclosures": "enclosures",
        "comments": "comments",
        "reply_to": "reply_to",
        "rights": "rights",
        "source": "source",
        "foreign": "foreign",
        "raw": "raw",
        "provenance": "provenance",
    },
    Person: {
        "name": "name",
        "email": "email",
        "uri": "uri",
        "is_source": "is_source",
    },
    Category: {
        "path": "path",
        "scheme": "scheme",
        "term": "term",
        "kind": "kind",
    },
    Image: {
        "url": "url",
        "width": "width",
        "height": "height",
    },
    Enclosure: {
        "url": "url",
        "type": "type",
        "length": "length",
        "duration": "duration",
        "title": "title",
    },
    Comments: {
        "url": "url",
        "count": "count",
        "feed": "feed",
    },
    ReplyTo: {
        "ref": "ref",
        "href": "href",
    },
    Origin: {
        "id": "id",
        "title": "title",
        "self_url": "self_url",
        "site_url": "site_url",
        "updated": "updated",
        "rights": "rights",
    },
    ForeignElement: {
        "namespace": "namespace",
        "name": "name",
        "attributes": "attributes",
        "text": "text",
        "children": "children",
    },
    Feed: {
        "poll_url": "poll_url",
        "id": "id",
        "title": "title",
        "self_url": "self_url",
        "site_url": "site_url",
        "description": "description",
        "language": "language",
        "authors": "authors",
        "image": "image",
        "icon": "icon",
        "rights": "rights",
        "updated": "updated",
        "generator": "generator",
        "hubs": "hubs",
        "hints": "hints",
        "complete": "complete",
        "whole": "whole",
        "archive": "archive",
        "expired": "expired",
        "new_url": "new_url",
        "prev_archive": "prev_archive",
        "foreign": "foreign",
        "provenance": "provenance",
    },
    Hints: {
        "ttl_minutes": "ttl_minutes",
        "skip_hours": "skip_hours",
        "skip_days": "skip_days",
        "update_period_seconds": "update_period_seconds",
    },
    PollState: {
        "number": "number",
        "source": "source",
        "health": "health",
        "validators": "validators",
        "body_hash": "body_hash",
        "next_poll": "next_poll",
        "last_poll": "last_poll",
        "last_success": "last_success",
        "last_full": "last_full",
        "last_change": "last_change",
        "failing_since": "failing_since",
        "errors": "errors",
        "error_reason": "error_reason",
        "error_message": "error_message",
        "identity": "identity",
        "alias_streak": "alias_streak",
        "moving_dates": "moving_dates",
        "unstable_dates": "unstable_dates",
        "moved_to": "moved_to",
        "moved_seen": "moved_seen",
        "moved_since": "moved_since",
        "rhythm": "rhythm",
        "hints": "hints",
        "span": "span",
        "attribution": "attribution",
        "feed_identity": "owner",
        "notes": "notes",
    },
    Validators: {
        "url": "url",
        "etag": "etag",
        "last_modified": "last_modified",
    },
    Rhythm: {
        "weight": "weight",
        "at": "at",
        "since": "since",
    },
    FeedIdentity: {
        "title": "title",
        "site": "site",
    },
    Diagnostic: {
        "name": "name",
        "message": "message",
        "entry": "entry",
    },
    Attempt: {
        "at": "at",
        "outcome": "outcome",
        "reason": "reason",
        "message": "message",
        "entries": "entries",
        "known": "known",
        "new": "new",
        "revised": "revised",
        "bytes": "bytes",
        "seconds": "seconds",
        "diagnostics": "diagnostics",
    },
}


class StoredJson(Generic[T]):
    """JSON of records of one type, under the keys of a table.

    Building it is put off to the first use, which imports pydantic (80 ms). TypeError then, if a type of record that is
    met has no keys, or its keys are not those of exactly its fields.
    """

    def __init__(self, kind: type[T], keys: Keys = STORED_KEYS) -> None:
        self._kind = kind
        self._keys = keys

    def dump(self, record: T) -> bytes:
        """The record as compact JSON in UTF-8, without fields at their default. ValueError for a lone surrogate."""
        return self._serializer.to_json(record, by_alias=True, exclude_defaults=True)

    def plain(self, record: T) -> Any:
        """The same as dicts and lists; instants stay datetimes."""
        return self._serializer.to_python(record, by_alias=True, exclude_defaults=True)

    def load(self, text: str) -> T:
        """The record. Unknown keys are passed over, missing ones take their default.

        pydantic's ValidationError, a ValueError, if the text is not JSON or no record of this type.
        """
        record: T = self._validator.validate_json(text)
        return record

    @cached_property
    def _schema(self) -> Any:
        from pydantic import TypeAdapter

        return _with_keys(TypeAdapter(self._kind).core_schema, self._keys)

    @cached_property
    def _serializer(self) -> SchemaSerializer:
        from pydantic_core import SchemaSerializer

        return SchemaSerializer(self._schema)

    @cached_property
    def _validator(self) -> SchemaValidator:
        from pydantic_core import SchemaValidator

        return SchemaValidator(self._schema)


def _with_keys(schema: Any, keys: Keys) -> Any:
    """A schema of pydantic-core whose dataclasses have these keys, in this order, for their fields."""
    if isinstance(schema, list):
        return [_with_keys(part, keys) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _with_keys(part, keys) for name, part in schema.items()}
    if made.get("type") == "dataclass":
        _name_fields(made, keys)
    return made


def _name_fields(schema: dict[str, Any], keys: Keys) -> None:
    kind, by_name = schema["cls"], {field["name"]: field for field in schema["schema"]["fields"]}
    table = keys.get(kind, {})
    if table.keys() != by_name.keys():
        odd = ", ".join(sorted(table.keys() ^ by_name.keys()))
        raise TypeError(f"the stored keys of {kind.__name__} are not those of its fields: {odd}")
    for name, key in table.items():
        named = {"validation_alias": key, "serialization_alias": key}
        by_name[name].update({"serialization_exclude": True} if key is None else named)
    schema["fields"] = list(table)
    schema["schema"]["fields"] = [by_name[name] for name in table]
