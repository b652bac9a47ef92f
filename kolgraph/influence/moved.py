"""What a post moved: real accounts that reposted it, counted where reposts are loaded, else told from a shown count."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError

F64 = NDArray[np.float64]
#: What a number of `moved` stands on; above `LOADED` it is an estimate.
LOADED, SCALED, UNDISCOUNTED = 0, 1, 2


def moved(
    author: ArrayLike, platform: ArrayLike, events: ArrayLike, real: ArrayLike, shown: ArrayLike
) -> tuple[F64, NDArray[np.uint8], F64]:
    """Tell of every post how many real accounts reposted it, and on what that stands.

    Parameters
    ----------
    author : array_like, shape (p,), int
        Row of the author of every post.
    platform : array_like, shape (n,), int
        Number of the platform of every account.
    events : array_like, shape (p,)
        Reposts of the post that are loaded, whoever made them and however often.
    real : array_like, shape (p,)
        Real accounts among those who made them, each once and the author not; at most ``events``.
    shown : array_like, shape (p,)
        Reposts that the platform shows; NaN where it does not.

    Returns
    -------
    moved : ndarray, shape (p,), float64
        Real accounts per post. NaN where no count is shown and of the platform no repost is loaded: such a post may
        have moved anybody.
    source : ndarray, shape (p,), uint8
        `LOADED`: counted. `SCALED`: reposts that are shown and not loaded are added, in real accounts. `UNDISCOUNTED`:
        the shown count itself, since nothing is known of who reposts on the platform (or no number at all).

    Raises
    ------
    InputError
        Lengths that differ, or more real accounts than events.

    Notes
    -----
    A shown repost counts as many real accounts as a loaded one of the same author does, shrunk to the platform:
    ``q = p + (r / e - p) rho e / (rho e + 1 - rho)`` with e events and r real accounts of the author, p the share of
    the platform and rho how alike the reposts of an author are, by moments (Kleinman, JASA 1973). O(p + n).

    Examples
    --------
    Of the first post all three reposts are loaded, by two real accounts; of the second a count is all there is.

    >>> found, source, share = moved([0, 0], [0], [3, 0], [2, 0], [3, 300])
    >>> found.tolist(), source.tolist(), share.round(2).tolist()
    ([2.0, 200.0], [0, 1], [0.67, 0.67])
    """
    who, place = np.asarray(author, dtype=np.int64), np.asarray(platform, dtype=np.int64)
    loaded, counted, told = (np.asarray(part, dtype=np.float64) for part in (events, real, shown))
    if not who.shape == loaded.shape == counted.shape == told.shape:
        raise InputError("author, events, real and shown must be equally long")
    if (counted > loaded).any():
        raise InputError("a post cannot have more real reposters than reposts")
    sums = (np.bincount(who, weights=part, minlength=place.size).astype(np.float64) for part in (loaded, counted))
    share = _shares(place, *sums)[who]
    rest = np.maximum(np.nan_to_num(told - loaded), 0.0)
    blind = np.isnan(share)
    source = np.where(blind, UNDISCOUNTED, np.where(rest > 0, SCALED, LOADED)).astype(np.uint8)
    found = np.where(blind, told, counted + rest * np.nan_to_num(share))
    return found, source, share


def _shares(place: NDArray[np.int64], events: F64, real: F64) -> F64:
    """Real accounts per loaded repost of every account, shrunk to its platform; NaN where of that nothing is loaded."""
    groups = int(place.max(initial=-1)) + 1

    def total(part: F64) -> F64:
        return np.bincount(place, weights=part, minlength=groups).astype(np.float64)

    whole, authors = total(events), total((events > 0).astype(np.float64))
    p = np.divide(total(real), whole, out=np.full(groups, np.nan), where=whole > 0)
    own = np.divide(real, events, out=p[place].copy(), where=events > 0)
    squares = total(events * np.nan_to_num(own - p[place]) ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):  # one author, or everybody alike: there is nothing to shrink
        rho = (squares / (p * (1 - p)) - (authors - 1)) / (whole - total(events**2) / whole - (authors - 1))
    rho = np.clip(np.nan_to_num(rho, nan=0.0, posinf=0.0, neginf=0.0), 0.0, 1.0)[place]
    pull = np.divide(rho * events, rho * events + 1 - rho, out=np.zeros(events.size), where=events > 0)
    return np.asarray(p[place] + (own - p[place]) * pull)
