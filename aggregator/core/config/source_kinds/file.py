"""`path`: documents on disk."""

from __future__ import annotations

from pydantic import Field

from aggregator.core.config.field_types import Glob
from aggregator.core.config.source_kinds.kind import Origin, SourceKind, SourceKindOptions

FILE = SourceKind(
    name="file",
    reads="files",
    opener="aggregator.sources.file:open_file",
    is_local=True,
    is_subscribable=False,
    has_categories=True,
    host=lambda _: None,
)


class FileOptions(SourceKindOptions):
    """The key `path`."""

    path: Glob | None = Field(
        default=None, description="Files on disk, relative to the folder of this file: a feed, or a pattern of posts."
    )

    def origins(self) -> list[Origin]:
        """See `SourceKindOptions`."""
        return [*super().origins(), *([] if self.path is None else [(FILE, self.path)])]
