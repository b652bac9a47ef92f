"""Which encoding text is in, and what of it is no text.

Nothing in a file says it, and most bytes can be read in several ways. UTF-8 is told by its grammar. Of the older ones
that is taken in which the text is made of the most usual characters of its language: in a wrong one a good part of them
are signs that hardly anybody writes. A text that is unusual in all of them is refused.
"""

from __future__ import annotations

import codecs
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections import Counter
from functools import lru_cache
from math import log
from pathlib import Path
from typing import IO, NamedTuple

from kolgraph.errors import InputError, UnknownFormat, option

#: Bytes of lines that are not ASCII, by which an encoding is told, and the pieces in which they are looked for.
ENOUGH = 1 << 16
PIECE = 1 << 20
#: Those of 32 bits come first: read in 16 bits every other character of them is a NUL.
WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
MARKS = {BOM_UTF32_LE: "utf-32", BOM_UTF32_BE: "utf-32", BOM_UTF16_LE: "utf-16", BOM_UTF16_BE: "utf-16"}
#: The supersets of what is called GBK, Big5, Shift-JIS, EUC-KR and Latin-1; the usual one here first.
NARROW = ("gb18030", "big5hkscs", "cp932", "cp949", "euc_jp", "cp1252")
#: Written in place of bytes that no character has: never a part of UTF-8, so that the row they are in is no text.
_BROKEN = "\udcff"
codecs.register_error(
    "kolgraph.broken", lambda error: (_BROKEN, error.end if isinstance(error, UnicodeDecodeError) else 0)
)
#: A Chinese character as UTF-8; in the older encodings these bytes are hardly ever neighbours.
_UTF8_WORD = re.compile(b"[\xe3-\xe9][\x80-\xbf]{2}")

#: What is written most, in either script; names too.
_HANZI = frozenset(
    "的一是不了在有人我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好"
    "都然没日于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此"
    "实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平"
    "真听世气信北少关并内加化由却代产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应"
    "路期叫常提感金何更反合放做系计司利受光王果亲界及今京制解各任至清物台记边共风接它许八特直林题建南度色字请交爱让认算论"
    "百吃科怎元社结六指思每青花快条变联言该传近红周保达办七城强完深区求品转量空程告语满式李写识黄德收脸钱取始双商千像找友"
    "站广改早房音火单影网香专石谁校飞观视喜赞评粉丝微博刘陈杨赵吴徐孙胡朱郭罗梁宋郑谢韩唐冯董萧曹袁邓傅沈曾彭吕苏卢蒋蔡"
    "這來國個說們為時會過學對裡後麼沒於還發當無開見經頭從動兩長樣現將與進實點種聲話兒問機給幾業間東聽氣關並內產萬體別處總"
    "場師書員華報馬張難應車親記邊風許覺題請愛讓認論結條變聯傳紅達辦強區轉語滿識臉錢雙飛觀視廣單網專誰贊評絲劉陳楊趙吳孫"
)
_HANGUL = frozenset(
    "이다는을가에의고하로한은를지도사나기어서리인그아자일시대있으것들수해만안라보게정주부오여제스구상과전와성장면동니러했원"
    "무모우내유조생마용말신없당소요경비김박최강윤임선민영준현진희연관계방송화번좋데까거네문세된개트호음려"
)
_LATIN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýœßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒÐðÞþŠšŽž")


class Guess(NamedTuple):
    """An encoding, and what is to be said about how it was found; "" where there is no doubt."""

    encoding: str
    said: str = ""


def guess(path: Path, sample: bytes, raw: IO[bytes], *, pieces: int = 1 << 40) -> Guess:
    """The encoding of the file that starts with `sample`; `raw` is looked through for text that is not ASCII.

    Raises
    ------
    UnknownFormat
        It is no text.
    InputError
        It is unusual in every encoding.
    """
    for mark, encoding in MARKS.items():
        if sample.startswith(mark):
            return Guess(encoding)
    if sample.startswith(BOM_UTF8):  # whatever is no UTF-8 behind it is a damaged row
        return Guess("utf-8")
    nuls = sample.count(b"\0")
    if nuls * 4 >= len(sample) or (nuls and not is_utf8(sample.rpartition(b"\n")[0])):
        if wide := _wide(sample):
            return Guess(wide, f"{wide}, a guess: it has no byte-order mark")
        if nuls * 10 > len(sample):
            raise UnknownFormat(f"{path}: this is not a text file")
    text = _evidence(raw, pieces)
    runs = re.findall(b"[\x80-\xff]+", text)
    if sum(len(run) for run in runs if is_utf8(run)) * 2 >= sum(map(len, runs)):
        return Guess("utf-8")
    scores = {encoding: _unusual(text, encoding) for encoding in NARROW}
    first, second, *_ = sorted(NARROW, key=lambda name: scores[name][0])
    if scores[first][1] > 0.2:
        rows = sample.splitlines()
        if sum(map(is_utf8, rows)) * 2 > len(rows):
            return Guess("utf-8")  # damaged rows in text that is plain otherwise
        raise InputError(
            f"{path}: the text is not UTF-8, and makes no sense in {', '.join(NARROW)}; "
            f"name its encoding, e.g. {option('encoding', 'cp1251')}"
        )
    doubt = f", and {second} would be possible" if scores[second][0] - scores[first][0] < 6 else ""
    return Guess(first, f"{first}, a guess{doubt}; if names look wrong, add {option('encoding', second)} or another")


def transcode(raw: IO[bytes], out: IO[bytes], encoding: str, *, newlines: bool) -> tuple[int, int]:
    """Write text down as UTF-8; returns how many lines there are, and how many of them are no text in this encoding.

    Such a line stays no text, as one of UTF-8 for its part is in a file of another encoding, so that whoever takes it
    for a row rejects that row alone. With `newlines` lines that end in CR end in LF.
    """
    decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder(encoding)("kolgraph.broken")
    narrow = not re.match(r"utf", codecs.lookup(encoding).name)
    if newlines:
        decoder = io.IncrementalNewlineDecoder(decoder, translate=True)  # type: ignore[assignment]
    count = broken = 0
    while piece := raw.readline(ENOUGH):
        text = decoder.decode(piece)
        if narrow and _UTF8_WORD.search(piece) and is_utf8(piece):
            text = _UTF8_WORD.sub(lambda word: b"\xff" + word[0], piece, count=1).decode("utf-8", "surrogateescape")
        count += text.count("\n")
        broken += _BROKEN in text
        out.write(text.encode("utf-8", "surrogateescape"))
    out.write(decoder.decode(b"", True).encode("utf-8", "surrogateescape"))
    return count, broken


def without_surrogates(text: str) -> str:
    """Half an emoji is legal in JSON but no text: it becomes the sign for what cannot be shown."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _evidence(raw: IO[bytes], pieces: int) -> bytes:
    """The first lines that are not ASCII, as much as is enough."""
    found = b""
    for _ in range(pieces):
        piece = raw.read(PIECE)
        if not piece.isascii():
            found += b"".join(line for line in piece.splitlines(keepends=True) if not line.isascii())
        if not piece or len(found) >= ENOUGH:
            break
    return found[:ENOUGH]


def _wide(sample: bytes) -> str | None:
    """The encoding of two or four bytes a character in which this is text: line ends, commas and figures show it."""
    for encoding in WIDE:
        text = sample[: len(sample) - len(sample) % 4].decode(encoding, "replace")
        plain = sum(1 for sign in text if " " <= sign <= "~" or sign in "\t\r\n")
        if "\0" not in text and text.count("\ufffd") * 100 <= len(text) <= plain * 200:
            return encoding
    return None


def _unusual(raw: bytes, encoding: str) -> tuple[float, float]:
    """How surprising a text is in this encoding, in nats, and the share of characters that hardly anybody writes."""
    text = f" {raw.decode(encoding, 'kolgraph.broken')} "
    kinds = Counter(_kind(text[at - 1], sign, text[at + 1]) for at, sign in enumerate(text) if sign > "\x7f")
    language = _LANGUAGES[encoding]
    surprise = sum(-log(language.get(kind, 1e-6)) * n for kind, n in kinds.items())
    odd = sum(n * _ODD.get(kind, kind not in language) for kind, n in kinds.items())
    return surprise, odd / max(1, kinds.total())


_CHINESE = {"usual": 0.5 / len(_HANZI), "common": 0.4 / 6000, "seldom": 0.01 / 8000, "sign": 0.09 / 50}
_JAPANESE = {"kana": 0.6 / 170, "usual": 0.1 / len(_HANZI), "common": 0.2 / 6000, "seldom": 0.01 / 8000}
_KOREAN = {"syllable": 0.5 / len(_HANGUL), "hangul": 0.4 / 2350, "sign": 0.09 / 50}
#: Kind of character -> how probable one of them is, in the languages written in an encoding.
_LANGUAGES = {
    "gb18030": _CHINESE,
    "big5hkscs": _CHINESE,
    "cp932": _JAPANESE,
    "euc_jp": _JAPANESE,
    "cp949": _KOREAN,
    "cp1252": {"letter": 0.9 / len(_LATIN), "sign": 0.01 / 50},
}


#: Half of what is seldom counts as odd; what no character has counts for several.
_ODD = {"seldom": 0.5, "broken": 2.0}


def _kind(before: str, sign: str, after: str) -> str:
    kind = _kind_alone(sign)
    # Accents stand alone among plain letters: a row of them is another script.
    return "rare" if kind == "letter" and not (before + after).isascii() else kind


@lru_cache(maxsize=1 << 14)
def _kind_alone(sign: str) -> str:
    if sign in _HANZI:
        return "usual"
    if sign in _LATIN:
        return "letter"
    if sign in _HANGUL:
        return "syllable"
    if sign == _BROKEN:
        return "broken"
    if "\u3041" <= sign <= "\u30fe":
        return "kana"
    if sign in "，。！？、：；“”‘’（）《》【】…—～·「」『』\u3000￥×÷°€":
        return "sign"
    # The tables of these encodings begin with what is in use.
    for kind, encoding, first, last in _TABLES:
        code = sign.encode(encoding, "ignore")
        if len(code) == 2 and first <= code[0] <= last:
            return kind
    return "rare"


_TABLES = (
    ("common", "gb2312", 0xB0, 0xD7),
    ("common", "big5", 0xA4, 0xC6),
    ("common", "euc_jp", 0xB0, 0xCF),
    ("hangul", "euc_kr", 0xB0, 0xC8),
    ("seldom", "gb2312", 0xD8, 0xF7),
    ("seldom", "big5", 0xC9, 0xF9),
)


def is_utf8(raw: bytes) -> bool:
    """Whether bytes are text in UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
