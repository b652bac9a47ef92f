"""Connected parts: weak ones by union-find, strong ones by depth-first search, parts of a labelling."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]


@njit(nogil=True)
def _root(parent: I32, v: np.int32) -> np.int32:
    """The root of a row; every second row on the way is hung one higher (path halving)."""
    while parent[np.uint32(v)] != v:
        parent[np.uint32(v)] = parent[np.uint32(parent[np.uint32(v)])]
        v = parent[np.uint32(v)]
    return v


@njit(nogil=True)
def components(ptr: I64, idx: I32, labels: I32) -> I32:
    """The part that every row is in, named by its smallest row: edges join whatever carries the same label.

    Parameters
    ----------
    ptr, idx
        A CSR, in-edges or out-edges: direction does not count.
    labels : ndarray, shape (n,) or (0,), int32
        Only rows of equal label are joined; empty joins all.

    Returns
    -------
    ndarray, shape (n,), int32

    Notes
    -----
    Nearly O(n + m); union-find straight off the rows, the larger root under the smaller. Tarjan & van Leeuwen (1984).
    """
    n = ptr.size - 1
    parent = np.arange(n).astype(np.int32)
    for row in range(n):
        v = _root(parent, np.int32(row))
        for e in range(ptr[row], ptr[row + 1]):
            other = idx[np.uint64(e)]
            if parent[np.uint32(other)] == v:  # most edges lead to where we are already
                continue
            if labels.size and labels[row] != labels[other]:
                continue
            u = _root(parent, other)
            if u < v:
                parent[v] = u
                v = u
            elif v < u:
                parent[u] = v
    for row in range(n):  # roots come before their rows
        parent[row] = parent[parent[row]]
    return parent


@njit(nogil=True)
def strong_components(ptr: I64, idx: I32) -> I32:
    """The part that every row is in; within it a path leads from each to each.

    Parameters
    ----------
    ptr, idx
        Out-CSR, or in-CSR: the parts are the same.

    Returns
    -------
    ndarray, shape (n,), int32
        Numbers from 0, such that no edge of the CSR leads from a part to one of a higher number.

    Notes
    -----
    O(n + m), without recursion; 28 n bytes. Tarjan (1972), with the memory of Pearce (2016).
    """
    n = ptr.size - 1
    low = np.zeros(n, np.int32)  # 0: not seen; then the number of the oldest row it reaches; n + 1: done
    part = np.empty(n, np.int32)
    path, cursor = np.empty(n, np.int32), np.empty(n, np.int64)  # the search now
    waiting = np.empty(n, np.int32)  # rows whose part is not closed
    is_root = np.ones(n, np.uint8)
    seen = n_waiting = parts = 0
    for start in range(n):
        if low[start]:
            continue
        depth = 0
        path[0], cursor[0] = start, ptr[start]
        seen += 1
        low[start] = seen
        while depth >= 0:
            v, at = path[depth], cursor[depth]
            oldest, unseen = low[v], -1
            for e in range(at, ptr[v + 1]):
                u = idx[np.uint64(e)]
                reached = low[np.uint32(u)]
                if reached == 0:
                    unseen, cursor[depth] = u, e  # the edge is looked at again when u is done
                    break
                if reached < oldest:
                    oldest = reached
            if oldest < low[v]:
                low[v] = oldest
                is_root[v] = 0
            if unseen >= 0:
                depth += 1
                path[depth], cursor[depth] = unseen, ptr[unseen]
                seen += 1
                low[unseen] = seen
                continue
            depth -= 1
            if not is_root[v]:
                waiting[n_waiting] = v
                n_waiting += 1
                continue
            while n_waiting > 0 and low[waiting[n_waiting - 1]] >= low[v]:
                n_waiting -= 1
                part[waiting[n_waiting]] = parts
                low[waiting[n_waiting]] = n + 1
            part[v] = parts
            low[v] = n + 1
            parts += 1
    return part
