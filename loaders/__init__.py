"""Loaders: recognise a file, and hand its rows over as text; what a row means is checked and counted by `ingest`.

A loader is a function ``(Source, Options) -> list[Reading] | None``; None means "not mine". They are asked in the order
of `LOADERS`, the special ones first. ``--format`` names one and asks no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders.source import Options, Reading, Reject, Source

__all__ = ["LOADERS", "Options", "Reading", "Reject", "Source", "read"]


def _cascades(source: Source, options: Options) -> list[Reading] | None:
    from kolgraph.loaders.cascades import recognise

    return recognise(source, options)


def _graphml(source: Source, options: Options) -> list[Reading] | None:
    from kolgraph.loaders.graphml import recognise

    return recognise(source, options)


def _edges(source: Source, options: Options) -> list[Reading] | None:
    from kolgraph.loaders.edges import recognise

    return recognise(source, options)


def _tabular(source: Source, options: Options) -> list[Reading] | None:
    from kolgraph.loaders.tabular import recognise

    return recognise(source, options)


LOADERS: Mapping[str, Callable[[Source, Options], list[Reading] | None]] = {
    "cascades": _cascades,
    "graphml": _graphml,
    "edges": _edges,
    "table": _tabular,
}


def read(source: Source, options: Options) -> tuple[str, list[Reading]]:
    """Find the loader of a file; returns its name and what it will hand over.

    Raises
    ------
    InputError
        No loader recognises the file, or its direction is not known.
    UnknownName
        ``options.format`` is not a loader.
    """
    if options.format is not None and options.format not in LOADERS:
        raise UnknownName.among("format", options.format, LOADERS)
    for name, loader in LOADERS.items():
        if options.format in (None, name):
            readings = loader(source, options)
            if readings is not None:
                return name, readings
    raise InputError.at(
        source.path,
        source.header_line,
        f"the columns {', '.join(map(repr, source.header))[:200]} are not recognised",
        fix="say what they are, for example: --record follow --map src=FAN_COLUMN,dst=KOL_COLUMN",
    )
