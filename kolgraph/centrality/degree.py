"""Degree and strength: how many accounts act on an account, or are acted on by it, and with what weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from kolgraph.errors import UnknownName
from kolgraph.results import Scores

if TYPE_CHECKING:
    from kolgraph.graph import Graph


def degree(graph: Graph, *, kind: Literal["in", "out"] = "in", weighted: bool = False) -> Scores:
    """Number of edges of every account: followers or reposters (in), accounts followed or reposted (out).

    Parameters
    ----------
    graph : Graph
        Edges from the account that acts to the account acted on.
    kind : {"in", "out"}
        Edges that arrive, or that leave.
    weighted : bool
        Add up the weights instead of counting; a repost graph then counts reposts instead of reposters.

    Returns
    -------
    Scores
        Measure ``in_degree``, ``out_degree``, ``in_strength`` or ``out_strength``. Parallel edges are one edge, a loop
        counts on both sides.

    Raises
    ------
    UnknownName
        Another kind.

    Notes
    -----
    O(n + m).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> degree(Graph.from_edges(["bob", "cai"], ["ann", "ann"])).frame()["in_degree"].to_dict()
    {'ann': 2.0, 'bob': 0.0, 'cai': 0.0}
    """
    if kind not in ("in", "out"):
        raise UnknownName.among("kind", kind, ("in", "out"))
    rows = graph.incoming if kind == "in" else graph.outgoing
    return Scores(
        measure=f"{kind}_{'strength' if weighted else 'degree'}",
        ids=graph.ids,
        values=rows.strength if weighted else rows.degree.astype(np.float64),
        parameters={"kind": kind, "weighted": weighted},
        graph=graph.fingerprint,
    )
