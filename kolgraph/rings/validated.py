"""Which two users share more items than how active they are, and how popular the items, explain.

The null is the bipartite configuration model: the most random graph in which every user and every item has, on average,
as many edges as it has. Unlike a shuffled graph it is solved once, exactly, and gives every pair a p value of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import AnalysisError, InputError, LimitError

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]

#: How close expected degrees come to the degrees, and how far off an answer may be that is handed out.
_TOLERANCE, _ENOUGH = 1e-10, 1e-6
_ROUNDS = 500


class Pairs(NamedTuple):
    """Pairs of users that share more items than the null explains, u < v, the least probable first.

    Attributes
    ----------
    u, v : ndarray, shape (k,), int64
        Rows, as they were given.
    shared : ndarray, shape (k,), int32
        Items that both have, those with more than `max_users` users left out.
    expected, p, q : ndarray, shape (k,), float64
        Items to be expected; the probability of at least so many; the false discovery rate at which the pair comes in.
    items_left_out : ndarray, shape (h,), int64
        Items with more than `max_users` users: rows, as they were given.
    """

    u: I64
    v: I64
    shared: I32
    expected: F64
    p: F64
    q: F64
    items_left_out: I64


def validated_pairs(
    user: ArrayLike, item: ArrayLike, *, alpha: float = 0.05, max_users: int = 5000, max_pairs: int = 20_000_000
) -> Pairs:
    """Pairs of users that share significantly many items.

    Parameters
    ----------
    user, item : array_like of int, shape (m,)
        Row numbers of the ends of every edge; repeats count once.
    alpha : float
        Of the pairs that are returned at most this part is expected to be chance (false discovery rate, over all pairs
        of users that have an edge, whether they share something or not). 1 returns every pair that shares an item.
    max_users : int
        Items with more users are left out of what a pair shares, of the expectation as well, and reported; the null
        holds their degrees. Every such item would bring all pairs of its users.
    max_pairs : int
        More are an error rather than a machine without memory.

    Returns
    -------
    Pairs

    Raises
    ------
    InputError
        Columns that differ in length, numbers that are no rows, an option out of range.
    AnalysisError
        The null could not be solved.
    LimitError
        More than `max_pairs` pairs.

    Notes
    -----
    Edges are independent under the null, with odds that are a product of one number per user and one per item (Saracco
    et al., Scientific Reports 5, 2015). What two users share is then Poisson-binomial; its Poisson approximation is
    used, whose upper tail is the larger one, so that p errs towards chance (Saracco et al., New Journal of Physics 19,
    2017). Users of equal degree are alike: all is solved per degree, by Newton's method, and an expectation computed
    per pair of degrees. Benjamini & Hochberg (1995). O(pairs of users at one item) time; memory of what is returned.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> user, item = rng.integers(0, 300, 3000), rng.integers(0, 300, 3000)
    >>> user, item = np.r_[user, np.repeat([300, 301], 20)], np.r_[item, np.tile(np.arange(20), 2)]
    >>> found = validated_pairs(user, item)
    >>> list(zip(found.u.tolist(), found.v.tolist(), found.shared.tolist()))
    [(300, 301, 20)]
    """
    from scipy.special import gammainc

    from kolgraph.kernels.copost import Edges, shares, tally

    if not 0 < alpha <= 1:
        raise InputError(f"alpha={alpha}: give a share above 0, up to 1")
    users, items, a, b = _edges(user, item)
    if not a.size:
        nothing, nobody = np.empty(0), np.empty(0, np.int64)
        return Pairs(nobody, nobody, np.empty(0, np.int32), nothing, nothing, nothing, nobody)
    of_user, user_class, n_users = _classes(np.bincount(a))
    of_item, item_class, n_items = _classes(np.bincount(b))
    chance = solve(of_user, n_users, of_item, n_items)
    counted = of_item <= max_users
    mean = (chance * (n_items * counted)) @ chance.T
    keep = counted[item_class][b]
    tests = users.size * (users.size - 1) / 2
    sharing = float((n_items * of_item * (of_item - 1) / 2)[counted].sum())
    # A pair with a larger p cannot come in, however many come before it.
    cut = alpha * min(1.0, sharing / max(tests, 1.0)) if alpha < 1 else 1.0
    least = _least(mean, of_user, cut)
    still = np.zeros(int(keep.sum()), np.int64)
    found = shares(a[keep], b[keep], still, items=items.size, window=0, crowd=max_users)
    parts, total = list[Edges](), 0
    for part in tally(found, users.size, least=least.astype(np.float64), group=user_class):
        once = part.source < part.target
        parts.append(part.taken(once))
        total += int(once.sum())
        if total > max_pairs:
            raise LimitError(f"more than {max_pairs:,} pairs: lower alpha or max_users, or raise max_pairs")
    edges = Edges.joined(parts)
    expected = mean[user_class[edges.source], user_class[edges.target]]
    p = gammainc(edges.weight, expected)
    order = np.lexsort((edges.target, edges.source, p))
    p = p[order]
    q = np.minimum(np.minimum.accumulate((p * tests / np.arange(1, p.size + 1))[::-1])[::-1], 1.0)
    order, q = order[q <= alpha], q[q <= alpha]
    return Pairs(
        users[edges.source[order]],
        users[edges.target[order]],
        edges.weight[order],
        expected[order],
        p[: order.size],
        q,
        items[~counted[item_class]],
    )


def solve(of_user: I64, n_users: I64, of_item: I64, n_items: I64) -> F64:
    """Chance of an edge between a user and an item, by degree, such that all expected degrees are the degrees.

    Parameters
    ----------
    of_user, of_item : ndarray, shapes (a,) and (c,), int64
        Degrees that occur, each once.
    n_users, n_items : ndarray, shapes (a,) and (c,), int64
        How many users and items have each.

    Returns
    -------
    ndarray, shape (a, c), float64

    Raises
    ------
    AnalysisError
        No solution was found, which happens where the degrees are those of no graph.

    Notes
    -----
    O(a c min(a, c)) per round, about ten rounds. The log-likelihood is concave; Newton's method with backtracking. Who
    has all items, and what all users have, is certain and taken out first.

    Examples
    --------
    >>> solve(np.array([1, 2]), np.array([2, 1]), np.array([1, 3]), np.array([1, 1]))
    array([[0., 1.],
           [1., 1.]])
    """
    chance = np.zeros((of_user.size, of_item.size))
    rows, columns = np.ones(of_user.size, bool), np.ones(of_item.size, bool)
    left_users, left_items = of_user.copy(), of_item.copy()
    while True:
        all_items, all_users = n_items[columns].sum(), n_users[rows].sum()
        full, empty = rows & (left_users == all_items), rows & (left_users == 0)
        if (full | empty).any():
            chance[np.ix_(full, columns)] = 1.0
            left_items = left_items - n_users[full].sum()
            rows &= ~(full | empty)
            continue
        full, empty = columns & (left_items == all_users), columns & (left_items == 0)
        if not (full | empty).any():
            break
        chance[np.ix_(rows, full)] = 1.0
        left_users = left_users - n_items[full].sum()
        columns &= ~(full | empty)
    if rows.any() and columns.any():
        inside = np.ix_(rows, columns)
        chance[inside] = _newton(left_users[rows], n_users[rows], left_items[columns], n_items[columns])
    off = max(np.abs(chance @ n_items - of_user).max(), np.abs(n_users @ chance - of_item).max())
    if not off <= _ENOUGH:
        raise AnalysisError(f"the null of pairs has no solution: expected degrees are off by {off:.2g}")
    return chance


def _newton(d: I64, n: I64, e: I64, m: I64) -> F64:
    """`solve` where nobody has all or nothing."""
    if d.size < e.size:  # the system that is solved has the size of the second side
        return _newton(e, m, d, n).T
    edges = float((d * n).sum())
    x, y = np.log(d) - np.log(edges) / 2, np.log(e) - np.log(edges) / 2
    best = -np.inf
    step = (np.zeros(x.size), np.zeros(y.size))
    size = 1.0
    for _ in range(_ROUNDS):
        now = (x + size * step[0])[:, None] + (y + size * step[1])
        value = float((n * d) @ (x + size * step[0]) + (m * e) @ (y + size * step[1]) - n @ np.logaddexp(0, now) @ m)
        if value < best - 1e-12 * abs(best) and size > 1e-6:
            size /= 2
            continue
        x, y, best, size = x + size * step[0], y + size * step[1], value, 1.0
        p = 1 / (1 + np.exp(-now))
        off = d - p @ m, e - n @ p
        worst = max(np.abs(off[0]).max(), np.abs(off[1]).max())
        if worst < _TOLERANCE * max(d.max(), e.max()):
            break
        step = _step(p * (1 - p), n, m, n * off[0], m * off[1])
    return np.asarray(p)


def _step(w: F64, n: I64, m: I64, g: F64, h: F64) -> tuple[F64, F64]:
    """Newton's step: the first side is eliminated, and one number of the second, which nothing determines, stays."""
    b = n[:, None] * w * m
    first, second = b.sum(axis=1), b.sum(axis=0)
    rest = np.diag(second) - b.T @ (b / first[:, None])
    right = h - b.T @ (g / first)
    y = np.zeros(second.size)
    if y.size > 1:
        inner = rest[1:, 1:]
        inner[np.diag_indices_from(inner)] += 1e-14 * second[1:]
        y[1:] = np.linalg.solve(inner, right[1:])
    return (g - b @ y) / first, y


def _edges(user: ArrayLike, item: ArrayLike) -> tuple[I64, I64, I32, I32]:
    """Rows that occur, and every edge once, numbered by these."""
    a, b = np.asarray(user), np.asarray(item)
    if a.shape != b.shape or a.ndim != 1:
        raise InputError(f"user and item must be two equally long lists, not {a.shape} and {b.shape}")
    if a.size and not (a.dtype.kind in "iu" and b.dtype.kind in "iu" and min(a.min(), b.min()) >= 0):
        raise InputError("user and item must be row numbers, from 0 on")
    users, a = np.unique(a.astype(np.int64), return_inverse=True)
    items, b = np.unique(b.astype(np.int64), return_inverse=True)
    key = np.unique(a * max(items.size, 1) + b)
    return users, items, (key // max(items.size, 1)).astype(np.int32), (key % max(items.size, 1)).astype(np.int32)


def _classes(degree: I64) -> tuple[I64, I32, I64]:
    """Degrees that occur, which of them everybody has, and how many have each."""
    of, which, count = np.unique(degree, return_inverse=True, return_counts=True)
    return of.astype(np.int64), which.astype(np.int32), count.astype(np.int64)


def _least(mean: F64, degree: I64, cut: float) -> I64:
    """How many items users of two degrees have to share for p <= cut; one more than they can where none suffices."""
    from scipy.special import gammainc

    low, high = np.ones(mean.shape, np.int64), np.minimum(degree[:, None], degree) + 1
    while (low < high).any():
        middle = (low + high) // 2
        enough = gammainc(middle, mean) <= cut
        low, high = np.where(enough, low, np.minimum(middle + 1, high)), np.where(enough, middle, high)
    return high
