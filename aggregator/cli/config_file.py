"""feeds.toml for the commands that edit it: read once, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aggregator.core.config.edit import NewSource, add_sources
from aggregator.core.config.read import read_config
from aggregator.core.config.tables import Config
from aggregator.core.config.text import read_toml
from aggregator.core.errors import ConfigError, Problem
from aggregator.core.urls.urls import link_key

_ANY_SOURCE = b'\n[[source]]\nid = "any"\nurl = "http://localhost/"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """feeds.toml as it was found. A missing file is an empty one."""

    path: Path
    body: bytes
    config: Config
    """What it says; of a file without any source, all but that."""

    @staticmethod
    def key(url: str) -> str:
        """The key by which two addresses are compared (rule I6)."""
        return link_key(url) or url

    def sources_by_key(self) -> dict[str, str]:
        """The id of each source with an address, by the `key` of the address."""
        polled = [source for source in self.config.sources if not source.kind.is_local]
        return {self.key(source.address): source.id for source in reversed(polled)}

    def source_with(self, url: str) -> str | None:
        """The id of the source that has this address; None if none has."""
        return self.sources_by_key().get(self.key(url))

    def with_sources(self, sources: Sequence[NewSource]) -> bytes:
        """Its bytes with these sources added. Raises ConfigError if the result is not a valid configuration."""
        made = add_sources(self.body.decode(), sources, file=str(self.path)).encode()
        read_config(made, file=str(self.path))
        return made

    def write(self, body: bytes) -> None:
        """Replace its contents with `body`, all or nothing. Permissions stay; a symbolic link is followed.

        Raises ConfigError if the file is not as it was found any more, or cannot be written.
        """
        target = self.path.resolve()
        try:
            with _temporary_in_folder_of(target) as temporary:
                temporary.write_bytes(body)
                _copy_owner_and_mode(temporary, target)
                if _bytes(target) != self.body:
                    raise _problem(self.path, "it was changed meanwhile, so nothing was written; try again")
                temporary.replace(target)
        except OSError as error:
            raise _problem(self.path, f"it cannot be written: {error.strerror or error}") from error


def open_config(path: Path) -> ConfigFile:
    """Read feeds.toml to edit it. Raises ConfigError if it is not valid: only valid files are edited."""
    try:
        body = _bytes(path)
    except OSError as error:
        raise _problem(path, f"it cannot be read: {error.strerror}") from error
    _, table, _ = read_toml(body)
    if table is not None and "source" not in table:
        config = read_config(body + _ANY_SOURCE, file=str(path)).model_copy(update={"sources": ()})
    else:
        config = read_config(body, file=str(path))
    return ConfigFile(path=path, body=body, config=config)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _problem(path: Path, message: str) -> ConfigError:
    return ConfigError(str(path), [Problem(message=message)])


@contextmanager
def _temporary_in_folder_of(target: Path) -> Iterator[Path]:
    """A new file in the same folder, gone at the end unless it was renamed."""
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    os.close(number)
    try:
        yield Path(name)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _copy_owner_and_mode(temporary: Path, target: Path) -> None:
    """Owner and permissions of the file that is replaced; those of any new file if there is none."""
    try:
        known = target.stat()
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        return
    with suppress(OSError):  # only root may give files away
        os.chown(temporary, known.st_uid, known.st_gid)
    temporary.chmod(known.st_mode & 0o7777)
