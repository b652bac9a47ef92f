"""Personalised PageRank of many accounts: 32 of them share one walk over the edges, side by side in memory."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit
from kolgraph.kernels.rank import out_strength

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]

#: Seeds that are solved side by side; a constant, so that the compiler turns the loops over them into vectors.
_LANES = 32


@njit(nogil=True)
def _relabel(ptr: I64, idx: I32, weights: F32, order: I64) -> tuple[I64, I32, F32, I64]:
    """The same in-CSR with row ``order[v]`` called v, and the new name of every row."""
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    new_ptr, new_idx, new_weights = np.zeros_like(ptr), np.empty_like(idx), np.empty_like(weights)
    at = 0
    for v in range(order.size):
        for e in range(ptr[order[v]], ptr[order[v] + 1]):
            new_idx[at] = place[idx[e]]
            if weights.size:
                new_weights[at] = weights[e]
            at += 1
        new_ptr[v + 1] = at
    return new_ptr, new_idx, new_weights, place


@njit(nogil=True)
def _returned(ptr: I64, idx: I32, weights: F32, strength: F64, damping: float) -> F64:
    """Share of a row's value that goes back to the seed, from the row or from those without out-edges behind it."""
    share = np.ones(strength.size)
    for v in range(strength.size):
        for e in range(ptr[v], ptr[v + 1]):
            if strength[v] > 0.0 and strength[idx[e]] > 0.0:
                share[idx[e]] -= damping * (weights[e] if weights.size else 1.0) / strength[idx[e]]
    return share


@njit(nogil=True, fastmath={"contract"})
def _gather(first: int, last: int, idx: I32, weights: F32, x: F64, inflow: F64) -> None:
    """Sum the lanes of a row's in-neighbours: four at a time, so that a sum waits for memory a quarter as often."""
    inflow[:] = 0.0
    fours = first + (last - first) // 4 * 4
    for e in range(first, fours, 4):
        # Unsigned, because a signed index is tested for wrapping round.
        a, b, c, d = np.uint64(e), np.uint64(e + 1), np.uint64(e + 2), np.uint64(e + 3)
        p, q, r, s = np.uint32(idx[a]), np.uint32(idx[b]), np.uint32(idx[c]), np.uint32(idx[d])
        if weights.size:
            for j in range(_LANES):
                left = weights[a] * x[p, j] + weights[b] * x[q, j]
                inflow[j] += left + (weights[c] * x[r, j] + weights[d] * x[s, j])
        else:
            for j in range(_LANES):
                inflow[j] += (x[p, j] + x[q, j]) + (x[r, j] + x[s, j])
    for e in range(fours, last):
        weight = weights[e] if weights.size else 1.0
        for j in range(_LANES):
            inflow[j] += weight * x[np.uint32(idx[e]), j]


@njit(nogil=True, fastmath={"contract"})
def _sweep(
    ptr: I64, idx: I32, weights: F32, strength: F64, returned: F64, damping: float, seed: I64, restart: F64,
    starts: I64, x: F64,
) -> tuple[F64, F64, F64]:  # fmt: skip
    """Renew every row that acts, in place; sums over these, by lane: L1 change, value, what goes back to the seed."""
    inflow, change, total, back = np.zeros(_LANES), np.zeros(_LANES), np.zeros(_LANES), np.zeros(_LANES)
    for v in range(strength.size):
        if strength[v] > 0.0:
            _gather(ptr[v], ptr[v + 1], idx, weights, x, inflow)
            for j in range(_LANES):
                inflow[j] *= damping
            if starts[v]:
                for j in range(_LANES):
                    inflow[j] += restart[j] if seed[j] == v else 0.0
            inverse = 1.0 / strength[v]
            for j in range(_LANES):
                change[j] += abs(inflow[j] - x[v, j] * strength[v])
                total[j] += inflow[j]
                back[j] += returned[v] * inflow[j]
                x[v, j] = inflow[j] * inverse
    return change, total, back


@njit(nogil=True)
def _finish(
    ptr: I64, idx: I32, weights: F32, strength: F64, order: I64, damping: float, lanes: I64, task: I64, seed: I64,
    restart: F64, scale: F64, x: F64, out: F64,
) -> None:  # fmt: skip
    """Write the values of some lanes and empty these; rows that do not act get their values only now."""
    for v in range(strength.size):
        for j in lanes:
            value = x[v, j] * strength[v]
            if strength[v] == 0.0:
                for e in range(ptr[v], ptr[v + 1]):
                    value += damping * (weights[e] if weights.size else 1.0) * x[idx[e], j]
                value += restart[j] if seed[j] == v else 0.0
            out[task[j], order[v]] = value * scale[j]
    for v in range(strength.size):
        for j in lanes:
            x[v, j] = 0.0


@njit(nogil=True)
def _solve(
    ptr: I64, idx: I32, weights: F32, strength: F64, returned: F64, order: I64, seeds: I64, damping: float, tol: float,
    max_iter: int, out: F64, sweeps: I64, residual: F64,
) -> None:  # fmt: skip
    """One thread's share of the seeds: a lane that is done takes the next one."""
    n, taken, left = strength.size, 0, seeds.size
    task, seed, starts = np.full(_LANES, -1), np.full(_LANES, -1), np.zeros(n, np.int64)
    x, restart, scale = np.zeros((n, _LANES)), np.zeros(_LANES), np.zeros(_LANES)
    while left:
        for j in range(_LANES):
            if task[j] < 0 and taken < seeds.size:
                task[j], seed[j], restart[j] = taken, seeds[taken], 1.0
                starts[seed[j]] += 1
                taken += 1
        change, total, back = _sweep(
            ptr, idx, weights, strength, returned, damping, seed, restart, starts, x
        )  # fmt: skip
        done = np.zeros(_LANES, np.bool_)
        for j in range(_LANES):
            i = task[j]
            if i >= 0:
                if strength[seed[j]] == 0.0:
                    back[j] = restart[j]
                scale[j] = 1.0 / (back[j] + damping * total[j])
                moved = damping * change[j] + abs(back[j] - restart[j])
                restart[j] = back[j]
                sweeps[i] += 1
                residual[i] = moved * scale[j] / (1.0 - damping)
                done[j] = residual[i] <= tol or sweeps[i] == max_iter
        lanes = np.flatnonzero(done)
        if lanes.size:
            _finish(ptr, idx, weights, strength, order, damping, lanes, task, seed, restart, scale, x, out)
            for lane in lanes:
                starts[seed[lane]] -= 1
                task[lane], seed[lane], restart[lane] = -1, -1, 0.0
            left -= lanes.size


@njit(nogil=True, parallel=True)
def _solve_all(
    borders: I64, ptr: I64, idx: I32, weights: F32, strength: F64, returned: F64, order: I64, seeds: I64,
    damping: float, tol: float, max_iter: int, out: F64, sweeps: I64, residual: F64,
) -> None:  # fmt: skip
    for part in prange(borders.size - 1):
        a, b = borders[part], borders[part + 1]
        _solve(
            ptr, idx, weights, strength, returned, order, seeds[a:b], damping, tol, max_iter,
            out[a:b], sweeps[a:b], residual[a:b],
        )  # fmt: skip


def personal_pageranks(
    ptr: I64, idx: I32, weights: F32, seeds: I64, damping: float, tol: float, max_iter: int
) -> tuple[F64, I64, F64]:
    """PageRank with one restart row, for each of several; mass on rows whose out-edges weigh 0 goes back to that row.

    Parameters
    ----------
    ptr, idx, weights
        In-CSR; empty weights mean 1 each, no weight is negative.
    seeds : ndarray, shape (k,), int64
        Restart rows.
    damping : float
        ``0 <= damping < 1``.
    tol : float
        A seed is done when its residual is at most this.
    max_iter : int
        Give a seed up after so many sweeps.

    Returns
    -------
    values : ndarray, shape (k, n), float64
        Rows add up to 1; they depend neither on the other seeds nor on the number of threads.
    sweeps : ndarray, shape (k,), int64
    residual : ndarray, shape (k,), float64
        Bound on the L1 distance to the exact answer.

    Notes
    -----
    O(n + m) per sweep and seed, in parallel over parts of the seeds; 256 n bytes per thread beside the answer.

    Gauss-Seidel: a new value is used at once, which halves the sweeps. Rows stand in order of degree: the large ones
    lie together, and come last, which saves two more sweeps. Rows without out-edges wait until the end: what they
    send back only makes the restart larger, and the scale is free until then. The residual is the L1 change which one
    step of PageRank would still make, over 1 - damping.
    """
    n, k = ptr.size - 1, seeds.size
    order = np.argsort(np.diff(ptr) + np.bincount(idx, minlength=n), kind="stable")
    ptr, idx, weights, place = _relabel(ptr, idx, weights, order)
    strength = out_strength(idx, weights, n)
    returned = _returned(ptr, idx, weights, strength, damping)
    values, sweeps, residual = np.empty((k, n)), np.zeros(k, np.int64), np.zeros(k)
    parts = min(get_num_threads(), (k + _LANES - 1) // _LANES)
    borders = np.linspace(0, k, parts + 1).astype(np.int64)
    _solve_all(
        borders, ptr, idx, weights, strength, returned, order, place[seeds], damping, tol, max_iter,
        values, sweeps, residual,
    )  # fmt: skip
    return values, sweeps, residual
