"""Growth against accounts of the same size: by hand, laws, against scipy, and planted jumps are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

from kolgraph.errors import InputError
from kolgraph.influence import fast_growth, modified_z
from kolgraph.influence.growth import FEWEST, OUTLIER

VALUES = st.lists(st.integers(-1000, 1000), min_size=FEWEST, max_size=40)


def test_by_hand() -> None:
    # Median 5, distances 4 3 2 1 0 1 2 3 4 95: their median is 2.5.
    z = modified_z([1, 2, 3, 4, 5, 6, 7, 8, 9, 100, np.nan])
    assert z[:-1] == pytest.approx([0.6745 * (x - 5.5) / 2.5 for x in [1, 2, 3, 4, 5, 6, 7, 8, 9, 100]])
    assert np.isnan(z[-1])
    per_day, _ = fast_growth([1000, 1000, 1000, np.nan, 10], [100, 0.01, -5, 100, np.nan], ["KOC"] * 5)
    assert per_day.tolist() == pytest.approx([10, 1000, np.nan, np.nan, np.nan], nan_ok=True)


def test_who_cannot_be_compared_is_no_outlier() -> None:
    assert np.isnan(modified_z(np.arange(FEWEST - 1.0))).all()  # too few
    assert np.isnan(modified_z([7.0] * 8 + [1e9] * 4)).all()  # half of them equal: no spread to measure by
    assert np.isnan(modified_z([1.0, 2, 3, 4, 5] * 2 + [1e9], [0, 1] * 5 + [2])).all()
    assert np.isnan(fast_growth([0] * 20, np.arange(1, 21), ["KOC"] * 20)[1]).all()  # nobody follows: no rate
    with pytest.raises(InputError, match="equally long"):
        modified_z([1.0], [1, 2])
    with pytest.raises(InputError, match="equally long"):
        fast_growth([1.0], [1, 2], ["a"])


@given(VALUES, st.integers(1, 9), st.integers(-50, 50), st.randoms(use_true_random=False))
def test_unit_and_order_make_no_difference_and_scipy_agrees(values: list[int], unit: int, start: int, rng) -> None:  # type: ignore[no-untyped-def]
    order = rng.sample(range(len(values)), len(values))
    z = modified_z(values)
    assert modified_z([unit * values[i] + start for i in order]) == pytest.approx(z[order], nan_ok=True)
    spread = median_abs_deviation(values)
    expected = (values - np.median(values)) / (spread / 0.6745) if spread else np.full(len(values), np.nan)
    assert z == pytest.approx(expected, nan_ok=True)
    groups = np.array(["a"] * len(values) + ["b"] * len(values), dtype=object)
    assert modified_z([*values, *(100 + 7 * v for v in values)], groups) == pytest.approx([*z, *z], nan_ok=True)


def test_planted_jumps_are_found_and_hardly_anybody_else() -> None:
    rng = np.random.default_rng(1)
    tier = np.array(["头部", "KOC"], dtype=object)[np.arange(2000) % 2]
    age = rng.uniform(100, 3000, 2000)
    followers = age * np.exp(rng.normal(np.where(tier == "KOC", 0, 6), 0.8))
    bought = rng.permutation(2000)[:60]
    followers[bought] *= 150
    found = fast_growth(followers, age, tier)[1] > OUTLIER
    assert found[bought].mean() > 0.95
    assert np.delete(found, bought).mean() < 0.005
