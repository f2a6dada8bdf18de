"""The HTTP clients of a process, and one GET over one of them, repeated after some errors of the connection.

httpx's pool walks over all its connections for every request, so one client for all is slow: each fetch borrows a
client of its own, if possible the one that was used for the host last. A client is a transport: what httpx's own client
would add (cookies, redirects, proxies, credentials) must not happen here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

import httpx

from aggregator.sources.address import Address
from aggregator.sources.guard import Guard
from aggregator.sources.inflate import TooLarge
from aggregator.sources.responses import HttpResponse, read_headers
from aggregator.sources.transport import GuardedTransport, RequestTrace

MAX_HTTP1_HOSTS = 1000
"""Hosts that are remembered for having broken HTTP/2."""
MAX_SKIPPED = 64 * 1024
"""Bytes of a body that is not wanted, read so that the connection can be used again."""
MAX_SMALL_CHUNKS = 4096
SMALL_CHUNK = 32
"""Bytes. Each chunk costs time, however short: a body in chunks of one byte would keep the loop busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Of one fetch; seconds and bytes (rules P16 and P17)."""

    connect: float = 10.0
    between_bytes: float = 30.0
    total: float = 60.0
    max_bytes: int = 16 * 1024 * 1024
    max_ratio: int = 100
    redirects: int = 5
    without_http2: float = 24 * 3600.0
    """How long HTTP/1.1 is used for a host after HTTP/2 failed there (rule P21)."""


class Client:
    """One transport for HTTP/2 and, once needed, one for HTTP/1.1 only. Used by one fetch at a time."""

    def __init__(self, *, guard: Guard, tls: ssl.SSLContext, fixed: httpx.AsyncBaseTransport | None) -> None:
        self.host: str | None = None
        """The host of its last request; None before the first."""
        self._guard = guard
        self._tls = tls
        self._fixed = fixed
        self._made: dict[bool, GuardedTransport] = {}

    def transport(self, *, http2: bool) -> httpx.AsyncBaseTransport:
        """The transport for HTTP/2, or for HTTP/1.1 alone; made at the first use."""
        if self._fixed is not None:
            return self._fixed
        if http2 not in self._made:
            self._made[http2] = GuardedTransport(guard=self._guard, tls=self._tls, http2=http2)
        return self._made[http2]

    async def discard(self) -> None:
        """Close all connections; the next request makes new ones."""
        made, self._made = list(self._made.values()), {}
        for transport in made:
            with suppress(httpx.HTTPError):  # a connection that broke may also break while it is closed
                await transport.aclose()


class Clients:
    """`count` clients; a fetch that finds none free waits."""

    def __init__(
        self,
        *,
        count: int,
        guard: Guard,
        tls: ssl.SSLContext,
        limits: FetchLimits,
        http2: bool,
        fixed: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._limits = limits
        self._http2 = http2
        self._fixed = fixed
        self._free = asyncio.Semaphore(count)
        self._idle = [Client(guard=guard, tls=tls, fixed=fixed) for _ in range(count)]
        self._without_http2: dict[str, float] = {}

    async def aclose(self) -> None:
        """Close all connections. Fetches that are under way lose theirs when they end."""
        for client in self._idle:
            await client.discard()
        if self._fixed is not None:
            await self._fixed.aclose()

    @asynccontextmanager
    async def borrow(self, host: str) -> AsyncIterator[Client]:
        """A client for the caller alone: the one last used for the host, else the one idle for longest."""
        async with self._free:
            client = next((client for client in self._idle if client.host == host), self._idle[0])
            self._idle.remove(client)
            try:
                yield client
            except BaseException:
                # A body that is not read to its end leaves HTTP/2 windows and the pool occupied; failures are rare
                # enough to begin with new connections after each.
                await client.discard()
                raise
            finally:
                self._idle.append(client)

    async def ask(
        self, client: Client, address: Address, headers: Mapping[str, str], *, max_bytes: int
    ) -> HttpResponse:
        """One GET. Raises `transport.NETWORK_ERRORS`, `BadHeader` and `TooLarge`.

        It is sent again where an idle connection turned out to be closed, and over HTTP/1.1 where HTTP/2 failed.
        """
        client.host = address.host
        retried: set[str] = set()
        while True:
            trace = RequestTrace()
            # what failed over HTTP/2 is repeated over HTTP/1.1, however short the time the host is remembered for
            transport = client.transport(http2="http2" not in retried and self._may_use_http2(address.host))
            try:
                return await self._send(transport, address, headers, trace, max_bytes)
            except (httpx.NetworkError, httpx.ProtocolError) as error:
                retry = _retry_reason(error, trace)
                if retry is None or retry in retried:
                    raise
                retried.add(retry)
            if retry == "http2":
                self._forbid_http2(address.host)
            await client.discard()

    async def _send(
        self,
        transport: httpx.AsyncBaseTransport,
        address: Address,
        headers: Mapping[str, str],
        trace: RequestTrace,
        max_bytes: int,
    ) -> HttpResponse:
        limits = self._limits
        timeout = httpx.Timeout(limits.between_bytes, connect=limits.connect, pool=limits.connect)
        request = httpx.Request(
            "GET",
            address.url,
            headers=[(name.encode("latin-1", "replace"), _header_bytes(value)) for name, value in headers.items()],
            extensions={"timeout": timeout.as_dict(), "trace": trace},
        )
        response = await transport.handle_async_request(request)
        try:
            result = HttpResponse(
                address=address, status=response.status_code, headers=read_headers(response.headers.raw)
            )
            if 200 <= result.status < 300:
                return replace(result, raw=await _read(response, max_bytes))
            if 300 <= result.status < 400:
                await _skip(response)
            return result
        finally:
            await response.aclose()

    def _may_use_http2(self, host: str) -> bool:
        return self._http2 and self._without_http2.get(host, 0.0) <= asyncio.get_running_loop().time()

    def _forbid_http2(self, host: str) -> None:
        if len(self._without_http2) >= MAX_HTTP1_HOSTS:  # pragma: no cover: takes a thousand TLS servers to get here
            del self._without_http2[next(iter(self._without_http2))]
        self._without_http2[host] = asyncio.get_running_loop().time() + self._limits.without_http2


def _retry_reason(error: httpx.TransportError, trace: RequestTrace) -> str | None:
    """Why a failed request may be sent again at once: "stale" or "http2"; None: it may not."""
    if trace.began and not trace.connected and not trace.answered:
        return "stale"
    if trace.http2 and isinstance(error, httpx.ProtocolError):
        return "http2"
    return None


def _header_bytes(value: str) -> bytes:
    """Validators came as latin-1 and are sent so; what a person wrote may hold other characters."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    """The body as it came over the wire; raises `TooLarge` as soon as it is certain."""
    declared = response.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and len(declared) > 15:
        raise TooLarge(f"more than {max_bytes} bytes")
    if declared.isascii() and declared.isdigit() and int(declared) > max_bytes:
        raise TooLarge(f"{declared} bytes, of which {max_bytes} are allowed")
    raw = bytearray()
    pieces = 0
    async with _pieces(response) as stream:
        async for piece in stream:
            raw += piece
            pieces += 1
            if len(raw) > max_bytes:
                raise TooLarge(f"more than {max_bytes} bytes")
            if pieces > MAX_SMALL_CHUNKS and len(raw) < pieces * SMALL_CHUNK:
                raise TooLarge("it comes in chunks of a few bytes, which cost more to read than they bring")
    return bytes(raw)


async def _skip(response: httpx.Response) -> None:
    unread = MAX_SKIPPED
    async with _pieces(response) as stream:
        async for piece in stream:
            unread -= len(piece) + 1
            if unread < 0:
                return


@asynccontextmanager
async def _pieces(response: httpx.Response) -> AsyncIterator[AsyncIterator[bytes]]:
    """The raw pieces; not `aiter_raw`, which refuses a response that a test has given whole."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    stream = aiter(response.stream)
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):  # pragma: no branch: every stream that is used is one
            await stream.aclose()
