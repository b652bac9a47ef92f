"""Networks of co-action: by hand, laws, a self-join of pandas, planted rings, and input that asks for too much."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import AnalysisError, InputError, LimitError, UnknownName
from kolgraph.rings import coordination
from kolgraph.rings.coordinated import COLUMNS
from kolgraph.rings.objects import KINDS, domain, hashtag, link

S = 1000
#: A post that ann, bob and cai repost together, one of ann and bob, and one where all come far apart.
USERS = ["ann", "bob", "cai", "ann", "bob", "ann", "bob", "cai"]
POSTS = ["p", "p", "p", "q", "q", "r", "r", "r"]
TIMES = [0, 30 * S, 50 * S, 7 * S, 8 * S, 0, 900 * S, 9000 * S]
ACTS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz"), st.integers(0, 40)), min_size=1, max_size=40
)


def test_by_hand() -> None:
    found = coordination(USERS, POSTS, TIMES, kind="repost", min_weight=1)
    rows = found.frame().reset_index().set_index(["source", "target"])
    # ann and bob meet at p and q, cai meets both at p; r is no window for anybody.
    assert rows["weight"].to_dict() == {
        ("ann", "bob"): 2, ("bob", "ann"): 2, ("ann", "cai"): 1, ("cai", "ann"): 1, ("bob", "cai"): 1, ("cai", "bob"): 1
    }  # fmt: skip
    # 4 pairs of acts in common; ann and bob act 3 times, cai twice: (64 - 9 - 9 - 4) / 2 = 21 possible pairs.
    assert rows.loc[("ann", "bob"), "expected"] == pytest.approx(3 * 3 * 4 / 21)
    surplus = 2 * math.log(2 / (12 / 7)) - (2 - 12 / 7)
    assert rows.loc[("ann", "bob"), "bits"] == pytest.approx(surplus / math.log(2))
    assert found.accounts().loc["ann"].to_dict() == {"community": 0, "acts": 3, "partners": 2}
    assert found.groups.to_dict("records") == [{"accounts": 3, "pairs": 3, "density": 1.0, "mean_weight": 4 / 3}]
    assert found.pushed.to_dict("records")[0] == {
        "community": 0, "object": "p", "accounts": 3, "acts": 3, "first_ts": 0, "last_ts": 50 * S
    }  # fmt: skip
    assert found.group_records(1)[0]["pushed"] == ["p", "q"]  # on r everybody acted alone
    near = coordination(USERS, POSTS, TIMES, kind="repost", min_weight=0.5, decay_s=30)
    assert near.frame().loc[("bob", "cai"), "closeness"] == pytest.approx(math.exp(-20 / 30))
    assert ("ann", "cai") not in near.frame().index  # 50 s apart: .19


@settings(max_examples=30)
@given(ACTS, st.integers(0, 20), st.integers(1, 3))
def test_edges_are_those_of_a_self_join(acts, window, least) -> None:
    users, objects, times = (list(column) for column in zip(*acts, strict=True))
    found = coordination(users, objects, np.array(times) * S, kind="k", window_s=window, min_weight=least).frame()
    table = pd.DataFrame({"user": users, "object": objects, "time": times, "act": range(len(acts))})
    both = table.merge(table, on="object")
    both = both[(both["user_x"] != both["user_y"]) & ((both["time_x"] - both["time_y"]).abs() <= window)]
    pairs = both.groupby(["user_x", "user_y"]).agg(weight=("act_x", "nunique"), objects=("object", "nunique"))
    expected = pairs[pairs["weight"] >= least]
    assert found[["weight", "objects"]].sort_index().to_dict("index") == expected.to_dict("index")


@settings(max_examples=12)
@given(ACTS, st.randoms(use_true_random=False))
def test_names_and_the_order_of_rows_change_nothing(acts, random) -> None:
    def network(rows, name):
        users, objects, times = zip(*rows, strict=True)
        names = [name[u] for u in users]
        return coordination(names, objects, np.array(times) * S, kind="k", window_s=9, min_weight=1)

    same = {u: u for u in "abcdef"}
    before = network(acts, same)
    random.shuffle(acts)
    after = network(acts, same)
    for name, table in before.frames().items():
        pd.testing.assert_frame_equal(table, after.frames()[name], check_exact=False)
    other = network(acts, {u: f"z{u}" for u in "abcdef"})  # the same order of names
    assert other.source.tolist() == before.source.tolist()
    assert other.community.tolist() == before.community.tolist()


@settings(max_examples=30)
@given(ACTS, st.sampled_from(["leiden", "components"]))
def test_communities_are_connected_and_largest_first(acts, method) -> None:
    users, objects, times = zip(*acts, strict=True)
    found = coordination(users, objects, np.array(times) * S, kind="k", window_s=5, min_weight=1, method=method)
    size = np.bincount(found.community)
    assert (np.diff(size) <= 0).all()
    assert found.groups["accounts"].tolist() == size.tolist()
    import networkx as nx

    graph = nx.Graph(zip(found.source.tolist(), found.target.tolist(), strict=True))
    members = [np.flatnonzero(found.community == c).tolist() for c in range(size.size)]
    assert all(nx.is_connected(graph.subgraph(part)) for part in members)
    if method == "components":
        assert sorted(map(sorted, members)) == sorted(map(sorted, nx.connected_components(graph)))


def test_kinds_are_never_mixed() -> None:
    kinds = ["repost", "link"] * 4
    found = coordination(USERS, ["x"] * 8, [0] * 8, kinds, kind="link", min_weight=1)
    alone = coordination(USERS[1::2], ["x"] * 4, [0] * 4, kind="link", min_weight=1)
    assert found.frame().equals(alone.frame())
    assert found.counted["kinds"] == {"link": 4, "repost": 4}
    assert found.counted["shares"] == 4


def test_planted_rings_are_the_communities() -> None:
    rng = np.random.default_rng(5)
    m, people = 6000, 800
    users, posts = rng.integers(0, people, m), rng.integers(0, 1500, m)
    times = rng.integers(0, 30 * 86400, m)
    rings = [np.arange(people + 20 * r, people + 20 * r + 20) for r in range(3)]
    for number, ring in enumerate(rings):
        for post in rng.integers(0, 1500, 12):
            there = ring[rng.random(20) < 0.7]
            users = np.concatenate([users, there])
            posts = np.concatenate([posts, np.full(there.size, post)])
            times = np.concatenate([times, 86400 * (number + 3) + post * 60 + rng.integers(0, 40, there.size)])
    found = coordination(users, posts, times * S, kind="repost", min_weight=3)
    got = [set(found.ids[found.community == c].astype(int)) for c in range(3)]
    assert sorted(map(min, got)) == [ring[0] for ring in rings]
    assert sorted(map(sorted, got)) == [ring.tolist() for ring in rings]
    assert (found.bits > 10).all()


def test_acts_without_a_time_are_left_out_and_counted() -> None:
    times = [0, 30 * S, None, 7 * S, 8 * S, None, None, None]
    found = coordination(USERS, POSTS, times, kind="repost", min_weight=1)
    assert found.summary()["acts_without_time"] == 4
    assert set(found.ids) == {"ann", "bob"}
    without = coordination(USERS, POSTS, kind="repost", window_s=None, min_weight=3)
    assert without.frame()["weight"].to_dict() == {("ann", "bob"): 3, ("bob", "ann"): 3}
    assert without.pushed["first_ts"].isna().all()  # unknown is not zero
    with pytest.raises(AnalysisError, match=r"no repost has a time; window_s=none"):
        coordination(USERS, POSTS, kind="repost")
    with pytest.raises(AnalysisError, match="no repost has a time"):
        coordination(USERS, POSTS, kind="repost", window_s=None, decay_s=5)


def test_a_crowd_is_left_out_and_told() -> None:
    # 3,000 accounts at one moment, and two that meet elsewhere as well.
    users = [*range(3000), 1, 2, 1, 2]
    posts, times = [*["viral"] * 3000, "a", "a", "b", "b"], [0] * 3004
    found = coordination(users, posts, times, kind="repost")
    assert found.frame().index.tolist() == [("1", "2"), ("2", "1")]
    assert found.capped.to_dict("records") == [
        {"object": "viral", "acts": 3000, "acts_left_out": 3000, "pairs_left_out": 3000 * 2999 // 2}
    ]
    with pytest.raises(LimitError, match=r"more than 100 pairs act together; narrow window_s, or raise min_weight"):
        coordination(users, posts, times, kind="repost", min_weight=1, max_crowd=5000, max_edges=100)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"users": [1.5, 2.5], "objects": ["a", "a"]}, "users must be integers or text, not float64"),
        ({"users": ["a", None], "objects": ["a", "a"]}, "users: row 1 is missing"),
        ({"objects": ["a"]}, "1 objects for 2 users"),
        ({"times": [1]}, "1 times for 2 users"),
        ({"kinds": ["k"]}, "1 kinds for 2 users"),
        ({"times": [0.5, 1.0]}, "times must be whole numbers"),
        ({"times": [0, 2**62]}, "further off than any clock shows"),
        ({"window_s": -1}, "window_s=-1: give seconds"),
        ({"window_s": float("nan")}, "window_s=nan"),
        ({"decay_s": 0}, "decay_s=0: give seconds"),
        ({"min_weight": 0}, "min_weight=0: has to be above 0"),
        ({"max_crowd": 0}, "max_crowd=0: is no whole number"),
    ],
)
def test_what_cannot_be_is_refused(given, words) -> None:
    with pytest.raises(InputError, match=words):
        coordination(**{"users": ["a", "b"], "objects": ["x", "x"], "times": [0, 0], "kind": "k"} | given)


def test_nothing_gives_nothing() -> None:
    found = coordination([], [], [], kind="k")
    assert found.summary()["edges"] == 0
    assert all(table.empty for table in found.frames().values())
    with pytest.raises(UnknownName, match="unknown method 'louvain'; known: components, leiden"):
        coordination([], [], [], kind="k", method="louvain")


def test_what_is_written_says_what_its_columns_mean(tmp_path: Path) -> None:
    found = coordination(USERS, POSTS, TIMES, kind="repost", min_weight=1)
    file = json.loads(found.save(tmp_path / "net.json", lang="zh").read_text("utf-8"))
    assert file["parameters"]["window_s"] == 60
    assert file["summary"]["edges"] == len(file["edges"]) == 6
    folder = found.save(tmp_path / "net")
    for name, table in found.frames().items():
        columns = [column for column in COLUMNS[name] if column != "closeness"]
        assert list(table.columns) == columns
        assert [row["column"] for row in file["dictionary"] if row["table"] == name] == columns
        written = pd.read_csv(folder / f"{name}.csv")
        assert list(written.columns) == columns
        assert len(written) == len(file[name]) == len(table)
    assert "账号" in {row["unit"] for row in file["dictionary"]}
    assert found.save(tmp_path / "net.json").exists()  # ours: written over
    (tmp_path / "theirs.json").write_text("[1]")
    with pytest.raises(InputError, match="kolgraph did not write it"):
        found.save(tmp_path / "theirs.json")
    with pytest.raises(UnknownName, match=r"unknown ending of a network '.xlsx'"):
        found.save(tmp_path / "net.xlsx")
    near = coordination(USERS, POSTS, TIMES, kind="repost", min_weight=0.1, decay_s=30)
    assert list(near.frames()["edges"].columns) == list(COLUMNS["edges"])
    assert "closeness" in set(near.dictionary()["column"])


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("http://Example.com", "example.com"),
        ("https://www.example.com/a/#x", "example.com/a"),
        ("example.com/A?spm=1&b=2", "example.com/A?b=2"),
        ("https://t.cn/A6xyz", "t.cn/A6xyz"),
        ("http://example.com:80/a", "example.com/a"),
        ("http://example.com:8080/a", "example.com:8080/a"),
        ("http://[1", None),
        ("http://a b.com", None),
        ("localhost", None),
        ("", None),
    ],
)
def test_an_address_has_one_form(address, form) -> None:
    assert link(address) == form
    assert form is None or link(form) == form
    assert domain(address) == (form and form.split("/")[0].split(":")[0].split("?")[0])


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=20))
def test_a_form_is_its_own_form(kind, text) -> None:
    once = KINDS[kind](text)
    assert once is None or KINDS[kind](once) == once


def test_hashtags_are_compared_without_dress() -> None:
    assert hashtag("#双11[超话]#") == hashtag("双１１") == "双11"
    assert hashtag("##") is None
