"""Partial crawls of a sample world: a share of every follower list, or the lists of a few accounts only."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from kolgraph.errors import InputError, UnknownName

if TYPE_CHECKING:
    import pandas as pd

#: Which followers of a list are loaded.
ORDERS = ("random", "newest")


def thin_follows(
    follows: pd.DataFrame,
    *,
    share: float = 1.0,
    most: int | None = None,
    order: str = "random",
    only: Collection[str] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """The follows that a crawler would bring home who reads a part of every follower list.

    Parameters
    ----------
    follows : DataFrame
        ``src, dst, since`` as in `World.follows`: the follower list of an account are the rows with it as ``dst``.
    share : float
        Part of every list, 0 < share <= 1, rounded up to whole followers: no list becomes empty.
    most : int, optional
        Longest list; what is beyond it is left out.
    order : str
        ``random``, or ``newest``: the latest followers first, as most platforms show them.
    only : collection of str, optional
        Accounts whose lists are read; those of all others are left out.
    seed : int
        Of the random order, and of ties in time.

    Returns
    -------
    DataFrame
        Rows of `follows`, in their order. What the platform shows (``World.accounts``) stays as it is.

    Raises
    ------
    InputError
        A share outside (0, 1], or a longest list below 1.
    UnknownName
        An order that is none.

    Notes
    -----
    O(m log m) for m follows. Lists are sampled independently of one another.

    Examples
    --------
    >>> from kolgraph.synth import make_world, thin_follows
    >>> world = make_world(500, seed=1, niches=3, rings=2, fan_clubs=1, campaigns=1)
    >>> part = thin_follows(world.follows, share=0.1, seed=1)
    >>> len(world.follows), len(part), part["dst"].nunique() == world.follows["dst"].nunique()
    (4310, 721, True)
    """
    import pandas as pd

    if not 0 < share <= 1:
        raise InputError(f"share={share} is no part of a list; choose a number above 0, at most 1")
    if most is not None and most < 1:
        raise InputError(f"most={most} leaves nothing of any list; choose 1 or more")
    if order not in ORDERS:
        raise UnknownName.among("order", order, ORDERS)
    rows = np.arange(len(follows)) if only is None else np.flatnonzero(follows["dst"].isin(list(only)))
    chance = np.random.default_rng(seed).random(rows.size)
    listed, _ = pd.factorize(follows["dst"].iloc[rows])
    since = follows["since"].to_numpy()[rows]
    by = np.lexsort((chance, listed) if order == "random" else (chance, -since, listed))
    size = np.bincount(listed)
    place = np.arange(rows.size) - np.repeat(np.cumsum(size) - size, size)
    keep = np.ceil(share * size - 1e-9)
    if most is not None:
        keep = np.minimum(keep, most)
    return follows.iloc[np.sort(rows[by[place < keep[listed[by]]]])].reset_index(drop=True)
