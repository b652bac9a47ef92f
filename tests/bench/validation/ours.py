"""What kolgraph itself foretells, in the form in which forecasts are compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kolgraph.influence import proven
from tests.bench.validation.metrics import F64, Told


def proven_told(
    ids: NDArray[np.object_],
    author: NDArray[np.int64],
    time: F64,
    moved: F64,
    *,
    known: pd.DataFrame | None,
    now: F64 | float,
) -> dict[str, Told]:
    """Proven influence from what was known: in the order of `rank`, the mean of a next post, and in that of its log."""
    found = proven(ids, author, time, moved, known=known, now=now, seed=1)
    return {
        "proven": Told(found.values, found.next_log, found.next_low, found.next_high),
        "proven, expected log": Told(found.next_log, found.next_log, found.next_low, found.next_high),
    }
