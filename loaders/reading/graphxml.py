"""GraphML and GEXF, as streams: document types are refused, because entities in them can be bombs or fetch files."""

from __future__ import annotations

import re
import xml.parsers.expat
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from kolgraph.errors import InputError
from kolgraph.loaders.reading.graphtext import OURS, Graph
from kolgraph.loaders.reading.source import MAX_RAW, Source, readable

#: Node attributes that name the account better than the id attribute of the XML element does.
ID_ATTRIBUTES = ("account", "account_id", "uid", "user_id")


def reader(source: Source) -> Callable[[Source], Graph] | None:
    """How this file is read, or None if it is neither."""
    if source.shape != "xml":
        return None
    with readable(source.path), source.open() as raw:
        start = raw.read(4096)
    return _GraphML.read if b"<graphml" in start else _GEXF.read if b"<gexf" in start else None


def _names(nodes: list[dict[str, Any]]) -> dict[str, str]:
    """XML id -> id of the account."""
    attributes: tuple[str, ...] = ID_ATTRIBUTES
    if all(re.fullmatch(r"n\d+", node["id"]) and node.get("name") for node in nodes):
        attributes = (*ID_ATTRIBUTES, "name")  # igraph numbers its nodes and keeps their ids as names
    return {node["id"]: next((node[a] for a in attributes if node.get(a)), node["id"]) for node in nodes}


class _Parser(ABC):
    """What both have in common: nodes, edges, and the attributes of whichever is open."""

    form = ""

    def __init__(self, source: Source) -> None:
        self.source, self.graph = source, Graph(self.form)
        self.keys: dict[str, str] = {}
        #: Node or edge -> attribute -> what holds where it is not given.
        self.defaults: dict[str, dict[str, str]] = {"node": {}, "edge": {}}
        self.declared: tuple[tuple[str, ...], str] | None = None
        self.open: list[dict[str, Any]] = []  # nodes may lie in nodes
        self.key: str | None = None
        self.undirected = False
        # A decoded copy is UTF-8, whatever its first line says.
        self.expat = xml.parsers.expat.ParserCreate(None if source.text_path == source.path else "utf-8", " ")

    @classmethod
    def read(cls, source: Source) -> Graph:
        """The graph in a file."""
        parser = cls(source)
        parser.run()
        parser.graph.names = _names(parser.graph.nodes)
        return parser.graph

    def run(self) -> None:
        """Fill the graph."""
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
        at = self.expat.CurrentLineNumber
        raise InputError.at(self.source.path, at, f"{self.form} with a document type is refused")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name, line = tag.rsplit(" ", 1)[-1], self.expat.CurrentLineNumber
        if name == "node":
            self.open.append({"id": attributes.get("id", ""), "line": line})
            self.graph.nodes.append(self.open[-1])
        elif name == "edge":
            self.open.append({f: attributes.get(f, "") for f in ("source", "target")} | {"line": line})
        elif name == "default" and self.declared:
            self.key = self.declared[1]
        self.element(name, attributes)

    @abstractmethod
    def element(self, name: str, attributes: dict[str, str]) -> None:
        """What an element says in this format; nodes and edges are open already."""

    def set(self, key: str, value: str) -> None:
        """An attribute of the open node or edge."""
        if self.open and key not in OURS:
            self.open[-1][key] = value[:MAX_RAW]

    def end(self, tag: str) -> None:
        name = tag.rsplit(" ", 1)[-1]
        if name in {"node", "edge"}:
            found = self.open.pop()
            for key, value in self.defaults[name].items():
                found.setdefault(key, value)
            if name == "edge":
                undirected = found["undirected"]
                self.graph.edge(found["line"], found["source"], found["target"], found, undirected=undirected)
        elif name in {"data", "default"}:
            self.key = None

    def declare(self, domain: str, title: str) -> None:
        """An attribute, of which a default may follow."""
        self.declared = (("node", "edge") if domain not in self.defaults else (domain,), title)

    def data(self, text: str) -> None:
        if self.key is not None and not self.open and self.declared and self.key not in OURS:
            for domain in self.declared[0]:
                self.defaults[domain][self.key] = (self.defaults[domain].get(self.key, "") + text)[:MAX_RAW].strip()
        if self.key is not None and self.open:
            so_far = self.open[-1].get(self.key, "")
            if len(so_far) < MAX_RAW:
                self.set(self.key, so_far + text)


class _GraphML(_Parser):
    form = "GraphML"

    def element(self, name: str, attributes: dict[str, str]) -> None:
        """Attributes are named once, and lie in elements of their own."""
        if name == "graph":
            self.undirected = attributes.get("edgedefault") == "undirected"
        elif name == "key":
            self.keys[attributes.get("id", "")] = attributes.get("attr.name", attributes.get("id", ""))
            self.declare(attributes.get("for", ""), self.keys[attributes.get("id", "")])
        elif name == "edge":
            default = str(not self.undirected).lower()
            self.open[-1]["undirected"] = attributes.get("directed", default) == "false"
        elif name == "data" and self.open:
            self.key = self.keys.get(attributes.get("key", ""), attributes.get("key", ""))
            if self.key in OURS:
                self.key = None


class _GEXF(_Parser):
    """Ids of attributes count among nodes or among edges; a mutual edge runs both ways, as an undirected one."""

    form = "GEXF"
    domain = ""

    def element(self, name: str, attributes: dict[str, str]) -> None:
        """Attributes are named once, and given by number."""
        if name == "graph":
            self.undirected = attributes.get("defaultedgetype", "undirected") in {"undirected", "mutual"}
        elif name == "attributes":
            self.domain = attributes.get("class", "")
        elif name == "attribute":
            self.keys[f"{self.domain} {attributes.get('id')}"] = attributes.get("title", "")
            self.declare(self.domain, attributes.get("title", ""))
        elif name == "node":
            if "label" in attributes and attributes["label"] != attributes.get("id"):
                self.set("label", attributes["label"])
        elif name == "edge":
            kind = attributes.get("type", "undirected" if self.undirected else "directed")
            self.open[-1]["undirected"] = kind in {"undirected", "mutual"}
            if "weight" in attributes:
                self.set("weight", attributes["weight"])
        elif name == "attvalue" and self.open:
            domain = "edge" if "source" in self.open[-1] else "node"
            number = attributes.get("for", attributes.get("id", attributes.get("attvalue", "")))
            self.set(self.keys.get(f"{domain} {number}", number), attributes.get("value", ""))
