"""Hand the whole workspace to other programs: tables, graph files, and the files of neo4j-admin.

Everything is written as it is, for machines: ids as text, times as UTC epoch milliseconds, no apostrophe before a
formula. Equal content gives equal bytes, whatever the order in which files were loaded.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from kolgraph.errors import EnvironmentProblem, InputError, UnknownName
from kolgraph.export import atomic_path
from kolgraph.publishing import WorkspaceSnapshot
from kolgraph.store.schema import FLOAT, INT, SNAPSHOT, Node, Relation, columns
from kolgraph.tables import CANONICAL

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from kolgraph.workspace import Workspace

    Rows: TypeAlias = Iterator[tuple[Any, ...]]

#: Tables that hold what was said of accounts, as opposed to how it came here.
FACTS = ("accounts", "account_names", "identities", "posts", "follows", "reposts", "namings", "comments")
#: Columns that hold the key of an account -> how they are called where they hold its id.
KEYS = {"account_key": "account_id", "author": "author", "src": "src", "dst": "dst"}
#: Rows in memory at a time.
CHUNK = 10_000

#: Attributes of accounts and edges in a graph file -> type. GEXF and Gephi keep the word `type` for themselves.
ACCOUNT = {"name": "string", "platform": "string", "followers": "long", "niche": "string", "region": "string"}
EDGE = {"relation": "string", "weight": "double", "first_ts": "long", "last_ts": "long"}
# A FLOAT as people wrote it: 0.1, not 0.10000000149.
_WEIGHT = "coalesce(CAST(CAST(weight AS VARCHAR) AS DOUBLE), 1)"
#: One row per pair and relation; a sum of floats depends on their order.
_EDGES: Mapping[str, str] = {
    "follow": f"SELECT src, dst, {_WEIGHT} AS weight, since_ts AS first_ts, observed_ts AS last_ts FROM follows",
    "repost": f"SELECT src, dst, sum({_WEIGHT} ORDER BY weight) AS weight, min(ts) AS first_ts, max(ts) AS last_ts "
    "FROM reposts GROUP BY ALL",
    "mention": "SELECT src, dst, CAST(count(*) AS DOUBLE) AS weight, min(ts) AS first_ts, max(ts) AS last_ts "
    "FROM mentions GROUP BY ALL",
}
RELATIONS = tuple(_EDGES)

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = str.maketrans(
    {c: f"&#{ord(c)};" for c in "\t\n\r"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
)


def export_workspace(
    workspace: Workspace, folder: Path, form: str, *, relations: Sequence[str] = RELATIONS
) -> list[Path]:
    """Write the workspace into a folder, which is made if it is not there; each file appears when it is complete.

    Parameters
    ----------
    workspace : Workspace
    folder : Path
    form : {"parquet", "csv", "graphml", "gexf", "gdf", "neo4j-admin"}
        ``parquet`` and ``csv``: the tables of facts, with account ids instead of keys. ``graphml``, ``gexf``, ``gdf``:
        one file of accounts and edges. ``neo4j-admin``: what `kolgraph.publishing.publish` writes into a database, as
        files for its bulk import, with the command in ``import.sh``.
    relations : sequence of str
        Of a graph file: which of ``follow``, ``repost``, ``mention`` become edges. An edge is a pair of accounts and a
        relation: `weight` is the weight of the follow, the sum of the reposts' weights, or the number of mentions.

    Returns
    -------
    list of Path
        The files, readable by their owner only.

    Raises
    ------
    UnknownName
        A form or relation that is none of these.
    EnvironmentProblem
        The folder cannot be written.

    Notes
    -----
    Tables and graph files are streamed; of the ``neo4j-admin`` form one table is in memory at a time.
    """
    if form not in FORMS:
        raise UnknownName.among("form", form, FORMS)
    for relation in relations:
        if relation not in RELATIONS:
            raise UnknownName.among("relation", relation, RELATIONS)
    if not relations:
        raise InputError(f"no relation to export; name some of {', '.join(RELATIONS)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(f"{folder}: cannot be made ({error.strerror})") from error
    if form in GRAPHS:
        return [_graph(workspace, folder / f"graph.{form}", form, relations)]
    if form == "neo4j-admin":
        return list(_neo4j(workspace, folder))
    return [_table(workspace, folder / f"{name}.{form}", name) for name in FACTS]


# ---------------------------------------------------------------------- tables


def facts(name: str, *, flat: bool = False) -> str:
    """A SELECT of a table of facts: ids instead of keys, sorted by what identifies a row; `flat`: lists as JSON."""
    table = CANONICAL[name]
    own = {"account_id", "platform"} if name == "accounts" else set()
    cells, joins = [], []
    for column, kind in table.columns.items():
        if column == "batch" or (own and column == "account_key"):
            continue
        if column in KEYS:
            joins.append(f"LEFT JOIN accounts a_{column} ON a_{column}.account_key = t.{column}")
            cells.append(f"a_{column}.account_id AS {KEYS[column]}")
        elif flat and kind == "VARCHAR[]":
            cells.append(f"CAST(to_json(t.{column}) AS VARCHAR) AS {column}")
        else:
            cells.append(f"t.{column}")
    order = ", ".join(KEYS.get(column, f"t.{column}") for column in table.key)
    return f"SELECT {', '.join(cells)} FROM {name} t {' '.join(joins)} ORDER BY {order}"


def _table(workspace: Workspace, target: Path, name: str) -> Path:
    form = target.suffix.lstrip(".")
    options = "FORMAT csv, HEADER" if form == "csv" else "FORMAT parquet, COMPRESSION zstd"
    with atomic_path(target) as part:
        place = str(part).replace("'", "''")
        workspace.sql(f"COPY ({facts(name, flat=form == 'csv')}) TO '{place}' ({options})")
    return target


# ---------------------------------------------------------------------- graph files


def _graph(workspace: Workspace, target: Path, form: str, relations: Sequence[str]) -> Path:
    """Accounts and edges are read in one transaction: no edge without its accounts."""
    nodes = f"SELECT account_id, {', '.join(ACCOUNT)} FROM accounts ORDER BY account_id"
    parts = " UNION ALL ".join(
        f"SELECT '{name}' AS relation, * FROM ({_EDGES[name]})" for name in dict.fromkeys(relations)
    )
    edges = (
        f"SELECT s.account_id AS source, d.account_id AS target, {', '.join(EDGE)} FROM ({parts}) e "
        "JOIN accounts s ON s.account_key = src JOIN accounts d ON d.account_key = dst "
        "ORDER BY relation, target, source"
    )
    with (
        atomic_path(target) as part,
        part.open("w", encoding="utf-8", errors="replace", newline="\n") as out,
        workspace.transaction() as connection,
    ):
        GRAPHS[form](out, _rows(connection, nodes), _rows(connection, edges))
    return target


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Rows:
    for batch in connection.sql(query).to_arrow_reader(CHUNK):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _xml(value: object) -> str:
    """Text as it may stand in an attribute and between tags; what XML cannot hold is replaced."""
    return _NOT_XML.sub("\ufffd", str(value)).translate(_ENTITIES)


def _graphml(out: IO[str], nodes: Rows, edges: Rows) -> None:
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
    for domain, attributes in (("node", ACCOUNT), ("edge", EDGE)):
        for name, kind in attributes.items():
            out.write(f'<key id="{domain}_{name}" for="{domain}" attr.name="{name}" attr.type="{kind}"/>\n')
    out.write('<graph edgedefault="directed">\n')

    def data(domain: str, names: Iterable[str], values: Iterable[Any]) -> str:
        given = zip(names, values, strict=True)
        return "".join(f'<data key="{domain}_{name}">{_xml(v)}</data>' for name, v in given if v is not None)

    for account, *values in nodes:
        out.write(f'<node id="{_xml(account)}">{data("node", ACCOUNT, values)}</node>\n')
    for source, target, *values in edges:
        out.write(f'<edge source="{_xml(source)}" target="{_xml(target)}">{data("edge", EDGE, values)}</edge>\n')
    out.write("</graph>\n</graphml>\n")


def _gexf(out: IO[str], nodes: Rows, edges: Rows) -> None:
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">\n')
    out.write('<graph defaultedgetype="directed" mode="static">\n')
    for domain, attributes in (("node", ACCOUNT), ("edge", EDGE)):
        out.write(f'<attributes class="{domain}" mode="static">\n')
        for name, kind in attributes.items():
            if name != "weight":  # an attribute of the element itself
                out.write(f'<attribute id="{name}" title="{name}" type="{kind}"/>\n')
        out.write("</attributes>\n")

    def data(names: Iterable[str], values: Iterable[Any]) -> str:
        given = [(name, v) for name, v in zip(names, values, strict=True) if v is not None and name != "weight"]
        cells = "".join(f'<attvalue for="{name}" value="{_xml(v)}"/>' for name, v in given)
        return f"<attvalues>{cells}</attvalues>"

    out.write("<nodes>\n")
    for account, name, *values in nodes:
        label = _xml(account if name is None else name)
        out.write(f'<node id="{_xml(account)}" label="{label}">{data(ACCOUNT, (name, *values))}</node>\n')
    out.write("</nodes>\n<edges>\n")
    for number, (source, target, relation, weight, *times) in enumerate(edges):
        ends = f'source="{_xml(source)}" target="{_xml(target)}" weight="{weight}"'
        out.write(f'<edge id="{number}" {ends}>{data(EDGE, (relation, weight, *times))}</edge>\n')
    out.write("</edges>\n</graph>\n</gexf>\n")


def _gdf(out: IO[str], nodes: Rows, edges: Rows) -> None:
    """Lines of cells, quoted as in CSV; a line break inside a cell would end the line, and becomes a space."""
    kinds = {"string": "VARCHAR", "long": "BIGINT", "double": "DOUBLE"}

    def line(cells: Iterable[Any]) -> str:
        return ",".join("" if v is None else _gdf_cell(v) for v in cells) + "\n"

    def header(ends: Sequence[str], attributes: Mapping[str, str]) -> str:
        return ",".join([f"{c} VARCHAR" for c in ends] + [f"{c} {kinds[kind]}" for c, kind in attributes.items()])

    # In GDF `name` is the id of a node; what people call it is its label.
    attributes = {("label" if name == "name" else name): kind for name, kind in ACCOUNT.items()}
    out.write(f"nodedef>{header(['name'], attributes)}\n")
    out.writelines(line(node) for node in nodes)
    out.write(f"edgedef>{header(['node1', 'node2'], EDGE)},directed BOOLEAN\n")
    out.writelines(line((*edge, "true")) for edge in edges)


def _gdf_cell(value: object) -> str:
    text = re.sub(r"[\x00-\x1f\x85\u2028\u2029]+", " ", str(value))
    return (
        '"' + text.replace('"', '""') + '"' if text == "" or text != text.strip() or set(text) & set(",\"'") else text
    )


GRAPHS: Mapping[str, Callable[[IO[str], Rows, Rows], None]] = {"graphml": _graphml, "gexf": _gexf, "gdf": _gdf}
FORMS = ("parquet", "csv", *GRAPHS, "neo4j-admin")


# ---------------------------------------------------------------------- neo4j-admin


def _neo4j(workspace: Workspace, folder: Path) -> Iterator[Path]:
    snapshot = WorkspaceSnapshot(workspace)
    arguments = []
    for name, part in SNAPSHOT.items():
        target = folder / f"{name}.csv"
        with atomic_path(target) as path:
            _admin_file(path, part, snapshot[name])
        arguments.append(f"--{'nodes' if isinstance(part, Node) else 'relationships'}={shlex.quote(target.name)}")
        yield target
    command = [
        "neo4j-admin database import full neo4j",
        *arguments,
        "--id-type=string --array-delimiter=';' --multiline-fields=true",
    ]
    with atomic_path(folder / "import.sh") as path:
        path.write_text(
            "#!/bin/sh\n# Into an empty database of a Neo4j 5 server that is not running; from 5.19 on the name\n"
            '# of the database comes before the options.\ncd "$(dirname "$0")" || exit 1\n'
            + " \\\n  ".join(command)
            + "\n",
            encoding="utf-8",
        )
    yield folder / "import.sh"


def _admin_file(path: Path, part: Node | Relation, table: pa.Table) -> None:
    import pyarrow as pa
    from pyarrow import csv

    kinds = {INT: "long", FLOAT: "double"}
    ends = (
        {"id": f"id:ID({part.label})"}
        if isinstance(part, Node)
        else {"src": f":START_ID({part.start})", "dst": f":END_ID({part.end})"}
    )
    header = [ends.get(name, f"{name}:{kinds.get(kind, 'string')}") for name, kind in columns(part).items()]
    kind, word = (":LABEL", part.label) if isinstance(part, Node) else (":TYPE", part.type)
    table = table.append_column(kind, pa.repeat(word, table.num_rows))
    with path.open("wb") as out:
        out.write((",".join([*header, kind]) + "\n").encode())
        csv.write_csv(table, out, csv.WriteOptions(include_header=False))
