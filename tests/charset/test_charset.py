"""Bytes to text: rule P19, and the characters of rule H11 that XML cannot carry."""

from __future__ import annotations

import codecs
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.core.charset.decode import decode, strip_illegal
from aggregator.core.charset.labels import codec_for

SIMPLIFIED = "城市图书馆今天发布新的借阅规则，读者可以在手机上预约，每次最多借十本书。"
TRADITIONAL = "市立圖書館今天公布新的借閱規則，讀者可以用手機預約，每次最多借十本書。"
JAPANESE = "市立図書館は今日、新しい貸出規則を発表しました。携帯電話で予約できます。"
KOREAN = "시립 도서관은 오늘 새로운 대출 규칙을 발표했습니다. 휴대전화로 예약할 수 있습니다."
FRENCH = "La bibliothèque a annoncé aujourd’hui de nouvelles règles : réservation à l'été, même là-bas."
RUSSIAN = "Городская библиотека сегодня объявила новые правила: читатели могут заказать книги по телефону."
ARABIC = "أعلنت المكتبة البلدية اليوم قواعد جديدة للإعارة، ويمكن للقراء الحجز بالهاتف وأخذ عشرة كتب في المرة."
GREEK = "Άρθρο: Η δημοτική βιβλιοθήκη ανακοίνωσε σήμερα νέους κανόνες δανεισμού. Άλλα νέα αύριο."

TRUTHFUL = [
    ("utf-8", SIMPLIFIED), ("gb18030", SIMPLIFIED), ("gbk", SIMPLIFIED), ("gb2312", SIMPLIFIED),
    ("big5", TRADITIONAL), ("big5-hkscs", TRADITIONAL + "嘅"), ("shift_jis", JAPANESE), ("euc-jp", JAPANESE),
    ("iso-2022-jp", JAPANESE), ("iso-2022-kr", KOREAN), ("euc-kr", KOREAN), ("utf-16", SIMPLIFIED),
    ("utf-16-le", SIMPLIFIED),
    ("utf-16-be", JAPANESE), ("utf-32", KOREAN), ("utf-32-le", KOREAN), ("utf-32-be", KOREAN), ("windows-1252", FRENCH),
    ("iso-8859-15", FRENCH.replace("’", "'") + "€"), ("windows-1251", RUSSIAN), ("koi8-r", RUSSIAN),
    ("hz", SIMPLIFIED),
    # two-byte sets have a row of Cyrillic
    ("gb2312", RUSSIAN), ("gbk", RUSSIAN), ("gb18030", RUSSIAN), ("euc-jp", RUSSIAN), ("shift_jis", RUSSIAN),
    ("euc-kr", RUSSIAN), ("iso-8859-6", ARABIC), ("iso-8859-7", GREEK), ("windows-1253", GREEK),
]  # fmt: skip


def feed(text: str, label: str | None = None) -> str:
    said = f' encoding="{label}"' if label else ""
    return f'<?xml version="1.0"{said}?>\n<rss><channel><title>{text}</title></channel></rss>'


def names(body: bytes, **known: str | None) -> list[str]:
    decoded = decode(body, content_type=known.get("content_type"), override=known.get("override"), kind="xml")
    return [diagnostic.name for diagnostic in decoded.diagnostics]


def read(body: bytes, content_type: str | None = None, override: str | None = None) -> str:
    return decode(body, content_type=content_type, override=override, kind="xml").text


@pytest.mark.parametrize(("label", "text"), TRUTHFUL)
def test_declared_encoding_is_read(label: str, text: str) -> None:
    document = feed(text, label)
    decoded = decode(document.encode(label), content_type=None, kind="xml")
    assert decoded.text == document
    assert decoded.diagnostics == ()


@pytest.mark.parametrize(("label", "text"), TRUTHFUL)
def test_encoding_declared_by_http_alone_is_read(label: str, text: str) -> None:
    document = feed(text)
    assert read(document.encode(label), content_type=f'text/xml; charset="{label.upper()}"') == document


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("gb18030", SIMPLIFIED), ("gb18030", "测试：今日头条"), ("gb18030", "今天的新闻"), ("cp950", TRADITIONAL),
        ("cp950", "台灣新聞：今天"), ("cp932", JAPANESE), ("cp932", "速報：地震"), ("cp932", "ニュース"),
        ("euc-jp", JAPANESE), ("euc-jp", "東京都知事選挙"), ("euc-jp", "こんにちは"), ("cp949", KOREAN),
        ("cp949", "한국어 뉴스"), ("cp1252", FRENCH), ("cp1252", "Zürich grüßt"), ("cp1252", "ÀÉÎÕÜ"),
        ("cp1252", "Ærø fjørd på Færøerne"), ("utf-16-le", SIMPLIFIED), ("utf-16-be", SIMPLIFIED),
        ("utf-32-le", SIMPLIFIED), ("utf-32-be", SIMPLIFIED), ("cp1251", RUSSIAN), ("koi8-r", RUSSIAN * 2),
        ("iso-2022-jp", JAPANESE), ("iso-8859-6", ARABIC), ("iso-8859-7", GREEK), ("cp1253", GREEK),
        ("gb2312", RUSSIAN), ("shift_jis", RUSSIAN), ("euc-kr", RUSSIAN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("declared", [None, "utf-8", "no-such-encoding"])
def test_undeclared_and_falsely_declared_encoding_is_found(codec: str, text: str, declared: str | None) -> None:
    """Rule P19's end: East Asian text by its characters, then windows-1252; a false "utf-8" counts as nothing said."""
    document = feed(text, declared)
    assert read(document.encode(codec)) == document


@pytest.mark.parametrize(
    ("codec", "text", "label"),
    [
        ("gb18030", SIMPLIFIED, "big5"), ("gb18030", SIMPLIFIED, "shift_jis"), ("gb18030", SIMPLIFIED, "iso-8859-1"),
        ("cp950", TRADITIONAL, "gb2312"), ("cp932", JAPANESE, "euc-jp"), ("euc-jp", JAPANESE, "gbk"),
        ("euc-jp", JAPANESE, "windows-1252"), ("cp949", KOREAN, "gb2312"), ("utf-8", SIMPLIFIED, "gb2312"),
        ("utf-8", FRENCH, "iso-8859-1"), ("cp1252", FRENCH, "euc-kr"), ("utf-8", KOREAN, "utf-16"),
    ],
)  # fmt: skip
def test_declaration_that_makes_nonsense_is_not_believed_and_reported(codec: str, text: str, label: str) -> None:
    document = feed(text, label)
    assert read(document.encode(codec)) == document
    assert names(document.encode(codec)) == ["encoding-declared-wrongly"]


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        pytest.param("gb2312", "gb18030", "朱镕基访问㐂国𠀀", id="gb2312 is gb18030"),
        pytest.param("gbk", "gb18030", "朱镕基访问𠀀", id="gbk is gb18030"),
        pytest.param("Big5", "cp950", "圖書館裏恒銹碁墻粧嫺", id="big5 is cp950"),
        pytest.param("big5", "big5hkscs", "圖書館嘅書喺邊度", id="big5 is big5hkscs"),
        pytest.param("Shift_JIS", "cp932", "図書館①㈱髙﨑", id="shift_jis is cp932"),
        pytest.param("euc-kr", "cp949", "도서관 똠방각하 펲시콜라", id="euc-kr is cp949"),
    ],
)
def test_labels_stand_for_the_widest_encoding_put_under_them(label: str, codec: str, text: str) -> None:
    """The label rules of browsers."""
    document = feed(text * 3, label)
    assert read(document.encode(codec)) == document
    assert names(document.encode(codec)) == ["encoding-wider-than-declared"]


def test_euc_jp_has_the_characters_of_windows() -> None:
    """① is AD A1 and ㈱ AD EA in the EUC-JP that producers write; the standard's own has neither."""
    body = feed(JAPANESE + "@", "euc-jp").encode("euc-jp").replace(b"@", b"\xad\xa1\xad\xea")
    assert read(body) == feed(JAPANESE + "①㈱", "euc-jp")


def test_latin_1_is_windows_1252() -> None:
    assert read(feed("“déjà vu” – 5 €", "iso-8859-1").encode("cp1252")) == feed("“déjà vu” – 5 €", "iso-8859-1")


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("GB_2312-80", "gb18030"), ("x-gbk", "gb18030"), ("x-sjis", "cp932"), ("sjis", "cp932"), ("MS_Kanji", "cp932"),
        ("ks_c_5601-1987", "cp949"), ("latin-1", "cp1252"),
        ("US-ASCII", "cp1252"), ("UTF8", "utf-8"), ("big5-hkscs", "big5"),
        (" utf-8 ", "utf-8"), ("", None), (None, None), ("hex", None), ("utf-7", None), ("rot13", None),
        ("unicode_escape", None), ("x" * 5000, None), ("..", None), ("idna", None),
    ],
)  # fmt: skip
def test_labels_are_known_by_any_spelling_and_nothing_else_is_a_label(label: str | None, codec: str | None) -> None:
    assert codec_for(label) == codec


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)  # fmt: skip
def test_byte_order_mark_wins_over_everything(mark: bytes, codec: str) -> None:
    document = feed(SIMPLIFIED, "gb2312")
    assert read(mark + document.encode(codec), "text/xml; charset=big5", "shift_jis") == document


def test_override_wins_over_declarations_and_appearances() -> None:
    document = feed(RUSSIAN, "utf-8")
    assert read(document.encode("iso8859-5"), "text/xml; charset=utf-8", override="iso-8859-5") == document


def test_unknown_override_is_reported_and_ignored() -> None:
    document = feed(SIMPLIFIED, "utf-8")
    assert read(document.encode(), override="klingon") == document
    assert names(document.encode(), override="klingon") == ["encoding-unknown-label"]


def test_declaration_of_the_document_wins_over_http() -> None:
    """Rule P19; both read these bytes."""
    document = feed("Žluťoučký kůň", "iso-8859-2")
    assert read(document.encode("iso8859-2"), "text/xml; charset=windows-1252") == document


def test_byte_order_mark_of_a_template_does_not_make_it_utf_8() -> None:
    document = feed(SIMPLIFIED, "gb2312")
    assert read(codecs.BOM_UTF8 + document.encode("gb18030")) == document


def test_blank_lines_before_the_mark_do_not_hide_it() -> None:
    assert read(b"\r\n\n" + codecs.BOM_UTF8 + feed(SIMPLIFIED).encode()) == feed(SIMPLIFIED)


def test_meta_element_declares_for_pages_alone() -> None:
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2">{"Žluťoučký"}</head>'
    body = page.encode("iso8859-2")
    assert decode(body, content_type=None, kind="html").text == page
    assert decode(body, content_type=None, kind="text").text != page


def test_utf_8_encoded_twice_is_left_alone() -> None:
    mangled = feed(FRENCH.encode().decode("cp1252"))
    assert read(mangled.encode()) == mangled


@pytest.mark.parametrize("kind", ["json", "text"])
def test_json_and_text_in_utf_16_are_known_by_their_zero_bytes(kind: str) -> None:
    document = '{"version": "https://jsonfeed.org/version/1.1", "title": "' + SIMPLIFIED + '"}'
    assert decode(document.encode("utf-16-be"), content_type=None, kind=kind).text == document  # type: ignore[arg-type]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_one_sign_of_ascii(codec: str) -> None:
    assert decode("<標題>市立圖書館</標題>".encode(codec), content_type=None, kind="text").encoding == codec


@pytest.mark.parametrize(("body", "text"), [(b"", ""), (b"a", "a"), (b"\0a", "\0a"), (b"a\0b", "a\0b")])
def test_a_few_bytes_are_a_document_too(body: bytes, text: str) -> None:
    assert decode(body, content_type=None, kind="text").text == text


def common(a: str, b: str) -> int:
    """How many characters two texts begin with alike."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def damage(expected: str, actual: str) -> int:
    """How many characters lie between the common beginning and the common end."""
    start = common(expected, actual)
    end = common(expected[::-1], actual[::-1])
    return max(len(expected), len(actual)) - start - end


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("utf-8", SIMPLIFIED), ("utf-8", FRENCH), ("gb18030", SIMPLIFIED), ("cp950", TRADITIONAL), ("cp949", KOREAN),
        ("cp932", JAPANESE), ("euc-jp", JAPANESE),
    ],
)  # fmt: skip
@pytest.mark.parametrize("declared", [True, False])
def test_bad_byte_costs_its_character_and_not_the_feed(codec: str, text: str, declared: bool) -> None:
    """A character of two bytes may take its neighbour with it where the decoder reads on across both."""
    label = codec if declared else None
    document = feed(text * 4, label)
    body = document.encode(codec)
    rng = random.Random(7)
    for place in rng.sample(range(70, len(body) - 40), 60):
        broken = body[:place] + b"\xff" + body[place + 1 :]
        decoded = decode(broken, content_type=None, kind="xml")
        assert damage(document, decoded.text) <= 4, (place, decoded.encoding)


@pytest.mark.parametrize(
    ("codec", "text"),
    [("gb18030", SIMPLIFIED), ("euc-jp", JAPANESE), ("cp949", KOREAN), ("cp932", JAPANESE)],
)
@pytest.mark.parametrize("left", [b"", b"?", b"\xff"])
def test_byte_that_is_missing_or_replaced_does_not_shift_what_follows(codec: str, text: str, left: bytes) -> None:
    """With one byte less, all pairs up to the next ASCII would be others' characters. Where the neighbours make as much
    sense when read amiss (しい: 靴靴), the damage is found a few characters late."""
    document = feed(text * 2, codec)
    body = document.encode(codec)
    start = document.index(text)
    for place in range(start, start + 40):
        if body[place] < 0x80:
            continue
        assert damage(document, read(body[:place] + left + body[place + 1 :])) <= 6, place


def test_damaged_character_of_utf_8_is_one_replacement_character() -> None:
    document = feed(SIMPLIFIED)
    body = document.encode().replace("读".encode(), "读".encode()[:2])
    assert read(body) == document.replace("读", "\ufffd")
    assert names(body) == ["encoding-bad-bytes"]


def test_encoding_of_a_long_document_is_told_by_its_beginning() -> None:
    document = feed("\n".join([SIMPLIFIED] * 3_000))
    assert read(document.encode("gb18030")) == document


def test_bytes_of_no_script_at_all_are_windows_1252() -> None:
    """Every byte above ASCII as often as every other: no encoding makes sense of them, and none is guessed."""
    body = bytes(range(0x80, 0x100)) * 4
    decoded = decode(body, content_type=None, kind="text")
    assert decoded.encoding == "cp1252"
    assert decoded.text.replace("\ufffd", "") == body.decode("cp1252", "ignore")


def test_document_cut_off_inside_a_character_is_still_utf_8() -> None:
    document = feed(SIMPLIFIED)[: -len("</title></channel></rss>")]
    assert read(document.encode()[:-1]) == document[:-1] + "\ufffd"


def test_lone_impossible_byte_in_an_english_feed_is_no_letter() -> None:
    """FF is ÿ in windows-1252, which nobody writes; E9 is é."""
    assert read(feed("The caf\x00e", "utf-8").encode().replace(b"\0", b"\xff")) == feed("The caf\ufffde", "utf-8")
    assert read(feed("The caf\x00", "utf-8").encode().replace(b"\0", b"\xe9")) == feed("The café", "utf-8")


@given(st.binary(max_size=300), st.sampled_from(["xml", "html", "json", "text"]), st.text(max_size=30))
def test_no_bytes_raise(body: bytes, kind: str, label: str) -> None:
    for override in (None, label, "gbk", "euc-jp", "big5", "utf-16", "iso-2022-jp", "hz", "utf-32-be", "iso-2022-kr"):
        decoded = decode(body, content_type=f"text/xml; charset={label}", override=override, kind=kind)  # type: ignore[arg-type]
        strip_illegal(decoded.text).encode()


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200).filter(lambda t: "\0" not in t and "\x1b" not in t)
)
def test_valid_utf_8_is_itself(text: str) -> None:
    """Rule P19: valid UTF-8 comes before every declaration."""
    body = f"<?xml version='1.0' encoding='gbk'?><a>{text}</a>"
    assert read(body.encode()) == body


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        pytest.param("a\x00b\x08c\x0bd\x1fe", "abcde", id="controls"),
        pytest.param("a\tb\nc\rd", "a\tb\nc\rd", id="white space stays"),
        pytest.param("字\uffff字", "字字", id="no character, nothing else amiss"),
        pytest.param("a\ufffeb\uffffc", "abc", id="noncharacters"),
        pytest.param("a\ud83db", "ab", id="lone surrogate"),
        pytest.param("\ud83d\ude00", "😀", id="pair of surrogates"),
        pytest.param("it\x92s \x93so\x94 \x85", "it’s “so” …", id="C1 as windows-1252"),
        pytest.param("a\x81b", "ab", id="C1 without a meaning"),
        pytest.param("新闻 é 😀", "新闻 é 😀", id="text"),
    ],
)
def test_characters_that_xml_cannot_carry_are_removed(raw: str, clean: str) -> None:
    """Rule H11."""
    assert strip_illegal(raw) == clean


@given(st.text())
def test_cleaned_text_is_clean_and_writable(text: str) -> None:
    clean = strip_illegal(text)
    assert strip_illegal(clean) == clean
    element = etree.Element("a")
    element.text = clean
    assert etree.fromstring(etree.tostring(element)).text or not clean
