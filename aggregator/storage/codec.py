"""Records to JSON and back, across versions of this program.

Fields at their default are left out, unknown ones are passed over, missing ones take their default. So a record may
gain a field with a default at any time; a default itself must never change its meaning.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from aggregator.core.model import Entry, Feed
from aggregator.core.records import Attempt
from aggregator.core.source_state import PollState

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


class UnreadableRecord(ValueError):
    """A stored record is no record of its kind, and no later version's either."""


class Codec(Generic[T]):
    """JSON text of one kind of record."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        # Built at the first use: pydantic takes 80 ms to import, and a poll with nothing due needs none of it.
        from pydantic import TypeAdapter

        return TypeAdapter(self._kind)

    def dump(self, record: T) -> str:
        """The record as JSON. What cannot be written as UTF-8 (half a character of a file name) becomes `?`."""
        try:
            return self._adapter.dump_json(record, exclude_defaults=True).decode()
        except ValueError:
            plain = self._adapter.dump_python(record, exclude_defaults=True)
            text = json.dumps(plain, ensure_ascii=False, default=datetime.isoformat)
            return text.encode("utf-8", "replace").decode()

    def load(self, text: str) -> T:
        """The record. Fields this version cannot read take their default; Unreadable if even that does not help."""
        from pydantic import ValidationError

        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            faults = {fault["loc"][0] for fault in error.errors(include_url=False, include_input=False) if fault["loc"]}
        try:
            table = json.loads(text)
            return self._adapter.validate_json(json.dumps({k: v for k, v in table.items() if k not in faults}))
        except (ValueError, AttributeError) as error:
            raise UnreadableRecord(f"a stored {self._kind.__name__} cannot be read") from error


ENTRY = Codec(Entry)
FEED = Codec(Feed)
STATE = Codec(PollState)
ATTEMPT = Codec(Attempt)
