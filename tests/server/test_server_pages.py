"""Index and status page: everything listed, in the right language, nothing secret shown, nothing unescaped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_metrics import read_metrics
from server_site import NOW, Site, ask, output, source

from aggregator.core.errors import Reason
from aggregator.core.site_status import OutputInfo, SiteInfo, StatusReport
from aggregator.core.source_state import Health
from aggregator.formats.phrases import LANGUAGES, language_of, words_for
from aggregator.server.pages import PAGE_LENGTH, render_index, render_status, shown_address

SITE = SiteInfo(
    title="My feeds", url="https://feeds.example.org/base", language="en", timezone=ZoneInfo("Asia/Shanghai")
)
HOSTILE = "<script>alert(1)</script>\"' onload=x &amp; {{ 7*7 }}"


def links(page: bytes) -> list[str]:
    return re.findall(r'<a [^>]*href="([^"]*)"', page.decode())


class TestIndex:
    def test_every_format_of_every_output_has_a_relative_link_and_a_public_address(self) -> None:
        outputs = [output("all"), output("新媒体/it-之家", path=("新媒体", "IT 之家"))]
        page = render_index(SITE, outputs)
        for info in (info for each in outputs for info in each.formats):
            assert quote(info.path) in links(page)
            assert f"<code>https://feeds.example.org/base/{quote(info.path)}</code>" in page.decode()
        assert "outputs.opml" in links(page)

    def test_outputs_are_nested_by_category(self, look: Callable[[bytes], None]) -> None:
        """A parent is named once, whether or not it has an output of its own."""
        outputs = [
            output("all", title="All"),
            output("a", title="A", path=("A",)),
            output("a/b", title="B", path=("A", "B")),
            output("c/d", title="D", path=("C", "D")),
            output("other", title="Other", path=("C", "D")),
        ]
        page = render_index(SITE, outputs)
        look(page)
        found = re.findall(r"<h(\d)[^>]*>(?:<a [^>]*>)?([^<]+)", page.decode())
        assert found == [
            ("1", "My feeds"), ("2", "All"), ("2", "A"), ("3", "B"), ("2", "C"), ("3", "D"), ("3", "Other"),
        ]  # fmt: skip

    def test_it_tells_readers_where_the_feeds_are(self) -> None:
        page = render_index(SITE, [output("all"), output("a", path=("A",))]).decode()
        found = re.findall(r'<link rel="alternate" type="([^"]+)" title="[^"]*" href="([^"]+)">', page)
        assert found == [
            ("application/rss+xml", "c/all.rss"), ("application/atom+xml", "c/all.atom"),
            ("application/feed+json", "c/all.json"), ("text/x-opml", "outputs.opml"),
        ]  # fmt: skip

    def test_the_same_state_gives_the_same_bytes(self) -> None:
        """Rule W3: the copy on disk must not change by itself."""
        outputs = (output("all"), output("b", path=("B",)))
        assert render_index(SITE, outputs) == render_index(SITE, list(outputs))

    def test_the_copy_on_disk_links_no_status_page(self) -> None:
        assert "status" not in links(render_index(SITE, [output("all")]))
        assert "status" in links(render_index(SITE, [output("all")], status=True))

    def test_a_category_is_shown_once_by_its_own_name(self, look: Callable[[bytes], None]) -> None:
        """The tree shows the way there; the whole title stays for feed readers."""
        outputs = [
            output("t", title="テクノロジー", path=("テクノロジー",)),
            output("t/u", title="テクノロジー / 宇宙", path=("テクノロジー", "宇宙")),
        ]
        page = render_index(SITE, outputs)
        look(page)
        shown = re.sub("<head>.*</head>", "", page.decode(), flags=re.DOTALL)
        headings = re.findall("<h[2-6][^>]*>(?:<a[^>]*>)?([^<]*)", shown)
        assert headings == ["テクノロジー", "宇宙"]
        assert "テクノロジー / 宇宙" not in shown
        assert 'title="テクノロジー / 宇宙 (rss)"' in page.decode()

    def test_times_are_shown_in_the_site_s_zone_and_marked_up_in_utc(self) -> None:
        page = render_index(SITE, [output("all", newest=NOW)]).decode()
        assert '<time datetime="2026-11-23T08:00:00Z">2026-11-23 16:00</time>' in page

    def test_an_output_that_is_empty_or_has_no_files_is_listed(self, look: Callable[[bytes], None]) -> None:
        page = render_index(SITE, [output("none", formats=(), entries=0, newest=None)])
        look(page)
        assert "0 entries" in page.decode()

    def test_nothing_published_is_said(self, look: Callable[[bytes], None]) -> None:
        page = render_index(SITE, [])
        look(page)
        assert "Nothing is published yet" in page.decode()

    def test_a_path_of_any_depth_is_listed(self, look: Callable[[bytes], None]) -> None:
        page = render_index(SITE, [output("deep", path=tuple(f"n{n}" for n in range(500)))])
        look(page)
        assert "n7 / n8 / n9" in page.decode()

    @settings(max_examples=30)
    @given(
        st.lists(
            st.builds(
                output,
                st.text(max_size=8),
                title=st.text(max_size=8),
                description=st.text(max_size=8) | st.just(HOSTILE),
                language=st.none() | st.text(max_size=8),
                path=st.lists(st.text(max_size=4), max_size=3).map(tuple),
            ),
            max_size=4,
        )
    )
    def test_any_words_make_a_page(self, outputs: list[OutputInfo]) -> None:
        assert b"<script" not in render_index(SITE, outputs)


class TestLanguage:
    @pytest.mark.parametrize(
        ("tag", "words"),
        [
            ("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh-Hans-TW", "zh-Hans"), ("zh-TW", "zh-Hant"),
            ("zh_hk", "zh-Hant"), ("zh-Hant", "zh-Hant"), ("ja", "ja"), ("ja-JP", "ja"), ("ko", "ko"),
            ("en-GB", "en"), ("fr", "en"), ("", "en"),
        ],
    )  # fmt: skip
    def test_pages_are_in_the_site_s_language_if_there_are_phrases(self, tag: str, words: str) -> None:
        assert words_for(tag).tag == words

    def test_every_language_has_a_word_for_every_state(self) -> None:
        for words in LANGUAGES:
            assert set(words.states) == set(Health)
            assert all(words.states.values())

    @pytest.mark.parametrize(
        ("text", "declared", "site", "expected"),
        [
            pytest.param("新媒体", "zh-Hans", "en", "zh-Hans", id="declared"),
            pytest.param("新媒体", None, "zh-Hant", "zh-Hant", id="Han takes the site's"),
            pytest.param("新媒体", None, "en", "zh", id="Han on a site of another language"),
            pytest.param("新媒体", "en", "zh-Hans", "zh-Hans", id="declared wrongly, as RSSHub does"),
            pytest.param("窓の杜", None, "zh-Hans", "ja", id="kana"),
            pytest.param("窓の杜", "ja-JP", "zh-Hans", "ja-JP", id="kana declared"),
            pytest.param("鲜の每日", "zh", "zh", "zh", id="one kana in declared Chinese"),
            pytest.param("기술 뉴스", None, "zh-Hans", "ko", id="Hangul"),
            pytest.param("漢字", None, "ja", "ja", id="Han on a Japanese site"),
            pytest.param("Physics", None, "zh-Hans", None, id="Latin, nothing known"),
            pytest.param("Physics", "en_US", "zh-Hans", "en-US", id="underscore"),
            pytest.param("Physics", 'x" onload="y', "en", None, id="no tag"),
        ],
    )
    def test_a_text_is_marked_with_its_language(
        self, text: str, declared: str | None, site: str, expected: str | None
    ) -> None:
        """It decides which shapes Han letters get."""
        assert language_of(text, declared, site) == expected

    @pytest.mark.parametrize("tag", ["en", "zh-Hans", "zh-TW", "ja", "ko", "fr"])
    def test_the_page_says_its_language(self, tag: str, look: Callable[[bytes], None]) -> None:
        site = replace(SITE, language=tag)
        for page in (render_index(site, [output("all")]), render_status(site, StatusReport(now=NOW, ok=True), [])):
            look(page)
            assert f'<html lang="{"en" if tag == "fr" else tag}">' in page.decode()

    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [
            (3, "just now"),
            (42, "42 s ago"),
            (60, "1 min ago"),
            (7_200, "2 h ago"),
            (-300, "in 5 min"),
            (2_592_000, "30 d ago"),
        ],
    )
    def test_spans_are_shown_in_one_unit(self, seconds: int, expected: str) -> None:
        assert words_for("en").span(timedelta(seconds=seconds)) == expected


class TestStatus:
    def report(self, *sources: object, **more: object) -> StatusReport:
        return StatusReport(now=NOW, ok=True, sources=sources, **more)  # type: ignore[arg-type]

    def rows(self, page: bytes) -> list[str]:
        return re.findall(r'<tr>\n<th scope="row"><span[^>]*>([^<]*)', page.decode())

    def test_a_source_tells_health_times_and_error_in_words(self, look: Callable[[bytes], None]) -> None:
        failing = source(
            "down",
            title="少数派",
            health=Health.FAILING,
            error="no answer within 30 s",
            last_poll=NOW - timedelta(minutes=3),
            next_poll=NOW + timedelta(hours=2),
            daily=(0, 3, 1),
        )
        page = render_status(SITE, self.report(failing), [output("all")])
        look(page)
        text = page.decode()
        for words in (
            "failing",
            "no answer within 30 s",
            "3 min ago",
            "in 2 h",
            "never",
            'lang="zh">少数派',
            'aria-label="0, 3, 1"',
        ):
            assert words in text

    @pytest.mark.parametrize(
        ("next_poll", "words"),
        [(None, "by hand only"), (NOW - timedelta(hours=1), "due"), (NOW + timedelta(days=3), "in 3 d")],
    )
    def test_the_next_poll_is_said(self, next_poll: object, words: str) -> None:
        page = render_status(SITE, self.report(source("a", next_poll=next_poll)), [])
        assert words in page.decode()

    @pytest.mark.parametrize("reason", list(Reason))
    def test_every_kind_of_error_is_named_in_every_language(self, reason: Reason) -> None:
        """The message itself is English, and says so."""
        names = {words.tag: words.reasons[reason] for words in LANGUAGES}
        assert all(names.values())
        for tag, name in names.items():
            one = source("a", health=Health.FAILING, error="no answer", reason=reason)
            page = render_status(replace(SITE, language=tag), self.report(one), []).decode()
            assert f"<b>{name}</b>" in page
            assert ('<span lang="en">no answer</span>' in page) == (tag != "en")

    def test_a_source_that_may_have_lost_entries_is_pointed_out(self, look: Callable[[bytes], None]) -> None:
        """Rule S3: and found by the words that say so."""
        report = self.report(source("busy", maybe_missed=True), source("calm"))
        page = render_status(SITE, report, [])
        look(page)
        assert page.decode().count("may have been missed") == 1
        assert self.rows(render_status(SITE, report, [], q="missed")) == ["busy"]

    def test_sources_are_found_by_the_kind_of_their_error(self) -> None:
        failing = source("a", health=Health.FAILING, error="HTTP 404", reason=Reason.NOT_FOUND)
        site = replace(SITE, language="ja")
        assert self.rows(render_status(site, self.report(failing, source("b")), [], q="見つかりません")) == ["a"]

    def test_those_in_need_come_first(self) -> None:
        page = render_status(
            SITE, self.report(source("a"), source("b", health=Health.GONE), source("c", health=Health.BLOCKED)), []
        )
        assert self.rows(page) == ["c", "b", "a"]

    @pytest.mark.parametrize(
        ("q", "expected"),
        [
            ("", ["down", "posts", "up"]),
            ("  UP ", ["up"]),
            ("failing", ["down"]),
            ("healthy", ["posts", "up"]),
            ("answer", ["down"]),
            (".example/feed", ["down", "up"]),
            ("少数", ["posts"]),
            ("secretword", []),
            ("<b>", []),
        ],
    )
    def test_the_filter_keeps_what_contains_the_words(
        self, q: str, expected: list[str], look: Callable[[bytes], None]
    ) -> None:
        sources = (
            source("up", address="https://user:secretword@up.example/feed"),
            source("down", health=Health.FAILING, error="no answer"),
            source("posts", address="posts/少数派.md"),
        )
        page = render_status(SITE, self.report(*sources), [], q=q)
        look(page)
        assert self.rows(page) == expected

    def test_long_lists_have_pages(self, look: Callable[[bytes], None]) -> None:
        report = self.report(*(source(f"s{n:04}") for n in range(PAGE_LENGTH + 1)))
        first, last = render_status(SITE, report, [], q="s"), render_status(SITE, report, [], q="s", page=99)
        look(first)
        assert (len(self.rows(first)), self.rows(last)) == (PAGE_LENGTH, [f"s{PAGE_LENGTH:04}"])
        assert "?q=s&amp;page=2" in links(first)
        assert "?q=s&amp;page=1" in links(last)

    def test_problems_of_the_program_are_on_top(self) -> None:
        page = render_status(SITE, self.report(problems=("feeds.toml:3:1 site: unknown key",)), [])
        assert "feeds.toml:3:1 site: unknown key" in page.decode()

    @pytest.mark.parametrize(
        ("health", "ok", "said"),
        [
            (Health.HEALTHY, True, True),
            (Health.NEW, True, True),
            (Health.FAILING, True, False),
            (Health.HEALTHY, False, False),
        ],
    )
    def test_all_is_well_only_if_it_is(self, health: Health, ok: bool, said: bool) -> None:
        page = render_status(SITE, replace(self.report(source("a", health=health)), ok=ok), [])
        assert ("Everything is running" in page.decode()) is said

    def test_strange_words_are_escaped(self, look: Callable[[bytes], None]) -> None:
        bad = source(HOSTILE, title=HOSTILE, address=HOSTILE, error=HOSTILE)
        page = render_status(SITE, self.report(bad, problems=(HOSTILE,)), [output(HOSTILE, title=HOSTILE)], q="script")
        look(page)
        assert "49" not in page.decode().split("<tbody>")[1]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://user:pass@host.example/feed", "https://host.example/feed"),
        ("https://user:p@ss@host.example/", "https://host.example/"),
        ("https://host.example/feed?key=s3cret&x=1", "https://host.example/feed?key=…&x=1"),
        ("https://host.example/?x=1&access_token=s3cret#f", "https://host.example/?x=1&access_token=…#f"),
        ("https://host.example/@someone/feed", "https://host.example/@someone/feed"),
        ("posts/*.md", "posts/*.md"),
        ("http://[broken/?token=s3cret", "http://[broken/?token=…"),
    ],
)
def test_addresses_are_shown_without_their_secrets(address: str, expected: str) -> None:
    assert shown_address(address) == expected


class TestThroughTheApplication:
    def test_the_index_follows_what_is_published(self, site: Site) -> None:
        empty = ask(site, "/")
        site.catalogue.replace_index([output("all", title="全部")])
        full = ask(site, "/", accept_encoding="gzip")
        assert ("全部" in empty.text, "全部" in full.text) == (False, True)
        assert full.headers["content-encoding"] == "gzip"
        assert ask(site, "/", if_none_match=full.headers["etag"], accept_encoding="gzip").status_code == 304
        assert ask(site, "/", if_none_match=empty.headers["etag"]).status_code == 200
        assert ask(site, "/", method="HEAD").content == b""

    def test_the_index_follows_the_site_s_table(self, site: Site) -> None:
        ask(site, "/")
        site.info = replace(site.info, title="别的名字")
        assert "别的名字" in ask(site, "/").text

    def test_status_takes_its_query_from_the_address(self, site: Site) -> None:
        site.report = StatusReport(now=NOW, ok=True, sources=(source("one"), source("two")))
        assert "two.example" not in ask(site, "/status?q=one").text
        assert "two.example" in ask(site, "/status?page=-1&q=" + "%20" * 500).text
        assert ask(site, "/status?page=²&q=%00%ff<").status_code == 200

    @pytest.mark.parametrize(("ok", "code"), [(True, 200), (False, 503)])
    def test_health_answers_monitors(self, site: Site, ok: bool, code: int) -> None:
        sources = (source("a"), source("b", health=Health.FAILING))
        site.report = StatusReport(now=NOW, ok=ok, sources=sources, due=1, problems=("磁盘已满",))
        answer = ask(site, "/health")
        assert (answer.status_code, answer.headers["cache-control"]) == (code, "no-store")
        told = json.loads(answer.content)
        assert (told["ok"], told["due"], told["problems"]) == (ok, 1, ["磁盘已满"])
        assert told["sources"]["total"] == 2
        assert told["sources"]["failing"] == 1

    def test_metrics_are_in_the_text_format(self, site: Site) -> None:
        """Prometheus text format 0.0.4: each series has a type line before it, no name twice."""
        site.report = StatusReport(
            now=NOW,
            ok=True,
            sources=(source("a", entries=7),),
            counters={"polls": 12, "poll_seconds": 1.5},
            store_bytes=4096,
        )
        ask(site, "/c/bare.rss")
        answer = ask(site, "/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        families = read_metrics(answer.text)
        assert {
            "aggregator_entries": {(): 7.0},
            "aggregator_polls_total": {(): 12.0},
            "aggregator_poll_seconds_total": {(): 1.5},
            "aggregator_store_bytes": {(): 4096.0},
            "aggregator_http_responses_total": {(("status", "200"),): 1.0},
        }.items() <= {name: family.samples for name, family in families.items()}.items()
        health = families["aggregator_sources"].samples
        assert {labels[0][1] for labels in health} == {each.value for each in Health}
        assert sum(health.values()) == 1

    @pytest.mark.parametrize(
        ("path", "media_type"),
        [("/robots.txt", "text/plain; charset=utf-8"), ("/favicon.ico", "image/svg+xml")],
    )
    def test_the_small_files_are_there(self, site: Site, path: str, media_type: str) -> None:
        answer = ask(site, path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)

    def test_robots_may_read_the_noindex_of_pages(self, site: Site) -> None:
        """Rule W18: a page that is forbidden to a robot cannot tell it not to be listed."""
        assert "/c/" not in ask(site, "/robots.txt").text
