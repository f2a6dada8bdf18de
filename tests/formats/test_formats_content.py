"""HTML fitted to a page with other stories on it."""

from __future__ import annotations

import pytest
from format_strategies import html
from hypothesis import given

from aggregator.formats.content import on_page


@pytest.mark.parametrize(
    ("given_html", "written"),
    [
        pytest.param('<p id="a"><a href="#a">x</a></p>', '<p id="e1-a"><a href="#e1-a">x</a></p>', id="ids"),
        pytest.param('<img src="x">', '<img src="x" alt="" loading="lazy">', id="bare picture"),
        pytest.param('<img alt="y" loading="eager">', '<img alt="y" loading="eager">', id="said already"),
        pytest.param('<img data-alt="y">', '<img data-alt="y" alt="" loading="lazy">', id="similar name"),
        pytest.param('<p title="id=&quot;a&quot;">id="a"</p>', '<p title="id=&quot;a&quot;">id="a"</p>', id="text"),
    ],
)
def test_content_on_a_page_keeps_to_itself(given_html: str, written: str) -> None:
    assert on_page(given_html, "e1") == written


@given(html)
def test_any_text_can_be_fitted(text: str) -> None:
    on_page(text, "e1")


@pytest.mark.parametrize("piece", ["<a ", '<a "', "<a '", '<a href="', '<img src="x" \'', "<a b=c "])
def test_broken_tags_take_linear_time(piece: str) -> None:
    """Hostile input: a quadratic pattern would need minutes here."""
    on_page(piece * 100_000, "e1")
