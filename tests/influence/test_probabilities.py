"""Probabilities of forwarding: by hand, by law, by brute force over the strength, and as they were planted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence import learn_probabilities
from tests.worlds.graphs import from_rows, graphs, star


def test_by_hand() -> None:
    # Two followers of v0, who posted 10 times; v1 follows v3 as well, who never posted. 6 of the posts were forwarded,
    # and 10 * (1/2 + 1) are what the weighted cascade expects: scale .4, priors .2, .4 and .2.
    graph = from_rows(4, [(1, 0), (2, 0), (1, 3)])
    found = learn_probabilities(graph, [1, 2], [0, 0], [2, 4], [10, 0, 0, 0])
    assert found.scale == pytest.approx(0.4)
    assert found.observed == pytest.approx(2 / 3)
    p = {(int(a), int(b)): float(w) for a, b, w in zip(*found.graph.edges(), strict=True)}
    s = found.strength
    assert p[1, 0] == pytest.approx((s * 0.2 + 2) / (s + 10))
    assert p[2, 0] == pytest.approx((s * 0.4 + 4) / (s + 10))
    assert p[1, 3] == pytest.approx(0.2)  # no evidence: the prior


def test_without_reposts_it_is_the_weighted_cascade() -> None:
    graph = from_rows(4, [(1, 0), (2, 0), (1, 3)])
    found = learn_probabilities(graph, [], [], [], [5, 0, 0, 0])
    assert found.graph.incoming.weights.tolist() == pytest.approx([0.5, 1, 0.5])
    assert (found.scale, found.strength) == (1, np.inf)


def test_what_fakes_are_paid_for_says_nothing_of_others() -> None:
    graph = from_rows(5, [(1, 0), (2, 0), (3, 0), (4, 0)])
    posts = [20, 0, 0, 0, 0]
    honest = learn_probabilities(from_rows(5, [(1, 0), (2, 0)]), [1], [0], [5], posts)
    found = learn_probabilities(graph, [1, 3, 4], [0] * 3, [5, 20, 20], posts, fake=[False] * 3 + [True] * 2)
    assert (found.scale, found.strength) == (honest.scale, honest.strength)
    assert found.graph.incoming.weights[:2].tolist() == honest.graph.incoming.weights.tolist()
    assert found.graph.incoming.weights[2:].tolist() == [1, 1]


def test_whoever_forwards_without_following_gets_an_edge() -> None:
    found = learn_probabilities(star(2), [2], [0], [1], [3, 0, 0])
    assert found.graph.m == 3
    assert len(found.graph) == 3


@settings(max_examples=60, deadline=None)
@given(graphs(), st.data())
def test_laws(graph: Graph, data: st.DataObject) -> None:
    row = st.integers(0, graph.n - 1)
    pairs = data.draw(st.lists(st.tuples(row, row, st.integers(0, 5)), max_size=12))
    posts = np.array(data.draw(st.lists(st.integers(0, 9), min_size=graph.n, max_size=graph.n)))
    src, dst, taken = (np.array([pair[i] for pair in pairs], int) for i in range(3))
    found = learn_probabilities(graph, src, dst, taken, posts)
    p = found.graph.incoming.weights
    assert ((p >= 0) & (p <= 1)).all()
    edges = set(zip(*(rows.tolist() for rows in graph.edges()[:2]), strict=True))
    took: Counter[tuple[int, int]] = Counter()
    for a, b, k in pairs:
        took[a, b] += k * (a != b)
    known = {b for a, b in edges if a != b}
    edges |= {(a, b) for (a, b), k in took.items() if k > 1 or (k and b not in known)}
    assert set(zip(*(rows.tolist() for rows in found.graph.edges()[:2]), strict=True)) == edges
    order = np.random.default_rng(1).permutation(src.size)
    again = learn_probabilities(graph, src[order], dst[order], taken[order], posts)
    assert again.graph.fingerprint == found.graph.fingerprint  # the order of the evidence is nothing
    if taken.sum():
        more = learn_probabilities(graph, src, dst, taken, posts + 1000)
        assert more.graph.incoming.weights.sum() <= p.sum() + 1e-6  # more posts that nobody took


def test_the_strength_is_the_most_likely_one() -> None:
    rng = np.random.default_rng(4)
    n, a = 3000, 3.0
    truth = rng.beta(a * 0.2, a * 0.8, n)  # of strength 3
    posts = rng.integers(5, 60, n)
    taken = rng.binomial(posts, truth)
    graph = from_rows(2 * n, [(n + v, v) for v in range(n)])
    found = learn_probabilities(graph, np.arange(n, 2 * n), np.arange(n), taken, np.concatenate([posts, np.zeros(n)]))
    mean = found.scale

    def likely(s: float) -> float:
        return float(betabinom.logpmf(taken, posts, s * mean, s * (1 - mean)).sum())

    assert likely(found.strength) >= max(map(likely, np.geomspace(0.1, 1e4, 60)))
    assert 2.4 < found.strength < 3.7


def test_planted_probabilities_are_found_and_beat_both_extremes() -> None:
    rng = np.random.default_rng(9)
    n, m = 400, 6000
    src, dst = rng.integers(0, n, m).astype(np.int32), rng.integers(0, n, m).astype(np.int32)
    graph = Graph.from_rows(src, dst, None, np.arange(n))
    src, dst, _ = graph.edges()
    prior = 0.3 / graph.outgoing.degree[src]
    truth = rng.beta(20 * prior, 20 * (1 - prior))
    posts = rng.integers(0, 40, n)
    taken = rng.binomial(posts[dst], truth)
    found = learn_probabilities(graph, src, dst, taken, posts)
    assert found.scale == pytest.approx(0.3, rel=0.1)
    learnt = np.asarray(found.graph.incoming.weights, float)
    frequency = np.divide(taken, posts[dst], out=np.zeros(graph.m), where=posts[dst] > 0)

    def error(p: np.ndarray) -> float:
        return float(((p - truth) ** 2).mean())

    assert error(learnt) < 0.9 * min(error(prior), error(frequency))


@pytest.mark.parametrize(
    ("src", "taken", "posts", "message"),
    [
        ([9], [1], [1, 1, 1], "row numbers"),
        ([1], [1, 2], [1, 1, 1], "equally long"),
        ([1], [-1], [1, 1, 1], ">= 0"),
        ([1], [1], [1, np.nan, 1], ">= 0"),
        ([1], [1], [1, 1], "posts and fake must be 3"),
    ],
)
def test_wrong_evidence_is_refused(src, taken, posts, message) -> None:
    with pytest.raises(InputError, match=message):
        learn_probabilities(star(2), src, [0], taken, posts)
