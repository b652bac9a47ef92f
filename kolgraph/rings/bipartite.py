"""Who acts on what, as a bipartite graph in one symmetric CSR: users first, items behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


class Block(NamedTuple):
    """Users and items of a bipartite graph, as ascending node numbers."""

    users: I32
    items: I32


@dataclass(frozen=True, eq=False)
class Bipartite:
    """Users ``0 .. m-1`` and items ``m .. m+n-1``; every user and item has at least one edge, no edge twice.

    Attributes
    ----------
    ptr : ndarray, shape (m+n+1,), int64
    idx : ndarray, shape (2E,), int32
        Neighbours of node v are ``idx[ptr[v]:ptr[v + 1]]``, sorted.
    m, n : int
        Users and items.
    """

    ptr: I64
    idx: I32
    m: int
    n: int

    @property
    def edges(self) -> int:
        """Number of distinct edges."""
        return self.idx.size // 2

    @cached_property
    def degree(self) -> I64:
        """Edges per node, shape (m+n,)."""
        return np.diff(self.ptr)

    @cached_property
    def pairs(self) -> tuple[I32, I32]:
        """User and item node of every edge, ordered by user."""
        return np.repeat(np.arange(self.m, dtype=np.int32), self.degree[: self.m]), self.idx[: self.edges]

    @cached_property
    def work(self) -> tuple[I32, I32]:
        """Two arrays of zeros, shape (m+n,), for kernels that leave them so."""
        return np.zeros(self.m + self.n, np.int32), np.zeros(self.m + self.n, np.int32)

    @cached_property
    def singles(self) -> I32:
        """How many users of each item have no other item, shape (m+n,); 0 for users."""
        from kolgraph.kernels.peel import hits

        return hits(self.ptr, self.idx, np.flatnonzero(self.degree[: self.m] == 1).astype(np.int32))

    def reached(self, rows: I32, least: int = 1) -> tuple[I32, I32]:
        """Nodes joined to at least so many of `rows`, ascending, and to how many of them; O(edges of `rows`)."""
        from kolgraph.kernels.blocks import reached

        return reached(self.ptr, self.idx, rows, self.work[0], least)

    def into(self, rows: I32, others: I32) -> I32:
        """Edges of each of `rows` into `others`, both ascending."""
        nodes, counts = self.reached(others)
        out = np.zeros(rows.size, np.int32)
        if nodes.size:
            at = np.minimum(np.searchsorted(nodes, rows), nodes.size - 1)
            there = nodes[at] == rows
            out[there] = counts[at[there]]
        return out

    @classmethod
    def build(cls, user: NDArray[np.integer], item: NDArray[np.integer]) -> tuple[Bipartite, I64, I64]:
        """Make one from two columns of row numbers; repeats collapse, rows without edges are left out.

        Returns
        -------
        graph : Bipartite
        users, items : ndarray, int64
            The row numbers used, ascending: user u was ``users[u]``, item node v was ``items[v - m]``.

        Notes
        -----
        O(E + largest row number).
        """
        used_users, used_items = np.bincount(user) > 0, np.bincount(item) > 0
        users, items = np.flatnonzero(used_users), np.flatnonzero(used_items)
        u, j = np.cumsum(used_users)[user] - 1, np.cumsum(used_items)[item] - 1 + users.size
        return cls._from_nodes(u, j, users.size, items.size), users, items

    @classmethod
    def _from_nodes(cls, user: NDArray[np.integer], item: NDArray[np.integer], m: int, n: int) -> Bipartite:
        from kolgraph.kernels.csr import build

        u, j = user.astype(np.int32), item.astype(np.int32)
        ptr, idx, _ = build(np.concatenate([u, j]), np.concatenate([j, u]), None, m + n)
        return cls(ptr, idx, m, n)

    def of(self, user: I32, item: I32) -> Bipartite:
        """The same nodes with these edges only."""
        return Bipartite._from_nodes(user, item, self.m, self.n)

    def without(self, users: I32, items: I32) -> Bipartite:
        """The same nodes less the edges between `users` and `items`."""
        inside = np.zeros(self.m + self.n, bool)
        inside[users] = inside[items] = True
        u, j = self.pairs
        keep = ~(inside[u] & inside[j])
        return Bipartite._from_nodes(u[keep], j[keep], self.m, self.n)

    def swapped(self, seed: int) -> Bipartite:
        """A random graph in which every node has exactly the degree it has."""
        from kolgraph.kernels.trades import traded

        user, item = self.pairs
        other = traded(self.ptr[: self.m + 1], item - self.m, self.n, 5 * self.m, seed)
        return Bipartite._from_nodes(user, other + self.m, self.m, self.n)

    def labels(self, resolution: float, seed: int) -> I32:
        """Leiden communities of users and items together, as labels of nodes.

        Modularity, 3 iterations; at resolution 2 a pair is charged d*c/E, the edges expected by degree.
        """
        from kolgraph.kernels.leiden import leiden

        rng = np.random.default_rng(seed)
        return leiden(self.ptr, self.idx, None, resolution=resolution, iterations=3, rng=rng)
