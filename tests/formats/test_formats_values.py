"""Single values: what outputs may carry, whatever the sources said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from format_strategies import maybe_text, moments, texts, urls
from hypothesis import given
from lxml import etree

from aggregator.formats import values


@pytest.mark.parametrize(
    ("given_text", "written"),
    [
        pytest.param("正文 é", "正文 é", id="clean text stays"),
        pytest.param("a\x00b\x0bc\ufffed\ud800e", "abcde", id="what XML cannot hold goes"),
        pytest.param("a\ufdd0b\U0001ffffc", "abc", id="code points that HTML forbids go"),
        pytest.param("a\x92b\x81c", "a’bc", id="C1 is windows-1252"),
        pytest.param("caf\ufffd", "caf?", id="replacement character"),
        pytest.param("a\r\nb\rc", "a\nb\nc", id="line ends are LF"),
        pytest.param("L'Ã©tÃ© 正文", "L'été 正文", id="UTF-8 read as Latin-1 is mended"),
        pytest.param("Ã© é", "Ã© é", id="a run that is not UTF-8 stays"),
    ],
)
def test_characters_are_those_xml_can_hold(given_text: str, written: str) -> None:
    """Rule H11; the validator's BadCharacters."""
    assert values.characters(given_text) == written


@given(texts)
def test_characters_leave_nothing_that_xml_refuses_and_settle(text: str) -> None:
    """Rule H11: one bad character must not cost a feed."""
    clean = values.characters(text)
    etree.Element("x").text = clean
    assert values.characters(clean) == clean


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param(" a\n\tb ", "a b", id="one line"),
        pytest.param("1 < 2 & List<String>", "1 < 2 & List<String>", id="text that looks like markup stays"),
        pytest.param("a</b>c", "ac", id="end tag of HTML goes"),
        pytest.param("a<</i>/b>c", "ac", id="end tag made by taking one out goes"),
        pytest.param("a </b> c </", "a c </", id="blanks around an end tag are one"),
        pytest.param("a</String>", "a</String>", id="other end tag stays"),
        pytest.param(None, "", id="nothing"),
    ],
)
def test_line_holds_no_markup(text: str | None, written: str) -> None:
    """Rule M2; the validator's ContainsHTML is an error in Atom text."""
    assert values.line(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("Q&amp;A", "Q&A", id="entity is resolved"),
        pytest.param("AT&T", "AT&T", id="ampersand stays"),
        pytest.param("R&nbsp;D", "R D", id="no-break space"),
        pytest.param("&alpha beta", "& alpha beta", id="entity without semicolon is parted"),
        pytest.param("T&1", "T& 1", id="ampersand before a digit is parted"),
    ],
)
def test_attribute_line_holds_no_entities(text: str, written: str) -> None:
    assert values.attribute_line(text) == written


@pytest.mark.parametrize(
    ("url", "written"),
    [
        pytest.param("https://x.example/a?b=c&d#e", "https://x.example/a?b=c&d#e", id="good address stays"),
        pytest.param("https://x.example/新 闻", "https://x.example/%E6%96%B0%20%E9%97%BB", id="IRI"),
        pytest.param("https://例え.example/", "https://xn--r8jz45g.example/", id="IDN"),
        pytest.param("https://x.example/%e4%zz", "https://x.example/%e4%25zz", id="never encoded twice"),
        pytest.param("https://x.example/?a[]=|", "https://x.example/?a%5B%5D=%7C", id="brackets and bar"),
        pytest.param("https://x.example/a#b#c", "https://x.example/a#b%23c", id="second fragment"),
        pytest.param(" https://x.example/a\nb ", "https://x.example/ab", id="blanks and newlines"),
        pytest.param("https://me:pw@x.example/", "https://x.example/", id="password is not published"),
        pytest.param("HTTPS://X.example/", "https://X.example/", id="scheme in capitals"),
        pytest.param("javascript:alert(1)", None, id="script"),
        pytest.param("//x.example/", "https://x.example/", id="without scheme"),
        pytest.param("/a", None, id="relative"),
        pytest.param("https://", None, id="without host"),
        pytest.param("https://[::1]/", None, id="address in brackets"),
        pytest.param("https://x.example:99999/", None, id="port out of range"),
        pytest.param("https://x.example/" + "a" * 9000, None, id="endless"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="none"),
    ],
)
def test_web_url_is_an_absolute_uri_or_nothing(url: str | None, written: str | None) -> None:
    """Rule W2: an IRI in a link is a validator error; rule P21: no password is published."""
    assert values.web_url(url) == written


@given(urls)
def test_web_url_settles(url: str) -> None:
    """Rule W16: never double-encoded."""
    once = values.web_url(url)
    assert values.web_url(once) == once
    assert once is None or once.isascii()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("https://x.example/?p=1", "https://x.example/?p=1", id="address verbatim"),
        pytest.param("http://X.example", "http://X.example", id="not even made canonical"),
        pytest.param("tag:x.example,2005:a/b", "tag:x.example,2005:a/b", id="tag"),
        pytest.param("urn:isbn:123", "urn:isbn:123", id="urn"),
        pytest.param("https://x.example/新", "https://x.example/%E6%96%B0", id="IRI"),
        pytest.param("tag:x.example:a", "urn:feed-aggregator:id:tag:x.example:a", id="no proper tag"),
        pytest.param("urn:uuid:1", "urn:feed-aggregator:id:urn:uuid:1", id="no proper UUID"),
        pytest.param("yt:video:x", "urn:feed-aggregator:id:yt:video:x", id="unregistered scheme"),
        pytest.param("a b/新", "urn:feed-aggregator:id:a%20b%2F%E6%96%B0", id="no URI at all"),
        pytest.param(" \x00", None, id="blank"),
    ],
)
def test_uri_is_one_that_atom_accepts(value: str, written: str | None) -> None:
    """Rule W2: an id that is no URI is an error. Rule I1: a good one is never canonicalised."""
    assert values.uri(value) == written


@given(urls)
def test_uri_settles(value: str) -> None:
    once = values.uri(value)
    assert values.uri(once) == once


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("zh_CN", "zh-CN", id="underscore"),
        pytest.param("zh-Hans", "zh-Hans", id="script"),
        pytest.param("EN-us", "en-us", id="primary in lower case"),
        pytest.param("yue", "zh-yue", id="Cantonese stands below Chinese"),
        pytest.param("english", None, id="a name"),
        pytest.param("xx", None, id="no language"),
        pytest.param(None, None, id="none"),
    ],
)
def test_language_is_one_that_exists(value: str | None, written: str | None) -> None:
    """Rule W2: zh_CN and invented codes are validator errors."""
    assert values.language(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("a.b+c@mail.example.org", "a.b+c@mail.example.org", id="good"),
        pytest.param("a@localhost", None, id="no dot in the host"),
        pytest.param("Name <a@b.example>", None, id="with a name"),
        pytest.param("爱@例.example", None, id="not ASCII"),
    ],
)
def test_email_is_plain_or_nothing(value: str, written: str | None) -> None:
    """Rule M10: InvalidContact is an error, and addresses are never invented."""
    assert values.email(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("Eve <eve@x.example>", "Eve", id="address beside a name"),
        pytest.param("<eve@x.example>", "eve@x.example", id="address alone"),
        pytest.param("IT 之家", "IT 之家", id="name"),
    ],
)
def test_person_name_holds_no_address_in_angles(value: str, written: str) -> None:
    """The validator's ContainsEmail."""
    assert values.person_name(value) == written


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        pytest.param(
            datetime(2022, 5, 16, 13, 0, 23, 999, tzinfo=timezone(timedelta(hours=8))),
            datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC),
            id="UTC, whole seconds",
        ),
        pytest.param(datetime(1989, 12, 31, tzinfo=UTC), None, id="before the web"),
        pytest.param(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), None, id="before the year 1"),
        pytest.param(None, None, id="none"),
    ],
)
def test_instant_is_utc_and_believable(moment: datetime | None, written: datetime | None) -> None:
    """Rules D5 and D10."""
    assert values.instant(moment) == written


@given(maybe_text, moments)
def test_other_values_are_total(text: str | None, moment: datetime) -> None:
    """Nothing a source said makes a writer raise."""
    for function in (values.media_type, values.email, values.person_name, values.language, values.dotted_url):
        function(text)
    values.instant(moment)
