"""A story's HTML on a page with others. The model's HTML is sanitised; this fits it to its surroundings.

Rules for editors: what comes in was serialised by the sanitiser, so attributes stand in double quotes and their values
hold no `<`. Tags are rewritten in place and nothing else is touched: text is never parsed and written anew.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"""<([a-zA-Z][a-zA-Z0-9]*)((?:[^"'<>]++|"[^"<]*+"|'[^'<]*+')*+)>""")
"""A start tag; each try ends at the next `<` at the latest, so that matching is linear."""

_ID = re.compile(r'(\s)id="([^"]*)"')
_OWN_ANCHOR = re.compile(r'(\s)href="#([^"]*)"')
_HAS = {name: re.compile(rf"\s{name}(?=[\s=/]|$)") for name in ("alt", "loading")}


def on_page(html: str, anchor: str) -> str:
    """Content for a page with other stories on it: ids are its own, pictures load when they are reached.

    `anchor` sets this story's ids apart; links within the content keep meeting them.
    """
    return _TAG.sub(lambda match: _tag_on_page(match[1], match[2], anchor), html)


def _tag_on_page(name: str, attributes: str, anchor: str) -> str:
    if 'id="' in attributes:
        attributes = _ID.sub(rf'\1id="{anchor}-\2"', attributes)
    if 'href="#' in attributes:
        attributes = _OWN_ANCHOR.sub(rf'\1href="#{anchor}-\2"', attributes)
    if name == "img":
        attributes = attributes.rstrip(" /")
        attributes += "" if _HAS["alt"].search(attributes) else ' alt=""'
        attributes += "" if _HAS["loading"].search(attributes) else ' loading="lazy"'
    return f"<{name}{attributes}>"
