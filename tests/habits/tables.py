"""Habits of whole tables and of JSON: what spreadsheets, shells and versions of a crawler do to rows and headers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

from tests.habits.goods import Good, csv_text, document


class Made(NamedTuple):
    """A file as a habit left it.

    ``rows``: those that may be rejected; ``also``: what else it may mean, and ``told``: the words of which a printed
    line has one then, if it is not said beside; ``name``: where it is called otherwise.
    """

    data: bytes
    rows: frozenset[int] = frozenset()
    also: tuple[Good | tuple[Good, tuple[str, ...]], ...] = ()
    told: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Whole:
    """A habit of a whole file, and the forms of file that have it."""

    name: str
    make: Callable[[Good, Random], Made | None]
    forms: tuple[str, ...] = ("csv",)


Table = list[list[str]]


def _text(change: Callable[[Table, Random], Table], *, own: bool = False) -> Callable[[Good, Random], Made | None]:
    """A habit that leaves every row what it is; `own`: only lines of its own may be rejected."""

    def make(good: Good, random: Random) -> Made | None:
        made = change([list(good.columns), *map(list, good.rows)], random)
        return Made(csv_text(made).encode(), frozenset() if own else every(good))

    return make


def _lines(
    change: Callable[[list[str], Random], list[str]], *, own: bool = False
) -> Callable[[Good, Random], Made | None]:
    """The same on lines of text; only where every row is a line."""

    def make(good: Good, random: Random) -> Made | None:
        if any("\n" in cell for row in good.rows for cell in row):
            return None
        made = change(good.written().decode().splitlines(), random)
        return Made("".join(line + "\n" for line in made).encode(), frozenset() if own else every(good))

    return make


def every(good: Good) -> frozenset[int]:
    """All rows."""
    return frozenset(range(len(good.rows)))


def header_again(table: Table, random: Random) -> Table:
    at = random.randrange(1, len(table) + 1)
    return [*table[:at], list(table[0]), *table[at:]]


def joined_files(lines: list[str], random: Random) -> list[str]:
    at = random.randrange(1, len(lines))
    return [*lines[:at], random.choice(("", "\ufeff")) + lines[0], *lines[at:]]


def blank_lines(lines: list[str], random: Random) -> list[str]:
    blank = random.choice(("", " ", "\t", "," * lines[0].count(","), ";" * lines[0].count(","), "\u3000"))
    at = random.randrange(len(lines) + 1)
    return [*lines[:at], *[blank] * random.randint(1, 3), *lines[at:]]


def comment_lines(lines: list[str], random: Random) -> list[str]:
    said = random.choice(
        ("# exported 2024-01-05", "// end", "-- 3 rows", "# 3,4", "(3 rows)", "%", "<!-- x -->", "/* */")
    )
    at = random.choice((0, len(lines), random.randrange(len(lines))))
    return [*lines[:at], said, *lines[at:]]


def titles(table: Table, random: Random) -> Table:
    title = random.choice((["导出时间：2024-01-05"], ["KOL 数据"], ["Report", "2024"], ["数据来源: 后台", "", "共3条"]))
    return [
        [*title, *[""] * (len(table[0]) - len(title))],
        *([[""] * len(table[0])] if random.random() < 0.3 else []),
        *table,
    ]


def totals(table: Table, random: Random) -> Table:
    word = random.choice(("合计", "总计", "Total", "Sum", "备注：含税", "共3条", "以上为全部数据", "小计"))
    row = ["" if not c.isdigit() or len(c) > 8 else "99" for c in table[1]]
    return [*table, [word, *row[1:]]]


def units_below(table: Table, random: Random) -> Table:
    """A second line of the header: units, types, or the names in another language."""
    second = random.choice((["(text)", "(num)"], ["varchar", "int"], ["字段", "说明"], ["string", "string"]))
    return [table[0], [second[k % 2] for k in range(len(table[0]))], *table[1:]]


def empty_cells_behind(lines: list[str], random: Random) -> list[str]:
    behind = "," * random.randint(1, 3)
    return (
        [line + behind for line in lines]
        if random.random() < 0.5
        else [lines[0], *(line + behind for line in lines[1:])]
    )


def index_column(table: Table, random: Random) -> Table:
    first = random.choice((0, 1))
    name = random.choice(("", "Unnamed: 0", "index", "序号", "#", "X", "X1", "rowname", "_c0"))
    return [[name, *table[0]], *([str(first + k), *row] for k, row in enumerate(table[1:]))]


def index_without_name(lines: list[str], random: Random) -> list[str]:
    """As R's write.table: one name less than there are columns."""
    del random
    return [lines[0], *(f'"{k + 1}",{line}' for k, line in enumerate(lines[1:]))]


def other_order(table: Table, random: Random) -> Table:
    order = random.sample(range(len(table[0])), len(table[0]))
    return [[row[k] for k in order] for row in table]


def unknown_column(table: Table, random: Random) -> Table:
    at = random.randrange(len(table[0]) + 1)
    name, value = random.choice(
        (("备注", "好"), ("note", "x"), ("crawled", "1704135845"), ("extra", "7"), ("tag", "a,b"))
    )
    return [[*row[:at], name if k == 0 else value, *row[at:]] for k, row in enumerate(table)]


def same_column_twice(table: Table, random: Random) -> Table:
    """As a join leaves it: the same column again, under the same name or with a suffix, filled or empty."""
    at = random.randrange(len(table[0]))
    name = table[0][at] + random.choice(("", ".1", "_x", "_1", " (2)", "_right"))
    full = random.random() < 0.5
    return [[*row, name if k == 0 else row[at] if full else ""] for k, row in enumerate(table)]


def header_in_capitals(table: Table, random: Random) -> Table:
    change = random.choice((str.upper, str.title, str.lower, str.swapcase, str.capitalize))
    return [[change(name) for name in table[0]], *table[1:]]


def header_in_blanks(table: Table, random: Random) -> Table:
    blank = random.choice((" ", "\t", "\u3000", "\u00a0", "\ufeff", "\u200b"))
    some = {k for k in range(len(table[0])) if random.random() < 0.6}
    change = random.choice((lambda n: blank + n, lambda n: n + blank, lambda n: blank + n + blank))
    return [[change(n) if k in some else n for k, n in enumerate(table[0])], *table[1:]]


def header_spelt_otherwise(table: Table, random: Random) -> Table:
    full = {ord(c): ord(c) + 0xFEE0 for c in map(chr, range(0x21, 0x7F))}
    forms: tuple[Callable[[str], str], ...] = (
        *(lambda n: n.translate(full), lambda n: n.replace("_", " "), lambda n: n.replace("_", "-")),
        *(
            lambda n: f'"{n}"',
            lambda n: f"'{n}'",
            lambda n: f"`{n}`",
            lambda n: f"[{n}]",
            lambda n: f"t.{n}",
            lambda n: n + ":",
        ),
        lambda n: re.sub("_(.)", lambda m: m[1].upper(), n),
    )
    change = random.choice(forms)
    return [[change(name) for name in table[0]], *table[1:]]


def without_a_header(table: Table, random: Random) -> Table:
    del random
    return table[1:]


def on_its_side(table: Table, random: Random) -> Table:
    del random
    return [list(row) for row in zip(*table, strict=True)]


def rows_again(table: Table, random: Random) -> Table:
    return [*table, *(table[random.randrange(1, len(table))] for _ in range(random.randint(1, 3)))]


def rows_shuffled(table: Table, random: Random) -> Table:
    return [table[0], *random.sample(table[1:], len(table) - 1)]


def other_delimiter(good: Good, random: Random) -> Made:
    mark = random.choice(("\t", ";", "|", "，", "；", " ", "\x01", ":", "^", "~"))
    table = [good.columns, *good.rows]
    if len(mark.encode()) > 1:
        return Made("".join(mark.join(row) + "\n" for row in table).encode(), every(good))
    return Made(csv_text(table, mark).encode(), every(good))


def delimiter_in_first_line(good: Good, random: Random) -> Made:
    mark = random.choice((";", ",", "\t", "|"))
    head = random.choice(("sep={}", '"sep={}"', "SEP={}", "sep={}" + ",,")).format(mark)
    return Made(
        (head + random.choice(("\n", "\r\n")) + csv_text([good.columns, *good.rows], mark)).encode(), every(good)
    )


def all_quoted(good: Good, random: Random) -> Made:
    mark = random.choice(('"', '"', "'", "“"))
    close = {"“": "”"}.get(mark, mark)
    rows = ([mark + cell.replace(mark, mark * 2) + close for cell in row] for row in (good.columns, *good.rows))
    return Made("".join(",".join(row) + "\n" for row in rows).encode(), every(good))


def surplus_cell(good: Good, random: Random) -> Made:
    """One row has a cell more: a comma in a text that nobody quoted, or a column of a newer version."""
    row, value = (
        random.randrange(len(good.rows)),
        random.choice(("x", "", "0", "False", "1000000099", "4985690216650375")),
    )
    at = random.randrange(1, len(good.columns))
    cells = list(good.rows[row])
    table = [list(good.columns), *map(list, good.rows)]
    table[row + 1] = [*cells[:at], value, *cells[at:]]
    return Made(csv_text(table).encode(), frozenset({row}))


def missing_cell(good: Good, random: Random) -> Made | None:
    """One row has a cell less: a row of an older version, in which a column was not there yet."""
    row, at = random.randrange(len(good.rows)), random.randrange(len(good.columns))
    if len(good.columns) == 2:
        return None
    table = [list(good.columns), *map(list, good.rows)]
    del table[row + 1][at]
    last = len(good.columns) - 1
    also = (good.cell(row, good.columns[last], ""),) if at == last else ()
    return Made(csv_text(table).encode(), frozenset({row}), also)


def cut_row(good: Good, random: Random) -> Made:
    """A row ends early: the program was stopped, or left out what was empty."""
    row, keep = random.randrange(len(good.rows)), random.randrange(1, len(good.columns))
    table = [list(good.columns), *map(list, good.rows)]
    del table[row + 1][keep:]
    meant = good
    for column in good.columns[keep:]:
        meant = meant.cell(row, column, "")
    return Made(csv_text(table).encode(), frozenset({row}), (meant,))


def broken_row(good: Good, random: Random) -> Made | None:
    """A line end in a cell that nobody quoted."""
    row = random.randrange(len(good.rows))
    cells = [k for k, c in enumerate(good.columns) if good.roles.get(c) in ("X", "N", "n") and good.rows[row][k]]
    if not cells:
        return None
    lines = csv_text([good.columns, *good.rows]).split("\n")
    if any("\n" in cell for r in good.rows for cell in r):
        return None
    value = good.rows[row][random.choice(cells)]
    at = len(value) // 2
    lines[row + 1] = lines[row + 1].replace(value, value[:at] + random.choice(("\n", "\r\n", "\n\n")) + value[at:], 1)
    return Made("\n".join(lines).encode(), frozenset({row}))


def open_quote(good: Good, random: Random) -> Made:
    """A quote that never closes; the rows below it can be lost, but not in silence."""
    row = random.randrange(len(good.rows))
    lines = csv_text([good.columns, *good.rows]).split("\n")
    at = random.randrange(lines[row + 1].count(",") + 1)
    cells = lines[row + 1].split(",")
    cells[at] = random.choice(('"' + cells[at], cells[at] + '"', cells[at][:1] + '"' + cells[at][1:]))
    lines[row + 1] = ",".join(cells)
    # Inside a cell that has none around it a quote is a letter like any other.
    also = (good.cell(row, good.columns[at], cells[at]),) if len(cells) == len(good.columns) else ()
    return Made("\n".join(lines).encode(), frozenset(range(row, len(good.rows))), also)


def renamed_column(good: Good, random: Random) -> Made | None:
    """A column under a name that nobody knows is not used, and the line that is printed says so."""
    column = random.choice([c for c in good.columns if good.roles.get(c) in ("C", "T", "X", "N", "p", "M")] or [""])
    if not column:
        return None
    at, name = good.columns.index(column), random.choice(("列{}", "zzz{}", "col_{}")).format(random.randrange(10))
    rows = tuple((*row[:at], *row[at + 1 :]) for row in good.rows)
    roles = {c: r for c, r in good.roles.items() if c != column}
    less = replace(good, columns=(*good.columns[:at], *good.columns[at + 1 :]), rows=rows, roles=roles)
    header = [name if k == at else c for k, c in enumerate(good.columns)]
    return Made(csv_text([header, *good.rows]).encode(), frozenset(), (less,), (name,))


def as_a_drawing(good: Good, random: Random) -> Made:
    """As the shells of databases print tables, as Markdown, or as a page."""
    table = [good.columns, *good.rows]
    kind = random.randrange(3)
    if kind == 0:
        line = "+" + "+".join("-" * 8 for _ in good.columns) + "+\n"
        body = ["| " + " | ".join(row) + " |\n" for row in table]
        return Made((line + body[0] + line + "".join(body[1:]) + line).encode())
    if kind == 1:
        body = ["| " + " | ".join(row) + " |\n" for row in table]
        return Made((body[0] + "|" + "---|" * len(good.columns) + "\n" + "".join(body[1:])).encode())
    cells = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in table)
    ending = random.choice((".csv", ".xls"))
    return Made(f"<html><table>{cells}</table></html>".encode(), name=re.sub(r"\.\w+$", ending, good.name))


HABITS: tuple[Whole, ...] = (
    Whole("header again among the rows", _text(header_again, own=True)),
    Whole("files joined end to end", _lines(joined_files, own=True)),
    Whole("blank lines", _lines(blank_lines, own=True)),
    Whole("lines of comment", _lines(comment_lines, own=True)),
    Whole("title above the header", _text(titles, own=True)),
    Whole("row of totals or notes", _text(totals, own=True)),
    Whole("second line of header", _text(units_below, own=True)),
    Whole("empty cells behind every row", _lines(empty_cells_behind)),
    Whole("column of row numbers", _text(index_column)),
    Whole("row numbers without a name", _lines(index_without_name)),
    Whole("columns in another order", _text(other_order)),
    Whole("column that nobody knows", _text(unknown_column)),
    Whole("the same column twice", _text(same_column_twice)),
    Whole("header in capitals", _text(header_in_capitals)),
    Whole("blanks in the header", _text(header_in_blanks)),
    Whole("header spelt otherwise", _text(header_spelt_otherwise)),
    Whole("no header", _text(without_a_header)),
    Whole("table on its side", _text(on_its_side)),
    Whole("rows again", _text(rows_again, own=True)),
    Whole("rows in another order", _text(rows_shuffled)),
    Whole("another delimiter", other_delimiter),
    Whole("delimiter in the first line", delimiter_in_first_line),
    Whole("every cell in quotes", all_quoted),
    Whole("surplus cell in a row", surplus_cell),
    Whole("missing cell in a row", missing_cell),
    Whole("row that ends early", cut_row),
    Whole("line end in a cell without quotes", broken_row),
    Whole("quote that never closes", open_quote),
    Whole("column under an unknown name", renamed_column),
    Whole("table as a drawing", as_a_drawing),
)


# ---------------------------------------------------------------------- JSON


def list_or_lines(good: Good, random: Random) -> Made | None:
    """A list where lines are usual, and the other way round; indented as people read it."""
    if good.wrap:
        return Made(json.dumps(json.loads(good.written()), ensure_ascii=False, indent=random.choice((1, 4))).encode())
    objects = good.objects()
    indented = json.dumps(objects, ensure_ascii=False, indent=random.choice((None, 1, 2)))
    spread = "".join(json.dumps(value, ensure_ascii=False, indent=2) + "\n" for value in objects)
    glued = "".join(json.dumps(value, ensure_ascii=False) for value in objects)
    lines = document(replace(good, form="jsonl"), objects).decode()
    return Made(
        random.choice(
            (indented, lines, spread, glued, lines.replace("\n", ",\n"), lines.replace("\n", "\n\n"))
        ).encode()
    )


def wrapped(good: Good, random: Random) -> Made | None:
    """One document around the rows, or around each of them."""
    if good.form != "jsonl":
        return None
    objects: Any = good.objects()
    key = random.choice(("data", "RECORDS", "rows", "items", "results", "hits", "list"))
    if random.random() < 0.5:
        return Made(json.dumps({key: objects}, ensure_ascii=False).encode())
    around = random.choice(({"_index": "w", "_id": "1"}, {"status": 0}, {"type": "row"}))
    each = [around | {"_source" if "_index" in around else key: value} for value in objects]
    return Made(document(good, each))


def escaped(good: Good, random: Random) -> Made:
    del random
    return Made(
        json.dumps(json.loads(good.written())).encode()
        if good.form == "json"
        else b"".join(json.dumps(v).encode() + b"\n" for v in good.objects())
    )


def as_python(good: Good, random: Random) -> Made:
    del random
    return Made("".join(repr(value) + "\n" for value in good.objects()).encode(), every(good))


def key_twice(good: Good, random: Random) -> Made | None:
    """The same key twice in one object, with the same value."""
    row, column = random.randrange(len(good.rows)), random.choice([c for c in good.columns if "." not in c])
    texts = [json.dumps(value, ensure_ascii=False) for value in good.objects()]
    value = json.dumps(good.objects()[row][column], ensure_ascii=False)
    texts[row] = f'{{"{column}": {value}, {texts[row][1:]}'
    return Made("".join(text + "\n" for text in texts).encode(), frozenset({row}))


def keys_in_capitals(good: Good, random: Random) -> Made:
    change = random.choice((str.upper, str.title, str.swapcase))

    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {change(k): turned(v) for k, v in value.items()}
        return value

    return Made(document(replace(good, wrap=""), [turned(value) for value in good.objects()]))


def more_keys(good: Good, random: Random) -> Made:
    """Keys of the database it comes from, or of a newer version, before or behind the others."""
    extra = random.choice(
        (
            *({"__v": 0}, {"@timestamp": "2024-01-02T03:04:05Z"}, {"meta": {"id": "1", "name": "x"}}, {"createdAt": 1}),
            *({"_rev": "1-a"}, {"status": "ok"}, {"errors": []}, {"source": {"user": {"id": "9"}}}, {"ip": "1"}),
        )
    )
    first = random.random() < 0.5
    return Made(document(good, [extra | v if first else v | extra for v in good.objects()]))


def lost_object(good: Good, random: Random) -> Made | None:
    """A whole object is null: the account was deleted."""
    nested = sorted({c.split(".")[0] for c in good.columns if "." in c})
    if not nested:
        return None
    row, key = random.randrange(len(good.rows)), random.choice(nested)
    objects = good.objects()
    objects[row][key] = random.choice((None, {}, "", [], "empty", "None", False))
    meant = good
    for column in (c for c in good.columns if c.startswith(key + ".")):
        meant = meant.cell(row, column, "")
    return Made(document(good, objects), frozenset({row}), (meant,))


def inner_text(good: Good, random: Random) -> Made | None:
    """An object as text, because it went through a table."""
    nested = sorted({c.split(".")[0] for c in good.columns if "." in c})
    if not nested:
        return None
    row, key, objects = random.randrange(len(good.rows)), random.choice(nested), good.objects()
    write = random.choice((lambda v: json.dumps(v, ensure_ascii=False), repr, str))
    objects[row][key] = write(objects[row][key])
    return Made(document(good, objects), frozenset({row}))


def other_lines(good: Good, random: Random) -> Made | None:
    """Lines between the rows that are none: an error, a comment, half a row."""
    if good.form != "jsonl":
        return None
    lines = document(good, good.objects()).decode().splitlines()
    at = random.randrange(len(lines) + 1)
    junk = random.choice(
        ('{"error": "not found"}', "# comment", "{}", "null", "[]", "Traceback", lines[0][:20], "[", "]")
    )
    return Made("".join(line + "\n" for line in [*lines[:at], junk, *lines[at:]]).encode())


OBJECT_HABITS: tuple[Whole, ...] = (
    Whole("JSON as list, as lines, indented", list_or_lines, ("jsonl", "json")),
    Whole("JSON wrapped once more", wrapped, ("jsonl", "json")),
    Whole("JSON in escapes", escaped, ("jsonl",)),
    Whole("JSON as Python prints it", as_python, ("jsonl",)),
    Whole("JSON with a key twice", key_twice, ("jsonl",)),
    Whole("JSON keys in capitals", keys_in_capitals, ("jsonl",)),
    Whole("JSON with more keys", more_keys, ("jsonl", "json")),
    Whole("JSON object that is lost", lost_object, ("jsonl", "json")),
    Whole("JSON object as text", inner_text, ("jsonl", "json")),
    Whole("JSON lines that are no rows", other_lines, ("jsonl",)),
)
