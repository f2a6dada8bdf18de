"""Language tags as they are written, and what the letters tell."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from aggregator.core.normalise.language import language_of_samples, normal_language, sample_language


def detected(texts: Iterable[str]) -> str | None:
    return language_of_samples(map(sample_language, texts))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("zh_CN", "zh-CN", id="underscore"),
        pytest.param("en-us", "en-US", id="region in capitals"),
        pytest.param("ZH-hans-cn", "zh-Hans-CN", id="script in title case"),
        pytest.param("english", "en", id="name in English"),
        pytest.param("简体中文", "zh-Hans", id="name of its own"),
        pytest.param("en_US.UTF-8", "en-US", id="a locale"),
        pytest.param("de,en", "de", id="a list"),
        pytest.param("en; q=0.5", "en", id="a header"),
        pytest.param(" fr ", "fr", id="blanks"),
        pytest.param("x-klingon", "x-klingon", id="private use"),
        pytest.param("en-x-aa-bbbb", "en-x-aa-bbbb", id="nothing is cased behind a single letter"),
        pytest.param("und", None, id="undetermined"),
        pytest.param("klingonese!", None, id="no tag"),
        pytest.param("", None, id="empty"),
        pytest.param("a" * 100, None, id="far too long"),
    ],
)
def test_language_tags_are_mended(raw: str, expected: str | None) -> None:
    """Rule M13, `language`: `zh_CN`, `english`, wrong: normalised, by table, absent."""
    assert normal_language(raw) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "今天的新闻报道说明了这件事情的来龙去脉和各方的看法以及后续的处理办法等等内容", "zh", id="Chinese"
        ),
        pytest.param(
            "これは日本語の文章であり漢字とひらがなとカタカナが混ざっているものです長いです", "ja", id="Japanese"
        ),
        pytest.param(
            "이것은 한국어로 쓰인 기사이며 충분히 길어서 글자를 셀 수 있습니다 그리고 더 있습니다", "ko", id="Korean"
        ),
        pytest.param("Αυτό είναι ένα ελληνικό κείμενο με αρκετά γράμματα για να το αναγνωρίσουμε", "el", id="Greek"),
        pytest.param(
            "This is English, or French, or Dutch; the letters do not tell which of them it is", None, id="Latin"
        ),
        pytest.param(
            "Это может быть русский, болгарский или сербский текст, буквы этого не говорят", None, id="Cyrillic"
        ),
    ],
)
def test_a_language_with_letters_of_its_own_is_found(text: str, expected: str | None) -> None:
    """Silently wrong is worse than missing."""
    assert detected([text] * 8) == expected


def test_few_entries_or_letters_prove_nothing() -> None:
    """Feed table, `language`: at least 5 entries and 200 letters."""
    assert detected(["今天的新闻报道" * 50] * 4) is None
    assert detected(["今天"] * 50) is None
    assert detected(["今天的新闻" * 20] * 5) == "zh"


def test_one_long_entry_does_not_outvote_the_others() -> None:
    assert detected(["很长的标题" * 500] + ["Some words in Latin letters"] * 9) is None
