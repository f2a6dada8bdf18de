"""Opens source kinds, each once, however many sources of feeds.toml are of that kind."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aggregator.core.config.source_kinds.kind import SourceKind
from aggregator.core.config.tables import SourceConfig
from aggregator.sources import Source

if TYPE_CHECKING:
    from httpx import AsyncBaseTransport


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """What kinds of sources are opened with."""

    base: Path
    """The folder that paths start from."""
    visits: int
    """Most fetches at the same time."""
    user_agent: str = ""
    allow: tuple[str, ...] = ()
    """Private addresses that may be requested, as `[network] allow` names them."""
    transport: AsyncBaseTransport | None = None
    """Stands in for the network in tests."""


Opener = Callable[[SourceSettings, AsyncExitStack], Source]
"""Opens a kind; what is to be closed at the end is pushed onto the stack."""
SourceFactory = Callable[[SourceConfig], Source]


class OpenSources:
    """The kinds that were opened. With other settings a kind is opened again; running visits end with the old one."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, SourceSettings], Source] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.__aenter__()
        return self

    async def __aexit__(self, *exception: Any) -> None:
        await self._open.__aexit__(*exception)

    def factory(self, settings: SourceSettings) -> SourceFactory:
        """The function that gives a [[source]] its `Source` under these settings.

        To be called on the event loop; so is the function, for a kind that is not open yet.
        """
        return lambda config: self.get(config.kind, settings)

    def get(self, kind: SourceKind, settings: SourceSettings) -> Source:
        """This kind, opened now or before."""
        key = (kind.name, settings)
        if key not in self._made:
            module, _, name = kind.opener.partition(":")
            opener: Opener = getattr(importlib.import_module(module), name)
            self._made[key] = opener(settings, self._open)
        return self._made[key]
