"""Plans stand on what posts proved: by hand, by laws, and in a workspace where strangers forward one KOL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence import reach
from kolgraph.planning import calibrated, campaign, factors
from kolgraph.workspace import Workspace
from tests.verbs.world import few_samples

#: x and y follow ann and bob, z only bob: shares .5, .5 and 1.
TRIANGLE = Graph.from_edges(["x", "x", "y", "y", "z"], ["ann", "bob", "ann", "bob", "bob"])


def test_followers_forward_as_often_more_as_the_factor_says_and_never_above_certainty() -> None:
    times = np.where(TRIANGLE.ids == "ann", 0.4, np.where(TRIANGLE.ids == "bob", 1.5, 1.0))
    found = calibrated(TRIANGLE, times, probabilities=False)
    src, dst, p = found.edges()
    told = {(str(found.ids[a]), str(found.ids[b])): round(float(w), 6) for a, b, w in zip(src, dst, p, strict=True)}
    assert told == {("x", "ann"): 0.2, ("y", "ann"): 0.2, ("x", "bob"): 0.75, ("y", "bob"): 0.75, ("z", "bob"): 1.0}
    values = dict(zip(found.ids.tolist(), reach(found, probabilities=True, sets=1000, seed=1).values, strict=True))
    assert values["ann"] == pytest.approx(1.4)
    assert values["bob"] == pytest.approx(3.5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=30))
def test_a_factor_of_one_changes_no_probability(pairs: list[tuple[int, int]]) -> None:
    graph = Graph.from_edges([str(a) for a, _ in pairs], [str(b) for _, b in pairs])
    once = calibrated(graph, np.ones(graph.n), probabilities=False)
    again = calibrated(once, np.ones(graph.n), probabilities=True)
    src, _, weight = graph.edges()
    np.testing.assert_allclose(once.edges()[2], weight / graph.outgoing.strength[src], rtol=1e-6)
    np.testing.assert_array_equal(once.edges()[2], again.edges()[2])


def test_factors_compare_like_with_like() -> None:
    """Reach counts the account itself, what is proven does not; what is unknown is taken for usual."""
    nan = np.nan
    found = factors([11.0, 6.0, 1.0, nan, 3.0, 4.0], [1.0, 1.0, 1.0, 1.0, 0.0, 1.0], [20.0, 2.5, 9.0, 4.0, nan, nan],
                    np.zeros(6))  # fmt: skip
    assert found == pytest.approx([2.0, 0.5, 1.0, 1.0, 1.0, 1.0])  # usual is 1: the root of 2 times a half
    assert factors([11.0, 5.0], 1.0, [30.0, nan], [0.0, 0.0]) == pytest.approx([3.0, 3.0])
    assert factors([11.0, 5.0], 1.0, [nan, nan], [0.0, 0.0]).tolist() == [1.0, 1.0]


def test_chance_is_shrunk_away_and_what_is_far_off_is_kept() -> None:
    """Ratios of 100 accounts differ by their errors alone; the last moves twice what the model says."""
    z = np.random.default_rng(1).normal(0, 0.1, 100)
    z[-1] = np.log(2)
    found = np.log(factors(np.full(100, 11.0), 1.0, 10 * np.exp(z), np.full(100, 0.1)))
    assert np.abs(found[:-1]).std() < 0.5 * z[:-1].std()
    assert found[-1] > np.log(2) - 0.1001
    wide = np.log(factors(np.full(100, 11.0), 1.0, 10 * np.exp(20 * z), np.full(100, 0.1)))
    np.testing.assert_allclose(wide, 20 * z, atol=0.05)


def test_a_campaign_by_hand() -> None:
    """The second KOL reaches 10 besides itself, 5 of them new: half of what its post moves counts."""
    own, marginal = np.array([21.0, 11.0]), np.array([21.0, 6.0])
    moved = np.tile([40.0, 8.0], (100, 1))
    assert campaign(own, marginal, [1.0, 1.0], moved) == (46.0, 46.0)
    assert campaign(own, marginal, [1.0, 0.0], moved)[0] == pytest.approx(41 + 8 * 6 / 11)
    moved[:, 0] = np.arange(100)
    low, high = campaign(own, marginal, [1.0, 1.0], moved)
    assert (low, high) == (pytest.approx(6 + 0.05 * 99), pytest.approx(6 + 0.95 * 99))


def test_a_factor_is_a_number_for_each_account() -> None:
    for bad in ([1.0], [1.0, 1.0, 1.0, 1.0, -1.0], [1.0, np.nan, 1.0, 1.0, 1.0]):
        with pytest.raises(InputError, match="a factor is a number >= 0 for each of the 5 accounts"):
            calibrated(TRIANGLE, bad, probabilities=False)


def test_who_is_forwarded_by_strangers_is_planned_so(tmp_path: Path) -> None:
    """Eight KOLs with 40 followers each, of whom 4 repost each post; the first is forwarded by 8 strangers more."""
    kols, fans, posts = 8, 40, 6
    follows = [(f"f{k}_{i}", f"k{k}") for k in range(kols) for i in range(fans)]
    follows += [(f"f{k}_{i}", f"s{i}") for k in range(kols) for i in range(fans)]
    root = [(f"9{k}{p}", f"k{k}", 1_700_000_000_000 + p) for k in range(kols) for p in range(posts)]
    by = [
        (f"f{k}_{(4 * p + i) % fans}", f"k{k}", f"9{k}{p}") for k in range(kols) for p in range(posts) for i in range(4)
    ]
    by += [(f"t{p}_{i}", "k0", f"90{p}") for p in range(posts) for i in range(8)]
    table = pd.DataFrame(by, columns=["reposter", "author", "root"])
    table = table.assign(repost=[f"8{i}" for i in range(len(by))], parent=table["root"], time=1_700_000_000_100)
    with few_samples(), Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(pd.DataFrame(follows, columns=["follower", "followed"]), platform="x")
        ws.load(pd.DataFrame(root, columns=["post", "author", "time"]), platform="x")
        ws.load(table, platform="x")
        ws.load(pd.DataFrame({"account": [f"k{k}" for k in range(kols)], "price_cny": 100.0}), platform="x")
        found = ws.plan(budget=100, raw=True)
        times = dict(zip(ws.plan(count=kols, raw=True).ids, ws.plan(count=kols, raw=True).calibration, strict=True))
        moves = ws.proven(raw=True)
        expected = dict(zip(moves.ids.tolist(), moves.expected.tolist(), strict=True))
    assert found.ids == ("x:k0",)
    assert times["x:k0"] > 1.5 * max(factor for kol, factor in times.items() if kol != "x:k0")
    assert found.reach == pytest.approx(1 + expected["x:k0"], rel=0.35)  # of few samples; the model alone says 5
    assert found.campaign_low is not None
    assert found.campaign_high is not None
    assert found.campaign_low < found.reach < found.campaign_high
    assert found.records()[0]["calibration"] == times["x:k0"]
    assert "campaign_low" in found.summary()
