"""The kinds of filters: what each lets pass, and what it names as the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from select_samples import plans, source, stored

from aggregator.core.model import Person
from aggregator.core.select import filters
from aggregator.core.select.filters import SelectionOptions
from aggregator.core.select.filters.filter import FilterInput, Verdict

AN_ENTRY = {
    "id": "1",
    "title": "腾讯发布报告",
    "content": '<p class="promo">正文 <b>Ten</b>cent 促销</p>',
    "summary": "a < b & c",
    "categories": (),
}
SOURCES = source("s1", "新闻/IT 之家") + source("s2")


def verdict(keys: str, number: int = 1, **changes: Any) -> Verdict:
    """Of a [[feed]] with these keys on an entry of source `s<number>`, a copy of AN_ENTRY but for `changes`."""
    plan = plans(f'{SOURCES}[[feed]]\nid = "f"\n{keys}')["f"]
    return plan.verdict(FilterInput.of(stored(1, number, **AN_ENTRY | changes)))


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        pytest.param('keep = ["报告"]', {}, (True, "keep", "报告"), id="in-title"),
        pytest.param('keep = ["正文"]', {}, (True, "keep", "正文"), id="in-content"),
        pytest.param('keep = ["< b"]', {}, (True, "keep", "< b"), id="in-plain-summary"),
        pytest.param(
            'keep = ["摘要"]',
            {"summary": "<i>摘</i>要", "summary_is_html": True},
            (True, "keep", "摘要"),
            id="in-html-summary",
        ),
        pytest.param('keep = ["缺"]', {}, (False, "keep", None), id="none-of-them"),
        pytest.param('keep = ["缺", "报告"]', {}, (True, "keep", "报告"), id="one-of-them"),
        pytest.param('drop = ["促销"]', {}, (False, "drop", "促销"), id="dropped"),
        pytest.param('keep = ["报告"]\ndrop = ["促销"]', {}, (False, "drop", "促销"), id="drop-wins"),
        pytest.param('drop = ["缺"]', {}, (True, "source", "s1"), id="nothing-to-drop"),
        pytest.param('keep = ["ＴＥＮＣＥＮＴ"]', {}, (True, "keep", "ＴＥＮＣＥＮＴ"), id="neither-case-nor-width"),
        pytest.param('keep = ["Tencent"]', {}, (True, "keep", "Tencent"), id="across-tags-as-seen"),
        pytest.param('keep = ["promo"]', {}, (False, "keep", None), id="not-in-markup"),
        pytest.param('keep = [" 报告"]', {}, (False, "keep", None), id="blanks-count"),
        pytest.param('keep = ["STRASSE"]', {"title": "Straße"}, (True, "keep", "STRASSE"), id="full-case-folding"),
        pytest.param('keep = ["발표"]', {"title": "발표"}, (True, "keep", "발표"), id="decomposed-hangul"),
    ],
)
def test_words_are_sought_in_what_a_reader_sees(
    keys: str, changes: dict[str, Any], expected: tuple[bool, str, str | None]
) -> None:
    """keep: one of them; drop: none of them, and it wins; the deciding word is named"""
    passes, rule, text = expected
    assert verdict(keys, **changes) == Verdict(passes=passes, rule=rule, text=text)


@pytest.mark.parametrize(
    ("names", "authors", "expected"),
    [
        pytest.param(["张三"], [Person(name="张三")], "张三", id="by-name"),
        pytest.param(["李四", "张三"], [Person(name="张三")], "张三", id="one-of-them"),
        pytest.param(["张三"], [Person(name="李四"), Person(name="张三")], "张三", id="one-of-several-authors"),
        pytest.param(["张三"], [Person(name="张三丰")], None, id="whole-names-only"),
        pytest.param(["Ada Lovelace"], [Person(name="ＡＤＡ  LOVELACE")], "Ada Lovelace", id="neither-case-nor-width"),
        pytest.param(["张 三"], [Person(name="张三")], "张 三", id="blanks-beside-cjk"),
        pytest.param(["源"], [Person(name="源", is_source=True)], None, id="not-the-title-of-the-feed"),
        pytest.param(["张三"], [], None, id="nobody"),
    ],
)
def test_authors_are_compared_by_their_whole_names(
    names: list[str], authors: list[Person], expected: str | None
) -> None:
    """The name is given as feeds.toml has it"""
    keys = "authors = [" + ", ".join(f'"{name}"' for name in names) + "]"
    found = verdict(keys, authors=tuple(authors))
    assert found == Verdict(passes=expected is not None, rule="authors", text=expected)


@pytest.mark.parametrize(
    ("keys", "number", "expected"),
    [
        pytest.param('category = "新闻"', 1, (True, "source", "s1"), id="below"),
        pytest.param('category = "新闻"', 2, (False, "category", None), id="another-category"),
        pytest.param('source = "s2"', 1, (False, "source", None), id="another-source"),
        pytest.param("", 3, (False, "source", None), id="a-source-that-is-named-no-more"),
        pytest.param('category = "新闻"\nkeep = ["缺"]\ndrop = ["促销"]', 1, (False, "keep", None), id="the-first"),
        pytest.param('keep = ["报告"]\nsource = "s1"', 1, (True, "keep", "报告"), id="the-last"),
    ],
)
def test_all_filters_have_to_let_an_entry_pass(keys: str, number: int, expected: tuple[bool, str, str | None]) -> None:
    """The first that does not is the reason; else the last that matched"""
    passes, rule, text = expected
    assert verdict(keys, number) == Verdict(passes=passes, rule=rule, text=text)


def test_every_kind_has_its_keys_in_a_feed() -> None:
    """A kind whose options are no base of SelectionOptions would be no key of [[feed]]"""
    folder = Path(filters.__file__).parent
    kinds = {path.stem for path in folder.glob("*.py")} - {"__init__", "filter"}
    assert {"authors", "category", "drop", "keep", "source"} <= kinds
    assert kinds == {base.__module__.rpartition(".")[2] for base in SelectionOptions.__bases__}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(
            'authors = ["李雷"]\ndrop = ["广告"]', Verdict(passes=True, rule="authors", text="李雷"), id="matched"
        ),
        pytest.param('drop = ["广告"]', Verdict(passes=True, rule="source", text="s1"), id="only the source"),
        pytest.param('keep = ["报告"]\ndrop = ["促销"]', Verdict(passes=False, rule="drop", text="促销"), id="refused"),
    ],
)
def test_the_verdict_is_of_the_filter_that_decided(keys: str, expected: Verdict) -> None:
    """The first that refuses, else the last that found something"""
    assert verdict(keys, authors=(Person(name="李雷"),)) == expected
