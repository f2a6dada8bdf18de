"""Compressed answers (rule P17)."""

from __future__ import annotations

import gzip
import random
import sys
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.sources.inflate import MAX_MEMBERS, BadEncoding, TooLarge, accepted, inflate

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FEED = b"<?xml version='1.0'?><rss>" + b"<item>\xe4\xb8\xad\xe6\x96\x87</item>" * 50 + b"</rss>"
CAP = 1024 * 1024


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=1),
    "zstd": lambda data: zstd.compress(data, 1),
}


@pytest.mark.parametrize(
    ("raw", "coding"),
    [
        pytest.param(FEED, None, id="plain"),
        pytest.param(FEED, "identity", id="identity"),
        pytest.param(gzip.compress(FEED), "gzip", id="gzip"),
        pytest.param(gzip.compress(FEED), " X-GZIP ", id="x-gzip"),
        pytest.param(gzip.compress(FEED), "gzip, identity", id="gzip-and-identity"),
        pytest.param(gzip.compress(FEED[:100]) + gzip.compress(FEED[100:]), "gzip", id="gzip-members"),
        pytest.param(gzip.compress(FEED) + bytes(512), "gzip", id="gzip-padded"),
        pytest.param(gzip.compress(FEED) + b"junk", "gzip", id="gzip-then-junk"),
        pytest.param(zlib.compress(FEED), "deflate", id="deflate-zlib"),
        pytest.param(bare_deflate(FEED), "deflate", id="deflate-bare"),
        pytest.param(brotli.compress(FEED), "br", id="brotli"),
        pytest.param(zstd.compress(FEED), "zstd", id="zstd"),
        pytest.param(gzip.compress(FEED), None, id="gzip-without-header"),
        pytest.param(gzip.compress(FEED), "utf-8", id="gzip-with-a-slip"),
        pytest.param(FEED, "gzip", id="header-without-gzip"),
        pytest.param(FEED, "deflate", id="header-without-deflate"),
        pytest.param(FEED, "br", id="header-without-brotli"),
        pytest.param(FEED, "UTF-8", id="slip"),
        pytest.param(FEED, "none", id="none"),
    ],
)
def test_a_body_is_read_whatever_its_header_says(raw: bytes, coding: str | None) -> None:
    """Rule P17."""
    assert inflate(raw, coding, max_bytes=CAP) == FEED


@pytest.mark.parametrize("coding", [None, "gzip", "deflate", "br", "identity"])
def test_an_empty_body_stays_empty(coding: str | None) -> None:
    assert inflate(b"", coding, max_bytes=CAP) == b""


@pytest.mark.parametrize(
    ("raw", "coding"),
    [
        pytest.param(gzip.compress(FEED)[:-9], "gzip", id="gzip-cut-in-data"),
        pytest.param(gzip.compress(FEED)[:-1], "gzip", id="gzip-cut-in-trailer"),
        pytest.param(gzip.compress(FEED)[:10], "gzip", id="gzip-head-only"),
        pytest.param(gzip.compress(FEED)[:-1], None, id="gzip-cut-without-header"),
        pytest.param(gzip.compress(FEED) + gzip.compress(FEED)[:20], "gzip", id="gzip-second-member-cut"),
        pytest.param(gzip.compress(FEED)[:-8] + bytes(8), "gzip", id="gzip-wrong-checksum"),
        pytest.param(zlib.compress(FEED)[:-1], "deflate", id="zlib-cut"),
        pytest.param(bare_deflate(FEED)[:-1], "deflate", id="bare-deflate-cut"),
        pytest.param(brotli.compress(FEED)[:-1], "br", id="brotli-cut"),
        pytest.param(zstd.compress(FEED)[:-1], "zstd", id="zstd-cut"),
        pytest.param(b"\x28\xb5\x2f\xfdgarbage", "zstd", id="zstd-damaged"),
        pytest.param(b"\xff\xfe\x00garbage", "br", id="brotli-damaged"),
        pytest.param(gzip.compress(gzip.compress(FEED)), "gzip, gzip", id="stacked"),
        pytest.param(gzip.compress(FEED), "gzip, br", id="stacked-mixed"),
        pytest.param(gzip.compress(gzip.compress(FEED)), "gzip", id="stacked-silently"),
        pytest.param(FEED, "compress", id="compress"),
        pytest.param(FEED, "aes128gcm", id="encrypted"),
        pytest.param(gzip.compress(b"") * (MAX_MEMBERS + 1), "gzip", id="too-many-members"),
    ],
)
def test_a_body_that_is_not_whole_is_never_returned(raw: bytes, coding: str | None) -> None:
    """Rule P17."""
    with pytest.raises(BadEncoding):
        inflate(raw, coding, max_bytes=CAP)


@pytest.mark.parametrize("coding", PACKERS)
def test_a_bomb_is_stopped_at_the_cap(coding: str) -> None:
    """Rule P17."""
    bomb = PACKERS[coding](bytes(50 * CAP))
    with pytest.raises(TooLarge, match="more than 1048576 bytes"):
        inflate(bomb, coding, max_bytes=CAP, max_ratio=10**9)


@pytest.mark.parametrize("coding", PACKERS)
def test_a_bomb_below_the_cap_is_stopped_by_its_ratio(coding: str) -> None:
    """Rule P17."""
    bomb = PACKERS[coding](bytes(CAP - 1))
    with pytest.raises(TooLarge, match="100 times"):
        inflate(bomb, coding, max_bytes=CAP)


@pytest.mark.parametrize("coding", PACKERS)
def test_a_small_body_may_be_as_regular_as_it_likes(coding: str) -> None:
    body = b"<rss>" + b" " * 200_000
    assert inflate(PACKERS[coding](body), coding, max_bytes=CAP) == body


def test_a_body_as_large_as_the_cap_passes_and_one_byte_more_does_not() -> None:
    """Rule P17."""
    noise = random.Random(1).randbytes(CAP)
    for packed, coding in ((noise, None), (gzip.compress(noise), "gzip"), (brotli.compress(noise, quality=1), "br")):
        assert inflate(packed, coding, max_bytes=CAP) == noise
        with pytest.raises(TooLarge):
            inflate(packed, coding, max_bytes=CAP - 1)


def test_only_what_can_be_undone_is_asked_for() -> None:
    """Rule P17"""
    names = accepted().split(", ")
    assert names == ["gzip", "deflate", "br", "zstd"]
    for name in names:
        assert inflate(PACKERS[name](FEED), name, max_bytes=CAP) == FEED


@given(st.binary(max_size=300), st.integers(1, 3000), st.sampled_from(sorted(PACKERS)))
def test_packing_then_inflating_gives_the_same_bytes(data: bytes, times: int, coding: str) -> None:
    body = b"<" + data * times
    assert inflate(PACKERS[coding](body), coding, max_bytes=10**6, max_ratio=10**6) == body


@given(st.binary(max_size=2000), st.sampled_from(["gzip", "deflate", "br", "zstd", None, "x, y", "compress"]))
def test_any_bytes_are_inflated_or_refused(data: bytes, coding: str | None) -> None:
    for raw in (data, b"\x1f\x8b\x08\x00" + data, b"\x78\x9c" + data):
        try:
            assert len(inflate(raw, coding, max_bytes=4096)) <= 4096
        except (BadEncoding, TooLarge):
            continue
