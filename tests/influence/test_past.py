"""Measures of the past: by hand, against plain Python, by their laws, and their intervals on planted posts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kolgraph.errors import InputError
from kolgraph.influence.past import above_tier, growth, h_index, median_reposts
from kolgraph.influence.typical import log_means, peers, percentiles
from kolgraph.results import Scores

NAN = np.nan
IDS = np.array(["a", "b", "c", "d"], dtype=object)
posts = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 1, 1.5, 2, 3, 7, 40, NAN]), st.integers(0, 9)), max_size=40
)


def test_by_hand() -> None:
    author = [0] * 7 + [1] * 5 + [2]
    moved = [9, 1, 4, 4, 0, 2.5, NAN, 3, 3, 3, 3, 3, NAN]
    h, middle = h_index(IDS, author, moved), median_reposts(IDS, author, moved)
    assert h.values[:2].tolist() == [3, 3]  # 9, 4, 4 and not 2.5; 3, 3, 3
    assert h.reason is not None
    assert h.reason.tolist() == [None, None, "reposts_unknown", "no_post"]
    assert (middle.values[0], middle.low[0], middle.high[0]) == (3.25, 0, 9)
    assert middle.reason.tolist() == [None, "too_few_posts", "reposts_unknown", "no_post"]
    # Every account weighs the same: half of the weight are b's five threes, and a's 0, 1 and 2.5 lie below.
    share = above_tier(IDS, author, moved, np.zeros(4, np.int64))
    assert share.beside["tier_median"][0] == 3
    assert share.values[:2].tolist() == [0.5, 0]
    alone = above_tier(IDS, author, moved, np.array([0, 1, 0, -1]))
    assert alone.reason.tolist() == ["alone_in_tier", "alone_in_tier", "reposts_unknown", "no_post"]
    assert above_tier(IDS, author, moved, np.full(4, -1)).reason[0] == "no_followers_shown"
    # Of five posts at five times the third is in neither half: sqrt(8 * 2) / sqrt(2 * 2).
    grown = growth(IDS, [0] * 5 + [1] * 4, [1, 1, 90, 7, 1, 1, 1, 1, 1], [1, 2, 3, 4, 5, 6, 6, 6, 7])
    assert grown.values[0] == pytest.approx(2)
    assert grown.beside["earlier"].tolist() == [2, 0, 0, 0]
    assert grown.reason.tolist() == [None, "too_few_times", "no_post", "no_post"]


def plain_h(counts: list[float]) -> float:
    return max(h for h in range(len(counts) + 1) if sum(x >= h for x in counts) >= h)


def plain_interval(counts: list[float]) -> tuple[float, float]:
    """The widest cut off on both sides that leaves 95 % of all ways in which posts can lie about their median."""
    n, k = len(counts), 0
    while sum(stats.binom.pmf(i, n, 0.5) for i in range(k + 1)) <= 0.025:
        k += 1
    return (sorted(counts)[k - 1], sorted(counts)[n - k]) if k else (NAN, NAN)


@settings(max_examples=60, deadline=None)
@given(posts, st.lists(st.integers(-1, 1), min_size=4, max_size=4))
def test_measures_are_those_of_plain_python(rows: list[tuple[int, float, int]], tier: list[int]) -> None:
    author, moved, time = ([row[i] for row in rows] for i in range(3))
    of = {a: [m for who, m, _ in rows if who == a and m == m] for a in range(4)}
    h, middle = h_index(IDS, author, moved), median_reposts(IDS, author, moved)
    share = above_tier(IDS, author, moved, np.array(tier))
    grown = growth(IDS, author, moved, time)
    for a, counts in of.items():
        if counts:
            assert h.values[a] == plain_h(counts)
        assert np.isnan(middle.values[a]) == (len(counts) < 6)
        if len(counts) >= 6:
            assert middle.values[a] == np.median(counts)
            assert (middle.low[a], middle.high[a]) == plain_interval(counts)
        if share.reason[a] is None:
            weights = [(m, 1 / len(of[b])) for b in range(4) if tier[b] == tier[a] for m in of[b]]
            whole = sum(w for _, w in weights)
            cut = min(m for m, _ in weights if sum(w for x, w in weights if x <= m) >= whole / 2 - 1e-9)
            assert share.beside["tier_median"][a] == cut
            assert share.values[a] == np.mean([m > cut for m in counts])
        if grown.reason[a] is None:
            times = [t for who, m, t in rows if who == a and m == m]
            halves = [[np.log1p(m) for m, t in zip(counts, times, strict=True) if side * (t - np.median(times)) > 0]
                      for side in (-1, 1)]  # fmt: skip
            assert grown.values[a] == pytest.approx(np.exp(np.mean(halves[1]) - np.mean(halves[0])))
    for found in (h, middle, share, grown):
        assert (np.isnan(found.values) == [code is not None for code in found.reason]).all()


@settings(max_examples=30, deadline=None)
@given(posts, st.randoms(use_true_random=False))
def test_laws(rows: list[tuple[int, float, int]], random: object) -> None:
    same = np.zeros(4, np.int64)

    def ask(rows: list[tuple[int, float, int]]) -> list[Scores]:
        author, moved, time = ([row[i] for row in rows] for i in range(3))
        return [
            h_index(IDS, author, moved),
            median_reposts(IDS, author, moved),
            above_tier(IDS, author, moved, same),
            growth(IDS, author, moved, time),
        ]

    found = ask(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for one, other in zip(found, ask(shuffled), strict=True):
        np.testing.assert_allclose(one.values, other.values)
    # Time turned round turns growth round; an unknown post changes nothing but what is beside.
    back = ask([(who, moved, -time) for who, moved, time in rows])[3]
    np.testing.assert_allclose(back.values, 1 / found[3].values)
    np.testing.assert_allclose(back.low, 1 / found[3].high)
    for one, other in zip(found, ask([*rows, *((who, NAN, 3) for who, _, _ in rows)]), strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    # One lucky post: the median goes to its neighbour at most, and h grows by one at most.
    lucky = ask([*rows, *((who, 1e9, 0) for who in range(4))])
    there = ~np.isnan(found[0].values)
    assert (lucky[0].values - found[0].values)[there].max(initial=0) <= 1
    known = ~np.isnan(found[1].values)
    assert (lucky[1].values[known] <= found[1].high[known]).all()


@pytest.mark.parametrize("posts", [4, 6, 11])
@pytest.mark.parametrize("draw", ["lognormal", "nbinom"])
def test_intervals_hold_on_planted_posts(posts: int, draw: str) -> None:
    rng = np.random.default_rng(posts)
    n = 3000
    level = np.exp(rng.normal(2.1, 1.6, n))

    def sample(k: int) -> np.ndarray:
        noise = rng.lognormal(0, 1, (n, k)) if draw == "lognormal" else rng.gamma(1.5, 1 / 1.5, (n, k))
        return rng.poisson(level[:, None] * noise)

    seen, many = sample(posts), sample(801)
    ids, author = np.arange(n).astype(str).astype(object), np.repeat(np.arange(n), posts)
    low, high = log_means(author, np.log1p(seen.ravel().astype(float)), n).interval()
    truth = np.log1p(many).mean(1)
    assert 0.935 < ((low <= truth) & (truth <= high)).mean() < 0.985
    grown = growth(ids, author, seen.ravel(), np.tile(np.arange(posts), n))
    assert 0.93 < ((grown.low <= 1) & (grown.high >= 1)).mean() < 0.985
    if posts >= 6:
        middle = median_reposts(ids, author, seen.ravel())
        # Of whole numbers it holds more often than it says, for many posts lie at the median itself.
        assert ((middle.low <= np.median(many, axis=1)) & (np.median(many, axis=1) <= middle.high)).mean() > 0.94


def test_a_planted_change_is_found() -> None:
    rng = np.random.default_rng(4)
    n, k = 400, 20
    late = np.tile(np.arange(k) >= k // 2, n)
    moved = rng.poisson(np.exp(rng.normal(np.where(late, 5.0, 4.3), 0.7)))
    found = growth(np.arange(n).astype(str).astype(object), np.repeat(np.arange(n), k), moved, np.tile(np.arange(k), n))
    assert np.median(found.values) == pytest.approx(np.exp(0.7), rel=0.05)
    assert 0.92 < ((found.low < np.exp(0.7)) & (np.exp(0.7) < found.high)).mean() < 0.98


def test_tiers_are_those_of_each_platform_and_places_those_within() -> None:
    tier = np.array(["", "low", "low", "low", "high"], dtype=object)
    found = peers(tier, np.array([0, 0, 1, 1, 1]), np.array([5.0, 1e3, 1e3, NAN, 2e6]))
    assert found.tolist() == [0, 2, 5, -1, 4]
    values = np.array([3.0, 1, 1, NAN, 5, 2])
    places = percentiles(values, np.array([0, 0, 0, 0, 1, -1]))
    np.testing.assert_allclose(places, [250 / 3, 100 / 3, 100 / 3, NAN, NAN, NAN])


@pytest.mark.parametrize("measure", [h_index, median_reposts])
def test_mistakes(measure: Callable[..., Scores]) -> None:
    for author, moved in product(([0], [9]), ([1, 2], [-1])):
        with pytest.raises(InputError):
            measure(IDS, author, moved)
    with pytest.raises(InputError, match="author and time"):
        growth(IDS, [0], [1], [1, 2])
