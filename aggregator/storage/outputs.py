"""Outputs: their frozen ids and slugs, which have to be made again, and the files they have."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, count
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from aggregator.core.model import OutputId
from aggregator.core.records import OutputRecord, RenditionRecord
from aggregator.storage.database import Database, chunks
from aggregator.storage.tables import output, rendition, slug
from aggregator.storage.visits import mark


class SqlOutputs:
    """`OutputStore` over SQL."""

    _database: Database

    def slug(self, kind: str, name: str, *, wanted: str) -> str:
        """See `OutputStore`."""
        with self._database.write() as connection:
            given = connection.scalar(select(slug.c.slug).where(slug.c.kind == kind, slug.c.name == name))
            if given is not None:
                return str(given)
            taken = set(connection.scalars(select(slug.c.folded).where(slug.c.kind == kind)))
            free: str = next(text for text in _candidates(wanted) if _folded(text) not in taken)
            row = {"kind": kind, "name": name, "slug": free, "folded": _folded(free)}
            connection.execute(insert(slug), row)
            return free

    def put_output(self, output: OutputId, *, public_id: str, definition: str, now: datetime) -> OutputRecord:
        """See `OutputStore`."""
        with self._database.write() as connection:
            stored = _stored_row(connection, output)
            if stored is None:
                _insert(connection, output, public_id, definition, now)
            elif stored.retired or stored.definition != definition:
                is_same = _own_part(stored.definition) == _own_part(definition)
                configured_at = stored.configured_at if is_same else now
                _renew(connection, stored, definition, configured_at)
            else:
                return _output(stored)
            return _output(_stored_row(connection, output))

    def definitions(self) -> dict[OutputId, str]:
        """See `OutputStore`."""
        with self._database.read() as connection:
            rows = connection.execute(select(output.c.id, output.c.definition)).all()
        return {OutputId(id_): definition for id_, definition in rows}

    def redefine_output(self, id_: OutputId, definition: str) -> None:
        """See `OutputStore`."""
        with self._database.write() as connection:
            connection.execute(update(output).where(output.c.id == id_).values(definition=definition))

    def retire_outputs(self, keep: Collection[OutputId]) -> list[RenditionRecord]:
        """See `OutputStore`."""
        kept = frozenset(keep)
        dropped: list[RenditionRecord] = []
        with self._database.write() as connection:
            live = connection.scalars(select(output.c.id).where(~output.c.retired))
            for chunk in chunks(sorted(id_ for id_ in live if id_ not in kept)):
                held = rendition.c.output.in_(chunk)
                dropped += map(_rendition, connection.execute(select(rendition).where(held)))
                connection.execute(delete(rendition).where(held))
                gone = update(output).where(output.c.id.in_(chunk))
                connection.execute(gone.values(retired=True, size=0, newest=None))
        return sorted(dropped, key=lambda record: record.path)

    def outputs(self) -> list[OutputRecord]:
        """See `OutputStore`."""
        with self._database.read() as connection:
            rows = connection.execute(select(output).where(~output.c.retired)).all()
        return sorted(map(_output, rows), key=lambda record: record.output)

    def mark_dirty(self, outputs: Collection[OutputId]) -> None:
        """See `OutputStore`."""
        if outputs:
            with self._database.write() as connection:
                mark(connection, outputs)

    def put_renditions(
        self,
        output: OutputId,
        renditions: Sequence[RenditionRecord],
        *,
        stamp: int,
        size: int,
        newest: datetime | None,
    ) -> list[RenditionRecord]:
        """See `OutputStore`. Of an unknown or retired output nothing is stored, and [] returned."""
        with self._database.write() as connection:
            stored = _stored_row(connection, output)
            if stored is None or stored.retired:
                return []
            written = _replace(connection, output, renditions)
            _finish(connection, stored, stamp, size, newest)
        return sorted(written, key=lambda record: record.path)

    def renditions(self) -> list[RenditionRecord]:
        """See `OutputStore`."""
        # Retiring forgets the renditions, so all that are stored count.
        with self._database.read() as connection:
            rows = connection.execute(select(rendition)).all()
        return sorted(map(_rendition, rows), key=lambda record: record.path)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _candidates(wanted: str) -> Iterator[str]:
    return chain([wanted], (f"{wanted}-{number}" for number in count(2)))


def _own_part(definition: str) -> str:
    """The part of a definition whose change is a change of the output itself."""
    return definition.partition("/")[0]


def _stored_row(connection: Connection, id_: OutputId) -> Any:
    return connection.execute(select(output).where(output.c.id == id_)).one_or_none()


def _insert(connection: Connection, id_: OutputId, public_id: str, definition: str, now: datetime) -> None:
    row = {
        "id": id_,
        "public_id": public_id,
        "definition": definition,
        "configured_at": now,
        "dirty": True,
        "stamp": 1,
        "size": 0,
        "retired": False,
    }
    connection.execute(insert(output), row)


def _renew(connection: Connection, stored: Any, definition: str, configured_at: datetime) -> None:
    changed = update(output).where(output.c.id == stored.id)
    connection.execute(
        changed.values(
            definition=definition, configured_at=configured_at, dirty=True, stamp=stored.stamp + 1, retired=False
        )
    )


def _replace(connection: Connection, id_: OutputId, renditions: Sequence[RenditionRecord]) -> list[RenditionRecord]:
    before = connection.execute(select(rendition).where(rendition.c.output == id_)).all()
    first = {(row.path, row.etag): row.modified for row in before}
    written = [
        replace(record, output=id_, modified=first.get((record.path, record.etag), record.modified))
        for record in renditions
    ]
    connection.execute(delete(rendition).where(rendition.c.output == id_))
    if written:
        connection.execute(insert(rendition), list(map(_row, written)))
    return written


def _finish(connection: Connection, stored: Any, stamp: int, size: int, newest: datetime | None) -> None:
    # An older stamp may arrive after a newer one had cleared the mark; its files are older too.
    values: dict[str, Any] = {"size": size, "newest": newest, "dirty": stored.stamp != stamp}
    connection.execute(update(output).where(output.c.id == stored.id).values(values))


def _row(record: RenditionRecord) -> dict[str, Any]:
    return {
        "path": record.path,
        "output": record.output,
        "format": record.format,
        "media_type": record.media_type,
        "etag": record.etag,
        "modified": record.modified,
        "size": record.size,
    }


def _rendition(row: Any) -> RenditionRecord:
    return RenditionRecord(
        path=row.path,
        output=row.output,
        format=row.format,
        media_type=row.media_type,
        etag=row.etag,
        modified=row.modified,
        size=row.size,
    )


def _output(row: Any) -> OutputRecord:
    return OutputRecord(
        output=row.id,
        public_id=row.public_id,
        definition=row.definition,
        configured_at=row.configured_at,
        dirty=row.dirty,
        stamp=row.stamp,
        size=row.size,
        newest=row.newest,
        retired=row.retired,
    )
