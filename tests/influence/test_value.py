"""What is usual for what an account moves: by hand, laws, against scipy and least squares, and planted prices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import theilslopes

from kolgraph.errors import InputError
from kolgraph.influence import usual, value
from kolgraph.influence.value import FEWEST, MOST

UNKNOWN = np.full(40, np.nan)
IDS = np.array([f"a{i}" for i in range(300)], dtype=object)


def test_by_hand() -> None:
    # On y = 3 + 2 x, errors -1, 0, 1 in turn: the median of all slopes is 2, that of the residuals 0, their MAD 1.
    x = np.arange(21.0)
    found = usual(3 + 2 * x + np.tile([0.0, 1.0, -1.0], 7), x)
    assert found.expected == pytest.approx(3 + 2 * x)
    assert (found.high - found.low)[10] == pytest.approx(2 * 2.0930 * 1.4826 * 21 / 19 * np.sqrt(1 + 1 / 21), abs=1e-3)
    assert found.reason is None


def test_who_cannot_be_compared_has_no_flag() -> None:
    few = usual(np.arange(FEWEST - 1.0), np.arange(FEWEST - 1.0))
    assert few.reason == "too_few"
    assert np.isnan(few.expected).all()
    assert usual(np.arange(40.0), np.full(40, 7.0)).reason == "no_spread"
    assert usual(np.arange(40.0), np.arange(40.0)).reason == "no_spread"  # all on the line: nobody is outside
    found = value(IDS[:40], np.arange(40.0), price=np.zeros(40), score=UNKNOWN, followers=UNKNOWN)
    assert [found.said(row) for row in range(40)] == [None] * 40  # what costs nothing has no price
    with pytest.raises(InputError, match="equally long"):
        value(IDS[:2], [1.0, 2.0], price=[1.0], score=[1.0], followers=[1.0])
    with pytest.raises(InputError, match="equally long"):
        usual([1.0], [1.0, 2.0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(FEWEST, 60), st.floats(0.1, 9), st.floats(-5, 5))
def test_laws_and_scipy(seed: int, n: int, unit: float, tilt: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = x + rng.normal(size=n)
    found, order = usual(y, x), rng.permutation(n)
    slope = theilslopes(y, x)[0]
    assert found.expected == pytest.approx(slope * x + np.median(y - slope * x))
    assert usual(y[order], x[order]).low == pytest.approx(found.low[order])
    assert usual(unit * y + tilt * x, x).expected == pytest.approx(unit * found.expected + tilt * x, abs=1e-6)
    more = usual([*y, np.nan, 5.0], [*x, 0.3, np.nan])
    assert more.high[:n] == pytest.approx(found.high)
    assert found.low.min() < found.expected.min() < found.high.max()
    assert np.isfinite(more.expected[n])  # what is unknown can be forecast
    assert np.isnan(more.expected[n + 1])


def test_of_very_many_accounts_the_line_is_that_of_some() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=20 * MOST)
    found = usual(2 * x + rng.normal(size=x.size), x)
    assert np.polyfit(x, found.expected, 1) == pytest.approx(np.polyfit(x, 2 * x, 1), abs=0.15)
    assert ((found.high - found.low) / 2).mean() == pytest.approx(1.96, rel=0.05)


@pytest.mark.parametrize("n", [FEWEST, 60])
def test_the_band_holds_for_further_accounts(n: int) -> None:
    """400 markets of which a tenth is priced at random: the band holds for 91 to 98 % of the next account."""
    rng, held = np.random.default_rng(n), 0
    for _ in range(400):
        x = rng.normal(0, 1.5, n + 1)
        y = 1 + 0.7 * x + rng.normal(0, 0.5, n + 1)
        truth, y[n] = y[n], np.nan
        y[: n // 10] += rng.choice([-4, 4], n // 10)
        found = usual(y, x)
        held += found.low[n] <= truth <= found.high[n]
    assert 0.91 <= held / 400 <= 0.98


def test_planted_prices_and_followers_are_told() -> None:
    rng = np.random.default_rng(3)
    moved = np.exp(rng.normal(4, 1.2, 300))
    price, score = 50 * moved**0.8 * np.exp(rng.normal(0, 0.3, 300)), np.log(moved) + rng.normal(0, 0.3, 300)
    followers = 400 * np.exp(score + rng.normal(0, 0.4, 300))
    price[:10], price[10:20], followers[20:30], score[30:40] = price[:10] * 5, price[10:20] / 5, 1e7, 9.9
    found = value(IDS, moved, price=price, score=score, followers=followers)
    for code, rows in (("dear", range(10)), ("cheap", range(10, 20)), ("many_followers", range(20, 30))):
        told = {row for row in range(300) if code in (found.said(row) or ())}
        assert len(told & set(rows)) >= 9
        assert len(told - set(rows)) <= 300 * 0.05
    assert {row for row in range(300) if "score_high" in (found.said(row) or ())} >= {*range(30, 40)}
    assert (found.price.low < found.price.expected).all()
    first = found.records(5)
    assert all(row["value"] != "usual" for row in first)
    assert found.frame().index[:5].tolist() == [row["account_id"] for row in first]
    assert found.summary()["accounts"] == 300
    assert np.median(found.price.expected / (50 * moved**0.8)) == pytest.approx(1, rel=0.1)
