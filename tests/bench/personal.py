"""Personalised PageRank of many accounts on an R-MAT graph of 1M edges, in CPU time, beside igraph in the same run."""

from __future__ import annotations

import time

import numpy as np

from kolgraph.centrality.pagerank import personal_pageranks
from kolgraph.graph import Graph
from tests.bench.rmat import rmat


def main(*, scale: int = 16, m: int = 1_000_000, seeds: int = 256, sample: int = 5, rounds: int = 5) -> None:
    """Print CPU milliseconds per account, without and with weights, and the largest difference to igraph."""
    import igraph

    print(f"Personalised PageRank, R-MAT, {m:,} edges, {seeds} accounts, tolerance 1e-6: CPU ms per account")
    src, dst = rmat(scale, m)
    weight = np.minimum(np.random.default_rng(7).zipf(2.3, m), 1000).astype(np.float32)
    drawn = np.random.default_rng(1).choice(np.unique(src), seeds, replace=False)  # who acts on nobody keeps all
    accounts = [str(row) for row in drawn]
    for name, w in (("unweighted", None), ("weighted", weight)):
        graph = Graph.from_rows(src.astype(np.int32), dst.astype(np.int32), w, np.arange(1 << scale))
        personal_pageranks(graph, accounts[:1])  # compile; makes ids and fingerprint, which a graph in use has
        ours, theirs, apart = [], [], 0.0
        for _ in range(rounds):
            start = time.process_time()
            found = personal_pageranks(graph, accounts)
            ours.append(1000 * (time.process_time() - start) / seeds)
        peer = graph.to_igraph()
        for row, values in zip(drawn[:sample].tolist(), found.values, strict=False):
            start = time.process_time()
            wanted = peer.personalized_pagerank(reset_vertices=[row], weights="weight")
            theirs.append(1000 * (time.process_time() - start))
            apart = max(apart, float(np.abs(values - wanted).sum()))
        mine, other = float(np.median(ours)), float(np.median(theirs))
        rows = ", ".join(f"{t:.1f}" for t in ours)
        print(
            f"  {name:10s} kolgraph {mine:.1f} ({rows}), igraph {igraph.__version__} {other:.0f} by {sample} accounts, "
            f"{other / mine:.0f}x, L1 to igraph {apart:.1e}"
        )


if __name__ == "__main__":
    main()
