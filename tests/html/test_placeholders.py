"""Addresses of pictures that show nothing."""

from __future__ import annotations

import pytest

from aggregator.core.html.placeholders import is_counter, names_counter, names_placeholder, shows_nothing


@pytest.mark.parametrize(
    ("url", "in_body", "as_thumbnail"),
    [
        pytest.param("https://e.com/img/blank.gif", True, True, id="blank"),
        pytest.param("https://e.com/a_placeholder-2.png", True, True, id="placeholder"),
        pytest.param("https://e.com/loading/a.png", True, False, id="a folder's name"),
        pytest.param("https://e.com/greyhound.jpg", True, False, id="the beginning of a word"),
        pytest.param("https://e.com/uploading.png", False, False, id="uploading"),
        pytest.param("https://e.com/default-image.png", False, True, id="a default picture"),
        pytest.param("https://e.com/1x1.gif", False, True, id="1x1"),
        pytest.param("https://e.com/photo.jpg", False, False, id="a photograph"),
        pytest.param("https://e.com/photo.jpg?x=/blank.gif", True, False, id="in the query"),
        pytest.param("https://pixel.wp.com/g.gif", False, True, id="a counter"),
        pytest.param("https://e.com/pixel/phone.jpg", False, False, id="a telephone called Pixel"),
    ],
)
def test_placeholders(url: str, in_body: bool, as_thumbnail: bool) -> None:
    """Rules H2 and H8."""
    assert names_placeholder(url) is in_body
    assert shows_nothing(url) is as_thumbnail
    assert names_counter(url) or not is_counter(url)
