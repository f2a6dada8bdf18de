"""Codes of rules: each that is cited stands in docs/rules.md, and each that stands there is held by a test."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/rules.md"
SOURCES = sorted(path for folder in ("aggregator", "tests", "benchmarks") for path in ROOT.glob(f"{folder}/**/*.py"))
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")} - {PAGE})

CODE = r"[DHIKMPRSW][0-9]{1,2}"
"""The letters of the groups of docs/rules.md. UTF-8, H.264 and the like have others, or more behind them."""
BARE = re.compile(rf"(?<![\w./#+%&-])({CODE})(?![\w/-])")
CITED = re.compile(rf"\b[Rr]ules? {CODE}\b(?:(?:, and |, | and | to ){CODE}\b)*")
RANGE = re.compile(rf"({CODE}) to ({CODE})")
RULE = re.compile(rf'^- <a id="([^"]*)"></a>\*\*({CODE})\*\* ((?:.*\n(?!- <a |## ))*.*)', re.MULTILINE)
NOT_YET = re.compile(r"\*\*Not\s+yet\s+held\s+by\s+a\s+test:\*\*\s+(\S.*)", re.DOTALL)
SECTION = re.compile(r"(?<!RFC [0-9]{4} )(?<!RFC [0-9]{4}, )\bsection[ -][0-9]", re.IGNORECASE)
NAMED_PAGE = re.compile(r"(?<![\w/*.`-])(?:docs/)?([A-Za-z_]+\.md)\b")


def rules() -> dict[str, str]:
    """Code -> text of each rule."""
    return {code: text for _, code, text in RULE.findall(PAGE.read_text("utf-8"))}


def prose(path: Path) -> Iterator[str]:
    """The docstrings and comments of a module."""
    source = path.read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def codes(text: str) -> set[str]:
    return {code for citation in CITED.findall(text) for code in BARE.findall(citation)}


def citing_tests() -> Iterator[tuple[str, set[str]]]:
    """Each test with the codes that its docstring, its class's or its cases' names cite; a range says too little."""
    for path in set(ROOT.glob("tests/**/test_*.py")) - {Path(__file__)}:
        source = path.read_text("utf-8")
        module = ast.parse(source)
        classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
        owners = {test: ast.get_docstring(one) or "" for one in classes for test in one.body}
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                cases = [ast.get_source_segment(source, one) or "" for one in node.decorator_list]
                told = " ".join([owners.get(node, ""), ast.get_docstring(node) or "", *cases])
                yield f"{path.relative_to(ROOT)}::{node.name}", codes(RANGE.sub("", told))


def test_every_rule_has_an_anchor_of_its_own_code_once() -> None:
    found = RULE.findall(PAGE.read_text("utf-8"))
    assert [(anchor, code) for anchor, code, _ in found if anchor != code] == []
    assert len({code for _, code, _ in found}) == len(found) > 100


def test_every_code_that_is_cited_is_a_rule() -> None:
    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (*SOURCES, *PAGES)}
    unknown = {name: sorted(codes(text) - set(rules())) for name, text in texts.items()}
    assert {name: found for name, found in unknown.items() if found} == {}
    linked = set(re.findall(r"rules\.md#(\w+)", " ".join(texts.values())))
    linked |= set(re.findall(rf"\(#({CODE})\)", PAGE.read_text("utf-8")))
    assert {code for code in linked if re.fullmatch(CODE, code)} - set(rules()) == set()


def test_rules_mention_only_rules_that_exist() -> None:
    named = {code: set(BARE.findall(text)) - set(rules()) for code, text in rules().items()}
    assert {code: found for code, found in named.items() if found} == {}


@pytest.mark.parametrize("path", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in (*SOURCES, *PAGES)])
def test_codes_are_cited_as_rules_and_no_page_is_named_that_is_not_there(path: Path) -> None:
    texts = (
        list(prose(path))
        if path.suffix == ".py"
        else [re.sub(r"^```.*?^```$|`[^`\n]*`", "", path.read_text("utf-8"), flags=re.M | re.S)]
    )
    bare = [code for text in texts for code in BARE.findall(CITED.sub("", text))]
    there = {page.name for page in (PAGE, *PAGES)}
    missing = [name for text in texts for name in NAMED_PAGE.findall(text) if name not in there]
    sections = [text for text in texts if path.suffix == ".py" and SECTION.search(text)]
    assert (bare, missing, sections) == ([], [], [])


def test_every_rule_is_held_by_a_test_or_says_why_not() -> None:
    held = {code for _, found in citing_tests() for code in found}
    excused = {code for code, text in rules().items() if NOT_YET.search(text)}
    assert set(rules()) - held - excused == set(), "no test cites these, and they do not say why"
    assert held & excused == set(), "tests cite these, so they are held by now"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the same bytes (rule W3)", {"W3"}),
        ("Rules I1 to I3, and P2.", {"I1", "I3", "P2"}),
        ("rules M2, M11 and K3; rule W16", {"M2", "M11", "K3", "W16"}),
        ("UTF-8, H.264, H2O, D3s, rows C6 to C8, HTTP/2, W3C, #P1, &#D8", set()),
    ],
)
def test_a_citation_names_its_codes(text: str, found: set[str]) -> None:
    assert codes(text) == found
    assert (set(BARE.findall(text)) == set()) == (found == set())
