"""OPML of other readers, as they write it, as people break it, and as an enemy would."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.config.values import address, category_path
from aggregator.core.errors import ParseError, Reason
from aggregator.core.parse.opml import DEEPEST, SubscriptionList, read_opml


def read(body: str | bytes) -> SubscriptionList:
    return read_opml(body.encode() if isinstance(body, str) else body, name="list.opml")


def wrap(outlines: str) -> str:
    return f'<?xml version="1.0"?>\n<opml version="2.0"><head><title>x</title></head><body>\n{outlines}\n</body></opml>'


def feeds(outlines: str) -> list[tuple[str, str, str]]:
    found = read(wrap(outlines)).subscriptions
    return [("/".join(one.path), one.title, one.url) for one in found]


A = 'xmlUrl="https://a.example/f"'


@pytest.mark.parametrize(
    ("outlines", "expected"),
    [
        pytest.param(
            f'<outline text="A" title="AA" type="rss" {A}/>', ("", "A", "https://a.example/f"), id="text-and-title"
        ),
        pytest.param(f'<outline text="A" {A}/>', ("", "A", "https://a.example/f"), id="text"),
        pytest.param(f'<outline text=" " title=" A " {A}/>', ("", "A", "https://a.example/f"), id="blank-text"),
        pytest.param(f"<outline {A}/>", ("", "a.example", "https://a.example/f"), id="no-name"),
        pytest.param(
            '<outline text="A" XMLURL="https://a.example/f"/>', ("", "A", "https://a.example/f"), id="capitals"
        ),
        pytest.param('<OUTLINE TEXT="A" xmlurl="https://a.example/f"/>', ("", "A", "https://a.example/f"), id="small"),
        pytest.param(
            '<outline text="A" type="rss" url="https://a.example/f"/>', ("", "A", "https://a.example/f"), id="url"
        ),
        pytest.param(
            '<outline text="A" xmlUrl=" https://a.example/f\n"/>', ("", "A", "https://a.example/f"), id="blanks"
        ),
        pytest.param(
            '<outline text="A" xmlUrl="feed://a.example/f"/>', ("", "A", "http://a.example/f"), id="feed-scheme"
        ),
        pytest.param(
            '<outline text="A" xmlUrl="feed:https://a.example/f"/>', ("", "A", "https://a.example/f"), id="feed-prefix"
        ),
        pytest.param('<outline text="A" xmlUrl="//a.example/f"/>', ("", "A", "https://a.example/f"), id="no-scheme"),
        pytest.param(
            '<outline text="A" xmlUrl="https://a.example/f?a=1&b=2&copy=3"/>',
            ("", "A", "https://a.example/f?a=1&b=2&copy=3"),
            id="bare-ampersands",
        ),
        pytest.param(
            '<outline text="a < b" xmlUrl="https://a.example/f"/>', ("", "a < b", "https://a.example/f"), id="less"
        ),
        pytest.param(
            '<outline text="A &amp;amp; B" xmlUrl="https://a.example/f"/>',
            ("", "A & B", "https://a.example/f"),
            id="twice",
        ),
        pytest.param(
            '<outline text="&nbsp;A&hellip;" xmlUrl="https://a.example/f"/>',
            ("", "A…", "https://a.example/f"),
            id="html-entities",
        ),
        pytest.param(
            f'<outline text="新闻"><outline text="A" {A}/></outline>', ("新闻", "A", "https://a.example/f"), id="folder"
        ),
        pytest.param(
            f'<outline text="新闻"><outline text=" IT  之家 "><outline text="A" {A}/></outline></outline>',
            ("新闻/IT 之家", "A", "https://a.example/f"),
            id="folders",
        ),
        pytest.param(
            f'<outline text="News/Tech"><outline text="A" {A}/></outline>',
            ("News/Tech", "A", "https://a.example/f"),
            id="slash",
        ),
        pytest.param(
            f'<outline text="新闻／科技"><outline text="A" {A}/></outline>',
            ("新闻/科技", "A", "https://a.example/f"),
            id="wide-slash",
        ),
        pytest.param(
            f'<outline text="/"><outline text="A" {A}/></outline>',
            ("", "A", "https://a.example/f"),
            id="folder-of-no-name",
        ),
        pytest.param(f'<outline text="A" category="/x/y,z" {A}/>', ("x/y", "A", "https://a.example/f"), id="category"),
        pytest.param(f'<outline text="A" category="z" {A}/>', ("z", "A", "https://a.example/f"), id="tag"),
        pytest.param(
            f'<outline text="F"><outline text="A" category="/x" {A}/></outline>',
            ("F", "A", "https://a.example/f"),
            id="folder-first",
        ),
        pytest.param('<outline text="A" xmlUrl="http://10.0.0.1/f"/>', ("", "A", "http://10.0.0.1/f"), id="private"),
        pytest.param(
            '<outline text="A" xmlUrl="https://新闻.example/源"/>', ("", "A", "https://新闻.example/源"), id="iri"
        ),
        pytest.param(
            '<outline text="&#27;[31mA" xmlUrl="https://a.example/f"/>',
            ("", "[31mA", "https://a.example/f"),
            id="control",
        ),
    ],
)
def test_one_feed(outlines: str, expected: tuple[str, str, str]) -> None:
    """Rule W15: however another program wrote it."""
    assert feeds(outlines) == [expected]


def test_a_folder_that_is_a_feed_is_both() -> None:
    """Rule W15: groups that also have xmlUrl."""
    outlines = '<outline text="G" xmlUrl="https://g.example/"><outline text="A" xmlUrl="https://a.example/"/></outline>'
    assert feeds(outlines) == [("", "G", "https://g.example/"), ("G", "A", "https://a.example/")]


def test_the_order_is_that_of_the_file() -> None:
    """Also through folders."""
    outlines = "".join(
        f'<outline text="F{f}">'
        + "".join(f'<outline text="{f}{n}" xmlUrl="https://x.example/{f}/{n}"/>' for n in "ab")
        + "</outline>"
        for f in "12"
    )
    assert [title for _, title, _ in feeds(outlines)] == ["1a", "1b", "2a", "2b"]


def test_repeats_are_merged_and_told() -> None:
    """One feed, whatever the scheme or the final slash; the first place stands."""
    outlines = (
        '<outline text="F"><outline text="A" xmlUrl="https://a.example/f"/></outline>\n'
        '<outline text="G"><outline text="B" xmlUrl="http://a.example/f/"/></outline>'
    )
    found = read(wrap(outlines))
    assert [one.path for one in found.subscriptions] == [("F",)]
    assert [one.text() for one in found.repeated] == ['line 4: B: the same feed as "A" in F, line 3']


@pytest.mark.parametrize(
    ("outline", "reason"),
    [
        pytest.param('<outline text="X" xmlUrl="javascript:alert(1)"/>', "javascript:", id="javascript"),
        pytest.param('<outline text="X" xmlUrl="file:///etc/passwd"/>', "file:", id="file"),
        pytest.param('<outline text="X" xmlUrl="https://"/>', "no address", id="no-host"),
        pytest.param('<outline text="X" xmlUrl="hello"/>', "no address", id="word"),
        pytest.param('<outline text="X"/>', "names no feed", id="no-feed"),
        pytest.param('<outline text="X" type="link" url="https://x.example/"/>', "a page", id="link"),
        pytest.param('<outline text="X" htmlUrl="https://x.example/"/>', "a page", id="page"),
        pytest.param('<outline text="X" type="include" url="https://x.example/o"/>', "not followed", id="include"),
        pytest.param(f'<outline text="X" isComment="true"><outline {A}/></outline>', "commented out", id="comment"),
    ],
)
def test_what_is_left_out_is_told_why(outline: str, reason: str) -> None:
    """With its line; the others are taken."""
    found = read(wrap(f'<outline text="B" xmlUrl="https://b.example/"/>\n{outline}'))
    (left,) = found.left_out
    assert (left.name, left.line) == ("X", 4)
    assert reason in left.reason
    assert [one.title for one in found.subscriptions] == ["B"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f'<opml><body><outline text="A" {A}/><outline text="B" xmlUrl="https://b.example/"', id="cut-off"),
        pytest.param(f'<opml><body><outline text="F"><outline text="A" {A}/></body></opml>', id="unclosed"),
        pytest.param(f'<opml><body><outline text="A" {A}/></outline></outline></body></opml>', id="closed-too-often"),
        pytest.param(f'\n\ufeff <?xml version="1.0"?><opml><outline text="A" {A}/></opml>', id="no-body"),
        pytest.param(f'<!DOCTYPE opml SYSTEM "x.dtd"><opml><body><outline text="A" {A}/></body></opml>', id="doctype"),
        pytest.param(f'<opml><body><outline text="x "y" z"/><outline text="A" {A}/></body></opml>', id="bad-quotes"),
        pytest.param(f'<opml><body>\0<outline text="\x01A" {A}/></body></opml>junk', id="control-characters"),
    ],
)
def test_broken_files_give_what_can_be_read(body: str) -> None:
    """Rules W15 and R1: good ones are imported."""
    assert [one.url for one in read(body).subscriptions][:1] == ["https://a.example/f"]


def test_a_broken_place_is_told() -> None:
    """A line may have lost something: the person should look."""
    assert (
        read('<opml><body>\n<outline text="x "y" z" xmlUrl="https://x.example"/></body></opml>')
        .problems[0]
        .startswith("line 2:")
    )


@pytest.mark.parametrize(
    ("codec", "head"),
    [
        pytest.param("gb18030", '<?xml version="1.0" encoding="GBK"?>', id="gbk"),
        pytest.param("utf-16", '<?xml version="1.0" encoding="utf-16"?>', id="utf-16"),
        pytest.param("utf-8", '<?xml version="1.0" encoding="gb2312"?>', id="wrong"),
        pytest.param("shift_jis", '<?xml version="1.0" encoding="Shift_JIS"?>', id="shift-jis"),
    ],
)
def test_character_sets(codec: str, head: str) -> None:
    """Rule P19."""
    body = f'{head}<opml><body><outline text="新聞" xmlUrl="https://a.example/"/></body></opml>'.encode(codec)
    assert read(body).subscriptions[0].title == "新聞"


def test_of_very_many_broken_lines_the_first_are_named() -> None:
    """A person mends the first, and most others with it."""
    found = read(wrap("\n".join(f'<outline text="{n}" {A} !/>' for n in range(30))))
    assert [line.partition(":")[0] for line in found.problems] == [
        *(f"line {n + 3}" for n in range(20)),
        "and 10 lines more",
    ]


BOMB = '<!DOCTYPE o [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", Reason.EMPTY, id="empty"),
        pytest.param(b"<html><body>login</body></html>", Reason.NOT_A_FEED, id="html"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(1000), Reason.NOT_A_FEED, id="picture"),
        pytest.param(
            f'{BOMB}<opml><body><outline text="&b;" {A}/></body></opml>'.encode(), Reason.FORBIDDEN_XML, id="bomb"
        ),
        pytest.param(
            b'<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><outline text="&x;"/></opml>',
            Reason.FORBIDDEN_XML,
            id="external",
        ),
        pytest.param(b"<opml>" + b" " * (16 * 1024 * 1024), Reason.TOO_LARGE, id="large"),
        pytest.param(b"<opml>" + b"<outline/>" * 500_001, Reason.TOO_LARGE, id="many"),
    ],
)
def test_what_is_refused(body: bytes, reason: Reason) -> None:
    """Whole and at once."""
    with pytest.raises(ParseError) as caught:
        read(body)
    assert caught.value.reason is reason


def test_five_thousand_feeds_take_seconds() -> None:
    """The list of a heavy reader."""
    outlines = "".join(
        f'<outline text="组 {n % 50}"><outline text="源 {n}" type="rss" xmlUrl="https://h{n}.example.org/f?a=1&amp;b={n}"/></outline>'
        for n in range(5_000)
    )
    begin = time.process_time()
    assert len(read(wrap(outlines)).subscriptions) == 5_000
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("depth", [pytest.param(100, id="100"), pytest.param(100_000, id="100000")])
def test_folders_without_end(depth: int) -> None:
    """A path is capped; nothing overflows, and what stands above is read."""
    body = (
        f'<opml><body><outline text="A" {A}/>'
        + '<outline text="f">' * depth
        + '<outline xmlUrl="https://deep.example/"/>'
    )
    found = read(body)
    assert found.subscriptions[0].url == "https://a.example/f"
    assert all(len(one.path) <= DEEPEST for one in found.subscriptions)


@settings(max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["<outline ", "text=", '"', "xmlUrl=", "https://x.example/", "/>", ">", "</outline>", "&", "<", "feed:"]
            ),
            st.text(max_size=5),
        ),
        max_size=30,
    )
)
def test_reading_is_total_and_gives_what_feeds_toml_takes(parts: list[str]) -> None:
    """Whatever stands in a file: every address and path can be written."""
    for one in read(f'<opml><body><outline text="T" xmlUrl="https://t.example/"/>{"".join(parts)}').subscriptions:
        assert address(one.url) == one.url
        assert one.title.strip()
        assert not one.path or category_path("/".join(one.path)) == one.path
