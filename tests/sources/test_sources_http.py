"""Conditional requests, statuses and headers (rules P1, P3, P4, P9, P15 and P24)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from datetime import timedelta

import httpx
import pytest
from raw_server import AGENT, NOW, RawServer, asking, failure, fetch, fetch_from, known, mocked

from aggregator.core.document import Document, NotModified, Validators
from aggregator.core.errors import FetchError, Reason
from aggregator.sources.clients import FetchLimits
from aggregator.sources.guard import Guard
from aggregator.sources.http import HttpSource
from aggregator.sources.responses import retry_after

URL = "https://example.org/feed"
BODY = b"<rss/>"
HASH = hashlib.sha256(BODY).hexdigest()


class Log:
    """A transport function that keeps the requests and gives the answers in turn."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answers.pop(0)


def get(log: Log, **known_things: object) -> Document | NotModified:
    return fetch(asking(URL, **known_things), transport=mocked(log))


def test_a_document_carries_what_reading_and_storing_it_need() -> None:
    log = Log(
        httpx.Response(
            200,
            content=BODY,
            headers=[
                (b"ETag", b'W/"\xe4\xb8"'),
                (b"Last-Modified", b"Mon, 16 May 2041 12:00:00 +0100 (x)"),
                (b"Link", b"<a>; rel=hub"),
                (b"link", b"<b>; rel=self"),
                (b"Set-Cookie", b"id=1"),
            ],
        )
    )
    document = get(log)
    assert isinstance(document, Document)
    assert (document.url, document.body, document.status, document.fetched_at) == (URL, BODY, 200, NOW)
    assert document.body_hash == HASH
    assert document.permanent_url is None
    assert document.headers["link"] == "<a>; rel=hub, <b>; rel=self"
    assert "set-cookie" not in document.headers
    assert document.validators == Validators(
        url=URL, etag='W/"\xe4\xb8"', last_modified="Mon, 16 May 2041 12:00:00 +0100 (x)"
    )


def test_the_request_says_who_asks_and_for_what() -> None:
    """Rules P15 and P17"""
    log = Log(httpx.Response(200, content=BODY))
    get(log)
    headers = log.requests[0].headers
    assert headers["user-agent"] == AGENT
    assert headers["accept"].startswith("application/atom+xml")
    assert headers["accept"].endswith("*/*;q=0.1")
    assert "gzip" in headers["accept-encoding"]
    assert not headers.keys() & {"cookie", "referer", "authorization", "if-none-match", "if-modified-since", "a-im"}


@pytest.mark.parametrize(
    ("etag", "last_modified", "expected"),
    [
        pytest.param('W/"a\xe4"', None, {"if-none-match": b'W/"a\xe4"', "a-im": b"feed"}, id="weak-etag-of-odd-bytes"),
        pytest.param("no quotes", None, {"if-none-match": b"no quotes", "a-im": b"feed"}, id="etag-without-quotes"),
        pytest.param(None, "yesterday", {"if-modified-since": b"yesterday"}, id="date-that-is-none"),
        pytest.param('"e"', "d", {"if-none-match": b'"e"', "a-im": b"feed", "if-modified-since": b"d"}, id="both"),
    ],
)
def test_validators_go_back_byte_for_byte(
    etag: str | None, last_modified: str | None, expected: dict[str, bytes]
) -> None:
    """Rules P1 and P9"""
    log = Log(httpx.Response(304))
    get(log, **known(URL, etag, last_modified))
    sent = {name.decode().lower(): value for name, value in log.requests[0].headers.raw}
    assert {name: sent.get(name) for name in ("if-none-match", "a-im", "if-modified-since") if name in sent} == expected


@pytest.mark.parametrize(
    "things",
    [
        pytest.param(known("https://example.org/other"), id="given-by-another-address"),
        pytest.param(known(URL) | {"conditional": False}, id="asked-for-the-whole"),
        pytest.param(known(URL) | {"body_hash": None}, id="their-body-is-unknown"),
        pytest.param({"body_hash": "0"}, id="none"),
    ],
)
def test_validators_are_not_sent_where_they_do_not_belong(things: dict[str, object]) -> None:
    """Rules P1, P3 and P5"""
    log = Log(httpx.Response(200, content=BODY))
    assert isinstance(get(log, **things), Document)
    assert not log.requests[0].headers.keys() & {"if-none-match", "if-modified-since", "a-im"}


@pytest.mark.parametrize(
    ("headers", "etag", "last_modified"),
    [
        pytest.param({}, '"v1"', "Sun", id="none"),
        pytest.param({"ETag": '"v2"'}, '"v2"', "Sun", id="etag"),
        pytest.param({"Last-Modified": "Mon"}, '"v1"', "Mon", id="date"),
        pytest.param({"ETag": '"v2"', "Last-Modified": "Mon"}, '"v2"', "Mon", id="both"),
    ],
)
def test_a_304_replaces_the_validators_it_carries(headers: dict[str, str], etag: str, last_modified: str) -> None:
    """Rule P3"""
    log = Log(httpx.Response(304, headers=headers | {"Cache-Control": "max-age=600"}))
    answer = get(log, **known(URL, '"v1"', "Sun"))
    assert isinstance(answer, NotModified)
    assert answer.validators == Validators(url=URL, etag=etag, last_modified=last_modified)
    assert answer.headers["cache-control"] == "max-age=600"
    assert (answer.url, answer.status, answer.fetched_at) == (URL, 304, NOW)


def test_a_304_that_was_not_asked_for_is_asked_again_once_without_conditions() -> None:
    """Rule P3"""
    log = Log(httpx.Response(304), httpx.Response(200, content=BODY))
    assert isinstance(get(log, **(known(URL) | {"body_hash": None})), Document)
    assert log.requests[1].headers["cache-control"] == "no-cache"
    assert not log.requests[1].headers.keys() & {"if-none-match", "a-im"}


def test_a_304_for_ever_is_an_error() -> None:
    """Rule P3."""
    log = Log(httpx.Response(304), httpx.Response(304))
    error = failure(lambda: get(log))
    assert (error.reason, error.status, len(log.requests)) == (Reason.PROTOCOL, 304, 2)


@pytest.mark.parametrize("conditional", [True, False])
def test_known_bytes_are_not_modified_but_bring_new_validators(conditional: bool) -> None:
    """Rules P4 and P5: also what an unconditional request brings."""
    log = Log(httpx.Response(200, content=BODY, headers={"ETag": '"v2"'}))
    answer = get(log, validators=Validators(url=URL, etag='"v1"'), body_hash=HASH, conditional=conditional)
    assert isinstance(answer, NotModified)
    assert answer.validators == Validators(url=URL, etag='"v2"')
    assert answer.status == 200


def test_a_226_is_a_success() -> None:
    """Rule P9"""
    document = get(Log(httpx.Response(226, content=BODY)), **known(URL))
    assert isinstance(document, Document)
    assert document.status == 226


@pytest.mark.parametrize("status", [400, 405, 406, 415])
def test_a_dislike_of_conditions_is_met_by_asking_without_them_once(status: int) -> None:
    """Rule P24."""
    log = Log(httpx.Response(status), httpx.Response(200, content=BODY))
    assert isinstance(get(log, **known(URL)), Document)
    assert not log.requests[1].headers.keys() & {"if-none-match", "if-modified-since", "a-im"}


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        pytest.param(400, 1, id="400"),
        pytest.param(405, 1, id="405"),
        pytest.param(415, 1, id="415"),
        pytest.param(406, 2, id="406-may-be-about-accept"),
    ],
)
def test_nothing_is_asked_twice_in_vain(status: int, asked: int) -> None:
    log = Log(httpx.Response(status), httpx.Response(status))
    assert failure(lambda: get(log)).reason is Reason.CLIENT_ERROR
    assert len(log.requests) == asked


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        pytest.param(401, {}, Reason.UNAUTHORIZED, id="401"),
        pytest.param(402, {}, Reason.CLIENT_ERROR, id="402"),
        pytest.param(403, {}, Reason.FORBIDDEN, id="403"),
        pytest.param(403, {"content-type": "text/plain"}, Reason.FORBIDDEN, id="403-text"),
        pytest.param(403, {"content-type": "Text/HTML; charset=utf-8"}, Reason.BOT_WALL, id="403-html"),
        pytest.param(403, {"cf-mitigated": "challenge"}, Reason.BOT_WALL, id="403-challenge"),
        pytest.param(503, {"cf-mitigated": "challenge"}, Reason.BOT_WALL, id="503-challenge"),
        pytest.param(202, {"x-amzn-waf-action": "challenge"}, Reason.BOT_WALL, id="202-challenge"),
        pytest.param(404, {}, Reason.NOT_FOUND, id="404"),
        pytest.param(407, {}, Reason.UNAUTHORIZED, id="407"),
        pytest.param(410, {}, Reason.GONE, id="410"),
        pytest.param(418, {}, Reason.CLIENT_ERROR, id="418"),
        pytest.param(429, {}, Reason.RATE_LIMITED, id="429"),
        pytest.param(451, {}, Reason.CLIENT_ERROR, id="451"),
        pytest.param(500, {}, Reason.SERVER_ERROR, id="500"),
        pytest.param(502, {}, Reason.SERVER_ERROR, id="502"),
        pytest.param(503, {}, Reason.RATE_LIMITED, id="503"),
        pytest.param(522, {}, Reason.SERVER_ERROR, id="522"),
        pytest.param(206, {}, Reason.PROTOCOL, id="206"),
        pytest.param(300, {}, Reason.PROTOCOL, id="300"),
        pytest.param(302, {}, Reason.PROTOCOL, id="302-without-location"),
        pytest.param(666, {}, Reason.PROTOCOL, id="666"),
    ],
)
def test_every_status_has_its_reason(status: int, headers: dict[str, str], reason: Reason) -> None:
    """Rule P24."""
    error = failure(lambda: get(Log(httpx.Response(status, headers=headers, content=b"<html>"))))
    assert (error.reason, error.status, error.retry_after) == (reason, status, None)
    assert str(error).startswith(f"{URL}: answered {status}")


@pytest.mark.parametrize("status", [200, 201, 203, 204, 226])
def test_any_other_success_is_a_document_for_the_parser_to_judge(status: int) -> None:
    assert isinstance(get(Log(httpx.Response(status, content=b""))), Document)


def test_retry_after_comes_with_the_error() -> None:
    error = failure(lambda: get(Log(httpx.Response(429, headers={"Retry-After": "120"}))))
    assert error.retry_after == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("120", timedelta(minutes=2), id="seconds"),
        pytest.param(" 120 ", timedelta(minutes=2), id="blanks"),
        pytest.param("Mon, 16 May 2022 13:00:00 GMT", timedelta(hours=1), id="date"),
        pytest.param("Monday, 16-May-22 13:00:00 GMT", timedelta(hours=1), id="rfc-850-date"),
        pytest.param("Mon May 16 13:00:00 2022", timedelta(hours=1), id="asctime-date"),
        pytest.param("999999999999999999999999", timedelta(days=7), id="seconds-capped"),
        pytest.param("9" * 5000, timedelta(days=7), id="endless-number"),
        pytest.param("Fri, 01 Jan 2100 00:00:00 GMT", timedelta(days=7), id="year-2100"),
        pytest.param("0", None, id="zero"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("１２０", None, id="full-width"),
        pytest.param("soon", None, id="text"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="absent"),
        pytest.param("Mon, 16 May 2022 11:00:00 GMT", None, id="past"),
        pytest.param("Mon, 99 May 99999 11:00:00 GMT", None, id="no-date"),
        pytest.param("Mon, 16 May 2022 13:00:00 " + "x" * 9000, None, id="long"),
    ],
)
def test_retry_after_is_read_and_capped(value: str | None, expected: timedelta | None) -> None:
    """Rule P24."""
    assert retry_after(value, now=NOW) == expected


def test_headers_set_by_hand_are_sent_but_for_those_this_program_answers_for() -> None:
    log = Log(httpx.Response(200, content=BODY))
    own = {
        "user-agent": "Mine/1",
        "X-Key": "k",
        "Cookie": "a=b",
        "Referer": "x",
        "Host": "evil",
        "accept-encoding": "y",
    }
    get(log, headers=own)
    headers = log.requests[0].headers
    assert (headers["user-agent"], headers["x-key"], headers["host"]) == ("Mine/1", "k", "example.org")
    assert headers["accept-encoding"].startswith("gzip")
    assert len(headers.get_list("user-agent")) == 1
    assert not headers.keys() & {"cookie", "referer"}


def test_cookies_are_not_kept_between_requests_or_fetches() -> None:
    """Rule P15"""
    log = Log(
        httpx.Response(302, headers={"Set-Cookie": "a=b; Path=/", "Location": "/x"}),
        httpx.Response(200, content=BODY, headers={"Set-Cookie": "c=d"}),
        httpx.Response(200, content=BODY),
    )

    async def run() -> None:
        async with HttpSource(user_agent=AGENT, transport=mocked(log), workers=1) as source:
            await source.fetch(asking(URL))
            await source.fetch(asking(URL))

    asyncio.run(run())
    assert [request.headers.get("cookie") for request in log.requests] == [None, None, None]
    assert [request.headers.get("referer") for request in log.requests] == [None, None, None]


def test_proxies_of_the_environment_are_not_used(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    assert isinstance(fetch_from(server), Document)


def test_credentials_in_the_address_are_sent_and_shown_nowhere(
    server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Rule P21"""
    caplog.set_level(logging.DEBUG)
    url = server.url().replace("http://", "http://jo:s3cret@")
    allow = (f"127.0.0.1:{server.port}",)
    document = fetch(asking(url), allow=allow)
    server.script = lambda peer, _request: peer.answer("401 Unauthorized")
    error = failure(lambda: fetch(asking(url), allow=allow))
    assert server.requests[0].headers["authorization"] == "Basic am86czNjcmV0"
    assert isinstance(document, Document)
    assert document.validators.url == document.url == server.url()
    shown = repr(document) + repr(error) + str(error) + repr(asking(url)) + caplog.text
    assert "s3cret" not in shown
    assert "am86" not in shown


def test_an_authorization_set_by_hand_wins_over_the_address() -> None:
    log = Log(httpx.Response(200, content=BODY))
    fetch(
        asking("https://a:b@example.org/feed", headers={"authorization": "Bearer t"}),
        transport=mocked(log),
    )
    assert log.requests[0].headers.get_list("authorization") == ["Bearer t"]


@pytest.mark.parametrize(
    "address", ["", "file:///etc/passwd", "http://", "http://u:s3cret@/x", "http://u:s3/cret@h:x/", "posts/*.md"]
)
def test_an_address_that_cannot_be_polled_is_refused_in_words(address: str) -> None:
    error = failure(lambda: fetch(address))
    assert error.reason is Reason.REFUSED_ADDRESS
    assert "s3" not in str(error)
    assert "feeds.toml" in str(error)


def test_a_body_over_the_limit_of_the_request_is_refused() -> None:
    """Rule P17."""
    log = Log(httpx.Response(200, content=b"x" * 1001))
    assert failure(lambda: get(log, max_bytes=1000)).reason is Reason.TOO_LARGE


def test_fetches_beyond_the_number_of_workers_wait_and_their_time_starts_with_them() -> None:
    running = 0
    most = 0

    async def slow(_request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        return httpx.Response(200, content=BODY)

    async def run() -> None:
        transport = httpx.MockTransport(slow)
        async with HttpSource(
            user_agent=AGENT, transport=transport, workers=2, limits=FetchLimits(total=0.2)
        ) as source:
            await asyncio.gather(*(source.fetch(asking(URL)) for _ in range(12)))

    asyncio.run(run())
    assert most == 2


def test_cancelling_a_fetch_is_no_failure_and_gives_its_client_back(server: RawServer) -> None:
    server.script = lambda peer, _request: peer.hold(0.5)

    async def run() -> None:
        guard = Guard([f"127.0.0.1:{server.port}"])
        async with HttpSource(user_agent=AGENT, guard=guard, workers=1) as source:
            task = asyncio.create_task(source.fetch(asking(server.url())))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            server.script = lambda peer, _request: peer.answer("200 OK", BODY)
            assert isinstance(await source.fetch(asking(server.url())), Document)

    asyncio.run(run())


def test_fetch_errors_name_the_subject() -> None:
    error = failure(lambda: get(Log(httpx.Response(404))))
    assert isinstance(error, FetchError)
    assert error.subject == URL
