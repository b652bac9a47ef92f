"""Realised influence: averaged by hand, as plain Python does it, and a planted trend is found."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.influence.realised import realised

IDS = np.array([f"v{i}" for i in range(6)], dtype=object)
counts = st.none() | st.floats(0, 50)


def test_by_hand() -> None:
    # v0 has three posts that moved 2, 1 and nobody, and one of which nobody knows.
    found = realised(IDS, [0, 0, 0, 4, 0, 5], [1, 2, 3, 4, 5, 6], [2, 1, 0, 0, np.nan, np.nan])
    table = found.frame()
    assert table["posts"].to_dict() == {"v0": 3, "v4": 1}
    assert table["realised"].to_dict() == {"v0": 1.0, "v4": 0.0}
    assert table.loc["v0", "high"] == pytest.approx(1 + 1.959964 / np.sqrt(3))
    assert table.loc["v0", "low"] == 0  # nobody moves less than nobody
    assert np.isnan(table.loc["v4", "high"])  # one post says nothing of the next
    assert found.windows[found.windows["account_id"] == "v0"]["realised"].tolist() == [2, 1, 0]
    assert np.isnan(found.values[5])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=8, max_size=8), st.lists(counts, min_size=8, max_size=8), st.randoms())
def test_means_are_those_of_plain_python(author: list[int], told: list[float | None], chance: Random) -> None:
    number = np.array([np.nan if one is None else one for one in told])
    found = realised(IDS, author, np.arange(8), number, windows=3)
    moved = defaultdict(list)
    for who, one in zip(author, told, strict=True):
        if one is not None:
            moved[IDS[who]].append(one)
    frame = found.frame()
    assert set(frame.index) == set(moved)
    for name, values in moved.items():
        assert frame.loc[name, "realised"] == pytest.approx(np.mean(values))
        if len(values) > 1:
            half = 1.959964 * np.std(values, ddof=1) / np.sqrt(len(values))
            assert frame.loc[name, "high"] == pytest.approx(np.mean(values) + half)
    assert found.windows["posts"].sum() == np.isfinite(number).sum()
    order = chance.sample(range(8), 8)
    again = realised(IDS, np.array(author)[order], np.arange(8)[order], number[order], windows=3)
    np.testing.assert_allclose(again.values, found.values)


def test_a_planted_trend_is_found_and_a_steady_account_has_none() -> None:
    rng = np.random.default_rng(3)
    n, per = 400, 60
    ids = np.array([f"a{i}" for i in range(n)], dtype=object)
    author = np.repeat([0, 1], per)
    time = np.tile(np.arange(per), 2).astype(float)
    rate = np.where(author == 0, np.where(time < per / 2, 10, 20), 15)
    found = realised(ids, author, time, rng.poisson(rate)).frame()
    assert found.loc["a0", "trend_low"] > 1.5
    assert found.loc["a0", "trend_low"] < 2 < found.loc["a0", "trend_high"]
    assert found.loc["a1", "trend_low"] < 1 < found.loc["a1", "trend_high"]


def test_intervals_of_means_and_trends_hold_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    n, per = 300, 40
    author, time = np.repeat(np.arange(n), per), np.tile(np.arange(per), n).astype(float)
    ids = np.array([f"a{i}" for i in range(n)], dtype=object)
    found = realised(ids, author, time, rng.poisson(8, n * per)).frame()
    assert 0.91 < ((found["low"] < 8) & (found["high"] > 8)).mean() < 0.985
    assert 0.91 < ((found["trend_low"] < 1) & (found["trend_high"] > 1)).mean() < 0.985


def test_posts_without_a_time_count_but_tell_no_trend() -> None:
    found = realised(IDS, [0] * 4, [np.nan] * 4, [1, 0, 0, 0])
    assert found.frame()["realised"].tolist() == [0.25]
    assert found.windows.empty
    assert np.isnan(found.trend).all()
    assert realised(IDS, [], [], []).frame().empty


@pytest.mark.parametrize(
    ("author", "moved", "windows", "message"),
    [
        ([9], [1.0], 4, "row numbers"),
        ([0], [-1.0], 4, ">= 0"),
        ([0], [], 4, "equally long"),
        ([0], [1.0], 0, "window"),
    ],
)
def test_wrong_input_is_refused(author, moved, windows, message) -> None:
    with pytest.raises(InputError, match=message):
        realised(IDS, author, np.zeros(len(author)), moved, windows=windows)
