"""Graph files: nodes become accounts, edges one relation; what an edge means and which way it runs has to be said.

GraphML and GEXF are read by `graphxml`; GDF, Pajek, node-link JSON and edge lists of networkx by `graphtext`.
"""

from __future__ import annotations

from typing import Any

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders import graphtext, graphxml, headers
from kolgraph.loaders.source import Explained, Options, Part, Reading, Reject, Source
from kolgraph.tables import RECORDS

RELATIONS = ("follow", "mention", "repost")


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
    record = options.record or "follow"
    if record not in RELATIONS:
        raise UnknownName.among("relation", record, RELATIONS)
    if options.direction not in headers.DIRECTIONS:
        raise InputError.at(
            source.path,
            None,
            "unknown direction: does the source of an edge act on its target, or the target on the source?",
            fix="add --direction forward or --direction backward",
        )
    graph = read(source)
    if not graph.nodes and not graph.edges:
        raise InputError(f"{source.path}: the graph has no node")
    known = {headers.norm(n): f for f, aliases in headers.NAMES["account"].items() for n in aliases}
    known["label"] = "name"  # as people read it
    accounts = [
        {"account": graph.names.get(node["id"], node["id"])}
        | {f: value for key, value in node.items() if (f := known.get(headers.norm(key))) and f != "account"}
        for node in graph.nodes
    ]
    src, dst = ("source", "target") if options.direction == "forward" else ("target", "source")
    fields = [f for f in ("weight", "time", "since", "post", "root") if f in RECORDS[record]]
    rows, places = [], []
    for edge in graph.edges:
        values = {f: edge[f] for f in fields if f in edge}
        a, b = (graph.names.get(edge[end], edge[end]) for end in (src, dst))
        rows += [{"src": a, "dst": b} | values, {"src": b, "dst": a} | values][: 1 + edge["undirected"]]
        places += [edge["line"]] * (1 + edge["undirected"])
    decision = f"{record}: {graph.form}, the {src} of an edge acts on its {dst}"
    if len(rows) > len(graph.edges):
        decision += "; an undirected edge is two rows, one each way"
    nodes = _reading("account", accounts, [n["line"] for n in graph.nodes], f"account: {graph.form} nodes", [])
    return [nodes, _reading(record, rows, places, decision, graph.rejects)]


def _reading(
    record: str, rows: list[dict[str, Any]], places: list[int], decision: str, rejects: list[Reject]
) -> Reading:
    import pyarrow as pa

    fields = sorted({key for row in rows for key in row}) or [next(iter(RECORDS[record]))]
    table = pa.table({f: pa.array([row.get(f) for row in rows], pa.string()) for f in fields})
    return Reading(
        "SELECT *, NULL AS state FROM handed_over",
        fields,
        [Part(record, {f: f for f in fields})],
        decision,
        lambda _, ks: Explained({k: (places[k], None) for k in ks}, rejects),
        arrow=table,
    )
