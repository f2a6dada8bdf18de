"""Content codings decoded under a limit, without ever holding more than the limit (rule P17).

httpx's own decoders inflate a whole chunk before anyone can look: 190 kB of gzip became 67 MB in one piece. Here each
step gives at most `STEP` bytes and is counted before the next one.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Generator, Iterator

import brotli  # type: ignore[import-untyped]  # the package has no stubs

if sys.version_info >= (3, 14):  # pragma: no cover: one of the two, by the version of Python
    from compression import zstd
else:  # pragma: no cover: one of the two, by the version of Python
    from backports import zstd

STEP = 64 * 1024
RATIO_FLOOR = 256 * 1024
"""Bodies below this size may have any ratio."""
MAX_MEMBERS = 1024
"""Of one gzip body; each costs a new decoder, and an honest body has one."""

_GZIP_MAGIC = b"\x1f\x8b"
_MARKUP = (b"<", b"{", b"[", b"-", b"\xef\xbb\xbf")
_UNREADABLE = frozenset({"compress", "x-compress", "exi", "pack200-gzip", "aes128gcm", "dcb", "dcz"})
"""Registered codings that cannot be undone here. Other unknown words are taken for slips (`utf-8`, `none`)."""


class BadEncoding(Exception):
    """The body cannot be decoded, or ends early."""


class TooLarge(Exception):
    """The decoded body passes the cap, or the ratio."""


def inflate(raw: bytes, coding: str | None, *, max_bytes: int, max_ratio: int = 100) -> bytes:
    """The body without its content coding. `coding` is the header's value, None if there was none.

    A gzip body needs no header, and a header without a coded body is passed over. Raises `BadEncoding`, `TooLarge`.
    """
    decode = _decoder(raw, coding)
    if decode is None:
        if len(raw) > max_bytes:
            raise TooLarge(f"more than {max_bytes} bytes")
        return raw
    try:
        body = _collect(decode(raw), len(raw), max_bytes, max_ratio)
    except BadEncoding:
        if _looks_plain(raw):
            return raw
        raise
    if body.startswith(_GZIP_MAGIC):
        raise BadEncoding("the body is compressed twice")
    return body


def accepted() -> str:
    """The value for Accept-Encoding: what can be undone here, and nothing else."""
    return "gzip, deflate, br, zstd"


Decode = Callable[[bytes], Iterator[bytes]]


def _decoder(raw: bytes, coding: str | None) -> Decode | None:
    """None: the body is to be taken as it is."""
    names = [name.strip().lower() for name in (coding or "").split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if len(names) > 1:
        raise BadEncoding(f"the body has {len(names)} content codings, one over the other")
    name = names[0] if names else ""
    if not raw:
        return None
    if name in _DECODERS:
        return _DECODERS[name]
    if name in _UNREADABLE:
        raise BadEncoding(f"the content coding {name} was not asked for and cannot be undone")
    return _gunzip if raw.startswith(_GZIP_MAGIC) else None


def _collect(pieces: Iterator[bytes], raw_size: int, max_bytes: int, max_ratio: int) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > max_bytes:
            raise TooLarge(f"more than {max_bytes} bytes once decompressed")
        if len(body) > RATIO_FLOOR and len(body) > max_ratio * raw_size:
            raise TooLarge(f"it decompresses to more than {max_ratio} times its size")
    return bytes(body)


def _looks_plain(raw: bytes) -> bool:
    """Whether a body that was said to be compressed is plain text after all."""
    head = raw[:64].lstrip()
    return head.startswith(_MARKUP) and not any(byte < 32 and byte not in b"\t\r\n\f" for byte in head)


def _gunzip(raw: bytes) -> Iterator[bytes]:
    if not raw.startswith(_GZIP_MAGIC):
        yield from _plain(raw)
        return
    start = 0
    for _ in range(MAX_MEMBERS):
        start = yield from _zlib_stream(raw, start, wbits=31)
        if raw[start : start + 2] != _GZIP_MAGIC:  # padding and junk after the last member are common and harmless
            return
    raise BadEncoding(f"the gzip body has more than {MAX_MEMBERS} members")


def _plain(raw: bytes) -> Iterator[bytes]:
    for start in range(0, len(raw), STEP):
        yield raw[start : start + STEP]


def _undeflate(raw: bytes) -> Iterator[bytes]:
    """RFC 9110 means the zlib form; some servers send the bare one."""
    is_zlib = len(raw) > 1 and raw[0] & 0x0F == 8 and (raw[0] << 8 | raw[1]) % 31 == 0
    yield from _zlib_stream(raw, 0, wbits=15 if is_zlib else -15)


def _zlib_stream(raw: bytes, start: int, *, wbits: int) -> Generator[bytes, None, int]:
    """Generator of the decoded pieces; its return value is where the stream ends in `raw`."""
    decoder = zlib.decompressobj(wbits)
    view = memoryview(raw)
    while start < len(raw):
        chunk: bytes | memoryview = view[start : start + STEP]
        start += len(chunk)
        while True:
            try:
                piece = decoder.decompress(chunk, STEP)
            except zlib.error as error:
                raise BadEncoding("the compressed body is damaged") from error
            yield piece
            if decoder.eof:
                return start - len(decoder.unused_data)
            chunk = decoder.unconsumed_tail
            if not chunk and len(piece) < STEP:
                break
    raise BadEncoding("the compressed body is cut off")


def _unbrotli(raw: bytes) -> Iterator[bytes]:
    decoder = brotli.Decompressor()
    try:
        for start in range(0, len(raw), STEP):
            piece = decoder.process(raw[start : start + STEP], output_buffer_limit=STEP)
            yield piece
            # `can_accept_more_data` is True even while output waits, so only an empty piece tells that none does.
            while not decoder.is_finished() and (piece or not decoder.can_accept_more_data()):
                piece = decoder.process(b"", output_buffer_limit=STEP)
                yield piece
    except brotli.error as error:
        raise BadEncoding("the compressed body is damaged") from error
    if not decoder.is_finished():
        raise BadEncoding("the compressed body is cut off")


def _unzstd(raw: bytes) -> Iterator[bytes]:
    # RFC 9659: a window of at most 8 MiB, so that a frame cannot ask for gigabytes.
    decoder = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 23})
    try:
        for start in range(0, len(raw), STEP):
            yield decoder.decompress(raw[start : start + STEP], STEP)
            while not (decoder.eof or decoder.needs_input):
                yield decoder.decompress(b"", STEP)
            if decoder.eof:
                return
    except zstd.ZstdError as error:
        raise BadEncoding("the compressed body is damaged") from error
    raise BadEncoding("the compressed body is cut off")


_DECODERS: dict[str, Decode] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
