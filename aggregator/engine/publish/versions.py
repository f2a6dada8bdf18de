"""Versions of published files, and how far behind their readers are: for deltas and the window (rule W11)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Protocol

from aggregator.core.edition import KnownVersions, etag_of
from aggregator.core.formats_table import DOCUMENTS
from aggregator.core.model import OutputId
from aggregator.core.records import ArchiveFile, FileVersion, ReaderLag, RenditionRecord
from aggregator.core.select.window import SPAN
from aggregator.storage import OutputStore, ReaderStore

KEPT = timedelta(days=7)
"""How long a version is stored after it was replaced, and a reader after it was seen."""
STEP = timedelta(hours=12)
"""Windows grow by so much at a time, so that a reader a few minutes later does not change their bytes."""


class VersionStore(ReaderStore, OutputStore, Protocol):
    """What the history of versions reads and writes."""


class VersionHistory:
    """The versions of published files. Its methods block: to be called on the database thread."""

    def __init__(self, storage: VersionStore, *, clock: Callable[[], datetime]) -> None:
        self._storage = storage
        self._clock = clock

    def note(
        self, file: RenditionRecord | ArchiveFile, pieces: Sequence[bytes], before: bytes | None, change_seq: int
    ) -> KnownVersions | None:
        """Store a new version of a file; everything up to `change_seq` is in it.

        `pieces` are its body in parts; `before` is the earlier body, None if there was none. Returns its versions; None
        for a format whose versions are not stored.
        """
        info = DOCUMENTS.get(file.format)
        if info is None or not info.is_followed:
            return None
        last = self._storage.file_version(file.path)
        if last is None or last.etag != file.etag:
            stamp = last.stamp + 1 if last else 1
            known = _pieces(before, last.parts) if last and before is not None and etag_of(before) == last.etag else {}
            parts = tuple((len(piece), known.get(piece, stamp)) for piece in pieces)
            now = self._clock()
            state = FileVersion(
                path=file.path,
                etag=file.etag,
                stamp=stamp,
                change_seq=change_seq,
                since=now,
                parts=parts if info.has_deltas else (),
            )
            self._storage.put_file_version(state, forget=now - KEPT)
        return self.known_versions(file.path).get(file.path)

    def known_versions(self, path: str | None = None) -> dict[str, KnownVersions]:
        """The stored versions of every file, or of one, by path."""
        oldest = self._clock() - KEPT
        stamps: dict[str, dict[str, int]] = {}
        parts: dict[str, tuple[tuple[int, int], ...]] = {}
        for state in self._storage.file_versions(path):
            if state.until is None or state.until >= oldest:
                stamps.setdefault(state.path, {})[state.etag] = state.stamp
            if state.until is None:
                parts[state.path] = state.parts
        return {path: KnownVersions(stamps=stamps[path], parts=parts[path]) for path in parts}

    def span(self, output: OutputId) -> timedelta:
        """How far back the window of an output has to go for its slowest reader."""
        reader = self._storage.reader_lags().get(output)
        return _span(reader)

    def record_late_readers(self, late_readers: Mapping[str, Iterable[str]]) -> set[OutputId]:
        """Store how late readers came back; returns the outputs whose window changes by that.

        Readers that did not come for a week are deleted.
        """
        now = self._clock()
        before = self._storage.reader_lags()
        after = {o: r if now - r.seen <= KEPT else replace(r, seconds=0) for o, r in before.items()}
        for output, behind in self._late(late_readers, now).items():
            known = after.get(output)
            if known is None or behind >= known.seconds:
                after[output] = ReaderLag(output=output, seconds=behind, seen=now)
        changed = [reader for output, reader in after.items() if before.get(output) != reader]
        if changed:
            self._storage.put_reader_lags(changed)
        return {reader.output for reader in changed if _span(reader) != _span(before.get(reader.output))}

    def _late(self, late_readers: Mapping[str, Iterable[str]], now: datetime) -> dict[OutputId, int]:
        """Seconds since the end of the oldest version that a reader came back with, if the usual window is shorter."""
        if not late_readers:
            return {}
        outputs = {file.path: file.output for file in self._storage.renditions()}
        late: dict[OutputId, int] = {}
        for path, etags in late_readers.items():
            ends = {state.etag: state.until for state in self._storage.file_versions(path)}
            for end in (ends.get(etag) for etag in etags):
                if end is not None and path in outputs and SPAN < now - end <= KEPT:
                    seconds = int((now - end).total_seconds())
                    late[outputs[path]] = max(late.get(outputs[path], 0), seconds)
        return late


def _span(reader: ReaderLag | None) -> timedelta:
    if reader is None or timedelta(seconds=reader.seconds) <= SPAN:
        return SPAN
    return STEP * -(timedelta(seconds=-reader.seconds) // STEP)


def _pieces(body: bytes, parts: Sequence[tuple[int, int]]) -> dict[bytes, int]:
    """The pieces of an earlier body, each with the number of the version in which it first was as it is."""
    cuts = list(accumulate((length for length, _ in parts), initial=0))
    return {body[a:b]: stamp for (a, b), (_, stamp) in zip(pairwise(cuts), parts, strict=True)}
