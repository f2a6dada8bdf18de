"""The real server on a real socket: connections that last, clients that do not read, an end within 5 seconds."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from server_site import Site, rendition

from aggregator.core.errors import PublishError
from aggregator.server.listener import WebServer

LARGE = b"0123456789abcdef" * 1_000_000
"""More than the kernel's buffers take."""


class Running:
    """A server in a thread with a loop of its own."""

    def __init__(self, site: Site, **options: object) -> None:
        self.server = WebServer(site.app, "127.0.0.1:0", **options)  # type: ignore[arg-type]
        host, _, port = self.server.address.rpartition(":")
        self.place = (host, int(port))
        self._thread = threading.Thread(target=lambda: asyncio.run(self.server.serve()))
        self._thread.start()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.place, timeout=10)

    def stop(self) -> float:
        """Seconds that the end took."""
        start = time.monotonic()
        self.server.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()
        return time.monotonic() - start


@pytest.fixture
def run(site: Site) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(**options: object) -> Running:
        started.append(Running(site, **options))
        return started[-1]

    yield start
    for running in started:
        running.stop()


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def get(path: str, *more: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: test", *more, "", "")).encode()


def test_one_connection_carries_many_requests(run: Callable[..., Running]) -> None:
    """A HEAD or a 304 that sent a body would shift all later answers."""
    client = http.client.HTTPConnection(*run().place, timeout=10)
    made = rendition("c/bare.rss")
    with contextlib.closing(client):
        for method, headers, code, size in (
            ("GET", {}, 200, len(made.body)),
            ("HEAD", {}, 200, 0),
            ("GET", {"If-None-Match": made.etag}, 304, 0),
            ("OPTIONS", {}, 204, 0),
            ("GET", {}, 200, len(made.body)),
        ):
            client.request(method, "/c/bare.rss", headers=headers)
            first = client.sock
            answer = client.getresponse()
            assert (answer.status, len(answer.read())) == (code, size)
            assert client.sock is first
            assert answer.headers["server"] is None


@pytest.mark.parametrize("path", ["/c/../c/bare.rss", "/../c/bare.rss", "/c/./bare.rss", "/c/%2E%2e/c/bare.rss", "*"])
def test_dot_segments_are_refused(run: Callable[..., Running], path: str) -> None:
    with run().connect() as connection:
        connection.sendall(get(path, "Connection: close"))
        assert read_all(connection).split(b" ")[1] in (b"404", b"400")


def test_a_request_of_many_names_is_answered(run: Callable[..., Running]) -> None:
    with run().connect() as connection:
        connection.sendall(get("http://elsewhere.example/c/bare.rss", "Connection: close", "Upgrade: websocket"))
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_a_head_without_end_is_cut_off(run: Callable[..., Running]) -> None:
    """Nothing else limits it: each byte would stay in memory."""
    running = run()
    with running.connect() as connection:
        connection.sendall(b"GET /c/bare.rss HTTP/1.1\r\n")
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(2000):
                connection.sendall(b"X-Filler: " + b"x" * 1000 + b"\r\n")
            read_all(connection)
            raise ConnectionResetError
    with running.connect() as connection:
        connection.sendall(get("/c/bare.rss", "Connection: close"))
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_a_large_body_sent_to_us_ends_the_connection(run: Callable[..., Running]) -> None:
    with run().connect() as connection:
        connection.sendall(
            b"POST /c/bare.rss HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1000
        )
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"connection: close" in answer


def test_a_client_that_does_not_read_holds_up_nobody(site: Site, run: Callable[..., Running]) -> None:
    site.catalogue.put(rendition("c/large.rss", body=LARGE), {})
    running = run()
    with running.connect() as slow, running.connect() as quick:
        slow.sendall(get("/c/large.rss"))
        time.sleep(0.2)
        start = time.monotonic()
        quick.sendall(get("/c/bare.rss", "Connection: close"))
        assert read_all(quick).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - start < 1


def test_the_end_comes_soon_whatever_clients_do(site: Site, run: Callable[..., Running]) -> None:
    """SIGTERM must end the program within 5 s: idle, half-sent and unread connections included."""
    site.catalogue.put(rendition("c/large.rss", body=LARGE), {})
    running = run(grace_seconds=1.0)
    with running.connect() as idle, running.connect() as half, running.connect() as silent, running.connect() as slow:
        idle.sendall(get("/c/bare.rss"))
        idle.recv(1 << 20)
        half.sendall(b"GET /c/bare.rss HT")
        slow.sendall(get("/c/large.rss"))
        assert silent
        time.sleep(0.2)
        assert running.stop() < 2.5


def test_an_idle_server_ends_at_once(run: Callable[..., Running]) -> None:
    running = run()
    with running.connect() as connection:
        connection.sendall(get("/c/bare.rss"))
        connection.recv(100)
        assert running.stop() < 1.5


def test_an_answer_under_way_is_finished(site: Site, run: Callable[..., Running]) -> None:
    site.catalogue.put(rendition("c/large.rss", body=LARGE), {})
    running = run()
    with running.connect() as connection:
        connection.sendall(get("/c/large.rss"))
        start = connection.recv(1000)
        stopping = threading.Thread(target=running.stop)
        stopping.start()
        time.sleep(0.3)
        rest = read_all(connection)
        stopping.join()
    assert (start + rest).endswith(LARGE)


def test_connections_on_which_nothing_moves_are_cut(site: Site, run: Callable[..., Running]) -> None:
    """Who connects and is silent, trickles a head, or does not read is gone after the time allowed."""
    site.catalogue.put(rendition("c/large.rss", body=LARGE), {})
    running = run(idle_seconds=1.0)
    with running.connect() as silent, running.connect() as trickling, running.connect() as unread:
        unread.sendall(get("/c/large.rss"))
        trickling.sendall(b"GET /c/bare.rss HTTP/1.1\r\nX-Slow: ")
        trickling.settimeout(0.1)
        for _ in range(80):
            try:
                trickling.sendall(b"x")
                if trickling.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            pytest.fail("a head that trickles in is waited for without end")
        with contextlib.suppress(ConnectionResetError):
            assert silent.recv(1) == b""
        with contextlib.suppress(ConnectionResetError):
            assert len(read_all(unread)) < len(LARGE)
        assert running.stop() < 1.5


def test_each_request_leaves_a_line_in_the_log(run: Callable[..., Running]) -> None:
    """Common Log Format; what a stranger sends cannot break out of its line."""
    lines: list[str] = []
    moment = datetime(2026, 11, 3, 8, 5, 9, tzinfo=UTC)
    running = run(access_log=lines.append, clock=lambda: moment)
    with running.connect() as connection:
        connection.sendall(get('/c/bare.rss?a="b\\c', "X-Forwarded-For: 203.0.113.9", "Connection: close"))
        read_all(connection)
    with running.connect() as connection:
        connection.sendall(get("/c/bare.rss", "If-None-Match: *", "Connection: close"))
        read_all(connection)
    running.stop()
    size = len(rendition("c/bare.rss").body)
    assert lines == [
        f'203.0.113.9 - - [03/Nov/2026:08:05:09 +0000] "GET /c/bare.rss?a=\\x22b\\x5cc HTTP/1.1" 200 {size}',
        '127.0.0.1 - - [03/Nov/2026:08:05:09 +0000] "GET /c/bare.rss HTTP/1.1" 304 -',
    ]
    assert all(re.fullmatch(r'\S+ - - \[[^]]+\] "[^"\n]*" \d{3} (\d+|-)', line) for line in lines)


def test_signals_stay_the_program_s(site: Site) -> None:
    """The server runs in the loop of a program that handles SIGTERM itself."""

    def handlers() -> tuple[object, object]:
        return signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    async def main() -> None:
        before = handlers()
        server = WebServer(site.app, "127.0.0.1:0")
        serving = asyncio.create_task(server.serve())
        await asyncio.sleep(0.3)
        assert handlers() == before
        server.stop()
        await asyncio.wait_for(serving, 5)

    asyncio.run(main())


def test_cancelling_ends_it_too(site: Site) -> None:
    async def main() -> None:
        serving = asyncio.create_task(WebServer(site.app, "127.0.0.1:0").serve())
        await asyncio.sleep(0.3)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    asyncio.run(main())


@pytest.mark.parametrize(
    ("listen", "words"),
    [
        ("127.0.0.1", "a host and a port"),
        ("127.0.0.1:99999", "a host and a port"),
        ("192.0.2.1:0", "does not have that address"),
        ("no-such-host.invalid:80", "cannot listen there"),
    ],
)
def test_an_address_that_cannot_be_listened_on_is_reported_in_words(site: Site, listen: str, words: str) -> None:
    with pytest.raises(PublishError, match=words) as caught:
        WebServer(site.app, listen)
    assert caught.value.subject == listen


def test_a_place_in_use_is_reported_in_words(site: Site, run: Callable[..., Running]) -> None:
    with pytest.raises(PublishError, match="another program listens there"):
        WebServer(site.app, run().server.address)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_ipv6_address_is_written_in_brackets(site: Site) -> None:
    try:
        server = WebServer(site.app, "[::1]:0")
    except PublishError as error:
        pytest.skip(str(error))
    assert re.fullmatch(r"\[::1\]:\d+", server.address)
    server.stop()
    asyncio.run(server.serve())
