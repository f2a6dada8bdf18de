"""Where a document is cut: only where there is no doubt, and at the same places whatever it is written in."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from aggregator.core.document import Document
from aggregator.core.parse.documents import decode_document
from aggregator.core.slices import cut_json, cut_xml
from aggregator.core.slices.slices import Slices, cut

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def rss(items: str, head: str = "<title>x</title>") -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


def document(body: bytes) -> Document:
    return Document(url="https://example.org/feed", body=body, fetched_at=NOW)


def slices(body: bytes) -> Slices | None:
    found = cut(document(body), decode_document(document(body)))
    return found.slices if found else None


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param("<item>1</item><item>2</item>", ["<item>1</item>", "<item>2</item>"], id="items"),
        pytest.param("<item a='>' b=\">\">1</item >", ["<item a='>' b=\">\">1</item >"], id="signs in attributes"),
        pytest.param("<item><![CDATA[</item><item>]]></item>", ["<item><![CDATA[</item><item>]]></item>"], id="CDATA"),
        pytest.param("<!-- <item> --><item><!--</item>--></item>", ["<item><!--</item>--></item>"], id="comments"),
        pytest.param("<?x <item> ?><item><?x </item> ?></item>", ["<item><?x </item> ?></item>"], id="instructions"),
        pytest.param("<items><itemx/></items><item>1</item>", ["<item>1</item>"], id="longer names"),
        pytest.param("<item><x:itemised/></item>", ["<item><x:itemised/></item>"], id="longer names with a prefix"),
        pytest.param("<item>1</item><item/>", None, id="empty tag"),
        pytest.param("<item><item>1</item></item>", None, id="one in another"),
        pytest.param("<item>1</item><item>2", None, id="unclosed"),
        pytest.param("<item>1</entry>", None, id="closed by another"),
        pytest.param("</item><item>1</item>", None, id="closed before it is open"),
        pytest.param("<item>1</item><ITEM>2</ITEM>", None, id="capitals"),
        pytest.param("<item>1</item><a:entry>2</a:entry>", None, id="with a prefix"),
        pytest.param("<item><![CDATA[x</item>", None, id="CDATA without an end"),
        pytest.param("<item><!-- x</item>", None, id="comment without an end"),
        pytest.param("<item a='x>1</item>", None, id="attribute without an end"),
        pytest.param("<!DOCTYPE rss [<!ENTITY a 'b'>]><item>1</item>", None, id="declarations"),
        pytest.param("<item>\0</item>", None, id="NUL"),
        pytest.param("", None, id="no item"),
    ],
)
def test_borders_are_certain_or_there_are_none(items: str, expected: list[str] | None) -> None:
    body = rss(items)
    found = cut_xml.spans_of(body)
    assert (found and [body[start:end].decode() for start, end in found]) == expected


def test_an_entry_that_is_the_root_has_no_head_to_be_read_with() -> None:
    assert (
        cut_xml.spans_of(b'<?xml version="1.0"?><entry xmlns="http://www.w3.org/2005/Atom"><id>x</id></entry>') is None
    )


@pytest.mark.parametrize(
    ("head", "lasts"),
    [
        pytest.param("<title>x</title><lastBuildDate>2</lastBuildDate>", True, id="moment of building"),
        pytest.param("<title>x</title><a:updated x='y'>2</a:updated>", True, id="moment with a prefix"),
        pytest.param("<title>y</title>", False, id="title"),
        pytest.param("<title>x</title><language>de</language>", False, id="language"),
        pytest.param("<title>x</title><updated>2<b/></updated>", False, id="moment with elements in it"),
        pytest.param("<title>x</title> ", False, id="blanks before the first entry"),
    ],
)
def test_the_lasting_head_is_all_but_moments(head: str, lasts: bool) -> None:
    """Namespaces, xml:base, xml:lang, titles: whatever may reach an entry"""
    one, other = slices(rss("<item>1</item>\n<item>2</item>")), slices(rss("<item>1</item><item>3</item>", head))
    assert one is not None
    assert other is not None
    assert (one.lasting == other.lasting) is lasts
    assert (one.head == other.head) is False


def test_the_list_of_items_of_rss_1_0_does_not_count_as_head() -> None:
    lists = ["<rdf:Seq><rdf:li r='1'/></rdf:Seq>", "<rdf:Seq><rdf:li r='2'/><rdf:li r='1'/></rdf:Seq>"]
    one, other = (slices(rss("<item>1</item>", f"<items>{listed}</items>")) for listed in lists)
    assert one is not None
    assert other is not None
    assert one.lasting == other.lasting


@pytest.mark.parametrize(
    "junk", ["<item>", "<updated>", "<![CDATA[", "<item a='", "<!--", "<rdf:Seq>", "<item></item>"]
)
def test_hostile_documents_take_linear_time(junk: str) -> None:
    """A megabyte of anything; the suite's own time limit is the judge"""
    body = rss(junk * (1_000_000 // len(junk)))
    assert cut_xml.spans_of(body) is None or junk == "<item></item>"


ITEMS = (
    "<item><title>标题表 ]]</title></item>\n<item><title><![CDATA[文]]></title></item>",
    # 昞 ends in the byte of ] in GBK, ソ in that of a backslash and 】 in Big5 and Shift_JIS are near it
    "<item><title><![CDATA[昞]>]]></title></item><item><title><![CDATA[乚]]]></title></item>",
)


@pytest.mark.parametrize("items", ITEMS)
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-32"])
def test_a_document_is_cut_at_the_same_places_in_every_encoding(items: str, encoding: str) -> None:
    """`]]>` may be half a character and two signs"""
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel>{items}</channel></rss>'
    one = document(text.encode(encoding))
    decoded = decode_document(one, encoding=encoding)
    found = cut(one, decoded)
    assert found is not None
    assert len(found.slices.digests) == 2
    rest = found.without({0}).decoded
    assert rest is not None
    assert rest.text == decoded.text.replace(items[: items.index("</item>") + 7], "", 1)
    assert (rest.encoding, rest.diagnostics) == (decoded.encoding, decoded.diagnostics)


def test_what_is_cut_out_leaves_everything_else() -> None:
    body = rss("<item>1</item>\n<item>2</item><ttl>1</ttl><item>3</item>")
    spans = cut_xml.spans_of(body)
    assert spans is not None
    assert cut_xml.without(body, spans, {0, 2}) == rss("\n<item>2</item><ttl>1</ttl>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"items": [{"id": 1}, {"id": "]"}]}', ['{"id": 1}', '{"id": "]"}'], id="items"),
        pytest.param(' { "a" : [1] , "items":[ {"b":{}} ] , "c":null } ', ['{"b":{}}'], id="blanks"),
        pytest.param('{"items": [], "a": 1}', None, id="no item"),
        pytest.param('{"items": {"0": {}}}', None, id="no list"),
        pytest.param('{"items": [{}, 1]}', None, id="no object"),
        pytest.param('{"items": [{}], "items": [{}]}', None, id="two lists"),
        pytest.param('{"items": [{},]}', None, id="comma behind the last item"),
        pytest.param('{"items": [{}],}', None, id="comma behind the last member"),
        pytest.param('{"items": [{} {}]}', None, id="comma missing"),
        pytest.param('{"items": [{}]', None, id="not closed"),
        pytest.param('{"items": [{}]} x', None, id="something behind it"),
        pytest.param('{"items": [{"a": "\n"}]}', None, id="line end in a string"),
        pytest.param("{items: [{}]}", None, id="name without quotes"),
        pytest.param('[{"items": [{}]}]', None, id="a list"),
        pytest.param('{"items": [{"a": ' + "[" * 100_000, None, id="nested without end"),
    ],
)
def test_items_are_found_in_sound_json_alone(text: str, expected: list[str] | None) -> None:
    found = cut_json.items_of(text)
    assert (found and [text[start:end] for start, end in found.spans]) == expected
    if found:
        thinned = json.loads(cut_json.without(text, found, {0}))
        assert thinned == json.loads(text) | {"items": json.loads(text)["items"][1:]}


@pytest.mark.parametrize(
    ("part", "is_the_same"),
    [
        pytest.param({}, True, id="nothing"),
        pytest.param({"body": b"other"}, False, id="bytes"),
        pytest.param({"url": "file:///b.md"}, False, id="name: addresses are relative to it"),
    ],
)
def test_a_file_is_known_by_its_name_and_bytes(part: dict[str, object], is_the_same: bool) -> None:
    digests = []
    for changed in ({}, part):
        given = {"url": "file:///a.md", "body": b"one", "fetched_at": NOW} | changed
        whole = Document(url="file:///*.md", body=b"", fetched_at=NOW, parts=(Document(**given),))  # type: ignore[arg-type]
        found = cut(whole, None)
        assert found is not None
        digests.append(found.slices.digests)
    assert (digests[0] == digests[1]) is is_the_same
