"""From raw ids to compressed sparse rows: interning, counting sort, transposition, merging of parallel edges."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F32: TypeAlias = NDArray[np.float32]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(nogil=True)
def _intern(
    ids: I64, codes: I32, table: I64, slots: I32, start: int, n_codes: int, shift: np.uint64
) -> tuple[int, int]:
    """Code ``ids[start:]`` until the table is half full; returns (next position, codes used)."""
    mask = slots.size - 1
    limit = slots.size // 2
    for i in range(start, ids.size):
        key = ids[i]
        slot = np.int64((np.uint64(key) * _GOLDEN) >> shift) & mask
        while slots[slot] >= 0 and table[slots[slot]] != key:
            slot = (slot + 1) & mask
        code = slots[slot]
        if code < 0:
            if n_codes >= limit:
                return i, n_codes
            code = n_codes
            slots[slot] = code
            table[code] = key
            n_codes += 1
        codes[i] = code
    return ids.size, n_codes


@njit(nogil=True)
def _rehash(table: I64, n_codes: int, slots: I32, shift: np.uint64) -> None:
    mask = slots.size - 1
    for code in range(n_codes):
        slot = np.int64((np.uint64(table[code]) * _GOLDEN) >> shift) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = code


def intern(ids: I64) -> tuple[I32, I64]:
    """Replace ids by dense codes in first-seen order.

    Parameters
    ----------
    ids : ndarray, shape (m,), int64
        Any ids, negative ones included.

    Returns
    -------
    codes : ndarray, shape (m,), int32
    table : ndarray, shape (n,), int64
        ``table[codes] == ids``.

    Notes
    -----
    O(m) expected; open addressing at most half full, doubled when needed.
    """
    ids = np.ascontiguousarray(ids, dtype=np.int64)
    codes = np.empty(ids.size, np.int32)
    bits = 16
    table = np.empty(1 << (bits - 1), np.int64)
    slots = np.full(1 << bits, -1, np.int32)
    at, n = _intern(ids, codes, table, slots, 0, 0, np.uint64(64 - bits))
    while at < ids.size:
        # Grow fourfold: few rehashes, and the final table stays within 8x of the distinct ids.
        bits += 2
        table = np.concatenate([table, np.empty((1 << (bits - 1)) - table.size, np.int64)])
        slots = np.full(1 << bits, -1, np.int32)
        _rehash(table, n, slots, np.uint64(64 - bits))
        at, n = _intern(ids, codes, table, slots, at, n, np.uint64(64 - bits))
    return codes, table[:n].copy()


@njit(nogil=True)
def _group(keys: I32, others: I32, weights: F32, n: int) -> tuple[I64, I32, F32]:
    """Counting sort of edges by `keys`: pointers, other ends, weights (empty weights stay empty)."""
    ptr = np.zeros(n + 1, np.int64)
    for key in keys:
        ptr[key + 1] += 1
    for v in range(n):
        ptr[v + 1] += ptr[v]
    cursor = ptr[:-1].copy()
    idx = np.empty(keys.size, np.int32)
    out = np.empty(weights.size, np.float32)
    for e in range(keys.size):
        at = cursor[keys[e]]
        cursor[keys[e]] = at + 1
        idx[at] = others[e]
        if weights.size:
            out[at] = weights[e]
    return ptr, idx, out


@njit(nogil=True)
def transpose(ptr: I64, idx: I32, weights: F32, n: int) -> tuple[I64, I32, F32]:
    """Turn rows into columns; the new rows come out sorted, which makes parallel edges neighbours."""
    new_ptr = np.zeros(n + 1, np.int64)
    for v in idx:
        new_ptr[v + 1] += 1
    for v in range(n):
        new_ptr[v + 1] += new_ptr[v]
    cursor = new_ptr[:-1].copy()
    new_idx = np.empty(idx.size, np.int32)
    out = np.empty(weights.size, np.float32)
    for v in range(ptr.size - 1):
        for e in range(ptr[v], ptr[v + 1]):
            at = cursor[idx[e]]
            cursor[idx[e]] = at + 1
            new_idx[at] = v
            if weights.size:
                out[at] = weights[e]
    return new_ptr, new_idx, out


@njit(nogil=True)
def count_parallel(ptr: I64, idx: I32) -> int:
    """Number of edges that repeat their predecessor in a sorted row."""
    repeats = 0
    for v in range(ptr.size - 1):
        for e in range(ptr[v] + 1, ptr[v + 1]):
            repeats += idx[e] == idx[e - 1]
    return repeats


@njit(nogil=True)
def merge_parallel(ptr: I64, idx: I32, weights: F32) -> tuple[I64, I32, F32]:
    """Sum the weights of equal neighbours in sorted rows (no weights: every edge counts 1)."""
    n = ptr.size - 1
    kept = idx.size - count_parallel(ptr, idx)
    new_ptr = np.zeros(n + 1, np.int64)
    new_idx = np.empty(kept, np.int32)
    out = np.empty(kept, np.float32)
    at = 0
    for v in range(n):
        e = ptr[v]
        while e < ptr[v + 1]:
            total = 0.0  # float64: a float32 running sum would lose units beyond 2^24
            first = e
            while e < ptr[v + 1] and idx[e] == idx[first]:
                total += weights[e] if weights.size else 1.0
                e += 1
            new_idx[at] = idx[first]
            out[at] = total
            at += 1
        new_ptr[v + 1] = at
    return new_ptr, new_idx, out


def build(src: I32, dst: I32, weights: F32 | None, n: int) -> tuple[I64, I32, F32 | None]:
    """Edge list to the in-CSR (rows = destinations), rows sorted, parallel edges summed.

    Parameters
    ----------
    src, dst : ndarray, shape (m,), int32
        Row numbers in ``[0, n)``; the caller has checked them.
    weights : ndarray, shape (m,), float32, or None
        None means 1 each; weights appear only if parallel edges had to be summed.

    Returns
    -------
    ptr, idx, weights : in-CSR; weights is None if every edge weighs 1.

    Notes
    -----
    O(n + m): one counting sort and one transposition.
    """
    none = np.empty(0, np.float32)
    ptr, idx, w = _group(src, dst, none if weights is None else weights, n)
    ptr, idx, w = transpose(ptr, idx, w, n)
    if count_parallel(ptr, idx):
        ptr, idx, w = merge_parallel(ptr, idx, w)
    return ptr, idx, (w if w.size == idx.size and (weights is not None or w.size) else None)


@njit(nogil=True)
def undirected(ptr: I64, idx: I32, weights: F32, tptr: I64, tidx: I32, tweights: F32) -> tuple[I64, I32, F32]:
    """Simple symmetric projection: loops dropped, weights of both directions summed, rows sorted.

    Takes a CSR with sorted rows and its transpose, and merges row by row.
    """
    n = ptr.size - 1
    out_ptr = np.zeros(n + 1, np.int64)
    out_idx = np.empty(idx.size + tidx.size, np.int32)
    out_w = np.empty(idx.size + tidx.size, np.float32)
    at = 0
    for v in range(n):
        a, b = ptr[v], tptr[v]
        while a < ptr[v + 1] or b < tptr[v + 1]:
            take_a = a < ptr[v + 1] and (b >= tptr[v + 1] or idx[a] <= tidx[b])
            take_b = b < tptr[v + 1] and (a >= ptr[v + 1] or tidx[b] <= idx[a])
            u = idx[a] if take_a else tidx[b]
            w = np.float32(0.0)
            if take_a:
                w += weights[a] if weights.size else np.float32(1.0)
                a += 1
            if take_b:
                w += tweights[b] if tweights.size else np.float32(1.0)
                b += 1
            if u != v:
                out_idx[at] = u
                out_w[at] = w
                at += 1
        out_ptr[v + 1] = at
    return out_ptr, out_idx[:at].copy(), out_w[:at].copy()
