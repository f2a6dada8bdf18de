"""Connections: what each failure is called, TLS, HTTP/2 and its fall-back (rule P21), and connections used again."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import h2.config
import h2.connection
import h2.errors
import h2.events
import httpcore
import httpx
import pytest
from raw_server import AGENT, TLS, RawServer, asking, failure, fetch, mocked

from aggregator.core.document import Document, NotModified
from aggregator.core.errors import FetchError, Reason
from aggregator.sources.clients import FetchLimits
from aggregator.sources.guard import Guard, RefusedAddress, Unresolved
from aggregator.sources.http import HttpSource
from aggregator.sources.transport import NETWORK_ERRORS, meaning

PEM = Path(__file__).parent / "tls" / "localhost.pem"  # made for these tests, good for nothing else


def exceptions_of(module: object) -> list[type[Exception]]:
    found = [getattr(module, name) for name in module.__all__]  # type: ignore[attr-defined]
    return [kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", exceptions_of(httpx), ids=lambda kind: kind.__name__)
def test_every_exception_of_httpx_has_a_reason(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "boom")
    reason, words = meaning(error)
    assert reason in Reason
    assert words


@pytest.mark.parametrize("kind", [*exceptions_of(httpx), RefusedAddress, Unresolved], ids=lambda kind: kind.__name__)
def test_every_exception_of_the_network_becomes_a_fetch_error(kind: type[Exception]) -> None:
    """Programming errors about streams aside, which httpx cannot raise for want of its client."""
    if not issubclass(kind, NETWORK_ERRORS):
        assert kind is httpx.CookieConflict
        return

    def fail(_request: httpx.Request) -> httpx.Response:
        error = kind.__new__(kind)
        Exception.__init__(error, "boom")
        raise error

    error = failure(lambda: fetch("https://example.org/", transport=mocked(fail)))
    assert error.reason is meaning(error.__cause__)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (httpx.ConnectTimeout, Reason.TIMEOUT),
        (httpx.ReadTimeout, Reason.TIMEOUT),
        (httpx.WriteTimeout, Reason.TIMEOUT),
        (httpx.PoolTimeout, Reason.TIMEOUT),
        (httpx.ConnectError, Reason.CONNECT),
        (httpx.ReadError, Reason.CONNECT),
        (httpx.WriteError, Reason.CONNECT),
        (httpx.CloseError, Reason.CONNECT),
        (httpx.ProxyError, Reason.CONNECT),
        (httpx.RemoteProtocolError, Reason.PROTOCOL),
        (httpx.LocalProtocolError, Reason.PROTOCOL),
        (httpx.UnsupportedProtocol, Reason.REFUSED_ADDRESS),
        (httpx.DecodingError, Reason.BAD_ENCODING),
        (httpx.TooManyRedirects, Reason.TOO_MANY_REDIRECTS),
    ],
)
def test_the_reason_tells_what_went_wrong(kind: type[httpx.RequestError], reason: Reason) -> None:
    assert meaning(kind("boom"))[0] is reason


class Raising(httpcore.AsyncNetworkBackend):
    """Stands in for the network below httpcore."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def connect_tcp(self, *_place: object, **_options: object) -> httpcore.AsyncNetworkStream:
        raise self._error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *(
            pytest.param(kind("boom"), getattr(httpx, kind.__name__), id=kind.__name__)
            for kind in exceptions_of(httpcore)
            if hasattr(httpx, kind.__name__)
        ),
        pytest.param(ConnectionResetError(104, "reset"), httpx.ReadError, id="socket"),
        pytest.param(ssl.SSLError(1, "bad"), httpx.ReadError, id="tls"),
        pytest.param(ValueError("invalid literal for int()"), httpx.RemoteProtocolError, id="what-was-not-foreseen"),
        pytest.param(RefusedAddress("no"), RefusedAddress, id="guard"),
        pytest.param(Unresolved("no"), Unresolved, id="resolver"),
    ],
)
def test_whatever_httpcore_lets_out_becomes_one_of_httpx_s(error: Exception, expected: type[Exception]) -> None:
    from aggregator.sources.transport import _httpx_errors

    with pytest.raises(expected), _httpx_errors():
        raise error


def test_a_header_set_by_hand_that_cannot_be_sent_says_so(server: RawServer) -> None:
    request = asking(server.url(), headers={"X-Key": "a\r\nEvil: b"})
    error = failure(lambda: fetch(request, allow=(f"127.0.0.1:{server.port}",)))
    assert error.reason is Reason.PROTOCOL
    assert "own headers" in str(error)
    assert server.requests == []


def test_a_header_set_by_hand_is_sent_as_utf_8_where_latin_1_lacks_its_letters(server: RawServer) -> None:
    request = asking(server.url(), headers={"X-Key": "键", "X-Other": "é"})
    fetch(request, allow=(f"127.0.0.1:{server.port}",))
    headers = server.requests[0].headers
    assert (headers["x-key"].encode("latin-1"), headers["x-other"]) == ("键".encode(), "é")


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Secure:
    """A TLS server of the test's own loop; `protocols` are those agreed on, one for each connection."""

    def __init__(self, serve: Serve, *, alpn: tuple[str, ...] = ("h2", "http/1.1")) -> None:
        self._serve = serve
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(PEM)
        self._context.set_alpn_protocols(list(alpn))
        self._context.sni_callback = lambda _object, name, _context: self.names.append(name)
        self.names: list[str | None] = []
        self.protocols: list[str | None] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Secure:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_trouble: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the loop needs a turn to close what was aborted

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._speak(reader, writer)))

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.protocols.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        try:
            await self._serve(reader, writer)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(PEM))


def secure_source(
    served: Secure,
    *,
    tls: ssl.SSLContext | None = None,
    http2: bool = True,
    without_http2: float = 3600.0,
) -> HttpSource:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    guard = Guard([f"127.0.0.1:{served.port}"], resolver=resolve)
    return HttpSource(
        user_agent=AGENT,
        guard=guard,
        tls=tls or trusting(),
        limits=FetchLimits(connect=5, between_bytes=5, total=10, without_http2=without_http2),
        workers=1,
        http2=http2,
    )


async def http1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>")
        await writer.drain()


def speaking(answer: Callable[[h2.connection.H2Connection, int], None], *, also: Serve = http1) -> Serve:
    """Serve HTTP/2 with `answer(connection, stream)` where it was agreed on, else `also`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writer.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            await also(reader, writer)
            return
        connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, validate_outbound_headers=False)
        )
        connection.initiate_connection()
        while True:
            writer.write(connection.data_to_send())
            await writer.drain()
            data = await reader.read(65536)
            if not data:
                return
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    assert event.stream_id is not None
                    answer(connection, event.stream_id)

    return serve


def well(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.send_headers(stream, [(":status", "200"), ("etag", '"v"'), ("content-type", "text/xml")])
    connection.send_data(stream, b"<rss/>", end_stream=True)


def needs_http1(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.reset_stream(stream, h2.errors.ErrorCodes.HTTP_1_1_REQUIRED)


def goes_away(connection: h2.connection.H2Connection, _stream: int) -> None:
    connection.close_connection(h2.errors.ErrorCodes.PROTOCOL_ERROR)


def breaks_off(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.send_headers(stream, [(":status", "200")])
    connection.send_data(stream, b"<rs")
    connection.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)


def lies_about_length(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.send_headers(stream, [(":status", "200"), ("content-length", "100")])
    connection.send_data(stream, b"<rss/>", end_stream=True)


def status_in_letters(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.send_headers(stream, [(":status", "abc")], end_stream=True)


def nul_in_header(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.send_headers(stream, [(":status", "200"), ("a", "b\0c")])
    connection.send_data(stream, b"<rss/>", end_stream=True)


def test_http2_is_used_where_it_is_offered_and_its_connection_is_used_again() -> None:
    """Rule P21"""

    async def run() -> None:
        async with Secure(speaking(well)) as served, secure_source(served) as source:
            for _ in range(3):
                document = await source.fetch(asking(f"https://localhost:{served.port}/feed"))
                assert isinstance(document, Document)
                assert (document.body, document.validators.etag) == (b"<rss/>", '"v"')
            assert served.protocols == ["h2"]
            assert served.names == ["localhost"]

    asyncio.run(run())


@pytest.mark.parametrize("answer", [needs_http1, goes_away, breaks_off, lies_about_length, status_in_letters])
def test_a_host_that_breaks_http2_is_asked_over_http1_now_and_for_a_day(
    answer: Callable[[h2.connection.H2Connection, int], None],
) -> None:
    """Rule P21"""

    async def run() -> None:
        async with Secure(speaking(answer)) as served, secure_source(served) as source:
            for _ in range(2):
                document = await source.fetch(asking(f"https://localhost:{served.port}/feed"))
                assert isinstance(document, Document)
                assert document.body == b"<rss/>"
            assert served.protocols == ["h2", "http/1.1"]

    asyncio.run(run())


@pytest.mark.parametrize(
    "seconds", [pytest.param(0.01, id="over-at-the-next-fetch"), pytest.param(0, id="over-at-once")]
)
def test_http2_is_tried_again_after_its_time(seconds: float) -> None:
    """Rule P21. The fetch that met the failure goes over HTTP/1.1, though the time may be over by then."""

    async def run() -> None:
        async with Secure(speaking(needs_http1)) as served, secure_source(served, without_http2=seconds) as source:
            for _ in range(2):
                await source.fetch(asking(f"https://localhost:{served.port}/feed"))
                await asyncio.sleep(0.02)
            assert served.protocols == ["h2", "http/1.1", "h2", "http/1.1"]

    asyncio.run(run())


def test_a_header_that_http1_forbids_is_an_error_over_http2_too() -> None:
    """h2 itself lets it through."""

    async def run() -> None:
        async with Secure(speaking(nul_in_header)) as served, secure_source(served) as source:
            with pytest.raises(FetchError, match="control characters") as caught:
                await source.fetch(asking(f"https://localhost:{served.port}/feed"))
            assert caught.value.reason is Reason.PROTOCOL

    asyncio.run(run())


def test_without_http2_the_first_connection_is_http1() -> None:
    async def run() -> None:
        async with Secure(speaking(well)) as served, secure_source(served, http2=False) as source:
            assert isinstance(await source.fetch(asking(f"https://localhost:{served.port}/")), Document)
            assert served.protocols == ["http/1.1"]

    asyncio.run(run())


def tls_failure(url: str, *, tls: ssl.SSLContext | None = None, serve: Serve = http1) -> FetchError:
    async def run() -> None:
        async with Secure(serve) as served, secure_source(served, tls=tls) as source:
            await source.fetch(asking(url.replace("PORT", str(served.port))))

    return failure(lambda: asyncio.run(run()))


@pytest.mark.parametrize(
    ("url", "tls", "words"),
    [
        pytest.param("https://localhost:PORT/", TLS, "self-signed|self signed", id="unknown-authority"),
        pytest.param("https://other.example:PORT/", None, "not valid for 'other.example'", id="other-name"),
        pytest.param("https://127.0.0.1:PORT/", None, "not valid for '127.0.0.1'", id="address"),
    ],
)
def test_a_certificate_that_is_not_good_is_a_tls_error(url: str, tls: ssl.SSLContext | None, words: str) -> None:
    error = tls_failure(url, tls=tls)
    assert error.reason is Reason.TLS
    assert re.search(words, str(error))


def test_a_server_without_tls_is_a_tls_error() -> None:
    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def run() -> None:
        served = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = served.sockets[0].getsockname()[1]
        async with served, HttpSource(user_agent=AGENT, guard=Guard([f"127.0.0.1:{port}"]), tls=TLS) as source:
            await source.fetch(asking(f"https://127.0.0.1:{port}/"))

    assert failure(lambda: asyncio.run(run())).reason is Reason.TLS


def test_a_handshake_that_never_ends_is_given_up_and_leaves_nothing_open() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)  # until the client hangs up
        writer.close()
        done.set()

    async def run() -> None:
        served = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = served.sockets[0].getsockname()[1]
        limits = FetchLimits(total=0.2)
        guard = Guard([f"127.0.0.1:{port}"])
        async with served, HttpSource(user_agent=AGENT, guard=guard, tls=TLS, limits=limits) as source:
            with pytest.raises(FetchError) as caught:
                await source.fetch(asking(f"https://127.0.0.1:{port}/"))
            assert caught.value.reason is Reason.TIMEOUT
            await asyncio.wait_for(done.wait(), 5)

    done = asyncio.Event()
    asyncio.run(run())


def fetches(server: RawServer, count: int, *, pause: float = 0.0) -> list[Document | NotModified]:
    async def run() -> list[Document | NotModified]:
        guard = Guard([f"127.0.0.1:{server.port}"])
        answers = []
        async with HttpSource(user_agent=AGENT, guard=guard, tls=TLS, workers=8) as source:
            for _ in range(count):
                answers.append(await source.fetch(asking(server.url())))
                await asyncio.sleep(pause)
        return answers

    return asyncio.run(run())


def test_a_host_is_asked_again_over_the_same_connection(server: RawServer) -> None:
    server.script = lambda peer, _request: peer.answer("200 OK", b"<rss/>") or True
    assert len(fetches(server, 5)) == 5
    assert server.connections == 1


def test_a_redirect_on_one_host_keeps_its_connection(server: RawServer) -> None:
    def script(peer: object, request: object) -> bool:
        if request.target == "/feed":  # type: ignore[attr-defined]
            peer.answer("302 Found", b"moved", Location="/x")  # type: ignore[attr-defined]
        else:
            peer.answer("200 OK", b"<rss/>")  # type: ignore[attr-defined]
        return True

    server.script = script  # type: ignore[assignment]
    fetches(server, 1)
    assert server.connections == 1


def test_the_long_body_of_a_redirect_is_not_read(server: RawServer) -> None:
    """Its connection is given up instead."""

    def script(peer: object, request: object) -> bool:
        if request.target == "/feed":  # type: ignore[attr-defined]
            peer.answer("302 Found", b"x" * 1_000_000, Location="/x")  # type: ignore[attr-defined]
        else:
            peer.answer("200 OK", b"<rss/>")  # type: ignore[attr-defined]
        return True

    server.script = script  # type: ignore[assignment]
    assert [answer.url for answer in fetches(server, 1)] == [server.url("/x")]
    assert server.connections == 2


def test_an_idle_connection_that_the_server_closed_is_replaced_without_an_error(server: RawServer) -> None:
    server.script = lambda peer, _request: peer.answer("200 OK", b"<rss/>")
    assert all(isinstance(answer, Document) for answer in fetches(server, 4, pause=0.02))
    assert server.connections == 4


def test_a_connection_that_dies_under_the_second_request_is_replaced_once(server: RawServer) -> None:
    """The server closes on receipt of the request: only a new connection can tell that from a failure."""

    def script(peer: object, _request: object) -> bool:
        if len(server.requests) == 2:
            return False
        peer.answer("200 OK", b"<rss/>")  # type: ignore[attr-defined]
        return True

    server.script = script  # type: ignore[assignment]
    assert len(fetches(server, 2)) == 2
    assert (server.connections, len(server.requests)) == (2, 3)


def test_many_fetches_at_once_over_one_context(server: RawServer) -> None:
    async def run() -> None:
        guard = Guard([f"127.0.0.1:{server.port}"])
        async with HttpSource(user_agent=AGENT, guard=guard, tls=TLS, workers=8) as source:
            answers = await asyncio.gather(*(source.fetch(asking(server.url(f"/{n}"))) for n in range(100)))
        assert [answer.url for answer in answers] == [server.url(f"/{n}") for n in range(100)]

    asyncio.run(run())
