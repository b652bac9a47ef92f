"""Python objects load as the files that people would have made of them, and every row of them is counted."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from tests.worlds.graphs import graphs
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1]
FORWARD: dict[str, Any] = {"record": "follow", "direction": "forward"}


def follows(shelf: Shelf) -> set[tuple[str, str, float | None]]:
    query = (
        "SELECT s.account_id AS a, d.account_id AS b, weight FROM follows "
        "JOIN accounts s ON s.account_key = src JOIN accounts d ON d.account_key = dst"
    )
    return {(a.removeprefix("local:"), b.removeprefix("local:"), w) for a, b, w in shelf.rows(query)}


def load(shelf: Shelf, data: Any, **options: Any) -> list[tuple[int | None, str]]:
    """Load an object into the empty workspace; the shelf checks that every row is accounted for."""
    shelf.empty()
    return [(r.line, r.code) for r in shelf.load_file(data, **options).rejects]


# ---------------------------------------------------------------------- DataFrames

REPOSTS = pd.DataFrame(
    {
        "reposter": ["1", "2", "3"],
        "original_id": [str(big) for big in BIG[1:]],
        "time": ["2024-01-02 03:04:05", None, "2024-01-02 03:04"],
        "text": ['a, "b"\nand 小明', "", "//@x:y"],
        "weight": [1.0, np.nan, 2.5],
    }
)


def test_a_frame_is_the_csv_that_it_would_be(shelf: Shelf, tmp_path: Path) -> None:
    REPOSTS.to_csv(tmp_path / "f.csv", index=False)
    options = {"platform": "weibo"}
    load(shelf, tmp_path / "f.csv", **options)
    wanted = shelf.content()
    assert len(wanted["reposts"]) == 3
    assert load(shelf, REPOSTS, **options) == []
    assert shelf.content() == wanted


def test_a_frame_with_columns_of_a_known_format_is_of_that_format(shelf: Shelf) -> None:
    report = shelf.load_file(pd.DataFrame({"Id": [1, 2], "Label": ["甲", "乙"], "followers": [7, 8]}))
    assert report.loader == "gephi-nodes"
    assert shelf.rows("SELECT account_id, name, followers FROM accounts ORDER BY 1") == [
        ("local:1", "甲", 7),
        ("local:2", "乙", 8),
    ]


def test_a_mapping_and_a_direction_count_as_for_files(shelf: Shelf) -> None:
    fans = pd.DataFrame({"who": ["a"], "whom": ["b"]})
    load(shelf, fans, record="follow", mapping={"src": "who", "dst": "whom"})
    assert follows(shelf) == {("a", "b", 1.0)}
    edges = pd.DataFrame({"source": ["a"], "target": ["b"], "weight": [2]})
    load(shelf, edges, record="follow", direction="backward")
    assert follows(shelf) == {("b", "a", 2.0)}
    with pytest.raises(InputError, match=r"<DataFrame>:1: unknown direction"):
        load(shelf, edges, record="follow")


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64", "object", "str", "int64[pyarrow]", "category"])
def test_ids_of_any_whole_kind_are_exact(shelf: Shelf, kind: str) -> None:
    frame = pd.DataFrame({"follower": pd.Series(BIG).astype(kind), "followed": pd.Series(BIG[::-1]).astype(kind)})
    assert load(shelf, frame) == []
    assert follows(shelf) == {(str(a), str(b), 1.0) for a, b in zip(BIG, BIG[::-1], strict=True)}


def test_float_ids_are_rejected_and_the_reason_told(shelf: Shelf) -> None:
    followers = pd.Series([1, 2.0, 1.9e18, "4", None, np.nan, np.float64(6)], dtype=object)
    frame = pd.DataFrame({"follower": followers, "followed": "kol"})
    codes = ["ID_FLOAT", "ID_SCIENTIFIC", "MISSING_FIELD", "MISSING_FIELD", "ID_FLOAT"]
    assert load(shelf, frame) == list(zip([3, 4, 6, 7, 8], codes, strict=True))
    assert follows(shelf) == {("1", "kol", 1.0), ("4", "kol", 1.0)}
    shelf.empty()
    gap = pd.DataFrame({"follower": [1, None], "followed": ["kol", "kol"]})  # pandas makes floats of them
    with pytest.raises(InputError, match=r"<DataFrame>:2: column 'src': '1.0' went through a float"):
        shelf.ws.load(gap)


def test_missing_values_are_empty_whatever_they_are_called(shelf: Shelf) -> None:
    holes = [None, np.nan, pd.NA, pd.NaT]
    frame = pd.DataFrame({"uid": ["1", "2", "3", "4"], "name": pd.Series(holes, dtype=object), "followers": holes})
    assert load(shelf, frame) == []
    assert shelf.rows("SELECT DISTINCT name, followers FROM accounts") == [(None, None)]


def test_times_of_frames_keep_their_zone(shelf: Shelf) -> None:
    moment = pd.Timestamp("2024-01-02 03:04:05", tz="UTC")
    frame = pd.DataFrame({"follower": ["1"], "followed": ["2"], "since": [moment.tz_convert("America/New_York")]})
    load(shelf, frame)
    assert shelf.rows("SELECT since_ts FROM follows") == [(moment.value // 10**6,)]


def test_an_index_with_a_name_is_a_column(shelf: Shelf) -> None:
    frame = pd.DataFrame({"followers": [5]}, index=pd.Index(["7"], name="uid"))
    assert load(shelf, frame) == []
    assert shelf.rows("SELECT account_id, followers FROM accounts") == [("local:7", 5)]


@pytest.mark.parametrize("columns", [[0, 1], ["1", "2"], ["uid", ""], [("a", "b"), ("a", "c")]])
def test_columns_without_names_are_refused(shelf: Shelf, columns: list[Any]) -> None:
    frame = pd.DataFrame([["1", "2"]], columns=pd.Index(columns))
    with pytest.raises(InputError, match="<DataFrame>: a column is called"):
        load(shelf, frame, **FORWARD)


def test_the_same_frame_twice_changes_nothing(shelf: Shelf) -> None:
    shelf.load_file(REPOSTS)
    before = shelf.content(), shelf.ws.version
    report = shelf.load_file(REPOSTS.copy())
    assert report.known and report.file == "<DataFrame>"
    assert (shelf.content(), shelf.ws.version) == before
    assert shelf.load_file(REPOSTS.head(2)).counts.merged == 2


def test_a_frame_may_have_a_name(shelf: Shelf) -> None:
    shelf.load_file(REPOSTS, name="campaign 7")
    assert shelf.rows("SELECT file FROM batches") == [("campaign 7",)]
    with pytest.raises(InputError, match=r"^week 2: 1 of 1 rows rejected"):
        shelf.ws.load(pd.DataFrame({"follower": [1.5], "followed": [1]}), name="week 2")


CELLS = st.one_of(st.none(), st.text(max_size=5), st.integers(), st.floats(), st.booleans(), st.binary(max_size=3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6))
def test_no_cell_breaks_a_load(fuzz_shelf: Shelf, rows: list[tuple[Any, ...]]) -> None:
    frame = pd.DataFrame(rows, columns=["follower", "followed", "weight"], dtype=object)
    fuzz_shelf.empty()
    try:
        report = fuzz_shelf.load_file(frame)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert report.counts.read == len(rows)


@pytest.fixture(scope="module")
def fuzz_shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("objects"))


# ---------------------------------------------------------------------- graphs


def test_digraphs_load_with_their_attributes(shelf: Shelf) -> None:
    graph: Any = nx.DiGraph()
    graph.add_node(str(BIG[2]), label="小明", followers=2**53 + 1, niche=None, region=float("nan"), tags=["a"])
    since = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
    graph.add_edge(BIG[3], str(BIG[2]), weight=np.float32(2.5), since=since, id="e1", source="x")
    graph.add_edge(BIG[3], BIG[3])
    assert load(shelf, graph, **FORWARD) == []
    a, b = str(BIG[3]), str(BIG[2])
    assert follows(shelf) == {(a, b, 2.5), (a, a, 1.0)}
    assert shelf.rows("SELECT name, followers, niche, region FROM accounts WHERE name IS NOT NULL") == [
        ("小明", 2**53 + 1, None, None)
    ]
    assert shelf.rows("SELECT since_ts FROM follows WHERE since_ts IS NOT NULL") == [(int(since.timestamp()) * 1000,)]
    load(shelf, graph, record="follow", direction="backward")
    assert follows(shelf) == {(b, a, 2.5), (a, a, 1.0)}


def test_parallel_edges_are_events_of_their_own(shelf: Shelf) -> None:
    graph: Any = nx.MultiDiGraph()
    graph.add_edge("a", "b", post="1", root="9")
    graph.add_edge("a", "b", post="2", root="9")
    assert load(shelf, graph, record="repost", direction="forward") == []
    assert shelf.rows("SELECT post_id FROM reposts ORDER BY 1") == [("local:1",), ("local:2",)]
    fans: Any = nx.MultiDiGraph([("a", "b"), ("a", "b")])
    shelf.empty()
    counts = shelf.load_file(fans, **FORWARD).counts
    assert (counts.read, counts.accepted, counts.merged) == (4, 3, 1)  # of two accounts and two edges


@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiGraph])
def test_undirected_graphs_count_both_ways(shelf: Shelf, kind: type[nx.Graph[Any]]) -> None:
    load(shelf, kind([("a", "b"), ("c", "c")]), **FORWARD)
    assert {(a, b) for a, b, _ in follows(shelf)} == {("a", "b"), ("b", "a"), ("c", "c")}


def test_attributes_called_directed_do_not_make_a_graph_undirected(shelf: Shelf) -> None:
    graph: Any = nx.DiGraph()
    graph.add_node("a", directed=False)
    graph.add_edge("a", "b", directed=False, undirected=True)
    load(shelf, graph, **FORWARD)
    assert follows(shelf) == {("a", "b", 1.0)}


def test_float_nodes_are_rejected_and_the_rest_loads(shelf: Shelf) -> None:
    graph = nx.DiGraph([(1, 2), (1.5, 2), (float("nan"), 2)])
    assert [code for _, code in load(shelf, graph, **FORWARD)].count("ID_FLOAT") == 2  # node and edge
    assert ("1", "2", 1.0) in follows(shelf)


def test_nodes_that_cannot_be_ids_are_refused(shelf: Shelf) -> None:
    nodes: list[Any] = [(1, 2), None, b"a", True, frozenset()]
    for node in nodes:
        graph = igraph.Graph(n=1)
        graph.vs["name"] = [node]
        with pytest.raises(InputError, match=r"<Graph>: the node .* is a .*; ids are text or whole numbers"):
            load(shelf, graph, **FORWARD)
    with pytest.raises(InputError, match="two nodes are called '1' as text"):
        load(shelf, nx.DiGraph([(1, "1")]), **FORWARD)


def test_igraph_loads_by_the_names_of_its_vertices(shelf: Shelf) -> None:
    graph = igraph.Graph(n=4, edges=[(0, 1), (1, 2), (2, 2)], directed=True)
    graph.vs["name"] = BIG
    graph.vs["label"] = ["a", None, "c", ""]
    graph.es["weight"] = [0.0, 2.5, 1.0]
    assert load(shelf, graph, **FORWARD) == []
    a, b, c, d = map(str, BIG)
    assert follows(shelf) == {(a, b, 0.0), (b, c, 2.5), (c, c, 1.0)}
    assert shelf.rows("SELECT account_id, name FROM accounts ORDER BY account_id") == sorted(
        zip([f"local:{x}" for x in (a, b, c, d)], ["a", None, "c", None], strict=True)
    )
    undirected = igraph.Graph(edges=[(0, 1)])
    undirected.vs["name"] = ["x", "y"]
    load(shelf, undirected, **FORWARD)
    assert follows(shelf) == {("x", "y", 1.0), ("y", "x", 1.0)}
    with pytest.raises(InputError, match="<Graph>: its vertices have no names"):
        load(shelf, igraph.Graph(n=2), **FORWARD)


def test_the_same_graph_twice_changes_nothing(shelf: Shelf) -> None:
    graph: Any = nx.DiGraph([("a", "b"), ("b", "c")])
    shelf.load_file(graph, **FORWARD)
    before = shelf.content(), shelf.ws.version
    assert shelf.load_file(graph.copy(), **FORWARD).known
    assert (shelf.content(), shelf.ws.version) == before


@pytest.mark.parametrize(
    ("empty", "message"),
    [
        (pd.DataFrame(), "the file is empty"),
        (pd.DataFrame({"follower": [], "followed": []}), "<DataFrame>: has a header but no row"),
        (nx.DiGraph(), "<DiGraph>: the graph has no node"),
        (igraph.Graph(), "<Graph>: its vertices have no names"),
    ],
)
def test_empty_objects_are_named(shelf: Shelf, empty: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(shelf, empty, **FORWARD if not isinstance(empty, pd.DataFrame) else {})


@pytest.mark.parametrize("data", [None, 7, ["a.csv"], {"follower": [1]}, pd.Series([1])])
def test_other_objects_are_refused(shelf: Shelf, data: Any) -> None:
    with pytest.raises(InputError, match="is no file, no DataFrame, and no graph of networkx or igraph"):
        load(shelf, data)


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_any_graph_is_the_same_from_both_libraries(fuzz_shelf: Shelf, graph: Any) -> None:
    src, dst, weight = graph.edges()
    wanted = {(f"{graph.ids[a]}", f"{graph.ids[b]}", float(w)) for a, b, w in zip(src, dst, weight, strict=True)}
    for made in (graph.to_networkx(), graph.to_igraph()):
        assert load(fuzz_shelf, made, **FORWARD) == []
        assert follows(fuzz_shelf) == wanted
        ids = {account.removeprefix("local:") for (account,) in fuzz_shelf.rows("SELECT account_id FROM accounts")}
        assert ids == set(graph.ids)
