"""Cleaning twice changes nothing (rule H17), for any input at all."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from aggregator.core.html.clean import clean_html, visible_text
from aggregator.core.html.links import LinkContext
from aggregator.core.html.rewrite import rewrite
from aggregator.core.html.sanitise import sanitise

BASE = "https://blog.example/p"

ALL_PIECES = (
    "<p>|</p>|<div>|</div>|<div id=q>|<b>|</b>|<i>|</i>|<a href=https://a.example/x>|<a href=#q>|</a>|<table>|</table>"
    "|<tr>|<td>|</td>|</tr>|<caption>|<ul>|<li>|</ul>|<ol start=2>|</ol>|</li>|<br>|</br>|<img src=https://a.example/i.png>"
    "|<img data-src=/l.jpg>|<iframe src=//www.youtube.com/embed/abcdefghi></iframe>"
    "|<iframe src=https://e.example/x></iframe>"
    "|<iframe src=//player.vimeo.com/video/1234 />|<pre>|</pre>|\n|\n\n|  |x|y &lt;b&gt;|&lt;i&gt;|&amp;lt;p&amp;gt;"
    "|&#13;|&#10;|&nbsp;|<h1>|</h1>|<h2>|<svg>|</svg>|<math>|<mi>|</math>|<noscript>|</noscript>|<script>|</script>|<style>"
    "|</style>|<select>|<option>|</select>|<button>|</button>|<form>|</form>|<template>|</template>"
    "|<video src=https://a.example/v>|</video>|<source src=https://a.example/s>|<picture>|</picture>"
    "|<source srcset=https://a.example/q>|<ruby>|<rt>|</ruby>|<details>|<summary>|</details>|<dl>|<dt>|<dd>|</dl>|<!--|-->"
    "|<![CDATA[|]]>|<foo>|<x|\"|'|>|<|<center>|</center>|<font>|<object>|</object>|<textarea>|</textarea>|<title>|</title>"
    "|<xmp>|</xmp>|<plaintext>|<code>|</code>|<blockquote cite=/c>|</blockquote>|<s>|<em>|<strong>|</em>"
    "|<p style=text-align:center>|<span dir=RTL lang=zh_CN>|</span>|<hr>|<col>|<colgroup>|<thead>|<tbody>"
    "|<th colspan=3>"
    "|<body>|<html>|<nobr>|<figure>|<figcaption>|</figure>|<a name=x/>|<p/>|\x00|\x85|\ufffe|\ud800"
)
PIECES = tuple(ALL_PIECES.split("|"))


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("<form>&#13;")
@example("<p><pre>\n\n\n")
@example("<center></center>&#13;")
@example("&lt;script&gt;&lt;/script&gt; &amp;lt;b&amp;gt; &amp;lt;i&amp;gt;")
@example("<img src='https://a.example:99999/x'>")
@example("<a href=/x><iframe src=//player.vimeo.com/video/1></iframe></a>")
def test_cleaning_twice_changes_nothing(fragment: str) -> None:
    """Rule H17. Nor does leaving out the base the second time: every address is absolute by then."""
    once = clean_html(fragment, base=BASE)
    assert clean_html(once.html, base=BASE).html == once.html
    assert clean_html(once.html).html == once.html
    assert "html-unstable" not in once.diagnostics


@settings(max_examples=150)
@given(st.text())
def test_any_text_is_cleaned_and_stays_clean(fragment: str) -> None:
    """Total: whatever the characters, lone surrogates included."""
    once = clean_html(fragment)
    assert clean_html(once.html).html == once.html
    once.html.encode()


@settings(max_examples=200)
@given(st.lists(st.sampled_from([piece for piece in PIECES if piece.startswith("<")]), max_size=20).map("x".join))
def test_what_is_called_settled_is(fragment: str) -> None:
    """The short way (one round, not two) is taken only where the sanitiser's answer is its own fixed point."""
    written = rewrite(fragment, LinkContext(base=BASE))
    once = sanitise("".join(written.parts))
    if written.is_stable and "<pre>" not in once:
        assert sanitise(once) == once
        assert rewrite(once, LinkContext(base=BASE)).is_stable


@settings(max_examples=100)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_the_result_is_well_nested(fragment: str) -> None:
    """Rule H17: no body can break the page. Every tag is closed in order."""
    opened: list[str] = []
    for slash, name in re.findall(r"<(/?)([a-z0-9]+)", clean_html(fragment, base=BASE).html):
        if slash:
            assert opened.pop() == name
        elif name not in ("br", "hr", "img", "wbr", "source", "track", "col"):
            opened.append(name)
    assert opened == []


@settings(max_examples=100)
@given(st.lists(st.text(alphabet="字 ab&<>\"'", min_size=1, max_size=8), min_size=1, max_size=8))
def test_text_is_never_lost(words: list[str]) -> None:
    """Unwrapping keeps text: what was visible stays visible."""
    escaped = [word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for word in words]
    fragment = "".join(f"<section><font><p>{word}</p></font></section>" for word in escaped)
    expected = [" ".join(word.split()) for word in words]
    assert visible_text(clean_html(fragment).html).split("\n") == ([word for word in expected if word] or [""])


ODD = [
    pytest.param("<div><p>a</p></div>" * 3, id="several-divs"),
    pytest.param("<div>" * 20 + "x", id="many-wrappers"),
    pytest.param("<table><a href=/1>1<tr><td><a href=/2>2</table>", id="foster-parented-links"),
    pytest.param("<a href=/1><table><tr><td><a href=/2>x</a></td></tr></table></a>", id="link-around-table"),
    pytest.param("<p><table><tr><td><p>x</table></p>", id="table-in-p"),
    pytest.param("<b><p><i><div>x</b></i>y", id="adoption"),
    pytest.param("<pre>\n\n\n\nx</pre><pre>&#10;y</pre>", id="newlines-in-pre"),
    pytest.param("a&amp;amp;lt;b&amp;amp;gt;", id="thrice-escaped"),
    pytest.param("&amp;lt;p&amp;gt;&amp;lt;p&amp;gt;", id="escaped-text-of-escapes"),
    pytest.param("<font>a\n\nb</font>", id="text-with-newlines-inside-unwrapped"),
    pytest.param(
        "<img src=https://a.example/1.png srcset='https://a.example/1,2.png 1x,,, https://b.example/x 2x,'>",
        id="srcset",
    ),
    pytest.param("<ruby><rb>漢<rt>かん<rb>字<rt>じ</ruby>", id="ruby-with-rb"),
    pytest.param("<ul><ul><li><ol>x</ul></ul>", id="lists-in-lists"),
    pytest.param("<dl><dd><dt><dl><dd>x", id="definition-lists"),
    pytest.param("<h1><h2><h3>x</h1>", id="headings"),
    pytest.param("<video><p>x<source src=https://a.example/v></video>", id="video-with-fallback"),
    pytest.param("<p>" + "<b>" * 40 + "x<p>y<p>z", id="formats-over-the-cap"),
    pytest.param("x" * 1_100_000, id="long-text"),
    pytest.param("<p>&amp;&gt;" * 120_000, id="long-and-growing"),
]


@pytest.mark.parametrize("fragment", ODD)
def test_odd_bodies_are_fixed_points_too(fragment: str) -> None:
    """Rule H17."""
    once = clean_html(fragment, base=BASE)
    assert clean_html(once.html, base=BASE).html == once.html
    assert "html-unstable" not in once.diagnostics


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_another_parser_reads_the_same_text(fragment: str) -> None:
    """The result means the same to a parser that is not ours."""
    html = clean_html(fragment, base=BASE).html
    other = lxml_html.fragment_fromstring(f"<div>{html}</div>").text_content()
    assert "".join(other.split()) == "".join(visible_text(html).split())
