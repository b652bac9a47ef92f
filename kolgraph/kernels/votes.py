"""VoteRank: spreaders elected one after another, by those whose votes are not used up yet."""

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
def vote_rank(ptr: I64, idx: I32, most: int, loss: float) -> tuple[I64, F64]:
    """Elect the row with the most votes; it and those who voted for it are worth less from then on.

    Parameters
    ----------
    ptr, idx
        In-CSR: in-neighbours vote for a row, a row never for itself.
    most : int
        Elect at most so many.
    loss : float
        What a voter loses each time somebody it votes for is elected; the elected one never votes again.

    Returns
    -------
    elected : ndarray, shape (k,), int64
        In order of election; it ends when nobody gets votes.
    votes : ndarray, shape (k,), float64
        What each got when it was elected.

    Notes
    -----
    Votes only fall: the best old count is counted anew, and elected if it is still the best. O(m log n) for as long as
    few are counted twice. Zhang et al. (2016).
    """
    n = ptr.size - 1
    ability, counted = np.ones(n), np.zeros(n)
    heap = [(0.0, 0) for _ in range(0)]
    for v in range(n):
        for e in range(ptr[v], ptr[v + 1]):
            counted[v] += idx[e] != v
        heap.append((-counted[v], v))
    heapq.heapify(heap)
    elected, votes = np.empty(most, np.int64), np.empty(most)
    k = 0
    while heap and k < most:
        old, v = heapq.heappop(heap)
        now = 0.0
        for e in range(ptr[v], ptr[v + 1]):
            if idx[e] != v:
                now += ability[idx[e]]
        if now <= 0.0:
            continue
        if -now > old and heap and (-now, v) > heap[0]:
            heapq.heappush(heap, (-now, v))
            continue
        elected[k], votes[k] = v, now
        k += 1
        ability[v] = 0.0
        for e in range(ptr[v], ptr[v + 1]):
            ability[idx[e]] = max(0.0, ability[idx[e]] - loss)
    return elected[:k], votes[:k]
