"""What a block of users and items has in common with the rest of the graph, at the cost of the edges it touches.

Nodes are numbered as in `kolgraph.kernels.peel`. Work arrays hold zeros, shape (m+n,), and are left so: a block of ten
must not cost a pass over millions of nodes.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]

#: Edges walked for one block when it is asked where walks lead; of more, an even sample of the accounts is walked.
_WALKED = 5_000_000


@njit(nogil=True)
def reached(ptr: I64, idx: I32, rows: I32, work: I32, least: int) -> tuple[I32, I32]:
    """Nodes joined to at least `least` of `rows`, ascending, and to how many; `work` is zeros."""
    total = 0
    for v in rows:
        total += ptr[v + 1] - ptr[v]
    nodes, found = np.empty(min(total, ptr.size - 1), np.int32), 0
    for v in rows:
        for e in range(ptr[v], ptr[v + 1]):
            work[idx[e]] += 1
            if work[idx[e]] == least:
                nodes[found] = idx[e]
                found += 1
    nodes = np.sort(nodes[:found])
    counts = np.empty(found, np.int32)
    for i in range(found):
        counts[i] = work[nodes[i]]
    for v in rows:
        for e in range(ptr[v], ptr[v + 1]):
            work[idx[e]] = 0
    return nodes, counts


@njit(nogil=True)
def kinship(
    ptr: I64, idx: I32, m: int, degree: I64, singles: I32, users: I32, items: I32, near: I32, inside: I32
) -> F64:
    """How far the rest of the graph explains a block.

    Parameters
    ----------
    ptr, idx, m, degree
        Symmetric CSR, number of users, degrees.
    singles : ndarray, shape (m+n,), int32
        How many users of an item have no other item.
    users, items : ndarray, int32
        The block.
    near, inside : ndarray, shape (m+n,), int32
        Zeros.

    Returns
    -------
    ndarray, shape (4,), float64
        Pairs of members at items outside, each weighed by 1 / (users of the item - 1); the same as due by activity;
        walks from the members over outside items and one more user that end in the block; the same as due.

    Notes
    -----
    O(edges of the users, and of those who share the items), at most `_WALKED` of the latter.
    """
    edges = idx.size // 2
    for j in items:
        inside[j] = 1
    volume = 0
    for j in items:
        volume += degree[j]
        for e in range(ptr[j], ptr[j + 1]):
            near[idx[e]] += 1
    for u in users:
        inside[u] = 1
    inner, effort = 0, 0
    for u in users:
        inner += near[u]
        effort += degree[u]
    one, two = 0.0, 0.0
    for u in users:
        rate = (degree[u] - near[u]) / max(edges - inner, 1)
        one += rate
        two += rate * rate
        for e in range(ptr[u], ptr[u + 1]):
            near[idx[e]] += 1
    pairs, mass = 0.0, 0.0
    for u in users:
        for e in range(ptr[u], ptr[u + 1]):
            j = idx[e]
            if inside[j] == 0 and degree[j] > 1:
                # Once per member: l of them give l * (l - 1) pairs and l walks per other user.
                pairs += (near[j] - 1.0) / (degree[j] - 1.0)
                mass += max(degree[j] - near[j] - singles[j], 0) / (degree[j] - 1.0)
    walk = 0
    for j in items:
        for e in range(ptr[j], ptr[j + 1]):
            if inside[idx[e]] == 0:
                walk += degree[idx[e]]
    step = max(1, -(-walk // _WALKED))
    land, turn = 0.0, 0
    for j in items:
        for e in range(ptr[j], ptr[j + 1]):
            u = idx[e]
            if inside[u] == 0 and degree[u] >= 2:
                turn += 1
                if turn % step == 0:
                    there = 0.0
                    for f in range(ptr[u], ptr[u + 1]):
                        i = idx[f]
                        if inside[i] == 0 and near[i] > 0 and degree[i] > 1:
                            there += near[i] / (degree[i] - 1.0)
                    # This item is one of those of the block that u has, so all of them come up in turn.
                    land += step * there / (degree[u] - 1.0)
    for j in items:
        inside[j] = 0
        for e in range(ptr[j], ptr[j + 1]):
            near[idx[e]] = 0
    for u in users:
        inside[u] = 0
        for e in range(ptr[u], ptr[u + 1]):
            near[idx[e]] = 0
    back = (volume - inner) / max(edges - inner, 1)
    return np.array([pairs, (edges - volume) * (one * one - two), land, mass * back])
