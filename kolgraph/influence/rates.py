"""Reposts per post of many accounts, of each of which little is known: drawn to what all of them do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError

F64 = NDArray[np.float64]

#: Accounts on which the distribution of rates is estimated.
_SAMPLE = 50_000
#: What `burst` is taken for before any post was counted, and how little that says: deviation of its logarithm.
_BURST, _UNSURE = 1.0, 2.0


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Expected reposts per post.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        Posterior means, in accounts per post; NaN where there are no posts, or nothing to expect of them.
    low, high : ndarray of float64, shape (n,)
        95 % interval of the mean of an account; it starts at 0 where nothing was seen.
    """

    values: F64
    low: F64
    high: F64

    @property
    def parts(self) -> tuple[F64, F64, F64]:
        """Values, lower and upper ends."""
        return self.values, self.low, self.high


def rates(events: ArrayLike, posts: ArrayLike, *, expected: ArrayLike = 1.0, burst: float = _BURST) -> Rates:
    """Estimate the reposts per post of every account from its own posts and those of all accounts.

    Parameters
    ----------
    events : array_like, shape (n,)
        Reposts of all posts of an account, >= 0.
    posts : array_like, shape (n,)
        How many posts those are, >= 0.
    expected : array_like, shape (n,) or a number
        Reposts of a post as far as known beforehand, up to a factor that is learnt; default the same of all.
    burst : float
        How much posts of one account differ: 1 / burst is the squared relative deviation of what a post may hope for;
        see `bursts`.

    Returns
    -------
    Rates

    Raises
    ------
    InputError
        Lengths that differ; numbers that are negative or not finite.

    Notes
    -----
    Posts of an account are negative binomial counts about its mean, so their sum is one, too; the means are beta prime
    about `expected`, which is what makes the posterior one in turn (the generalised Waring distribution: Irwin, JRSS A
    1975), and its mean ``(strength * expected + events) / (strength + posts)``. Factor and strength are the most
    likely ones; nobody's prior is surer than the factor itself is. O(n).

    Examples
    --------
    Three accounts of ten posts; the one with no repost at all is not taken at its word:

    >>> found = rates([0, 20, 40], [10, 10, 10], burst=100)
    >>> bool(0 < found.values[0] < 0.5), bool(3.5 < found.values[2] < 4), float(found.low[0])
    (True, True, 0.0)
    """
    from scipy.special import betainccinv, betaincinv

    d, n = np.asarray(events, dtype=np.float64), np.asarray(posts, dtype=np.float64)
    if d.shape != n.shape or d.ndim != 1:
        raise InputError("events and posts must be equally long")
    x = np.broadcast_to(np.asarray(expected, dtype=np.float64), d.shape)
    if not all((np.isfinite(part) & (part >= 0)).all() for part in (d, n, x)):
        raise InputError("events, posts and what is expected must be finite numbers >= 0")
    value, low, high = (np.full(d.size, np.nan) for _ in range(3))
    rows = np.flatnonzero((n > 0) & (x > 0))
    if rows.size:
        d, n, x = d[rows], n[rows], x[rows]
        some = slice(None) if d.size <= _SAMPLE else np.linspace(0, d.size - 1, _SAMPLE).astype(np.int64)
        factor, strength = _fit(d[some], n[some], x[some], burst)
        mean = factor * x
        information = float((n * mean / (1 + mean / burst)).sum())
        prior = np.minimum(strength, information * (1 / mean + 1 / burst))  # in posts
        alpha, beta = prior * mean + d, 1 + (prior + n) * burst
        value[rows] = (prior * mean + d) / (prior + n)
        # B / (1 - B) is beta prime where B is beta; B lies next to 1 where posts differ much, 1 - B is exact there.
        low[rows] = np.where(d > 0, burst * _odds(betaincinv(alpha, beta, 0.025)), 0.0)
        high[rows] = burst * _odds(betainccinv(alpha, beta, 0.025))
    return Rates(values=value, low=low, high=high)


def bursts(count: ArrayLike, author: ArrayLike, posts: ArrayLike) -> float:
    """How much posts of one account differ: the size of the negative binomial distribution of their reposts.

    Parameters
    ----------
    count : array_like, shape (p,)
        Reposts of every post that has any.
    author : array_like, shape (p,), int
        Row of its author.
    posts : array_like, shape (n,)
        Posts of every account, those without a repost among them.

    Returns
    -------
    float
        Large where posts differ by chance alone, small where few posts have nearly all reposts; `rates` takes it.

    Notes
    -----
    The size that makes the shares of the posts in the sum of their account most likely: the sum takes the mean of the
    account out of it (Robinson & Smyth, Biostatistics 2008). Authors of a single post say nothing. O(p + n) a step.

    Examples
    --------
    Three posts that are alike, then three of which one has everything:

    >>> bursts([20, 20, 20], [0, 0, 0], [3]) > 5, bursts([60], [0], [3]) < 1
    (True, True)
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    d, who = np.asarray(count, dtype=np.float64), np.asarray(author, dtype=np.int64)
    n = np.maximum(np.asarray(posts, dtype=np.float64), np.bincount(who, minlength=np.size(posts)))
    told = np.lexsort((d, who))  # the order in which posts are named is nothing, to the last bit
    told = told[n[who[told]] > 1]
    d, who = d[told], who[told]
    rows, place = np.unique(who, return_inverse=True)
    total, n = np.bincount(place, weights=d, minlength=rows.size), n[rows]

    def loss(log_size: float) -> float:
        k = np.exp(log_size)
        likely = (gammaln(n * k) - gammaln(total + n * k)).sum() + (gammaln(d + k) - gammaln(k)).sum()
        return float(((log_size - np.log(_BURST)) / _UNSURE) ** 2 / 2 - likely)

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(1e-3), np.log(1e4)), method="bounded").x))


def _odds(share: F64) -> F64:
    return np.asarray(share / np.maximum(1 - share, np.finfo(float).tiny))


def _fit(d: F64, n: F64, x: F64, burst: float) -> tuple[float, float]:
    """Factor of what is expected, and the number of posts that it counts for, that are most likely."""
    from scipy.optimize import minimize
    from scipy.special import betaln

    # Of no event at all half a one is made: what was never seen is not impossible.
    start = np.log(max(float(d.sum()), 0.5) / float((n * x).sum()))
    if not d.any():
        return float(np.exp(start)), 1.0

    def loss(at: F64) -> float:
        factor, strength = np.exp(np.clip(at, [start - 12, -9], [start + 12, 14]))
        alpha, beta = strength * factor * x, 1 + strength * burst
        return -float((betaln(alpha + d, beta + n * burst) - betaln(alpha, beta)).sum())

    simplex = np.array([[start, 0.0], [start + 1, 0.0], [start, 2.0]])
    at = minimize(loss, simplex[0], method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 1e-4}).x
    factor, strength = np.exp(np.clip(at, [start - 12, -9], [start + 12, 14]))
    return float(factor), float(strength)
