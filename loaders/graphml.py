"""GraphML: nodes become accounts, edges become one relation; numbers that went through a float are refused as ids."""

from __future__ import annotations

import re
import xml.parsers.expat
from typing import Any

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders import headers
from kolgraph.loaders.source import MAX_RAW, Explained, Options, Part, Reading, Source, readable
from kolgraph.tables import RECORDS

#: Node attributes that name the account better than the id attribute of the XML element does.
ID_ATTRIBUTES = ("account", "account_id", "uid", "user_id")


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """Readings of accounts and edges, or None if the file is not GraphML."""
    with readable(source.path), source.open() as raw:
        if b"<graphml" not in raw.read(4096):
            return None
    record = options.record or "follow"
    if record not in {"follow", "repost", "mention"}:
        raise UnknownName.among("relation", record, ("follow", "mention", "repost"))
    if options.direction not in headers.DIRECTIONS:
        raise InputError.at(
            source.path,
            None,
            "unknown direction: does the source of an edge act on its target, or the target on the source?",
            fix="add --direction forward or --direction backward",
        )
    parser = _Parser(source)
    parser.run()
    if not parser.nodes and not parser.edges:
        raise InputError(f"{source.path}: the graph has no node")
    names = _names(parser.nodes)
    known = {headers.norm(n): f for f, aliases in headers.NAMES["account"].items() for n in aliases}
    accounts = [
        {"account": names[node["id"]]}
        | {f: value for key, value in node.items() if (f := known.get(headers.norm(key))) and f != "account"}
        for node in parser.nodes
    ]
    src, dst = ("source", "target") if options.direction == "forward" else ("target", "source")
    fields = [f for f in ("weight", "time", "since", "post", "root") if f in RECORDS[record]]
    rows, places = [], []
    for edge in parser.edges:
        values = {f: edge[f] for f in fields if f in edge}
        a, b = names.get(edge[src], edge[src]), names.get(edge[dst], edge[dst])
        rows += [{"src": a, "dst": b} | values, {"src": b, "dst": a} | values][: 1 + edge["undirected"]]
        places += [edge["line"]] * (1 + edge["undirected"])
    decision = f"{record}: GraphML, the {src} of an edge acts on its {dst}"
    if len(rows) > len(parser.edges):
        decision += "; an undirected edge is two rows, one each way"
    nodes = _reading("account", accounts, [n["line"] for n in parser.nodes], "account: GraphML nodes")
    return [nodes, _reading(record, rows, places, decision)]


def _names(nodes: list[dict[str, Any]]) -> dict[str, str]:
    """XML id -> id of the account."""
    attributes: tuple[str, ...] = ID_ATTRIBUTES
    if all(re.fullmatch(r"n\d+", node["id"]) and node.get("name") for node in nodes):
        attributes = (*ID_ATTRIBUTES, "name")  # igraph numbers its nodes and keeps their ids as names
    return {node["id"]: next((node[a] for a in attributes if node.get(a)), node["id"]) for node in nodes}


def _reading(record: str, rows: list[dict[str, Any]], places: list[int], decision: str) -> Reading:
    import pyarrow as pa

    fields = sorted({key for row in rows for key in row}) or [next(iter(RECORDS[record]))]
    table = pa.table({f: pa.array([row.get(f) for row in rows], pa.string()) for f in fields})
    part = Part(record, {f: f for f in fields})
    relation = "SELECT *, NULL AS state FROM handed_over"
    return Reading(
        relation,
        fields,
        [part],
        decision,
        lambda _, ks: Explained({k: (places[k], None) for k in ks}, []),
        arrow=table,
    )


class _Parser:
    """A streaming reader; document types are refused, because entities in them can be bombs or fetch files."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.keys: dict[str, str] = {}
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []
        self.current: dict[str, Any] | None = None
        self.key: str | None = None
        self.undirected = False
        # A decoded copy is UTF-8, whatever its first line says.
        self.expat = xml.parsers.expat.ParserCreate(None if source.text_path == source.path else "utf-8", " ")

    def run(self) -> None:
        """Fill `nodes` and `edges`."""
        self.expat.StartElementHandler = self.start
        self.expat.EndElementHandler = self.end
        self.expat.CharacterDataHandler = self.data
        self.expat.StartDoctypeDeclHandler = self.doctype
        try:
            with readable(self.source.path), self.source.open() as raw:
                self.expat.ParseFile(raw)
        except xml.parsers.expat.ExpatError as error:
            raise InputError.at(self.source.path, error.lineno, f"not well-formed XML ({error})") from error
        except (ValueError, LookupError) as error:
            raise InputError(f"{self.source.path}: not readable as XML ({error})") from error

    def doctype(self, *_: object) -> None:
        raise InputError.at(self.source.path, self.expat.CurrentLineNumber, "GraphML with a document type is refused")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rsplit(" ", 1)[-1]
        line = self.expat.CurrentLineNumber
        if name == "graph":
            self.undirected = attributes.get("edgedefault") == "undirected"
        elif name == "key":
            self.keys[attributes.get("id", "")] = attributes.get("attr.name", attributes.get("id", ""))
        elif name == "node":
            self.current = {"id": attributes.get("id", ""), "line": line}
            self.nodes.append(self.current)
        elif name == "edge":
            undirected = attributes.get("directed", str(not self.undirected).lower()) == "false"
            self.current = {f: attributes.get(f) for f in ("source", "target")} | {"line": line}
            self.current["undirected"] = undirected
            self.edges.append(self.current)
        elif name == "data" and self.current is not None:
            self.key = self.keys.get(attributes.get("key", ""), attributes.get("key", ""))
            if self.key in {"id", "line", "source", "target", "undirected"}:
                self.key = None

    def end(self, tag: str) -> None:
        name = tag.rsplit(" ", 1)[-1]
        if name in {"node", "edge"}:
            self.current = None
        elif name == "data":
            self.key = None

    def data(self, text: str) -> None:
        if self.current is not None and self.key is not None:
            so_far = self.current.get(self.key, "")
            if len(so_far) < MAX_RAW:
                self.current[self.key] = so_far + text
