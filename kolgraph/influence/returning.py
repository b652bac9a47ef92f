"""Whether somebody who came comes again, told from how often all who came at all did."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError

F64 = NDArray[np.float64]

#: Chances that are told apart, on a scale of their logarithms; less than the least is as good as never.
_CHANCES = np.geomspace(1e-6, 1.0, 73)
#: Shares of them before anything was seen: their mean, .005, is how many of those who took the only post of an author
#: took a later one in the CED cascades on Weibo (.0041 to .0057, cut at three moments).
_PRIOR = _CHANCES ** (-1 / 3) / (_CHANCES ** (-1 / 3)).sum()
#: Rounds at most, and the gain in log-likelihood per pair, below which nothing more is to be learnt.
_ROUNDS, _STILL = 1_000, 1e-9


def returning(taken: ArrayLike, posts: ArrayLike) -> F64:
    """Chance that somebody who took some posts of an account takes its next one, of pairs that are known by that only.

    Parameters
    ----------
    taken : array_like, shape (r,)
        Posts that were taken, above 0.
    posts : array_like, shape (r,)
        Posts that there were, at least as many.

    Returns
    -------
    ndarray of float64, shape (r,)
        It rises with the posts taken and falls with the posts that there were.

    Raises
    ------
    InputError
        Lengths that differ; numbers outside their range.

    Notes
    -----
    Each pair has a chance of its own, and is known because it was used at least once: counts are binomial, truncated at
    zero. Chances have no given form, as passers-by and regulars are mixed: their distribution over a grid is the most
    likely one (Laird, JASA 1978; Koenker & Mizera, JASA 2014), by EM, with one more pair that is like those of a real
    platform, so that few pairs prove little. What is returned is the posterior mean. O(different counts x grid x
    rounds).

    Examples
    --------
    A thousand passers-by and twenty regulars, in 20 posts:

    >>> p = returning([1] * 1000 + [10] * 20, [20] * 1020)
    >>> bool(p[0] < 0.002), bool(0.4 < p[-1] < 0.6)
    (True, True)
    """
    k, n = np.asarray(taken, dtype=np.float64), np.asarray(posts, dtype=np.float64)
    if k.shape != n.shape or k.ndim != 1:
        raise InputError("taken and posts must be equally long")
    if not (np.isfinite(n) & (k > 0) & (n >= k)).all():
        raise InputError("somebody who came took more than none of the posts, and no more than there are")
    if not k.size:
        return np.empty(0)
    kinds, place, pairs = np.unique(np.column_stack([k, n]), axis=0, return_inverse=True, return_counts=True)
    likely = _likely(kinds[:, :1], kinds[:, 1:])
    share = _mixed(likely, pairs.astype(np.float64))
    joint = likely * share
    return np.asarray((joint @ _CHANCES / joint.sum(axis=1))[place.ravel()])


def _likely(k: F64, n: F64) -> F64:
    """How likely every count is with every chance, given that it is not 0; up to a factor per count, at most 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = np.where(n > k, (n - k) * np.log1p(-_CHANCES), 0.0)
        seen = np.log(-np.expm1(n * np.log1p(-_CHANCES)))
    logs = k * np.log(_CHANCES) + missed - seen
    return np.asarray(np.exp(logs - logs.max(axis=1, keepdims=True)))


def _mixed(likely: F64, pairs: F64) -> F64:
    """Most likely shares of the chances, by EM; one pair more is the prior."""
    share, last = _PRIOR, -np.inf
    for _ in range(_ROUNDS):
        total = likely @ share
        share = (share * (likely.T @ (pairs / total)) + _PRIOR) / (pairs.sum() + 1)
        now = float(pairs @ np.log(total))
        if now - last <= _STILL * pairs.sum():
            break
        last = now
    return np.asarray(share)
