"""What every format keeps to, and the addresses renditions have."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from format_editions import EDITIONS, EMPTY, PLAIN_ENTRY, RICH, edition, story
from format_strategies import editions
from hypothesis import given
from lxml import etree

from aggregator.core.addresses import public_path, public_url
from aggregator.core.edition import Edition
from aggregator.core.formats_table import DOCUMENTS
from aggregator.core.model import OutputId
from aggregator.formats import FORMATS, generate

FORMAT_NAMES = pytest.mark.parametrize("name", list(FORMATS))


def test_importing_the_package_imports_no_writer() -> None:
    """A `--help` needs neither feedgen nor Jinja2."""
    code = "import sys, aggregator.formats; sys.exit(any(m in sys.modules for m in ('feedgen', 'jinja2', 'lxml')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@FORMAT_NAMES
def test_a_format_says_what_it_is(name: str) -> None:
    """Rule W5: media types with charset; the table that needs no import agrees with the format."""
    chosen, info = FORMATS[name], DOCUMENTS[name]
    assert (chosen.name, chosen.suffix, chosen.media_type) == (name, info.suffix, f"{info.media_type}; charset=utf-8")


def test_an_unknown_format_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        FORMATS["opml"]


@pytest.mark.parametrize(
    ("output", "suffix", "path", "url"),
    [
        pytest.param("all", ".rss", "c/all.rss", "https://feeds.example.org/c/all.rss", id="ASCII"),
        pytest.param(
            "新媒体/IT-之家",
            ".atom",
            "c/新媒体/IT-之家.atom",
            "https://feeds.example.org/c/%E6%96%B0%E5%AA%92%E4%BD%93/IT-%E4%B9%8B%E5%AE%B6.atom",
            id="CJK",
        ),
        pytest.param("a b%", ".json", "c/a b%.json", "https://feeds.example.org/c/a%20b%25.json", id="escapes"),
    ],
)
def test_addresses_of_renditions(output: str, suffix: str, path: str, url: str) -> None:
    """Rules W6 and W16: percent-encoded UTF-8 with upper-case hex digits."""
    assert public_path(OutputId(output), suffix) == path
    assert public_url("https://feeds.example.org/", OutputId(output), suffix) == url


@FORMAT_NAMES
@pytest.mark.parametrize("case", list(EDITIONS))
def test_the_same_edition_gives_the_same_bytes(name: str, case: str) -> None:
    """Rule W3."""
    assert generate(EDITIONS[case], name) == generate(EDITIONS[case], name)


@FORMAT_NAMES
def test_kept_fragments_serve_another_edition(name: str) -> None:
    """A story's fragment depends on the story alone."""
    chosen = FORMATS[name]
    kept = [chosen.render_story(each) for each in RICH.stories]
    other = replace(RICH, title="Another", output=OutputId("other"), site_url="http://127.0.0.1:8099", language=None)
    assert chosen.assemble(other, kept) == generate(other, name)


@FORMAT_NAMES
def test_text_is_utf8_without_bom_and_lines_end_with_lf(name: str) -> None:
    """Rule W3."""
    written = generate(RICH, name)
    assert "新媒体" in written.decode("utf-8")
    assert not written.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in written
    assert written.endswith(b"\n")


@FORMAT_NAMES
def test_no_edition_makes_a_writer_raise(name: str) -> None:
    """One bad entry never spoils a feed, and never costs the others their places."""

    @given(editions)
    def check(each: Edition) -> None:
        sound = story(PLAIN_ENTRY, seq=99)
        written = generate(replace(each, stories=(*each.stories, sound)), name)
        assert b"news.example.com/story/99" in written or name == "html"
        if name in ("rss", "atom"):
            root = etree.fromstring(written)
            assert len(root.findall("channel/item") or root.findall("{*}entry")) == len(each.stories) + 1

    check()


@FORMAT_NAMES
def test_an_empty_edition_is_a_whole_document(name: str) -> None:
    assert "新媒体" in generate(EMPTY, name).decode()


def test_no_clock_in_any_output() -> None:
    """Rule W3: feedgen's defaults are the time of day; the only years here are those of the edition."""
    written = b"".join(generate(edition(story(PLAIN_ENTRY)), name) for name in FORMATS)
    assert b"2022" in written
    for year in range(2023, 2100):
        assert f"{year}-".encode() not in written
        assert f" {year} ".encode() not in written
