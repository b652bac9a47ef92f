"""Audiences: who follows several accounts at once, how many they reach together, and who has a similar audience."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.results import Result, Scores, digest

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph


@dataclass(frozen=True, kw_only=True)
class Audiences(Result):
    """The audiences of some accounts, and what they share.

    Attributes
    ----------
    ids : ndarray of str, shape (k,)
    shared : ndarray of float64, shape (k, k)
        Accounts that act on both; on the diagonal the whole audience.
    alone : ndarray of float64, shape (k,)
        Accounts that act on this one and on no other of the k.
    union : float
        Accounts that act on any of them, each counted once.
    """

    analysis: ClassVar[str] = "audiences"
    ids: NDArray[np.object_]
    shared: NDArray[np.float64]
    alone: NDArray[np.float64]
    union: float

    def summary(self) -> dict[str, Any]:
        """Together, and how often somebody is paid for more than once."""
        paid = float(np.trace(self.shared))
        return {"unique_reach": self.union, "summed": paid, "duplication": paid / self.union if self.union else 0.0}

    def frame(self) -> pd.DataFrame:
        """One row per account, as they were named: audience, what only this one brings, and its share."""
        import pandas as pd

        size = np.diag(self.shared)
        share = np.divide(self.alone, size, out=np.zeros_like(size), where=size > 0)
        columns = {"audience": size, "alone": self.alone, "alone_share": share}
        return pd.DataFrame(columns, index=pd.Index(self.ids, name="account_id"))

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        size = np.diag(self.shared)
        rows = zip(self.ids.tolist(), size.tolist(), self.alone.tolist(), strict=True)
        return [
            {"account_id": i, "audience": n, "alone": alone, "alone_share": alone / n if n else 0.0}
            for i, n, alone in rows
        ][:top]

    def pairs(self) -> pd.DataFrame:
        """One row per pair, most shared first: accounts in both, as a share of either, and of both (Jaccard)."""
        import pandas as pd

        return pd.DataFrame(self._pairs())

    def pair_records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `pairs` as plain values."""
        columns = {name: values[:top].tolist() for name, values in self._pairs().items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _pairs(self) -> dict[str, NDArray[Any]]:
        a, b = np.triu_indices(self.ids.size, 1)
        order = np.argsort(-self.shared[a, b], kind="stable")
        a, b = a[order], b[order]
        size, both = np.diag(self.shared), self.shared[a, b]
        columns: dict[str, NDArray[Any]] = {"a": self.ids[a], "b": self.ids[b], "shared": both}
        for name, whole in (("of_a", size[a]), ("of_b", size[b]), ("jaccard", size[a] + size[b] - both)):
            columns[name] = np.divide(both, whole, out=np.zeros_like(both), where=whole > 0)
        return columns


def audiences(graph: Graph, accounts: Sequence[str], *, real: ArrayLike | None = None) -> Audiences:
    """Measure exactly how the audiences of some accounts overlap, and how many they reach together.

    Parameters
    ----------
    graph : Graph
        The audience of an account are those that act on it, itself not among them.
    accounts : sequence of str
        Different ids.
    real : array_like, shape (n,), optional
        How much of an account counts, from 0 to 1: `Rings.real_weights` leaves out the water army. Default: 1 each.

    Returns
    -------
    Audiences

    Raises
    ------
    InputError
        An account twice, or `real` of another length, negative or not finite.
    UnknownAccount
        An account that is not in the graph.

    Notes
    -----
    O(n + edges of the accounts + sum over their audience of the square of how many of them one follows).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["x", "y", "y", "z"], ["ann", "ann", "bob", "bob"])
    >>> found = audiences(g, ["ann", "bob"])
    >>> found.union, found.shared.tolist(), found.alone.tolist()
    (3.0, [[2.0, 1.0], [1.0, 2.0]], [1.0, 1.0])
    """
    from kolgraph.kernels.audience import shared_weight
    from kolgraph.kernels.csr import transpose

    rows, weight = graph.rows(accounts), _real(graph, real)
    if np.unique(rows).size < rows.size:
        raise InputError("an account is named twice; name each once")
    followers = [_followers(graph, int(row)) for row in rows]
    ptr = np.concatenate([[0], np.cumsum([f.size for f in followers])]).astype(np.int64)
    idx = np.concatenate([*followers, np.empty(0, np.int32)])
    member_ptr, member_idx, _ = transpose(ptr, idx, np.empty(0, np.float32), graph.n)
    shared, alone, union = shared_weight(member_ptr, member_idx, weight, rows.size)
    return Audiences(
        ids=graph.ids[rows],
        shared=shared,
        alone=alone,
        union=union,
        parameters={"accounts": [str(i) for i in accounts], "discounted": real is not None, "real": digest(weight)},
        graph=graph.fingerprint,
    )


def unique_reach(graph: Graph, accounts: Sequence[str], *, real: ArrayLike | None = None) -> float:
    """How many accounts the audiences of some accounts hold together, each counted once.

    Parameters
    ----------
    graph, accounts, real
        As in `audiences`; an account may be named twice.

    Returns
    -------
    float
        `Audiences.union`, without what the pairs share.

    Raises
    ------
    InputError, UnknownAccount
        As in `audiences`.

    Notes
    -----
    O(n + edges of the accounts), a few milliseconds: ask as often as you like.

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> unique_reach(Graph.from_edges(["x", "y", "y"], ["ann", "ann", "bob"]), ["ann", "bob"])
    2.0
    """
    weight, reached = _real(graph, real), np.zeros(graph.n, bool)
    for row in graph.rows(accounts):
        reached[_followers(graph, int(row))] = True
    return float(weight[reached].sum())


def lookalikes(graph: Graph, account: str, *, real: ArrayLike | None = None) -> Scores:
    """How similar the audience of every account is to that of one account: whom else its followers follow.

    Parameters
    ----------
    graph : Graph
    account : str
    real : array_like, shape (n,), optional
        As in `audiences`.

    Returns
    -------
    Scores
        Measure ``similarity``: shared audience / audience of either (Jaccard), from 0 to 1; the account itself has 0.

    Raises
    ------
    InputError, UnknownAccount
        As in `audiences`.

    Notes
    -----
    O(n + m). Jaccard (1901).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["x", "y", "x", "y", "y"], ["ann", "ann", "bob", "bob", "cai"])
    >>> lookalikes(g, "ann").top(2)["similarity"].to_dict()
    {'bob': 1.0, 'cai': 0.5}
    """
    row, weight = int(graph.rows([account])[0]), _real(graph, real)
    inside = np.zeros(graph.n, bool)
    inside[_followers(graph, row)] = True
    src, dst, _ = graph.edges()
    keep = src != dst
    src, dst = src[keep], dst[keep]
    size = np.bincount(dst, weights=weight[src], minlength=graph.n)
    both = np.bincount(dst, weights=(weight * inside)[src], minlength=graph.n)
    either = size + size[row] - both
    values = np.divide(both, either, out=np.zeros(graph.n), where=either > 0)
    values[row] = 0
    options = {"account": str(account), "discounted": real is not None, "real": digest(weight)}
    return Scores(measure="similarity", ids=graph.ids, values=values, parameters=options, graph=graph.fingerprint)


def _followers(graph: Graph, row: int) -> NDArray[np.int32]:
    ptr, idx, _ = graph.incoming
    found: NDArray[np.int32] = idx[ptr[row] : ptr[row + 1]]
    others: NDArray[np.int32] = found[found != row]
    return others


def _real(graph: Graph, real: ArrayLike | None) -> NDArray[np.float64]:
    if real is None:
        return np.ones(graph.n)
    weight = np.asarray(real, dtype=np.float64)
    if weight.shape != (graph.n,) or not (np.isfinite(weight) & (weight >= 0)).all():
        raise InputError(f"real needs a finite number >= 0 for each of the {graph.n:,} accounts")
    return weight
