"""What a query would do on a Neo4j server, by the server's own account of it: does it only read what is in there?

A session that may only read refuses to write, but not to open files and addresses: `LOAD CSV` reads, and so do
procedures of plugins (``apoc.load.json``, and even ``apoc.export.csv.all``). So the server is asked first what it would
do (EXPLAIN), and what it has that is not its own. Our lexer has no part in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kolgraph.errors import InputError

#: What the server was given to call beside its own functions, and beside the procedures of its own that only look.
FOREIGN = (
    "SHOW FUNCTIONS YIELD name, isBuiltIn WHERE NOT isBuiltIn RETURN name",
    "SHOW PROCEDURES YIELD name, mode WHERE mode = 'READ' AND NOT name STARTS WITH 'db.' RETURN name",
)
#: Operators that do more than to read the graph; a plan does not show those inside of some expressions, though.
_REACHING = {"LoadCSV": "LOAD CSV reads files and addresses", "TerminateTransactions": "TERMINATE ends what others do"}
_LOAD_CSV = re.compile(r"load\W.*csv\W", re.IGNORECASE | re.DOTALL)


def roots(names: Iterable[str]) -> frozenset[str]:
    """The first parts of dotted names: apoc of apoc.load.json."""
    return frozenset(name.partition(".")[0].casefold() for name in names)


def refuse_reaching(text: str, kind: str | None, plan: Mapping[str, Any] | None, foreign: frozenset[str]) -> None:
    """Refuse a text that the server would do more with than to read its graph.

    Parameters
    ----------
    text : str
    kind : str
        Of the query, as the server has it: "r" only reads.
    plan : mapping
        Its operators.
    foreign : frozenset of str
        Roots of the names of functions and procedures that are not the server's own.

    Raises
    ------
    InputError
    """
    if kind != "r":
        raise InputError("query: it would write, or change the server; queries only read")
    for operator in _operators(plan or {}):
        if operator in _REACHING:
            raise InputError(f"query: {_REACHING[operator]}, queries read the graph only")
    if _LOAD_CSV.search(text):
        raise InputError("query: the words LOAD and CSV may read files; pass texts that hold them as $parameters")
    for root in foreign:
        if re.search(rf"(?<![^\W\d]){re.escape(root)}\b", text.casefold()):
            raise InputError(
                f"query: {root} is a plugin, and what it calls may reach files and addresses; only the server's own "
                "functions and its procedures db.* are called, and texts that hold the word are passed as $parameters"
            )


def _operators(plan: Mapping[str, Any]) -> Iterator[str]:
    if plan:
        yield str(plan["operatorType"]).partition("@")[0]
    for part in plan.get("children", ()):
        yield from _operators(part)


def plain(value: Any) -> Any:
    """A value of the server in plain types: nodes and relationships as maps, paths as lists, the rest as text."""
    if isinstance(value, str | int | float | bytes) or value is None:
        return value
    if hasattr(value, "nodes") and hasattr(value, "relationships"):
        steps = [plain(value.start_node)]
        for relation in value.relationships:
            steps += [plain(relation), plain(relation.end_node)]
        return steps
    if hasattr(value, "labels"):
        return {"labels": sorted(value.labels), **_properties(value)}
    if hasattr(value, "type") and hasattr(value, "start_node"):
        return {"type": value.type, **_properties(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if hasattr(value, "iso_format"):
        return value.iso_format()
    if hasattr(value, "srid"):
        return f"point({', '.join(f'{part:g}' for part in value)})"
    if isinstance(value, list | tuple | set):
        return [plain(part) for part in value]
    return str(value)


def _properties(value: Any) -> dict[str, Any]:
    return {name: plain(part) for name, part in value.items()}
