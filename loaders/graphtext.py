"""Graphs as text: GDF, Pajek, node-link JSON, and the edge lists that networkx writes with attributes."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kolgraph.errors import InputError
from kolgraph.loaders import containers
from kolgraph.loaders.source import Reject, Source, lines, readable, shown

#: `u v {'weight': 3}`
WITH_DATA = re.compile(r"(\S+)\s+(\S+)\s+(\{.*\})\s*")
TOKEN = re.compile(r'"([^"]*)"|(\S+)')
#: Sections of Pajek -> edges of both directions, and lists of targets.
SECTIONS = {"arcs": (False, False), "edges": (True, False), "arcslist": (False, True), "edgeslist": (True, True)}
#: Keys of a node or an edge that are ours.
OURS = frozenset({"id", "source", "target", "line", "undirected"})


@dataclass
class Graph:
    """What a graph file holds: nodes with ``id`` and ``line``, edges with ``source``, ``target``, ``undirected``.

    `names` are the ids of accounts where the nodes have others in the file.
    """

    form: str
    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)

    def edge(self, line: int | None, source: str, target: str, more: Mapping[str, Any], undirected: bool) -> None:
        """Add an edge with its attributes."""
        ends = {"source": source, "target": target, "undirected": undirected, "line": line}
        self.edges.append({str(key): text(value) for key, value in more.items() if key not in OURS} | ends)

    def reject(self, line: int | None, message: str, raw: str) -> None:
        """Keep a line aside."""
        self.rejects.append(Reject(line, None, None, "BAD_ROW", message, raw))


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


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    """Lines that say something; one that is not UTF-8 shows its damage."""
    with readable(source.path), source.open() as raw:
        for number, line in enumerate(lines(raw), 1):
            said = shown(line).lstrip("\ufeff") if number == 1 else shown(line)
            if said.strip():
                yield number, said


# ---------------------------------------------------------------------- GDF


def gdf(source: Source) -> Graph:
    """GDF of GUESS and Gephi: definitions of columns, then rows; an edge runs one way unless it says otherwise."""
    graph, columns, edges = Graph("GDF"), list[str](), False
    for number, line in _lines(source):
        definition = re.match(r"(node|edge)def>", line, re.IGNORECASE)
        if definition:
            edges = definition[1].lower() == "edge"
            columns = [cell.strip().split(" ")[0].lower() for cell in line[definition.end() :].split(",")]
            continue
        cells = _cells(line)
        if cells is None or not 1 + edges <= len(cells) <= len(columns):
            graph.reject(number, "the row does not have the columns that are defined above it", line)
            continue
        row = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
        if not edges:
            graph.nodes.append(row | {"id": row.pop("name", ""), "line": number})
        else:
            one_way = row.pop("directed", "true").lower() != "false"
            ends = row.pop("node1", ""), row.pop("node2", "")
            graph.edge(number, *ends, row, not one_way)
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
    graph, section, size = Graph("Pajek"), "", 0
    labels: dict[str, str] = {}
    for number, line in _lines(source):
        said = line.strip()
        cells = [quoted or bare for quoted, bare in TOKEN.findall(said)]
        if said.startswith("%"):
            continue
        if said.startswith("*"):
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
            weight = {"weight": cells[2]} if len(cells) > 2 and not listed else {}
            for target in ends[1:]:
                graph.edge(number, ends[0], target, weight, undirected)
        else:
            graph.reject(number, "the line belongs to no section", line)
    return graph


def _is_vertex(cell: str, size: int) -> bool:
    return re.fullmatch(r"\d{1,9}", cell) is not None and 1 <= int(cell) <= size


# ---------------------------------------------------------------------- networkx and d3


def networkx_edges(source: Source) -> Graph:
    """`networkx.write_edgelist`: two nodes and a dictionary of attributes; literals are read, nothing is run."""
    graph = Graph("edge list of networkx")
    for number, line in _lines(source):
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
            graph.edge(number, found[1], found[2], data, False)
    return graph


def node_link(source: Source) -> Graph:
    """Node-link JSON of networkx and d3; where nodes have no ids, edges give their places in the list."""
    graph = Graph("node-link JSON")
    with readable(source.path), source.open() as raw:
        undirected = re.search(rb'"directed"\s*:\s*false', raw.read(1 << 16)) is not None
    places: list[str] = []
    for row in containers.json_items(source, "nodes"):
        if isinstance(row, Reject):
            graph.rejects.append(row)
            continue
        line, node = row
        values = {key: text(value) for key, value in node.items() if key not in OURS}
        name = text(node.get("id")) or values.get("name") or values.get("label") or ""
        places.append(name)
        graph.nodes.append(values | {"id": name, "line": line})
    # Old ones number the nodes although they have ids: then no id is a number.
    numbered = not any(re.fullmatch(r"\d+", name) for name in places)
    for row in containers.json_items(source, "edges" if "edges" in source.keys else "links"):
        if isinstance(row, Reject):
            graph.rejects.append(row)
            continue
        line, edge = row
        ends = [edge.get("source"), edge.get("target")]
        if numbered:
            ends = [places[n] if isinstance(n, int) and 0 <= n < len(places) else n for n in ends]
        graph.edge(line, text(ends[0]) or "", text(ends[1]) or "", edge, undirected)
    return graph
