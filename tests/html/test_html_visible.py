"""What is read off a body: its visible text and its first picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.html.clean import first_image, visible_text
from aggregator.core.model import Image


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param("<p>a</p><p>b</p>", "a\nb", id="blocks"),
        pytest.param("a<b>b</b><i>c</i>", "abc", id="inline"),
        pytest.param("a<br>b<hr>c", "a\nb\nc", id="breaks"),
        pytest.param("<ul>\n <li> a </li>\n <li>b</li></ul>", "a\nb", id="list-with-blanks"),
        pytest.param("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc", id="table"),
        pytest.param("a\n  b\tc\u00a0\u3000d", "a b c d", id="white-space"),
        pytest.param("a<script>x < y</script>b<style>z</style>c<!-- d -->", "abc", id="unseen"),
        pytest.param('<script>"<p>"</script>a', "a", id="markup-in-script"),
        pytest.param('<a title="<p>x">y</a>', "y", id="markup-in-attribute"),
        pytest.param("AT&amp;T &lt;b&gt; &#20013;", "AT&T <b> 中", id="references"),
        pytest.param("1 < 2 > 0", "1 < 2 > 0", id="bare-signs"),
        pytest.param("<script>never closed", "never closed", id="unclosed-script-alone"),
        pytest.param("", "", id="nothing"),
        pytest.param("x\x00\ud800y", "xy", id="unfit-characters"),
        pytest.param("&#1;&#xFFFE;x", "x", id="unfit-references"),
    ],
)
def test_visible_text_is_what_a_reader_sees(html: str, expected: str) -> None:
    """Blocks parted by a newline, script and style out, white space collapsed."""
    assert visible_text(html) == expected


@given(st.text(alphabet=st.sampled_from("<>/abp \n&;#\"'=!-x\x00\u3000")))
def test_visible_text_takes_anything(html: str) -> None:
    """Never raises; no empty line, no blank at an edge."""
    text = visible_text(html)
    assert all(line == line.strip() and line for line in text.split("\n")) or text == ""


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param('<p><img src="https://a.example/1.png"></p>', Image(url="https://a.example/1.png"), id="bare"),
        pytest.param(
            '<img src="https://a.example/1.png" width="3" height="4">',
            Image(url="https://a.example/1.png", width=3, height=4),
            id="sizes",
        ),
        pytest.param(
            '<img src="https://a.example/1.png?x=1&amp;y=2" width="3">',
            Image(url="https://a.example/1.png?x=1&y=2", width=3),
            id="reference-in-address",
        ),
        pytest.param(
            '<img src="https://a.example/p" width="1" height="1"><img src="https://a.example/2.png">',
            Image(url="https://a.example/2.png"),
            id="after-a-pixel",
        ),
        pytest.param(
            '<img src="https://stats.wordpress.com/b.gif"><img src="https://a.example/2.png">',
            Image(url="https://a.example/2.png"),
            id="after-a-counter",
        ),
        pytest.param(
            '<img src="data:image/png;base64,AAAA"><img src="https://a.example/2.png">',
            Image(url="https://a.example/2.png"),
            id="after-a-data-picture",
        ),
        pytest.param("<p>no picture</p>", None, id="none"),
        pytest.param('<img src="data:image/png;base64,AAAA">', None, id="none-but-a-data-picture"),
        pytest.param('<p title="&lt;img src=x&gt;">x</p>', None, id="picture-in-attribute"),
    ],
)
def test_first_image_is_the_first_real_picture(html: str, expected: Image | None) -> None:
    """Rule M14, `image`, and rule H8."""
    assert first_image(html) == expected
