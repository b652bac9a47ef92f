"""Files that hold rows in a form of their own: JSON values, SQLite, spreadsheets."""

from __future__ import annotations

import re
import sqlite3
import warnings
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TypeAlias

from kolgraph.errors import InputError, KolgraphError, UnknownName
from kolgraph.loaders.reading import headers
from kolgraph.loaders.reading.archives import inside
from kolgraph.loaders.reading.jsontext import DECODER, Cursor, shallow
from kolgraph.loaders.reading.packed import MAX_INPUT
from kolgraph.loaders.reading.source import MAX_RAW, Reject, Source, column, lines, readable, shown

#: Keys are looked for in so many lines or items, and in so much of one big object.
KEY_ROWS = 1000
KEY_CHARACTERS = 16 << 20
#: Rows that a spreadsheet can have: more are damage, which the library would fill with empty rows.
MAX_SHEET_ROWS = 1 << 20

#: Cells with a formula and no value, and cells that are merged, as they stand in a sheet.
FORMULA = re.compile(
    rb"<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
MERGED = re.compile(rb'<mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')

Rows: TypeAlias = Iterator[tuple[int | None, dict[str, Any]] | Reject]


# ---------------------------------------------------------------------- JSON


def keys(source: Source) -> frozenset[str]:
    """What `Source.keys` holds."""
    if source.shape == "sqlite":
        tables = _tables(source.path)
        return frozenset(tables) | {f"{table}.{name}" for table, columns in tables.items() for name in columns}
    if source.shape not in {"jsonl", "json", "js"}:
        return frozenset()
    found: set[str] = set()
    for value in _probe(source):
        for key, inner in value.items():
            found.add(key)
            if isinstance(inner, dict):
                found.update(f"{key}.{name}" for name in inner)
    return frozenset(found)


def _probe(source: Source) -> Iterator[dict[str, Any]]:
    """The first objects of a file."""
    if source.shape == "jsonl":
        with readable(source.path), source.open() as raw:
            for line in islice(lines(raw), KEY_ROWS):
                value = _parsed(line)
                if isinstance(value, dict):
                    yield value
        return
    with readable(source.path), source.open() as raw:
        cursor = Cursor(raw, KEY_CHARACTERS)
        try:
            cursor.begin()
            if cursor.peek() == "[":
                for _ in islice(cursor.items(), KEY_ROWS):
                    value, _ = cursor.value()
                    if isinstance(value, dict):
                        yield value
                return
            for key in cursor.pairs():
                yield {key: None}
                if cursor.peek() == "{":
                    for name in cursor.pairs():
                        yield {key: {name: None}}
                        cursor.skip()
                else:
                    cursor.skip()
        except (ValueError, RecursionError):
            return  # what was found so far is enough to recognise the file by


def json_lines(source: Source) -> Iterator[tuple[int, dict[str, Any]] | Reject]:
    """Line number and object of every line that is not blank; a `Reject` for a line that is no object."""
    with readable(source.path), source.open() as raw:
        for number, line in enumerate(lines(raw), 1):
            if line.strip():
                value = _parsed(line)
                if isinstance(value, dict):
                    yield number, value
                else:
                    why = str(value) if isinstance(value, Exception) else "not a JSON object"
                    yield Reject(number, None, None, "BAD_JSON", why, shown(line))


def json_items(source: Source, prefix: str = "") -> Rows:
    """Line number and object of every item of a JSON value, one at a time.

    Parameters
    ----------
    prefix : str
        Where the list lies: ``weibo``, ``data.videos``; "" = the value itself. A value that is no list is one item.

    Notes
    -----
    Whole numbers are exact, other numbers are Decimals, NaN is None. Values behind each other are read like one list.
    After damage nothing can be told apart any more: the last that comes is then a `Reject`. Memory: one item.
    """
    if source.shape == "jsonl":
        for row in json_lines(source):
            if isinstance(row, Reject) or not prefix:
                yield row
            else:
                yield from _inside(row[0], row[1], prefix.split("."))
        return
    with readable(source.path), source.open() as raw:
        cursor = Cursor(raw)
        try:
            while cursor.begin():
                yield from _rows_at(cursor, prefix.split(".") if prefix else [])
        except (ValueError, RecursionError) as error:
            why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            why = f"the JSON is damaged or cut off here; what follows is not read ({why})"
            yield Reject(cursor.line, None, None, "BAD_JSON", why, cursor.rest())


def _rows_at(cursor: Cursor, path: Sequence[str]) -> Rows:
    """The items of the list at a path of keys in the next value; all of the value is passed over.

    A list on the way is one of pages, each with a list of its own; at the end of the path null is an empty list.
    """
    if path and cursor.peek() == "[":
        for _ in cursor.items():
            yield from _rows_at(cursor, path)
    elif path and cursor.peek() != "{":
        cursor.skip()
    elif path:
        for key in cursor.pairs():
            if key == path[0]:
                if cursor.peek() == "n":
                    cursor.skip()
                else:
                    yield from _rows_at(cursor, path[1:])
            else:
                cursor.skip()
    else:
        for line in cursor.items() if cursor.peek() == "[" else [cursor.line]:
            value, text = cursor.value()
            if not text.isascii() and re.search("[\udc80-\udcff]", text):
                raw = text[:MAX_RAW].encode("utf-8", "surrogateescape")
                yield Reject(line, None, None, "BAD_ENCODING", "the text is not UTF-8", shown(raw))
            elif isinstance(value, dict):
                yield line, value
            else:
                yield Reject(line, None, None, "BAD_JSON", "not a JSON object", text[:MAX_RAW])


def _inside(line: int, value: Any, path: Sequence[str]) -> Rows:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    for item in value if isinstance(value, list) else [] if value is None else [value]:
        if isinstance(item, dict):
            yield line, item
        else:
            yield Reject(line, None, None, "BAD_JSON", "not a JSON object", str(item)[:MAX_RAW])


def _parsed(line: bytes) -> Any:
    """The value of a line, or the exception that says why there is none."""
    try:
        text = line.decode("utf-8-sig").strip()
        value, end = DECODER.raw_decode(text)
        if end < len(text):
            return ValueError(f"something follows at character {end + 1}")
        return shallow(value, text)
    except UnicodeDecodeError:
        return ValueError("the line is not UTF-8")
    except ValueError as error:
        return ValueError(f"not readable as JSON: {error}")
    except RecursionError:
        return ValueError("nested too deeply")


# ---------------------------------------------------------------------- SQLite and spreadsheets


def sqlite_rows(
    path: Path, table: str, columns: Sequence[str] | None = None
) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Number and cells of every row of a table, in the order in which they lie in the file.

    The file is only read: nothing is created beside it, and no view, trigger or function in it runs.

    Raises
    ------
    InputError
        It is no database, another program has not finished writing it, or there is no such table or column.
    """
    known = _tables(path)
    if table not in known:
        raise UnknownName.among(f"table of {path}", table, known)
    wanted = list(columns) if columns is not None else known[table]
    for name in wanted:
        if name not in known[table]:
            raise UnknownName.among(f"column of table {table!r} in {path}", name, known[table])
    with _database(path) as connection:
        found = connection.execute(f"SELECT {', '.join(map(column, wanted))} FROM {column(table)}")
        for number, row in enumerate(found, 1):
            yield number, dict(zip(wanted, map(cell, row), strict=True))


def _tables(path: Path) -> dict[str, list[str]]:
    """The ordinary tables of a database, and their columns."""
    with _database(path) as connection:
        names = [
            str(name)
            for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
            if not re.match(r"\s*CREATE\s+VIRTUAL", str(sql), re.IGNORECASE) and not str(name).startswith("sqlite_")
        ]
        return {
            name: [str(row[1]) for row in connection.execute(f"PRAGMA table_info({column(name)})")] for name in names
        }


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise InputError(f"{path}: a program has it open and keeps rows in {log.name}; end that program first")
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with readable(path), closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            yield connection
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter about the text of the former
        raise InputError(f"{path}: not a readable SQLite file ({error})") from error


def is_workbook(path: Path) -> bool:
    """Whether a zip file is an Excel workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(f"{path}: the archive is damaged ({error})") from error


def xlsx_rows(
    path: Path, sheet: str | None = None, *, max_input: int = MAX_INPUT
) -> Iterator[tuple[int, dict[str, str | None]] | Reject]:
    """Number and cells of every row below the header: the first row of a sheet that is not empty.

    Cells are the values that were saved, formulas are never computed. Columns without a name are left out.

    Parameters
    ----------
    sheet : str, optional
        Default: the first sheet that is not empty.

    Raises
    ------
    InputError
        It is no workbook, it has no such sheet, or two columns have one name.
    LimitError
        It unpacks to more than `max_input` bytes.
    """
    header: list[str] | None = None
    first = 0
    for found in sheet_rows(path, sheet, max_input):
        if isinstance(found, Reject):
            yield found
            continue
        number, row = found
        if header is None:
            header = [text.strip() if text else "" for text in row]
            first = number + 1
            continue
        if number == first and headers.is_of_types(row):
            continue
        yield number, {name: text for name, text in zip_longest(header, row[: len(header)]) if name}


def xlsx_header(path: Path, *, max_input: int = MAX_INPUT) -> tuple[list[str], int]:
    """The header of the first sheet that is not empty, and its row number."""
    with closing(sheet_rows(path, None, max_input)) as rows:
        for number, row in (found for found in rows if not isinstance(found, Reject)):
            return [text.strip() if text else "" for text in row], number
    raise InputError(f"{path}: the workbook is empty")


def xlsx_headers(path: Path, *, max_input: int = MAX_INPUT) -> dict[str, list[str]]:
    """The headers of all sheets that are not empty."""
    with _workbook(path, max_input) as book:
        told = {ws.title: (row for row in _rows_of(ws, path) if not isinstance(row, Reject)) for ws in book.worksheets}
        first = {title: next(rows, None) for title, rows in told.items()}
    return {name: [text.strip() if text else "" for text in row[1]] for name, row in first.items() if row}


def sheet_rows(
    path: Path, sheet: str | None, max_input: int
) -> Generator[tuple[int, list[str | None]] | Reject, None, None]:
    """The rows of a sheet that are not empty; of the first that has any, if none is named.

    A row with a formula that no program has computed yet is a `Reject`: what its cell shows nobody knows. What is
    merged downwards, as the name of an account beside several rows, holds for each of them.
    """
    with _workbook(path, max_input) as book:
        names = [ws.title for ws in book.worksheets]
        if sheet is not None and sheet not in names:
            raise UnknownName.among(f"sheet of {path}", sheet, names)
        for ws in book.worksheets:
            if sheet in (None, ws.title):
                empty = True
                for row in _rows_of(ws, path):
                    empty = False
                    yield row
                if not empty:
                    return


@contextmanager
def _workbook(path: Path, max_input: int) -> Iterator[Any]:
    import openpyxl

    inside(path, max_input)
    try:
        with path.open("rb") as raw:  # the library leaves files open that it cannot read
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and extensions, which are not read
                book = openpyxl.load_workbook(raw, read_only=True, data_only=True, keep_links=False)
            with closing(book):
                yield book
    except KolgraphError:
        raise
    except Exception as error:
        raise InputError(f"{path}: not a readable workbook ({type(error).__name__}: {error})") from error


def _rows_of(ws: Any, path: Path) -> Iterator[tuple[int, list[str | None]] | Reject]:
    from openpyxl.cell.cell import ERROR_CODES

    ws.reset_dimensions()  # programs write wrong ones
    formulas, merged = _beyond_values(ws, path)
    above: dict[int, tuple[int, str | None]] = {}  # column -> last row that a value holds for, and the value
    header = 0
    for number, values in enumerate(ws.iter_rows(values_only=True), 1):
        if number > MAX_SHEET_ROWS:
            raise InputError(f"{path}: sheet {ws.title!r} claims more than {MAX_SHEET_ROWS:,} rows")
        row = [None if value in ERROR_CODES else cell(value) for value in values]
        header = header or (number if sum(map(bool, row)) > 1 else 0)
        for place, last in merged.get(number, {}).items() if header and number > header else ():
            above[place] = (last, row[place] if place < len(row) else None)
        for place, (last, value) in above.items():
            if number <= last and any(row):
                row += [None] * (place + 1 - len(row))
                row[place] = value
        unknown = [place for place in formulas.get(number, ()) if place >= len(row) or row[place] is None]
        if unknown:
            name = f"{_letters(unknown[0])}{number}"
            why = (
                f"cell {name} holds a formula that was never computed; open the file in a spreadsheet program, save it"
            )
            yield Reject(number, None, None, "NOT_COMPUTED", why, ",".join(text or "" for text in row)[:MAX_RAW])
        elif any(row):
            yield number, row


def _beyond_values(ws: Any, path: Path) -> tuple[dict[int, list[int]], dict[int, dict[int, int]]]:
    """What the library does not tell of a sheet that it reads as a stream.

    Row -> columns with formulas without a value; first row -> column -> last row of what is merged downwards.
    """
    formulas: dict[int, list[int]] = {}
    merged: dict[int, dict[int, int]] = {}
    tail = b""
    with zipfile.ZipFile(path) as archive, archive.open(ws._worksheet_path) as raw:
        while piece := raw.read(1 << 20):
            text = tail + piece
            for found in FORMULA.finditer(text):
                place = PLACE.search(found[1])
                if place and b't="str"' not in found[1]:  # a text that is empty is a value
                    formulas.setdefault(int(place[2]), []).append(_number_of(place[1]))
            for found in MERGED.finditer(text):
                if found[1] == found[3]:
                    merged.setdefault(int(found[2]), {})[_number_of(found[1])] = int(found[4])
            # Both are short: what a piece cuts in two is looked at again, and told once.
            tail = text[max(text.rfind(b"<c "), text.rfind(b"<mergeCell ")) :][: 1 << 14]
    return formulas, merged


def _number_of(letters: bytes) -> int:
    """The place of a column from 0: A, B, ..., AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _letters(place: int) -> str:
    text, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text


def cell(value: object) -> str | None:
    """A value as exact text; a float that cannot have kept its digits looks like one, so that no id is made of it."""
    if value is None:
        return None
    if isinstance(value, bytes):  # some programs keep text so; a picture holds zeros
        return None if b"\0" in value else value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if value.is_integer():
            return str(int(value)) if abs(value) <= 2**53 else f"{value:.16E}"
        return repr(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value)
