"""The kernels of triangles and label propagation: hubs held against each other as bits, labels by the plain rule."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.graph import CSR, Graph
from kolgraph.kernels import triangles as kernel
from kolgraph.kernels.propagation import propagate
from tests.worlds.graphs import graphs


def with_hubs(n: int, hubs: int, seed: int) -> CSR:
    """Everybody is tied to twelve hubs or so and three others; the hubs to half of each other."""
    rng = np.random.default_rng(seed)
    src = np.concatenate([np.repeat(np.arange(n), 12), np.repeat(np.arange(n), 3), np.repeat(np.arange(hubs), hubs)])
    dst = np.concatenate([rng.integers(0, hubs, 12 * n), rng.integers(0, n, 3 * n), rng.integers(0, hubs, hubs**2)])
    names = rng.permutation(n).astype(np.int32)
    return Graph.from_rows(names[src], names[dst], None, np.arange(n)).undirected()


def by_scipy(graph: CSR) -> list[int]:
    n = graph.ptr.size - 1
    matrix = sp.csr_array((np.ones(graph.idx.size, np.int64), graph.idx, graph.ptr), shape=(n, n))
    return ((matrix @ matrix).multiply(matrix).sum(axis=1) // 2).tolist()


@pytest.mark.parametrize("hubs", [1, 2, 63, 64, 65, 130])
def test_triangles_among_hubs_are_those_of_scipy(hubs: int) -> None:
    graph = with_hubs(1500, hubs, seed=hubs)
    assert (graph.degree >= 64).any()
    assert kernel.triangles(graph.ptr, graph.idx).tolist() == by_scipy(graph)


@pytest.mark.parametrize("most", [0, 1, 40, 10_000])
def test_how_many_rows_are_bits_changes_nothing(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = with_hubs(800, 90, seed=3)
    monkeypatch.setattr(kernel, "_HUBS", most)
    monkeypatch.setattr(kernel, "_MANY", 0)
    assert kernel.triangles(graph.ptr, graph.idx).tolist() == by_scipy(graph)


def test_triangles_of_a_large_clique_by_hand() -> None:
    n = 150  # everybody with every pair of the 149 others
    idx = np.array([u for v in range(n) for u in range(n) if u != v], np.int32)
    assert kernel.triangles(np.arange(n + 1) * (n - 1), idx).tolist() == [149 * 148 // 2] * n


def plain(graph: CSR, weights: list[float], order: list[int]) -> list[int]:
    """The rule in plain words: most weight wins; in a tie a row stays as it is, or takes who had that weight first."""
    labels, before = list(range(len(order))), None
    while labels != before:
        before = labels.copy()
        for v in order:
            total: dict[int, float] = {}
            best, most = labels[v], 0.0
            for e in range(graph.ptr[v], graph.ptr[v + 1]):
                label = labels[graph.idx[e]]
                total[label] = total.get(label, 0.0) + weights[e]
                if total[label] > most:
                    best, most = label, total[label]
            if most > total.get(labels[v], 0.0):
                labels[v] = best
    return labels


@settings(max_examples=200, deadline=None)
@given(graphs(), st.booleans(), st.randoms(use_true_random=False))
def test_labels_follow_the_plain_rule(graph: Graph, weighted: bool, random) -> None:
    around, order = graph.undirected(), random.sample(range(graph.n), graph.n)
    weights = around.weights if weighted else np.empty(0, np.float32)
    labels, _ = propagate(around.ptr, around.idx, weights, np.array(order), 1000, 0)
    assert labels.tolist() == plain(around, around.weights.tolist() if weighted else [1.0] * around.idx.size, order)


@pytest.mark.parametrize("seed", range(3))
def test_labels_follow_the_plain_rule_where_one_takes_all(seed: int) -> None:
    around, order = with_hubs(500, 70, seed), np.random.default_rng(seed).permutation(500)
    whole = np.random.default_rng(seed).integers(0, 4, around.idx.size).astype(np.float32)
    labels, _ = propagate(around.ptr, around.idx, whole, order, 1000, 0)
    assert labels.tolist() == plain(around, whole.tolist(), order.tolist())
    assert np.bincount(labels).max() > 250
