"""A rough block made exact: every user and item of the whole graph on its more probable side, in turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from kolgraph.rings.bipartite import Bipartite, Block

I32: TypeAlias = NDArray[np.int32]
F64: TypeAlias = NDArray[np.float64]
#: From who is near, its edges into the block, a side and the other side: evidence in nats that each belongs to the
#: side.
Gain: TypeAlias = Callable[[Bipartite, I32, I32, I32, I32], F64]

_ROUNDS = 5
#: A workload less uneven than this beyond chance cannot be told from an even one.
_EVEN = 0.05


def refine(graph: Bipartite, block: Block, gain: Gain) -> Block | None:
    """Members and targets that explain each other, starting from a block; None if it dissolves.

    Parameters
    ----------
    graph : Bipartite
    block : Block
    gain : callable
        `by_degree` or `by_workload`. A node needs two edges into the block, and a gain above the prior odds, that s of
        m users (t of n items) belong to it.

    Notes
    -----
    O(edges of the members and of the targets) per round, five rounds at most.
    """
    users, items = block
    for _ in range(_ROUNDS):
        before = users, items
        users = _members(graph, users, items, graph.m, gain)
        if users.size < 3:
            return None
        items = _members(graph, items, users, graph.n, gain)
        if items.size < 2:
            return None
        if np.array_equal(users, before[0]) and np.array_equal(items, before[1]):
            break
    return Block(users, items)


def _members(graph: Bipartite, side: I32, other: I32, count: int, gain: Gain) -> I32:
    near, k = graph.reached(other, 2)
    prior = np.log((count - side.size + 1) / (side.size + 1))
    return np.asarray(near[gain(graph, near, k, side, other) > prior])


def _among(near: I32, side: I32) -> NDArray[np.bool_]:
    """Which of `near` are in `side`, both ascending."""
    at = np.minimum(np.searchsorted(side, near), side.size - 1)
    return np.asarray(side[at] == near) if side.size else np.zeros(near.size, bool)


def by_degree(graph: Bipartite, near: I32, k: I32, side: I32, other: I32) -> F64:
    """Poisson: theta times as many edges into the block as the degree gives, against as many."""
    volume = float(graph.degree[other].sum())
    due = float(graph.degree[side].sum()) * volume / graph.edges
    theta = max(float(k[_among(near, side)].sum()) / max(due, 1e-9), 1.0001)
    mu = graph.degree[near] * volume / graph.edges
    return np.asarray(k * np.log(theta) - mu * (theta - 1))


def by_workload(graph: Bipartite, near: I32, k: I32, side: I32, other: I32) -> F64:
    """Negative binomial: a workload as the side has it, even or not, against what the edges elsewhere give.

    A hijacked account of a hundred edges got the same order as one of three: what it did on its own account says
    nothing of that. Its own edges into the block are left out of what is due.
    """
    work = k[_among(near, side)].astype(np.float64)
    if work.size == 0:
        return np.full(k.size, -np.inf)
    inner, mean = float(work.sum()), float(work.mean())
    volume = float(graph.degree[other].sum())
    rest = max(volume - inner, 0.0) + other.size
    elsewhere = max(graph.edges - volume - float(graph.degree[side].sum()) + inner, 1.0)
    mu = np.maximum((graph.degree[near] - k + 1) * rest / elsewhere, 1e-9)
    extra = float(work.var()) / mean - 1
    if extra > _EVEN:
        shape = mean / extra
        found = gammaln(k + shape) - gammaln(shape) + shape * np.log(shape / (shape + mean))
        found = found + k * np.log(mean / (shape + mean))
    else:
        found = k * np.log(mean) - mean
    # Who has more than the rest gives is no member for having little: only k above what is due speaks for it.
    return np.where(k > mu, found - (k * np.log(mu) - mu), -np.inf)
