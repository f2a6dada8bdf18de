"""Servers that lie, drip, flood and break off: a `FetchError`, soon, and no harm to others (rules P16 and P17)."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from itertools import count

import pytest
from raw_server import AGENT, TLS, Peer, RawServer, Request, asking, failure, fetch, fetch_from

from aggregator.core.document import Document
from aggregator.core.errors import Reason
from aggregator.sources.clients import FetchLimits
from aggregator.sources.guard import Guard
from aggregator.sources.http import HttpSource

FEED = b"<rss>" + b"<item/>" * 100 + b"</rss>"


def raw(data: bytes) -> Callable[[Peer, Request], None]:
    return lambda peer, _request: peer.send(data)


def forever(head: bytes, piece: bytes, *, pause: float = 0.0) -> Callable[[Peer, Request], None]:
    def script(peer: Peer, _request: Request) -> None:
        peer.send(head)
        for _ in count():
            peer.send(piece)
            time.sleep(pause)

    return script


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(raw(b""), Reason.PROTOCOL, id="closes-at-once"),
        pytest.param(raw(b"\0\1\2\3"), Reason.PROTOCOL, id="binary"),
        pytest.param(raw(b"SSH-2.0-OpenSSH_9.0\r\n\r\n"), Reason.PROTOCOL, id="other-protocol"),
        pytest.param(raw(HEAD), Reason.PROTOCOL, id="breaks-off-in-the-head"),
        pytest.param(raw(b"HTTP/1.1 abc OK\r\n\r\n"), Reason.PROTOCOL, id="status-in-letters"),
        pytest.param(
            raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), Reason.PROTOCOL, id="101"
        ),
        pytest.param(raw(HEAD + b"Content-Length: 10\r\n\r\nshort"), Reason.PROTOCOL, id="content-length-short"),
        pytest.param(raw(HEAD + b"Content-Length: ten\r\n\r\n"), Reason.PROTOCOL, id="content-length-in-letters"),
        pytest.param(raw(HEAD + b"Content-Length: -1\r\n\r\n"), Reason.PROTOCOL, id="content-length-negative"),
        pytest.param(
            raw(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nshort"),
            Reason.PROTOCOL,
            id="two-content-lengths",
        ),
        pytest.param(
            raw(HEAD + b"Content-Length: " + b"9" * 15 + b"\r\n\r\n"), Reason.TOO_LARGE, id="content-length-huge"
        ),
        pytest.param(
            raw(HEAD + b"Content-Length: " + b"9" * 16 + b"\r\n\r\n"), Reason.TOO_LARGE, id="content-length-huger"
        ),
        pytest.param(
            raw(HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n"), Reason.PROTOCOL, id="content-length-absurd"
        ),
        pytest.param(raw(CHUNKED + b"zz\r\n"), Reason.PROTOCOL, id="chunk-size-in-letters"),
        pytest.param(raw(CHUNKED + b"5\r\nhello"), Reason.PROTOCOL, id="chunks-break-off"),
        pytest.param(raw(CHUNKED + b"5\r\nhelloXX0\r\n\r\n"), Reason.PROTOCOL, id="chunk-without-end"),
        pytest.param(raw(CHUNKED + b"F" * 30 + b"\r\n"), Reason.PROTOCOL, id="chunk-size-absurd"),
        pytest.param(raw(HEAD + b"Transfer-Encoding: gzip\r\n\r\n"), Reason.PROTOCOL, id="unknown-transfer-encoding"),
        pytest.param(raw(HEAD + b"A: b\0c\r\n\r\n"), Reason.PROTOCOL, id="nul-in-header"),
        pytest.param(raw(HEAD + b"A\0: b\r\n\r\n"), Reason.PROTOCOL, id="nul-in-header-name"),
        pytest.param(raw(HEAD + b"A: " + b"x" * 200_000 + b"\r\n\r\n"), Reason.PROTOCOL, id="header-bomb"),
        pytest.param(raw(HEAD + b"A: b\r\n" * 50_000 + b"\r\n"), Reason.PROTOCOL, id="many-headers"),
        pytest.param(forever(HEAD, b"A: b\r\n" * 1000), Reason.PROTOCOL, id="endless-headers"),
        pytest.param(forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.01), Reason.TIMEOUT, id="endless-100"),
        pytest.param(forever(HEAD + b"\r\n", b"x" * 65536), Reason.TOO_LARGE, id="endless-body"),
        pytest.param(forever(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"), Reason.TOO_LARGE, id="endless-chunks"),
        pytest.param(forever(CHUNKED, b"1\r\nx\r\n" * 1000), Reason.TOO_LARGE, id="endless-small-chunks"),
        pytest.param(forever(CHUNKED + b"1;", b"x=y;" * 1000), Reason.PROTOCOL, id="endless-chunk-extension"),
        pytest.param(forever(CHUNKED + b"0\r\n", b"A: b\r\n" * 1000), Reason.PROTOCOL, id="endless-trailers"),
        pytest.param(forever(b"", b"HTTP/1.1 200 OK" * 1000), Reason.PROTOCOL, id="endless-status-line"),
        pytest.param(lambda peer, _request: peer.hold(2), Reason.TIMEOUT, id="silence"),
        pytest.param(forever(HEAD, b"A", pause=0.05), Reason.TIMEOUT, id="dripping-headers"),
        pytest.param(forever(HEAD + b"\r\n", b"x", pause=0.05), Reason.TIMEOUT, id="dripping-body"),
        pytest.param(forever(CHUNKED, b"1\r\nx\r\n", pause=0.05), Reason.TIMEOUT, id="dripping-chunks"),
    ],
)
def test_a_hostile_server_is_an_error_in_time(
    server: RawServer, script: Callable[[Peer, Request], None], reason: Reason
) -> None:
    """Rules P16 and P17."""
    server.script = script
    total = 0.5 if reason is Reason.TIMEOUT else 30.0  # the others must end by themselves
    limits = FetchLimits(connect=5.0, between_bytes=5.0, total=total, max_bytes=200_000)
    error = failure(lambda: fetch_from(server, limits=limits))
    assert error.reason is reason
    assert error.subject == server.url()


def test_a_body_in_small_chunks_is_refused_long_before_it_is_large(server: RawServer) -> None:
    """Rule R5."""
    server.script = forever(CHUNKED, b"1\r\nx\r\n" * 1000)
    assert "chunks of a few bytes" in str(failure(lambda: fetch_from(server, limits=FetchLimits(total=30))))


def test_silence_between_bytes_is_not_waited_out(server: RawServer) -> None:
    """Rule P16."""
    server.script = lambda peer, _request: (peer.send(HEAD + b"\r\nx"), peer.hold(1))[1]
    error = failure(lambda: fetch_from(server, limits=FetchLimits(connect=5, between_bytes=0.2, total=30)))
    assert error.reason is Reason.TIMEOUT
    assert "stopped sending" in str(error)


@pytest.mark.parametrize(
    ("script", "body"),
    [
        pytest.param(raw(b"HTTP/1.0 200 OK\r\n\r\n" + FEED), FEED, id="http-1.0-to-the-end"),
        pytest.param(raw(HEAD + b"\r\n" + FEED), FEED, id="no-length-to-the-end"),
        pytest.param(raw(b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD + b"\r\n" + FEED), FEED, id="early-hints"),
        pytest.param(raw(HEAD + b"Content-Length: 5\r\n\r\n<rss/"), b"<rss/", id="exact-length"),
        pytest.param(raw(HEAD + b"Content-Length: 3\r\n\r\n<rss/>"), b"<rs", id="more-than-its-length"),
        pytest.param(
            raw(CHUNKED + b"6;a=b\r\n<rss/>\r\n0\r\nT: x\r\n\r\n"), b"<rss/>", id="chunk-extension-and-trailer"
        ),
        pytest.param(raw(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(FEED)), FEED, id="gzip-to-the-end"),
        pytest.param(raw(HEAD + b"Content-Encoding: gzip\r\n\r\n" + FEED), FEED, id="gzip-that-is-none"),
        pytest.param(raw(HEAD + b"\r\n" + gzip.compress(FEED)), FEED, id="gzip-unsaid"),
        pytest.param(
            raw(HEAD + b"content-encoding: gzip\r\nContent-Encoding: identity\r\n\r\n" + gzip.compress(FEED)),
            FEED,
            id="two-encoding-headers",
        ),
    ],
)
def test_odd_but_whole_answers_are_read(
    server: RawServer, script: Callable[[Peer, Request], None], body: bytes
) -> None:
    server.script = script
    document = fetch_from(server)
    assert isinstance(document, Document)
    assert document.body == body


@pytest.mark.parametrize(
    ("body", "coding", "reason"),
    [
        pytest.param(gzip.compress(FEED)[:-4], b"gzip", Reason.BAD_ENCODING, id="gzip-cut"),
        pytest.param(gzip.compress(FEED), b"gzip, gzip", Reason.BAD_ENCODING, id="stacked"),
        pytest.param(gzip.compress(FEED), b"br", Reason.BAD_ENCODING, id="not-what-it-says"),
        pytest.param(gzip.compress(bytes(30_000_000)), b"gzip", Reason.TOO_LARGE, id="gzip-bomb"),
        pytest.param(gzip.compress(bytes(5_000_000)), b"gzip", Reason.TOO_LARGE, id="gzip-bomb-by-ratio"),
    ],
)
def test_bodies_that_cannot_be_decoded_are_errors(
    server: RawServer, body: bytes, coding: bytes, reason: Reason
) -> None:
    server.script = raw(HEAD + b"Content-Encoding: " + coding + b"\r\n\r\n" + body)
    assert failure(lambda: fetch_from(server)).reason is reason


def test_a_large_body_is_unpacked_off_the_event_loop(server: RawServer) -> None:
    body = b"".join(b"<item>%d</item>" % number for number in range(200_000))
    packed = gzip.compress(body, 1)
    assert len(packed) > 256 * 1024
    server.script = lambda peer, _request: peer.answer("200 OK", packed, Content_Encoding="gzip")
    document = fetch_from(server, limits=FetchLimits())
    assert isinstance(document, Document)
    assert document.body == body


def test_nobody_listening_is_a_connection_error() -> None:
    served = RawServer()
    served.close()
    error = failure(lambda: fetch(served.url(), allow=(f"127.0.0.1:{served.port}",)))
    assert error.reason is Reason.CONNECT
    assert "refused" in str(error)


def test_a_failed_fetch_does_not_spoil_the_next(server: RawServer) -> None:
    scripts = [forever(CHUNKED, b"1\r\nx\r\n", pause=1.0), raw(HEAD), forever(HEAD + b"\r\n", b"x" * 65536)]

    async def run() -> None:
        limits = FetchLimits(connect=5, between_bytes=0.3, total=30, max_bytes=100_000)
        guard = Guard([f"127.0.0.1:{server.port}"])
        async with HttpSource(user_agent=AGENT, guard=guard, limits=limits, workers=1, tls=TLS) as source:
            for script in scripts * 2:
                server.script = script
                with pytest.raises(Exception, match=server.url()):
                    await source.fetch(asking(server.url()))
                server.script = lambda peer, _request: peer.answer("200 OK", FEED)
                assert isinstance(await source.fetch(asking(server.url())), Document)

    asyncio.run(run())


def test_a_dripping_server_does_not_hold_up_the_others(server: RawServer) -> None:
    def script(peer: Peer, request: Request) -> None:
        if request.target == "/slow":
            peer.send(CHUNKED)
            peer.drip(b"x" * 500, pause=0.02)
        else:
            peer.answer("200 OK", FEED)

    server.script = script

    async def run() -> None:
        guard = Guard([f"127.0.0.1:{server.port}"])
        async with HttpSource(user_agent=AGENT, guard=guard, workers=4, tls=TLS) as source:
            slow = asyncio.gather(*(source.fetch(asking(server.url("/slow"))) for _ in range(3)))
            for number in range(20):
                await source.fetch(asking(server.url(f"/{number}")))
            assert not slow.done()
            slow.cancel()
            with pytest.raises(asyncio.CancelledError):
                await slow

    asyncio.run(run())
