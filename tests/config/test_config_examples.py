"""The posts that the example configuration reads are what a real folder of posts is, oddities included."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import html

POSTS = sorted((Path(__file__).parents[2] / "examples/posts").glob("*.md"))
TEXTS = [path.read_text(encoding="utf-8") for path in POSTS]


def parts(text: str) -> tuple[dict[str, Any], str]:
    """Front matter and body."""
    _, matter, body = text.split("---\n", 2)
    return yaml.safe_load(matter), body


@pytest.mark.parametrize("text", TEXTS, ids=[path.stem for path in POSTS])
def test_a_post_is_complete(text: str) -> None:
    """Every key of the form, three category names, a picture that is head, thumbnail and first, 3 to 8 paragraphs."""
    matter, body = parts(text)
    assert list(matter) == ["title", "categories", "headimg", "author", "comments", "date", "thumbnail"]
    assert len(matter["categories"]) == 3
    assert matter["comments"] is False
    assert matter["headimg"] == matter["thumbnail"]
    tree = html.fromstring(body)
    assert [image.get("src") for image in tree.iter("img")][:1] == [matter["headimg"]]
    written = [p for p in tree.iter("p") if p.get("style") is None and p.find("strong") is None]
    assert 3 <= len(written) <= 8
    assert tree.tag == "div"


@pytest.mark.parametrize("text", TEXTS, ids=[path.stem for path in POSTS])
def test_a_post_is_dated_in_the_past_and_names_invented_hosts(text: str) -> None:
    """A post from tomorrow would be held back; a real host would be visited by readers."""
    matter, body = parts(text)
    when = parsedate_to_datetime(matter["date"])
    assert matter["date"].endswith(" GMT")
    assert datetime(2022, 1, 1, tzinfo=UTC) <= when < datetime.now(UTC)
    assert f"{when:%a}, {when:%d %b %Y}" == matter["date"][:16]
    addresses = [value for _, name, value, _ in html.fromstring(body).iterlinks() if name in {"src", "href"}]
    hosts = {address.split("/")[2].split(".", 1)[1] for address in addresses}
    assert hosts <= {"example.com", "example.org"}


def test_the_posts_span_years_languages_and_categories() -> None:
    """Enough to see a tree of categories and a river of several years."""
    matters = [parts(text)[0] for text in TEXTS]
    assert len(POSTS) >= 8
    assert {parsedate_to_datetime(matter["date"]).year for matter in matters} == {2022, 2023, 2024, 2025, 2026}
    paths = {tuple(matter["categories"]) for matter in matters}
    assert ("新媒体", "IT 之家", "分类资讯") in paths
    assert len(paths) >= 3
    titles = " ".join(matter["title"] for matter in matters)
    assert all(sign in titles for sign in "青た달T")


ODDITIES = [
    pytest.param("\n---\ntitle: '", id="blank line before the front matter"),
    pytest.param("\ncategories: \n - ", id="blanks around categories"),
    pytest.param("''", id="quote doubled in a title"),
    pytest.param("<div>   \n<p data-vmark=", id="outer div with blanks"),
    pytest.param('<p style="text-align: center;" data-vmark=', id="centred by style"),
    pytest.param('w="1338" h="903"', id="sizes of its own kind"),
    pytest.param('width="1338" height="553"', id="that disagree with the usual ones"),
    pytest.param("\n\n低可信度描述已自动生成", id="empty line inside alt"),
    pytest.param('referrerpolicy="no-referrer"', id="referrer policy"),
    pytest.param("\n          \n</div>\n", id="blanks at the end"),
]


@pytest.mark.parametrize("oddity", ODDITIES)
def test_the_oddities_of_real_posts_are_there(oddity: str) -> None:
    """What readers of posts stumble over is in the example, so that the first run shows it."""
    assert [path.name for path, text in zip(POSTS, TEXTS, strict=True) if oddity in text]
