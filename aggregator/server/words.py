"""The words of the pages in the five languages we speak, and how each writes a number of things and a span of time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from aggregator.core.policy import Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. Phrases with `{n}` are formatted with a number; `units` are day, hour, minute, second."""

    tag: str
    """BCP 47, the `lang` of the page."""
    skip: str
    feeds: str
    feed: str
    status: str
    nothing: str
    formats: Mapping[str, str]
    addresses: str
    opml: str
    outputs: tuple[str, str]
    sources: tuple[str, str]
    entries: tuple[str, str]
    newest: str
    source: str
    all_sources: str
    all_entries: str
    health: str
    last_poll: str
    next_poll: str
    last_new: str
    per_day: str
    size: str
    never: str
    by_hand: str
    due: str
    now: str
    ago: str
    ahead: str
    units: tuple[str, str, str, str]
    filter: str
    apply: str
    clear: str
    nothing_found: str
    page: str
    previous: str
    following: str
    problems: str
    fine: str
    not_found: str
    not_found_more: str
    home: str
    states: Mapping[Health, str]

    def count(self, phrase: tuple[str, str], n: int) -> str:
        """`n` things: the first form for one, the second for any other number."""
        return phrase[n != 1].format(n=f"{n:,}")

    def span(self, since: timedelta) -> str:
        """How long ago that was, or how far ahead where it is negative, in one unit rounded down."""
        seconds = int(abs(since.total_seconds()))
        if seconds < 10:
            return self.now
        sizes = zip((86_400, 3_600, 60, 1), self.units, strict=True)
        size, unit = next(pair for pair in sizes if seconds >= pair[0])
        return (self.ago if since > timedelta() else self.ahead).format(span=unit.format(n=f"{seconds // size:,}"))


_FORMATS = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed", "opml": "OPML", "hexo": "Hexo"}

_ENGLISH = Words(
    tag="en",
    skip="Skip to the content",
    feeds="Feeds",
    feed="Feed",
    status="Status",
    nothing="Nothing is published yet. As soon as a source has been read, its feeds appear here.",
    formats=_FORMATS | {"html": "Read"},
    addresses="Addresses to subscribe to",
    opml="All feeds as OPML",
    outputs=("{n} feed", "{n} feeds"),
    sources=("{n} source", "{n} sources"),
    entries=("{n} entry", "{n} entries"),
    newest="newest",
    source="Source",
    all_sources="Sources",
    all_entries="Entries",
    health="Health",
    last_poll="Last poll",
    next_poll="Next poll",
    last_new="Last new entry",
    per_day="New entries a day",
    size="Size",
    never="never",
    by_hand="by hand only",
    due="due",
    now="just now",
    ago="{span} ago",
    ahead="in {span}",
    units=("{n} d", "{n} h", "{n} min", "{n} s"),
    filter="Show only sources with",
    apply="Filter",
    clear="Show all",
    nothing_found="No source matches.",
    page="Page {n} of {of}",
    previous="Previous",
    following="Next",
    problems="Needs your attention",
    fine="Everything is running.",
    not_found="There is nothing here",
    not_found_more="The address may be mistyped, or the feed was taken off.",
    home="See all feeds",
    states={
        Health.NEW: "new",
        Health.HEALTHY: "healthy",
        Health.FAILING: "failing",
        Health.DEAD: "dead",
        Health.BLOCKED: "blocked",
        Health.GONE: "gone",
    },
)

_SIMPLIFIED = Words(
    tag="zh-Hans",
    skip="跳到正文",
    feeds="订阅源",
    feed="订阅源",
    status="状态",
    nothing="还没有可订阅的内容。读到第一个来源之后，它的订阅源就会出现在这里。",
    formats=_FORMATS | {"html": "阅读"},
    addresses="订阅地址",
    opml="全部订阅源（OPML）",
    outputs=("{n} 个订阅源", "{n} 个订阅源"),
    sources=("{n} 个来源", "{n} 个来源"),
    entries=("{n} 篇", "{n} 篇"),
    newest="最新",
    source="来源",
    all_sources="来源",
    all_entries="文章",
    health="健康状况",
    last_poll="上次抓取",
    next_poll="下次抓取",
    last_new="最近新增",
    per_day="每日新增",
    size="大小",
    never="从未",
    by_hand="仅手动",
    due="待抓取",
    now="刚刚",
    ago="{span}前",
    ahead="{span}后",
    units=("{n} 天", "{n} 小时", "{n} 分钟", "{n} 秒"),
    filter="只看包含以下文字的来源",
    apply="筛选",
    clear="显示全部",
    nothing_found="没有符合条件的来源。",
    page="第 {n} 页，共 {of} 页",
    previous="上一页",
    following="下一页",
    problems="需要处理",
    fine="一切正常。",
    not_found="这里没有内容",
    not_found_more="地址可能有误，或者这个订阅源已经撤下。",
    home="查看全部订阅源",
    states={
        Health.NEW: "新添加",
        Health.HEALTHY: "正常",
        Health.FAILING: "出错",
        Health.DEAD: "失效",
        Health.BLOCKED: "需要授权",
        Health.GONE: "已关闭",
    },
)

_TRADITIONAL = Words(
    tag="zh-Hant",
    skip="跳到正文",
    feeds="訂閱源",
    feed="訂閱源",
    status="狀態",
    nothing="還沒有可訂閱的內容。讀到第一個來源之後，它的訂閱源就會出現在這裡。",
    formats=_FORMATS | {"html": "閱讀"},
    addresses="訂閱網址",
    opml="全部訂閱源（OPML）",
    outputs=("{n} 個訂閱源", "{n} 個訂閱源"),
    sources=("{n} 個來源", "{n} 個來源"),
    entries=("{n} 篇", "{n} 篇"),
    newest="最新",
    source="來源",
    all_sources="來源",
    all_entries="文章",
    health="健康狀況",
    last_poll="上次擷取",
    next_poll="下次擷取",
    last_new="最近新增",
    per_day="每日新增",
    size="大小",
    never="從未",
    by_hand="僅手動",
    due="待擷取",
    now="剛剛",
    ago="{span}前",
    ahead="{span}後",
    units=("{n} 天", "{n} 小時", "{n} 分鐘", "{n} 秒"),
    filter="只看包含以下文字的來源",
    apply="篩選",
    clear="顯示全部",
    nothing_found="沒有符合條件的來源。",
    page="第 {n} 頁，共 {of} 頁",
    previous="上一頁",
    following="下一頁",
    problems="需要處理",
    fine="一切正常。",
    not_found="這裡沒有內容",
    not_found_more="網址可能有誤，或者這個訂閱源已經撤下。",
    home="檢視全部訂閱源",
    states={
        Health.NEW: "新加入",
        Health.HEALTHY: "正常",
        Health.FAILING: "出錯",
        Health.DEAD: "失效",
        Health.BLOCKED: "需要授權",
        Health.GONE: "已關閉",
    },
)

_JAPANESE = Words(
    tag="ja",
    skip="本文へ移動",
    feeds="フィード",
    feed="フィード",
    status="稼働状況",
    nothing="まだ何も公開されていません。最初の情報源を読み込むと、ここにフィードが並びます。",
    formats=_FORMATS | {"html": "読む"},
    addresses="購読用アドレス",
    opml="全フィード（OPML）",
    outputs=("フィード {n} 件", "フィード {n} 件"),
    sources=("情報源 {n} 件", "情報源 {n} 件"),
    entries=("記事 {n} 件", "記事 {n} 件"),
    newest="最新",
    source="情報源",
    all_sources="情報源",
    all_entries="記事",
    health="状態",
    last_poll="前回の取得",
    next_poll="次回の取得",
    last_new="最後の新着",
    per_day="1 日あたりの新着",
    size="サイズ",
    never="なし",
    by_hand="手動のみ",
    due="取得待ち",
    now="たった今",
    ago="{span}前",
    ahead="{span}後",
    units=("{n} 日", "{n} 時間", "{n} 分", "{n} 秒"),
    filter="次の文字を含む情報源だけを表示",
    apply="絞り込む",
    clear="すべて表示",
    nothing_found="該当する情報源はありません。",
    page="{n} / {of} ページ",
    previous="前へ",
    following="次へ",
    problems="対応が必要です",
    fine="すべて正常に動作しています。",
    not_found="ここには何もありません",
    not_found_more="アドレスが間違っているか、フィードの公開が終了しています。",
    home="フィードの一覧を見る",
    states={
        Health.NEW: "新規",
        Health.HEALTHY: "正常",
        Health.FAILING: "エラー",
        Health.DEAD: "応答なし",
        Health.BLOCKED: "要認証",
        Health.GONE: "終了",
    },
)

_KOREAN = Words(
    tag="ko",
    skip="본문으로 건너뛰기",
    feeds="피드",
    feed="피드",
    status="상태",
    nothing="아직 공개된 피드가 없습니다. 첫 출처를 읽으면 여기에 피드가 나타납니다.",
    formats=_FORMATS | {"html": "읽기"},
    addresses="구독 주소",
    opml="전체 피드(OPML)",
    outputs=("피드 {n}개", "피드 {n}개"),
    sources=("출처 {n}개", "출처 {n}개"),
    entries=("글 {n}개", "글 {n}개"),
    newest="최신",
    source="출처",
    all_sources="출처",
    all_entries="글",
    health="상태",
    last_poll="마지막 수집",
    next_poll="다음 수집",
    last_new="마지막 새 글",
    per_day="하루 새 글",
    size="크기",
    never="없음",
    by_hand="수동만",
    due="수집 대기",
    now="방금",
    ago="{span} 전",
    ahead="{span} 후",
    units=("{n}일", "{n}시간", "{n}분", "{n}초"),
    filter="다음 글자가 있는 출처만 보기",
    apply="거르기",
    clear="모두 보기",
    nothing_found="맞는 출처가 없습니다.",
    page="{of}쪽 중 {n}쪽",
    previous="이전",
    following="다음",
    problems="확인이 필요합니다",
    fine="모두 정상입니다.",
    not_found="여기에는 아무것도 없습니다",
    not_found_more="주소가 잘못되었거나 피드가 내려졌습니다.",
    home="전체 피드 보기",
    states={
        Health.NEW: "새 출처",
        Health.HEALTHY: "정상",
        Health.FAILING: "오류",
        Health.DEAD: "응답 없음",
        Health.BLOCKED: "인증 필요",
        Health.GONE: "종료",
    },
)

LANGUAGES = (_ENGLISH, _SIMPLIFIED, _TRADITIONAL, _JAPANESE, _KOREAN)


def words_for(language: str) -> Words:
    """The words for a BCP 47 tag: Chinese by script, else by region, else simplified; English where we have none."""
    subtags = language.lower().replace("_", "-").split("-")
    if subtags[0] == "zh":
        if "hans" in subtags:
            return _SIMPLIFIED
        return _TRADITIONAL if {"hant", "tw", "hk", "mo"} & set(subtags) else _SIMPLIFIED
    return {"ja": _JAPANESE, "ko": _KOREAN}.get(subtags[0], _ENGLISH)


def language_of(text: str, declared: str | None, site: str) -> str | None:
    """The `lang` for a text: the declared one, unless its letters contradict it; None if nothing is known.

    Kana are Japanese and Hangul Korean. Han alone may be any of the three, so it takes the site's language where that
    is one of them. The tag decides which shapes a browser gives Han letters.
    """
    tag = _tag(declared)
    written = _script(text)
    if not written:
        return tag
    if tag and _primary(tag) in _EAST_ASIAN:
        return tag
    home = _tag(site)
    if home and _primary(home) in _WRITTEN_IN[written]:
        return home
    return _WRITTEN_IN[written][0]


_EAST_ASIAN = ("zh", "ja", "ko")
_WRITTEN_IN = {"han": _EAST_ASIAN, "kana": ("ja",), "hangul": ("ko",)}
_BCP47 = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,5}")


def _tag(declared: str | None) -> str | None:
    """A declared language as an attribute may hold it; None for what is no tag."""
    tag = (declared or "").strip().replace("_", "-")
    return tag if _BCP47.fullmatch(tag) else None


def _primary(tag: str) -> str:
    return tag.lower().partition("-")[0]


def _script(text: str) -> str:
    """The East Asian script of a text: kana, hangul, han or ""."""
    found = ""
    for letter in text[:400]:
        if "\u3041" <= letter <= "\u30ff" and letter != "・":
            return "kana"
        if "\uac00" <= letter <= "\ud7a3":
            return "hangul"
        if "\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0003ffff":
            found = "han"
    return found
