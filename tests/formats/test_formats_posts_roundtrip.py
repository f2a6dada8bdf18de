"""Rule M6 for posts: written and read again by our own reader, nothing has changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from format_editions import MORNING, ORIGIN, RICH_ENTRY, story
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.document import Document
from aggregator.core.edition import Story
from aggregator.core.formats_table import POSTS
from aggregator.core.model import Category, CategoryKind, Entry, Person, SourceId
from aggregator.core.normalise import Context, normalise
from aggregator.core.parse.documents import parse_document
from aggregator.core.select.category_paths import own_paths
from aggregator.formats import story_view
from aggregator.formats.posts import post_name, render_post

EVERYWHERE = pytest.mark.parametrize("dialect", list(POSTS))
LATER = datetime(2022, 5, 16, 7, 30, tzinfo=UTC)
LINK = "https://news.example.com/%E6%96%B0%E9%97%BB/1?a=%5B1%5D&b=2#top"
BODY = (
    '<p style="text-align: center;"><img src="https://img.example.com/a.png" alt="图" width="1338" '
    'referrerpolicy="no-referrer"></p><p>1 &lt; 2 {{ x }} {% y %} <a href="https://news.example.com/x?a=1&amp;b=2">x</a>'
    "</p><pre><code>a\n\n  b</code></pre>"
)
ENTRY = replace(RICH_ENTRY, link=LINK, content=BODY, published=MORNING, updated=LATER)
PATHS = (("新媒体", "IT 之家", "a/b"), ("甲: 乙",))
BLANK = " " * 10
SEED_SHAPED = f"""
---
title: '报告：推动共创'
categories:{BLANK}
 - 新媒体
 - IT 之家
headimg: 'https://img.example.com/1.png'
author: IT 之家
comments: false
date: Mon, 16 May 2022 05:00:23 GMT
thumbnail: 'https://img.example.com/1.png'
---

<div>{BLANK}
<p>一</p><p><img src="https://img.example.com/1.png" w="1338" h="903" alt="图" width="1338" height="553"></p><p><img \
src="https://img.example.com/2.jpeg" alt="应用程序, 表格

低可信度描述已自动生成" width="1265" height="495"></p>
{BLANK}
</div>
{BLANK}
"""


def read(post: bytes, name: str) -> Entry:
    url = f"file:///posts/{name}"
    document = Document(url=url, body=post, fetched_at=LATER, headers={})
    context = Context(source=SourceId("ours"), poll_url=url, document_url=url, fetched_at=LATER)
    (entry,) = normalise(parse_document(document), context).entries
    return entry


def again(one: Story, dialect: str) -> Entry:
    return read(render_post(one, dialect), post_name(one, dialect))


@EVERYWHERE
def test_our_reader_gets_back_what_was_written(dialect: str) -> None:
    one = again(story(ENTRY, paths=PATHS, updated=LATER), dialect)
    assert one.id == "https://news.example.com/story/1"
    for field in (
        "link", "related", "title", "title_is_generated", "content", "summary", "summary_is_html", "authors",
        "published", "updated", "language", "image", "enclosures", "comments", "rights",
    ):  # fmt: skip
        assert (field, getattr(one, field)) == (field, getattr(ENTRY, field))
    assert one.source == ORIGIN
    assert own_paths(one) == PATHS
    tags = [category for category in ENTRY.categories if category.kind is CategoryKind.SOURCE]
    assert [category for category in one.categories if category.kind is CategoryKind.SOURCE] == tags


@EVERYWHERE
@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("title", "null", id="a title that means nothing"),
        pytest.param("title", "AT&amp;T &lt;b&gt; <b>x", id="a title with markup in it"),
        pytest.param("title", "a\\b \"c\" 'd' = e", id="quotation marks"),
        pytest.param("summary", "1 < 2 &amp; <b>", id="a plain summary with markup in it"),
        pytest.param("summary", "- " * 30 + "x", id="a summary like a list"),
        pytest.param("summary", "[" * 400, id="a summary of brackets"),
        pytest.param("authors", (Person(name="Doe, Jane"),), id="a name with a comma"),
        pytest.param("authors", (Person(name="甲"),), id="a name"),
        pytest.param("authors", (Person(name="甲"), Person(name="乙 & 丙")), id="two names"),
        pytest.param("categories", (Category(path=("新" * 100,)),), id="a long word"),
        pytest.param("content", "<pre>\n\n a\n</pre>", id="preformatted text that begins with an empty line"),
        pytest.param("language", "en-US", id="a language"),
    ],
)
def test_a_value_that_blogs_misread_comes_back_exactly(field: str, value: Any, dialect: str) -> None:
    expected = Entry(id="urn:x:1", title="x", link="https://x.example/1", content="<p>x</p>")
    expected = replace(expected, **{field: value})
    first = read(render_post(story(expected, public_id="urn:x:1"), dialect), "x.md")
    one = again(story(first, public_id="urn:x:1"), dialect)
    if field != "content":  # which the reader has cleaned
        assert getattr(one, field) == value
    assert getattr(one, field) == getattr(first, field)


@EVERYWHERE
def test_made_up_titles_and_dates_are_not_taken_for_the_source_s(dialect: str) -> None:
    entry = Entry(id=None, title="第一句话就是全部。", title_is_generated=True, content="<p>第一句话就是全部。</p>")
    one = again(story(entry, public_id="urn:x:1", published=None), dialect)
    assert (one.title, one.title_is_generated, one.published) == (entry.title, True, None)


def test_a_post_as_blogs_have_them_renders_with_all_pictures() -> None:
    """The empty line in an `alt`, which breaks the page of the original post, is gone in ours; nothing else is."""
    first = read(SEED_SHAPED.encode(), "seed.md")
    paths = own_paths(first)
    one = story(first, paths=paths, public_id="tag:x.example,2022:1", published=first.published)
    post = render_post(one, "hexo").decode()
    assert post.partition("\n---\n")[2].count("<img ") == 2
    assert 'alt="应用程序, 表格 低可信度描述已自动生成"' in post
    second = again(one, "hexo")
    same = ("title", "content", "authors", "published", "categories", "image", "language")
    assert {name: getattr(second, name) for name in same} == {name: getattr(first, name) for name in same}
    assert 'categories: [["新媒体", "IT 之家"]]\n' in post
    assert 'date: "2022-05-16T05:00:23Z"\n' in post


@given(
    content=st.lists(
        st.sampled_from(["<p>a</p>", "\n", " ", "<pre>b\n\nc</pre>", "<pre>\n", "</pre>", "{{ x }}", "<b>d</b>", "　"])
    ).map("".join),
    dialect=st.sampled_from(list(POSTS)),
)
def test_reading_and_writing_again_changes_nothing(content: str, dialect: str) -> None:
    """Whatever is read from a post is written to the same bytes and read from them again."""
    entry = Entry(id="urn:x:1", title="x", link="https://x.example/1", content=f"<p>1</p>{content}<p>2</p>")
    first = again(story(entry, public_id="urn:x:1"), dialect)
    second = again(story(first, public_id="urn:x:1"), dialect)
    assert replace(second, provenance={}) == replace(first, provenance={})


def test_ids_links_dates_and_titles_are_those_of_the_feeds() -> None:
    """Rules M6 and I7: a story has one id wherever it is read."""
    one = story(ENTRY, public_id="tag:feeds.example.org,2026:news/1")
    found = again(one, "hexo")
    assert (found.id, found.link) == (story_view.identifier(one), story_view.link(one))
    assert (found.title, found.published, found.updated) == (
        story_view.own_title(one),
        story_view.published(one),
        MORNING,
    )


@EVERYWHERE
def test_a_person_s_own_post_keeps_its_last_paragraph(dialect: str) -> None:
    """Only our own footer is taken off, and only where `origin` says that we wrote the post."""
    footer = '<p class="origin">x</p>'
    assert "x" in read(f"---\ntitle: a\n---\n<div>a</div>{footer}\n".encode(), "x.md").content
    with_footer = story(replace(ENTRY, content="<p>a</p>" + footer), public_id="urn:x:1")
    assert again(with_footer, dialect).content == "<p>a</p><p>x</p>"
