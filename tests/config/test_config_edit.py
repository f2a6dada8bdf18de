"""feeds.toml is edited as a person would: what is added stands beside what is there, and nothing else moves."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.config.edit import Ids, NewSource, add_sources, host_name
from aggregator.core.config.read import read_config
from aggregator.core.config.values import ID_LENGTH, identifier
from aggregator.core.errors import ConfigError

EXAMPLE = (Path(__file__).parents[2] / "feeds.toml").read_text("utf-8")
NEW = NewSource(id="new", url="https://new.example/f")
FULL = NewSource(id="新", url="https://new.example/f?a=1&b=2", title='Quotes " and \\', category=("新闻", "IT 之家"))


def add(text: str, *sources: NewSource) -> str:
    return add_sources(text, sources or (NEW,), file="f")


def is_subsequence(small: list[str], large: list[str]) -> bool:
    rest = iter(large)
    return all(line in rest for line in small)


def test_the_example_keeps_every_line() -> None:
    """Comments, order and alignment; the new source stands behind the last one, not at the end of all comments."""
    edited = add(EXAMPLE, FULL)
    assert is_subsequence(EXAMPLE.split("\n"), edited.split("\n"))
    assert edited.index('id = "posts"'.replace(" = ", "    = ")) < edited.index('"新"') < edited.index("# IT之家.")
    assert read_config(edited.encode(), file="f").sources[-1].category == ("新闻", "IT 之家")


def test_the_block_looks_like_our_examples() -> None:
    """The equals signs stand in one column; text is quoted as TOML wants."""
    assert add("", FULL) == (
        '[[source]]\nid       = "新"\nurl      = "https://new.example/f?a=1&b=2"\n'
        'title    = "Quotes \\" and \\\\"\ncategory = "新闻/IT 之家"\n'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            '[[source]]\nid = "a"\nurl = "u"\n',
            '[[source]]\nid = "a"\nurl = "u"\n\n[[source]]\nid  = "new"\nurl = "https://new.example/f"\n',
            id="at-the-end",
        ),
        pytest.param(
            '[[source]]\nid = "a"',
            '[[source]]\nid = "a"\n\n[[source]]\nid  = "new"\nurl = "https://new.example/f"\n',
            id="no-final-newline",
        ),
        pytest.param(
            '[[source]]\nid = "a"\n\n# the outputs\n[[feed]]\nid = "f"\n',
            '[[source]]\nid = "a"\n\n[[source]]\nid  = "new"\nurl = "https://new.example/f"\n'
            '\n# the outputs\n[[feed]]\nid = "f"\n',
            id="comment-of-what-follows",
        ),
        pytest.param(
            '[[source]]\nid = "a"\n# interval = "1h"\n\n# the outputs\n[[feed]]\nid = "f"\n',
            '[[source]]\nid = "a"\n# interval = "1h"\n\n[[source]]\nid  = "new"\nurl = "https://new.example/f"\n'
            '\n# the outputs\n[[feed]]\nid = "f"\n',
            id="comment-of-the-source",
        ),
        pytest.param(
            '[[source]]\nid = "a"\n[source.page]\nentry = "li"\n[site]\ntitle = "t"\n',
            '[[source]]\nid = "a"\n[source.page]\nentry = "li"\n'
            '\n[[source]]\nid  = "new"\nurl = "https://new.example/f"\n\n[site]\ntitle = "t"\n',
            id="behind-its-own-table",
        ),
        pytest.param(
            '[[source]]\nid = "a"\n[[feed]]\nid = "f"\n[[source]]\nid = "b"\n[network]\nallow = []\n',
            '[[source]]\nid = "a"\n[[feed]]\nid = "f"\n[[source]]\nid = "b"\n'
            '\n[[source]]\nid  = "new"\nurl = "https://new.example/f"\n\n[network]\nallow = []\n',
            id="sources-apart",
        ),
        pytest.param(
            '[site]\ntitle = "t"\n',
            '[site]\ntitle = "t"\n\n[[source]]\nid  = "new"\nurl = "https://new.example/f"\n',
            id="no-source-yet",
        ),
        pytest.param(
            'source = [{id = "a"}]\n',
            'source = [{id = "a"}, {id = "new", url = "https://new.example/f"}]\n',
            id="inline-array",
        ),
    ],
)
def test_where_it_is_written(before: str, after: str) -> None:
    """The whole text, to the last blank line."""
    assert add(before) == after


def test_windows_line_endings_stay() -> None:
    """A file is of one kind before and after."""
    edited = add(EXAMPLE.replace("\n", "\r\n"), FULL, NEW)
    assert "\n" not in edited.replace("\r\n", "")
    assert edited.replace("\r\n", "\n") == add(EXAMPLE, FULL, NEW)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            '[[source]]\nid = "a"\ntitle = """\n# no comment\n# nor this"""\n[site]\n', id="text-like-comments"
        ),
        pytest.param('[[source]]\nid = "a"\nx = [\n  1, # one\n  # two\n]\n# c\n[site]\n', id="list-with-comments"),
        pytest.param("[[source]]\nid = \"a\"\n\"odd key\" = '''\n[[feed]]\n'''\n", id="header-in-text"),
        pytest.param('source = [\n  {id = "a"}, # first\n]\n[site]\n', id="long-array"),
        pytest.param(
            '[[source]]\nid = "a"\n[source.page]\nentry = "x"\n[[source.deep.er]]\na = 1\n#end', id="sub-arrays"
        ),
    ],
)
def test_odd_layouts_are_not_broken(text: str) -> None:
    """Whatever the layout: what it said it still says, and the source is there."""
    before, after = tomllib.loads(text), tomllib.loads(add(text))
    assert after.pop("source") == [*before.pop("source"), NEW.table()]
    assert after == before


def test_what_is_no_toml_is_not_edited() -> None:
    """Words instead of a guess."""
    with pytest.raises(ConfigError, match="no TOML"):
        add("[site\n")


def test_nothing_to_add_changes_nothing() -> None:
    """A list of subscriptions that are all known already: the file is not even read."""
    assert add_sources("[site\n", [], file="f") == "[site\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[source]\n", id="a table where the list belongs"),
        pytest.param('source = "x"\n', id="a text where the list belongs"),
        pytest.param(f"source = []\nx = {'[' * 150}{']' * 150}\n", id="an array that cannot be rewritten"),
    ],
)
def test_where_there_is_no_place_the_lines_to_add_are_told(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        add(text)
    assert str(caught.value) == (
        "f: no place for a new [[source]] was found in it; add by hand: "
        '[[source]] id = "new" url = "https://new.example/f"'
    )


LINES = st.sampled_from(
    [
        "[[source]]",
        "[site]",
        "[[feed]]",
        "a = 1",
        'b = """',
        '"""',
        "# note",
        "",
        "  ",
        "[source.page]",
        "c = [",
        "]",
        "x.y = 2",
    ]
)


@settings(max_examples=300)
@given(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\r\n"]))
def test_an_edit_adds_and_changes_nothing(lines: list[str], newline: str) -> None:
    """For every TOML there is: the old content, and the new source behind the old ones."""
    text = newline.join(lines)
    try:
        before = tomllib.loads(text)
    except ValueError:
        return
    if not isinstance(before.get("source", []), list):
        return
    edited = add(text)
    assert tomllib.loads(edited) == {**before, "source": [*before.get("source", []), NEW.table()]}
    assert is_subsequence([line for line in text.splitlines() if line], edited.splitlines())


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        pytest.param(["IT之家"], "it之家", id="chinese"),
        pytest.param(["The Verge -  All Posts"], "the-verge-all-posts", id="blanks"),
        pytest.param(["C++ / C#", "x"], "c-c", id="signs"),
        pytest.param(["Node.js Blog"], "node.js-blog", id="dot"),
        pytest.param(["...", "example.org"], "example.org", id="host"),
        pytest.param(["🎉", "…"], "source", id="nothing"),
        pytest.param(["Ｆｕｌｌ　Ｗｉｄｔｈ"], "ｆｕｌｌ-ｗｉｄｔｈ", id="full-width"),
        pytest.param(
            ["A very long title of a blog that goes on and on"], "a-very-long-title-of-a-blog-that-goes-on", id="long"
        ),
        pytest.param(["\u0301a"], "a", id="leading-mark"),
    ],
)
def test_ids_are_made_from_what_there_is(wishes: list[str], expected: str) -> None:
    """Letters of every script stay."""
    assert Ids().propose(*wishes) == expected


def test_ids_are_unique_without_regard_to_case() -> None:
    """They name files."""
    ids = Ids(["News", "news-2"])
    assert [ids.propose("NEWS") for _ in range(3)] == ["news-3", "news-4", "news-5"]


@settings(max_examples=300)
@given(st.text(max_size=ID_LENGTH * 2))
def test_every_title_gives_a_good_id(title: str) -> None:
    """identifier() is what feeds.toml asks."""
    name = Ids().propose(title)
    assert identifier(name) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("https://www.example.org/feed", "example.org", id="www"),
        pytest.param("https://feeds.example.co.uk/x", "example.co.uk", id="feeds"),
        pytest.param("https://feeds.org/x", "feeds.org", id="only-name"),
        pytest.param("https://新闻.example/", "xn--efvy88h.example", id="idn"),
    ],
)
def test_the_site_of_an_address(url: str, name: str) -> None:
    """What every feed's host begins with says nothing."""
    assert host_name(url) == name
