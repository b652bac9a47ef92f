"""How well forecasts order accounts and tell sizes, with intervals over accounts: the same resamples for all of them.

A resample is a weight per row, how often its account was drawn: orders are found once, and each of a thousand resamples
costs a few passes over arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

F64 = NDArray[np.float64]

#: Places of which the share of what came is told.
TOPS = (10, 100, 1000)
#: Places that count in NDCG.
PLACES = 100
#: Borders between levels of forecast, in log(1 + count).
LEVELS = (1, 2, 4)
NAMES_OF_LEVELS = ("< 1", "1-2", "2-4", "> 4")
#: What `measured` tells of a forecast, in order.
MEASURES = (
    *("spearman", "ndcg", *(f"top {k}" for k in TOPS), "rmse"),
    *("holds", *(f"holds {level}" for level in NAMES_OF_LEVELS)),
)


class Told(NamedTuple):
    """What was foretold of every case, shape (cases,) each.

    Attributes
    ----------
    score : ndarray of float64
        Only the order counts, more is better; NaN is unknown, and stands in the middle.
    log : ndarray of float64, optional
        Expected log(1 + count).
    low, high : ndarray of float64, optional
        90 % interval of the count.
    """

    score: F64
    log: F64 | None = None
    low: F64 | None = None
    high: F64 | None = None


class Cases(NamedTuple):
    """What came.

    Attributes
    ----------
    account : ndarray, shape (cases,)
        Whose; all cases of an account are drawn together.
    count : ndarray of float64, shape (cases,)
    window : ndarray, shape (cases,), optional
        Orders are compared within each of them.
    """

    account: NDArray[np.generic]
    count: F64
    window: NDArray[np.generic] | None = None


class Order:
    """Rows in order of a score, the best first, and which of them are equal."""

    def __init__(self, score: F64) -> None:
        self.rows = np.argsort(-score, kind="stable")
        ordered = score[self.rows]
        self.ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
        self.group = np.empty(score.size, np.int64)
        self.group[self.rows] = np.repeat(np.arange(self.ends.size), np.diff(self.ends, prepend=-1))

    def sums(self, values: F64) -> F64:
        """The sum over all rows down to the end of every group, the first group's first."""
        return np.asarray(np.cumsum(values[self.rows])[self.ends])

    def ranks(self, weight: F64) -> F64:
        """Rank of each row where rows are repeated as `weight` says, equal ones share theirs; less their mean."""
        down = self.sums(weight)
        before = np.append(0.0, down[:-1])
        return np.asarray(((before + down) / 2)[self.group] - down[-1] / 2)

    def held(self, weight: F64, gain: F64, discounts: Sequence[F64]) -> list[float]:
        """Discounted gain of the first places; equal rows share their mean gain.

        ``discounts[d][r]`` is the sum of the discounts of the first r places; the last one counts for all after it.
        """
        down = np.append(0, self.sums(weight)).astype(np.int64)
        size = np.diff(down)
        gained = np.diff(self.sums(weight * gain), prepend=0.0)
        mean = np.divide(gained, size, out=np.zeros(size.size), where=size > 0)
        return [float(mean @ np.diff(sums[np.minimum(down, sums.size - 1)])) for sums in discounts]


#: Sums of discounts: 1 / log2(place + 1) for NDCG, 1 for shares.
_NDCG = np.append(0.0, np.cumsum(1 / np.log2(np.arange(2, PLACES + 2))))
_DISCOUNTS = (_NDCG, *(np.arange(k + 1.0) for k in TOPS))


def places(values: F64, window: NDArray[np.generic] | None = None) -> F64:
    """Place of each value among all, or those of its window, from 0 to 1.

    Equal ones share theirs, unknown ones are in the middle.

    >>> places(np.array([5.0, np.nan, 1.0])).tolist()
    [1.0, 0.5, 0.5]
    """
    told = pd.Series(values)
    told = told if window is None else told.groupby(window)
    return np.asarray(told.rank(pct=True).fillna(0.5), dtype=np.float64)


def measured(cases: Cases, told: Mapping[str, Told], weights: Iterable[F64]) -> F64:
    """Every measure of every forecast under every weighting of the cases, shape (weights, forecasts, measures).

    ``spearman`` is the correlation of ranks; ``ndcg`` takes the count as gain, and 1 / log2(place + 1) as discount of
    the first `PLACES`; ``top k`` is the share of all counts that the first k hold, ``rmse`` that of log(1 + count),
    ``holds`` the share of counts inside their interval, in all and by level of `Told.log`. NaN where a forecast does
    not say it.
    """
    truth = Order(places(cases.count, cases.window))
    orders = [Order(places(one.score, cases.window)) for one in told.values()]
    errors = [None if one.log is None else (one.log - np.log1p(cases.count)) ** 2 for one in told.values()]
    inside = [_inside(cases.count, one) for one in told.values()]
    telling = np.array([1, *(k < cases.count.size for k in TOPS)], bool)  # that all hold everything tells nothing
    found = []
    for weight in weights:
        ranks, total = truth.ranks(weight), float(weight @ cases.count)
        best = truth.held(weight, cases.count, _DISCOUNTS[:1])[0]
        scale = np.where(telling, [best] + [total] * len(TOPS), 0.0)
        sample = np.full((len(told), len(MEASURES)), np.nan)
        for row, order, error, (level, hit) in zip(sample, orders, errors, inside, strict=True):
            row[0] = _correlation(ranks, order.ranks(weight), weight)
            row[1:5] = _divided(np.array(order.held(weight, cases.count, _DISCOUNTS)), scale)
            row[5] = np.nan if error is None else np.sqrt(weight @ error / weight.sum())
            row[6:] = _divided((level & hit) @ weight, level @ weight)
        found.append(sample)
    return np.array(found)


def _correlation(a: F64, b: F64, weight: F64) -> float:
    """Of ranks that have mean 0; 0 where one of them orders nothing."""
    spread = float((weight @ a**2) * (weight @ b**2))
    return float(weight @ (a * b)) / spread**0.5 if spread > 0 else 0.0


def _divided(a: F64, b: F64) -> F64:
    return np.divide(a, b, out=np.full(b.shape, np.nan), where=b > 0)


def _inside(count: F64, one: Told) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which cases are of which level, all and `NAMES_OF_LEVELS`, and which counts their interval holds."""
    if one.log is None or one.low is None or one.high is None:
        return np.zeros((5, count.size), bool), np.zeros(count.size, bool)
    told = np.isfinite(one.low) & np.isfinite(one.high)
    level = np.digitize(one.log, LEVELS)
    return np.stack([told, *(told & (level == at) for at in range(4))]), (one.low <= count) & (count <= one.high)


def compare(
    cases: Cases, told: Mapping[str, Told], against: Sequence[str] = (), *, times: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Every measure of every forecast with its 90 % interval, and its differences to those `against`.

    Returns
    -------
    DataFrame
        forecast, measure, against ("": the value itself), value, low, high.

    Notes
    -----
    Accounts are drawn with replacement, each with all its cases, and all forecasts are measured on the same draws
    (paired percentile bootstrap, Efron 1979). O(times x forecasts x cases).
    """
    rng = np.random.default_rng(seed)
    who, row = np.unique(cases.account, return_inverse=True)
    drawn = (np.bincount(rng.integers(0, who.size, who.size), minlength=who.size)[row] for _ in range(times))
    value = measured(cases, told, [np.ones(cases.count.size)])[0]
    samples = measured(cases, told, (weight.astype(np.float64) for weight in drawn))
    names, rows = list(told), []
    for other in ("", *against):
        at = names.index(other) if other else None
        values = value - (0.0 if at is None else value[at])
        differences = samples - (0.0 if at is None else samples[:, [at]])
        for i, name in enumerate(names):
            for j, measure in enumerate(MEASURES):
                rows.append((name, measure, other, values[i, j], *_interval(differences[:, i, j])))
    table = pd.DataFrame(rows, columns=["forecast", "measure", "against", "value", "low", "high"])
    return table[(table["forecast"] != table["against"]) & table["value"].notna()].reset_index(drop=True)


def _interval(samples: F64) -> tuple[float, float]:
    known = samples[~np.isnan(samples)]
    low, high = np.quantile(known, (0.05, 0.95)) if known.size else (np.nan, np.nan)
    return float(low), float(high)


def lines(table: pd.DataFrame) -> list[str]:
    """The rows of `compare` as text: a forecast, its measures, and beside each what it is beyond others."""
    found = []
    for name, rows in table.groupby("forecast", sort=False):
        others = [other for other in rows["against"].unique() if other]
        found.append(f"  {name!s:22s} {'value with 90 % interval':28s}" + "  ".join(f"beyond {x:24s}" for x in others))
        for measure, part in rows.groupby("measure", sort=False):
            sign = ["+" if other else "" for other in part["against"]]
            said = zip(sign, part["value"], part["low"], part["high"], strict=True)
            texts = [f"{value:{s}.3f} ({low:{s}.3f} to {high:{s}.3f})" for s, value, low, high in said]
            found.append(
                (f"    {measure!s:20s} {texts[0]:28s}" + "".join(f"{text:33s}" for text in texts[1:])).rstrip()
            )
    return found
