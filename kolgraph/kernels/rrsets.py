"""Reverse-reachable sets of the independent cascade, and forward simulation.

A set holds every account that would have reached a random target: a search from the target to the accounts it follows,
taking each edge with probability weight / strength of the follower, at most 1. With its out-strength that is the
weighted cascade (1 / number of accounts followed where all weights are 1); with a strength of 1 the weights themselves
are probabilities.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]

#: Sets drawn by one task: fixed, so that the answer does not depend on the number of threads.
CHUNK = 4096


@njit(nogil=True)
def _mix(z: np.uint64) -> np.uint64:
    """The output function of splitmix64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(nogil=True)
def _stream(seed: int, stream: int) -> np.uint64:
    """Where a stream of random numbers starts: seed and stream are mixed, so that streams do not overlap by chance."""
    start: np.uint64 = _mix(_mix(np.uint64(seed)) + np.uint64(stream) * np.uint64(0x9E3779B97F4A7C15))
    return start


@njit(nogil=True)
def _uniform(state: np.uint64) -> float:
    """A number in (0, 1) from a counter; 52 bits, because with 53 the largest would round to 1."""
    return (np.float64(_mix(state) >> np.uint64(12)) + 0.5) * (1.0 / 4503599627370496.0)


@njit(nogil=True)
def _sample_chunk(
    ptr: I64, idx: I32, weights: F32, strength: F64, cumulative: F64, sets: int, seed: int, stream: int
) -> tuple[I64, I64, I32]:
    """Offsets, where members two steps from the root begin, members; roots are drawn in proportion to the targets."""
    step = np.uint64(0x9E3779B97F4A7C15)
    state = _stream(seed, stream)
    n = ptr.size - 1
    seen = np.full(n, -1, np.int32)
    offsets, far = np.zeros(sets + 1, np.int64), np.empty(sets, np.int64)
    members = np.empty(max(4 * sets, n), np.int32)
    size = 0
    for r in range(sets):
        if members.size - size < n:  # a set holds at most n accounts
            grown = np.empty(2 * members.size + n, np.int32)
            grown[:size] = members[:size]
            members = grown
        state += step
        root = np.searchsorted(cumulative, _uniform(state), side="right")
        head = size
        members[size] = root
        size += 1
        seen[root] = r
        far[r] = -1
        while head < size:
            if far[r] < 0 and head > offsets[r]:
                far[r] = size  # the root is done: whatever comes now came through another account
            v = members[head]
            head += 1
            first, last = ptr[v], ptr[v + 1]
            degree = last - first
            if degree == 0:
                continue
            if weights.size == 0 and degree > 4:
                # All edges of v share p = 1/degree: jump from one taken edge to the next instead of asking each.
                skip = 1.0 / np.log1p(-1.0 / degree)
                e = first
                while True:
                    state += step
                    jump = np.log(_uniform(state)) * skip
                    if jump >= last - e:
                        break
                    e += np.int64(jump)
                    u = idx[e]
                    if seen[u] != r:
                        seen[u] = r
                        members[size] = u
                        size += 1
                    e += 1
                    if e >= last:
                        break
            else:
                for e in range(first, last):
                    p = 1.0 / degree if weights.size == 0 else weights[e] / strength[v] if strength[v] > 0 else 0.0
                    state += step
                    if _uniform(state) < p:
                        u = idx[e]
                        if seen[u] != r:
                            seen[u] = r
                            members[size] = u
                            size += 1
        offsets[r + 1] = size
        if far[r] < 0:
            far[r] = size
    return offsets, far, members[:size].copy()


def sample_sets(
    ptr: I64, idx: I32, weights: F32, strength: F64, targets: F64, sets: int, seed: int, stream: int
) -> tuple[I64, I32]:
    """Draw reverse-reachable sets of targets.

    Parameters
    ----------
    ptr, idx, weights
        Out-CSR (rows = followers); empty weights mean 1 each.
    strength : ndarray, shape (n,), float64
        Summed weight of each row.
    targets : ndarray, shape (n,), float64
        How much each account counts as a target; at least one is positive. An account of weight 0 is never a root.
    sets : int
    seed, stream : int
        Sets of different streams are independent.

    Returns
    -------
    offsets : ndarray, shape (sets + 1,), int64
    members : ndarray, int32
        Set r is ``members[offsets[r]:offsets[r + 1]]``; its first member is the target. Fewer sets of the same stream
        are the first ones of more.

    Notes
    -----
    Expected O(edges taken) by geometric skipping where weights are equal (SUBSIM, Guo et al., SIGMOD 2020), else
    O(edges met). Borgs et al., SODA 2014; weighted roots: Li et al., VLDB 2015. Same bytes on any number of threads.
    """
    parts = list(_chunks(ptr, idx, weights, strength, targets, sets, seed, stream))
    sizes = np.concatenate([np.diff(offsets) for offsets, _, _ in parts])
    return np.concatenate([[0], np.cumsum(sizes)]), np.concatenate([members for _, _, members in parts])


@njit(nogil=True)
def _count(offsets: I64, begin: I64, members: I32, hits: I64) -> None:
    for r in range(begin.size):
        for i in range(begin[r], offsets[r + 1]):
            hits[members[i]] += 1


def count_members(
    ptr: I64, idx: I32, weights: F32, strength: F64, targets: F64, sets: int, seed: int, stream: int
) -> I64:
    """In how many sets each account is, shape (n,), the root and its own edges left out.

    They are the sets of `sample_sets`, none of which is kept. What an account reaches by itself and in one step is
    known without drawing; only what lies further is left to chance.
    """
    hits = np.zeros(ptr.size - 1, np.int64)
    for offsets, far, members in _chunks(ptr, idx, weights, strength, targets, sets, seed, stream):
        _count(offsets, far, members, hits)
    return hits


def _chunks(
    ptr: I64, idx: I32, weights: F32, strength: F64, targets: F64, sets: int, seed: int, stream: int
) -> Iterator[tuple[I64, I64, I32]]:
    """The sets of a stream in order, `CHUNK` at a time, drawn by all threads."""
    cumulative = np.cumsum(targets)
    cumulative /= cumulative[-1]  # ends with 1, which no random number reaches: a root is always an account
    counts = [min(CHUNK, sets - start) for start in range(0, sets, CHUNK)]

    def chunk(number: int) -> tuple[I64, I64, I32]:
        part = counts[number], seed, (stream << 32) + number
        offsets, far, members = _sample_chunk(ptr, idx, weights, strength, cumulative, *part)
        return offsets, far, members

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(chunk, range(len(counts)))


@njit(nogil=True)
def _simulate_chunk(
    ptr: I64, idx: I32, weights: F32, strength: F64, targets: F64, seeds: I32, hits: I64,
    runs: int, seed: int, stream: int,
) -> F64:  # fmt: skip
    """Target weight reached in each run; `hits`, unless it is empty, counts the runs that reach each account."""
    step = np.uint64(0x9E3779B97F4A7C15)
    state = _stream(seed, stream)
    n = ptr.size - 1
    active = np.full(n, -1, np.int64)
    queue = np.empty(n, np.int32)
    reached = np.zeros(runs)
    for run in range(runs):
        size = 0
        for s in seeds:
            if active[s] != run:
                active[s] = run
                queue[size] = s
                size += 1
        head = 0
        while head < size:
            v = queue[head]
            head += 1
            reached[run] += targets[v]
            if hits.size:
                hits[v] += 1
            for e in range(ptr[v], ptr[v + 1]):
                u = idx[e]
                if active[u] != run and strength[u] > 0:
                    state += step
                    if _uniform(state) < (weights[e] if weights.size else 1.0) / strength[u]:
                        active[u] = run
                        queue[size] = u
                        size += 1
    return reached


def simulate(ptr: I64, idx: I32, weights: F32, strength: F64, targets: F64, seeds: I32, runs: int, seed: int) -> F64:
    """Spread forwards from `seeds` along the in-CSR (rows = followed accounts); target weight reached in each run.

    ``strength`` is the out-strength of every account, or 1 each for weights that are probabilities. Kempe, Kleinberg &
    Tardos, KDD 2003. O(edges met) per run.
    """
    parts = _simulations(ptr, idx, weights, strength, targets, seeds, runs, seed, counted=False)
    return np.concatenate([reached for reached, _ in parts])


def count_reached(ptr: I64, idx: I32, weights: F32, strength: F64, seeds: I32, runs: int, seed: int) -> I64:
    """In how many runs of `simulate` each account is reached, shape (n,)."""
    nobody = np.zeros(ptr.size - 1)
    total = np.zeros(ptr.size - 1, np.int64)
    for _, hits in _simulations(ptr, idx, weights, strength, nobody, seeds, runs, seed, counted=True):
        total += hits
    return total


def _simulations(
    ptr: I64, idx: I32, weights: F32, strength: F64, targets: F64, seeds: I32, runs: int, seed: int, *, counted: bool
) -> Iterator[tuple[F64, I64]]:
    """The runs in order, `CHUNK` at a time, by all threads."""
    counts = [min(CHUNK, runs - start) for start in range(0, runs, CHUNK)]

    def chunk(number: int) -> tuple[F64, I64]:
        hits = np.zeros(ptr.size - 1 if counted else 0, np.int64)
        reached = _simulate_chunk(ptr, idx, weights, strength, targets, seeds, hits, counts[number], seed, number)
        return reached, hits

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(chunk, range(len(counts)))
