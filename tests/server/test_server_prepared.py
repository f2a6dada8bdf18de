"""Answers given at once are, to the byte, those that the application gives."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from server_site import MODIFIED, Site, put, rendition
from starlette.types import ASGIApp, Receive, Scope, Send

from aggregator.outlets.encodings import encode
from aggregator.server.listener import WebServer

ETAG = rendition("c/bare.rss").etag
ZIPPED = f'{ETAG[:-1]}-gzip"'
HTTP_DATE = f"{MODIFIED:%a, %d %b %Y %H:%M:%S} GMT"
CJK = "/c/%E6%96%B0%E5%AA%92%E4%BD%93/it-%E4%B9%8B%E5%AE%B6.atom"


@contextmanager
def serving(app: ASGIApp, log: list[str] | None = None) -> Iterator[tuple[str, int]]:
    clock = (lambda: datetime(2026, 11, 23, tzinfo=UTC)) if log is not None else None
    server = WebServer(app, "127.0.0.1:0", access_log=log.append if log is not None else None, clock=clock)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    host, _, port = server.address.rpartition(":")
    try:
        yield host, int(port)
    finally:
        server.stop()
        thread.join(10)


class Watched:
    """The site, counting the requests that reach it as an application. Its `prepared_response` is the site's."""

    def __init__(self, site: Site) -> None:
        self.asked = 0
        self._app = site.app
        self.prepared_response = site.app.prepared_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        await self._app(scope, receive, send)


def slowly(site: Site) -> ASGIApp:
    """The site without prepared responses."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await site.app(scope, receive, send)

    return app


def said(place: tuple[str, int], request: bytes) -> bytes:
    """All that is answered until the connection ends, which a last request asks for; the moment left out."""
    with socket.create_connection(place, timeout=10) as connection:
        connection.sendall(request + get("/c/last.rss", "Connection: close"))
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return re.sub(rb"(?i)\r\ndate: [^\r]+", b"", b"".join(parts))


def get(target: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join((f"{method} {target} HTTP/{version}", "Host: test", *fields, "", "")).encode()


AT_ONCE = {
    "whole": get("/c/bare.rss"),
    "gzip": get("/c/bare.rss", "Accept-Encoding: gzip"),
    "brotli": get("/c/bare.rss", "Accept-Encoding: gzip, br"),
    "HEAD": get("/c/bare.rss", method="HEAD"),
    "HEAD gzip": get("/c/bare.rss", "Accept-Encoding: gzip", method="HEAD"),
    "known": get("/c/bare.rss", f"If-None-Match: {ETAG}"),
    "known among others": get("/c/bare.rss", f'If-None-Match: "a", W/{ETAG}'),
    "anything known": get("/c/bare.rss", "If-None-Match: *"),
    "known zipped": get("/c/bare.rss", f"If-None-Match: {ZIPPED}", "Accept-Encoding: gzip"),
    "unknown": get("/c/bare.rss", 'If-None-Match: "other"'),
    "since then": get("/c/bare.rss", f"If-Modified-Since: {HTTP_DATE}"),
    "HEAD known": get("/c/bare.rss", f"If-None-Match: {ETAG}", method="HEAD"),
    "no suffix": get("/c/bare", "Accept: application/atom+xml"),
    "a browser": get(CJK, "Sec-Fetch-Dest: document"),
    "CJK": get(CJK),
    "names in capitals": get("/c/bare.rss", "ACCEPT-ENCODING: gzip"),
    "kept alive": get("/c/bare.rss", "Connection: keep-alive"),
    "two in a row": get("/c/bare.rss") + get("/c/bare.atom", f"If-None-Match: {ETAG}"),
}
OTHERWISE = {
    "query": get("/c/bare.rss?a=b"),
    "not there": get("/c/none.rss"),
    "closing": get("/c/bare.rss", "Connection: close"),
    "HTTP/1.0": get("/c/bare.rss", version="1.0"),
    "a body": get("/c/bare.rss", "Content-Length: 3") + b"abc",
    "a field twice": get("/c/bare.rss", 'If-None-Match: "a"', f"If-None-Match: {ETAG}"),
    "POST": get("/c/bare.rss", "Content-Length: 0", method="POST"),
    "large": get("/c/large.rss"),
    "whole address": get("http://test/c/bare.rss"),
    "dots": get("/c/../c/bare.rss"),
    "no name": get("/c/%00%ff"),
}


@pytest.fixture(scope="module")
def full() -> Site:
    site = Site()
    put(site.catalogue, *(f"c/新媒体/it-之家.{kind}" for kind in ("rss", "atom", "json", "html")))
    put(site.catalogue, "c/bare.rss", "c/bare.atom")
    large = rendition("c/large.rss", body=b"0123456789" * 40_000)
    site.catalogue.put(large, encode(large.body))
    return site


@pytest.fixture(scope="module")
def ways(full: Site) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    """The site with prepared responses, and without."""
    with serving(full.app) as quick, serving(slowly(full)) as slow:
        yield quick, slow


@pytest.mark.parametrize("request_", [pytest.param(r, id=n) for n, r in {**AT_ONCE, **OTHERWISE}.items()])
def test_both_ways_give_the_same_answer(ways: tuple[tuple[str, int], tuple[str, int]], request_: bytes) -> None:
    """Rules W4 to W6 hold whichever way is taken."""
    quick, slow = ways
    answer = said(quick, request_)
    assert answer == said(slow, request_)
    assert answer.startswith(b"HTTP/1.1 ")


def test_a_prepared_response_does_not_reach_the_application(full: Site) -> None:
    watched = Watched(full)
    with serving(watched) as place:
        for name, request in AT_ONCE.items():
            before, counted = watched.asked, sum(full.app.responses.values())
            said(place, request)
            assert watched.asked == before + 1, f"{name}: only the last one, which asks to close"
            assert sum(full.app.responses.values()) == counted + request.count(b"HTTP/1.1\r\n") + 1


def test_answers_keep_the_order_of_requests(full: Site) -> None:
    """A prepared response waits for what was asked before it."""
    wanted = [get("/status"), get("/c/bare.rss"), get("/c/large.rss"), get("/c/bare.atom"), get("/health")]
    with serving(full.app) as place:
        answers = said(place, b"".join(wanted))
    types = re.findall(rb"\r\ncontent-type: ([^\r;]+)", answers)
    feeds = [b"application/rss+xml", b"application/rss+xml", b"application/atom+xml"]
    assert types == [b"text/html", *feeds, b"application/json", b"text/html"]


def test_each_way_leaves_the_same_line_in_the_log(full: Site) -> None:
    requests = [*AT_ONCE.values(), get(CJK, "X-Forwarded-For: 203.0.113.9")]
    logs: tuple[list[str], list[str]] = ([], [])
    with serving(full.app, logs[0]) as quick, serving(slowly(full), logs[1]) as slow:
        for request in requests:
            said(quick, request)
            said(slow, request)
    assert logs[0] == logs[1]
    assert logs[0][-2].startswith("203.0.113.9 - - [23/Nov/2026:00:00:00 +0000] ")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        pytest.param(b"GET /c/bare.rss HTTP/1.1\r\n\r\n", b"400", id="none"),
        pytest.param(b"GET /c/bare.rss HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400", id="two"),
        pytest.param(b"GET /status HTTP/1.1\r\n\r\n", b"400", id="none-elsewhere"),
        pytest.param(b"GET /c/bare.rss HTTP/1.1\r\nHost:\r\n\r\n", b"200", id="empty"),
        pytest.param(b"GET /c/bare.rss HTTP/1.0\r\n\r\n", b"200", id="HTTP/1.0"),
    ],
)
def test_a_request_names_one_host(site: Site, request_: bytes, code: bytes) -> None:
    """RFC 9112, 3.2"""
    with serving(site.app) as place:
        assert said(place, request_).split(b" ", 2)[1] == code
