"""Realised influence: counted by hand, as plain Python counts, and a planted trend is found."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.influence.realised import realised

IDS = np.array([f"v{i}" for i in range(6)], dtype=object)
events = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5)), max_size=40)


def test_by_hand() -> None:
    # v0 has three posts: moved {v1, v2}, {v1} (twice), nobody; its own repost and that of v3, a fake, are nothing.
    real = np.array([1.0, 1, 1, 0, 1, 1])
    found = realised(IDS, [0, 0, 0, 4], [1, 2, 3, 4], [0, 0, 0, 0, 1, 1, 3], [1, 2, 0, 3, 1, 1, 3], real=real)
    table = found.frame()
    assert table["posts"].to_dict() == {"v0": 3, "v4": 1}
    assert table["realised"].to_dict() == {"v0": 1.0, "v4": 0.0}
    assert table.loc["v0", "high"] == pytest.approx(1 + 1.959964 / np.sqrt(3))
    assert table.loc["v0", "low"] == 0  # nobody moves less than nobody
    assert np.isnan(table.loc["v4", "high"])  # one post says nothing of the next
    assert found.windows[found.windows["account_id"] == "v0"]["realised"].tolist() == [2, 1, 0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=8, max_size=8), events)
def test_means_are_those_of_plain_python(author: list[int], acts: list[tuple[int, int]]) -> None:
    real = np.array([1.0, 0.5, 0, 1, 1, 0.25])
    found = realised(IDS, author, np.arange(8), [p for p, _ in acts], [v for _, v in acts], real=real, windows=3)
    moved = defaultdict(list)
    for post, who in enumerate(author):
        moved[IDS[who]].append(sum(real[v] for v in {v for p, v in acts if p == post and v != who}))
    frame = found.frame()
    assert set(frame.index) == set(moved)
    for name, values in moved.items():
        assert frame.loc[name, "realised"] == pytest.approx(np.mean(values))
        if len(values) > 1:
            half = 1.959964 * np.std(values, ddof=1) / np.sqrt(len(values))
            assert frame.loc[name, "high"] == pytest.approx(np.mean(values) + half)
    assert found.windows["posts"].sum() == 8
    again = realised(IDS, author, np.arange(8), [p for p, _ in acts[::-1]], [v for _, v in acts[::-1]], real=real)
    np.testing.assert_array_equal(again.values, found.values)


def test_a_planted_trend_is_found_and_a_steady_account_has_none() -> None:
    rng = np.random.default_rng(3)
    n, per = 400, 60
    ids = np.array([f"a{i}" for i in range(n)], dtype=object)
    author = np.repeat([0, 1], per)
    time = np.tile(np.arange(per), 2).astype(float)
    rate = np.where(author == 0, np.where(time < per / 2, 10, 20), 15)
    post = np.repeat(np.arange(2 * per), rng.poisson(rate))
    found = realised(ids, author, time, post, rng.integers(2, n, post.size)).frame()
    assert found.loc["a0", "trend_low"] > 1.5
    assert found.loc["a0", "trend_low"] < 2 < found.loc["a0", "trend_high"]
    assert found.loc["a1", "trend_low"] < 1 < found.loc["a1", "trend_high"]


def test_intervals_of_means_and_trends_hold_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    n, per = 300, 40
    author, time = np.repeat(np.arange(n), per), np.tile(np.arange(per), n).astype(float)
    ids = np.array([f"a{i}" for i in range(5000)], dtype=object)
    post = np.repeat(np.arange(n * per), rng.poisson(8, n * per))
    found = realised(ids, author, time, post, rng.integers(n, 5000, post.size)).frame()
    assert 0.91 < ((found["low"] < 8) & (found["high"] > 8)).mean() < 0.985
    assert 0.91 < ((found["trend_low"] < 1) & (found["trend_high"] > 1)).mean() < 0.985


def test_posts_without_a_time_count_but_tell_no_trend() -> None:
    found = realised(IDS, [0] * 4, [np.nan] * 4, [0], [1])
    assert found.frame()["realised"].tolist() == [0.25]
    assert found.windows.empty
    assert np.isnan(found.trend).all()
    assert realised(IDS, [], [], [], []).frame().empty


@pytest.mark.parametrize(
    ("author", "post", "reposter", "windows", "message"),
    [
        ([9], [], [], 4, "row numbers"),
        ([0], [1], [0], 4, "row numbers"),
        ([0], [0], [], 4, "equally long"),
        ([0], [], [], 0, "window"),
    ],
)
def test_wrong_rows_are_refused(author, post, reposter, windows, message) -> None:
    with pytest.raises(InputError, match=message):
        realised(IDS, author, np.zeros(len(author)), post, reposter, windows=windows)
