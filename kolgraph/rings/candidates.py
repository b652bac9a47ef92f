"""Where rings may hide: dense prefixes of a peel, evidence peels inside communities, groups of validated pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kolgraph.rings.bipartite import Bipartite, Block
from kolgraph.rings.peel import dense_blocks, evidence_block
from kolgraph.rings.refine import by_degree, by_workload, refine

I32 = NDArray[np.int32]

#: Coarse communities catch rings of hundreds, fine ones rings of tens; at 2 a pair is charged what its degrees give.
_COARSE, _FINE = 2.0, 16.0
#: Items of more users say little of a pair that shares them; 25 was measured to find what thin rings leave.
_LITTLE_KNOWN = 25
#: Nats from which on a pair of users is a tie.
_TIE = 3.0
#: Resolutions of the groups of pairs: where pairs are, there is little else.
_PAIR_RESOLUTIONS = (1.0, 8.0)
_MIN_USERS, _MIN_ITEMS = 5, 3


def candidates(graph: Bipartite, *, blocks: int, seed: int) -> tuple[list[Block], I32]:
    """Blocks worth judging, each as found, refined by degree and refined by workload; and the coarse communities.

    Returns
    -------
    found : list of Block
        All different.
    label : ndarray, shape (m+n,), int32
        Communities at resolution 2.

    Notes
    -----
    Time: two Leiden runs, three passes over the pairs that share little-known items, O(E) for the peels. A peel of the
    whole graph alone misses thin rings; communities miss rings of hijacked accounts, which pairs find; and where niches
    are dense, pairs are lost among friends, unless the edges within the niches are taken out first (the residual).
    """
    label = graph.labels(_COARSE, seed)
    starts = dense_blocks(graph, blocks=blocks)
    starts += _within(graph, label)
    starts += _within(graph, graph.labels(_FINE, seed))
    starts += of_pairs(graph, graph, seed)
    broad = graph.labels(1.0, seed)
    user, item = graph.pairs
    apart = broad[user] != broad[item]
    starts += of_pairs(graph, graph.of(user[apart], item[apart]), seed)
    found: dict[tuple[bytes, bytes], Block] = {}
    for start in starts:
        for block in _versions(graph, start):
            if block.users.size >= _MIN_USERS and block.items.size >= _MIN_ITEMS:
                found.setdefault((block.users.tobytes(), block.items.tobytes()), block)
    return list(found.values()), label


def _versions(graph: Bipartite, start: Block) -> Iterator[Block]:
    yield start
    for gain in (by_degree, by_workload):
        block = refine(graph, start, gain)
        if block is not None:
            yield block


def _within(graph: Bipartite, label: I32) -> list[Block]:
    local = np.full(graph.m + graph.n, -1, np.int32)
    found = (evidence_block(graph, nodes, local) for nodes in _groups(label))
    return [block for block in found if block is not None]


def of_pairs(graph: Bipartite, part: Bipartite, seed: int) -> list[Block]:
    """Groups of users tied by the little-known items they share in `part`, with the items that two or more of them have."""
    from kolgraph.kernels.csr import build
    from kolgraph.kernels.leiden import leiden
    from kolgraph.kernels.shared import shared_pairs

    u, v, nats = shared_pairs(part.ptr, part.idx, part.m, _LITTLE_KNOWN, _TIE)
    if u.size == 0:
        return []
    ptr, idx, weights = build(np.r_[u, v], np.r_[v, u], np.r_[nats, nats].astype(np.float32), graph.m)
    found = []
    for resolution in _PAIR_RESOLUTIONS:
        rng = np.random.default_rng(seed)
        label = leiden(ptr, idx, weights, resolution=resolution, iterations=3, rng=rng)
        for users in _groups(label):
            if users.size >= _MIN_USERS:
                items, _ = graph.reached(users, 2)
                items = items[graph.degree[items] <= 4 * _LITTLE_KNOWN]
                found.append(Block(users, items))
    return found


def _groups(label: I32) -> list[I32]:
    nodes = np.argsort(label, kind="stable").astype(np.int32)
    return np.split(nodes, np.cumsum(np.bincount(label))[:-1])
