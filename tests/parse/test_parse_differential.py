"""feedparser's own test files, read by both: they agree on entries, ids, links, titles and dates.

The files come with feedparser's source distribution, not with its wheel. FEEDPARSER_TESTS names their folder; `.ci/run`
fetches them. Compared is what both readers have; where they differ, the file stands below with the reason.
"""

from __future__ import annotations

import io
import os
from calendar import timegm
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import lxml.html
import pytest

from aggregator.core.document import Document
from aggregator.core.errors import ParseError, Reason
from aggregator.core.model import Entry, SourceId
from aggregator.core.normalise import Context, normalise
from aggregator.core.parse.documents import parse_document

FOLDER = os.environ.get("FEEDPARSER_TESTS")
URL = "http://127.0.0.1:8097/"
AT = datetime(2024, 6, 1, tzinfo=UTC)

ALLOWED = {
    reason: names.split()
    for reason, names in {
        "feedparser guesses legacy character sets only with chardet installed": """
            illformed/chardet/big5.xml illformed/chardet/eucjp.xml illformed/chardet/euckr.xml
            illformed/chardet/gb2312.xml illformed/chardet/koi8r.xml illformed/chardet/shiftjis.xml
            illformed/chardet/tis620.xml illformed/chardet/windows1255.xml""",
        "an entry that was cut off is left to the next visit (rule P2)": "illformed/rss_incomplete_cdata.xml",
        "an id is kept as it was written, feedparser makes it an address (rule I1)": """
            wellformed/atom10/entry_id_no_normalization_4.xml wellformed/atom10/entry_id_with_attributes.xml
            wellformed/base/http_entry_id_base_content_location.xml wellformed/base/http_entry_id_base_docuri.xml
            wellformed/lang/http_content_language_entry_title_inherit_2.xml wellformed/node_precedence/atom10_id.xml""",
        "of two dates the first counts, feedparser takes the last": """
            wellformed/atom/entry_updated_multiple_values.xml""",
        "the entry's own title counts, feedparser takes that of a picture in it": """
            wellformed/node_precedence/atom10_title.xml""",
        "of a page with scripts as a title each keeps another part": "wellformed/sanitize/entry_title_crazy.xml",
    }.items()
}
"""Files that the readers may read differently, by the reason."""


def plain_title(detail: Any) -> str:
    text = (detail or {}).get("value") or ""
    if text.strip() and detail.get("type") != "text/plain":
        tree = lxml.html.fromstring(f"<div>{text}</div>")
        for element in list(tree.iter("script", "style")):
            element.drop_tree()
        text = tree.text_content()
    return " ".join(text.split())


def by_feedparser(body: bytes) -> list[dict[str, Any]]:
    headers = {"content-location": URL, "content-type": "application/xml"}
    result = feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=False)
    return [
        {
            "id": dict.get(entry, "id", "").strip(),
            "link": dict.get(entry, "link", "").strip(),
            "title": plain_title(dict.get(entry, "title_detail")),
            "published": (moment := dict.get(entry, "published_parsed")) and timegm(moment),
            "updated": (moment := dict.get(entry, "updated_parsed")) and timegm(moment),
        }
        for entry in result.entries
    ]


def by_us(body: bytes) -> list[dict[str, Any]]:
    parsed = parse_document(Document(url=URL, body=body, fetched_at=AT))
    context = Context(source=SourceId("s"), poll_url=URL, document_url=URL, fetched_at=AT)
    return [fields_of(entry) for entry in normalise(parsed, context).entries]


def fields_of(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "link": entry.link,
        "title": "" if entry.title_is_generated else " ".join(entry.title.split()),
        "published": entry.published and entry.published.timestamp(),
        "updated": entry.updated and entry.updated.timestamp(),
    }


def differences(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], compared: Counter[str]) -> list[str]:
    if len(ours) != len(theirs):
        return [f"{len(ours)} entries, feedparser {len(theirs)}"]
    found = []
    for one, other in zip(ours, theirs, strict=True):
        for field in (field for field in one if one[field] and other[field]):
            compared[field] += 1
            if one[field] != other[field]:
                found.append(f"{field} {one[field]!r}, feedparser {other[field]!r}")
    return found


def test_both_readers_agree_on_feedparsers_own_files() -> None:
    if FOLDER is None:
        pytest.skip("FEEDPARSER_TESTS names no folder; the files are in feedparser's source distribution")
    root = Path(FOLDER)
    allowed = {name for names in ALLOWED.values() for name in names}
    compared, differing = Counter[str](), dict[str, list[str]]()
    for path in sorted(root.rglob("*.xml")):
        name, body = path.relative_to(root).as_posix(), path.read_bytes()
        try:
            ours = by_us(body)
        except ParseError as error:
            compared[error.reason] += 1
            # CDF is not supported; of the other files that we refuse feedparser finds no entry in any
            found = [] if error.reason is Reason.UNSUPPORTED or not by_feedparser(body) else [error.message]
        else:
            compared["files"] += 1
            found = differences(ours, by_feedparser(body), compared)
        if found and name not in allowed:
            differing[name] = found
    assert differing == {}
    assert compared["files"] > 2_150
    assert compared["title"] > 180
    assert min(compared[field] for field in ("id", "link")) > 50
    assert compared["published"] + compared["updated"] > 50
    assert sum(compared[reason] for reason in Reason) < 50
