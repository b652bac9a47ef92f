"""What kolgraph itself foretells, in the form in which forecasts are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kolgraph.influence
from tests.bench.validation.metrics import F64, Told


def proven_told(
    ids: NDArray[np.object_],
    author: NDArray[np.int64],
    time: F64,
    moved: F64,
    *,
    known: pd.DataFrame | None,
    now: Any,
    rows: Any,
) -> dict[str, Told]:
    """`kolgraph.influence.proven` on what was known, for the accounts in `rows`; nothing as long as it is not there."""
    if not hasattr(kolgraph.influence, "proven"):
        return {}
    found = kolgraph.influence.proven(ids, author, time, moved, known=known, now=now, seed=1)
    return {"proven": Told(*(v[rows] for v in (found.values, found.next_log, found.next_low, found.next_high)))}
