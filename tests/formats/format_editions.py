"""Editions to write: a plain, a rich, an odd and a hostile one, and builders for more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aggregator.core.edition import Edition, Story
from aggregator.core.model import (
    Category,
    CategoryKind,
    Comments,
    Enclosure,
    Entry,
    ForeignElement,
    Image,
    Origin,
    OutputId,
    Person,
    ReplyTo,
    SourceId,
    SourceNumber,
    StoredEntry,
)

MORNING = datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC)
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
MEDIA = "http://search.yahoo.com/mrss/"
PODCAST = "https://podcastindex.org/namespace/1.0"

ORIGIN = Origin(
    id="https://news.example.com/feed.xml",
    title="示例新闻 & Co",
    self_url="https://news.example.com/feed.xml",
    site_url="https://news.example.com/",
    updated=datetime(2022, 5, 16, 6, 0, tzinfo=UTC),
    rights="© 2022 示例新闻",
)


def story(
    entry: Entry, *, seq: int = 1, origin: Origin = ORIGIN, paths: Any = (), via: Any = (), **stored: Any
) -> Story:
    """A story around `entry`; every assigned value can be overridden."""
    values: dict[str, Any] = {
        "seq": seq,
        "source": SourceId("news"),
        "number": SourceNumber(1),
        "key": f"key {seq}",
        "public_id": f"https://news.example.com/story/{seq}",
        "first_seen": MORNING,
        "changed_at": MORNING,
        "published": MORNING,
        "updated": MORNING,
        "sort_date": MORNING,
        "fingerprint": "0",
    }
    return Story(stored=StoredEntry(entry=entry, **values | stored), origin=origin, paths=paths, via=via)


def edition(*stories: Story, **changes: Any) -> Edition:
    values: dict[str, Any] = {
        "output": OutputId("新媒体/IT-之家"),
        "id": "tag:feeds.example.org,2026:c/news",
        "title": "新媒体 & more",
        "description": "Stories of <all> kinds",
        "updated": datetime(2022, 5, 17, tzinfo=UTC),
        "language": "zh-Hans",
        "site_url": "https://feeds.example.org",
        "hubs": ("https://hub.example.org/",),
    }
    return Edition(stories=stories, **values | changes)


PLAIN_ENTRY = Entry(
    id="https://news.example.com/story/1",
    link="https://news.example.com/story/1",
    title="一个标题",
    content="<p>正文。</p>",
    language="zh-Hans",
)

RICH_ENTRY = Entry(
    id="news-1",
    link="https://news.example.com/新闻/1?a=[1]&b=2#top",
    related=("https://other.example.com/a", "https://other.example.com/b"),
    title="AT&T 发布 List<String>",
    content='<p style="text-align:center">5 月 16 日，<img src="https://img.example.com/a.png" alt="图" '
    'referrerpolicy="no-referrer" width="1338"></p>\n<p>1 &lt; 2 <a href="https://news.example.com/x?a=1&amp;b=2">x</a></p>',
    summary="摘要：1 < 2",
    authors=(
        Person(name="IT 之家", email="desk@news.example.com", uri="https://news.example.com/desk"),
        Person(name="乙"),
    ),
    categories=(
        Category(path=("新闻",)),
        Category(path=("R&D",), scheme="https://news.example.com/tags", term="rnd"),
        Category(path=("我们",), kind=CategoryKind.ASSIGNED),
    ),
    language="zh-Hans",
    image=Image(url="https://img.example.com/a.png", width=1338, height=553),
    enclosures=(
        Enclosure(url="https://cdn.example.com/cover.jpg", type="image/jpeg", length=2048),
        Enclosure(
            url="https://cdn.example.com/1.mp3", type="audio/mpeg", length=1234567, duration=3661, title="第一集"
        ),
    ),
    comments=Comments(url="https://news.example.com/1/talk", count=3, feed="https://news.example.com/1/talk/feed"),
    reply_to=ReplyTo(ref="https://news.example.com/story/0", href="https://news.example.com/0"),
    rights="CC BY 4.0 & more",
    foreign=(
        ForeignElement(namespace=ITUNES, name="episode", text="3"),
        ForeignElement(namespace=ITUNES, name="explicit", text="yes"),
        ForeignElement(
            namespace=PODCAST,
            name="transcript",
            attributes=(("url", "https://cdn.example.com/1.vtt"), ("type", "text/vtt")),
        ),
        ForeignElement(
            namespace="http://search.yahoo.com/mrss", name="credit", attributes=(("role", "Author"),), text="甲"
        ),
        ForeignElement(namespace="http://www.georss.org/georss", name="point", text="45.256 -71.92"),
    ),
)

PLAIN = edition(story(PLAIN_ENTRY))
RICH = edition(
    story(
        RICH_ENTRY,
        paths=(("新媒体", "IT 之家", "a/b"),),
        via=(Origin(title="Elsewhere", self_url="https://elsewhere.example.com/feed"),),
        updated=datetime(2022, 5, 16, 7, 30, tzinfo=UTC),
    ),
    story(PLAIN_ENTRY, seq=2),
)
ODD = edition(
    story(
        Entry(id=None, title="第一句话…", title_is_generated=True, content="<p>第一句话就是全部。</p>"),
        seq=1,
        public_id="tag:feeds.example.org,2026:posts/%E4%B8%80",
        origin=Origin(title="Posts on disk"),
    ),
    story(Entry(id="2", title="Only a link", link="https://news.example.com/2"), seq=2),
    story(Entry(id="3", title="Only a title"), seq=3, origin=Origin()),
    story(Entry(id="4", summary="<p>Only a <b>summary</b>.</p>", summary_is_html=True), seq=4, published=None),
    language=None,
    hubs=(),
    description="",
    formats=("rss", "atom", "json"),
)
HOSTILE = edition(
    story(
        Entry(
            id="\x00",
            link="javascript:alert(1)",
            related=("//x", "https://", "data:,x"),
            title="a\x00\x0b\ud800\ufffe b</b> \ufffd \x92 &copy; <i>",
            content='\x01<p id="x">caf\ufffd <a href="#note">1</a> <img src="/a.png"></p>]]>',
            summary="\x08",
            authors=(Person(name=" "), Person(name="Eve <eve@evil.example>", email="not an address", uri="x")),
            categories=(Category(path=("", " ")), Category(path=("</b>&nbsp;",), scheme="</", term="\x00")),
            language="english",
            image=Image(url="x", width=-1),
            enclosures=(
                Enclosure(url="ftp://x"),
                Enclosure(url="http://localhost/a.mp3", type="audio", length=-1, duration=-5, title="</a>&amp;"),
            ),
            comments=Comments(url="x", count=-1, feed="y"),
            reply_to=ReplyTo(ref=" "),
            rights="\ufffd",
            foreign=(
                ForeignElement(namespace=ITUNES, name="duration", text="one hour"),
                ForeignElement(namespace=ITUNES, name="image", attributes=(("href", "x"),)),
                ForeignElement(namespace=MEDIA, name="content", attributes=(("url", "x"),)),
                ForeignElement(namespace=PODCAST, name="a b", text="x"),
                ForeignElement(
                    namespace=PODCAST, name="person", attributes=(("a b", "x"), ("role", "\ufffd")), text="x"
                ),
                ForeignElement(namespace="urn:unknown", name="x", text="y"),
            ),
        ),
        public_id="weird id",
        origin=Origin(id=" ", title="", self_url="x", updated=datetime(1, 1, 1, tzinfo=UTC)),
        published=datetime(1, 1, 1, tzinfo=UTC),
        updated=datetime(1, 1, 1, tzinfo=UTC),
        first_seen=datetime(1970, 1, 1, tzinfo=UTC),
        paths=(("",), ("</b>", "x")),
        via=(Origin(), Origin(self_url="x")),
    ),
    story(PLAIN_ENTRY, seq=2),
    title="",
    description="\x00",
    id="no uri at all",
    language="xx-yy",
    hubs=("x",),
    updated=datetime(1, 1, 1, tzinfo=UTC),
)
EMPTY = edition()

EDITIONS = {"plain": PLAIN, "rich": RICH, "odd": ODD, "hostile": HOSTILE, "empty": EMPTY}
