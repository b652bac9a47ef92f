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

from kolgraph.errors import InputError
from tests.samples import SAMPLES, clothes, expected
from tests.shelf import Shelf

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


@pytest.mark.parametrize("name", FILES)
def test_damaged_samples_are_accounted_for(shelf: Shelf, tmp_path: Path, name: str) -> None:
    if not SAMPLES.exists():
        pytest.skip("../shared/formats/samples is not there: samples not checked")
    data, chance = (SAMPLES / "graph" / name).read_bytes(), random.Random(3)
    options = FORWARD if name != "nodes.csv" else {}
    for _ in range(25):
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


def world() -> nx.DiGraph:
    """Ids beyond doubles, a loop, an isolate, a zero weight, a name with quotes."""
    graph = nx.DiGraph()
    for k, big in enumerate(BIG):
        graph.add_edge(str(big), str(BIG[k - 1]), weight=k / 2)
    graph.add_edge("a", "a", weight=1.0)
    graph.add_edge("a", '小"明', weight=2.5)
    graph.add_node("alone", followers=2**53 + 1)
    return graph


def edges_of(graph: nx.Graph) -> set[tuple[str, str, float]]:
    return {(a, b, d["weight"]) for a, b, d in graph.edges(data=True)}


def written(graph: nx.Graph, path: Path) -> Path:
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


@pytest.mark.parametrize("big", BIG)
def test_numbers_of_json_are_exact_ids(shelf: Shelf, big: int) -> None:
    load(shelf, json.dumps({"nodes": [{"id": big}], "edges": [{"source": big, "target": big - 1}]}), "g.json")
    assert follows(shelf) == {(str(big), str(big - 1), 1.0)}


def test_bombs_and_missing_directions_are_refused_in_one_line(shelf: Shelf) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE gexf [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><gexf><graph/></gexf>'
    with pytest.raises(InputError, match="GEXF with a document type is refused"):
        load(shelf, bomb, "g.gexf")
    with pytest.raises(InputError, match="not well-formed XML"):
        load(shelf, "<gexf><graph><nodes><node id='1'>", "g.gexf")
    for name, text in (("g.net", "*Vertices 1\n1 a\n"), ("g.gdf", "nodedef>name VARCHAR\na\n")):
        with pytest.raises(InputError, match="add --direction forward or --direction backward"):
            shelf.load(text, name)
