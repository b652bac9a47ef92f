"""Where a part is loaded: no number where there can be none, and the whole estimated where that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kolgraph.workspace import Workspace
from tests.verbs.world import few_samples


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    """Of ann's 1,000 followers 100 are loaded, of bob's 500 three, of cai's 50 none; dan has none, as the page says.

    Each of ann's follows forty accounts, as its page says; half of them live in Paris.
    """
    fans = [f"f{i}" for i in range(100)]
    pages = pd.DataFrame(
        {
            "account": ["ann", "bob", "cai", "dan", *fans],
            "followers": [1000, 500, 50, 0, *[0] * 100],
            "followings": [0, 0, 0, 0, *[40] * 100],
            "region": ["Rome", "Rome", "Rome", "Rome", *["Paris", "Rome"] * 50],
        }
    )
    prices = pd.DataFrame({"account": ["ann", "bob", "dan"], "price_cny": [10.0, 10.0, 10.0]})
    follows = [(fan, "ann") for fan in fans] + [(fan, "bob") for fan in fans[:3]]
    with few_samples(), Workspace.open(tmp_path / "w.kol", create=True) as opened:
        for table in (pages, prices, pd.DataFrame(follows, columns=["follower", "followed"])):
            opened.load(table, platform="x")
        yield opened


def test_a_reach_that_cannot_be_told_is_na_with_the_reason(ws: Workspace) -> None:
    judged, plain = ws.rank(by="reach").frame(), ws.rank(by="reach", raw=True).frame()
    for table in (judged, plain):
        assert table.loc[["x:bob", "x:cai"], ["reach", "low", "high"]].isna().all(axis=None)
        assert table.loc["x:bob", "reason"] == "too_few_followers"
        assert table.loc["x:cai", "reason"] == "no_follower_loaded"
        assert table.loc["x:dan", "reach"] == 1
        assert table.loc["x:dan", "reason"] is None
    # Enough of ann's are loaded to tell her reach, too little of all lists to see a ring among them.
    assert np.isnan(judged.loc["x:ann", "reach"])
    assert judged.loc["x:ann", "reason"].startswith("lists_")
    assert plain.loc["x:ann", "reach"] > 1


def test_rings_that_would_not_show_are_not_said_to_be_none(ws: Workspace) -> None:
    shares = ws.quality().frame().loc["x:ann"]
    assert np.isnan(shares["ring_share"])
    assert np.isnan(shares["score"])
    assert shares["reachable"] == 1  # of that the sample tells


def test_whoever_cannot_be_judged_is_left_out_of_a_plan_unless_demanded(ws: Workspace) -> None:
    found = ws.plan(count=2, raw=True)
    assert found.ids[0] == "x:ann"
    assert "x:bob" not in found.ids
    assert found.left_out == (("x:bob", "too_few_followers"),)
    demanded = ws.plan(count=2, raw=True, must=["x:bob"])
    assert "x:bob" in demanded.ids
    assert demanded.left_out == ()
    assert "left_out" in found.parameters


def test_reach_is_scaled_to_all_followers_by_hand(ws: Workspace) -> None:
    """Each follower forwards with a chance of 1/40, since its page shows forty followings: 1 + 1,000 / 40."""
    assert ws.rank(extrapolate=True, raw=True).frame().loc["x:ann"].iloc[0] == pytest.approx(26)
    there = ws.rank(extrapolate=True, raw=True, region="Paris").frame().loc["x:ann"].iloc[0]
    assert there == pytest.approx(12.5)


def test_the_line_on_what_was_loaded_is_that_of_now(ws: Workspace) -> None:
    """Also of answers that do not stand on it themselves."""
    before = ws.rank(by="in_degree").provenance.coverage
    ws.load(pd.DataFrame({"follower": [f"g{i}" for i in range(40)], "followed": "bob"}), platform="x")
    after = ws.rank(by="in_degree").provenance.coverage
    assert after == ws.coverage().line()
    assert after != before
