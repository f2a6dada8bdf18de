"""Bodies as a whole: escaped twice, plain, endless, deep, hostile, and as a post brings them."""

from __future__ import annotations

import re
import time
from html import escape, unescape
from itertools import accumulate

import pytest
from html_bodies import BASE, cleaned, images

from aggregator.core.html.clean import MAX_BYTES, Cleaned, clean_html, without_embeds


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(None, '<a>1</a><p id="entry-n">x</p>', id="no-page"),
        pytest.param(
            "https://a.example/p?q=1&r",
            '<a href="https://a.example/p?q=1&amp;r#n">1</a><p id="entry-n">x</p>',
            id="page",
        ),
    ],
)
def test_feeds_carry_no_links_into_themselves(page: str | None, expected: str) -> None:
    """Rule H10 keeps `#x`; in a feed it would be a relative reference."""
    assert without_embeds(cleaned('<a href="#n">1</a><p id=n>x</p>'), page=page) == expected


def test_feeds_carry_no_description_that_looks_like_an_address() -> None:
    """Rule W2: validators look for `src=` in the whole tag of a picture."""
    html = cleaned('<img src="/a.png" alt="write src=x here"><p>src=y</p>')
    assert without_embeds(html) == '<img src="https://blog.example/a.png" alt="write src&#61;x here"><p>src=y</p>'


@pytest.mark.parametrize(
    ("fragment", "expected", "notes"),
    [
        pytest.param(
            "&lt;p&gt;a &amp;amp; b&lt;/p&gt;&lt;p&gt;c&lt;/p&gt;",
            "<p>a &amp; b</p><p>c</p>",
            ("html-double-escaped",),
            id="two-elements",
        ),
        pytest.param("&#60;p>a&#x3C;br>b&#60;/p>", "<p>a<br>b</p>", ("html-double-escaped",), id="numeric-references"),
        pytest.param("write &lt;b&gt; for bold", "write &lt;b&gt; for bold", (), id="one-is-talk"),
        pytest.param("&lt;foo&gt; and &lt;bar&gt;", "&lt;foo&gt; and &lt;bar&gt;", (), id="unknown-names-are-talk"),
        pytest.param("<p>&lt;b&gt; and &lt;i&gt;</p>", "<p>&lt;b&gt; and &lt;i&gt;</p>", (), id="an-element-is-there"),
        pytest.param(
            "&lt;script&gt;a&lt;/script&gt;&lt;p&gt;b",
            "<p>b</p>",
            ("html-double-escaped", "html-disarmed"),
            id="sanitised-afterwards",
        ),
    ],
)
def test_double_escaping_is_undone(fragment: str, expected: str, notes: tuple[str, ...]) -> None:
    """Rule H12."""
    assert clean_html(fragment) == Cleaned(html=expected, diagnostics=notes)


def test_three_levels_of_escaping_are_undone_and_no_more() -> None:
    """Rule H12. No text is a tag here, so that each level shows the next."""
    levels = list(accumulate(range(4), lambda text, _: escape(text), initial=escape("<b&1 <i&1")))
    result = clean_html(" ".join(levels))
    assert [unescape(word) for word in result.html.removeprefix("<p>").removesuffix("</p>").split(" ")] == [
        *("<b&1", "<i&1") * 4,
        *("&lt;b&amp;1", "&lt;i&amp;1"),
    ]


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        pytest.param("one\n\ntwo\nthree", "<p>one</p><p>two<br>three</p>", id="paragraphs"),
        pytest.param("a &lt; b\r\n\r\nAT&amp;T", "<p>a &lt; b</p><p>AT&amp;T</p>", id="references-stay"),
        pytest.param("a < b\n\n \n c", "<p>a &lt; b</p><p>c</p>", id="bare-sign"),
        pytest.param("one line", "one line", id="no-newline"),
        pytest.param("\none line\n", "one line", id="newlines-at-the-edges"),
        pytest.param("<b>one</b>\n\ntwo", "<b>one</b>\n\ntwo", id="with-an-element"),
    ],
)
def test_plain_text_becomes_paragraphs(fragment: str, expected: str) -> None:
    """Rule H13."""
    assert cleaned(fragment) == expected


def test_a_long_body_is_cut_at_a_block_border_and_linked() -> None:
    """Rule H18: content is cut at 1 MiB at a block border with a link."""
    result = clean_html("".join(f"<p>段落 {number}</p>" for number in range(49_000)) * 2, base=BASE)
    assert result.truncated
    assert "html-cut" in result.diagnostics
    assert len(result.html.encode()) <= MAX_BYTES
    assert re.search(rf'<p>段落 \d+</p><p>… <a href="{BASE}">{BASE}</a></p>\Z', result.html)


def test_one_endless_block_is_cut_too() -> None:
    """Rule H18."""
    result = clean_html("<p>" + "字" * 2_000_000 + "</p><p>after</p>")
    assert result.truncated
    assert 900_000 < len(result.html.encode()) <= MAX_BYTES
    assert result.html.endswith("字</p><p>…</p>")


def test_a_body_too_long_in_bytes_is_cut_behind_a_whole_paragraph() -> None:
    """Rule H18: the end of a paragraph that fits, though a part of the next one would fit too."""
    paragraph = "<p>" + "x" * 993 + "</p>"
    assert clean_html(paragraph * 1_100, base=BASE) == Cleaned(
        html=paragraph * ((MAX_BYTES - 8192) // 1_000) + f'<p>… <a href="{BASE}">{BASE}</a></p>',
        diagnostics=("html-cut",),
        truncated=True,
    )


def test_a_tag_at_the_cap_goes_whole() -> None:
    """Rule H18: half a tag is none."""
    text = "x" * (MAX_BYTES - 8192 - 50)
    result = clean_html(f'{text}<a href="https://a.example/{"y" * 100}">link</a>{"z" * 9000}')
    assert result == Cleaned(html=f"{text}<p>…</p>", diagnostics=("html-cut",), truncated=True)


def test_a_body_of_just_one_mebibyte_is_whole() -> None:
    """Rule H18."""
    body = "<p>" + "x" * (MAX_BYTES - 7) + "</p>"
    assert clean_html(body) == Cleaned(html=body)


def depth(html: str) -> int:
    deepest = level = 0
    for slash, name in re.findall(r"<(/?)([a-z0-9]+)", html):
        if name not in ("img", "br", "hr", "wbr", "source", "track", "col"):
            level += -1 if slash else 1
            deepest = max(deepest, level)
    return deepest


@pytest.mark.parametrize(
    "tag", ["<div>", "<b>", "<table><tr><td>", "<blockquote>", "<ul><li>", "<a href='/x'>", "<span>"]
)
def test_nesting_is_capped_and_text_kept(tag: str) -> None:
    """Nesting is quadratic in parsers: it is capped before one sees it."""
    result = clean_html(tag * 5_000 + "text", base=BASE)
    assert depth(result.html) <= 150
    assert "text" in result.html
    assert "html-too-deep" in result.diagnostics


@pytest.mark.parametrize(("tag", "levels"), [("blockquote", 100), ("b", 16)])
def test_a_player_at_the_cap_of_nesting_stays_without_a_link(tag: str, levels: int) -> None:
    """Rules H9 and H17: its link would be one element too deep. It cost the body everything but its text."""
    start, end = f"<{tag}>" * levels, f"</{tag}>" * levels
    frame = (
        '<iframe src="https://player.vimeo.com/video/1234" sandbox="allow-scripts allow-same-origin allow-popups" '
        'loading="lazy" referrerpolicy="no-referrer"></iframe>'
    )
    body = f'{start}<iframe src="//player.vimeo.com/video/1234"></iframe>text{end}'
    assert clean_html(body) == Cleaned(html=f"{start}{frame}text{end}")


def test_unclosed_list_items_are_no_nesting() -> None:
    """A parser closes `li`, `p`, `td` by itself: a long list of them must not hit the cap."""
    result = clean_html("<ul>" + "<li>x<p>y" * 300 + "</ul><table>" + "<tr><td>a<td>b" * 300 + "</table>")
    assert result.diagnostics == ()
    assert result.html.count("<li>") == 300
    assert result.html.count("<td>") == 600


HOSTILE = {
    "nested-div": "<div>" * 100_000,
    "nested-font": "<font>" * 100_000,
    "unclosed-formats": "<p><b id=1><i><u><s><em>" * 20_000,
    "nested-tables": "<table><tr><td>" * 30_000,
    "end-tags": "</b></i></div>" * 60_000,
    "misnested": "<b><i></b>" * 60_000,
    "nested-svg": "<svg>" * 100_000,
    "unclosed-select": "<select><option>" * 50_000,
    "unclosed-frames": "<iframe src=//www.youtube.com/embed/abcdefgh>" * 20_000,
    "unclosed-noscript": "<img><noscript>" * 20_000,
    "unclosed-comments": "<!--" * 200_000,
    "unclosed-cdata": "<![CDATA[" * 100_000,
    "unclosed-tags": "<a " * 300_000,
    "unclosed-quotes": "<a b='" * 100_001 + '"',
    "attributes": "<p " + " ".join(f"a{number}=1" for number in range(100_000)) + ">x",
    "srcset": '<img srcset="' + "a 1x," * 100_000 + '">',
    "signs": "<" * 300_000,
    "references": "&amp;" * 300_000,
    "escaped": "&lt;b&gt;" * 100_000,
    "paragraphs": "a\n\n" * 300_000,
    "unknown": "<x>" * 300_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_end_soon(name: str) -> None:
    """No input is more than linear: each of these is 0.3 to 1 MB and took hours or minutes with one slip."""
    started = time.process_time()
    result = clean_html(HOSTILE[name], base=BASE)
    assert time.process_time() - started < 10
    assert len(result.html.encode()) <= MAX_BYTES


def test_many_references_in_one_text_take_linear_time_and_come_out_as_they_were() -> None:
    """A tree's writer takes time by the square of them within one text."""
    started = time.process_time()
    html = clean_html(f"<p>{'x &#38; ' * 100_000}</p>", base=BASE).html
    assert time.process_time() - started < 0.7
    assert html == f"<p>{'x &amp; ' * 100_000}</p>"


PICTURE = (
    '<p style="text-align: center;" data-vmark="92e5"><img src="https://img.example.com/{0}.png" w="1338" h="903" '
    'alt="{1}" title="标题" width="1338" height="553" referrerpolicy="no-referrer"></p>'
)
POST = (
    '\n<div>   \n<p data-vmark="d7d0">5 月 16 日，示例公司发布报告（下称“报告”）。</p>'
    + PICTURE.format(1, "图片 2")
    + '<p style="text-align: center;" data-vmark="08c1">图注</p><p data-vmark="9628"><strong>小标题</strong></p>'
    + PICTURE.format(2, "应用程序, 表格")
    + PICTURE.format(3, "人的照片上写着字\n\n低可信度描述已自动生成")
    + PICTURE.format(4, "图片 4")
    + "\n          \n</div>\n            "
)


def test_a_post_as_an_rsshub_route_writes_it_keeps_its_pictures() -> None:
    """Rules H3, H4 and H7: four pictures with their policy, one conflict of sizes each, an empty line in an `alt`."""
    html = clean_html(POST).html
    assert html.startswith('<p>5 月 16 日，示例公司发布报告（下称“报告”）。</p><p style="text-align: center;"><img ')
    assert html.endswith('alt="图片 4" title="标题" width="1338" referrerpolicy="no-referrer"></p>')
    assert [image["referrerpolicy"] for image in images(html)] == ["no-referrer"] * 4
    assert images(html)[2]["alt"] == "人的照片上写着字 低可信度描述已自动生成"
    assert not re.search("data-|height|<div", html)


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        pytest.param('<a href="https://me:pw@x.example/a">x</a>', '<a href="https://x.example/a">x</a>', id="link"),
        pytest.param('<a href="//me@x.example/@you">x</a>', '<a href="https://x.example/@you">x</a>', id="scheme-less"),
        pytest.param('<a href="mailto:me@x.example">x</a>', '<a href="mailto:me@x.example">x</a>', id="mail"),
        pytest.param('<a href="https://x.example/@you">x</a>', '<a href="https://x.example/@you">x</a>', id="path"),
        pytest.param(
            '<img src="https://me:pw@x.example/a.png" alt="">',
            '<img src="https://x.example/a.png" alt="" referrerpolicy="no-referrer">',
            id="picture",
        ),
    ],
)
def test_no_password_is_published(fragment: str, expected: str) -> None:
    """Rule P21: userinfo in addresses is never published."""
    assert cleaned(fragment) == expected


def test_the_anchor_of_a_link_has_one_sign() -> None:
    """Rule H10: what stands behind a second # is no URI; the place it leads to is found all the same."""
    assert cleaned('<a href="#C#">x</a><p id="C#">y</p>') == '<a href="#entry-C%23">x</a><p id="entry-C#">y</p>'
    assert without_embeds(cleaned('<a href="#C#">x</a>'), page="https://a.example/p").count("#") == 1
