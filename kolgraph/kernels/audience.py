"""Who is in several audiences, and who is followed back."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]


@njit(nogil=True)
def shared_weight(ptr: I64, idx: I32, weight: F64, k: int) -> tuple[F64, F64, float]:
    """Summed weight of the members that two groups share, for every pair of k groups.

    Parameters
    ----------
    ptr, idx
        CSR of shape (n, k): the groups that a member is in.
    weight : ndarray, shape (n,), float64
        Of members.
    k : int
        Number of groups.

    Returns
    -------
    shared : ndarray, shape (k, k), float64
        Symmetric; the diagonal holds the whole groups.
    alone : ndarray, shape (k,), float64
        Weight of members of one group only.
    union : float

    Notes
    -----
    O(n + sum of squares of groups per member); members are counted once, whatever they are in.
    """
    shared, alone, union = np.zeros((k, k)), np.zeros(k), 0.0
    for v in range(ptr.size - 1):
        start, stop = ptr[v], ptr[v + 1]
        if start == stop or weight[v] == 0.0:
            continue
        union += weight[v]
        if stop - start == 1:
            alone[idx[start]] += weight[v]
        for a in range(start, stop):
            for b in range(a, stop):
                shared[idx[a], idx[b]] += weight[v]
    for a in range(k):
        for b in range(a + 1, k):
            shared[b, a] = shared[a, b]
    return shared, alone, union


@njit(nogil=True)
def count_returned(ptr: I64, idx: I32, back_ptr: I64, back_idx: I32) -> I64:
    """How many neighbours of every row are its neighbours in the transpose too, itself not among them; shape (n,).

    Takes a CSR with sorted rows and its transpose, and merges row by row in O(n + m).
    """
    n = ptr.size - 1
    out = np.zeros(n, np.int64)
    for v in range(n):
        a, b = ptr[v], back_ptr[v]
        while a < ptr[v + 1] and b < back_ptr[v + 1]:
            if idx[a] < back_idx[b]:
                a += 1
            elif idx[a] > back_idx[b]:
                b += 1
            else:
                out[v] += idx[a] != v
                a += 1
                b += 1
    return out
