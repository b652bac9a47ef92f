"""Growth that is too fast: followers per day of an account's age, against accounts of its size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError

#: From this modified z-score on Iglewicz & Hoaglin call a value an outlier.
OUTLIER = 3.5
#: The smallest sample for which they tried it.
FEWEST = 10

F64 = NDArray[np.float64]


def modified_z(values: ArrayLike, groups: ArrayLike | None = None) -> F64:
    """How far values lie from the median of their group, in robust standard deviations.

    Parameters
    ----------
    values : array_like, shape (n,)
        NaN where unknown.
    groups : array_like, shape (n,), optional
        Compared within. Default: all are one group.

    Returns
    -------
    ndarray, shape (n,), float64
        NaN where the value is unknown, in groups of fewer than `FEWEST` known ones, and where half of them are equal.

    Raises
    ------
    InputError
        Lengths that differ.

    Notes
    -----
    ``0.6745 (x - median) / MAD``, with the median absolute deviation; beyond 3.5 they call a value an outlier (Iglewicz
    & Hoaglin, How to Detect and Handle Outliers, 1993). Up to half of a group can be outliers without hiding each
    other. O(n log n).

    Examples
    --------
    >>> modified_z([1, 2, 3, 4, 5, 6, 7, 8, 9, 50]).round(2)[[0, 9]].tolist()
    [-1.21, 12.01]
    """
    x = np.asarray(values, dtype=np.float64)
    of = np.zeros(x.shape, np.int64) if groups is None else np.asarray(groups)
    if x.ndim != 1 or of.shape != x.shape:
        raise InputError("values and groups must be equally long")
    z, known = np.full(x.shape, np.nan), np.isfinite(x)
    for group in np.unique(of[known].astype(str) if of.dtype == object else of[known]):
        rows = np.flatnonzero(known & (of == group))
        away = x[rows] - np.median(x[rows])
        spread = np.median(np.abs(away))
        if rows.size >= FEWEST and spread > 0:
            z[rows] = 0.6745 * away / spread
    return z


def fast_growth(followers: ArrayLike, age_days: ArrayLike, tier: ArrayLike) -> tuple[F64, F64]:
    """Followers that accounts gained per day, and how far that is from what accounts of their size gain.

    Parameters
    ----------
    followers : array_like, shape (n,)
        As the platform shows them, NaN where unknown.
    age_days : array_like, shape (n,)
        Age of the account when they were seen, in days; NaN where unknown. Less than a day counts as one.
    tier : array_like, shape (n,)
        Size class of each account.

    Returns
    -------
    per_day, z : ndarray, shape (n,), float64
        Followers / days, and the `modified_z` of its logarithm within the tier; NaN where nothing is known.

    Raises
    ------
    InputError
        Lengths that differ.

    Notes
    -----
    Rates of growth are spread over orders of magnitude: their logarithms are nearly normal, themselves they are not.
    O(n log n).

    Examples
    --------
    >>> per_day, z = fast_growth([1000] * 9 + [1000], [*range(600, 1500, 100), 10], ["KOC"] * 10)
    >>> float(per_day[9]), bool(z[9] > OUTLIER), bool((z[:9] < OUTLIER).all())
    (100.0, True, True)
    """
    count, age = np.asarray(followers, dtype=np.float64), np.asarray(age_days, dtype=np.float64)
    if count.shape != age.shape:
        raise InputError("followers and age_days must be equally long")
    per_day = np.where(age >= 0, count / np.maximum(age, 1.0), np.nan)
    with np.errstate(divide="ignore"):
        logs = np.log(per_day)  # of nobody followed: -inf, and no growth
    return per_day, modified_z(logs, tier)
