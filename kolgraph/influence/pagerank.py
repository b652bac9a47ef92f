"""PageRank: an account matters if accounts that matter act on it, and act on few others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import AnalysisError, InputError
from kolgraph.results import Scores

if TYPE_CHECKING:
    from kolgraph.graph import Graph


def pagerank(
    graph: Graph,
    *,
    damping: float = 0.85,
    tol: float = 1e-9,
    max_iter: int = 1000,
    weighted: bool = True,
    restart: Mapping[str, float] | None = None,
) -> Scores:
    """Share of a random surfer's time on every account, if the surfer walks from followers to those they follow.

    Parameters
    ----------
    graph : Graph
        Edges from the account that acts to the account acted on: a repost or a follow is a vote for its target.
    damping : float
        Chance to follow an edge rather than to start anew, ``0 <= damping < 1``.
    tol : float
        Largest L1 distance to the exact answer, > 0.
    max_iter : int
        Iterations after which to give up, at least 1.
    weighted : bool
        Split a vote by weight; False splits it evenly.
    restart : mapping of account id to weight, optional
        Where to start anew: PageRank as seen from these accounts. Default: anywhere alike.

    Returns
    -------
    Scores
        Measure ``pagerank``; values add up to 1.

    Raises
    ------
    InputError
        An option out of range, or restart weights that are negative or all 0.
    UnknownAccount
        A restart account that is not in the graph.
    AnalysisError
        Not converged after `max_iter` iterations.

    Notes
    -----
    Time O(n + m) per iteration, in parallel; about ln(tol) / ln(damping) iterations at worst. Accounts that act on
    nobody, or with weight 0 only, pass their score to the restart accounts, as in igraph and networkx. Page, Brin,
    Motwani & Winograd (1999).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["0", "1", "0"], ["1", "2", "2"])
    >>> pagerank(g).frame()["pagerank"].round(3).to_dict()
    {'2': 0.521, '1': 0.282, '0': 0.198}
    """
    if not 0 <= damping < 1:
        raise InputError(f"damping must lie in [0, 1), not {damping}")
    if not tol > 0:
        raise InputError(f"tol must be above 0, not {tol}")
    if max_iter < 1:
        raise InputError(f"max_iter must be at least 1, not {max_iter}")
    from kolgraph.kernels.rank import pagerank as kernel

    ptr, idx, _ = graph.incoming
    weights = graph.incoming.weights if weighted else np.empty(0, np.float32)
    values, iterations, residual = kernel(ptr, idx, weights, _restart(graph, restart), damping, tol, max_iter)
    if residual > tol:
        raise AnalysisError(
            f"PageRank is within {residual:.1e} of its answer after {iterations} iterations, not within {tol:.1e}:"
            " raise max_iter or tol"
        )
    start = None if restart is None else {str(i): float(w) for i, w in restart.items()}
    options = {"damping": damping, "tol": tol, "weighted": weighted, "restart": start}
    return Scores(measure="pagerank", ids=graph.ids, values=values, parameters=options, graph=graph.fingerprint)


def _restart(graph: Graph, weights: Mapping[str, float] | None) -> NDArray[np.float64]:
    """The restart vector, shape (n,), which adds up to 1."""
    if weights is None:
        return np.full(graph.n, 1 / max(graph.n, 1))
    share = np.array(list(weights.values()), dtype=np.float64)
    if not (np.isfinite(share) & (share >= 0)).all() or share.sum() <= 0:
        raise InputError("restart weights must be finite numbers >= 0, and one of them above 0")
    out = np.zeros(graph.n)
    out[graph.rows(weights)] = share / share.sum()
    return out
