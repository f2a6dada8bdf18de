"""Folders of posts in feeds.toml: one kind, one output, a folder of their own."""

from __future__ import annotations

import pytest

from aggregator.core.config.read import read_config
from aggregator.core.errors import ConfigError
from aggregator.core.select.plan import BlogPlan, OutputPlan, plan_outputs

SOURCE = '[[source]]\nid = "s"\nurl = "https://example.org/feed"\n'


def problems(feed: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_config((SOURCE + feed).encode(), file="f")
    return str(caught.value).splitlines()


def plans(feed: str) -> tuple[OutputPlan, ...]:
    config = read_config((SOURCE + feed).encode(), file="f")
    return plan_outputs(config, (), lambda _kind, _name, wanted: wanted)


@pytest.mark.parametrize(
    ("line", "place", "expected"),
    [
        pytest.param('formats = ["rss"]\nposts = "x"', "f:7:9", 'needs "hexo", "jekyll" or "hugo"', id="no blog"),
        pytest.param("footer = false", "f:6:10", "only posts have a footer", id="no posts to end"),
        pytest.param('formats = ["hexo", "hugo"]', "f:6:11", "posts of one kind", id="two blogs"),
        pytest.param('formats = ["hexo"]\nposts = "a/*"', "f:7:9", "this is a pattern", id="pattern"),
        pytest.param('formats = ["hexo"]\nposts = "."', "f:7:9", "a folder of their own", id="this folder"),
        pytest.param('formats = ["hexo"]\nposts = "a/.."', "f:7:9", "a folder of their own", id="folder above"),
        pytest.param('formats = ["hexo"]\nposts = " "', "f:7:9", "expected a folder", id="blank"),
        pytest.param('formats = ["hexo"]\nposts = "~/b"', "f:7:9", "one from the root", id="home"),
        pytest.param('formats = ["hexo"]\nposts = "file:///b"', "f:7:9", "one from the root", id="address"),
    ],
)
def test_a_bad_folder_of_posts_is_refused(line: str, place: str, expected: str) -> None:
    (said,) = problems(f'[[feed]]\nid = "f"\n{line}')
    assert said.startswith(f'{place} feed "f"')
    assert expected in said


def test_two_outputs_do_not_share_a_folder() -> None:
    """Each would delete what the other has written."""
    one = '[[feed]]\nid = "{}"\nformats = ["hexo"]\nposts = "{}"\n'
    (said,) = problems(one.format("a", "blog/_posts/") + one.format("b", "./Blog/_posts"))
    assert said.startswith('f:11:9 feed "b": posts: the folder "Blog/_posts" is taken by the feed at line 7')


@pytest.mark.parametrize(
    ("lines", "documents", "blog"),
    [
        pytest.param('formats = ["rss", "hexo"]', ("rss",), BlogPlan(dialect="hexo"), id="beside a document"),
        pytest.param('formats = ["hugo"]\nposts = "/b/"', (), BlogPlan(dialect="hugo", folder="/b"), id="alone"),
        pytest.param('formats = ["html"]', ("html",), None, id="none"),
    ],
)  # fmt: skip
def test_a_plan_tells_documents_and_posts_apart(lines: str, documents: tuple[str, ...], blog: BlogPlan | None) -> None:
    """What is listed, linked and served are documents alone."""
    (plan,) = plans(f'[[feed]]\nid = "f"\n{lines}')
    assert (plan.formats, plan.blog) == (documents, blog)
