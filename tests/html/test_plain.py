"""Titles, names and labels as plain text: rules M2, M10 to M12, M14, K3, H13 and R5."""

from __future__ import annotations

import re
import time
import unicodedata
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from aggregator.core.html.plain import (
    GENERATED_TITLE,
    MAX_LABEL,
    MAX_LINE,
    atom_text,
    clean_label,
    generated_title,
    html_from_text,
    label_key,
    one_line,
    parse_person,
    plain_title,
)
from aggregator.core.model import Person


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("AT&amp;amp;T", "AT&T", id="escaped-twice"),
        pytest.param("AT&amp;T", "AT&T", id="escaped-once"),
        pytest.param("1 &lt; 2", "1 < 2", id="comparison"),
        pytest.param("List&lt;String&gt;", "List<String>", id="no-html-element"),
        pytest.param("&lt;i&gt;x&lt;/i&gt;", "x", id="html-element"),
        pytest.param("&amp;lt;b&amp;gt;x&amp;lt;/b&amp;gt;", "x", id="element-escaped-twice"),
    ],
)
def test_rss_titles_as_an_xml_parser_hands_them_over(written: str, expected: str) -> None:
    """Rule M11, its own examples: `written` is the XML source, decoded once before."""
    assert plain_title(unescape(written)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("Tom & Jerry", "Tom & Jerry", id="bare-ampersand"),
        pytest.param("R&D &copy 2020", "R&D &copy 2020", id="no-semicolon-no-reference"),
        pytest.param("&bogus; &#xZZ;", "&bogus; &#xZZ;", id="no-valid-reference"),
        pytest.param("caf&eacute; &#8211; &#x4E2D;", "café – 中", id="references"),
        pytest.param("&amp;amp;", "&amp;", id="decoded-once-only"),
        pytest.param("x &lt; y", "x < y", id="reference-to-a-sign"),
        pytest.param("I <3 you", "I <3 you", id="heart"),
        pytest.param("a<b and c>d", "a<b and c>d", id="variables"),
        pytest.param("Map<K, V> and <T>", "Map<K, V> and <T>", id="generics"),
        pytest.param("mail <jane@example.org>", "mail <jane@example.org>", id="address"),
        pytest.param('<a href="/x">T</a>: y', "T: y", id="link"),
        pytest.param("one<br/>two", "one two", id="line-break"),
        pytest.param("<B>x</B> <IMG SRC=y>", "x", id="case"),
        pytest.param("x<script>alert(1)</script>y", "xy", id="script-goes-whole"),
        pytest.param("x<!-- c -->y", "xy", id="comment"),
        pytest.param("<unknown onclick=x>y", "y", id="handler-on-an-unknown-element"),
        pytest.param("<img src=x onerror=alert(1)", "", id="tag-never-closed"),
        pytest.param("<scr<b></b>ipt>x", "<scr<b>ipt>x", id="no-tag-of-any-parser"),
        pytest.param("<" * 7 + "b>" * 7 + "x", "b>b>x", id="tags-inside-tags-end-as-text"),
        pytest.param("  one\n\n two\u3000three\u00a0four ", "one two three four", id="white-space"),
        pytest.param("a\x00b\x1bc\ud800d\ufffee\x93f\x94", "abcde“f”", id="unfit-characters"),
        pytest.param("&#0;&#1;x&#xD800;", "x", id="unfit-references"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_titles_lose_markup_and_nothing_else(raw: str, expected: str) -> None:
    """Rules M2 and M11."""
    assert plain_title(raw) == expected


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [
        pytest.param("AT&amp;T <b>", "text", "AT&amp;T <b>", id="text-as-it-stands"),
        pytest.param("AT&amp;T <b>", None, "AT&amp;T <b>", id="no-type-is-text"),
        pytest.param("AT&amp;T <b>x</b>", "html", "AT&T x", id="html"),
        pytest.param("use &lt;b&gt;", "html", "use <b>", id="html-with-escaped-element"),
        pytest.param("1 < 2", "html", "1 < 2", id="html-with-a-bare-sign"),
        pytest.param("&lt;script&gt;", "html", "<script>", id="html-shows-text"),
        pytest.param('<div xmlns="http://www.w3.org/1999/xhtml">a <b>b</b></div>', "xhtml", "a b", id="xhtml-div"),
        pytest.param("a &lt; <em>b</em>", "xhtml", "a < b", id="xhtml-without-div"),
        pytest.param("<p>a</p>\n<p>b</p>", "XHTML", "a b", id="xhtml-on-one-line"),
        pytest.param("<b>x</b>", "text/html", "x", id="atom-03-type"),
        pytest.param("a\n b", "text", "a b", id="text-on-one-line"),
    ],
)
def test_atom_texts_are_read_by_type(value: str, type: str | None, expected: str) -> None:
    """Rule M12."""
    assert atom_text(value, type) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param(" a \r\n\t b ", 500, "a b", id="blanks"),
        pytest.param("x" * 5000, 500, "x" * 500, id="long"),
        pytest.param("abc def", 4, "abc", id="no-blank-at-the-end"),
        pytest.param("abe\u0301", 3, "ab", id="mark-stays-with-its-letter"),
        pytest.param("a👩\u200d💻", 3, "a", id="joined-emoji-stay-whole"),
        pytest.param("\x00\x08", 500, "", id="controls"),
    ],
)
def test_one_line_is_one_line(text: str, limit: int, expected: str) -> None:
    """Rule R5: newlines to one line, 5,000 characters to 500."""
    assert one_line(text, limit) == expected


@given(st.text())
def test_one_line_holds_whatever_comes(text: str) -> None:
    """Rule M2: no control characters, no lone surrogates, no line end, capped."""
    line = one_line(text)
    assert len(line) <= MAX_LINE
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in line)
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        pytest.param("short text", "short text", id="short-stays"),
        pytest.param("a\nb", "a b", id="blocks-on-one-line"),
        pytest.param("word " * 40, "word " * 15 + "word…", id="at-a-word"),
        pytest.param("x" * 200, "x" * 80 + "…", id="no-place-to-cut"),
        pytest.param("字" * 60 + "，" + "字" * 60, "字" * 60 + "…", id="at-cjk-punctuation"),
        pytest.param("字" * 10 + "。" + "字" * 100, "字" * 10 + "。" + "字" * 69 + "…", id="not-too-early"),
        pytest.param("字" * 70 + "。" + "字" * 60, "字" * 70 + "。…", id="full-stop-stays"),
        pytest.param("x" * 80 + " y", "x" * 80 + "…", id="word-ends-at-the-limit"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_title_is_made_from_the_text(visible: str, expected: str) -> None:
    """Rule M14, `title`."""
    assert generated_title(visible) == expected


@given(st.text())
def test_a_generated_title_is_short(visible: str) -> None:
    """Rule M14, `title`: 80 characters and "…"."""
    assert len(generated_title(visible)) <= GENERATED_TITLE + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("one", "<p>one</p>", id="one-paragraph"),
        pytest.param("one\ntwo\n\n \n\nthree", "<p>one<br>two</p><p>three</p>", id="paragraphs"),
        pytest.param("one\r\ntwo\rthree", "<p>one<br>two<br>three</p>", id="line-ends"),
        pytest.param('<b> & "q"', '<p>&lt;b&gt; &amp; "q"</p>', id="escaped"),
        pytest.param(" \n ", "", id="blank"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_text_becomes_html(text: str, expected: str) -> None:
    """Rule H13, and JSON Feed content_text."""
    assert html_from_text(text) == expected


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_text_made_html_reads_the_same(text: str) -> None:
    """Rule H13: what was text is text again for a parser."""
    html = html_from_text(text)
    shown = lxml_html.fragment_fromstring(f"<div>{html}</div>").text_content() if html else ""
    assert "".join(shown.split()) == "".join(one_line(text, 10**9).split())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("  News \n Desk ", "News Desk", id="blanks"),
        pytest.param("Cafe\u0301", "Café", id="nfc"),
        pytest.param("Q&amp;A", "Q&A", id="escaped"),
        pytest.param("<b>News</b>", "News", id="markup"),
        pytest.param("C++ / C#", "C++ / C#", id="signs"),
        pytest.param("x" * MAX_LABEL, "x" * MAX_LABEL, id="just-short-enough"),
        pytest.param("x" * (MAX_LABEL + 1), "", id="too-long-is-none"),
        pytest.param(" \u3000", "", id="blank-is-none"),
    ],
)
def test_labels_are_cleaned(name: str, expected: str) -> None:
    """Rule K3."""
    assert clean_label(name) == expected


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        pytest.param("IT 之家", "IT之家", True, id="blank-beside-cjk"),
        pytest.param("ＩＴ　之家", "it之家", True, id="width-and-case"),
        pytest.param("日本 ニュース", "日本ニュース", True, id="blank-between-cjk"),
        pytest.param("Straße", "STRASSE", True, id="case-folding"),
        pytest.param("ｱﾆﾒ", "アニメ", True, id="half-width-kana"),
        pytest.param("news  desk", "News Desk", True, id="latin-blanks-collapse"),
        pytest.param("newsdesk", "news desk", False, id="latin-blanks-count"),
        pytest.param("C", "C++", False, id="signs-count"),
        pytest.param("新闻", "新聞", False, id="scripts-count"),
    ],
)
def test_labels_are_compared_by_key(one: str, other: str, equal: bool) -> None:
    """Rule K3: compare case-folded and width-folded, blanks next to CJK ignored."""
    assert (label_key(one) == label_key(other)) is equal


@given(st.text(alphabet=st.characters(exclude_characters="&<"), max_size=60))
def test_a_clean_label_stays_as_it_is(name: str) -> None:
    """Rule K3: cleaning twice changes nothing, and the key does not tell the two apart."""
    label = clean_label(name)
    assert clean_label(label) == label
    assert label_key(label) == label_key(name)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("jane@example.org (Jane Doe)", Person(name="Jane Doe", email="jane@example.org"), id="mail-name"),
        pytest.param("Jane Doe <jane@example.org>", Person(name="Jane Doe", email="jane@example.org"), id="name-mail"),
        pytest.param('"Doe, Jane" <j@x.example>', Person(name="Doe, Jane", email="j@x.example"), id="quoted-name"),
        pytest.param("Jane (j@x.example)", Person(name="Jane", email="j@x.example"), id="mail-in-brackets"),
        pytest.param("Jane j@x.example", Person(name="Jane", email="j@x.example"), id="mail-behind-name"),
        pytest.param("mailto:jane@x.example", Person(name="jane", email="jane@x.example"), id="mailto"),
        pytest.param("Jane Doe", Person(name="Jane Doe"), id="bare-name"),
        pytest.param("IT 之家", Person(name="IT 之家"), id="cjk-name"),
        pytest.param("Jane Doe (Editor)", Person(name="Jane Doe (Editor)"), id="brackets-in-a-name"),
        pytest.param("jane@example.org", Person(name="jane", email="jane@example.org"), id="bare-mail"),
        pytest.param("jane+feed@example.org", Person(name="jane", email="jane+feed@example.org"), id="tagged-mail"),
        pytest.param("jane@x.example (jane@x.example)", Person(name="jane", email="jane@x.example"), id="mail-twice"),
        pytest.param("jane@x.example (null)", Person(name="jane", email="jane@x.example"), id="mail-with-null"),
        pytest.param(
            "noreply@blogger.com (Jane)", Person(name="Jane", email="noreply@blogger.com"), id="noreply-named"
        ),
        pytest.param("noreply@blogger.com", None, id="noreply-alone"),
        pytest.param("<b>Jane</b>", Person(name="Jane"), id="markup"),
        pytest.param("(Jane Doe)", Person(name="Jane Doe"), id="name-in-brackets"),
        pytest.param("O&#39;Neil", Person(name="O'Neil"), id="escaped"),
        pytest.param("admin", Person(name="admin"), id="admin-stays"),
        pytest.param("a<>@b", Person(name="a @b"), id="brackets-inside-no-address"),
        pytest.param("null", None, id="null"),
        pytest.param("NULL", None, id="null-in-capitals"),
        pytest.param(" \n", None, id="blank"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_persons_are_read_in_every_form(raw: str, expected: Person | None) -> None:
    """Rules M10 and M14, `authors`."""
    assert parse_person(raw) == expected


@given(st.text(alphabet='ab@.<>() "&;null'))
def test_an_address_is_never_a_name(raw: str) -> None:
    """Rule M10: the name of nobody is an e-mail address."""
    person = parse_person(raw)
    assert person is None or not re.search(r"\w@\w", person.name)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<script>" * 100_000 + "</", id="scripts"),
        pytest.param("<style></script" * 60_000, id="styles"),
        pytest.param("<a " * 300_000, id="tags"),
        pytest.param("&amp;" * 200_000, id="references"),
        pytest.param("<" * 500_000, id="signs"),
        pytest.param("a@b." * 200_000, id="addresses"),
        pytest.param(" \n" * 400_000, id="blanks"),
        pytest.param("< on=" * 100_000, id="handlers"),
    ],
)
def test_long_texts_end_soon(text: str) -> None:
    """Hostile input is normal input: nothing here is worse than linear."""
    started = time.process_time()
    plain_title(text)
    atom_text(text, "html")
    atom_text(text, "xhtml")
    parse_person(text)
    label_key(text)
    generated_title(text)
    assert time.process_time() - started < 10
