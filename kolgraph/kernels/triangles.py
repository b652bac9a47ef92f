"""Triangles: for every row, how many pairs of its neighbours are neighbours of each other."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
U64: TypeAlias = NDArray[np.uint64]

#: Rows of so many neighbours, and at most so many of them, are held against each other as bits: 64 at a time.
_MANY = 64
_HUBS = 8192


@njit(nogil=True)
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


@njit(nogil=True)
def _ones(word: np.uint64) -> np.int64:
    """Bits set in a word; compilers know this text and make it one instruction."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(nogil=True)
def _set(bits: U64, bit: int) -> None:
    bits[bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)


@njit(nogil=True)
def _bit_rows(up: I64, ends: I32, hubs: int) -> U64:
    """Which of the last `hubs` places are neighbours, shape (hubs, hubs / 64)."""
    first = up.size - 1 - hubs
    rows = np.zeros((hubs, (hubs + 63) // 64), np.uint64)
    for a in range(hubs):
        for e in range(up[first + a], up[first + a + 1]):
            b = ends[e] - first
            _set(rows[a], b)
            _set(rows[b], a)
    return rows


@njit(nogil=True, parallel=True)
def _count(up: I64, ends: I32, rows: U64, workers: int) -> I64:
    """Triangles per place and worker, shape (workers, n); each worker takes every so-manieth row."""
    n, words = up.size - 1, rows.shape[1]
    first = n - rows.shape[0]
    counts = np.zeros((workers, n), np.int64)
    for w in prange(workers):
        mark, near = np.zeros(n, np.uint8), np.zeros(words, np.uint64)
        for r in range(w, n, workers):
            if up[r + 1] - up[r] < 2:
                continue
            for e in range(up[r], up[r + 1]):
                t = ends[np.uint64(e)]
                mark[np.uint32(t)] = 1
                if t >= first:
                    _set(near, t - first)
            own = twice = 0
            for e in range(up[r], up[r + 1]):
                s = ends[np.uint64(e)]
                found = 0
                if s >= first:  # with every other hub of r, which will find the triangle too
                    for k in range(words):
                        found += _ones(rows[s - first, k] & near[k])
                    twice += found
                else:
                    for f in range(up[s], up[s + 1]):
                        t = np.uint32(ends[np.uint64(f)])
                        if mark[t]:
                            counts[w, t] += 1
                            found += 1
                    own += found
                counts[w, s] += found
            counts[w, r] += own + twice // 2
            near[:] = 0
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
    against its own, those of the highest degree as bits. 9 n bytes per thread, and at most 8 MiB for the bits. Chiba &
    Nishizeki (1985); Schank & Wagner (2005).
    """
    order, up, ends = _upwards(ptr, idx)
    hubs = min(int(np.count_nonzero(np.diff(ptr) >= _MANY)), _HUBS)
    out = np.zeros(order.size, np.int64)
    out[order] = _count(up, ends, _bit_rows(up, ends, hubs), get_num_threads()).sum(axis=0)
    return out
