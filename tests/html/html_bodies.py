"""Where the bodies of these tests stand, and what of a cleaned one they look at."""

from __future__ import annotations

import base64
import re

from aggregator.core.html.clean import clean_html

BASE = "https://blog.example/2022/post.html"
HOST = "https://blog.example/"
PIXEL_GIF = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
DOT_PNG = (
    "data:image/png;base64,"
    + base64.b64encode(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (1).to_bytes(4) + (1).to_bytes(4) + b"\x08\x06\0\0\0"
    ).decode()
)
SMALL_PNG = (
    "data:image/png;base64,"
    + base64.b64encode(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (16).to_bytes(4) + (16).to_bytes(4) + b"\x08\x06\0\0\0"
    ).decode()
)


def cleaned(fragment: str) -> str:
    return clean_html(fragment, base=BASE, site=HOST).html


def images(html: str) -> list[dict[str, str]]:
    return [dict(re.findall(r'([a-z]+)="([^"]*)"', tag)) for tag in re.findall(r"<img[^>]*>", html)]
