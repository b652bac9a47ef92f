"""Habits of whole files: encodings, line ends, packing, names; and of workbooks."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from random import Random
from typing import Any

from tests.habits.goods import Good
from tests.habits.tables import Made, Whole, every

TEXT = ("csv", "jsonl", "json", "raw")
WORDS = ("N", "n", "X")
#: Encoding -> letters of a script that it can write.
SCRIPTS = {
    "big5": "資訊電腦臺灣時間學習會議開發環境",
    "shift_jis": "さくらもみじひかりカメラテスト日本語東京",
    "euc_jp": "さくらもみじひかりカメラテスト日本語東京",
    "euc_kr": "한국어서울사람가나다라마바사아자차",
    "cp1252": "éèüöäßñçåøæîôûÀÉÜ",
    "latin-1": "éèüöäßñçåøæîôûÀÉÜ",
    "cp1251": "привет мирдоброеутро".replace(" ", ""),
    "cp1250": "łęąśćźżńőűčšžřĘŁ",
    "mac_roman": "éèüöäßñçåøæîôûÀÉÜ",
}


def _plain(good: Good) -> bytes | None:
    """The bytes, where they are UTF-8."""
    data = good.written().removeprefix(codecs.BOM_UTF8)
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    return data


def _bytes(change: Callable[[bytes, Random], bytes | None]) -> Callable[[Good, Random], Made | None]:
    def make(good: Good, random: Random) -> Made | None:
        data = _plain(good)
        made = None if data is None else change(data, random)
        return None if made is None else Made(made, every(good))

    return make


def line_ends(data: bytes, random: Random) -> bytes | None:
    if b"\r" in data:
        return None
    way = random.randrange(4)
    if way == 0:
        return data.replace(b"\n", b"\r\n")
    if way == 1:
        return data.replace(b"\n", b"\r")
    if way == 2:
        return b"".join(line + random.choice((b"\n", b"\r\n")) for line in data.split(b"\n"))
    return data.replace(b"\n", b"\r\r\n")


def last_bytes(data: bytes, random: Random) -> bytes:
    end = random.choice((b"", b"\n", b"\n\n\n", b"\x1a", b"\n\x1a", b"\0", b"\0" * 64, b"\n \n", b"\r\n\r\n", b"\n\t"))
    return data.rstrip(b"\n") + end


def marks(data: bytes, random: Random) -> bytes:
    bom = codecs.BOM_UTF8
    return random.choice((bom, bom * 2, bom + b"\n", b"\n" + bom)) + data


def wide(data: bytes, random: Random) -> bytes:
    name = random.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-16-be+", "utf-16-le+"))
    mark = "\ufeff" if name.endswith("+") else ""
    return (mark + data.decode()).encode(name.rstrip("+"))


def chinese(data: bytes, random: Random) -> bytes | None:
    try:
        return data.decode().encode(random.choice(("gb18030", "gbk", "gb2312")))
    except UnicodeEncodeError:
        return None


def other_script(good: Good, random: Random) -> Made | None:
    """Names and texts of another script, in an encoding of its countries: what is right is the same file in UTF-8."""
    name = random.choice(sorted(SCRIPTS))
    meant = in_script(good, SCRIPTS[name])
    if meant is None or good.form != "csv":
        return None
    try:
        data = meant.written().decode().encode(name)
    except UnicodeEncodeError:
        return None
    # A few letters tell no encoding: then it is guessed, and the line that says so names another.
    guesses = [
        (other, ("guess",)) for guess in (*SCRIPTS, "cp1252", "gb18030") if (other := misread(meant, name, guess))
    ]
    return Made(data, every(good), (meant, *guesses))


def misread(good: Good, name: str, guess: str) -> Good | None:
    """A file in one encoding as it is in another; None where it cannot be that."""
    try:
        return replace(good, rows=tuple(tuple(cell.encode(name).decode(guess) for cell in row) for row in good.rows))
    except UnicodeError:
        return None


def in_script(good: Good, letters: str) -> Good | None:
    """The same file with its words in letters of a script; None where it has no words."""
    places = {k for k, c in enumerate(good.columns) if good.roles.get(c) in WORDS}
    if good.name == "names.csv":
        places = {0, 1}
    if not places or good.form == "raw":
        return None

    def turned(text: str) -> str:
        return "".join(letters[ord(c) * 7 % len(letters)] if ord(c) > 127 else c for c in text)

    def worded(text: str) -> str:
        if text.isascii():
            return text[:1] + letters[len(text) % len(letters)] + text[1:] if text else text
        return turned(text)

    rows = tuple(tuple(worded(c) if k in places else c for k, c in enumerate(row)) for row in good.rows)
    return replace(good, rows=rows)


def one_row_in_another(good: Good, random: Random) -> Made | None:
    """One row in GBK in a file of UTF-8, or the other way round."""
    if good.form not in ("csv", "jsonl") or any("\n" in cell for row in good.rows for cell in row):
        return None
    lines = good.written().decode().splitlines(keepends=True)
    row = random.randrange(len(good.rows))
    at = row + (good.form == "csv")
    if lines[at].isascii():
        return None
    most, least = random.choice((("utf-8", "gb18030"), ("utf-8", "gbk"), ("gb18030", "utf-8"), ("utf-8-sig", "gbk")))
    out = [
        line.encode(least if k == at else most if k == 0 else most.removesuffix("-sig")) for k, line in enumerate(lines)
    ]
    return Made(b"".join(out), frozenset({row}))


def broken_byte(good: Good, random: Random) -> Made | None:
    """A byte of one word is broken, or half a letter is cut off; in UTF-8 and in GBK."""
    if good.form not in ("csv", "jsonl") or any("\n" in cell for row in good.rows for cell in row):
        return None
    codec = random.choice(("utf-8", "utf-8", "gb18030"))
    lines = [line.encode(codec) for line in good.written().decode().splitlines(keepends=True)]
    row = random.randrange(len(good.rows))
    at = row + (good.form == "csv")
    high = [k for k, byte in enumerate(lines[at]) if byte > 127]
    if not high:
        return None
    place = random.choice(high)
    # In GBK most other bytes make another letter, which nobody can see.
    new = random.choice((b"\xff", b"\x80", b"", b"?", b"\xef\xbf\xbd")) if codec == "utf-8" else b"\xff"
    lines[at] = lines[at][:place] + new + lines[at][place + 1 :]
    return Made(b"".join(lines), frozenset({row}))


def packed(good: Good, random: Random) -> Made | None:
    data, name = good.written(), good.name
    if random.random() < 0.6 or good.form == "xlsx":
        return Made(gzip.compress(data, mtime=0), name=name + ".gz") if good.form not in ("xlsx", "db") else None
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), data)
    return Made(out.getvalue(), name=name + ".zip")


def renamed(good: Good, random: Random) -> Made:
    """As browsers, explorers and people name a copy."""
    path = PurePosixPath(good.name)
    s, e = path.stem, path.suffix
    forms = (
        *(
            f"{s}(1){e}",
            f"{s} (2){e}",
            f"{s} - 副本{e}",
            f"{s} - 副本 (2){e}",
            f"{s}[1]{e}",
            f"{s} copy{e}",
            f"{s} 2{e}",
        ),
        *(f"Copy of {s}{e}", f"副本{s}{e}", f"{s}_backup{e}", f"{s}（1）{e}", f"{s} {e}", f" {s}{e}", f"新建 {s}{e}"),
        *(
            f"{s}{e.upper()}",
            f"{s}_1{e}",
            f"{s}-1{e}",
            f"{s}.bak{e}",
            f"2024-01-05_{s}{e}",
            f"{s}_utf8{e}",
            f"{s}.final{e}",
        ),
    )
    return Made(good.written(), name=str(path.with_name(random.choice(forms))))


def other_ending(good: Good, random: Random) -> Made | None:
    endings = {
        "csv": (".txt", ".tsv", ".csv.txt", ".data", ""),
        "jsonl": (".json", ".txt", ".ndjson"),
        "json": (".txt", ".jsonl"),
    }
    if good.form not in endings:
        return None
    return Made(good.written(), name=re.sub(r"\.\w+$", random.choice(endings[good.form]), good.name))


def other_folder(good: Good, random: Random) -> Made | None:
    """The file without the folders it lay in; where only they said what it is, it is refused or asked about."""
    if "/" not in good.name or good.name.startswith("fake_followers"):
        return None
    return Made(good.written(), name=random.choice(("下载/", "data/", "")) + PurePosixPath(good.name).name)


FILE_HABITS: tuple[Whole, ...] = (
    Whole("other line ends", _bytes(line_ends), TEXT),
    Whole("other last bytes", _bytes(last_bytes), TEXT),
    Whole("byte-order marks", _bytes(marks), TEXT),
    Whole("UTF-16 and UTF-32", _bytes(wide), TEXT),
    Whole("GBK and GB18030", _bytes(chinese), TEXT),
    Whole("encoding of another country", other_script, ("csv",)),
    Whole("one row in another encoding", one_row_in_another, ("csv", "jsonl")),
    Whole("broken byte", broken_byte, ("csv", "jsonl")),
    Whole("packed", packed, (*TEXT, "db")),
    Whole("renamed copy", renamed, (*TEXT, "xlsx", "db")),
    Whole("another ending", other_ending, ("csv", "jsonl", "json")),
    Whole("another folder", other_folder, (*TEXT, "xlsx", "db")),
)


# ---------------------------------------------------------------------- workbooks


def _book(sheets: list[tuple[str, list[list[Any]]]], after: Callable[[Any], None] = lambda _: None) -> bytes:
    import openpyxl

    book, out = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    after(book)
    book.save(out)
    return out.getvalue()


def _rows(good: Good) -> list[list[Any]]:
    return [list(good.columns), *map(list, good.rows)]


def _named(good: Good) -> str:
    return re.sub(r"\.\w+$", ".xlsx", good.name)


def _sheet(make: Callable[[Good, list[list[Any]], Random], Made | None]) -> Callable[[Good, Random], Made | None]:
    """A habit of spreadsheets; a CSV table is saved as a workbook first."""

    def made(good: Good, random: Random) -> Made | None:
        found = make(good, _rows(good), random)
        return None if found is None else found._replace(name=_named(good))

    return made


def as_workbook(good: Good, rows: list[list[Any]], random: Random) -> Made:
    """Text cells, or numbers as Excel keeps them where it can."""
    if random.random() < 0.6:
        roles = [good.roles.get(c, "") for c in good.columns]
        kinds = "AaPpCMW" if random.random() < 0.5 else "CMW"
        for row in rows[1:]:
            for k, cell in enumerate(row):
                if roles[k] and roles[k] in kinds and re.fullmatch("[1-9][0-9]{0,14}", cell):
                    row[k] = random.choice((int(cell), float(cell)))
    return Made(_book([("Sheet1", [[c if c != "" else None for c in row] for row in rows])]), every(good))


def as_dates(good: Good, rows: list[list[Any]], random: Random) -> Made | None:
    del random
    columns = [k for k, c in enumerate(good.columns) if good.roles.get(c) == "T"]
    if not columns:
        return None
    for row in rows[1:]:
        for k in columns:
            row[k] = datetime.fromisoformat(row[k])
    return Made(_book([("Sheet1", rows)]))


def second_sheet(good: Good, rows: list[list[Any]], random: Random) -> Made:
    """The rows go on in a second sheet, with or without its own header: it is read, or named."""
    name = random.choice(("第二页", "续表", "zweite"))
    last = len(good.rows) - 1
    rest = [rows[0], rows[-1]] if random.random() < 0.7 else [rows[-1]]
    return Made(_book([("第一页", rows[:-1]), (name, rest)]), frozenset({last}), (good.without(last),), (name,))


def sheet_of_notes(good: Good, rows: list[list[Any]], random: Random) -> Made:
    notes = ("说明", [["字段", "含义"], ["昵称", "账号名"], ["数据截至", "2024-01-05"]])
    sheets = [("数据", rows), notes] if random.random() < 0.5 else [notes, ("数据", rows)]
    if random.random() < 0.3:
        sheets = [("Sheet1", []), ("数据", rows)]
    return Made(_book(sheets))


def merged_cells(good: Good, rows: list[list[Any]], random: Random) -> Made | None:
    """Equal cells of rows one above the other became one cell."""
    places = [
        (k, c)
        for k in range(1, len(rows) - 1)
        for c in range(len(rows[0]))
        if rows[k][c] and rows[k][c] == rows[k + 1][c]
    ]
    if not places:
        return None
    k, c = random.choice(places)

    def merge(book: Any) -> None:
        book.worksheets[0].merge_cells(start_row=k + 1, end_row=k + 2, start_column=c + 1, end_column=c + 1)

    return Made(_book([("Sheet1", rows)], merge), frozenset({k}))


def titled_sheet(good: Good, rows: list[list[Any]], random: Random) -> Made:
    del good
    title = [random.choice(("KOL 报价表", "数据导出", "Report 2024"))]
    blank: list[list[Any]] = [[]] if random.random() < 0.5 else []

    def merge(book: Any) -> None:
        book.worksheets[0].merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(rows[0]))

    return Made(_book([("Sheet1", [title, *blank, *rows])], merge))


def hidden_rows(good: Good, rows: list[list[Any]], random: Random) -> Made:
    """A filter hides a row; it is still there, and read or named."""
    del good
    at = random.randrange(2, len(rows) + 1)

    def hide(book: Any) -> None:
        book.worksheets[0].row_dimensions[at].hidden = True

    return Made(_book([("Sheet1", rows)], hide))


def shifted_sheet(good: Good, rows: list[list[Any]], random: Random) -> Made:
    del good
    left, above = random.randint(0, 2), random.randint(0, 3)
    return Made(_book([("Sheet1", [*[[]] * above, *([None] * left + row for row in rows)])]))


def formulas(good: Good, rows: list[list[Any]], random: Random) -> Made | None:
    """A column of formulas that nobody computed, because a program wrote the file."""
    columns = [k for k, c in enumerate(good.columns) if good.roles.get(c) in ("C", "M", "W", "A")]
    if not columns:
        return None
    k = random.choice(columns)
    row = random.randrange(len(good.rows))
    value = rows[row + 1][k]
    rows[row + 1][k] = f"={value}*1"
    meant = good.cell(row, good.columns[k], "")
    return Made(_book([("Sheet1", rows)]), frozenset({row}), (meant,), ("formula", "公式"))


def excel_digits(good: Good, rows: list[list[Any]], random: Random) -> Made | None:
    """Long ids as numbers: Excel kept fifteen digits of them, and another id of the post stands beside."""
    del random
    columns = [k for k, c in enumerate(good.columns) if good.roles.get(c) == "P"]
    if "B" not in good.roles.values() or not columns:
        return None
    for row in rows[1:]:
        row[columns[0]] = int(row[columns[0]][:15] + "0" * (len(row[columns[0]]) - 15))
    return Made(_book([("Sheet1", rows)]), every(good))


_BOTH = ("csv", "xlsx")
SHEET_HABITS: tuple[Whole, ...] = (
    Whole("saved as a workbook", _sheet(as_workbook), _BOTH),
    Whole("times as dates of a workbook", _sheet(as_dates), _BOTH),
    Whole("rows in a second sheet", _sheet(second_sheet), _BOTH),
    Whole("a sheet of notes", _sheet(sheet_of_notes), _BOTH),
    Whole("merged cells", _sheet(merged_cells), _BOTH),
    Whole("title above a sheet", _sheet(titled_sheet), _BOTH),
    Whole("hidden row of a sheet", _sheet(hidden_rows), _BOTH),
    Whole("sheet that starts further in", _sheet(shifted_sheet), _BOTH),
    Whole("formulas that nobody computed", _sheet(formulas), _BOTH),
    Whole("long ids as numbers of Excel", _sheet(excel_digits), _BOTH),
)
