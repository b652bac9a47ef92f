"""Habits of single cells: what tools write for nothing, and in how many ways they write one number, time or name."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from random import Random
from typing import Any

from tests.habits.goods import Good

#: Where values are text and nothing else.
WRITTEN = ("csv", "jsonl", "json", "xlsx", "db")
OBJECTS = ("jsonl", "json")


@dataclass(frozen=True)
class Change:
    """A cell as a habit writes it. It means the same as before, or one of `instead`; it may cost its row.

    `words`: where it means one of these, a printed line has one of the words; `never`: it cannot mean the same.
    `alias`: (what it is now, a stranger's name): everything has to be as if the stranger's name stood there.
    """

    row: int
    column: str
    value: Any
    instead: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    never: bool = False
    alias: tuple[str, str] | None = None


@dataclass(frozen=True)
class Cells:
    """A habit of cells: which roles and forms of file it has, and what it makes of a value; nothing: it has none here.

    Attributes
    ----------
    nothing : bool
        What it writes means that there is no value.
    words : tuple of str
        One of them is in a printed line then.
    never : bool
        What it writes cannot mean the same as before.
    stranger : bool
        What it writes is the name of somebody whom no row knows.
    means : callable
        What else it may mean.
    """

    name: str
    roles: str
    make: Callable[[str, Random, Good, int, str], Any]
    forms: tuple[str, ...] = WRITTEN
    nothing: bool = False
    words: tuple[str, ...] = ()
    never: bool = False
    stranger: bool = False
    means: Callable[[str], tuple[str, ...]] = field(default=lambda _: ())

    def changes(self, good: Good, row: int, random: Random) -> Change | None:
        """What it does to some cell of a row; None where it has no cell there."""
        if good.form not in self.forms:
            return None
        columns = [c for c, role in good.roles.items() if role in self.roles]
        random.shuffle(columns)
        for column in columns:
            value = good.rows[row][good.columns.index(column)]
            if not value:
                continue
            made = self.make(value, random, good, row, column)
            if made is None or (made == value and isinstance(made, str)):
                continue
            if self.stranger:
                return Change(row, column, made, (STRANGER,), alias=(made, STRANGER))
            instead = ("",) if self.nothing else self.means(made) if isinstance(made, str) else ()
            return Change(row, column, made, instead, self.words, self.never)
        return None


#: What programs, spreadsheets and people write where there is nothing.
NOTHING = (
    *("NA", "N/A", "n/a", "#N/A", "<NA>", "None", "null", "NULL", "Null", "nan", "NaN", "-NaN", "nil", "undefined"),
    *("-", "--", "—", "\\N", "[deleted]", "[removed]", "(null)", "#REF!", "#VALUE!", "#NAME?", "none", "?", "/"),
    *("无", "空", "未知", "暂无", "不详", " ", "\u3000", "\u00a0", "''", '""', "[]", "{}", "NaT", "<null>", "missing"),
)
#: The name of somebody whom no row knows.
STRANGER = "完全是别人"
NAMELESS = ("None", "null", "NaN", "#N/A", "<NA>", "undefined", "\\N", "(null)")
_ARABIC = {48 + k: 0x660 + k for k in range(10)}
_FULL = {ord(c): ord(c) + 0xFEE0 for c in map(chr, range(0x21, 0x7F))}


def _id(form: Callable[[str], str | None]) -> Callable[[str, Random, Good, int, str], Any]:
    """For ids that are numbers."""
    return lambda value, *_: form(value) if re.fullmatch("[0-9]+", value) else None


def _any(form: Callable[[str], Any]) -> Callable[[str, Random, Good, int, str], Any]:
    return lambda value, *_: form(value)


def _one(*forms: Callable[[str], Any]) -> Callable[[str, Random, Good, int, str], Any]:
    return lambda value, random, *_: random.choice(forms)(value) if re.fullmatch("[0-9]+", value) else None


def _nothing(value: str, random: Random, good: Good, row: int, column: str) -> str:
    del row
    # Where ids are names, somebody may be called 空.
    named = good.roles[column] in "NnH" or not re.search("[0-9]", value)
    return random.choice(NAMELESS if named else NOTHING)


def _no_number(value: str, random: Random, good: Good, row: int, column: str) -> str | None:
    del row
    made = random.choice(("0", "-1", "00", "0.0", "-1.0"))
    if made == "0" and good.roles[column] == "P":  # who numbers messages may begin with 0
        made = "00"
    return made if re.fullmatch("[0-9]{4,}", value) else None


def _no_time(value: str, random: Random, *_: Any) -> str:
    del value
    return random.choice(("0000-00-00 00:00:00", "1970-01-01 00:00:00", "0", "1900-01-00", "2024-02-30 11:04:00"))


def _scientific(value: str, random: Random, *_: Any) -> str | None:
    if not re.fullmatch("[0-9]{4,}", value):
        return None
    digits = random.choice((0, 2, 5))
    return random.choice(
        (f"{int(value):.{digits}E}", f"{int(value):.{digits}e}", f"{int(value):.2E}".replace(".", ","))
    )


def _negative(value: str, random: Random, *_: Any) -> str | None:
    forms = ("-{}", "({})", "−{}", "true{}", "{}?", "{}-5")
    return random.choice(forms).format(value) if value.isdigit() and int(value) else None


def _said(text: str) -> tuple[str, ...]:
    """The number that scientific notation says: a count may be rounded, an id may not."""
    return (str(int(Decimal(text.replace(",", ".")))),)


def _rounded(value: str, random: Random, good: Good, row: int, column: str) -> str | None:
    """As Excel keeps it: fifteen digits. Only where another id of the same post stands in the row."""
    del random, row
    second = any(role == "B" for role in good.roles.values())
    return value[:15] + "0" * (len(value) - 15) if second and good.roles[column] == "P" and len(value) > 15 else None


def _other_short(value: str, random: Random, good: Good, row: int, column: str) -> str | None:
    """The short id of another row: pasted columns slipped, or the crawler's last page was kept."""
    others = [r[good.columns.index(column)] for k, r in enumerate(good.rows) if k != row]
    return random.choice(others) if "P" in good.roles.values() and others else None


def _objects(value: str, random: Random, *_: Any) -> str | None:
    if not re.fullmatch("[0-9]+", value):
        return None
    forms = (
        '{"$numberLong":"%s"}',
        '{"$oid":"%s"}',
        "NumberLong(%s)",
        "NumberLong('%s')",
        "ObjectId('%s')",
        "Int64(%s)",
    )
    more = ('{"$numberLong": "%s"}', "[%s]", "['%s']", "{'id': %s}", "b'%s'", "Decimal('%s')", "(%s,)")
    return random.choice((*forms, *more)) % value


def _json_objects(value: str, random: Random, good: Good, *_: Any) -> Any:
    if not re.fullmatch("[0-9]+", value):
        return None
    number = int(value)
    return random.choice(
        (
            {"$numberLong": value},
            {"$oid": value},
            {"$numberInt": value},
            {"low": number & 0xFFFFFFFF, "high": number >> 32, "unsigned": False},
            [value],
            [number],
            {"id": value},
            {"value": number},
            {},
            [],
            True,
        )
    )


def _hex(value: str, random: Random, good: Good, row: int, column: str) -> Any:
    del random, row
    return {"$oid": value} if good.form in OBJECTS and column in ("_id", "note_id", "user_id") else None


def _invisible(value: str, random: Random, *_: Any) -> str:
    mark = random.choice("\u200b\ufeff\u200e\u202c\u00ad\u2060\u200d")
    return random.choice((mark + value, value + mark, value[:2] + mark + value[2:]))


def _blanks(value: str, random: Random, *_: Any) -> str:
    blank = random.choice((" ", "\t", "  ", "\u3000", "\u00a0", "\n", "\r\n", "\u2003", "\t\t"))
    return random.choice((blank + value, value + blank, blank + value + blank))


def _thousands(value: str, random: Random, *_: Any) -> str | None:
    mark = random.choice((",", ".", " ", "\u00a0", "\u202f", "'", "\u2019", "，", "_", "٬"))
    return f"{int(value):,}".replace(",", mark) if value.isascii() and value.isdigit() and len(value) > 3 else None


def _indian(value: str, *_: Any) -> str | None:
    return f"{value[:-5]},{value[-5:-3]},{value[-3:]}" if value.isdigit() and len(value) > 5 else None


def _decimals(value: str, random: Random, *_: Any) -> str | None:
    return value + random.choice((".0", ".00", ",0", ",00", ".", ".000")) if value.isdigit() else None


def _units(value: str, random: Random, *_: Any) -> str | None:
    if not (value.isascii() and value.isdigit()) or int(value) < 1000 or int(value) % 100:
        return None
    ten, one = f"{int(value) / 10000:g}", f"{int(value) / 1000:g}"
    forms = [f"{ten}万", f"{ten}w", f"{ten}W", f"{ten} 万", f"{ten}萬", f"{one}k", f"{one}K", f"{one} K", f"{one}千"]
    return random.choice([*forms, *(form.replace(".", ",") for form in forms), f"{ten}万".translate(_FULL)])


def _with_words(value: str, random: Random, *_: Any) -> str | None:
    return random.choice(("{}次", "{}人", "{} followers", "约{}", "{}+", "> {}", "≈{}")).format(value)


def _money(value: str, random: Random, *_: Any) -> str | None:
    number = int(value)
    thousands = f"{number:,}"
    swapped = thousands.replace(",", ".")
    forms = (
        "¥{0}",
        "￥{0}",
        "{0}元",
        "RMB {0}",
        "CNY{0}",
        "{0}.00",
        "{0},00",
        "{1}",
        "{1}.00",
        "{2}",
        "{2},00",
        "{0}元/条",
    )
    return random.choice((*forms, "{0}块", "人民币{0}", "{0} ", "¥ {1}", "{1}元", "{0}.0", "{0}圆")).format(
        value, thousands, swapped
    )


def _foreign_money(value: str, random: Random, *_: Any) -> str:
    return random.choice(("${}", "{} USD", "€{}", "HK${}", "{}美元", "{} JPY", "£{}", "{}日元", "US$ {}")).format(value)


def _times(value: str, random: Random, good: Good, *_: Any) -> str | None:
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::00)?", value)
    if not found:
        return None
    y, m, d, h, i = found.groups()
    forms = [
        *(f"{y}/{m}/{d} {h}:{i}:00", f"{y}-{m}-{d}T{h}:{i}:00", f"{y}/{int(m)}/{int(d)} {int(h)}:{i}"),
        *(
            f"{y}年{int(m)}月{int(d)}日 {h}:{i}",
            f"{y}-{m}-{d} {h}:{i}:00.000",
            f"{y}.{m}.{d} {h}:{i}",
            f"{y}-{m}-{d} {h}:{i}",
        ),
        *(f"{d}/{m}/{y} {h}:{i}", f"{m}/{d}/{y} {h}:{i}", f"{int(d)}.{int(m)}.{y} {h}:{i}", f"{y}{m}{d}{h}{i}00"),
        *(
            f"{y}-{m}-{d} {h}:{i}:00 ",
            f"'{y}-{m}-{d} {h}:{i}:00",
            f"{y}-{m}-{d}  {h}:{i}:00",
            f"{y}/{m}/{d} 上午{h}:{i}",
        ),
        *(f"{m}/{d}/{y[2:]} {h}:{i}", f"{d}-{m}-{y} {h}:{i}", f"{y}-{m}-{d} {h}.{i}.00", f"{y}{m}{d} {h}:{i}"),
    ]
    return random.choice(forms)


def _zoned(value: str, random: Random, good: Good, *_: Any) -> str | None:
    """The same moment with its zone, where times without one are Beijing's."""
    from datetime import datetime, timedelta, timezone

    if good.options.get("platform", "weibo") != "weibo" or not re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", value):
        return None
    at = datetime.fromisoformat(value).replace(tzinfo=timezone(timedelta(hours=8)))
    utc = at.astimezone(UTC)
    seconds = int(at.timestamp())
    forms = (
        at.isoformat(),
        utc.isoformat(),
        f"{utc:%Y-%m-%dT%H:%M:%SZ}",
        f"{utc:%Y-%m-%dT%H:%M:%S.000Z}",
        str(seconds),
    )
    return random.choice(
        (*forms, str(seconds * 1000), f"{seconds}.0", f"{at:%a %b %d %H:%M:%S +0800 %Y}", f"{seconds * 1000:.2E}")
    )


def _lookalike(value: str, random: Random, *_: Any) -> str:
    """Other forms of the same letters: full-width, decomposed, capitals, compatibility characters."""
    forms = (value.translate(_FULL), unicodedata.normalize("NFD", value), value.upper(), value.title())
    return random.choice((*forms, " ".join((value, "")), unicodedata.normalize("NFKD", value)))


def _handle(value: str, random: Random, *_: Any) -> str:
    return random.choice(
        (value.upper(), value.title(), value.swapcase(), "@" + value, "＠" + value, "@" + value.upper())
    )


def _at(value: str, random: Random, *_: Any) -> str:
    return random.choice(("@{}", "＠{}", "{} ", "@{} ")).format(value)


def _longer(value: str, random: Random, *_: Any) -> str:
    return value + random.choice(("手机", "_official", "2", "工作室", "·北京"))


def _platform(value: str, random: Random, good: Good, row: int, column: str) -> str | None:
    del row
    if good.options.get("platform") != "weibo" or good.roles[column] not in "Aa":
        return None
    forms = ("weibo:{}", "https://weibo.com/u/{}", "https://m.weibo.cn/u/{}", "uid:{}", "u/{}", "weibo.com/{}", "UID{}")
    return random.choice((*forms, "@{}", "Weibo:{}", "weibo：{}")).format(value)


def _typed(value: str, random: Random, good: Good, *_: Any) -> Any:
    """What a column of numbers gives back: integers, and floats where one cell of the column was empty."""
    if not re.fullmatch("[0-9]+", value):
        return None
    exact = int(float(value)) == int(value)
    if good.form == "xlsx" and len(value) > 15:
        return None  # Excel cannot hold it
    return random.choice((int(value), float(value))) if exact else int(value)


def _bytes(value: str, *_: Any) -> bytes:
    return value.encode()


def _formula(value: str, random: Random, *_: Any) -> str:
    return random.choice(("=A1", f'=VALUE("{value}")', "=B2*1", "=1+1", f'=TEXT({len(value)},"0")'))


def _error(value: str, random: Random, *_: Any) -> str:
    del value
    return random.choice(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!"))


HABITS: tuple[Cells, ...] = (
    Cells("word for nothing", "AaPpCTMWNn", _nothing, nothing=True),
    Cells("zero for no id", "AaPp", _no_number, nothing=True),
    Cells("zero for no time", "T", _no_time, nothing=True),
    Cells("id as float", "AaPp", _one("{}.0".format, "{}.00".format, "{}.".format, "{},0".format, "{}.000000".format)),
    Cells("id in scientific notation", "AaPp", _scientific),
    Cells(
        "id behind an apostrophe", "AaPpN", _any(lambda v: "'" + v), ("csv", "xlsx", "db"), means=lambda v: (v, v[1:])
    ),
    Cells("blanks around a value", "AaPpBCTMWH", _blanks),
    Cells("invisible characters in a value", "AaPpBCTMW", _invisible),
    Cells("quotes in quotes", "AaPpCM", _any(lambda v: f'"{v}"'), ("csv", "xlsx", "db")),
    Cells("id as a formula of text", "AaPp", _one('="{}"'.format, '=T("{}")'.format, "=({})".format), ("csv",)),
    Cells("id with a sign or zeros", "AaPp", _one("+{}".format, "000{}".format, "-{}".format, "#{}".format)),
    Cells("id with thousands", "AaPp", _thousands),
    Cells("digits of another script", "AaPpCMT", _one(lambda v: v.translate(_FULL), lambda v: v.translate(_ARABIC))),
    Cells("object where an id is meant", "AaPpC", _objects),
    Cells("object in JSON", "AaPpC", _json_objects, OBJECTS),
    Cells("hexadecimal id as an object", "AP", _hex, OBJECTS),
    Cells("false for nothing", "aPpACT", _any(lambda _: False), OBJECTS, nothing=True),
    Cells("id rounded by Excel", "P", _rounded),
    Cells("short id of another post", "B", _other_short),
    Cells("count with thousands", "CM", _thousands),
    Cells("count with Indian thousands", "CM", _indian),
    Cells("count with decimals", "CM", _decimals),
    Cells("count in scientific notation", "CM", _scientific, means=_said),
    Cells("count in ten thousands", "CM", _units),
    Cells("count with words", "C", _with_words),
    Cells(
        "count below zero, or no number",
        "CMW",
        _negative,
        never=True,
    ),
    Cells("money in words and signs", "M", _money),
    Cells("money of another country", "M", _foreign_money, never=True),
    Cells("weight with a comma", "W", _one("{},0".format, "{}.0".format, "{},00".format, "{}e0".format)),
    Cells("weight with half a comma", "W", _one("{},5".format), means=lambda v: (v.replace(",", "."),)),
    Cells("time in another order", "T", _times),
    Cells("time with its zone", "T", _zoned),
    Cells("name in other letters", "Nn", _lookalike),
    Cells("handle in capitals or behind @", "H", _handle),
    Cells("name behind @", "n", _at),
    Cells("name that begins like another", "n", _longer, stranger=True),
    Cells("id with its platform", "Aa", _platform),
    Cells("numbers of a typed column", "AaPpCM", _typed, ("jsonl", "json", "xlsx", "db")),
    Cells("bytes in a database", "AaPpNX", _bytes, ("db",)),
    Cells("formula that nobody computed", "AaCMTN", _formula, ("xlsx",), nothing=True, words=("formula", "公式")),
    Cells("error value of a spreadsheet", "AaCMT", _error, ("xlsx", "csv"), nothing=True),
)


def written(good: Good, changes: list[Change]) -> bytes:
    """The file with these cells in it."""
    from dataclasses import replace

    from tests.habits.goods import document

    table = [list[Any](row) for row in good.rows]
    for change in changes:
        table[change.row][good.columns.index(change.column)] = change.value
    if good.form not in OBJECTS:
        return replace(good, rows=tuple(map(tuple, table))).written()
    objects = good.objects()
    for change in changes:
        *above, last = change.column.split(".")
        inner = objects[change.row]
        for key in above:
            inner = inner[key]
        number = change.column in good.numbers and isinstance(change.value, str)
        inner[last] = _number(change.value) if number else change.value
    return document(good, objects)


def _number(text: str) -> Any:
    """JSON writes numbers bare, where what it writes is one."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text
