"""What a follower is worth: exact lines, another solver, planted elasticities, and who is compared with whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from kolgraph.errors import InputError
from kolgraph.influence.elasticity import line, per_follower


def test_by_hand() -> None:
    # Influence is 2 f^0.5 in one tier and f/100 in the other; the last account shows no followers.
    followers = np.array([100.0, 400, 1600, 1e4, 4e4, 9e4, np.nan])
    moved = np.array([20.0, 40, 80, 100, 400, 900, 5])
    ids = np.array(list("abcdefg"), dtype=object)
    found = per_follower(ids, np.tile(np.arange(7), 4), np.tile(moved, 4), followers, np.array([0, 0, 0, 1, 1, 1, -1]))
    np.testing.assert_allclose(found.values, moved / followers)
    np.testing.assert_allclose(found.beside["elasticity"], [0.5] * 3 + [1] * 3 + [np.nan])
    np.testing.assert_allclose(found.beside["tier_line"], moved / followers)
    assert found.reason.tolist() == [None] * 6 + ["no_followers_shown"]
    assert found.beside["posts"].tolist() == [4] * 7
    few = per_follower(ids, np.arange(7), moved, followers, np.zeros(7, np.int64))
    assert set(few.reason) == {"too_few_posts"}


counts = st.lists(st.tuples(st.floats(1, 1e6), st.integers(0, 300)), min_size=3, max_size=30)


@settings(max_examples=40, deadline=None)
@given(counts, st.floats(0.1, 50))
def test_a_line_balances_what_it_is_drawn_through(rows: list[tuple[float, int]], factor: float) -> None:
    followers, influence = np.array(rows, dtype=float).T
    found = line(followers, influence)
    if np.isnan(found.slope):
        return
    fitted = np.exp(found.constant + found.slope * np.log(followers))
    # The first-order conditions of the likelihood: what is missed sums to 0, and also when weighted by log followers.
    size = influence.sum() + 1
    assert fitted.sum() == pytest.approx(influence.sum(), abs=1e-6 * size)
    weighted = (fitted - influence) @ (np.log(followers) - np.log(followers).mean())
    assert weighted == pytest.approx(0, abs=1e-5 * size)
    assert np.isnan(found.low) or found.low <= found.slope <= found.high
    other = line(followers * factor, influence * factor)
    assert (other.slope, other.low) == pytest.approx((found.slope, found.low), rel=1e-3, abs=1e-4, nan_ok=True)


def test_lines_are_those_of_another_solver() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        f = 10 ** rng.uniform(4, 5, 40)
        y = rng.poisson(rng.gamma(0.5, 2, 40) * (f / 3e4) ** 0.6).astype(float)

        def cost(b: np.ndarray, f: np.ndarray = f, y: np.ndarray = y) -> float:
            eta = b[0] + b[1] * np.log(f / 3e4)
            return float(np.exp(eta).sum() - y @ eta)

        best = optimize.minimize(cost, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        assert line(f, y).slope == pytest.approx(best.x[1], abs=1e-5)


@pytest.mark.parametrize(("accounts", "level", "spread"), [(12, 2, 1.6), (50, 0.3, 1), (300, 50, 1.6)])
def test_planted_elasticities_are_found(accounts: int, level: float, spread: float) -> None:
    rng = np.random.default_rng(accounts)
    truth, lines = 0.7, []
    for _ in range(200):
        logs = rng.uniform(np.log(1e4), np.log(1e5), accounts)
        rate = level * np.exp(truth * (logs - logs.mean()) + rng.normal(0, spread, accounts))
        lines.append(line(np.exp(logs), rng.poisson(rate[:, None] * np.ones(5)).mean(1)))
    found = np.array(lines)
    assert np.mean((found[:, 2] < truth) & (truth < found[:, 3])) > 0.92
    assert np.median(found[:, 1]) == pytest.approx(truth, abs=4 * found[:, 1].std() / np.sqrt(200))


def test_where_there_is_no_line() -> None:
    alone = line(np.array([1.0, 1, 2]), np.array([0.0, 1, 1]))
    assert alone.slope == pytest.approx(1)
    assert np.isnan([alone.low, alone.high]).all()
    for followers, influence in (
        ([1, 2], [1, 2]),
        ([5, 5, 5], [1, 2, 3]),
        ([1, 2, 3], [0, 0, 0]),
        ([1, 2, 2], [0, 3, 3]),
    ):
        assert np.isnan(line(np.array(followers, float), np.array(influence, float))).all()
    with pytest.raises(InputError, match="equally long"):
        per_follower(np.array(["a"]), [0], [1], [1, 2], np.array([0]))
