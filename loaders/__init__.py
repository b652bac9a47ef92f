"""Loaders: recognise a file, and hand its rows over as text; what a row means is checked and counted by `ingest`.

A file whose rows say by their keys what they are belongs to one of `formats`. The generic loaders below take the rest:
each is a function ``(Source, Options) -> list[Reading] | None``; None means "not mine".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders.formats import formats, recognise
from kolgraph.loaders.source import Options, Reading, Reject, Source

__all__ = ["GENERIC", "Options", "Reading", "Reject", "Source", "formats", "read"]


def _loader(module: str) -> Callable[[Source, Options], list[Reading] | None]:
    """A loader by the name of its module, imported when it is asked."""

    def ask(source: Source, options: Options) -> list[Reading] | None:
        found: list[Reading] | None = import_module(f"kolgraph.loaders.{module}").recognise(source, options)
        return found

    return ask


#: In the order in which they are asked, the special ones first.
GENERIC: Mapping[str, Callable[[Source, Options], list[Reading] | None]] = {
    "cascades": _loader("cascades"),
    "graphml": _loader("graphml"),
    "edges": _loader("edges"),
    "table": _loader("tabular"),
}


def read(source: Source, options: Options) -> tuple[str, list[Reading]]:
    """Find out what a file is; returns the name of its format and what it will hand over.

    Raises
    ------
    InputError
        No loader recognises the file, or its direction is not known.
    UnknownName
        ``options.format`` is not a format.
    """
    wanted = options.format
    if wanted is not None and wanted not in GENERIC and wanted not in formats():
        raise UnknownName.among("format", wanted, [*GENERIC, *formats()])
    found = recognise(source, options)
    if found is not None:
        return found
    for name, loader in GENERIC.items():
        if wanted in (None, name):
            readings = loader(source, options)
            if readings is not None:
                return name, readings
    raise InputError.at(
        source.path,
        source.header_line,
        f"the columns {', '.join(map(repr, source.header))[:200]} are not recognised",
        fix="say what they are, for example: --record follow --map src=FAN_COLUMN,dst=KOL_COLUMN",
    )
