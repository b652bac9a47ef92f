"""Triangles: for every row, how many pairs of its neighbours are neighbours of each other."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import get_num_threads, njit, prange
from numpy.typing import NDArray

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _upwards(ptr: I64, idx: I32) -> tuple[I32, I64, I32]:
    """Rows in order of degree, and the CSR in which each, by its place, keeps neighbours of a higher place only."""
    n = ptr.size - 1
    degree = ptr[1:] - ptr[:-1]
    first = np.zeros((degree.max() if n else 0) + 2, np.int64)
    for v in range(n):
        first[degree[v] + 1] += 1
    first = np.cumsum(first)
    order, place = np.empty(n, np.int32), np.empty(n, np.int32)
    for v in range(n):
        place[v] = first[degree[v]]
        order[place[v]] = v
        first[degree[v]] += 1
    up = np.zeros(n + 1, np.int64)
    for r in range(n):
        v = order[r]
        higher = 0
        for e in range(ptr[v], ptr[v + 1]):
            higher += place[idx[e]] > r
        up[r + 1] = up[r] + higher
    ends = np.empty(up[n], np.int32)
    for r in range(n):
        v, at = order[r], up[r]
        for e in range(ptr[v], ptr[v + 1]):
            if place[idx[e]] > r:
                ends[at] = place[idx[e]]
                at += 1
    return order, up, ends


@njit(cache=True, nogil=True, parallel=True)
def _count(up: I64, ends: I32, workers: int) -> I64:
    """Triangles per place and worker, shape (workers, n); each worker takes every so-manieth row."""
    n = up.size - 1
    counts = np.zeros((workers, n), np.int64)
    for w in prange(workers):
        mark = np.zeros(n, np.uint8)
        for r in range(w, n, workers):
            if up[r + 1] - up[r] < 2:
                continue
            for e in range(up[r], up[r + 1]):
                mark[np.uint32(ends[np.uint64(e)])] = 1
            own = 0
            for e in range(up[r], up[r + 1]):
                s = ends[np.uint64(e)]
                middle = 0
                for f in range(up[s], up[s + 1]):
                    t = np.uint32(ends[np.uint64(f)])
                    if mark[t]:
                        counts[w, t] += 1
                        middle += 1
                counts[w, s] += middle
                own += middle
            counts[w, r] += own
            for e in range(up[r], up[r + 1]):
                mark[np.uint32(ends[np.uint64(e)])] = 0
    return counts


def triangles(ptr: I64, idx: I32) -> I64:
    """In how many triangles every row is.

    Parameters
    ----------
    ptr, idx
        Symmetric CSR without loops or parallel edges.

    Returns
    -------
    ndarray, shape (n,), int64

    Notes
    -----
    O(m sqrt(m)) at worst: every edge points to the end of higher degree, and of each row the neighbours' lists are held
    against its own. 9 n bytes per thread. Chiba & Nishizeki (1985); Schank & Wagner (2005).
    """
    order, up, ends = _upwards(ptr, idx)
    out = np.zeros(order.size, np.int64)
    out[order] = _count(up, ends, get_num_threads()).sum(axis=0)
    return out
