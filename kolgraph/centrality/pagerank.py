"""PageRank: an account matters if accounts that matter act on it, and act on few others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import AnalysisError, InputError, UnknownAccount
from kolgraph.results import Result, Scores

if TYPE_CHECKING:
    import pandas as pd

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
    _check(damping, tol, max_iter)
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


@dataclass(frozen=True, kw_only=True)
class PersonalPageRanks(Result):
    """PageRank as seen from each of several accounts.

    Attributes
    ----------
    accounts : ndarray of str, shape (k,)
        From where.
    ids : ndarray of str, shape (n,)
    values : ndarray of float64, shape (k, n)
        Rows add up to 1.
    """

    analysis: ClassVar[str] = "personal_pageranks"
    accounts: NDArray[np.object_]
    ids: NDArray[np.object_]
    values: NDArray[np.float64]

    def frame(self) -> pd.DataFrame:
        """Indexed by account id, one column per account from which it is seen."""
        import pandas as pd

        index = pd.Index(self.ids, name="account_id")
        return pd.DataFrame(self.values.T, index=index, columns=pd.Index(self.accounts, name="seen_from"))

    def top(self, account: str, k: int) -> pd.Series[float]:
        """The k others that matter most to an account, best first; equal values in order of id."""
        import pandas as pd

        found = np.flatnonzero(self.accounts == account)
        if not found.size:
            raise UnknownAccount.among([account], "the accounts that were asked about")
        order = np.lexsort((self.ids.astype(str), -self.values[found[0]]))
        order = order[self.ids[order] != account][:k]
        return pd.Series(self.values[found[0], order], pd.Index(self.ids[order], name="account_id"), name=account)


def personal_pageranks(
    graph: Graph,
    accounts: Sequence[str],
    *,
    damping: float = 0.85,
    tol: float = 1e-6,
    max_iter: int = 1000,
    weighted: bool = True,
) -> PersonalPageRanks:
    """Share of a surfer's time on every account, if the surfer starts anew at one account only; for each of several.

    Parameters
    ----------
    graph : Graph
        Edges from the account that acts to the account acted on: a repost or a follow is a vote for its target.
    accounts : sequence of str
        Different ids: where to start.
    damping : float
        Chance to follow an edge rather than to start anew, ``0 <= damping < 1``.
    tol : float
        Largest L1 distance of each answer to the exact one, > 0.
    max_iter : int
        Sweeps after which to give up, at least 1.
    weighted : bool
        Split a vote by weight; False splits it evenly.

    Returns
    -------
    PersonalPageRanks
        What `pagerank` gives with each account alone as `restart`.

    Raises
    ------
    InputError
        An option out of range, or an account twice.
    UnknownAccount
        An account that is not in the graph.
    AnalysisError
        Not converged after `max_iter` sweeps.

    Notes
    -----
    Time O(n + m) per account and sweep, for 32 accounts side by side, in parallel; memory 8 k n bytes. Haveliwala
    (2002).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["0", "1", "0"], ["1", "2", "2"])
    >>> personal_pageranks(g, ["0", "1"]).top("0", 2).round(3).to_dict()
    {'2': 0.356, '1': 0.192}
    """
    _check(damping, tol, max_iter)
    from kolgraph.kernels.personal import personal_pageranks as kernel

    rows = graph.rows(accounts).astype(np.int64)
    if np.unique(rows).size < rows.size:
        raise InputError("an account is named twice; name each once")
    ptr, idx, _ = graph.incoming
    weights = graph.incoming.weights if weighted else np.empty(0, np.float32)
    values, _, residual = kernel(ptr, idx, weights, rows, damping, tol, max_iter)
    if (residual > tol).any():
        raise AnalysisError(
            f"{int((residual > tol).sum())} of {rows.size} answers are not within {tol:.1e} after {max_iter} sweeps:"
            " raise max_iter or tol"
        )
    options = {"accounts": [str(i) for i in accounts], "damping": damping, "tol": tol, "weighted": weighted}
    return PersonalPageRanks(
        accounts=graph.ids[rows], ids=graph.ids, values=values, parameters=options, graph=graph.fingerprint
    )


def _check(damping: float, tol: float, max_iter: int) -> None:
    if not 0 <= damping < 1:
        raise InputError(f"damping must lie in [0, 1), not {damping}")
    if not tol > 0:
        raise InputError(f"tol must be above 0, not {tol}")
    if max_iter < 1:
        raise InputError(f"max_iter must be at least 1, not {max_iter}")


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
