"""Which hosts belong to one customer of a registry or of a platform, and how hosts are read."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.urls.hosts import BadAddress, ascii_host, is_one_site, parse_host, registrable


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("www.example.com", "example.com", id="a subdomain"),
        pytest.param("example.com", "example.com", id="the domain itself"),
        pytest.param("a.b.c.example.org", "example.org", id="a deep subdomain"),
        pytest.param("news.bbc.co.uk", "bbc.co.uk", id="co.uk"),
        pytest.param("www.a.com.cn", "a.com.cn", id="com.cn"),
        pytest.param("www.a.ne.jp", "a.ne.jp", id="ne.jp"),
        pytest.param("blog.a.or.kr", "a.or.kr", id="or.kr"),
        pytest.param("www.a.com.tw", "a.com.tw", id="com.tw"),
        pytest.param("www.city.kobe.jp", "city.kobe.jp", id="an exception of a wildcard rule"),
        pytest.param("www.a.b.kobe.jp", "a.b.kobe.jp", id="a wildcard rule"),
        pytest.param("www.id.me", "id.me", id="a label that is a suffix in other countries only"),
        pytest.param("news.s3.amazonaws.com", "news.s3.amazonaws.com", id="a bucket"),
        pytest.param("a.news.s3.amazonaws.com", "news.s3.amazonaws.com", id="a bucket with a dot in its name"),
        pytest.param("b.s3.eu-west-1.amazonaws.com", "b.s3.eu-west-1.amazonaws.com", id="a bucket of a region"),
        pytest.param("d1.cloudfront.net", "d1.cloudfront.net", id="cloudfront.net"),
        pytest.param("shop.azurewebsites.net", "shop.azurewebsites.net", id="azurewebsites.net"),
        pytest.param("shop.webflow.io", "shop.webflow.io", id="webflow.io"),
        pytest.param("nikki.hatenablog.jp", "nikki.hatenablog.jp", id="hatenablog.jp"),
        pytest.param("nikki.hatenablog.com", "nikki.hatenablog.com", id="hatenablog.com"),
        pytest.param("app.appspot.com", "app.appspot.com", id="appspot.com"),
        pytest.param("a.github.io", "a.github.io", id="github.io"),
        pytest.param("a.blogspot.com", "a.blogspot.com", id="blogspot.com"),
        pytest.param("www.a.blogspot.co.uk", "a.blogspot.co.uk", id="a country's blogspot, two labels"),
        pytest.param("a.blogspot.de", "a.blogspot.de", id="a country's blogspot, one label"),
        pytest.param("blogspot.de", "blogspot.de", id="a country's blogspot itself"),
        pytest.param("a.wordpress.com", "a.wordpress.com", id="not on the list: wordpress.com"),
        pytest.param("wordpress.com", "wordpress.com", id="not on the list: wordpress.com itself"),
        pytest.param("www.a.tistory.com", "a.tistory.com", id="not on the list: tistory.com"),
        pytest.param("github.io", "github.io", id="a public suffix"),
        pytest.param("co.uk", "co.uk", id="a public suffix of two labels"),
        pytest.param("com", "com", id="a public suffix of one label"),
        pytest.param("localhost", "localhost", id="one label"),
        pytest.param("nas.home.internal", "home.internal", id="a suffix nobody knows"),
        pytest.param("192.0.2.1", "192.0.2.1", id="IPv4"),
        pytest.param("192.0.2.1.", "192.0.2.1", id="IPv4 with a final dot"),
        pytest.param("[2001:db8::1]", "[2001:db8::1]", id="IPv6"),
        pytest.param("2001:db8::1", "2001:db8::1", id="IPv6 without brackets"),
        pytest.param("WWW.Example.COM.", "example.com", id="capitals and a final dot"),
        pytest.param("blog.例子.公司.cn", "xn--fsqu00a.xn--55qx5d.cn", id="Unicode"),
        pytest.param("blog.xn--fsqu00a.xn--55qx5d.cn", "xn--fsqu00a.xn--55qx5d.cn", id="A-labels"),
        pytest.param("blog.xn--fsqu00a.xn--j6w193g", "xn--fsqu00a.xn--j6w193g", id="an A-label for a country"),
        pytest.param("a.xn--99999999999.cn", "xn--99999999999.cn", id="an A-label that is none"),
        pytest.param("www.Bücher.de", "xn--bcher-kva.de", id="Unicode with capitals"),
        pytest.param("www.example。com", "example.com", id="an ideographic full stop"),
        pytest.param("a..b", "a..b", id="an empty label"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_registrable_domain(host: str, expected: str) -> None:
    """Rules H7 and P12: customers of one platform are different sites."""
    assert registrable(host) == expected


@pytest.mark.parametrize(
    ("host", "other", "expected"),
    [
        pytest.param("www.example.com", "img.example.com", True, id="two subdomains"),
        pytest.param("a.s3.amazonaws.com", "b.s3.amazonaws.com", False, id="two buckets"),
        pytest.param("a.cloudfront.net", "a.cloudfront.net", True, id="one customer"),
        pytest.param("a.co.uk", "b.co.uk", False, id="two domains of a registry"),
        pytest.param("localhost", "localhost", True, id="one label"),
        pytest.param("192.0.2.1", "198.51.2.1", False, id="addresses that end alike"),
    ],
)
def test_hosts_of_one_site(host: str, other: str, expected: bool) -> None:
    """Rule H7."""
    assert is_one_site(host, other) is expected
    assert is_one_site(other, host) is expected


HOSTS = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(["a", "www", "co", "uk", "com", "s3", "amazonaws", "例", "xn--", "1", "0x", "", "-"]))
    .map(".".join),
)  # fmt: skip


@given(HOSTS)
def test_any_text_has_a_registrable_domain(host: str) -> None:
    found = registrable(host)
    assert is_one_site(host, host)
    if ascii_host(host):
        assert registrable(found) == found


@given(HOSTS, HOSTS)
def test_one_site_is_one_registrable_domain(host: str, other: str) -> None:
    """The short cut of `is_one_site` says nothing else"""
    try:
        host, other = parse_host(host).lower().rstrip("."), parse_host(other).lower().rstrip(".")
    except BadAddress:
        return
    assert is_one_site(host, other) is (registrable(host) == registrable(other))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("Example.COM", "Example.COM"), ("ex%61mple.com", "example.com"), ("例子.测试", "xn--fsqu00a.xn--0zwm56d"),
        ("💩.la", "xn--ls8h.la"), ("faß.de", "xn--fa-hia.de"), ("a_b.c", "a_b.c"), ("a..b", "a..b"),
        ("[0:0::0:1]", "[::1]"), ("1.2.3.4", "1.2.3.4"), ("1.2.3.4.", "1.2.3.4"), ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"), ("0x", "0.0.0.0"), ("256", "0.0.1.0"),
        ("１２７.0.0.1", "127.0.0.1"), ("1.2.3.4.example", "1.2.3.4.example"),
    ],
)  # fmt: skip
def test_host_is_read_as_the_url_standard_says(host: str, expected: str) -> None:
    """Rule P21."""
    assert parse_host(host) == expected
    assert parse_host(expected) == expected


@pytest.mark.parametrize(
    "host",
    [
        "", "a b", "a/b", "a%00b", "a%2fb", "a:b", "a@b", "$", "[::1", "[]", "[fe80::1%25eth0]", "[1.2.3.4]",
        "1.2.3.4.5", "1.2.3.999", "256.1.1.1", "4294967296", "08.1.1.1", "0xg.1", "a.1", "1..2", "9" * 5000,
        "a" * 5000, "\ud800", "a\uff0fb",
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused(host: str) -> None:
    """Rule P21."""
    with pytest.raises(BadAddress) as refused:
        parse_host(host)
    assert not host or host not in str(refused.value)


def test_a_configuration_is_read_without_the_list() -> None:
    """It costs 10 ms, which `check` does not pay; nor does a comparison of hosts that differ in their ends"""
    script = (
        "import sys\n"
        "from aggregator.core.config.read import read_config\n"
        "from aggregator.core.urls.urls import same_site\n"
        "read_config(b'[[source]]\\nid = \"a\"\\nurl = \"https://www.a.co.jp/\"\\n', file='feeds.toml')\n"
        "assert not same_site('https://a.example/', 'https://b.example/')\n"
        "assert 'publicsuffixlist' not in sys.modules\n"
        "assert not same_site('https://a.co.jp/', 'https://b.co.jp/')\n"
        "assert 'publicsuffixlist' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
