"""Pages of single stories: read from disk at each request, since there are as many as entries.

The last `_CACHE_SIZE` are cached; each request checks whether the file has changed.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from email.utils import formatdate
from pathlib import Path

from aggregator.core.edition import etag_of
from aggregator.outlets.encodings import encode
from aggregator.server.catalogue import Resource, make_resource

_PATH = re.compile(r"/(e/[0-9a-f]{16}\.html)", re.ASCII)
_CACHE_SIZE = 64
_CONTROL = b"public, max-age=300"
"""Short, so that a deleted story is gone soon."""


class EntryPages:
    """The files below `e/` in the published folder `root`; None: there are none. May be used by several threads."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._cached: OrderedDict[str, tuple[tuple[int, int], Resource]] = OrderedDict()

    def holds(self, path: str) -> bool:
        """Whether a request path may be that of a story page, so that `find` has to be called."""
        return self._root is not None and _PATH.fullmatch(path) is not None

    def find(self, path: str) -> Resource | None:
        """The page at a path that `holds` allows; None if there is none that can be read. Blocks on the disk."""
        match = _PATH.fullmatch(path)
        assert match is not None
        assert self._root is not None
        try:
            with (self._root / match[1]).open("rb") as file:
                state = os.fstat(file.fileno())
                stamp = state.st_mtime_ns, state.st_size
                cached = self._cached.get(path)
                if cached is not None and cached[0] == stamp:
                    return cached[1]
                body = file.read()
        except OSError:
            self._cached.pop(path, None)
            return None
        if not body:
            return None  # a power failure: it is made again when its story is next published
        made = _resource(body, int(state.st_mtime))
        self._cached[path] = stamp, made
        while len(self._cached) > _CACHE_SIZE:
            self._cached.popitem(last=False)
        return made


def _resource(body: bytes, modified: int) -> Resource:
    return make_resource(
        body,
        encode(body),
        media_type="text/html; charset=utf-8",
        etag=etag_of(body),
        control=_CONTROL,
        modified=(modified, formatdate(modified, usegmt=True)),
    )
