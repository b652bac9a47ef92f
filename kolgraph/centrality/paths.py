"""Closeness and betweenness: who is near everybody, and through whom the shortest paths lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kolgraph.errors import InputError
from kolgraph.results import Scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kolgraph.graph import Graph

#: Samples of sources are drawn in so many groups: how much these differ tells the error.
_GROUPS = 10
#: 97.5 % quantile of Student's t with nine degrees of freedom.
_T9 = 2.2622


def harmonic(graph: Graph, *, exact: int = 1000, registers: int = 64, seed: int = 1) -> Scores:
    """How near an account is to all others: the sum of 1 / distance, over all accounts from which a path leads to it.

    Parameters
    ----------
    graph : Graph
        Distances are counted in edges, towards the account: an account followed is at distance 1 from its followers.
        Loops and weights do not count; an edge of weight 0 is an edge.
    exact : int
        So many accounts with the highest estimates are measured exactly, and as many drawn at random; all, if there are
        no more. At least 40.
    registers : int
        Of the estimate, a power of 2 from 16 to 4096.
    seed : int
        Of the estimate and the draw.

    Returns
    -------
    Scores
        Measure ``harmonic``: from 0 to n - 1, with intervals where it is estimated: they held for 95 % of those drawn.

    Raises
    ------
    InputError
        An option out of range.

    Notes
    -----
    O((n + m) registers + exact / 32 (n + m)) per step of distance, in parallel; 2 n registers bytes. Estimates of one
    graph err in common by 10 % and more; they are scaled so that they are right for those drawn. Marchiori & Latora
    (2000); Boldi & Vigna (2013).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> harmonic(Graph.from_edges(["cai", "bob"], ["bob", "ann"])).frame()["harmonic"].to_dict()
    {'ann': 1.5, 'bob': 1.0, 'cai': 0.0}
    """
    if exact < 40:
        raise InputError(f"exact must be at least 40, not {exact}")
    if registers not in {2**k for k in range(4, 13)}:
        raise InputError(f"registers must be a power of 2 from 16 to 4096, not {registers}")
    from kolgraph.kernels.harmonic import harmonic_estimates, harmonic_exact

    ptr, idx, _ = graph.incoming
    options = {"exact": exact, "registers": registers}
    if exact >= graph.n:
        values = harmonic_exact(ptr, idx, np.arange(graph.n))
        return Scores(measure="harmonic", ids=graph.ids, values=values, parameters=options, graph=graph.fingerprint)
    guess = harmonic_estimates(ptr, idx, registers, seed)
    first, drawn = np.argsort(-guess, kind="stable")[:exact], _drawn(np.flatnonzero(guess), exact, seed)
    rows = np.union1d(first, drawn)
    measured = harmonic_exact(ptr, idx, rows)
    right = np.sort(measured[np.isin(rows, drawn)] / guess[drawn]) if drawn.size else np.ones(1)
    cut = max(int(0.025 * (right.size + 1)), 1)
    # Followers are at distance 1: a sum below their number is a counter that two of them share.
    near = (graph.incoming.degree - _loops(graph)).astype(np.float64)
    low, values, high = (np.maximum(guess * r, near) for r in (right[cut - 1], np.median(right), right[-cut]))
    for kind in (values, low, high):
        kind[rows] = measured
    return Scores(
        measure="harmonic",
        ids=graph.ids,
        values=values,
        low=low,
        high=high,
        parameters=options,
        seed=seed,
        graph=graph.fingerprint,
    )


def _drawn(rows: NDArray[np.int64], k: int, seed: int) -> NDArray[np.int64]:
    """At most k rows drawn alike, in order."""
    return np.sort(np.random.default_rng(seed).choice(rows, min(k, rows.size), replace=False))


def _loops(graph: Graph) -> NDArray[np.int64]:
    """Loops of every account, shape (n,)."""
    src, dst, _ = graph.edges()
    return np.bincount(src[src == dst], minlength=graph.n)


def betweenness(graph: Graph, *, sources: int | None = None, seed: int = 1) -> Scores:
    """How many shortest paths between two other accounts lead through an account: who sits between groups.

    Parameters
    ----------
    graph : Graph
        Distances are counted in edges along their direction. Loops and weights do not count.
    sources : int, optional
        Start only from so many accounts drawn at random, at least 20, and scale up. By default from all: exact.
    seed : int
        Of the draw.

    Returns
    -------
    Scores
        Measure ``betweenness``: sums over ordered pairs of the share of shortest paths that lead through the account;
        with 95 % intervals where sources are drawn.

    Raises
    ------
    InputError
        Fewer than 20 sources.

    Notes
    -----
    O(n m), or O(sources (n + m)), in igraph. The interval is that of the mean of ten groups of sources; for accounts
    through which few sources lead it is too narrow. Freeman (1977); Brandes & Pich (2007).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> betweenness(Graph.from_edges(["cai", "bob"], ["bob", "ann"])).frame()["betweenness"].to_dict()
    {'bob': 1.0, 'ann': 0.0, 'cai': 0.0}
    """
    if sources is not None and sources < 2 * _GROUPS:
        raise InputError(f"sources must be at least {2 * _GROUPS}, not {sources}")
    peer = graph.to_igraph()
    if sources is None or sources >= graph.n:
        values = np.array(peer.betweenness(directed=True), dtype=np.float64)
        return Scores(
            measure="betweenness",
            ids=graph.ids,
            values=values,
            parameters={"sources": None},
            graph=graph.fingerprint,
        )
    drawn = np.random.default_rng(seed).choice(graph.n, sources, replace=False)
    groups = np.array_split(drawn, _GROUPS)
    means = [np.array(peer.betweenness(directed=True, sources=g.tolist())) * graph.n / g.size for g in groups]
    values = np.average(means, axis=0, weights=[g.size for g in groups])
    spread = _T9 * np.std(means, axis=0, ddof=1) / np.sqrt(_GROUPS) * np.sqrt(1 - sources / graph.n)
    return Scores(
        measure="betweenness",
        ids=graph.ids,
        values=values,
        low=np.maximum(values - spread, 0),
        high=values + spread,
        parameters={"sources": sources},
        seed=seed,
        graph=graph.fingerprint,
    )
