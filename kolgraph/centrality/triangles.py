"""Triangles: how closely those round an account are tied to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kolgraph.results import Scores

if TYPE_CHECKING:
    from kolgraph.graph import Graph


def triangles(graph: Graph) -> Scores:
    """Pairs of an account's neighbours that are neighbours of each other.

    Parameters
    ----------
    graph : Graph
        Two accounts are neighbours if either acts on the other. Loops and weights do not count; an edge of weight 0 is
        a tie.

    Returns
    -------
    Scores
        Measure ``triangles``: whole numbers.

    Notes
    -----
    O(m sqrt(m)) at worst. Schank & Wagner (2005).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> triangles(Graph.from_edges(["a", "b", "c", "d"], ["b", "c", "a", "a"])).frame()["triangles"].to_dict()
    {'a': 1.0, 'b': 1.0, 'c': 1.0, 'd': 0.0}
    """
    from kolgraph.kernels.triangles import triangles as kernel

    ptr, idx, _ = graph.undirected()
    values = kernel(ptr, idx).astype(np.float64)
    return Scores(measure="triangles", ids=graph.ids, values=values, graph=graph.fingerprint)
