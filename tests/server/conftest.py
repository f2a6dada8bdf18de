"""Fixtures of this folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from server_site import Site, put

from aggregator.server.asgi import Application


@pytest.fixture
def site() -> Site:
    made = Site()
    put(made.catalogue, *(f"c/新媒体/it-之家.{kind}" for kind in ("rss", "atom", "json", "html")))
    put(made.catalogue, "c/bare.rss", "c/bare.atom", "outputs.opml")
    return made


@pytest.fixture
def app(site: Site) -> Application:
    return site.app


@pytest.fixture
def look() -> Callable[[bytes], None]:
    """Fails unless the bytes are a well-formed page: every tag closed, every id once."""
    from html.parser import HTMLParser

    void = {"meta", "link", "input", "br", "img", "path", "rect", "circle"}

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.ids: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            names = [name for name, _ in attrs]
            assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
            self.ids += [value or "" for name, value in attrs if name == "id"]
            if tag not in void:
                self.open.append(tag)

        def handle_startendtag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
            assert tag in void, f"<{tag}/> is not closed in HTML"

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    def read(page: bytes) -> None:
        reader = Reader()
        reader.feed(page.decode())
        reader.close()
        assert reader.open == []
        assert len(reader.ids) == len(set(reader.ids))
        assert "<script" not in page.decode()

    return read
