"""Pages of single stories, served from disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from server_site import Site, ask

from aggregator.server.asgi import create_app

NAME = "0123456789abcdef.html"


@pytest.fixture
def folder(tmp_path: Path, site: Site) -> Path:
    """The folder `e` of a site that publishes to disk."""
    (tmp_path / "e").mkdir()
    (tmp_path / "secret.html").write_text("no")
    site.app = create_app(site.catalogue, site=lambda: site.info, status=lambda: site.report, folder=tmp_path)
    return tmp_path / "e"


def test_a_page_is_served_with_all_a_page_needs(site: Site, folder: Path) -> None:
    """Rules W4, W5 and W18"""
    folder.joinpath(NAME).write_text("<!DOCTYPE html>" + "字" * 999, "utf-8")
    full = ask(site, f"/e/{NAME}")
    assert full.status_code == 200
    assert full.headers["content-type"] == "text/html; charset=utf-8"
    assert full.headers["x-robots-tag"] == "noindex"
    assert "script" not in full.headers["content-security-policy"]
    assert ask(site, f"/e/{NAME}", if_none_match=full.headers["etag"]).status_code == 304
    assert ask(site, f"/e/{NAME}", if_modified_since=full.headers["last-modified"]).status_code == 304
    assert ask(site, f"/e/{NAME}", accept_encoding="gzip").headers["content-encoding"] == "gzip"
    assert ask(site, f"/e/{NAME}", method="HEAD").content == b""
    assert ask(site, f"/e/{NAME}", method="POST").status_code == 405


def test_what_is_on_disk_now_is_served(site: Site, folder: Path) -> None:
    folder.joinpath(NAME).write_text("one")
    assert ask(site, f"/e/{NAME}").text == "one"
    folder.joinpath(NAME).write_text("another")
    assert ask(site, f"/e/{NAME}").text == "another"
    folder.joinpath(NAME).unlink()
    assert ask(site, f"/e/{NAME}").status_code == 404


def test_the_path_of_the_site_may_be_before(site: Site, folder: Path) -> None:
    from dataclasses import replace

    site.info = replace(site.info, url="https://example.org/feeds")
    folder.joinpath(NAME).write_text("one")
    assert ask(site, f"/feeds/e/{NAME}").text == "one"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/e/", id="the folder"),
        pytest.param("/e/../secret.html", id="a way out"),
        pytest.param("/e/%2e%2e%2fsecret.html", id="a way out, escaped"),
        pytest.param("/e/0123456789ABCDEF.html", id="capitals"),
        pytest.param("/e/０123456789abcdef.html", id="a digit of another width"),
        pytest.param(f"/e/{NAME}%0A", id="a line feed behind"),
        pytest.param("/e/0123456789abcdef.html.gz", id="an encoding"),
        pytest.param("/e/fedcba9876543210.html", id="none there"),
    ],
)
def test_nothing_else_is(site: Site, folder: Path, path: str) -> None:
    folder.joinpath(NAME).write_text("one")
    folder.joinpath(NAME + ".gz").write_text("packed")
    assert ask(site, path).status_code == 404


def test_a_page_that_a_power_failure_emptied_is_not_there(site: Site, folder: Path) -> None:
    folder.joinpath(NAME).write_bytes(b"")
    assert ask(site, f"/e/{NAME}").status_code == 404


def test_a_page_that_cannot_be_read_is_not_there(site: Site, folder: Path) -> None:
    folder.joinpath(NAME).mkdir()
    assert ask(site, f"/e/{NAME}").status_code == 404


def test_memory_stays_small_however_many_are_asked_for(site: Site, folder: Path) -> None:
    for number in range(70):
        folder.joinpath(f"{number:016x}.html").write_text(str(number))
    assert [ask(site, f"/e/{number:016x}.html").text for number in range(70)] == [str(number) for number in range(70)]
    assert len(site.app._entries._cached) == 64
