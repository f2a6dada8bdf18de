"""[source.page] and [source.json] are read, or refused at the place of the slip."""

from __future__ import annotations

import pickle

import pytest

from aggregator.core.config.read import read_config
from aggregator.core.config.rules import JsonRules, PageRules, split_selector, template_paths
from aggregator.core.config.tables import SourceConfig
from aggregator.core.errors import ConfigError

SOURCE = '[[source]]\nid = "s"\nurl = "https://example.org/"\n'


def read(lines: str) -> SourceConfig:
    return read_config(f"{SOURCE}{lines}".encode(), file="f").sources[0]


def problems(lines: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(lines)
    return str(caught.value).split("\n")


def test_a_page_needs_nothing_but_its_entries() -> None:
    """Everything else has a default."""
    source = read('[source.page]\nentry = "article"')
    assert source.rules == source.page == PageRules(entry="article")
    assert source.api is None


def test_an_api_needs_no_path_at_all() -> None:
    """A bare list of entries is an answer too."""
    source = read("[source.json]\n")
    assert source.rules == source.api == JsonRules()


def test_a_feed_has_no_rules() -> None:
    """None is how the readers know a feed."""
    assert read("").rules is None


def test_tables_may_be_written_inline_and_dotted() -> None:
    """TOML has three spellings of one table."""
    inline = read('page = { entry = "li", title = "b" }')
    assert inline == read('page.entry = "li"\npage.title = "b"') == read('[source.page]\nentry = "li"\ntitle = "b"')


def test_rules_travel_to_worker_processes() -> None:
    """Large documents are read in another process."""
    rules = read('[source.page]\nentry = "li"').rules
    assert pickle.loads(pickle.dumps(rules)) == rules


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        pytest.param(
            '[source.page]\nentry = "div["',
            'f:5:9 source "s": page.entry: expected a CSS selector such as "article", found "div["; '
            "malformed attribute selector at position 3",
            id="syntax",
        ),
        pytest.param(
            '[source.page]\ntitle = "h2"', 'f:4:1 source "s": page: the key "entry" is missing', id="no-entry"
        ),
        pytest.param(
            '[source.page]\nentry = "li"\nlink = "//div/a"',
            'f:6:8 source "s": page.link: expected a CSS selector such as "h2 a", found "//div/a"; '
            "this looks like XPath",
            id="xpath",
        ),
        pytest.param(
            '[source.page]\nentry = "li"\nlink = "a::attr(href)"',
            'f:6:8 source "s": page.link: expected a CSS selector such as "h2 a", found "a::attr(href)"; '
            'did you mean "a@href"?',
            id="scrapy-attribute",
        ),
        pytest.param(
            '[source.page]\nentry = "li"\ntitle = "b::text"',
            'f:6:9 source "s": page.title: expected a CSS selector such as "h2 a", found "b::text"; did you mean "b"?',
            id="scrapy-text",
        ),
        pytest.param(
            '[source.page]\nentry = "li@id"',
            'f:5:9 source "s": page.entry: expected a CSS selector of elements such as "article", found "li@id"; '
            'leave out "@id"',
            id="entry-attribute",
        ),
        pytest.param(
            '[source.page]\nentry = "li"\ntitel = "b"',
            'f:6:1 source "s": page: unknown key "titel"; did you mean "title"?',
            id="unknown-key",
        ),
        pytest.param(
            '[source.page]\nentry = ["li"]',
            'f:5:9 source "s": page.entry: expected text in quotes, found a list',
            id="list",
        ),
        pytest.param('page = "li"', 'f:4:8 source "s": page: expected a table, found "li"', id="no-table"),
        pytest.param(
            'entry = "li"', 'f:4:1 source "s": unknown key "entry"; it belongs below [source.page]', id="strayed"
        ),
        pytest.param(
            '[source.page]\nentry = "li"\n[source.json]\nid = "id"',
            'f:6:1 source "s": both page and json are given; a source is read in one of these ways',
            id="both",
        ),
        pytest.param(
            '[source.json]\nentries = "$.data.items"',
            'f:5:11 source "s": json.entries: expected names with dots between them, such as "data.items", '
            'found "$.data.items"; did you mean "data.items"?',
            id="jsonpath",
        ),
        pytest.param(
            "[source.json]\nimage = \"media[0]['url']\"",
            'f:5:9 source "s": json.image: expected names with dots between them, such as "data.items", '
            'found "media[0][\'url\']"; did you mean "media.0.url"?',
            id="brackets",
        ),
        pytest.param(
            '[source.json]\nlink = "https://example.org/p/{id"',
            'f:5:8 source "s": json.link: expected an address with paths in braces, such as '
            '"https://example.org/p/{id}", found "https://example.org/p/{id"',
            id="open-brace",
        ),
        pytest.param(
            '[source.json]\nlink = "https://example.org/p/{a..b}"',
            'f:5:8 source "s": json.link: expected names with dots between them, such as "data.items", '
            'found "https://example.org/p/{a..b}"; did you mean "a.b"?',
            id="bad-hole",
        ),
        pytest.param(
            f'[source.page]\nentry = "{"a" * 1_001}"',
            f'f:5:9 source "s": page.entry: expected a CSS selector such as "article", found "{"a" * 60}…"',
            id="endless-selector",
        ),
        pytest.param(
            f'[source.json]\nentries = "{"a" * 1_001}"',
            'f:5:11 source "s": json.entries: expected names with dots between them, such as "data.items", '
            f'found "{"a" * 60}…"',
            id="endless-path",
        ),
        pytest.param(
            '[source.json]\nlink = "data..url"',
            'f:5:8 source "s": json.link: expected names with dots between them, such as "data.items", '
            'found "data..url"; did you mean "data.url"?',
            id="two-dots-in-the-path-of-a-link",
        ),
    ],
)
def test_a_slip_is_reported_at_its_place(lines: str, answer: str) -> None:
    """Line, column, key, and what was perhaps meant."""
    assert problems(lines) == [answer]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("h2 a", ("h2 a", None), id="element"),
        pytest.param("time@datetime", ("time", "datetime"), id="attribute"),
        pytest.param(" a.x  @data-Src ", ("a.x", "data-src"), id="blanks-and-case"),
        pytest.param("@href", ("", "href"), id="own-attribute"),
        pytest.param('a[title="x@y"]', ('a[title="x@y"]', None), id="sign-inside"),
    ],
)
def test_the_attribute_is_separated_from_the_selector(text: str, parts: tuple[str, str | None]) -> None:
    """Only an @name at the very end is one."""
    assert split_selector(text) == parts


def test_holes_of_a_template() -> None:
    """In the order of the template; a path has none."""
    assert template_paths("https://x/{a.b}/{ c }") == ["a.b", "c"]
    assert template_paths("data.url") == []


def test_many_ats_are_split_quickly() -> None:
    """No selector makes the splitting quadratic."""
    assert split_selector("@" * 50_000 + "!")[1] is None
