"""Pages and APIs go the way of every source, and an edit of their rules takes effect."""

from __future__ import annotations

import json

from route_bench import Bench

PAGE = "<ul>" + "".join(f'<li><a href="/n/{n}">第 {n} 条</a><b>Short {n}</b></li>' for n in (1, 2)) + "</ul>"
LINKS = '[source.page]\nentry = "li"\n'
SHORT = '[source.page]\nentry = "li"\ntitle = "b"\n'


def test_a_page_is_published(bench: Bench) -> None:
    """No part of the route knows that it was no feed; an unchanged page is asked for with its validator."""
    bench.origin.feed("/page", PAGE, Content_Type="text/html")
    bench.config(bench.source("page"), LINKS)
    assert bench.poll().new == {"page": 2}
    assert sorted(bench.titles()) == ["第 1 条", "第 2 条"]
    assert bench.poll_later(hours=2).outcomes == {"page": "unchanged"}
    assert bench.origin.requests[-1].is_conditional
    assert bench.origin.requests[-1].headers["accept"].startswith("text/html")


def test_an_api_is_published(bench: Bench) -> None:
    """As a page is."""
    items = [{"id": n, "title": f"T{n}"} for n in (1, 2)]
    bench.origin.feed("/api", json.dumps({"items": items}), Content_Type="application/json")
    rules = '[source.json]\nentries = "items"\nid = "id"\ntitle = "title"\nlink = "https://news.example/{id}"\n'
    bench.config(bench.source("api"), rules)
    assert bench.poll().new == {"api": 2}
    assert sorted(bench.titles()) == ["T1", "T2"]
    assert bench.origin.requests[-1].headers["accept"].startswith("application/json")


def test_other_rules_read_an_unchanged_page_again(bench: Bench) -> None:
    """The validators are those of the same bytes, but what they say was read another way."""
    bench.origin.feed("/page", PAGE, Content_Type="text/html")
    bench.config(bench.source("page"), LINKS)
    bench.poll()
    bench.config(bench.source("page"), SHORT)
    assert bench.poll_later(hours=2).outcomes == {"page": "updated"}
    assert sorted(bench.titles()) == ["Short 1", "Short 2"]
    assert bench.poll_later(hours=2).outcomes == {"page": "unchanged"}


def test_a_page_that_changed_its_build_keeps_what_is_stored(bench: Bench) -> None:
    """The visit has failed, with words; nothing is deleted."""
    bench.origin.feed("/page", PAGE, Content_Type="text/html")
    bench.config(bench.source("page"), LINKS)
    bench.poll()
    bench.origin.feed("/page", "<div>new</div>", Content_Type="text/html")
    assert bench.poll_later(hours=2).outcomes == {"page": "not-a-feed"}
    assert len(bench.titles()) == 2
