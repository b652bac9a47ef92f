"""Raw ids to PageRank on an R-MAT graph, end to end, beside igraph and networkit in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolgraph.centrality import pagerank
from kolgraph.graph import Graph

I64 = NDArray[np.int64]


def rmat(scale: int, m: int, *, seed: int = 7) -> tuple[I64, I64]:
    """R-MAT .57/.19/.19/.05 without noise: loops and duplicates removed, vertices permuted, edges shuffled."""
    rng = np.random.default_rng(seed)
    draws = int(m * (1.4 if m / (1 << scale) > 24 else 1.25))
    src, dst = np.zeros(draws, np.int64), np.zeros(draws, np.int64)
    for _ in range(scale):
        corner = rng.random(draws)
        src = src * 2 + (corner >= 0.76)
        dst = dst * 2 + (((corner >= 0.57) & (corner < 0.76)) | (corner >= 0.95))
    keys = np.unique((src << scale | dst)[src != dst])
    keys = rng.permutation(keys)[:m]
    names = rng.permutation(1 << scale)
    return names[keys >> scale], names[keys & ((1 << scale) - 1)]


def raw_ids(src: I64, dst: I64, scale: int) -> tuple[I64, I64]:
    """The same graph under random 60-bit ids, as platforms give them."""
    ids = np.random.default_rng(1).integers(1 << 40, 1 << 60, 1 << scale)
    return ids[src], ids[dst]


def ours(src: I64, dst: I64) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Intern, build, PageRank to 1e-6; ids as text, as every result of ours has them."""
    scores = pagerank(Graph.from_edges(src, dst), tol=1e-6)
    return scores.ids, scores.values


def _interned(src: I64, dst: I64) -> tuple[NDArray[np.int64], NDArray[np.int64], I64]:
    """What a user of the peers writes before building: pandas.factorize, the fastest common way."""
    import pandas as pd

    codes, ids = pd.factorize(np.concatenate([src, dst]))
    return codes[: src.size], codes[src.size :], np.asarray(ids)


def with_igraph(src: I64, dst: I64) -> tuple[I64, NDArray[np.float64]]:
    """The fastest way to build an igraph graph from arrays, and its PRPACK PageRank."""
    import igraph

    a, b, ids = _interned(src, dst)
    graph = igraph.Graph(n=ids.size, directed=True)
    graph.add_edges(np.column_stack([a, b]))
    return ids, np.array(graph.pagerank())


def with_networkit(src: I64, dst: I64) -> tuple[I64, NDArray[np.float64]]:
    """networkit's bulk constructor and its parallel PageRank to 1e-6, dangling mass redistributed."""
    import networkit as nk
    from scipy.sparse import coo_matrix

    a, b, ids = _interned(src, dst)
    matrix = coo_matrix((np.ones(a.size), (a, b)), shape=(ids.size, ids.size))
    graph = nk.GraphFromCoo(matrix, ids.size, weighted=False, directed=True)
    algorithm = nk.centrality.PageRank(graph, 0.85, 1e-6, False, nk.centrality.SinkHandling.DistributeSinks)
    algorithm.norm = nk.centrality.Norm.L1_NORM
    algorithm.run()
    return ids, np.array(algorithm.scores())


def measured(function: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    """Wall seconds and the answer."""
    start = time.perf_counter()
    answer = function(*args)
    return time.perf_counter() - start, answer


def main(*, scale: int = 19, m: int = 10_000_000, rounds: int = 3) -> None:
    """Print the seconds of each engine and the ratios, median of interleaved rounds."""
    import igraph
    import networkit as nk

    src, dst = raw_ids(*rmat(scale, m), scale)
    ours(src[:1000], dst[:1000])  # compile
    engines = {
        "kolgraph": ours,
        f"igraph {igraph.__version__}": with_igraph,
        f"networkit {nk.__version__}": with_networkit,
    }
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    answers = {}
    for _ in range(rounds):
        for name, engine in engines.items():
            took, answers[name] = measured(engine, src, dst)
            seconds[name].append(took)
    ids, reference = answers[f"igraph {igraph.__version__}"]
    reference = reference[np.argsort(ids)]
    mine = float(np.median(seconds["kolgraph"]))
    print(
        f"R-MAT, {m:,} edges, raw 64-bit ids -> PageRank (tolerance 1e-6), {rounds} interleaved rounds, median seconds"
    )
    for name, took in seconds.items():
        ids, values = answers[name]
        error = float(np.abs(values[np.argsort(ids.astype(np.int64))] / values.sum() - reference).sum())
        middle = float(np.median(took))
        rows = ", ".join(f"{t:.2f}" for t in took)
        print(f"  {name:16s} {middle:6.2f} s  ratio {middle / mine:5.1f}  L1 to igraph {error:.1e}  ({rows})")


if __name__ == "__main__":
    main()
