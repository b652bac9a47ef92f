"""Confidence intervals of estimated shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Standard normal quantile of a two-sided 95 % interval.
Z95 = 1.959963984540054


def wilson(hits: NDArray[np.int64], trials: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % interval of a share (Wilson, JASA 1927): stays inside [0, 1] and is honest near both ends.

    Examples
    --------
    >>> low, high = wilson(np.array([0, 50]), 100)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.404], [0.037, 0.596])
    """
    share = np.asarray(hits, dtype=np.float64) / trials
    z2 = Z95 * Z95 / trials
    middle = (share + z2 / 2) / (1 + z2)
    half = Z95 / (1 + z2) * np.sqrt(share * (1 - share) / trials + z2 / (4 * trials))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
