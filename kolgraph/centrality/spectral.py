"""Measures that look at whom the neighbours are: HITS, Katz, eigenvector, LeaderRank."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kolgraph.errors import AnalysisError, InputError, UnknownName
from kolgraph.results import Scores

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from kolgraph.graph import Graph

    F64 = NDArray[np.float64]

#: Steps of the iterations before they are given up.
_STEPS = 10_000
#: Below so many rows dense linear algebra is as fast, and knows no special cases.
_SMALL = 20


def hits(graph: Graph, *, kind: Literal["authority", "hub"] = "authority") -> Scores:
    """Authorities are acted on by good hubs; hubs act on good authorities (follow the right ones).

    Parameters
    ----------
    graph : Graph
        Weights count; they are not negative.
    kind : {"authority", "hub"}

    Returns
    -------
    Scores
        Measure ``authority`` or ``hub``: from 0 to 1, the largest is 1. Only the densest part of a graph has scores
        above 0; where two parts are equally dense, which one is arbitrary.

    Raises
    ------
    UnknownName
        Another kind.

    Notes
    -----
    The first singular vectors, by Lanczos (ARPACK): O(n + m) per step. Kleinberg (1999).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["cai", "bob", "dee"], ["ann", "ann", "bob"])
    >>> hits(g).frame()["authority"].round(6).to_dict()
    {'ann': 1.0, 'bob': 0.0, 'cai': 0.0, 'dee': 0.0}
    """
    if kind not in ("authority", "hub"):
        raise UnknownName.among("kind", kind, ("authority", "hub"))
    if not graph.incoming.strength.any():
        return _scores(graph, kind, np.zeros(graph.n), {})
    matrix = _matrix(graph, weighted=True)
    if graph.n < _SMALL:
        left, _, right = np.linalg.svd(matrix.toarray())
    else:
        from scipy.sparse.linalg import svds

        left, _, right = svds(matrix, k=1, v0=np.ones(graph.n))
    values = np.abs(left[:, 0] if kind == "authority" else right[0])
    return _scores(graph, kind, values / values.max(), {})


def katz(graph: Graph, *, attenuation: float = 0.85, weighted: bool = True) -> Scores:
    """How many walks lead to an account, longer ones counting less: followers, their followers, and so on.

    Parameters
    ----------
    graph : Graph
        An edge is a step from the account that acts to the account acted on.
    attenuation : float
        What a step keeps, as a share of the most that leaves the sums finite, ``0 < attenuation < 1``.
    weighted : bool
        Count an edge by its weight.

    Returns
    -------
    Scores
        Measure ``katz``: at least 1, which is the account itself.

    Raises
    ------
    InputError
        Attenuation out of range.
    AnalysisError
        Not converged.

    Notes
    -----
    O(n + m) per step. The most is 1 / spectral radius; for a graph without cycles, where everything is finite, 1 is
    taken. Katz (1953).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> katz(Graph.from_edges(["cai", "bob"], ["bob", "ann"]), attenuation=0.5).frame()["katz"].to_dict()
    {'ann': 1.75, 'bob': 1.5, 'cai': 1.0}
    """
    if not 0 < attenuation < 1:
        raise InputError(f"attenuation must lie in (0, 1), not {attenuation}")
    matrix = _matrix(graph, weighted=weighted)
    keeps = attenuation / (_radius(matrix) or 1.0)
    values = _settle(lambda x: 1 + keeps * (matrix @ x), np.ones(graph.n), "Katz centrality")
    return _scores(graph, "katz", values, {"attenuation": attenuation, "weighted": weighted})


def eigenvector(graph: Graph, *, weighted: bool = True, tol: float = 1e-10, max_iter: int = 10_000) -> Scores:
    """An account is worth the sum of what those who act on it are worth, up to a common factor.

    Parameters
    ----------
    graph : Graph
        Edges from the account that acts to the account acted on.
    weighted : bool
        Count an edge by its weight.
    tol : float
        Stop when no value moves by more than this part of the largest, > 0.
    max_iter : int
        Steps after which to give up, at least 1.

    Returns
    -------
    Scores
        Measure ``eigenvector``: from 0 to 1, the largest is 1. Only the part of a graph whose cycles weigh most, and
        what it acts on directly or through others, has values above 0. Parts that are equally strong, and apart, share
        as they would if all had started alike.

    Raises
    ------
    InputError
        An option out of range.
    AnalysisError
        A graph without cycles, where every value is 0; or not converged: two parts are (almost) equally strong, and one
        acts on the other.

    Notes
    -----
    O(n + m) per step: power iteration from equal values, on the matrix with a quarter of its growth added to the
    diagonal, so that cycles of one length do not swing. Bonacich (1987).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["ann", "bob", "bob", "cai"], ["bob", "ann", "cai", "ann"])
    >>> eigenvector(g).frame()["eigenvector"].round(3).to_dict()
    {'ann': 1.0, 'bob': 0.755, 'cai': 0.57}
    """
    if not tol > 0:
        raise InputError(f"tol must be above 0, not {tol}")
    if max_iter < 1:
        raise InputError(f"max_iter must be at least 1, not {max_iter}")
    matrix = _matrix(graph, weighted=weighted)
    if not _has_cycles(matrix):
        raise AnalysisError("no chain of edges leads back to where it began: eigenvector centrality is 0, ask for katz")

    def step(x: F64) -> F64:
        ahead: F64 = matrix @ x
        ahead += ahead.sum() / x.sum() / 4 * x
        ahead /= ahead.max()
        return ahead

    values = _settle(step, np.ones(graph.n), "Eigenvector centrality", tol=tol, steps=max_iter)
    return _scores(graph, "eigenvector", values, {"weighted": weighted, "tol": tol})


def leader_rank(graph: Graph, *, weighted: bool = True) -> Scores:
    """PageRank without a damping to choose: everybody also follows, and is followed by, one ground account.

    Parameters
    ----------
    graph : Graph
        Edges from the account that acts to the account acted on; the ties to the ground weigh 1.
    weighted : bool
        Split a vote by weight; False splits it evenly.

    Returns
    -------
    Scores
        Measure ``leader_rank``; values add up to n: what the ground holds at the end is shared by all alike.

    Raises
    ------
    AnalysisError
        Not converged.

    Notes
    -----
    O(n + m) per step. Accounts that follow few give more to the ground, so spammers count less than in PageRank.
    Lü, Zhang, Yeung & Zhou (2011).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> leader_rank(Graph.from_edges(["bob", "cai"], ["ann", "ann"])).frame()["leader_rank"].round(3).to_dict()
    {'ann': 1.286, 'bob': 0.857, 'cai': 0.857}
    """
    n = graph.n
    if not n:
        return _scores(graph, "leader_rank", np.zeros(0), {"weighted": weighted})
    matrix = _matrix(graph, weighted=weighted)
    split = 1 / (1 + np.asarray(matrix.sum(axis=0)).ravel())

    def step(x: F64) -> F64:
        sent = x[:n] * split
        moved: F64 = np.append(matrix @ sent + x[n] / n, sent.sum())
        moved += x
        return moved / 2  # half a step: else a graph in two layers swings for ever

    x = _settle(step, np.append(np.ones(n), 0.0), "LeaderRank")
    return _scores(graph, "leader_rank", x[:n] + x[n] / n, {"weighted": weighted})


def _matrix(graph: Graph, *, weighted: bool) -> sp.csr_matrix:
    """Rows of those acted on: ``matrix @ x`` gives everybody the sum over those who act on it."""
    import scipy.sparse as sp

    ptr, idx, _ = graph.incoming
    has_weights = weighted and graph.incoming.weight is not None
    values = graph.incoming.weights.astype(np.float64) if has_weights else np.ones(graph.m)
    return sp.csr_matrix((values, idx, ptr), shape=(graph.n, graph.n))


def _has_cycles(matrix: sp.csr_matrix) -> bool:
    """Whether some cycle, or loop, has weight."""
    from scipy.sparse.csgraph import connected_components

    matrix = matrix.copy()
    matrix.eliminate_zeros()
    parts, _ = connected_components(matrix, directed=True, connection="strong")
    return bool(parts < matrix.shape[0] or matrix.diagonal().any())


def _radius(matrix: sp.csr_matrix) -> float:
    """Largest eigenvalue: that of one of the strongly connected parts; 0 where no cycle has weight."""
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import ArpackError, eigs

    cells = matrix.tocoo()
    matrix = matrix[:]
    matrix.eliminate_zeros()
    _, part = connected_components(matrix, directed=True, connection="strong")
    inside = part[cells.row] == part[cells.col]
    sums = np.bincount(cells.row[inside], weights=cells.data[inside], minlength=part.size)
    most, bounds = 0.0, np.zeros(part.size)  # no part has more than its largest row sum
    np.maximum.at(bounds, part, sums)
    order = np.argsort(part, kind="stable")
    starts = np.searchsorted(part[order], np.arange(part.size + 1))
    for label in np.argsort(-bounds, kind="stable"):
        if bounds[label] <= most:
            break
        rows = order[starts[label] : starts[label + 1]]
        block = matrix[rows][:, rows]
        if rows.size < _SMALL:
            found = np.abs(np.linalg.eigvals(block.toarray())).max()
        else:
            try:
                found = np.abs(eigs(block, k=1, which="LR", v0=np.ones(rows.size), return_eigenvectors=False)[0])
            except ArpackError as error:
                raise AnalysisError(f"the spectral radius was not found: {error}") from None
        most = max(most, float(found))
    return most


def _settle(step: Callable[[F64], F64], x: F64, name: str, *, tol: float = 1e-10, steps: int = _STEPS) -> F64:
    """Repeat a step until nothing moves by more than a small part of the largest value."""
    for _ in range(steps):
        ahead = step(x)
        moved = float(np.abs(ahead - x).max(initial=0))
        x = ahead
        if moved <= tol * float(np.abs(x).max(initial=0)):
            return x
    raise AnalysisError(f"{name} did not settle in {steps:,} steps: the graph is too loosely tied")


def _scores(graph: Graph, measure: str, values: F64, options: dict[str, Any]) -> Scores:
    return Scores(measure=measure, ids=graph.ids, values=values, parameters=options, graph=graph.fingerprint)
