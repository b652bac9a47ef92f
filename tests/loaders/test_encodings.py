"""Encodings: what is UTF-8 stays so, others are guessed by what is usual in them, and one broken row costs one row."""

from __future__ import annotations

import json

import pytest

from kolgraph.errors import InputError
from tests.worlds.shelf import Shelf

NAMES = "SELECT split_part(account_id, ':', 2) FROM accounts ORDER BY 1"
FANS = "粉丝,博主\n"
GOOD = "张三,小明\n李四,小明\n王五,小明\n"


def names(shelf: Shelf) -> set[str]:
    return {row[0] for row in shelf.rows(NAMES)}


# ---------------------------------------------------------------------- one broken row costs one row


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("other", ["gb18030", "big5", "cp1252"])
def test_rows_of_another_encoding_in_utf8_are_rejected_alone(shelf: Shelf, mark: bytes, other: str) -> None:
    odd = "José" if other == "cp1252" else "趙六"
    data = mark + (FANS + GOOD).encode() + f"{odd},小明\n".encode(other, "replace") + "甲,乙\n".encode()
    report = shelf.load(data)
    assert [(r.line, r.code) for r in report.rejects] == [(5, "BAD_ENCODING")]
    assert names(shelf) == {"张三", "李四", "王五", "小明", "甲", "乙"}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_mark_decides_also_when_most_rows_are_no_utf8(shelf: Shelf, mark: bytes) -> None:
    """Behind the mark of UTF-8 three rows in four are rejected; without it they are what the text is in."""
    data = mark + FANS.encode("utf-8" if mark else "gbk") + GOOD.encode("gbk") + b"1,2\n"
    report = shelf.load(data)
    assert report.counts.rejected == (3 if mark else 0)
    assert names(shelf) == ({"1", "2"} if mark else {"张三", "李四", "王五", "小明", "1", "2"})


@pytest.mark.parametrize("told", [None, "gb18030", "gbk"])
def test_one_broken_byte_in_gbk_costs_one_row(shelf: Shelf, told: str | None) -> None:
    broken = "李四,小明\n".encode("gbk")[:-2] + b"\n"
    data = (FANS + "张三,小明\n").encode("gbk") + broken + (GOOD * 5).encode("gbk")
    report = shelf.load(data, encoding=told)
    assert [(r.line, r.code) for r in report.rejects] == [(3, "BAD_ENCODING")]
    assert "李四" in str(report.rejects[0].raw) and names(shelf) == {"张三", "李四", "王五", "小明"}


@pytest.mark.parametrize("encoding", ["gbk", "big5"])
def test_a_row_of_utf8_in_an_older_encoding_is_rejected_alone(shelf: Shelf, encoding: str) -> None:
    """It could be read, as signs that nobody wrote: 寮犱笁 for 张三."""
    data = "王大明,小林\n".encode(encoding) * 30 + "王大明,小林\n".encode() + "中山,小林\n".encode(encoding)
    report = shelf.load(b"follower,followed\n" + data)
    assert [(r.line, r.code) for r in report.rejects] == [(32, "BAD_ENCODING")]
    assert names(shelf) == {"王大明", "小林", "中山"}


def test_broken_text_in_lines_of_json_and_in_one_value(shelf: Shelf) -> None:
    rows = [json.dumps({"follower": name, "followed": "小明"}, ensure_ascii=False) for name in ("张三", "李四", "王五")]
    parts = [row.encode("gbk") for row in rows]
    parts[1] = parts[1].replace("四".encode("gbk"), b"\xc4")
    shelf.load(b"\n".join(parts) + b"\n", "f.jsonl", encoding="gbk")
    assert names(shelf) == {"张三", "王五", "小明"}
    shelf.empty()
    report = shelf.load(b"[" + b",\n".join(parts) + b"]", "f.json")
    assert [(r.line, r.code) for r in report.rejects] == [(2, "BAD_ENCODING")]
    assert names(shelf) == {"张三", "王五", "小明"}


# ---------------------------------------------------------------------- which encoding

ANY = ["1,2", "张三,小明", "José,김민준"]
TEXTS = {
    "gb18030": ["张三,小明", "喵喵酱,奶茶少女\n潇洒哥,奶茶少女", "样例,粉丝", "薇娅,李佳琦"],
    "big5hkscs": ["張三,小明", "王小明,陳大文", "這支影片真的很好笑,阿宏"],
    "cp932": ["山田太郎,佐藤花子", "これはとても良い商品です,鈴木"],
    "euc_jp": ["これはとても良い商品です,鈴木", "すずき,さとう"],
    "cp949": ["김민준,이서연", "박지성,홍길동"],
    "cp1252": ["José García,François", "Müller,Björk Guðmundsdóttir", "São Paulo,Élodie"],
    **dict.fromkeys(("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"), ANY),
    **dict.fromkeys(("utf-16", "utf-32", "utf-8", "utf-8-sig"), ANY),
}


@pytest.mark.parametrize(("encoding", "body"), [(e, body) for e, bodies in TEXTS.items() for body in bodies])
def test_the_encoding_is_found_and_a_guess_is_said(shelf: Shelf, encoding: str, body: str) -> None:
    report = shelf.load(f"follower,followed\n{body}\n".encode(encoding))
    assert names(shelf) == set(body.replace("\n", ",").split(","))
    said = [decision for decision in report.decisions if decision.startswith("encoding: ")]
    certain = encoding in {"utf-8", "utf-8-sig", "utf-16", "utf-32"}
    assert [line.split()[1].rstrip(",") for line in said] == ([] if certain else [encoding])


def test_what_fits_nearly_as_well_is_named(shelf: Shelf) -> None:
    (said, *_) = shelf.load("follower,followed\n王,1\n".encode("gbk")).decisions
    assert "gb18030, a guess, and " in said and "encoding=" in said


def test_a_text_is_found_behind_a_megabyte_of_figures(shelf: Shelf) -> None:
    figures = "".join(f"{k},1\n" for k in range(150_000))
    report = shelf.load(f"follower,followed\n{figures}张三,小明\n".encode("gbk"))
    assert report.counts.rejected == 0 and {"张三", "小明"} <= names(shelf)


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_r", "cp1253", "cp1256"])
def test_text_that_is_usual_nowhere_is_refused(shelf: Shelf, encoding: str) -> None:
    text = {"cp1253": "Αλέξης,Μαρία", "cp1256": "محمد,فاطمة"}.get(encoding, "Иван,Мария")
    with pytest.raises(InputError, match=r"makes no sense in .*encoding="):
        shelf.load((f"{text}\n" * 5).encode(encoding))


def test_a_wrong_name_of_an_encoding_is_noticed(shelf: Shelf) -> None:
    with pytest.raises(InputError, match="lines are no text in euc_kr"):
        shelf.load(("follower,followed\n" + "趙㒆,嫺㒆\n" * 9).encode("gb18030"), encoding="euc_kr")


def test_a_nul_in_a_row_makes_no_text_of_two_bytes(shelf: Shelf) -> None:
    report = shelf.load(b"follower,followed\n1,2\n3\0,2\n4,2\n")
    assert report.counts.read == 3 and report.counts.accepted >= 2
