"""Collective influence: rows removed one after another, each time the one that holds most paths together."""

from __future__ import annotations

import heapq
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]


@njit(nogil=True)
def _influence(ptr: I64, idx: I32, start: int, radius: int, degree: I64, seen: I64, mark: int, queue: I64) -> float:
    """Degree less 1, times the sum of this over the rows at exactly this distance; rows of degree -1 are gone."""
    seen[start], queue[0] = mark, start
    first, last = 0, 1
    for _ in range(radius):
        border = last
        for at in range(first, border):
            v = queue[at]
            for e in range(ptr[v], ptr[v + 1]):
                u = idx[e]
                if degree[u] >= 0 and seen[u] != mark:
                    seen[u] = mark
                    queue[last] = u
                    last += 1
        first = border
    total = 0.0
    for at in range(first, last):
        total += degree[queue[at]] - 1
    return float((degree[start] - 1) * total)


@njit(nogil=True)
def _bounds(ptr: I64, idx: I32, radius: int, degree: I64) -> F64:
    """At least `_influence` of every row, in O(m radius): counts every walk instead of every row that one leads to."""
    n = degree.size
    ends = np.maximum(degree - 1, 0).astype(np.float64)
    most = ends.sum()
    for _ in range(radius):
        longer = np.zeros(n)
        for v in range(n):
            for e in range(ptr[v], ptr[v + 1]):
                longer[v] += ends[idx[e]]
        ends = longer
    bounds: F64 = np.maximum(degree - 1, 0) * np.minimum(ends, most)
    return bounds


@njit(nogil=True)
def collective_influence(ptr: I64, idx: I32, radius: int, most: int) -> tuple[I64, F64]:
    """Remove the row of highest collective influence, again and again.

    Parameters
    ----------
    ptr, idx
        Symmetric CSR without loops or parallel edges.
    radius : int
        1 or 2.
    most : int
        Remove at most so many.

    Returns
    -------
    removed : ndarray, shape (k,), int64
        In order of removal; it ends when all that is left has influence 0.
    influence : ndarray, shape (k,), float64
        What each had when it was removed.

    Notes
    -----
    Up to radius 2 influence only falls: the best old value, at first a bound, is worked out anew, and taken if it is
    still the best. A row costs the degrees within radius - 1, and few rows are ever looked at. Morone & Makse (2015);
    with a heap: Morone, Min, Bo, Mari & Makse (2016).
    """
    n = ptr.size - 1
    degree, seen, queue = ptr[1:] - ptr[:-1], np.full(n, -1), np.empty(n, np.int64)
    bounds = _bounds(ptr, idx, radius, degree)
    heap = [(-bounds[v], v) for v in range(n)]
    heapq.heapify(heap)
    removed, influence = np.empty(most, np.int64), np.empty(most)
    k = mark = 0
    while heap and k < most:
        _, v = heapq.heappop(heap)
        mark += 1
        now = _influence(ptr, idx, v, radius, degree, seen, mark, queue)
        if now <= 0.0:
            continue
        if heap and (-now, v) > heap[0]:
            heapq.heappush(heap, (-now, v))
            continue
        removed[k], influence[k] = v, now
        k += 1
        degree[v] = -1
        for e in range(ptr[v], ptr[v + 1]):
            degree[idx[e]] -= degree[idx[e]] >= 0
    return removed[:k], influence[:k]
