"""A source that is broken: a named reason, its entries kept, and nobody else harmed."""

from __future__ import annotations

import gzip
import time
import zlib
from typing import Any

import pytest
from route_bench import Answer, Asked, Bench, closed_port, conditional, item, items, rss

PAGE = b"<!doctype html><html><head><title>Shop</title></head><body>welcome</body></html>"


def plain(body: bytes, status: int = 200, **headers: str) -> Answer:
    return lambda asked: asked.say(status, body, **headers)


def chunked_for_ever(asked: Asked) -> None:
    """50 MB without saying so before."""
    asked.send_response(200)
    asked.send_header("Transfer-Encoding", "chunked")
    asked.end_headers()
    asked.wfile.write(b"5\r\n<rss>\r\n")
    piece = b"<item><title>x</title></item>" * 2260
    for _ in range(50_000_000 // len(piece)):
        asked.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    asked.wfile.write(b"0\r\n\r\n")


def bomb(size: int) -> bytes:
    """A feed that is far larger than it looks."""
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(b"<rss><channel><item><title>") + b"".join(
        packer.compress(b" " * 1_000_000) for _ in range(size // 1_000_000)
    )
    return packed + packer.flush()


def endless(asked: Asked) -> None:
    number = int(asked.path.partition("?")[2] or 0)
    asked.say(302, Location=f"/bad?{number + 1}")


def broken_off(asked: Asked) -> None:
    asked.send_response(200)
    asked.send_header("Content-Length", "100000")
    asked.end_headers()
    asked.wfile.write(b"<rss><channel>")
    asked.close_connection = True
    asked.connection.close()


def rubbish(asked: Asked) -> None:
    asked.wfile.write(b"\x00\xff\x00 this is no HTTP\r\n\r\n")
    asked.close_connection = True


BAD: list[Any] = [
    pytest.param(plain(PAGE, Content_Type="text/html"), "html-page", id="html"),
    pytest.param(plain(PAGE, Content_Type="application/rss+xml"), "html-page", id="html-named-rss"),
    pytest.param(plain(b""), "empty", id="empty"),
    pytest.param(plain(b" \n\t"), "empty", id="blank"),
    pytest.param(plain(b"<rss><channel><item><title>"), "broken", id="broken-xml"),
    pytest.param(plain(b"<rss><channel><title>x</wrong></channel></rss>"), "broken", id="broken-xml-and-closed"),
    pytest.param(plain(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40), "not-a-feed", id="rubbish"),
    pytest.param(plain(b'{"hello": "world"}'), "not-a-feed", id="other-json"),
    pytest.param(plain(b'{"version": "https://jsonfeed.org/version/1.1", "items": [}'), "broken", id="broken-json"),
    pytest.param(plain(b"x" * 50_000_000), "too-large", id="50-mb"),
    pytest.param(chunked_for_ever, "too-large", id="50-mb-in-chunks"),
    pytest.param(plain(bomb(60_000_000), Content_Encoding="gzip"), "too-large", id="gzip-bomb"),
    pytest.param(plain(bomb(60_000_000)), "too-large", id="gzip-bomb-without-header"),
    pytest.param(plain(b"not gzip at all \x1f\x8b", Content_Encoding="gzip"), "not-a-feed", id="gzip-that-is-none"),
    pytest.param(endless, "too-many-redirects", id="redirects-for-ever"),
    pytest.param(plain(b"", 302, Location="/bad"), "too-many-redirects", id="redirect-to-itself"),
    pytest.param(
        plain(b"", 302, Location="http://169.254.169.254/latest/meta-data/"), "refused-address", id="to-metadata"
    ),
    pytest.param(plain(b"", 302, Location="file:///etc/passwd"), "refused-address", id="to-a-file"),
    pytest.param(plain(b"", 401), "unauthorized", id="401"),
    pytest.param(plain(b"", 403), "forbidden", id="403"),
    pytest.param(plain(b"", 404), "not-found", id="404"),
    pytest.param(plain(b"", 410), "gone", id="410"),
    pytest.param(plain(b"", 429), "rate-limited", id="429"),
    pytest.param(plain(b"", 500), "server-error", id="500"),
    pytest.param(plain(b"", 503), "rate-limited", id="503"),
    pytest.param(plain(b"", 304), "protocol", id="304-for-ever"),
    pytest.param(plain(b"", 204), "empty", id="204"),
    pytest.param(plain(b"", 304, ETag='"other"'), "protocol", id="304-with-another-etag"),
    pytest.param(broken_off, "protocol", id="broken-off"),
    pytest.param(rubbish, "protocol", id="no-http"),
    pytest.param(
        plain(
            b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rss><channel><title>&b;</title></channel></rss>'
        ),
        "forbidden-xml",
        id="entities",
    ),
]


def two(bench: Bench) -> None:
    bench.config(bench.source("bad"), bench.source("good"))
    bench.origin.feed("/good", items(1, 2))


@pytest.mark.parametrize(("answer", "reason"), BAD)
def test_it_has_a_named_reason_and_others_are_unharmed(bench: Bench, answer: Answer, reason: str) -> None:
    """Rule R1: a named reason in `status`, other sources unharmed"""
    two(bench)
    bench.origin.answers["/bad"] = answer
    found = bench.poll()
    assert found.outcomes == {"bad": reason, "good": "updated"}
    assert bench.titles() == ["第 2 条", "第 1 条"]
    record = bench.source_record("bad")
    assert record.state.error_reason == reason
    assert record.state.error_message
    assert record.state.errors == 1
    assert not record.state.validators
    assert record.attempt is not None
    assert record.attempt.reason == reason


@pytest.mark.parametrize(("answer", "reason"), [case for case in BAD if "304" not in case.id])
def test_what_it_gave_before_is_kept_and_no_file_changes(bench: Bench, answer: Answer, reason: str) -> None:
    """Rules R9 and P2: entries and validators are kept"""
    two(bench)
    bench.origin.feed("/bad", items(7, 8))
    bench.poll()
    before = bench.times()
    validators = bench.source_record("bad").state.validators
    bench.origin.answers["/bad"] = answer
    assert bench.poll_later(hours=1).outcomes["bad"] == reason
    record = bench.source_record("bad")
    assert (record.entries, record.state.validators) == (2, validators)
    assert bench.times() == before


@pytest.mark.parametrize("suffix", [".rss", ".atom", ".json"])
def test_our_own_output_is_no_source(bench: Bench, suffix: str) -> None:
    """Rule R7: recognised by generator and self address, and refused"""
    two(bench)
    bench.origin.feed("/bad", items(7, 8))
    bench.poll()
    ours = (bench.public / f"c/all{suffix}").read_bytes()
    bench.origin.answers["/bad"] = plain(ours)
    assert bench.poll_later(hours=1).outcomes["bad"] == "own-output"
    assert bench.source_record("bad").entries == 2
    bench.origin.answers["/bad"] = plain(ours.replace(b"feeds.example", b"others.example"))
    assert bench.poll_later(hours=2).outcomes["bad"] == "updated"


def test_a_server_that_is_down_is_reported(bench: Bench) -> None:
    """Bad input: a source that is down"""
    port = closed_port()
    bench.config(
        bench.source("bad", url=f"http://127.0.0.1:{port}/"),
        bench.source("good"),
        allow=[f"127.0.0.1:{port}"],
    )
    bench.origin.feed("/good", items(1))
    found = bench.poll()
    assert found.outcomes == {"bad": "connect", "good": "updated"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9", "[::1]:9", "10.0.0.1", "192.168.1.1", "169.254.169.254", "localhost:9"]
)
def test_a_private_address_is_refused_unless_it_is_allowed(bench: Bench, host: str) -> None:
    """Rule P22"""
    bench.config(bench.source("bad", url=f"http://{host}/feed"))
    assert bench.poll().outcomes == {"bad": "refused-address"}


@pytest.mark.parametrize("name", ["BAD_posts/*.md", "nothing.xml"])
def test_files_that_are_not_there(bench: Bench, name: str) -> None:
    bench.config(f'[[source]]\nid = "files"\npath = "{name}"')
    assert bench.poll().outcomes == {"files": "file-missing"}


def test_one_bad_entry_costs_no_other(bench: Bench) -> None:
    """Rule R1: one bad entry never costs the others"""
    bench.config(bench.source("news"))
    odd = "<item><title>&#0;</title><pubDate>31 June</pubDate><guid/><link>javascript:alert(1)</link></item>"
    bench.origin.feed("/news", rss(item(1), odd.replace("&#0;", ""), item(2)))
    bench.poll()
    assert {"第 1 条", "第 2 条"} <= set(bench.titles())


class TestTime:
    """When a broken source is asked again."""

    def wait(self, bench: Bench, answer: Answer) -> float:
        """Hours until the next visit after this answer."""
        bench.config(bench.source("bad"))
        bench.origin.answers["/bad"] = answer
        bench.poll()
        next_poll = bench.source_record("bad").state.next_poll
        assert next_poll is not None
        return (next_poll - bench.clock.now).total_seconds() / 3600

    @pytest.mark.parametrize(
        ("answer", "hours"),
        [
            pytest.param(plain(b"", 429, Retry_After="7200"), 2, id="429-with-retry-after"),
            pytest.param(plain(b"", 503, Retry_After="Sun, 17 May 2026 12:00:00 GMT"), 24, id="503-with-a-date"),
            pytest.param(plain(b"", 429, Retry_After="99999999"), 168, id="at-most-seven-days"),
            pytest.param(plain(b"", 429), 1, id="429-without"),
            pytest.param(plain(b"", 429, Retry_After="soon"), 1, id="429-with-words"),
            pytest.param(plain(b"", 403), 4, id="403"),
            pytest.param(plain(b"", 410), 24, id="410"),
            pytest.param(plain(b"", 401), 24, id="401"),
            pytest.param(plain(b"", 500), 0.5, id="never-faster-than-its-schedule"),
        ],
    )
    def test_by_the_answer(self, bench: Bench, answer: Answer, hours: float) -> None:
        """Rules P24 and P10"""
        assert self.wait(bench, answer) == hours

    def test_twice_gone_is_left_alone_and_stays_published(self, bench: Bench) -> None:
        """410: confirm once after 24 h, then stop; keep entries published"""
        bench.config(bench.source("bad"))
        bench.origin.feed("/bad", items(1))
        bench.poll()
        bench.origin.answers["/bad"] = plain(b"", 410)
        bench.poll_later(hours=1)
        bench.poll_later(hours=24)
        state = bench.source_record("bad").state
        assert (state.health, state.next_poll) == ("gone", None)
        assert bench.poll_later(days=400).reports == {}
        assert bench.titles() == ["第 1 条"]
        assert bench.poll(only=["bad"]).outcomes == {"bad": "gone"}

    def test_a_cure_is_noticed(self, bench: Bench) -> None:
        """Rule P10: success resets"""
        self.wait(bench, plain(b"", 500))
        bench.origin.feed("/bad", items(1))
        assert bench.poll_later(hours=1).outcomes == {"bad": "updated"}
        state = bench.source_record("bad").state
        assert (state.errors, state.error_reason, state.error_message, state.health) == (0, None, None, "healthy")


class TestOddButUseful:
    """Answers that are unusual and still bring entries."""

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(conditional(gzip.compress(items(1).encode())), id="gzip-without-header"),
            pytest.param(conditional(b"\n\n " + items(1).encode()), id="blanks-before-the-declaration"),
            pytest.param(conditional(b"\xef\xbb\xbf" + items(1).encode()), id="byte-order-mark"),
            pytest.param(conditional(items(1).encode() + b"<!-- cached --><br>"), id="junk-behind"),
            pytest.param(conditional(items(1).encode(), Content_Type="text/html"), id="named-html"),
            pytest.param(conditional(items(1).replace("utf-8", "gbk").encode("gbk")), id="gbk"),
            pytest.param(conditional(items(1).encode("gb18030")), id="declared-utf-8-but-gb18030"),
            pytest.param(lambda asked: asked.say(226, items(1).encode(), IM="feed"), id="226"),
        ],
    )
    def test_it_is_read(self, bench: Bench, answer: Answer) -> None:
        """Rules R3, P17, P19 and P9"""
        bench.config(bench.source("odd"))
        bench.origin.answers["/odd"] = answer
        assert bench.poll().outcomes == {"odd": "updated"}
        assert bench.titles() == ["第 1 条"]

    def test_a_document_cut_off_gives_its_whole_entries_and_no_validators(self, bench: Bench) -> None:
        """Rules P2 and R2: complete items only; validators not stored"""
        whole = items(1, 2, 3)
        bench.config(bench.source("cut"))
        bench.origin.feed("/cut", whole[: whole.index("第 3 条") + 3])
        bench.poll()
        assert sorted(bench.titles()) == ["第 1 条", "第 2 条"]
        assert not bench.source_record("cut").state.validators
        bench.origin.feed("/cut", whole)
        assert bench.poll_later(hours=1).new == {"cut": 1}
        assert not bench.origin.asked("/cut")[-1].is_conditional

    def test_a_slow_answer_holds_up_nobody_else(self, bench: Bench) -> None:
        """Other sources unharmed: they are asked meanwhile"""
        two(bench)
        seen: list[float] = []

        def slow(asked: Asked) -> None:
            until = time.monotonic() + 5
            while not bench.origin.asked("/good") and time.monotonic() < until:
                time.sleep(0.01)
            seen.append(until - time.monotonic())
            asked.say(200, items(9).encode())

        bench.origin.answers["/bad"] = slow
        assert bench.poll().outcomes == {"bad": "updated", "good": "updated"}
        assert seen[0] > 0


STRANGE = (
    '<rss version="2.0"><channel><title>Casino</title><link>https://casino.example/</link>'
    '<item><guid isPermaLink="false">c1</guid><title>Win</title></item></channel></rss>'
)


def test_a_feed_that_changed_hands_is_held(bench: Bench) -> None:
    """Rule R6: title, host and all ids differ: held for confirmation, not published"""
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1, 2))
    bench.poll()
    bench.origin.feed("/news", STRANGE)
    assert bench.poll_later(hours=2).outcomes == {"news": "owner-changed"}
    assert bench.poll_later(hours=24).outcomes == {"news": "owner-changed"}
    assert sorted(bench.titles()) == ["第 1 条", "第 2 条"]
    assert "--accept --source news" in (bench.source_record("news").state.error_message or "")
    bench.origin.feed("/news", items(1, 2, 3))
    assert bench.poll_later(hours=48).outcomes == {"news": "updated"}


def test_a_feed_that_changed_hands_is_taken_once_a_person_accepts_it(bench: Bench) -> None:
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1))
    bench.poll()
    bench.origin.feed("/news", STRANGE)
    bench.poll_later(hours=2)
    bench.clock.pass_(hours=1)
    assert bench.poll(only=["news"], accept=True).outcomes == {"news": "updated"}
    assert "Win" in bench.titles()
    bench.origin.feed("/news", STRANGE.replace("c1", "c2").replace("Win", "More"))
    assert bench.poll_later(hours=24).outcomes == {"news": "updated"}


def test_another_address_may_lead_to_another_feed(bench: Bench) -> None:
    """Who writes another url means another feed."""
    bench.config(bench.source("news"))
    bench.origin.feed("/news", items(1))
    bench.poll()
    bench.origin.feed("/casino", STRANGE)
    bench.config(bench.source("news").replace("/news", "/casino"))
    assert bench.poll_later(hours=1).outcomes == {"news": "updated"}
