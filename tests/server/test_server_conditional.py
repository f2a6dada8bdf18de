"""What header fields ask for: conditions, encodings, formats (rules W4 and W6)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.server.conditional import acceptable_encodings, is_not_modified, preferred_format

ETAG = b'"abc-gzip"'
MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.mark.parametrize(
    ("none_match", "since", "expected"),
    [
        pytest.param(None, None, False, id="unconditional"),
        pytest.param(b'"abc-gzip"', None, True, id="the tag"),
        pytest.param(b'W/"abc-gzip"', None, True, id="weak comparison"),
        pytest.param(b'"x", W/"abc-gzip" , "y"', None, True, id="list"),
        pytest.param(b'"x","abc-gzip"', None, True, id="list without blanks"),
        pytest.param(b'"a,b", "abc-gzip"', None, True, id="comma inside a tag"),
        pytest.param(b"*", None, True, id="any"),
        pytest.param(b" * ", None, True, id="any with blanks"),
        pytest.param(b'"abc"', None, False, id="tag of another encoding"),
        pytest.param(b"abc-gzip", None, False, id="without quotes"),
        pytest.param(b'"abc-gzip', None, False, id="unfinished"),
        pytest.param(b"", None, False, id="empty"),
        pytest.param(b'"' + b"a" * 9000 + b'", "abc-gzip"', None, False, id="too long to read"),
        pytest.param(None, b"Sun, 06 Nov 1994 08:49:37 GMT", True, id="same second"),
        pytest.param(None, b"Sun, 06 Nov 1994 08:49:36 GMT", False, id="a second before"),
        pytest.param(None, b"Mon, 07 Nov 1994 08:49:37 GMT", True, id="a day after"),
        pytest.param(None, b"Sunday, 06-Nov-94 08:49:37 GMT", True, id="RFC 850"),
        pytest.param(None, b"Sun Nov  6 08:49:37 1994", True, id="asctime"),
        pytest.param(None, b"Sun, 06 Nov 1994 08:49:37", True, id="no zone is UTC"),
        pytest.param(None, b"Mon, 07 Nov 1994 08:49:37 GMT" + b" " * 40, False, id="too long for a date"),
        pytest.param(None, b"yesterday", False, id="no date"),
        pytest.param(None, b"Sun, 99 Nov 99999 99:99:99 GMT", False, id="impossible date"),
        pytest.param(None, b"\xff\xfe", False, id="not ASCII"),
        pytest.param(b'"old"', b"Mon, 07 Nov 1994 08:49:37 GMT", False, id="the tag decides against the date"),
        pytest.param(b'"abc-gzip"', b"Sun, 06 Nov 1970 08:49:37 GMT", True, id="the tag decides for it"),
    ],
)
def test_a_condition_is_judged_as_rfc_9110_says(none_match: bytes | None, since: bytes | None, expected: bool) -> None:
    """Rule W4: lists, `*`, weak comparison; If-Modified-Since is read only without If-None-Match."""
    assert is_not_modified(none_match, since, etag=ETAG, modified=MODIFIED) is expected


def test_a_date_decides_nothing_for_what_has_none() -> None:
    assert is_not_modified(None, b"Mon, 07 Nov 2094 08:49:37 GMT", etag=ETAG, modified=None) is False


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(None, "identity", id="absent"),
        pytest.param(b"", "identity", id="empty"),
        pytest.param(b"gzip", "gzip", id="one"),
        pytest.param(b"GZip", "gzip", id="letters of either size"),
        pytest.param(b"x-gzip", "gzip", id="old name"),
        pytest.param(b"gzip, deflate, br, zstd", "br zstd gzip", id="browser"),
        pytest.param(b"gzip;q=1.0, br;q=0.5", "gzip br", id="weights"),
        pytest.param(b"br ; Q = 0.5 , gzip ; q=0.8", "gzip br", id="blanks"),
        pytest.param(b"gzip;q=0", "identity", id="refused"),
        pytest.param(b"gzip;q=0.000, br", "br", id="refused in three places"),
        pytest.param(b"*", "br zstd gzip", id="anything"),
        pytest.param(b"*;q=0, gzip", "gzip", id="nothing but"),
        pytest.param(b"br;q=0, *", "zstd gzip", id="anything but"),
        pytest.param(b"identity", "identity", id="plain"),
        pytest.param(b"identity, gzip;q=0.5", "identity", id="plain preferred"),
        pytest.param(b"identity;q=0.5, gzip", "gzip", id="plain second"),
        pytest.param(b"identity;q=0", "identity", id="all refused: better plain than nothing"),
        pytest.param(b"gzip;q=9, br", "br", id="weight out of range"),
        pytest.param(b"gzip;q=, br;q=x", "identity", id="no weights"),
        pytest.param(b",,;;q=1,", "identity", id="rubbish"),
        pytest.param(b"gzip," * 3000, "identity", id="too long to read"),
    ],
)
def test_encodings_are_chosen_by_weight_then_by_size(accept: bytes | None, expected: str) -> None:
    assert " ".join(acceptable_encodings(accept)).removesuffix(" identity") == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(None, "html", id="absent"),
        pytest.param(b"*/*", "html", id="anything"),
        pytest.param(b"text/html", "html", id="html"),
        pytest.param(b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html", id="browser"),
        pytest.param(b"application/rss+xml", "rss", id="rss"),
        pytest.param(b"application/atom+xml", "atom", id="atom"),
        pytest.param(b"Application/Feed+JSON", "json", id="json feed"),
        pytest.param(b"application/json", "json", id="json"),
        pytest.param(b"application/xml", "rss", id="xml"),
        pytest.param(b"text/xml, */*;q=0.1", "rss", id="text xml"),
        pytest.param(b"application/*", "rss", id="any application"),
        pytest.param(b"application/atom+xml, application/rss+xml;q=0.9, */*;q=0.1", "atom", id="weights"),
        pytest.param(
            b"application/xml, application/atom+xml, application/rss+xml, application/feed+json, text/html, */*;q=0.9",
            "rss",
            id="a reader that names feeds and HTML alike",
        ),
        pytest.param(b"application/rss+xml, */*", "rss", id="a reader that also takes anything"),
        pytest.param(b"text/html;q=0.5, application/rss+xml;q=0.4", "html", id="html weighs more"),
        pytest.param(b"text/html;q=0, */*", "rss", id="html refused"),
        pytest.param(b"image/png", "html", id="nothing fits"),
        pytest.param(b"application/rss+xml;charset=utf-8;q=0.2, application/atom+xml;q=0.3", "atom", id="parameters"),
        pytest.param(b"\xff/\x00;q=", "html", id="rubbish"),
    ],
)
def test_a_format_is_chosen_by_accept(accept: bytes | None, expected: str) -> None:
    """Rule W6: the bare address negotiates; `*/*` and text/html get HTML."""
    assert preferred_format(accept, ("html", "rss", "atom", "json")) == expected


def test_without_html_the_first_format_is_the_default() -> None:
    assert preferred_format(b"text/html", ("atom", "json")) == "atom"
    assert preferred_format(b"application/xml", ("json", "atom")) == "atom"


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_are_answered(one: bytes, other: bytes) -> None:
    """Header fields come from strangers."""
    assert is_not_modified(one, other, etag=ETAG, modified=MODIFIED) in (True, False)
    assert is_not_modified(None, other, etag=ETAG, modified=MODIFIED) in (True, False)
    assert acceptable_encodings(one)[-1] == "identity"
    assert preferred_format(one, ("html", "rss")) in ("html", "rss")


@pytest.mark.parametrize("part", [b'"', b"W/", b'",', b"\x80", b"gzip;", b";q=", b"q =", b", ", b"*"])
def test_long_fields_cost_little(part: bytes) -> None:
    """No field takes more than linear time: 8 KiB are the longest that is read."""
    field = (part * 8192)[:8192]
    start = time.process_time()
    is_not_modified(field, None, etag=ETAG, modified=MODIFIED)
    acceptable_encodings(field)
    preferred_format(field, ("html", "rss"))
    assert time.process_time() - start < 0.5
