"""Overlap of audiences of which samples are loaded: how many follow both, and how many they are together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.influence.audience import audiences
from kolgraph.influence.coverage import Coverage, missing
from kolgraph.influence.interval import counts
from kolgraph.influence.sampled import ASSUMPTION, sampled_reason
from kolgraph.results import Result, digest

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph

F64 = NDArray[np.float64]
#: Loaded shares from which on those who were seen in three lists or more are enough to go by: at a share of .1 one of
#: them stands for a thousand, and the interval holds in 78 of 100 samples instead of 95.
DENSE = 0.3


@dataclass(frozen=True, kw_only=True)
class Overlap(Result):
    """What whole audiences share, estimated from samples of them.

    Attributes
    ----------
    ids : ndarray of str, shape (k,)
    size : ndarray of float64, shape (k,)
        Followers of each, NaN where it cannot be judged.
    shared, low, high : ndarray of float64, shape (k, k)
        Accounts that follow both, with a 95 % interval; the sizes on the diagonal. NaN where one cannot be judged.
    union, union_low, union_high : float
        Followers of any of them, each counted once; NaN if one cannot be judged.
    reason : ndarray of object, shape (k,)
        Codes of `Coverage.reason`, None where judged.
    """

    analysis: ClassVar[str] = "overlap"
    ids: NDArray[np.object_]
    size: F64
    shared: F64
    low: F64
    high: F64
    union: float
    union_low: float
    union_high: float
    reason: NDArray[np.object_]

    def summary(self) -> dict[str, Any]:
        """Together, with an interval, and how often somebody is paid for more than once."""
        paid = float(self.size.sum())
        return {
            "unique_reach": self.union,
            "low": self.union_low,
            "high": self.union_high,
            "summed": paid,
            "duplication": paid / self.union if self.union else 0.0,
        }

    def frame(self) -> pd.DataFrame:
        """One row per pair, most shared first, NA last: accounts in both with interval, and as a share of either."""
        import pandas as pd

        a, b = np.triu_indices(self.ids.size, 1)
        table = pd.DataFrame({"a": self.ids[a], "b": self.ids[b]})
        for name in ("shared", "low", "high"):
            table[name] = getattr(self, name)[a, b]
        table["of_a"], table["of_b"] = table["shared"] / self.size[a], table["shared"] / self.size[b]
        why = [self.reason[i] if self.reason[i] is not None else self.reason[j] for i, j in zip(a, b, strict=True)]
        if any(code is not None for code in why):
            table["reason"] = pd.Series(why, dtype=object)
        return table.sort_values("shared", ascending=False, kind="stable", ignore_index=True)


def overlap(graph: Graph, coverage: Coverage, accounts: Sequence[str], *, real: ArrayLike | None = None) -> Overlap:
    """Estimate how the whole audiences of some accounts overlap, from the part of each that is loaded.

    Parameters
    ----------
    graph : Graph
        The one `coverage` is about.
    coverage : Coverage
    accounts : sequence of str
        Different ids.
    real : array_like, shape (n,), optional
        1 for accounts that count, 0 for others: overlap and union are those of the accounts that count.

    Returns
    -------
    Overlap
        Exact where everything is loaded: then it is what `audiences` says.

    Raises
    ------
    InputError, UnknownAccount
        As in `audiences`.

    Notes
    -----
    Assumes that `ASSUMPTION` holds, of every list by itself. Somebody in two audiences, of which shares f and g are
    loaded, is seen in both with chance f g. Of s in both, s f g are seen on average, with a variance of
    ``s fg + s (s - 1) f2 g2 - (s fg)**2`` where f2 is the chance that two members of a list are both loaded: the
    interval of `counts`. The union is the sum of sizes less the surplus of those counted twice or more: for somebody
    seen in lists J the surplus is ``sum 1/f - 1 + prod (1 - 1/f)`` over J, whose mean is right whatever lists they are
    in (Horvitz & Thompson, JASA 1952). Below a loaded share of `DENSE` that rests on too few of them; then the interval
    is that of the sum over all pairs, of which the surplus is between 2/k and all. Cost as of `audiences`.

    Examples
    --------
    >>> import pandas as pd
    >>> from kolgraph.graph import Graph
    >>> from kolgraph.influence.coverage import coverage
    >>> rng = np.random.default_rng(1)
    >>> names = np.array([f"u{i}" for i in range(9000)], dtype=object)
    >>> ann, bob = rng.permutation(6000)[:2000], 3000 + rng.permutation(6000)[:2000]
    >>> g = Graph.from_edges([*names[ann], *names[bob]], ["ann"] * 2000 + ["bob"] * 2000)
    >>> shown = pd.DataFrame({"followers": np.where(np.isin(g.ids, ["ann", "bob"]), 6000.0, 0.0), "followings": 2.0})
    >>> found = overlap(g, coverage(g, shown), ["ann", "bob"])
    >>> bool(found.low[0, 1] < 3000 < found.high[0, 1]), bool(found.union_low < 9000 < found.union_high)
    (True, True)
    """
    seen = audiences(graph, accounts, real=real)
    rows = graph.rows(accounts)
    weight = np.ones(graph.n) if real is None else np.asarray(real, dtype=np.float64)
    reason = sampled_reason(coverage, coverage.reason)[rows]
    loaded = coverage.followers[rows].astype(np.float64)
    whole = np.where(missing(reason), coverage.size[rows], np.nan)
    unknown = missing(reason) & np.isnan(whole)
    reason[unknown] = "size_unknown"
    f = loaded / whole
    pairs = np.divide(f * (loaded - 1), whole - 1, out=np.ones_like(f), where=whole > 1)
    rate, both = np.outer(f, f), np.outer(pairs, pairs)
    there = np.isfinite(rate) & (rate > 0)
    safe_rate, safe_both = np.where(there, rate, 1.0), np.where(there, both, 1.0)
    # Of the accounts that count there are as many in the list as in the sample, by proportion.
    size = np.divide(np.diag(seen.shared), f, out=np.full(f.size, np.nan), where=f > 0)
    low, high = counts(seen.shared, safe_rate, safe_rate - safe_both, safe_both - safe_rate**2)
    most = np.fmin(size[:, None], size[None, :])
    shared = np.where(there, np.minimum(seen.shared / safe_rate, most), np.nan)
    low = np.where(there, np.clip(low, seen.shared, most), np.nan)
    high = np.where(there, np.clip(high, seen.shared, most), np.nan)
    for part in (shared, low, high):
        np.fill_diagonal(part, size)
    union = _union(graph, rows, weight, f, size, (shared, low, high))
    return Overlap(
        ids=seen.ids,
        size=size,
        shared=shared,
        low=low,
        high=high,
        union=union[0],
        union_low=union[1],
        union_high=union[2],
        reason=reason,
        parameters={
            "accounts": list(map(str, accounts)),
            "discounted": real is not None,
            "real": digest(weight),
            "coverage": coverage.run_id,
            "assumption": ASSUMPTION,
        },
        graph=graph.fingerprint,
    )


def _union(
    graph: Graph, rows: NDArray[np.int32], weight: F64, f: F64, size: F64, pair: tuple[F64, F64, F64]
) -> tuple[float, float, float]:
    """Followers of any, with a 95 % interval."""
    if not np.isfinite(f).all():
        return float("nan"), float("nan"), float("nan")
    paid, largest = float(size.sum()), float(size.max(initial=0.0))
    if rows.size == 2:
        shared, low, high = (float(part[0, 1]) for part in pair)
        return paid - shared, paid - high, paid - low
    times, inverse, square = np.zeros(graph.n), np.zeros(graph.n), np.zeros(graph.n)
    chance, left = np.ones(graph.n), np.ones(graph.n)
    ptr, idx, _ = graph.incoming
    for row, part in zip(rows, f, strict=True):
        followers = idx[ptr[row] : ptr[row + 1]]
        followers = followers[followers != row]
        times[followers] += 1
        inverse[followers] += 1 / part
        square[followers] += 1 / part**2
        chance[followers] *= part
        left[followers] *= 1 - 1 / part
    again = times > 1
    rarest = 1 / float(np.sort(f)[:2].prod()) if f.size > 1 else 1.0
    surplus = (weight * (inverse - 1 + left))[again]
    total = float(surplus.sum())
    if f.min(initial=1.0) >= DENSE:
        least, most = _limits(surplus, chance[again], rarest)
    else:
        # Somebody in j lists is in j (j - 1) / 2 pairs of them: the surplus j - 1 is at most all pairs, and at least
        # 2 / k of them. Pairs are seen more often than threes.
        pairs = (weight * (inverse**2 - square) / 2)[again]
        low_pairs, most = _limits(pairs, chance[again], rarest)
        least = 2 / f.size * low_pairs
        total = float(np.clip(total, 2 / f.size * pairs.sum(), pairs.sum()))
    twice = float((weight * np.maximum(times - 1, 0)).sum())
    bounds = [min(max(value, twice), paid - largest) for value in (total, least, most)]
    return paid - bounds[0], paid - bounds[2], paid - bounds[1]


def _limits(parts: F64, chance: F64, rarest: float) -> tuple[float, float]:
    """95 % interval of a sum of what seen accounts stand for: a count, in units of the mean part weighted by itself."""
    square, unit, scale = float((parts**2).sum()), rarest, 1 - 1 / rarest
    if square > 0:
        unit = square / float(np.abs(parts).sum())
        scale = float((parts**2 * (1 - chance)).sum()) / square
    low, high = counts([max(float(parts.sum()), 0.0) / unit], 1 / unit, scale / unit, 0.0, whole=False)
    return float(low[0]), float(high[0])
