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

from kolgraph.errors import EnvironmentProblem, InputError, UnknownName, option, reason
from kolgraph.results.files import write_table
from kolgraph.store.engines import admin
from kolgraph.targets import MARK, atomic_path, check, marked, with_columns
from kolgraph.verbs.publish import kept
from kolgraph.verbs.show import table
from kolgraph.workspace.opening import translating
from kolgraph.workspace.tables import CANONICAL, FORGOTTEN

if TYPE_CHECKING:
    import duckdb

    from kolgraph.workspace import Workspace

    Rows: TypeAlias = Iterator[tuple[Any, ...]]

#: Tables of facts. Of the others, `namings` is told in part (below), and the rest is about files and who was forgotten:
#: true of this workspace only, so it must not be loaded into another.
TOLD = {
    "accounts",
    "account_names",
    "account_aliases",
    "identities",
    "posts",
    "follows",
    "reposts",
    "comments",
    "campaigns",
}
#: Files with what was said of accounts, as opposed to how it came here -> table, and which of its rows.
FACTS: Mapping[str, tuple[str, str]] = {name: (name, "") for name in CANONICAL if name in TOLD} | {
    "accounts": ("accounts", f"WHERE t.platform <> '{FORGOTTEN}'"),  # of them only the place is left
    # Without names, as pseudonymised workspaces are, nothing is left to be told of them.
    "account_names": ("account_names", "WHERE a_account_key.name IS NOT NULL"),
    "mentions": ("namings", "WHERE role = 'mention'"),
}
#: Columns that hold the key of an account -> how they are called where they hold its id.
KEYS = {"account_key": "account_id", "author": "author", "src": "src", "dst": "dst"}
#: Columns that are told in other words.
TOLD_AS = {
    # That no count was rounded need not be said.
    "rounded": ("rounded", "CASE WHEN len(t.rounded) > 0 THEN t.rounded END"),
    # The name of today as people write it.
    "name_norm": (
        "name",
        "CASE WHEN lower(trim(a_account_key.name)) = t.name_norm THEN a_account_key.name ELSE t.name_norm END",
    ),
}
#: Rows in memory at a time, and in a row group of a Parquet file.
CHUNK, GROUP = 10_000, 100_000

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

#: What XML gives a meaning, and what it cannot hold at all.
_SPECIAL = re.compile("[^ !#-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAIN = re.compile(r"[\w:.+-]+").fullmatch
_ENTITIES = {c: f"&#{ord(c)};" for c in "\t\n\r"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def export(
    workspace: Workspace,
    what: str,
    output: str | Path,
    *,
    to: str | None = None,
    relations: Sequence[str] = (),
) -> list[Path]:
    """Write a table, the graph, or everything.

    Parameters
    ----------
    workspace : Workspace
    what : str
        The name of a table; ``graph``; or ``all``: every table of facts.
    output : str or Path
        A file whose ending chooses the form; of ``all`` a folder.
    to : {"parquet", "csv", "neo4j-admin"}, optional
        Form of ``all``; see `export_tables`. Default: parquet.
    relations : sequence of str, optional
        Of the graph; default: all. See `export_graph`.

    Returns
    -------
    list of Path
    """
    if (to and what != "all") or (relations and what != "graph"):
        raise InputError(f"{option('to')} belongs to all, {option('relations')} to graph")
    if what == "all":
        return export_tables(workspace, output, to or "parquet")
    if what == "graph":
        return [export_graph(workspace, output, relations=relations or RELATIONS)]
    return [write_table(table(workspace, what), output)]


def export_tables(workspace: Workspace, folder: str | Path, form: str = "parquet") -> list[Path]:
    r"""Write the whole workspace into a folder, made if it is not there; each file appears when it is complete.

    Parameters
    ----------
    workspace : Workspace
    folder : str or Path
    form : {"parquet", "csv", "neo4j-admin"}
        ``parquet`` and ``csv``: the tables of facts, with account ids instead of keys; `Workspace.load` reads both
        back. ``neo4j-admin``: what `kolgraph.publish` writes into a database, as files for its bulk import,
        with the command in ``import.sh``.

    Returns
    -------
    list of Path
        The files, readable by their owner only; a table without rows has none.

    Raises
    ------
    UnknownName
        A form that is none of these.
    EnvironmentProblem
        The folder cannot be written.

    Notes
    -----
    O(rows log rows) time. Tables are streamed; of the ``neo4j-admin`` form one table is in memory at a time.

    Examples
    --------
    >>> import tempfile
    >>> from kolgraph.workspace import Workspace
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "fans.csv").write_text("follower,followed\n1,2\n")
    >>> with Workspace.open(folder / "acme.kol", create=True) as ws:
    ...     report = ws.load(folder / "fans.csv", platform="weibo")
    ...     files = export_tables(ws, folder / "out", "csv")
    >>> [file.name for file in files]
    ['accounts.csv', 'follows.csv']
    >>> print(files[1].read_text(), end="")
    src,dst,since_ts,observed_ts,weight
    weibo:1,weibo:2,,,1.0
    """
    folder = Path(folder)
    if form not in FOLDERS:
        raise UnknownName.among("form", form, FOLDERS)
    if form == "neo4j-admin":
        targets = {folder / f"{name}.csv": with_columns(admin.header(name)) for name in admin.FILES}
        targets[folder / "import.sh"] = marked
    else:
        targets = {folder / f"{name}.{form}": _own(workspace, name, form) for name in FACTS}
    for target, own in targets.items():  # all of them, or none is written
        check(target, own)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise EnvironmentProblem(f"{folder}: cannot be made ({reason(error)})") from error
    if form == "neo4j-admin":
        return list(_neo4j(workspace, folder, targets))
    done = (_table(workspace, *target, name) for target, name in zip(targets.items(), FACTS, strict=True))
    return [file for file in done if file]


def export_graph(workspace: Workspace, path: str | Path, *, relations: Sequence[str] = RELATIONS) -> Path:
    """Write accounts and edges as one graph file; the ending chooses the form: .graphml, .gexf or .gdf.

    Parameters
    ----------
    workspace : Workspace
    path : str or Path
    relations : sequence of str
        Which of ``follow``, ``repost``, ``mention`` become edges. An edge is a pair of accounts and a relation:
        `weight` is the weight of the follow, the sum of the reposts' weights, or the number of mentions; `first_ts` and
        `last_ts` are UTC epoch milliseconds.

    Returns
    -------
    Path
        The file, readable by its owner only.

    Raises
    ------
    UnknownName
        An ending or a relation that is none of these.
    EnvironmentProblem
        The folder cannot be written.

    Notes
    -----
    O(edges log edges) time; the file is streamed.

    Examples
    --------
    >>> import tempfile
    >>> from kolgraph.workspace import Workspace
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Workspace.open(folder / "acme.kol", create=True) as ws:
    ...     file = export_graph(ws, folder / "acme.gdf", relations=["follow"])
    >>> file.read_text().splitlines()[1]
    'edgedef>node1 VARCHAR,node2 VARCHAR,relation VARCHAR,weight DOUBLE,first_ts BIGINT,last_ts BIGINT,directed BOOLEAN'
    """
    target = Path(path)
    form = target.suffix.lstrip(".").lower()
    if form not in GRAPHS:
        raise UnknownName.among("ending of a graph file", form, GRAPHS)
    for relation in relations:
        if relation not in RELATIONS:
            raise UnknownName.among("relation", relation, RELATIONS)
    if not relations:
        raise InputError(f"no relation to export; name some of {', '.join(RELATIONS)}")
    return _graph(workspace, target, form, relations)


# ---------------------------------------------------------------------- tables


def facts(name: str, *, flat: bool = False) -> str:
    """A SELECT of a file of facts: ids instead of keys, sorted by what identifies a row; `flat`: lists as JSON."""
    source, which = FACTS[name]
    table = CANONICAL[source]
    # The place of a mention is that in the text, and told with the text.
    hidden = {"batch", "role", "pos"} | ({"account_key"} if name == "accounts" else set())
    cells, joins = [], []
    for column, kind in table.columns.items():
        if column in hidden:
            continue
        if column in KEYS:
            joins.append(f"LEFT JOIN accounts a_{column} ON a_{column}.account_key = t.{column}")
            cells.append(f"a_{column}.account_id AS {KEYS[column]}")
            continue
        title, cell = TOLD_AS.get(column, (column, f"t.{column}"))
        cells.append(f"{f'CAST(to_json({cell}) AS VARCHAR)' if flat and kind == 'VARCHAR[]' else cell} AS {title}")
    if "derived" in table.columns:  # who is known by name only, with the event and not among the mentions
        joins.append("LEFT JOIN (SELECT post_id AS named, min(name) AS author_name FROM namings WHERE role = 'author' ")
        joins[-1] += f"GROUP BY ALL) ON named = t.{table.key[0]}"
        cells.append("CASE WHEN t.dst IS NULL OR t.derived THEN author_name END AS author_name")
    keys = [*table.key, *(["src"] if "role" in table.columns else [])]  # one post may be said to be of two accounts
    order = ", ".join(KEYS.get(column, f"t.{column}") for column in keys if column not in hidden)
    return f"SELECT {', '.join(cells)} FROM {source} t {' '.join(joins)} {which} ORDER BY {order}"


def _own(workspace: Workspace, name: str, form: str) -> Callable[[Path], bool]:
    """How an older export of a table is known."""
    if form != "csv":
        return marked
    return with_columns(workspace.arrow(f"SELECT * FROM ({facts(name)}) LIMIT 0").column_names)


def _table(workspace: Workspace, target: Path, own: Callable[[Path], bool], name: str) -> Path | None:
    """The engine's own Parquet depends on more than the rows: equal tables would give other bytes."""
    import pyarrow.parquet as pq

    if not workspace.arrow(f"SELECT 1 FROM ({facts(name)}) LIMIT 1").num_rows:
        target.unlink(missing_ok=True)  # or what an older export left would be taken for a part of this one
        return None
    with atomic_path(target, own) as part, workspace.transaction() as connection:
        if target.suffix == ".csv":
            place = str(part).replace("'", "''")
            # By itself the engine writes another file, for everybody, and moves it here.
            copy = f"COPY ({facts(name, flat=True)}) TO '{place}' (FORMAT csv, HEADER, USE_TMP_FILE false)"
            with translating(target):
                connection.execute(copy)
            return target
        rows = connection.sql(facts(name)).to_arrow_reader(GROUP)
        schema = rows.schema.with_metadata({"kolgraph": MARK})
        with pq.ParquetWriter(part, schema, compression="zstd") as out:
            for batch in rows:
                out.write_batch(batch.replace_schema_metadata(schema.metadata))
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
        atomic_path(target, with_columns(_gdf_nodes()) if form == "gdf" else marked) as part,
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
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], "\ufffd"), str(value))


def _graphml(out: IO[str], nodes: Rows, edges: Rows) -> None:
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f'<!-- {MARK} -->\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
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
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f'<!-- {MARK} -->\n<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">\n')
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

    def line(cells: Iterable[Any]) -> str:
        return ",".join("" if v is None else _gdf_cell(v) for v in cells) + "\n"

    out.write(",".join(_gdf_nodes()) + "\n")
    out.writelines(line(node) for node in nodes)
    out.write(",".join(_gdf_columns("edgedef>node1", "node2", **EDGE)) + ",directed BOOLEAN\n")
    out.writelines(line((*edge, "true")) for edge in edges)


def _gdf_nodes() -> list[str]:
    """Columns of nodes: in GDF `name` is the id of a node; what people call it is its label."""
    return _gdf_columns("nodedef>name", **{("label" if name == "name" else name): v for name, v in ACCOUNT.items()})


def _gdf_columns(*ends: str, **attributes: str) -> list[str]:
    kinds = {"string": "VARCHAR", "long": "BIGINT", "double": "DOUBLE"}
    return [f"{end} VARCHAR" for end in ends] + [f"{name} {kinds[kind]}" for name, kind in attributes.items()]


def _gdf_cell(value: object) -> str:
    text = str(value)
    if _PLAIN(text):  # nearly all: looked at no further
        return text
    text = re.sub(r"[\x00-\x1f\x85\u2028\u2029]+", " ", text)
    quoted = text == "" or text != text.strip() or set(text) & set(",\"'")
    return '"' + text.replace('"', '""') + '"' if quoted else text


GRAPHS: Mapping[str, Callable[[IO[str], Rows, Rows], None]] = {"graphml": _graphml, "gexf": _gexf, "gdf": _gdf}
FOLDERS = ("parquet", "csv", "neo4j-admin")


# ---------------------------------------------------------------------- neo4j-admin


def _neo4j(workspace: Workspace, folder: Path, targets: Mapping[Path, Callable[[Path], bool]]) -> Iterator[Path]:
    with kept(workspace, "files for neo4j-admin") as publication:
        for name in admin.FILES:
            target = folder / f"{name}.csv"
            with atomic_path(target, targets[target]) as path:
                admin.write_file(path, publication, name)
            yield target
    names = {name: f"{name}.csv" for name in admin.FILES}
    command = ["neo4j-admin database import full neo4j", *admin.arguments(names), *map(shlex.quote, admin.OPTIONS)]
    with atomic_path(folder / "import.sh") as path:
        path.write_text(
            f"#!/bin/sh\n# {MARK}\n"
            "# Into an empty database of a Neo4j 5 server that is not running; from 5.19 on the name\n"
            '# of the database comes before the options.\ncd "$(dirname "$0")" || exit 1\n'
            + " \\\n  ".join(command)
            + "\n",
            encoding="utf-8",
        )
    yield folder / "import.sh"
