"""Reposts per post of many accounts, of each of which little is known: drawn to what all of them do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError

F64 = NDArray[np.float64]

#: Accounts on which the distribution of rates is estimated, and posts on which it is how much these differ.
_SAMPLE = 20_000
#: What `burst` is taken for before any post was counted, and how little that says: deviation of its logarithm.
_BURST, _UNSURE = 1.0, 2.0


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Expected reposts per post.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        Posterior means, in accounts per post; NaN where there are no posts, or nothing to expect of them.
    alpha, beta : ndarray of float64, shape (n,)
        Of the beta prime distribution that the mean of an account follows, in units of `burst`.
    burst : float
        How much posts of one account differ; see `bursts`.
    seen : ndarray of bool, shape (n,)
        Who had any repost.
    low, high : ndarray of float64, shape (n,)
        95 % interval of the mean of an account; it starts at 0 where nothing was seen. Found when asked for: that takes
        longer than all the rest. Ask for few accounts by `of`.
    """

    values: F64
    alpha: F64
    beta: F64
    burst: float
    seen: NDArray[np.bool_]

    def of(self, rows: ArrayLike) -> Rates:
        """Those of some accounts."""
        at = np.asarray(rows, dtype=np.int64)
        return replace(self, values=self.values[at], alpha=self.alpha[at], beta=self.beta[at], seen=self.seen[at])

    @cached_property
    def low(self) -> F64:
        """Lower ends."""
        from scipy.special import betaincinv

        return np.where(self.seen, self._odds(betaincinv(self.alpha, self.beta, 0.025)), 0.0 * self.values)

    @cached_property
    def high(self) -> F64:
        """Upper ends."""
        from scipy.special import betainccinv

        return self._odds(betainccinv(self.alpha, self.beta, 0.025))

    def _odds(self, share: F64) -> F64:
        # B / (1 - B) is beta prime where B is beta.
        return np.asarray(self.burst * share / np.maximum(1 - share, np.finfo(float).tiny))


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
    d, n = np.asarray(events, dtype=np.float64), np.asarray(posts, dtype=np.float64)
    if d.shape != n.shape or d.ndim != 1:
        raise InputError("events and posts must be equally long")
    x = np.broadcast_to(np.asarray(expected, dtype=np.float64), d.shape)
    if not all((np.isfinite(part) & (part >= 0)).all() for part in (d, n, x)):
        raise InputError("events, posts and what is expected must be finite numbers >= 0")
    value, alpha, beta = (np.full(d.size, np.nan) for _ in range(3))
    rows = np.flatnonzero((n > 0) & (x > 0))
    if rows.size:
        some = rows if rows.size <= _SAMPLE else rows[np.linspace(0, rows.size - 1, _SAMPLE).astype(np.int64)]
        factor, strength = _fit(d[some], n[some], x[some], burst)
        mean = factor * x[rows]
        information = float((n[rows] * mean / (1 + mean / burst)).sum())
        prior = np.minimum(strength, information * (1 / mean + 1 / burst))  # in posts
        alpha[rows], beta[rows] = prior * mean + d[rows], 1 + (prior + n[rows]) * burst
        value[rows] = alpha[rows] / (prior + n[rows])
    return Rates(values=value, alpha=alpha, beta=beta, burst=burst, seen=d > 0)


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
    told = (n[who] > 1) & (who % max(1, d.size // _SAMPLE) == 0)  # every so many an account, with all its posts
    d, who = d[told], who[told]
    order = np.lexsort((d, who))  # in which posts are named is nothing, to the last bit
    d, who = d[order], who[order]
    rows, place = np.unique(who, return_inverse=True)
    total, n = np.bincount(place, weights=d, minlength=rows.size), n[rows]

    def loss(log_size: float) -> float:
        k = np.exp(log_size)
        likely = (gammaln(n * k) - gammaln(total + n * k)).sum() + (gammaln(d + k) - gammaln(k)).sum()
        return float(((log_size - np.log(_BURST)) / _UNSURE) ** 2 / 2 - likely)

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(1e-3), np.log(1e4)), method="bounded").x))


def _fit(d: F64, n: F64, x: F64, burst: float) -> tuple[float, float]:
    """Factor of what is expected, and the number of posts that it counts for, that are most likely."""
    from scipy.optimize import minimize
    from scipy.special import betaln

    # Of no event at all half a one is made: what was never seen is not impossible.
    start = np.log(max(float(d.sum()), 0.5) / float((n * x).sum()))
    if not d.any():
        return float(np.exp(start)), float("inf")  # nothing tells accounts apart

    def loss(at: F64) -> float:
        factor, strength = np.exp(np.clip(at, [start - 12, -9], [start + 12, 14]))
        alpha, beta = strength * factor * x, 1 + strength * burst
        return -float((betaln(alpha + d, beta + n * burst) - betaln(alpha, beta)).sum())

    simplex = np.array([[start, 0.0], [start + 1, 0.0], [start, 2.0]])
    at = minimize(loss, simplex[0], method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 1e-4}).x
    factor, strength = np.exp(np.clip(at, [start - 12, -9], [start + 12, 14]))
    return float(factor), float(strength)
