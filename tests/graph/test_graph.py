"""Graph: interning and CSR against simple oracles, views, round trips through libraries, the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError, UnknownAccount, UnknownName
from kolgraph.graph import Graph
from kolgraph.kernels.csr import intern
from kolgraph.workspace import Workspace
from tests.worlds.graphs import clique, dangling_chain, from_rows, graphs, path, random_edges, star

AWKWARD = [0, 1, -1, 2**53 - 1, 2**53 + 1, 2**62, 2**63 - 1, -(2**63)]


def edge_set(graph: Graph) -> dict[tuple[str, str], float]:
    src, dst, weight = graph.edges()
    return {(str(graph.ids[s]), str(graph.ids[d])): float(w) for s, d, w in zip(src, dst, weight, strict=True)}


# ---------------------------------------------------------------------- interning and CSR


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(AWKWARD) | st.integers(-(2**63), 2**63 - 1), max_size=200))
def test_interning_is_exact_and_in_first_seen_order(values: list[int]) -> None:
    codes, table = intern(np.array(values, dtype=np.int64))
    assert table[codes].tolist() == values
    assert table.tolist() == list(dict.fromkeys(values))


def test_interning_grows_beyond_every_first_size() -> None:
    values = np.random.default_rng(1).integers(-(2**63), 2**63 - 1, 1_500_000)
    codes, table = intern(np.concatenate([values, values]))
    assert table.size == np.unique(values).size > 2**20
    assert (table[codes[: values.size]] == values).all()
    assert (codes[: values.size] == codes[values.size :]).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.sampled_from([0.0, 0.5, 1.0, 3.0])), max_size=40))
def test_parallel_edges_are_summed_and_rows_are_sorted(edges: list[tuple[int, int, float]]) -> None:
    graph = from_rows(9, [(a, b) for a, b, _ in edges], [w for _, _, w in edges])
    expected: Counter[tuple[str, str]] = Counter()
    for a, b, w in edges:
        expected[f"v{a:02d}", f"v{b:02d}"] += w
    assert edge_set(graph) == {(a, b): float(w) for (a, b), w in expected.items()} | {
        (f"v{a:02d}", f"v{b:02d}"): float(expected[f"v{a:02d}", f"v{b:02d}"]) for a, b, _ in edges
    }
    for csr in (graph.incoming, graph.outgoing):
        for v in range(9):
            row = csr.idx[csr.ptr[v] : csr.ptr[v + 1]]
            assert (np.diff(row) > 0).all()


def test_degrees_and_strengths_by_hand() -> None:
    # 0 -> 1, 1 -> 2, 0 -> 2: out-degrees 2, 1, 0; in-degrees 0, 1, 2.
    graph = dangling_chain()
    assert graph.outgoing.degree.tolist() == [2, 1, 0]
    assert graph.incoming.degree.tolist() == [0, 1, 2]
    weighted = Graph.from_edges(["a", "a"], ["b", "c"], [0.5, 2.0])
    assert weighted.outgoing.strength.tolist() == [2.5, 0, 0]


@pytest.mark.parametrize(
    ("src", "dst", "weight", "words"),
    [
        ([1.5], [2.0], None, "float"),
        (["a"], ["b", "c"], None, "equally long"),
        ([1], [2], [float("nan")], "edge 0: weight nan"),
        ([1, 1], [2, 3], [1, float("inf")], "edge 1: weight inf"),
        ([1], [2], [-1], "weight -1.0"),
        ([1], [2], [1, 2], "2 weights for 1 edges"),
        (["a", None], ["b", "c"], None, "id is missing"),
    ],
)
def test_edges_without_a_meaning_are_refused(src: list, dst: list, weight: list | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Graph.from_edges(src, dst, weight)


def test_long_ids_stay_exact() -> None:
    ids = [2**53 - 1, 2**53 + 1, 2**63 - 1]
    for kind in (np.array(ids), [str(i) for i in ids]):
        graph = Graph.from_edges(kind, np.roll(kind, 1))
        assert set(graph.ids) == {str(i) for i in ids}
        assert set(graph.to_networkx()) == {str(i) for i in ids}
        assert set(graph.to_igraph().vs["name"]) == {str(i) for i in ids}


def test_empty_and_tiny_graphs() -> None:
    empty = Graph.from_edges([], [])
    assert (empty.n, empty.m) == (0, 0)
    loop = Graph.from_edges(["a"], ["a"])
    assert (loop.n, loop.m, loop.undirected().idx.size) == (1, 1, 0)


# ---------------------------------------------------------------------- views


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_reversing_twice_is_the_same_graph(graph: Graph) -> None:
    turned = graph.reverse()
    assert edge_set(turned) == {(b, a): w for (a, b), w in edge_set(graph).items()}
    assert turned.reverse().fingerprint == graph.fingerprint


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_subgraph_keeps_exactly_the_edges_inside(graph: Graph, data: st.DataObject) -> None:
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=graph.n, max_size=graph.n)), dtype=bool)
    part = graph.subgraph(keep)
    inside = set(graph.ids[keep])
    assert set(part.ids) == inside
    assert edge_set(part) == {e: w for e, w in edge_set(graph).items() if set(e) <= inside}
    assert part.fingerprint == graph.subgraph(np.flatnonzero(keep)).fingerprint


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_undirected_projection_equals_networkx(graph: Graph) -> None:
    expected: Counter[frozenset[str]] = Counter()
    for (a, b), w in edge_set(graph).items():
        if a != b:
            expected[frozenset((a, b))] += w
    csr = graph.undirected()
    rows = np.repeat(np.arange(graph.n), csr.degree)
    found = {(int(a), int(b)): float(w) for a, b, w in zip(rows, csr.idx, csr.weights, strict=True)}
    assert all(found[b, a] == w for (a, b), w in found.items())
    assert {frozenset((graph.ids[a], graph.ids[b])): w for (a, b), w in found.items()} == dict(expected)


def test_a_graph_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        star(3).incoming.idx[0] = 1


def test_fingerprint_depends_on_content_only() -> None:
    assert from_rows(3, [(0, 1), (1, 2)]).fingerprint == from_rows(3, [(1, 2), (0, 1)]).fingerprint
    different = [from_rows(3, [(0, 1)]), from_rows(4, [(0, 1)]), from_rows(3, [(1, 0)]), from_rows(3, [(0, 1)], [2.0])]
    assert len({graph.fingerprint for graph in different}) == 4


def test_rows_of_unknown_accounts_are_an_error() -> None:
    with pytest.raises(UnknownAccount, match="'nobody'"):
        star(3).rows(["hub", "nobody"])


# ---------------------------------------------------------------------- libraries


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_round_trips_keep_ids_edges_and_weights(graph: Graph) -> None:
    for back in (Graph.from_networkx(graph.to_networkx()), Graph.from_igraph(graph.to_igraph())):
        assert list(back.ids) == list(graph.ids)
        assert edge_set(back) == edge_set(graph)


def test_undirected_library_graphs_get_both_directions() -> None:
    expected = {("a", "b"): 2.0, ("b", "a"): 2.0, ("b", "b"): 1.0}
    g = nx.Graph()
    g.add_weighted_edges_from([("a", "b", 2.0), ("b", "b", 1.0)])
    assert edge_set(Graph.from_networkx(g)) == expected
    h = igraph.Graph([(0, 1), (1, 1)], directed=False)
    h.vs["name"], h.es["weight"] = ["a", "b"], [2.0, 1.0]
    assert edge_set(Graph.from_igraph(h)) == expected
    with pytest.raises(InputError, match="same name"):
        Graph.from_networkx(nx.Graph([(1, "1")]))


def test_frames_name_their_columns() -> None:
    frame = pd.DataFrame({"fan": ["a", "b"], "kol": ["k", "k"], "n": [1.0, 2.0]})
    assert edge_set(Graph.from_frame(frame, src="fan", dst="kol", weight="n")) == {("a", "k"): 1.0, ("b", "k"): 2.0}
    with pytest.raises(UnknownName, match="unknown column 'src'; known: fan, kol, n"):
        Graph.from_frame(frame)


# ---------------------------------------------------------------------- workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    (tmp_path / "f.csv").write_text("follower,followed,since\na,k,1767225600\nb,k,1769904000\nk,a,\n")
    rows = "repost,reposter,author,root,time\nr1,b,k,p1,1767225600\nr2,b,k,p2,1767225700\nr3,a,b,p3,1770000000\n"
    (tmp_path / "r.csv").write_text(rows)
    (tmp_path / "a.csv").write_text("account,niche\nk,美妆\na,美妆\nlonely,数码\n")
    workspace = Workspace.open(tmp_path / "w.kol", create=True)
    for name in ("f.csv", "r.csv", "a.csv"):
        workspace.load(tmp_path / name)
    return workspace


def local(edges: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    return {(f"local:{a}", f"local:{b}"): w for (a, b), w in edges.items()}


def test_relations_filters_and_mixes(ws: Workspace) -> None:
    with ws:
        follows = {("a", "k"): 1.0, ("b", "k"): 1.0, ("k", "a"): 1.0}
        assert edge_set(Graph.from_workspace(ws)) == local(follows)
        assert "local:lonely" in Graph.from_workspace(ws).ids
        reposts = Graph.from_workspace(ws, relations="repost")
        assert edge_set(reposts) == local({("b", "k"): 2.0, ("a", "b"): 1.0})
        mixed = Graph.from_workspace(ws, relations={"follow": 1, "repost": 0.5})
        assert edge_set(mixed) == local(follows | {("b", "k"): 2.0, ("a", "b"): 0.5})
        # January 2026 only: one follow with a time, and the two reposts of k's posts.
        january = {"since": 1_767_225_600_000, "until": 1_769_904_000_000}
        assert edge_set(Graph.from_workspace(ws, **january)) == local({("a", "k"): 1.0})
        assert edge_set(Graph.from_workspace(ws, relations="repost", **january)) == local({("b", "k"): 2.0})
        niche = Graph.from_workspace(ws, niche="美妆")
        assert edge_set(niche) == local({("a", "k"): 1.0, ("k", "a"): 1.0})
        assert Graph.from_workspace(ws, accounts=["local:a", "local:b"]).n == 2
        for wrong in ({"relations": "likes"}, {"niche": "x"}):
            with pytest.raises(UnknownName):
                Graph.from_workspace(ws, **wrong)
        with pytest.raises(UnknownAccount):
            Graph.from_workspace(ws, accounts=["local:nobody"])


def test_the_cache_is_the_same_graph_and_is_left_when_rows_come(ws: Workspace, tmp_path: Path) -> None:
    with ws:
        first = Graph.from_workspace(ws)
        again = Graph.from_workspace(ws)
        assert isinstance(again.incoming.idx, np.memmap)
        assert again.fingerprint == first.fingerprint
        assert edge_set(again) == edge_set(first)
        assert edge_set(again.reverse()) == edge_set(first.reverse())
        (tmp_path / "more.csv").write_text("follower,followed\nz,k\n")
        ws.load(tmp_path / "more.csv")
        assert Graph.from_workspace(ws).m == first.m + 1


def test_shared_graphs_have_the_shape_they_claim() -> None:
    assert (path(4).m, star(5).m, clique(4).m) == (3, 5, 12)


# ---------------------------------------------------------------------- borders


@settings(max_examples=30, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 99))
def test_the_fingerprint_knows_no_order_of_edges(graph: Graph, seed: int) -> None:
    src, dst, weight = graph.edges()
    order = np.random.default_rng(seed).permutation(graph.m)
    again = Graph.from_rows(src[order].copy(), dst[order].copy(), weight[order].copy(), graph.id_table)
    assert edge_set(again) == edge_set(graph)
    once = Graph.from_rows(src.copy(), dst.copy(), weight.copy(), graph.id_table)
    assert again.fingerprint == once.fingerprint


@pytest.mark.parametrize("keep", [[0, 5], [-1], [0.0, 1.0], np.ones(3, bool)])
def test_rows_outside_a_graph_are_refused(keep: object) -> None:
    with pytest.raises(InputError):
        from_rows(5, [(0, 1)]).subgraph(keep)  # type: ignore[arg-type]


def test_no_rows_are_an_empty_graph() -> None:
    assert from_rows(5, [(0, 1)]).subgraph([]).n == 0
    assert Graph.from_edges([], []).fingerprint


def test_text_and_numbers_are_one_account_if_they_read_the_same() -> None:
    mixed = Graph.from_edges(np.array([1, "1", 2], object), np.array(["2", 2, b"x"], object))
    assert mixed.ids.tolist() == ["1", "2", "x"]
    assert Graph.from_edges(np.array([1, 2]), np.array(["1", "é"])).ids.tolist() == ["1", "2", "é"]
    assert Graph.from_edges(np.array([b"a"]), np.array([b"b"])).ids.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("src", "dst", "words"),
    [
        ([1.0, 2.0], [2, 3], "not float64"),
        ([1, 2], [2.0, 3.0], "not float64"),
        (np.array([1.0, 2], object), ["a", "b"], "1.0 is a float"),
        ([True], [False], "not bool"),
        ([1, 2], [1], "equally long"),
        ([[1]], [[2]], "equally long"),
        (np.array(["a", None], object), ["b", "c"], "edge 1: an id is missing"),
        (["a", "b"], np.array(["x", np.nan], object), "edge 1: an id is missing"),
        (np.array([2**64 - 1], np.uint64), np.array([1], np.uint64), "beyond 2"),
        (["\ud83d"], ["a"], "half a character"),
        (np.array(["a\0"], object), ["a"], "NUL"),
    ],
)
def test_what_is_no_id_is_refused(src: object, dst: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Graph.from_edges(src, dst)  # type: ignore[arg-type]


@pytest.mark.parametrize("weight", [[float("nan")], [float("inf")], [-1.0], [1e39], ["x"], [None], [1.0, 2.0]])
def test_what_is_no_weight_is_refused(weight: list[object]) -> None:
    with pytest.raises(InputError):
        Graph.from_edges(["a"], ["b"], weight)  # type: ignore[arg-type]
    if len(weight) == 1:
        library = nx.DiGraph()
        library.add_edge("a", "b", weight=weight[0])
        with pytest.raises(InputError):
            Graph.from_networkx(library)
        with pytest.raises(InputError):
            Graph.from_igraph(igraph.Graph([(0, 1)], directed=True, edge_attrs={"weight": weight}))


def test_names_that_collide_or_are_floats_are_refused() -> None:
    with pytest.raises(InputError, match="same name"):
        Graph.from_networkx(nx.DiGraph([(1, "1")]))
    with pytest.raises(InputError, match="float"):
        Graph.from_networkx(nx.DiGraph([(1.5, 2)]))
    twice = igraph.Graph([(0, 1)], directed=True)
    twice.vs["name"] = ["a", "a"]
    with pytest.raises(InputError, match="same name"):
        Graph.from_igraph(twice)
    with pytest.raises(UnknownName, match="who"):
        Graph.from_frame(pd.DataFrame({"a": [1], "b": [2]}), src="who", dst="b")
    with pytest.raises(UnknownAccount, match="'x'"):
        Graph.from_edges(["a"], ["b"]).rows(["a", "x"])


def test_ids_that_collide_in_the_hash_stay_apart() -> None:
    ids = np.arange(200_000, dtype=np.int64) << 44  # equal low bits
    codes, table = intern(np.concatenate([ids, ids]))
    np.testing.assert_array_equal(table, ids)
    np.testing.assert_array_equal(codes, np.tile(np.arange(200_000), 2))


def test_kernels_stay_inside_their_arrays(tmp_path: Path) -> None:
    """The same work with bounds checked; without the check a read outside an array answers 0.0 silently."""
    code = (
        "from tests.worlds.graphs import from_rows, random_edges\n"
        "from kolgraph.graph import Graph\nimport numpy as np\n"
        "src, dst = random_edges(300, 3000, 1)\n"
        "g = Graph.from_edges(src.astype(np.int64), dst.astype(np.int64))\n"
        "h = from_rows(300, list(zip(src, dst)), [1.5] * 3000)\n"
        "for x in (g, h, from_rows(3, [])):\n    x.reverse(); x.undirected(); x.outgoing\n"
        "print(g.m, h.m)\n"
    )
    environment = os.environ | {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(Path.cwd()),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    src, dst = random_edges(300, 3000, 1)
    expected = np.unique(src.astype(np.int64) * 300 + dst).size
    assert done.stdout.split() == [str(expected)] * 2


def test_a_damaged_cache_is_made_again_and_old_states_go(ws: Workspace, tmp_path: Path) -> None:
    with ws:
        first = Graph.from_workspace(ws)
        (folder,) = ws.cache.glob("graph-*")
        (folder / "ptr.npy").write_bytes(b"damaged")
        assert Graph.from_workspace(ws).fingerprint == first.fingerprint
        mapped = Graph.from_workspace(ws)
        assert Graph(mapped.incoming, mapped.id_table).fingerprint == first.fingerprint  # computed, not remembered
        for array in (mapped.incoming.ptr, mapped.incoming.idx, mapped.id_table):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = array[0]
        (tmp_path / "more.csv").write_text("follower,followed\nz,k\n")
        ws.load(tmp_path / "more.csv")
        Graph.from_workspace(ws)
        assert not folder.exists()


def test_a_relation_without_edges_is_a_graph_of_isolates(ws: Workspace) -> None:
    with ws:
        for _ in range(2):  # fresh, then from the cache
            graph = Graph.from_workspace(ws, relations="mention")
            assert (graph.n, graph.m, graph.outgoing.degree.sum()) == (4, 0, 0)


def test_a_cache_that_cannot_be_written_does_no_harm(ws: Workspace) -> None:
    with ws:
        ws.cache.write_text("a file in the way")
        assert Graph.from_workspace(ws).m == 3
