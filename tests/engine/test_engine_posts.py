"""Posts on the whole route: from feeds.toml and a source to the folder of a blog, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from route_bench import Bench, items

from aggregator.outlets.posts import JOURNAL

BLOG = '[[feed]]\nid = "blog"\nformats = {}\n{}\n'


def blog(bench: Bench, *, formats: str = '["rss", "hexo"]', lines: str = "", category: str = "甲") -> None:
    bench.config(bench.source("news", category=category), BLOG.format(formats, lines))


def posts(folder: Path) -> list[str]:
    return sorted(path.name[20:] for path in folder.iterdir() if path.name != JOURNAL)


def test_posts_of_an_output_lie_below_the_store(bench: Bench) -> None:
    """All that the program writes is in the store, unless somebody names another folder."""
    bench.origin.feed("/news", items(1, 2))
    blog(bench)
    (made,) = bench.poll().published
    assert (made.changed, made.error) == (3, None)
    assert posts(bench.home / "posts/blog") == ["第-1-条.md", "第-2-条.md"]
    assert (bench.public / "c/blog.rss").exists()
    assert bench.poll_later(hours=1).published == []


def test_posts_alone_make_an_output(bench: Bench) -> None:
    """It is in the index, without a document to read."""
    bench.origin.feed("/news", items(1))
    blog(bench, formats='["hugo"]')
    bench.poll()
    assert posts(bench.home / "posts/blog") == ["第-1-条.html"]
    assert not (bench.public / "c").exists()
    assert b"blog" in (bench.public / "index.html").read_bytes()


def test_posts_go_into_the_folder_of_a_blog(bench: Bench) -> None:
    """Relative to feeds.toml; a person's own posts stay."""
    folder = bench.folder / "blog/source/_posts"
    folder.mkdir(parents=True)
    (folder / "hello-world.md").write_text("mine")
    bench.origin.feed("/news", items(1))
    blog(bench, lines='posts = "blog/source/_posts"')
    bench.poll()
    assert len(posts(folder)) == 2
    blog(bench, lines='posts = "blog/source/_posts"\ndrop = ["正文"]')
    bench.poll()
    assert [path.name for path in folder.iterdir() if path.name != JOURNAL] == ["hello-world.md"]
    assert not (bench.home / "posts").exists()


def test_a_blog_that_is_missing_holds_up_nothing_else_and_is_tried_again(bench: Bench) -> None:
    bench.origin.feed("/news", items(1))
    blog(bench, lines='posts = "blog/source/_posts"')
    (made,) = bench.poll().published
    assert "there is no such folder" in (made.error or "")
    assert (bench.public / "c/blog.rss").exists()
    (bench.folder / "blog/source").mkdir(parents=True)
    assert not any(again.error for again in bench.poll().published)
    assert posts(bench.folder / "blog/source/_posts") == ["第-1-条.md"]


def test_an_emptied_folder_is_filled_at_the_next_start(bench: Bench) -> None:
    bench.origin.feed("/news", items(1, 2))
    blog(bench)
    bench.poll()
    folder = bench.home / "posts/blog"
    for path in folder.iterdir():
        path.unlink()
    bench.poll()
    assert len(posts(folder)) == 2


@pytest.mark.parametrize(("dialect", "ending"), [("hexo", "md"), ("jekyll", "html"), ("hugo", "html")])
def test_posts_are_a_source_as_well(bench: Bench, dialect: str, ending: str) -> None:
    """Rule M6: what another aggregator reads out of the folder is what was published."""
    bench.origin.feed("/news", items(1, 2))
    blog(bench, formats=f'["atom", "{dialect}"]', category="甲/乙: 丙")
    bench.poll()
    with bench.store() as store:
        numbers = [record.state.number for record in store.sources()]
        before = {one.public_id: one for one in store.entries(numbers)}
    other = Bench(bench.folder / "other", bench.origin, bench.clock)
    other.folder.mkdir()
    path = f"../store/posts/blog/*.{ending}"
    other.config(f'[[source]]\nid = "read"\npath = "{path}"\n')
    other.poll()
    with other.store() as store:
        numbers = [record.state.number for record in store.sources()]
        after = {one.public_id: one for one in store.entries(numbers)}
    assert after.keys() == before.keys()
    for id_, one in after.items():
        was = before[id_].entry
        fields = ("title", "link", "content", "summary", "published", "language", "enclosures")
        assert {name: getattr(one.entry, name) for name in fields} == {name: getattr(was, name) for name in fields}
        assert [category.path for category in one.entry.categories] == [("甲", "乙: 丙")]
        assert one.entry.source is not None
        assert one.entry.source.title == "新闻"


def test_the_footer_can_be_left_out(bench: Bench) -> None:
    """Rule M8: on by default; the address stays in the front matter."""
    bench.origin.feed("/news", items(1))
    blog(bench)
    bench.poll()
    (path,) = (p for p in (bench.home / "posts/blog").iterdir() if p.name != JOURNAL)
    assert '<p class="origin">' in path.read_text("utf-8")
    blog(bench, lines="footer = false")
    bench.poll()
    assert '<p class="origin">' not in path.read_text("utf-8")
    assert '\n  link: "' in path.read_text("utf-8")
