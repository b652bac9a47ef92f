"""True influence: the real accounts that a post of each account reaches, for all accounts at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence.interval import wilson
from kolgraph.results import Scores, digest

#: Least number of sets: the interval of an account that reaches 1 % of the audience is then within 5 % of it.
SETS = 200_000
#: Its own stream of random numbers: independent of the samples a plan is made from.
STREAM = 3


def audience(graph: Graph, targets: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Check target weights; None means that every account counts 1.

    Raises
    ------
    InputError
        Weights of the wrong size, negative, not finite (or not in sum), or all 0.
    """
    weights = np.ones(graph.n) if targets is None else np.asarray(targets, dtype=np.float64)
    if weights.shape != (graph.n,):
        raise InputError(f"targets must be {graph.n} weights, one per account, not {weights.shape}")
    # So that their sum is finite too.
    if not ((weights >= 0) & (weights <= np.finfo(np.float64).max / max(graph.n, 1))).all():
        raise InputError("targets must be finite weights >= 0")
    if weights.sum() <= 0:
        raise InputError("no account counts: all targets are 0; widen the audience")
    return weights


def reach(
    graph: Graph,
    *,
    targets: NDArray[np.float64] | None = None,
    probabilities: bool = False,
    sets: int | None = None,
    seed: int,
) -> Scores:
    """Expected number of real accounts that a post of each account reaches.

    Parameters
    ----------
    graph : Graph
        Follow edges, follower -> followed; influence flows back along them.
    targets : ndarray, shape (n,), float64, optional
        How much each account counts as reached: 0 for a ring member. Default 1 each.
    probabilities : bool
        The weights are the chance that a follower forwards a post, from 0 to 1, as `learn_probabilities` finds them.
        Default: weight / out-strength, that is 1 / (number of accounts the follower follows).
    sets : int, optional
        Random targets asked "who would have reached you?"; default 5 per account, and at least 200,000.
    seed : int

    Returns
    -------
    Scores
        ``reach`` in accounts, the account itself among them, with a 95 % interval per account.

    Raises
    ------
    InputError
        Target weights of the wrong size, negative, not finite, or all 0; a probability above 1; no set at all.

    Notes
    -----
    Independent cascade (Kempe, Kleinberg & Tardos, KDD 2003). The account itself and its followers are added up
    exactly; those reached through others are its share of reverse-reachable sets times the audience (Borgs et al., SODA
    2014), with the interval of Wilson (1927). O(m + sets x edges of a set).

    Examples
    --------
    A hub whose followers follow nobody else reaches all of them and itself:

    >>> g = Graph.from_edges(["a", "b", "c"], ["hub", "hub", "hub"])
    >>> round(reach(g, sets=1000, seed=1).top(1)["reach"].item(), 6)
    4.0
    """
    from kolgraph.kernels.rrsets import count_members

    weights, sets = audience(graph, targets), max(SETS, 5 * graph.n) if sets is None else sets
    if sets < 1:
        raise InputError(f"a sample needs at least one set, not {sets}")
    out = graph.outgoing
    strength = np.ones(graph.n) if probabilities else out.strength
    if probabilities and out.weights.size and out.weights.max() > 1:
        raise InputError("a weight above 1 is no probability; leave out probabilities=True")
    certain = weights + _one_step(graph, weights, strength)
    hits = count_members(out.ptr, out.idx, out.weights, strength, weights, sets, seed, STREAM)
    low, high = wilson(hits, sets)
    population = float(weights.sum())
    share = hits / sets
    # Nobody is reached through others where no follower has followers; and nobody more than everybody.
    low, high = (certain + np.where(_further(graph), limit, 0) * population for limit in (low, high))
    values = np.minimum(certain + share * population, population)
    return Scores(
        parameters={
            "sets": sets,
            "population": population,
            "targets": digest(weights),
            "model": "independent cascade, " + ("given probabilities" if probabilities else "weighted cascade"),
        },
        seed=seed,
        graph=graph.fingerprint,
        measure="reach",
        ids=graph.ids,
        values=values,
        low=np.minimum(low, values),  # rounding leaves the limits of 0 and 1 a hair inside
        high=np.minimum(np.maximum(high, values), population),
    )


def _one_step(graph: Graph, weights: NDArray[np.float64], strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected weight of the followers that an account reaches by itself."""
    src, dst, weight = graph.edges()
    p = np.divide(weight, strength[src], out=np.zeros(graph.m), where=strength[src] > 0)
    moved = np.where(src != dst, p * weights[src], 0)
    return np.bincount(dst, weights=moved, minlength=graph.n).astype(np.float64, copy=False)


def _further(graph: Graph) -> NDArray[np.bool_]:
    """Whose followers have followers of their own."""
    src, dst, _ = graph.edges()
    return np.bincount(dst, weights=(graph.incoming.degree > 0)[src], minlength=graph.n) > 0
