"""Addresses: rules H10 and P21 for what is published, rules I4, I6 and I7 for what is compared."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.urls.parser import without_userinfo
from aggregator.core.urls.urls import (
    absolute,
    alias_key,
    host_of,
    is_absolute_uri,
    link_key,
    origin_of,
    same_site,
)

BASE = "https://www.example.com/a/b/index.html?x=1"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://Example.com/A?b=C#d", "https://Example.com/A?b=C#d", id="published as written"),
        pytest.param("HTTP://example.com", "http://example.com", id="scheme in lower case"),
        pytest.param("/x", "https://www.example.com/x", id="rooted"),
        pytest.param("y.png", "https://www.example.com/a/b/y.png", id="relative"),
        pytest.param("../z", "https://www.example.com/a/z", id="parent"),
        pytest.param("?q=1", "https://www.example.com/a/b/index.html?q=1", id="query alone"),
        pytest.param("#f", "https://www.example.com/a/b/index.html?x=1#f", id="fragment alone"),
        pytest.param("//cdn.example.com/a.png", "https://cdn.example.com/a.png", id="protocol-relative is https"),
        pytest.param("12:30", "https://www.example.com/a/b/12:30", id="a colon is not always a scheme"),
        pytest.param("https://e.com/a b.png", "https://e.com/a%20b.png", id="blank"),
        pytest.param("  https://e.com/a\r\n\t/b \u3000", "https://e.com/a/b", id="line ends inside, blanks outside"),
        pytest.param("https:\\/\\/e.com\\/a", "https://e.com/a", id="escaped slashes of JSON"),
        pytest.param("http:\\\\e.com\\a\\b", "http://e.com/a/b", id="slashes of Windows"),
        pytest.param("https://e.com/a\\b", "https://e.com/ab", id="backslash removed"),
        pytest.param("http:/e.com/x", "http://e.com/x", id="one slash"),
        pytest.param("https:///e.com/x", "https://e.com/x", id="three slashes"),
        pytest.param(
            "https://e.com/新闻?词=值#节", "https://e.com/%E6%96%B0%E9%97%BB?%E8%AF%8D=%E5%80%BC#%E8%8A%82",
            id="IRI",
        ),
        pytest.param("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/", id="international host"),
        pytest.param("http://faß.de/", "http://xn--fa-hia.de/", id="UTS 46, not transitional"),
        pytest.param("http://i❤.ws/", "http://xn--i-7iq.ws/", id="emoji host"),
        pytest.param("http://2130706433/", "http://127.0.0.1/", id="an IPv4 address in one number"),
        pytest.param("http://0x7f.1/", "http://127.0.0.1/", id="an IPv4 address in hexadecimal"),
        pytest.param("///e.com/x", "https://e.com/x", id="three slashes without a scheme"),
        pytest.param("http://ｅxample。com/", "http://example.com/", id="full-width host"),
        pytest.param("https://e.com/%E4%bd%a0", "https://e.com/%E4%bd%a0", id="escapes are not touched"),
        pytest.param("https://e.com/100%/50%25", "https://e.com/100%25/50%25", id="stray percent"),
        pytest.param(
            "https://e.com/a[1]|{b}?c[]=<d>", "https://e.com/a%5B1%5D%7C%7Bb%7D?c%5B%5D=%3Cd%3E",
            id="not RFC 3986",
        ),
        pytest.param("https://e.com/a#b#c", "https://e.com/a#b%23c", id="second hash"),
        pytest.param("https://e.com:8443/x", "https://e.com:8443/x", id="port"),
        pytest.param("https://e.com:/x", "https://e.com/x", id="empty port"),
        pytest.param("https://my_host.e.com/", "https://my_host.e.com/", id="underscore in host"),
        pytest.param("http://[2001:DB8::1]:80/", "http://[2001:db8::1]:80/", id="IPv6"),
        pytest.param("mailto:a@b.example", "mailto:a@b.example", id="mail"),
        pytest.param("magnet:?xt=urn:btih:abc", "magnet:?xt=urn:btih:abc", id="magnet"),
        *(
            pytest.param(url, None, id=f"refused {url!r}")
            for url in (
                "", " \n", "javascript:alert(1)", " java\nscript:alert(1)", "\x01JavaScript:x", "vbscript:x",
                "data:text/html,x", "file:///etc/passwd", "blob:x", "about:blank", "C:\\a\\b", "x:y", "//", "http://",
                "https://?x", "http://[::1", "http://[zz]/", "http://e.com:99999/", "http://e.com:port/",
                "http://e.com:-1/",
                "http://a..b/", "http://-a.com/", "http://a b.com/", "http://1.2.3.999/", "http://e.1/", "http://e.com\uff0fevil/",
                "http://e.com%2f@x y/", "http://%00/",
                "//[::1", "https://e.com/" + "a" * 40_000, "https://e.com/" + "a" * 9000, "mailto:",
            )
        ),
    ],
)  # fmt: skip
def test_address_is_made_absolute_and_clean(url: str, expected: str | None) -> None:
    """Rules H10 and P21."""
    assert absolute(url, BASE) == expected


@pytest.mark.parametrize("base", [None, "", "x", "file:///a/b", "javascript:1", "http://[::1", "/a"])
def test_relative_address_without_a_usable_base_is_none(base: str | None) -> None:
    assert absolute("a.html", base) is None
    assert absolute("https://e.com/a.html", base) == "https://e.com/a.html"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.com/1", True), ("HTTP://example.com", True), ("ftp://example.com/x", True),
        ("urn:isbn:0451450523", True),
        ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", True), ("tag:blogger.com,1999:blog-1.post-2", True),
        ("tag:me@example.com,2022-05-16:/a#b", True), ("mailto:a@b.example", True), ("info:doi/10.1000/1", True),
        ("", False), ("123", False), ("abc", False), ("/a", False), ("a b", False), ("http://", False),
        ("https://example.com/新闻", False), ("https://example.com/a b", False), ("https://e.com/100%", False),
        ("https://e.com/a#b#c", False), ("https://e.com/[a]", False), ("http://1.2.3.999/", False),
        ("yt:video:abc", False),
        ("urn:uuid:123", False), ("urn:x", False), ("tag:Example.com,2022:a", False), ("tag:example.com:a", False),
        ("javascript:alert(1)", False), ("IT 之家:1", False), ("https://e.com/\n", False), (" https://e.com/", False),
    ],
)  # fmt: skip
def test_id_is_published_as_it_is_only_if_it_is_an_absolute_uri(text: str, expected: bool) -> None:
    """Rule I7."""
    assert is_absolute_uri(text) is expected


@pytest.mark.parametrize(
    ("url", "key"),
    [
        pytest.param("http://Example.COM:80/a", "https://example.com/a", id="case, scheme, default port"),
        pytest.param("https://example.com:8443/a", "https://example.com:8443/a", id="other port"),
        pytest.param("https://例え.jp/a", "https://xn--r8jz45g.jp/a", id="IDNA"),
        pytest.param("https://e.com/a/../b/./c", "https://e.com/b/c", id="dot segments"),
        pytest.param("https://e.com/../../a", "https://e.com/a", id="dots above the root"),
        pytest.param("https://e.com/a/b/..", "https://e.com/a", id="dots at the end"),
        pytest.param("https://e.com/a/b/.", "https://e.com/a/b", id="one dot at the end"),
        pytest.param("https://e.com/a/", "https://e.com/a", id="one final slash"),
        pytest.param("https://e.com/a//", "https://e.com/a/", id="only one final slash"),
        pytest.param("https://e.com", "https://e.com", id="no path"),
        pytest.param("https://e.com/", "https://e.com", id="root"),
        pytest.param("https://e.com/a#part", "https://e.com/a", id="fragment"),
        pytest.param("https://e.com/#!/a", "https://e.com#!/a", id="hash-bang"),
        pytest.param(
            "https://e.com/a?utm_source=x&b=2&utm_medium=y&a=1", "https://e.com/a?b=2&a=1",
            id="utm, order kept",
        ),
        pytest.param(
            "https://e.com/a?flag&b=%e4+x&c=", "https://e.com/a?flag&b=%E4+x&c=",
            id="query otherwise as it is",
        ),
        pytest.param("https://e.com/a?x=1&amp;utm_source=y", "https://e.com/a?x=1", id="escaped twice"),
        pytest.param("https://e.com/a?UTM_Source=x", "https://e.com/a", id="case of parameters"),
        pytest.param(
            "https://e.com/?mtm_a=1&fbclid=1&gclid=1&msclkid=1&yclid=1&mc_cid=1&mc_eid=1&spm=1&from_source=1&share_x=1",
            "https://e.com", id="all that track",
        ),
        pytest.param(
            "https://e.com/?spmx=1&shared=2&from=3", "https://e.com?spmx=1&shared=2&from=3",
            id="none that only look so",
        ),
        pytest.param("https://e.com/?ref=feed.example", "https://e.com", id="ref to the feed's host"),
        pytest.param("https://e.com/?ref=https://feed.example/rss", "https://e.com", id="ref to the feed"),
        pytest.param("https://e.com/?ref=main", "https://e.com?ref=main", id="other ref"),
        pytest.param("https://u:p@e.com/a", "https://e.com/a", id="no password in a key"),
        pytest.param("https://e.com/%7Ejo/%e4%bd%a0", "https://e.com/~jo/%E4%BD%A0", id="one way of escaping"),
        pytest.param("https://e.com/你", "https://e.com/%E4%BD%A0", id="IRI and URI are one"),
        pytest.param("mailto:a@b.example", "mailto:a@b.example", id="no host"),
        pytest.param("a.html", None, id="relative"),
        pytest.param("javascript:x", None, id="script"),
    ],
)  # fmt: skip
def test_links_to_one_page_have_one_key(url: str, key: str | None) -> None:
    """Rule I6."""
    assert link_key(url, feed_host="feed.example") == key


def test_fragment_stays_where_entries_differ_by_it() -> None:
    """Rule I6."""
    assert link_key("https://e.com/a#1", keep_fragment=True) == "https://e.com/a#1"


def test_ref_stays_without_a_feed_host() -> None:
    assert link_key("https://e.com/?ref=e.com") == "https://e.com?ref=e.com"


@pytest.mark.parametrize(
    ("native_id", "alias"),
    [
        ("https://old.example/2022/05/16/post.html?utm_source=rss", "/2022/05/16/post.html"),
        ("http://new.example/2022/05/16/post.html", "/2022/05/16/post.html"),
        ("http://e.com/?p=123", "?p=123"),
        ("https://e.com/news#item-7", "/news#item-7"),
        ("https://e.com/文章", "/%E6%96%87%E7%AB%A0"),
        ("tag:blogger.com,1999:blog-1.post-2", "blog-1.post-2"),
        ("https://e.com/", None), ("https://e.com", None), ("https://e.com/index.html", None),
        ("https://e.com/about", None),
        ("12345", None), ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", None), ("", None),
        ("tag:e.com,2022:a", None),
    ],
)  # fmt: skip
def test_alias_of_an_id_survives_a_move_of_the_site(native_id: str, alias: str | None) -> None:
    """I4a."""
    assert alias_key(native_id) == alias


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("https://www.example.com/x", "http://img.example.com/y", True),
        ("https://example.com", "https://example.org", False),
        ("https://a.com.cn", "https://b.com.cn", False),
        ("https://www.a.com.cn", "https://img.a.com.cn", True),
        ("https://a.co.jp", "https://b.co.jp", False),
        ("https://news.bbc.co.uk", "https://www.bbc.co.uk", True),
        ("https://a.co.kr", "https://b.co.kr", False),
        ("https://a.com.tw", "https://www.a.com.tw", True),
        ("https://a.github.io", "https://b.github.io", False),
        ("http://192.0.2.1/", "http://198.51.2.1/", False),
        ("http://192.0.2.1/", "http://192.0.2.1:81/", True),
        ("http://[2001:db8::1]/", "http://[2001:db8::1]/a", True),
        ("http://localhost", "http://localhost:80", True),
        ("x", "x", False),
        ("mailto:a@b.example", "mailto:a@b.example", False),
    ],
)
def test_same_site_is_one_registrable_domain(a: str, b: str, expected: bool) -> None:
    """Rule H7."""
    assert same_site(a, b) is expected
    assert same_site(b, a) is expected


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("HTTPS://user@Example.com:443/x", "example.com", "https://example.com"),
        ("http://example.com:8080/x", "example.com", "http://example.com:8080"),
        ("http://例え.jp", "xn--r8jz45g.jp", "http://xn--r8jz45g.jp"),
        ("http://[::1]:80/", "[::1]", "http://[::1]"),
        ("mailto:a@b.example", None, None),
        ("nonsense", None, None),
    ],
)
def test_host_and_origin(url: str, host: str | None, origin: str | None) -> None:
    assert host_of(url) == host
    assert origin_of(url) == origin


PIECES = st.lists(
    st.sampled_from(
        ["http", "https", "javascript", ":", "//", "/", "\\", "e.com", "例え.jp", "[::1]", "@", "%", "%41", "%e4",
        "?", "&", "=",
         "#", "!", "..", ".", " ", "\n", "\t", "utm_x", "ref", "文", "\ud800", "\x00", "80", "99999", "'", '"', "<",
         "a"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
URLS = st.one_of(st.text(max_size=40), PIECES, PIECES.map(lambda tail: "https://e.com" + tail))


@given(URLS, st.one_of(st.none(), URLS))
@settings(max_examples=400)
def test_no_string_raises_and_answers_are_uris(url: str, base: str | None) -> None:
    """Rules H10 and P21: total, idempotent, and only RFC 3986 characters come out."""
    made = absolute(url, base)
    for function in (link_key, alias_key, host_of, origin_of, is_absolute_uri, without_userinfo):
        function(url)
    same_site(url, base or "")
    if made is not None:
        assert absolute(made, None) == made
        assert re.fullmatch(
            r"[a-z][a-z0-9+.-]*:(?:[\w.~:/?#@!$&'()*+,;=-]|\[[0-9a-f:.]+\]|%[0-9A-Fa-f]{2})+", made, re.ASCII
        )
        assert made.count("#") < 2


@given(URLS)
@settings(max_examples=400)
def test_key_of_a_link_does_not_depend_on_its_cleaning(url: str) -> None:
    """Rule I6."""
    made = absolute(url, None)
    assert link_key(url) == (link_key(made) if made else None)
