"""k-core: by hand, by law, against igraph and networkx, and with a planted core."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.centrality import k_core
from kolgraph.graph import Graph
from tests.worlds.graphs import clique, from_rows, graphs, path, random_edges, star

few = settings(max_examples=30, deadline=None)


def test_by_hand() -> None:
    # 0, 1, 2, 3 all tied to each other (3-core); 4 tied to 0 and 1 (2); 5 tied to 4 only (1); 6 has a loop only (0).
    ties = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (4, 0), (1, 4), (5, 4), (6, 6)]
    assert k_core(from_rows(7, ties)).values.tolist() == [3, 3, 3, 3, 2, 1, 0]


def test_known_shapes() -> None:
    assert set(k_core(clique(6)).values) == {5}
    assert set(k_core(star(6)).values) == {1}
    assert set(k_core(path(6)).values) == {1}


def test_direction_loops_and_parallel_edges_do_not_count() -> None:
    once = from_rows(3, [(0, 1), (1, 2), (2, 0)])
    both = from_rows(3, [(0, 1), (1, 0), (1, 2), (2, 1), (2, 0), (0, 2), (1, 1), (0, 1)])
    assert k_core(once).values.tolist() == k_core(both).values.tolist() == [2, 2, 2]


@few
@given(graphs())
def test_everybody_has_core_many_neighbours_of_at_least_that_core(graph: Graph) -> None:
    core = k_core(graph).values
    ptr, idx, _ = graph.undirected()
    for v in range(graph.n):
        around = core[idx[ptr[v] : ptr[v + 1]]]
        assert (around >= core[v]).sum() >= core[v]
        assert (around >= core[v] + 1).sum() <= core[v]  # else v would lie one deeper


@few
@given(graphs(), st.data())
def test_one_more_edge_never_lowers_a_core_and_raises_it_by_one_at_most(graph: Graph, data: st.DataObject) -> None:
    a, b = (data.draw(st.integers(0, graph.n - 1)) for _ in range(2))
    src, dst, _ = graph.edges()
    more = from_rows(graph.n, [*zip(src.tolist(), dst.tolist(), strict=True), (a, b)])
    gain = k_core(more).values - k_core(graph).values
    assert gain.min() >= 0 and gain.max() <= 1


def test_equals_igraph_and_networkx() -> None:
    for seed in range(5):
        src, dst = random_edges(120, 500, seed=seed)
        src[:100] //= 10  # a few accounts act a lot
        graph = Graph.from_rows(src, dst, None, np.arange(120))
        ours = k_core(graph).values.tolist()
        peer = graph.to_igraph().as_undirected(mode="collapse").simplify()
        assert ours == peer.coreness()
        other = nx.Graph(graph.to_networkx())
        other.remove_edges_from(list(nx.selfloop_edges(other)))
        assert ours == list(nx.core_number(other).values())


@few
@given(graphs())
def test_equals_igraph_on_awkward_graphs(graph: Graph) -> None:
    peer = graph.to_igraph().as_undirected(mode="collapse").simplify()
    assert k_core(graph).values.tolist() == peer.coreness()


@pytest.mark.parametrize("size", [8, 15])
def test_a_planted_clique_is_the_innermost_core(size: int) -> None:
    src, dst = random_edges(300, 450, seed=9)
    inside = [(i, j) for i in range(size) for j in range(i)]
    edges = [*zip(src.tolist(), dst.tolist(), strict=True), *inside]
    pairs = np.array(edges, dtype=np.int32)
    graph = Graph.from_rows(pairs[:, 0].copy(), pairs[:, 1].copy(), None, np.arange(300))
    core = k_core(graph).values
    assert np.flatnonzero(core == core.max()).tolist() == list(range(size))
