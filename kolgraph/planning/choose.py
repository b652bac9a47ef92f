"""Choose on one sample, count on the other: greedy choice, coverage, and the bounds that make a certificate."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kolgraph.graph import Graph
from kolgraph.planning.pool import Pool, Sample

#: The certificate holds with probability 1 - DELTA.
DELTA = 0.01


def choose(
    pool: Pool,
    rows: NDArray[np.int32],
    cost: NDArray[np.int64],
    budget: int | None,
    count: int | None,
    forced: NDArray[np.int32],
) -> tuple[NDArray[np.int32], float]:
    """The picks (positions in `rows`) and an upper bound on the sets of the first sample that any choice covers."""
    from kolgraph.kernels.cover import greedy, keep_rows
    from kolgraph.planning.bound import upper_bound

    sample, position = pool.choose, _positions(pool.graph.n, rows)
    ptr, sets = _inverted(sample, position, rows.size)
    set_ptr, inside = keep_rows(sample.offsets, sample.members, position)
    limit = int(cost.sum()) if budget is None else budget
    most = rows.size if count is None else count
    ways = [greedy(ptr, sets, set_ptr, inside, cost, limit, most, forced, False)]
    if budget is not None:
        ways.append(greedy(ptr, sets, set_ptr, inside, cost, limit, most, forced, True))
    picks, _ = max(ways, key=lambda way: way[1])
    return picks, upper_bound(ptr, sets, len(sample), cost, budget, count, picks, forced=forced.size)


def covered(sample: Sample, graph: Graph, rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sets of a sample that each account covers alone, and beyond those before it."""
    from kolgraph.kernels.cover import coverage

    unique, where = np.unique(rows, return_inverse=True)
    ptr, sets = _inverted(sample, _positions(graph.n, unique), unique.size)
    own, fresh = coverage(where.astype(np.int32), ptr, sets, len(sample))
    return own, fresh


def certify(hits: int, upper: float) -> tuple[float, float]:
    """Bounds, in sets, on the coverage to expect of the choice and of the best one, each with probability 1 - DELTA/2.

    The first comes from the independent sample, the second from the sample chosen on (Tang et al., SIGMOD 2018, eq. 5
    and 8): martingale tail bounds, valid for any number of sets.
    """
    c = math.log(2 / DELTA)
    lower = max((math.sqrt(hits + 2 * c / 9) - math.sqrt(c / 2)) ** 2 - c / 18, 0.0)
    return lower, (math.sqrt(upper + c / 2) + math.sqrt(c / 2)) ** 2


def _positions(n: int, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    position = np.full(n, -1, np.int32)
    position[rows] = np.arange(rows.size, dtype=np.int32)
    return position


def _inverted(sample: Sample, position: NDArray[np.int32], size: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    from kolgraph.kernels.cover import index_sets

    ptr, sets = index_sets(sample.offsets, sample.members, position, size)
    return ptr, sets
