"""Windows, pairs, groups and draws over sorted events: by hand, and against plain loops over all pairs of events."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.kernels import synchrony as kernel

TAU = 3


@st.composite
def worlds(draw):
    """A few objects with a few actions each: equal times, one account twice, empty objects, habits of all sorts."""
    sizes = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))
    n, total = 5, sum(sizes)
    ptr = np.r_[0, np.cumsum(sizes)]
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    time = np.concatenate([np.sort(rng.integers(0, 12, size)) for size in sizes]).astype(np.int64)
    return {
        "ptr": ptr,
        "of": np.repeat(np.arange(len(sizes)), sizes).astype(np.int32),
        "time": time,
        "user": rng.integers(0, n, total).astype(np.int32),
        "kind": np.repeat(np.arange(len(sizes)) % 2, sizes).astype(np.int32),
        "delay": (time // 4).astype(np.int32),
        "hour": (time % 2).astype(np.int32),
        "by_delay": rng.random((n, 3)).astype(np.float32) + 0.1,
        "by_hour": rng.random((n, 2)).astype(np.float32) + 0.1,
        "inside": rng.random(n) < 0.5,
    }


def habits(w):
    return w["delay"], w["hour"], w["by_delay"], w["by_hour"]


def near(w, e, f):
    return w["of"][e] == w["of"][f] and abs(w["time"][e] - w["time"][f]) <= TAU


def windows(w, crowd=99):
    return kernel.windows(w["ptr"], w["time"], np.full(w["ptr"].size - 1, TAU), crowd)


def test_windows_and_crowds_by_hand():
    ptr, time = np.array([0, 4, 5]), np.array([0, 2, 4, 9, 9])
    low, high = kernel.windows(ptr, time, np.array([2, 2]), 9)
    assert (low.tolist(), high.tolist()) == ([0, 0, 1, 3, 4], [2, 3, 3, 4, 5])
    low, high = kernel.windows(ptr, time, np.array([2, 2]), 1)  # the second has two around it: a crowd
    assert (low.tolist(), high.tolist()) == ([0, 1, 1, 3, 4], [2, 1, 3, 4, 5])


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_windows_pairs_and_hits_are_those_of_all_pairs_of_events(w):
    (low, high), user, total = windows(w), w["user"], w["user"].size
    for e in range(total):
        assert list(range(low[e], high[e])) == [f for f in range(total) if near(w, e, f)]
    a, b, earlier, later = kernel.pairs(user, low, 99)
    together = {(f, e) for e in range(total) for f in range(e) if near(w, e, f) and user[e] != user[f]}
    assert set(zip(earlier.tolist(), later.tolist(), strict=True)) == together
    assert all(
        i == min(user[f], user[e]) and j == max(user[f], user[e])
        for i, j, f, e in zip(a, b, earlier, later, strict=True)
    )
    ptr, rows = kernel.rows_of(user, 5)
    assert [rows[ptr[u] : ptr[u + 1]].tolist() for u in range(5)] == [
        np.flatnonzero(user == u).tolist() for u in range(5)
    ]
    rows = np.flatnonzero(w["inside"][user])
    hits, touched = np.zeros((2, 5), np.int64), np.empty(5, np.int32)
    count, outside = kernel.near_group(rows, w["inside"], user, w["kind"], low, high, hits, touched)
    expected = np.zeros((2, 5), np.int64)
    for e in range(total):
        expected[w["kind"][e], user[e]] += any(near(w, e, f) and user[f] != user[e] for f in rows)
    assert hits.tolist() == expected.tolist()
    assert sorted(touched[:count]) == np.flatnonzero(expected.sum(axis=0)).tolist()
    assert outside.tolist() == expected[:, ~w["inside"]].sum(axis=1).tolist()


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_trials_are_cox_risk_sets_counted_event_by_event(w):
    (low, high), user, inside = windows(w), w["user"], w["inside"]
    risk = kernel.at_risk(w["ptr"], user, *habits(w))
    rows = np.flatnonzero(inside[user])
    share = np.full(2, 1e-9)  # any object that a member acts on is preferred
    event, chance, follows, weight = kernel.trials(
        rows, w["ptr"], w["of"], user, *habits(w), risk, low, high, inside, w["kind"], share, 0.0, 500
    )
    expected = []
    for e in range(user.size):
        own = [r for r in rows if w["of"][r] == w["of"][e]]
        if not own or e > own[-1]:
            continue
        ahead = range(e, w["ptr"][w["of"][e] + 1])
        rate = {f: w["by_delay"][user[f], w["delay"][e]] * w["by_hour"][user[f], w["hour"][e]] for f in ahead}
        after = any(near(w, e, r) and r < e and user[r] != user[e] for r in own)
        expected.append((e, sum(rate[f] for f in ahead if inside[user[f]]) / sum(rate.values()), after))
    assert event.tolist() == [e for e, _, _ in expected]
    assert chance == pytest.approx(np.array([c for _, c, _ in expected]), rel=1e-5)
    assert follows.tolist() == [f for _, _, f in expected]
    assert (weight == 1).all()


@settings(max_examples=40, deadline=None)
@given(worlds(), st.integers(0, 99))
def test_a_draw_keeps_who_acts_on_what(w, seed):
    drawn = kernel.shuffle(w["ptr"], w["user"], *habits(w), 3, seed)
    for o in range(w["ptr"].size - 1):
        part = slice(w["ptr"][o], w["ptr"][o + 1])
        assert sorted(drawn[part]) == sorted(w["user"][part])


def test_draws_follow_the_odds_of_habits():
    # Account 0 is three times as likely early, account 1 acts at any time: 0 is first in 3 of 4 worlds.
    ptr, user = np.array([0, 2]), np.array([1, 0], np.int32)
    by_delay, by_hour = np.array([[3, 1], [1, 1]], np.float32), np.ones((2, 1), np.float32)
    times = (np.array([0, 1], np.int32), np.zeros(2, np.int32), by_delay, by_hour)
    first = [kernel.shuffle(ptr, user, *times, 8, seed)[0] == 0 for seed in range(800)]
    assert np.mean(first) == pytest.approx(0.75, abs=0.05)
