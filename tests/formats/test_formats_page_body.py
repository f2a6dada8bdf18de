"""Content on the page: valid by the content models of the HTML standard, whatever the sources nested."""

from __future__ import annotations

import re

import pytest
from format_strategies import html
from hypothesis import given
from hypothesis import strategies as st

from aggregator.formats.html_tree import DEEPEST
from aggregator.formats.page_body import on_page

CASES = [
    pytest.param("<p>a <b>b</b></p>", "<p>a <b>b</b></p>", id="valid stays"),
    pytest.param("a &lt; b", "a &lt; b", id="text"),
    pytest.param("<b><p>a</p></b>", '<div class="as-b"><p>a</p></div>', id="block in inline"),
    pytest.param(
        "<span><ul><li>a</li></ul></span>", '<div class="as-span"><ul><li>a</li></ul></div>', id="list in inline"
    ),
    pytest.param("<h2><p>a</p></h2>", '<h3><span class="block">a</span></h3>', id="block in heading"),
    pytest.param("<h1>a</h1><h6>b</h6><h2>c</h2>", "<h3>a</h3><h4>b</h4><h4>c</h4>", id="no heading level is skipped"),
    pytest.param("<h1> <br></h1>", '<div class="as-b"> <br></div>', id="heading without text"),
    pytest.param(
        "<ul>a<li>b</li> <ul><li>c</li></ul></ul>",
        "<ul><li>a</li><li>b</li><li><ul><li>c</li></ul></li></ul>",
        id="text and list in list",
    ),
    pytest.param("<li>a</li>", "<div>a</div>", id="item without list"),
    pytest.param("<dl><dt>a</dt><dd>b</dd></dl>", "<dl><dt>a</dt><dd>b</dd></dl>", id="terms in order"),
    pytest.param("<dl><dd>b</dd>c</dl>", "<div><div>b</div>c</div>", id="terms out of order"),
    pytest.param('<a href="https://x.example/"><a href="#b">b</a></a>', '<a href="#e1-b">b</a>', id="link in link"),
    pytest.param(
        '<p id="C#">a</p><a href="#C#">b</a>', '<p id="e1-C#">a</p><a href="#e1-C%23">b</a>', id="number sign in an id"
    ),
    pytest.param(
        '<a href="https://me:pw@x.example/">a</a>', '<a href="https://x.example/">a</a>', id="password in a link"
    ),
    pytest.param('<a href="javascript:x">a</a>', "<a>a</a>", id="link to a script"),
    pytest.param("<section><header>a</header></section>", "<div><div>a</div></div>", id="sections"),
    pytest.param("<details>a</details>", "<details><summary>…</summary>a</details>", id="details without summary"),
    pytest.param(
        '<figure><img src="https://x.example/a"><figcaption>a</figcaption></figure>',
        '<figure><img src="https://x.example/a" alt="" loading="lazy"><figcaption>a</figcaption></figure>',
        id="figure",
    ),
    pytest.param(
        "<figure>a<figcaption>b</figcaption>c</figure>", "<figure>a<div>b</div>c</figure>", id="caption in the middle"
    ),
    pytest.param("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp>字</ruby>", "<ruby>漢<rt>kan</rt></ruby>字", id="ruby"),
    pytest.param("<ruby>漢</ruby>", "<span>漢</span>", id="ruby without reading"),
    pytest.param('<time datetime="2022-05-16">a</time>', '<time datetime="2022-05-16">a</time>', id="time"),
    pytest.param('<time datetime="2022-02-30">a</time>', "<span>a</span>", id="no such day"),
    pytest.param('<p lang="zh_CN">a</p><p lang="xx">b</p>', '<p lang="zh-CN">a</p><p>b</p>', id="languages"),
    pytest.param(
        '<p style="text-align: center;">a</p><p style="x">b</p>',
        '<p style="text-align: center;">a</p><p>b</p>',
        id="styles",
    ),
    pytest.param(
        '<p>a<del cite="https://x.example/" datetime="2022-05-16">b</del></p><ins><p>c</p></ins>',
        '<p>a<del cite="https://x.example/" datetime="2022-05-16">b</del></p><ins><p>c</p></ins>',
        id="changes of the text",
    ),
    pytest.param("a<hr>b", "a<hr>b", id="rule"),
    pytest.param("<h2>a<hr>b</h2>", "<h3>a<br>b</h3>", id="rule in heading"),
    pytest.param("<h2>a<col></h2><source>b", "<h3>a</h3>b", id="what means nothing alone"),
    pytest.param(
        '<blockquote cite="https://x.example/">a</blockquote>',
        '<blockquote cite="https://x.example/">a</blockquote>',
        id="quotation",
    ),
    pytest.param(
        "<video><details><summary>a</summary>b</details></video>",
        "<video controls><div><div>a</div>b</div></video>",
        id="details where nothing may be clicked",
    ),
    pytest.param(
        '<video><iframe src="https://x.example/"></iframe>a</video>',
        "<video controls>a</video>",
        id="player where nothing may be clicked",
    ),
    pytest.param("a<iframe></iframe>", "a", id="player without address"),
    pytest.param("a<script>b</script>", "a<div>b</div>", id="what the sanitiser never lets through"),
    pytest.param("a < b <", "a &lt; b &lt;", id="stray marks"),
    pytest.param("</p>a<p>b", "a<p>b</p>", id="tags that do not match"),
    pytest.param("<p>a</b>b</p></i>c", "<p>ab</p>c", id="end tags of nothing that is open"),
    pytest.param("<p><b><i>a</p>b", "<p><b><i>a</i></b></p>b", id="an end tag over what is open inside"),
]


@pytest.mark.parametrize(("given_html", "written"), CASES)
def test_content_is_valid_where_it_is(given_html: str, written: str) -> None:
    assert on_page(given_html, "e1") == written


@pytest.mark.parametrize(
    ("given_html", "written"),
    [
        pytest.param(
            '<img src="https://x.example/a">', '<img src="https://x.example/a" alt="" loading="lazy">', id="bare"
        ),
        pytest.param(
            '<img src="https://x.example/a" alt="y" width="5" height="x" referrerpolicy="no-referrer" srcset="b 2x">',
            '<img src="https://x.example/a" alt="y" width="5" referrerpolicy="no-referrer" loading="lazy">',
            id="attributes",
        ),
        pytest.param('<img alt="y">', "y", id="without address"),
        pytest.param(
            '<img src="https://me:pw@x.example/a">',
            '<img src="https://x.example/a" alt="" loading="lazy">',
            id="password in an address",
        ),
        pytest.param(
            '<picture><source srcset="b"><img src="https://x.example/a"></picture>',
            '<img src="https://x.example/a" alt="" loading="lazy">',
            id="picture",
        ),
        pytest.param(
            '<video referrerpolicy="origin"><source src="https://x.example/v.mp4" type="video/mp4">a</video>',
            '<video controls><source src="https://x.example/v.mp4" type="video/mp4">a</video>',
            id="video",
        ),
        pytest.param(
            '<iframe src="https://x.example/p" sandbox="allow-scripts" height="9"></iframe>',
            '<iframe src="https://x.example/p" height="9" sandbox="allow-scripts" loading="lazy"></iframe>',
            id="frame",
        ),
    ],
)
def test_pictures_and_players_load_when_they_are_reached(given_html: str, written: str) -> None:
    """Rules H7 and H9."""
    assert on_page(given_html, "e1") == written


@pytest.mark.parametrize(
    ("given_html", "written"),
    [
        pytest.param(
            "<table><tr><td>a</td></tr></table>", "<table><tbody><tr><td>a</td></tr></tbody></table>", id="rows"
        ),
        pytest.param(
            "<table><caption>c</caption><thead><tr><th><h2>a</h2></th></tr></thead></table>",
            '<table><caption>c</caption><thead><tr><th><div class="as-b">a</div></th></tr></thead></table>',
            id="head",
        ),
        pytest.param(
            "<table><tbody><tr><td>a</td></tr></tbody><thead><tr><td>b</td></tr></thead></table>",
            "<table><tbody><tr><td>a</td></tr></tbody><tbody><tr><td>b</td></tr></tbody></table>",
            id="head below",
        ),
        pytest.param(
            '<table><tr><td colspan="2">a</td></tr><tr><td>b</td><td>c</td></tr></table>',
            '<table><tbody><tr><td colspan="2">a</td></tr><tr><td>b</td><td>c</td></tr></tbody></table>',
            id="good span",
        ),
        pytest.param(
            '<table><tr><td rowspan="2">a</td><td>b</td></tr> <tr><td>c</td></tr></table>',
            '<table><tbody><tr><td rowspan="2">a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>',
            id="cell beside one from the row above",
        ),
        pytest.param(
            "<table><colgroup><col></colgroup> <col><tr><td>a</td></tr></table>",
            "<table><tbody><tr><td>a</td></tr></tbody></table>",
            id="columns, which only styled",
        ),
        pytest.param(
            '<table><tr><td colspan="2">a</td></tr></table>',
            "<table><tbody><tr><td>a</td></tr></tbody></table>",
            id="span into columns of none",
        ),
        pytest.param(
            '<table><tr><td rowspan="3">a</td></tr></table>',
            "<table><tbody><tr><td>a</td></tr></tbody></table>",
            id="span into rows that are not there",
        ),
        pytest.param(
            '<table><tr><td>a</td><td rowspan="2">b</td></tr><tr><td colspan="2">c</td></tr></table>',
            "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
            id="cells that overlap",
        ),
        pytest.param("<table><tr></tr>a</table>", "<div><div></div>a</div>", id="no cells"),
        pytest.param(
            "<table><p>x</p><tr><td>a</td></tr></table>",
            "<p>x</p><table><tbody><tr><td>a</td></tr></tbody></table>",
            id="what may not stand in it",
        ),
    ],
)
def test_tables_have_whole_grids(given_html: str, written: str) -> None:
    assert on_page(given_html, "e1") == written


def test_ids_are_the_storys_own_and_given_once() -> None:
    written = on_page('<p id="a">1</p><p id="a">2</p><p id="b c">3</p><a href="#a">4</a>', "e1")
    assert written == '<p id="e1-a">1</p><p>2</p><p>3</p><a href="#e1-a">4</a>'


_PIECES = [
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<table>",
    "<td>",
    "<ul>",
    "<li>",
    "<dl>",
    "<ruby>",
    "<a>",
    "<details>",
    "<figure>",
    "<hr>",
    "<img>",
    "x",
    "<h2>",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join) | html)
def test_any_text_gives_balanced_html_and_loses_no_words(text: str) -> None:
    written = on_page(text, "e1")
    assert written.count("x") >= len(re.sub(r"<[^<>]*>|<[^>]*\Z", "", text).split("x")) - 1
    open_tags: list[str] = []
    for close, name in re.findall(r"<(/?)([a-z0-9]+)", written):
        if close:
            assert open_tags.pop() == name
        elif name not in ("hr", "img", "br"):
            open_tags.append(name)
    assert open_tags == []


@pytest.mark.parametrize(
    "piece", ["<a ", '<a "', "<a '", '<a href="', '<img src="x" \'', "<p>", "</p>", "<b><p>", "<table><td>"]
)
def test_broken_and_endless_tags_take_linear_time(piece: str) -> None:
    """Hostile input: a quadratic pattern would need minutes here, recursion would end the program."""
    on_page(piece * 30_000 + "x", "e1")


def test_nesting_is_cut_and_its_text_stays() -> None:
    written = on_page("<div>" * 5000 + "x" + "</div>" * 5000, "e1")
    assert written.count("<div>") < DEEPEST
    assert "x" in written
