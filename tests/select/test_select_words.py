"""keep and drop."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.core.model import Entry
from aggregator.core.select.words import WordFilter

AN_ENTRY = {
    "id": "1",
    "title": "腾讯发布报告",
    "content": '<p class="promo">正文 <b>Ten</b>cent 促销</p>',
    "summary": "a < b & c",
}


@pytest.mark.parametrize(
    ("keep", "drop", "changes", "verdict"),
    [
        pytest.param([], [], {}, (True, None, None), id="no-words"),
        pytest.param(["报告"], [], {}, (True, "keep", "报告"), id="in-title"),
        pytest.param(["正文"], [], {}, (True, "keep", "正文"), id="in-content"),
        pytest.param(["< b"], [], {}, (True, "keep", "< b"), id="in-plain-summary"),
        pytest.param(
            ["摘要"],
            [],
            {"summary": "<i>摘</i>要", "summary_is_html": True},
            (True, "keep", "摘要"),
            id="in-html-summary",
        ),
        pytest.param(["缺"], [], {}, (False, "keep", None), id="none-of-them"),
        pytest.param(["缺", "报告"], [], {}, (True, "keep", "报告"), id="one-of-them"),
        pytest.param([], ["促销"], {}, (False, "drop", "促销"), id="dropped"),
        pytest.param(["报告"], ["促销"], {}, (False, "drop", "促销"), id="drop-wins"),
        pytest.param([], ["缺"], {}, (True, None, None), id="nothing-to-drop"),
        pytest.param(["ＴＥＮＣＥＮＴ"], [], {}, (True, "keep", "ＴＥＮＣＥＮＴ"), id="neither-case-nor-width"),
        pytest.param(["Tencent"], [], {}, (True, "keep", "Tencent"), id="across-tags-as-seen"),
        pytest.param(["promo"], [], {}, (False, "keep", None), id="not-in-markup"),
        pytest.param([" 报告"], [], {}, (False, "keep", None), id="blanks-count"),
        pytest.param(["STRASSE"], [], {"title": "Straße"}, (True, "keep", "STRASSE"), id="full-case-folding"),
        pytest.param(["발표"], [], {"title": "발표"}, (True, "keep", "발표"), id="decomposed-hangul"),
    ],
)
def test_words_are_sought_in_what_a_reader_sees(
    keep: list[str], drop: list[str], changes: dict[str, Any], verdict: tuple[bool, str | None, str | None]
) -> None:
    """keep: one of them; drop: none of them, and it wins; the deciding word is named"""
    found = WordFilter.of(keep, drop).verdict(Entry(**AN_ENTRY | changes))
    assert (found.stays, found.rule, found.word) == verdict
