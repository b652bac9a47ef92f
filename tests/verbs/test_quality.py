"""Audiences of a loaded world: clients of the rings are exposed, with a share close to the planted one."""

from __future__ import annotations

import numpy as np
import pytest

from kolgraph.graph import Graph
from kolgraph.synth import World
from kolgraph.workspace import Workspace


def test_detected_share_of_bought_followers_is_close_to_the_planted_share(town: Workspace, world: World) -> None:
    graph = Graph.from_workspace(town)
    fake = town.real().fake
    bought = world.truth["bought"].set_index("account")["bought_share"].astype(float)
    rows = graph.rows("weibo:" + bought.index)
    into = graph.incoming
    share = np.array([fake[into.idx[into.ptr[v] : into.ptr[v + 1]]].mean() for v in rows])
    assert np.abs(share - bought.to_numpy()).mean() < 0.06
    judged = town.quality()
    assert judged.shares["ring_share"].to_numpy()[rows] == pytest.approx(share)
    assert set(judged.shares["ring_share"].dropna()) != {0.0}
    assert set(town.quality(raw=True).shares["ring_share"].dropna()) == {0.0}


def test_a_client_of_the_rings_is_exposed_with_evidence(town: Workspace, world: World) -> None:
    bought = world.truth["bought"].sort_values(["bought_followers", "account"]).iloc[-1]
    found = town.explain(f"weibo:{bought['account']}")
    assert "ring_share" in found.problems
    assert found.shares["ring_share"] == pytest.approx(float(bought["bought_share"]), abs=0.1)
    assert found.why.shown > found.why.reach >= found.why.without_rings
    assert found.reach == pytest.approx(found.why.reach, rel=0.1)
    judged = town.quality().frame()
    clean = judged[judged["problems"].str.len() == 0]
    assert judged.loc[found.account_id, "score"] < clean["score"].median()


def test_groups_of_an_audience_are_those_of_its_real_followers(town: Workspace, world: World) -> None:
    """Everything is loaded: shares are counts of plain pandas, rings left out, and nothing is uncertain."""
    kol = "weibo:" + str(world.accounts["account"].iloc[0])
    real = town.real()
    follows = town.sql(
        "SELECT a.account_id AS src FROM follows f JOIN accounts a ON a.account_key = f.src "
        "JOIN accounts b ON b.account_key = f.dst WHERE b.account_id = ? AND f.src <> f.dst",
        [kol],
    )
    region = town.sql("SELECT account_id, region FROM accounts").set_index("account_id")["region"]
    crowd = region[sorted(set(follows["src"]) - set(real.ids[real.fake]))]
    rows = [row for row in town.audience([kol]).groups.records() if row["kind"] == "region"]
    assert {row["group"]: row["members"] for row in rows} == crowd.value_counts().to_dict()
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert all(row["low"] == row["share"] == row["high"] for row in rows)
