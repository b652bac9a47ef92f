"""Reach of accounts of whose audience a sample is loaded, scaled to all the followers a platform shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import AnalysisError, InputError
from kolgraph.influence.coverage import Coverage, missing
from kolgraph.influence.interval import counts
from kolgraph.influence.reach import audience
from kolgraph.influence.sampled import ASSUMPTION, sampled_reason
from kolgraph.results import Scores, digest

if TYPE_CHECKING:
    from kolgraph.graph import Graph

F64 = NDArray[np.float64]

#: How strongly the heavy followers of all accounts count for one account: as much as so many of them.
POOLED = 10.0
#: Rounds at most, and the change, as a part of all reaches together, from which on nothing changes any more.
ROUNDS, STILL = 200, 1e-7


def extrapolate_reach(
    graph: Graph,
    coverage: Coverage,
    *,
    probabilities: ArrayLike,
    targets: ArrayLike | None = None,
    steps: int | None = None,
) -> Scores:
    """Expected number of accounts that a post of each account reaches, were all followers known that platforms show.

    Parameters
    ----------
    graph : Graph
        Follow edges, follower -> followed, as far as loaded; the one `coverage` is about.
    coverage : Coverage
    probabilities : array_like, shape (m,)
        Chance that the follower of each edge forwards a post, in the order of `Graph.edges`. Of a sampled graph it must
        come from the followings a platform shows, not from those loaded: a follower seen with 2 of 20 follows 20.
    targets : array_like, shape (n,), optional
        How much each account counts as reached; default 1 each.
    steps : int, optional
        How often a post is passed on at most; default: until it dies out.

    Returns
    -------
    Scores
        ``extrapolated_reach`` with a 95 % interval; NaN with a reason where the audience cannot be judged or nobody
        knows how many followers there are. Where everything is loaded the interval has width 0.

    Raises
    ------
    InputError
        Arrays of another length, probabilities outside [0, 1], no step at all.
    AnalysisError
        Posts that do not die out: expected forwards grow from step to step. Give `steps`.

    Notes
    -----
    Assumes that `ASSUMPTION` holds, independently for every list. The reach of an account is its own weight and the sum
    over its followers of the chance to forward times their reach; each loaded follower stands for size / loaded ones
    (Horvitz & Thompson, JASA 1952). No post goes straight back where it came from; somebody reached on two other ways
    counts twice, which `reach` does not: while posts die out the difference is small. Followers none of whose own
    followers are loaded, though some are shown, pass on what a follower of the others does on average; what comes of
    that guess may be nothing, or twice as much, and the interval is wider by it.

    Contributions are very uneven: a follower who is famous may bring more than all others. The variance of a total t is
    taken as ``t (1 - f) / f`` times the mean contribution weighted by itself, of the account's own followers and as
    many as `POOLED` of all accounts', less the finite population term, plus that of the followers' own reaches (two
    stages); the interval is the score interval of `counts`. O(m log m + steps x m).

    Examples
    --------
    A tenth of 1,000 followers is loaded; each forwards to nobody further, with a chance of 1/4:

    >>> import pandas as pd
    >>> from kolgraph.graph import Graph
    >>> from kolgraph.influence.coverage import coverage
    >>> g = Graph.from_edges([f"u{i}" for i in range(100)], ["ann"] * 100)
    >>> shown = pd.DataFrame({"followers": np.where(g.ids == "ann", 1000.0, 0.0), "followings": 4.0})
    >>> found = extrapolate_reach(g, coverage(g, shown), probabilities=np.full(100, 0.25))
    >>> round(found.top(1)["extrapolated_reach"].item(), 6)
    251.0
    """
    src, dst, _ = graph.edges()
    p = np.asarray(probabilities, dtype=np.float64)
    weights = audience(graph, None if targets is None else np.asarray(targets, dtype=np.float64))
    if p.shape != (graph.m,) or not ((p >= 0) & (p <= 1)).all():
        raise InputError(f"probabilities needs a number from 0 to 1 for each of the {graph.m:,} edges")
    if steps is not None and steps < 1:
        raise InputError(f"a post is passed on at least once, not {steps} times")
    other = src != dst
    src, dst, p = src[other], dst[other], p[other]
    size = np.fmax(coverage.size, coverage.followers)
    f = np.divide(coverage.followers, size, out=np.ones(graph.n), where=coverage.followers > 0)
    total, guessed, imputed = _totals(graph.n, src, dst, p, weights, f, size, steps)
    low, high = _interval(src, dst, p, weights + total, total, f, size, steps)
    low, high = np.maximum(low - guessed, 0.0), high + guessed
    reason = sampled_reason(coverage, coverage.reason)
    reason[missing(reason) & np.isnan(coverage.size)] = "size_unknown"
    reason[reason == "no_follower"] = None  # who has no follower reaches itself, and that is known
    unknown = ~missing(reason)
    value, low, high = (np.where(unknown, np.nan, weights + part) for part in (total, low, high))
    return Scores(
        measure="extrapolated_reach",
        ids=graph.ids,
        values=value,
        low=low,
        high=high,
        reason=reason,
        parameters={
            "assumption": ASSUMPTION,
            "targets": digest(weights),
            "probabilities": digest(p),
            "coverage": coverage.run_id,
            "steps": steps,
            "imputed": imputed,
            "model": "independent cascade, every way counted",
        },
        graph=graph.fingerprint,
    )


def _totals(
    n: int,
    src: NDArray[np.int32],
    dst: NDArray[np.int32],
    p: F64,
    weights: F64,
    f: F64,
    size: F64,
    steps: int | None,
) -> tuple[F64, F64, int]:
    """What the followers of every account bring, how much of it was guessed, and for how many accounts."""
    loaded = np.bincount(dst, minlength=n)
    blind = (loaded == 0) & (size > 0)
    listed = max(float(size[loaded > 0].sum()), 1.0)
    back, mutual = _back(n, src, dst)
    total, guessed, brings, change = np.zeros(n), np.zeros(n), np.zeros(src.size), np.inf
    for _ in range(ROUNDS if steps is None else steps):
        # Nothing goes straight back: who is followed back was reached before. On a sample, where one edge stands for
        # ten, a post that came and went between two friends would grow without end.
        returned = np.where(mutual, brings[back], 0.0) / f[src]
        brings = p * np.maximum(weights[src] + total[src] - returned, 0.0)
        new, passed = np.bincount(dst, weights=brings, minlength=n) / f, np.bincount(dst, p * guessed[src], n) / f
        # What a follower brings on average, over all lists that were read.
        new[blind] = passed[blind] = size[blind] * new.sum() / listed
        change, total, guessed = float(np.abs(new - total).sum()), new, passed
        if change <= STILL * max(1.0, float(total.sum())):
            break
    else:
        if steps is None:
            raise AnalysisError(
                f"posts do not die out: after {ROUNDS} steps all reaches together still grow by {change:,.3g} a step; "
                "give steps, or probabilities that were learnt from reposts"
            )
    return total, guessed, int(blind.sum())


def _back(n: int, src: NDArray[np.int32], dst: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Place of the edge in the other direction, and whether there is one; edges are ordered by target, then source."""
    key, other = dst.astype(np.int64) * n + src, src.astype(np.int64) * n + dst
    place = np.minimum(np.searchsorted(key, other), max(key.size - 1, 0))
    return place, key[place] == other


def _interval(
    src: NDArray[np.int32],
    dst: NDArray[np.int32],
    p: F64,
    reach: F64,
    total: F64,
    f: F64,
    size: F64,
    steps: int | None,
) -> tuple[F64, F64]:
    """95 % interval of the totals."""
    n = total.size
    brings = p * reach[src]
    one, two = (np.bincount(dst, weights=part, minlength=n) for part in (brings, brings * brings))
    stands = 1 / f[dst]
    all_one, all_two = float((stands * brings).sum()), float((stands * brings * brings).sum())
    if all_one == 0:
        return total, total
    heavy = all_two / all_one
    weight = POOLED * heavy
    unit = (two + weight * heavy) / (one + weight)
    left = (1 - f) / f
    finite = np.divide(left, size, out=np.zeros(n), where=size > 0)
    first = np.maximum(left * unit * total - finite * total**2, 0.0)
    variance = first.copy()
    # The reaches of followers are estimates themselves; their variance travels up with the square of the chance.
    for _ in range(ROUNDS if steps is None else steps - 1):
        new = first + np.bincount(dst, weights=p * p * variance[src], minlength=n) / f
        change, variance = float(np.abs(new - variance).sum()), new
        if change <= STILL * max(1.0, float(variance.sum())):
            break
    deeper = np.divide(variance - first, total, out=np.zeros(n), where=total > 0)
    return counts(total, np.ones(n), left * unit + np.maximum(deeper, 0.0), -finite, whole=False)
