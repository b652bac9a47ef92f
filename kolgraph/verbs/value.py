"""What accounts cost, and how they are rated, against what they move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kolgraph.verbs.proven import proven

if TYPE_CHECKING:
    from kolgraph.influence import Value
    from kolgraph.workspace import Workspace


def read_moved(workspace: Workspace, *, raw: bool = False) -> NDArray[np.float64]:
    """Real accounts that a post of every account proved to move; NaN where no post of it is known."""
    found = proven(workspace, raw=raw)
    return np.where(found.posts > 0, found.values, np.nan)


def value(workspace: Workspace, *, raw: bool = False) -> Value | None:
    """Compare prices and scores with what accounts move, in order of keys; None where no price or score is loaded."""
    from kolgraph.influence import value as compare

    columns = ("price_cny", "score", "followers")
    said = workspace.sql(
        f"SELECT {', '.join(f'{c}::DOUBLE AS {c}' for c in columns)} FROM accounts ORDER BY account_key"
    )
    price, score, followers = (said[c].to_numpy(np.float64, na_value=np.nan) for c in columns)
    if np.isnan(price).all() and np.isnan(score).all():
        return None
    return compare(read_moved(workspace, raw=raw), price=price, score=score, followers=followers)
