"""Compressed forms: made once, the same bytes for the same text, and only where they help."""

from __future__ import annotations

import gzip
import os
import sys

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.outlets.encodings import SUFFIXES, encode

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DECODE = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}


@given(st.binary(min_size=1, max_size=2000), st.integers(1, 50))
@settings(max_examples=50)
def test_every_encoding_decodes_to_the_text_and_is_smaller(seed: bytes, times: int) -> None:
    body = seed * times
    made = encode(body)
    assert set(made) <= set(SUFFIXES)
    for name, packed in made.items():
        assert len(packed) < len(body)
        assert DECODE[name](packed) == body


def test_all_three_are_made_where_they_help() -> None:
    assert set(encode("<p>新闻</p>".encode() * 200)) == {"gzip", "br", "zstd"}


def test_the_same_text_gives_the_same_bytes() -> None:
    """Rule W3: no clock in gzip's header."""
    body = b"<rss/>" * 1000
    assert encode(body) == encode(body)
    assert encode(body)["gzip"][4:8] == bytes(4)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"a" * 255, id="short"),
        pytest.param(os.urandom(5000), id="random"),
    ],
)
def test_nothing_is_kept_that_does_not_help(body: bytes) -> None:
    assert encode(body) == {}
