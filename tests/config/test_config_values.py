"""What single values of feeds.toml may be, what is kept of them, and how the others are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregator.core import formats_table
from aggregator.core.config.read import read_config
from aggregator.core.config.tables import Config, FeedConfig, SourceConfig
from aggregator.core.errors import ConfigError

SOURCE = '[[source]]\nid = "s"\nurl = "https://example.org/feed"\n'


def read(text: str) -> Config:
    return read_config(text.encode(), file="feeds.toml")


def problems(data: str | bytes) -> list[str]:
    """The lines of the refusal; empty if there is none."""
    try:
        read_config(data.encode() if isinstance(data, str) else data, file="f")
    except ConfigError as error:
        return str(error).split("\n")
    return []


def source(lines: str) -> SourceConfig:
    return read(f'[[source]]\nid = "s"\nurl = "https://example.org/feed"\n{lines}').sources[0]


def feed(lines: str) -> FeedConfig:
    return read(f'{SOURCE}category = "a/b/c"\n[[feed]]\nid = "f"\n{lines}').feeds[0]


KEPT = [
    pytest.param('category = "新媒体/IT 之家/分类资讯"', "category", ("新媒体", "IT 之家", "分类资讯"), id="category"),
    pytest.param('category = " a /  b   c//"', "category", ("a", "b c"), id="category cleaned"),
    pytest.param('category = "e\\u0301"', "category", ("é",), id="category in NFC"),
    pytest.param('interval = "auto"', "interval", None, id="interval learnt"),
    pytest.param('interval = "5m"', "interval", timedelta(minutes=5), id="shortest interval"),
    pytest.param('interval = "6h"', "interval", timedelta(hours=6), id="hours"),
    pytest.param('interval = "30d"', "interval", timedelta(days=30), id="longest interval"),
    pytest.param('language = "ZH-hans-cn"', "language", "zh-Hans-CN", id="language in its usual case"),
    pytest.param('language = "zh-yue"', "language", "zh-yue", id="extended language"),
    pytest.param('language = "de-1996-x-a"', "language", "de-1996-x-a", id="variant and private use"),
    pytest.param('language = "es-419"', "language", "es-419", id="region by number"),
    pytest.param('timezone = "Asia/Shanghai"', "timezone", "Asia/Shanghai", id="time zone"),
    pytest.param('encoding = "GB18030"', "encoding", "GB18030", id="encoding"),
    pytest.param('encoding = "utf-16"', "encoding", "utf-16", id="encoding of two bytes"),
    pytest.param('user_agent = " curl/8 "', "user_agent", "curl/8", id="user agent"),
    pytest.param("title = ' a\u3000 b '", "title", "a b", id="title on one line"),
    pytest.param("enabled = false", "enabled", False, id="switched off"),
]


@pytest.mark.parametrize(("line", "key", "expected"), KEPT)
def test_a_value_of_a_source_is_kept_as(line: str, key: str, expected: object) -> None:
    """What is written and what the engine sees."""
    assert getattr(source(line), key) == expected


KEPT_OF_FEED = [
    pytest.param('source = "s"', "source", ("s",), id="one source"),
    pytest.param('source = ["s", "s"]', "source", ("s",), id="a source once"),
    pytest.param('keep = ["报告", " AI "]', "keep", ("报告", " AI "), id="words with their blanks"),
    pytest.param("keep = []", "keep", (), id="no words"),
    pytest.param("limit = 500", "limit", 500, id="largest limit"),
    pytest.param('formats = ["json", "rss", "json"]', "formats", ("json", "rss"), id="a format once"),
    pytest.param('category = "A／B"'.replace("／", "/"), "category", ("A", "B"), id="category in other letters"),
    pytest.param('category = "ａ"', "category", ("ａ",), id="category in full width"),
    pytest.param('dedupe = "off"', "dedupe", "off", id="dedupe"),
]


@pytest.mark.parametrize(("line", "key", "expected"), KEPT_OF_FEED)
def test_a_value_of_a_feed_is_kept_as(line: str, key: str, expected: object) -> None:
    """What is written and what selection sees; categories are compared by rule K3."""
    assert getattr(feed(line), key) == expected


ADDRESSES = [
    pytest.param("https://me:secret@example.org/feed", id="user and password"),
    pytest.param("http://127.0.0.1:8099/a?b=c#d", id="number and port"),
    pytest.param("http://[::1]:8099/", id="IPv6"),
    pytest.param("https://例子.example/订阅.xml", id="CJK host and path"),
    pytest.param("HTTPS://Example.org", id="capitals"),
    pytest.param("https://my_host.example./x", id="underscore and final dot"),
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_kept_byte_for_byte(address: str) -> None:
    """The poller decides how to encode it."""
    config = read(f'[[source]]\nid = "s"\nurl = "{address}"')
    assert config.sources[0].address == address


def test_site_and_network_values_are_brought_to_one_form() -> None:
    """No final slash, small letters."""
    text = (
        '[site]\nurl = "https://e.org/feeds//"\n[network]\nallow = ["RSSHub:1200", "[::1]:80"]\ncontact = "a@e.org"\n'
    )
    config = read(f'{text}[server]\nlisten = "[::]:0"\n{SOURCE}')
    assert config.site.url == "https://e.org/feeds"
    assert config.network.allow == ("rsshub:1200", "[::1]:80")
    assert config.contact == "a@e.org"
    assert (config.server.host, config.server.port) == ("::", 0)


BAD_SOURCE = [
    pytest.param('url = "ithome.com/rss"', 'did you mean "https://ithome.com/rss"?', id="no scheme"),
    pytest.param('url = "feed://a.example/x"', 'did you mean "https://a.example/x"?', id="feed scheme"),
    pytest.param('url = "feed:https://a.example/x"', 'did you mean "https://a.example/x"?', id="feed before https"),
    pytest.param('url = "https:/a.example/x"', 'did you mean "https://a.example/x"?', id="one slash"),
    pytest.param('url = "ftp://a.example/x"', 'begins with http:// or https://, found "ftp://a.example/x"', id="ftp"),
    pytest.param('url = "posts/*.md"', "files on disk are named with path", id="a path as url"),
    pytest.param('url = "https://"', "names a host", id="no host"),
    pytest.param('url = "https:///x"', "names a host", id="empty host"),
    pytest.param('url = "https://a..example/"', "well-formed host", id="empty label"),
    pytest.param('url = "https://a.example:99999/"', "well-formed host and port", id="port too large"),
    pytest.param('url = "https://a.example:x/"', "well-formed host and port", id="port no number"),
    pytest.param('url = "https://[::1/"', "well-formed host and port", id="open bracket"),
    pytest.param('url = "https://a%20b.example/"', "well-formed host", id="escape in host"),
    pytest.param('url = "https://a.example/x y"', 'a blank is written as "%20"', id="blank"),
    pytest.param('url = "https://a.example/x\\n"', "without blanks", id="line feed"),
    pytest.param('url = " https://a.example/"', "without blanks around it", id="blank before"),
    pytest.param('url = ""', 'found ""', id="empty address"),
    pytest.param("url = 5", "expected text in quotes, found the number 5", id="number"),
    pytest.param("url = ['https://a.example']", "expected text in quotes, found a list", id="list"),
    pytest.param("url = 2022-05-16", "expected text in quotes, found a date", id="date"),
    pytest.param("url = {a = 1}", "expected text in quotes, found a table", id="table"),
    pytest.param('path = "https://a.example/"', "an address is named with url", id="an address as path"),
    pytest.param('path = " "', "a path or pattern of files", id="empty path"),
    pytest.param('path = "a\\u0000"', "a path or pattern of files", id="NUL in a path"),
]


@pytest.mark.parametrize(("line", "expected"), BAD_SOURCE)
def test_a_bad_origin_is_refused(line: str, expected: str) -> None:
    """One problem, at the value, with what was expected and found."""
    (said,) = problems(f'[[source]]\nid = "s"\n{line}')
    assert said.startswith(f'f:3:{len(line.split(" = ")[0]) + 4} source "s": {line.split(" ")[0]}: expected ')
    assert expected in said


BAD_VALUES = [
    pytest.param("[site]", 'title = " "', "expected text that is not empty", id="title blank"),
    pytest.param("[site]", 'title = "a\\u0007b"', "without control characters", id="title with a bell"),
    pytest.param("[site]", 'url = "https://e.org/?a"', "without user name, ? and #", id="site with query"),
    pytest.param("[site]", 'url = "https://u@e.org"', "without user name", id="site with user name"),
    pytest.param("[site]", 'language = "zh_CN"', 'did you mean "zh-CN"?', id="language with underscore"),
    pytest.param("[site]", 'language = "cn"', 'did you mean "zh-CN"?', id="country as language"),
    pytest.param("[site]", 'language = "Chinese"', 'did you mean "zh"?', id="language in words"),
    pytest.param("[site]", 'language = "中文"', 'found "中文"', id="language in its own words"),
    pytest.param("[site]", 'timezone = "Asia/Beijing"', 'did you mean "Asia/Shanghai"?', id="Beijing"),
    pytest.param("[site]", 'timezone = "UTC+8"', 'did you mean "Asia/Shanghai"?', id="offset"),
    pytest.param("[site]", 'timezone = "asia/tokio"', 'did you mean "Asia/Tokyo"?', id="zone misspelt"),
    pytest.param("[site]", 'timezone = "Asia"', "expected a time zone", id="half a zone"),
    pytest.param("[site]", 'timezone = "../UTC"', "expected a time zone", id="a way out of the zone database"),
    pytest.param("[site]", 'timezone = ""', "expected a time zone", id="zone empty"),
    pytest.param("[network]", 'allow = ["127.0.0.1"]', 'did you mean "127.0.0.1:80"?', id="no port"),
    pytest.param("[network]", 'allow = ["::1"]', 'did you mean "[::1]:80"?', id="bare IPv6"),
    pytest.param("[network]", 'allow = ["https://nas/x"]', 'did you mean "nas:443"?', id="allow an address"),
    pytest.param("[network]", 'allow = ["10.0.0.0/8:80"]', "expected a host and a port", id="allow a network"),
    pytest.param("[network]", 'allow = ["a:0"]', "expected a host and a port", id="port 0"),
    pytest.param("[network]", 'allow = ["a:65536"]', "expected a host and a port", id="port too large"),
    pytest.param("[network]", 'allow = "a:80"', "expected a list in square brackets", id="allow without list"),
    pytest.param("[network]", 'contact = "我"', "plain ASCII", id="contact not ASCII"),
    pytest.param("[network]", 'user_agent = "a\\r\\nb: c"', "plain ASCII text on one line", id="header injection"),
    pytest.param("[server]", 'listen = ":8000"', 'did you mean "127.0.0.1:8000"?', id="listen without host"),
    pytest.param("[server]", 'listen = "localhost"', 'did you mean "localhost:8000"?', id="listen without port"),
    pytest.param("[server]", "listen = 8000", "expected text in quotes", id="listen on a number"),
    pytest.param("[defaults]", 'interval = "4m"', 'expected at least "5m"', id="interval too short"),
    pytest.param("[defaults]", 'interval = "31d"', 'expected at most "30d"', id="interval too long"),
    pytest.param("[defaults]", 'interval = "0h"', 'expected at least "5m"', id="interval nothing"),
    pytest.param("[defaults]", 'interval = "1 hour"', '"30m", "6h", "1d"', id="interval in words"),
    pytest.param("[defaults]", "interval = 30", '"30m", "6h", "1d"', id="interval without unit"),
    pytest.param("[defaults]", 'interval = "９h"', '"30m", "6h", "1d"', id="interval in full width"),
    pytest.param("[defaults]", 'encoding = "gbkk"', 'did you mean "gbk"?', id="encoding misspelt"),
    pytest.param("[defaults]", 'encoding = "rot13"', "expected a character encoding", id="no encoding"),
    pytest.param("[defaults]", 'encoding = "unicode_escape"', "expected a character encoding", id="a notation"),
    pytest.param("[defaults]", 'encoding = "国标"', "expected a character encoding", id="encoding not ASCII"),
    pytest.param("[defaults]", 'category = "/"', "expected at least one name", id="category of nothing"),
    pytest.param("[defaults]", 'category = "a／b"', 'this slash is the full-width "／"', id="full-width slash"),
    pytest.param("[defaults]", 'category = ["a", "b"]', "a path of names in one text", id="category as list"),
    pytest.param("[defaults]", f'category = "{"a" * 101}"', "names of at most 100 characters", id="long name"),
    pytest.param("[defaults]", 'category = "a/b\\u0007"', "names without control characters", id="bell in a category"),
    pytest.param("[defaults]", 'enabled = "yes"', "expected true or false", id="yes"),
    pytest.param("[defaults]", "enabled = 1", "expected true or false", id="1 for true"),
    pytest.param("[defaults]", 'id = "x"', 'unknown key "id"; it belongs below [[source]]', id="id as default"),
]


@pytest.mark.parametrize(("header", "line", "expected"), BAD_VALUES)
def test_a_bad_value_is_refused(header: str, line: str, expected: str) -> None:
    """One problem on its line, never a second one for the sources that inherit it."""
    (said,) = problems(f"{header}\n{line}\n{SOURCE}")
    assert said.startswith("f:2:")
    assert said.split(" ")[1] == f"{header[1:-1]}:"
    assert expected in said


EVERY_FORMAT = 'expected "' + '", "'.join(formats_table.names()[:-1]) + f'" or "{formats_table.names()[-1]}"'

BAD_FEED = [
    pytest.param('keep = ["a", ""]', "f:7:14", "expected a word that is not empty", id="empty word"),
    pytest.param('drop = [" "]', "f:7:9", "expected a word that is not empty", id="blank word"),
    pytest.param('keep = "a"', "f:7:8", "expected a list in square brackets", id="a word without list"),
    pytest.param("keep = [5]", "f:7:9", "expected text in quotes, found the number 5", id="number as word"),
    pytest.param("limit = 0", "f:7:9", "expected a number of at least 1", id="limit too small"),
    pytest.param("limit = 501", "f:7:9", "expected a number of at most 500", id="limit too large"),
    pytest.param('limit = "5"', "f:7:9", 'expected a whole number, found "5"', id="limit as text"),
    pytest.param("limit = 5.0", "f:7:9", "expected a whole number, found the number 5.0", id="limit with a point"),
    pytest.param("limit = true", "f:7:9", "expected a whole number, found true", id="limit true"),
    pytest.param('formats = ["rss", "pdf"]', "f:7:19", EVERY_FORMAT, id="format"),
    pytest.param('formats = ["jsonfeed"]', "f:7:12", 'did you mean "json"?', id="format nearly"),
    pytest.param("formats = []", "f:7:11", "expected at least one item, found an empty list", id="no format"),
    pytest.param('source = "nope"', "f:7:10", 'there is no source "nope"', id="unknown source"),
    pytest.param('source = ["s",\n "ss"]', "f:8:2", 'did you mean "s"?', id="unknown source on a line of its own"),
    pytest.param("source = []", "f:7:10", "expected at least one item", id="no source"),
    pytest.param("source = 5", "f:7:10", "expected a list in square brackets", id="number as source"),
    pytest.param('category = "a/b/x"', "f:7:12", 'no source has the category "a/b/x"', id="unknown category"),
    pytest.param('category = "ab"', "f:7:12", "no source has the category", id="category by its beginning"),
    pytest.param('category = "/"', "f:7:12", "expected at least one name", id="category of nothing"),
    pytest.param('category = "A/b/d"', "f:7:12", 'did you mean "a/b/c"?', id="category nearly"),
    pytest.param('token = "guess-me"', "f:7:9", "expected 16 to 100 ASCII letters, digits, - and _", id="short token"),
    pytest.param('token = "秘密秘密秘密秘密秘密秘密"', "f:7:9", "it keeps the address secret", id="token not ASCII"),
    pytest.param('dedupe = "title"', "f:7:10", 'expected "link" or "off", found "title"', id="dedupe"),
    pytest.param('where = "x"', "f:7:1", 'unknown key "where"', id="unknown key"),
    pytest.param('fromats = ["rss"]', "f:7:1", 'did you mean "formats"?', id="misspelt key"),
    pytest.param('url = "x"', "f:7:1", 'unknown key "url"; it belongs below [site]', id="key of another table"),
    pytest.param("a.b = 1", "f:7:1", 'unknown key "a"', id="dotted unknown key"),
]


@pytest.mark.parametrize(("line", "place", "expected"), BAD_FEED)
def test_a_bad_feed_is_refused(line: str, place: str, expected: str) -> None:
    """One problem, at the very item of a list."""
    (said,) = problems(f'{SOURCE}category = "a/b/c"\n[[feed]]\nid = "f"\n{line}')
    assert said.startswith(f'{place} feed "f"')
    assert expected in said


IDS = [
    pytest.param("a b", 'did you mean "a-b"?', id="blank"),
    pytest.param("科技/周报", 'did you mean "科技-周报"?', id="slash"),
    pytest.param("", 'found ""', id="empty"),
    pytest.param("..", "begins with a letter or digit", id="parent folder"),
    pytest.param(".hidden", "begins with a letter or digit", id="leading dot"),
    pytest.param("-x", "begins with a letter or digit", id="leading dash"),
    pytest.param("x.", "does not end with a dot", id="final dot"),
    pytest.param("a\\u0000b", 'did you mean "a-b"?', id="NUL"),
    pytest.param("a\\u202eb", 'did you mean "a-b"?', id="bidi override"),
    pytest.param("😀", "a name of letters", id="emoji"),
    pytest.param("x" * 61, "at most 60 characters", id="too long"),
]


@pytest.mark.parametrize(("name", "expected"), IDS)
@pytest.mark.parametrize("kind", ["source", "feed"])
def test_a_bad_id_is_refused(kind: str, name: str, expected: str) -> None:
    """Ids stand in addresses, file names and commands (rule W16)."""
    table = f'[[{kind}]]\nid = "{name}"\n' + ('url = "https://example.org"' if kind == "source" else SOURCE)
    (said,) = problems(table)
    assert said.startswith(f"f:2:6 {kind} ")
    assert expected in said


@pytest.mark.parametrize("name", ["ithome", "IT之家", "ニュース-1", "뉴스_2.0", "हिन्दी", "2024"])
def test_ids_of_any_script_are_kept(name: str) -> None:
    """Letters with their marks and digits, in NFC."""
    config = read(f'[[source]]\nid = "{name}"\nurl = "https://e.org"\n[[feed]]\nid = "{name}"\nsource = "{name}"')
    assert (config.sources[0].id, config.feeds[0].id, config.feeds[0].source) == (name, name, (name,))


@pytest.mark.parametrize("name", ["index", "Index", "con", "LPT1", "a.atom", "x.JSON", "feed.xml.gz"])
def test_reserved_ids_of_feeds_are_refused(name: str) -> None:
    """They would be other outputs' addresses, the folder's own, or devices."""
    (said,) = problems(f'{SOURCE}[[feed]]\nid = "{name}"')
    assert said.startswith(f'f:5:6 feed "{name}": id: expected ')
    assert problems(SOURCE.replace('"s"', f'"{name}"')) == []
