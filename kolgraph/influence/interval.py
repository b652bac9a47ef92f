"""Confidence intervals of estimated shares, and of counts in a list of which a part was seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Standard normal quantile of a two-sided 95 % interval.
Z95 = 1.959963984540054
#: Lower 5 % points of the mean of a Poisson count of 0 to 3: a score interval starts too high there (see `counts`).
_FEW = np.array([0.0, 0.0513, 0.3554, 0.8177])

F64 = NDArray[np.float64]


def wilson(hits: ArrayLike, trials: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % interval of a share (Wilson, JASA 1927): stays inside [0, 1] and is honest near both ends.

    Examples
    --------
    >>> low, high = wilson(np.array([0, 50]), 100)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.404], [0.037, 0.596])
    """
    n = np.asarray(trials, dtype=np.float64)
    share = np.asarray(hits, dtype=np.float64) / n
    z2 = Z95 * Z95 / n
    middle = (share + z2 / 2) / (1 + z2)
    half = Z95 / (1 + z2) * np.sqrt(share * (1 - share) / n + z2 / (4 * n))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def counts(
    seen: ArrayLike, rate: ArrayLike, linear: ArrayLike, square: ArrayLike, *, whole: bool = True
) -> tuple[F64, F64]:
    """95 % interval of how many there are, from how many were seen.

    Parameters
    ----------
    seen : array_like, shape (k,)
        Counts of which the mean is ``rate * r`` and the variance ``linear * r + square * r**2`` if there are r.
    rate : array_like, shape (k,)
        Chance to be seen, above 0.
    linear, square : array_like, shape (k,)
        ``linear >= 0``; a negative ``square`` is what a finite list takes away, a positive one what an uncertain rate
        adds. With both 0 the interval is ``seen / rate``.
    whole : bool
        The counts are whole numbers; False for totals of any unit.

    Returns
    -------
    low, high : ndarray, shape (k,), float64
        All r that a test at 5 % does not refuse; ``high`` is infinite where the rate is too uncertain to bound it.

    Notes
    -----
    The score interval of Wilson (1927) for any variance of second degree: the roots of
    ``(seen - rate r)**2 = z**2 (linear r + square r**2)``. Where 1 to 3 were seen the lower limit is that of a Poisson
    count, as Brown, Cai & DasGupta (Statistical Science 2001) advise: the score interval misses too often there.

    Examples
    --------
    A tenth of a list of 1,000 was seen, 20 of them marked: 200 of all, give or take.

    >>> f, n = 0.1, 1000
    >>> low, high = counts([20], f, f * (1 - f) * n / (n - 1), -f * (1 - f) / (n - 1))
    >>> low.round().tolist(), high.round().tolist()
    ([136.0], [284.0])
    """
    x, a, p, q = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (seen, rate, linear, square)))
    z2 = Z95 * Z95
    lead, middle = a * a - z2 * q, 2 * a * x + z2 * p
    root = np.sqrt(np.maximum(middle * middle - 4 * lead * x * x, 0.0))
    bounded = lead > 0
    twice = np.where(bounded, 2 * lead, 1.0)
    low = np.divide(2 * x * x, middle + root, out=np.zeros(x.shape), where=middle + root > 0)
    high = np.where(bounded, (middle + root) / twice, np.inf)
    sure = (p == 0) & (q == 0)
    low, high = np.where(sure, x / a, low), np.where(sure, x / a, high)
    few = (x >= 1) & (x <= 3) & ~sure & whole
    least = _FEW[np.where(few, np.floor(x), 0).astype(np.int64)]
    return np.where(few, np.minimum(low, least / a), low), high
