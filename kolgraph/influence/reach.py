"""True influence: the real accounts that a post of each account reaches, for all accounts at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence.interval import wilson
from kolgraph.results import Scores

#: Its own stream of random numbers: independent of the samples a plan is made from.
STREAM = 3


def reach(graph: Graph, *, targets: NDArray[np.float64] | None = None, sets: int = 200_000, seed: int) -> Scores:
    """Expected number of real accounts that a post of each account reaches.

    Parameters
    ----------
    graph : Graph
        Follow edges, follower -> followed; influence flows back along them.
    targets : ndarray, shape (n,), float64, optional
        How much each account counts as reached: 0 for a ring member. Default 1 each.
    sets : int
        Random targets asked "who would have reached you?".
    seed : int

    Returns
    -------
    Scores
        ``reach`` in accounts, with a 95 % interval per account.

    Raises
    ------
    InputError
        Weights of the wrong size, negative, not finite, or all 0.

    Notes
    -----
    Independent cascade with p = 1 / (number of accounts the follower follows), or weight / out-strength. An account's
    reach is its share of reverse-reachable sets times the audience (Borgs et al., SODA 2014). O(sets x size of a set).

    Examples
    --------
    A hub whose followers follow nobody else reaches all of them and itself:

    >>> g = Graph.from_edges(["a", "b", "c"], ["hub", "hub", "hub"])
    >>> round(reach(g, sets=1000, seed=1).top(1)["reach"].item(), 6)
    4.0
    """
    from kolgraph.kernels.rrsets import sample_sets

    weights = np.ones(graph.n) if targets is None else np.asarray(targets, dtype=np.float64)
    if weights.shape != (graph.n,) or not (np.isfinite(weights) & (weights >= 0)).all() or weights.sum() <= 0:
        raise InputError(f"targets must be {graph.n} finite weights >= 0, not all 0; widen the audience")
    out = graph.outgoing
    _, members = sample_sets(out.ptr, out.idx, out.weights, out.strength, weights, sets, seed, STREAM)
    hits = np.bincount(members, minlength=graph.n)
    low, high = wilson(hits, sets)
    population = float(weights.sum())
    return Scores(
        parameters={"sets": sets, "population": population, "model": "independent cascade, weighted cascade"},
        seed=seed,
        graph=graph.fingerprint,
        measure="reach",
        ids=graph.ids,
        values=hits / sets * population,
        low=low * population,
        high=high * population,
    )
