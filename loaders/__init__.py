"""Loaders: recognise a file, and hand its rows over as text; what a row means is checked and counted by `ingest`.

A file whose rows say by their keys what they are belongs to one of `formats`. The generic loaders below take the rest:
each has a function ``recognise(Source, Options) -> list[Reading] | None``; None means "not mine".
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from kolgraph.errors import UnknownFormat, UnknownName, option
from kolgraph.loaders.formats import formats, recognise
from kolgraph.loaders.reading import containers
from kolgraph.loaders.reading.source import Options, Reading, Reject, Source

__all__ = ["GENERIC", "Options", "Reading", "Reject", "Source", "formats", "read"]


class Generic(NamedTuple):
    """A loader of files that only their shape or the user tells apart: its module, and what it takes (en, zh)."""

    module: str
    title: str
    title_zh: str

    def ask(self, source: Source, options: Options) -> list[Reading] | None:
        """What the file will hand over, or None if it is not for this loader."""
        found: list[Reading] | None = import_module(f"kolgraph.loaders.{self.module}").recognise(source, options)
        return found


#: In the order in which they are asked, the special ones first.
GENERIC: Mapping[str, Generic] = {
    "cascades": Generic("known.cascades", "repost tables with true parents: CED, nested trees", "带真实父节点的转发表"),
    "graph": Generic(
        "reading.graphs",
        "graph files: GraphML, GEXF, GDF, Pajek, node-link JSON, networkx edge lists",
        "图文件：GraphML、GEXF、GDF、Pajek、node-link JSON、networkx 边列表",
    ),
    "neo4j-admin": Generic(
        "known.neo4jfiles",
        "CSV for neo4j-admin import: nodes and relationships, with headers of their own or beside",
        "neo4j-admin 导入用 CSV（表头在文件内或旁边）",
    ),
    "edges": Generic("reading.edges", "edge lists: SNAP, Gephi, two columns of ids", "边列表（SNAP、Gephi、两列 ID）"),
    "planner": Generic(
        "known.planner",
        "price lists of agencies, and lists of who is who on several platforms",
        "机构报价表、跨平台人物对照表",
    ),
    "table": Generic(
        "reading.tabular", "tables with known headers, or with --record and --map", "表头可识别或用 --map 指定的表格"
    ),
}


def read(source: Source, options: Options) -> tuple[str, list[Reading]]:
    """Find out what a file is; returns the name of its format and what it will hand over.

    Raises
    ------
    UnknownFormat
        No loader recognises the file.
    InputError
        It is recognised, but does not say all that is needed: the direction, the relation, the root.
    UnknownName
        ``options.format`` is not a format.
    """
    wanted = options.format
    if wanted is not None and wanted not in GENERIC and wanted not in formats():
        raise UnknownName.among("format", wanted, [*GENERIC, *formats()])
    found = recognise(source, options)
    for name, loader in GENERIC.items():
        if found is None and wanted in (None, name):
            readings = loader.ask(source, options)
            found = None if readings is None else (name, readings)
    if found is not None:
        _name_unread_sheets(source, found[1])
        return found
    names = source.header or sorted(source.keys)
    read_as = "" if source.encoding == "utf-8" else f" (the text was read as {source.encoding})"
    example = "src=FAN_COLUMN,dst=KOL_COLUMN"
    raise UnknownFormat.at(
        source.path,
        source.header_line,
        f"the columns {', '.join(map(repr, names))[:200]} are not recognised{read_as}",
        fix=f"say what they are, for example: {option('record', 'follow')} {option('mapping', example)}",
    )


def _name_unread_sheets(source: Source, readings: list[Reading]) -> None:
    """Say which sheets of a workbook hold something that nobody reads."""
    if source.shape == "xlsx":
        first, *others = containers.xlsx_headers(source.path, max_input=source.max_input)
        read = {reading.sheet or first for reading in readings}
        unread = [repr(sheet) for sheet in (first, *others) if sheet not in read]
        if unread:
            readings[-1].decision += f"; NOT READ: sheet {', '.join(unread)}, whose columns are not recognised"
