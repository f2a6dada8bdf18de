"""parse_document beyond single values: several files, the facts of a visit, what a person said about a source."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from aggregator.core.document import Document
from aggregator.core.errors import ParseError, Reason
from aggregator.core.model import CategoryKind, Person, SourceId
from aggregator.core.normalise import Context, NormalisedFeed, normalise
from aggregator.core.parse.documents import parse_document
from aggregator.core.parse.post.front_matter_block import FrontMatterError, split_front_matter

AT = datetime(2024, 6, 1, 12, tzinfo=UTC)

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><id>urn:a</id><title>Feed A</title>
<author><name>Ann</name></author><rights>by A</rights><entry><id>urn:1</id><title>eins</title><link href="one"/></entry>
</feed>"""
POST = "---\ntitle: 一篇\nauthor: 作者\ncategories: [甲, 乙]\ndate: 2024-05-16 13:00:23\n---\n<p>正文</p>\n".encode()
NAMELESS_POST = b"---\ntitle: nobody's\ndate: 2024-05-16\n---\n<p>x</p>\n"
BROKEN_POST = b"---\ntitle: never closed\n"
RSS = b"""<rss version="2.0"><channel><title>R</title><link>https://r.example/</link>
<item><title>t</title><link>https://r.example/1</link><pubDate>2024-05-16 13:00:23</pubDate></item></channel></rss>"""


def document(body: bytes = b"", *, url: str = "https://example.org/feed", **more: object) -> Document:
    return Document(url=url, body=body, fetched_at=AT, **more)  # type: ignore[arg-type]


def folder(*files: tuple[str, bytes]) -> Document:
    parts = tuple(document(body, url=f"file:///posts/{name}") for name, body in files)
    return document(url="file:///posts/", parts=parts)


def read(doc: Document, *, encoding: str | None = None, **more: object) -> NormalisedFeed:
    context = {"poll_url": doc.url, "document_url": doc.url, "headers": doc.headers, **more}
    parsed = parse_document(doc, encoding=encoding)
    return normalise(parsed, Context(source=SourceId("s"), fetched_at=AT, **context))  # type: ignore[arg-type]


def test_files_of_several_kinds_become_one_feed() -> None:
    """Each file is read by its own type, and entries keep the order of the files."""
    reading = read(folder(("a.md", POST), ("b.xml", ATOM), ("c.json", JSON_FEED)))
    assert [entry.title for entry in reading.entries] == ["一篇", "eins", "from JSON"]


JSON_FEED = b'{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"1","title":"from JSON"}]}'


def test_a_merged_file_keeps_what_its_entries_inherit() -> None:
    """Rule M3: language, authors, rights and the feed itself go with an entry that is taken out of its feed."""
    entry = read(folder(("a.md", POST), ("b.xml", ATOM))).entries[1]
    assert (entry.language, entry.rights, entry.authors) == ("de", "by A", (Person(name="Ann"),))
    assert entry.source is not None
    assert (entry.source.id, entry.source.title) == ("urn:a", "Feed A")


def test_no_author_of_one_file_signs_the_entries_of_another() -> None:
    """Rule M9: a merged feed has no author that entries could inherit."""
    reading = read(folder(("b.xml", ATOM), ("a.md", NAMELESS_POST)), title="My posts")
    assert reading.entries[1].authors == (Person(name="My posts", is_source=True),)


def test_a_broken_file_costs_only_itself() -> None:
    """Rule R1: and the diagnostic names the file."""
    reading = read(folder(("good.md", POST), ("b%C3%A4d.md", BROKEN_POST)))
    assert len(reading.entries) == 1
    assert [(d.name, d.entry) for d in reading.diagnostics] == [("file-unreadable", "bäd.md")]


def test_diagnostics_of_a_merged_file_name_it() -> None:
    reading = read(folder(("good.md", POST), ("cut.xml", RSS[:-20])))
    assert ("cut-off", "cut.xml") in [(d.name, d.entry) for d in reading.diagnostics]
    assert not reading.complete


def test_only_broken_files_are_an_error() -> None:
    with pytest.raises(ParseError, match=r"no file could be read.*no closing line") as caught:
        parse_document(folder(("x.md", BROKEN_POST), ("y.md", b"")))
    assert caught.value.reason is Reason.BROKEN


def test_a_post_is_an_assigned_path_and_has_no_id_of_its_own() -> None:
    """Rules K1 and K2; identity is made elsewhere."""
    entry = read(folder(("a.md", POST))).entries[0]
    assert [(c.path, c.kind) for c in entry.categories] == [(("甲", "乙"), CategoryKind.ASSIGNED)]
    assert (entry.id, entry.link) == (None, None)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        pytest.param(None, datetime(2024, 5, 16, 13, 0, 23, tzinfo=UTC), id="UTC without a word"),
        pytest.param(ZoneInfo("Asia/Shanghai"), datetime(2024, 5, 16, 5, 0, 23, tzinfo=UTC), id="the source's zone"),
        pytest.param(timezone(timedelta(hours=-5)), datetime(2024, 5, 16, 18, 0, 23, tzinfo=UTC), id="any zone"),
    ],
)
@pytest.mark.parametrize("doc", [document(RSS), folder(("a.md", POST))], ids=["feed", "post"])
def test_a_date_without_zone_is_at_home_where_the_source_is(
    doc: Document, zone: ZoneInfo | None, expected: datetime
) -> None:
    """Rule D3."""
    assert read(doc, timezone=zone).entries[0].published == expected


def test_a_persons_words_win_over_the_feeds() -> None:
    reading = read(document(ATOM), title="Mine", language="fr")
    assert (reading.feed.title, reading.feed.language) == ("Mine", "fr")
    assert reading.feed.provenance["title"] == "configuration"


def test_http_headers_fill_what_the_document_leaves_open() -> None:
    """Feed table: `Link` for self and hubs, Content-Language for the language."""
    headers = {
        "link": '<https://hub.example/>; rel="hub", </self.xml>; rel=self; type="application/rss+xml", <x>; title="a"',
        "content-language": "pt-BR",
    }
    feed = read(document(RSS, headers=headers)).feed
    assert feed.self_url == "https://r.example/self.xml"
    assert feed.hubs == ("https://hub.example/",)
    assert feed.language == "pt-BR"


def test_content_location_is_the_base_of_an_atom_feed() -> None:
    """Rule H10."""
    entry = read(document(ATOM, headers={"content-location": "https://mirror.example/dir/feed"})).entries[0]
    assert entry.link == "https://mirror.example/dir/one"


def test_an_override_of_the_encoding_wins() -> None:
    """`encoding` in feeds.toml is a person's word."""
    body = RSS.replace(b"<title>t</title>", "<title>Ж</title>".encode("koi8-r"))
    assert read(document(body), encoding="koi8-r").entries[0].title == "Ж"


@pytest.mark.parametrize(
    ("url", "body", "reason"),
    [
        pytest.param("https://e.org/f", b"\0\0\0", Reason.EMPTY, id="only zeros"),
        pytest.param("https://e.org/f", b"\xff\xfe", Reason.EMPTY, id="only a byte order mark"),
        pytest.param("https://e.org/f", b"[1, 2]", Reason.NOT_A_FEED, id="a JSON list"),
        pytest.param("https://e.org/f", b"GIF89a\x01\x00\x01\x00\x80", Reason.NOT_A_FEED, id="a picture"),
        pytest.param("https://e.org/f", b"<rss" + b"<" * 50_000, Reason.BROKEN, id="nothing but <"),
        pytest.param("file:///x.md", b"just words", Reason.NOT_A_FEED, id="Markdown without front matter"),
        pytest.param("file:///x.md", b'{"a": \n}\nbody', Reason.BROKEN, id="broken JSON front matter"),
        pytest.param("file:///x.md", b';;;\n"a":\n;;;\nbody', Reason.BROKEN, id="broken JSON between semicolons"),
        pytest.param("file:///x.md", b'{"title": "A"}', Reason.NOT_A_FEED, id="a post that is nothing but JSON"),
        pytest.param("file:///x.md", b"---\n- a\n- b\n---\nbody", Reason.BROKEN, id="a list for front matter"),
        pytest.param("https://e.org/f", b"<channel</b>", Reason.BROKEN, id="a root that is no tag"),
        pytest.param("https://e.org/f", b"<rss version='2.0'", Reason.BROKEN, id="a root that never ends"),
        pytest.param("https://e.org/f", b'<?xml version="1.0"', Reason.NOT_A_FEED, id="a declaration that never ends"),
        pytest.param(
            "https://e.org/f",
            b"<rss>&" + b"</a>" * 2_000_000,
            Reason.BROKEN,
            id="millions of tags",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "https://e.org/f",
            b'Warning: <?xml version="1.0"?><svg><rss></rss></svg>',
            Reason.NOT_A_FEED,
            id="another XML behind words, with the name of a feed in it",
        ),
        pytest.param(
            "https://e.org/f", b"<!DOCTYPE rss [<!ENTITY a>]><rss/>", Reason.FORBIDDEN_XML, id="an odd entity"
        ),
        pytest.param("https://e.org/f", b"<svg><title>x</title></svg>", Reason.NOT_A_FEED, id="another XML"),
        pytest.param("https://e.org/f", b"<p>please log in</p>", Reason.HTML_PAGE, id="a fragment of HTML"),
        pytest.param("https://e.org/f", b"<!DOCTYPE rss [<!ENTITY a", Reason.FORBIDDEN_XML, id="an endless DOCTYPE"),
    ],
)
def test_what_is_no_feed_says_what_it_is(url: str, body: bytes, reason: Reason) -> None:
    """Rules P18 and P20: decided by the bytes, with a reason a person can act on."""
    with pytest.raises(ParseError) as caught:
        parse_document(document(body, url=url))
    assert caught.value.reason is reason
    assert caught.value.subject == url


@pytest.mark.parametrize("media_type", ["text/html", "image/png", "application/json", None])
def test_the_content_type_never_rejects(media_type: str | None) -> None:
    """Rule P18."""
    headers = {"content-type": media_type} if media_type else {}
    assert len(read(document(RSS, headers=headers)).entries) == 1


def test_a_text_without_front_matter_is_told_from_a_post() -> None:
    with pytest.raises(FrontMatterError, match="no closing line"):
        split_front_matter("title: A\n\nbody\n")


def test_entries_of_very_many_files_are_cut() -> None:
    """Rule R5: the first 20,000, with notice."""
    body = json.dumps(JSON_OF_MANY).encode()
    parsed = parse_document(folder(*((f"{n}.json", body) for n in range(11))))
    assert len(parsed.entries) == 20_000
    assert {d.message for d in parsed.diagnostics} == {"of 22000 entries the first 20000 were read"}


JSON_OF_MANY = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": str(n)} for n in range(2_000)]}


def test_a_lenient_line_reader_answers_for_tab_and_colon() -> None:
    """What YAML refuses is read line by line."""
    post = b"---\ntitle: a: b: c\nauthor:\tAnn\n---\nx\n"
    entry = read(document(post, url="file:///x.md")).entries[0]
    assert (entry.title, [p.name for p in entry.authors]) == ("a: b: c", ["Ann"])
