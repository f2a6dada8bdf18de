"""Archives of outputs: their chains, the documents, and the files these have."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from aggregator.core.model import OutputId
from aggregator.core.records import Archive, ArchiveFile, Chain
from aggregator.storage.database import Database, chunks
from aggregator.storage.tables import archive, archive_file, chain


class SqlArchives:
    """`ArchiveStore` over SQL."""

    _database: Database

    def chain(self, output: OutputId) -> Chain | None:
        """See `ArchiveStore`."""
        with self._database.read() as connection:
            row = connection.execute(select(chain).where(chain.c.output == output)).one_or_none()
        return None if row is None else _chain(row)

    def begin_chain(self, begun: Chain) -> None:
        """See `ArchiveStore`."""
        with self._database.write() as connection:
            _end(connection, begun.output)
            connection.execute(insert(chain), _chain_row(begun))

    def redefine_chain(self, output: OutputId, definition: str) -> None:
        """See `ArchiveStore`."""
        with self._database.write() as connection:
            connection.execute(update(chain).where(chain.c.output == output).values(definition=definition))

    def end_chain(self, output: OutputId) -> None:
        """See `ArchiveStore`."""
        with self._database.write() as connection:
            _end(connection, output)

    def advance_chain(self, output: OutputId, *, archived_to: int | None = None, checked_to: int | None = None) -> None:
        """See `ArchiveStore`."""
        values = {"settled": archived_to, "looked": checked_to}
        changed = {name: value for name, value in values.items() if value is not None}
        with self._database.write() as connection:
            connection.execute(update(chain).where(chain.c.output == output).values(changed))

    def put_archive(self, made: Archive, files: Sequence[ArchiveFile]) -> None:
        """See `ArchiveStore`."""
        with self._database.write() as connection:
            of_output = chain.c.output == made.output
            archived_to = connection.scalar(select(chain.c.settled).where(of_output))
            if archived_to is None:
                return
            one = (archive.c.output == made.output, archive.c.number == made.number)
            connection.execute(delete(archive).where(*one))
            connection.execute(insert(archive), _archive_row(made))
            for file in files:
                connection.execute(delete(archive_file).where(archive_file.c.path == file.path))
                connection.execute(insert(archive_file), _file_row(file))
            connection.execute(update(chain).where(of_output).values(settled=max(archived_to, made.last)))

    def newest_archive(self, output: OutputId) -> Archive | None:
        """See `ArchiveStore`."""
        newest = select(archive).where(archive.c.output == output).order_by(archive.c.number.desc()).limit(1)
        return next(iter(self._archives(newest)), None)

    def stale_archives(self, output: OutputId) -> list[Archive]:
        """See `ArchiveStore`."""
        return self._archives(_of(output).where(archive.c.stale))

    def archives_with(self, output: OutputId, seqs: Collection[int]) -> list[Archive]:
        """See `ArchiveStore`."""
        wanted = frozenset(seqs)
        if not wanted:
            return []
        return [
            one for one in self._archives(_of(output)) if any(not wanted.isdisjoint(story) for story in one.members)
        ]

    def mark_stale(self, output: OutputId, numbers: Collection[int]) -> None:
        """See `ArchiveStore`."""
        with self._database.write() as connection:
            for chunk in chunks(sorted(set(numbers))):
                these = update(archive).where(archive.c.output == output, archive.c.number.in_(chunk))
                connection.execute(these.values(stale=True))

    def archive_sizes(self, output: OutputId) -> tuple[int, int]:
        """See `ArchiveStore`."""
        sums = select(
            func.coalesce(func.sum(archive.c.size), 0),
            func.coalesce(func.sum(archive.c.repeated), 0),
        )
        with self._database.read() as connection:
            stories, repeated = connection.execute(sums.where(archive.c.output == output)).one()
        return int(stories), int(repeated)

    def archive_files(self) -> list[ArchiveFile]:
        """See `ArchiveStore`."""
        with self._database.read() as connection:
            rows = connection.execute(select(archive_file).order_by(archive_file.c.path)).all()
        return list(map(_file, rows))

    def forget_archive_files(self, paths: Collection[str]) -> None:
        """See `ArchiveStore`."""
        with self._database.write() as connection:
            for chunk in chunks(sorted(set(paths))):
                connection.execute(delete(archive_file).where(archive_file.c.path.in_(chunk)))

    def _archives(self, query: Select[Any]) -> list[Archive]:
        with self._database.read() as connection:
            return list(map(_archive, connection.execute(query)))


def _of(output: OutputId) -> Select[Any]:
    return select(archive).where(archive.c.output == output).order_by(archive.c.number)


def _end(connection: Connection, output: OutputId) -> None:
    connection.execute(delete(archive).where(archive.c.output == output))
    connection.execute(delete(chain).where(chain.c.output == output))


def _chain_row(begun: Chain) -> dict[str, Any]:
    return {
        "output": begun.output,
        "generation": begun.generation,
        "definition": begun.definition,
        "settled": begun.archived_to,
        "looked": begun.checked_to,
    }


def _chain(row: Any) -> Chain:
    return Chain(
        output=row.output,
        generation=row.generation,
        definition=row.definition,
        archived_to=row.settled,
        checked_to=row.looked,
    )


def _file_row(file: ArchiveFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "output": file.output,
        "generation": file.generation,
        "number": file.number,
        "format": file.format,
        "media_type": file.media_type,
        "etag": file.etag,
        "modified": file.modified,
        "size": file.size,
        "final": file.final,
    }


def _file(row: Any) -> ArchiveFile:
    return ArchiveFile(
        path=row.path,
        output=row.output,
        generation=row.generation,
        number=row.number,
        format=row.format,
        media_type=row.media_type,
        etag=row.etag,
        modified=row.modified,
        size=row.size,
        final=row.final,
    )


def _archive_row(made: Archive) -> dict[str, Any]:
    return {
        "output": made.output,
        "number": made.number,
        "first": made.first,
        "last": made.last,
        "size": len(made.members),
        "repeated": made.repeated,
        "members": json.dumps(made.members),
        "stale": made.stale,
    }


def _archive(row: Any) -> Archive:
    return Archive(
        output=row.output,
        number=row.number,
        first=row.first,
        last=row.last,
        repeated=row.repeated,
        members=tuple(tuple(story) for story in json.loads(row.members)),
        stale=row.stale,
    )
