"""Python objects: written down as the files that people would have made of them, so that one set of rules holds."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from numbers import Integral, Number
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from kolgraph.errors import InputError
from kolgraph.loaders.reading.source import readable
from kolgraph.targets import scratch

if TYPE_CHECKING:
    import igraph
    import networkx as nx
    import pandas as pd

    #: What can be loaded besides files.
    Object: TypeAlias = pd.DataFrame | nx.Graph[Any] | igraph.Graph
    Attributes: TypeAlias = Mapping[Any, object]


@contextmanager
def as_file(data: str | Path | Object) -> Iterator[tuple[Path, str]]:
    """The file that holds `data`, and what it is called in messages; that of an object lives as long as the context.

    Raises
    ------
    InputError
        No file and no object of a known kind, or one that cannot be told apart when it is written down.
    """
    if isinstance(data, str | Path):
        yield Path(data), str(data)
        return
    name = f"<{type(data).__name__}>"
    with scratch() as folder:
        # Some formats look at the names of file and folder: those of equal objects have to be equal.
        path = folder / "object" / "object.csv"
        with readable(Path(name)):
            path.parent.mkdir()
            if _is(data, "pandas", "DataFrame"):
                _write_frame(data, name, path)
            elif _is(data, "networkx", "Graph"):
                path = path.with_suffix(".json")
                _write_graph(path, name, data.nodes.items(), data.edges(data=True), directed=data.is_directed())
            elif _is(data, "igraph", "Graph"):
                path = path.with_suffix(".json")
                _write_graph(path, name, _vertices(data, name), _edges(data), directed=data.is_directed())
            else:
                raise InputError(f"{name}: is no file, no DataFrame, and no graph of networkx or igraph")
        yield path, name


def _is(data: object, library: str, kind: str) -> bool:
    """Whether this is an object of a library; one that nobody has imported made no objects."""
    module = sys.modules.get(library)
    return module is not None and isinstance(data, getattr(module, kind))


def _write_frame(frame: pd.DataFrame, name: str, path: Path) -> None:
    """As CSV: whole numbers exact, a missing value an empty cell; an index with a name is a column."""
    index = any(level is not None for level in frame.index.names)
    for column in [*(frame.index.names if index else ()), *frame.columns]:
        if not isinstance(column, str) or re.fullmatch(r"[\s\d.]*", column):  # it would be taken for a row
            raise InputError(f"{name}: a column is called {column!r}; give the columns names that tell what they hold")
    # Half an emoji is no text: its row is rejected.
    frame.to_csv(path, index=index, quoting=csv.QUOTE_ALL, lineterminator="\n", errors="surrogatepass")


def _vertices(graph: igraph.Graph, name: str) -> Iterator[tuple[object, Attributes]]:
    if "name" not in graph.vs.attributes():
        raise InputError(f"{name}: its vertices have no names; put the ids of accounts into vs['name'], as text")
    for vertex in graph.vs:
        attributes = vertex.attributes()
        yield attributes.pop("name"), attributes


def _edges(graph: igraph.Graph) -> Iterator[tuple[object, object, Attributes]]:
    names = graph.vs["name"]
    for edge in graph.es:
        yield names[edge.source], names[edge.target], edge.attributes()


def _write_graph(
    path: Path,
    name: str,
    nodes: Iterable[tuple[object, Attributes]],
    edges: Iterable[tuple[object, object, Attributes]],
    *,
    directed: bool,
) -> None:
    """As node-link JSON, all values as text: numbers in JSON are floats for many programs."""
    seen: set[str | None] = set()
    with path.open("w", encoding="utf-8") as out:
        out.write(f'{{\n"directed": {json.dumps(directed)}, "nodes": [')
        separator = "\n"
        for node, attributes in nodes:
            account = _account(node, name)
            if account in seen:
                raise InputError(f"{name}: two nodes are called {account!r} as text (1 and '1', perhaps); rename one")
            seen.add(account)
            out.write(separator + json.dumps(_cells(attributes) | {"id": account}))
            separator = ",\n"
        out.write('\n], "links": [')
        separator = "\n"
        for source, target, attributes in edges:
            ends = {"source": _account(source, name), "target": _account(target, name)}
            out.write(separator + json.dumps(_cells(attributes) | ends))
            separator = ",\n"
        out.write("\n]}\n")


def _account(node: object, name: str) -> str:
    """An id as text; of a float the text shows what it was, and is refused with its row."""
    if isinstance(node, bool) or not isinstance(node, str | Integral | float):
        raise InputError(f"{name}: the node {node!r} is a {type(node).__name__}; ids are text or whole numbers")
    return str(node)


def _cells(attributes: Attributes) -> dict[str, str]:
    """Attributes that are one value each, as text; what is missing is left out."""
    found = {}
    for key, value in attributes.items():
        # NaN and NaT are not themselves; an empty text tells nothing.
        if isinstance(value, str | bool | Number | date) and value == value and value != "":
            found[str(key)] = str(value)
    return found
