"""What is published of the site as a whole: the index page, the list of its outputs and, if wished, of its sources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from aggregator.core.edition import etag_of
from aggregator.core.model import OutputId
from aggregator.core.records import RenditionRecord
from aggregator.core.select.plan import OutputPlan
from aggregator.core.site_status import OutputInfo, SiteInfo
from aggregator.engine.publish.publication import Publication
from aggregator.engine.publish.render import RenderedFile
from aggregator.engine.runtime import Runtime
from aggregator.engine.status import output_infos, site_info, source_subscriptions, subscriptions
from aggregator.engine.threads import DatabaseThread
from aggregator.formats.opml import MEDIA_TYPE, render_opml
from aggregator.storage import OutputStore, SourceStore

INDEX = "index.html"
OUTPUTS = "outputs.opml"
SOURCES = "sources.opml"

IndexPage = Callable[[SiteInfo, Sequence[OutputInfo]], bytes]
"""Renders the page that lists all outputs."""


class SiteStore(SourceStore, OutputStore, Protocol):
    """What the files of the site are made from."""


class SiteFiles:
    """Keeps index and lists up to date with the store. A file is made again only if its contents changed.

    An empty list is not published: OPML wants an outline (opml.org/spec2). The index is a file alone: a server renders
    its own.
    """

    def __init__(
        self,
        storage: SiteStore,
        in_db: DatabaseThread,
        publication: Publication,
        index: IndexPage | None,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self._in_db = in_db
        self._publication = publication
        self._index = index
        self._clock = clock
        self._contents: dict[str, object] = {}
        """Path -> what the file there was made from; None: there is none."""

    async def publish(self, runtime: Runtime, plans: Sequence[OutputPlan]) -> None:
        """Bring index and lists up to date. Raises PublishError and StorageError."""
        outputs = await self._in_db(output_infos, self._storage, plans)
        self._publication.list_outputs(outputs)
        await self._publish_index(runtime, outputs)
        await self._publish_outputs(runtime, outputs)
        await self._publish_sources(runtime)

    async def _publish_index(self, runtime: Runtime, outputs: Sequence[OutputInfo]) -> None:
        contents = runtime.config.site, outputs
        if self._index and self._contents.get(INDEX) != contents:
            page = await asyncio.to_thread(self._index, site_info(runtime.config), outputs)
            file = _file(INDEX, "html", "text/html; charset=utf-8", page, self._clock())
            await self._publication.publish(file, is_listed=False)
            self._contents[INDEX] = contents

    async def _publish_outputs(self, runtime: Runtime, outputs: Sequence[OutputInfo]) -> None:
        site = runtime.config.site
        contents = (site, tuple(replace(output, entries=0, newest=None) for output in outputs))
        if self._contents.get(OUTPUTS) == contents:
            return
        listed = subscriptions(site.url, outputs)
        if not listed:
            await self._withdraw(OUTPUTS)
            return
        records = await self._in_db(self._storage.outputs)
        modified = max((r.configured_at for r in records), default=self._clock()).replace(microsecond=0)
        body = render_opml(listed, title=site.title, modified=modified)
        await self._publication.publish(_file(OUTPUTS, "opml", MEDIA_TYPE, body, modified))
        self._contents[OUTPUTS] = contents

    async def _publish_sources(self, runtime: Runtime) -> None:
        """The list changes with what sources call themselves, so it is as old as the file with these bytes."""
        site = runtime.config.site
        if not site.sources_opml:
            await self._withdraw(SOURCES)
            return
        records = await self._in_db(self._storage.sources)
        contents = (site.title, tuple(source_subscriptions(runtime.config, records)[0]))
        if not contents[1]:
            await self._withdraw(SOURCES)
            return
        if self._contents.get(SOURCES) == contents:
            return
        body = render_opml(contents[1], title=site.title)
        modified = (await self._publication.written_at(SOURCES, body) or self._clock()).replace(microsecond=0)
        await self._publication.publish(_file(SOURCES, "opml", MEDIA_TYPE, body, modified))
        self._contents[SOURCES] = contents

    async def _withdraw(self, path: str) -> None:
        if self._contents.get(path, ()) is not None:
            await self._publication.remove(path)
            self._contents[path] = None


def _file(
    path: str, format_name: str, media_type: str, body: bytes, modified: datetime
) -> RenderedFile[RenditionRecord]:
    """A file that belongs to no output."""
    record = RenditionRecord(
        path=path,
        output=OutputId(""),
        format=format_name,
        media_type=media_type,
        etag=etag_of(body),
        modified=modified,
        size=len(body),
    )
    return RenderedFile(record=record, body=body)
