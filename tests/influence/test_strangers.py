"""Two channels of reposts, by hand, by law, against scipy, and as they were planted: up to 10,000 strangers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, optimize, stats

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence import Probabilities, Rates, learn_probabilities
from kolgraph.influence.rates import bursts, rates
from kolgraph.influence.returning import returning
from kolgraph.synth import World, make_world
from tests.worlds.graphs import from_rows, graphs

F64 = NDArray[np.float64]


def weights(found: Probabilities) -> dict[tuple[int, int], float]:
    return {(int(a), int(b)): float(w) for a, b, w in zip(*found.graph.edges(), strict=True)}


def of_world(world: World) -> tuple[Probabilities, Graph, pd.Series]:
    """What is learnt from all follows and reposts of a world, and the rows of its accounts."""
    ids = world.accounts["account"].to_numpy(object)
    rows = pd.Series(np.arange(ids.size, dtype=np.int32), index=ids)
    src, dst = (rows[world.follows[name]].to_numpy() for name in ("src", "dst"))
    graph = Graph.from_rows(src, dst, None, ids)
    tree = world.truth["cascades"]
    who, whom = (rows[tree[name]].to_numpy() for name in ("account", "parent_account"))
    own = np.bincount(rows[world.posts["author"]], minlength=ids.size)
    found = learn_probabilities(
        graph,
        who,
        whom,
        np.ones(who.size),
        own + np.bincount(who, minlength=ids.size),
        post=pd.factorize(tree["parent_post"])[0],
        original=tree["parent_post"] == tree["root"],
        originals=own,
        fake=~world.truth["real"]["is_real"],
    )
    return found, graph, rows


def held(found: Rates, truth: F64, rows: Any = slice(None)) -> float:
    return float(((found.low <= truth) & (truth <= found.high))[rows].mean())


# ------------------------------------------------------------------ by hand


def test_a_stranger_is_no_evidence_of_followers() -> None:
    # As in test_by_hand of the probabilities: scale .4, priors .2 and .4. v4 and v5 do not follow v0.
    graph = from_rows(6, [(1, 0), (2, 0), (1, 3)])
    posts = [10, 0, 0, 0, 0, 0]
    alone = learn_probabilities(graph, [1, 2], [0, 0], [2, 4], posts)
    found = learn_probabilities(graph, [1, 4, 2, 5, 4], [0, 0, 0, 0, 0], [2, 3, 4, 1, 4], posts)
    assert (found.scale, found.strength) == (alone.scale, alone.strength) == (pytest.approx(0.4), alone.strength)
    told = weights(found)
    p = told.pop((4, 0))
    assert told == weights(alone)  # v5 came once: no edge
    # Both counted together: 7 of 10, and 1 of 10.
    again = returning([7, 1], [10, 10])
    assert p == pytest.approx(again[0])
    assert 0.3 < p < 0.9
    assert found.again == again[1] < 0.02
    assert found.strange.tolist() == [a == 4 for a, _ in weights(found)]
    # v0 alone is known to the rates: its own counts are all there is.
    assert found.strangers.values[0] == pytest.approx(0.8, rel=0.02)
    assert found.followers.values[0] == pytest.approx(0.6, rel=0.02)
    assert np.isnan(found.strangers.values[1:]).all()
    assert np.isnan(found.followers.values[1:]).all()


def test_whoever_nobody_follows_is_passed_on_by_those_who_came() -> None:
    graph = from_rows(5, [(1, 0), (2, 0)])
    found = learn_probabilities(graph, [1, 3, 4], [0, 2, 2], [1, 1, 1], [4, 0, 4, 0, 0])
    assert weights(found).keys() == {(1, 0), (2, 0), (3, 2), (4, 2)}
    assert np.isnan(found.strangers.values[2])  # its followers are not known, strangers are not told from them


def test_strangers_of_a_ring_are_learnt_apart() -> None:
    graph = from_rows(6, [(1, 0), (5, 0)])
    posts = [20, 0, 0, 0, 0, 0]
    fake = [False, False, False, True, True, True]
    src, taken = [1, 2, 3, 4, 5], [5, 2, 20, 20, 20]
    found = learn_probabilities(graph, src, [0] * 5, taken, posts, fake=fake)
    honest = learn_probabilities(from_rows(6, [(1, 0)]), [1, 2], [0, 0], [5, 2], posts)
    told, expected = weights(found), weights(honest)
    assert {pair: told[pair] for pair in expected} == expected
    assert told[3, 0] == told[4, 0] > 0.9
    for name in ("values", "low", "high"):
        for channel in ("followers", "strangers"):
            one, other = (getattr(getattr(of, channel), name) for of in (found, honest))
            assert one == pytest.approx(other, nan_ok=True)
    assert (found.scale, found.strength) == (honest.scale, honest.strength)


def test_where_no_follow_is_known_nobody_is_a_stranger() -> None:
    bare, graph = from_rows(4, [(0, 0)]), from_rows(4, [(0, 0), (1, 0), (2, 0), (3, 1)])
    seen: Any = ([1, 2, 3], [0, 0, 1], [2, 1, 1], [5, 2, 1, 1])
    found, known = (learn_probabilities(of, *seen) for of in (bare, graph))
    assert weights(found) == weights(known)
    assert (found.scale, found.strength) == (known.scale, known.strength)
    assert not found.strange.any()
    assert np.isnan(found.strangers.values).all()
    assert np.isfinite(known.strangers.values[:2]).all()
    sampled = learn_probabilities(graph, *seen, followings=[np.nan] * 4)
    assert np.isnan(sampled.strangers.values).all()


def test_what_was_not_loaded_is_not_known() -> None:
    graph = from_rows(3, [(1, 0), (2, 1)])
    found = learn_probabilities(graph, [], [], [], [5, 5, 5])  # posts, and no repost of any
    assert not found.known
    assert found.along(graph) == (graph, False)
    for channel in (found.followers, found.strangers):
        assert np.isnan([channel.values, channel.low, channel.high]).all()
    found = learn_probabilities(graph, [2, 2], [0, 0], [1, 1], [5, 5, 5])  # of strangers only
    assert found.scale == 1
    assert np.isnan(found.followers.values).all()
    assert found.strangers.values[0] > found.strangers.values[1] > 0
    assert found.along(graph) == (found.graph, True)


def test_only_own_posts_are_in_the_rates() -> None:
    graph = from_rows(5, [(1, 0), (2, 0)])
    # v0 wrote 4 posts, of which strangers took two, and reposted 6, of one of which they took three.
    src, dst = [1, 3, 3, 3, 4, 2], [0] * 6
    found = learn_probabilities(
        graph, src, dst, [1] * 6, [10, 0, 0, 0, 0], post=[7, 7, 8, 9, 9, 9],
        original=[True, True, True, False, False, False], originals=[4, 0, 0, 0, 0],
    )  # fmt: skip
    assert found.strangers.values[0] == pytest.approx(2 / 4, rel=0.15)
    assert found.followers.values[0] == pytest.approx(1 / 4, rel=0.15)
    assert (4, 0) not in weights(found)
    with pytest.raises(InputError, match="as long as src"):
        learn_probabilities(graph, src, dst, [1] * 6, [10, 0, 0, 0, 0], post=[1])
    with pytest.raises(InputError, match="originals as posts"):
        learn_probabilities(graph, src, dst, [1] * 6, [10, 0, 0, 0, 0], originals=[1])


# ------------------------------------------------------------------ laws


@settings(max_examples=30, deadline=None)
@given(graphs(), st.data())
def test_laws(graph: Graph, data: st.DataObject) -> None:
    row = st.integers(0, graph.n - 1)
    edges = set(zip(*(rows.tolist() for rows in graph.edges()[:2]), strict=True))
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(sorted(edges)), st.integers(1, 5)), max_size=8))
    others = [(a, b) for a in range(graph.n) for b in range(graph.n) if (a, b) not in edges]
    more = data.draw(st.lists(st.tuples(st.sampled_from(others), st.integers(1, 5)), max_size=8))
    posts = np.array(data.draw(st.lists(st.integers(0, 9), min_size=graph.n, max_size=graph.n)))
    fake = np.zeros(graph.n, bool)
    fake[data.draw(row)] = True

    def learn(rows: list[tuple[tuple[int, int], int]]) -> Probabilities:
        src, dst = (np.array([pair[i] for pair, _ in rows], int) for i in range(2))
        return learn_probabilities(graph, src, dst, [k for _, k in rows], posts, post=range(len(rows)), fake=fake)

    alone, found = learn(pairs), learn(pairs + more)
    # Strangers change nothing of the followers.
    assert (found.scale, found.strength, found.observed) == (alone.scale, alone.strength, alone.observed)
    told = weights(found)
    assert {pair: told[pair] for pair in edges} == weights(alone)
    assert {pair for pair, strange in zip(told, found.strange, strict=True) if strange} == told.keys() - edges
    assert all(0 <= p <= 1 for p in told.values())
    # Nobody without posts gets a number, and no interval is empty.
    for channel in (found.followers, found.strangers):
        assert np.isnan(channel.values[posts == 0]).all()
        known = ~np.isnan(channel.values)
        assert (channel.low[known] >= 0).all()
        assert (channel.low[known] <= channel.values[known]).all()
        assert (channel.values[known] < channel.high[known]).all()
    np.testing.assert_array_equal(found.followers.values, alone.followers.values)
    # The order of the rows is nothing.
    again = learn((pairs + more)[::-1])
    assert again.graph.fingerprint == found.graph.fingerprint
    np.testing.assert_array_equal(again.strangers.high, found.strangers.high)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12)), min_size=1, max_size=12))
def test_who_came_more_often_is_likelier_to_come_again(pairs: list[tuple[int, int]]) -> None:
    taken, posts = np.array([k for k, _ in pairs]), np.array([k + more for k, more in pairs])
    chance = returning(taken, posts)
    assert ((chance > 0) & (chance <= 1)).all()
    for i in range(taken.size):
        for j in range(taken.size):
            if taken[i] >= taken[j] and posts[i] <= posts[j]:
                assert chance[i] >= chance[j] * (1 - 1e-9)


def test_wrong_counts_are_refused() -> None:
    for taken, posts in (([0], [3]), ([4], [3]), ([1, 1], [3])):
        with pytest.raises(InputError):
            returning(taken, posts)
    for events, posts in (([-1.0], [3]), ([1.0], [np.inf]), ([1.0, 2.0], [3])):
        with pytest.raises(InputError):
            rates(events, posts)
    assert returning([], []).size == rates([], []).values.size == 0


# ------------------------------------------------------------------ against scipy


def test_the_chance_to_return_is_the_posterior_mean_of_the_most_likely_mixture() -> None:
    from kolgraph.influence.returning import _CHANCES, _PRIOR

    rng = np.random.default_rng(3)
    posts = rng.integers(2, 12, 200)
    taken = rng.binomial(posts, np.where(rng.random(200) < 0.3, 0.5, 0.05))
    posts, taken = posts[taken > 0], taken[taken > 0]
    some = _CHANCES[:-1]  # of a certain one scipy makes 0 / 0
    likely = stats.binom.pmf(taken[:, None], posts[:, None], some) / stats.binom.sf(0, posts[:, None], some)

    def loss(at: F64) -> float:
        share = np.exp(at - at.max())
        share /= share.sum()
        return -float(np.log(likely @ share).sum() + _PRIOR[:-1] @ np.log(share))

    best = optimize.minimize(loss, np.log(_PRIOR[:-1]), method="L-BFGS-B", options={"maxiter": 3000, "maxfun": 10**6})
    share = np.exp(best.x - best.x.max())
    expected = (likely * share) @ some / (likely @ share)
    assert returning(taken, posts) == pytest.approx(expected, rel=0.03)


def test_a_posterior_of_rates_is_the_integral() -> None:
    d, n, burst = np.array([0.0, 3.0, 12.0, 60.0]), np.array([2.0, 4.0, 3.0, 20.0]), 0.8
    found = rates(d, n, burst=burst)

    def prior(strength: float, mean: float) -> Any:
        return stats.betaprime(strength * mean, 1 + strength * burst, scale=burst)

    def joint(rate: float, i: int, of: Any) -> float:
        size = n[i] * burst
        return float(stats.nbinom.pmf(d[i], size, size / (size + n[i] * rate)) * of.pdf(rate))

    def marginal(i: int, of: Any, stop: float = np.inf) -> float:
        return float(integrate.quad(joint, 0, stop, args=(i, of), limit=200)[0])

    # Strength and mean, back from two of the posterior means: (s m + d) / (s + n).
    (a, b), (x, y) = found.values[[1, 3]], (1, 3)
    strength, mean = np.linalg.solve([[a, -1], [b, -1]], [d[x] - a * n[x], d[y] - b * n[y]])
    mean /= strength
    of = prior(strength, mean)
    for i in range(4):
        assert found.values[i] == pytest.approx((strength * mean + d[i]) / (strength + n[i]), rel=1e-6)
        total = marginal(i, of)
        assert marginal(i, of, found.high[i]) / total == pytest.approx(0.975, abs=1e-4)
        if d[i]:
            assert marginal(i, of, found.low[i]) / total == pytest.approx(0.025, abs=1e-4)


def test_how_posts_differ_is_most_likely_by_the_dirichlet_multinomial() -> None:
    rng = np.random.default_rng(5)
    posts = rng.integers(1, 9, 300)
    author = np.repeat(np.arange(300), posts)
    count = rng.poisson(rng.lognormal(1, 1, 300)[author] * rng.gamma(0.7, 1 / 0.7, author.size))
    found = bursts(count[count > 0], author[count > 0], posts)

    def likely(size: float) -> float:
        of = [count[author == v] for v in range(300)]
        told = [stats.dirichlet_multinomial.logpmf(c, [size] * c.size, c.sum()) for c in of if c.size > 1 and c.any()]
        return float(sum(told)) - (np.log(size) / 2.0) ** 2 / 2

    assert likely(found) >= max(map(likely, (found * 0.97, found * 1.03)))
    assert 0.6 < found < 0.82


# ------------------------------------------------------------------ as planted


@pytest.mark.parametrize("strangers", [0, 1_000, 10_000])
def test_planted_strangers_leave_the_followers_as_they_are(strangers: int) -> None:
    """What raised a true .01 to .030: 5,000 followers, 20 posts, strangers of one visit each."""
    rng = np.random.default_rng(11)
    followers, posts, p = 5_000, 20, 0.01
    graph = from_rows(1 + followers + strangers, [(v, 0) for v in range(1, followers + 1)])
    taken = rng.binomial(posts, p, followers)
    came = 1 + followers + np.arange(strangers)
    src = np.concatenate([1 + np.flatnonzero(taken), came])
    n_posts = np.zeros(graph.n)
    n_posts[0] = posts
    count = np.concatenate([taken[taken > 0], np.ones(strangers)])
    found = learn_probabilities(graph, src, np.zeros(src.size), count, n_posts)
    assert found.graph.incoming.weights.mean() == pytest.approx(p, rel=0.15)
    assert found.scale == pytest.approx(p, rel=0.15)
    assert found.graph.m == followers
    assert held(found.followers, followers * p, 0)
    assert held(found.strangers, strangers / posts, 0)
    assert found.strangers.values[0] == pytest.approx(strangers / posts, rel=0.02, abs=0.05)
    if strangers:
        assert found.again * strangers < 1  # none of them came again


@pytest.mark.parametrize(("discovery", "strangers"), [(0.0, 0), (4.0, 1_000), (40.0, 10_000)])
def test_worlds_with_planted_discovery(discovery: float, strangers: int) -> None:
    world = make_world(2_500, seed=3, niches=4, rings=2, fan_clubs=1, campaigns=2, discovery=discovery)
    found, graph, rows = of_world(world)
    came = int((world.truth["cascades"]["kind"] == "stranger").sum())
    assert came == pytest.approx(strangers, rel=0.5)
    real = world.truth["real"]["is_real"].to_numpy()
    p = world.truth["probabilities"]["p_repost"].to_numpy()
    src, dst, weight = found.graph.edges()
    follows = ~found.strange & real[src]
    assert weight[follows].mean() == pytest.approx(p[src[follows]].mean(), rel=0.15)
    expected = np.bincount(dst[follows], weights=p[src[follows]], minlength=graph.n)
    authors = ~np.isnan(found.followers.values)
    assert held(found.followers, expected, authors) >= 0.93
    if discovery:
        # A stranger that was drawn and follows the author, or is a repetition, does not come.
        planted, who = world.truth["discovery"]["strangers"].to_numpy(), rows[world.truth["discovery"]["account"]]
        true = np.full(graph.n, np.nan)
        true[who] = planted * (1 - graph.incoming.degree[who] / real.sum())
        known = np.isfinite(true) & np.isfinite(found.strangers.values)
        assert known.sum() > 100
        assert held(found.strangers, true, known) >= 0.9  # of 123; in ten worlds .94 to .96 of 1,317 at any discovery
        assert found.strangers.values[known].mean() == pytest.approx(true[known].mean(), rel=0.15)
    else:
        # None came to so many posts: of each less than a few in all of them are likely.
        most = 5 / np.bincount(rows[world.posts["author"]], minlength=graph.n)[authors].sum()
        assert (found.strangers.values < found.strangers.high)[authors].all()
        assert (found.strangers.high[authors] < most).all()


@pytest.mark.parametrize("burst", [0.5, 3.0, np.inf])
def test_intervals_hold_where_posts_differ(burst: float) -> None:
    rng = np.random.default_rng(8)
    truth = rng.lognormal(0.5, 1.5, 2_000)
    posts = rng.integers(1, 15, truth.size)
    author = np.repeat(np.arange(truth.size), posts)
    luck = 1.0 if np.isinf(burst) else rng.gamma(burst, 1 / burst, author.size)
    count = rng.poisson(truth[author] * luck)
    size = bursts(count[count > 0], author[count > 0], posts)
    found = rates(np.bincount(author, weights=count), posts, burst=size)
    assert 0.92 <= held(found, truth) <= 0.97
    best = np.argsort(-found.values)[:200]
    assert 0.9 <= held(found, truth, best) <= 0.99
