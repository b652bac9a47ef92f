"""True influence: the real accounts that a post of each account reaches, for all accounts at once."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence.interval import wilson
from kolgraph.results import Scores

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


def digest(weights: NDArray[np.float64]) -> str:
    """Whom an answer is about, in a few letters: other audience, other text."""
    return hashlib.blake2b(weights.tobytes(), digest_size=8).hexdigest()


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
        Weights of the wrong size, negative, not finite, or all 0; no set at all.

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
    from kolgraph.kernels.rrsets import count_members

    weights = audience(graph, targets)
    if sets < 1:
        raise InputError(f"a sample needs at least one set, not {sets}")
    out = graph.outgoing
    hits = count_members(out.ptr, out.idx, out.weights, out.strength, weights, sets, seed, STREAM)
    share = hits / sets
    low, high = wilson(hits, sets)
    population = float(weights.sum())
    return Scores(
        parameters={
            "sets": sets,
            "population": population,
            "targets": digest(weights),
            "model": "independent cascade, weighted cascade",
        },
        seed=seed,
        graph=graph.fingerprint,
        measure="reach",
        ids=graph.ids,
        values=share * population,
        low=np.minimum(low, share) * population,  # rounding leaves the limits of 0 and 1 a hair inside
        high=np.maximum(high, share) * population,
    )
