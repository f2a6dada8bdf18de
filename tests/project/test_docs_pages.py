"""What documents point to is there, and what a person copies out of them works."""

from __future__ import annotations

import html
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import pytest

from aggregator.core.config.read import read_config
from aggregator.core.errors import Reason

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md"), ROOT / "store/README.md"])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
PICTURES = sorted((ROOT / "docs/images").glob("*.png"))
LARGEST_PICTURE = 200_000


def text_of(page: Path) -> str:
    """A page without its samples."""
    return re.sub(r"^(```|~~~).*?^\1$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """Targets of links and pictures in a page."""
    return re.findall(r"\]\(([^()\s]+)\)", re.sub(r"`[^`\n]*`", "", text_of(page)))


def anchors(page: Path) -> set[str]:
    """Names that a link into a page may end in: headings as GitHub names them, and those set by hand."""
    text = text_of(page)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return set(re.findall(r'<a id="([^"]+)">', text)) | {_slug(heading) for heading in headings}


def _slug(heading: str) -> str:
    words = html.unescape(re.sub(r"<[^>]*>|[`*]", "", heading)).strip().lower()
    kept = "".join(c for c in words if c in " -_" or unicodedata.category(c)[0] in "LNM")
    return kept.replace(" ", "-")


def test_the_pages_are_found() -> None:
    """The tests below are not empty."""
    assert {"README.md", "CONTRIBUTING.md", "docs/commands.md", "docs/deployment.md", "docs/changelog.md"} <= set(NAMES)
    assert sum(len(links(page)) for page in PAGES) > 40


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files, folders and pictures exist, and so do the places inside of pages."""
    lost = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, place = unquote(link).partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (place and place not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_page_of_docs_is_linked_from_the_readme(page: Path) -> None:
    """Nobody finds a page that nothing leads to."""
    if page.parent == ROOT / "docs":
        assert str(page.relative_to(ROOT)) in links(ROOT / "README.md")


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_pictures_are_small_and_in_use(picture: Path) -> None:
    """A clone stays quick, and no picture lies about unseen."""
    assert picture.stat().st_size < LARGEST_PICTURE
    assert picture.read_bytes().startswith(b"\x89PNG\r\n")
    assert any(picture.resolve() == (page.parent / link).resolve() for page in PAGES for link in links(page))


OTHERS = re.compile(r"# (?!feeds\.toml)\S+\.toml\n")
"""The first line of a sample that is another program's file."""
SOURCE = '\n[[source]]\nid = "any"\npath = "any/*.md"\n'


def tables() -> list[tuple[str, str]]:
    """(page, text) of each example of feeds.toml outside of the page about it, which has tests of its own."""
    return [
        (str(page.relative_to(ROOT)), block)
        for page in PAGES
        if page.name not in ("configuration.md", "design.md")
        for block in re.findall(r"^```toml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        if not OTHERS.match(block)
    ]


@pytest.mark.parametrize(("page", "text"), tables(), ids=[f"{page}-{i}" for i, (page, _) in enumerate(tables())])
def test_every_example_of_the_configuration_is_good(page: str, text: str) -> None:
    """An example can be copied as it stands; a part is completed by a source."""
    assert read_config((text if "[[source]]" in text else text + SOURCE).encode(), file=page).sources


def test_every_reason_is_explained() -> None:
    """A person who sees a reason in `status` finds what to do."""
    table = (ROOT / "docs/deployment.md").read_text("utf-8").split('<a id="reasons"></a>')[1]
    cells = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    assert sorted(re.findall(r"`([a-z-]+)`", " ".join(cells))) == sorted(reason.value for reason in Reason)
