"""Repost forests: shape, structural virality and half-life of all cascades at once, exact and in linear time.

A forest is one array: ``parent[i]`` is the row that row i was reposted from, -1 for a root. Rows may come in any order
and trees may be interleaved. Rows whose parents all come earlier need no ordering step and are the fast case.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]

#: Stands for "time unknown" in an int64 time array.
NO_TIME = np.iinfo(np.int64).min


class Forest(NamedTuple):
    """Shape of n rows in k trees.

    Attributes
    ----------
    tree : ndarray, shape (n,), int32
        Tree of a row; trees are numbered in row order of their roots. -1 on and below a cycle.
    depth, children, subtree : ndarray, shape (n,), int32
        Steps from the root (-1 on and below a cycle), direct children, rows in the subtree with itself.
    roots : ndarray, shape (k,), int32
        Row of each root: ``roots[tree]`` is the root of every row.
    size, height, breadth : ndarray, shape (k,), int32
        Rows per tree with the root, largest depth, largest number of rows at one depth.
    virality : ndarray, shape (k,), float64
        Structural virality, the mean distance between two rows of the tree; 0 for a single row.
    cyclic : ndarray, int32
        Rows that lie on a cycle. Unless this is empty, the figures of rows on and below a cycle mean nothing.
    """

    tree: I32
    depth: I32
    children: I32
    subtree: I32
    roots: I32
    size: I32
    height: I32
    breadth: I32
    virality: F64
    cyclic: I32


@njit(nogil=True)
def _count_children(parent: I32) -> tuple[I32, int, bool]:
    """Children per row, number of roots, and whether every parent comes before its children."""
    children = np.zeros(parent.size, np.int32)
    n_roots = 0
    ordered = True
    for i in range(parent.size):
        p = parent[i]
        if p < 0:
            n_roots += 1
        else:
            children[p] += 1
            ordered &= p < i
    return children, n_roots, ordered


@njit(nogil=True)
def _peel(parent: I32, children: I32) -> I32:
    """Rows ordered children first, by taking leaves away; rows on a cycle never become leaves and are left out.

    A row is taken when the scan meets it without children, or at once when its last child goes and the scan has
    already passed it: no queue, no stack.
    """
    order = np.empty(parent.size, np.int32)
    left = children.copy()
    at = 0
    for i in range(parent.size):
        v = i
        while left[v] == 0:
            left[v] = -1
            order[at] = v
            at += 1
            p = parent[v]
            if p < 0:
                break
            left[p] -= 1
            if p > i:
                break
            v = p
    return order[:at]


@njit(nogil=True)
def _unpeeled(order: I32, n: int) -> I32:
    left = np.ones(n, np.bool_)
    for v in order:
        left[v] = False
    return np.flatnonzero(left).astype(np.int32)


@njit(nogil=True)
def _shape(parent: I32, order: I32, n_roots: int) -> tuple[I32, I32, I32, I32, I32, I32]:
    """Subtree sizes upwards, then trees and depths downwards, in an order of rows that has children first."""
    n = parent.size
    subtree = np.ones(n, np.int32)
    for i in order:
        if parent[i] >= 0:
            subtree[parent[i]] += subtree[i]
    tree = np.full(n, -1, np.int32)
    depth = np.full(n, -1, np.int32)
    roots = np.empty(n_roots, np.int32)
    at = 0
    for i in range(n):
        if parent[i] < 0:
            tree[i], depth[i], roots[at] = at, 0, i
            at += 1
    height = np.zeros(n_roots, np.int32)
    for i in order[::-1]:
        p = parent[i]
        if p >= 0 and tree[p] >= 0:
            tree[i] = tree[p]
            depth[i] = depth[p] + 1
            height[tree[i]] = max(height[tree[i]], depth[i])
    return tree, depth, subtree, roots, subtree[roots], height


@njit(nogil=True)
def _breadth(tree: I32, depth: I32, height: I32) -> I32:
    """Largest count at one depth: a histogram of height + 1 cells per tree, never more cells than rows."""
    start = np.zeros(height.size + 1, np.int64)
    for t in range(height.size):
        start[t + 1] = start[t] + height[t] + 1
    count = np.zeros(start[-1], np.int32)
    breadth = np.zeros(height.size, np.int32)
    for i in range(tree.size):
        t = tree[i]
        if t >= 0:
            cell = start[t] + depth[i]
            count[cell] += 1
            breadth[t] = max(breadth[t], count[cell])
    return breadth


@njit(nogil=True)
def _virality(parent: I32, tree: I32, subtree: I32, size: I32) -> F64:
    """2W / (n (n - 1)); the edge above row i lies on the paths of s (n - s) pairs, s being its subtree.

    W passes 2^53 (float64) near 380,000 rows in a chain and 2^63 (int64) near 3.8 million, so the sum runs in two
    integers of 32-bit limbs: exact below 2^31 rows, the same for any row order, and rounded only at the end.
    """
    high = np.zeros(size.size, np.int64)
    low = np.zeros(size.size, np.int64)
    for i in range(parent.size):
        t = tree[i]
        if parent[i] >= 0 and t >= 0:
            s = np.int64(subtree[i])
            pairs = s * (np.int64(size[t]) - s)
            high[t] += pairs >> 32
            low[t] += pairs & 0xFFFFFFFF
    virality = np.zeros(size.size)
    for t in range(size.size):
        n = np.float64(size[t])
        if n > 1:
            wiener = np.float64(high[t] + (low[t] >> 32)) * 4294967296.0 + np.float64(low[t] & 0xFFFFFFFF)
            virality[t] = wiener / (n * (n - 1) / 2)
    return virality


def measure_forest(parent: NDArray[np.integer]) -> Forest:
    """Shape of every tree of a forest.

    Parameters
    ----------
    parent : ndarray, shape (n,), int64 or int32
        Row of the parent, -1 for a root; any row order, n < 2^31; the caller has checked ``-1 <= parent < n``.

    Returns
    -------
    Forest
        Cycles are reported in ``cyclic``, never followed.

    Notes
    -----
    O(n) time and memory; integers throughout, so permuting rows permutes the answer and changes no bit. Structural
    virality: Goel, Anderson, Hofman & Watts, Management Science 62 (2016); the edge sum is Wiener (1947).

    Examples
    --------
    >>> shape = measure_forest(np.array([1, -1, 1, 0]))  # 1 is the root of 0 and 2, 0 of 3
    >>> shape.depth.tolist(), shape.subtree.tolist(), shape.virality.round(3).tolist()
    ([1, 0, 1, 2], [2, 4, 1, 1], [1.667])
    """
    rows = np.ascontiguousarray(parent, dtype=np.int32)
    children, n_roots, ordered = _count_children(rows)
    order = np.arange(rows.size - 1, -1, -1, dtype=np.int32) if ordered else _peel(rows, children)
    cyclic = np.empty(0, np.int32) if order.size == rows.size else _unpeeled(order, rows.size)
    tree, depth, subtree, roots, size, height = _shape(rows, order, n_roots)
    breadth = _breadth(tree, depth, height)
    virality = _virality(rows, tree, subtree, size)
    return Forest(tree, depth, children, subtree, roots, size, height, breadth, virality, cyclic)


@njit(nogil=True)
def _select(values: I64, k: int) -> int:
    """The k-th smallest value (from 0), by three-way quickselect in place; ties cost nothing extra."""
    low, high = 0, values.size
    while high - low > 1:
        # A scattered pivot: sorted, reversed and organ-pipe times must all stay linear, and the answer is the same.
        pivot = values[low + (low * 40503 + high * 30011) % (high - low)]
        lt, i, gt = low, low, high
        while i < gt:
            if values[i] < pivot:
                values[i], values[lt] = values[lt], values[i]
                lt += 1
                i += 1
            elif values[i] > pivot:
                gt -= 1
                values[i], values[gt] = values[gt], values[i]
            else:
                i += 1
        if k < lt:
            high = lt
        elif k >= gt:
            low = gt
        else:
            break
    return int(values[k])


@njit(nogil=True)
def arrivals(tree: I32, roots: I32, times: I64) -> tuple[F64, F64]:
    """Half-life and duration of every tree.

    Parameters
    ----------
    tree, roots : ndarray, shape (n,) and (k,), int32
        As in `Forest`, without cycles.
    times : ndarray, shape (n,), int64
        Time of each row in any unit, `NO_TIME` where unknown.

    Returns
    -------
    half_life, duration : ndarray, shape (k,), float64
        In the unit of the times. With the rows of known time in time order and the root at index 0, the time from
        the root to index floor(n / 2), and to the last; NaN where the time of the root is unknown.

    Notes
    -----
    O(n) expected time. Rows dated before their root count as arriving with it: clocks and crawl ticks, not causes.
    """
    k = roots.size
    start = np.zeros(k + 1, np.int64)
    for i in range(tree.size):
        if times[i] != NO_TIME:
            start[tree[i] + 1] += 1
    for t in range(k):
        start[t + 1] += start[t]
    cursor = start[:-1].copy()
    delays = np.empty(start[-1], np.int64)
    half_life = np.full(k, np.nan)
    duration = np.full(k, np.nan)
    for i in range(tree.size):
        if times[i] != NO_TIME:
            t = tree[i]
            begin = times[roots[t]]
            delays[cursor[t]] = max(np.int64(0), times[i] - begin) if begin != NO_TIME else 0
            cursor[t] += 1
    for t in range(k):
        if times[roots[t]] != NO_TIME:
            own = delays[start[t] : start[t + 1]]
            duration[t] = own.max()
            half_life[t] = _select(own, own.size // 2)
    return half_life, duration


@njit(nogil=True)
def preorder(parent: I32, subtree: I32) -> I64:
    """Position of each row in a walk that finishes a subtree before it starts the next.

    Row j lies below row i exactly if ``0 < position[j] - position[i] < subtree[i]``.

    Parameters
    ----------
    parent, subtree : ndarray, shape (n,), int32
        Rows must run parents first.

    Returns
    -------
    ndarray, shape (n,), int64
        Siblings keep their row order; trees follow one another.

    Notes
    -----
    O(n).
    """
    position = np.empty(parent.size, np.int64)
    free = np.empty(parent.size, np.int64)
    next_tree = np.int64(0)
    for i in range(parent.size):
        p = parent[i]
        if p < 0:
            position[i] = next_tree
            next_tree += subtree[i]
        else:
            position[i] = free[p]
            free[p] += subtree[i]
        free[i] = position[i] + 1
    return position
