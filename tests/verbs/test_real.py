"""Who counts: members of rings do not, fans do, and a niche or region narrows it down."""

from __future__ import annotations

import numpy as np
import pytest

from kolgraph.errors import UnknownName
from kolgraph.graph import Graph
from kolgraph.synth import World
from kolgraph.verbs.real import targets
from kolgraph.workspace import Workspace


def test_planted_members_do_not_count_and_fans_do(town: Workspace, world: World) -> None:
    planted = set("weibo:" + world.truth["rings"].query("role == 'member'")["account"])
    fans = set("weibo:" + world.truth["fan_clubs"]["account"]) - planted
    who = town.real()
    fake = set(who.ids[who.fake])
    assert len(fake & planted) >= 0.9 * len(planted)
    assert not fake & fans
    shown = who.frame()
    assert set(shown.index) == set(who.ids[who.weight < 1])
    assert set(shown.index[shown["weight"] < 0.5]) == fake
    assert planted & fake == planted & set(shown.index)  # who is in doubt was taken in by mistake
    assert (who.weight[who.fake] == 0).mean() > 0.95
    assert set(who.frame()["ring"].str.partition(":")[0]) <= {"follow", "repost"}
    assert set(shown["reason"]) <= {"coordinated_ordinary", "few_edges"}  # names are alike in no ring of this world
    partly = int(((who.weight > 0) & (who.weight < 1)).sum())
    assert who.summary() == {"accounts": len(world.accounts), "fake": len(fake), "partly": partly}
    graph = Graph.from_workspace(town)
    blocks = [*town.rings().rings, *town.rings(relation="repost").rings]
    spared = [block for block in blocks if block.verdict != "coordinated"]
    assert spared
    for block in spared:
        free = [row for row in graph.rows(block.members.tolist()) if who.ring[row] is None]
        assert set(who.weight[free]) == {1.0}
        assert block.verdict.replace(" ", "_") in who.reason[free]


def test_everybody_counts_raw(town: Workspace) -> None:
    who = town.real(raw=True)
    assert who.weight.tolist() == [1.0] * who.ids.size
    assert who.frame().empty


def test_rows_are_those_of_every_graph(town: Workspace) -> None:
    assert town.real().ids.tolist() == Graph.from_workspace(town).ids.tolist()


def test_who_is_reached_leaves_out_rings_and_the_wrong_niche(town: Workspace, world: World) -> None:
    weight = targets(town)
    assert (weight == town.real().weight).all()
    niche = town.niches().summary_frame()["label"].iloc[0]
    narrow = targets(town, niche=niche)
    assert 0 < narrow.sum() < weight.sum()
    assert ((narrow == 1) <= (weight == 1)).all()
    assert narrow.sum() < targets(town, niche=niche, raw=True).sum() or not (town.real().fake).any()
    region = world.accounts["region"].dropna().iloc[0]
    inside = targets(town, region=region)
    assert 0 < inside.sum() < weight.sum()
    declared = town.sql("SELECT region FROM accounts ORDER BY account_key")["region"].to_numpy(object)
    assert (inside == np.where(declared == region, weight, 0)).all()
    with pytest.raises(UnknownName, match="unknown niche 'nothing'; known:"):
        targets(town, niche="nothing")
    with pytest.raises(UnknownName, match="unknown region"):
        targets(town, region="nowhere")
