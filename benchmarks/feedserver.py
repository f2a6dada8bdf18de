"""A small server of feed documents on the loopback: ETag, Last-Modified, 304, keep-alive; nothing else.

    python benchmarks/feedserver.py FOLDER

prints the port it listens on and serves the files of FOLDER until it is ended. FOLDER may be a link that is turned to
another folder meanwhile.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

_NAME = re.compile(rb"GET /([A-Za-z0-9]+\.xml) HTTP/1\.1\r\n")
_CONDITION = re.compile(rb"\r\nif-none-match: *([^\r\n]+)", re.IGNORECASE)


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """The port of a server in a process of its own, which ends with the block."""
    process = subprocess.Popen([sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


class _Connection(asyncio.Protocol):
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            request, self._received = self._received[: end + 2], self._received[end + 4 :]
            self._transport.write(_answer(self._folder, request))


def _answer(folder: Path, request: bytes) -> bytes:
    name = _NAME.match(request)
    file = folder / name[1].decode() if name else folder
    if not file.is_file():
        return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
    state = file.stat()
    etag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'.encode()
    validators = b"etag: " + etag + b"\r\nlast-modified: " + formatdate(state.st_mtime, usegmt=True).encode()
    condition = _CONDITION.search(request)
    if condition and condition[1].strip() == etag:
        return b"HTTP/1.1 304 Not Modified\r\n" + validators + b"\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: %d\r\n" % state.st_size
    return head + validators + b"\r\n\r\n" + file.read_bytes()


async def _serve(folder: Path) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(folder), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
