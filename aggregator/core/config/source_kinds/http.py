"""`url`: documents over HTTP."""

from __future__ import annotations

from pydantic import Field

from aggregator.core.config.field_types import Address
from aggregator.core.config.source_kinds.kind import Origin, SourceKind, SourceKindOptions
from aggregator.core.urls import urls

HTTP = SourceKind(
    name="http",
    reads="a feed",
    opener="aggregator.sources.http:open_http",
    is_local=False,
    is_subscribable=True,
    has_categories=False,
    host=urls.host_of,
)


class HttpOptions(SourceKindOptions):
    """The key `url`."""

    url: Address | None = Field(default=None, description="Address of the feed.")

    def origins(self) -> list[Origin]:
        """See `SourceKindOptions`."""
        return [*super().origins(), *([] if self.url is None else [(HTTP, self.url)])]
