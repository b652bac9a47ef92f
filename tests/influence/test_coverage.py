"""Coverage: by hand, as plain Python counts; cut lists, few lists and newest-first lists are recognised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence import Coverage, coverage, quality
from kolgraph.influence.coverage import TEXTS
from kolgraph.locale import catalogue
from kolgraph.synth import World, make_world, thin_follows
from tests.worlds.graphs import from_rows, graphs


def profiles(n: int, **columns: Any) -> pd.DataFrame:
    """Nothing known but what is said."""
    return pd.DataFrame({"followers": np.nan, "followings": np.nan, **columns}, index=range(n))


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(6000, seed=5)


def graph_of(world: World, follows: pd.DataFrame) -> tuple[Graph, np.ndarray[Any, Any]]:
    """Rows as in the accounts of the world, and the time of every edge."""
    rows = pd.Series(np.arange(len(world.accounts)), index=world.accounts["account"])
    src, dst = (rows[follows[name]].to_numpy().astype(np.int32) for name in ("src", "dst"))
    graph = Graph.from_rows(src, dst, None, world.accounts["account"].to_numpy(object))
    order = np.lexsort((src, dst))
    return graph, follows["since"].to_numpy(np.float64)[order]


def test_by_hand() -> None:
    # v0 shows 100 followers, 3 are loaded; v1 shows 1 but 2 are loaded (an old count); v2 shows none; v3 is unknown.
    graph = from_rows(6, [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (4, 3), (0, 0)])
    found = coverage(graph, profiles(6, followers=[100, 1, 0, np.nan, 7, np.nan]), complete=False)
    assert found.followers.tolist() == [3, 2, 0, 1, 0, 0]
    assert found.followings.tolist() == [0, 1, 1, 1, 2, 1]
    np.testing.assert_equal(found.size, [100, 2, 0, np.nan, 7, np.nan])
    np.testing.assert_equal(found.share, [0.03, 1, np.nan, np.nan, 0, np.nan])
    assert found.reason.tolist() == [
        "too_few_followers", None, "no_follower", "too_few_followers", "no_follower_loaded", "no_follower_loaded",
    ]  # fmt: skip
    assert found.judged.tolist() == [False, True, False, False, False, False]
    table = found.frame()
    assert table.index.tolist() == ["v00", "v04", "v01", "v03"]  # v2 and v5: nobody shown, nobody loaded
    assert table["reason"].tolist() == ["too_few_followers", "no_follower_loaded", None, "too_few_followers"]


def test_a_sample_is_judged_when_its_interval_is_narrow_enough() -> None:
    # With twelve of very many a share of one half has an interval narrower than one half; with eleven it has not.
    graph = from_rows(40, [(v, 0) for v in range(5, 16)] + [(v, 1) for v in range(5, 17)])
    found = coverage(graph, profiles(40, followers=[1e6, 1e6, *[0] * 38]))
    assert found.reason[:2].tolist() == ["too_few_followers", None]


@settings(max_examples=60, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_laws(graph: Graph, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shown = np.where(rng.random(graph.n) < 0.3, np.nan, rng.integers(0, 9, graph.n))
    found = coverage(graph, profiles(graph.n, followers=shown))
    follows = {(int(a), int(b)) for a, b, _ in zip(*graph.edges(), strict=True) if a != b}
    for v in range(graph.n):
        assert found.followers[v] == sum(b == v for _, b in follows)
        assert found.followings[v] == sum(a == v for a, _ in follows)
        assert np.isnan(found.size[v]) or found.size[v] >= found.followers[v]
    known = ~np.isnan(found.share)
    assert ((found.share[known] >= 0) & (found.share[known] <= 1)).all()
    assert (found.judged | ~found.rings_judged).all()  # rings need more than an audience
    seen = ~np.isnan(found.visible)
    assert ((found.visible[seen] >= 0) & (found.visible[seen] <= 1)).all()
    assert (seen == (found.followers > 0)).all()
    for lang in ("en", "zh"):
        assert found.line(lang)


def test_everything_loaded_is_all_judged(world: World) -> None:
    graph, since = graph_of(world, world.follows)
    found = coverage(graph, world.accounts, since=since)
    assert found.cut_lengths == ()
    assert found.following_cut_lengths == ()
    assert found.order == "unknown"
    assert found.follow_rate == 1
    assert found.views == ("follow",)
    assert set(found.ring_reason[found.followers > 0]) == {None}
    # Without any shown count it is taken to be whole, and says so.
    bare = coverage(graph, profiles(graph.n))
    assert bare.complete
    assert bare.follow_rate == 1
    assert "taken for complete" in bare.line("en")
    np.testing.assert_array_equal(bare.size, found.followers)


@pytest.mark.parametrize("order", ["random", "newest"])
def test_lists_cut_at_a_length_are_recognised(world: World, order: str) -> None:
    graph, since = graph_of(world, thin_follows(world.follows, most=60, order=order, seed=1))
    found = coverage(graph, world.accounts, since=since)
    true = world.accounts["followers"].to_numpy()
    assert found.cut_lengths == (60,)
    assert (found.cut == (true > 60)).all()
    assert found.order == ("newest" if order == "newest" else "unknown")
    # Without shown counts, the pile of equal lengths gives it away; of the cut lists nobody knows the size.
    bare = coverage(graph, profiles(graph.n))
    assert bare.cut_lengths == (60,)
    assert np.isnan(bare.size[true > 60]).all()
    assert (bare.size[true < 60] == true[true < 60]).all()


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_lists_of_many_lengths_are_not_taken_for_cut(world: World, share: float) -> None:
    graph, since = graph_of(world, thin_follows(world.follows, share=share, seed=1))
    found = coverage(graph, world.accounts, since=since)
    assert found.cut_lengths == ()
    assert found.order == "unknown"


def test_equal_times_tell_no_order() -> None:
    size = np.arange(40, 60)
    src = np.concatenate([np.arange(20, 20 + k) for k in size]).astype(np.int32)
    graph = Graph.from_rows(src, np.repeat(np.arange(20), size).astype(np.int32), None, np.arange(80))
    shown = profiles(80, followers=[*(2.0 * size[::-1]), *[0.0] * 60])
    assert coverage(graph, shown, since=np.ones(graph.m)).order == "unknown"


def test_lists_of_a_few_accounts_show_no_ring(world: World) -> None:
    kols = world.truth["kols"]["account"].iloc[::4].head(30)
    graph, _ = graph_of(world, thin_follows(world.follows, only=kols))
    for shown in (world.accounts, profiles(graph.n), world.accounts.where(world.accounts["account"].isin(kols))):
        found = coverage(graph, shown[["followers", "followings"]].astype(float))
        assert found.views == ()
        listed = found.followers > 0
        assert set(found.ring_reason[listed]) <= {"lists_of_few", "too_few_followers"}
        assert "lists of 30 accounts" in found.why("lists_of_few")
        assert not found.rings_judged[found.followers >= 30].any()


def test_few_lists_of_each_follower_show_no_ring_but_whole_following_lists_do(world: World) -> None:
    thin, _ = graph_of(world, thin_follows(world.follows, share=0.1, seed=1))
    found = coverage(thin, world.accounts)
    assert set(found.ring_reason[found.followers >= 30]) == {"lists_too_short"}
    # Everything that a tenth of the accounts follows: each of them would be seen.
    some = set(world.accounts["account"].sample(frac=0.1, random_state=1))
    graph, _ = graph_of(world, world.follows[world.follows["src"].isin(some)])
    found = coverage(graph, world.accounts)
    assert found.visible[found.followers > 0].min() == 1
    assert set(found.ring_reason[found.followers >= 30]) == {None}


def test_posts_by_hand() -> None:
    graph = from_rows(60, [(v, 0) for v in range(1, 60)])
    posts = pd.DataFrame(
        {
            "author": [0, 0, -1],
            "reposts_loaded": [5, 9, 3],
            "reposts_shown": [10, 6, np.nan],
            "comments_loaded": [0, 0, 0],
            "comments_shown": [0, 4, np.nan],
        },
        index=["a", "b", "c"],
    )
    shown = profiles(60, followers=[100.0, *[0] * 59], posts=[4.0, *[0] * 59])
    found = coverage(graph, shown, posts=posts)
    np.testing.assert_equal(found.posts["repost_share"].to_numpy(), [0.5, 1, np.nan])
    np.testing.assert_equal(found.posts["comment_share"].to_numpy(), [1, 0, np.nan])
    # v0, the only large one: half of its four posts, of those 14 reposts of 10 + 9.
    assert found.repost_rate == pytest.approx(0.5 * 14 / 19)
    assert found.summary()["repost_share"] == pytest.approx(14 / 19)
    assert np.isnan(coverage(graph, shown).repost_rate)


def test_reposts_show_rings_that_thin_lists_hide(world: World) -> None:
    graph, _ = graph_of(world, thin_follows(world.follows, share=0.1, seed=1))
    rows = pd.Series(np.arange(len(world.accounts)), index=world.accounts["account"])
    count = world.posts["post"].map(world.reposts["root"].value_counts()).fillna(0)
    posts = pd.DataFrame({"author": rows[world.posts["author"]].to_numpy(), "reposts_loaded": count})
    found = coverage(graph, world.accounts, posts=posts)
    assert found.views == ("repost",)
    assert set(found.ring_reason[found.followers >= 30]) == {None}
    assert "rings can be seen in reposts, not in follows" in found.line("en")


def test_quality_says_nothing_of_what_it_cannot_judge(world: World) -> None:
    kols = world.truth["kols"]["account"].iloc[::4].head(30)
    graph, _ = graph_of(world, thin_follows(world.follows, only=kols))
    shown = world.accounts[["followers", "followings"]].assign(posts=np.nan)
    found = coverage(graph, shown)
    judged = quality(graph, shown, tiers={"KOC": 100}, coverage=found)
    assert np.isnan(judged.score).all()
    assert not any("ring_share" in names for names in judged.problems())
    assert judged.shares.loc[found.judged, "reachable"].notna().all()
    assert set(judged.frame()["reason"]) >= {"lists_of_few", "no_follower_loaded"}
    with pytest.raises(InputError, match="coverage is about"):
        quality(from_rows(2, [(0, 1)]), shown.head(2), tiers={}, coverage=found)


def test_every_reason_has_a_text_in_both_languages() -> None:
    found = coverage(from_rows(3, [(0, 1)]), profiles(3))
    assert isinstance(found, Coverage)
    codes = {code for part in TEXTS.values() for code in part}
    for lang in ("en", "zh"):
        assert all(f"coverage.{code}" in catalogue(lang) for code in codes)
        assert all("{" not in found.why(code, lang) for code in codes)


def test_an_empty_graph_is_covered() -> None:
    found = coverage(from_rows(2, []), profiles(2))
    assert found.frame().empty
    assert found.follow_rate == 0
    assert found.summary()["follower_share"] is None


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"profiles": profiles(1)}, "one row for each of 3"),
        ({"profiles": pd.DataFrame({"followers": [1.0] * 3})}, "'followings'"),
        ({"profiles": profiles(3, followers=-1.0)}, "0 or more"),
        ({"since": [1.0]}, "one time for each of 2"),
        ({"posts": pd.DataFrame({"reposts_loaded": [1]})}, "'author'"),
        ({"posts": pd.DataFrame({"author": [3]})}, "rows from 0 to 2"),
    ],
)
def test_wrong_input_is_refused(wrong: dict[str, Any], match: str) -> None:
    table = wrong.pop("profiles", profiles(3))
    with pytest.raises(InputError, match=match):
        coverage(from_rows(3, [(1, 0), (2, 0)]), table, **wrong)


def test_rings_that_would_not_show_have_no_share_though_the_audience_is_judged() -> None:
    graph = Graph.from_edges(["x", "y", "z"], ["ann", "ann", "bob"])
    table = pd.DataFrame({"followers": graph.incoming.degree.astype(float), "followings": np.nan})
    loaded = coverage(graph, table)
    unseen = replace(loaded, ring_reason=np.full(graph.n, "lists_of_few", dtype=object))
    found = quality(graph, table.assign(posts=1.0), tiers={"KOC": 1}, coverage=unseen)
    ann = int(graph.rows(["ann"])[0])
    assert loaded.judged[ann]
    assert np.isnan(found.shares["ring_share"].to_numpy()).all()
    assert found.shares["reachable"].iloc[ann] == 1
