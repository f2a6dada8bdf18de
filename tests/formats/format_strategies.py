"""Any value the model's types allow, likely or not: what a writer must survive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

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

_ODD = st.sampled_from(
    ["", " ", "\x00", "\ud800", "\ufffe", "\ufffd", "\x92", "\xc3\xa9", "</b>", "<", "&", "&copy;", "&amp;lt;", "]]>",
     "IT 之家", "عربي", "a\r\nb", "<!--", "\u2028", "x" * 300, "%", "%zz", "urn:uuid:1", "tag:x", "#"]
)  # fmt: skip
texts = st.one_of(_ODD, st.text(st.characters(), max_size=12), st.lists(_ODD, max_size=4).map("".join))
urls = st.one_of(
    texts,
    st.sampled_from(
        ["http://", "https://[", "//x.example", "javascript:x", "HTTP://EXAMPLE.COM/ü", "https://例え.example/新?a=[]#b#c",
         "https://a:b@x.example/", "https://x.example:99999/", "http://localhost/x", "mailto:a@b.example",
         "https://x.example/a b|c\\d^e`f{g}", "https://x_y.example/a.mp3", "https://x.example/%e4%zz", "\nhttps://x.example/\n"]
    ),
)  # fmt: skip
maybe_url = st.none() | urls
maybe_text = st.none() | texts
numbers = st.none() | st.integers()
moments = st.datetimes(
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])
) | st.just(datetime(2022, 5, 16, 5, 0, 23, tzinfo=UTC))
html = st.one_of(
    texts,
    st.sampled_from(
        ['<p id="a">x <a href="#a">y</a></p>', "<a href='x'", '<img src="', '<img src="/x" alt=x>', "<p>" * 50]
    ),
)
_names = st.sampled_from(
    ["duration", "explicit", "image", "title", "keywords", "person", "transcript", "point", "polygon", "rating",
     "restriction", "license", "comment", "a:b", "1", "", "x y", "é"]
)  # fmt: skip
_namespaces = st.sampled_from(
    ["http://www.itunes.com/dtds/podcast-1.0.dtd", "http://search.yahoo.com/mrss", "https://podcastindex.org/namespace/1.0",
     "http://purl.org/dc/elements/1.1/", "http://purl.org/dc/terms/", "http://www.georss.org/georss", "urn:x", "",
     "http://www.youtube.com/xml/schemas/2015", "http://purl.org/rss/1.0/modules/slash/"]
)  # fmt: skip
_attributes = st.lists(st.tuples(st.sampled_from(["url", "href", "role", "type", "a:b", "", "x y"]), urls), max_size=3)
foreign = st.recursive(
    st.builds(ForeignElement, namespace=_namespaces, name=_names, attributes=_attributes.map(tuple), text=maybe_text),
    lambda inner: st.builds(
        ForeignElement,
        namespace=_namespaces,
        name=_names,
        text=maybe_text,
        children=st.lists(inner, max_size=3).map(tuple),
    ),
    max_leaves=5,
)
origins = st.builds(
    Origin,
    id=maybe_url,
    title=maybe_text,
    self_url=maybe_url,
    site_url=maybe_url,
    updated=st.none() | moments,
    rights=maybe_text,
)
_categories = st.builds(
    Category,
    path=st.lists(texts, max_size=3).map(tuple),
    scheme=maybe_url,
    term=maybe_text,
    kind=st.sampled_from(CategoryKind),
)
entries = st.builds(
    Entry,
    id=maybe_text,
    link=maybe_url,
    related=st.lists(urls, max_size=2).map(tuple),
    title=texts,
    title_is_generated=st.booleans(),
    content=html,
    summary=st.none() | html,
    summary_is_html=st.booleans(),
    authors=st.lists(
        st.builds(Person, name=texts, email=maybe_text, uri=maybe_url, is_source=st.booleans()), max_size=2
    ).map(tuple),
    categories=st.lists(_categories, max_size=3).map(tuple),
    language=maybe_text | st.sampled_from(["zh_CN", "yue", "en-US", "und"]),
    image=st.none() | st.builds(Image, url=urls, width=numbers, height=numbers),
    enclosures=st.lists(
        st.builds(Enclosure, url=urls, type=maybe_text, length=numbers, duration=numbers, title=maybe_text), max_size=3
    ).map(tuple),
    comments=st.none() | st.builds(Comments, url=maybe_url, count=numbers, feed=maybe_url),
    reply_to=st.none() | st.builds(ReplyTo, ref=urls, href=maybe_url),
    rights=maybe_text,
    foreign=st.lists(foreign, max_size=4).map(tuple),
)
_stored = st.builds(
    StoredEntry,
    seq=st.integers(min_value=0, max_value=10**7),
    source=texts.map(SourceId),
    number=st.just(SourceNumber(1)),
    key=texts,
    public_id=urls,
    first_seen=moments,
    changed_at=moments,
    published=st.none() | moments,
    updated=moments,
    sort_date=moments,
    fingerprint=st.just("0"),
    entry=entries,
)
stories = st.builds(
    Story,
    stored=_stored,
    origin=origins,
    paths=st.lists(st.lists(texts, max_size=3).map(tuple), max_size=2).map(tuple),
    via=st.lists(origins, max_size=2).map(tuple),
)
editions = st.builds(
    Edition,
    output=st.sampled_from(["all", "新媒体/IT-之家", "a b"]).map(OutputId),
    id=urls,
    title=texts,
    description=texts,
    updated=moments,
    language=maybe_text,
    site_url=st.sampled_from(["https://feeds.example.org", "http://127.0.0.1:8099/"]),
    formats=st.sampled_from([("rss", "atom", "json", "html"), ("rss", "atom"), ("json",)]),
    hubs=st.lists(urls, max_size=2).map(tuple),
    stories=st.lists(stories, max_size=3, unique_by=lambda s: s.stored.public_id).map(tuple),
)
