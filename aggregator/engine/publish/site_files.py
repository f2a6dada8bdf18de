"""What is published of the site as a whole: the index page, the list of its outputs and, if wished, of its sources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from aggregator.core.edition import KnownVersions, Rendition, etag_of
from aggregator.core.model import OutputId
from aggregator.core.select.plan import OutputPlan
from aggregator.core.site_status import OutputInfo, SiteInfo
from aggregator.engine.runtime import Runtime
from aggregator.engine.status import output_infos, site_info, source_subscriptions, subscriptions
from aggregator.engine.threads import DatabaseThread
from aggregator.formats.opml import MEDIA_TYPE, render_opml
from aggregator.outlets.disk import DiskOutlet
from aggregator.outlets.encodings import encode
from aggregator.storage import Storage

INDEX = "index.html"
OUTPUTS = "outputs.opml"
SOURCES = "sources.opml"

IndexPage = Callable[[SiteInfo, Sequence[OutputInfo]], bytes]
"""Renders the page that lists all outputs."""


class Noticeboard(Protocol):
    """Where lists are shown."""

    def put(
        self, rendition: Rendition, encoded: Mapping[str, bytes], *, max_age: int, versions: KnownVersions | None = None
    ) -> None:
        """Serve these bytes from now on; `max_age` is in seconds."""

    def remove(self, path: str) -> None:
        """Serve this path no more."""

    def replace_index(self, outputs: Iterable[OutputInfo]) -> None:
        """List exactly these outputs, in this order."""


class SiteLists:
    """Keeps index and lists in step with the store. A list is made again only if what it says has changed.

    A list of nothing is not there: OPML wants an outline (opml.org/spec2).
    """

    def __init__(
        self,
        storage: Storage,
        store: DatabaseThread,
        outlet: DiskOutlet,
        board: Noticeboard | None,
        index: IndexPage | None,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self._in_db = store
        self._outlet = outlet
        self._board = board
        self._index = index
        self._clock = clock
        self._indexed: tuple[object, ...] | None = None
        self._shown: dict[str, object] = {}
        """Path -> what its list says; None of one that is not to be there."""

    async def publish(self, runtime: Runtime, plans: Sequence[OutputPlan]) -> None:
        """Have index and lists as the store stands. Raises PublishError."""
        outputs = await self._in_db(output_infos, self._storage, plans)
        if self._board:
            self._board.replace_index(outputs)
        if self._index and self._indexed != (runtime.config.site, outputs):
            page = await asyncio.to_thread(self._index, site_info(runtime.config), outputs)
            await asyncio.to_thread(self._outlet.write, INDEX, page, encode(page))
            self._indexed = runtime.config.site, outputs
        await self._list_outputs(runtime, outputs)
        await self._list_sources(runtime)

    async def _list_outputs(self, runtime: Runtime, outputs: Sequence[OutputInfo]) -> None:
        site = runtime.config.site
        said = (site, tuple(replace(output, entries=0, newest=None) for output in outputs))
        if self._shown.get(OUTPUTS) == said:
            return
        listed = subscriptions(site.url, outputs)
        if not listed:
            await self._withdraw(OUTPUTS)
            return
        records = await self._in_db(self._storage.outputs)
        modified = max((r.configured_at for r in records), default=self._clock()).replace(microsecond=0)
        body = render_opml(listed, title=site.title, modified=modified)
        await self._show(OUTPUTS, body, modified)
        self._shown[OUTPUTS] = said

    async def _list_sources(self, runtime: Runtime) -> None:
        """The list changes with what sources call themselves, so it is as old as the file with these bytes."""
        if not runtime.config.site.sources_opml:
            await self._withdraw(SOURCES)
            return
        records = await self._in_db(self._storage.sources)
        said = (runtime.config.site.title, tuple(source_subscriptions(runtime.config, records)[0]))
        if not said[1]:
            await self._withdraw(SOURCES)
            return
        if self._shown.get(SOURCES) == said:
            return
        body = render_opml(said[1], title=said[0])
        before = await asyncio.to_thread(self._outlet.read, SOURCES)
        written = await asyncio.to_thread(self._outlet.modified, SOURCES) if before == body else None
        await self._show(SOURCES, body, (written or self._clock()).replace(microsecond=0))
        self._shown[SOURCES] = said

    async def _withdraw(self, path: str) -> None:
        if self._shown.get(path, ()) is not None:
            await asyncio.to_thread(self._outlet.remove, path)
            if self._board:
                self._board.remove(path)
            self._shown[path] = None

    async def _show(self, path: str, body: bytes, modified: datetime) -> None:
        if self._board is None and await asyncio.to_thread(self._outlet.read, path) == body:
            return
        encoded = await asyncio.to_thread(encode, body)
        await asyncio.to_thread(self._outlet.write, path, body, encoded, modified=modified)
        if self._board:
            made = Rendition(
                output=OutputId(""),
                format="opml",
                path=path,
                media_type=MEDIA_TYPE,
                body=body,
                etag=etag_of(body),
                modified=modified,
            )
            self._board.put(made, encoded, max_age=0)
