"""The published files: on disk, in the catalogue of a running server, and in the history of versions.

Outputs, archive documents and the files of the site all go through `Publication.publish`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from aggregator.core.edition import KnownVersions, Rendition, etag_of
from aggregator.core.errors import PublishError
from aggregator.core.model import OutputId
from aggregator.core.records import ArchiveFile, RenditionRecord
from aggregator.core.site_status import OutputInfo
from aggregator.engine.publish.render import FileRecord, RenderedFile
from aggregator.engine.publish.versions import VersionHistory
from aggregator.engine.threads import DatabaseThread
from aggregator.outlets.disk import DiskOutlet
from aggregator.outlets.encodings import encode

log = structlog.get_logger()


class LiveCatalogue(Protocol):
    """What a server in this process serves. `aggregator poll` has none: any web server serves the folder.

    All methods return at once and may be called from any thread.
    """

    def put(
        self, rendition: Rendition, encoded: Mapping[str, bytes], *, max_age: int, versions: KnownVersions | None = None
    ) -> None:
        """Serve these bytes from now on; `max_age` is in seconds. `versions` are the earlier ones, None: not kept."""

    def put_archive(self, file: ArchiveFile, read: Callable[[str], bytes | None]) -> None:
        """Serve this archive document from now on; `read` gives the bytes at a path, or None. It may block."""

    def remove(self, path: str) -> None:
        """Stop serving this path; does nothing for an unknown one."""

    def replace_index(self, outputs: Iterable[OutputInfo]) -> None:
        """List exactly these outputs, in this order."""

    def take_late_readers(self) -> Mapping[str, Iterable[str]]:
        """Path -> earlier ETags, quoted, that readers came back with since the last call."""


class Publication:
    """Writes, shows and removes published files. Belongs to the event loop; what blocks runs on threads.

    Without a catalogue files are only on disk.
    """

    def __init__(
        self, in_db: DatabaseThread, versions: VersionHistory, outlet: DiskOutlet, catalogue: LiveCatalogue | None
    ) -> None:
        self._in_db = in_db
        self._versions = versions
        self._outlet = outlet
        self._catalogue = catalogue
        self._shown: dict[str, FileRecord] = {}
        """By path: what is in the catalogue."""

    async def publish(
        self, file: RenderedFile[FileRecord], *, max_age: int = 0, change_seq: int | None = None, is_listed: bool = True
    ) -> bool:
        """Write this file and its encodings and show it in the catalogue; True if the disk changed.

        A file whose bytes are there already is not written and keeps its modification time (rule W17). With
        `change_seq` its version is stored, before it is written: everything up to that change number is in it
        (rule W11). `is_listed` False leaves the catalogue as it is. `max_age` is in seconds. Raises PublishError, and
        StorageError if the version cannot be stored; the old file is then unchanged.
        """
        record, body = file.record, file.body
        is_shown = is_listed and self._catalogue is not None
        before, encoded = await asyncio.to_thread(self._prepare, file, is_shown)
        versions = None
        if change_seq is not None:
            versions = await self._in_db(self._versions.note, record, file.pieces, before, change_seq)
        written = before != body and await asyncio.to_thread(
            self._outlet.write, record.path, body, encoded, modified=record.modified
        )
        if is_shown:
            self._show(record, body, encoded, max_age=max_age, versions=versions)
        return written

    async def remove(self, path: str) -> None:
        """Remove the file at `path` from disk and catalogue. Raises PublishError if it cannot be removed."""
        await asyncio.to_thread(self._outlet.remove, path)
        self._hide(path)

    async def restore(self, records: Iterable[RenditionRecord], max_ages: Mapping[OutputId, int]) -> set[OutputId]:
        """Show these files of outputs as they were published; returns the outputs whose files are missing or altered.

        A file that cannot be read counts as missing.
        """
        lost: set[OutputId] = set()
        known = await self._in_db(self._versions.known_versions) if self._catalogue else {}
        for record in records:
            if self._is_shown(record):
                continue
            try:
                found = await asyncio.to_thread(self._read_again, record)
            except PublishError as error:
                log.error("restore", error=str(error))
                found = None
            if found is None:
                lost.add(record.output)
            else:
                body, encoded = found
                age = max_ages.get(record.output, 0)
                self._show(record, body, encoded, max_age=age, versions=known.get(record.path))
        return lost

    async def restore_archives(self, files: Iterable[ArchiveFile]) -> list[ArchiveFile]:
        """Show these documents; those whose files are missing or of another size are returned. Raises PublishError."""
        lost = []
        for file in files:
            if self._is_shown(file):
                continue
            if await asyncio.to_thread(self._outlet.size, file.path) == file.size:
                self._show_archive(file)
            else:
                lost.append(file)
        return lost

    def hide_others(self, paths: Collection[str]) -> None:
        """Remove all files but those at `paths` from the catalogue; the disk stays as it is."""
        for path in [path for path, record in self._shown.items() if record.output and path not in paths]:
            self._hide(path)

    async def written_at(self, path: str, body: bytes) -> datetime | None:
        """When the file at `path` was written, aware; None if it has other bytes. Raises PublishError."""

        def look() -> datetime | None:
            return self._outlet.modified(path) if self._outlet.read(path) == body else None

        return await asyncio.to_thread(look)

    @property
    def has_catalogue(self) -> bool:
        """Whether a server in this process serves the files."""
        return self._catalogue is not None

    def list_outputs(self, outputs: Iterable[OutputInfo]) -> None:
        """List exactly these outputs on the index of the server, in this order."""
        if self._catalogue:
            self._catalogue.replace_index(outputs)

    def take_late_readers(self) -> Mapping[str, Iterable[str]]:
        """See `LiveCatalogue`; {} without a catalogue (rule W11)."""
        return self._catalogue.take_late_readers() if self._catalogue else {}

    def _prepare(self, file: RenderedFile[FileRecord], is_shown: bool) -> tuple[bytes | None, dict[str, bytes]]:
        """The present bytes at the path, None if there are none, and the encodings, if they are needed. Blocking."""
        before = self._outlet.read(file.record.path)
        return before, {} if before == file.body and not is_shown else encode(file.body, only=file.encoding)

    def _read_again(self, record: RenditionRecord) -> tuple[bytes, dict[str, bytes]] | None:
        """The file and its encodings; None if it is not there with the bytes that were published. Blocking."""
        body = self._outlet.read(record.path)
        if body is None or etag_of(body) != record.etag:
            return None
        return body, encode(body) if self._catalogue else {}

    def _is_shown(self, record: FileRecord) -> bool:
        shown = self._shown.get(record.path)
        return shown is not None and shown.etag == record.etag

    def _show(
        self,
        record: FileRecord,
        body: bytes,
        encoded: Mapping[str, bytes],
        *,
        max_age: int,
        versions: KnownVersions | None = None,
    ) -> None:
        if isinstance(record, ArchiveFile):
            self._show_archive(record)
        elif self._catalogue:
            self._catalogue.put(_rendition(record, body), encoded, max_age=max_age, versions=versions)
            self._shown[record.path] = record

    def _show_archive(self, file: ArchiveFile) -> None:
        if self._catalogue:
            self._catalogue.put_archive(file, self._outlet.read)
            self._shown[file.path] = file

    def _hide(self, path: str) -> None:
        if self._catalogue:
            self._catalogue.remove(path)
            self._shown.pop(path, None)


def _rendition(record: RenditionRecord, body: bytes) -> Rendition:
    return Rendition(
        output=record.output,
        format=record.format,
        path=record.path,
        media_type=record.media_type,
        body=body,
        etag=record.etag,
        modified=record.modified,
    )
