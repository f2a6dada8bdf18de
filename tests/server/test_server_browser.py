"""The pages in a real browser, at the widths of a phone and a desk, in both colour schemes."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from server_site import NOW, Site, output, source

from aggregator.core.listing import StatusReport
from aggregator.core.policy import Health
from aggregator.server.listener import WebServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]
VIEWS = [(390, "light"), (390, "dark"), (1200, "light"), (1200, "dark")]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    site = Site()
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
            source("b", address=long, health=Health.FAILING, error="no answer " + "x" * 200),
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


@pytest.mark.parametrize("path", ["/", "/status"])
def test_pages_fit_and_can_be_read(page: Page, address: str, path: str) -> None:
    """No scrolling sideways, whatever the words; text stands out from the paper by 4.5 to 1."""
    page.goto(address + path)
    for details in page.locator("summary").all():
        details.click()
    width = page.viewport_size["width"]  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert contrast(page) >= 4.5


@pytest.mark.parametrize("path", ["/", "/status"])
def test_everything_is_reached_by_tab(page: Page, address: str, path: str) -> None:
    page.goto(address + path)
    wanted = page.evaluate("document.querySelectorAll('a, button, input, summary').length")
    reached = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("[...document.querySelectorAll('a, button, input, summary')].indexOf(document.activeElement)")
        )
        box = page.evaluate("(r => [r.top, r.left, r.height])(document.activeElement.getBoundingClientRect())")
        assert box[0] >= -1, "what has the focus is in sight"
        assert box[2] > 0
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
