"""Dense blocks: the densest prefix of a peel, and the one with the most evidence inside a community."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kolgraph.rings.bipartite import Bipartite, Block

I32 = NDArray[np.int32]

#: A community with fewer inner edges than this cannot pay for naming its members.
_MIN_INNER_EDGES = 30


def dense_blocks(graph: Bipartite, *, weight: str = "log", blocks: int = 5) -> list[Block]:
    """The densest blocks one after the other: peel, keep the best prefix, delete its edges, peel again.

    Parameters
    ----------
    graph : Bipartite
    weight : str
        ``log``, ``sqrt`` or ``avg``: how much less an edge to a popular item counts.
    blocks : int
        At most so many.

    Notes
    -----
    O(E) per block. Stopping rule of Hooi et al., FRAUDAR (KDD 2016): weight inside / nodes.
    """
    from kolgraph.kernels import peel as kernel

    found = []
    for _ in range(blocks):
        if graph.edges == 0:
            break
        order, score = kernel.peel(graph.ptr, graph.idx, graph.m, kernel.item_weights(graph.degree[graph.m :], weight))
        block = _block(order[int(score.argmax()) :], graph.m)
        found.append(block)
        graph = graph.without(*block)
    return found


def evidence_block(graph: Bipartite, nodes: I32, local: I32, *, min_users: int = 5, min_items: int = 3) -> Block | None:
    """The block with the most bits that peeling inside `nodes` passes through; None if none has bits > 0.

    Degrees, edges and numbers of users and items are those of the whole graph, so the evidence is comparable between
    candidates. `local` is a work array of -1, shape (m+n,).
    """
    from kolgraph.kernels import peel as kernel

    ptr, idx = kernel.induced(graph.ptr, graph.idx, nodes, local)
    users = int(np.searchsorted(nodes, graph.m))
    if users < min_users or nodes.size - users < min_items or idx.size < 2 * _MIN_INNER_EDGES:
        return None
    degree, best, most = graph.degree[nodes], None, 0.0
    for kind in ("log", "sqrt", "avg"):
        order, _ = kernel.peel(ptr, idx, users, kernel.item_weights(degree[users:], kind))
        stats = kernel.suffix_statistics(ptr, idx, users, order, degree)
        at, value = kernel.best_suffix(stats, graph.edges, graph.m, graph.n, min_users, min_items)
        if value > most:
            best, most = order[at:], value
    return None if best is None else _block(nodes[best], graph.m)


def _block(nodes: I32, m: int) -> Block:
    nodes = np.sort(nodes)
    at = int(np.searchsorted(nodes, m))
    return Block(nodes[:at], nodes[at:])
