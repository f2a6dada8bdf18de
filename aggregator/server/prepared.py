"""Answers that lie ready, and who gives them: what the connection and the application say to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable


class PreparedResponse(NamedTuple):
    """A whole answer: `head` is the status line, then header fields, each with its line end, but without Date."""

    code: int
    head: bytes
    body: bytes


Ready = Callable[[bytes, Mapping[bytes, bytes]], PreparedResponse | None]
"""The answer to a GET of a request target with these header fields (names in small letters), if it lies ready.

It neither blocks nor raises. A HEAD gets the same without its body.
"""

Seen = Callable[[str, bytes, bytes, int, int], None]
"""Is told client, method, target, status and bytes sent of an answer."""


@runtime_checkable
class HasReady(Protocol):
    """An application that has answers ready."""

    def ready(self, target: bytes, fields: Mapping[bytes, bytes]) -> PreparedResponse | None:
        """See `Ready`."""
