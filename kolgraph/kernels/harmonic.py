"""Harmonic closeness: exact for some rows, 64 at a time; estimated for all rows by counting balls (HyperBall)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import prange
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit
from kolgraph.kernels.rank import row_ranges

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
U8: TypeAlias = NDArray[np.uint8]
F64: TypeAlias = NDArray[np.float64]

#: Rows whose balls grow together: one bit each.
_TOGETHER = 64
#: A register holds at most this rank.
_HIGHEST = 40


@njit(nogil=True)
def _grow(ptr: I64, idx: I32, rows: I64, out: F64) -> None:
    """Breadth-first search from at most 64 rows at once, against the edges; adds up 1 / distance in `out`."""
    n = ptr.size - 1
    seen, front, ahead = np.zeros(n, np.uint64), np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    for bit in range(rows.size):
        seen[rows[bit]] |= np.uint64(1) << np.uint64(bit)
    front[:] = seen
    distance, found = 0, True
    while found:
        distance += 1
        found = False
        for v in range(n):
            if front[v]:
                for e in range(ptr[v], ptr[v + 1]):
                    ahead[idx[e]] |= front[v]
        for v in range(n):
            fresh = ahead[v] & ~seen[v]
            seen[v] |= fresh
            front[v], ahead[v] = fresh, np.uint64(0)
            bit = 0
            while fresh:
                found = True
                if fresh & np.uint64(1):
                    out[bit] += 1.0 / distance
                fresh >>= np.uint64(1)
                bit += 1


@njit(nogil=True, parallel=True)
def _exact(ptr: I64, idx: I32, rows: I64) -> F64:
    out = np.zeros(rows.size)
    batches = (rows.size + _TOGETHER - 1) // _TOGETHER
    for batch in prange(batches):
        start = batch * _TOGETHER
        stop = min(start + _TOGETHER, rows.size)
        _grow(ptr, idx, rows[start:stop], out[start:stop])
    return out


def harmonic_exact(ptr: I64, idx: I32, rows: I64) -> F64:
    """Sum of 1 / distance over all rows from which a path leads to a row.

    Parameters
    ----------
    ptr, idx
        In-CSR.
    rows : ndarray, shape (k,), int64
        Without repetition.

    Returns
    -------
    ndarray, shape (k,), float64

    Notes
    -----
    O(k / 64 (n + m) diameter + k n), in parallel; 24 n bytes per thread. Many searches in the bits of one word: Then
    et al. (2014).
    """
    return np.asarray(_exact(ptr, idx, rows), dtype=np.float64)


@njit(nogil=True, parallel=True)
def _merge(ranges: I64, ptr: I64, idx: I32, now: U8, ahead: U8, moved: U8, moves: U8) -> None:
    """Every ball takes in the balls of its in-neighbours that changed in the last round."""
    for part in prange(ranges.size - 1):
        for v in range(ranges[part], ranges[part + 1]):
            ahead[v] = now[v]
            moves[v] = 0
            for e in range(ptr[v], ptr[v + 1]):
                u = idx[e]
                if moved[u]:
                    for j in range(now.shape[1]):
                        if now[u, j] > ahead[v, j]:
                            ahead[v, j] = now[u, j]
                            moves[v] = 1


@njit(nogil=True, parallel=True)
def _count(ranges: I64, balls: U8, moves: U8, sizes: F64, out: F64, distance: int, powers: F64, alpha: float) -> None:
    """Estimate the size of every ball that changed; what it gained lies at this distance."""
    registers = balls.shape[1]
    for part in prange(ranges.size - 1):
        for v in range(ranges[part], ranges[part + 1]):
            if moves[v]:
                total, empty = 0.0, 0
                for j in range(registers):
                    total += powers[balls[v, j]]
                    empty += balls[v, j] == 0
                size = alpha * registers * registers / total
                if size <= 2.5 * registers and empty:
                    size = registers * np.log(registers / empty)
                if size > sizes[v]:
                    out[v] += (size - sizes[v]) / distance
                    sizes[v] = size


def harmonic_estimates(ptr: I64, idx: I32, registers: int, seed: int) -> F64:
    """Estimate `harmonic_exact` for every row.

    Parameters
    ----------
    ptr, idx
        In-CSR.
    registers : int
        Counters per row, a power of 2 from 16 on; the standard error is about 1.04 / sqrt(registers), alike for rows
        whose balls share accounts.
    seed : int

    Returns
    -------
    ndarray, shape (n,), float64

    Notes
    -----
    O((n + m) registers) per round, one round per step of distance, in parallel over fixed ranges; 2 n registers bytes.
    Boldi & Vigna (2013), on the counters of Flajolet et al. (2007).
    """
    n = ptr.size - 1
    rng = np.random.default_rng(seed)
    now = np.zeros((n, registers), np.uint8)
    now[np.arange(n), rng.integers(0, registers, n)] = np.minimum(rng.geometric(0.5, n), _HIGHEST)
    ahead, moved, moves = np.empty_like(now), np.ones(n, np.uint8), np.empty(n, np.uint8)
    alpha = 0.673 if registers == 16 else 0.697 if registers == 32 else 0.7213 / (1 + 1.079 / registers)
    ranges, powers = row_ranges(ptr), 0.5 ** np.arange(_HIGHEST + 1.0)
    sizes, out = np.ones(n), np.zeros(n)
    distance = 0
    while moved.any():
        distance += 1
        _merge(ranges, ptr, idx, now, ahead, moved, moves)
        _count(ranges, ahead, moves, sizes, out, distance, powers, alpha)
        now, ahead, moved, moves = ahead, now, moves, moved
    return out
