"""Of which groups followers are: by hand, laws, against plain counts and Wilson, and planted shares of samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError, UnknownAccount
from kolgraph.graph import Graph
from kolgraph.influence import composition, quality
from kolgraph.influence.interval import wilson
from tests.influence.test_sampled import covered, full
from tests.worlds.graphs import from_rows, graphs


def test_by_hand() -> None:
    # v0 is followed by v1 to v5 and by itself; v5 is a bot, and of v4 no region is known; v1 follows nobody else.
    graph = from_rows(6, [(i, 0) for i in range(6)] + [(0, 1)])
    region = np.array(["北", "北", "北", "南", None, "南"], dtype=object)
    niche = np.array([None, np.nan, "", None, None, "x"], dtype=object)
    counted = np.arange(6) != 5
    found = composition(graph, full(graph), ["v00", "v01"], {"region": region, "niche": niche}, counted=counted)
    told = found.frame().query("account_id == 'v00' and kind == 'region'").set_index("group")
    assert told["members"].to_dict() == {"北": 2, "南": 1}
    assert set(told["sample"]) == {3}
    assert told["share"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert (told["low"] < told["share"]).all()  # one of four real followers says nothing
    assert (told["high"] <= [3 / 4, 2 / 4]).all()  # whatever that one is
    nothing = next(row for row in found.records() if row["kind"] == "niche")
    assert (nothing["group"], nothing["sample"], nothing["reason"]) == (None, 0, "nothing_known")
    assert np.isnan(nothing["share"])
    assert [row["account_id"] for row in found.records() if row["kind"] == "region"] == ["v00", "v00", "v01"]
    assert [row["low"] for row in found.records() if row["group"] == "北"][1] == 1  # all of v1's followers


def test_where_too_little_is_loaded_the_reason_says_so() -> None:
    graph = from_rows(3, [(1, 0), (2, 0)])
    found = composition(graph, covered(graph, [10_000, 0, 0]), ["v00"], {"region": np.array(["a", "b", "c"])})
    assert [(row["group"], row["reason"]) for row in found.records()] == [(None, "too_few_followers")]


def test_mistakes() -> None:
    graph = from_rows(2, [(1, 0)])
    with pytest.raises(InputError, match="2 accounts"):
        composition(graph, full(graph), ["v00"], {"region": np.array(["a"])})
    with pytest.raises(UnknownAccount, match="nobody"):
        composition(graph, full(graph), ["nobody"], {})
    assert composition(graph, full(graph), [], {}).records() == []


@settings(max_examples=50, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_full_lists_are_counted_exactly_in_any_order_of_accounts(graph: Graph, seed: int) -> None:
    label = np.random.default_rng(seed).choice(np.array(["a", "b", "c"], dtype=object), graph.n)
    follows = {(int(a), int(b)) for a, b, _ in zip(*graph.edges(), strict=True) if a != b}
    ids = [str(i) for i in graph.ids[::-1]]
    rows = composition(graph, full(graph), ids, {"group": label}).records()
    assert list(dict.fromkeys(row["account_id"] for row in rows)) == ids
    for v in range(graph.n):
        crowd = [str(label[a]) for a, b in follows if b == v]
        mine = [row for row in rows if row["account_id"] == graph.ids[v]]
        assert {row["group"]: row["members"] for row in mine if row["group"]} == {g: crowd.count(g) for g in crowd}
        for row in mine:
            if row["group"] is not None:
                assert row["low"] == row["share"] == row["high"] == pytest.approx(row["members"] / len(crowd))


def crowd(n: int) -> Graph:
    """v0 is followed by all others."""
    return from_rows(n + 1, [(i, 0) for i in range(1, n + 1)])


def test_an_endless_list_has_the_interval_of_wilson() -> None:
    graph = crowd(200)
    label = np.where(np.arange(201) % 4 == 0, "a", "b")
    row = composition(graph, covered(graph, [1e9] + [0] * 200), [str(graph.ids[0])], {"g": label}).records()[1]
    low, high = wilson(np.array([50]), 200)
    assert (row["share"], row["low"], row["high"]) == pytest.approx((0.25, low[0], high[0]), abs=1e-4)


def test_planted_shares_of_regions_and_zombies_lie_in_their_intervals() -> None:
    """300 accounts, of each 60 of 400 followers: 30 % of a region, 12 % zombies; 95 % intervals hold for 92 to 98 %."""
    kols, drawn = 300, np.array([np.random.default_rng(seed).permutation(400)[:60] for seed in range(300)]).ravel()
    graph = from_rows(kols * 61, [(kols + i, i // 60) for i in range(kols * 60)])
    label = np.array([""] * kols + ["南" if i < 120 else "北" for i in drawn], dtype=object)
    followers = [400.0] * kols + [0.0] * drawn.size
    posts = np.array([9.0] * kols + [0.0 if i % 25 < 3 else 9.0 for i in drawn])
    loaded = covered(graph, followers)
    table = composition(graph, loaded, [str(i) for i in graph.ids[:kols]], {"g": label}).frame().query("group == '南'")
    profiles = pd.DataFrame({"followers": followers, "followings": 1.0, "posts": posts})
    shares = quality(graph, profiles, tiers={"KOC": 1}, coverage=loaded).shares.head(kols)
    assert set(shares["profiles"]) == set(table["sample"]) == {60}
    for low, high, truth in ((table["low"], table["high"], 0.3), (shares["zombie_low"], shares["zombie_high"], 0.12)):
        assert 0.92 <= ((low <= truth) & (truth <= high)).mean() <= 0.98
