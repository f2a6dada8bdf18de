"""Formats that are a folder of posts in a static blog, and not a document: what feeds.toml may say of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from aggregator.core.config.report import ProblemReport, shown
from aggregator.core.config.values import folded_name
from aggregator.core.formats_table import POSTS


class PostsFeed(Protocol):
    """What a [[feed]] says that concerns posts."""

    @property
    def formats(self) -> tuple[str, ...]:
        """Documents and blogs."""

    @property
    def posts(self) -> str | None:
        """The folder."""

    @property
    def footer(self) -> bool:
        """Whether each ends with a link to the original."""


def documents(formats: Iterable[str]) -> tuple[str, ...]:
    """Those of `formats` that are documents."""
    return tuple(name for name in formats if name not in POSTS)


def blog(formats: Iterable[str]) -> str | None:
    """The one of `formats` that is a folder of posts."""
    return next((name for name in formats if name in POSTS), None)


def _any_of_posts() -> str:
    *first, last = map(shown, POSTS)
    return f"{', '.join(first)} or {last}"


def check_posts(report: ProblemReport, feeds: Mapping[int, PostsFeed | None]) -> None:
    """A folder of posts is of one kind and of one output: each deletes from it what it does not select."""
    first: dict[str, int] = {}
    for index, feed in feeds.items():
        if feed is None:
            continue
        blogs = [name for name in feed.formats if name in POSTS]
        if len(blogs) > 1:
            message = f"posts of one kind go into a feed, found {' and '.join(map(shown, blogs))}; "
            report.add(("feed", index, "formats"), message + "write another [[feed]] for the other")
        if feed.posts and not blogs:
            report.add(("feed", index, "posts"), f"a folder of posts needs {_any_of_posts()} in formats")
        if not feed.footer and not blogs:
            report.add(("feed", index, "footer"), f"only posts have a footer: {_any_of_posts()} in formats")
        before = first.setdefault(folded_name(feed.posts), index) if feed.posts else index
        if before != index:
            line = report.positions.value(("feed", before, "posts")).line
            message = f"the folder {shown(feed.posts)} is taken by the feed at line {line}; a subfolder will do"
            report.add(("feed", index, "posts"), message)
