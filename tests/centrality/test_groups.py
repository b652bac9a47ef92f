"""Components, triangles and label propagation: by hand, by law, as networkx and scipy have them, and as planted."""

from __future__ import annotations

import networkx as nx
import numba
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import adjusted_mutual_info_score

from kolgraph.centrality import components, label_propagation, triangles
from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.kernels.components import strong_components
from tests.worlds.graphs import clique, from_rows, graphs, path, random_edges, star


def test_components_by_hand() -> None:
    # 0 <-> 1 -> 2 -> 3 -> 2, 4 -> 4, and 5 alone.
    graph = from_rows(6, [(0, 1), (1, 0), (1, 2), (2, 3), (3, 2), (4, 4)])
    assert components(graph).labels.tolist() == [0, 0, 0, 0, 4, 5]
    assert components(graph, strong=True).labels.tolist() == [0, 0, 2, 2, 4, 5]
    assert components(graph).sizes().to_dict() == {0: 4, 4: 1, 5: 1}
    assert components(graph, strong=True).frame().loc["v03"].to_dict() == {"group": 2, "size": 2}
    assert components(from_rows(0, [])).summary() == {"groups": 0, "largest": 0}


def test_triangles_by_hand() -> None:
    assert triangles(clique(5)).values.tolist() == [6.0] * 5
    assert triangles(star(9)).values.sum() == 0
    graph = from_rows(5, [(0, 1), (1, 0), (1, 2), (2, 0), (2, 3), (3, 0), (0, 0), (4, 4)])
    assert triangles(graph).values.tolist() == [2, 1, 2, 1, 0]


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_they_are_those_of_networkx(graph: Graph) -> None:
    there = nx.DiGraph()
    there.add_nodes_from(range(graph.n))
    there.add_edges_from(zip(*(rows.tolist() for rows in graph.edges()[:2]), strict=True))
    for strong, parts in ((False, nx.weakly_connected_components), (True, nx.strongly_connected_components)):
        labels = components(graph, strong=strong).labels
        for part in parts(there):
            assert set(labels[list(part)].tolist()) == {min(part)}
    around = there.to_undirected()
    around.remove_edges_from(list(nx.selfloop_edges(around)))
    assert triangles(graph).values.tolist() == [nx.triangles(around)[v] for v in range(graph.n)]


@pytest.mark.parametrize("seed", range(4))
def test_large_ones_are_those_of_scipy(seed: int) -> None:
    n = 3000
    src, dst = random_edges(n, [1200, 3200, 6000, 40_000][seed], seed)
    graph = Graph.from_rows(src, dst, None, np.arange(n))
    matrix = sp.csr_matrix((np.ones(src.size), (src, dst)), shape=(n, n))
    for strong in (False, True):
        count, expected = connected_components(matrix, connection="strong" if strong else "weak")
        found = components(graph, strong=strong)
        assert found.summary()["groups"] == count
        assert np.unique(np.column_stack([found.labels, expected]), axis=0).shape[0] == count
        assert (found.labels <= np.arange(n)).all()
        assert (found.labels[found.labels] == found.labels).all()
    around = sp.triu(matrix + matrix.T, 1).astype(bool).astype(float)
    around = around + around.T
    assert triangles(graph).values.tolist() == ((around @ around).multiply(around).sum(axis=1) / 2).A1.tolist()


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_strong_parts_are_numbered_against_the_edges(graph: Graph) -> None:
    out = graph.outgoing
    part = strong_components(out.ptr, out.idx)
    src, dst, _ = graph.edges()
    assert (part[src] >= part[dst]).all()
    assert set(part.tolist()) == set(range(part.max() + 1))


def test_a_long_path_and_a_long_circle_need_no_recursion() -> None:
    n = 200_000
    assert components(path(n), strong=True).summary() == {"groups": n, "largest": 1}
    ring = Graph.from_rows(np.arange(n, dtype=np.int32), np.roll(np.arange(n, dtype=np.int32), 7), None, np.arange(n))
    assert components(ring, strong=True).summary() == {"groups": 1, "largest": n}


def test_any_number_of_threads_counts_the_same_triangles() -> None:
    src, dst = random_edges(300, 4000, 1)
    graph = Graph.from_rows(src, dst, None, np.arange(300))
    before, answers = numba.get_num_threads(), set()
    try:
        for threads in range(1, numba.config.NUMBA_NUM_THREADS + 1):
            numba.set_num_threads(threads)
            answers.add(triangles(graph).values.tobytes())
    finally:
        numba.set_num_threads(before)
    assert len(answers) == 1


@settings(max_examples=50, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_labels_hold_each_other_in_place(graph: Graph, seed: int) -> None:
    found = label_propagation(graph, sweeps=100, seed=seed)
    assert found.labels.tolist() == label_propagation(graph, sweeps=100, seed=seed).labels.tolist()
    whole = components(graph).labels
    for v in range(graph.n):
        assert whole[v] == whole[found.labels[v]]  # a group lies within a component
    # Connected: a group taken alone is one component.
    for group in np.unique(found.labels):
        members = np.flatnonzero(found.labels == group)
        assert components(graph.subgraph(members)).summary()["groups"] == 1


def test_planted_groups_are_found() -> None:
    rng = np.random.default_rng(6)
    n, k = 1000, 10
    truth = np.arange(n) % k
    src = rng.integers(0, n, 16_000)
    inside = rng.random(src.size) < 0.8
    dst = np.where(inside, (rng.integers(0, n // k, src.size) * k + truth[src]), rng.integers(0, n, src.size))
    graph = Graph.from_rows(src.astype(np.int32), dst.astype(np.int32), None, np.arange(n))
    assert adjusted_mutual_info_score(truth, label_propagation(graph, seed=1).labels) > 0.95


def test_no_sweep_is_refused() -> None:
    with pytest.raises(InputError, match="at least one sweep"):
        label_propagation(star(3), sweeps=0, seed=1)
