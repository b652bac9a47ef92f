"""Formats as data: how a file is told from others, and which records each of its rows is.

A `Format` is recognised by the keys of its rows: headers of a table, keys of JSON objects, tables of an SQLite file.
Its `Emit`s say what a row means. A value is the name of a cell (``"user._id"`` is a path into nested JSON), or, after
"=", SQL in which cells stand in braces: ``"=weibo_id({user._id})"``. A cell that the file lacks is NULL, so that
one format can serve all versions of a crawler. Cells that start with @ come from outside the row: ``@stem`` and
``@folder`` are parts of the file's name, ``@owner`` is the account whose number that name is, ``@root`` and
``@subject`` are options of the user, ``@line`` is the number of the line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from kolgraph.errors import InputError, option
from kolgraph.loaders.reading.headers import unused
from kolgraph.loaders.reading.source import Options, Part, Reading, Reject, Source, check_fields, quoted

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Rows: TypeAlias = Iterator[tuple[int | None, dict[str, Any]] | Reject]

CELL = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Emit:
    """One record that a row is.

    Attributes
    ----------
    record : str
        A key of `kolgraph.workspace.tables.RECORDS`.
    fields : mapping
        Field of the record -> cell, or SQL behind "=".
    when : str
        SQL with cells in braces: the rows it holds for; "" = all.
    each : str
        A cell that holds a JSON list (or SQL behind "="): one record per item, whose keys are cells ``{item.key}``
        (``{item}`` if the items are no objects).
    side : bool
        The row is told by other records, and counted with them: what this one adds comes beside it.
    """

    record: str
    fields: Mapping[str, str]
    when: str = ""
    each: str = ""
    side: bool = False


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    name : str
        For ``--format``.
    title, title_zh : str
        One line each: whose files these are, and what is in them.
    emits : sequence of Emit
        Of those that are not `side` the first that holds decides what a row is; a row that none holds for is rejected.
    platform : str
        Goes before native ids; "" = as the user says.
    shape : str
        ``table`` (delimited text, spreadsheets), ``json`` (lines or one whole value), ``sqlite``; "" = any.
    keys, without : frozenset of str
        Keys that must be there, and keys that must not; of an SQLite file the columns of `table`.
    path : str
        A regular expression that the end of the path must match; "" = any name.
    layouts : callable, optional
        Of a program that appends rows of several lengths below one header: from the header to the names of the cells of
        a row, by their number. A row of another length is rejected.
    header : sequence of str
        Column names of files that have no header.
    rows : callable, optional
        For files that are not rows by themselves: yields ``(line, {cell: value})``, and a `Reject` for what is damaged.
    prefix : str
        Where the list of rows lies in one whole JSON value: ``weibo``, ``data.videos``.
    table : str
        The table of an SQLite file.
    owned : bool
        All rows are of the account ``@owner``.
    needs : mapping
        Option that must be given (``root``, ``subject``, ``direction``) -> why.
    lets : mapping
        Name -> SQL with cells in braces, to be used as ``{name}`` in emits.
    """

    name: str
    title: str
    title_zh: str
    emits: Sequence[Emit]
    platform: str = ""
    shape: str = ""
    keys: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    path: str = ""
    layouts: Callable[[Sequence[str]], Mapping[int, Sequence[str]]] | None = None
    header: Sequence[str] = ()
    rows: Callable[[Source, Options], Rows] | None = None
    prefix: str = ""
    table: str = ""
    owned: bool = False
    needs: Mapping[str, str] = field(default_factory=dict)
    lets: Mapping[str, str] = field(default_factory=dict)


def recognised(fmt: Format, source: Source, header: Sequence[str]) -> bool:
    """Whether a file, or a sheet with this header, looks like this format."""
    if fmt.path and not re.search(fmt.path + r"(\.gz|\.zst)?$", source.path.as_posix()):
        return False
    shape = {"jsonl": "json", "xlsx": "table", "parquet": "table"}.get(source.shape, source.shape)
    if fmt.shape and shape != fmt.shape:
        return False
    if fmt.rows is not None and source.shape in {"xlsx", "parquet"}:  # it reads text
        return False
    keys = frozenset(header) if shape == "table" or header else source.keys
    if shape == "sqlite" and fmt.table:
        if fmt.table not in keys:
            return False
        keys |= {key.removeprefix(f"{fmt.table}.") for key in keys}
    if fmt.header:
        return bool(fmt.path) and len(header) == len(fmt.header)
    return fmt.keys <= keys and not fmt.without & keys and bool(fmt.keys or fmt.path)


def cells(fmt: Format) -> tuple[str, ...]:
    """The names of all cells that a format knows: those it is told by, and those it reads."""
    return tuple(dict.fromkeys((*_read(fmt), *sorted(fmt.keys | fmt.without))))


def _read(fmt: Format) -> Iterator[str]:
    """The names of the cells that its emits read."""
    for emit in fmt.emits:
        for text in (*emit.fields.values(), emit.when, emit.each):
            yield from _cells(text)
    for text in fmt.lets.values():
        yield from _cells(text)


def reading(
    fmt: Format,
    source: Source,
    options: Options,
    header: Sequence[str] = (),
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> Reading:
    """What a file of this format will hand over.

    `header` spells its columns as the format does, `renamed` tells those that the file spells otherwise.

    Raises
    ------
    InputError
        The format needs an option that was not given.
    """
    for needed, why in fmt.needs.items():
        if getattr(options, needed) is None:
            raise InputError.at(source.path, None, why, fix=f"add {option(needed)}")
    if fmt.owned and not (options.subject or owner(_stem(source))):
        why = f"holds the posts of one account, and its name is not the number of that account: {_stem(source)!r}"
        raise InputError.at(source.path, None, why, fix=f"add {option('subject')}")
    names = dict.fromkeys(_read(fmt))
    paths = {f"c{k}": name for k, name in enumerate(names) if not _outside(name) and name not in fmt.lets}
    decision = f"{fmt.name}: {fmt.title}{_columns(fmt, source, header, renamed, paths.values())}"
    if fmt.rows is None and source.shape == "parquet":
        from kolgraph.loaders.reading import parquet

        known = {name: f"c{k}" for k, name in enumerate(header or source.header)}
        parts = _parts(fmt, source, options, {name: known.get(name, "NULL") for name in paths.values()})
        made = parquet.reading(source, parts, decision)
    elif fmt.rows is None and source.shape == "table":
        header = list(fmt.header) or header or source.header
        layouts = fmt.layouts(header) if fmt.layouts else {}
        if layouts:
            placed = {name: sql for name, sql in _places(layouts).items() if name in paths.values()}
            known = {name: f"n{k}" for k, name in enumerate(placed)}
            named = {known[name]: sql for name, sql in placed.items()}
        else:
            known, named = {name: f"c{k}" for k, name in enumerate(header)}, {}
        parts = _parts(fmt, source, options, {name: known.get(name, "NULL") for name in paths.values()})
        columns = [f"c{k}" for k in range(max(layouts, default=len(header)))]
        from kolgraph.loaders.reading.delimited import delimited

        made = delimited(
            source,
            parts,
            columns=columns,
            has_header=not fmt.header,
            decision=decision,
            widths=layouts.keys(),
            named=named,
        )
    else:
        from kolgraph.loaders.reading.jsonrows import json_rows, made_rows

        parts = _parts(fmt, source, options, {name: column for column, name in paths.items()})
        if fmt.rows is None and source.shape == "jsonl" and not fmt.prefix:
            made = json_rows(source, paths, parts, decision=decision)
        else:
            made = made_rows(source, _rows(fmt, source, options), paths, parts, decision=decision)
    made.platform = options.platform or fmt.platform or None
    made.named = fmt.rows is not None or bool({"@stem", "@folder", "@owner"} & set(names))
    return made


def _columns(
    fmt: Format, source: Source, header: Sequence[str], renamed: Mapping[str, str], read: Collection[str]
) -> str:
    """What is to be said of columns that are spelt otherwise, or that may be those that the format misses."""
    by_name = source.shape == "xlsx" or (source.shape in {"table", "parquet"} and fmt.rows is None)
    if not header or fmt.header or not by_name:
        return ""
    said = "".join(f"; {old} = {new}" for old, new in renamed.items())
    missing = [name for name in read if name not in header]
    return said + (unused(header, read, most=len(header)) if missing else "")


def _places(layouts: Mapping[int, Sequence[str]]) -> dict[str, str]:
    """SQL of every cell, by name: where it stands depends on how many there are."""
    found: dict[str, dict[int, list[int]]] = {}
    for width, names in layouts.items():
        for place, name in enumerate(names):
            found.setdefault(name, {}).setdefault(place, []).append(width)
    return {name: _place(places) for name, places in found.items()}


def _place(places: Mapping[int, Sequence[int]]) -> str:
    cases = (f"WHEN cells IN ({', '.join(map(str, widths))}) THEN c{place}" for place, widths in places.items())
    return f"CASE {' '.join(cases)} END"


def _rows(fmt: Format, source: Source, options: Options) -> Rows:
    from kolgraph.loaders.reading import containers

    if fmt.rows is not None:
        return fmt.rows(source, options)
    if source.shape == "sqlite":
        return containers.sqlite_rows(source.path, fmt.table)
    if source.shape == "xlsx":
        return containers.xlsx_rows(source.path, max_input=source.max_input)
    return containers.json_items(source, fmt.prefix)


def _cells(text: str) -> list[str]:
    """The names of the cells of a value of an emit; those of items are not cells of the row."""
    names = CELL.findall(text) if text.startswith("=") or "{" in text else [text] if text else []
    return [name for name in names if name != "item" and not name.startswith("item.")]


def _outside(name: str) -> bool:
    return name.startswith("@") and name != "@line"


#: A number, and what browsers, desktops and people add when they keep a file twice: (1), " - Copy (2)", 副本, _1.
OWNER = re.compile(
    r"(?:(?:copy of|副本|复制|复件|拷贝)[\s_-]*(?:of\s+)?)?(\d{5,11})(?:[\s_-]*(?:copy|副本|复制|拷贝|duplicate))?"
    r"(?:[\s_-]*(?:[(（\[]\d{1,3}[)）\]]|(?<=[\s_-])\d{1,2}))?\s*",
    re.IGNORECASE,
)


def owner(stem: str) -> str | None:
    """The number of an account that is the name of a file, however often it was copied.

    >>> owner("1000000002"), owner("1000000002(1)"), owner("1000000002 - 副本 (2)"), owner("样例乙")
    ('1000000002', '1000000002', '1000000002', None)
    """
    named = OWNER.fullmatch(unicodedata.normalize("NFC", stem).strip())
    return named[1] if named else None


def _stem(source: Source) -> str:
    return source.path.name.split(".")[0]


def _parts(fmt: Format, source: Source, options: Options, columns: Mapping[str, str]) -> list[Part]:
    """The emits as SQL over columns."""
    stem = _stem(source)
    outside = {"@stem": stem, "@folder": source.path.parent.name, "@root": options.root, "@subject": options.subject}
    outside["@owner"] = options.subject or owner(stem)
    known = dict(columns) | {name: "NULL" if text is None else quoted(text) for name, text in outside.items()}
    for name, text in fmt.lets.items():
        known[name] = f"({_sql(text, known)})"
    parts = []
    for emit in fmt.emits:
        check_fields(emit.record, emit.fields)
        each, items = "", {}
        if emit.each.startswith("="):
            each, items = _sql(emit.each, known), {"item": "item"}
        elif emit.each:
            cell = known[emit.each]
            each = (
                f"CASE WHEN json_valid({cell}) AND json_type({cell}) = 'ARRAY' THEN from_json({cell}, '[\"JSON\"]') END"
            )
            names = {name for text in emit.fields.values() for name in CELL.findall(text) if name.startswith("item")}
            items = {name: f"json_extract_string(item, {quoted('$' + name[4:])})" for name in names}
        fields = {name: _sql(text, known | items) for name, text in emit.fields.items()}
        parts.append(Part(emit.record, fields, _sql(emit.when and "=" + emit.when, known), each, emit.side))
    return parts


def _sql(text: str, known: Mapping[str, str]) -> str:
    """SQL of a value; what is in quotes is text, what is in braces is a cell."""
    if not text.startswith("="):
        return known[text] if text else ""
    return CELL.sub(lambda match: known[match[1]], text[1:])
