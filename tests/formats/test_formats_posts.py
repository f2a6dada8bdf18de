"""Posts for static blogs: front matter, one-line bodies and file names that no source can spoil."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from format_editions import EDITIONS, MORNING, RICH_ENTRY, story
from format_strategies import stories
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.edition import Story
from aggregator.core.formats_table import POSTS
from aggregator.core.model import Category, Entry
from aggregator.core.parse.post.front_matter_block import split_matter
from aggregator.formats import story_view
from aggregator.formats.post_body import one_line
from aggregator.formats.posts import post_name, render_post

ALL = [one for each in EDITIONS.values() for one in each.stories]
EVERYWHERE = pytest.mark.parametrize("dialect", list(POSTS))


def parts(one: Story, dialect: str = "hexo") -> tuple[dict[str, Any], str]:
    """Front matter by a full YAML reader, which guesses types as blogs do; and the body."""
    head, _, body = render_post(one, dialect).decode().removeprefix("---\n").partition("\n---\n")
    return yaml.safe_load(head), body


def titled(title: str, **changes: Any) -> Story:
    return story(Entry(id="1", title=title, content="<p>x</p>"), **changes)


def test_a_hexo_post_has_the_fields_of_the_table() -> None:
    """Table, column FM: what a blog shows at the top, what is ours in `origin`."""
    one = story(RICH_ENTRY, paths=(("新媒体", "IT 之家"), ("甲",)), updated=datetime(2022, 5, 16, 7, 30, tzinfo=UTC))
    values, _ = parts(one)
    origin = values.pop("origin")
    assert values == {
        "title": "AT&T 发布 List＜String>",
        "date": "2022-05-16T05:00:23Z",
        "updated": "2022-05-16T07:30:00Z",
        "author": "IT 之家, 乙",
        "categories": [["新媒体", "IT 之家"], ["甲"]],
        "tags": ["新闻", "R&D"],
        "lang": "zh-Hans",
        "headimg": "https://img.example.com/a.png",
        "thumbnail": "https://img.example.com/a.png",
        "excerpt": "摘要：1 &lt; 2",
        "enclosures": [
            {"url": "https://cdn.example.com/cover.jpg", "type": "image/jpeg", "length": 2048},
            {
                "url": "https://cdn.example.com/1.mp3",
                "type": "audio/mpeg",
                "length": 1234567,
                "duration": 3661,
                "title": "第一集",
            },
        ],
        "comments": False,
        "disableNunjucks": True,
    }
    assert origin["id"] == "https://news.example.com/story/1"
    assert origin["original_id"] == "news-1"
    assert origin["link"] == story_view.link(one)
    assert origin["related"] == list(RICH_ENTRY.related)
    assert origin["title"] == RICH_ENTRY.title
    assert origin["rights"] == "CC BY 4.0 & more"
    assert origin["source"]["self"] == "https://news.example.com/feed.xml"
    assert origin["comments"]["count"] == 3
    assert (origin["seq"], origin["first_seen"]) == (1, "2022-05-16T05:00:23Z")


@EVERYWHERE
def test_nothing_at_the_top_moves_the_post(dialect: str) -> None:
    """Rule M8."""
    values, _ = parts(story(RICH_ENTRY), dialect)
    assert not {"permalink", "url", "link", "slug", "source", "published"} & values.keys()


@pytest.mark.parametrize(
    ("dialect", "key", "value"),
    [
        pytest.param("hexo", "disableNunjucks", True, id="Hexo runs no Nunjucks"),
        pytest.param("jekyll", "render_with_liquid", False, id="Jekyll runs no Liquid"),
        pytest.param("jekyll", "layout", "post", id="Jekyll puts it on a page"),
        pytest.param("jekyll", "last_modified_at", "2022-05-16T05:00:23Z", id="Jekyll's plugins know the update"),
        pytest.param("hugo", "lastmod", "2022-05-16T05:00:23Z", id="Hugo knows the update"),
    ],
)
def test_each_blog_gets_its_own_switches(dialect: str, key: str, value: object) -> None:
    """Rules H15 and D11."""
    assert parts(titled("x"), dialect)[0][key] == value


@pytest.mark.parametrize("dialect", ["jekyll", "hugo"])
def test_blogs_without_hierarchy_get_each_category_once_and_keep_the_paths(dialect: str) -> None:
    """Jekyll would make one name of a list in a list."""
    values, _ = parts(titled("x", paths=(("a", "b"), ("a", "c"))), dialect)
    assert values["categories"] == ["a", "b", "c"]
    assert values["origin"]["categories"] == [["a", "b"], ["a", "c"]]


def test_jekyll_can_make_an_address_of_every_category() -> None:
    """A first category `12:30` ends its build with "Invalid scheme format"."""
    values, _ = parts(titled("x", paths=(("12:30", "a/b#?"),)), "jekyll")
    assert values["categories"] == ["12：30", "a／b＃？"]
    assert values["origin"]["categories"] == [["12:30", "a/b#?"]]


@EVERYWHERE
def test_names_that_become_folders_are_not_too_long(dialect: str) -> None:
    """Builds of Hexo and Jekyll end with "name too long" at 256 bytes."""
    name = "新" * 100
    values, _ = parts(story(Entry(id="1", title="x", categories=(Category(path=(name,)),)), paths=((name,),)), dialect)
    shown = values["categories"][0][0] if dialect == "hexo" else values["categories"][0]
    assert shown == "新" * 65 + "…" == values["tags"][0]
    assert values["origin"]["tags"] == [{"name": name}]


@pytest.mark.parametrize(
    "title",
    ["NO", "2024", "12:30", "null", "2022-05-16", "@x", "a: b", "[x", "*x", "# x", "- x", "%x", "\\u0041\\", '"', "'",
     "---", "true", "~", "|", ">", "!x", "&x", "{x", "\u2028x", "x\x85", "\ufeffx", "x\x7f", "😀", "- " * 40,
     "[" * 300],
)  # fmt: skip
@EVERYWHERE
def test_a_title_stays_a_text_whatever_yaml_would_make_of_it(title: str, dialect: str) -> None:
    """Rule H16."""
    one = titled(title)
    assert parts(one, dialect)[0]["title"] == story_view.shown_title(one)


def test_signs_that_yaml_or_javascript_take_for_line_ends_are_escaped() -> None:
    """Rule H16."""
    head = render_post(titled("a\u2028b\u2029c\ufeffd"), "hexo").decode()
    assert not set("\u2028\u2029\x85\ufeff") & set(head)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        pytest.param("<script>alert(1)", "＜script>alert(1)", id="element"),
        pytest.param("<!-- more", "＜!-- more", id="comment"),
        pytest.param('x" onerror=alert(1) y="', 'x" onerror＝alert(1) y＝"', id="attribute"),
        pytest.param("1 < 2, a = b", "1 < 2, a = b", id="neither"),
    ],
)
def test_a_theme_that_does_not_escape_shows_no_source_s_markup(title: str, shown: str) -> None:
    """Several of Hexo's themes print titles, tags and names as HTML; Hugo escapes, so it gets the text itself."""
    assert parts(titled(title))[0]["title"] == shown
    assert parts(titled(title), "hugo")[0]["title"] == title


def test_a_post_always_has_a_date_and_an_update() -> None:
    """Rule D11: Hexo takes the file's own times otherwise, and the order of an undated story is kept (rule D4)."""
    values, _ = parts(titled("x", published=None, sort_date=datetime(2022, 5, 15, 1, tzinfo=UTC)))
    assert (values["date"], values["updated"]) == ("2022-05-15T01:00:00Z", "2022-05-16T05:00:23Z")
    assert values["origin"]["undated"] is True


# -- the body --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("html", "line"),
    [
        pytest.param("<p>a</p>\n\n    <p>b</p>", "<p>a</p> <p>b</p>", id="between blocks"),
        pytest.param('<img alt="a\n\nb">', '<img alt="a b">', id="empty line in an attribute"),
        pytest.param("<p>　　中文  a\tb</p>", "<p>　　中文  a\tb</p>", id="blanks that are no line end stay"),
        pytest.param("<pre>a\n\n  b\r\nc</pre>\nd", "<pre>a&#10;&#10;  b&#10;c</pre> d", id="preformatted"),
        pytest.param('<PRE><b\ntitle="x\ny">\n</b></PRE>', '<PRE><b title="x y">&#10;</b></PRE>', id="tags within"),
        pytest.param("<p>a\u2028b\u2029</p>", "<p>a&#8232;b&#8233;</p>", id="line ends of JavaScript"),
        pytest.param("{{ a }} {% b %} {# c {{{", "&#123;{ a }} &#123;% b %} &#123;# c &#123;&#123;{", id="templates"),
        pytest.param("{{< x >}} {{% y %}}", "&#123;{< x >}} &#123;&#123;% y %}}", id="shortcodes"),
        pytest.param("{ a } {}", "{ a } {}", id="braces alone"),
        pytest.param("<!-- more -->", "&lt;!-- more -->", id="Hexo's mark of an excerpt"),
    ],
)  # fmt: skip
def test_content_becomes_one_line_without_template_tags(html: str, line: str) -> None:
    """Rules H14 and H15."""
    assert one_line(html) == line


def test_a_picture_with_an_empty_line_in_its_alt_stays_whole() -> None:
    """Rule H14: CommonMark ends the block of HTML there, and half a tag is shown as text."""
    one = story(
        Entry(id="1", title="x", content='<p><img src="https://x.example/1.jpeg" alt="表格\n\n描述已生成"></p>')
    )
    body = parts(one)[1]
    assert body.startswith('<div><p><img src="https://x.example/1.jpeg" alt="表格 描述已生成"></p></div>')
    assert body.count("\n") == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-Hans", "原文："), ("ja", "元記事："), ("en", "Original: "), (None, "Original: ")],
)
def test_a_line_at_the_end_leads_to_the_original(language: str | None, words: str) -> None:
    """Rule M8."""
    one = story(Entry(id="1", title="x", link="https://x.example/{{a}}?b&c", language=language))
    body = parts(one)[1]
    link = '<a href="https://x.example/%7B%7Ba%7D%7D?b&amp;c" rel="noopener">示例新闻 &amp; Co</a>'
    assert body == f'<div></div><p class="origin">{words}{link}</p>\n'
    assert b"<p class" not in render_post(one, "hexo", footer=False)


# -- the name --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("title", "slug"),
    [
        pytest.param("腾讯发布首份报告：用长期主义", "-腾讯发布首份报告-用长期主义", id="Chinese"),
        pytest.param('a<b>:"/\\|?*c', "-a-b-c", id="reserved"),
        pytest.param("../../etc/passwd", "-etc-passwd", id="path"),
        pytest.param("Cafe\u0301", "-Caf\u00e9", id="NFC"),
        pytest.param("C++ / C#", "-C-C", id="signs"),
        pytest.param("…！😀", "", id="no words"),
        pytest.param("con", "-con", id="DOS device"),
        pytest.param("नमस्ते", "-नमस्ते", id="marks belong to letters"),
        pytest.param("新" * 400, "-" + "新" * 40, id="long"),
    ],
)
def test_the_name_says_day_id_and_title(title: str, slug: str) -> None:
    """Rule W16; Jekyll's rule YEAR-MONTH-DAY-title."""
    assert post_name(titled(title)) == f"2022-05-16-2b3a4955{slug}.md"


@pytest.mark.parametrize(("dialect", "ending"), [("hexo", ".md"), ("jekyll", ".html"), ("hugo", ".html")])
def test_blogs_that_read_html_get_html(dialect: str, ending: str) -> None:
    """Rule H15: kramdown writes HTML anew, goldmark drops it."""
    assert post_name(titled("x"), dialect).endswith(f"-x{ending}")


def test_the_same_title_on_the_same_day_makes_two_names() -> None:
    assert post_name(titled("x", public_id="urn:x:1")) != post_name(titled("x", public_id="urn:x:2"))


# -- whatever the source wrote -----------------------------------------------------------------------------------------
@given(one=stories | st.sampled_from(ALL), dialect=st.sampled_from(list(POSTS)))
def test_every_story_makes_a_sound_post(one: Story, dialect: str) -> None:
    """Rules H14 to H16: UTF-8, readable front matter, one line; the same bytes each time (rule W3)."""
    post = render_post(one, dialect)
    assert post == render_post(one, dialect)
    values, body = parts(one, dialect)
    assert (values["title"] != "", values["origin"]["id"]) == (True, story_view.identifier(one))
    assert re.fullmatch(r"<div>[^\n\r\v\f\u2028\u2029]*\n", body)
    assert not re.search(r"\{[{%#]|<!--", body)
    assert not split_matter(post.decode()).lenient


@given(one=stories | st.sampled_from(ALL), dialect=st.sampled_from(list(POSTS)))
def test_every_story_has_a_name_that_any_disk_takes(one: Story, dialect: str) -> None:
    """Rule W16."""
    name = post_name(one, dialect)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-[0-9a-f]{8}(-[^\W]+(-\w+)*)?\.(md|html)", _without_marks(name))
    assert len(name.encode()) <= 255
    assert unicodedata.is_normalized("NFC", name)


def _without_marks(name: str) -> str:
    return "".join("a" if unicodedata.category(c)[0] in "MN" and not c.isascii() else c for c in name)


def test_one_more_story_costs_microseconds() -> None:
    """Totality has no price: a body of many unclosed tags takes linear time."""
    started = datetime.now(UTC)
    for piece in ("<pre", "<pre>\n", " ", "{", "<", "</pre", "\n "):
        one_line(piece * 100_000)
    assert (datetime.now(UTC) - started).total_seconds() < 5


def test_an_enormous_summary_does_not_make_the_post_unreadable() -> None:
    """Readers refuse front matter beyond a quarter of a megabyte."""
    one = story(replace(RICH_ENTRY, summary="x" * 300_000), published=MORNING)
    assert "excerpt" not in parts(one)[0]
