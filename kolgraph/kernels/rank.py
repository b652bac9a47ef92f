"""PageRank by pulling along in-edges: one gather per edge, in parallel, the same bytes on any number of threads."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import prange
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]

#: Rows are cut into so many ranges whatever the machine: sums over them are added in a fixed order.
_RANGES = 64


def row_ranges(ptr: I64, parts: int = _RANGES) -> I64:
    """Cut rows into ranges of about equal work, counting a row like an edge; returns ``parts + 1`` borders."""
    work = ptr + np.arange(ptr.size)
    return np.searchsorted(work, np.linspace(0, work[-1], parts + 1)).astype(np.int64)


@njit(nogil=True)
def out_strength(idx: I32, weights: F32, n: int) -> F64:
    """Summed weight of the out-edges of every row, read off the in-CSR; shape (n,)."""
    total = np.zeros(n)
    for e in range(idx.size):
        total[idx[e]] += weights[e] if weights.size else 1.0
    return total


@njit(nogil=True, parallel=True)
def _step(
    ranges: I64, ptr: I64, idx: I32, weights: F32, inverse: F64, restart: F64, damping: float, back: float,
    x: F64, values: F64, x_next: F64,
) -> tuple[F64, F64]:  # fmt: skip
    """One iteration, in place in `values` and `x_next`; returns L1 change and dangling mass per range."""
    parts, weighted = ranges.size - 1, weights.size > 0
    change, dangling = np.zeros(parts), np.zeros(parts)
    for part in prange(parts):
        moved = lost = 0.0
        for v in range(ranges[part], ranges[part + 1]):
            inflow = 0.0
            # Unsigned, because a signed index is tested for wrapping round: a quarter of the time of this loop.
            if weighted:
                for e in range(ptr[v], ptr[v + 1]):
                    inflow += weights[np.uint64(e)] * x[np.uint32(idx[np.uint64(e)])]
            else:
                for e in range(ptr[v], ptr[v + 1]):
                    inflow += x[np.uint32(idx[np.uint64(e)])]
            value = back * restart[v] + damping * inflow
            moved += abs(value - values[v])
            values[v] = value
            x_next[v] = value * inverse[v]
            if inverse[v] == 0.0:
                lost += value
        change[part], dangling[part] = moved, lost
    return change, dangling


def pagerank(
    ptr: I64, idx: I32, weights: F32, restart: F64, damping: float, tol: float, max_iter: int
) -> tuple[F64, int, float]:
    """PageRank of an in-CSR; mass on rows whose out-edges weigh 0 in total goes back to the restart vector.

    Parameters
    ----------
    ptr, idx, weights
        In-CSR; empty weights mean 1 each, no weight is negative.
    restart : ndarray, shape (n,), float64
        Adds up to 1.
    damping : float
        ``0 <= damping < 1``.
    tol : float
        Stop when the residual is at most this.
    max_iter : int
        Give up after so many iterations.

    Returns
    -------
    values : ndarray, shape (n,), float64
    iterations : int
    residual : float
        Bound on the L1 distance to the exact answer: the last L1 change times damping / (1 - damping).

    Notes
    -----
    O(n + m) per iteration, parallel over 64 fixed ranges of rows.
    """
    strength = out_strength(idx, weights, restart.size)
    inverse = np.divide(1.0, strength, out=np.zeros_like(strength), where=strength > 0)
    ranges = row_ranges(ptr)
    values, x, x_next = restart.copy(), restart * inverse, np.empty_like(restart)
    lost, residual = float(restart[inverse == 0].sum()), np.inf
    for iteration in range(1, max_iter + 1):
        back = 1.0 - damping + damping * lost
        change, dangling = _step(ranges, ptr, idx, weights, inverse, restart, damping, back, x, values, x_next)
        x, x_next, lost = x_next, x, float(dangling.sum())
        residual = float(change.sum()) * damping / (1.0 - damping)
        if residual <= tol:
            return values, iteration, residual
    return values, max_iter, residual
