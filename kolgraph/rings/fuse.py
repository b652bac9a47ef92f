"""From evidence of several kinds, pair by pair, to groups: bits added up, communities, members that pay for a name.

Bits of all kinds are added up before communities are looked for, so that a joint action that was moved to another kind
still counts. (The other way, one layer per kind with the copies of an account coupled, is measured beside it by
``python -m tests.bench regimes``.) Every community is a start only: who belongs is decided by `grown`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import gammaln

from kolgraph.kernels.leiden import leiden

#: Coarse communities hold groups whose members rarely meet, fine ones tell groups apart that share accounts.
_RESOLUTIONS = (1.0, 16.0)
_ROUNDS = 10
#: Part of its price that a start has to pay: of a meeting, weights by company leave half, weights by time half again.
_START = 0.25
#: Shape of the shares of work (gamma) where all do the same, up to chance.
_EVEN = 50.0
#: Near a group: accounts, and by (kind, account) their joint actions and how many are due.
Near = Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]


def price(total: int, size: int) -> float:
    """Bits that it takes to name so many of all accounts.

    Examples
    --------
    >>> round(price(8, 1), 6)
    3.0
    """
    return float((gammaln(total + 1) - gammaln(size + 1) - gammaln(total - size + 1)) / np.log(2))


def communities(layers: Sequence[sparse.csr_matrix], *, seed: int) -> list[NDArray[np.int64]]:
    """Candidates: communities of the sum of all layers whose inner bits pay for a part of their names.

    Parameters
    ----------
    layers : sequence of csr_matrix, shape (n, n)
        Bits per pair (a, b), a < b; one matrix per kind.
    seed : int
        Of the communities.

    Returns
    -------
    list of ndarray of int64
        Ascending rows, at least 3 each; the same account may be in several.

    Notes
    -----
    Accounts go first, again and again, whose bits to all others left do not pay for one name of n: 19 of 20 in a
    million reposts, which makes communities ten times as fast to find, and finer.
    """
    joint = sum(layers[1:], start=layers[0]).tocsr()
    n = joint.shape[0]
    rows = _core(joint)
    joint = joint[rows][:, rows].tocoo()
    both = (joint + joint.T).tocsr()
    found: list[NDArray[np.int64]] = []
    for resolution in _RESOLUTIONS if rows.size else ():
        label = leiden(
            both.indptr.astype(np.int64),
            both.indices.astype(np.int32),
            both.data.astype(np.float32),
            resolution=resolution,
            iterations=2,
            rng=np.random.default_rng(seed),
        )
        inner = label[joint.row] == label[joint.col]
        bits = np.bincount(label[joint.row][inner], weights=joint.data[inner], minlength=rows.size)
        order, size = np.argsort(label, kind="stable"), np.bincount(label)
        end = np.cumsum(size)
        paid = [c for c in np.flatnonzero(size >= 3) if bits[c] > _START * price(n, int(size[c]))]
        found += [rows[np.sort(order[end[c] - size[c] : end[c]])] for c in paid]
    return found


def _core(joint: sparse.csr_matrix) -> NDArray[np.int64]:
    """Rows whose bits to each other pay for a name, all of them at once."""
    n = joint.shape[0]
    kept = np.ones(n, bool)
    while True:
        paid = kept & (joint @ kept + joint.T @ kept >= price(n, 1))
        if (paid == kept).all():
            return np.flatnonzero(kept)
        kept = paid


def grown(start: NDArray[np.int64], accounts: int, near: Near) -> NDArray[np.int64] | None:
    """The group that a candidate grows or shrinks to: everybody whose joint actions pay for its name, or None.

    Parameters
    ----------
    start : ndarray of int64
        Rows of accounts.
    accounts : int
        Of all.
    near : callable
        How often accounts act together with a group, and how often they would by chance.

    Notes
    -----
    An account with H joint actions where mu are due is in if the likelihood ratio exceeds the price of one name more.
    In a group, H is negative binomial with the mean and the spread of the members (never wider than if shares of work
    were exponential), and falls to kinds as the group's does. By chance H is Poisson. At least two joint actions are
    needed, as one is anybody's.
    """
    members = start
    for turn in range(_ROUNDS):
        who, hits, due = near(members)
        inside = np.isin(who, members)
        total = hits.sum(axis=0)
        own = hits[:, inside]
        if not own.sum():
            return None
        # At first a candidate is full of hangers-on: the mean as a joint action sees it, not as an account does.
        work = total[inside]
        mean = float((work**2).sum() / work.sum() if turn == 0 else work.sum() / members.size)
        even = 1.0 if turn == 0 else float(np.clip(mean**2 / max(work.var() - mean, 1e-9), 1, _EVEN))
        share = (own.sum(axis=1) + 0.5) / (own.sum() + 0.5 * len(own))
        gain = even * np.log(even / (even + mean)) + total * np.log(mean / (even + mean))
        gain += gammaln(total + even) - gammaln(even)
        gain += (hits * np.log(share[:, None] / due) + due).sum(axis=0)
        cost = np.log((accounts - members.size + 1) / (members.size + 1))
        after = np.sort(who[(gain > cost) & (total >= 2)])
        if after.size < 3:
            return None
        if np.array_equal(after, members):
            break
        members = after
    return members


def apart(groups: Sequence[NDArray[np.int64]], worth: Sequence[float], accounts: int) -> list[int]:
    """Places of groups, the most worth first, without those half of whose members are in better ones.

    Examples
    --------
    >>> apart([np.array([0, 1, 2]), np.array([0, 1, 3]), np.array([4, 5, 6])], [1.0, 2.0, 0.5], 7)
    [1, 2]
    """
    taken, kept = np.zeros(accounts, bool), []
    for i in np.argsort(-np.asarray(worth, dtype=float), kind="stable"):
        if taken[groups[i]].mean() < 0.5:
            taken[groups[i]] = True
            kept.append(int(i))
    return kept
