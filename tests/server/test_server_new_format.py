"""A format that the program does not know: a class and a record are all it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from aggregator.app import open_app
from aggregator.core import formats_table
from aggregator.core.config.read import read_config
from aggregator.core.config.schema import schema_text
from aggregator.core.edition import Edition, Story
from aggregator.core.errors import ConfigError
from aggregator.formats import FORMATS, story_view
from aggregator.server.catalogue import Catalogue
from aggregator.server.pages import render_index

LINES = formats_table.FormatInfo(
    name="lines",
    label="Plain text",
    suffix=".txt",
    media_type="text/x-lines",
    writer=f"{__name__}:Lines",
    accept_also=("text/plain",),
    order=9,
    is_feed=True,
    has_archive=True,
    is_followed=True,
)
CONFIG = """
[[source]]
id = "s"
path = "s.xml"

[[feed]]
id = "f"
limit = 1
formats = ["html", "lines", "atom"]
"""


class Lines:
    """A title a line."""

    name = LINES.name
    suffix = LINES.suffix
    media_type = LINES.content_type

    def render_story(self, story: Story) -> bytes:
        return f"{story_view.shown_title(story)}\n".encode()

    def assemble(self, edition: Edition, fragments: Sequence[bytes]) -> bytes:
        return b"".join(self.pieces(edition, fragments))

    def pieces(self, edition: Edition, fragments: Sequence[bytes]) -> list[bytes]:
        return [f"{edition.title}\n".encode(), *fragments, b""]


@pytest.fixture
def registered() -> Iterator[None]:
    formats_table.register(LINES)
    yield
    formats_table.unregister(LINES.name)


async def published(folder: Path) -> Catalogue:
    items = "".join(
        f"<item><title>第 {n} 条</title><guid>urn:{n}</guid><link>https://s.example/{n}</link></item>"
        for n in (3, 2, 1)
    )
    text = f'<rss version="2.0"><channel><title>s</title><link>https://s.example/</link>{items}</channel></rss>'
    (folder / "s.xml").write_text(text, "utf-8")
    (folder / "feeds.toml").write_text(CONFIG, "utf-8")
    catalogue = Catalogue()
    async with open_app(
        folder / "feeds.toml", folder / "store", catalogue=catalogue, index=render_index, workers=0
    ) as app:
        await app.poll()
        while any(made.more for made in await app.publish()):
            pass
    return catalogue


@pytest.mark.usefixtures("registered")
def test_it_is_published_archived_listed_and_negotiated(tmp_path: Path) -> None:
    """Nothing else has to be told of it"""
    catalogue = asyncio.run(published(tmp_path))
    public = tmp_path / "store" / "public"
    document = (public / "c/f.txt").read_text("utf-8")
    assert document.startswith("f\n第 ")
    archived = {path.name: path.read_text("utf-8") for path in public.glob("a/f/*/*.txt")}
    assert {"1.txt", "2.txt"} <= archived.keys()
    assert [path for path in catalogue.archives if path.endswith(".txt")]
    served = catalogue.paths["/c/f.txt"]
    assert served.resource.variant(None).body.decode() == document
    assert (b"content-type", b"text/x-lines; charset=utf-8") in served.resource.variant(None).ok
    assert served.deltas is not None
    for accept in (b"text/x-lines", b"text/plain"):
        assert catalogue.paths["/c/f"].choose({b"accept": accept}).variant(None).body.decode() == document
    index = (public / "index.html").read_text("utf-8")
    assert '<a href="c/f.txt" type="text/x-lines" aria-label="Plain text: f">Plain text</a>' in index
    assert 'type="text/x-lines"' in (public / "c/f.html").read_text("utf-8")
    assert 'type="text/x-lines"' in (public / "c/f.atom").read_text("utf-8")


@pytest.mark.usefixtures("registered")
def test_it_is_a_word_of_feeds_toml() -> None:
    """A slip is understood, and no id may end as its files do"""
    read_config(CONFIG.encode(), file="feeds.toml")
    with pytest.raises(ConfigError, match='did you mean "lines"'):
        read_config(CONFIG.replace('"lines"', '"line"').encode(), file="feeds.toml")
    with pytest.raises(ConfigError, match=r'a name without the ending ".txt"'):
        read_config(CONFIG.replace('"f"', '"f.txt"').encode(), file="feeds.toml")


def test_it_is_unknown_before_and_after() -> None:
    """The tests above leave nothing behind; the schema of this program alone names its own formats"""
    assert LINES.name not in formats_table.names()
    assert LINES.name not in FORMATS
    assert '"lines"' not in schema_text()
    with pytest.raises(ConfigError, match='found "lines"'):
        read_config(CONFIG.encode(), file="feeds.toml")
    with pytest.raises(KeyError):
        formats_table.unregister(LINES.name)


@pytest.mark.parametrize(("name", "suffix"), [("rss", ".other"), ("other", ".rss"), ("hexo", ".other")])
def test_a_name_or_a_suffix_is_taken_once(name: str, suffix: str) -> None:
    """Two formats with one suffix would write one file"""
    info = formats_table.FormatInfo(
        name=name, label="x", suffix=suffix, media_type="text/x", writer="x:X", order=9, is_feed=False
    )
    with pytest.raises(ValueError, match="is there already"):
        formats_table.register(info)
