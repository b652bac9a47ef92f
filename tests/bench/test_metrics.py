"""Measures of forecasts are what libraries say they are, on any resample, and find what was planted."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, spearmanr
from sklearn.metrics import ndcg_score

from tests.bench.validation.metrics import MEASURES, Cases, Told, compare, lines, measured, places
from tests.bench.validation.simple import line, shrunk, variances
from tests.bench.validation.weibo import baselines, read

SPEARMAN, NDCG, TOP_10 = (MEASURES.index(name) for name in ("spearman", "ndcg", "top 10"))


def once(cases: Cases, one: Told) -> dict[str, float]:
    return dict(zip(MEASURES, measured(cases, {"it": one}, [np.ones(cases.count.size)])[0, 0].tolist(), strict=True))


def test_measures_by_hand() -> None:
    """Twelve accounts; the best one has half of all, and is placed equal with one that has nothing."""
    count = np.array([11.0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    score = np.array([9.0, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, -1])
    log = np.where(count > 1, np.log1p(11), np.log1p(1))
    found = once(Cases(np.arange(12), count), Told(score, log, np.full(12, 1.0), np.full(12, 5.0)))
    discount = 1 / np.log2(np.arange(2, 14))
    best = 11 * discount[0] + discount[1:11].sum()
    assert found["ndcg"] == pytest.approx((5.5 * discount[:2].sum() + discount[2:].sum()) / best)
    assert found["top 10"] == pytest.approx((11 + 8) / 21)
    assert np.isnan(found["top 100"])  # all hold all
    assert found["rmse"] == pytest.approx((np.log(2) ** 2 / 12) ** 0.5)
    assert found["holds"] == pytest.approx(10 / 12)
    assert found["holds < 1"] == pytest.approx(10 / 11)
    assert found["holds 2-4"] == 0
    assert np.isnan(found["holds > 4"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 3)), min_size=2, max_size=130))
def test_on_a_resample_measures_are_those_of_libraries_on_its_rows(rows: list[tuple[int, int, int]]) -> None:
    count, score, times = np.array(rows, dtype=float).T
    drawn = np.repeat(np.arange(count.size), times.astype(int))
    found = measured(Cases(np.arange(count.size), count), {"it": Told(score)}, [times])[0, 0]
    a, b = count[drawn], score[drawn]
    if drawn.size > 1 and np.ptp(a) > 0 and np.ptp(b) > 0:
        assert found[SPEARMAN] == pytest.approx(spearmanr(a, b).statistic)
        assert found[NDCG] == pytest.approx(ndcg_score([a], [b], k=100))
    elif drawn.size:
        assert found[SPEARMAN] == 0


def test_orders_are_compared_within_windows() -> None:
    cases = Cases(np.arange(6), np.array([1.0, 2, 3, 100, 200, 300]), np.repeat([0, 1], 3))
    score = np.array([7.0, 8, 9, 1, 2, 3])
    assert once(cases, Told(score))["spearman"] == pytest.approx(1)
    assert once(cases._replace(window=None), Told(score))["spearman"] < 0
    assert places(score, cases.window).tolist() == places(cases.count, cases.window).tolist()


def test_a_difference_is_told_more_surely_than_two_values() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(0, 1, 400)
    near = truth + rng.normal(0, 0.5, 400)
    told = {"near": Told(near), "far": Told(near + rng.normal(0, 0.3, 400)), "same": Told(2 * near)}
    found = compare(Cases(np.arange(400), np.exp(truth)), told, ["near"], times=200)
    spearman = found[found["measure"] == "spearman"].set_index(["forecast", "against"])
    assert spearman.loc[("same", "near"), ["value", "low", "high"]].tolist() == [0, 0, 0]
    assert spearman.loc[("far", "near"), "high"] < 0
    width = spearman["high"] - spearman["low"]
    assert width["far", "near"] < width["far", ""]
    assert any("beyond near" in line for line in lines(found))


def test_cases_of_an_account_are_drawn_together() -> None:
    """The same 40 accounts, each once or with 25 equal cases: what is known of accounts is the same."""
    rng = np.random.default_rng(3)
    count, score = rng.poisson(20, 40).astype(float), rng.normal(0, 1, 40)
    alone = compare(Cases(np.arange(40), count), {"it": Told(score)}, times=400)
    many = np.repeat(np.arange(40), 25)
    often = compare(Cases(many, count[many]), {"it": Told(score[many])}, times=400)
    widths = [float((t["high"] - t["low"])[t["measure"] == "spearman"].iloc[0]) for t in (alone, often)]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def test_intervals_that_are_right_are_found_right_at_every_level() -> None:
    rng = np.random.default_rng(4)
    mean = np.exp(rng.uniform(0, 6, 100).repeat(100))
    count = rng.negative_binomial(2, 2 / (2 + mean)).astype(float)
    low, high = (nbinom.ppf(q, 2, 2 / (2 + mean[::100])).repeat(100) for q in (0.05, 0.95))
    told = {"right": Told(mean, np.log1p(mean), low, high), "narrow": Told(mean, np.log1p(mean), mean, mean + 1)}
    found = compare(Cases(np.arange(mean.size), count), told, times=5).set_index(["forecast", "measure"])["value"]
    assert 0.90 <= found["right", "holds 2-4"] <= 0.93  # of whole numbers a little more than 90 % are held
    assert 0.885 <= found["right", "holds > 4"] <= 0.915
    assert found["narrow", "holds"] < 0.3


def test_the_last_post_is_foretold_from_those_before(tmp_path: Path) -> None:
    past = {"a": [(10, 3)], "c": [(40, 2), (50, 9)], "d": [(10, 4), (20, 0)]}
    last = {"a": (30, 5), "b": (20, 0), "c": (60, 1), "d": (90, 2)}
    posts = [(who, *post) for who, final in last.items() for post in [final, *past.get(who, [])]]
    with gzip.open(tmp_path / "weibo_posts_dev.csv.gz", "wt") as file:
        file.write("author,time,reposts\n" + "".join(f"{a},{t},{n}\n" for a, t, n in posts))
    with gzip.open(tmp_path / "weibo_fans_dev.csv.gz", "wt") as file:
        file.write("author,fans\na,100\nb,7\n")
    found = read(tmp_path)
    assert found.authors.tolist() == ["a", "c", "d"]
    assert found.outcome.tolist() == [5, 1, 2]
    assert found.now.tolist() == [30_000, 60_000, 90_000]
    known = zip(found.authors[found.author], found.time / 1000, found.moved, strict=True)
    assert sorted(known) == sorted((who, *post) for who, several in past.items() for post in several)
    np.testing.assert_array_equal(found.fans, [100, np.nan, np.nan])
    changed = found._replace(outcome=np.array([9.0, 9, 9]))
    for name, one in baselines(found).items():
        np.testing.assert_array_equal(one.score, baselines(changed)[name].score)
    assert baselines(found)["past"].score.tolist() == pytest.approx(np.log([4, 30**0.5, 5**0.5]))


def test_variances_are_found_again_whatever_the_number_of_posts() -> None:
    """Authors with one post say nothing of either variance; they must not hide that between authors."""
    rng = np.random.default_rng(5)
    n = np.where(np.arange(3000) < 2500, 1, rng.integers(2, 9, 3000))
    author = np.repeat(np.arange(n.size), n)
    logs = rng.normal(0, 0.5, n.size)[author] + rng.normal(0, 1, author.size)
    within, between = variances(author, logs)
    assert within == pytest.approx(1, rel=0.1)
    assert between == pytest.approx(0.25, rel=0.3)


def test_shrinking_by_hand() -> None:
    """Two authors with posts at -1, 1 and 9, 11 about a prior of 5; a third one has none."""
    author, logs = np.array([0, 0, 1, 1]), np.array([-1.0, 1, 9, 11])
    told = shrunk(author, logs, np.full(3, 5.0))
    within, between = 2.0, (100 - 2) / 2  # two means 5 off the middle: 2 (25 + 25) less what is within, per post
    assert variances(author, logs) == pytest.approx((within, between))
    keep = 2 / (2 + within / between)
    assert told.log == pytest.approx([5 - 5 * keep, 5 + 5 * keep, 5])
    assert line(np.array([0.0, 10, 20, np.nan]), author, logs) == pytest.approx([0, 10, 20, 5])
