"""A hurdle model foretells from totals: by hand, by laws, as an optimiser does, on planted truth, on real accounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import spearmanr
from sklearn.linear_model import LinearRegression

from kolgraph.errors import InputError
from kolgraph.influence import fit_hurdle
from tests.bench.validation import lowcred
from tests.bench.validation.metrics import Cases, compare

COUNTS = st.integers(0, 10**6)


def world(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Followers and past reposts; planted chances, logarithms of sizes where there are any, and what came."""
    rng = np.random.default_rng(seed)
    strength = rng.normal(0, 1.5, n)
    followers = np.floor(np.exp(5 + strength + rng.normal(0, 2, n)))
    past = rng.poisson(np.exp(strength))
    a, b = np.log1p(followers), np.log1p(past)
    chance = 1 / (1 + np.exp(3 - 0.2 * a - 1.2 * b - (past == 0) * (0.3 - 0.1 * a)))
    size = 1 + 0.1 * a + 0.6 * b
    later = np.where(rng.random(n) < chance, np.maximum(1, np.rint(np.expm1(size + rng.normal(0, 0.5, n)))), 0)
    return pd.DataFrame({"followers": followers, "reposts": past}), chance, size, later


def test_of_equal_accounts_the_share_and_the_mean_are_foretold() -> None:
    known = pd.DataFrame({"reposts": [3] * 8})
    later = np.array([0, 0, 0, 0, 0, 1, 3, 7])
    told = fit_hurdle(known, later, past="reposts").predict(known.head(1))
    assert told["chance"].tolist() == pytest.approx([3 / 8])
    assert told["expected_log"].tolist() == pytest.approx([3 / 8 * (np.log(2) + np.log(4) + np.log(8)) / 3])


def test_where_everybody_is_reposted_nothing_is_in_the_way() -> None:
    known = pd.DataFrame({"reposts": [1.0, 3, 7]})
    told = fit_hurdle(known, [3, 7, 15], past="reposts").predict(known)
    assert told["chance"].tolist() == [1, 1, 1]
    assert told["expected_log"].tolist() == pytest.approx(np.log([4, 8, 16]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS), min_size=2, max_size=90), st.randoms(use_true_random=False))
def test_forecasts_are_possible_and_rows_have_no_order(rows: list[tuple[int, int, int]], random) -> None:  # type: ignore[no-untyped-def]
    table = pd.DataFrame([*rows, (5, 5, 5)], columns=["followers", "reposts", "later"])
    known = table[["followers", "reposts"]]
    model = fit_hurdle(known, table["later"], past="reposts", followers="followers")
    told = model.predict(known)
    assert told["chance"].between(0, 1).all()
    assert (told["expected_log"] >= told["chance"] * np.log(2) - 1e-9).all()
    top = known["reposts"] >= model.splice
    assert (told["score"][~top] == told["expected_log"][~top]).all()
    assert told["score"][top].rank().tolist() == known["reposts"][top].rank().tolist()
    assert not (~top).any() or not top.any() or told["score"][top].min() > told["score"][~top].max()
    shuffled = random.sample(range(len(table)), len(table))
    again = fit_hurdle(known.iloc[shuffled], table["later"].iloc[shuffled], past="reposts", followers="followers")
    np.testing.assert_allclose(again.predict(known)["chance"], told["chance"], atol=1e-5)
    assert again.splice == model.splice


def test_coefficients_are_those_of_an_optimiser() -> None:
    known, _, _, later = world(300, 1)
    model = fit_hurdle(known, later, past="reposts", followers="followers")
    none = (known["reposts"] == 0).to_numpy(float)
    a, b = np.log1p(known.to_numpy(float)).T
    x = np.column_stack([a, b, none, none * a])
    z, any_ = (x - x.mean(0)) / x.std(0), later > 0

    def loss(w: np.ndarray) -> float:
        logit = w[0] + z @ w[1:]
        return float(np.logaddexp(0, np.where(any_, -logit, logit)).sum() + (w[1:] ** 2).sum() / 2)

    w = minimize(loss, np.zeros(5), method="BFGS", tol=1e-9).x
    np.testing.assert_allclose(model.chance[1:], w[1:] / x.std(0), rtol=1e-3)
    assert model.chance[0] == pytest.approx(w[0] - (w[1:] / x.std(0)) @ x.mean(0), rel=1e-3)
    line = LinearRegression().fit(x[any_], np.log1p(later[any_]))
    np.testing.assert_allclose(model.size, [line.intercept_, *line.coef_])
    assert model.splice == np.sort(known["reposts"])[-50]


def test_a_planted_truth_is_found_and_orders_those_that_were_not_learnt_from() -> None:
    known, chance, size, later = world(6000, 2)
    train, test = slice(0, 4000), slice(4000, None)
    model = fit_hurdle(known[train], later[train], past="reposts", followers="followers")
    told = model.predict(known[test])
    np.testing.assert_allclose(model.size[:3], [1, 0.1, 0.6], atol=0.15)
    assert np.abs(told["chance"] - chance[test]).mean() < 0.02
    best = spearmanr(chance[test] * size[test], later[test]).statistic
    assert spearmanr(told["score"], later[test]).statistic > best - 0.005
    assert spearmanr(told["score"], later[test]).statistic > spearmanr(known["reposts"][test], later[test]).statistic


def test_what_is_unknown_is_neither_learnt_from_nor_foretold() -> None:
    known, _, _, later = world(200, 3)
    holes = known.astype("Float64").copy()
    holes.loc[:9, "followers"] = pd.NA
    unseen = later.copy()
    unseen[10:20] = np.nan
    model = fit_hurdle(holes, unseen, past="reposts", followers="followers")
    rest = fit_hurdle(known[20:], later[20:], past="reposts", followers="followers")
    np.testing.assert_allclose(model.chance, rest.chance)
    told = model.predict(holes)
    assert told[:10].isna().all(axis=None)
    assert told[10:].notna().all(axis=None)


@pytest.mark.parametrize(
    ("known", "later", "said"),
    [
        ({"followers": [1]}, [1], "column reposts is missing"),
        ({"reposts": [-1.0]}, [1], "column reposts: totals are numbers"),
        ({"reposts": [1.0]}, [1, 2], "one number for each of 1 accounts"),
        ({"reposts": [1.0]}, [-1], "later reposts are counts"),
        ({"reposts": [1.0]}, [0], "nothing to learn from"),
    ],
)
def test_bad_input_is_one_line(known: dict[str, list[float]], later: list[float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fit_hurdle(pd.DataFrame(known), later, past="reposts")


@pytest.mark.realdata
def test_on_real_accounts_it_tells_more_than_the_past() -> None:
    if not (lowcred.DATA / "lowcred_accounts_dev.csv.gz").exists():
        pytest.skip("needs ../shared/data/influence")
    known, later = lowcred.read()
    told = lowcred.forecasts(known, later)
    two = {name: told[name] for name in ("past", "hurdle")}
    found = compare(Cases(np.arange(later.size), later), two, ["past"], times=100)
    found = found[found["forecast"] == "hurdle"].set_index(["measure", "against"])
    assert found.loc[("spearman", ""), "value"] >= 0.50
    assert found.loc[("spearman", "past"), "low"] >= 0.015
    assert found.loc[("ndcg", ""), "value"] >= 0.72
    assert found.loc[("ndcg", "past"), "low"] >= -0.03
    assert found.loc[("top 1000", ""), "value"] >= 0.89
