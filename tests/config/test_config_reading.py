"""feeds.toml is read as a whole or refused as a whole, in words that tell what to do."""

from __future__ import annotations

import time
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import StrictFloat, ValidationError

from aggregator.core.config.field_types import ConfigTable
from aggregator.core.config.positions import DEPTH
from aggregator.core.config.read import read_config
from aggregator.core.config.report import ProblemReport
from aggregator.core.config.tables import Config, FeedConfig, SourceConfig
from aggregator.core.config.text import missing
from aggregator.core.config.values import identifier
from aggregator.core.errors import ConfigError, Problem

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "feeds.toml").read_bytes()
SOURCE = '[[source]]\nid = "s"\nurl = "https://example.org/feed"\n'


def read(text: str) -> Config:
    return read_config(text.encode(), file="feeds.toml")


def problems(data: str | bytes) -> list[str]:
    """The lines of the refusal; empty if there is none."""
    try:
        read_config(data.encode() if isinstance(data, str) else data, file="f")
    except ConfigError as error:
        return str(error).split("\n")
    return []


def feed(lines: str) -> FeedConfig:
    return read(f'{SOURCE}category = "a/b/c"\n[[feed]]\nid = "f"\n{lines}').feeds[0]


def test_defaults_are_what_the_page_says() -> None:
    """One source is enough; all the rest has a default."""
    config = read(SOURCE)
    assert config == Config(sources=(SourceConfig(id="s", url="https://example.org/feed"),))
    assert config.site.title == "My feeds"
    assert config.site.url == config.contact == "http://127.0.0.1:8000"
    assert (config.server.host, config.server.port) == ("127.0.0.1", 8000)
    assert config.sources[0].interval is None
    assert config.feeds == ()


def test_a_feed_without_restrictions_takes_everything_in_all_formats() -> None:
    """The defaults of [[feed]]."""
    assert feed("") == FeedConfig(
        id="f",
        title="f",
        source=(),
        keep=(),
        drop=(),
        limit=None,
        formats=("rss", "atom", "json", "html"),
        dedupe="link",
    )


def test_the_example_file_is_valid_and_needs_no_network() -> None:
    """feeds.toml at the top runs as it stands."""
    config = read_config(EXAMPLE, file="feeds.toml")
    assert [(item.id, item.url) for item in config.sources] == [("posts", None)]
    assert len(list(ROOT.glob(config.sources[0].path or ""))) >= 8
    assert config.feeds == ()


def test_the_example_file_stays_valid_with_all_its_comments_taken_away() -> None:
    """What is commented out is no dead letter."""
    lines = EXAMPLE.decode().split("\n")
    start = next(number for number, line in enumerate(lines) if line == "# [server]")
    opened = [line.removeprefix("# ") if "=" in line or line.startswith("# [") else line for line in lines[start:]]
    config = read("\n".join(lines[:start] + opened))
    assert [item.id for item in config.sources] == ["posts", "ithome", "rsshub-ithome-it"]
    assert [item.category for item in config.feeds] == [("科技", "开源世界")]
    assert config.network.allow == ("127.0.0.1:1200",)
    assert config.server.listen == "0.0.0.0:8000"


def test_defaults_reach_every_source_that_does_not_differ() -> None:
    """[defaults] holds any key of a source but its name and origin."""
    other = SOURCE.replace('"s"', '"t"')
    config = read(f'[defaults]\ninterval = "1h"\nenabled = false\n{SOURCE}{other}interval = "auto"')
    assert [(item.interval, item.enabled) for item in config.sources] == [(timedelta(hours=1), False), (None, False)]


TWICE = [
    pytest.param("same", "same", id="same"),
    pytest.param("ithome", "IThome", id="but for case"),
    pytest.param("é", "e\u0301", id="composed otherwise"),
]


@pytest.mark.parametrize(("first", "second"), TWICE)
@pytest.mark.parametrize("kind", ["source", "feed"])
def test_an_id_given_twice_is_refused(kind: str, first: str, second: str) -> None:
    """Also where the two could not be two files everywhere; the first one's line is named."""
    url = 'url = "https://e.org"\n' if kind == "source" else ""
    text = f'[[{kind}]]\nid = "{first}"\n{url}[[{kind}]]\n{url}id = "{second}"\n' + (SOURCE if kind == "feed" else "")
    (said,) = problems(text)
    line = 6 if kind == "source" else 4
    assert said == f'f:{line}:6 {kind} "{second}": id: the id "{second}" is taken by the {kind} at line 2'


def test_a_feed_and_a_source_may_share_an_id() -> None:
    """They are two kinds of things."""
    assert problems(f'{SOURCE}[[feed]]\nid = "s"') == []


def test_a_category_cannot_be_judged_where_files_may_bring_any() -> None:
    """Posts on disk carry paths of their own, which come before their source's."""
    posts = '[[source]]\nid = "p"\npath = "posts/*.md"\n'
    selecting = '[[feed]]\nid = "f"\ncategory = "x/y"\n'
    assert problems(SOURCE + posts + selecting) == []
    assert problems(f'{SOURCE}{posts}category = "a"\n{selecting}') == []
    assert problems(SOURCE + selecting) != []


ORIGINS = [
    pytest.param('[[source]]\nid = "s"\n', "neither url nor path is given; a source needs one of them", id="neither"),
    pytest.param(f'{SOURCE}path = "x"\n', "both url and path are given; a source has one of them", id="both"),
]


@pytest.mark.parametrize(("text", "expected"), ORIGINS)
def test_a_source_has_one_origin(text: str, expected: str) -> None:
    """Told at the table, in the file and where a source is made in code."""
    assert problems(text) == [f'f:1:1 source "s": {expected}']
    with pytest.raises(ValueError, match=expected):
        SourceConfig(id="s", url="https://e.org", path="x") if "both" in expected else SourceConfig(id="s")


TABLES = [
    pytest.param("[[sources]]\nid = 1\n", 'f:1:3: unknown table "sources"; did you mean [[source]]?', id="plural"),
    pytest.param("[default]\n", 'f:1:2: unknown table "default"; did you mean [defaults]?', id="singular"),
    pytest.param(
        "[zzz]\n",
        'f:1:2: unknown table "zzz"; expected one of [site], [network], [server], [defaults], [[source]], [[feed]]',
        id="unknown table",
    ),
    pytest.param(
        'listen = "x"\n',
        'f:1:1: the key "listen" stands outside of all tables; it belongs below [server]',
        id="key before all tables",
    ),
    pytest.param(
        'titel = "x"\n',
        'f:1:1: the unknown key "titel" stands outside of all tables; did you mean "title" below [site]?',
        id="misspelt key before all tables",
    ),
    pytest.param(
        "[[site]]\n", "f:1:1 site: expected a single table, found a list; it begins with [site]", id="double brackets"
    ),
    pytest.param(
        "site = 5\n",
        "f:1:8 site: expected a single table, found the number 5; it begins with [site]",
        id="number as table",
    ),
    pytest.param(
        "[[defaults]]\n",
        "f:1:1 defaults: expected a single table, found a list; it begins with [defaults]",
        id="defaults in double brackets",
    ),
    pytest.param(
        "[feed]\nid = 'x'\n",
        "f:1:1 feed: expected a list of tables, found a table; each begins with [[feed]]",
        id="single brackets",
    ),
    pytest.param("feed = [5]\n", "f:1:9 feed 1: expected a table, found the number 5", id="number as item"),
]


@pytest.mark.parametrize(("text", "expected"), TABLES)
def test_a_bad_table_is_refused(text: str, expected: str) -> None:
    """Brackets and names of tables are what people get wrong first."""
    assert problems(text + SOURCE) == [expected]


EMPTY = "f: the file names no source; add at least a [[source]] with an id and a url"
NOT = "the file is not UTF-8"
ANSI = "which some editors call ANSI"
WHOLE = [
    pytest.param(b"", [EMPTY], id="empty"),
    pytest.param(b"# nothing yet\n", [EMPTY], id="comments only"),
    pytest.param(b"source = []", [EMPTY], id="empty list"),
    pytest.param(
        b"\xef\xbb\xbf[site]\ntitel = 1",
        [
            EMPTY,
            "f:1:1: the file begins with a byte order mark; save it as UTF-8 without BOM",
            'f:2:1 site: unknown key "titel"; did you mean "title"?',
        ],
        id="byte order mark, and what else is wrong",
    ),
    pytest.param(
        "[site]\ntitle = '新闻源'".encode("gbk"),
        [f"f:2:10: {NOT} (byte 0xD0); it looks like GBK, {ANSI}; save it as UTF-8"],
        id="GBK",
    ),
    pytest.param(
        "[site]\ntitle = '中さくら'".encode("cp932"),
        [f"f:2:10: {NOT} (byte 0x92); it looks like Shift_JIS, {ANSI}; save it as UTF-8"],
        id="Shift_JIS",
    ),
    pytest.param(
        "# 中文 é\n# 中文".encode() + b" \xe9!",
        ["f:2:6: the file is not UTF-8 (byte 0xE9); save it as UTF-8"],
        id="Latin-1, the column counted in characters",
    ),
    pytest.param(
        "[site]".encode("utf-16"),
        ['f: the file is not UTF-8 but UTF-16 (Notepad calls it "Unicode"); save it as UTF-8'],
        id="UTF-16",
    ),
    pytest.param(
        "[site]".encode("utf-16-be"),
        ['f: the file is not UTF-8 but UTF-16 (Notepad calls it "Unicode"); save it as UTF-8'],
        id="UTF-16 without mark",
    ),
]


@pytest.mark.parametrize(("data", "expected"), WHOLE)
def test_a_file_that_is_wrong_as_a_whole_is_reported(data: bytes, expected: list[str]) -> None:
    """Empty, not UTF-8, with a byte order mark: words that say how to save it."""
    assert problems(data) == expected


STRAIGHT = 'is a typographic quote; TOML wants the straight quote "'
WIDE = "is a full-width sign; TOML wants"
BLANK = "here stands a blank of another kind"
LINE = "a line is a [table], a key = value, or a # comment"
DOUBLE = "each begins with [[source]] in double brackets"
SYNTAX = [
    pytest.param("title = “x”", f"f:1:9: “ {STRAIGHT}", id="curly"),
    pytest.param('title = "x”', f"f:1:11: ” {STRAIGHT}", id="curly end"),
    pytest.param("title = ‘x’", f"f:1:9: ‘ {STRAIGHT}", id="curly single"),
    pytest.param("title = 「x」", f"f:1:9: 「 {STRAIGHT}", id="corner"),
    pytest.param('title ＝ "x"', f"f:1:7: ＝ {WIDE} =", id="full-width equals"),
    pytest.param("［site］\n", f"f:1:1: ［ {WIDE} [", id="full-width bracket"),
    pytest.param('a = ["x"，"y"]', f"f:1:9: ， {WIDE} ,", id="full-width comma"),
    pytest.param('a = ["x"、"y"]', f"f:1:9: 、 {WIDE} ,", id="enumeration comma"),
    pytest.param("\u3000a = 1", f"f:1:1: {BLANK} (U+3000); TOML wants a plain one", id="wide blank"),
    pytest.param("a\u00a0= 1", f"f:1:2: {BLANK} (U+00A0); TOML wants a plain one", id="hard blank"),
    pytest.param("\u200ba = 1", "f:1:1: here stands a sign that cannot be seen (U+200B); delete it", id="no width"),
    pytest.param('a = "\u0007"', "f:1:6: here stands a sign that cannot be seen (U+0007); delete it", id="bell"),
    pytest.param("a = ithome", 'f:1:5: ithome is no value; text stands in quotes: "ithome"', id="no quotes"),
    pytest.param("a = http://x/", 'f:1:5: http://x/ is no value; text stands in quotes: "http://x/"', id="address"),
    pytest.param("a = True", "f:1:5: True is no value; write true", id="True"),
    pytest.param("a = no", "f:1:5: no is no value; write false", id="no"),
    pytest.param("a = null", "f:1:5: null is no value; leave the key out", id="null"),
    pytest.param("a =", "f:1:4: a value is missing after =", id="no value"),
    pytest.param("a =\nb = 1", "f:1:4: a value is missing after =", id="no value on the line"),
    pytest.param('title: "x"', f"f:1:6: expected = after the key; {LINE}", id="colon"),
    pytest.param(
        '标题 = "x"',
        "f:1:1: invalid initial character for a key part; a key consists of the letters a-z, digits, - and _",
        id="key in Chinese",
    ),
    pytest.param(
        r'a = "C:\posts"',
        r"f:1:8: a backslash in double quotes is written \\; or put the text in single quotes",
        id="backslash",
    ),
    pytest.param("a = [1\nb = 2", "f:2:1: unclosed array; the closing ] or a comma is missing", id="open array"),
    pytest.param("[[source]\n", "f:1:9: expected ']]' at the end of an array declaration", id="open header"),
    pytest.param(
        'a = "x" b',
        "f:1:9: expected newline or end of document after a statement; only a comment may follow a value on its line",
        id="more on the line",
    ),
    pytest.param("a = " + "9" * 5000, "f: a number has too many digits", id="endless number"),
    pytest.param("a = " + "[" * 5000, "f: brackets are nested too deeply", id="endless brackets"),
    pytest.param("a = 1\na = 2\n[b]\n[b]\n", 'f:2:1: the key "a" is given twice, first at line 1', id="key twice"),
    pytest.param(
        "[source]\n[source]\n",
        f"f:2:1: the table [source] is given twice, first at line 1; {DOUBLE}",
        id="[source] twice",
    ),
    pytest.param(
        "[source]\n[[source]]\n",
        f"f:2:1: the table [source] is given twice, first at line 1; {DOUBLE}",
        id="mixed brackets",
    ),
    pytest.param(
        "[site]\nx = {a = 1, a = 2}\n",
        'f:2:13 site: x: the key "a" is given twice, first at line 2',
        id="inline key twice",
    ),
    pytest.param(
        "a.b = 1\n[a]\nc = 1",
        "f:2:3: the table or key was given before in another way; a table is opened once, by one header",
        id="reopened",
    ),
]


@pytest.mark.parametrize(("text", "expected"), SYNTAX)
def test_a_syntax_error_is_reported_plainly(text: str, expected: str) -> None:
    """The sign to blame, its place, and what TOML wants there."""
    assert problems(text)[0] == expected


def test_all_repeats_are_reported_together() -> None:
    """tomllib stops at the first."""
    said = problems("[site]\ntitle = 'a'\ntitle = 'b'\nurl = 'c'\nurl = 'd'\n[site]\n")
    assert [line.split(":")[1] for line in said] == ["3", "5", "6"]


def test_everything_is_reported_at_once_in_order_of_lines() -> None:
    """A person mends the file in one go."""
    text = (
        '[site]\ntitel = 1\n[network]\nallow = ["x", "y"]\n[[source]]\nurl = "x y"\npath = "p"\n'
        '[[source]]\nid = "a"\n[[source]]\nid = "A"\nurl = "https://e.org"\n'
        '[[feed]]\nsource = ["b"]\nlimit = 0\nkeep = [""]\n'
    )
    said = [line.split(":")[1] for line in problems(text)]
    assert said == ["2", "4", "4", "5", "5", "6", "8", "11", "13", "14", "15", "16"]


def test_a_slip_in_a_source_makes_no_second_error_elsewhere() -> None:
    """Its id and category count as known."""
    text = '[[source]]\nid = "s"\nurl = "nowhere"\ncategory = "a"\n[[feed]]\nid = "f"\nsource = "s"\ncategory = "a"\n'
    (said,) = problems(text)
    assert "url" in said


def test_a_slip_in_the_defaults_leaves_the_other_defaults_in_force() -> None:
    """The sources are judged with the keys that are right: the category of the output is known."""
    text = f'[defaults]\ninterval = "4m"\ncategory = "a"\n{SOURCE}[[feed]]\nid = "f"\ncategory = "a"\n'
    (said,) = problems(text)
    assert said.startswith('f:2:12 defaults: interval: expected at least "5m"')


def test_passwords_are_not_shown() -> None:
    """Errors end in logs and on screens."""
    said = "\n".join(
        problems(
            f'{SOURCE}[[source]]\nid = "t"\nurl = "feed://me:secret@a.example/x"\n'
            '[[source]]\nid = "u"\nurl = "https://me:secret@/x"\n[site]\nurl = "https://me:secret@e.org"'
        )
    )
    assert said.count("expected") == 3
    assert "secret" not in said


def test_long_values_are_cut() -> None:
    """A message stays readable."""
    (said,) = problems(f'[[source]]\nid = "s"\nurl = "{"x" * 5000}"')
    assert len(said) < 250


def test_a_missing_file_is_reported_with_advice() -> None:
    """The caller reads the file; the words are here."""
    error = missing("feeds.toml")
    assert isinstance(error, ConfigError)
    assert str(error).startswith("feeds.toml: there is no such file; ")
    assert "--config" in str(error)


def test_problems_carry_their_parts() -> None:
    """Scripts read them without taking text apart."""
    with pytest.raises(ConfigError) as caught:
        read(f"{SOURCE}foo = 1")
    assert caught.value.file == "feeds.toml"
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.where) == (4, 1, 'source "s"')
    assert isinstance(problem, Problem)


def test_a_key_of_a_new_type_is_refused_in_pydantics_words() -> None:
    """A new kind of source or filter may have keys of types that no key has today."""

    class Options(ConfigTable):
        weight: StrictFloat

    text = f'{SOURCE}weight = "heavy"\n'
    report = ProblemReport(text, tomllib.loads(text))
    with pytest.raises(ValidationError) as caught:
        Options.model_validate({"weight": "heavy"})
    for error in caught.value.errors():
        report.invalid(("source", 0), error, keys=["weight"], tables={})
    message = 'Input should be a valid number, found "heavy"'
    assert report.problems == [Problem(message=message, line=4, column=10, where='source "s": weight')]


def test_a_config_is_a_value() -> None:
    """Equal for equal text, hashable, and not to be changed."""
    config = read_config(EXAMPLE, file="a")
    assert config == read_config(EXAMPLE, file="b")
    assert len({config, read_config(EXAMPLE, file="b")}) == 1
    with pytest.raises(ValueError, match="frozen"):
        config.site.title = "x"  # type: ignore[misc]


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """ConfigError is raised and says something, or the configuration is valid as a whole; nothing else happens."""
    said = problems(data)
    assert all(said)
    if not said:
        assert_valid(read_config(data, file="f"))


def assert_valid(config: Config) -> None:
    """What holds for each configuration that is read, whatever is in it."""
    assert config.sources
    assert all((source.url is None) != (source.path is None) for source in config.sources)
    assert all(source.page is None or source.api is None for source in config.sources)
    for identifiers in ([source.id for source in config.sources], [feed.id for feed in config.feeds]):
        assert len(set(identifiers)) == len(identifiers)
        assert all(identifier(text) == text for text in identifiers)
    known = {source.id for source in config.sources}
    assert all(known.issuperset(feed.source) for feed in config.feeds)


def test_a_dollar_sign_may_be_in_a_host() -> None:
    """The URL standard does not forbid it, and DNS takes any octet: the resolver has the last word."""
    config = read('[[source]]\nid="0"\nurl="http://$"')
    assert_valid(config)
    assert config.sources[0].url == "http://$"


@given(
    st.integers(0, len(EXAMPLE)),
    st.integers(0, 40),
    st.sampled_from([b"", b'"', b"[", b"]\n", b"\xff", b"= 5\n", "“".encode()]),
)
def test_any_damage_to_a_good_file_is_read_or_refused(start: int, length: int, put: bytes) -> None:
    """Places lie inside the file, whatever was cut out of it or put in."""
    data = EXAMPLE[:start] + put + EXAMPLE[start + length :]
    try:
        assert_valid(read_config(data, file="f"))
    except ConfigError as error:
        lines = data.decode("utf-8", "replace").split("\n")
        for problem in error.problems:
            assert 0 <= problem.line <= len(lines)
            assert problem.message
            if problem.line:
                assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


def test_five_thousand_sources_are_read_and_refused_quickly() -> None:
    """0.15 s and 0.5 s were measured; ten times that is the alarm."""
    good = "".join(f'[[source]]\nid = "s{n}"\nurl = "https://h{n}.example/"\ncategory = "a/{n}"\n' for n in range(5000))
    begin = time.process_time()
    assert len(read(good).sources) == 5000
    assert len(problems(good.replace("url", "ulr"))) == 10_000
    assert time.process_time() - begin < 7


def test_brackets_deeper_than_places_are_known_still_have_a_place() -> None:
    """The nearest place known is told."""
    (said,) = problems(f"{SOURCE}title = {'[' * (DEPTH + 50)}{']' * (DEPTH + 50)}")
    assert said == 'f:4:9 source "s": title: expected text in quotes, found a list'
