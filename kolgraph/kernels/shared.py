"""Pairs of users that share more little-known items than their activity explains."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]


@njit(nogil=True)
def shared_pairs(ptr: I64, idx: I32, m: int, cap: int, least: float) -> tuple[I32, I32, F64]:
    """Users u < v that share at least two items of at most `cap` users, by more than `least` nats of evidence.

    Parameters
    ----------
    ptr, idx : ndarray, shapes (m+n+1,) int64 and (2E,) int32
        Symmetric CSR: users first, then items.
    m : int
    cap : int
    least : float

    Returns
    -------
    u, v : ndarray, int32
    evidence : ndarray, float64
        Poisson log-likelihood ratio of the items shared, against what both degrees give.

    Notes
    -----
    Time: the sum of squared degrees of the items below the cap, at most `cap` times their edges; memory: the pairs found.
    """
    n = ptr.size - 1
    pairs, edges = 0.0, 0.0
    for j in range(m, n):
        c = ptr[j + 1] - ptr[j]
        if 2 <= c <= cap:
            pairs += c * (c - 1.0)
        if c <= cap:
            edges += c
    out_u, out_v, out_l = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(1024)
    count = 0
    near, touched = np.zeros(m, np.int32), np.empty(m, np.int32)
    rate = pairs / max(edges * edges, 1.0)
    small = np.zeros(m, np.int64)
    for u in range(m):
        for e in range(ptr[u], ptr[u + 1]):
            j = idx[e]
            if ptr[j + 1] - ptr[j] <= cap:
                small[u] += 1
    for u in range(m):
        found = 0
        for e in range(ptr[u], ptr[u + 1]):
            j = idx[e]
            if ptr[j + 1] - ptr[j] <= cap:
                for f in range(ptr[j], ptr[j + 1]):
                    v = idx[f]
                    if v > u:
                        if near[v] == 0:
                            touched[found] = v
                            found += 1
                        near[v] += 1
        for k in range(found):
            v = touched[k]
            w = near[v]
            near[v] = 0
            if w < 2:
                continue
            due = max(small[u] * small[v] * rate, 1e-9)
            gain = w * math.log(w / due) - (w - due) if w > due else 0.0
            if gain > least:
                if count == out_u.size:
                    out_u = np.concatenate((out_u, np.empty(count, np.int32)))
                    out_v = np.concatenate((out_v, np.empty(count, np.int32)))
                    out_l = np.concatenate((out_l, np.empty(count)))
                out_u[count], out_v[count], out_l[count] = u, v, gain
                count += 1
    return out_u[:count].copy(), out_v[:count].copy(), out_l[:count].copy()
