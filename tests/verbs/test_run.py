"""The verbs on a loaded world: rings discount the audience, fans are not accused, stored tables name people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kolgraph.errors import AnalysisError, InputError, UnknownName
from kolgraph.graph import Graph
from kolgraph.influence import reach
from kolgraph.kernels.rrsets import simulate
from kolgraph.synth import World, make_world
from kolgraph.verbs import run
from kolgraph.verbs.explain import check_up
from kolgraph.verbs.show import answer, overview, with_names
from kolgraph.workspace import Workspace


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(8000, seed=5)


@pytest.fixture(scope="module")
def ws(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("run")
    files = world.write(folder / "files")
    with Workspace.open(folder / "w.kol", create=True) as workspace:
        for kind in ("accounts", "follows", "posts", "reposts"):
            workspace.load(files[kind], platform="weibo")
        run.rings(workspace, seed=1)
        run.niches(workspace, seed=1)
        yield workspace


def members(world: World, table: str) -> set[str]:
    frame = world.truth[table]
    return set("weibo:" + (frame.query("role == 'member'") if table == "rings" else frame)["account"])


def test_planted_rings_are_found_and_fans_are_spared(ws: Workspace, world: World) -> None:
    planted, fans = members(world, "rings"), members(world, "fan_clubs")
    for relation in ("follow", "repost"):
        found = set(run.rings(ws, relation=relation, seed=1).accounts())
        assert len(found & planted) >= 0.9 * len(found)
        assert not (found & fans) - planted
    assert len(run.fake_accounts(ws) & planted) >= 0.9 * len(planted)


def test_the_audience_leaves_out_rings_and_the_wrong_niche(ws: Workspace, world: World) -> None:
    graph = Graph.from_workspace(ws)
    real = run.real_audience(ws, graph)
    fakes = run.fake_accounts(ws)
    assert set(graph.ids[real == 0]) == fakes
    label = ws.sql("SELECT label FROM communities ORDER BY size DESC")["label"].iloc[0]
    narrow = run.real_audience(ws, graph, niche=label)
    assert 0 < narrow.sum() < real.sum()
    assert ((narrow == 1) <= (real == 1)).all()
    region = world.accounts["region"].dropna().iloc[0]
    assert 0 < run.real_audience(ws, graph, region=region).sum() < real.sum()
    with pytest.raises(UnknownName, match="unknown niche 'nothing'; known:"):
        run.real_audience(ws, graph, niche="nothing")
    with pytest.raises(UnknownName, match="unknown region"):
        run.real_audience(ws, graph, region="nowhere")


def test_reach_counts_real_people_only(ws: Workspace, world: World) -> None:
    graph = Graph.from_workspace(ws)
    scores = run.rank(ws, by="reach", seed=1)
    assert scores.values.max() < run.real_audience(ws, graph).sum()
    # Accounts whose followers were mostly bought move far fewer people than their followers say.
    bought = world.truth["bought"].set_index("account")["bought_share"].astype(float)
    ids = "weibo:" + bought.index[bought > 0.8]
    followers = graph.incoming.degree[graph.rows(ids)]
    assert (scores.values[graph.rows(ids)] < followers).mean() > 0.9


def test_an_answer_for_some_is_given_and_not_stored(ws: Workspace) -> None:
    everybody = {by: run.rank(ws, by=by) for by in ("reach", "pagerank")}
    stored = ws.sql("SELECT * FROM scores ORDER BY ALL")
    label = ws.sql("SELECT label FROM communities ORDER BY size DESC")["label"].iloc[0]
    graph = Graph.from_workspace(ws)
    inside = run.real_audience(ws, graph, niche=label) > 0
    reached, seen = (run.rank(ws, by=by, niche=label) for by in ("reach", "pagerank"))
    assert reached.values.max() <= inside.sum()
    assert (reached.values <= everybody["reach"].high).mean() > 0.99
    assert seen.values[inside].sum() > 1.5 * everybody["pagerank"].values[inside].sum()
    best = everybody["pagerank"].top(1).index[0]
    near = run.rank(ws, by="pagerank", near=[best])
    assert near.top(1).index[0] == best
    assert ws.sql("SELECT * FROM scores ORDER BY ALL").equals(stored)
    for wrong in ({"by": "core", "niche": label}, {"by": "reach", "near": [best]}):
        with pytest.raises(InputError, match="means nothing for"):
            run.rank(ws, **wrong)
    with pytest.raises(InputError, match="--near names the accounts"):
        run.rank(ws, by="pagerank", near=[best], niche=label)


def test_reach_is_that_of_the_planted_probabilities(ws: Workspace, world: World) -> None:
    scores = run.rank(ws, by="reach", seed=1)
    graph, learnt = run.forwarding_graph(ws)
    assert learnt
    p = world.truth["probabilities"].assign(account=lambda t: "weibo:" + t["account"]).set_index("account")["p_repost"]
    into, real = graph.incoming, run.real_audience(ws, graph)
    true = p.reindex(graph.ids).to_numpy(np.float32)[into.idx]
    best = np.argsort(-scores.values)[:30]
    runs = [
        simulate(into.ptr, into.idx, true, np.ones(graph.n), real, np.array([v], np.int32), 2000, int(v)).mean()
        for v in best
    ]
    # Fans of the idols forward more than that, which nobody can tell from the rest.
    assert np.median(np.abs(scores.values[best] / runs - 1)) < 0.15
    # Where no repost was seen they would move everybody: the weighted cascade expects three times as many reposts.
    assert scores.values[best].sum() < 0.5 * reach(Graph.from_workspace(ws), targets=real, seed=1).values[best].sum()


def test_a_client_of_the_rings_is_exposed_with_evidence(ws: Workspace, world: World) -> None:
    bought = world.truth["bought"].sort_values(["bought_followers", "account"]).iloc[-1]
    found = check_up(ws, f"weibo:{bought['account']}")
    assert "ring_share" in found.problems
    assert found.shares["ring_share"] == pytest.approx(float(bought["bought_share"]), abs=0.1)
    assert found.why.shown > found.why.reach >= found.why.without_rings
    assert found.reach == pytest.approx(found.why.reach, rel=0.1)
    judged = run.quality(ws).frame()
    clean = judged[judged["problems"].str.len() == 0]
    assert judged.loc[found.account_id, "score"] < clean["score"].median()


def test_detected_share_of_bought_followers_is_close_to_the_planted_share(ws: Workspace, world: World) -> None:
    graph = Graph.from_workspace(ws)
    fake = np.isin(graph.ids.astype(str), sorted(run.fake_accounts(ws)))
    bought = world.truth["bought"].set_index("account")["bought_share"].astype(float)
    rows = graph.rows("weibo:" + bought.index)
    into = graph.incoming
    share = [fake[into.idx[into.ptr[v] : into.ptr[v + 1]]].mean() for v in rows]
    assert np.abs(np.array(share) - bought.to_numpy()).mean() < 0.06


def test_topics_are_counted_per_author(ws: Workspace, world: World) -> None:
    table = run.topics(ws)
    assert table["n"].sum() == ws.sql("SELECT sum(len(topics)) AS n FROM posts")["n"].item()
    assert set(table["account_id"]) <= set("weibo:" + world.posts["author"])


def test_stored_answers_name_people(ws: Workspace, world: World) -> None:
    run.rank(ws, by="pagerank")
    table = answer(ws, "scores")
    assert {"account_id", "account_name", "measure", "value"} <= set(table.columns)
    assert not {"run_id", "account_key"} & set(table.columns)
    assert len(answer(ws, "follows", limit=7)) == 7
    assert {"src_id", "dst_id"} <= set(answer(ws, "follows", limit=1).columns)
    named = with_names(ws, run.rank(ws, by="core").top(3))
    assert list(named.columns[:2]) == ["name", "followers"]
    assert named["name"].notna().all()
    sizes = overview(ws)["tables"].set_index("table")["rows"]
    assert sizes["accounts"] == len(world.accounts)
    assert sizes["rejects"] == 0
    with pytest.raises(UnknownName, match="unknown table"):
        answer(ws, "secrets")


def test_mistakes_name_the_cure(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown measure"):
        run.rank(ws, by="fame")
    with pytest.raises(InputError, match="--niche"):
        run.rank(ws, by="core", niche="x")
    with pytest.raises(UnknownName, match="unknown relation"):
        run.rings(ws, relation="likes")
    with pytest.raises(AnalysisError, match="price"):
        run.plan(ws, count=1, region="nowhere")
    with Workspace.open(tmp_path / "empty.kol", create=True) as empty, pytest.raises(AnalysisError, match="reposts"):
        run.spread(empty)
