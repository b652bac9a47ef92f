"""A random bipartite graph in which every user and every item has exactly the degree it has."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]


@njit(nogil=True)
def traded(ptr: I64, items: I32, nodes: int, trades: int, seed: int) -> I32:
    """Items of every user after random trades between two users at a time.

    Parameters
    ----------
    ptr : ndarray, shape (m+1,), int64
    items : ndarray, shape (E,), int32
        Items of user u are ``items[ptr[u]:ptr[u + 1]]``, all different.
    nodes : int
        Item numbers are below.
    trades : int
        Two users put together what only one of them has and draw it anew. Five per user mix well.
    seed : int

    Returns
    -------
    ndarray, shape (E,), int32
        Not sorted.

    Notes
    -----
    O(trades x mean degree). Curveball: Strona et al. (Nature Communications 5, 2014); uniform over all such graphs:
    Carstens (Physical Review E 91, 2015).

    Examples
    --------
    >>> traded(np.array([0, 1, 2]), np.array([0, 1], np.int32), 2, 0, 1).tolist()
    [0, 1]
    """
    np.random.seed(seed)
    out, m = items.copy(), ptr.size - 1
    mark = np.zeros(nodes, np.int8)
    pool = np.empty(nodes, np.int32)
    for _ in range(trades if m > 1 else 0):
        a = np.random.randint(m)
        b = np.random.randint(m - 1)
        b += b >= a
        for e in range(ptr[a], ptr[a + 1]):
            mark[out[e]] = 1
        for e in range(ptr[b], ptr[b + 1]):
            mark[out[e]] += 2
        # What both have stays in front, what one of them has goes into the pool.
        size, front_a, front_b = 0, ptr[a], ptr[b]
        for e in range(ptr[a], ptr[a + 1]):
            if mark[out[e]] == 3:
                out[e], out[front_a] = out[front_a], out[e]
                front_a += 1
        for e in range(ptr[b], ptr[b + 1]):
            if mark[out[e]] == 3:
                out[e], out[front_b] = out[front_b], out[e]
                front_b += 1
        for e in range(ptr[a], ptr[a + 1]):
            mark[out[e]] = 0
        for e in range(ptr[b], ptr[b + 1]):
            mark[out[e]] = 0
        for e in range(front_a, ptr[a + 1]):
            pool[size] = out[e]
            size += 1
        for e in range(front_b, ptr[b + 1]):
            pool[size] = out[e]
            size += 1
        for e in range(front_a, ptr[a + 1]):
            k = np.random.randint(size)
            out[e] = pool[k]
            size -= 1
            pool[k] = pool[size]
        for e in range(front_b, ptr[b + 1]):
            size -= 1
            out[e] = pool[size]
    return out
