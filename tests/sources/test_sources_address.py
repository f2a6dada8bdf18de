"""Rule P21: international hosts, percent escapes, and credentials that are never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.urls.hosts import BadAddress
from aggregator.sources.address import join_address, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("http://example.org/feed", "http://example.org/feed", id="plain"),
        pytest.param("  HTTP://EXAMPLE.org:80/a#part ", "http://example.org/a", id="case-port-fragment-blanks"),
        pytest.param("https://example.org:443/", "https://example.org/", id="default-port"),
        pytest.param("https://example.org:80/", "https://example.org:80/", id="other-scheme-s-port"),
        pytest.param(
            "http://例子.测试/路径?q=值 x",
            "http://xn--fsqu00a.xn--0zwm56d/%E8%B7%AF%E5%BE%84?q=%E5%80%BC%20x",
            id="chinese",
        ),
        pytest.param("http://EXAMPLE。com/", "http://example.com/", id="ideographic-full-stop"),
        pytest.param("http://Bücher.de/", "http://xn--bcher-kva.de/", id="capital-umlaut"),
        pytest.param("http://faß.de/", "http://xn--fa-hia.de/", id="sharp-s-not-transitional"),
        pytest.param("http://a_b.example.org/", "http://a_b.example.org/", id="underscore"),
        pytest.param("http://a.org/%41%e4?x=%e4&y=ä", "http://a.org/%41%e4?x=%e4&y=%C3%A4", id="escapes-kept"),
        pytest.param("http://[::1]:8099/x", "http://[::1]:8099/x", id="ipv6"),
        pytest.param("http://[0:0::0:1]/", "http://[::1]/", id="ipv6-shortened"),
        pytest.param("http://2130706433/", "http://127.0.0.1/", id="decimal"),
        pytest.param("http://0x7f.1/", "http://127.0.0.1/", id="hexadecimal"),
        pytest.param("http://0177.0.0.1/", "http://127.0.0.1/", id="octal"),
        pytest.param("http://１２７.0.0.1/", "http://127.0.0.1/", id="full-width-digits"),
        pytest.param("http://example.org\\@evil.example/", "http://example.org/@evil.example/", id="backslash"),
        pytest.param("http://💩.la/", "http://xn--ls8h.la/", id="emoji"),
        pytest.param("http://ex%61mple.org/", "http://example.org/", id="escape-in-host"),
        pytest.param("http:/example.org/x", "http://example.org/x", id="one-slash"),
        pytest.param("http:\\\\example.org\\x", "http://example.org/x", id="only-backslashes"),
        pytest.param("http://example.org/a\n b", "http://example.org/a%20b", id="newline-in-the-middle"),
    ],
)
def test_an_address_is_read_as_browsers_read_it(text: str, expected: str) -> None:
    assert parse_address(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("ftp://example.org/", id="ftp"),
        pytest.param("gopher://example.org/", id="gopher"),
        pytest.param("javascript:alert(1)", id="javascript"),
        pytest.param("//example.org/x", id="no-scheme"),
        pytest.param("http://", id="no-host"),
        pytest.param("http:///etc/passwd".replace("/etc", "?"), id="only-a-query"),
        pytest.param("http://user@/x", id="user-without-host"),
        pytest.param("http://a:0/", id="port-0"),
        pytest.param("http://a:65536/", id="port-65536"),
        pytest.param("http://a:" + "9" * 5000 + "/", id="port-endless"),
        pytest.param("http://a:８０/", id="port-full-width"),
        pytest.param("http://a b/", id="blank-in-host"),
        pytest.param("http://a%00b/", id="escaped-nul-in-host"),
        pytest.param("http://a\0b/", id="nul-in-host"),
        pytest.param("http://a/\0", id="nul-in-path"),
        pytest.param("http://a/\ud800", id="lone-surrogate"),
        pytest.param("http://[::1/", id="open-bracket"),
        pytest.param("http://[", id="only-a-bracket"),
        pytest.param("http://[]/", id="empty-brackets"),
        pytest.param("http://[fe80::1%25eth0]/", id="zone"),
        pytest.param("http://[::1]x/", id="junk-after-bracket"),
        pytest.param("http://[1.2.3.4]/", id="ipv4-in-brackets"),
        pytest.param("http://1.2.3.4.5/", id="five-numbers"),
        pytest.param("http://256.1.1.1/", id="number-too-large"),
        pytest.param("http://a/" + "x" * 10_000, id="too-long"),
    ],
)
def test_what_cannot_be_polled_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(text)


def test_user_information_becomes_basic_credentials_and_leaves_the_address() -> None:
    """Rule P21"""
    address = parse_address("https://j%40o:p%3Aw:x@example.org/feed")
    assert address.text == "https://example.org/feed"
    assert address.authorization == "Basic akBvOnA6dzp4"
    assert "akBv" not in repr(address)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        pytest.param("/feed2", "https://example.org/feed2", id="absolute-path"),
        pytest.param("b.xml", "https://example.org/a/b.xml", id="relative"),
        pytest.param("../b.xml", "https://example.org/b.xml", id="parent"),
        pytest.param("?page=2", "https://example.org/a/feed?page=2", id="query"),
        pytest.param("//cdn.example.net/f", "https://cdn.example.net/f", id="same-scheme"),
        pytest.param("http://example.net/f#x", "http://example.net/f", id="absolute-with-fragment"),
        pytest.param("/中文", "https://example.org/%E4%B8%AD%E6%96%87", id="unescaped"),
    ],
)
def test_a_location_is_resolved_against_the_address_that_sent_it(location: str, expected: str) -> None:
    assert join_address(parse_address("https://example.org/a/feed"), location).text == expected


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for candidate in (text, "http://" + text, "http://h/" + text):
        try:
            address = parse_address(candidate)
        except BadAddress:
            continue
        assert address.text.isascii()
        assert parse_address(address.text).text == address.text
        assert 0 < address.port < 65536


@given(st.text(), st.text(alphabet="abc/?#@:\\ é"))
def test_any_location_is_resolved_or_refused(text: str, tail: str) -> None:
    base = parse_address("https://example.org/a/feed")
    for location in (text, tail, "//" + tail, "http:" + tail):
        try:
            assert join_address(base, location).url.scheme in ("http", "https")
        except BadAddress:
            continue
