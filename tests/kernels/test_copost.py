"""Who acts on the same object within a window: by hand, against every pair of shares, laws, and crowds."""

from __future__ import annotations

from collections import defaultdict
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.kernels import copost
from kolgraph.kernels.copost import shares, tally

MANY = 10**6
#: Users, objects and times that often coincide.
ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(-9, 9)), max_size=40)


def columns(rows):
    user, item, time = (np.array(column) for column in zip(*rows, strict=True)) if rows else np.zeros((3, 0))
    return user.astype(np.int32), item.astype(np.int32), time.astype(np.int64)


def edges(rows, window, *, crowd=MANY, least=1.0, tau=0.0, group=None):
    """Source and target -> weight, objects and closeness."""
    users = 6
    found = shares(*columns(rows), items=4, window=window, crowd=crowd)
    least = least if isinstance(least, np.ndarray) else np.full((1, 1), least)
    parts = list(tally(found, users, least=least, tau=tau, group=group))
    pairs = [(int(a), int(b)) for part in parts for a, b in zip(part.source, part.target, strict=True)]
    assert pairs == sorted(set(pairs))
    values = [v for p in parts for v in zip(p.weight.tolist(), p.objects.tolist(), p.closeness.tolist(), strict=True)]
    return dict(zip(pairs, values, strict=True))


def every_pair(rows, window, tau=0.0):
    weight, objects, close = defaultdict(int), defaultdict(set), defaultdict(float)
    for u, a, t in rows:
        met = [(v, abs(t - s)) for v, b, s in rows if a == b and u != v and abs(t - s) <= window]
        for v in {v for v, _ in met}:
            weight[u, v] += 1
        for v, apart in met:
            objects[u, v].add(a)
            close[u, v] += exp(-apart / tau) if tau else 0
    return {pair: (weight[pair], len(objects[pair]), pytest.approx(close[pair])) for pair in weight}


def test_by_hand() -> None:
    # On object 0 user 0 shares at 0 and at 9, user 1 at 5, user 2 at 5: both acts of 0 meet 1 and 2 within 5, and 1 and
    # 2 meet each other. On object 1 user 0 meets user 1 once more; object 2 is shared by user 3 alone, twice.
    rows = [(0, 0, 0), (0, 0, 9), (1, 0, 5), (2, 0, 5), (0, 1, 3), (1, 1, 7), (3, 2, 1), (3, 2, 2)]
    found = edges(rows, 5)
    assert {pair: value[:2] for pair, value in found.items()} == {
        (0, 1): (3, 2), (0, 2): (2, 1), (1, 0): (2, 2), (1, 2): (1, 1), (2, 0): (1, 1), (2, 1): (1, 1),
    }  # fmt: skip
    assert set(edges(rows, 5, least=2)) == {(0, 1), (0, 2), (1, 0)}
    assert edges(rows, 5, least=0.5, tau=5.0)[0, 1][2] == pytest.approx(exp(-1) + 2 * exp(-0.8))


@settings(max_examples=150)
@given(ROWS, st.integers(0, 20), st.sampled_from([0.0, 3.0]))
def test_edges_are_those_of_every_pair_of_shares(rows, window, tau) -> None:
    assert edges(rows, window, tau=tau, least=0.0) == every_pair(rows, window, tau)


@settings(max_examples=80)
@given(ROWS, st.integers(0, 20), st.integers(1, 4), st.sampled_from([0.0, 3.0]), st.randoms(use_true_random=False))
def test_what_is_kept_is_a_part_of_all_in_any_order_and_any_chunk(rows, window, least, tau, random) -> None:
    every = edges(rows, window, tau=tau)
    enough = {pair: v for pair, v in every.items() if (v[2] if tau else v[0]) >= least}
    random.shuffle(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copost, "_CHUNK", 1)  # as small as it gets: one user's edges
        patch.setattr(copost, "_STEP", 1)
        found = edges(rows, window, tau=tau, least=float(least))
    assert found == {pair: (*v[:2], pytest.approx(v[2])) for pair, v in enough.items()}


@given(ROWS, st.integers(0, 9), st.integers(0, 9))
def test_a_wider_window_holds_no_less_and_objects_are_mutual(rows, narrow, wider) -> None:
    before, after = edges(rows, narrow), edges(rows, narrow + wider)
    assert all(after[pair][0] >= v[0] and after[pair][1] >= v[1] for pair, v in before.items())
    assert all(before[b, a][1] == v[1] for (a, b), v in before.items())


def edges_of(rows, item, window):
    """Pairs of shares that meet on one object."""
    of = [time for _, what, time in rows if what == item]
    return [(a, b) for i, a in enumerate(of) for b in of[:i] if abs(a - b) <= window]


@given(ROWS, st.integers(0, 9), st.integers(0, 6))
def test_of_crowds_nothing_is_left_and_all_that_was_is_told(rows, window, crowd) -> None:
    def company(row):
        return sum(row[1] == other[1] and abs(row[2] - other[2]) <= window for other in rows) - 1

    found = shares(*columns(rows), items=4, window=window, crowd=crowd)
    rest = [row for row in rows if company(row) <= crowd]
    assert edges(rows, window, crowd=crowd) == every_pair(rest, window)
    assert sorted(found.crowded.tolist()) == [i for i, row in enumerate(rows) if company(row) > crowd]
    for item in range(4):
        before, after = (len(edges_of(part, item, window)) for part in (rows, rest))
        assert (found.pairs[item] + found.pairs_left_out[item], found.pairs[item]) == (before, after)


@settings(max_examples=50)
@given(ROWS, st.lists(st.integers(0, 2), min_size=6, max_size=6), st.lists(st.integers(1, 4), min_size=9, max_size=9))
def test_groups_of_users_ask_for_weights_of_their_own(rows, group, least) -> None:
    table = np.array(least, np.float64).reshape(3, 3)
    found = edges(rows, 5, least=table, group=np.array(group, np.int32))
    every = every_pair(rows, 5)
    assert set(found) == {(a, b) for (a, b), v in every.items() if v[0] >= table[group[a], group[b]]}


def test_weights_beyond_a_byte_are_counted() -> None:
    # Counting in bytes must not end at 255.
    rows = [(u, 0, 7) for _ in range(300) for u in (0, 1)]
    assert edges(rows, 0, least=299.0) == {(0, 1): (300, 1, 0.0), (1, 0): (300, 1, 0.0)}
    assert edges(rows, 0, least=301.0) == {}
