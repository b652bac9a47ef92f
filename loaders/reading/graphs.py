"""Graph files: nodes become accounts, edges one relation; what an edge means and which way it runs has to be said.

GraphML and GEXF are read by `graphxml`; GDF, Pajek, node-link JSON and edge lists of networkx by `graphtext`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from kolgraph.errors import InputError
from kolgraph.loaders.reading import graphtext, graphxml, headers
from kolgraph.loaders.reading.encodings import without_surrogates
from kolgraph.loaders.reading.graphtext import Graph
from kolgraph.loaders.reading.source import Explained, Options, Part, Reading, Rejects, Source
from kolgraph.records import RECORDS

Columns: TypeAlias = dict[str, list[str | None]]


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """Readings of accounts and edges, or None if this is no graph file.

    Raises
    ------
    InputError
        The direction was not said, or the file is not what it begins as.
    """
    read = graphxml.reader(source) or graphtext.reader(source)
    if read is None:
        return None
    record = headers.check_edge(
        source.path,
        None,
        options.record or "follow",
        options.direction,
        what="",  # said, or follow
        who="does the source of an edge act on its target, or the target on the source?",
    )
    graph = read(source)
    if not (graph.nodes or graph.sources or graph.rejects):
        raise InputError(f"{source.path}: the graph has no node")
    nodes = _reading(
        "account", _accounts(graph), [n["line"] for n in graph.nodes], f"account: {graph.form} nodes", Rejects()
    )
    src, dst = ("source", "target") if options.direction == "forward" else ("target", "source")
    decision = f"{record}: {graph.form}, the {src} of an edge acts on its {dst}"
    if any(graph.undirected):
        decision += "; an undirected edge is two rows, one each way"
    columns, places = _edges(graph, record, forward=options.direction == "forward")
    return [nodes, _reading(record, columns, places, decision, graph.rejects)]


def _accounts(graph: Graph) -> Columns:
    """What nodes say of accounts, in columns."""
    known = {headers.norm(n): f for f, aliases in headers.NAMES["account"].items() for n in aliases}
    known["label"] = "name"  # as people read it
    rows = [
        {f: value for key, value in node.items() if (f := known.get(headers.norm(key))) and f != "account"}
        for node in graph.nodes
    ]
    columns: Columns = {"account": [graph.names.get(node["id"], node["id"]) for node in graph.nodes]}
    return columns | {name: [row.get(name) for row in rows] for name in sorted({key for row in rows for key in row})}


def _edges(graph: Graph, record: str, *, forward: bool) -> tuple[Columns, list[int | None]]:
    """Edges in columns, and their lines; behind them the undirected ones the other way."""
    ends: list[list[str | None]] = [
        [graph.names.get(node, node) for node in nodes] for nodes in (graph.sources, graph.targets)
    ]
    src, dst = ends if forward else reversed(ends)
    back = [k for k, undirected in enumerate(graph.undirected) if undirected]
    columns: Columns = {"src": src + [dst[k] for k in back], "dst": dst + [src[k] for k in back]}
    for name, values in graph.values.items():
        if name in RECORDS[record] and any(values):
            columns[name] = values + [values[k] for k in back]
    return columns, graph.lines + [graph.lines[k] for k in back]


def _reading(record: str, columns: Columns, places: list[int | None], decision: str, rejects: Rejects) -> Reading:
    import pyarrow as pa

    def column(values: Sequence[str | None]) -> pa.Array:
        values = [value or None for value in values]
        try:
            return pa.array(values, pa.string())
        except UnicodeEncodeError:
            return pa.array([v and without_surrogates(v) for v in values])

    return Reading(
        "SELECT *, NULL AS state FROM handed_over",
        list(columns),
        [Part(record, {name: name for name in columns})],
        decision,
        lambda _, ks: Explained({k: (places[k], None) for k in ks}, rejects),
        arrow=pa.table({name: column(values) for name, values in columns.items()}),
    )
