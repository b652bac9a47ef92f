"""Where rings may hide: dense prefixes of a peel, and evidence peels inside communities, refined on the whole graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.rings.bipartite import Bipartite

I32 = NDArray[np.int32]

#: A community with fewer inner edges than this cannot pay for naming its members.
_MIN_INNER_EDGES = 30
_REFINE_ROUNDS = 5


class Block(NamedTuple):
    """Users and items of a bipartite graph, as ascending node numbers."""

    users: I32
    items: I32


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


def refine(graph: Bipartite, block: Block) -> Block | None:
    """Put every user and item of the whole graph on its more probable side, in turns, until nothing changes.

    A user with k edges into the block, where mu are due by degree, belongs to it if k >= 2 and the Poisson rate
    theta*mu explains k better than mu, given that s of m users belong to it; items likewise. None if the block
    dissolves.
    """
    users, items = block
    for _ in range(_REFINE_ROUNDS):
        before = users, items
        users = _members(graph, users, items, 0, graph.m)
        if users.size < 3:
            return None
        items = _members(graph, items, users, graph.m, graph.m + graph.n)
        if items.size < 2:
            return None
        if np.array_equal(users, before[0]) and np.array_equal(items, before[1]):
            break
    return Block(users, items)


def _members(graph: Bipartite, side: I32, other: I32, start: int, stop: int) -> I32:
    """Nodes of ``[start, stop)`` that belong to `side`, given the `other` side of the block."""
    from kolgraph.kernels.peel import hits

    k = hits(graph.ptr, graph.idx, other)[start:stop]
    volume = float(graph.degree[other].sum())
    due = float(graph.degree[side].sum()) * volume / graph.edges
    theta = max(float(k[side - start].sum()) / max(due, 1e-9), 1.0001)
    near = np.flatnonzero(k >= 2)
    mu = graph.degree[start:stop][near] * volume / graph.edges
    prior = np.log((stop - start - side.size + 1) / (side.size + 1))
    gain = k[near] * np.log(theta) - mu * (theta - 1) - prior
    return np.asarray(near[gain > 0] + start, dtype=np.int32)


def candidates(graph: Bipartite, *, resolutions: tuple[float, ...], blocks: int, seed: int) -> Iterator[Block]:
    """Blocks worth judging, refined on the whole graph where they survive that.

    Notes
    -----
    Time is one Leiden run per resolution plus O(E) for all peels; a peel of the whole graph alone misses thin rings.
    """
    starts = dense_blocks(graph, blocks=blocks)
    local = np.full(graph.m + graph.n, -1, np.int32)
    for resolution in resolutions:
        for nodes in graph.communities(resolution, seed):
            block = evidence_block(graph, nodes, local)
            if block is not None:
                starts.append(block)
    for block in starts:
        yield refine(graph, block) or block


def _block(nodes: I32, m: int) -> Block:
    nodes = np.sort(nodes)
    at = int(np.searchsorted(nodes, m))
    return Block(nodes[:at], nodes[at:])
