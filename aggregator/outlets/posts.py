"""A folder of posts in a blog: only files that this program wrote, and nobody has edited since, are changed.

`JOURNAL` in the folder has the name of every post, since a name is fixed at the first write (rule W16), and hashes of
what was written into it. It is appended to before a file is written, so that no file is unknown after a crash. A file
that somebody has edited or deleted is left as it is from then on. Without the journal, posts are recognised by the id
in their front matter, so that none is written twice.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from aggregator.core.errors import PublishError
from aggregator.outlets.disk import DiskOutlet

JOURNAL = ".feed-aggregator.jsonl"
"""Hidden: Hexo, Jekyll and Hugo ignore names that begin with a dot."""

_OUR_NAME = re.compile(r"\d{4}-\d\d-\d\d-[0-9a-f]{8}[-.].*")
_OUR_ID = re.compile(rb'\norigin:\n  id: ("(?:[^"\\\n]|\\.)*")\n')
_SPARE_LINES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """A post to be written. `name` is used unless it has one already; `members` are the `seq` of its entries."""

    id: str
    name: str
    body: bytes
    members: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRecord:
    """What the journal says of a post."""

    name: str
    digest: str
    """Of the bytes that we wrote last, or were about to write."""
    members: tuple[int, ...] = ()
    before: tuple[str, ...] = ()
    """Digests of what was written before, while it is not certain that the last write took place."""
    is_settled: bool = False
    """It is certain that the file was written: if it is gone, somebody removed it."""


class PostFolder:
    """The posts of one output. Blocking; all methods raise PublishError for errors of the disk."""

    def __init__(self, root: Path, *, inside: Path | None = None) -> None:
        """`inside` is the folder that must be there already: a blog that is not mounted is not created."""
        self._root = root
        self._inside = inside
        self._outlet = DiskOutlet(root)
        self._names: set[str] = set()
        self._read_at: object = None
        self._reset()

    def _reset(self) -> None:
        """Set the state of before `open`."""
        self.posts: dict[str, PostRecord] = {}
        self.owners: dict[int, str] = {}
        """Entry -> the id of the post that it is part of."""
        self.definition: str | None = None
        """The definition that the folder was last complete for; None: it never was."""
        self.change_seq = 0
        """The change number (`StoredEntry.change_seq`) up to which it was."""
        self._unsettled: set[str] = set()
        self._done: set[str] = set()
        """Written or judged since `open`."""

    def exists(self) -> bool:
        """Whether it was ever written to."""
        return (self._root / JOURNAL).exists()

    def open(self) -> None:
        """Read the journal, or read it again if another process has changed it since."""
        if self._inside is not None and not self._inside.is_dir():
            raise PublishError(str(self._inside), "there is no such folder; make it, or correct `posts` in feeds.toml")
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            self._names = {name.casefold() for name in os.listdir(self._root)}
        except OSError as error:
            raise PublishError(str(self._root), f"cannot be used: {error.strerror}") from error
        self._done.clear()
        if self._read_at is None or self._read_at != self._stamp():
            self._reset()
            self._read()
            self._read_at = self._stamp()

    def _read(self) -> None:
        self._outlet.sweep()
        journal = self._outlet.read(JOURNAL)
        if journal is None:
            self._append([["post", id_, name, digest, []] for id_, name, digest in self._posts_without_journal()])
            return
        lines = journal.splitlines()
        for line in lines:
            self._apply_line(line)
        is_cut = bool(journal) and not journal.endswith(b"\n")  # by a crash
        if is_cut or len(lines) > 2 * len(self.posts) + _SPARE_LINES:
            self._outlet.write(JOURNAL, b"".join(self._shortest_journal()), {})

    def _stamp(self) -> object:
        """What changes with the journal; None if there is none."""
        try:
            found = (self._root / JOURNAL).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def put(self, drafts: Sequence[NewPost]) -> int:
        """Write these posts; returns how many files changed."""
        changed = [draft for draft in drafts if not self._is_there(draft)]
        before = {draft.id: self.posts.get(draft.id) for draft in changed}
        self._append([self._journal_entry(draft) for draft in changed])
        count = 0
        for draft in changed:
            count += self._write(draft, before[draft.id])
            self._done.add(draft.id)
        return count

    def drop(self, ids: Collection[str]) -> int:
        """Remove the posts with these ids; returns how many files were removed."""
        known = [id_ for id_ in ids if id_ in self.posts]
        removed = 0
        for id_ in known:
            kept = self.posts[id_]
            if self._is_ours(kept.name, kept):
                self._outlet.remove(kept.name)
                self._names.discard(kept.name.casefold())
                removed += 1
        self._append([["gone", id_] for id_ in known])
        return removed

    def complete(self, definition: str, change_seq: int) -> None:
        """Record that the folder is complete up to `change_seq` for `definition`."""
        if (definition, change_seq) != (self.definition, self.change_seq) or self._unsettled:
            self._append([["complete", definition, change_seq]])

    def _posts_without_journal(self) -> Iterator[tuple[str, str, str]]:
        """(id, name, digest) of posts of this program, by their front matter; for a folder without a journal."""
        for path in sorted(self._root.iterdir()):
            body = self._outlet.read(path.name) if _OUR_NAME.fullmatch(path.name) else None
            id_ = _id_in(body) if body else None
            if body and id_:
                yield id_, path.name, _digest(body)

    def _is_there(self, draft: NewPost) -> bool:
        kept = self.posts.get(draft.id)
        if kept is None or (draft.id in self._unsettled and draft.id not in self._done):
            return False
        return kept.digest == _digest(draft.body) and kept.members == draft.members

    def _journal_entry(self, draft: NewPost) -> list[Any]:
        kept = self.posts.get(draft.id)
        name = kept.name if kept else self._free_name(draft.name)
        return ["post", draft.id, name, _digest(draft.body), list(draft.members)]

    def _free_name(self, wanted: str) -> str:
        path, number = PurePosixPath(wanted), 1
        name = wanted
        while name.casefold() in self._names:
            number += 1
            name = f"{path.stem}-{number}{path.suffix}"
        self._names.add(name.casefold())
        return name

    def _write(self, draft: NewPost, before: PostRecord | None) -> bool:
        """Write a post that is in the journal, unless somebody has edited or removed its file; True if it changed."""
        kept = self.posts[draft.id]
        if before is not None and not self._is_ours(kept.name, kept) and (before.is_settled or self._exists(kept.name)):
            return False
        return self._outlet.write(kept.name, draft.body, {})

    def _is_ours(self, name: str, kept: PostRecord) -> bool:
        body = self._outlet.read(name)
        return body is not None and _digest(body) in (kept.digest, *kept.before)

    def _exists(self, name: str) -> bool:
        return self._outlet.read(name) is not None

    def _append(self, lines: Iterable[Sequence[Any]]) -> None:
        """Add to the journal and apply the lines; they are on disk when this returns."""
        written = [_line(line) for line in lines]
        if not written:
            return
        is_alone = self._read_at is None or self._read_at == self._stamp()
        try:
            with (self._root / JOURNAL).open("ab") as file:
                file.write(b"".join(written))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            words = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
            raise PublishError(str(self._root / JOURNAL), f"cannot be written: {words}") from error
        for line in written:
            self._apply_line(line)
        self._read_at = self._stamp() if is_alone else None

    def _apply_line(self, line: bytes) -> None:
        """Apply a line of the journal to the state; one that a crash cut short is ignored."""
        try:
            match json.loads(line):
                case ["post", str(id_), str(name), str(digest), list(members)]:
                    self._add_record(id_, PostRecord(name=name, digest=digest, members=tuple(members)))
                case ["gone", str(id_)]:
                    self._release_members(self.posts.pop(id_, None))
                    self._unsettled.discard(id_)
                case ["complete", str(definition), int(change_seq)]:
                    self.definition, self.change_seq = definition, change_seq
                    self._settle_all()
        except ValueError:
            return

    def _add_record(self, id_: str, kept: PostRecord) -> None:
        before = self.posts.get(id_)
        if before is not None:
            self._release_members(before)
            earlier = dict.fromkeys((*before.before, before.digest))
            kept = replace(kept, before=tuple(earlier), is_settled=before.is_settled)
        self.posts[id_] = kept
        self.owners.update(dict.fromkeys(kept.members, id_))
        self._names.add(kept.name.casefold())
        self._unsettled.add(id_)

    def _release_members(self, kept: PostRecord | None) -> None:
        for member in kept.members if kept else ():
            self.owners.pop(member, None)

    def _settle_all(self) -> None:
        for id_ in self._unsettled:
            self.posts[id_] = replace(self.posts[id_], before=(), is_settled=True)
        self._unsettled.clear()

    def _shortest_journal(self) -> Iterator[bytes]:
        """The lines of a journal in its shortest form: completed posts, then those that are not settled."""
        pending: list[bytes] = []
        for id_, kept in self.posts.items():
            digests = (*kept.before, kept.digest)
            lines = [_line(["post", id_, kept.name, digest, list(kept.members)]) for digest in digests]
            if kept.is_settled:
                yield lines.pop(0)
            pending += lines
        if self.definition is not None:
            yield _line(["complete", self.definition, self.change_seq])
        yield from pending


def _id_in(post: bytes) -> str | None:
    """The id in the front matter of a post of ours; None if it is none."""
    found = _OUR_ID.search(post)
    try:
        return str(json.loads(found[1])) if found else None
    except ValueError:
        return None


def _line(value: Sequence[Any]) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
