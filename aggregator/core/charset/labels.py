"""Names of encodings as documents declare them -> the decoder that reads what is really meant (rule P19).

Rules for editors: a label stands for the widest encoding that producers put under it, as in browsers (WHATWG
Encoding). A label that is not in the table and not of `_FAMILIES` is no label: nothing else reaches `codecs.lookup`,
which would also find "hex" and "utf-7".
"""

from __future__ import annotations

import codecs
import re

_LABELS: dict[str, str] = {
    label: codec
    for codec, labels in {
        "utf-8": "utf8 unicode11utf8 unicode20utf8 xunicode20utf8 utf8mb4 utf8n utf8bom utf8sig cesu8 unicode",
        "utf-16": "utf16 ucs2 iso10646ucs2 csunicode unicodefeff",
        "utf-16-le": "utf16le unicodefffe", "utf-16-be": "utf16be",
        "utf-32": "utf32 ucs4 iso10646ucs4", "utf-32-le": "utf32le ucs4le", "utf-32-be": "utf32be ucs4be",
        "gb18030": "gb2312 gb231280 gb231280csisoir58 chinese csgb2312 csiso58gb231280 isoir58 gbk xgbk cp936 ms936"
        " windows936 936 gb18030 gb180302000 gb180302005 gb180302022 euccn eucgb2312cn xeuccn gb eucgb2312",
        "hz": "hz hzgb hzgb2312",
        "big5": "big5 cnbig5 csbig5 xxbig5 big5tw big5eten cp950 ms950 windows950 950 big5hk big5hkscs big5hkscs2004"
        " big5hkscs1999 hkscs",
        "cp932": "shiftjis shiftjisx0213 shiftjis2004 sjis xsjis mskanji csshiftjis cp932 ms932 windows31j windows932"
        " 932 cswindows31j mskanjicodepage xmssjis",
        "euc-jp": "eucjp xeucjp ujis cseucpkdfmtjapanese extendedunixcodepackedformatforjapanese cp51932 eucjpms"
        " eucjpwin eucjis2004",
        "iso-2022-jp": "iso2022jp csiso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jpms cp50220 cp50221 cp50222 jis"
        " jis7",
        "cp949": "euckr cseuckr ksc56011987 ksc5601 ksc56011989 ksx1001 isoir149 korean windows949 cp949 ms949 uhc 949"
        " csksc56011987 xwindows949",
        "iso-2022-kr": "iso2022kr csiso2022kr", "johab": "johab cp1361 ms1361",
        "cp1252": "ascii usascii ansix341968 ansix341986 iso646us iso646irv1991 isoir6 us 646 cp367 ibm367 csascii"
        " iso88591 iso885911987 latin1 l1 isoir100 cp819 ibm819 csisolatin1 cp1252 windows1252 xcp1252 ansi 1252",
        "cp1254": "iso88599 iso885991989 latin5 l5 isoir148 csisolatin5 cp1254 windows1254 xcp1254",
        "cp874": "iso885911 tis620 dos874 windows874 cp874 tis6202533 xwindows874",
        "iso8859-2": "iso88592 latin2 l2", "iso8859-3": "iso88593 latin3 l3", "iso8859-4": "iso88594 latin4 l4",
        "iso8859-5": "iso88595 cyrillic", "iso8859-6": "iso88596 arabic", "iso8859-7": "iso88597 greek greek8",
        "iso8859-8": "iso88598 iso88598i iso88598e hebrew logical visual", "iso8859-10": "iso885910 latin6 l6",
        "iso8859-13": "iso885913", "iso8859-14": "iso885914", "iso8859-15": "iso885915 latin9 l9",
        "iso8859-16": "iso885916",
        "cp1250": "cp1250 windows1250 xcp1250", "cp1251": "cp1251 windows1251 xcp1251 1251 win1251",
        "cp1253": "cp1253 windows1253 xcp1253", "cp1255": "cp1255 windows1255 xcp1255",
        "cp1256": "cp1256 windows1256 xcp1256", "cp1257": "cp1257 windows1257 xcp1257",
        "cp1258": "cp1258 windows1258 xcp1258",
        "koi8-r": "koi8r koi8 koi cskoi8r", "koi8-u": "koi8u koi8ru", "koi8-t": "koi8t", "ptcp154": "ptcp154 pt154",
        "cp866": "cp866 ibm866 866 csibm866", "cp850": "cp850 ibm850", "cp852": "cp852 ibm852", "cp437": "cp437 ibm437",
        "cp855": "cp855 ibm855", "cp858": "cp858 ibm858", "cp862": "cp862 ibm862", "cp864": "cp864 ibm864",
        "mac-roman": "macintosh mac macroman xmacroman csmacintosh", "mac-cyrillic": "maccyrillic xmaccyrillic"
        " xmacukrainian", "mac-greek": "macgreek xmacgreek", "mac-turkish": "macturkish xmacturkish",
        "mac-latin2": "maclatin2 xmacce macce maccentraleurope",
        "cp037": "cp037 ibm037 ebcdiccpus ebcdiccpca", "cp500": "cp500 ibm500 ebcdiccpbe",
        "cp1140": "cp1140 ibm1140 ibm01140",
    }.items()
    for label in labels.split()
}  # fmt: skip

_LONGEST_LABEL = 64
_NOISE = re.compile(r"[^a-z0-9]")
_EUC = re.compile(rb"\x8f[\xa1-\xfe]{2}|\x8e[\xa1-\xdf]|((?:[\xa1-\xfe]{2})+)")
_BIG5_DOUBTFUL = re.compile("[\u2170-\u2179\u2460-\u247d\u3003-\u3007\u3040-\u30ff\u0400-\u04ff]")
"""What cp950 puts where Hong Kong's Big5 and browsers have other characters (rows C6 to C8)."""

NARROW = {
    "gb2312": "gb2312", "gbk": "gbk", "big5": "big5", "shiftjis": "shift_jis", "sjis": "shift_jis", "euckr": "euc_kr",
    "xgbk": "gbk", "gb231280": "gb2312",
    "ksc56011987": "euc_kr", "usascii": "ascii", "ascii": "ascii",
}  # fmt: skip
"""Labels that name less than they are used for, and what they name."""

SUBSETS = {"gbk": "gb18030", "euc_kr": "cp949"}
"""Those of them that name nothing but what is at the same place in the wider set."""

MULTIBYTE = frozenset(("gb18030", "big5", "cp932", "euc-jp", "cp949"))


def codec_for(label: str | None) -> str | None:
    """The decoder for a declared label; None for one that is unknown, empty or absurdly long."""
    folded = fold_label(label)
    return _LABELS.get(folded) if folded else None


def fold_label(label: str | None) -> str:
    """A label without case and punctuation: "KS_C_5601-1987" -> "ksc56011987"."""
    if not label or len(label) > _LONGEST_LABEL:
        return ""
    return _NOISE.sub("", label.lower())


def decode_plainly(codec: str, body: bytes) -> str:
    """The text, with U+FFFD for what cannot be decoded. Never raises."""
    if codec == "big5":
        return body.decode(exact_codec(codec, body), "replace")
    if codec == "euc-jp":
        return _euc_jp(body)
    if codec == "iso-2022-jp":
        return _iso_2022_jp(body)
    if codec == "utf-8":
        return _utf_8(body)
    return codecs.decode(body, codec, "replace")


def exact_codec(codec: str, body: bytes) -> str:
    """Python's codec for ours: "big5" is cp950, or Hong Kong's where that reads more; they differ both ways."""
    if codec != "big5":
        return codec
    taiwan = body.decode("cp950", "replace")
    if "\ufffd" not in taiwan and not _BIG5_DOUBTFUL.search(taiwan):
        return "cp950"
    hong_kong = body.decode("big5hkscs", "replace")
    lost = taiwan.count("\ufffd"), hong_kong.count("\ufffd")
    if lost[0] == lost[1]:
        return "big5hkscs" if _BIG5_DOUBTFUL.search(taiwan) else "cp950"
    return "cp950" if lost[0] < lost[1] else "big5hkscs"


_LOST = re.compile("[\udc80-\udcff]{1,4}")


def _utf_8(body: bytes) -> str:
    """One damaged character is one U+FFFD, whatever number of its bytes no longer fit."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return _LOST.sub("\ufffd", body.decode("utf-8", "surrogateescape"))


def _euc_jp(body: bytes) -> str:
    """EUC-JP as browsers read it: with the NEC and IBM characters of Windows (①, ㈱, 髙), which Python's lacks."""
    try:
        return body.decode("euc_jp")
    except UnicodeDecodeError:
        pass
    parts: list[str] = []
    end = 0
    for match in _EUC.finditer(body):
        if match[1]:
            parts.append(body[end : match.start()].decode("euc_jp", "replace"))
            parts.append(_shifted(match[1]).decode("cp932", "replace"))
            end = match.end()
    parts.append(body[end:].decode("euc_jp", "replace"))
    return "".join(parts)


def windows_euc_jp(pair: bytes) -> str:
    """The character of Windows's EUC-JP that two bytes name; empty if they name none."""
    return _shifted(pair).decode("cp932", "ignore") if _EUC.fullmatch(pair) and pair[0] > 0xA0 else ""


def _shifted(pairs: bytes) -> bytes:
    """Two-byte characters of EUC-JP in Shift_JIS."""
    out = bytearray()
    for high, low in zip(pairs[::2], pairs[1::2], strict=True):
        row, cell = high - 0xA0, low - 0xA0
        lead = (row + 1) // 2 + (0x80 if row < 63 else 0xC0)
        out.append(lead)
        out.append(cell + 0x9E if row % 2 == 0 else cell + (0x3F if cell < 64 else 0x40))
    return bytes(out)


def _iso_2022_jp(body: bytes) -> str:
    for codec in ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004"):
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
    return body.decode("iso2022_jp_ext", "replace")
