"""Greedy peeling of a bipartite graph with integer buckets, and the evidence of every block it passes through.

Nodes are numbered ``0 .. m-1`` (users) and ``m .. m+n-1`` (items); one CSR holds every edge from both ends, so the item
of an edge is always its larger end.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]

#: Item weights are rounded to this fraction: keys become small whole numbers, which is what makes a bucket queue O(E).
SCALE = 1024
_FIRST_CAP = 1 << 20


def item_weights(degree: I64, kind: str) -> I64:
    """Integer weight of an item: ``log`` 1/ln(c+5) (FRAUDAR), ``sqrt`` 1/sqrt(c+5), ``avg`` 1, in units of 1/SCALE."""
    c = degree.astype(np.float64) + 5.0
    weight = {"log": 1.0 / np.log(c), "sqrt": 1.0 / np.sqrt(c), "avg": np.ones(c.size)}[kind]
    return np.asarray(np.maximum(1, np.rint(SCALE * weight)), dtype=np.int64)


@njit(nogil=True)
def _link(v: int, key: int, head: I32, after: I32, before: I32) -> None:
    first = head[key]
    after[v], before[v] = first, -1
    if first >= 0:
        before[first] = v
    head[key] = v


@njit(nogil=True)
def _unlink(v: int, key: int, head: I32, after: I32, before: I32) -> None:
    if before[v] >= 0:
        after[before[v]] = after[v]
    else:
        head[key] = after[v]
    if after[v] >= 0:
        before[after[v]] = before[v]


@njit(nogil=True)
def _peel(ptr: I64, idx: I32, m: int, weight: I64, cap: int) -> tuple[I32, I64]:
    nodes = ptr.size - 1
    key = np.zeros(nodes, np.int64)
    for u in range(m):
        for e in range(ptr[u], ptr[u + 1]):
            w = weight[idx[e] - m]
            key[u] += w
            key[idx[e]] += w
    total = np.zeros(nodes + 1, np.int64)
    total[0] = key[:m].sum()
    cap = min(cap, key.max() + 1 if nodes else 1)
    head = np.full(cap, -1, np.int32)
    after, before = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    for v in range(nodes):
        if key[v] < cap:
            _link(v, key[v], head, after, before)
    alive = np.ones(nodes, np.bool_)
    order = np.empty(nodes, np.int32)
    low = 0
    for k in range(nodes):
        while True:
            while low < cap and head[low] < 0:
                low += 1
            if low < cap:
                break
            # Only keys >= cap are left: widen the queue and take them in.
            cap *= 4
            head = np.full(cap, -1, np.int32)
            for v in range(nodes):
                if alive[v] and key[v] < cap:
                    _link(v, key[v], head, after, before)
        v = head[low]
        _unlink(v, low, head, after, before)
        alive[v] = False
        order[k] = v
        total[k + 1] = total[k] - key[v]
        for e in range(ptr[v], ptr[v + 1]):
            x = idx[e]
            if alive[x]:
                old = key[x]
                key[x] = old - weight[max(v, x) - m]
                if old < cap:
                    _unlink(x, old, head, after, before)
                if key[x] < cap:
                    _link(x, key[x], head, after, before)
                    low = min(low, key[x])
    return order, total


def peel(ptr: I64, idx: I32, m: int, weight: I64, *, cap: int = _FIRST_CAP) -> tuple[I32, F64]:
    """Remove the node with the smallest weighted degree, again and again.

    Parameters
    ----------
    ptr, idx : ndarray, shapes (m+n+1,) int64 and (2E,) int32
        Symmetric CSR: users first, then items.
    m : int
        Number of users.
    weight : ndarray, shape (n,), int64
        Weight of every edge of an item, from `item_weights`.
    cap : int
        Keys from here on wait outside the queue; only time and memory depend on it.

    Returns
    -------
    order : ndarray, shape (m+n,), int32
        Nodes in order of removal.
    score : ndarray, shape (m+n,), float64
        ``score[k]`` = weight inside / nodes left after k removals; the densest block is ``order[score.argmax():]``.

    Notes
    -----
    O(E) for bounded weights, 16 bytes per node and 4 per key. Hooi et al., FRAUDAR (KDD 2016), with a bucket queue in
    place of the tree.

    Examples
    --------
    >>> order, score = peel(np.array([0, 1, 2]), np.array([1, 0], np.int32), 1, np.array([SCALE]))
    >>> score.tolist()
    [0.5, 0.0]
    """
    unit = int(np.gcd.reduce(weight)) if weight.size else 1
    order, total = _peel(ptr, idx, m, weight // max(unit, 1), cap)
    return order, total[:-1] * unit / SCALE / np.arange(order.size, 0, -1)


@njit(nogil=True)
def bits(inner: float, expected: float, s: int, t: int, m: int, n: int) -> float:
    """Evidence of a block in bits: the surplus of edges, less what it costs to name s of m users and t of n items.

    Poisson log-likelihood ratio of `inner` edges where `expected` were due; > 0: the block pays for its own members.
    """
    expected = max(expected, 1e-9)
    gain = inner * math.log(inner / expected) - (inner - expected) if inner > expected else 0.0
    names = math.lgamma(m + 1) - math.lgamma(s + 1) - math.lgamma(m - s + 1)
    names += math.lgamma(n + 1) - math.lgamma(t + 1) - math.lgamma(n - t + 1)
    return (gain - names) / math.log(2.0)


@njit(nogil=True)
def suffix_statistics(ptr: I64, idx: I32, m: int, order: I32, degree: I64) -> I64:
    """Edges, users, items and degree sums of every suffix of a removal order.

    Parameters
    ----------
    ptr, idx, m, order
        As for and from `peel`.
    degree : ndarray, shape (m+n,), int64
        Degrees in the whole graph, which may be larger than the CSR peeled here.

    Returns
    -------
    ndarray, shape (m+n+1, 5), int64
        Row k describes ``order[k:]``: inner edges O, users s, items t, sum of user degrees, sum of item degrees.

    Notes
    -----
    O(E): nodes come back in reverse order, and an edge is counted when its second end arrives.
    """
    out = np.zeros((order.size + 1, 5), np.int64)
    present = np.zeros(order.size, np.bool_)
    for k in range(order.size - 1, -1, -1):
        v = order[k]
        out[k] = out[k + 1]
        for e in range(ptr[v], ptr[v + 1]):
            out[k, 0] += present[idx[e]]
        present[v] = True
        side = 0 if v < m else 1
        out[k, 1 + side] += 1
        out[k, 3 + side] += degree[v]
    return out


@njit(nogil=True)
def best_suffix(stats: I64, edges: int, m: int, n: int, min_users: int, min_items: int) -> tuple[int, float]:
    """The suffix with the most bits among those with enough users and items: (removals, bits); (-1, -inf) if none.

    `stats` comes from `suffix_statistics`; `edges`, `m` and `n` belong to the whole graph.
    """
    best, at = -np.inf, -1
    for k in range(stats.shape[0]):
        inner, s, t, vs, vt = stats[k]
        if s >= min_users and t >= min_items:
            value = bits(inner, vs * (vt / edges), s, t, m, n)
            if value > best:
                best, at = value, k
    return at, best


@njit(nogil=True)
def induced(ptr: I64, idx: I32, nodes: I32, local: I32) -> tuple[I64, I32]:
    """CSR of the edges among `nodes` (ascending); `local` is a work array of -1, shape (m+n,), left as it was."""
    for i in range(nodes.size):
        local[nodes[i]] = i
    out_ptr = np.zeros(nodes.size + 1, np.int64)
    out_idx = np.empty((ptr[nodes + 1] - ptr[nodes]).sum(), np.int32)
    at = 0
    for i in range(nodes.size):
        for e in range(ptr[nodes[i]], ptr[nodes[i] + 1]):
            if local[idx[e]] >= 0:
                out_idx[at] = local[idx[e]]
                at += 1
        out_ptr[i + 1] = at
    for v in nodes:
        local[v] = -1
    return out_ptr, out_idx[:at].copy()


@njit(nogil=True)
def hits(ptr: I64, idx: I32, rows: I32) -> I32:
    """How many of `rows` each node is joined to, shape (m+n,); O(nodes + edges of `rows`)."""
    out = np.zeros(ptr.size - 1, np.int32)
    for v in rows:
        for e in range(ptr[v], ptr[v + 1]):
            out[idx[e]] += 1
    return out
