"""Documents on disk: one file, or all that a glob finds, polled like the rest.

Paths are relative to the folder of feeds.toml, `*`, `?`, `[...]` and `**` as in
`pathlib`, hidden files only if the pattern names them, links followed except by `**` (so no circle can arise).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aggregator.core.document import Document, NotModified, Validators
from aggregator.core.errors import FetchError, Reason
from aggregator.core.model import Diagnostic
from aggregator.sources import FetchRequest
from aggregator.sources.registry import SourceSettings

MAX_BYTES = 16 * 1024 * 1024
"""Of one file (rule P17)."""
MAX_FILES = 10_000
MAX_TOTAL = 256 * 1024 * 1024
"""Bytes of all files of a glob."""
RECENT = 2.0
"""Seconds. A file that changed so lately may change again within one tick of the file system's clock: then it gets no
validator."""

_MAGIC = re.compile(r"[*?\[]")


def open_file(settings: SourceSettings, resources: AsyncExitStack) -> FileSource:  # noqa: ARG001 - nothing to close
    """See `registry.Opener`."""
    return FileSource(settings.base)


class FileSource:
    """Reads files; `root` is the folder that relative paths start from, that of feeds.toml."""

    def __init__(
        self,
        root: Path,
        *,
        max_bytes: int = MAX_BYTES,
        max_files: int = MAX_FILES,
        max_total: int = MAX_TOTAL,
    ) -> None:
        self._root = Path(os.path.abspath(root))
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._max_total = max_total

    async def fetch(self, request: FetchRequest) -> Document | NotModified:
        """See `Source.fetch`. A glob gives a `Document` with `parts`, sorted by name, and an empty body.

        A file of a glob that cannot be read is left out and named in `diagnostics`. An empty path, no file at
        all, or none that is readable is an error.
        """
        return await asyncio.to_thread(self.read, request)

    def read(self, request: FetchRequest) -> Document | NotModified:
        """The same, blocking, for code without an event loop."""
        try:
            base = self._root / request.address
            is_glob = _MAGIC.search(request.address) is not None and not base.is_file()
            found = list(self._find(request.address)) if is_glob else [_stat_file(base)]
        except FileNotFoundError:
            raise _missing(request.address, base, self._root) from None
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable(request.address, error) from error
        if not found:
            raise _missing(request.address, base, self._root)
        etag = _etag(found)
        known = request.validators
        if request.conditional and request.body_hash and known.url == _uri(base) and known.etag == etag:
            return NotModified(url=_uri(base), fetched_at=request.now, validators=known)
        reader = _GlobReader(request, max_bytes=request.max_bytes or self._max_bytes, max_total=self._max_total)
        document = reader.glob(base, found) if is_glob else reader.one(found[0])
        is_stable = reader.is_stable and not any(entry.is_recent(request.now) for entry in found)
        return _finished(request, document, etag if is_stable else None)

    def _find(self, pattern: str) -> Iterator[_FileInfo]:
        """Regular files in the order of their names; raises `FetchError` if there are too many."""
        parts = Path(pattern).parts
        first_magic = next(number for number, part in enumerate(parts) if _MAGIC.search(part))
        folder = self._root.joinpath(*parts[:first_magic])
        rest = parts[first_magic:] if parts[-1] != "**" else (*parts[first_magic:], "*")
        wants_hidden = any(part.startswith(".") for part in rest)
        paths: set[Path] = set()
        for path in folder.glob(str(Path(*rest))):
            if wants_hidden or not any(part.startswith(".") for part in path.relative_to(folder).parts):
                paths.add(path)
            if len(paths) > self._max_files:
                words = f"more than {self._max_files} files match; use several sources with narrower patterns"
                raise FetchError(pattern, Reason.TOO_LARGE, words)
        for path in sorted(paths):
            try:
                found = _stat_file(path)
            except OSError:
                continue  # gone meanwhile, or a link to nothing
            if stat.S_ISREG(found.mode):
                yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileInfo:
    path: Path
    mode: int
    size: int
    mtime_ns: int

    def is_recent(self, now: datetime) -> bool:
        return abs(now.timestamp() - self.mtime_ns / 1e9) < RECENT


def _stat_file(path: Path) -> _FileInfo:
    state = path.stat()
    return _FileInfo(path=path, mode=state.st_mode, size=state.st_size, mtime_ns=state.st_mtime_ns)


class _UnreadableFile(Exception):
    """One file cannot be taken; `reason` and the message are for its error or diagnostic."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class _GlobReader:
    """Reads the files that were found, under the limits, and notes whether one changes meanwhile."""

    def __init__(self, request: FetchRequest, *, max_bytes: int, max_total: int) -> None:
        self._request = request
        self._max_bytes = max_bytes
        self._left = max_total
        self.is_stable = True
        """All were read, and none changed after it was looked at."""

    def one(self, found: _FileInfo) -> Document:
        """Raises `FetchError`."""
        try:
            return self._read(found)
        except _UnreadableFile as error:
            raise FetchError(self._request.address, error.reason, error.message) from error

    def glob(self, pattern: Path, found: Sequence[_FileInfo]) -> Document:
        """Raises `FetchError` if no file can be read, or if they are too much together."""
        parts: list[Document] = []
        failures: list[tuple[_FileInfo, _UnreadableFile]] = []
        for entry in found:
            try:
                parts.append(self._read(entry))
            except _UnreadableFile as error:
                failures.append((entry, error))
                self.is_stable = False
        if not parts:
            entry, first = failures[0]
            raise FetchError(self._request.address, first.reason, f"{entry.path.name}: {first.message}") from first
        digest = hashlib.sha256()
        for part in parts:
            digest.update(f"{part.url} {part.body_hash}\n".encode())
        return Document(
            url=_uri(pattern),
            body=b"",
            fetched_at=self._request.now,
            parts=tuple(parts),
            body_hash=digest.hexdigest(),
            diagnostics=tuple(
                Diagnostic(name="file-unreadable", message=failure.message, entry=entry.path.name)
                for entry, failure in failures
            ),
        )

    def _read(self, found: _FileInfo) -> Document:
        body = self._bytes(found)
        self._left -= len(body)
        if self._left < 0:
            words = "the files are too large together; use several sources with narrower patterns"
            raise FetchError(self._request.address, Reason.TOO_LARGE, words)
        return Document(
            url=_uri(found.path),
            body=body,
            fetched_at=self._request.now,
            body_hash=hashlib.sha256(body).hexdigest(),
        )

    def _bytes(self, found: _FileInfo) -> bytes:
        if stat.S_ISDIR(found.mode):
            raise _UnreadableFile(Reason.FILE_UNREADABLE, "this is a folder; name its files, such as folder/*.md")
        if not stat.S_ISREG(found.mode):  # opening a pipe would wait for its other end forever
            raise _UnreadableFile(Reason.FILE_UNREADABLE, "this is no ordinary file")
        too_large = _UnreadableFile(Reason.TOO_LARGE, f"larger than {self._max_bytes} bytes")
        if found.size > self._max_bytes:
            raise too_large
        try:
            with found.path.open("rb") as file:
                body = file.read(self._max_bytes + 1)
                state = os.fstat(file.fileno())
        except FileNotFoundError as error:  # pragma: no cover: it would have to go between two system calls
            raise _UnreadableFile(Reason.FILE_MISSING, "it has just been removed") from error
        except OSError as error:
            words = f"it cannot be read ({_system_words(error)}); look at its permissions"
            raise _UnreadableFile(Reason.FILE_UNREADABLE, words) from error
        if len(body) > self._max_bytes:
            raise too_large
        is_as_found = (state.st_size, state.st_mtime_ns) == (found.size, found.mtime_ns)
        if not is_as_found:  # pragma: no cover: it would have to change between two system calls
            self.is_stable = False
        return body


def _finished(request: FetchRequest, document: Document, etag: str | None) -> Document | NotModified:
    """The document with its validators, or `NotModified` if its bytes are the known ones (rule P4)."""
    validators = Validators(url=document.url, etag=etag)
    if document.body_hash == request.body_hash:
        return NotModified(
            url=document.url,
            fetched_at=request.now,
            validators=validators,
            status=200,
            diagnostics=document.diagnostics,
        )
    return Document(
        url=document.url,
        body=document.body,
        fetched_at=document.fetched_at,
        validators=validators,
        parts=document.parts,
        body_hash=document.body_hash,
        diagnostics=document.diagnostics,
    )


def _uri(path: Path) -> str:
    return Path(os.path.abspath(path)).as_uri()


def _etag(found: Sequence[_FileInfo]) -> str:
    digest = hashlib.sha256()
    for entry in found:
        digest.update(os.fsencode(entry.path) + f"\0{entry.size}\0{entry.mtime_ns}\n".encode())
    return f'"{digest.hexdigest()}"'


def _missing(subject: str, base: Path, root: Path) -> FetchError:
    what = "no file matches" if _MAGIC.search(subject) else "there is no such file"
    where = "" if Path(subject).is_absolute() else f"; paths start from {root}"
    return FetchError(subject, Reason.FILE_MISSING, f"{what} ({base}){where}")


def _unreadable(subject: str, error: Exception) -> FetchError:
    words = _system_words(error) if isinstance(error, OSError) else str(error)
    return FetchError(subject, Reason.FILE_UNREADABLE, f"the path cannot be used: {words}")


def _system_words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
