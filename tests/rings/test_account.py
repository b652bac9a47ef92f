"""What accounts look like: by hand, as networkx counts, unknown stays unknown; one hand is told from a crowd."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.rings.views.account import REASONS, Features, account_features
from kolgraph.rings.views.alike import of_group, of_members
from tests.worlds.graphs import from_rows, graphs

HOUR = 3_600_000


def test_by_hand() -> None:
    graph = from_rows(3, [(0, 1), (1, 0), (0, 2), (2, 2)])
    profiles = pd.DataFrame(
        {
            "name": ["小王88", "user_20260101", None],
            "followers": [9, 0, np.nan],
            "followings": [4, 1, np.nan],
            "age_days": [100, np.nan, np.nan],
            "bio": ["你好", "", None],
            "region": ["广东", "广东", None],
        }
    )
    night = np.arange(10) * 24 * HOUR + 19 * HOUR  # 3 o'clock in China, once a day
    found = account_features(
        profiles,
        graph=graph,
        whole=[True, True, False],
        events=([0] * 10 + [1, 1], [*night, 0, np.nan]),
        texts=([0, 0, 0, 1], [5, -1, -2, -1]),
        shared_bits=[3.0, 0.0, np.nan],
    )
    nan = np.nan
    wanted = {
        "age_days": [100, nan, nan],
        "ratio": [2, 0.5, nan],
        "reciprocity": [0.5, 1, nan],
        "interval_entropy": [0, nan, nan],
        "night_share": [1, 0, nan],
        "own_words": [0.5, 0, nan],
        "shared_words": [1.5, 0, nan],
        "name_digits": [0.5, 8 / 13, nan],
        "name_vowels": [nan, nan, nan],
        "name_default": [0, 1, nan],
        "empty_fields": [0, 0.5, nan],
    }
    # Half of the two with a profile have a bio: it is a field of this source; the third has no profile.
    for name, column in wanted.items():
        assert found.table[name].to_numpy() == pytest.approx(column, nan_ok=True), name
    assert found.pattern.tolist() == ["CD", "LSD", None]
    assert found.hours.sum(axis=1).tolist() == [10, 1, 0]
    assert found.hours[0, 3] == 10
    assert found.table["hour_distance"][0] > found.table["hour_distance"][1] > 0
    assert {*found.table} == set(REASONS) - {"device"}


def test_letters_at_random_have_few_vowels() -> None:
    rng = np.random.default_rng(1)
    drawn = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 40)) for _ in range(50)]
    said = ["xiaomeihaoduoyu", "beautifulmorning", "zhangweiguo"]
    vowels = account_features(pd.DataFrame({"name": drawn + said})).table["name_vowels"]
    assert vowels[:50].mean() == pytest.approx(5 / 26, abs=0.02)
    assert vowels[50:].min() > vowels[:50].mean() + 0.1


@given(graphs())
@settings(max_examples=25)
def test_reciprocity_is_that_of_networkx(graph: Graph) -> None:
    found = account_features(pd.DataFrame(index=range(graph.n)), graph=graph, whole=np.ones(graph.n, bool))
    plain = nx.DiGraph()
    plain.add_nodes_from(range(graph.n))
    src, dst, _ = graph.edges()
    plain.add_edges_from((a, b) for a, b in zip(src.tolist(), dst.tolist(), strict=True) if a != b)
    back = [sum(plain.has_edge(b, a) for b in plain[a]) / len(plain[a]) if plain[a] else np.nan for a in plain]
    assert found.table["reciprocity"].to_numpy() == pytest.approx(np.array(back, float), nan_ok=True)


def test_what_is_not_loaded_is_unknown_and_has_a_reason() -> None:
    found = account_features(pd.DataFrame({"name": [None, None]}), graph=from_rows(2, [(0, 1)]))
    assert found.table.isna().all(axis=None)
    assert all(REASONS[name] for name in found.table)
    alike = of_group(found, [0, 1], seed=1)
    assert (alike.verdict, alike.bits, alike.against) == ("unknown", {}, {})
    assert {*found.table, "pattern", "hours", "device"} == {*alike.unknown}
    assert of_members(found, [0, 1]).tolist() == [0, 0]
    with pytest.raises(InputError, match="each of 3 accounts"):
        account_features(pd.DataFrame(index=range(3)), whole=[True])


def crowd(n: int = 3000) -> Features:
    rng = np.random.default_rng(4)
    names = [
        f"{'用户' if rng.random() < 0.2 else '小鹿'}{rng.integers(10, 99) if rng.random() < 0.5 else '酱'}"
        for _ in range(n)
    ]
    return account_features(
        pd.DataFrame({"age_days": rng.gamma(2, 600, n), "name": names}),
        events=(np.repeat(np.arange(n), 5), rng.integers(0, 30 * 24, 5 * n) * HOUR),
    )


def test_a_group_of_one_hand_is_alike_and_random_ones_are_not() -> None:
    everybody = crowd()
    age = everybody.table["age_days"].to_numpy()
    rng = np.random.default_rng(5)
    batch = rng.choice(np.flatnonzero((age > 300) & (age < 400)), 40, replace=False)
    found = of_group(everybody, batch, seed=1)
    assert found.verdict == "alike"
    assert found.bits["age_days"] == 9
    assert of_members(everybody, batch).mean() > 2
    stranger = int(np.argmax(age))
    assert of_members(everybody, [*batch, stranger])[-1] < -1
    calm = [of_group(everybody, rng.choice(age.size, 40, replace=False), seed=i) for i in range(60)]
    assert sum(group.verdict != "ordinary" for group in calm) <= 8  # 5 % of 60, and three standard deviations more
    ends = np.argsort(age)
    varied = of_group(everybody, np.concatenate([ends[:20], ends[-20:]]), seed=1)
    assert varied.verdict == "varied"
    assert varied.against["age_days"] == 9


def test_the_same_pattern_of_names_shows() -> None:
    everybody = crowd()
    group = np.flatnonzero(everybody.pattern == "CD")[:30]
    assert of_group(everybody, group, seed=1).bits["pattern"] == 9


def test_bits_are_those_of_all_groups_counted_one_by_one() -> None:
    """Four accounts, groups of two with replacement: of 16 equally likely draws count those at least as close."""
    everybody = account_features(pd.DataFrame({"age_days": [0.0, 1.0, 2.0, 9.0]}))
    rank = np.array([1, 3, 5, 7]) / 8
    spread = [np.var([a, b]) for a in rank for b in rank]
    own = np.var(rank[[0, 1]])
    exact = min(1.0, 2 * min(np.mean([s <= own + 1e-12 for s in spread]), np.mean([s >= own - 1e-12 for s in spread])))
    found = of_group(everybody, [0, 1], seed=1)
    assert {**found.bits, **found.against}["age_days"] == pytest.approx(-np.log2(exact), abs=0.15)
