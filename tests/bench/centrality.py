"""Harmonic closeness of all accounts and overlap of audiences on R-MAT graphs, beside igraph and scipy."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from kolgraph.centrality import harmonic
from kolgraph.graph import Graph
from kolgraph.influence import audiences, unique_reach
from kolgraph.kernels.harmonic import harmonic_exact
from tests.bench.rmat import measured, rmat


def world(scale: int, m: int) -> Graph:
    """An R-MAT graph that has been used before: ids and fingerprint are made."""
    src, dst = rmat(scale, m)
    graph = Graph.from_rows(src.astype(np.int32), dst.astype(np.int32), None, np.arange(1 << scale))
    assert graph.ids.size and graph.fingerprint
    return graph


def closeness(graph: Graph, *, rounds: int = 3, sample: int = 300) -> None:
    """All accounts, the best exactly; igraph is timed on a sample."""
    import igraph

    harmonic(graph)  # compile
    runs = [measured(lambda seed=seed: harmonic(graph, seed=seed)) for seed in range(rounds)]
    ours = float(np.median([took for took, _ in runs]))
    peer, rows = graph.to_igraph(), np.random.default_rng(1).choice(graph.n, sample, replace=False)
    took, some = measured(lambda: peer.harmonic_centrality(vertices=rows.tolist(), mode="in", normalized=False))
    theirs = took / sample * graph.n
    ptr, idx, _ = graph.incoming
    seconds, true = measured(harmonic_exact, ptr, idx, np.arange(graph.n))
    assert np.allclose(true[rows], some)
    best = set(np.argsort(-true, kind="stable")[:100])
    for _, found in runs:
        guessed = found.low < found.high
        off = np.median(np.abs(found.values[guessed] / true[guessed] - 1))
        held = np.mean((found.low <= true)[guessed] & (true <= found.high)[guessed])
        recall = len(best & set(np.argsort(-found.values, kind="stable")[:100])) / 100
        print(f"  estimates: median error {off:.1%}, intervals hold for {held:.1%}; recall of the top 100 {recall:.2f}")
    print(
        f"  harmonic, {graph.m:,} edges: {ours:.2f} s (all exact: {seconds:.1f} s), igraph {igraph.__version__} "
        f"{theirs:.0f} s by {sample} accounts, {theirs / ours:.0f}x"
    )


def overlap(graph: Graph) -> None:
    """The thousand largest audiences, every pair; and what twenty reach together."""
    ids = [str(graph.ids[v]) for v in np.argsort(-graph.incoming.degree, kind="stable")[:1000]]
    audiences(graph, ids[:2])  # compile
    took, found = measured(audiences, graph, ids)
    ptr, idx, _ = graph.incoming
    matrix = sp.csr_matrix((np.ones(idx.size), idx, ptr), shape=(graph.n, graph.n))[graph.rows(ids)]
    theirs, product = measured(lambda: (matrix @ matrix.T).toarray())
    assert np.array_equal(found.shared, product)
    few = float(np.median([measured(unique_reach, graph, ids[:20])[0] for _ in range(20)]))
    print(f"  overlap of 1,000 audiences, {graph.m:,} edges: {took:.2f} s, scipy {theirs:.2f} s, {theirs / took:.1f}x")
    print(f"  unique reach of 20 accounts: {1000 * few:.1f} ms")


def main(*, small: tuple[int, int] = (16, 1_000_000), large: tuple[int, int] = (19, 10_000_000)) -> None:
    """Print every figure."""
    print("Centrality and audiences on R-MAT graphs")
    closeness(world(*small))
    overlap(world(*large))


if __name__ == "__main__":
    main()
