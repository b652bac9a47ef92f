"""The check-up of an account: what a workspace has seen, counted by hand, and the same page in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kolgraph.errors import UnknownAccount
from kolgraph.graph import Graph
from kolgraph.influence import share_of_list
from kolgraph.report.checkup import lines
from kolgraph.verbs import observed
from kolgraph.verbs.observed import read_engaged, read_follow_times, read_past
from kolgraph.workspace import Workspace


@pytest.fixture
def seen(tmp_path: Path):
    """Ann posted p1, p2; bob (a follower) took p1 twice; cai took it from bob; dan took p2, and follows nobody."""
    folder = tmp_path / "seen.kol"
    (tmp_path / "follows.csv").write_text(
        "follower,followed,since\nbob,ann,1600000000000\ncai,bob,\ncai,ann,1600086400000\n"
    )
    (tmp_path / "posts.csv").write_text(
        "post,author,time,text,likes\np1,ann,1700000001000,,\np2,ann,1700000002000,,\nq1,cai,1700000003000,,\n"
    )
    (tmp_path / "reposts.csv").write_text(
        "repost,reposter,author,root,parent,time,text\nr1,bob,ann,p1,p1,1700000001100,\nr2,bob,ann,p1,p1,1700000001200,\n"
        "r3,cai,ann,p1,r1,1700000001300,\nr4,dan,ann,p2,p2,1700000002100,\nr5,ann,ann,p2,p2,1700000002200,\n"
    )
    with Workspace.open(folder, create=True) as ws:
        for name in ("follows", "posts", "reposts"):
            ws.load(tmp_path / f"{name}.csv", platform="x")
        yield ws


def test_what_was_taken_from_whom_is_counted_by_hand(seen: Workspace) -> None:
    found = observed.learn(seen, Graph.from_workspace(seen))
    graph, known = observed.forwarding(seen)
    assert known
    assert graph.fingerprint == found.graph.fingerprint
    # Posts to take: ann p1 p2 r5, bob r1 r2, cai q1 r3, dan r4. Taken by followers: bob 1 of ann's, cai 1 of bob's. Dan
    # came once without following, and ann took her own: neither is evidence, nor an edge.
    weights = {(str(graph.ids[a]), str(graph.ids[b])): float(w) for a, b, w in zip(*found.graph.edges(), strict=True)}
    assert set(weights) == {("x:bob", "x:ann"), ("x:cai", "x:bob"), ("x:cai", "x:ann")}
    prior = {"x:bob": 1.0, "x:cai": 0.5}
    posts = {"x:ann": 3, "x:bob": 2}
    expected = sum(posts[b] * prior[a] for a, b in weights)
    assert found.scale == pytest.approx(2 / expected)
    s = found.strength
    taken = {edge: edge != ("x:cai", "x:ann") for edge in weights}
    for (a, b), p in weights.items():
        mean = min(prior[a] * found.scale, 1)
        assert p == pytest.approx((s * mean + taken[a, b]) / (s + posts[b]), rel=1e-5)
    # Of own posts, p1 and p2, followers took one in all, strangers one; bob has no own post, and nobody follows cai.
    told = {str(i): (v, w) for i, v, w in zip(graph.ids, found.followers.values, found.strangers.values, strict=True)}
    assert told.pop("x:ann") == (pytest.approx(0.5, rel=0.2), pytest.approx(0.5, rel=0.2))
    assert np.isnan(list(told.values())).all()


def test_what_is_taken_from_a_repost_is_no_success_of_an_own_post(seen: Workspace, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("post,author,time,text,likes\nb1,bob,1700000004000,,\n")
    seen.load(tmp_path / "more.csv", platform="x")
    found = observed.learn(seen, Graph.from_workspace(seen))
    row = found.graph.rows(["x:bob"])[0]
    # Cai, a follower, took bob's repost of p1; nobody took b1.
    assert found.followers.low[row] == 0
    assert found.followers.values[row] < found.followers.values[found.graph.rows(["x:ann"])[0]]


def test_moves_and_engagement_are_counted_by_hand(seen: Workspace) -> None:
    ids = Graph.from_workspace(seen).ids
    past = read_past(seen, np.ones(ids.size))
    told = sorted(zip((str(ids[v]) for v in past.author), past.time.tolist(), past.moved.tolist(), strict=True))
    # p1 was taken by bob and cai, p2 by dan and by ann herself.
    times = [1700000001000, 1700000002000, 1700000003000]
    assert told == [("x:ann", times[0], 2), ("x:ann", times[1], 1), ("x:cai", times[2], 0)]
    table = seen.realised().frame()
    assert table["realised"].to_dict() == {"x:ann": 1.5, "x:cai": 0.0}
    engaged = dict(zip(ids, read_engaged(seen, np.ones(ids.size), seen.realised().posts > 0), strict=True))
    assert (engaged["x:ann"], engaged["x:cai"]) == (2, 0)  # bob and cai follow ann, dan does not
    assert np.isnan(engaged["x:dan"])
    times = read_follow_times(seen)
    assert sorted(times[~np.isnan(times)].tolist()) == [1600000000000, 1600086400000]


def test_a_check_up_without_reposts_profiles_or_rings_says_what_it_can(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("follower,followed\na,b\nc,b\n")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(tmp_path / "f.csv", platform="x")
        assert ws.explain("x:b").reach is None  # nobody says that these two are all its followers
        shown = "account,followers,followings\na,0,1\nb,2,0\nc,0,1\n"
        (tmp_path / "a.csv").write_text(shown)
        ws.load(tmp_path / "a.csv", platform="x")
        found = ws.explain("x:b")
        with pytest.raises(UnknownAccount):
            ws.explain("x:nobody")
    assert (found.reach, found.reach_low, found.reach_high) == (3, 3, 3)
    assert (found.followers, found.realised, found.trend, found.posts) == (2, None, None, 0)
    assert lines(found, "en")[0].startswith("x:b, ")


def test_both_languages_say_the_same_numbers_and_json_is_json(seen: Workspace) -> None:
    found = seen.explain("x:ann")
    en, zh = lines(found, "en"), lines(found, "zh")
    assert len(en) == len(zh)
    assert not [line for line in [*en, *zh] if "{" in line or "nan" in line.lower()]
    plain = json.loads(json.dumps(found.plain()))
    assert plain["realised"] == 1.5
    assert {edge["account_id"] for edge in plain["why"]["edges"]} == {"x:bob", "x:cai"}
    learnt = observed.learn(seen, Graph.from_workspace(seen))
    row = learnt.graph.rows(["x:ann"])[0]
    for channel in ("followers", "strangers"):
        told = [plain[f"{channel}_repost{end}"] for end in ("", "_low", "_high")]
        assert told == [getattr(getattr(learnt, channel), part)[row] for part in ("values", "low", "high")]
    assert plain["followers_repost"] != plain["strangers_repost"]


def test_a_check_up_tells_the_regions_of_real_followers(tmp_path: Path) -> None:
    """60 of 600 followers are loaded: 40 in 广东 however they write it, 10 in 北京; of 10 nobody knows."""
    fans = [f"f{i}" for i in range(60)]
    places = ["广东", "深圳", "Guangdong", "广东省"] * 10 + ["北京"] * 10 + [None] * 10
    accounts = pd.DataFrame({"account": ["ann", *fans], "region": [None, *places], "followers": [600, *[0] * 60]})
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(accounts, platform="x")
        ws.load(pd.DataFrame({"follower": fans, "followed": "ann"}), platform="x")
        found = ws.explain("ann")
        rows = [row for row in found.groups.records() if row["kind"] == "region"]
        assert rows == [row for row in ws.audience(["ann"]).groups.records() if row["kind"] == "region"]
        assert found.plain()["groups"] == found.groups.records()
        assert [(row["group"], row["members"], row["sample"]) for row in rows] == [("广东", 40, 50), ("北京", 10, 50)]
        value, low, high = share_of_list([40, 10], [50, 50], [600, 600])
        for name, expected in (("share", value), ("low", low), ("high", high)):
            assert [row[name] for row in rows] == pytest.approx(expected)
        for lang, said in (
            ("en", "by region (told by 50 of them): 广东 80% ("),
            ("zh", "地区，依据其中 50 人）：广东 80%（"),
        ):
            assert [line for line in lines(found, lang) if said in line], lines(found, lang)
