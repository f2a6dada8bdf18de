"""A raw-socket server whose answers are scripted byte by byte, and short ways to fetch from it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx
import pytest

from aggregator.core.document import Document, NotModified, Validators
from aggregator.core.errors import FetchError
from aggregator.sources import FetchRequest
from aggregator.sources.clients import FetchLimits
from aggregator.sources.guard import Guard
from aggregator.sources.http import HttpSource

NOW = datetime(2022, 5, 16, 12, 0, tzinfo=UTC)
AGENT = "feed-aggregator/0.1 (+https://feeds.example.org; 3 subscribers)"
TLS = httpx.create_ssl_context()
QUICK = FetchLimits(connect=1.0, between_bytes=0.5, total=1.0)


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def answer(self, status: str, body: bytes = b"", **headers: str) -> None:
        """A well-formed answer; underscores in header names stand for hyphens."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def drip(self, data: bytes, *, pause: float) -> None:
        for byte in data:
            self.send(bytes([byte]))
            time.sleep(pause)

    def hold(self, seconds: float) -> None:
        time.sleep(seconds)


class Request:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        line, *lines = raw.decode("latin-1").split("\r\n")
        self.target = line.split(" ")[1]
        self.headers = {name.lower(): value for name, _, value in (text.partition(": ") for text in lines if text)}


Script = Callable[[Peer, Request], bool | None]
"""Answers one request; the connection stays open only if it returns True."""


class RawServer:
    """Serves one script on a free port of this machine; `requests` are those received so far."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.script: Script = lambda peer, _request: peer.answer("200 OK", b"<rss/>")
        self.requests: list[Request] = []
        self.connections = 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            peer, kept, buffer = Peer(connection), True, b""
            while kept:
                while b"\r\n\r\n" not in buffer:
                    data = connection.recv(65536)
                    if not data:
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                request = Request(head)
                self.requests.append(request)
                kept = bool(self.script(peer, request))
        except OSError:
            pass  # the client gave up, which many tests are about
        finally:
            connection.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        for connection in self._open:
            if connection.fileno() >= 0:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        for thread in self._threads:
            thread.join(timeout=3)


def asking(address: str, **known: object) -> FetchRequest:
    return FetchRequest(address=address, **({"now": NOW} | known))  # type: ignore[arg-type]


def fetch(
    request: FetchRequest | str,
    *,
    allow: tuple[str, ...] = (),
    limits: FetchLimits = QUICK,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Document | NotModified:
    """One fetch with a source of its own."""

    async def run() -> Document | NotModified:
        guard = Guard(allow)
        async with HttpSource(
            user_agent=AGENT, guard=guard, limits=limits, tls=TLS, workers=2, transport=transport
        ) as source:
            return await source.fetch(request if isinstance(request, FetchRequest) else asking(request))

    return asyncio.run(run())


def fetch_from(
    server: RawServer, path: str = "/feed", limits: FetchLimits = QUICK, **known: object
) -> Document | NotModified:
    return fetch(asking(server.url(path), **known), allow=(f"127.0.0.1:{server.port}",), limits=limits)


def failure(call: Callable[[], object]) -> FetchError:
    with pytest.raises(FetchError) as caught:
        call()
    return caught.value


def mocked(answers: Mapping[str, httpx.Response] | Callable[[httpx.Request], httpx.Response]) -> httpx.MockTransport:
    """A transport that answers by address, or by a function."""
    return httpx.MockTransport(answers if callable(answers) else lambda request: answers[str(request.url)])


def known(url: str, etag: str | None = '"v1"', last_modified: str | None = None) -> dict[str, object]:
    """What a request says after a first visit."""
    return {"validators": Validators(url=url, etag=etag, last_modified=last_modified), "body_hash": "0" * 64}
