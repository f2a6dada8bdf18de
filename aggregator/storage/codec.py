"""Records to JSON and back, across versions of this program.

Fields at their default are left out, unknown ones are passed over, missing ones take their default. So a record may
gain a field with a default at any time; a default itself must never change its meaning.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from aggregator.core.model import Entry, Feed
from aggregator.core.policy import PollState
from aggregator.storage import Attempt

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


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
        """The record as JSON."""
        return self._adapter.dump_json(record, exclude_defaults=True).decode()

    def load(self, text: str) -> T:
        """The record. Fields this version cannot read take their default; ValueError if even that does not help."""
        try:
            return self._adapter.validate_json(text)
        except ValueError as error:
            return self._salvage(text, error)

    def _salvage(self, text: str, error: ValueError) -> T:
        from pydantic import ValidationError

        if not isinstance(error, ValidationError):
            raise error
        table = json.loads(text)
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            if fault["loc"]:
                table.pop(fault["loc"][0], None)
        return self._adapter.validate_json(json.dumps(table))


ENTRY = Codec(Entry)
FEED = Codec(Feed)
STATE = Codec(PollState)
ATTEMPT = Codec(Attempt)
