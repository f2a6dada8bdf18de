"""Sources of documents. Nothing is kept between two fetches but open connections.

`Source` is the interface: one kind per file (`http.py`, `file.py`), opened by `registry.py`. A source reads no wall
clock: `now` comes with the request. What goes wrong is raised as `FetchError`, and nothing else but cancellation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aggregator.core.document import Document, NotModified, Validators


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """What to fetch, and what is known of it already. Its repr shows no credentials."""

    address: str = field(repr=False)
    """An http or https address, user information allowed; or a path or glob pattern."""
    now: datetime
    """Aware, UTC; becomes `fetched_at`, and Retry-After dates are measured from it."""
    validators: Validators = Validators()
    body_hash: str | None = None
    """sha256 of the body known so far; None: there is none, so a "not modified" is not accepted (rule P3)."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Set for this source by hand, such as User-Agent or Authorization; most never go to another origin."""
    conditional: bool = True
    """False: ask for the whole document (rule P5). Equal bytes still come back as `NotModified`."""
    max_bytes: int | None = None
    """Of the decoded body; None: the limit of the source kind (rule P17)."""


class Source(Protocol):
    """A kind of place that documents come from; one object serves many sources, at the same time."""

    async def fetch(self, request: FetchRequest) -> Document | NotModified:
        """The document, or `NotModified` if it is the known one; both have the validators to be stored.

        Raises `FetchError` only; its `subject` is the address without user information.
        """
