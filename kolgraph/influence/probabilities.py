"""How likely a follower forwards a post: learnt from observed reposts, for want of them from how many it follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError

if TYPE_CHECKING:
    from kolgraph.graph import Graph

#: Edges on which the strength of the prior is estimated.
_SAMPLE = 200_000


@dataclass(frozen=True, kw_only=True)
class Probabilities:
    """A graph whose weights are probabilities, and what they were learnt from.

    Attributes
    ----------
    graph : Graph
        Edges of the graph that was given and every pair with a repost; the weight of an edge is the probability that
        its source forwards a post of its target.
    scale : float
        What the weighted cascade is multiplied with for ordinary accounts, so that it expects as many reposts of theirs
        as were observed; 1 where there were none.
    strength : float
        How many posts the prior of ordinary accounts counts for; infinite where there were no reposts of theirs.
    observed : float
        Share of the edges whose target has posts: those with evidence of their own.
    """

    graph: Graph
    scale: float = 1.0
    strength: float = float("inf")
    observed: float = 0.0


def learn_probabilities(
    graph: Graph,
    src: ArrayLike,
    dst: ArrayLike,
    taken: ArrayLike,
    posts: ArrayLike,
    *,
    fake: ArrayLike | None = None,
    followings: ArrayLike | None = None,
) -> Probabilities:
    """Estimate for every edge how likely its source forwards a post of its target.

    Parameters
    ----------
    graph : Graph
        Who follows whom; its weights do not count.
    src, dst : array_like, shape (r,), int
        Rows of who reposted directly from whom.
    taken : array_like, shape (r,)
        Different posts of `dst` that `src` reposted, >= 0.
    posts : array_like, shape (n,)
        Posts of every account, own ones and reposts, that others could have forwarded, >= 0.
    fake : array_like, shape (n,), bool, optional
        Accounts whose forwarding says nothing of that of others: what they are paid for is learnt apart.
    followings : array_like, shape (n,), optional
        How many accounts each follows as the platform shows, NaN where unknown: for a graph that holds a sample of all
        follows. Then reposts along pairs that are no edge count nothing, and make no edge: who forwarded is among the
        followers for certain, and no random sample of them.

    Returns
    -------
    Probabilities

    Raises
    ------
    InputError
        Lengths that differ, rows outside the graph, counts that are negative or not finite.

    Notes
    -----
    The posterior mean of a beta-binomial model, ``(strength * prior + taken) / (strength + posts)``; without any posts
    it is the prior. The prior of an edge is the weighted cascade, 1 / (number of accounts its source follows), times
    one scale for all; the strength is the most likely one on a sample of edges. O(n + m). Weighted cascade: Kempe,
    Kleinberg & Tardos (2003); frequencies: Goyal, Bonchi & Lakshmanan (2010).

    A loop is kept, and plays no part in any cascade.

    Examples
    --------
    Ann posted 10 times, of which bob forwarded 9 and cai none:

    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["bob", "cai"], ["ann", "ann"])
    >>> found = learn_probabilities(g, g.rows(["bob"]), g.rows(["ann"]), [9], [0, 0, 10])
    >>> found.scale, [round(float(p), 2) for p in found.graph.incoming.weights]
    (0.45, [0.88, 0.02])
    """
    from kolgraph.graph import CSR, Graph

    a, b, k, n_posts, fakes = _checked(graph, src, dst, taken, posts, fake)
    follower, followed, _ = graph.edges()
    if followings is not None:
        loaded = np.isin(a.astype(np.int64) * graph.n + b, follower.astype(np.int64) * graph.n + followed)
        a, b, k = a[loaded], b[loaded], k[loaded]
    # Pairs are summed when a graph is built: one build makes the union and says what was taken along each edge.
    union = Graph.from_rows(
        np.concatenate([follower, a]),
        np.concatenate([followed, b]),
        np.concatenate([np.zeros(graph.m, np.float32), k.astype(np.float32)]),
        graph.id_table,
    )
    source, target, count = union.edges()
    follows = np.maximum(np.bincount(source, minlength=graph.n), 1.0)
    if followings is not None:
        follows = np.fmax(follows, np.asarray(followings, dtype=np.float64))
    p = 1.0 / follows[source]
    seen = np.maximum(n_posts[target], count)  # nobody forwards more posts than there are
    scale, strength = 1.0, float("inf")
    for kind in (True, False):
        rows = np.flatnonzero(fakes[source] == kind)
        scale, strength = _fit(p[rows], count[rows], seen[rows])
        prior = np.minimum(p[rows] * scale, 1.0)
        p[rows] = prior if np.isinf(strength) else (strength * prior + count[rows]) / (strength + seen[rows])
    learnt = Graph(CSR(union.incoming.ptr, union.incoming.idx, p.astype(np.float32)), graph.id_table)
    observed = float(np.mean(seen > 0)) if union.m else 0.0
    return Probabilities(graph=learnt, scale=scale, strength=strength, observed=observed)


def _fit(prior: NDArray[np.float64], count: NDArray[np.float32], seen: NDArray[np.float64]) -> tuple[float, float]:
    """Scale and strength of a prior."""
    expected, evidence = float((seen * prior).sum()), float(count.sum())
    if not (expected > 0 and evidence > 0):
        return 1.0, float("inf")
    scale = evidence / expected
    return scale, _strength(np.minimum(prior * scale, 1.0), count, seen)


def _strength(prior: NDArray[np.float64], taken: NDArray[np.float32], posts: NDArray[np.float64]) -> float:
    """The number of posts a prior counts for that makes what was observed most likely."""
    from scipy.optimize import minimize_scalar
    from scipy.special import betaln

    rows = np.flatnonzero((posts > 0) & (prior < 1))
    if rows.size > _SAMPLE:
        rows = rows[np.linspace(0, rows.size - 1, _SAMPLE).astype(np.int64)]
    if not rows.size:
        return 1.0
    # A prior of 1 - 1e-9 and the like would ask for parameters that are 0.
    mean, k, n = np.clip(prior[rows], 1e-9, 1 - 1e-9), taken[rows].astype(np.float64), posts[rows]

    def loss(log_strength: float) -> float:
        a, b = np.exp(log_strength) * mean, np.exp(log_strength) * (1 - mean)
        return -float((betaln(a + k, b + n - k) - betaln(a, b)).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.1), np.log(1e4)), method="bounded").x))


def _checked(
    graph: Graph, src: ArrayLike, dst: ArrayLike, taken: ArrayLike, posts: ArrayLike, fake: ArrayLike | None
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    a, b = np.asarray(src, dtype=np.int32), np.asarray(dst, dtype=np.int32)
    k, n = np.asarray(taken, dtype=np.float64), np.asarray(posts, dtype=np.float64)
    fakes = np.zeros(graph.n, bool) if fake is None else np.asarray(fake, dtype=bool)
    if not a.shape == b.shape == k.shape == (a.size,) or not n.shape == fakes.shape == (graph.n,):
        raise InputError(f"src, dst and taken must be equally long, and posts and fake must be {graph.n:,} values")
    if a.size and not (min(a.min(), b.min()) >= 0 and max(a.max(), b.max()) < graph.n):
        raise InputError(f"row numbers must lie from 0 to {graph.n - 1}")
    if not all((np.isfinite(x) & (x >= 0)).all() for x in (k, n)):
        raise InputError("taken and posts must be finite numbers >= 0")
    return a, b, k, n, fakes
