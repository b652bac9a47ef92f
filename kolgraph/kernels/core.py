"""k-core numbers by a bucket peel."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]


@njit(nogil=True)
def core_numbers(ptr: I64, idx: I32) -> I64:
    """Largest k for which a row lies in a part where everybody has at least k neighbours.

    Parameters
    ----------
    ptr, idx
        Symmetric CSR without loops or parallel edges.

    Returns
    -------
    ndarray, shape (n,), int64

    Notes
    -----
    O(n + m). Rows stand sorted by remaining degree, in bins; a row that loses a neighbour is swapped with the first of
    its bin, which then ends one place later. Batagelj & Zaversnik (2003).
    """
    n = ptr.size - 1
    degree = np.empty(n, np.int64)
    most = 0
    for v in range(n):
        degree[v] = ptr[v + 1] - ptr[v]
        most = max(most, degree[v])
    first = np.zeros(most + 2, np.int64)  # first[k]: where the bin of degree k starts
    for v in range(n):
        first[degree[v] + 1] += 1
    for k in range(most + 1):
        first[k + 1] += first[k]
    order, place = np.empty(n, np.int64), np.empty(n, np.int64)
    cursor = first.copy()
    for v in range(n):
        place[v] = cursor[degree[v]]
        order[place[v]] = v
        cursor[degree[v]] += 1
    for at in range(n):
        v = order[at]
        for e in range(ptr[v], ptr[v + 1]):
            u = idx[e]
            if degree[u] > degree[v]:
                head = first[degree[u]]
                w = order[head]
                order[head], order[place[u]] = u, w
                place[w], place[u] = place[u], head
                first[degree[u]] += 1
                degree[u] -= 1
    return degree
