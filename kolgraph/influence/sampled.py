"""Audiences of which a sample is loaded: shares, ring shares and overlap of the whole, with 95 % intervals.

The assumption behind every interval here: **the loaded followers of an account are a random sample of all, drawn
independently of other accounts' lists**. Lists read newest first are none; where `Coverage.order` says so, everything
that is not loaded in full is NA.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.influence.coverage import Coverage, missing
from kolgraph.influence.interval import counts
from kolgraph.results import Scores, digest

if TYPE_CHECKING:
    from kolgraph.graph import Graph
    from kolgraph.rings import Rings

F64 = NDArray[np.float64]
ASSUMPTION = "the loaded followers of an account are a random sample of all of them"
#: Stands for the followers of an account of which nobody knows how many it has.
_ENDLESS = 1e9


def share_of_list(
    seen: ArrayLike, loaded: ArrayLike, size: ArrayLike, *, recall: ArrayLike = 1.0, spread: ArrayLike = 0.0
) -> tuple[F64, F64, F64]:
    """Share of a list that is marked, from the marked ones in a sample of it.

    Parameters
    ----------
    seen, loaded : array_like, shape (k,)
        Marked members of the sample, and its size.
    size : array_like, shape (k,)
        Of the whole list; NaN where unknown: then it is taken to be endless.
    recall, spread : array_like, shape (k,)
        Chance that a marked member of the sample is recognised, and the standard deviation of that chance.

    Returns
    -------
    value, low, high : ndarray, shape (k,), float64
        NaN where nothing is loaded. With the whole list loaded and a recall of 1 all three are ``seen / size``.

    Raises
    ------
    InputError
        More seen than loaded, more loaded than there are, a recall outside (0, 1].

    Notes
    -----
    Score interval (`kolgraph.influence.interval.counts`) with the variance of a hypergeometric count, thinned by the
    recall: of r marked among n, with a fraction f loaded and recall q, the mean is ``r f q`` and the variance
    ``r f q (1 - f q) - r (r - 1) q**2 f (1 - f) / (n - 1) + r**2 f**2 spread**2``. O(k).

    Examples
    --------
    >>> [x.round(3).tolist() for x in share_of_list([3, 3], [30, 30], [300, 30])]
    [[0.1, 0.1], [0.027, 0.1], [0.247, 0.1]]
    """
    x, k, n, q, sd = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (seen, loaded, size, recall, spread)))
    n = np.where(np.isnan(n), np.maximum(_ENDLESS, 1e3 * k), n)
    if (x > k).any() or (k > n).any() or (x < 0).any():
        raise InputError("a sample holds no more marked ones than it has members, and no more members than the list")
    if not ((q > 0) & (q <= 1)).all():
        raise InputError("recall must be above 0 and at most 1")
    some = k > 0
    f = np.divide(k, n, out=np.zeros(x.shape), where=n > 0)
    a, pairs = f * q, q * q * f * (1 - f) / np.maximum(n - 1, 1)
    low, high = counts(x, np.where(some, a, 1.0), a * (1 - a) + pairs, f * f * sd * sd - pairs)
    most = n - (k - x) * (q == 1)  # without a recall of 1 an unmarked member proves nothing
    whole = np.where(some & (n > 0), n, np.nan)
    value = np.clip(np.divide(x, a, out=np.zeros(x.shape), where=a > 0), x, most) / whole
    return value, np.clip(low, x, most) / whole, np.clip(high, x, most) / whole


def audience_share(graph: Graph, coverage: Coverage, marked: ArrayLike, *, measure: str = "share") -> Scores:
    """Share of all followers of every account who are marked: a region, a niche, anything known of accounts.

    Parameters
    ----------
    graph : Graph
        The one `coverage` is about.
    coverage : Coverage
    marked : array_like, shape (n,), float
        1 or 0 of every account, NaN where unknown: who is unknown is left out of the sample, as if not loaded.
    measure : str
        Name of the number.

    Returns
    -------
    Scores
        With a 95 % interval, NaN with a reason where `Coverage.reason` has one. Exact where everything is loaded.

    Raises
    ------
    InputError
        Another number of values.

    Notes
    -----
    Assumes that `ASSUMPTION` holds. O(n + m).

    Examples
    --------
    >>> import pandas as pd
    >>> from kolgraph.graph import Graph
    >>> from kolgraph.influence.coverage import coverage
    >>> g = Graph.from_edges(["x", "y", "z"], ["ann", "ann", "ann"])
    >>> shown = pd.DataFrame({"followers": np.where(g.ids == "ann", 3.0, 0.0), "followings": 1.0})
    >>> found = audience_share(g, coverage(g, shown), g.ids == "x")
    >>> found.frame()[["share", "low", "high"]].iloc[0].round(3).tolist()
    [0.333, 0.333, 0.333]
    """
    mark = np.asarray(marked, dtype=np.float64)
    if mark.shape != (graph.n,):
        raise InputError(f"marked needs one value for each of {graph.n:,} accounts")
    src, dst = _follows(graph)
    told = ~np.isnan(mark[src])
    seen = np.bincount(dst[told], weights=mark[src[told]], minlength=graph.n)
    loaded = np.bincount(dst[told], minlength=graph.n)
    value, low, high = share_of_list(seen, loaded, np.maximum(coverage.size, loaded))
    reason = sampled_reason(coverage, coverage.reason)
    reason[missing(reason) & (loaded == 0)] = "nothing_known"
    return _scores(graph, measure, (value, low, high), reason, {"assumption": ASSUMPTION})


def ring_share(graph: Graph, coverage: Coverage, rings: Sequence[Rings], *, fake: ArrayLike | None = None) -> Scores:
    """Share of all followers of every account who are members of coordinated rings.

    Parameters
    ----------
    graph : Graph
        The one `coverage` is about.
    coverage : Coverage
    rings : sequence of Rings
        Of follows, of reposts, or both, as `find_rings` and `find_repost_rings` found them in what is loaded.
    fake : array_like, shape (n,), bool, optional
        Members that count as such; default: all of coordinated rings.

    Returns
    -------
    Scores
        ``ring_share`` with a 95 % interval; NaN with a reason where `Coverage.ring_reason` has one. It is what full
        lists would show: equal to it where everything is loaded.

    Notes
    -----
    Found members are too few by those whom the loaded part of their edges does not give away. That part is calibrated
    (`kolgraph.rings.power`), with its spread between rings, and enters estimate and interval. Followers who could not
    be seen in a ring at all (`Coverage.visible`) raise the upper end. A ring in reposts is not thinned by short
    follower lists. Assumes that `ASSUMPTION` holds. O(n + m).

    Examples
    --------
    >>> import pandas as pd
    >>> from kolgraph.graph import Graph
    >>> from kolgraph.influence.coverage import coverage
    >>> from kolgraph.rings import find_rings
    >>> rng = np.random.default_rng(1)
    >>> crowd = rng.integers(0, 900, (2, 4000))
    >>> bots, customers = np.nonzero(rng.random((40, 15)) < 0.6)
    >>> g = Graph.from_edges([*crowd[0], *(bots + 1000)], [*crowd[1], *customers])
    >>> shown = pd.DataFrame({"followers": g.incoming.degree.astype(float), "followings": g.outgoing.degree})
    >>> found = ring_share(g, coverage(g, shown), [find_rings(g, seed=1)])
    >>> bool(0.7 < found.top(1)["ring_share"].item() < 0.99)
    True
    """
    src, dst = _follows(graph)
    chance, at_target, doubt, ring, pushed = _recall(graph, coverage, rings)
    members = np.ones(graph.n, bool) if fake is None else np.asarray(fake, dtype=bool)
    if members.shape != (graph.n,):
        raise InputError(f"fake needs one value for each of {graph.n:,} accounts")
    n, hit = graph.n, (ring[src] >= 0) & members[src]
    src, dst = src[hit], dst[hit]
    # Who is seen at a target of the own ring is seen with one of the edges that give a member away.
    own = np.isin(ring[src] * n + dst, pushed)
    found = np.maximum(np.where(own, at_target[src], chance[src]), 1e-3)
    seen = np.bincount(dst, minlength=n)
    each, spread = _audience_recall(coverage, seen, dst, found, doubt[src])
    value, low, high = share_of_list(seen, coverage.followers, coverage.size, recall=each, spread=spread)
    high = np.minimum(high + (1 - coverage.visible), 1.0)
    reason = sampled_reason(coverage, coverage.ring_reason)
    facts = {
        "assumption": ASSUMPTION,
        "views": coverage.views,
        "rings": [found.run_id for found in rings],
        "fake": None if fake is None else digest(members),
        "coverage": coverage.run_id,
    }
    return _scores(graph, "ring_share", (value, low, high), reason, facts)


def _recall(
    graph: Graph, coverage: Coverage, rings: Sequence[Rings]
) -> tuple[F64, F64, F64, NDArray[np.int64], NDArray[np.int64]]:
    """Of every account: chance to be found as a member, the same at a target, its spread, and its ring (-1 for none).

    The last are the targets, as ``ring * n + row``.
    """
    import pandas as pd

    from kolgraph.rings.power import recall_of

    n, index = graph.n, pd.Index(graph.ids)
    miss, miss_there, doubt, ring_of = np.ones(n), np.ones(n), np.zeros(n), np.full(n, -1, np.int64)
    pushed = [np.empty(0, np.int64)]
    blocks = [(found.relation, ring) for found in rings for ring in found.rings if ring.verdict == "coordinated"]
    for number, (relation, ring) in enumerate(blocks):
        members = index.get_indexer(ring.members)
        members = members[members >= 0]
        if relation == "repost":
            rate = coverage.repost_rate
        else:
            targets = index.get_indexer(ring.targets)
            targets = targets[targets >= 0]
            size = np.fmax(coverage.size[targets], coverage.followers[targets])
            rate = float(coverage.followers[targets].sum() / max(size.sum(), 1.0))
            pushed.append(number * n + targets)
        known = recall_of(ring, rate, relation)
        # Found in two views: missed only where both miss, and as doubtful as the surer of the two.
        before = ring_of[members] >= 0
        doubt[members] = np.where(before, np.minimum(doubt[members], known.spread), known.spread)
        miss[members] *= 1 - known.member
        miss_there[members] *= 1 - (known.edge if relation == "follow" else known.member)
        ring_of[members] = number if relation == "follow" else np.where(before, ring_of[members], number)
    return 1 - miss, 1 - miss_there, doubt, ring_of, np.concatenate(pushed)


def _audience_recall(
    coverage: Coverage, seen: NDArray[np.int64], dst: NDArray[np.int32], found: F64, doubt: F64
) -> tuple[F64, F64]:
    """Recall of ring members among the followers of every account, and its spread."""
    from kolgraph.rings.power import recall_at

    # Where none was found, rings nobody knows of are looked for, in the view that shows most.
    if "repost" in coverage.views:
        usual = recall_at(coverage.repost_rate, "repost")
    else:
        usual = recall_at(coverage.follow_rate, "follow")
    n = seen.size
    # One found with a chance of a half stands for two.
    there, told = (np.bincount(dst, weights=part / found, minlength=n) for part in (np.ones(dst.size), doubt))
    recall = np.divide(seen, there, out=np.full(n, max(usual.member, 1e-3)), where=seen > 0)
    spread = np.divide(told, there, out=np.full(n, usual.spread), where=seen > 0)
    return np.minimum(recall, 1.0), spread


def sampled_reason(coverage: Coverage, reason: NDArray[np.object_]) -> NDArray[np.object_]:
    """Reasons, and ``newest_only`` where lists are newest first and more is shown than was loaded."""
    out = reason.copy()
    if coverage.order == "newest":
        out[missing(out) & (coverage.followers < np.nan_to_num(coverage.size, nan=np.inf))] = "newest_only"
    return out


def _scores(
    graph: Graph, measure: str, numbers: tuple[F64, F64, F64], reason: NDArray[np.object_], facts: dict[str, Any]
) -> Scores:
    unknown = ~missing(reason)
    value, low, high = (np.where(unknown, np.nan, part) for part in numbers)
    return Scores(
        measure=measure,
        ids=graph.ids,
        values=value,
        low=low,
        high=high,
        reason=reason,
        parameters=facts,
        graph=graph.fingerprint,
    )


def _follows(graph: Graph) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    src, dst, _ = graph.edges()
    other = src != dst
    return src[other], dst[other]
