"""Feeds to measure with: the same arguments give the same bytes, everywhere and at any time.

An entry is like one of a Chinese news site: about ten kilobytes of HTML with headings, figures, lists, quotations,
lazily loaded pictures, data attributes, tracking parameters, an author, categories and an enclosure. A feed is a
window over an endless row of entries: round R shows N entries from number R on, so that the next round has one new
entry in every feed.

    python benchmarks/corpus.py FOLDER --feeds 20 --entries 10 --rounds 2

writes FOLDER/0/f000.xml ... and FOLDER/1/f000.xml ...; `in_encoding` and `as_json` give the same feeds in other dress.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
SPACING = timedelta(minutes=25)
CHANNELS = 20
"""Feed F belongs to channel F modulo this."""

_PHRASES = """
研究团队 多家厂商 开源社区 市政部门 几位读者 气象台 图书馆 编辑部 运营商 实验室 志愿者 天文馆 铁路局 出版社
上周 今年第三季度 清晨 在发布会上 三年之后 从去年起 与此同时 据现场消息 在最近一次测试中 截至目前
公布了 重新设计了 悄悄下架了 正在评估 推迟了 完成了 首次展示 收到了 升级了 比较了 放弃了 修复了 讨论过
新的时刻表 一套中文字体 折叠屏手机 旧城区的路灯 订阅协议 浏览器内核 卫星照片 低温电池 公共数据接口 校园网络
细节尚未确认 用户反应不一 价格没有变化 代码已经公开 预计明年春天完工 共涉及128个站点 English_names_stay
手机 天文 交通 开源 阅读 气候 电池 字体 网络 城市
"""
_WHO, _WHEN, _DID, _WHAT, _MORE, _TOPICS = (line.split() for line in _PHRASES.split("\n")[1:-1])
_SIGNS = (
    "天地山川风云雨雪春夏秋冬东西南北上下左右前后里外大小多少长短高低新旧快慢远近轻重冷热明暗红黄蓝绿白黑金木水火土石"
    "田草花树鸟鱼马牛羊犬米茶衣食住行路桥车船门窗灯书笔纸画琴声光电波线面点数量度时分秒日月年岁人口手足心目耳言语文字"
    "学校城市乡村海洋江湖河岸岛屿平原高原森林沙漠公共安全技术工程设计制造运输能源材料信息网络通信计算存储程序数据模型"
)
_bag = random.Random("words")
_WORDS = ["".join(_bag.choices(_SIGNS, k=_bag.choice((2, 2, 2, 3, 4)))) for _ in range(1500)]
"""Words that mean nothing, so many that text compresses as real Chinese text does: to about a quarter."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as its author meant it, before any dialect writes it."""

    address: str
    title: str
    author: str
    categories: tuple[str, ...]
    picture: str
    picture_bytes: int
    written: datetime
    html: str


def make_entry(feed: int, number: int, *, size: int = 10_240) -> Entry:
    """Entry `number` of a feed, with at least `size` bytes of HTML."""
    dice = random.Random(f"entry/{feed}/{number}")
    site = f"https://site{feed}.example.com"
    address = f"{site}/{number // 100}/{number}.htm"
    title = f"{_clause(dice)}（{feed}·{number}）"
    return Entry(
        address=address,
        title=title,
        author=f"记者 {dice.choice('赵钱孙李周吴郑王')}{dice.randint(1, 60)}",
        categories=(f"频道{feed % CHANNELS}", dice.choice(_TOPICS), dice.choice(_TOPICS) + "评论"),
        picture=f"https://pic{feed % 5}.example.com/{feed}/{number}/cover.jpg",
        picture_bytes=dice.randint(20_000, 800_000),
        written=EPOCH + number * SPACING + timedelta(seconds=(feed * 41) % 1500),
        html=_html(dice, feed, number, title, size),
    )


def make_document(feed: int, entries: Sequence[Entry]) -> bytes:
    """The feed's document with these entries, in its dialect: every third one is Atom, the others RSS 2.0."""
    return (_atom if feed % 3 == 2 else _rss)(feed, entries).encode()


def in_encoding(document: bytes, encoding: str) -> bytes:
    """The document in another encoding, which it declares."""
    return document.decode().replace('encoding="UTF-8"', f'encoding="{encoding}"', 1).encode(encoding)


def as_json(feed: int, entries: Sequence[Entry]) -> bytes:
    """The same entries as a JSON Feed."""
    site = f"https://site{feed}.example.com/"
    head = {"version": "https://jsonfeed.org/version/1.1", "title": f"示例站 {feed}", "home_page_url": site}
    items = [
        {
            "id": entry.address,
            "url": f"{entry.address}?utm_source=json",
            "title": entry.title,
            "content_html": entry.html,
            "authors": [{"name": entry.author}],
            "tags": entry.categories,
            "image": entry.picture,
            "date_published": _iso(entry.written),
        }
        for entry in entries
    ]
    return json.dumps(head | {"language": "zh-CN", "items": items}, ensure_ascii=False).encode()


def as_post(entry: Entry) -> bytes:
    """An entry as a post with front matter."""
    lines = [f"title: {json.dumps(entry.title, ensure_ascii=False)}", f'date: "{_iso(entry.written)}"']
    lines += [f"author: {entry.author}", f"tags: {json.dumps(entry.categories, ensure_ascii=False)}"]
    return "\n".join(["---", *lines, f"cover: {entry.picture}", "---", "", entry.html, ""]).encode()


def write_rounds(folder: Path, *, feeds: int, entries: int, rounds: int = 1, size: int = 10_240) -> int:
    """Write `rounds` states of all feeds into `folder`/0, /1 ...; the bytes of the first state."""
    total = 0
    for feed in range(feeds):
        row = [make_entry(feed, number, size=size) for number in range(entries + rounds - 1)]
        for turn in range(rounds):
            body = make_document(feed, row[turn : turn + entries][::-1])
            total += len(body) if turn == 0 else 0
            file = folder / str(turn) / name_of(feed)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
            moment = (EPOCH + timedelta(days=400 + turn)).timestamp()
            os.utime(file, (moment, moment))
    return total


def name_of(feed: int) -> str:
    """The file of a feed."""
    return f"f{feed:03d}.xml"


def _clause(dice: random.Random) -> str:
    return (
        dice.choice(_WHEN)
        + dice.choice(_WHO)
        + dice.choice(_DID)
        + "".join(dice.choices(_WORDS, k=6))
        + dice.choice(_WHAT)
    )


def _sentences(dice: random.Random, count: int) -> str:
    return "".join(_clause(dice) + "，" + dice.choice(_MORE) + dice.choice("。。！；") for _ in range(count))


def _html(dice: random.Random, feed: int, number: int, title: str, size: int) -> str:
    blocks: list[str] = ['<div class="article" id="paragraph">']
    written = part = 0
    while written < size:
        for block in _section(dice, feed, number, part, title):
            blocks.append(block)
            written += len(block.encode())
        part += 1
    return "\n".join([*blocks, "</div>"])


def _section(dice: random.Random, feed: int, number: int, part: int, title: str) -> Iterator[str]:
    mark = f'data-mark="{dice.getrandbits(20):05x}"'
    base = f"https://pic{feed % 5}.example.com/{feed}/{number}/{part}"
    yield f"<h2 {mark}>{_clause(dice)}</h2>"
    yield f"<p {mark}>{_sentences(dice, 6)}</p>"
    yield (
        f'<figure {mark} style="text-align:center"><img src="{base}.jpg" alt="{escape(title)}" width="1280"'
        f' height="720" data-w="1280" referrerpolicy="no-referrer"><figcaption>{_clause(dice)}</figcaption></figure>'
    )
    yield (
        f'<p {mark}>{_sentences(dice, 3)}<a href="/{number}/{part}.htm?utm_source=feed&amp;utm_medium=rss'
        f'&amp;page={part}" target="_blank">{_clause(dice)}</a>，{_sentences(dice, 3)}</p>'
    )
    yield f"<ul>{''.join(f'<li>{_clause(dice)}</li>' for _ in range(4))}</ul>"
    yield f"<blockquote {mark}><p><strong>{_clause(dice)}</strong><br>{_sentences(dice, 3)}</p></blockquote>"
    yield f'<p><img class="lazy" src="/blank.gif" data-original="{base}-2.png" w="640" h="480" alt=""></p>'


def _rss(feed: int, entries: Sequence[Entry]) -> str:
    site = f"https://site{feed}.example.com/"
    items = "".join(map(_rss_item, entries))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/">\n<channel>\n'
        f"<title>示例站 {feed}</title><link>{site}</link><description>第 {feed} 个示例站</description>"
        f"<language>zh-cn</language><lastBuildDate>{_newest(entries, _mail_date)}</lastBuildDate>\n"
        f"{items}</channel>\n</rss>\n"
    )


def _rss_item(entry: Entry) -> str:
    categories = "".join(f"<category>{escape(name)}</category>" for name in entry.categories)
    return (
        f"<item>\n<title>{escape(entry.title)}</title>\n<link>{entry.address}?utm_source=rss</link>\n"
        f'<guid isPermaLink="false">{entry.address}</guid>\n<dc:creator>{entry.author}</dc:creator>\n{categories}\n'
        f"<pubDate>{_mail_date(entry.written)}</pubDate>\n"
        f'<enclosure url="{entry.picture}" length="{entry.picture_bytes}" type="image/jpeg"/>\n'
        f"<description>{escape(entry.title)}</description>\n"
        f"<content:encoded><![CDATA[{entry.html}]]></content:encoded>\n</item>\n"
    )


def _atom(feed: int, entries: Sequence[Entry]) -> str:
    site = f"https://site{feed}.example.com/"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-CN">\n'
        f'<title>示例站 {feed}</title><id>{site}</id><link href="{site}"/><link rel="self" href="{site}feed.atom"/>'
        f"<updated>{_newest(entries, _iso)}</updated>\n{''.join(map(_atom_entry, entries))}</feed>\n"
    )


def _atom_entry(entry: Entry) -> str:
    categories = "".join(f'<category term="{escape(name)}"/>' for name in entry.categories)
    return (
        f'<entry>\n<title>{escape(entry.title)}</title>\n<link href="{entry.address}?utm_source=atom"/>\n'
        f'<link rel="enclosure" href="{entry.picture}" length="{entry.picture_bytes}" type="image/jpeg"/>\n'
        f"<id>{entry.address}</id>\n<author><name>{entry.author}</name></author>\n{categories}\n"
        f"<published>{_iso(entry.written)}</published><updated>{_iso(entry.written)}</updated>\n"
        f"<summary>{escape(entry.title)}</summary>\n"
        f'<content type="html">{escape(entry.html, quote=False)}</content>\n</entry>\n'
    )


def _newest(entries: Sequence[Entry], form: Callable[[datetime], str]) -> str:
    return form(max((entry.written for entry in entries), default=EPOCH))


def _mail_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Write a corpus and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--feeds", type=int, default=20)
    parser.add_argument("--entries", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bytes", type=int, default=10_240, help="of HTML in an entry")
    given = parser.parse_args()
    total = write_rounds(given.folder, feeds=given.feeds, entries=given.entries, rounds=given.rounds, size=given.bytes)
    print(f"{given.feeds} feeds of {given.entries} entries, {total / 1e6:.1f} MB a round, {given.rounds} rounds")


if __name__ == "__main__":
    main()
