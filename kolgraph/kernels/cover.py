"""Maximum coverage of sets under a count and a budget: inverted index, greedy choice, the sums its bound is made of."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]


@njit(nogil=True)
def index_sets(offsets: I64, members: I32, row_of: I32, rows: int) -> tuple[I64, I32]:
    """For each candidate row the sets that hold it, in order; ``row_of`` maps an account to its row, or -1."""
    ptr = np.zeros(rows + 1, np.int64)
    for u in members:
        if row_of[u] >= 0:
            ptr[row_of[u] + 1] += 1
    for v in range(rows):
        ptr[v + 1] += ptr[v]
    cursor = ptr[:-1].copy()
    sets = np.empty(ptr[-1], np.int32)
    for r in range(offsets.size - 1):
        for e in range(offsets[r], offsets[r + 1]):
            v = row_of[members[e]]
            if v >= 0:
                sets[cursor[v]] = r
                cursor[v] += 1
    return ptr, sets


@njit(nogil=True)
def keep_rows(offsets: I64, members: I32, row_of: I32) -> tuple[I64, I32]:
    """For each set the candidate rows it holds, as ``set_ptr, rows``: the sets without all other accounts."""
    set_ptr = np.zeros(offsets.size, np.int64)
    for r in range(offsets.size - 1):
        kept = 0
        for e in range(offsets[r], offsets[r + 1]):
            kept += row_of[members[e]] >= 0
        set_ptr[r + 1] = set_ptr[r] + kept
    rows = np.empty(set_ptr[-1], np.int32)
    at = 0
    for u in members:
        if row_of[u] >= 0:
            rows[at] = row_of[u]
            at += 1
    return set_ptr, rows


@njit(nogil=True)
def sum_sets(ptr: I64, sets: I32, value: F64) -> F64:
    """For each candidate the summed value of its sets."""
    total = np.zeros(ptr.size - 1)
    for v in range(ptr.size - 1):
        for e in range(ptr[v], ptr[v + 1]):
            total[v] += value[sets[e]]
    return total


@njit(nogil=True)
def sum_candidates(ptr: I64, sets: I32, amount: F64, n_sets: int) -> F64:
    """For each set the summed amount of its candidates; candidates of amount 0 cost nothing."""
    total = np.zeros(n_sets)
    for v in range(ptr.size - 1):
        if amount[v] != 0:
            for e in range(ptr[v], ptr[v + 1]):
                total[sets[e]] += amount[v]
    return total


@njit(nogil=True)
def _take(v: int, ptr: I64, sets: I32, set_ptr: I64, rows: I32, covered: NDArray[np.bool_], gain: I64) -> None:
    """Cover the sets of v; every candidate in a newly covered set gains one less."""
    for e in range(ptr[v], ptr[v + 1]):
        r = sets[e]
        if not covered[r]:
            covered[r] = True
            for f in range(set_ptr[r], set_ptr[r + 1]):
                gain[rows[f]] -= 1


@njit(nogil=True)
def greedy(
    ptr: I64, sets: I32, set_ptr: I64, rows: I32, cost: I64, budget: int, count: int, forced: I32, by_ratio: bool
) -> tuple[I32, int]:
    """Choose candidates one by one; returns the picks (forced ones first) and the number of sets they cover.

    Parameters
    ----------
    ptr, sets : for each candidate the sets that hold it
    set_ptr, rows : for each set the candidates it holds
    cost : ndarray, shape (c,), int64
        In the smallest unit of money.
    budget, count : int
        Not exceeded. The forced ones fit; the caller has checked.
    by_ratio : bool
        Take the best gain per cost, and at every step try to end with the single candidate of largest gain; else take
        the best gain.

    Notes
    -----
    Gains are kept exact, O(total size of the sets) in all, and O(c) per pick. Ties go to the first row.
    """
    n = ptr.size - 1
    covered = np.zeros(set_ptr.size - 1, np.bool_)
    gain = ptr[1:] - ptr[:-1]
    free = np.ones(n, np.bool_)
    picks = np.empty(min(count, n), np.int32)
    size, total, left = 0, 0, budget
    for v in forced:
        total += gain[v]
        _take(v, ptr, sets, set_ptr, rows, covered, gain)
        free[v] = False
        left -= cost[v]
        picks[size] = v
        size += 1
    best_total, best_size, best_last = total, size, -1
    while size < picks.size:
        best, best_value, single = -1, 0.0, -1
        for v in range(n):
            if free[v] and gain[v] > 0 and cost[v] <= left:
                value = gain[v] / max(cost[v], 1) if by_ratio else np.float64(gain[v])
                if value > best_value:
                    best, best_value = v, value
                if single < 0 or gain[v] > gain[single]:
                    single = v
        if best < 0:
            break
        if total + gain[single] > best_total:
            best_total, best_size, best_last = total + gain[single], size, single
        total += gain[best]
        _take(best, ptr, sets, set_ptr, rows, covered, gain)
        free[best] = False
        left -= cost[best]
        picks[size] = best
        size += 1
        if total >= best_total:
            best_total, best_size, best_last = total, size, -1
    if best_last >= 0:
        picks[best_size] = best_last
        best_size += 1
    return picks[:best_size].copy(), best_total


@njit(nogil=True)
def coverage(picks: I32, ptr: I64, sets: I32, n_sets: int) -> tuple[I64, I64]:
    """Sets each pick covers alone, and sets it covers that no earlier pick does."""
    covered = np.zeros(n_sets, np.bool_)
    own = np.zeros(picks.size, np.int64)
    fresh = np.zeros(picks.size, np.int64)
    for i in range(picks.size):
        v = picks[i]
        own[i] = ptr[v + 1] - ptr[v]
        for e in range(ptr[v], ptr[v + 1]):
            if not covered[sets[e]]:
                covered[sets[e]] = True
                fresh[i] += 1
    return own, fresh
