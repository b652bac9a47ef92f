"""Label propagation: every row takes the label that weighs most among its neighbours, until hardly any changes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F32: TypeAlias = NDArray[np.float32]


@njit(nogil=True)
def _half(start: int, stop: int, weights: F32) -> np.float32:
    """Half the weight of a row."""
    if not weights.size:
        return np.float32(0.5) * np.float32(stop - start)
    total = np.float32(0.0)
    for e in range(start, stop):
        total += weights[np.uint64(e)]
    return np.float32(0.5) * total


@njit(nogil=True)
def propagate(ptr: I64, idx: I32, weights: F32, order: I64, sweeps: int, least: int) -> tuple[I32, int]:
    """Labels that hold each other in place.

    Parameters
    ----------
    ptr, idx, weights
        Symmetric CSR without loops; empty weights mean 1 each.
    order : ndarray, shape (n,), int64
        In which order rows are visited, the same in every sweep.
    sweeps : int
        At most so many.
    least : int
        Stop when fewer labels change in a sweep.

    Returns
    -------
    labels : ndarray, shape (n,), int32
        Each is a row that once started with it. Rows of a label need not be connected.
    sweeps : int
        How many were made.

    Notes
    -----
    O(n + m) per sweep, and only rows with a neighbour that changed are visited. In a tie a row stays as it is, or takes
    the label that was there first. Raghavan, Albert & Kumara (2007).
    """
    n = ptr.size - 1
    labels = np.arange(n).astype(np.int32)
    active = np.ones(n, np.uint8)
    weight, touched = np.zeros(n, np.float32), np.empty(n, np.int32)
    done, weighted = 0, weights.size > 0
    while done < sweeps:
        done += 1
        changed = 0
        for v in order:
            if not active[v]:
                continue
            active[v] = 0
            count, own = 0, labels[v]
            # What the best label weighs is kept at hand: one label soon has most neighbours, and each add would wait
            # for the one before. Nothing can beat it when it has more than half.
            best, most = own, np.float32(0.0)
            half = _half(ptr[v], ptr[v + 1], weights)
            for e in range(ptr[v], ptr[v + 1]):
                label = labels[np.uint32(idx[np.uint64(e)])]
                by = weights[np.uint64(e)] if weighted else np.float32(1.0)
                if label == best:
                    most += by
                    if most > half:
                        break
                    continue
                before = weight[np.uint32(label)]
                weight[np.uint32(label)] = now = before + by
                if before == 0.0:
                    touched[np.uint64(count)] = label
                    count += 1
                if now > most:
                    if weight[np.uint32(best)] == 0.0:
                        touched[np.uint64(count)] = best
                        count += 1
                    weight[np.uint32(best)] = most
                    best, most = label, now
            if best != own and not most > weight[own]:
                best = own
            for k in range(count):
                weight[np.uint32(touched[np.uint64(k)])] = 0.0
            if best != own:
                labels[v] = best
                changed += 1
                for e in range(ptr[v], ptr[v + 1]):
                    active[np.uint32(idx[np.uint64(e)])] = 1
        if changed <= least:
            break
    return labels, done
