"""What is proven: planted worlds, laws, and cases that can be reckoned."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kolgraph.errors import InputError
from kolgraph.influence import Proven, proven
from kolgraph.influence.countmodel import NEGATIVE_BINOMIAL, POISSON_LOGNORMAL

F64 = NDArray[np.float64]
DAY_MS = 86_400_000.0


def planted(law: str, dispersion: float, posts: int, *, accounts: int = 600, seed: int = 1) -> tuple[F64, F64, F64]:
    """Authors, counts and true means of accounts whose log locations are normal (facts: N(2.1, 1.62**2))."""
    rng = np.random.default_rng(seed)
    u = rng.normal(2.1, 1.62, accounts)
    each = np.repeat(u, posts)
    if law == POISSON_LOGNORMAL:
        y, mean = rng.poisson(np.exp(each + dispersion * rng.normal(size=each.size))), np.exp(u + dispersion**2 / 2)
    else:
        y, mean = rng.poisson(rng.gamma(dispersion, np.exp(each) / dispersion)), np.exp(u)
    return np.repeat(np.arange(accounts), posts), y.astype(float), mean


def names(n: int) -> NDArray[np.object_]:
    return np.array([f"a{i}" for i in range(n)], dtype=object)


@pytest.mark.parametrize(("law", "dispersion", "posts"), [
    (POISSON_LOGNORMAL, 1.0, 5), (POISSON_LOGNORMAL, 1.5, 30), (NEGATIVE_BINOMIAL, 0.3, 5)])  # fmt: skip
def test_the_planted_law_is_found_and_its_intervals_hold(law: str, dispersion: float, posts: int) -> None:
    """600 accounts: a coverage of .95 is told to .009 (one standard error); `tests.bench proven` tells it closer."""
    author, y, mean = planted(law, dispersion, posts)
    found = proven(names(600), author, np.full(y.size, np.nan), y, seed=1)
    assert found.model is not None
    assert found.model.family == law
    assert found.model.between == pytest.approx(1.62**2, rel=0.3)
    own = found.model.dispersion if law == POISSON_LOGNORMAL else 1 / found.model.dispersion**2
    assert own == pytest.approx(dispersion, rel=0.25)
    held = (found.low <= mean) & (mean <= found.high)
    assert 0.92 <= held.mean() <= 0.98
    assert held[np.argsort(-found.values)[:50]].mean() >= 0.86
    assert (found.high > found.low).all()


def test_the_next_post_comes_inside_its_interval() -> None:
    author, y, _ = planted(POISSON_LOGNORMAL, 1.0, 6)
    last = np.arange(y.size) % 6 == 5
    found = proven(names(600), author[~last], np.full((~last).sum(), np.nan), y[~last], seed=1)
    held = (found.next_low <= y[last]) & (y[last] <= found.next_high)
    assert 0.86 <= held.mean() <= 0.94
    error = np.sqrt(np.mean((found.next_log - np.log1p(y[last])) ** 2))
    past = np.log1p(y[~last]).reshape(600, 5).mean(1)
    assert error < np.sqrt(np.mean((past - np.log1p(y[last])) ** 2))


def test_accounts_that_change_are_told_by_what_is_recent() -> None:
    """Locations drift with a memory of 60 days: the last posts foretell better than all alike."""
    rng = np.random.default_rng(5)
    n, posts = 200, 8
    day = np.sort(rng.uniform(0, 700, (n, posts + 1)), axis=1)
    apart = np.abs(day[:, :, None] - day[:, None, :])
    root = np.linalg.cholesky(2.0 * (0.3 + 0.7 * np.exp(-apart / 60)) + 1e-9 * np.eye(posts + 1))
    u = 2.5 + np.einsum("nij,nj->ni", root, rng.normal(size=(n, posts + 1)))
    y = rng.poisson(np.exp(u + 0.4 * rng.normal(size=u.shape))).astype(float)
    author = np.repeat(np.arange(n), posts)
    time = day[:, :-1].ravel() * DAY_MS
    found = proven(names(n), author, time, y[:, :-1].ravel(), now=day[:, -1] * DAY_MS, seed=1)
    still = proven(names(n), author, np.full(time.size, np.nan), y[:, :-1].ravel(), seed=1)
    assert found.model is not None
    assert 20 < found.model.memory < 200
    errors = [np.sqrt(np.mean((one.next_log - np.log1p(y[:, -1])) ** 2)) for one in (found, still)]
    assert errors[0] < 0.95 * errors[1]
    assert still.summary()["memory_days"] is None


def test_what_is_known_of_accounts_moves_those_with_few_posts() -> None:
    rng = np.random.default_rng(2)
    n = 400
    followers = np.exp(rng.normal(7, 1.5, n))
    mean = 0.01 * followers * np.exp(0.3 * rng.normal(size=n))
    posts = rng.integers(0, 4, n)
    author = np.repeat(np.arange(n), posts)
    y = rng.poisson(mean[author] * np.exp(0.5 * rng.normal(size=author.size) - 0.125)).astype(float)
    table = pd.DataFrame({"followers": np.where(np.arange(n) % 9 == 0, np.nan, followers.round()), "kind": "x"})
    found = proven(names(n), author, np.full(y.size, np.nan), y, known=table, seed=1)
    none = posts == 0
    unknown = none & np.isnan(table["followers"].to_numpy())
    assert unknown.any()
    assert np.isnan(found.values[unknown]).all()
    assert set(found.reason[unknown]) == {"no_data"}
    told = none & ~unknown
    assert np.corrcoef(np.log(found.values[told]), np.log(mean[told]))[0, 1] > 0.9
    assert ((found.low <= mean) & (mean <= found.high))[told].mean() > 0.85
    wide = np.log(found.high / found.low)
    assert wide[told].mean() > wide[(posts == 3) & ~np.isnan(table["followers"])].mean()
    assert found.reason[~unknown].tolist() == [None] * int((~unknown).sum())


@cache
def _base() -> Proven:
    author, y, _ = planted(POISSON_LOGNORMAL, 0.8, 3, accounts=60)
    return proven(names(60), author, np.full(y.size, np.nan), y, seed=1)


@settings(max_examples=3, deadline=None)
@given(st.permutations(range(180)))
def test_the_order_of_posts_is_nothing(order: list[int]) -> None:
    author, y, _ = planted(POISSON_LOGNORMAL, 0.8, 3, accounts=60)
    found = proven(names(60), author[order], np.full(y.size, np.nan), y[order], seed=1)
    for name in ("values", "low", "high", "next_low", "next_high", "prior"):
        np.testing.assert_array_equal(getattr(found, name), getattr(_base(), name))


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 59), st.integers(1, 500))
def test_intervals_hold_their_value_and_posts_draw_it_to_themselves(row: int, more: int) -> None:
    base = _base()
    assert ((base.low < base.values) & (base.values < base.high) & (base.values <= base.expected)).all()
    assert (base.next_low <= base.next_high).all()
    assert base.model is not None
    author, y, _ = planted(POISSON_LOGNORMAL, 0.8, 3, accounts=60)
    mean = y.reshape(60, 3).mean(1)
    inside = (np.minimum(mean, base.prior) <= base.high) & (np.maximum(mean, base.prior) >= base.low)
    assert inside.all()
    y[row * 3] += more
    raised = proven(names(60), author, np.full(y.size, np.nan), y, seed=1)
    assert raised.values[row] > base.values[row] * 0.99


def test_a_single_success_counts_less_than_a_row_of_them() -> None:
    author = [0] * 9 + [1] + [2, 2] + [3] * 4
    y = [20, 25, 30] * 3 + [60] + [2, 3] + [5, 4, 8, 6]
    found = proven(names(4), author, np.full(16, np.nan), y, seed=1)
    assert 20 < found.values[0] < 30
    assert found.values[1] < 60
    assert found.high[1] / found.low[1] > 1.5 * found.high[0] / found.low[0]


def test_what_is_unknown_is_left_out() -> None:
    author, y, _ = planted(NEGATIVE_BINOMIAL, 1.0, 4, accounts=50)
    hidden = y.copy()
    hidden[::4] = np.nan
    found = proven(names(50), author, np.full(y.size, np.nan), hidden, seed=1)
    without = proven(names(50), author[~np.isnan(hidden)], np.full(150, np.nan), hidden[~np.isnan(hidden)], seed=1)
    np.testing.assert_array_equal(found.values, without.values)
    assert found.posts.tolist() == [3] * 50
    nothing = proven(names(50), author, np.full(y.size, np.nan), np.full(y.size, np.nan), seed=1)
    assert nothing.model is None
    assert np.isnan(nothing.values).all()
    assert set(nothing.reason) == {"no_past"}


def test_next_posts_are_drawn_as_they_are_foretold() -> None:
    base = _base()
    rows = np.argsort(-base.values)[:10]
    drawn = base.draw(rows, 4000, seed=3)
    inside = (drawn >= base.next_low[rows]) & (drawn <= base.next_high[rows])
    assert inside.mean() == pytest.approx(1 - base.outside, abs=0.04)
    with pytest.raises(InputError, match="nothing is known"):
        proven(names(5), [0], [np.nan], [1.0], seed=1).draw(np.array([0]), 3, seed=1)


@pytest.mark.parametrize(("author", "moved", "said"), [
    ([9], [1.0], "from 0 to 2"), ([0], [-1.0], ">= 0"), ([0, 1], [1.0], "equally long")])  # fmt: skip
def test_bad_input_is_told(author: list[int], moved: list[float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        proven(names(3), author, np.full(len(author), np.nan), moved, seed=1)
