"""Pairs that share more than chance: by hand, laws of the null, a solver of scipy, what is planted, real reposts."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import root
from scipy.stats import false_discovery_control, poisson

from kolgraph.errors import AnalysisError, InputError, LimitError
from kolgraph.rings import validated_pairs
from kolgraph.rings.validated import solve

RUSSIAN = Path(__file__).parents[3] / "shared" / "data" / "rings" / "russian_coord_tweets.csv.gz"
EDGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), min_size=1, max_size=35)


def null(graph: np.ndarray) -> np.ndarray:
    """The chance of every edge of a matrix of 0 and 1."""
    d, which_d, n = np.unique(graph.sum(1), return_inverse=True, return_counts=True)
    e, which_e, m = np.unique(graph.sum(0), return_inverse=True, return_counts=True)
    return solve(d, n, e, m)[np.ix_(which_d, which_e)]


def matrix(edges) -> np.ndarray:
    """Without empty rows and columns, as every graph is that is given as edges."""
    graph = np.zeros((7, 6), int)
    for u, j in edges:
        graph[u, j] = 1
    return graph[graph.any(1)][:, graph.any(0)]


def random_graph(rng, users=1000, items=1500, level=-3.2, spread=1.0) -> np.ndarray:
    x, y = rng.lognormal(level, spread, users), rng.lognormal(level, spread, items)
    odds = np.outer(x, y)
    return (rng.random(odds.shape) < odds / (1 + odds)).astype(int)


def test_by_hand() -> None:
    # Two users with one item each, of two items: every edge has the chance 1/2, and they share 2 * 1/4 items by chance.
    assert null(np.eye(2)) == pytest.approx(np.full((2, 2), 0.5))
    found = validated_pairs([0, 1, 2, 3, 0, 1], [0, 1, 2, 3, 4, 4], alpha=1.0)
    # Degrees 2, 2, 1, 1 over items of degrees 1, 1, 1, 1, 2: whatever the chances, one pair shares one item.
    assert (found.u.tolist(), found.v.tolist(), found.shared.tolist()) == ([0], [1], [1])
    graph = np.zeros((4, 5))
    graph[[0, 1, 2, 3, 0, 1], [0, 1, 2, 3, 4, 4]] = 1
    chance = null(graph)
    assert found.expected[0] == pytest.approx(chance[0] @ chance[1])
    assert found.p[0] == pytest.approx(1 - np.exp(-chance[0] @ chance[1]))
    assert found.q[0] == min(1.0, found.p[0] * 6)  # six pairs of four users


@settings(max_examples=100)
@given(EDGES)
def test_expected_degrees_are_the_degrees(edges) -> None:
    # Among them users with every item, graphs that are the only ones with their degrees, and single edges.
    graph = matrix(edges)
    chance = null(graph)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert np.abs(chance.sum(1) - graph.sum(1)).max() < 1e-6
    assert np.abs(chance.sum(0) - graph.sum(0)).max() < 1e-6


def test_the_null_is_that_of_another_solver() -> None:
    graph = random_graph(np.random.default_rng(3), 40, 25, -1.0)
    graph = graph[graph.any(1)][:, graph.any(0)]
    d, e = graph.sum(1), graph.sum(0)

    def off(z):
        p = 1 / (1 + np.exp(-z[: d.size, None] - z[d.size :]))
        return np.r_[p.sum(1) - d, p.sum(0) - e + 1e-12 * z[d.size :]]

    found = root(off, np.zeros(d.size + e.size), method="lm", options={"xtol": 1e-14})
    z = found.x
    assert null(graph) == pytest.approx(1 / (1 + np.exp(-z[: d.size, None] - z[d.size :])), abs=1e-6)


@pytest.mark.parametrize("alpha", [0.05, 0.5, 1.0])
def test_pairs_are_those_that_every_pair_of_users_gives(alpha) -> None:
    graph = random_graph(np.random.default_rng(4), 60, 80, -1.5)
    graph[:2, :12] = 1
    used = np.flatnonzero(graph.any(1))
    chance = null(graph[used][:, graph.any(0)])
    shared = graph[used] @ graph[used].T
    mean = chance @ chance.T
    a, b = np.triu_indices(used.size, 1)
    p = np.where(shared[a, b] > 0, poisson.sf(shared[a, b] - 1, mean[a, b]), 1.0)
    q = false_discovery_control(p)
    come_in = (q <= alpha) & (shared[a, b] > 0)
    found = validated_pairs(*np.nonzero(graph), alpha=alpha)
    got = dict(zip(zip(found.u.tolist(), found.v.tolist(), strict=True), found.q.tolist(), strict=True))
    assert got == {
        (int(used[i]), int(used[j])): pytest.approx(value)
        for i, j, value in zip(a[come_in], b[come_in], q[come_in], strict=True)
    }
    assert (np.diff(found.p) >= 0).all()


def test_chance_is_not_validated_and_what_is_planted_is() -> None:
    found, planted = 0, 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        graph = random_graph(rng)
        found += validated_pairs(*np.nonzero(graph)).u.size
        clients = rng.choice(np.flatnonzero(graph.sum(0) < 10), 20, replace=False)
        ring = np.ix_(rng.choice(1000, 12, replace=False), clients)
        graph[ring] |= rng.random((12, 20)) < 0.7
        pairs = validated_pairs(*np.nonzero(graph))
        inside = np.isin(pairs.u, ring[0]) & np.isin(pairs.v, ring[0])
        assert inside.mean() > 0.9
        planted += inside.sum()
    assert found <= 2  # at most one draw in twenty has one: Poisson errs towards chance
    assert planted > 0.5 * 5 * 66


def test_items_of_everybody_are_left_out_of_both_sides_and_told() -> None:
    rng = np.random.default_rng(2)
    user, item = np.nonzero(random_graph(rng, 200, 150, -1.5, 0.5))
    crowd = np.arange(200)
    with_hub = np.r_[user, crowd, crowd[:190]], np.r_[item, np.full(200, 999), np.full(190, 1000)]
    found = validated_pairs(*with_hub, alpha=1.0, max_users=150)
    assert found.items_left_out.tolist() == [999, 1000]
    every = validated_pairs(*with_hub, alpha=1.0)
    assert every.items_left_out.size == 0
    assert every.u.size == 200 * 199 // 2  # all share the one
    pairs = {(u, v): s for u, v, s in zip(found.u.tolist(), found.v.tolist(), found.shared.tolist(), strict=True)}
    graph = np.zeros((200, 150), int)
    graph[user, item] = 1
    shared = np.triu(graph @ graph.T, 1)
    assert pairs == {(int(u), int(v)): shared[u, v] for u, v in zip(*np.nonzero(shared), strict=True)}
    full = np.c_[graph, np.ones(200, int), np.arange(200) < 190]
    chance = null(full[:, full.any(0)])[:, :-2]  # the null holds the degrees of the two, which count on neither side
    assert found.expected == pytest.approx((chance[found.u] * chance[found.v]).sum(1))
    with pytest.raises(LimitError, match="more than 5 pairs: lower alpha or max_users"):
        validated_pairs(*with_hub, alpha=1.0, max_pairs=5)


def test_what_cannot_be_is_refused() -> None:
    for user, item, words in [([0], [0, 1], "equally long"), ([-1], [0], "row numbers"), ([0.5], [0], "row numbers")]:
        with pytest.raises(InputError, match=words):
            validated_pairs(user, item)
    with pytest.raises(InputError, match=r"alpha=0"):
        validated_pairs([0], [0], alpha=0)
    assert validated_pairs([], []).u.size == 0
    assert validated_pairs([7], [9], alpha=1.0).u.size == 0
    with pytest.raises(AnalysisError, match="has no solution"):
        solve(np.array([2]), np.array([3]), np.array([3]), np.array([3]))  # six edges are not nine


@pytest.mark.realdata
def test_real_reposts_hold_the_pairs_that_bicm_validates() -> None:
    if not RUSSIAN.exists():
        pytest.skip(f"{RUSSIAN.name} is not there")
    with gzip.open(RUSSIAN, "rt") as file:
        table = pd.read_csv(file)
    user, item = (pd.factorize(table[name])[0] for name in ("account_id", "object_id"))
    found = validated_pairs(user, item)
    assert (
        found.u.size == 41
    )  # of 1,782,528 that share something; `bicm` 3.4 names the same (tests/bench/coordination.py)
    assert found.p[-1] == pytest.approx(4.42776e-8, rel=1e-4)
