"""Numbers of accounts as `Scores`: none without its reason, shares with their interval and how many they are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.influence.interval import wilson
from kolgraph.results import Scores, digest

F64 = NDArray[np.float64]
#: Posts, or people, that a share, a rate or a typical post is told of: of fewer than four no share can be told from one
#: half (4 of 4: 51 to 100 %), and lists of the best would be lists of those with one post.
LEAST = 4


def none(reason: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Where there is no reason (yet) for there being no number."""
    return np.array([code is None for code in reason], dtype=bool)


def missing(author: NDArray[np.int64], values: F64, n: int, unknown: str, least: int = LEAST) -> NDArray[np.object_]:
    """Why an account has no number; None where `least` of its posts have a value (not NaN).

    Examples
    --------
    >>> missing(np.array([0, 0, 1]), np.array([3, 4, np.nan]), 3, "unknown", 2).tolist()
    [None, 'unknown', 'no_post']
    """
    known = np.bincount(author[~np.isnan(values)], minlength=n)
    reason = np.where(np.bincount(author, minlength=n) > 0, unknown, "no_post").astype(object)
    reason[known > 0] = "too_few_posts"
    reason[known >= least] = None
    return reason


def scored(
    measure: str,
    ids: NDArray[np.object_],
    values: ArrayLike,
    reason: NDArray[np.object_],
    beside: Mapping[str, NDArray[Any]],
    given: str,
    *,
    low: F64 | None = None,
    high: F64 | None = None,
) -> Scores:
    """Scores of which those with a reason are NaN; ``given`` tells the input."""
    there = none(reason)

    def told(part: ArrayLike) -> F64:
        return np.where(there, np.asarray(part, dtype=np.float64), np.nan)

    return Scores(
        measure=measure,
        ids=ids,
        values=told(values),
        low=None if low is None else told(low),
        high=None if high is None else told(high),
        reason=reason,
        beside=beside,
        parameters={"input": given},
        graph=digest(ids),
    )


def shares(
    measure: str,
    ids: NDArray[np.object_],
    hits: ArrayLike,
    trials: ArrayLike,
    reason: NDArray[np.object_],
    beside: Mapping[str, NDArray[Any]],
    given: str,
) -> Scores:
    """Shares with the interval of Wilson; ``trials`` may be sums of weights, and 0 where there is a reason.

    Examples
    --------
    >>> found = shares("calm", np.array(["ann"]), [1], [4], np.array([None]), {}, "")
    >>> found.values.tolist(), found.low.round(3).tolist(), found.high.round(3).tolist()
    ([0.25], [0.046], [0.699])
    """
    whole = np.asarray(trials, dtype=np.float64)
    whole = np.where(whole > 0, whole, np.nan)
    part = np.asarray(hits, dtype=np.float64)
    low, high = wilson(part, whole)
    return scored(measure, ids, part / whole, reason, beside, given, low=low, high=high)
