"""What accounts cost, and how they are rated, against what they move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kolgraph.verbs.asking import answer
from kolgraph.verbs.proven import proven

if TYPE_CHECKING:
    from kolgraph.influence import Value
    from kolgraph.workspace import Workspace


@answer()
def value(workspace: Workspace, *, raw: bool = False) -> Value:
    """Compare prices and scores with what accounts move: who is dear, or cheap, or has too many followers.

    Parameters
    ----------
    raw : bool
        Count everybody, ring members too.
    """
    from kolgraph.influence import value as compare

    columns = ("price_cny", "score", "followers")
    numbers = ", ".join(f"coalesce({c}::DOUBLE, 'nan') AS {c}" for c in columns)
    said = workspace.arrays(f"SELECT {numbers} FROM accounts ORDER BY account_key")
    found = proven(workspace, raw=raw)
    moved = np.where(found.posts > 0, found.values, np.nan)  # what accounts like it move says nothing of its price
    price, score, followers = (said[c] for c in columns)
    return compare(found.ids, moved, price=price, score=score, followers=followers)
