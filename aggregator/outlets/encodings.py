"""Compressed forms of a published file, made once per change and never for a request.

The names are those of HTTP's Content-Encoding; the suffixes those that nginx and Caddy look for next to a file.
"""

from __future__ import annotations

import gzip
import sys
from typing import cast

import brotli  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):  # pragma: no cover: Python has its own from 3.14 on
    from compression import zstd
else:  # pragma: no cover: up to Python 3.13
    from backports import zstd

SUFFIXES = {"gzip": ".gz", "br": ".br", "zstd": ".zst"}

_LEAST = 256
"""Bytes below which the headers weigh more than what compression saves."""
_GZIP_LEVEL = 6
_BROTLI_QUALITY = 5
"""Half the time of gzip 6 at the same size; 9 costs four times more for 3 % (measured on CJK feeds)."""
_ZSTD_LEVEL = 3
"""A tenth of the time of gzip 6, and smaller; Brotli is smaller still."""


def encode(body: bytes, *, only: str | None = None) -> dict[str, bytes]:
    """The encodings worth sending instead of `body`: gzip, br and zstd; {} for a short body.

    `only` makes that one alone, for files that are kept forever and seldom read. The same body gives the same bytes.
    An encoding that does not save a tenth is left out.
    """
    if len(body) < _LEAST:
        return {}
    makers = _MAKERS if only is None else {only: _MAKERS[only]}
    made = {name: make(body) for name, make in makers.items()}
    return {name: packed for name, packed in made.items() if len(packed) < len(body) * 0.9}


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def _brotli(body: bytes) -> bytes:
    return cast(bytes, brotli.compress(body, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY))


def _zstandard(body: bytes) -> bytes:
    return zstd.compress(body, _ZSTD_LEVEL)


_MAKERS = {"gzip": _gzip, "br": _brotli, "zstd": _zstandard}
