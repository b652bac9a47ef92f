"""Estimates from samples: by hand, exact where all is loaded, against scipy, and planted truth is in the intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, hypergeom

from kolgraph.errors import AnalysisError, InputError
from kolgraph.graph import Graph
from kolgraph.influence import (
    Coverage,
    audience_share,
    audiences,
    coverage,
    extrapolate_reach,
    learn_probabilities,
    overlap,
    reach,
    ring_share,
    share_of_list,
)
from kolgraph.influence.interval import counts, wilson
from kolgraph.rings import find_rings
from tests.bench.coverage import measure
from tests.worlds.graphs import from_rows, graphs

F64 = NDArray[np.float64]


def covered(graph: Graph, followers: object, **columns: object) -> Coverage:
    """Coverage where the platform shows so many followers."""
    table = pd.DataFrame(
        {"followers": np.asarray(followers, float), "followings": np.nan, **columns}, index=range(graph.n)
    )
    return coverage(graph, table)


def full(graph: Graph) -> Coverage:
    """Coverage of a graph in which everything is loaded."""
    src, dst, _ = graph.edges()
    return covered(graph, np.bincount(dst[src != dst], minlength=graph.n))


def test_an_endless_list_gives_the_interval_of_wilson() -> None:
    hits = np.array([4, 50, 99])
    value, low, high = share_of_list(hits, 100, np.nan)
    assert value == pytest.approx(hits / 100)
    for got, expected in zip((low, high), wilson(hits, 100), strict=True):
        assert got == pytest.approx(expected, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 500), st.data())
def test_laws_of_shares(size: int, data: st.DataObject) -> None:
    loaded = data.draw(st.integers(1, size))
    seen = data.draw(st.integers(0, loaded))
    recall = data.draw(st.sampled_from([1.0, 0.6]))
    value, low, high = (float(x) for x in share_of_list(seen, loaded, size, recall=recall))
    slack = 1e-12
    assert seen / size - slack <= low <= value + slack
    assert value <= high + slack
    assert high <= 1 + slack
    if recall == 1:
        assert high <= 1 - (loaded - seen) / size + slack
        if loaded == size:
            assert low == value == high == seen / size
    # An uncertain recall never makes an interval narrower.
    _, least, most = share_of_list(seen, loaded, size, recall=recall, spread=0.1)
    assert least <= low + slack
    assert most >= high - slack


@pytest.mark.parametrize(("size", "loaded"), [(300, 30), (300, 90), (2000, 200), (1000, 900)])
@pytest.mark.parametrize("recall", [1.0, 0.5])
def test_intervals_hold_by_the_exact_distribution(size: int, loaded: int, recall: float) -> None:
    """Of every number marked, the chance that its interval holds it, from scipy's hypergeometric and binomial laws."""
    x = np.arange(loaded + 1)
    _, low, high = share_of_list(x, loaded, size, recall=recall)
    thinned = binom(x[None, :], recall).pmf(x[:, None])
    holds = []
    for marked in np.unique(np.linspace(0.01, 0.7, 40) * size // 1).astype(int):
        seen = hypergeom(size, marked, loaded).pmf(x)
        if recall < 1:
            seen = thinned @ seen
        inside = (low * size <= marked + 1e-9) & (marked - 1e-9 <= high * size)
        holds.append(seen[inside].sum())
    assert 0.93 < np.mean(holds) < 0.98
    assert min(holds) > 0.85


def test_wrong_samples_are_refused() -> None:
    with pytest.raises(InputError, match="no more marked"):
        share_of_list(3, 2, 5)
    with pytest.raises(InputError, match="no more marked"):
        share_of_list(1, 6, 5)
    with pytest.raises(InputError, match="recall"):
        share_of_list(1, 2, 5, recall=0.0)


def test_a_rate_that_is_too_uncertain_bounds_nothing() -> None:
    low, high = counts([5], 0.5, 0.1, 1.0)
    assert low[0] > 0
    assert np.isinf(high[0])


@settings(max_examples=50, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_everything_loaded_gives_the_truth_without_width(graph: Graph, seed: int) -> None:
    rng = np.random.default_rng(seed)
    marked = np.where(rng.random(graph.n) < 0.4, 1.0, 0.0)
    found = audience_share(graph, full(graph), marked)
    follows = {(int(a), int(b)) for a, b, _ in zip(*graph.edges(), strict=True) if a != b}
    assert found.low is not None
    assert found.high is not None
    for v in range(graph.n):
        crowd = [a for a, b in follows if b == v]
        truth = np.mean(marked[crowd]) if crowd else np.nan
        for got in (found.values[v], found.low[v], found.high[v]):
            assert got == pytest.approx(truth, nan_ok=True)
    names = [str(graph.ids[v]) for v in range(graph.n) if any(b == v for _, b in follows)][:4]
    if len(names) > 1:
        one, other = overlap(graph, full(graph), names), audiences(graph, names)
        for part in (one.shared, one.low, one.high):
            assert part == pytest.approx(other.shared)
        assert [one.union, one.union_low, one.union_high] == pytest.approx([other.union] * 3)


def test_unknown_marks_make_the_sample_smaller() -> None:
    # Four followers of four are loaded; of two it is known where they are from, and one is from there.
    graph = from_rows(5, [(v, 0) for v in range(1, 5)])
    found = audience_share(graph, covered(graph, [4, 0, 0, 0, 0]), [0, 1, 0, np.nan, np.nan], measure="region")
    assert found.low is not None
    assert found.high is not None
    assert found.values[0] == 0.5
    assert found.low[0] < 0.3
    assert found.high[0] > 0.7
    assert audience_share(graph, covered(graph, [4, 0, 0, 0, 0]), [np.nan] * 5).reason.tolist()[0] == "nothing_known"  # type: ignore[union-attr]
    with pytest.raises(InputError, match="each of 5"):
        audience_share(graph, covered(graph, [4, 0, 0, 0, 0]), [1, 0])


def test_scores_without_a_value_come_last_with_the_reason() -> None:
    graph = from_rows(5, [(1, 0), (2, 0), (1, 3), (0, 3)])
    table = audience_share(graph, covered(graph, [2, 9, 0, 2, 0]), [1, 0, 0, 0, 0]).frame()
    assert table.index.tolist() == ["v03", "v00", "v01", "v02", "v04"]
    assert table["reason"].tolist() == [None, None, "no_follower_loaded", "no_follower", "no_follower"]


def samples(size: int, common: int, rate: float, seed: int, k: int = 2) -> tuple[Graph, Coverage, list[str]]:
    """k accounts with so many followers each, the same `common` ones among them, and a random part of each loaded."""
    rng = np.random.default_rng(seed)
    src, dst = [], []
    for j in range(k):
        own = common + j * (size - common) + np.arange(size - common)
        crowd = rng.choice(np.concatenate([np.arange(common), own]), round(rate * size), replace=False)
        src.append(crowd + k)
        dst.append(np.full(crowd.size, j))
    n = k + common + k * (size - common)
    graph = Graph.from_rows(*(np.concatenate(x).astype(np.int32) for x in (src, dst)), None, np.arange(n))
    return graph, covered(graph, [size] * k + [0] * (n - k)), [str(j) for j in range(k)]


@pytest.mark.parametrize(("rate", "common"), [(0.1, 100), (0.1, 600), (0.3, 20), (0.3, 300), (0.8, 500)])
def test_overlap_of_independent_samples_is_held(rate: float, common: int) -> None:
    hold = both = 0
    for seed in range(200):
        found = overlap(*samples(1000, common, rate, seed))
        hold += found.low[0, 1] <= common <= found.high[0, 1]
        both += found.union_low <= 2000 - common <= found.union_high
    assert hold == both
    assert 0.91 < hold / 200 < 0.995


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_union_of_many_samples_is_held(rate: float) -> None:
    hold, values = 0, []
    for seed in range(200):
        found = overlap(*samples(1000, 200, rate, seed, k=4))
        hold += found.union_low <= 3400 <= found.union_high
        values.append(found.union)
    assert hold / 200 > 0.9
    assert rate < 0.3 or abs(np.mean(values) - 3400) < 60  # below, it is kept within what the pairs allow


def test_overlap_of_what_nobody_knows_is_not_a_number() -> None:
    graph = from_rows(6, [(3, 0), (4, 0), (3, 1), (4, 1)])
    found = overlap(graph, covered(graph, [2, 2, 9, 0, 0, 0]), ["v00", "v01", "v02"])
    assert np.isnan(found.union)
    table = found.frame()
    assert table["shared"].tolist()[0] == 2
    assert table["reason"].tolist() == [None, "no_follower_loaded", "no_follower_loaded"]


def test_rings_by_full_lists_are_the_plain_shares() -> None:
    rng = np.random.default_rng(1)
    crowd = rng.integers(0, 900, (2, 4000))
    bots, customers = np.nonzero(rng.random((40, 15)) < 0.6)
    graph = Graph.from_edges([*crowd[0], *(bots + 1000)], [*crowd[1], *customers])
    rings = find_rings(graph, seed=1)
    found = ring_share(graph, full(graph), [rings])
    src, dst, _ = graph.edges()
    src, dst = src[src != dst], dst[src != dst]
    fake = np.isin(graph.ids, rings.accounts())
    expected = np.bincount(dst, weights=fake[src], minlength=graph.n) / np.maximum(
        np.bincount(dst, minlength=graph.n), 1
    )
    told = ~np.isnan(found.values)
    assert found.values[told] == pytest.approx(expected[told])
    assert found.low is not None
    assert found.high is not None
    assert found.high[told] == pytest.approx(found.low[told])


def test_reach_of_full_lists_is_exact_and_that_of_reach() -> None:
    # A tree: nobody is reached on two ways, so `reach` differs by its samples only.
    edges = [(v, (v - 1) // 3) for v in range(1, 121)]
    graph = from_rows(121, edges, [0.4] * 120)
    p = np.full(120, 0.4)
    found = extrapolate_reach(graph, full(graph), probabilities=p)
    assert found.low is not None
    assert found.high is not None
    assert (found.low == found.high).all()
    # By hand: 1 + 3 * .4 + 9 * .16 + 27 * .064 + 81 * .0256.
    assert found.values[0] == pytest.approx(1 + 1.2 + 1.44 + 1.728 + 2.0736)
    peer = reach(graph, probabilities=True, seed=1)
    assert peer.low is not None
    assert peer.high is not None
    assert peer.low[0] <= found.values[0] <= peer.high[0]
    one = extrapolate_reach(graph, full(graph), probabilities=p, steps=1)
    assert one.values[0] == pytest.approx(2.2)


def test_followers_whose_own_lists_are_missing_are_guessed_and_widen_the_interval() -> None:
    # 0 has followers 1 and 2. 1 has 4 followers, all loaded; 2 shows 8, none is loaded: 8 like those of others.
    graph = from_rows(20, [(1, 0), (2, 0), *((v, 1) for v in range(3, 7))])
    shown = [2, 4, 8, *[0] * 17]
    found = extrapolate_reach(graph, covered(graph, shown), probabilities=np.full(graph.m, 0.25))
    # A follower brings .25 (1 + what he brings): 4 bring 1 to account 1, 8 bring 8 m to account 2, and m is the mean
    # over the six loaded ones: 6 m = .25 (1 + 1) + .25 (1 + 8 m) + 1, so m = 1.75 / 4.
    m = 1.75 / 4
    assert found.values[0] == pytest.approx(1 + 0.5 + 0.25 * (1 + 8 * m))
    assert found.low is not None
    assert found.high is not None
    assert found.low[0] == pytest.approx(found.values[0] - 0.25 * 8 * m)
    assert found.high[0] == pytest.approx(found.values[0] + 0.25 * 8 * m)
    assert found.parameters["imputed"] == 1
    assert np.isnan(found.values[2])
    assert found.values[19] == 1


def test_a_post_does_not_go_back_and_forth_between_friends() -> None:
    # Certain to forward, two friends reach each other once.
    graph = from_rows(4, [(0, 1), (1, 0), (2, 3)])
    assert extrapolate_reach(graph, full(graph), probabilities=np.ones(3)).values.tolist() == [2, 2, 1, 2]
    # Each of their loaded followers stands for five: to and fro that would be 25 / 9 a round, without end. As it is, a
    # list brings 5/3 of its own, and nothing of the other friend's but the way back.
    friends = from_rows(2, [(0, 1), (1, 0)])
    found = extrapolate_reach(friends, covered(friends, [5, 5]), probabilities=[1 / 3, 1 / 3])
    assert found.parameters["imputed"] == 0
    assert found.reason is not None
    assert found.reason.tolist() == ["too_few_followers"] * 2


def test_reach_that_does_not_die_out_is_refused() -> None:
    graph = from_rows(3, [(0, 1), (1, 2), (2, 0)])
    with pytest.raises(AnalysisError, match="give steps"):
        extrapolate_reach(graph, full(graph), probabilities=np.ones(3))
    assert extrapolate_reach(graph, full(graph), probabilities=np.ones(3), steps=2).values.tolist() == [3, 3, 3]
    with pytest.raises(InputError, match="0 to 1"):
        extrapolate_reach(graph, full(graph), probabilities=[2, 0, 0])
    with pytest.raises(InputError, match="at least once"):
        extrapolate_reach(graph, full(graph), probabilities=[0, 0, 0], steps=0)


def test_newest_lists_are_no_sample() -> None:
    rng = np.random.default_rng(3)
    n, lists = 3000, 40
    size = rng.integers(100, 900, lists)
    src = np.concatenate([rng.choice(n, k, replace=False) + lists for k in np.minimum(size, 80)]).astype(np.int32)
    dst = np.repeat(np.arange(lists), np.minimum(size, 80)).astype(np.int32)
    graph = Graph.from_rows(src, dst, None, np.arange(n + lists))
    # Of 800 followers of 1,000 days the newest 80 came in 100 days, of 160 in 500.
    times = -rng.random(graph.m) * 80 / size[graph.edges()[1]]
    table = pd.DataFrame({"followers": [*size, *[0] * n], "followings": np.nan}, dtype=float)
    found = coverage(graph, table, since=times)
    assert found.order == "newest"
    shares = audience_share(graph, found, np.zeros(graph.n))
    assert shares.reason is not None
    assert set(shares.reason[:lists]) == {"newest_only"}
    assert np.isnan(extrapolate_reach(graph, found, probabilities=np.zeros(graph.m)).values[:lists]).all()
    assert np.isnan(overlap(graph, found, ["0", "1"]).union)


def test_probabilities_of_a_sample_come_from_shown_followings() -> None:
    # Bob follows 20 and is seen with one; he forwarded 5 posts of ann's 10. Cai forwarded some too, but is not loaded.
    graph = Graph.from_edges(["bob"], ["ann"])
    rows = graph.rows(["bob", "ann"])
    shown = np.where(np.arange(2) == rows[0], 20.0, np.nan)
    posts = np.where(np.arange(2) == rows[1], 10, 0)
    found = learn_probabilities(graph, [rows[0], rows[1]], [rows[1], rows[0]], [5, 3], posts, followings=shown)
    assert found.graph.m == 1
    assert found.scale == pytest.approx(5 / (10 / 20))


def test_sampled_worlds_hold_the_bar() -> None:
    """A small ``python -m tests.bench coverage``: one world, whose lists are sampled, or those of few KOLs."""
    crawls = (
        ("30%", 0.3, "random", None, True),
        ("50%, no reposts", 0.5, "random", None, False),
        ("100%", 1.0, "random", None, True),
        ("few", 1.0, "random", 30, False),
    )
    table = measure(6000, (3,), crawls).set_index(["crawl", "what"])
    for crawl in ("30%", "50%, no reposts"):
        for what in ("ring share (full)", "overlap of pairs", "reach (planted)"):
            row = table.loc[(crawl, what)]
            assert 0.85 <= row["holds"] <= 1, (crawl, what)
            assert row["judged"] >= 0.8, (crawl, what)
    for what in ("ring share (full)", "overlap of pairs", "reach (planted)", "union of 3"):
        row = table.loc[("100%", what)]
        assert row["holds"] == 1
        assert row["width"] == pytest.approx(0, abs=1e-9)
    assert table.loc[("few", "20% army called clean"), "n"] >= 10
    assert table.loc[("few", "20% army called clean"), "holds"] == 0
    assert table.loc[("few", "ring share (full)"), "judged"] == 0
