"""Which encoding undeclared bytes are in: East Asian ones by how common the characters are that they would give.

Rules for editors: bytes of one East Asian encoding are nearly always decodable as another, but then they give very rare
characters. So every candidate is decoded and weighed by the share of the few hundred characters that
make up most of any text. Short texts (a headline) are what this must get right; charset-normalizer, which is good at
long ones, is used for the other scripts.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from charset_normalizer import from_bytes

from aggregator.core.charset.labels import decode_plainly, exact_codec, windows_euc_jp

_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法"
    "学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正"
    "业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教"
    "儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期"
    "市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北"
    "边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔网站腾讯首持续价值技术服务用户系统视频图片发布消息新闻科技公司市场"
    "手机互联智能软件版本游戏产品中国北京上海支付平台数据企业经济社会发展国家政府投资股票银行北京时间记者编辑作者来源阅读评论分享推荐"
    "测试标题内容文章博客首页分类资讯订阅简体中文汉字编码错误日报快讯财经体育娱乐汽车房产健康旅游美食"
)
_TRADITIONAL = (
    "這個們來為國說時會對於著過發後裡種經學現當沒動還進樣開從實軍無與長機情關點業將兩間問應戰頭體見產話給門東聲論處義幾認條題爾別變"
    "總電數報結務場計資許統區隊決馬書聽達強難權設記類據邊張該規萬覺術領確傳師觀讓識帶導爭運聯網灣臺台華報導記者綜合編輯訊息電腦軟體"
    "遊戲產品市場價格經濟社會發展國際企業銀行股票投資醫療健康環境教育歷史藝術圖書館測試標題內容文章網誌首頁繁體中文編碼香港澳門選舉總統"
    "政黨議員立法院疫情確診颱風地震捷運高鐵機場飛機蘋果手機新聞科技專題訪問專家調查"
)
_JAPANESE = (
    "日本人大年会国中一分事者社自時間東京都市区県場業生学校新高校電話行動報道発表記者会見関係問題開始決定内容情報公開選挙知事首相政府"
    "経済産業企業会社株式市場価格円安金利銀行投資対応必要可能実施予定利用提供機能製品技術開発研究最新版発売販売商品店舗無料登録更新"
    "気温天気地震津波台風被害警察事件事故容疑者逮捕裁判所病院医療健康感染確認世界米国韓国北朝鮮台湾戦争平和試合優勝選手野球大阪名古屋"
    "福岡札幌神奈川埼玉千葉横浜画像動画写真映画音楽漫画作品読者編集部更新日記題名文字化試験変更"
)
_HANGUL = (
    "이다는에의가을를은로한고지하기사도서리자어대인시해정나스아있구제수일전그부보상라장조주국들적과원비용공으만성위신전유안서동여것관경"
    "세화계발학생회실무선게내개트치연오각민문관년월통방중우소교당드음모차무면결합거할합니까요었았습된되했러려저데미영물건강남북한국"
    "서울대통령정부기업시장경제사회문화스포츠연예뉴스기자제목내용글테스트한글인터넷서비스기술개발업데이트출시공개진행최근오늘내일"
    "날씨앱폰삼성현대차엘지네카톡쇼핑음악배우가수방송축구야구결승팀감독코로나백신환자병원학교학생교육여행맛집책영어날짜사람사랑생각말씀"
    "안녕하세요감사합니다블로그댓글추천조회등록수정삭제검색"
)
_FREQUENT_HAN = frozenset(_SIMPLIFIED + _TRADITIONAL + _JAPANESE)
_FREQUENT_HANGUL = frozenset(_HANGUL)


def _table(codec: str, leads: range, trails: range) -> frozenset[str]:
    """All characters of some rows of a two-byte set."""
    rows = b"".join(bytes((lead, trail)) for lead in leads for trail in trails)
    return frozenset(rows.decode(codec, "ignore"))


_EUC = range(0xA1, 0xFF)
_COMMON = {
    "gb18030": _table("gb2312", range(0xB0, 0xD8), _EUC),
    "big5": _table("cp950", range(0xA4, 0xC7), range(0x40, 0x7F)) | _table("cp950", range(0xA4, 0xC7), _EUC),
    "euc-jp": _table("euc_jp", range(0xB0, 0xD0), _EUC),
}
"""The first level of each set: the characters its makers thought common."""
_COMMON["cp932"] = _COMMON["euc-jp"]
_MARKS = frozenset("，。、：；！？“”‘’（）《》「」『』【】…—·～ー々〜〈〉〔〕　％＋－／＆［］｜")
_KANJI_CODECS = ("euc-jp", "cp932")
_CANDIDATES = ("gb18030", "big5", "cp932", "euc-jp", "cp949")
_TWO_BYTE = frozenset(("gb18030", "big5", "cp932", "euc-jp", "cp949"))
_ALPHABETS_APART = frozenset(("gb18030", "cp932", "euc-jp", "cp949"))
"""Sets whose Greek and Cyrillic rows are not read by chance; those of Big5 have byte values common in Cyrillic text."""
_NOT_SHIFT_JIS = re.compile("[\uf8f0-\uf8f3]")
"""What Windows makes of single bytes that no Shift_JIS text has (A0, FD, FE, FF)."""
_MOST_DAMAGES = 64
_WINDOW = 48
_EUC_LIKE = frozenset(("gb18030", "euc-jp", "cp949"))
"""Sets whose second bytes are mostly above ASCII too: one byte less, and all up to the next ASCII is read amiss."""
_PAIRED = bytes(range(0x81, 0xFF))
_REST_OF_RUN = re.compile(rb"[\x81-\xfe]{0,1000}")
_LONGEST_RUN = 1000
_SURER = 1.0
"""By how much a reading must be better than one that explains the damage nearer to its end: a common character."""
_BEFORE_MARKUP = re.compile(rb"[^<\n]+")
_SAMPLE_BYTES = 1 << 17
_SHORT_SAMPLE_BYTES = 1 << 14
"""Where so few give all the characters that are looked at, the rest of the sample would say the same."""
_SAMPLE_CHARACTERS = 3000

PLAUSIBLE = 0.35
"""Weight from which bytes without a label are believed to be East Asian; wrong readings stay below 0.2."""

_SINGLE_BYTE = ["cp1251", "koi8_r", "iso8859_5", "cp866", "cp1253", "iso8859_7", "cp1255"]
_SINGLE_BYTE += ["cp1256", "iso8859_6", "cp874", "cp1252"]
_ISO_ALPHA = re.compile(rb"\xb6[\xdc-\xfe]")
"""Ά before a small letter in ISO-8859-7; in windows-1253, which differs in little else, this is ¶."""
_MARKUP = re.compile(rb"<[^<>]{0,2000}>")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3,}")
_HIGH = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A codec and how common the characters are that it gives: 1 is ordinary prose, below 0 hardly text at all."""

    codec: str
    weight: float
    characters: int
    """How many characters outside ASCII it gave, at most a few thousand."""
    lost: int = 0
    """How many of them are U+FFFD."""


def guess_east_asian(body: bytes) -> Guess | None:
    """The East Asian encoding that makes most sense of the bytes, or None for bytes without any that are not ASCII."""
    sample = _sample(body)
    best = _heaviest([weigh(codec, sample) for codec in _CANDIDATES])
    if best is None or best.weight >= PLAUSIBLE:
        return best
    return _heaviest([_weigh_text(codec, realigned(codec, sample, damages=8)) for codec in _CANDIDATES])


def _heaviest(guesses: list[Guess | None]) -> Guess | None:
    return max(filter(None, guesses), key=lambda guess: guess.weight, default=None)


def weigh(codec: str, body: bytes) -> Guess | None:
    """How well one East Asian codec reads the bytes; None if they are all ASCII."""
    first = _weigh_text(codec, decode_plainly(codec, _sample(body, _SHORT_SAMPLE_BYTES)))
    if first is None or first.characters < _SAMPLE_CHARACTERS:
        return _weigh_text(codec, decode_plainly(codec, _sample(body)))
    return first


def _weigh_text(codec: str, text: str) -> Guess | None:
    strange = list(islice((c for c in text if c > "\x7f"), _SAMPLE_CHARACTERS))
    if not strange:
        return None
    total = sum(_worth(c, codec) * number for c, number in Counter(strange).items())
    lost = strange.count("\ufffd")
    return Guess(codec=codec, weight=total / len(strange), characters=len(strange), lost=lost)


def realigned(codec: str, body: bytes, *, damages: int = _MOST_DAMAGES) -> str:
    """The text, as `decode_plainly`; after a damaged byte two-byte characters are taken up again where they make sense.

    A decoder alone takes the second byte of a lost character for the first of the next, and all up to the next ASCII
    character with it.
    """
    if codec not in _TWO_BYTE:
        return decode_plainly(codec, body)
    exact = exact_codec(codec, body)
    parts: list[str] = []
    start = 0
    for _ in range(damages):
        damage = _first_damage(body[start:], exact)
        if damage is None:
            return "".join(parts) + body[start:].decode(exact)
        at = start + damage
        run = _odd_run(body, start, at) if codec in _EUC_LIKE else None
        if run:
            parts.append(body[start : run.start].decode(exact) + _with_one_lost(codec, body[run.start : run.stop]))
            start = run.stop
            continue
        parts.append(body[start:at].decode(exact))
        extended = windows_euc_jp(body[at : at + 2]) if codec == "euc-jp" else ""
        parts.append(extended or "\ufffd")
        start = at + (2 if extended else _damage(codec, body[at : at + _WINDOW]))
    return "".join(parts) + decode_plainly(codec, body[start:])


def _odd_run(body: bytes, start: int, at: int) -> range | None:
    """The bytes above ASCII around a damage, if they are between ASCII and are one too few or too many for pairs."""
    low = max(start, at - _LONGEST_RUN)
    first = low + len(body[low:at].rstrip(_PAIRED))
    end = _REST_OF_RUN.match(body, at).end()  # type: ignore[union-attr]  # the pattern may match nothing
    run = body[first:end]
    if len(run) % 2 == 0 or len(run) > _LONGEST_RUN or body[end : end + 1] >= b"\x80" or b"\x8f" in run:
        return None
    return range(first, end)


def _with_one_lost(codec: str, run: bytes) -> str:
    """The text of an odd number of bytes that are read in pairs, with U+FFFD where a lost byte is most likely.

    Where a byte was dropped, all behind it is still decodable, but to very rare characters; the error shows only
    at the end of the run.
    """
    last = len(run) - 1
    pairs = [run[i : i + 2].decode(codec, "replace") for i in range(last)]
    worths = [sum(_worth(c, codec) for c in pair) for pair in pairs]
    total = best = sum(worths[0:last:2])
    lost = last
    for at in range(last - 2, -1, -2):
        total += worths[at + 1] - worths[at]
        if total > best + _SURER:
            best, lost = total, at
    return "".join(pairs[0:lost:2]) + "\ufffd" + "".join(pairs[lost + 1 : last : 2])


def _first_damage(body: bytes, exact: str) -> int | None:
    """Where the first byte is that fits nothing; None if all do."""
    position = None
    try:
        text = body.decode(exact)
    except UnicodeDecodeError as damage:
        position = damage.start
        text = body[:position].decode(exact)
    stray = _NOT_SHIFT_JIS.search(text) if exact == "cp932" else None
    return len(text[: stray.start()].encode(exact)) if stray else position


def _damage(codec: str, window: bytes) -> int:
    """How many bytes to leave out at a damage, one or two, so that what follows makes more sense."""
    word = _BEFORE_MARKUP.match(window)
    if word is None or window[1:2] < b"\x80":
        return 1
    one, two = (weigh(codec, word[0][skipped:]) for skipped in (1, 2))
    return 2 if one and two and two.weight > one.weight else 1


def guess_single_byte(body: bytes) -> str | None:
    """The codec of a script that is not Latin (Cyrillic, Greek, Hebrew, Arabic, Thai); None for Latin or no guess.

    Latin text has its accented letters one by one, the other scripts have words of them.
    """
    text = _MARKUP.sub(b" ", _sample(body))
    in_words = sum(len(run) for run in _HIGH_RUN.findall(text))
    if in_words < 40 or in_words < 0.7 * len(_HIGH.findall(text)):
        return None
    best = from_bytes(text[:20_000], cp_isolation=_SINGLE_BYTE, threshold=0.4).best()
    if best is None or best.encoding in ("cp1252", "ascii"):
        return None
    if best.encoding == "cp1253" and _ISO_ALPHA.search(text):
        return "iso8859_7"
    return best.encoding.replace("_", "-") if best.encoding.startswith("koi") else best.encoding


def _sample(body: bytes, size: int = _SAMPLE_BYTES) -> bytes:
    """The beginning, cut where no character is cut: `<` and line ends are in no trail byte of these encodings."""
    if len(body) <= size:
        return body
    start = body[:size]
    return start[: max(start.rfind(b"<"), start.rfind(b"\n"), size // 2)]


def _worth(c: str, codec: str) -> float:
    """What one character says for a codec."""
    code = ord(c)
    if c == "\ufffd":
        return -3.0
    if c in _MARKS:
        return 0.5
    if 0x4E00 <= code <= 0x9FFF:
        if codec == "cp949":
            return -0.3
        return 1.0 if c in _FREQUENT_HAN else 0.25 if c in _COMMON[codec] else -0.4
    if 0x3041 <= code <= 0x30FA:
        return 1.0 if codec in _KANJI_CODECS else 0.4
    if 0xAC00 <= code <= 0xD7A3:
        return 1.0 if c in _FREQUENT_HANGUL else 0.1
    if 0xFF01 <= code <= 0xFF5E:
        return 0.4
    if 0x0391 <= code <= 0x0451:
        return 0.6 if codec in _ALPHABETS_APART else -0.5
    return -0.5 if code > 0xA0 and not 0xE000 <= code <= 0xF8FF else -2.0
