"""Published files on disk, so that any web server can serve them (rule W17).

A reader of the folder sees the old bytes or the new ones, never a part; a file whose bytes did not change keeps its
modification time. Two processes may write the same folder: the later rename wins.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import stat
import time
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from aggregator.core.errors import PublishError
from aggregator.outlets.encodings import SUFFIXES

_SEGMENT = 255
"""Bytes a file system allows in one name (rule W16)."""
_TEMPORARY = ".publishing-"
_WORDS = {
    errno.ENOSPC: "the disk is full; free some space and it will be written at the next round",
    errno.EDQUOT: "the disk quota is used up; free some space and it will be written at the next round",
    errno.EACCES: "no permission to write here; give the folder to the user who runs the program",
    errno.EPERM: "no permission to write here; give the folder to the user who runs the program",
    errno.EROFS: "the file system is read-only; publish to another folder or mount it writable",
    errno.ENOTDIR: "a file stands where a folder is needed; remove it",
    errno.EISDIR: "a folder stands where the file belongs; remove it",
}


class DiskOutlet:
    """The folder `root` and the published files in it. Paths are relative, "/"-separated and unescaped."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(
        self,
        path: str,
        body: bytes,
        encoded: Mapping[str, bytes],
        *,
        modified: datetime | None = None,
        lasting: bool = True,
    ) -> bool:
        """Make `path` contain exactly `body`, with exactly the encodings given as files next to it.

        `encoded` gives bodies by the names of `encodings.SUFFIXES`. `modified` becomes the modification time of what is
        written; None: now. `lasting` False does not wait for the disk: a power failure may leave the file empty. True
        if anything was written. Raises PublishError; the old body is then unchanged.
        """
        target = self._place(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._stay_inside(target, path)
            changed = False
            for name, suffix in SUFFIXES.items():
                neighbour = _encoded_file(target, suffix)
                if name in encoded:
                    changed |= _replace(neighbour, encoded[name], modified, lasting)
                else:
                    changed |= _unlink(neighbour)
            return _replace(target, body, modified, lasting) or changed
        except OSError as error:
            raise _publish_error(target, error) from error

    def read(self, path: str) -> bytes | None:
        """The bytes at `path`; None if there is no such file. Raises PublishError if it cannot be read."""
        target = self._place(path)
        try:
            self._stay_inside(target, path)
            return target.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise _publish_error(target, error) from error

    def size(self, path: str) -> int | None:
        """The size in bytes of the file at `path`; None if there is none. Raises PublishError as `read` does."""
        found = self._stat(path)
        return found.st_size if found else None

    def modified(self, path: str) -> datetime | None:
        """When the file at `path` was written, aware; None if there is none. Raises PublishError as `read` does."""
        found = self._stat(path)
        return datetime.fromtimestamp(found.st_mtime, UTC) if found else None

    def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, encodings left out; [] if there is none. Raises PublishError."""
        place = self._place(folder)
        try:
            self._stay_inside(place, folder)
            found = [one.name for one in os.scandir(place) if one.is_file() and not one.name.startswith(_TEMPORARY)]
            return sorted(name for name in found if not name.endswith(tuple(SUFFIXES.values())))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _publish_error(place, error) from error

    def remove(self, path: str) -> None:
        """Remove the file at `path`, its encodings, and folders that this leaves empty. Raises PublishError."""
        target = self._place(path)
        try:
            self._stay_inside(target, path)
            for suffix in ("", *SUFFIXES.values()):
                _unlink(_encoded_file(target, suffix))
            for folder in itertools.takewhile(lambda folder: folder != self.root, target.parents):
                folder.rmdir()
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise _publish_error(target, error) from error

    def sweep(self, *, older_than: float = 600) -> int:
        """Remove temporary files that a crash left behind `older_than` seconds ago or more; returns how many.

        Younger ones may belong to another process that is writing just now.
        """
        swept = 0
        limit = time.time() - older_than
        for place in self._leftovers():
            with contextlib.suppress(OSError):
                if place.lstat().st_ctime <= limit:
                    place.unlink()
                    swept += 1
        return swept

    def _leftovers(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.root):
            yield from (Path(folder, name) for name in names if name.startswith(_TEMPORARY))

    def _stat(self, path: str) -> os.stat_result | None:
        """What the disk says of the file at `path`; None if there is none. Raises PublishError."""
        target = self._place(path)
        try:
            self._stay_inside(target, path)
            found = target.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _publish_error(target, error) from error
        return found if stat.S_ISREG(found.st_mode) else None

    def _place(self, path: str) -> Path:
        """The file at `path`. Raises PublishError for one that is not plainly below the root."""
        normal = unicodedata.normalize("NFC", path)
        segments = normal.split("/")
        if any(segment in ("", ".", "..") or set(segment) & {"\0", "\\"} for segment in segments):
            raise PublishError(path, "is not a path below the published folder")
        longest = max(map(len, SUFFIXES.values()))
        try:
            sizes = [len(segment.encode()) for segment in segments]
        except UnicodeEncodeError as error:
            raise PublishError(ascii(path), "is not text that a file name can hold") from error
        if max(sizes[:-1], default=0) > _SEGMENT or sizes[-1] + longest > _SEGMENT:
            raise PublishError(path, f"a name in it is longer than {_SEGMENT} bytes; choose a shorter title or id")
        return self.root.joinpath(*segments)

    def _stay_inside(self, target: Path, path: str) -> None:
        """Refuse a folder that a symbolic link leads out of the root."""
        # not Path.resolve: before Python 3.13 it raises RuntimeError for a link that leads in a circle
        if not Path(os.path.realpath(target.parent)).is_relative_to(os.path.realpath(self.root)):
            raise PublishError(path, "a symbolic link leads out of the published folder; remove it")


def _encoded_file(target: Path, suffix: str) -> Path:
    return target.with_name(target.name + suffix)


def _replace(target: Path, body: bytes, modified: datetime | None, lasting: bool) -> bool:
    """Write `body` to `target`; False if it was there already. The bytes are on disk before they get the name."""
    if _holds(target, body):
        return False
    temporary = target.with_name(_TEMPORARY + secrets.token_hex(8))
    try:
        with temporary.open("xb") as file:
            file.write(body)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        if modified is not None:
            os.utime(temporary, (modified.timestamp(), modified.timestamp()))
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return True


def _holds(target: Path, body: bytes) -> bool:
    try:
        return not target.is_symlink() and target.stat().st_size == len(body) and target.read_bytes() == body
    except FileNotFoundError:
        return False


def _unlink(target: Path) -> bool:
    try:
        target.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _publish_error(target: Path, error: OSError) -> PublishError:
    words = _WORDS.get(error.errno or 0) or f"cannot be written: {error.strerror or error}"
    return PublishError(str(target), words)
