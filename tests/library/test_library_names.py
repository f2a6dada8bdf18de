"""What `import aggregator` gives, and what it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import aggregator

HEAVY = ("asyncio", "bs4", "feedparser", "httpx", "lxml", "pydantic", "sqlalchemy", "structlog")


def test_every_public_name_is_there_and_types_know_the_same() -> None:
    """`__all__`, `dir()` and the imports that only type checkers see agree"""
    for name in aggregator.__all__:
        assert getattr(aggregator, name) is not None
    tree = ast.parse(Path(aggregator.__file__).read_text("utf-8"))
    typed = {
        (f"{node.module}", alias.name)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == {(module, name) for name, module in aggregator._MODULE_OF.items()}
    assert {name for _, name in typed} == set(aggregator.__all__) - {"__version__"}
    assert sorted(aggregator.__all__) == aggregator.__all__
    assert set(aggregator.__all__) <= set(dir(aggregator))


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        getattr(aggregator, "nonsense")  # noqa: B009


def test_the_import_alone_loads_nothing_else() -> None:
    """Of what is installed and takes long"""
    code = f"import sys, aggregator; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_the_package_says_that_it_is_typed() -> None:
    """PEP 561"""
    assert Path(aggregator.__file__).with_name("py.typed").exists()
