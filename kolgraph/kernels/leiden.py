"""Communities of the highest modularity: move, refine, aggregate (Leiden), in steps that can be broken off between.

Traag, Waltman & van Eck (2019), with the best merge in place of a random one when communities are refined. The queue of
rows that have to be looked at again lies outside of the compiled step, so that Ctrl-C waits for a moment only.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]

#: Edges looked at in one compiled step: half a second.
_STEP = 20_000_000
#: A gain below this part of the weight of a row is the noise of adding up.
_NOISE = 1e-9


def leiden(
    ptr: I64,
    idx: I32,
    weights: NDArray[np.float32] | None,
    *,
    resolution: float,
    iterations: int,
    rng: np.random.Generator,
) -> I32:
    """Labels of the communities of an undirected graph.

    Parameters
    ----------
    ptr, idx, weights
        Symmetric CSR without loops; no weights: 1 each.
    resolution : float
        A tie is charged resolution * (what is due by the weights of both ends).
    iterations : int
        How often all is done again from what was found.
    rng : numpy.random.Generator
        Of the order in which rows are visited.

    Returns
    -------
    ndarray, shape (n,), int32
        Numbers from 0 on; rows of a label need not be connected.

    Notes
    -----
    O(m) per sweep of a level, a few sweeps each; 40 bytes per entry of the CSR.

    Examples
    --------
    >>> ptr, idx = np.array([0, 1, 2, 3, 4]), np.array([1, 0, 3, 2], np.int32)
    >>> leiden(ptr, idx, None, resolution=1.0, iterations=1, rng=np.random.default_rng(1)).tolist()
    [0, 0, 1, 1]
    """
    label = np.arange(ptr.size - 1, dtype=np.int32)
    if not (idx.size if weights is None else weights.any()):
        return label
    # Their unit must not matter, and what is noise be small beside them.
    unit = np.ones(idx.size) if weights is None else weights / weights.mean(dtype=np.float64)
    strength = np.bincount(np.repeat(label, np.diff(ptr)), weights=unit, minlength=label.size).astype(np.float64)
    charge = resolution / strength.sum()
    for _ in range(iterations):
        label = _iterate(ptr, idx, unit, strength, label, charge, rng)
    return label


def _iterate(
    ptr: I64, idx: I32, weights: F64, strength: F64, label: I32, charge: float, rng: np.random.Generator
) -> I32:
    """Labels after all levels once, at least as good as `label`."""
    row = np.arange(ptr.size - 1, dtype=np.int32)  # of every row of the graph, at this level
    while True:
        n = ptr.size - 1
        order = rng.permutation(n).astype(np.int32)
        label = _moved(ptr, idx, weights, strength, label, charge, order)
        part = _numbered(_refined(ptr, idx, weights, strength, label, charge, order))
        parts = int(part.max()) + 1
        if parts == n:
            found: I32 = _numbered(label[row])
            return found
        above = np.empty(parts, np.int32)
        above[part] = label
        above = _numbered(above)
        strength = np.bincount(part, weights=strength, minlength=parts).astype(np.float64)
        ptr, idx, weights = _aggregated(ptr, idx, weights, part, parts)
        row, label = part[row], above


def _moved(ptr: I64, idx: I32, weights: F64, strength: F64, label: I32, charge: float, order: I32) -> I32:
    n = label.size
    label, queue = label.copy(), order.copy()
    volume, size = np.bincount(label, weights=strength, minlength=n), np.bincount(label, minlength=n)
    waits, near, free = np.ones(n, np.bool_), np.zeros(n), np.flatnonzero(size == 0).astype(np.int32)
    free = np.r_[free, np.empty(n - free.size, np.int32)]
    at = np.array([0, n, int((size == 0).sum())])  # of the queue: its first place and its length; labels that are free
    while at[1]:
        _move(ptr, idx, weights, strength, charge, label, volume, size, queue, waits, near, free, at, _STEP)
    return label


@njit(nogil=True)
def _move(
    ptr: I64,
    idx: I32,
    weights: F64,
    strength: F64,
    charge: float,
    label: I32,
    volume: F64,
    size: I64,
    queue: I32,
    waits: NDArray[np.bool_],
    near: F64,
    free: I32,
    at: I64,
    step: int,
) -> None:
    """Give rows of the queue the label that pays most, until it is empty or `step` edges were looked at."""
    n, touched = label.size, np.empty(label.size, np.int32)
    while at[1] and step > 0:
        v = queue[at[0]]
        at[0] = (at[0] + 1) % n
        at[1] -= 1
        waits[v] = False
        step -= ptr[v + 1] - ptr[v] + 1
        own, count = label[v], 0
        for e in range(ptr[v], ptr[v + 1]):
            c = label[idx[e]]
            if near[c] == 0.0:
                touched[count] = c
                count += 1
            near[c] += weights[e]
        due = charge * strength[v]
        volume[own] -= strength[v]
        best, most = own, near[own] - due * volume[own] + _NOISE * strength[v]
        for k in range(count):
            c = touched[k]
            gain = near[c] - due * volume[c]
            if gain > most:
                best, most = c, gain
        for k in range(count):
            near[touched[k]] = 0.0
        if most < 0.0 and size[own] > 1:  # better alone
            at[2] -= 1
            best = free[at[2]]
        volume[best] += strength[v]
        if best == own:
            continue
        label[v] = best
        size[best] += 1
        size[own] -= 1
        if size[own] == 0:
            free[at[2]] = own
            at[2] += 1
        for e in range(ptr[v], ptr[v + 1]):
            u = idx[e]
            if not waits[u] and label[u] != best:
                waits[u] = True
                queue[(at[0] + at[1]) % n] = u
                at[1] += 1


@njit(nogil=True)
def _refined(ptr: I64, idx: I32, weights: F64, strength: F64, label: I32, charge: float, order: I32) -> I32:
    """Well connected parts of every community, each built up from single rows."""
    n = label.size
    whole, part = np.zeros(n), np.arange(n).astype(np.int32)
    for v in range(n):
        whole[label[v]] += strength[v]
    volume, alone = strength.copy(), np.ones(n, np.bool_)
    outward = np.zeros(n)  # weight of the ties from a part to the rest of its community
    for v in range(n):
        for e in range(ptr[v], ptr[v + 1]):
            if label[idx[e]] == label[v]:
                outward[v] += weights[e]
    near, touched = np.zeros(n), np.empty(n, np.int32)
    for v in order:
        total = whole[label[v]]
        if not alone[v] or outward[v] < charge * strength[v] * (total - strength[v]):
            continue
        count = 0
        for e in range(ptr[v], ptr[v + 1]):
            u = idx[e]
            if label[u] == label[v]:
                c = part[u]
                if near[c] == 0.0:
                    touched[count] = c
                    count += 1
                near[c] += weights[e]
        best, most = v, _NOISE * strength[v]
        for k in range(count):
            c = touched[k]
            gain = near[c] - charge * strength[v] * volume[c]
            if gain > most and outward[c] >= charge * volume[c] * (total - volume[c]):
                best, most = c, gain
        if best != v:
            part[v] = best
            alone[v] = alone[best] = False
            volume[best] += strength[v]
            outward[best] += outward[v] - 2 * near[best]
        for k in range(count):
            near[touched[k]] = 0.0
    return part


@njit(nogil=True)
def _numbered(label: I32) -> I32:
    """The same labels, numbered from 0 as they come."""
    number, out, count = np.full(label.size and label.max() + 1, -1, np.int32), np.empty(label.size, np.int32), 0
    for v in range(label.size):
        if number[label[v]] < 0:
            number[label[v]] = count
            count += 1
        out[v] = number[label[v]]
    return out


@njit(nogil=True)
def _aggregated(ptr: I64, idx: I32, weights: F64, part: I32, parts: int) -> tuple[I64, I32, F64]:
    """The CSR whose rows are the parts, without loops."""
    start = np.zeros(parts + 1, np.int64)
    for c in part:
        start[c + 1] += 1
    for c in range(parts):
        start[c + 1] += start[c]
    member, at = np.empty(part.size, np.int32), start[:-1].copy()
    for v in range(part.size):
        member[at[part[v]]] = v
        at[part[v]] += 1
    out_ptr, out_idx, out_weights = np.zeros(parts + 1, np.int64), np.empty(idx.size, np.int32), np.empty(idx.size)
    near, place = np.zeros(parts), 0
    for c in range(parts):
        first = place
        for k in range(start[c], start[c + 1]):
            for e in range(ptr[member[k]], ptr[member[k] + 1]):
                d = part[idx[e]]
                if d != c:
                    if near[d] == 0.0:
                        out_idx[place] = d
                        place += 1
                    near[d] += weights[e]
        for e in range(first, place):
            out_weights[e] = near[out_idx[e]]
            near[out_idx[e]] = 0.0
        out_ptr[c + 1] = place
    return out_ptr, out_idx[:place].copy(), out_weights[:place].copy()
