"""The validation on real cascades is fair: nothing of the future is known, and of planted truths the right one wins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from tests.bench.validation.ced import (
    CUTS,
    Cascades,
    before,
    cases,
    compare,
    places,
    precision,
    predictors,
    spearman,
)

NAMES = ("followers", "reach, learnt")


def planted(*, authors: int = 60, per: int = 12, signal: str = "loyal", seed: int = 3) -> Cascades:
    """Authors whose reposters come from an audience of their own: ``loyal`` says how many, followers say nothing.

    With ``followers`` it is the other way round: every post is taken by strangers, as many as the followers say.
    """
    rng = np.random.default_rng(seed)
    loyal, followers = rng.integers(2, 60, authors), rng.integers(100, 10_000, authors)
    audience = np.split(np.arange(authors, authors + loyal.sum()), np.cumsum(loyal)[:-1])
    posts, reposts = [], []
    strangers = authors + int(loyal.sum())
    for post in range(authors * per):
        who = post % authors
        posts.append((str(post), who, 1000.0 * post, followers[who]))
        if signal == "loyal":
            crowd = audience[who][rng.random(loyal[who]) < 0.5]
        else:
            crowd = np.arange(strangers, strangers + rng.poisson(followers[who] / 200))
            strangers += crowd.size
        reposts += [(str(post), v, who, 1000.0 * post + rng.integers(1, 900)) for v in crowd]
    table = pd.DataFrame(posts, columns=["cascade", "author", "time", "followers"])
    rows = pd.DataFrame(reposts, columns=["cascade", "account", "parent", "time"])
    size = table["cascade"].map(rows["cascade"].value_counts()).fillna(0)
    return Cascades(table.assign(size=size), rows, strangers + 1)


def test_statistics_by_hand() -> None:
    outcome = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert spearman(places(outcome), places(-outcome)) == pytest.approx(-1)
    assert spearman(outcome, np.ones(10)) == 0
    assert precision(outcome, outcome, 0.2) == 1
    assert precision(outcome, np.where(outcome == 10, 0, outcome), 0.2) == 0.5
    assert places(np.array([5.0, np.nan, 1.0])).tolist() == [1, 0.5, 0.5]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=30))
def test_the_correlation_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs, dtype=float).T
    if a.std() > 0 and b.std() > 0:
        assert spearman(places(a), places(b)) == pytest.approx(spearmanr(a, b).statistic)


def test_the_future_is_not_known() -> None:
    data = planted()
    cut = float(np.quantile(data.posts["time"], 0.6))
    rng = np.random.default_rng(1)
    posts, reposts = data.posts.copy(), data.reposts.copy()
    later = posts["time"] >= cut
    posts.loc[later, "size"] = rng.permutation(posts.loc[later, "size"].to_numpy())
    posts.loc[later, "followers"] = 1
    after = reposts["time"] >= cut
    reposts.loc[after, "account"] = rng.permutation(reposts.loc[after, "account"].to_numpy())
    changed = Cascades(posts.assign(size=posts["size"] + 7), reposts, data.accounts)
    known = before(data, cut)
    assert known.reposts["time"].max() < cut
    assert (known.posts["size"].sum(), len(known.reposts)) == (len(known.reposts), known.posts["size"].sum())
    for name, values in predictors(known).items():
        np.testing.assert_array_equal(values, predictors(before(changed, cut))[name], err_msg=name)


def test_where_an_audience_is_loyal_influence_tells_more_than_followers() -> None:
    found = compare(cases(planted()), times=100)
    assert found.loc["reach, learnt", "spearman"] > 0.8
    assert found.loc["reach, learnt", "beyond_followers_low"] > 0.3
    assert found.loc["followers", "spearman_low"] < 0.3


def test_where_strangers_come_as_followers_say_followers_win() -> None:
    found = compare(cases(planted(signal="followers")), times=100)
    assert found.loc["followers", "spearman"] > 0.8
    assert (found["spearman"] <= found.loc["followers", "spearman"] + 0.05).all()


def test_predictions_of_chance_are_found_to_be_chance() -> None:
    rng = np.random.default_rng(5)
    data = planted()

    def guess(known: Cascades) -> dict[str, np.ndarray]:
        return {name: rng.random(known.accounts) for name in NAMES}

    found = compare(cases(data, guess), times=100)
    assert (found["spearman_low"] < 0.1).all()
    assert (found["spearman"].abs() < 0.3).all()


def test_every_case_is_an_author_with_a_past_in_its_window() -> None:
    data = planted()
    table = cases(data, lambda known: {name: np.arange(float(known.accounts)) for name in NAMES})
    assert len(table) == 60 * (len(CUTS))
    assert table.groupby("author").size().eq(len(CUTS)).all()
