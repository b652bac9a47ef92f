"""Leiden: by hand, by law, and as good as igraph's."""

from __future__ import annotations

import igraph
import numpy as np
import pytest
from hypothesis import given, settings

from kolgraph.graph import Graph
from kolgraph.kernels import leiden as kernel
from kolgraph.kernels.leiden import leiden
from tests.worlds.graphs import from_rows, graphs


def found(graph: Graph, resolution: float = 1.0, *, seed: int = 1, iterations: int = 2) -> list[int]:
    ptr, idx, weight = graph.undirected()
    rng = np.random.default_rng(seed)
    return leiden(ptr, idx, weight, resolution=resolution, iterations=iterations, rng=rng).tolist()


def peer(graph: Graph) -> igraph.Graph:
    return graph.to_igraph().as_undirected(combine_edges="sum").simplify(combine_edges="sum")


def test_two_triangles_with_a_tie_between_by_hand() -> None:
    graph = from_rows(7, [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3)])
    assert found(graph) == [0, 0, 0, 1, 1, 1, 2]  # 6/7 - 1/2 is more than 7/7 - 1 and all else
    assert found(graph, 0.1) == [0, 0, 0, 0, 0, 0, 1]  # 1 - 0.1 is more than 6/7 - 0.05
    assert found(graph, 9.0) == [0, 1, 2, 3, 4, 5, 6]


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_it_is_never_worse_than_everybody_alone_and_goes_on_from_where_it_was_broken_off(graph: Graph) -> None:
    label, ties = found(graph), peer(graph)
    alone = ties.modularity(range(graph.n), "weight") if graph.n else 0.0
    if ties.ecount() and sum(ties.es["weight"]):
        assert ties.modularity(label, "weight") >= alone - 1e-6
    with pytest.MonkeyPatch.context() as small:
        small.setattr(kernel, "_STEP", 1)
        assert found(graph) == label


@pytest.mark.parametrize("resolution", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_as_good_as_that_of_igraph(resolution: float, weighted: bool) -> None:
    rng = np.random.default_rng(3)
    niche = rng.integers(0, 12, 900)
    src = np.repeat(np.arange(900), rng.geometric(0.15, 900))
    same = np.array([rng.choice(np.flatnonzero(niche == niche[v])) for v in src])
    pairs = np.column_stack([src, np.where(rng.random(src.size) < 0.6, same, rng.integers(0, 900, src.size))])
    graph = from_rows(900, pairs.tolist(), rng.random(src.size).tolist() if weighted else None)
    ties = peer(graph)
    theirs = ties.community_leiden("modularity", weights="weight", resolution=resolution, n_iterations=2).membership
    ours = [found(graph, resolution, seed=seed) for seed in range(3)]
    best = max(ties.modularity(label, "weight", resolution) for label in ours)
    assert best >= 0.99 * ties.modularity(theirs, "weight", resolution)
