"""Outputs at a secret address (`token`)."""

from __future__ import annotations

from route_bench import Bench, items

TOKEN = "0123456789abcdef"
SECRET = f'\n[[feed]]\nid = "mine"\ntoken = "{TOKEN}"\n'
OPEN = '\n[[feed]]\nid = "ours"\n'


def published(bench: Bench, feeds: str) -> list[str]:
    """The Atom files there are, below the public folder."""
    bench.config(bench.source("news") + feeds)
    bench.origin.feed("/news", items(1, 2))
    bench.poll()
    return sorted(str(path.relative_to(bench.public)) for path in (bench.public / "c").rglob("*.atom"))


def test_the_token_is_part_of_the_address(bench: Bench) -> None:
    """Whoever does not know it does not find the output"""
    assert [f"c/{TOKEN}/mine.atom", "c/ours.atom"] == published(bench, SECRET + OPEN)


def test_no_list_names_a_secret_output(bench: Bench) -> None:
    """Neither the index page nor the OPML list gives the address away"""
    published(bench, SECRET + OPEN)
    for name in ("index.html", "outputs.opml", "c/ours.atom", "c/ours.html"):
        text = (bench.public / name).read_text("utf-8")
        assert TOKEN not in text
        assert "ours" in text


def test_another_token_moves_the_output_and_keeps_its_id(bench: Bench) -> None:
    """The old address is gone; readers of the new one meet the same feed with the same entries"""
    published(bench, SECRET)
    before = (bench.public / "c" / TOKEN / "mine.atom").read_text("utf-8")
    other = "fedcba9876543210"
    assert [f"c/{other}/mine.atom"] == published(bench, SECRET.replace(TOKEN, other))
    after = (bench.public / "c" / other / "mine.atom").read_text("utf-8")
    assert _ids(before) == _ids(after)
    assert len(_ids(after)) >= 3


def _ids(text: str) -> list[str]:
    return [part.split("</id>")[0] for part in text.split("<id>")[1:]]
