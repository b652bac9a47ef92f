"""GraphML: nodes become accounts, edges become one relation; numbers that went through a float are refused as ids."""

from __future__ import annotations

import xml.parsers.expat
from typing import Any

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders import headers
from kolgraph.loaders.source import Options, Reading, Source
from kolgraph.tables import RECORDS

#: Node attributes that name the account better than the id attribute of the XML element does.
ID_ATTRIBUTES = ("account", "account_id", "uid", "user_id")


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """Readings of accounts and edges, or None if the file is not GraphML."""
    with source.open() as raw:
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
    nodes, edges = parser.run()
    if not nodes and not edges:
        raise InputError(f"{source.path}: the graph has no node")
    src, dst = ("source", "target") if options.direction == "forward" else ("target", "source")
    names = {node["id"]: next((node[a] for a in ID_ATTRIBUTES if node.get(a)), node["id"]) for node in nodes}
    known = {headers.norm(n): f for f, options_ in headers.NAMES["account"].items() for n in options_}
    accounts = [
        {"account": names[node["id"]]}
        | {f: value for key, value in node.items() if (f := known.get(headers.norm(key))) and f != "account"}
        for node in nodes
    ]
    rows = [
        {"src": names.get(e[src], e[src]), "dst": names.get(e[dst], e[dst])}
        | {f: e[f] for f in ("weight", "time", "since", "post", "root") if f in e and f in RECORDS[record]}
        for e in edges
    ]
    decision = f"{record}: GraphML, the {src} of an edge acts on its {dst}"
    out = [_reading("account", accounts, [n["line"] for n in nodes], "account: GraphML nodes")]
    return [*out, _reading(record, rows, [e["line"] for e in edges], decision)]


def _reading(record: str, rows: list[dict[str, Any]], lines: list[Any], decision: str) -> Reading:
    import pyarrow as pa

    fields = sorted({key for row in rows for key in row}) or [next(iter(RECORDS[record]))]
    table = pa.table({f: pa.array([row.get(f) for row in rows], pa.string()) for f in fields})
    relation = f"SELECT *, {', '.join(f'{f} AS cell_{f}' for f in fields)}, NULL AS state FROM handed_over"
    return Reading(record, relation, decision, lambda ks: [(int(lines[k]), None) for k in ks], arrow=table)


class _Parser:
    """A streaming reader; document types are refused, because entities in them can be bombs or fetch files."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.keys: dict[str, str] = {}
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []
        self.current: dict[str, Any] | None = None
        self.key: str | None = None

    def run(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        expat = xml.parsers.expat.ParserCreate(namespace_separator=" ")
        expat.StartElementHandler = self.start
        expat.EndElementHandler = self.end
        expat.CharacterDataHandler = self.data
        expat.StartDoctypeDeclHandler = self.doctype
        self.expat = expat
        try:
            with self.source.open() as raw:
                expat.ParseFile(raw)
        except xml.parsers.expat.ExpatError as error:
            raise InputError.at(self.source.path, error.lineno, f"not well-formed XML ({error})") from error
        return self.nodes, self.edges

    def doctype(self, *_: object) -> None:
        raise InputError.at(self.source.path, self.expat.CurrentLineNumber, "GraphML with a document type is refused")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rsplit(" ", 1)[-1]
        line = self.expat.CurrentLineNumber
        if name == "key":
            self.keys[attributes.get("id", "")] = attributes.get("attr.name", attributes.get("id", ""))
        elif name == "node":
            self.current = {"id": attributes.get("id", ""), "line": line}
            self.nodes.append(self.current)
        elif name == "edge":
            self.current = {"source": attributes.get("source"), "target": attributes.get("target"), "line": line}
            self.edges.append(self.current)
        elif name == "data" and self.current is not None:
            self.key = self.keys.get(attributes.get("key", ""), attributes.get("key", ""))
            if self.key in {"id", "line", "source", "target"}:
                self.key = None

    def end(self, tag: str) -> None:
        name = tag.rsplit(" ", 1)[-1]
        if name in {"node", "edge"}:
            self.current = None
        elif name == "data":
            self.key = None

    def data(self, text: str) -> None:
        if self.current is not None and self.key is not None:
            self.current[self.key] = self.current.get(self.key, "") + text
