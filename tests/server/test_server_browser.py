"""The pages in a real browser, at the widths of a phone and a desk, in both colour schemes."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, sync_playwright
from server_site import NOW, Site, output, rendition, source

from aggregator.core.edition import Edition, Story
from aggregator.core.errors import Reason
from aggregator.core.model import Enclosure, Entry, Origin, OutputId, SourceId, SourceNumber, StoredEntry
from aggregator.core.site_status import StatusReport
from aggregator.core.source_state import Health
from aggregator.formats import FORMATS, generate, story_view
from aggregator.formats.entry_page import EntryFrame, render_entry
from aggregator.server.asgi import create_app
from aggregator.server.listener import WebServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]
VIEWS = [(390, "light"), (390, "dark"), (1200, "light"), (1200, "dark")]
WIDTHS = [view for view in VIEWS if view[1] == "light"]
"""Where colours make no difference."""


PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
    "gg=="
)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def story(seq: int, **entry: Any) -> Story:
    stored = StoredEntry(
        seq=seq, source=SourceId("a"), number=SourceNumber(1), key=str(seq), public_id=f"tag:x,2026:{seq}",
        first_seen=NOW, changed_at=NOW, published=NOW, updated=NOW + timedelta(hours=1), sort_date=NOW, fingerprint="",
        entry=Entry(id=str(seq), **entry),
    )  # fmt: skip
    origin = Origin(title="少数派", site_url="https://sspai.example/")
    return Story(stored=stored, origin=origin, paths=(("新媒体", "少数派"), ("未分类" * 20,)))


STORIES = (
    story(
        1,
        title="字形与" + "Unbreakable" * 12,
        link="https://sspai.example/1",
        language="zh-Hans",
        content=f"""<h2>小标题</h2><p>正文<a href="https://x.example/{"a" * 200}">链接</a></p>
        <p><img src="{PIXEL}" width="3000" height="200" alt=""></p><pre>{"code " * 80}</pre>
        <table><tr>{"<td>很宽的表格</td>" * 30}</tr></table><blockquote><p>引文</p></blockquote>
        <details><summary>更多</summary><p>里面</p></details>""",
        enclosures=(Enclosure(url="https://cdn.example/1.mp3", type="audio/mpeg"),),
    ),
    story(2, title="直角と骨", language="ja", content="<p>日本語</p>"),
)
ENTRY = "/" + story_view.entry_path(STORIES[0])
REACHABLE = "a, button, input, summary, audio"
PATHS = ["/", "/status", "/c/all.html", ENTRY]


def stories(site: Site, folder: Path) -> None:
    """A river page, and the page of its first story on disk."""
    river = Edition(
        output=OutputId("all"), id="tag:x,2026:all", title="全部", description="所有来源", updated=NOW, stories=STORIES,
        language="zh-Hans", site_url="https://feeds.example.org", timezone=SHANGHAI, entry_pages=True,
    )  # fmt: skip
    made = replace(rendition("c/all.html"), body=generate(river, "html"), media_type="text/html; charset=utf-8")
    site.catalogue.put(made, {})
    frame = EntryFrame(title="我的订阅", site_url=river.site_url, language="zh-Hans", timezone=SHANGHAI)
    page = render_entry(
        STORIES[0], FORMATS["html"].render_story(STORIES[0]), frame, {("新媒体", "少数派"): "c/all.html"}
    )
    (folder / "e").mkdir()
    (folder / ENTRY[1:]).write_bytes(page)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    site = Site()
    folder = tmp_path_factory.mktemp("public")
    stories(site, folder)
    site.app = create_app(site.catalogue, site=lambda: site.info, status=lambda: site.report, folder=folder)
    outputs = [
        output("all", title="全部", description="所有来源的最新文章"),
        output("tech", title="기술 뉴스", path=("기술",)),
        output("新媒体/窓の杜", title="窓の杜", language="ja", path=("新媒体", "窓の杜"), description="字形" * 60),
        output("deep", title="Unbreakable" * 12, language="en", path=tuple("abcdefgh")),
    ]
    site.catalogue.replace_index(outputs)
    long = "https://members.example/" + "a" * 300
    site.report = StatusReport(
        now=NOW,
        ok=True,
        sources=(
            source("a", title="少数派", daily=tuple(range(60)), last_poll=NOW - timedelta(minutes=4)),
            source("b", address=long, health=Health.FAILING, error="no answer " + "x" * 200, reason=Reason.TIMEOUT),
            source("c", maybe_missed=True, daily=(0,) * 30),
        ),
        problems=("feeds.toml:3:1 site: unknown key",),
    )
    site.info = replace(site.info, description="说明")
    server = WebServer(site.app, "127.0.0.1:0")
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    yield f"http://{server.address}"
    server.stop()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(params=VIEWS, ids=lambda view: f"{view[0]}-{view[1]}")
def page(request: pytest.FixtureRequest, browser: Any) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    made = context.new_page()
    said: list[str] = []
    made.on("console", lambda message: said.append(message.text))
    made.on("pageerror", lambda error: said.append(str(error)))
    made.on("requestfailed", lambda failed: said.append(failed.url))
    made.on("request", lambda asked: asked.url.startswith(("http://127.", "data:")) or said.append(asked.url))
    yield made
    context.close()
    assert said == [], "the console stays silent"


def contrast(page: Page) -> float:
    """The least contrast of text against the page, by WCAG's formula."""
    return page.evaluate(
        """() => {
        const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
            .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const paper = light(getComputedStyle(document.body).backgroundColor);
        return Math.min(...[...document.querySelectorAll("main *, header *")].map(e => {
            const ink = light(getComputedStyle(e).color);
            return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05); })); }"""
    )


@pytest.mark.parametrize("path", PATHS)
def test_pages_fit_and_can_be_read(page: Page, address: str, path: str) -> None:
    """No scrolling sideways, whatever the words; text stands out from the paper by 4.5 to 1."""
    page.goto(address + path)
    for details in page.locator("summary").all():
        details.click()
    width = page.viewport_size["width"]  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert contrast(page) >= 4.5


@pytest.mark.parametrize("page", WIDTHS, indirect=True, ids=str)
@pytest.mark.parametrize("path", PATHS)
def test_everything_is_reached_by_tab(page: Page, address: str, path: str) -> None:
    page.goto(address + path)
    wanted = page.locator(REACHABLE).count()
    reached: list[int] = []
    for _ in range(2 * wanted + 20):
        page.keyboard.press("Tab")
        found = page.evaluate("all => [...document.querySelectorAll(all)].indexOf(document.activeElement)", REACHABLE)
        box = page.evaluate("(r => [r.top, r.left, r.height])(document.activeElement.getBoundingClientRect())")
        assert box[0] >= -1, "what has the focus is in sight"
        assert box[2] > 0
        if found == wanted - 1 and reached[-1:] == [found - 1]:
            reached.append(found)
            break
        if found < 0:  # a browser may stop at what scrolls sideways
            assert page.evaluate("['PRE', 'TABLE'].includes(document.activeElement.tagName)")
        elif reached[-1:] != [found]:  # a player has several stops
            reached.append(found)
    assert reached == list(range(wanted)), "in the order of the page"


def test_the_filter_works_with_the_keyboard_alone(page: Page, address: str) -> None:
    page.goto(address + "/status")
    page.locator("#q").focus()
    page.keyboard.type("少数")
    page.keyboard.press("Enter")
    page.wait_for_url("**/status?q=*")
    assert page.locator("#q").input_value() == "少数"
    assert page.locator("table").first.locator("tbody tr").count() == 1


def test_texts_carry_their_language(page: Page, address: str) -> None:
    """It decides which shapes Han letters get."""
    page.goto(address + "/")
    language = "e => e.closest('[lang]').lang"
    found = {
        text: page.get_by_role("heading", name=text).evaluate(language) for text in ("全部", "窓の杜", "기술 뉴스")
    }
    assert found == {"全部": "zh-Hans", "窓の杜": "ja", "기술 뉴스": "ko"}


def test_without_script_all_is_the_same(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    made = context.new_page()
    made.goto(address + "/")
    made.locator("summary").first.click()
    assert made.locator("code").first.is_visible()
    context.close()


def test_pictures_are_lazy_and_whole(page: Page, address: str) -> None:
    page.goto(address + ENTRY)
    picture = page.locator("article img").first
    assert picture.get_attribute("loading") == "lazy"
    assert picture.evaluate("async e => { e.scrollIntoView(); await e.decode(); return e.naturalWidth }") == 1


def test_the_river_leads_to_the_story_and_the_story_back(page: Page, address: str) -> None:
    """By the keyboard alone, relative links holding."""
    page.goto(address + "/c/all.html")
    page.locator("a.when").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**" + ENTRY)
    page.locator("a.category").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/all.html")
    page.locator(".back a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(address + "/")


def test_code_keeps_letters_of_one_width(page: Page, address: str) -> None:
    """The faces chosen by language are for texts."""
    page.goto(address + ENTRY)
    assert "monospace" in page.locator("pre").evaluate("e => getComputedStyle(e).fontFamily")


def test_languages_have_faces_of_their_own(page: Page, address: str) -> None:
    page.goto(address + "/c/all.html")
    face = "e => getComputedStyle(e).fontFamily"
    chinese, japanese = (page.locator(f"article[lang={tag}]").evaluate(face) for tag in ("zh-Hans", "ja"))
    assert "SC" in chinese
    assert "JP" in japanese
