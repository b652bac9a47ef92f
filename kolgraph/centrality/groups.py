"""Groups by structure alone: weak and strong components, and label propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError
from kolgraph.results import Result

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph


@dataclass(frozen=True, kw_only=True)
class Groups(Result):
    """Every account in one group.

    Attributes
    ----------
    kind : str
        ``weak``, ``strong`` or ``labels``.
    ids : ndarray of str, shape (n,)
    labels : ndarray of int32, shape (n,)
        Row number of the first account of the group.
    """

    analysis: ClassVar[str] = "groups"
    kind: str
    ids: NDArray[np.object_]
    labels: NDArray[np.int32]

    @property
    def variant(self) -> str:
        """The kind."""
        return self.kind

    def sizes(self) -> pd.Series[int]:
        """Accounts of every group, by its number, the largest first and equal ones in order of number."""
        import pandas as pd

        count = np.bincount(self.labels, minlength=self.labels.size)
        found = np.flatnonzero(count)
        order = np.lexsort((found, -count[found]))
        return pd.Series(count[found][order], index=pd.Index(found[order], name="group"), name="size")

    def summary(self) -> dict[str, Any]:
        """How many groups there are, and accounts in the largest."""
        sizes = self.sizes()
        return {"groups": len(sizes), "largest": int(sizes.iloc[0]) if len(sizes) else 0}

    def frame(self) -> pd.DataFrame:
        """Indexed by account id: the group and its size."""
        import pandas as pd

        size = np.bincount(self.labels, minlength=self.labels.size)[self.labels]
        return pd.DataFrame({"group": self.labels, "size": size}, index=pd.Index(self.ids, name="account_id"))


def components(graph: Graph, *, strong: bool = False) -> Groups:
    """Groups of accounts between which paths lead.

    Parameters
    ----------
    graph : Graph
    strong : bool
        Along the edges, from each to each, as in a circle of followers; default: in any direction.

    Returns
    -------
    Groups

    Notes
    -----
    O(n + m). Weights do not count: an edge of weight 0 is an edge. Tarjan (1972) and Pearce (2016) for strong ones.

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["a", "b", "b"], ["b", "a", "c"])
    >>> components(g).summary(), components(g, strong=True).summary()
    ({'groups': 1, 'largest': 3}, {'groups': 2, 'largest': 2})
    """
    from kolgraph.kernels.components import components as weak_components
    from kolgraph.kernels.components import strong_components

    if strong:
        part = strong_components(graph.incoming.ptr, graph.incoming.idx)
        labels = np.unique(part, return_index=True)[1].astype(np.int32)[part]
    else:
        labels = weak_components(graph.incoming.ptr, graph.incoming.idx, np.empty(0, np.int32))
    return Groups(kind="strong" if strong else "weak", ids=graph.ids, labels=labels, graph=graph.fingerprint)


def label_propagation(graph: Graph, *, sweeps: int = 20, seed: int) -> Groups:
    """Groups in which everybody has most ties to others of the group, found in a few passes.

    Parameters
    ----------
    graph : Graph
        Two accounts are tied if either acts on the other, by the weights of both directions.
    sweeps : int
        At most so many passes over all accounts.
    seed : int
        Decides the order of visits.

    Returns
    -------
    Groups
        Connected ones.

    Notes
    -----
    O(n + m) per pass. Fast and rough: where niches are hard to tell apart all become one group; `find_niches` is the
    method to rely on. Raghavan, Albert & Kumara (2007).

    Raises
    ------
    InputError
        No pass.

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["a", "b", "c", "x", "y", "z", "c"], ["b", "c", "a", "y", "z", "x", "x"])
    >>> label_propagation(g, seed=1).sizes().tolist()
    [3, 3]
    """
    from kolgraph.kernels.components import components as parts_of
    from kolgraph.kernels.propagation import propagate

    if sweeps < 1:
        raise InputError(f"labels need at least one sweep, not {sweeps}")
    ptr, idx, weight = graph.undirected()
    order = np.random.default_rng(seed).permutation(graph.n)
    none = np.empty(0, np.float32)
    labels, _ = propagate(ptr, idx, none if weight is None else weight, order, sweeps, graph.n // 100_000)
    return Groups(
        kind="labels",
        ids=graph.ids,
        labels=parts_of(ptr, idx, labels),
        parameters={"sweeps": sweeps},
        seed=seed,
        graph=graph.fingerprint,
    )
