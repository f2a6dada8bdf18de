"""From an edition to the files of an output: bytes and what the store notes of them. Nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from aggregator.core.addresses import public_path
from aggregator.core.edition import Edition, etag_of
from aggregator.core.formats_table import DOCUMENTS
from aggregator.core.records import Archive, ArchiveFile, RenditionRecord
from aggregator.engine.publish.fragments import Fragments
from aggregator.formats import FORMATS

FileRecord = RenditionRecord | ArchiveFile
"""What is stored of a published file."""
Record = TypeVar("Record", bound=FileRecord, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFile(Generic[Record]):
    """A file ready to be published."""

    record: Record
    body: bytes
    pieces: Sequence[bytes] = ()
    """The body in pieces: its head, each story, its tail."""
    encoding: str | None = None
    """The only encoding it is to have; None: all."""


def render_edition(edition: Edition, fragments: Fragments, modified: datetime) -> list[RenderedFile[RenditionRecord]]:
    """Every format of an edition; stories that `fragments` holds are not rendered again.

    `modified` is when the bytes are made, in whole seconds. Used by one thread at a time, as `fragments` is.
    """
    made = []
    for name in edition.formats:
        format_ = FORMATS[name]
        pieces = format_.pieces(edition, [fragments.render(format_, story) for story in edition.stories])
        body = b"".join(pieces)
        record = RenditionRecord(
            path=public_path(edition.output, format_.suffix),
            output=edition.output,
            format=format_.name,
            media_type=format_.media_type,
            etag=etag_of(body),
            modified=modified,
            size=len(body),
        )
        made.append(RenderedFile(record=record, body=body, pieces=pieces))
    return made


def archived_formats(formats: Sequence[str]) -> list[str]:
    """The formats that have an archive."""
    return [name for name in formats if DOCUMENTS[name].has_archive]


def render_archive(
    edition: Edition, archive: Archive, generation: str, modified: datetime, *, final: bool
) -> list[RenderedFile[ArchiveFile]]:
    """An archive document in every format that has an archive.

    `final`: it is linked to the next one, so that its bytes stay. It is compressed with gzip alone, since it is kept
    forever and seldom read.
    """
    made = []
    for name in archived_formats(edition.formats):
        format_ = FORMATS[name]
        body = format_.assemble(edition, [format_.render_story(story) for story in edition.stories])
        record = ArchiveFile(
            path=f"{edition.archive}{format_.suffix}",
            output=edition.output,
            generation=generation,
            number=archive.number,
            format=name,
            media_type=format_.media_type,
            etag=etag_of(body),
            modified=modified,
            size=len(body),
            final=final,
        )
        made.append(RenderedFile(record=record, body=body, encoding="gzip"))
    return made
