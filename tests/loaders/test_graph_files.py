"""Graph files of other programs: the same edges whoever wrote them, ids exact, damage accounted for."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import igraph
import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from tests.worlds.graphs import graphs
from tests.worlds.samples import SAMPLES, clothes, expected
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1]
FORWARD = {"record": "follow", "direction": "forward"}
FILES = ("edges.csv", "g.net", "g.edgelist", "g.gexf", "g.graphml", "g.ncol", "node_link.json", "nodes.csv")


def follows(shelf: Shelf) -> set[tuple[str, str, float]]:
    query = (
        "SELECT s.account_id AS a, d.account_id AS b, weight FROM follows "
        "JOIN accounts s ON s.account_key = src JOIN accounts d ON d.account_key = dst"
    )
    return {(a.removeprefix("local:"), b.removeprefix("local:"), w) for a, b, w in shelf.rows(query)}


@pytest.mark.parametrize("name", ["edges.csv", "g.net"])
def test_samples_give_the_expected_edges_in_every_dress(shelf: Shelf, tmp_path: Path, name: str) -> None:
    wanted = {tuple(edge) for edge in expected(f"graph/{name}")["edges"]}
    for number, (dress, ending, data) in enumerate(clothes((SAMPLES / "graph" / name).read_bytes(), header=True)):
        if dress == "shuffled" and name == "g.net":
            continue  # its sections are in order
        shelf.empty()
        path = tmp_path / str(number) / (name + ending)
        path.parent.mkdir()
        path.write_bytes(data)
        assert shelf.load_file(path, **FORWARD).rejects == []
        assert follows(shelf) == wanted


SMALL: dict[str, set[tuple[str, str, float]]] = {
    "g.edgelist": {("2", "1", 3.0), ("3", "1", 1.0)},
    "g.gexf": {("1000000002", "1000000001", 3.0)},
    "g.graphml": {("1000000002", "1000000001", 3.0)},
    "g.ncol": {("乙", "甲", 3.0), ("丙", "甲", 1.0)},
    "node_link.json": {("1000000002", "1000000001", 3.0)},
}


@pytest.mark.parametrize("name", SMALL)
def test_the_other_samples_hold_what_they_show(shelf: Shelf, tmp_path: Path, name: str) -> None:
    if not SAMPLES.exists():
        pytest.skip("../shared/formats/samples is not there: samples not checked")
    for number, (dress, ending, data) in enumerate(clothes((SAMPLES / "graph" / name).read_bytes(), header=False)):
        if dress == "shuffled" and name not in {"g.edgelist", "g.ncol"}:
            continue  # no rows
        shelf.empty()
        path = tmp_path / str(number) / (name + ending)
        path.parent.mkdir()
        path.write_bytes(data)
        assert shelf.load_file(path, **FORWARD).rejects == []
        assert follows(shelf) == SMALL[name]


@pytest.mark.parametrize("name", FILES)
def test_damaged_samples_are_accounted_for(shelf: Shelf, tmp_path: Path, name: str) -> None:
    if not SAMPLES.exists():
        pytest.skip("../shared/formats/samples is not there: samples not checked")
    data, chance = (SAMPLES / "graph" / name).read_bytes(), random.Random(3)
    options = FORWARD if name != "nodes.csv" else {}
    for _ in range(8):
        at, width = chance.randrange(len(data)), chance.choice((0, 1, 30))
        path = tmp_path / name
        path.write_bytes(data[:at] + chance.choice((b"", b'"', b"\xff", b"\n", b"}")) + data[at + width :])
        with suppress(InputError):
            shelf.load_file(path, **options)  # the shelf counts


def test_a_table_of_gephi_says_what_nodes_are_called(shelf: Shelf) -> None:
    shelf.load("Id,Label,followers\n1,样例甲,7\n2,乙,\n", "nodes.csv", platform="weibo")
    found = shelf.rows("SELECT account_id, name, followers, label FROM accounts ORDER BY 1")
    assert found == [("weibo:1", "样例甲", 7, None), ("weibo:2", "乙", None, None)]


# ---------------------------------------------------------------------- what other libraries write


def world() -> nx.DiGraph[str]:
    """Ids beyond doubles, a loop, an isolate, a zero weight, a name with quotes."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for k, big in enumerate(BIG):
        graph.add_edge(str(big), str(BIG[k - 1]), weight=k / 2)
    graph.add_edge("a", "a", weight=1.0)
    graph.add_edge("a", '小"明', weight=2.5)
    graph.add_node("alone", followers=2**53 + 1)
    return graph


def edges_of(graph: nx.Graph[str]) -> set[tuple[str, str, float]]:
    return {(a, b, d["weight"]) for a, b, d in graph.edges(data=True)}


def written(graph: nx.Graph[str], path: Path) -> Path:
    if path.suffix == ".json":
        path.write_text(json.dumps(nx.node_link_data(graph, edges=path.stem), indent=1), encoding="utf-8")
    else:
        kind = {".net": "pajek", ".edgelist": "edgelist"}.get(path.suffix, path.suffix[1:])
        getattr(nx, f"write_{kind}")(graph, path)
    return path


NAMES = ("g.gexf", "g.graphml", "edges.json", "links.json", "g.edgelist")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("undirected", [False, True])
def test_what_networkx_writes_is_read_as_it_was(shelf: Shelf, tmp_path: Path, name: str, *, undirected: bool) -> None:
    graph = world().to_undirected() if undirected else world()
    if name == "g.edgelist" and undirected:
        pytest.skip("an edge list does not say that it is undirected")
    report = shelf.load_file(written(graph, tmp_path / name), **FORWARD)
    assert report.rejects == []
    wanted = edges_of(graph)
    assert follows(shelf) == wanted | ({(b, a, w) for a, b, w in wanted} if undirected else set())
    if name != "g.edgelist":
        ids = {account.removeprefix("local:") for (account,) in shelf.rows("SELECT account_id FROM accounts")}
        assert ids == set(graph)
        assert shelf.rows("SELECT followers FROM accounts WHERE account_id = 'local:alone'") == [(2**53 + 1,)]


def test_what_networkx_and_igraph_write_as_pajek_is_read(shelf: Shelf, tmp_path: Path) -> None:
    graph = world()
    graph.remove_node('小"明')  # Pajek has no quotes in quotes
    graph.nodes["alone"].pop("followers")
    shelf.load_file(written(graph, tmp_path / "g.net"), **FORWARD)
    assert follows(shelf) == edges_of(graph)
    shelf.empty()
    names = [str(big) for big in BIG]
    other = igraph.Graph(n=4, edges=[(0, 1), (3, 2), (3, 3)], directed=True)
    other.es["weight"] = [1.0, 2.5, 0.5]
    other.write_pajek(str(tmp_path / "i.net"))  # writes no labels
    shelf.load_file(tmp_path / "i.net", **FORWARD)
    assert follows(shelf) == {("1", "2", 1.0), ("4", "3", 2.5), ("4", "4", 0.5)}
    shelf.empty()
    other.vs["name"] = names
    other.write_ncol(str(tmp_path / "i.ncol"))
    shelf.load_file(tmp_path / "i.ncol", **FORWARD)
    assert follows(shelf) == {(names[0], names[1], 1.0), (names[3], names[2], 2.5), (names[3], names[3], 0.5)}


@settings(max_examples=25, deadline=None)
@given(graphs(), st.sampled_from(("g.gexf", "g.graphml", "edges.json", "g.edgelist", "g.net")))
def test_any_graph_is_read_as_networkx_wrote_it(quick: Shelf, graph: Graph, name: str) -> None:
    path = written(graph.to_networkx(), quick.folder / name)
    quick.empty()
    assert quick.load_file(path, **FORWARD).rejects == []
    src, dst, weight = graph.edges()
    ids = graph.ids.tolist()
    assert follows(quick) == {(ids[a], ids[b], float(w)) for a, b, w in zip(src, dst, weight, strict=True)}
    if name != "g.edgelist":  # it knows no isolates
        accounts = quick.rows("SELECT account_id FROM accounts")
        assert {account.removeprefix("local:") for (account,) in accounts} == set(ids)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("graphs"))


# ---------------------------------------------------------------------- traps, by hand


def load(shelf: Shelf, data: str, name: str, **options: Any) -> list[tuple[int | None, str]]:
    shelf.empty()
    return [(r.line, r.code) for r in shelf.load(data, name, **FORWARD | options).rejects]


def test_gdf_rows_are_cells_in_quotes_of_either_kind(shelf: Shelf) -> None:
    text = (
        "nodedef>name VARCHAR,label VARCHAR,followers INT\n1,\"a,b\",5\n2,'it, is',\n3\n,,,,\n"
        "edgedef>node1 VARCHAR,node2 VARCHAR,weight DOUBLE,directed BOOLEAN\n1,2,2.5,true\n2,3,1,false\n1\n"
    )
    assert load(shelf, text, "g.gdf") == [(5, "BAD_ROW"), (9, "BAD_ROW")]
    assert follows(shelf) == {("1", "2", 2.5), ("2", "3", 1.0), ("3", "2", 1.0)}
    assert shelf.rows("SELECT name, followers FROM accounts WHERE name IS NOT NULL ORDER BY 1") == [
        ("a,b", 5),
        ("it, is", None),
    ]


def test_pajek_has_lists_comments_and_vertices_without_labels(shelf: Shelf) -> None:
    text = '% made by hand\n*Vertices 4\n1 "a b"\n2 c 0.1 0.2\n*arcslist\n1 2 3\n*Edges\n3 4 2\n5 1\nx\n'
    assert load(shelf, text, "g.net") == [(9, "BAD_ROW"), (10, "BAD_ROW")]
    assert follows(shelf) == {("a b", "c", 1.0), ("a b", "3", 1.0), ("3", "4", 2.0), ("4", "3", 2.0)}
    with pytest.raises(InputError, match=r":3: the label 'a' is that of two vertices"):
        load(shelf, "*Vertices 2\n1 a\n2 a\n", "g.net")
    with pytest.raises(InputError, match=r":3: sections of Pajek '\*Matrix' are not read"):
        load(shelf, "*Vertices 2\n1 a\n*Matrix\n0 1\n", "g.net")


def test_a_vertex_of_pajek_that_was_not_read_lends_its_number_to_nobody(shelf: Shelf) -> None:
    text = '*Vertices 4\n1 "ann"\n2 "b\xff"\n3 "cai"\n*Arcs\n1 2\n1 3\nx\n'.encode("latin-1")
    shelf.empty()
    report = shelf.load(text, "g.net", **FORWARD)
    assert [(r.line, r.code) for r in report.rejects] == [(3, "BAD_ENCODING"), (6, "BAD_ROW"), (8, "BAD_ROW")]
    assert follows(shelf) == {("ann", "cai", 1.0)}


def test_a_list_of_pajek_may_be_long_but_not_endless(shelf: Shelf) -> None:
    fans = range(2, 20_001)
    text = f"*Vertices 20000\n*Arcslist\n1 {' '.join(map(str, fans))}\n2 {'1 ' * 1_000_001}\n3 1\n"
    assert load(shelf, text, "g.net") == [(4, "TOO_LONG")]
    assert follows(shelf) == {("1", str(fan), 1.0) for fan in fans} | {("3", "1", 1.0)}


@pytest.mark.parametrize(
    ("name", "rows", "wanted"),
    [
        ("g.gdf", ["nodedef>name VARCHAR", "1", "2", "edgedef>node1 VARCHAR,node2 VARCHAR", "1,2", "2,1"], 2),
        ("g.net", ["*Vertices 2", "*Arcs", "1 2", "2 1"], 2),
        ("g.edgelist", ["1 2 {}", "2 1 {}"], 2),
    ],
)
@pytest.mark.parametrize("damage", [b"\xff\xfe", b"one cell too few? {", b"\xb9,\xb9,\xb9"])
def test_a_damaged_line_costs_no_other(shelf: Shelf, name: str, rows: list[str], wanted: int, damage: bytes) -> None:
    for at in range(len(rows) - wanted + 1, len(rows) + 1):  # among the edges and behind them
        lines = [row.encode() for row in rows]
        shelf.empty()
        report = shelf.load(b"\n".join([*lines[:at], damage, *lines[at:]]) + b"\n", name, **FORWARD)
        assert [r.line for r in report.rejects] == [at + 1]
        assert follows(shelf) == {("1", "2", 1.0), ("2", "1", 1.0)}


def test_gexf_of_any_version_has_nodes_in_nodes_and_colours_and_mutual_edges(shelf: Shelf) -> None:
    text = """<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
    <graph defaultedgetype="directed"><attributes class="node"><attribute id="f" title="followers" type="long"/>
    </attributes><attributes class="edge"><attribute id="f" title="since" type="string"/></attributes>
    <nodes><node id="1" label="outer"><viz:color r="1" g="2" b="3"/><nodes><node id="2" label=""/></nodes>
    <attvalues><attvalue for="f" value="9007199254740993"/></attvalues></node></nodes>
    <edges><edge source="1" target="2" weight="2.5"><attvalues><attvalue for="f" value="2024-01-02 03:04:05"/>
    </attvalues></edge><edge source="1" target="3" type="undirected"/><edge source="2" target="3" type="mutual"/>
    <edge source="1" target="2" weight="2.5"/><edge source="" target="2"/></edges></graph></gexf>"""
    assert load(shelf, text, "g.gexf") == [(8, "MISSING_FIELD")]
    both = {("1", "3", 1.0), ("3", "1", 1.0), ("2", "3", 1.0), ("3", "2", 1.0)}
    assert follows(shelf) == {("1", "2", 2.5)} | both
    accounts = shelf.rows("SELECT account_id, name, followers FROM accounts ORDER BY 1")
    assert accounts == [("local:1", "outer", 2**53 + 1), ("local:2", None, None), ("local:3", None, None)]
    assert shelf.rows("SELECT count(*) FROM follows WHERE since_ts IS NOT NULL") == [(1,)]


def test_a_gexf_that_does_not_say_is_undirected(shelf: Shelf) -> None:
    load(shelf, '<gexf><graph><edges><edge source="1" target="2"/></edges></graph></gexf>', "g.gexf")
    assert follows(shelf) == {("1", "2", 1.0), ("2", "1", 1.0)}


def test_a_node_with_an_attribute_called_directed_is_not_the_graph(shelf: Shelf) -> None:
    nodes = [{"id": "a", "directed": False}, {"id": "b", "label": "\ud83d"}]  # half an emoji
    load(shelf, json.dumps({"nodes": nodes, "links": [{"source": "a", "target": "b"}]}), "g.json")
    assert follows(shelf) == {("a", "b", 1.0)}
    assert shelf.rows("SELECT name FROM accounts WHERE account_id = 'local:b'") == [("\ufffd",)]


def test_attributes_of_networkx_edges_are_literals_and_nothing_is_run(shelf: Shelf) -> None:
    text = "1 2 {'weight': 2.5}\n2 3 {}\n3 4 {'weight': __import__('os').getpid()}\n4 5\n"
    assert load(shelf, text, "g.edgelist") == [(3, "BAD_ROW"), (4, "BAD_ROW")]
    assert follows(shelf) == {("1", "2", 2.5), ("2", "3", 1.0)}


def test_a_type_of_gephi_may_run_both_ways(shelf: Shelf) -> None:
    load(shelf, "Source,Target,Type,Weight\n1,2,Directed,2\n3,4,Undirected,5\n", "e.csv")
    assert follows(shelf) == {("1", "2", 2.0), ("3", "4", 5.0), ("4", "3", 5.0)}


def test_links_may_be_places_in_the_list_of_nodes(shelf: Shelf) -> None:
    text = json.dumps({"nodes": [{"name": "x"}, {"name": "y"}], "links": [{"source": 0, "target": 1, "value": 3}]})
    load(shelf, text, "d3.json")
    assert follows(shelf) == {("x", "y", 1.0)}


def test_nodes_and_links_may_have_lines_to_themselves(shelf: Shelf) -> None:
    text = '{"nodes":[\n{"id":"a"},\n{"id":"b"}\n],"links":[\n{"source":"a","target":"b"}\n]}\n'
    load(shelf, text, "by_hand.json")
    assert follows(shelf) == {("a", "b", 1.0)}


@pytest.mark.parametrize("big", BIG)
def test_numbers_of_json_are_exact_ids(shelf: Shelf, big: int) -> None:
    load(shelf, json.dumps({"nodes": [{"id": big}], "edges": [{"source": big, "target": big - 1}]}), "g.json")
    assert follows(shelf) == {(str(big), str(big - 1), 1.0)}


def test_bombs_and_missing_directions_are_refused_in_one_line(shelf: Shelf) -> None:
    laughs = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE gexf [<!ENTITY l0 "lol">{laughs}]><gexf><graph>&l9;</graph></gexf>'
    with pytest.raises(InputError, match="GEXF with a document type is refused"):
        load(shelf, bomb, "g.gexf")
    with pytest.raises(InputError, match="not well-formed XML"):
        load(shelf, "<gexf><graph><nodes><node id='1'>", "g.gexf")
    for name, text in (("g.net", "*Vertices 1\n1 a\n"), ("g.gdf", "nodedef>name VARCHAR\na\n")):
        with pytest.raises(InputError, match="add direction=forward or direction=backward"):
            shelf.load(text, name)
