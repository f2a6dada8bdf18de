"""Answers to readers: right type, validators, encoding and place, without a socket (rules W4 to W7, W16 and W18)."""

from __future__ import annotations

import asyncio
import gzip
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import brotli
import pytest
from server_site import MODIFIED, Site, ask, put, rendition

from aggregator.core.model import OutputId
from aggregator.core.records import ArchiveFile
from aggregator.outlets.encodings import encode

IT = "/c/新媒体/it-之家"


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("rss", "application/rss+xml; charset=utf-8"),
        ("atom", "application/atom+xml; charset=utf-8"),
        ("json", "application/feed+json"),
        ("html", "text/html; charset=utf-8"),
    ],
)
def test_a_rendition_is_served_with_its_type_and_validators(site: Site, kind: str, media_type: str) -> None:
    """Rules W4 and W5."""
    made = rendition(f"c/新媒体/it-之家.{kind}")
    answer = ask(site, f"{IT}.{kind}")
    assert (answer.status_code, answer.content) == (200, made.body)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-length"] == str(len(made.body))
    assert answer.headers["etag"] == made.etag
    assert answer.headers["last-modified"] == "Mon, 16 May 2022 05:00:23 GMT"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert "content-encoding" not in answer.headers


def test_each_encoding_is_another_representation(site: Site) -> None:
    """Rule W4: a strong tag for each, and the right bytes."""
    plain = rendition("c/bare.rss")
    tags = {ask(site, "/c/bare.rss").headers["etag"]}
    for name, decode in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        answer = ask(site, "/c/bare.rss", accept_encoding=name)
        assert answer.headers["content-encoding"] == name
        assert answer.headers["content-length"] == str(len(encode(plain.body)[name]))
        assert answer.content == plain.body
        assert decode(encode(plain.body)[name]) == plain.body
        tags.add(answer.headers["etag"])
    assert tags == {plain.etag, plain.etag[:-1] + '-gzip"', plain.etag[:-1] + '-br"'}


def test_a_rendition_without_encodings_is_served_plain(site: Site) -> None:
    site.catalogue.put(rendition("c/tiny.rss", body=b"<rss/>"), {})
    assert ask(site, "/c/tiny.rss", accept_encoding="gzip, br").content == b"<rss/>"


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
def test_a_304_repeats_what_a_cache_needs(site: Site, encoding: str) -> None:
    """Rule W4: 304 repeats ETag, Cache-Control, Vary, Last-Modified, and has no body."""
    full = ask(site, IT + ".atom", accept_encoding=encoding)
    answer = ask(site, IT + ".atom", accept_encoding=encoding, if_none_match=full.headers["etag"])
    assert (answer.status_code, answer.content) == (304, b"")
    for name in ("etag", "cache-control", "vary", "last-modified"):
        assert answer.headers[name] == full.headers[name]
    assert "content-length" not in answer.headers
    assert "content-encoding" not in answer.headers


def test_the_tag_of_another_encoding_is_no_match(site: Site) -> None:
    """A shared cache would else give the gzip it holds to a client that cannot read it (RFC 9111, 4.3.3)."""
    packed = ask(site, "/c/bare.rss", accept_encoding="gzip").headers["etag"]
    assert ask(site, "/c/bare.rss", if_none_match=packed).status_code == 200
    assert ask(site, "/c/bare.rss", if_none_match=packed, accept_encoding="gzip").status_code == 304


def test_a_date_alone_is_a_condition(site: Site) -> None:
    assert ask(site, "/c/bare.rss", if_modified_since="Mon, 16 May 2022 05:00:23 GMT").status_code == 304
    assert ask(site, "/c/bare.rss", if_modified_since="Mon, 16 May 2022 05:00:22 GMT").status_code == 200


def test_head_is_get_without_the_body(site: Site) -> None:
    """Rule W4."""
    got = ask(site, "/c/bare.rss", accept_encoding="gzip")
    head = ask(site, "/c/bare.rss", method="HEAD", accept_encoding="gzip")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers
    assert ask(site, "/c/bare.rss", method="HEAD", if_none_match="*").status_code == 304


def test_range_is_ignored(site: Site) -> None:
    answer = ask(site, "/c/bare.rss", range="bytes=0-3")
    assert (answer.status_code, answer.content) == (200, rendition("c/bare.rss").body)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(quote(IT + ".rss").encode(), id="upper-case hex"),
        pytest.param(quote(IT + ".rss").lower().encode(), id="lower-case hex"),
        pytest.param(quote(unicodedata.normalize("NFD", IT + ".rss")).encode(), id="decomposed"),
        pytest.param(quote(IT + ".rss").replace("c", "%63", 1).encode(), id="needless escape"),
        pytest.param(quote(IT + ".rss").encode() + b"?utm_source=x", id="query"),
    ],
)
def test_an_address_may_be_spelt_in_several_ways(site: Site, raw: bytes) -> None:
    """Rule W16: percent-encoded UTF-8; ours is NFC."""
    assert ask(site, "", raw=raw).status_code == 200


def test_a_decomposed_address_finds_hangul(site: Site) -> None:
    put(site.catalogue, "c/기술.rss")
    assert ask(site, "", raw=quote(unicodedata.normalize("NFD", "/c/기술.rss")).encode()).status_code == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"/c/none.rss", b"/c/", b"/c", b"//c/bare.rss", b"/c//bare.rss",
        b"/%2e%2e/c/bare.rss", b"/c%2f..%2fc/bare.rss", b"/c/bare.rss%00", b"/c%5cbare.rss",
        b"/c/%ff%fe.rss", b"/c/bare.rss/", b"/c/bare.RSS", b"/c/%25%65.rss", b"/" + b"a" * 5000, b"/statuss",
        b"//evil.example/", b"/" + b"a/" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_small_404(site: Site, raw: bytes, look: Callable[[bytes], None]) -> None:
    answer = ask(site, "", raw=raw)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "location" not in answer.headers
    look(answer.content)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/c/bare.rss", "/", "/status", "/health"])
def test_other_methods_are_refused_with_the_ones_that_are_not(site: Site, method: str, path: str) -> None:
    answer = ask(site, path, method=method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert ask(site, "/none", method=method).status_code == 404


def test_a_preflight_is_allowed(site: Site) -> None:
    """Readers in a browser ask before they send If-None-Match."""
    answer = ask(site, "/c/bare.rss", method="OPTIONS", origin="https://reader.example")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD"


class TestNegotiation:
    """Rule W6: the address without suffix."""

    @pytest.mark.parametrize(
        ("accept", "kind"),
        [("*/*", "html"), ("text/html", "html"), ("application/rss+xml", "rss"), ("application/feed+json", "json")],
    )
    def test_accept_chooses_the_format(self, site: Site, accept: str, kind: str) -> None:
        answer = ask(site, IT, accept=accept)
        assert answer.content == rendition(f"c/新媒体/it-之家.{kind}").body
        assert answer.headers["content-location"] == quote(f"it-之家.{kind}")
        assert answer.headers["vary"] == "Accept-Encoding, Accept"

    def test_a_304_says_where_it_belongs(self, site: Site) -> None:
        answer = ask(site, IT, accept="application/rss+xml", if_none_match="*")
        assert (answer.status_code, answer.headers["vary"]) == (304, "Accept-Encoding, Accept")
        assert answer.headers["content-location"] == quote("it-之家.rss")

    def test_without_html_a_feed_answers(self, site: Site) -> None:
        assert ask(site, "/c/bare", accept="text/html").content == rendition("c/bare.rss").body

    def test_it_follows_what_is_published(self, site: Site) -> None:
        put(site.catalogue, "c/bare.html")
        assert ask(site, "/c/bare").headers["content-location"] == "bare.html"
        site.catalogue.remove("c/bare.html")
        assert ask(site, "/c/bare").headers["content-location"] == "bare.rss"
        for path in [path[1:] for path in site.catalogue.paths if path != "/outputs.opml"]:
            site.catalogue.remove(path)
        assert ask(site, "/c/bare").status_code == 404

    def test_only_outputs_have_one(self, site: Site) -> None:
        assert ask(site, "/outputs.opml").status_code == 200
        assert ask(site, "/outputs").status_code == 404


class TestNavigation:
    """Rule W7: a person who opens a feed's address gets something to read."""

    @pytest.mark.parametrize("kind", ["rss", "atom"])
    def test_a_browser_gets_the_page(self, site: Site, kind: str) -> None:
        answer = ask(site, f"{IT}.{kind}", sec_fetch_dest="document", accept="text/html,*/*;q=0.8")
        assert answer.content == rendition("c/新媒体/it-之家.html").body
        assert answer.headers["content-location"] == quote("it-之家.html")
        assert answer.headers["vary"] == "Accept-Encoding, Sec-Fetch-Dest"

    def test_everybody_else_gets_the_feed_and_a_vary_header(self, site: Site) -> None:
        for headers in ({}, {"sec_fetch_dest": "empty"}, {"accept": "text/html"}):
            answer = ask(site, IT + ".rss", **headers)
            assert answer.content == rendition("c/新媒体/it-之家.rss").body
            assert answer.headers["vary"] == "Accept-Encoding, Sec-Fetch-Dest"

    def test_a_tag_of_the_feed_is_none_of_the_page(self, site: Site) -> None:
        feed = ask(site, IT + ".rss").headers["etag"]
        assert ask(site, IT + ".rss", if_none_match=feed, sec_fetch_dest="document").status_code == 200

    @pytest.mark.parametrize("path", [IT + ".json", "/c/bare.rss"])
    def test_json_and_outputs_without_a_page_stay_as_they_are(self, site: Site, path: str) -> None:
        answer = ask(site, path, sec_fetch_dest="document")
        assert answer.content == rendition(path[1:]).body
        assert answer.headers["vary"] == "Accept-Encoding"


def test_pages_are_kept_from_search_engines_and_scripts(site: Site) -> None:
    """Rule W18: noindex on copies; a script that slipped in must not run."""
    for answer in (ask(site, IT + ".html"), ask(site, IT)):
        assert answer.headers["x-robots-tag"] == "noindex"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "script-src" not in answer.headers["content-security-policy"]
    assert "x-robots-tag" not in ask(site, IT + ".rss").headers
    assert "x-robots-tag" not in ask(site, "/").headers


@pytest.mark.parametrize(("wanted", "given"), [(0, 300), (900, 900), (10**6, 3600)])
def test_max_age_stays_within_bounds(site: Site, wanted: int, given: int) -> None:
    """Rule W4: 5 minutes to 1 hour."""
    site.catalogue.put(rendition("c/x.rss"), {}, max_age=wanted)
    assert ask(site, "/c/x.rss").headers["cache-control"] == f"public, max-age={given}"


def test_archives_never_go_stale(site: Site) -> None:
    """Rule W9."""
    site.catalogue.put(rendition("c/x/archive-1.atom"), {}, immutable=True)
    assert ask(site, "/c/x/archive-1.atom").headers["cache-control"] == "public, max-age=31536000, immutable"


def test_an_archive_document_is_read_from_disk_and_gone_if_its_file_is(site: Site) -> None:
    """Rule W9: somebody has emptied the folder; the next poll writes it again."""
    files = {"a/x/0/1.atom": b"<feed/>"}
    file = ArchiveFile(
        path="a/x/0/1.atom",
        output=OutputId("x"),
        generation="0",
        number=1,
        format="atom",
        media_type="application/atom+xml",
        etag='"1"',
        modified=MODIFIED,
        size=7,
        final=True,
    )
    site.catalogue.put_archive(file, files.get)
    assert (ask(site, "/a/x/0/1.atom").status_code, ask(site, "/a/x/0/1.atom").content) == (200, b"<feed/>")
    files.clear()
    assert ask(site, "/a/x/0/1.atom").status_code == 404


def test_a_new_rendition_replaces_the_old_one_everywhere(site: Site) -> None:
    old = ask(site, "/c/bare").headers["etag"]
    site.catalogue.put(rendition("c/bare.rss", body=b"new"), {})
    assert ask(site, "/c/bare.rss").content == b"new"
    assert ask(site, "/c/bare").content == b"new"
    assert ask(site, "/c/bare", if_none_match=old).status_code == 200


def test_repeated_fields_are_joined(site: Site) -> None:
    """RFC 9110, 5.3: the second line of a list counts as much as the first."""
    sent: list[dict[str, object]] = []

    async def run() -> None:
        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        tag = rendition("c/bare.rss").etag.encode()
        headers = [(b"if-none-match", tag), (b"if-none-match", b'"other"')]
        scope = {"type": "http", "method": "GET", "path": "/c/bare.rss", "headers": headers}
        await site.app(scope, None, send)  # type: ignore[arg-type]

    asyncio.run(run())
    assert sent[0]["status"] == 304


class TestBelowAPath:
    """A proxy may mount the site below a path, and may cut it off or not."""

    @pytest.fixture
    def mounted(self, site: Site) -> Site:
        site.info = replace(site.info, url="https://example.org/订阅/feeds")
        return site

    @pytest.mark.parametrize(
        "path", ["/c/bare.rss", "/订阅/feeds/c/bare.rss", "/订阅/feeds/c/bare", "/订阅/feeds/status"]
    )
    def test_both_ways_are_answered(self, mounted: Site, path: str) -> None:
        assert ask(mounted, path).status_code == 200

    def test_the_index_is_at_the_path(self, mounted: Site) -> None:
        assert ask(mounted, "/订阅/feeds/").content == ask(mounted, "/").content

    @pytest.mark.parametrize("path", ["/订阅/c/bare.rss", "/订阅/feedsc/bare.rss", "/订阅/feeds/订阅/feeds/c/bare.rss"])
    def test_other_paths_are_not(self, mounted: Site, path: str) -> None:
        assert ask(mounted, path).status_code == 404

    def test_the_link_to_the_index_is_the_path(self, mounted: Site) -> None:
        assert f'href="{quote("/订阅/feeds/")}"' in ask(mounted, "/none").text


def test_a_large_feed_is_handed_over_in_pieces(site: Site) -> None:
    """A slow reader of a large feed must not hold a whole copy of it."""
    body = bytes(range(256)) * 4000
    site.catalogue.put(rendition("c/large.rss", body=body), {})
    sizes: list[int] = []

    async def run() -> None:
        async def send(message: dict[str, object]) -> None:
            sizes.append(len(message.get("body", b"")))  # type: ignore[arg-type]

        await site.app({"type": "http", "method": "GET", "path": "/c/large.rss", "headers": []}, None, send)  # type: ignore[arg-type]

    asyncio.run(run())
    assert sum(sizes) == len(body)
    assert max(sizes) <= 256 * 1024
    assert ask(site, "/c/large.rss").content == body


def test_answers_are_counted(site: Site) -> None:
    for headers in ({}, {}, {"if_none_match": "*"}):
        ask(site, "/c/bare.rss", **headers)
    ask(site, "/none")
    assert site.app.responses == {200: 2, 304: 1, 404: 1}
