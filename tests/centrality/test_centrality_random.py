"""Every centrality on 1,000 random graphs, all of them awkward, beside igraph, networkx or dense linear algebra.

Each graph has a loop, parallel edges, an isolate, an account that acts on nobody and at least two components; half have
weights, some of them 0. Values agree to 1e-7 of the largest (PageRank to 1e-9). Where the definition leaves a choice
(the vectors of HITS and of eigenvector centrality, if two parts are equally strong; VoteRank, if votes are equal), the
defining equation or rule is checked instead.
"""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numba
import numpy as np
import pytest

from kolgraph.centrality import betweenness, degree, harmonic, hits, k_core, katz, leader_rank, pagerank, vote_rank
from kolgraph.centrality.pagerank import personal_pageranks
from kolgraph.centrality.spectral import eigenvector
from kolgraph.errors import AnalysisError
from kolgraph.graph import Graph

CHUNKS, PER_CHUNK = 10, 100


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads only wait for each other on graphs as small as these."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(threads)


def awkward(rng: np.random.Generator) -> Graph:
    """Accounts below `half` act among themselves, the others too; n-2 acts on nobody and n-1 is alone."""
    n = int(rng.integers(7, 21))
    half = n // 2
    left, right = rng.integers(0, 3 * n, 2)
    src = np.concatenate([[0, 0, 0], rng.integers(0, half, left), rng.integers(half, n - 2, right)])
    dst = np.concatenate([[0, 1, 1], rng.integers(0, half, left), rng.integers(half, n - 1, right)])
    weight = rng.choice([0.0, 0.25, 1.0, 2.0, 7.5], src.size).astype(np.float32) if rng.random() < 0.5 else None
    ids = np.array([f"v{i:02d}" for i in range(n)], dtype="S3")
    return Graph.from_rows(src.astype(np.int32), dst.astype(np.int32), weight, ids)


def agree(ours: object, theirs: object, tolerance: float = 1e-7) -> None:
    got, wanted = np.asarray(ours), np.asarray(theirs, dtype=np.float64)
    assert np.abs(got - wanted).max() <= tolerance * max(1.0, np.abs(wanted).max())


def check_counts(graph: Graph) -> None:
    """Degrees and strengths, cores, shortest paths."""
    peer = graph.to_igraph()
    for kind in ("in", "out"):
        agree(degree(graph, kind=kind).values, peer.degree(mode=kind))
        agree(degree(graph, kind=kind, weighted=True).values, peer.strength(mode=kind, weights="weight"))
    simple = peer.as_undirected(mode="collapse")
    agree(k_core(graph).values, simple.simplify().coreness())
    plain = peer.simplify(multiple=False)
    agree(betweenness(graph).values, plain.betweenness(directed=True))
    agree(harmonic(graph).values, plain.harmonic_centrality(mode="in", normalized=False))


def check_votes(graph: Graph) -> None:
    """VoteRank: every winner has the most votes of its round, and is networkx's unless there was a tie."""
    src, dst, _ = graph.edges()
    votes_for = np.zeros((graph.n, graph.n))
    votes_for[dst, src] = 1
    np.fill_diagonal(votes_for, 0)
    ability, waiting, ties = np.ones(graph.n), np.ones(graph.n, bool), False
    values = vote_rank(graph).values
    elected = [int(v) for v in np.argsort(-values, kind="stable") if values[v] > 0]
    for v in elected:
        now = np.where(waiting, votes_for @ ability, 0)
        agree(values[v], now.max())
        agree(now[v], now.max())
        ties |= bool((now > now.max() - 1e-9).sum() > 1)
        waiting[v], ability[v] = False, 0
        ability = np.maximum(ability - votes_for[v] * graph.n / votes_for.sum(), 0)
    assert np.where(waiting, votes_for @ ability, 0).max() <= 1e-9
    if not ties:
        peer = nx.from_numpy_array(votes_for, create_using=nx.DiGraph)
        assert elected == nx.voterank(peer)


def check_pageranks(graph: Graph, rng: np.random.Generator) -> None:
    peer = graph.to_igraph()
    for weighted in (False, True):
        name = "weight" if weighted else None
        agree(pagerank(graph, weighted=weighted, tol=1e-10).values, peer.pagerank(weights=name), 1e-9)
        seeds = np.unique(rng.integers(0, graph.n, 3))
        found = personal_pageranks(graph, graph.ids[seeds].tolist(), weighted=weighted, tol=1e-10)
        for seed, values in zip(seeds.tolist(), found.values, strict=True):
            agree(values, peer.personalized_pagerank(reset_vertices=[seed], weights=name), 1e-9)


def check_linear(graph: Graph, matrix: np.ndarray) -> None:
    """Katz and LeaderRank: linear equations with one solution."""
    n = graph.n
    radius = float(np.abs(np.linalg.eigvals(matrix)).max())
    keeps = 0.5 / (radius if radius > 1e-3 else 1.0)
    agree(katz(graph, attenuation=0.5).values, np.linalg.solve(np.eye(n) - keeps * matrix, np.ones(n)))
    walk = np.zeros((n + 1, n + 1))
    walk[:n, :n], walk[:n, n], walk[n, :n] = matrix, 1, 1
    walk /= walk.sum(axis=0)
    equations = walk - np.eye(n + 1)
    equations[n] = 1
    x = np.linalg.solve(equations, np.append(np.zeros(n), n))
    agree(leader_rank(graph).values, x[:n] + x[n] / n)


def check_vectors(graph: Graph, matrix: np.ndarray) -> None:
    """HITS and eigenvector: the equation, and the vector itself where there is one only."""
    left, strengths, right = np.linalg.svd(matrix)
    for kind, vectors, square in (("authority", left.T, matrix @ matrix.T), ("hub", right, matrix.T @ matrix)):
        x = hits(graph, kind=kind).values  # type: ignore[arg-type]
        agree(square @ x, strengths[0] ** 2 * x, 1e-6)
        if strengths[0] > 1.001 * strengths[1]:
            agree(x, np.abs(vectors[0]) / np.abs(vectors[0]).max(), 1e-6)
    roots, vectors = np.linalg.eig(matrix)
    order = np.argsort(-roots.real)
    first, second = roots[order[0]].real, roots[order[1]].real
    try:
        x = eigenvector(graph, max_iter=2000).values
    except AnalysisError:
        assert first < 1e-3 or second > 0.98 * first  # no cycle has weight, or two parts are about as strong
        return
    assert np.abs(matrix @ x - first * x).max() <= 1e-5 * first
    if second < 0.98 * first:
        vector = np.abs(vectors[:, order[0]])
        agree(x, vector / vector.max(), 1e-6)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_centrality_equals_its_peers(chunk: int) -> None:
    rng = np.random.default_rng(chunk)
    for _ in range(PER_CHUNK):
        graph = awkward(rng)
        src, dst, weight = graph.edges()
        matrix = np.zeros((graph.n, graph.n))  # cell (v, u): weight of u -> v
        matrix[dst, src] = weight
        check_counts(graph)
        check_votes(graph)
        check_pageranks(graph, rng)
        check_linear(graph, matrix)
        check_vectors(graph, matrix)


def test_the_graphs_are_awkward() -> None:
    rng = np.random.default_rng(0)
    graphs = [awkward(rng) for _ in range(PER_CHUNK)]
    for graph in graphs:
        src, dst, weight = graph.edges()
        assert ((src == 0) & (dst == 0)).any() and not graph.outgoing.degree[-2:].any()
        assert graph.incoming.degree[-1] == 0
        assert len(graph.to_igraph().connected_components(mode="weak")) >= 2
        assert weight[(src == 0) & (dst == 1)] != 1 or graph.incoming.weight is not None
    assert sum((graph.edges()[2] == 0).any() for graph in graphs) > PER_CHUNK / 4
