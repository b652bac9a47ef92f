"""The list of formats: the more telling ones first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from kolgraph.loaders.reading import containers
from kolgraph.loaders.reading.source import Options, Reading, Source
from kolgraph.loaders.spec import Format, reading, recognised

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
    found: dict[str, Format] = {}
    for sheet, header in _sheets(source).items():
        for fmt in formats().values():
            named = options.format == fmt.name and not found
            if named or (options.format is None and recognised(fmt, source, header)):
                found.setdefault(sheet or fmt.table, replace(fmt, rows=_rows_of(sheet)) if sheet else fmt)
                if source.shape != "sqlite":
                    break
    if not found:
        return None
    return next(iter(found.values())).name, [reading(fmt, source, options) for fmt in found.values()]


def _sheets(source: Source) -> dict[str, list[str]]:
    """The headers of a file, by the names of sheets where there are several."""
    headers = containers.xlsx_headers(source.path, max_input=source.max_input) if source.shape == "xlsx" else {}
    return headers if len(headers) > 1 else {"": source.header}


def _rows_of(sheet: str) -> Callable[[Source, Options], containers.Rows]:
    return lambda source, _: containers.xlsx_rows(source.path, sheet, max_input=source.max_input)
