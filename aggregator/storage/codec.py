"""Records to JSON and back, across versions of this program (keys: `core.stored_keys`).

Fields at their default are left out, unknown ones are passed over, missing ones take their default. So a record may
gain a field with a default at any time; a default itself must never change its meaning.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Generic, TypeVar

from aggregator.core.model import Entry, Feed
from aggregator.core.records import Attempt
from aggregator.core.source_state import PollState
from aggregator.core.stored_keys import StoredJson

T = TypeVar("T")


class UnreadableRecord(ValueError):
    """A stored text is no record of its kind, and no later version's either."""


class Codec(Generic[T]):
    """JSON text of one kind of record."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._json = StoredJson(kind)

    def dump(self, record: T) -> str:
        """The record as JSON. What cannot be written as UTF-8 (a lone surrogate in a file name) becomes `?`."""
        try:
            return self._json.dump(record).decode()
        except ValueError:
            text = json.dumps(self._json.plain(record), ensure_ascii=False, default=datetime.isoformat)
            return text.encode("utf-8", "replace").decode()

    def load(self, text: str) -> T:
        """The record. A field this version cannot read takes its default; UnreadableRecord if it has none."""
        from pydantic import ValidationError

        try:
            return self._json.load(text)
        except ValidationError as error:
            faults = {fault["loc"][0] for fault in error.errors(include_url=False, include_input=False) if fault["loc"]}
        try:
            table = json.loads(text)
            return self._json.load(json.dumps({key: value for key, value in table.items() if key not in faults}))
        except (ValueError, AttributeError) as error:
            raise UnreadableRecord(f"a stored {self._kind.__name__} cannot be read") from error


ENTRY = Codec(Entry)
FEED = Codec(Feed)
STATE = Codec(PollState)
ATTEMPT = Codec(Attempt)
