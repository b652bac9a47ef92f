"""How good can any combination be? An upper bound on coverage by Lagrangian duality."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

F64: TypeAlias = NDArray[np.float64]


def linear_max(value: F64, cost: NDArray[np.int64], budget: int | None, count: int | None) -> tuple[float, F64]:
    """Largest ``value @ x`` over ``0 <= x <= 1`` under a count and a budget, relaxed; and the x that attains it.

    With both limits each is relaxed alone and the smaller answer is returned: still an upper bound.
    """
    best, best_x = float(value[value > 0].sum()), (value > 0).astype(np.float64)
    if count is not None and count < value.size:
        x = np.zeros(value.size)
        top = np.argpartition(-value, count - 1)[:count] if count > 0 else np.empty(0, np.int64)
        x[top[value[top] > 0]] = 1
        if float(value @ x) < best:
            best, best_x = float(value @ x), x
    if budget is not None:
        x = np.zeros(value.size)
        order = np.argsort(-value / np.maximum(cost, 1e-9), kind="stable")
        order = order[value[order] > 0]
        spent = np.cumsum(cost[order])
        full = int(np.searchsorted(spent, budget, side="right"))
        x[order[:full]] = 1
        if full < order.size:  # the last one fractionally: no whole choice is better
            left = budget - (int(spent[full - 1]) if full else 0)
            x[order[full]] = left / cost[order[full]]
        if float(value @ x) < best:
            best, best_x = float(value @ x), x
    return best, best_x


def upper_bound(
    ptr: NDArray[np.int64],
    sets: NDArray[np.int32],
    n_sets: int,
    cost: NDArray[np.int64],
    budget: int | None,
    count: int | None,
    picks: NDArray[np.int32],
    *,
    forced: int = 0,
    steps: int = 60,
) -> float:
    """No feasible choice covers more sets than this.

    For any y in [0, 1]: coverage <= sum(1 - y) + max over feasible x of sum over candidates of x * (sum of y over their
    sets). The bound is minimised over y by projected subgradient steps, started at the sets that the first half of the
    greedy choice leaves open; the smallest bound met is returned.

    Parameters
    ----------
    ptr, sets : for each candidate the sets that hold it
    picks : ndarray of int32
        The greedy choice; its coverage is the Polyak target.
    forced : int
        The first so many picks belong to every choice.
    steps : int
        Each costs O(total size of the sets).
    """
    from kolgraph.kernels.cover import sum_candidates, sum_sets

    fixed = picks[:forced]
    x_fixed = np.zeros(ptr.size - 1)
    x_fixed[fixed] = 1
    free = x_fixed == 0
    left = None if budget is None else budget - int(cost[fixed].sum())
    room = None if count is None else count - forced
    if left is not None:
        free &= cost <= left  # a price beyond what is left is in no choice, not even by a fraction

    def dual(y: F64) -> tuple[float, F64]:
        gain = sum_sets(ptr, sets, y)
        best, x = linear_max(np.where(free, gain, 0.0), cost, left, room)
        return float((1 - y).sum() + gain[fixed].sum() + best), x + x_fixed

    def hit(choice: NDArray[np.int32]) -> NDArray[np.bool_]:
        chosen = np.zeros(ptr.size - 1)
        chosen[choice] = 1
        return np.asarray(sum_candidates(ptr, sets, chosen, n_sets) > 0)

    lower = float(hit(picks).sum())
    y = np.where(hit(picks[: max(forced, (picks.size + 1) // 2)]), 0.0, 1.0)
    value, x = dual(y)
    best, best_x, best_y, scale, stale = value, x, y, 1.0, 0
    for _ in range(steps):
        slope = sum_candidates(ptr, sets, x, n_sets) - 1.0
        slope[((y <= 0) & (slope > 0)) | ((y >= 1) & (slope < 0))] = 0
        length = float(slope @ slope)
        if length == 0 or best <= lower + 0.5:
            break
        y = np.clip(y - scale * (value - lower) / length * slope, 0, 1)
        value, x = dual(y)
        stale = stale + 1 if value > best * (1 - 1e-4) else 0
        if value < best:
            best, best_x, best_y = value, x, y
        if stale >= 8:
            scale, stale = scale * 0.6, 0
            value, x, y = best, best_x, best_y
    return best
