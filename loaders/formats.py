"""The list of formats: the more telling ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from kolgraph.errors import UnknownFormat, option
from kolgraph.loaders.reading import containers
from kolgraph.loaders.reading.source import Options, Reading, Reject, Source
from kolgraph.loaders.spec import Format, cells, reading, recognised
from kolgraph.loaders.spelling import bare, changed, respelt, spellings, words

#: Modules of `kolgraph.loaders.known` that hold FORMATS.
FAMILIES = (
    "canonical",
    "weibo",
    "weibo_dataabc",
    "weibo_tables",
    "datasets",
    "aminer",
    "snap",
    "x",
    "x_files",
    "x_crawlers",
    "tools",
    "mediacrawler",
    "f2",
    "platforms",
)
#: Entry points of other packages: each names a sequence of `Format`.
GROUP = "kolgraph.formats"
#: Keys by which a format is known in any spelling: fewer are words that any table may have.
TELLING = 3
JSON = {"json", "jsonl"}


@cache
def formats() -> dict[str, Format]:
    """All formats by name, those of other packages first: they may know better."""
    found: list[Format] = [fmt for entry in sorted(entry_points(group=GROUP)) for fmt in entry.load()]
    for family in FAMILIES:
        found += import_module(f"kolgraph.loaders.known.{family}").FORMATS
    return {fmt.name: fmt for fmt in found}


def recognise(source: Source, options: Options) -> tuple[str, list[Reading]] | None:
    """The first format that a file looks like, or the one that is named, and what the file will hand over.

    A workbook is as many formats as it has sheets that are known, an SQLite file as many as it has such tables.
    """
    if options.mapping:
        return None
    found: dict[str, tuple[Format, Sequence[str], Mapping[str, str]]] = {}
    for sheet, header in _sheets(source).items():
        for fmt, meant in _candidates(source, header):
            named = options.format == fmt.name and not found
            if named or (options.format is None and recognised(fmt, source, meant)):
                renamed = changed(header, meant)
                rows = _rows_of(sheet, renamed) if sheet or (renamed and source.shape == "xlsx") else fmt.rows
                found.setdefault(sheet or fmt.table, (replace(fmt, rows=rows), meant, renamed))
                if source.shape != "sqlite":
                    break
    if not found:
        if source.shape in JSON and options.record is None:
            _refuse_respelt(source)
        return None
    readings = {place: reading(fmt, source, options, meant, renamed) for place, (fmt, meant, renamed) in found.items()}
    if source.shape == "xlsx":
        for sheet, made in readings.items():
            made.sheet = sheet
    return next(iter(found.values()))[0].name, list(readings.values())


def _candidates(source: Source, header: Sequence[str]) -> Iterator[tuple[Format, Sequence[str]]]:
    """Formats, and the header as they would spell it: first all that spell it as the file does."""
    yield from ((fmt, header) for fmt in formats().values())
    if source.shape in {"table", "xlsx", "parquet"}:
        written = words(header)
        for fmt in (fmt for fmt in formats().values() if fmt.rows is None and len(fmt.keys) >= TELLING):
            meant = respelt(header, written, _spellings(fmt.name))
            if meant != header:
                yield fmt, meant


def _refuse_respelt(source: Source) -> None:
    """Refuse JSON whose keys are those of a format in capitals: as a generic table it would be something else."""
    keys = sorted(source.keys)
    written = [bare(key) for key in keys]
    for fmt in formats().values():
        meant = respelt(keys, written, _spellings(fmt.name))
        renamed = changed(keys, meant)
        if renamed and len(fmt.keys) >= TELLING and recognised(fmt, source, meant):
            shown = ", ".join(f"{old} for {new}" for old, new in list(renamed.items())[:3])
            fix = f"rename them, or say what a row is with {option('record')}"
            raise UnknownFormat(f"{source.path}: has the keys of {fmt.name} in another spelling ({shown}); {fix}")


@cache
def _spellings(name: str) -> Mapping[str, str]:
    return spellings(cells(formats()[name]))


def _sheets(source: Source) -> dict[str, list[str]]:
    """The headers of a file, by the names of sheets where there are several."""
    headers = containers.xlsx_headers(source.path, max_input=source.max_input) if source.shape == "xlsx" else {}
    return headers if len(headers) > 1 else {"": source.header}


def _rows_of(sheet: str, renamed: Mapping[str, str]) -> Callable[[Source, Options], containers.Rows]:
    def rows(source: Source, _: Options) -> containers.Rows:
        for row in containers.xlsx_rows(source.path, sheet or None, max_input=source.max_input):
            if isinstance(row, Reject):
                yield row
            else:
                yield row[0], {renamed.get(name, name): cell for name, cell in row[1].items()}

    return rows
