"""HITS, Katz, eigenvector, LeaderRank: by hand, by law, against dense algebra and networkx, and with planted order."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kolgraph.centrality import hits, katz, leader_rank
from kolgraph.centrality.spectral import eigenvector
from kolgraph.errors import AnalysisError, InputError, UnknownName
from kolgraph.graph import CSR, Graph
from tests.worlds.graphs import clique, from_rows, graphs, path, random_edges, star

few = settings(max_examples=40, deadline=None)


def dense(graph: Graph) -> np.ndarray:
    """Cell (v, u): weight of u -> v."""
    src, dst, weight = graph.edges()
    out = np.zeros((graph.n, graph.n))
    out[dst, src] = weight
    return out


def scaled(graph: Graph, factor: float) -> Graph:
    ptr, idx, _ = graph.incoming
    return Graph(CSR(ptr, idx, graph.edges()[2] * np.float32(factor)), graph.ids.astype("S8"))


def planted(seed: int) -> Graph:
    """Fifty fans of each of two stars; those of the first are followed themselves, by ten accounts each."""
    fans = [(2 + i, i // 50) for i in range(100)]
    crowd = [(102 + j, 2 + i) for i in range(50) for j in np.random.default_rng(seed + i).choice(40, 10, replace=False)]
    return from_rows(142, [*fans, *[(int(a), b) for a, b in crowd]])


def tied_back(graph: Graph) -> Graph:
    """Every account also acted on, with little weight, by those it acts on: then there are cycles."""
    src, dst, weight = graph.edges()
    both = np.concatenate([weight, weight * np.float32(0.01)])
    return Graph.from_rows(np.concatenate([src, dst]), np.concatenate([dst, src]), both, graph.ids.astype("S8"))


# ---------------------------------------------------------------- HITS


def test_hits_by_hand() -> None:
    # x and y follow a, x follows b: the authority matrix of (a, b) is [[2, 1], [1, 1]], whose vector is (golden, 1).
    graph = Graph.from_edges(["x", "y", "x"], ["a", "a", "b"])
    golden = (1 + 5**0.5) / 2
    assert hits(graph).frame()["authority"].to_dict() == pytest.approx(
        {"a": 1, "b": 1 / golden, "x": 0, "y": 0}, abs=1e-9
    )
    assert hits(graph, kind="hub").frame()["hub"].to_dict() == pytest.approx(
        {"x": 1, "y": 1 / golden, "a": 0, "b": 0}, abs=1e-9
    )


def test_hits_of_nothing() -> None:
    nobody = np.empty(0, np.int64)
    assert hits(Graph.from_edges(nobody, nobody)).values.size == 0
    assert hits(from_rows(3, [(0, 1)], [0.0])).values.tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["authority", "hub"])
@few
@given(graph=graphs())
def test_hits_is_the_first_singular_vector(kind: str, graph: Graph) -> None:
    matrix = dense(graph) if kind == "authority" else dense(graph).T
    left, values, _ = np.linalg.svd(matrix)
    assume(values[0] > values[1] * 1.01)  # else the vector is not unique
    wanted = np.abs(left[:, 0]) / np.abs(left[:, 0]).max()
    assert hits(graph, kind=kind).values == pytest.approx(wanted, abs=1e-6)  # type: ignore[arg-type]


@few
@given(graphs())
def test_authorities_of_the_reversed_graph_are_the_hubs(graph: Graph) -> None:
    values = np.linalg.svd(dense(graph), compute_uv=False)
    assume(values[0] > values[1] * 1.01)
    assert hits(graph.reverse()).values == pytest.approx(hits(graph, kind="hub").values, abs=1e-6)


def test_hits_of_a_larger_graph_equals_networkx() -> None:
    src, dst = random_edges(300, 2500, seed=6)
    graph = Graph.from_rows(src, (dst // 3).astype(np.int32), None, np.arange(300))
    hubs, authorities = nx.hits(nx.DiGraph(graph.to_networkx()))
    for kind, theirs in (("hub", hubs), ("authority", authorities)):
        ours = hits(graph, kind=kind).values  # type: ignore[arg-type]
        assert ours / ours.sum() == pytest.approx([theirs[account] for account in graph.ids], abs=1e-9)


# ---------------------------------------------------------------- Katz


def test_katz_by_hand() -> None:
    # No cycle: half of what leads to the account before. v1 = 1 + 1/2, v2 = 1 + v1 / 2.
    assert katz(path(3), attenuation=0.5).values.tolist() == [1, 1.5, 1.75]
    # In a clique of 4 all are alike, and the radius is 3: x = 1 + .5 / 3 * 3 x.
    assert katz(clique(4), attenuation=0.5).values == pytest.approx([2.0] * 4)


@pytest.mark.parametrize("attenuation", [0.2, 0.85])
@few
@given(graph=graphs())
def test_katz_solves_its_equation(attenuation: float, graph: Graph) -> None:
    matrix = dense(graph)
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    keeps = attenuation / (radius if radius > 1e-6 else 1.0)
    wanted = np.linalg.solve(np.eye(graph.n) - keeps * matrix, np.ones(graph.n))
    assert katz(graph, attenuation=attenuation).values == pytest.approx(wanted, rel=1e-5)


def test_katz_equals_networkx_and_finds_a_large_radius() -> None:
    src, dst = random_edges(300, 2500, seed=4)
    graph = Graph.from_rows(src, dst, None, np.arange(300))
    radius = np.abs(np.linalg.eigvals(dense(graph))).max()
    peer = nx.DiGraph(graph.to_networkx())
    wanted = nx.katz_centrality_numpy(peer, alpha=0.85 / radius, normalized=False, weight="weight")
    assert katz(graph).values == pytest.approx([wanted[account] for account in graph.ids], rel=1e-6)


def test_many_small_cycles_have_the_radius_of_the_heaviest() -> None:
    pairs = [(2 * i, 2 * i + 1) for i in range(500)]
    weights = [float(w) for w in np.linspace(1, 3, 500)]
    graph = from_rows(1000, [*pairs, *[(b, a) for a, b in pairs]], weights * 2)
    assert katz(graph, attenuation=0.5).values.max() == pytest.approx(2)  # 1 / (1 - .5) in the heaviest


@few
@given(graphs(weighted=True), st.sampled_from([0.25, 8.0]))
def test_katz_does_not_depend_on_the_unit_of_weights_where_there_are_cycles(graph: Graph, factor: float) -> None:
    assume(np.abs(np.linalg.eigvals(dense(graph))).max() > 0.1)
    assert katz(scaled(graph, factor)).values == pytest.approx(katz(graph).values, rel=1e-4)


# ---------------------------------------------------------------- eigenvector


def test_eigenvector_by_hand() -> None:
    # a <-> b, and b -> c: the pair grows by 1 a step and is alike; c = b / 1. With b -> a of weight 4 the growth is 2:
    # a = 4 b / 2, b = a / 2, c = b / 2.
    pairs = [(0, 1), (1, 0), (1, 2)]
    assert eigenvector(from_rows(4, pairs)).values == pytest.approx([1, 1, 1, 0], abs=1e-9)
    assert eigenvector(from_rows(4, pairs, [1, 4, 1])).values == pytest.approx([1, 0.5, 0.25, 0], abs=1e-9)
    assert eigenvector(from_rows(4, pairs, [1, 4, 1]), weighted=False).values == pytest.approx([1, 1, 1, 0], abs=1e-9)


def test_equally_strong_parts_share_as_from_an_equal_start() -> None:
    # Two pairs apart. In the second, half of what everybody has lies with an onlooker who acts on one of the pair.
    graph = from_rows(5, [(0, 1), (1, 0), (2, 3), (3, 2), (4, 3)])
    # From (1, 1) and the onlooker's 1: along the left vector (1, 1, 1) of the second pair 3 units come together, not 2.
    assert eigenvector(graph).values == pytest.approx([2 / 3, 2 / 3, 1, 1, 0], abs=1e-8)


@pytest.mark.parametrize("weighted", [False, True])
@few
@given(graph=graphs())
def test_eigenvector_solves_its_equation_or_says_why_not(weighted: bool, graph: Graph) -> None:
    matrix = dense(graph) if weighted else (dense(graph) > 0) + 0.0
    if not weighted:
        src, dst, _ = graph.edges()
        matrix[dst, src] = 1
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    try:
        x = eigenvector(graph, weighted=weighted, max_iter=3000).values
    except AnalysisError as error:
        assert "katz" in str(error) if radius < 1e-4 else "did not settle" in str(error)
        return
    assert x.min() >= 0 and x.max() == 1
    assert np.abs(matrix @ x - radius * x).max() <= 1e-5 * radius


@few
@given(graphs(weighted=True), st.sampled_from([0.25, 8.0]))
def test_eigenvector_does_not_depend_on_the_unit_of_weights(graph: Graph, factor: float) -> None:
    try:
        expected = eigenvector(graph, max_iter=1000).values
    except AnalysisError:
        return
    assert eigenvector(scaled(graph, factor), max_iter=1000).values == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_eigenvector_equals_networkx(weighted: bool) -> None:
    src, dst = random_edges(300, 2500, seed=8)
    graph = Graph.from_rows(src, dst, np.random.default_rng(8).integers(1, 9, 2500).astype(np.float32), np.arange(300))
    peer = graph.to_networkx()
    theirs = nx.eigenvector_centrality(peer, max_iter=1000, tol=1e-12, weight="weight" if weighted else None)
    wanted = np.array([theirs[account] for account in graph.ids])
    assert eigenvector(graph, weighted=weighted).values == pytest.approx(wanted / wanted.max(), abs=1e-7)


def test_a_cycle_of_one_length_does_not_swing() -> None:
    ring = from_rows(7, [(i, (i + 1) % 6) for i in range(6)] + [(6, 0)])
    assert eigenvector(ring).values == pytest.approx([1, 1, 1, 1, 1, 1, 0], abs=1e-8)


@pytest.mark.parametrize("graph", [path(4), from_rows(3, [(0, 1), (1, 0)], [1.0, 0.0]), from_rows(2, [])])
def test_without_cycles_there_is_no_eigenvector(graph: Graph) -> None:
    with pytest.raises(AnalysisError, match=r"leads back .* ask for katz"):
        eigenvector(graph)


def test_an_eigenvector_that_has_not_settled_is_refused() -> None:
    # The first pair acts on the second, which is just as strong: its lead grows for ever, ever more slowly.
    two = from_rows(4, [(0, 1), (1, 0), (1, 2), (2, 3), (3, 2)])
    with pytest.raises(AnalysisError, match="did not settle in 500 steps"):
        eigenvector(two, max_iter=500)


# ---------------------------------------------------------------- LeaderRank


def test_leader_rank_by_hand() -> None:
    # Two fans and a star. g: ground. fan = g/3, star = g/3 + 2 (fan/2), g = 2 (fan/2) + star: fan 1, star 2, g 3 of 6;
    # times 3/6 it is 1/2, 1, 3/2, and g is shared by three: 1, 1, 1.5 -- of a total of 3 * (1/2 + 1/2 + 1 + 3/2) / 3.5.
    got = leader_rank(star(2)).frame()["leader_rank"].to_dict()
    assert got == pytest.approx({"hub": 9 / 7, "leaf0": 6 / 7, "leaf1": 6 / 7})


@few
@given(graphs(), st.booleans())
def test_leader_rank_is_the_stationary_walk(graph: Graph, weighted: bool) -> None:
    matrix = dense(graph)
    if not weighted:
        src, dst, _ = graph.edges()
        matrix[dst, src] = 1
    n = graph.n
    full = np.zeros((n + 1, n + 1))
    full[:n, :n], full[:n, n], full[n, :n] = matrix, 1, 1
    walk = full / full.sum(axis=0)
    equations = np.vstack([walk - np.eye(n + 1), np.ones(n + 1)])
    x = np.linalg.lstsq(equations, np.append(np.zeros(n + 1), n), rcond=None)[0]
    assert leader_rank(graph, weighted=weighted).values == pytest.approx(x[:n] + x[n] / n, abs=1e-6)


@few
@given(graphs())
def test_leader_rank_adds_up_to_the_number_of_accounts(graph: Graph) -> None:
    assert leader_rank(graph).values.sum() == pytest.approx(graph.n)


# ---------------------------------------------------------------- planted


@pytest.mark.parametrize("measure", [katz, leader_rank, lambda g: eigenvector(tied_back(g))])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_two_stars_with_as_many_fans_the_one_with_the_better_fans_is_first(measure, seed: int) -> None:
    assert measure(planted(seed)).values[:2].argmax() == 0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda g: hits(g, kind="star"), UnknownName, "star"),
        (lambda g: eigenvector(g, tol=0.0), InputError, "tol must be above 0, not 0.0"),
        (lambda g: eigenvector(g, max_iter=0), InputError, "max_iter must be at least 1, not 0"),
        (lambda g: katz(g, attenuation=1.0), InputError, r"attenuation must lie in \(0, 1\), not 1.0"),
    ],
)
def test_a_wrong_option_is_told(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call(path(3))
