"""k-core: how deep in the dense middle of the graph an account sits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kolgraph.results import Scores

if TYPE_CHECKING:
    from kolgraph.graph import Graph


def k_core(graph: Graph) -> Scores:
    """Largest k for which an account lies in a group where everybody is tied to at least k others of the group.

    Parameters
    ----------
    graph : Graph
        Two accounts are tied if either acts on the other. Loops and weights do not count; an edge of weight 0 is a tie.

    Returns
    -------
    Scores
        Measure ``core``: whole numbers, 0 for accounts without ties.

    Notes
    -----
    O(n + m). Batagelj & Zaversnik (2003); as a sign of good spreaders: Kitsak et al. (2010).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> k_core(Graph.from_edges(["a", "b", "c", "d"], ["b", "c", "a", "a"])).frame()["core"].to_dict()
    {'a': 2.0, 'b': 2.0, 'c': 2.0, 'd': 1.0}
    """
    from kolgraph.kernels.core import core_numbers

    ptr, idx, _ = graph.undirected()
    values = core_numbers(ptr, idx).astype(np.float64)
    return Scores(measure="core", ids=graph.ids, values=values, graph=graph.fingerprint)
