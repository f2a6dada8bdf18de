"""httpx over a connection pool that calls the guard before it connects, and httpx's exceptions in words.

Only public parts of httpx and httpcore are used: httpx's own transport takes no network backend, so this wraps the
httpcore pool, which does.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import ssl
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import httpcore
import httpx

from aggregator.core.errors import Reason
from aggregator.sources.guard import Guard, RefusedAddress, Unresolved

if importlib.util.find_spec("sniffio") is None:  # pragma: no cover: by what is installed
    # httpcore tries to import this option of its for every lock it makes, and where it is not installed each try
    # searches the whole path: a third of the time of a request. None is Python's word for "known to be absent".
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

MAX_CONNECTIONS = 8
"""Of one client: a chain of five redirects has six origins at most."""
MAX_IDLE = 2
"""httpx's pool gets slower with each connection it keeps."""
IDLE_SECONDS = 30.0


class GuardedTransport(httpx.AsyncBaseTransport):
    """Raises `RefusedAddress`, `Unresolved` and httpx's transport errors, whatever the other side sends."""

    def __init__(self, *, guard: Guard, tls: ssl.SSLContext, http2: bool) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE,
            keepalive_expiry=IDLE_SECONDS,
            http2=http2,
            network_backend=_GuardedBackend(guard),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx. Raises `RefusedAddress`, `Unresolved` and `httpx.TransportError`."""
        assert isinstance(request.stream, httpx.AsyncByteStream)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _httpx_errors():
            answer = await self._pool.handle_async_request(asked)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_ResponseStream(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        with _httpx_errors():
            await self._pool.aclose()


class _ResponseStream(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            async with aclosing(aiter(self._stream)) as pieces:
                async for piece in pieces:
                    yield piece

    async def aclose(self) -> None:
        with _httpx_errors():
            await self._stream.aclose()


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that the guard has checked; the TLS name and Host stay the name."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._guard.addresses(host, port)
        except TimeoutError as error:
            raise Unresolved("the name server did not answer in time") from error
        while True:
            # Each address gets an even share of the time that is left, so that a silent one cannot take all of it.
            share = None if deadline is None else max(0.0, deadline - loop.time()) / len(addresses)
            try:
                arguments = (addresses.pop(0), port, share, local_address, socket_options)
                return _Stream(await self._network.connect_tcp(*arguments))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed also where the TLS handshake is cancelled; httpcore's own is left open then."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class RequestTrace:
    """What httpcore did for one request, by the events of its `trace` extension."""

    def __init__(self) -> None:
        self.began = False
        self.connected = False
        """A connection was made for it; otherwise an idle one was used again."""
        self.answered = False
        """The answer's headers had come."""
        self.http2 = False

    async def __call__(self, event: str, info: dict[str, Any]) -> None:  # noqa: ARG002 - httpcore's signature
        self.began = True
        if event == "connection.connect_tcp.started":
            self.connected = True
        elif event.endswith(".receive_response_headers.complete"):
            self.answered = True
        if event.startswith("http2."):
            self.http2 = True


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """Turn all that comes out of httpcore and the packages below it into httpx's exceptions.

    httpcore does not wrap all exceptions of h2, hpack and the standard library that a server's violation of the
    protocol causes (a status of `abc` over HTTP/2 is a ValueError). They are errors of the source, no bugs.
    """
    try:
        yield
    except (RefusedAddress, Unresolved, httpx.HTTPError, MemoryError):
        raise
    except Exception as error:
        raise _httpx_class(error)(str(error)) from error


def _httpx_class(error: Exception) -> type[httpx.TransportError]:
    for base in type(error).__mro__:
        same_name = getattr(httpx, base.__name__, None) if base.__module__.startswith("httpcore") else None
        if isinstance(same_name, type) and issubclass(same_name, httpx.TransportError):
            return same_name
    return httpx.ReadError if isinstance(error, OSError) else httpx.RemoteProtocolError


_REASONS: dict[type[Exception], tuple[Reason, str]] = {
    RefusedAddress: (Reason.REFUSED_ADDRESS, ""),
    Unresolved: (Reason.DNS, ""),
    httpx.ConnectTimeout: (Reason.TIMEOUT, "no connection in time; the host may be down or blocked from here"),
    httpx.ReadTimeout: (Reason.TIMEOUT, "the host stopped sending"),
    httpx.TimeoutException: (Reason.TIMEOUT, "the host was too slow"),
    httpx.ConnectError: (Reason.CONNECT, "no connection"),
    httpx.ProxyError: (Reason.CONNECT, "the proxy refused"),
    httpx.NetworkError: (Reason.CONNECT, "the connection broke"),
    httpx.UnsupportedProtocol: (Reason.REFUSED_ADDRESS, "only http:// and https:// addresses can be polled"),
    httpx.InvalidURL: (Reason.REFUSED_ADDRESS, "the address is not well-formed"),
    httpx.LocalProtocolError: (Reason.PROTOCOL, "the request cannot be sent; look at this source's own headers"),
    httpx.TooManyRedirects: (Reason.TOO_MANY_REDIRECTS, "too many redirects"),
    httpx.DecodingError: (Reason.BAD_ENCODING, "the body cannot be decoded"),
    httpx.HTTPError: (Reason.PROTOCOL, "the answer breaks the rules of HTTP"),
    httpx.CookieConflict: (Reason.PROTOCOL, "the answer breaks the rules of HTTP"),
    httpx.StreamError: (Reason.PROTOCOL, "the answer breaks the rules of HTTP"),
}

NETWORK_ERRORS = (RefusedAddress, Unresolved, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
"""What sending a request and reading its answer may raise."""


def meaning(error: Exception) -> tuple[Reason, str]:
    """Why a visit failed, for `status`, and in words. `error` is one of httpx's or the guard's exceptions."""
    for link in _chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return Reason.TLS, f"the certificate is not good: {link.verify_message}"
        if isinstance(link, ssl.SSLError):
            return Reason.TLS, f"no secure connection: {link.reason or 'the TLS handshake failed'}"
    reason, words = next(_REASONS[base] for base in type(error).__mro__ if base in _REASONS)
    detail = _detail(error) if reason in (Reason.CONNECT, Reason.PROTOCOL) else str(error) if not words else ""
    return reason, ": ".join(part for part in (words, detail) if part)


def _detail(error: Exception) -> str:
    """The system's words for a socket, else the library's."""
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno and link.errno > 0:
            return os.strerror(link.errno).lower()  # asyncio's own text is "Connect call failed" for all of them
    return " ".join(str(error).split())[:200]


def _chain(error: BaseException) -> list[BaseException]:
    """The error and all that led to it. httpcore re-raises `from None`, which leaves only the context."""
    links: list[BaseException] = []
    waiting = [error]
    while waiting and len(links) < 20:
        link = waiting.pop()
        if any(link is seen for seen in links):
            continue
        links.append(link)
        waiting += [next_one for next_one in (link.__context__, link.__cause__) if next_one is not None]
    return links
