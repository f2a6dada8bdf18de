"""Redirects (rules P16, P21 and P25)."""

from __future__ import annotations

import httpx
import pytest
from raw_server import NOW, RawServer, asking, failure, fetch, fetch_from, known, mocked

from aggregator.core.document import Document, NotModified
from aggregator.core.errors import Reason

A, B, C = "https://a.example/feed", "https://b.example/feed", "https://c.example/feed"


def to(location: str, status: int = 301, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={"Location": location, **headers})


OK = {"status_code": 200, "content": b"<rss/>"}


@pytest.mark.parametrize(
    ("chain", "permanent"),
    [
        pytest.param([301], True, id="301"),
        pytest.param([308], True, id="308"),
        pytest.param([301, 308], True, id="301-308"),
        pytest.param([302], False, id="302"),
        pytest.param([303], False, id="303"),
        pytest.param([307], False, id="307"),
        pytest.param([301, 302], False, id="301-302"),
        pytest.param([302, 301], False, id="302-301"),
    ],
)
def test_a_move_is_permanent_only_if_every_hop_is(chain: list[int], permanent: bool) -> None:
    """Rule P25"""
    places = [A, B, C][: len(chain) + 1]
    answers = {here: to(there, status) for here, there, status in zip(places, places[1:], chain, strict=False)}
    document = fetch(A, transport=mocked(answers | {places[-1]: httpx.Response(**OK)}))
    assert isinstance(document, Document)
    assert document.url == places[-1]
    assert document.permanent_url == (places[-1] if permanent else None)
    assert document.validators.url == places[-1]


def test_a_304_behind_a_permanent_redirect_reports_the_move() -> None:
    """Rule P25."""
    answers = {A: to(B), B: httpx.Response(304)}
    answer = fetch(asking(A, **known(B)), transport=mocked(answers))
    assert isinstance(answer, NotModified)
    assert (answer.url, answer.permanent_url) == (B, B)


def test_validators_go_only_to_the_address_of_the_chain_that_gave_them() -> None:
    """Rule P1"""
    sent: dict[str, str | None] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        sent[str(request.url)] = request.headers.get("if-none-match")
        return to(B, 302) if str(request.url) == A else httpx.Response(304)

    fetch(asking(A, **known(B)), transport=mocked(answer))
    assert sent == {A: None, B: '"v1"'}


@pytest.mark.parametrize(
    ("location", "target"),
    [
        pytest.param("/other", "https://a.example/other", id="path"),
        pytest.param("other?x=1#y", "https://a.example/other?x=1", id="relative"),
        pytest.param("//b.example/f", "https://b.example/f", id="host"),
        pytest.param(" https://b.example/f ", "https://b.example/f", id="blanks"),
        pytest.param("/中文".encode().decode("latin-1"), "https://a.example/%E4%B8%AD%E6%96%87", id="raw-utf-8"),
        pytest.param("/\xfc", "https://a.example/%C3%BC", id="raw-latin-1"),
        pytest.param(
            "https://例子.测试/".encode().decode("latin-1"), "https://xn--fsqu00a.xn--0zwm56d/", id="host-raw"
        ),
    ],
)
def test_a_location_is_followed_as_written(location: str, target: str) -> None:
    moved = httpx.Response(302, headers=[(b"Location", location.encode("latin-1"))])
    document = fetch(A, transport=mocked({A: moved, target: httpx.Response(**OK)}))
    assert isinstance(document, Document)
    assert document.url == target


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://b.example/",
        "gopher://b.example/",
        "javascript:x",
        "data:,x",
        "http://",
        "http://[::1",
        "http://a:0/",
    ],
)
def test_a_redirect_to_what_is_no_web_address_is_refused(location: str) -> None:
    error = failure(lambda: fetch(A, transport=mocked({A: to(location)})))
    assert error.reason is Reason.REFUSED_ADDRESS
    assert error.subject == A


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "2130706433", "0x7f.1", "10.0.0.1:8080"])
def test_a_redirect_to_a_private_address_is_refused(host: str) -> None:
    """Rule P22."""
    error = failure(lambda: fetch(A, transport=mocked({A: to(f"http://{host}/latest/meta-data")})))
    assert error.reason is Reason.REFUSED_ADDRESS


def test_a_redirect_from_an_allowed_port_to_another_is_refused(server: RawServer) -> None:
    other = RawServer()
    try:
        server.script = lambda peer, _request: peer.answer("302 Found", Location=other.url())
        assert failure(lambda: fetch_from(server)).reason is Reason.REFUSED_ADDRESS
        assert other.connections == 0
    finally:
        other.close()


def test_a_redirect_to_a_name_that_leads_to_a_private_address_is_refused(server: RawServer) -> None:
    """Rule P22."""
    server.script = lambda peer, _request: peer.answer("302 Found", Location="http://localhost:1/")
    assert failure(lambda: fetch_from(server)).reason is Reason.REFUSED_ADDRESS


def test_five_redirects_are_followed_and_a_sixth_is_not() -> None:
    """Rule P16."""

    def answer(request: httpx.Request) -> httpx.Response:
        left = int(request.url.path[1:])
        return to(f"/{left - 1}") if left else httpx.Response(**OK)

    assert isinstance(fetch("https://a.example/5", transport=mocked(answer)), Document)
    error = failure(lambda: fetch("https://a.example/6", transport=mocked(answer)))
    assert error.reason is Reason.TOO_MANY_REDIRECTS


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({A: to(A)}, id="to-itself"),
        pytest.param({A: to("#top")}, id="to-its-own-part"),
        pytest.param({A: to(B), B: to(A)}, id="to-and-fro"),
        pytest.param({A: to(B), B: to(C), C: to(B)}, id="back-into-the-middle"),
    ],
)
def test_a_circle_is_an_error(answers: dict[str, httpx.Response]) -> None:
    """Rule P16."""
    error = failure(lambda: fetch(A, transport=mocked(answers)))
    assert error.reason is Reason.TOO_MANY_REDIRECTS
    assert "circle" in str(error)


def test_a_circle_for_want_of_a_cookie_says_so() -> None:
    """Rule P15: no cookie is kept."""
    error = failure(lambda: fetch(A, transport=mocked({A: to(A, 302, **{"Set-Cookie": "seen=1"})})))
    assert "cookie" in str(error)


def test_https_to_http_is_followed_once_and_never_permanent() -> None:
    """Rule P16"""
    plain = "http://a.example/feed"
    document = fetch(A, transport=mocked({A: to(plain), plain: httpx.Response(**OK)}))
    assert isinstance(document, Document)
    assert (document.url, document.permanent_url) == (plain, None)


def test_https_given_up_and_regained_is_not_permanent_either() -> None:
    """Rules P16 and P25."""
    plain = "http://b.example/"
    document = fetch(A, transport=mocked({A: to(plain), plain: to(C), C: httpx.Response(**OK)}))
    assert isinstance(document, Document)
    assert (document.url, document.permanent_url) == (C, None)


def test_https_given_up_twice_is_an_error() -> None:
    """Rule P16."""
    answers = {A: to("http://b.example/"), "http://b.example/": to(C), C: to("http://d.example/")}
    assert failure(lambda: fetch(A, transport=mocked(answers))).reason is Reason.TOO_MANY_REDIRECTS


@pytest.mark.parametrize(
    ("start", "target", "kept"),
    [
        pytest.param(A, "https://a.example/other", True, id="same-origin"),
        pytest.param(A, B, False, id="other-host"),
        pytest.param(A, "https://a.example:8443/", False, id="other-port"),
        pytest.param(A, "http://a.example/", False, id="other-scheme"),
        pytest.param("http://a.example/", A, False, id="scheme-upgraded"),
        pytest.param(A, "https://sub.a.example/", False, id="subdomain"),
    ],
)
@pytest.mark.parametrize("way", ["header", "address"])
def test_secrets_stay_at_their_origin(start: str, target: str, kept: bool, way: str) -> None:
    """Rule P16"""
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return to(target) if len(seen) == 1 else httpx.Response(**OK)

    if way == "header":
        request = asking(start, headers={"Authorization": "Bearer t", "X-Key": "k", "User-Agent": "Mine/1"})
    else:
        request = asking(start.replace("://", "://jo:pw@"), headers={"X-Key": "k", "User-Agent": "Mine/1"})
    document = fetch(request, transport=mocked(answer))
    assert "authorization" in seen[0]
    assert ("authorization" in seen[1], "x-key" in seen[1]) == (kept, kept)
    assert seen[1]["user-agent"] == "Mine/1"
    assert isinstance(document, Document)
    assert document.permanent_url == (target if kept and way == "header" else None)


def test_secrets_that_were_left_behind_do_not_come_back() -> None:
    """Rule P16."""
    back = "https://a.example/back"
    seen: dict[str, bool] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[str(request.url)] = "authorization" in request.headers
        return {A: to(B), B: to(back), back: httpx.Response(**OK)}[str(request.url)]

    fetch(asking(A, headers={"Authorization": "x"}), transport=mocked(answer))
    assert seen == {A: True, B: False, back: False}


def test_a_401_after_secrets_were_left_behind_says_so() -> None:
    answers = {A: to(B), B: httpx.Response(401)}
    error = failure(lambda: fetch(asking(A, headers={"Authorization": "x"}), transport=mocked(answers)))
    assert error.reason is Reason.UNAUTHORIZED
    assert "another host" in str(error)
    assert B in str(error)


def test_credentials_in_a_location_are_used_and_shown_nowhere() -> None:
    """Rules P21 and P25."""
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return to("https://jo:s3cret@b.example/") if len(seen) == 1 else httpx.Response(**OK)

    document = fetch(A, transport=mocked(answer))
    assert seen == [None, "Basic am86czNjcmV0"]
    assert isinstance(document, Document)
    assert "s3cret" not in repr(document)
    assert document.permanent_url is None


def test_an_error_at_the_end_of_a_chain_names_both_addresses() -> None:
    error = failure(lambda: fetch(A, transport=mocked({A: to(B), B: httpx.Response(404)})))
    assert error.subject == A
    assert B in error.message


def test_the_time_of_the_visit_is_the_request_s() -> None:
    document = fetch(A, transport=mocked({A: to(B), B: httpx.Response(**OK)}))
    assert document.fetched_at == NOW
