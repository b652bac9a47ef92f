"""Analyses of a graph of ten million edges: seconds and peak memory beside the peers, in processes of their own."""

from __future__ import annotations

import importlib.util
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kolgraph import influence, niches
from kolgraph.graph import CSR, Graph
from kolgraph.kernels.core import core_numbers
from kolgraph.kernels.propagation import propagate
from kolgraph.kernels.triangles import triangles
from tests.bench.influence import peak_mib
from tests.bench.rmat import rmat

Task = Callable[[Any], Any]


class Ran(NamedTuple):
    """Seconds of wall and processor, MiB above those after reading the input, and a number to compare."""

    wall: float
    cpu: float
    mib: int
    answer: float


def ours(pairs: np.ndarray) -> Graph:
    """The CSR in both directions, with the ids as text and the fingerprint that every answer names."""
    graph = Graph.from_rows(pairs[0], pairs[1], None, np.arange(int(pairs.max()) + 1))
    assert graph.outgoing.idx.size
    assert graph.ids.size
    assert graph.fingerprint
    return graph


def around(pairs: np.ndarray) -> CSR:
    """The projection without directions, as the peers are given it."""
    return Graph.from_rows(pairs[0], pairs[1], None, np.arange(int(pairs.max()) + 1)).undirected()


def in_igraph(pairs: np.ndarray) -> Any:
    """Its fastest way to build."""
    import igraph

    graph = igraph.Graph(n=int(pairs.max()) + 1, directed=True)
    graph.add_edges(pairs.T)
    return graph


def igraph_around(pairs: np.ndarray) -> Any:
    """Without directions, every pair once."""
    return in_igraph(pairs).as_undirected()


def in_networkit(pairs: np.ndarray) -> Any:
    """Its bulk constructor, without directions, every pair once."""
    import networkit as nk
    from scipy.sparse import coo_matrix, triu

    nk.setNumberOfThreads(1)  # it spends fewer processor seconds so
    n = int(pairs.max()) + 1
    matrix = coo_matrix((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), shape=(n, n))
    return nk.GraphFromCoo(triu(matrix + matrix.T, 1).tocoo(), n, weighted=False, directed=False)


def in_scipy(pairs: np.ndarray) -> Any:
    """A sparse matrix."""
    from scipy.sparse import csr_matrix

    n = int(pairs.max()) + 1
    return csr_matrix((np.ones(pairs.shape[1], np.float32), (pairs[0], pairs[1])), shape=(n, n))


def _run(algorithm: Any) -> Any:
    algorithm.run()
    return algorithm


def _nk_components(graph: Any) -> float:
    import networkit as nk

    return float(_run(nk.components.ConnectedComponents(graph)).numberOfComponents())


def _nk_core(graph: Any) -> float:
    import networkit as nk

    return float(sum(_run(nk.centrality.CoreDecomposition(graph)).scores()))


def _labels(graph: CSR) -> float:
    n = graph.ptr.size - 1
    order = np.random.default_rng(1).permutation(n)
    labels, _ = propagate(graph.ptr, graph.idx, np.empty(0, np.float32), order, 20, n // 100_000)
    return float(np.count_nonzero(np.bincount(labels)))


def _nk_labels(graph: Any) -> float:
    import networkit as nk

    return float(_run(nk.community.PLP(graph)).getPartition().numberOfSubsets())


def _ig_labels(graph: Any) -> float:
    return float(len(graph.community_label_propagation()))


def _closed(clustering: Any, degree: Any) -> float:
    """Triangles, by what share of its pairs of neighbours every vertex has joined."""
    degree = np.asarray(degree, dtype=np.float64)
    return float(np.asarray(clustering) @ (degree * (degree - 1)) / 6)


def _nk_triangles(graph: Any) -> float:
    import networkit as nk

    scores = _run(nk.centrality.LocalClusteringCoefficient(graph, True)).scores()
    return _closed(scores, [graph.degree(v) for v in range(graph.numberOfNodes())])


def _ig_triangles(graph: Any) -> float:
    return _closed(graph.transitivity_local_undirected(mode="zero"), graph.degree())


def _scipy_components(matrix: Any, connection: str) -> float:
    from scipy.sparse.csgraph import connected_components

    return float(connected_components(matrix, connection=connection)[0])


#: What is done by whom; of each task the first is ours. Labels differ by chance, all other answers must be equal.
TASKS: dict[str, dict[str, tuple[Callable[[np.ndarray], Any], Task]]] = {
    "weak components": {
        "kolgraph": (ours, lambda g: niches.components(g).summary()["groups"]),
        "networkit": (in_networkit, _nk_components),
        "scipy": (in_scipy, lambda m: _scipy_components(m, "weak")),
        "igraph": (in_igraph, lambda g: len(g.connected_components("weak"))),
    },
    "strong components": {
        "kolgraph": (ours, lambda g: niches.components(g, strong=True).summary()["groups"]),
        "scipy": (in_scipy, lambda m: _scipy_components(m, "strong")),
        "igraph": (in_igraph, lambda g: len(g.connected_components("strong"))),
    },
    "k-core": {
        "kolgraph": (around, lambda g: core_numbers(g.ptr, g.idx).sum()),
        "networkit": (in_networkit, _nk_core),
        "igraph": (igraph_around, lambda g: sum(g.coreness())),
    },
    "triangles": {  # of every vertex
        "kolgraph": (around, lambda g: triangles(g.ptr, g.idx).sum() / 3),
        "networkit": (in_networkit, _nk_triangles),
        "igraph": (igraph_around, _ig_triangles),
    },
    "label propagation": {
        "kolgraph": (around, _labels),
        "networkit": (in_networkit, _nk_labels),
        "igraph": (igraph_around, _ig_labels),
    },
    "PageRank": {
        "kolgraph": (ours, lambda g: influence.pagerank(g, tol=1e-9).values.max()),
        "igraph": (in_igraph, lambda g: max(g.pagerank())),
    },
    "HITS": {
        "kolgraph": (ours, lambda g: influence.hits(g).values.max()),
    },
    "harmonic": {
        "kolgraph": (ours, lambda g: influence.harmonic(g).values.max()),
    },
    "reach": {
        "kolgraph": (ours, lambda g: influence.reach(g, seed=1).values.max()),
    },
}


def job(task: str, engine: str, file: Path) -> Ran:
    """One task by one engine; warm, so without compiling and importing, which is done on a small graph first."""
    build, act = TASKS[task][engine]
    pairs = np.load(file)
    act(build(pairs[:, :2000] % 500))
    before = peak_mib()
    graph = build(pairs)
    wall, cpu = time.perf_counter(), time.process_time()
    answer = act(graph)
    return Ran(time.perf_counter() - wall, time.process_time() - cpu, peak_mib() - before, float(answer))


def main(*, scale: int = 19, m: int = 10_000_000, rounds: int = 2) -> None:
    """Print seconds and memory of every task and engine, and the ratio to ours; fewer edges for a quick look."""
    print(f"R-MAT, {m:,} edges: processor seconds of the analysis alone, best of {rounds}; MiB with the graph")
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="kolgraph-bench-") as folder:
        file = Path(folder) / "pairs.npy"
        np.save(file, np.stack(rmat(scale, m)).astype(np.int32))
        for task, engines in TASKS.items():
            best: dict[str, Ran] = {}
            for engine in engines:
                if importlib.util.find_spec(engine) is None:
                    print(f"  {task:17s} {engine:9s} SKIPPED: not installed", flush=True)
                    continue
                runs = []
                for _ in range(rounds):
                    with spawn.Pool(1) as pool:
                        runs.append(pool.apply(job, (task, engine, file)))
                best[engine] = min(runs, key=lambda ran: ran.cpu)
            mine = best["kolgraph"]
            for engine, ran in best.items():
                equal = (
                    "" if task == "label propagation" else "equal" if np.isclose(ran.answer, mine.answer) else "DIFFERS"
                )
                print(
                    f"  {task:17s} {engine:9s} {ran.cpu:7.3f} s (wall {ran.wall:7.3f})  {ran.cpu / mine.cpu:6.1f}x  "
                    f"{ran.mib:6,} MiB  {equal}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
