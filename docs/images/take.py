"""Take the pictures of this folder anew: `.venv/bin/python docs/images/take.py`. Needs a Chromium and a CJK font.

The pages are those of the real program over the example posts. The posts name pictures at example.com, which nobody
serves; a plain drawing stands in for them.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Route, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SOURCES = """
[[source]]
id = "nobody"
title = "Nobody listens here"
url = "http://127.0.0.1:9/feed.xml"

[[source]]
id = "homepage"
title = "A page in place of its feed"
path = "examples/home.html"
"""
"""What a status page is for: sources that need a person."""
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="1338" height="553" viewBox="0 0 1338 553">
<rect width="1338" height="553" fill="#b9cbd8"/><circle cx="1040" cy="150" r="70" fill="#f4e3b2"/>
<path d="M0 553V380L300 200 560 400 820 240 1338 480V553z" fill="#6f8fa3"/></svg>"""
SHOTS = (
    ("index", "/", 1000, 760, "light"),
    ("index-phone-dark", "/", 390, 760, "dark"),
    ("river", "/c/" + quote("新媒体") + ".html", 1000, 760, "light"),
    ("status", "/status", 1000, 760, "light"),
)
"""File, address, width, height, colour scheme."""


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of the program over a copy of the example."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "examples", Path(folder, "examples"))
        Path(folder, "examples/home.html").write_text("<!doctype html><title>Home</title><p>Welcome", "utf-8")
        text = (ROOT / "feeds.toml").read_text("utf-8")
        Path(folder, "feeds.toml").write_text(text + SOURCES, "utf-8")
        poll = [sys.executable, "-m", "aggregator", "poll"]
        subprocess.run(poll, cwd=folder, check=False)  # the two that need a person make it 1
        command = [sys.executable, "-m", "aggregator", "serve", "--quiet", "--listen", "127.0.0.1:0"]
        program = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
        try:
            assert program.stderr is not None
            found = re.search(r"http://[^ /]+", program.stderr.readline())
            assert found is not None
            yield found[0]
        finally:
            program.terminate()
            program.wait()


def draw(route: Route) -> None:
    """Answer for example.com."""
    route.fulfill(body=DRAWING, content_type="image/svg+xml")


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with served() as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, path, width, height, scheme in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            page.route("**://img.example.com/**", draw)
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=HERE / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
