"""Exports of a workspace: equal content gives equal bytes, other programs read the same, and so do we."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import ANY

import duckdb
import igraph
import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kolgraph import cli
from kolgraph.errors import EnvironmentProblem, InputError, UnknownName
from kolgraph.store.sync.schema import SNAPSHOT, Node
from kolgraph.verbs.export import FACTS, FOLDERS, GRAPHS, RELATIONS, export_graph, export_tables
from kolgraph.verbs.publish import WorkspaceSnapshot
from kolgraph.workspace import Workspace
from tests.workspace.test_merge import files, load
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1]
ODD = [
    'a,b "c"',
    "x\ny",
    "=cmd()",
    "<&>'",
    "\x01\ud83d".encode("utf-8", "replace").decode(),
    "😀小明",
    "tab\there",
    "]]>",
]


def say(shelf: Shelf, record: str, rows: str) -> None:
    """Load a CSV whose columns are fields of a record."""
    fields = rows.split("\n", 1)[0].split(",")
    shelf.load(rows, record=record, mapping={field: field for field in fields}, platform="weibo")


@pytest.fixture
def told(shelf: Shelf) -> Shelf:
    """Names that break files, ids beyond doubles, every relation."""
    people = "".join(f'{BIG[0] - 10 + k},"{name.replace(chr(34), chr(34) * 2)}",5\n' for k, name in enumerate(ODD))
    shelf.load("account,name,followers\n" + people, platform="weibo")
    shelf.load(
        "follower,followed,since,weight\n" + "".join(f"1,{big},2024-01-01,0.1\n" for big in BIG), platform="weibo"
    )
    shelf.load("follower,followed\n" + "".join(f"{big},{BIG[1]}\n" for big in BIG), platform="local")
    shelf.load(
        "repost,reposter,author,root,time,weight\n"
        + "".join(f"{big},{BIG[k - 1]},{big},{BIG[0]},2024-01-0{k + 1},{k + 0.5}\n" for k, big in enumerate(BIG)),
        platform="weibo",
    )
    shelf.load("writer,mentioned,post\n1,2,7\n1,2,8\n", platform="weibo")
    # Names of before, times of 2001, rounded counts, topics with commas, chains, and all that is derived.
    say(shelf, "account", "account,name,followers,price_cny,observed\n5,Ann,1.2万,300,2024-01-01\n5,Bea,,,2025-01-01\n")
    say(
        shelf,
        "post",
        "post,author,time,text,likes,urls\np1,5,2001-02-03,#双11，来了# @Ann @bo @小明 hi,10万+,http://a/1 http://b\n",
    )
    say(
        shelf,
        "repost",
        "post,src,dst,root,text,via,author_name,kind\nr1,1,,p1,好//@Ann:a//@bo:b,,,\nr2,1,5,p2,,bo,,quote\n",
    )
    say(shelf, "repost", "post,src,root,author_name,via,text\nr3,1,,Ann,,x\nr4,1,,,Bea,a//@bo:b\n")
    say(shelf, "comment", "comment,src,post,parent,text,likes\nc1,1,p1,,@Ann ok,3\nc2,2,p1,c1,,\n")
    say(shelf, "identity", "person,account,name,confidence\nk,5,=K,0.5\n")
    say(shelf, "campaign", "campaign,post,name\nspring,p1,春\n")
    return shelf


def edges_of(shelf: Shelf) -> set[tuple[Any, ...]]:
    """(relation, source, target, weight, first, last), worked out in Python."""
    out: dict[tuple[str, str, str], list[tuple[float, int | None, int | None]]] = {}
    ids = dict(shelf.rows("SELECT account_key, account_id FROM accounts"))
    for src, dst, since, observed, weight in shelf.rows("SELECT src, dst, since_ts, observed_ts, weight FROM follows"):
        out[("follow", ids[src], ids[dst])] = [(round(weight, 6), since, observed)]
    for src, dst, ts, weight in shelf.rows("SELECT src, dst, ts, weight FROM reposts WHERE dst IS NOT NULL"):
        out.setdefault(("repost", ids[src], ids[dst]), []).append((weight, ts, ts))
    for src, dst, ts in shelf.rows("SELECT src, dst, ts FROM mentions WHERE dst IS NOT NULL"):
        out.setdefault(("mention", ids[src], ids[dst]), []).append((1.0, ts, ts))

    def bound(times: list[int | None], which: Any) -> int | None:
        known = [t for t in times if t is not None]
        return which(known) if known else None

    return {
        (*key, sum(w for w, _, _ in rows), bound([a for _, a, _ in rows], min), bound([b for _, _, b in rows], max))
        for key, rows in out.items()
    }


# ---------------------------------------------------------------------- graph files


def test_a_small_graph_as_gdf_is_exactly_this(shelf: Shelf, tmp_path: Path) -> None:
    shelf.load('account,name,followers,niche\n1,"a,""b""",9,美妆\n2,,,\n', platform="weibo")
    shelf.load("follower,followed,since,weight\n1,2,2024-01-01,0.1\n", platform="weibo")
    assert export_graph(shelf.ws, tmp_path / "g.gdf").read_text("utf-8") == (
        "nodedef>name VARCHAR,label VARCHAR,platform VARCHAR,followers BIGINT,niche VARCHAR,region VARCHAR\n"
        'weibo:1,"a,""b""",weibo,9,美妆,\n'
        "weibo:2,,weibo,,,\n"
        "edgedef>node1 VARCHAR,node2 VARCHAR,relation VARCHAR,weight DOUBLE,first_ts BIGINT,last_ts BIGINT,"
        "directed BOOLEAN\n"
        "weibo:1,weibo:2,follow,0.1,1704038400000,,true\n"
    )


def _networkx(path: Path) -> nx.MultiDiGraph[str]:
    graph = nx.read_graphml(path, force_multigraph=True) if path.suffix == ".graphml" else nx.read_gexf(path)
    return nx.MultiDiGraph(graph)


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_networkx_reads_the_same_edges_weights_and_times(told: Shelf, tmp_path: Path, form: str) -> None:
    graph = _networkx(export_graph(told.ws, tmp_path / f"g.{form}"))
    read = {
        (d["relation"], a, b, round(d["weight"], 6), d.get("first_ts"), d.get("last_ts"))
        for a, b, d in graph.edges(data=True)
    }
    assert read == edges_of(told)
    assert {f"{platform}:{big}" for big in BIG for platform in ("weibo", "local")} <= set(graph)
    named = dict(told.rows("SELECT account_id, name FROM accounts"))
    assert set(graph) == set(named)
    forbidden = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
    key = "name" if form == "graphml" else "label"
    for account, name in named.items():
        shown = account if form == "gexf" and name is None else name
        assert graph.nodes[account].get(key) == (shown and forbidden.sub("\ufffd", shown))


def test_igraph_reads_the_same_edges(told: Shelf, tmp_path: Path) -> None:
    graph = igraph.Graph.Read_GraphML(str(export_graph(told.ws, tmp_path / "g.graphml", relations=["follow"])))
    ids = graph.vs["id"]
    read = {(ids[e.source], ids[e.target], round(e["weight"], 6)) for e in graph.es}
    assert read == {edge[1:4] for edge in edges_of(told) if edge[0] == "follow"}


def _gdf_edges(path: Path) -> set[tuple[Any, ...]]:
    lines = path.read_text("utf-8").split("\n")
    start = next(k for k, line in enumerate(lines) if line.startswith("edgedef>"))
    return {
        (kind, a, b, round(float(w), 6), int(first) if first else None, int(last) if last else None)
        for a, b, kind, w, first, last, _ in csv.reader(lines[start + 1 : -1])
    }


def test_gdf_has_the_same_accounts_and_edges(told: Shelf, tmp_path: Path) -> None:
    file = export_graph(told.ws, tmp_path / "g.gdf")
    assert _gdf_edges(file) == edges_of(told)
    nodes = csv.reader(file.read_text("utf-8").split("edgedef>")[0].split("\n")[1:-1])
    names = {account: name for account, name, *_ in nodes}
    known = told.rows("SELECT account_id, name FROM accounts")
    assert names == {account: re.sub(r"[\x00-\x1f]+", " ", name or "") for account, name in known}


@pytest.mark.parametrize("form", GRAPHS)
def test_we_read_our_own_graph_files(told: Shelf, tmp_path: Path, form: str) -> None:
    wanted = {edge[1:4] for edge in edges_of(told) if edge[0] == "follow"}
    file = export_graph(told.ws, tmp_path / f"g.{form}", relations=["follow"])
    told.empty()
    assert told.load_file(file, record="follow", direction="forward", platform="local").rejects == []
    assert {edge[1:4] for edge in edges_of(told)} == wanted


# ---------------------------------------------------------------------- tables


def exported(shelf: Shelf, folder: Path, form: str) -> dict[str, bytes]:
    if form in GRAPHS:
        folder.mkdir(exist_ok=True)
        return {form: export_graph(shelf.ws, folder / f"g.{form}").read_bytes()}
    made = re.compile(rb"(?m)^(.*kolgraph \d.*)$")  # when it was published
    return {f.name: made.sub(b"", f.read_bytes()) for f in export_tables(shelf.ws, folder, form)}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(files(), min_size=2, max_size=4))
def test_equal_content_gives_equal_bytes_whatever_the_order(
    shelf: Shelf, tmp_path: Path, parts: list[tuple[str, str]]
) -> None:
    forms = (*FOLDERS, *GRAPHS)
    shelf.empty()
    for part in parts:
        load(shelf, part)
    once = {form: exported(shelf, tmp_path / form, form) for form in forms}
    assert once == {form: exported(shelf, tmp_path / form, form) for form in forms}
    shelf.empty()
    for part in reversed(parts):
        load(shelf, part)
    assert once == {form: exported(shelf, tmp_path / form, form) for form in forms}


def told_again(shelf: Shelf, folder: Path, form: str) -> dict[str, bytes]:
    """The export of a workspace that was told nothing but the files of this folder."""
    shelf.empty()
    for file in sorted(folder.iterdir()):
        assert shelf.load_file(file).rejects == []
    return exported(shelf, folder, form)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_our_own_tables_are_read_back_byte_for_byte(told: Shelf, tmp_path: Path, form: str) -> None:
    once = exported(told, tmp_path / "out", form)
    assert set(once) == {f"{name}.{form}" for name in FACTS if name != "account_aliases"}  # nobody has two
    assert told_again(told, tmp_path / "out", form) == once


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(files(), min_size=1, max_size=4))
def test_told_again_rows_stay_and_the_third_time_every_byte(
    shelf: Shelf, tmp_path: Path, parts: list[tuple[str, str]]
) -> None:
    shelf.empty()
    for part in parts:
        load(shelf, part)
    once = exported(shelf, tmp_path / "out", "csv")
    twice = told_again(shelf, tmp_path / "out", "csv")
    assert told_again(shelf, tmp_path / "out", "csv") == twice
    # Several rows may tell of one post with texts of their own. Told in one row, it is its last author who mentions,
    # and only the text that was kept has topics and a chain.
    assert named(once.pop("mentions.csv", b"")) <= named(twice.pop("mentions.csv", b""))
    told = {name: plain(data) for name, data in once.items()}
    told["account_names.csv"] = seen_once_more(told.get("accounts.csv", []), told.get("account_names.csv", []))
    assert told == {"account_names.csv": []} | {name: plain(data) for name, data in twice.items()}


def seen_once_more(accounts: list[dict[str, str]], names: list[dict[str, str]]) -> list[dict[str, str]]:
    """The row of an account tells a name and a time: that it had this name then, whichever row had told them apart."""
    observed = {(row["account_id"], row["name"]): [row["observed_ts"]] for row in accounts if row["observed_ts"]}
    for row in names:
        times = observed.get((row["account_id"], row["name"]), [])
        for column, pick in (("first_seen_ts", min), ("last_seen_ts", max)):
            row[column] = pick(filter(None, [row[column], *times]), key=int, default="")
    return names


def plain(data: bytes) -> list[dict[str, str]]:
    """Rows without what follows from texts."""
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    return [{name: cell for name, cell in row.items() if name not in {"topics", "chain"}} for row in rows]


def named(mentions: bytes) -> set[tuple[str, ...]]:
    """Who names whom where: by name, else by id."""
    return {(row["post_id"], row["src"], row["name"] or row["dst"]) for row in plain(mentions)}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_duckdb_reads_ids_weights_and_times_exactly(told: Shelf, tmp_path: Path, form: str) -> None:
    export_tables(told.ws, tmp_path, form)
    scan = "read_csv('{}', all_varchar=true)" if form == "csv" else "'{}'"
    query = "SELECT src, dst, weight::FLOAT, since_ts::BIGINT FROM "
    query += scan.format(tmp_path / f"follows.{form}")
    wanted = told.rows(
        "SELECT s.account_id AS a, d.account_id AS b, weight, since_ts FROM follows "
        "JOIN accounts s ON s.account_key = src JOIN accounts d ON d.account_key = dst"
    )
    assert sorted(duckdb.sql(query).fetchall(), key=repr) == sorted(wanted, key=repr)
    query = "SELECT post_id FROM " + scan.format(tmp_path / f"reposts.{form}")
    assert {f"weibo:{big}" for big in BIG} <= {row[0] for row in duckdb.sql(query).fetchall()}
    names = {row[0] for row in duckdb.sql("SELECT name FROM " + scan.format(tmp_path / f"accounts.{form}")).fetchall()}
    assert names == {row[0] for row in told.rows("SELECT name FROM accounts")}


def _admin(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def test_a_small_workspace_for_neo4j_admin_is_exactly_this(shelf: Shelf, tmp_path: Path) -> None:
    shelf.load("follower,followed,since,weight\n1,2,2024-01-01,0.5\n", platform="weibo")
    export_tables(shelf.ws, tmp_path, "neo4j-admin")
    publication = (tmp_path / "Publishing.csv").read_text().splitlines()[1].partition(",")[0]
    assert (tmp_path / "Account-FOLLOWS-Account.csv").read_text() == (
        ":START_ID(Account),:END_ID(Account),since_ts:long,weight:double,kol_publication:string,:TYPE\n"
        f'"weibo:1","weibo:2",1704038400000,0.5,"{publication}","FOLLOWS"\n'
    )
    header = "id:ID(Campaign),name:string,posts:long,kol_publication:string,:LABEL\n"
    assert (tmp_path / "Campaign.csv").read_text() == header


def test_files_for_neo4j_admin_hold_what_is_published_and_no_loose_ends(told: Shelf, tmp_path: Path) -> None:
    written = export_tables(told.ws, tmp_path, "neo4j-admin")
    snapshot, nodes = WorkspaceSnapshot(told.ws), {}
    for name, part in SNAPSHOT.items():
        rows = list(_admin(tmp_path / f"{name}.csv"))
        assert len(rows) == sum(batch.num_rows for batch in snapshot[name])
        if isinstance(part, Node):
            nodes[part.label] = {row[f"id:ID({part.label})"] for row in rows}
            assert all(row[":LABEL"] == part.label for row in rows)
        else:
            assert {row[f":START_ID({part.start})"] for row in rows} <= nodes[part.start]
            assert {row[f":END_ID({part.end})"] for row in rows} <= nodes[part.end]
            assert all(row[":TYPE"] == part.type for row in rows)
    assert {f"weibo:{big}" for big in BIG} <= nodes["Account"]
    script = (tmp_path / "import.sh").read_text()
    assert all(f"={file.name}" in script for file in written if file.suffix == ".csv")


def test_an_export_leaves_nothing_of_an_older_one(shelf: Shelf, tmp_path: Path) -> None:
    shelf.load("follower,followed\n1,2\n")
    export_tables(shelf.ws, tmp_path / "out", "csv")
    shelf.empty()
    shelf.load("account,name\n3,Ann\n")
    export_tables(shelf.ws, tmp_path / "out", "csv")
    assert [file.name for file in sorted((tmp_path / "out").iterdir())] == ["account_names.csv", "accounts.csv"]


@pytest.mark.parametrize("cell", ["[", '["a"', "{}", "1", "null", '"a"', '[["a"]]', "[null]", ",null]"])
def test_damaged_lists_are_no_lists(shelf: Shelf, cell: str) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    head = "post_id,src,dst,root_id,parent_id,ts,weight,evidence,derived,kind,chain,text,author_name\n"
    assert shelf.load(f"{head}weibo:1,weibo:2,weibo:3,,,,1.0,,,repost,{quoted},,\n").rejects == []
    head = "post_id,author,created_ts,text,topics,urls,likes,reposts,comments,views,rounded,observed_ts\n"
    assert shelf.load(f"{head}weibo:1,weibo:2,,,{quoted},{quoted},1,,,,{quoted},\n").rejects == []


# ---------------------------------------------------------------------- errors


def test_an_empty_workspace_gives_files_without_rows(shelf: Shelf, tmp_path: Path) -> None:
    assert export_tables(shelf.ws, tmp_path, "csv") == []
    for form in ("graphml", "gexf"):
        assert len(_networkx(export_graph(shelf.ws, tmp_path / f"g.{form}"))) == 0


def test_mistakes_are_one_clear_line(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"'xml'.*graphml"):
        export_graph(shelf.ws, tmp_path / "g.xml")
    with pytest.raises(UnknownName, match=r"'likes'.*follow"):
        export_graph(shelf.ws, tmp_path / "g.gdf", relations=["likes"])
    with pytest.raises(InputError, match=", ".join(RELATIONS)):
        export_graph(shelf.ws, tmp_path / "g.gdf", relations=[])
    with pytest.raises(UnknownName, match="parquet"):
        export_tables(shelf.ws, tmp_path, "xlsx")
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentProblem, match="cannot be made"):
        export_tables(shelf.ws, tmp_path / "file" / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


Invoke: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def invoke(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run ``kolgraph export`` on an empty workspace: exit code, stdout, stderr."""
    workspace = tmp_path / "e.kol"
    Workspace.open(workspace, create=True).close()

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kolgraph", "export", str(workspace), *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0), *capsys.readouterr()

    return call


def test_the_command_names_every_file_it_wrote(invoke: Invoke, tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "e.kol") as ws:
        (tmp_path / "f.csv").write_text("follower,followed\n1,2\n")
        (tmp_path / "m.csv").write_text("writer,mentioned,post\n1,2,7\n")
        for name in ("f", "m"):
            ws.load(tmp_path / f"{name}.csv")
    for form, ending in (("csv", "csv"), ("parquet", "parquet"), ("neo4j-admin", "csv")):
        code, out, _ = invoke("all", tmp_path / form, "--to", form)
        written = [Path(line.removeprefix("written: ")) for line in out.splitlines()]
        assert (code, sorted(written)) == (0, sorted((tmp_path / form).iterdir()))
        assert f".{ending}" in {file.suffix for file in written}
    for form in GRAPHS:
        assert invoke("graph", tmp_path / f"g.{form}")[:2] == (0, f"written: {tmp_path / f'g.{form}'}\n")
    invoke("graph", tmp_path / "f.gdf", "--relation", "follow", "--relation", "mention")
    kinds = {edge[0] for edge in _gdf_edges(tmp_path / "f.gdf")}
    assert kinds == {"follow", "mention"}


def test_the_command_writes_nothing_where_there_is_nothing(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("all", tmp_path / "out") == (0, "", ANY)
    assert list((tmp_path / "out").iterdir()) == []
    assert invoke("graph", tmp_path / "g.gexf")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["all", "{tmp}/out", "--to", "xlsx"], 2, "unknown form 'xlsx'; known: csv, neo4j-admin, parquet"),
        (["graph", "{tmp}/g.xml"], 2, "unknown ending of a graph file 'xml'; known: gdf, gexf, graphml"),
        (
            ["graph", "{tmp}/g.gdf", "--relation", "likes"],
            2,
            "unknown relation 'likes'; known: follow, mention, repost",
        ),
        (["all", "{tmp}/out", "--relation", "follow"], 2, "--to belongs to all, --relation to graph"),
        (["graph", "{tmp}/none/g.gdf"], 3, "cannot write here"),
        (["all", "{tmp}/file/out"], 3, "cannot be made"),
    ],
)
def test_mistakes_at_the_command_are_one_line(
    invoke: Invoke, tmp_path: Path, arguments: list[str], code: int, line: str
) -> None:
    (tmp_path / "file").touch()
    ended, out, err = invoke(*(argument.replace("{tmp}", str(tmp_path)) for argument in arguments))
    assert (ended, out) == (code, "")
    assert line in err
    assert err.strip().count("kolgraph: ") == 1
    assert "Traceback" not in err
