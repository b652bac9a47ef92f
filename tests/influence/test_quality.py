"""Quality of audiences: by hand, as plain Python counts, and planted rings, zombies and bursts are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence import Quality, quality, share_of_list
from tests.worlds.graphs import from_rows, graphs

TIERS = {"big": 1000, "small": 1}
DAY = 86_400_000


def profiles(n: int, **columns: Any) -> pd.DataFrame:
    """Nothing known but what is said."""
    return pd.DataFrame({"followers": np.nan, "followings": np.nan, "posts": np.nan, **columns}, index=range(n))


def test_by_hand() -> None:
    # v0 is followed by v1 (a bot), v2 (a zombie), v3 (follows too many), v4 (followed back); and by itself.
    graph = from_rows(5, [(1, 0), (2, 0), (3, 0), (4, 0), (0, 4), (0, 0)])
    table = profiles(
        5,
        followers=[40, 5, 1, 500, np.nan],
        followings=[3, 5, 90, 2000, np.nan],
        posts=[9, 9, 0, 9, 9],
    )
    fake = np.arange(5) == 1
    found = quality(graph, table, tiers=TIERS, fake=fake, engaged=[2, np.nan, np.nan, np.nan, 1])
    row = found.shares.iloc[0]
    assert row.to_dict() == pytest.approx(
        {
            "known": 4,
            "known_share": 0.1,
            "ring_share": 0.25,
            "zombie_share": 1 / 3,  # nobody can say of v4
            "zombie_low": share_of_list([1], [3], [40])[1][0],
            "zombie_high": share_of_list([1], [3], [40])[2][0],
            "profiles": 3,
            "reachable": 0.75,
            "reciprocal": 0.25,
            "burst_share": np.nan,
            "growth": np.nan,
            "growth_z": np.nan,
            "engaged": 2 / 3,
        },
        nan_ok=True,
    )
    assert found.problems()[0] == ("ring_share", "zombie_share")
    assert found.tier.tolist() == ["small"] * 5
    assert set(found.frame().index) == {"v00", "v04"}  # the others have no followers
    assert found.score[4] > found.score[0]  # its one follower is real


@settings(max_examples=50, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_shares_are_those_of_plain_python(graph: Graph, seed: int) -> None:
    rng = np.random.default_rng(seed)
    followings = np.where(rng.random(graph.n) < 0.3, np.nan, rng.integers(0, 3000, graph.n))
    fake, engaged = rng.random(graph.n) < 0.3, np.where(rng.random(graph.n) < 0.3, np.nan, 1.0)
    found = quality(graph, profiles(graph.n, followings=followings), tiers=TIERS, fake=fake, engaged=engaged)
    follows = {(int(a), int(b)) for a, b, _ in zip(*graph.edges(), strict=True) if a != b}
    degree = graph.outgoing.degree
    for v in range(graph.n):
        crowd = [a for a, b in follows if b == v]
        row = found.shares.iloc[v]
        assert row["known"] == len(crowd)
        if not crowd:
            assert np.isnan(found.score[v])
            continue
        assert row["ring_share"] == pytest.approx(np.mean([fake[u] for u in crowd]))
        assert row["reciprocal"] == pytest.approx(np.mean([(v, u) in follows for u in crowd]))
        limit = [(followings[u] if followings[u] == followings[u] else degree[u]) <= 1500 for u in crowd]
        assert row["reachable"] == pytest.approx(np.mean(limit))
        real = sum(not fake[u] for u in crowd)
        expected = engaged[v] / real if real else np.nan
        assert row["engaged"] == pytest.approx(expected, nan_ok=True)
    told = ~np.isnan(found.score)
    assert ((found.score[told] > 0) & (found.score[told] < 100)).all()


def test_the_score_is_a_percentile_within_the_tier() -> None:
    rng = np.random.default_rng(2)
    n, crowd = 60, 50
    src = np.tile(np.arange(n, n + crowd), n).astype(np.int32)
    dst = np.repeat(np.arange(n), crowd).astype(np.int32)
    keep = rng.random(src.size) < 0.5
    graph = Graph.from_rows(src[keep], dst[keep], None, np.arange(n + crowd))
    shown = np.concatenate([np.where(np.arange(n) % 2, 5000, 100), np.zeros(crowd)])
    found = quality(graph, profiles(n + crowd, followers=shown), tiers=TIERS, fake=np.arange(n + crowd) < n + 20)
    raw = 1 - found.shares["ring_share"].to_numpy()[:n]
    for parity in (0, 1):
        rows = np.arange(parity, n, 2)
        expected = [percentileofscore(raw[rows], raw[v], kind="mean") for v in rows]
        assert found.score[rows] == pytest.approx(expected)


def test_planted_bursts_are_found_and_steady_growth_is_not_accused() -> None:
    rng = np.random.default_rng(7)
    n, per = 20, 600
    src = np.arange(n, n + n * per, dtype=np.int32)
    graph = Graph.from_rows(src, np.repeat(np.arange(n), per).astype(np.int32), None, np.arange(n + n * per))
    day = rng.integers(0, 200, (n, per))
    day[:10, :150] = rng.integers(0, 200, (10, 1))  # a quarter came on one day
    times = (day * DAY + rng.integers(0, DAY, (n, per))).ravel().astype(float)
    times[::7] = np.nan
    found = quality(graph, profiles(graph.n), tiers=TIERS, since=times)
    share = found.shares["burst_share"].to_numpy()
    assert (np.abs(share[:10] - 0.25) < 0.06).all()
    assert (share[10:n] == 0).all()
    assert all("burst_share" in found.problems()[v] for v in range(10))


def test_who_was_followed_on_a_single_day_is_not_accused_of_a_burst() -> None:
    graph = from_rows(30, [(v, 0) for v in range(1, 30)])
    found = quality(graph, profiles(30), tiers={}, since=np.full(29, 5.0 * DAY))
    assert found.shares["burst_share"].iloc[0] == 0


def test_results_are_stored_as_scores_of_accounts_with_followers() -> None:
    found = quality(from_rows(3, [(1, 0), (2, 0)]), profiles(3), tiers={})
    assert isinstance(found, Quality)
    table = found.tables()["scores"]
    assert table[["account_id", "measure", "value"]].to_numpy().tolist() == [
        ["v00", "audience_score", 50.0],
        ["v00", "ring_share", 0.0],
    ]
    assert found.tier.tolist() == [""] * 3


@pytest.mark.parametrize("wrong", [{"fake": [True]}, {"since": [1.0]}, {"engaged": [1.0]}, {"profiles": profiles(1)}])
def test_wrong_lengths_are_refused(wrong: dict[str, Any]) -> None:
    graph = from_rows(3, [(1, 0), (2, 0)])
    table = wrong.pop("profiles", profiles(3))
    with pytest.raises(InputError, match="one value for each of 3"):
        quality(graph, table, tiers={}, **wrong)
