"""Closeness and betweenness: by hand, by law, against networkx and igraph, and where the truth is planted."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.centrality import betweenness, harmonic
from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.kernels.harmonic import harmonic_estimates, harmonic_exact
from tests.worlds.graphs import clique, from_rows, graphs, path, random_edges, star

few = settings(max_examples=40, deadline=None)


def bridge(side: int) -> Graph:
    """Two cliques of mutual follows; only one account of each, the last and the first, follow each other."""
    one = [(i, j) for i in range(side) for j in range(side) if i != j]
    two = [(side + i, side + j) for i, j in one]
    return from_rows(2 * side, [*one, *two, (side - 1, side), (side, side - 1)])


def skewed(n: int, m: int, seed: int) -> Graph:
    """A few accounts that many follow, isolates among the rest."""
    src, dst = random_edges(n, m, seed)
    return Graph.from_rows(src, (dst.astype(float) ** 2 / n).astype(np.int32), None, np.arange(n))


# ---------------------------------------------------------------- harmonic


def test_harmonic_by_hand() -> None:
    # 1 -> 2 and 2 -> 3 are steps towards 3: 1 + 1/2. A loop at 3 and a second edge 1 -> 2 add nothing; 4 is alone.
    got = harmonic(from_rows(5, [(1, 2), (1, 2), (2, 3), (3, 3), (0, 1)])).values
    assert got.tolist() == pytest.approx([0, 1, 1.5, 1 + 1 / 2 + 1 / 3, 0])
    assert harmonic(star(5)).frame()["harmonic"].to_dict() == {"hub": 5} | {f"leaf{i}": 0 for i in range(5)}
    assert set(harmonic(clique(6)).values) == {5}


def test_a_graph_without_edges_or_accounts() -> None:
    nobody = np.empty(0, np.int64)
    assert harmonic(Graph.from_edges(nobody, nobody)).values.size == 0
    alone = from_rows(70, [])
    assert harmonic(alone, exact=40).values.tolist() == [0] * 70


@few
@given(graphs(max_n=16))
def test_harmonic_equals_networkx(graph: Graph) -> None:
    peer = nx.harmonic_centrality(nx.DiGraph(graph.to_networkx()))
    assert harmonic(graph).values == pytest.approx(np.array([peer[account] for account in graph.ids]))


@pytest.mark.parametrize("n", [63, 64, 65, 130])
def test_rows_measured_together_do_not_mix(n: int) -> None:
    graph = skewed(n, 4 * n, seed=n)
    peer = np.array(graph.to_igraph().harmonic_centrality(mode="in", normalized=False))
    ptr, idx, _ = graph.incoming
    assert harmonic_exact(ptr, idx, np.arange(n)) == pytest.approx(peer)
    some = np.array([n - 1, 3, 17])
    assert harmonic_exact(ptr, idx, some) == pytest.approx(peer[some])


@few
@given(graphs(), st.data())
def test_one_more_edge_brings_nobody_further_away(graph: Graph, data: st.DataObject) -> None:
    a, b = (data.draw(st.integers(0, graph.n - 1)) for _ in range(2))
    src, dst, _ = graph.edges()
    more = from_rows(graph.n, [*zip(src.tolist(), dst.tolist(), strict=True), (a, b)])
    assert (harmonic(more).values >= harmonic(graph).values - 1e-12).all()


def test_estimates_are_right_in_the_middle_and_their_intervals_hold() -> None:
    graph = skewed(6000, 40_000, seed=5)
    true = harmonic(graph, exact=graph.n).values
    off, held, guessed = [], 0, 0
    for seed in range(8):
        got = harmonic(graph, exact=300, seed=seed)
        rows = got.low < got.high
        assert (got.low <= got.values).all() and (got.values <= got.high).all()
        assert np.array_equal(got.values[~rows], true[~rows])
        held += int(((got.low <= true) & (true <= got.high))[rows].sum())
        guessed += int(rows.sum())
        off.append(np.median(np.abs(got.values[rows] / true[rows] - 1)))
        best = set(np.argsort(-true, kind="stable")[:100])
        assert len(best & set(np.argsort(-got.values, kind="stable")[:100])) >= 99
    assert 0.93 <= held / guessed <= 0.98
    assert np.median(off) < 0.02


def test_estimates_repeat_and_depend_on_the_seed() -> None:
    ptr, idx, _ = skewed(2000, 9000, seed=2).incoming
    once, again, other = (harmonic_estimates(ptr, idx, 32, seed) for seed in (1, 1, 2))
    assert once.tobytes() == again.tobytes() != other.tobytes()


def test_more_registers_err_less() -> None:
    graph = skewed(3000, 20_000, seed=1)
    ptr, idx, _ = graph.incoming
    true = harmonic(graph, exact=graph.n).values
    error = [
        np.mean([np.abs(harmonic_estimates(ptr, idx, r, s)[true > 0] / true[true > 0] - 1).mean() for s in range(6)])
        for r in (16, 256)
    ]
    assert error[1] < error[0] / 2


# ---------------------------------------------------------------- betweenness


def test_betweenness_by_hand() -> None:
    # On a path of five, 1, 2 and 3 lie on the paths of 1 * 3, 2 * 2 and 3 * 1 pairs.
    assert betweenness(path(5)).values.tolist() == [0, 3, 4, 3, 0]
    assert set(betweenness(clique(5)).values) == {0}


@few
@given(graphs())
def test_betweenness_equals_networkx(graph: Graph) -> None:
    peer = nx.betweenness_centrality(nx.DiGraph(graph.to_networkx()), normalized=False)
    assert betweenness(graph).values == pytest.approx(np.array([peer[account] for account in graph.ids]), abs=1e-9)


def test_who_bridges_two_groups_is_found_exactly_and_from_a_sample() -> None:
    graph = bridge(30)
    assert set(betweenness(graph).top(2).index) == {"v29", "v30"}
    assert set(betweenness(graph, sources=30).top(2).index) == {"v29", "v30"}


def test_a_sample_of_sources_has_intervals_that_hold() -> None:
    graph = skewed(600, 3000, seed=4)
    true = betweenness(graph).values
    rows = np.argsort(-true)[:100]  # through which paths of many sources lead
    held = []
    for seed in range(12):
        got = betweenness(graph, sources=200, seed=seed)
        assert (got.low <= got.values).all() and (got.values <= got.high).all()
        held.append(((got.low <= true) & (true <= got.high))[rows].mean())
    assert 0.9 <= np.mean(held) <= 0.99
    assert betweenness(graph, sources=600).values == pytest.approx(true)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda g: harmonic(g, exact=39), "exact must be at least 40, not 39"),
        (lambda g: harmonic(g, registers=48), "registers must be a power of 2 from 16 to 4096, not 48"),
        (lambda g: betweenness(g, sources=19), "sources must be at least 20, not 19"),
    ],
)
def test_a_wrong_option_is_told(call, words) -> None:
    with pytest.raises(InputError, match=words):
        call(path(3))
