"""Prepared responses: how the connection gets them from the application and logs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable


class PreparedResponse(NamedTuple):
    """A whole response: `head` is the status line, then header fields, each with its line end, but without Date."""

    code: int
    head: bytes
    body: bytes


ResponseLookup = Callable[[bytes, Mapping[bytes, bytes]], PreparedResponse | None]
"""The prepared response to a GET of this request target with these header fields (names in lower case); None if there
is none.

It neither blocks nor raises. A HEAD gets the same without its body.
"""

ResponseLog = Callable[[str, bytes, bytes, int, int], None]
"""Logs client, method, target, status and bytes sent of a response."""


@runtime_checkable
class HasPreparedResponses(Protocol):
    """An application with prepared responses."""

    def prepared_response(self, target: bytes, fields: Mapping[bytes, bytes]) -> PreparedResponse | None:
        """See `ResponseLookup`."""
