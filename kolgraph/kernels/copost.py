"""Who acts on the same object within a window of time: weights of every two users, at a cost that is bounded.

A share is one act of a user on an object, at a time. Around every share lies its window; where too many shares lie in
it, that two users are both there says nothing of the two, and the share is left out: a crowd. So no share is compared
with more than `crowd` others, and time is bounded by the shares, whatever is loaded.

Users are taken one after the other, each against all whom its windows hold. No pair is kept that is not asked for, and
what is kept comes in chunks: memory is bounded by the shares and by the edges that the caller takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]

#: Pairs of shares looked at in one compiled step: a second; Ctrl-C waits for it.
_STEP = 100_000_000
#: Edges of a chunk.
_CHUNK = 1 << 20


class Shares(NamedTuple):
    """Shares that meet others, by object, within an object by time; and what was left out.

    Attributes
    ----------
    user, item, row : ndarray, shape (s,), int32
        Of each share, and where it stood among those that were given.
    time : ndarray, shape (s,), int64
    lo, hi : ndarray, shape (s,), int32
        The shares ``lo .. hi - 1`` lie in its window, itself among them.
    crowded : ndarray, shape (c,), int32
        Where those stood that were left out, because more than `crowd` others lie in their window.
    pairs, pairs_left_out : ndarray, shape (items,), int64
        Pairs of shares that meet on every object, those of one user with itself among them: kept, and left out.
    alone : int
        Of the pairs that were kept those of one user with itself.
    """

    user: I32
    item: I32
    row: I32
    time: I64
    lo: I32
    hi: I32
    crowded: I32
    pairs: I64
    pairs_left_out: I64
    alone: int


class Edges(NamedTuple):
    """Directed edges, by source and target.

    Attributes
    ----------
    source, target : ndarray, shape (e,), int32
    weight, objects : ndarray, shape (e,), int32
        Shares of the source with at least one of the target in their window; objects on which the two meet so.
    closeness : ndarray, shape (e,), float64
        Sum over pairs of their shares of ``exp(-dt / tau)``; 0 where no tau was given.
    """

    source: I32
    target: I32
    weight: I32
    objects: I32
    closeness: F64

    @classmethod
    def room(cls, size: int) -> Edges:
        """Room for so many."""
        a, b, c, d = (np.empty(size, np.int32) for _ in range(4))
        return cls(a, b, c, d, np.empty(size))

    @classmethod
    def joined(cls, parts: Iterable[Edges]) -> Edges:
        """Chunks one behind the other."""
        columns = zip(cls.room(0), *parts, strict=True)
        return cls(*map(np.concatenate, columns))

    def taken(self, rows: slice | NDArray[np.bool_]) -> Edges:
        """A copy of some of them."""
        return Edges(*(part[rows].copy() for part in self))  # type: ignore[arg-type]


@njit(nogil=True)
def _grouped(key: I32, n: int) -> tuple[I64, I32]:
    """Rows of every key, in order: pointers, and the rows."""
    ptr = np.zeros(n + 1, np.int64)
    for k in key:
        ptr[k + 1] += 1
    for k in range(n):
        ptr[k + 1] += ptr[k]
    at, rows = ptr[:-1].copy(), np.empty(key.size, np.int32)
    for i in range(key.size):
        rows[at[key[i]]] = i
        at[key[i]] += 1
    return ptr, rows


@njit(nogil=True)
def _windows(item: I32, time: I64, window: int) -> tuple[I32, I32]:
    lo, hi = np.empty(time.size, np.int32), np.empty(time.size, np.int32)
    first = last = 0
    for i in range(time.size):
        while item[first] != item[i] or time[i] - time[first] > window:
            first += 1
        last = max(last, i)
        while last < time.size and item[last] == item[i] and time[last] - time[i] <= window:
            last += 1
        lo[i], hi[i] = first, last
    return lo, hi


@njit(nogil=True)
def _by_time(time: I64) -> I32:
    """Rows by time: 16 bits after the other, the lowest first, and each pass keeps what was in order."""
    order = np.arange(time.size).astype(np.int32)
    if time.size == 0 or (time[1:] >= time[:-1]).all():
        return order
    low = time.min()
    span = np.uint64(time.max() - low)
    there, shift = np.empty_like(order), np.uint64(0)
    while shift < 64 and span >> shift:
        at = np.zeros((1 << 16) + 1, np.int64)
        for t in time:
            at[((np.uint64(t - low) >> shift) & np.uint64(0xFFFF)) + np.uint64(1)] += 1
        at = np.cumsum(at)
        for row in order:
            digit = (np.uint64(time[row] - low) >> shift) & np.uint64(0xFFFF)
            there[at[digit]] = row
            at[digit] += 1
        order, there = there, order
        shift += np.uint64(16)
    return order


def _alone(user: I32, item: I32, time: I64, window: int) -> int:
    """Pairs of shares of one user on one object that meet: what a user does with itself."""
    rows = _grouped(user, int(user.max(initial=-1)) + 1)[1]
    user, item = user[rows], item[rows]
    change = np.ones(rows.size, bool)
    change[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    lo, hi = _windows(np.cumsum(change).astype(np.int32), time[rows], window)
    return int((hi - lo - 1).sum(dtype=np.int64)) // 2


def shares(user: I32, item: I32, time: I64, *, items: int, window: int, crowd: int) -> Shares:
    """Sort shares, and find what lies in the window of each.

    Parameters
    ----------
    user, item : ndarray, shape (m,), int32
        Row numbers from 0 on.
    time : ndarray, shape (m,), int64
        In any unit, below 2^62 either side of 0; all equal where time does not matter.
    items : int
        How many objects there are.
    window : int
        Two shares meet that are at most so far apart.
    crowd : int
        A share with more than so many others in its window is left out.

    Notes
    -----
    O(m), at most four passes over the times.

    Examples
    --------
    >>> user, item, time = np.int32([0, 1, 2, 3]), np.int32([0, 0, 0, 1]), np.array([0, 5, 9, 9])
    >>> found = shares(user, item, time, items=2, window=5, crowd=9)
    >>> found.row.tolist(), found.lo.tolist(), found.hi.tolist()
    ([0, 1, 2], [0, 0, 1], [2, 3, 3])
    """
    order = _by_time(time)
    order = order[_grouped(item[order], items)[1]]
    what, at = item[order], time[order]
    lo, hi = _windows(what, at, window)
    near = hi - lo - 1
    all_pairs = np.bincount(what, near, items) // 2
    keep = (near > 0) & (near <= crowd)
    crowded = order[near > crowd]
    what, at, order = what[keep], at[keep], order[keep]
    lo, hi = _windows(what, at, window)
    pairs = np.bincount(what, hi - lo - 1, items) // 2
    left_out = (all_pairs - pairs).astype(np.int64)
    who = user[order]
    alone = _alone(who, what, at, window)
    return Shares(who, what, order, at, lo, hi, crowded, pairs.astype(np.int64), left_out, alone)


@njit(nogil=True)
def _tally(
    ptr: I64, row: I32, user: NDArray[np.uint32], item: I32, time: I64, lo: I32, hi: I32,
    tau: float, group: I32, least: F64, need: I64, first: int, step: int,
    met: NDArray[np.uint8], state: I32, close: F64,
    source: I32, target: I32, weight: I32, objects: I32, closeness: F64,
) -> tuple[int, int]:  # fmt: skip
    """Edges of users from `first` on, until all are done, a chunk is full, or `step` pairs were looked at.

    Most users meet once, by chance. So how often it meets whom is counted first, in single bytes, which the cache holds
    (`met`), and only who is met often enough (`need`, of the group of the source) is looked at closely: the last share
    and the last object in which the source met it, the weight and the objects (`state`). Returns the next user, and how
    many edges there are.
    """
    at, u = 0, first
    near = np.empty(met.size, np.uint32)
    while u < ptr.size - 1 and step > 0:
        enough, found = need[group[u]], 0
        if tau == 0 and ptr[u + 1] - ptr[u] < enough:
            u += 1
            continue
        for k in range(ptr[u], ptr[u + 1]):
            step -= hi[row[k]] - lo[row[k]]
            for j in range(lo[row[k]], hi[row[k]]):
                v = user[j]
                if v != u and met[v] < enough:
                    met[v] += 1
                    if met[v] == enough:
                        near[found] = v
                        found += 1
        for k in range(ptr[u], ptr[u + 1] if found else ptr[u]):
            i = row[k]
            for j in range(lo[i], hi[i]):
                v = user[j]
                if met[v] < enough:
                    continue
                if state[v, 0] != i:
                    state[v, 0] = i
                    state[v, 2] += 1
                    if state[v, 1] != item[i]:
                        state[v, 1] = item[i]
                        state[v, 3] += 1
                if tau > 0:
                    close[v] += np.exp(-abs(time[i] - time[j]) / tau)
        kept = 0
        for k in range(found):
            v = near[k]
            if (close[v] if tau > 0 else state[v, 2]) >= least[group[u], group[v]]:
                near[k] = near[kept]
                near[kept] = v
                kept += 1
        full = at + kept > source.size
        if not full:
            near[:kept].sort()
            for k in range(kept):
                v = near[k]
                source[at], target[at], weight[at], objects[at] = u, v, state[v, 2], state[v, 3]
                closeness[at] = close[v] if tau > 0 else 0.0
                at += 1
        for k in range(found):
            state[near[k]] = -1, -1, 0, 0
            if tau > 0:
                close[near[k]] = 0.0
        for k in range(ptr[u], ptr[u + 1]):
            for j in range(lo[row[k]], hi[row[k]]):
                met[user[j]] = 0
        if full:
            break
        u += 1
    return u, at


def tally(found: Shares, users: int, *, least: F64, group: I32 | None = None, tau: float = 0.0) -> Iterator[Edges]:
    """Edges between users that meet, in chunks.

    Parameters
    ----------
    found : Shares
    users : int
        How many there are.
    least : ndarray, shape (groups, groups), float64
        An edge is kept whose weight (closeness, with `tau`) is at least that of the groups of its ends.
    group : ndarray, shape (users,), int32, optional
        Of every user; all are in group 0 otherwise.
    tau : float
        Time in which a pair of shares comes to count 1/e, in the unit of the times; 0: closeness is not summed.

    Notes
    -----
    O(pairs of shares within a window), of which a share has at most `crowd`; memory O(users) beside the shares and what
    is taken of the chunks. Counts are those of `coordination-network-toolkit` 1.5.2, without its self-loops.

    Examples
    --------
    >>> found = shares(np.int32([0, 1, 0]), np.int32([0, 0, 0]), np.array([0, 5, 9]), items=1, window=5, crowd=9)
    >>> [edges] = tally(found, 2, least=np.ones((1, 1)))
    >>> edges.source.tolist(), edges.target.tolist(), edges.weight.tolist(), edges.objects.tolist()
    ([0, 1], [1, 0], [2, 1], [1, 1])
    """
    group = np.zeros(users, np.int32) if group is None else group
    ptr, row = _grouped(found.user, users)  # of every user, by object: what is looked at next is often near
    need = np.clip(np.ceil(least.min(axis=1)), 1, 255).astype(np.int64)  # no pair of shares counts more than 1
    met, state, close = np.zeros(users, np.uint8), np.zeros((users, 4), np.int32), np.zeros(users if tau > 0 else 0)
    state[:, :2] = -1
    out = Edges.room(max(users, _CHUNK))
    user = 0
    while user < users:
        user, edges = _tally(
            ptr, row, found.user.view(np.uint32), found.item, found.time, found.lo, found.hi,
            tau, group, least, need, user, _STEP, met, state, close, *out,
        )  # fmt: skip
        yield out.taken(slice(edges))
