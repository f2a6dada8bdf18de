"""The media type of a file by its address."""

from __future__ import annotations

import pytest

from aggregator.core.urls.media_types import type_by_suffix


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://e.com/a.mp3", "audio/mpeg", id="a suffix"),
        pytest.param("https://e.com/a.MP3?x=a.png#b.gif", "audio/mpeg", id="of the path alone"),
        pytest.param("https://e.com/a.b.webp", "image/webp", id="the last"),
        pytest.param("https://e.com/.vtt", "text/vtt", id="nothing before it"),
        pytest.param("https://e.com/a.mp3/b", None, id="not of a folder"),
        pytest.param("https://e.com/mp3", None, id="no dot"),
        pytest.param("https://e.com/a.xyz", None, id="an unknown one"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_type_by_suffix(url: str, expected: str | None) -> None:
    assert type_by_suffix(url) == expected
