"""A pool of reverse-reachable sets: drawn once, asked again for every what-if."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence.reach import audience

#: Streams of random numbers: one sample to choose on, an independent one to report on.
CHOOSE, CHECK = 1, 2


@dataclass(frozen=True)
class Sample:
    """Reverse-reachable sets: set r is ``members[offsets[r]:offsets[r + 1]]``."""

    offsets: NDArray[np.int64]
    members: NDArray[np.int32]

    def __len__(self) -> int:
        return self.offsets.size - 1


@dataclass(frozen=True)
class Pool:
    """Two independent samples of one graph and one audience.

    Attributes
    ----------
    graph : Graph
    targets : ndarray, shape (n,), float64
        How much each account counts as reached.
    choose, check : Sample
        Choices are made on the first and reported on the second: a figure of the first would flatter its own choice.
    seed : int
    probabilities : bool
        The weights of the graph are probabilities.
    """

    graph: Graph
    targets: NDArray[np.float64]
    choose: Sample
    check: Sample
    seed: int
    probabilities: bool = False

    @property
    def model(self) -> str:
        """What the chance of an edge to carry a post on was taken from."""
        return "given probabilities" if self.probabilities else "weighted cascade"

    @property
    def population(self) -> float:
        """Total weight of the audience."""
        return float(self.targets.sum())


def draw(
    graph: Graph, targets: NDArray[np.float64], sets: int, *, probabilities: bool, seed: int, stream: int
) -> Sample:
    """One sample; see `kolgraph.kernels.rrsets.sample_sets`."""
    from kolgraph.kernels.rrsets import sample_sets

    if sets < 1:
        raise InputError(f"a sample needs at least one set, not {sets}")
    out = graph.outgoing
    strength = np.ones(graph.n) if probabilities else out.strength
    return Sample(*sample_sets(out.ptr, out.idx, out.weights, strength, targets, sets, seed, stream))


def sample_pool(
    graph: Graph,
    *,
    targets: NDArray[np.float64] | None = None,
    probabilities: bool = False,
    sets: int = 200_000,
    seed: int,
) -> Pool:
    """Draw the sets that plans are made from.

    Parameters
    ----------
    graph : Graph
        Follow edges, follower -> followed.
    targets : ndarray, shape (n,), optional
        How much each account counts as reached: 0 for a ring member or one outside the niche. Default 1 each.
    probabilities : bool
        The weights are probabilities, as in `kolgraph.influence.reach.reach`.
    sets : int
        Per sample; the standard error of a reach r is at most ``population * sqrt(r / population / sets)``.
    seed : int

    Returns
    -------
    Pool

    Raises
    ------
    InputError
        Weights of the wrong size, negative, not finite, or all 0; no set at all.

    Notes
    -----
    Twice the cost of `kolgraph.kernels.rrsets.sample_sets`; memory 4 bytes per member of a set.

    Examples
    --------
    One pool, two questions:

    >>> from kolgraph.planning import plan
    >>> pool = sample_pool(Graph.from_edges(["a", "b", "c"], ["x", "x", "y"]), sets=2000, seed=1)
    >>> [plan(pool, candidates={"x": 9.0, "y": 5.0}, budget_cny=b).ids for b in (5, 14)]
    [('y',), ('x', 'y')]
    """
    weights = audience(graph, targets)
    choose = draw(graph, weights, sets, probabilities=probabilities, seed=seed, stream=CHOOSE)
    check = draw(graph, weights, sets, probabilities=probabilities, seed=seed, stream=CHECK)
    return Pool(graph, weights, choose, check, seed, probabilities)
