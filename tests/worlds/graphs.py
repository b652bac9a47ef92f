"""Graphs that every test shares: hand-made ones, and the strategy that always draws the awkward cases."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from kolgraph.graph import Graph


def path(n: int) -> Graph:
    """0 -> 1 -> ... -> n-1."""
    return Graph.from_edges([f"v{i}" for i in range(n - 1)], [f"v{i}" for i in range(1, n)])


def star(leaves: int) -> Graph:
    """Every leaf follows the hub; the hub follows nobody."""
    return Graph.from_edges([f"leaf{i}" for i in range(leaves)], ["hub"] * leaves)


def clique(n: int) -> Graph:
    """Everybody follows everybody else."""
    pairs = [(f"v{i}", f"v{j}") for i in range(n) for j in range(n) if i != j]
    return Graph.from_edges([a for a, _ in pairs], [b for _, b in pairs])


def dangling_chain() -> Graph:
    """0 -> 1 -> 2 and 0 -> 2: account 2 has no out-edges, where careless PageRanks go wrong."""
    return Graph.from_edges(["0", "1", "0"], ["1", "2", "2"])


def random_edges(n: int, m: int, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Row numbers of m random edges among n accounts, loops and parallel edges included."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, n, m).astype(np.int32), rng.integers(0, n, m).astype(np.int32)


def from_rows(n: int, edges: list[tuple[int, int]], weights: list[float] | None = None) -> Graph:
    """A graph on accounts v00, v01, ... from row numbers; accounts without edges stay as isolates."""
    pairs = np.array(edges, dtype=np.int32).reshape(-1, 2)
    w = None if weights is None else np.array(weights, dtype=np.float32)
    ids = np.array([f"v{i:02d}" for i in range(n)], dtype="S8")
    return Graph.from_rows(np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]), w, ids)


@st.composite
def graphs(draw: st.DrawFn, *, max_n: int = 14, weighted: bool | None = None) -> Graph:
    """Small graphs with a loop, a parallel edge, a dangling node, an isolate, two components, a zero weight."""
    n = draw(st.integers(6, max_n))
    half = n // 2
    left = st.tuples(st.integers(0, half - 1), st.integers(0, half - 1))
    right = st.tuples(st.integers(half, n - 3), st.integers(half, n - 2))  # n-2 never acts (dangling), n-1 is isolated
    edges = draw(st.lists(left, max_size=20)) + draw(st.lists(right, max_size=20) if half <= n - 3 else st.just([]))
    edges += [(0, 0), (0, 1), (0, 1)]
    use_weights = draw(st.booleans()) if weighted is None else weighted
    if not use_weights:
        return from_rows(n, edges)
    weights = draw(st.lists(st.sampled_from([0.0, 0.25, 1.0, 2.0, 7.5]), min_size=len(edges), max_size=len(edges)))
    weights[0] = 0.0
    return from_rows(n, edges, weights)
