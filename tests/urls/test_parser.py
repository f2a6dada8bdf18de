"""One parser for what is polled and for what is published (rule P21)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.urls.hosts import BadAddress
from aggregator.core.urls.parser import Url, parse_authority, split_url, without_userinfo
from aggregator.core.urls.urls import absolute, host_of
from aggregator.sources.address import parse_address


def url(scheme: str | None, authority: str | None, path: str, query: str | None = None, at: str | None = None) -> Url:
    return Url(scheme=scheme, authority=authority, path=path, query=query, fragment=at)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("HTTPS://u@E.com:1/a?b#c", url("https", "u@E.com:1", "/a", "b", "c"), id="all of them"),
        pytest.param("https://e.com?#", url("https", "e.com", "", "", ""), id="empty ones are there"),
        pytest.param("https:e.com/a", url("https", "e.com", "/a"), id="no slash"),
        pytest.param("http:////e.com/a", url("http", "e.com", "/a"), id="four slashes"),
        pytest.param("http:\\\\e.com\\a", url("http", "e.com", "\\a"), id="backslashes"),
        pytest.param("https://?q", url("https", "", "", "q"), id="no host"),
        pytest.param("mailto:a@e.com?b", url("mailto", None, "a@e.com", "b"), id="no authority"),
        pytest.param("ftp://e.com/a", url("ftp", "e.com", "/a"), id="another scheme"),
        pytest.param("//e.com/a", url(None, "e.com", "/a"), id="no scheme"),
        pytest.param("/a?b", url(None, None, "/a", "b"), id="a path"),
        pytest.param("", url(None, None, ""), id="nothing"),
    ],
)
def test_components_of_an_address(text: str, expected: Url) -> None:
    assert split_url(text) == expected


@pytest.mark.parametrize(
    ("text", "userinfo", "host", "port"),
    [
        ("e.com", "", "e.com", None), ("e.com:", "", "e.com", None), ("e.com:080", "", "e.com", 80),
        ("u:p@e.com:1", "u:p", "e.com", 1), ("a@b@e.com", "a@b", "e.com", None), ("@e.com", "", "e.com", None),
        ("[::1]:65535", "", "[::1]", 65535), ("[0::1]", "", "[::1]", None),
    ],
)  # fmt: skip
def test_authority(text: str, userinfo: str, host: str, port: int | None) -> None:
    found = parse_authority(text)
    assert (found.userinfo, found.host, found.port) == (userinfo, host, port)


@pytest.mark.parametrize("text", [None, "", "u@", ":80", "e:0", "e:65536", "e:８", "e:-1", "e:x", "[::1]x", "a:b:1"])
def test_what_is_no_authority_is_refused(text: str | None) -> None:
    with pytest.raises(BadAddress):
        parse_authority(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("https://u:secret@example.org/a@b", "https://example.org/a@b", id="plain"),
        pytest.param("https://u:p%40@e.com/a@b", "https://e.com/a@b", id="an escaped at sign"),
        pytest.param("https://u@e.com", "https://e.com", id="no password"),
        pytest.param("https://e.com/a@b?c@d", "https://e.com/a@b?c@d", id="none there"),
        pytest.param("https://example.org/@user/feed", "https://example.org/@user/feed", id="at-in-path"),
        pytest.param("https://u:sec/ret@example.org/a", "https://example.org/a", id="slash-in-password"),
        pytest.param("https://u:sec?ret@example.org/a", "https://example.org/a", id="question-mark-in-password"),
        pytest.param("https://u:secret@@example.org/", "https://example.org/", id="two-ats"),
        pytest.param("//u:secret@example.org/", "//example.org/", id="no-scheme"),
        pytest.param("//example.org/@user", "//example.org/@user", id="no scheme and none there"),
        pytest.param("ftp://u:secret@example.org/", "ftp://example.org/", id="other-scheme"),
        pytest.param("http:/u:secret@example.org/", "http:/example.org/", id="one slash"),
        pytest.param("http:u:secret@example.org/", "http:example.org/", id="no slash"),
        pytest.param("http:\\\\u:secret@example.org/", "http:\\\\example.org/", id="backslashes"),
        pytest.param(" https://u:secret@example.org/", " https://example.org/", id="a blank before it"),
        pytest.param("mailto:a@b.example", "mailto:a@b.example", id="mail"),
        pytest.param("file:///a@b.xml", "file:///a@b.xml", id="a file"),
        pytest.param("posts/*.md", "posts/*.md", id="no-address"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_user_information_is_never_shown(text: str, expected: str) -> None:
    """Rule P21."""
    assert without_userinfo(text) == expected


PIECES = st.lists(
    st.sampled_from(
        ["http", "https", ":", "//", "/", "\\", "e.com", "E.Com", "例え.jp", "💩", "[::1]", "@", "u:p", "%", "%41",
         "%e4", "?", "#", "..", ".", " ", "文", "\x00", "80", "99999", "0x7f", "1.2", "-", "a"]
    ),
    max_size=10,
).map("".join)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=40), PIECES, PIECES.map("https://".__add__), PIECES.map("http://e.com".__add__))


@given(TEXTS)
def test_what_may_be_published_may_be_asked_at_the_same_host_and_port(text: str) -> None:
    """Rule P21: the two uses of the parser agree on every http and https address"""
    shown = absolute(text, None)
    if shown is None or not shown.startswith(("http://", "https://")):
        return
    asked = parse_address(shown)
    authority = parse_authority(split_url(shown).authority)
    assert asked.host == authority.host.lower().strip("[]")
    assert host_of(shown) == authority.host.lower().rstrip(".")
    assert asked.port == (authority.port or (443 if shown.startswith("https") else 80))
    assert (asked.authorization is not None) is bool(authority.userinfo)


@given(TEXTS)
def test_what_is_asked_may_be_published_with_the_same_origin(text: str) -> None:
    """Rule P21: but for names that DNS cannot hold, which are asked in vain and are not published"""
    try:
        asked = parse_address(text)
    except BadAddress:
        return
    shown = absolute(asked.text, None)
    if shown is None:
        assert ".." in asked.host or "-" in asked.host or asked.host.startswith(".") or len(asked.host) > 63
    else:
        assert parse_address(shown).origin == asked.origin


@given(TEXTS)
def test_no_text_shows_the_user_information_that_would_be_sent(text: str) -> None:
    """Rule P21."""
    bare = without_userinfo(text)
    assert len(bare) <= len(text)
    try:
        assert parse_address(bare).authorization is None
    except BadAddress:
        return
