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
