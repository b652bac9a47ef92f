"""Graphs as text: GDF, Pajek, node-link JSON, and the edge lists that networkx writes with attributes."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kolgraph.errors import InputError
from kolgraph.loaders.reading import containers
from kolgraph.loaders.reading.jsontext import Cursor
from kolgraph.loaders.reading.source import MAX_LINE, MAX_RAW, Reject, Rejects, Source, lines, readable, shown

#: `u v {'weight': 3}`
WITH_DATA = re.compile(r"(\S+)\s+(\S+)\s+(\{.*\})\s*")
TOKEN = re.compile(r'"([^"]*)"|(\S+)')
#: Sections of Pajek -> edges of both directions, and lists of targets.
SECTIONS = {"arcs": (False, False), "edges": (True, False), "arcslist": (False, True), "edgeslist": (True, True)}
#: Keys of a node or an edge that are ours.
OURS = frozenset({"id", "source", "target", "line", "undirected"})
#: Attributes of edges that are fields of relations.
FIELDS = ("weight", "time", "since", "post", "root")


@dataclass
class Graph:
    """What a graph file holds: nodes with ``id`` and ``line``; of edges, which are many, one list per field.

    `names` are the ids of accounts where the nodes have others in the file; an edge that is `undirected` counts both
    ways.
    """

    form: str
    nodes: list[dict[str, Any]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    lines: list[int | None] = field(default_factory=list)
    undirected: list[bool] = field(default_factory=list)
    values: dict[str, list[str | None]] = field(default_factory=lambda: {name: [] for name in FIELDS})
    names: dict[str, str] = field(default_factory=dict)
    rejects: Rejects = field(default_factory=Rejects)
    _known: dict[str, str] = field(default_factory=dict)

    def edge(self, line: int | None, source: str, target: str, more: Mapping[str, Any], *, undirected: bool) -> None:
        """Add an edge with its attributes."""
        self.sources.append(self._known.setdefault(source, source))  # one text per account, not one per edge
        self.targets.append(self._known.setdefault(target, target))
        self.lines.append(line)
        self.undirected.append(undirected)
        for name, column in self.values.items():
            column.append(text(more.get(name)))

    def reject(self, line: int | None, message: str, raw: str, code: str = "BAD_ROW") -> None:
        """Keep a line aside."""
        self.rejects.append(Reject(line, None, None, code, message, raw[:MAX_RAW]))


def text(value: Any) -> str | None:
    """A value of JSON or Python as text; whole numbers stay exact."""
    return None if value is None or isinstance(value, (dict, list)) else str(value)


def reader(source: Source) -> Callable[[Source], Graph] | None:
    """How this file is read, or None if it is none of these."""
    if source.shape == "json":
        return node_link if "nodes" in source.keys and source.keys & {"edges", "links"} else None
    if source.shape != "table":
        return None
    with readable(source.path), source.open() as raw:
        first = raw.read(1 << 16).decode("utf-8", "replace").lstrip("\ufeff \r\n\t")
    if first[:8].lower() == "nodedef>":
        return gdf
    if re.match(r"(%[^\n]*\n\s*)*\*(vertices|network)\b", first, re.IGNORECASE):
        return pajek
    data = next((line for line in first.splitlines() if line.strip() and not line.startswith("#")), "")
    return networkx_edges if WITH_DATA.fullmatch(data) else None


def _lines(source: Source, graph: Graph) -> Iterator[tuple[int, str]]:
    """Lines that say something; those that are no text, or cut because they never end, are kept aside."""
    with readable(source.path), source.open() as raw:
        for number, line in enumerate(lines(raw), 1):
            try:
                said = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                graph.reject(number, "the row is not UTF-8", shown(line), "BAD_ENCODING")
                continue
            if len(line) >= MAX_LINE:
                graph.reject(number, "the line is longer than 2 MB", said, "TOO_LONG")
            elif said.strip():
                yield number, said


# ---------------------------------------------------------------------- GDF


def gdf(source: Source) -> Graph:
    """GDF of GUESS and Gephi: definitions of columns, then rows; an edge runs one way unless it says otherwise."""
    graph, columns, edges, defaults = Graph("GDF"), list[str](), False, dict[str, str]()
    for number, line in _lines(source, graph):
        definition = re.match(r"(node|edge)def>", line, re.IGNORECASE)
        if definition:
            edges = definition[1].lower() == "edge"
            defined = [cell.strip() for cell in line[definition.end() :].split(",")]
            columns = [cell.split(" ")[0].lower() for cell in defined]
            given = [re.search(r"\sdefault\s+['\"]?([^'\"]*)", cell, re.IGNORECASE) for cell in defined]
            defaults = {name: found[1].strip() for name, found in zip(columns, given, strict=True) if found}
            continue
        cells = _cells(line)
        if cells is None or not 1 + edges <= len(cells) <= len(columns):
            graph.reject(number, "the row does not have the columns that are defined above it", line)
            continue
        row = defaults | {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
        if not edges:
            graph.nodes.append(row | {"id": row.pop("name", ""), "line": number})
        else:
            one_way = row.pop("directed", "true").lower() != "false"
            ends = row.pop("node1", ""), row.pop("node2", "")
            graph.edge(number, *ends, row, undirected=not one_way)
    return graph


def _cells(line: str) -> list[str] | None:
    quote = "'" if "'" in line and '"' not in line else '"'
    try:
        found = list(csv.reader([line], quotechar=quote, skipinitialspace=True, strict=True))
    except csv.Error:
        return None
    return [cell.strip() for cell in found[0]] if found else []


# ---------------------------------------------------------------------- Pajek


def pajek(source: Source) -> Graph:
    """Pajek: numbered vertices, whose labels are the ids of accounts; arcs run one way, edges both."""
    graph, section, size, lost = Graph("Pajek"), "", 0, False
    labels: dict[str, str] = {}
    for number, line in _lines(source, graph):
        said = line.strip()
        if said.startswith("%"):
            continue
        cells = [quoted or bare for quoted, bare in TOKEN.findall(said)] if '"' in said else said.split()
        if said.startswith("*"):
            lost = lost or (section == "vertices" and bool(graph.rejects))
            section = re.split(r"[\s:]", said[1:].lower())[0]
            if section == "vertices":
                size = int(cells[1]) if len(cells) > 1 and re.fullmatch(r"\d{1,9}", cells[1]) else 0
            elif section not in {*SECTIONS, "network"}:
                raise InputError.at(source.path, number, f"sections of Pajek {said[:40]!r} are not read")
        elif section == "vertices":
            if not _is_vertex(cells[0], size):
                graph.reject(number, f"not a vertex with a number from 1 to {size}", line)
                continue
            label = cells[1] if len(cells) > 1 and cells[1] else cells[0]
            if labels.setdefault(label, cells[0]) != cells[0]:
                raise InputError.at(
                    source.path, number, f"the label {label!r} is that of two vertices; make them differ"
                )
            graph.names[cells[0]] = label
            graph.nodes.append({"id": cells[0], "line": number})
        elif section in SECTIONS:
            undirected, listed = SECTIONS[section]
            ends = cells if listed else cells[:2]
            if len(ends) < 2 or not all(_is_vertex(cell, size) for cell in ends):
                graph.reject(number, f"not two vertices with numbers from 1 to {size}", line)
                continue
            # A vertex that was not read is somebody, but not the account that its number would be.
            if lost and any(cell not in graph.names for cell in ends):
                graph.reject(number, "the line of one of its vertices was not read", line)
                continue
            weight = {"weight": cells[2]} if len(cells) > 2 and not listed else {}
            for target in ends[1:]:
                graph.edge(number, ends[0], target, weight, undirected=undirected)
        else:
            graph.reject(number, "the line belongs to no section", line)
    return graph


def _is_vertex(cell: str, size: int) -> bool:
    return cell.isdecimal() and cell.isascii() and len(cell) < 10 and 1 <= int(cell) <= size


# ---------------------------------------------------------------------- networkx and d3


def networkx_edges(source: Source) -> Graph:
    """`networkx.write_edgelist`: two nodes and a dictionary of attributes; literals are read, nothing is run."""
    graph = Graph("edge list of networkx")
    for number, line in _lines(source, graph):
        if line.startswith("#"):
            continue
        found = WITH_DATA.fullmatch(line.strip())
        try:
            data = ast.literal_eval(found[3]) if found else None
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            data = None
        if found is None or not isinstance(data, dict):
            graph.reject(number, "not two nodes and a dictionary of attributes", line)
        else:
            graph.edge(number, found[1], found[2], data, undirected=False)
    return graph


def node_link(source: Source) -> Graph:
    """Node-link JSON of networkx and d3; edges name nodes by their ids, or by their places in the list.

    Old ones give places although the nodes have ids, and those may be numbers. The edges tell it: whole numbers that
    are all below the number of nodes, and not all ids, are places.
    """
    graph = Graph("node-link JSON")
    undirected = _undirected(source)
    places: list[str] = []
    for row in containers.json_items(source, "nodes"):
        if isinstance(row, Reject):
            graph.rejects.append(row)
            continue
        line, node = row
        values = {key: text(value) for key, value in node.items() if key not in OURS}
        named = next((key for key in ("id", "key", "name", "label") if text(node.get(key))), "")
        name = text(node.get(named))
        places.append(name or "")
        graph.nodes.append(values | {"id": name or "", "line": line})
    key = "edges" if "edges" in source.keys else "links"
    numbered = _by_place(source, key, places)
    for row in containers.json_items(source, key):
        if isinstance(row, Reject):
            graph.rejects.append(row)
            continue
        line, edge = row
        ends = [_end(edge, end) for end in ("source", "target")]
        if numbered:
            ends = [places[n] if isinstance(n, int) else n for n in ends]
        graph.edge(line, text(ends[0]) or "", text(ends[1]) or "", edge, undirected=undirected)
    return graph


def _end(edge: Mapping[str, Any], end: str) -> Any:
    """What an edge says of one of its ends; d3 puts the whole node there once it has drawn the graph."""
    said = edge.get(end)
    if isinstance(said, dict):
        said = next((said[key] for key in ("id", "key", "name") if key in said), None)
    return said


def _by_place(source: Source, key: str, names: Sequence[str]) -> bool:
    """Whether edges give the places of their ends in the list of nodes."""
    known, numbers = set(names), set[int]()
    for row in containers.json_items(source, key):
        for end in ("source", "target") if not isinstance(row, Reject) else ():
            number = _end(row[1], end)  # type: ignore[arg-type]
            if not isinstance(number, int) or not 0 <= number < len(names):
                return False
            numbers.add(number)
    return not {str(number) for number in numbers} <= known


def _undirected(source: Source) -> bool:
    """What the file says of itself, before its nodes if at all; a node may have an attribute of that name."""
    with readable(source.path), source.open() as raw:
        cursor = Cursor(raw)
        with suppress(ValueError, RecursionError):  # damage is told with the rows
            for key in cursor.pairs():
                if key == "directed":
                    return cursor.value()[0] is False
                cursor.skip()
    return False
