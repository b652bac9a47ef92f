"""Accounts of one person fit together or not: by hand, by laws, as scipy and a plain loop count, on planted posting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import braycurtis

from kolgraph.errors import InputError
from kolgraph.influence import consistency
from kolgraph.influence.consistency import DECLARED, TOGETHER_MS

HOUR, DAY = 3_600_000, 86_400_000
TIERS = {"头部": 1000, "KOC": 10}


def judged(
    a: dict[str, Any] | None = None,
    b: dict[str, Any] | None = None,
    *,
    topics: tuple[dict[str, int], dict[str, int]] = ({}, {}),
    times: tuple[list[float] | np.ndarray, list[float] | np.ndarray] = ([], []),
) -> dict[str, Any]:
    """One pair."""
    said = [dict.fromkeys(("followers", *DECLARED)) | (one or {}) for one in (a, b)]
    ids = ["a", "b"]
    accounts = pd.DataFrame(said).assign(person_id="p", account_id=ids)
    named = [(who, topic, n) for who, one in zip(ids, topics, strict=True) for topic, n in one.items()]
    posted = [(who, time) for who, one in zip(ids, times, strict=True) for time in one]
    found = consistency(
        accounts,
        pd.DataFrame(named, columns=["account_id", "topic", "n"]),
        pd.DataFrame(posted, columns=["account_id", "time"]),
        tiers=TIERS,
    )
    [row] = found.frame().to_dict("records")
    return row


def test_topics_tiers_and_words_by_hand() -> None:
    """An account that is not verified does not say that it is somebody else; a district is where its city is."""
    row = judged(
        {"followers": 1500, "niche": "美妆", "region": "北京", "verified": "none", "label": "human"},
        {"followers": 12, "niche": "汽车", "region": "北京市朝阳区", "verified": "media"},
        topics=({"#ＣＡＲ": 3, "口红": 1}, {"#car": 1, "口红": 2, "x": 1}),
        times=([np.nan], [np.nan, 5]),
    )
    # shares 3/4, 1/4, 0 and 1/4, 1/2, 1/4: smaller ones 1/4 + 1/4, larger ones 3/4 + 1/2 + 1/4
    assert row["topics_shared"] == pytest.approx((1 / 4 + 1 / 4) / (3 / 4 + 1 / 2 + 1 / 4))
    assert (row["topics_a"], row["topics_b"], row["topics_reason"]) == (2, 3, None)
    assert (row["tier_a"], row["tier_b"], row["same_tier"], row["tier_reason"]) == ("头部", "KOC", False, None)
    assert (row["contradict"], row["agree"]) == (
        ("niche: 美妆 / 汽车",),
        ("region: 北京 / 北京市朝阳区",),
    )  # unverified says nothing
    assert (row["posts_a"], row["posts_b"], row["step_reason"]) == (0, 1, "no_time")
    assert np.isnan(row["in_step"])


def test_what_is_not_known_is_no_difference() -> None:
    nothing = judged({"followers": 9}, {"followers": 3})
    assert (nothing["topics_reason"], nothing["step_reason"], nothing["declared_reason"]) == (
        "no_post",
        "no_post",
        "nothing_declared",
    )
    assert nothing["same_tier"] is True  # neither is in one
    assert np.isnan([nothing["topics_a"], nothing["topics_shared"], nothing["in_step_p"]]).all()
    silent = judged({"followers": pd.NA}, {"followers": 3}, topics=({"x": 1}, {}), times=([1.0], [2.0]))
    assert (silent["topics_reason"], silent["step_reason"]) == ("no_topic", "too_short")
    assert (silent["topics_a"], silent["topics_b"]) == (1, 0)
    assert (silent["same_tier"], silent["tier_reason"]) == (None, "no_followers")


def test_who_posts_daily_at_eight_is_in_step_by_habit() -> None:
    """Each posts once a day at 8; on every shift by a day all posts meet."""
    times = np.arange(30.0) * DAY + 8 * HOUR
    row = judged(times=(times, times + HOUR / 2))
    assert (row["in_step"], row["in_step_by_hours"], row["in_step_p"]) == (1, 1, 1)


def test_who_posts_together_at_odd_hours_is_in_step_by_will() -> None:
    """Posts on day k at k half hours, on both: moved by s days, they are s half hours apart, and two are an hour."""
    times = np.arange(48.0) * (DAY + HOUR / 2)
    row = judged(times=(times, times))
    # The circle holds 47 days and as many posts but one: shifts by 1, 2 and by 46, 45 (across the end) meet in part.
    assert row["in_step"] == 1
    assert row["in_step_p"] == 1 / 47
    assert 0 < row["in_step_by_hours"] < 0.2


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(0, 40 * 24 * 4), min_size=1, max_size=25),
    st.lists(st.integers(0, 40 * 24 * 4), min_size=1, max_size=25),
    st.dictionaries(st.sampled_from("uvwx"), st.integers(1, 5), min_size=1),
    st.dictionaries(st.sampled_from("uvwx"), st.integers(1, 5), min_size=1),
)
def test_pairs_are_counted_as_a_library_and_a_plain_loop_count_them(
    x: list[int], y: list[int], u: dict[str, int], v: dict[str, int]
) -> None:
    a, b = (np.array(one) * HOUR / 4 for one in (x, y))
    row, back = judged(topics=(u, v), times=(a, b)), judged(topics=(v, u), times=(b, a))
    p, q = (np.array([one.get(t, 0) for t in "uvwx"]) / sum(one.values()) for one in (u, v))
    far = braycurtis(p, q)
    assert row["topics_shared"] == pytest.approx((1 - far) / (1 + far))
    assert back["topics_shared"] == pytest.approx(row["topics_shared"])
    start, stop = max(a.min(), b.min()), min(a.max(), b.max())
    days = int((stop - start) // DAY)
    inside = [[t for t in one if start <= t < start + days * DAY] for one in (a, b)]
    if days < 20 or not all(inside):
        assert row["step_reason"] == "too_short"
        return
    fewer, more = sorted(inside, key=len)

    def share(shift: int) -> float:
        near = 0
        for t in fewer:
            gaps = [abs((t + shift * DAY - other) % (days * DAY)) for other in more]
            near += min(min(gap, days * DAY - gap) for gap in gaps) <= TOGETHER_MS
        return near / len(fewer)

    others = [share(s) for s in range(1, days)]
    assert row["in_step"] == pytest.approx(share(0))
    assert row["in_step_by_hours"] == pytest.approx(np.mean(others))
    assert row["in_step_p"] == pytest.approx((1 + sum(s >= share(0) - 1e-12 for s in others)) / days)
    if len(inside[0]) != len(inside[1]):
        assert back["in_step"] == row["in_step"]
    assert judged(times=(a + 3 * DAY, b + 3 * DAY))["in_step_p"] == row["in_step_p"]


def evenings(rng: np.random.Generator, days: int) -> np.ndarray:
    """One post on most days, more on weekends, between six and midnight."""
    posts = np.repeat(np.arange(days), rng.poisson(np.where(np.arange(days) % 7 > 4, 1.5, 0.6)))
    return posts * DAY + rng.uniform(18, 24, posts.size) * HOUR


def test_planted_strangers_are_in_step_by_chance_and_who_posts_everywhere_is_not() -> None:
    rng = np.random.default_rng(1)
    strangers, copies = [], []
    for _ in range(40):
        a, b = evenings(rng, 200), evenings(rng, 200)
        strangers.append(judged(times=(a, b)))
        copied = np.concatenate([b, rng.choice(a, a.size // 3, replace=False) + rng.uniform(0, HOUR / 2)])
        copies.append(judged(times=(a, copied))["in_step_p"])
    p = np.array([row["in_step_p"] for row in strangers])
    assert 0.35 < p.mean() < 0.65
    assert (p <= 0.1).mean() < 0.2
    assert np.mean([row["in_step"] - row["in_step_by_hours"] for row in strangers]) == pytest.approx(0, abs=0.015)
    assert np.mean([row["in_step_by_hours"] for row in strangers]) > 0.1  # a plain share would accuse them
    assert np.mean(np.array(copies) <= 0.05) > 0.9


def test_every_pair_of_a_person_is_compared_and_no_strangers() -> None:
    accounts = pd.DataFrame(
        [
            (p, a, None, None, None, None, None)
            for p, several in {"p": "abc", "q": "ad", "r": "e"}.items()
            for a in several
        ],
        columns=["person_id", "account_id", "followers", *DECLARED],
    )
    empty = pd.DataFrame(columns=["account_id", "topic", "n", "time"])
    found = consistency(accounts[::-1], empty, empty, tiers=TIERS).frame()
    pairs = found[["person_id", "a_id", "b_id"]].to_numpy().tolist()
    assert pairs == [["p", "a", "b"], ["p", "a", "c"], ["p", "b", "c"], ["q", "a", "d"]]
    nobody = consistency(accounts[:0], empty, empty, tiers=TIERS).frame()
    assert nobody.columns.tolist() == found.columns.tolist()
    assert nobody.empty
    with pytest.raises(InputError, match="column n is missing"):
        consistency(accounts, empty[["account_id", "topic"]], empty, tiers=TIERS)
