"""Ranking a loaded world: real people only, learnt from reposts; an answer for some is not that for everybody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kolgraph.errors import AnalysisError, InputError, UnknownName
from kolgraph.graph import Graph
from kolgraph.influence import reach
from kolgraph.kernels.rrsets import simulate
from kolgraph.synth import World
from kolgraph.verbs.observed import forwarding
from kolgraph.verbs.real import targets
from kolgraph.workspace import Workspace


def test_reach_counts_real_people_only(town: Workspace, world: World) -> None:
    graph = Graph.from_workspace(town)
    scores = town.rank(by="reach")
    assert scores.values.max() < town.real().weight.sum()
    # Accounts whose followers were mostly bought move far fewer people than their followers say.
    bought = world.truth["bought"].set_index("account")["bought_share"].astype(float)
    ids = "weibo:" + bought.index[bought > 0.8]
    followers = graph.incoming.degree[graph.rows(ids)]
    assert (scores.values[graph.rows(ids)] < followers).mean() > 0.9
    # Raw, everybody counts: nobody moves fewer, and the customers of the rings move more.
    raw = town.rank(by="reach", raw=True)
    assert raw.values[graph.rows(ids)].sum() > scores.values[graph.rows(ids)].sum()


def test_an_answer_for_some_is_given_and_not_in_the_tables(town: Workspace) -> None:
    everybody = {by: town.rank(by=by) for by in ("reach", "pagerank")}
    stored = town.sql("SELECT * FROM scores ORDER BY ALL")
    niche = town.niches().summary_frame()["label"].iloc[0]
    inside = targets(town, niche=niche) > 0
    reached, seen = (town.rank(by=by, niche=niche) for by in ("reach", "pagerank"))
    assert reached.values.max() <= inside.sum()
    assert (reached.values <= everybody["reach"].high).mean() > 0.99
    assert seen.values[inside].sum() > 1.5 * everybody["pagerank"].values[inside].sum()
    best = everybody["pagerank"].top(1).index[0]
    near = town.rank(by="pagerank", near=[best])
    assert near.top(1).index[0] == best
    assert town.sql("SELECT * FROM scores ORDER BY ALL").equals(stored)
    for wrong in ({"by": "core", "niche": niche}, {"by": "reach", "near": [best]}, {"by": "core", "raw": True}):
        with pytest.raises(InputError, match="means nothing for"):
            town.rank(**wrong)
    with pytest.raises(InputError, match=r"^near names the accounts"):
        town.rank(by="pagerank", near=[best], niche=niche)


def test_reach_is_that_of_the_planted_probabilities(town: Workspace, world: World) -> None:
    scores = town.rank(by="reach")
    graph, learnt = forwarding(town)
    assert learnt
    p = world.truth["probabilities"].assign(account=lambda t: "weibo:" + t["account"]).set_index("account")["p_repost"]
    into, real = graph.incoming, town.real().weight
    true = p.reindex(graph.ids).to_numpy(np.float32)[into.idx]
    best = np.argsort(-scores.values)[:30]
    runs = [
        simulate(into.ptr, into.idx, true, np.ones(graph.n), real, np.array([v], np.int32), 2000, int(v)).mean()
        for v in best
    ]
    # Fans of the idols forward more than that, which nobody can tell from the rest.
    assert np.median(np.abs(scores.values[best] / runs - 1)) < 0.15
    # Where no repost was seen they would move everybody: the weighted cascade expects three times as many reposts.
    expected = reach(Graph.from_workspace(town), targets=real, seed=1)
    assert scores.values[best].sum() < 0.5 * expected.values[best].sum()


def test_a_seed_that_is_not_used_is_no_part_of_the_question(town: Workspace) -> None:
    town.rank(by="core")
    again = town.rank(by="core", seed=9)
    assert again.provenance.read
    assert again.provenance.parameters["seed"] == 1


def test_mistakes_name_the_cure(town: Workspace) -> None:
    with pytest.raises(UnknownName, match=r"unknown measure 'fame'; known:.*reach"):
        town.rank(by="fame")
    with pytest.raises(InputError, match=r"^niche means nothing for 'core'"):
        town.rank(by="core", niche="x")


def test_where_nobody_counts_there_is_no_answer_and_tables_are_empty(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "e.kol", create=True) as empty:
        with pytest.raises(AnalysisError, match="no account counts"):
            empty.rank()
        for name in ("scores", "rings", "communities", "cascades", "plans"):
            assert empty.table(name).empty
        assert empty.query("MATCH (a:Account) RETURN a.reach AS reach").empty
