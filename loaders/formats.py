"""The list of formats: the more telling ones first."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from kolgraph.loaders.source import Options, Reading, Source
from kolgraph.loaders.spec import Format, reading, recognised

#: Modules of this package that hold FORMATS.
FAMILIES = ("weibo", "mediacrawler", "f2", "platforms")
#: Entry points of other packages: each names a sequence of `Format`.
GROUP = "kolgraph.formats"


@cache
def formats() -> dict[str, Format]:
    """All formats by name, those of other packages first: they may know better."""
    found: list[Format] = [fmt for entry in sorted(entry_points(group=GROUP)) for fmt in entry.load()]
    for family in FAMILIES:
        found += import_module(f"kolgraph.loaders.{family}").FORMATS
    return {fmt.name: fmt for fmt in found}


def recognise(source: Source, options: Options) -> tuple[str, list[Reading]] | None:
    """The first format that a file looks like, or the one that is named, and what the file will hand over.

    An SQLite file is as many formats as it has tables that are known.
    """
    if options.mapping:
        return None
    found: dict[str, Format] = {}
    for fmt in formats().values():
        if options.format == fmt.name or (options.format is None and recognised(fmt, source)):
            found.setdefault(fmt.table, fmt)
            if source.shape != "sqlite":
                break
    if not found:
        return None
    return next(iter(found.values())).name, [reading(fmt, source, options) for fmt in found.values()]
